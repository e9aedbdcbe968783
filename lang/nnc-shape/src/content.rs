//! Common factors of coefficients, and exchanging one product for another.

use crate::dim::Dim;
use crate::floor::gcd;

impl Dim {
    /// The greatest common divisor of the coefficients but for the constant; 0 if there are none.
    pub(crate) fn content(&self) -> i64 {
        let terms = self.terms.iter().filter(|(monomial, _)| !monomial.factors.is_empty());
        terms.fold(0, |common, (_, value)| gcd(common, *value))
    }

    pub(crate) fn content_with_constant(&self) -> i64 {
        gcd(self.content(), self.constant_term())
    }

    /// An expression that is at least zero exactly where this one is.
    pub(crate) fn without_content(&self) -> Dim {
        let content = self.content();
        if content <= 1 {
            return self.clone();
        }
        let mut less = Dim::zero();
        for (monomial, value) in &self.terms {
            less.add_term(monomial.clone(), value.div_euclid(content));
        }
        less
    }

    /// The expression or its negation, whichever leads with 1.
    pub(crate) fn monic(&self) -> Option<Dim> {
        match self.terms.first()? {
            (_, 1) => Some(self.clone()),
            (_, -1) => Some(-self),
            _ => None,
        }
    }

    /// Puts `new` for `old`, an equal expression, wherever whole multiples of
    /// the leading term of `old` stand.
    pub(crate) fn exchange(&self, old: &Dim, new: &Dim) -> Dim {
        let Some((leading, leading_value)) = old.terms.first() else { return self.clone() };
        let mut result = self.clone();
        for (monomial, value) in &self.terms {
            if value % leading_value != 0 {
                continue;
            }
            let Some(factor) = monomial.divided_by(leading) else { continue };
            result.add_scaled(old, &factor, -(value / leading_value));
            result.add_scaled(new, &factor, value / leading_value);
        }
        result
    }
}
