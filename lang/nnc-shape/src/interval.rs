//! Bounds of a value, and how arithmetic moves them.
//!
//! Whatever does not fit is unbounded, so overflow loosens and never misleads.

/// All integers from `low` to `high`, either of which may be missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Interval {
    pub(crate) low: Option<i128>,
    pub(crate) high: Option<i128>,
}

impl Interval {
    pub(crate) const ALL: Interval = Interval { low: None, high: None };

    pub(crate) fn exactly(value: i128) -> Interval {
        Interval { low: Some(value), high: Some(value) }
    }

    pub(crate) fn plus(self, other: Interval) -> Interval {
        let add = |left: Option<i128>, right: Option<i128>| left?.checked_add(right?);
        Interval { low: add(self.low, other.low), high: add(self.high, other.high) }
    }

    pub(crate) fn negated(self) -> Interval {
        let negate = |bound: Option<i128>| bound?.checked_neg();
        Interval { low: negate(self.high), high: negate(self.low) }
    }

    pub(crate) fn times(self, other: Interval) -> Interval {
        match (self.sign(), other.sign()) {
            (Sign::Negative, _) => self.negated().times(other).negated(),
            (_, Sign::Negative) => self.times(other.negated()).negated(),
            (Sign::Positive, Sign::Positive) => Interval {
                low: multiply(self.low, other.low).or(Some(0)),
                high: multiply(self.high, other.high),
            },
            (Sign::Positive, Sign::Mixed) => Interval {
                low: multiply(self.high, other.low),
                high: multiply(self.high, other.high),
            },
            (Sign::Mixed, Sign::Positive) => other.times(self),
            (Sign::Mixed, Sign::Mixed) => {
                let corner = |left, right| multiply(left, right);
                let lows = (corner(self.low, other.high), corner(self.high, other.low));
                let highs = (corner(self.low, other.low), corner(self.high, other.high));
                Interval {
                    low: lows.0.zip(lows.1).map(|(left, right)| left.min(right)),
                    high: highs.0.zip(highs.1).map(|(left, right)| left.max(right)),
                }
            }
        }
    }

    pub(crate) fn power(self, exponent: u32) -> Interval {
        if exponent > 64 {
            return match self.low {
                Some(low) if low >= 0 => Interval { low: Some(low.min(1)), high: None },
                _ => Interval::ALL,
            };
        }
        let mut power = Interval::exactly(1);
        for _ in 0..exponent {
            power = power.times(self);
        }
        if exponent.is_multiple_of(2) {
            power.low = Some(power.low.unwrap_or(0).max(0));
        }
        power
    }

    /// The floor of the quotient, for divisors that are at least 1.
    pub(crate) fn floor_div(self, divisor: Interval) -> Interval {
        let least = divisor.low.unwrap_or(1).max(1);
        let most = divisor.high.map(|it| it.max(1));
        // A quotient moves towards zero, or minus one, as the divisor grows.
        let far = |bound: i128| bound.div_euclid(least);
        let near = |bound: i128| match most {
            Some(most) => bound.div_euclid(most),
            None => {
                if bound < 0 {
                    -1
                } else {
                    0
                }
            }
        };
        Interval {
            low: self.low.map(|low| if low < 0 { far(low) } else { near(low) }),
            high: self.high.map(|high| if high < 0 { near(high) } else { far(high) }),
        }
    }

    pub(crate) fn least(self, other: Interval) -> Interval {
        Interval {
            low: self.low.zip(other.low).map(|(left, right)| left.min(right)),
            high: lesser(self.high, other.high),
        }
    }

    pub(crate) fn greatest(self, other: Interval) -> Interval {
        self.negated().least(other.negated()).negated()
    }

    pub(crate) fn meet(self, other: Interval) -> Interval {
        Interval {
            low: lesser(
                self.low.and_then(i128::checked_neg),
                other.low.and_then(i128::checked_neg),
            )
            .and_then(i128::checked_neg),
            high: lesser(self.high, other.high),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.low.zip(self.high).is_some_and(|(low, high)| low > high)
    }

    pub(crate) fn is_nonnegative(self) -> bool {
        self.low.is_some_and(|low| low >= 0)
    }

    fn sign(self) -> Sign {
        if self.is_nonnegative() {
            Sign::Positive
        } else if self.high.is_some_and(|high| high <= 0) {
            Sign::Negative
        } else {
            Sign::Mixed
        }
    }
}

enum Sign {
    Positive,
    Negative,
    Mixed,
}

/// A product of bounds of which a missing one is beyond every number.
fn multiply(left: Option<i128>, right: Option<i128>) -> Option<i128> {
    if left == Some(0) || right == Some(0) {
        return Some(0);
    }
    left?.checked_mul(right?)
}

/// The lesser of the bounds that are there.
fn lesser(left: Option<i128>, right: Option<i128>) -> Option<i128> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (bound, None) | (None, bound) => bound,
    }
}
