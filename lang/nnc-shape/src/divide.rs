//! Division of one polynomial by another.

use crate::dim::{Dim, Monomial};

/// More steps than any division of sizes takes.
const MOST_STEPS: usize = 256;

impl Dim {
    /// The quotient, if `divisor` times it is this expression whatever the
    /// variables are.
    pub fn exact_div(&self, divisor: &Dim) -> Option<Dim> {
        let (leading, leading_value) = divisor.terms.first()?;
        let mut rest = self.clone();
        let mut quotient = Dim::zero();
        for _ in 0..MOST_STEPS {
            let Some((monomial, value)) = rest.terms.first() else {
                return Some(quotient);
            };
            let factor = monomial.divided_by(leading)?;
            if value % leading_value != 0 {
                return None;
            }
            let value = value / leading_value;
            rest.add_scaled(divisor, &factor, -value);
            quotient.add_term(factor, value);
        }
        None
    }

    /// A quotient and a remainder such that `self == quotient * divisor +
    /// remainder`, where the remainder has no multiple of the divisor's leading
    /// term and coefficients of that term's kind lie in `[0, coefficient)`.
    ///
    /// `None` where the divisor has no positive leading coefficient.
    pub(crate) fn div_rem(&self, divisor: &Dim) -> Option<(Dim, Dim)> {
        let (leading, leading_value) = divisor.terms.first()?;
        if *leading_value <= 0 {
            return None;
        }
        let mut rest = self.clone();
        let mut quotient = Dim::zero();
        let mut after: Option<Monomial> = None;
        for _ in 0..MOST_STEPS {
            let next = rest.terms.iter().find_map(|(monomial, value)| {
                let unseen = after.as_ref().is_none_or(|seen| monomial > seen);
                let factor = if unseen { monomial.divided_by(leading)? } else { return None };
                Some((monomial.clone(), factor, value.div_euclid(*leading_value)))
            });
            let Some((monomial, factor, value)) = next else {
                return Some((quotient, rest));
            };
            rest.add_scaled(divisor, &factor, -value);
            quotient.add_term(factor, value);
            after = Some(monomial);
        }
        None
    }
}
