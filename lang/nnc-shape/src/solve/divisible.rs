//! Solving a divisibility for a variable.

use nnc_base::Name;

use crate::dim::{Atom, Dim};
use crate::floor::gcd;
use crate::interval::Interval;
use crate::solve::{Pending, Quotient, Solved, Step};

/// A divisor of more quotients than these gets none of its own: each doubles how long they are.
const MOST_NESTED: usize = 6;

impl Solved {
    /// Takes in that `divisor` divides `of`.
    pub(super) fn take_divisible(
        &mut self,
        divisor: &Dim,
        of: &Dim,
        inequalities: &mut Vec<Dim>,
    ) -> Step {
        let (divisor, of) = (self.substituted(divisor), self.substituted(of));
        let (divisor, of) = self.cancel_common(&divisor, &of);
        if of.exact_div(&divisor).is_some() {
            return Step::Done;
        }
        let Some(value) = divisor.as_constant() else {
            return self.take_divisible_by_symbol(divisor, of, inequalities);
        };
        if value <= 0 {
            self.contradictory = true;
            return Step::Done;
        }
        let (whole, least) = (&of - value, value);
        let (value, of) = match reduce_congruence(value, &of) {
            Some((1, _)) => return Step::Done,
            Some(reduced) => reduced,
            None => {
                self.contradictory = true;
                return Step::Done;
            }
        };
        let vars = of.vars();
        for name in &vars {
            let Some((coefficient, rest)) = of.affine_in(*name) else { continue };
            let (Some(coefficient), Some(rest)) = (coefficient.as_constant(), rest.as_constant())
            else {
                continue;
            };
            let Some(inverse) = inverse(coefficient, value) else { continue };
            // coefficient * name + rest is a multiple: name == -rest / coefficient, modulo.
            let remainder = (-i128::from(rest) * i128::from(inverse)).rem_euclid(value.into());
            let Ok(remainder) = i64::try_from(remainder) else { continue };
            let range = self.range_of_var(*name).plus(Interval::exactly(-i128::from(remainder)));
            let value_wide = i128::from(value);
            let range = Interval {
                // The ceiling and the floor of the bounds over the divisor.
                low: range
                    .low
                    .and_then(|low| low.checked_neg()?.div_euclid(value_wide).checked_neg()),
                high: range.high.map(|high| high.div_euclid(value_wide)),
            };
            self.contradictory |= range.is_empty();
            let (divisor, remainder) = (Dim::constant(value), Dim::constant(remainder));
            self.make_quotient(*name, divisor, remainder, range, inequalities);
            return Step::Replaced;
        }
        // No multiple is between 0 and the divisor.
        if self.interval(&whole).low.is_some_and(|low| low > -i128::from(least)) {
            inequalities.push(whole);
        }
        let divisor = Dim::constant(value);
        Step::Kept(Pending::Divides { divisor, of }, Vec::new())
    }

    fn take_divisible_by_symbol(
        &mut self,
        divisor: Dim,
        of: Dim,
        inequalities: &mut Vec<Dim>,
    ) -> Step {
        // Multiples of the divisor say nothing: of `D % N == 0, (D + K) % N == 0` the second is
        // about `K`.
        let of = of.div_rem(&divisor).map_or(of, |(_, rest)| rest);
        if of.as_constant().is_some_and(|it| it == 1 || it == -1) {
            // Only 1 divides 1.
            let kept = Pending::Divides { divisor: divisor.clone(), of };
            return Step::Kept(kept, vec![Pending::Zero(divisor - 1)]);
        }
        // A quotient is written with those that it is made of, each with its own in turn.
        let vars = divisor.vars();
        let nested = self.quotients.iter().filter(|it| vars.contains(&it.name)).count();
        if nested > MOST_NESTED {
            return Step::Kept(Pending::Divides { divisor, of }, Vec::new());
        }
        for name in of.vars() {
            let Some((coefficient, rest)) = of.affine_in(name) else { continue };
            if coefficient != Dim::constant(1)
                || rest.as_constant().is_none()
                || vars.contains(&name)
            {
                continue;
            }
            // A multiple of a positive divisor has a quotient of its own sign.
            let low = match self.interval(&of).low {
                Some(low) if low >= 1 => Some(1),
                Some(0) => Some(0),
                _ => None,
            };
            let range = Interval { low, high: None };
            self.make_quotient(name, divisor, -rest, range, inequalities);
            return Step::Replaced;
        }
        Step::Kept(Pending::Divides { divisor, of }, Vec::new())
    }

