//! Expressions that grow by the same amount in each period.

use crate::dim::{Atom, Dim};
use crate::floor::gcd;

use super::{MOST_LISTED, MOST_PERIOD};

/// From `from` on, `f(n + period) == f(n) + growth`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Quasi {
    pub(super) from: i64,
    pub(super) period: i64,
    pub(super) growth: i64,
}

/// The value where all variables, of which there is one at most, have this value.
pub(super) fn at(dim: &Dim, size: i64) -> Option<i64> {
    dim.eval(&|_| Some(size))
}

impl Quasi {
    const CONSTANT: Quasi = Quasi { from: i64::MIN, period: 1, growth: 0 };

    /// How an expression of one variable repeats itself, for sizes from `least` on; `None` if
    /// it does not, or too late.
    pub(super) fn of(dim: &Dim, least: i64) -> Option<Quasi> {
        let mut sum = Quasi { from: least, ..Quasi::CONSTANT };
        for (monomial, value) in &dim.terms {
            let mut product = Quasi::CONSTANT;
            for (atom, exponent) in &monomial.factors {
                let factor = Quasi::of_atom(atom, least)?;
                // Of two factors that grow the product does not grow evenly.
                let bounded = factor.growth == 0 && product.growth == 0;
                if !bounded && (*exponent > 1 || product != Quasi::CONSTANT) {
                    return None;
                }
                product = product.together(factor)?;
            }
            product.growth = product.growth.checked_mul(*value)?;
            sum = sum.together(product)?;
        }
        Some(sum)
    }

    fn of_atom(atom: &Atom, least: i64) -> Option<Quasi> {
        match atom {
            Atom::Var(_) => Some(Quasi { from: least, period: 1, growth: 1 }),
            Atom::Floor(above, below) => {
                let above = Quasi::of(above, least)?;
                let divisor = below.as_constant().filter(|it| *it > 0)?;
                // After so many periods what stands above has grown by a multiple of the divisor.
                let common = gcd(above.growth, divisor);
                let periods = divisor / common;
                let growth = above.growth / common;
                Quasi { growth, ..above }.stretched(periods)
            }
            Atom::Min(items) => Quasi::of_extremum(items, least, 1),
            Atom::Max(items) => Quasi::of_extremum(items, least, -1),
            Atom::Group(inner) => Quasi::of(inner, least),
        }
    }

    /// Of a `min` (`side` is 1) or `max` (-1): from some size on it is among the items that
    /// grow the least, or the most.
    fn of_extremum(items: &[Dim], least: i64, side: i64) -> Option<Quasi> {
        let quasi = items.iter().map(|it| Quasi::of(it, least)).collect::<Option<Vec<Quasi>>>()?;
        let mut all = Quasi { from: least, ..Quasi::CONSTANT };
        for it in &quasi {
            all = Quasi { growth: 0, ..all.together(*it)? };
        }
        let growth = |it: &Quasi| it.growth.checked_mul(all.period / it.period)?.checked_mul(side);
        let growths = quasi.iter().map(growth).collect::<Option<Vec<i64>>>()?;
        let slowest = *growths.iter().min()?;
        let chosen = &items[growths.iter().position(|it| *it == slowest)?];
        let mut from = all.from;
        for (item, growth) in items.iter().zip(&growths) {
            let ahead = growth - slowest;
            if ahead == 0 {
                continue;
            }
            for size in all.from..all.from.checked_add(all.period)? {
                let behind = at(chosen, size)?.checked_sub(at(item, size)?)?.checked_mul(side)?;
                let periods = behind.max(0).checked_add(ahead - 1)? / ahead;
                from = from.max(all.from.checked_add(periods.checked_mul(all.period)?)?);
            }
        }
        Quasi { from, period: all.period, growth: slowest.checked_mul(side)? }.bounded(least)
    }

    /// The growth of the sum, and the period of anything made of both.
    fn together(self, other: Quasi) -> Option<Quasi> {
        let common = gcd(self.period, other.period);
        let period = self.period.checked_mul(other.period / common)?;
        let stretched = |it: Quasi| it.growth.checked_mul(period / it.period);
        let growth = stretched(self)?.checked_add(stretched(other)?)?;
        let from = self.from.max(other.from);
        (period <= MOST_PERIOD).then_some(Quasi { from, period, growth })
    }

    /// With a period of so many of these, in which it grows by `growth`.
    fn stretched(self, periods: i64) -> Option<Quasi> {
        let period = self.period.checked_mul(periods)?;
        (period <= MOST_PERIOD).then_some(Quasi { period, ..self })
    }

    fn bounded(self, least: i64) -> Option<Quasi> {
        let apart = self.from.checked_sub(least)?;
        (apart <= MOST_LISTED).then_some(self)
    }

    /// The size from which the sign of the expression repeats itself in each period.
    pub(super) fn settled(self, dim: &Dim) -> Option<i64> {
        let mut most = 0;
        if let (growth @ 1.., sign) = (self.growth.checked_abs()?, self.growth.signum()) {
            for size in self.from..self.from.checked_add(self.period)? {
                // So many periods later it is past zero, from where it only goes away.
                let before = at(dim, size)?.checked_mul(-sign)?;
                if before >= 0 {
                    most = most.max(before / growth + 1);
                }
            }
        }
        let from = self.from.checked_add(most.checked_mul(self.period)?)?;
        Some(Quasi { from, ..self }.bounded(self.from)?.from)
    }
}