    /// Puts `divisor * q + remainder` for `of`, where `q` is new.
    fn make_quotient(
        &mut self,
        of: Name,
        divisor: Dim,
        remainder: Dim,
        range: Interval,
        inequalities: &mut Vec<Dim>,
    ) {
        // No name of a program has parentheses in it.
        let name = Name::new(&format!("({of})/({divisor})-({remainder})"));
        self.ranges.insert(name, range);
        let whole = &divisor * Dim::var(name) + &remainder;
        self.quotients.push(Quotient { name, of, divisor, remainder });
        self.replace(of, whole, inequalities);
    }

    /// Cancels what both share, as long as it is never zero.
    fn cancel_common(&self, divisor: &Dim, of: &Dim) -> (Dim, Dim) {
        let (mut divisor, mut of) = (divisor.clone(), of.clone());
        let common = gcd(divisor.content_with_constant(), of.content_with_constant());
        if common > 1 {
            let common = Dim::constant(common);
            if let (Some(less), Some(rest)) = (divisor.exact_div(&common), of.exact_div(&common)) {
                (divisor, of) = (less, rest);
            }
        }
        for name in divisor.vars() {
            if self.range_of_var(name).low.is_none_or(|low| low < 1) {
                continue;
            }
            let name = Dim::var(name);
            while let (Some(less), Some(rest)) = (divisor.exact_div(&name), of.exact_div(&name)) {
                if of.terms.is_empty() {
                    break;
                }
                (divisor, of) = (less, rest);
            }
        }
        (divisor, of)
    }

    /// Whether `divisor` divides `of` because a multiple that was given as such differs from it
    /// by a multiple: what is left of facts about floors, `min` and `max`.
    pub(crate) fn is_given_multiple(&self, divisor: &Dim, of: &Dim) -> bool {
        self.multiples.iter().any(|(given, multiple)| {
            given.exact_div(divisor).is_some() && (of - multiple).exact_div(divisor).is_some()
        })
    }

    /// A quotient known to be exact, as a rule: `below * (above // below)` is `above`.
    pub(super) fn exact_floors(&self) -> impl Iterator<Item = (Dim, Dim, Dim)> {
        self.multiples.iter().filter_map(|(divisor, of)| {
            // A quotient in terms of itself would never stop growing.
            if !of.vars().is_disjoint(&divisor.vars()) {
                return None;
            }
            let floor = of.floor_div(divisor);
            match floor.as_atom() {
                Some(Atom::Floor(above, below)) if **above == *of && **below == *divisor => {
                    Some((of.clone(), divisor.clone(), floor))
                }
                _ => None,
            }
        })
    }
}

/// Takes the divisor's multiples out of the coefficients and cancels what is
/// common; `None` if no values of the variables make it hold.
pub(crate) fn reduce_congruence(divisor: i64, of: &Dim) -> Option<(i64, Dim)> {
    let mut reduced = Dim::zero();
    for (monomial, value) in &of.terms {
        reduced.add_term(monomial.clone(), value.rem_euclid(divisor));
    }
    let common = gcd(reduced.content(), divisor);
    if reduced.constant_term() % common != 0 {
        return None;
    }
    let of = reduced.exact_div(&Dim::constant(common))?;
    Some((divisor / common, of))
}

/// The number whose product with `value` leaves 1 over `modulus`.
fn inverse(value: i64, modulus: i64) -> Option<i64> {
    let modulus_wide = i128::from(modulus);
    let (mut old, mut new) = (i128::from(value).rem_euclid(modulus_wide), modulus_wide);
    let (mut old_factor, mut new_factor) = (1i128, 0i128);
    while new != 0 {
        let quotient = old / new;
        (old, new) = (new, old - quotient * new);
        (old_factor, new_factor) = (new_factor, old_factor - quotient * new_factor);
    }
    (old == 1).then(|| i64::try_from(old_factor.rem_euclid(modulus_wide)).ok())?
}
