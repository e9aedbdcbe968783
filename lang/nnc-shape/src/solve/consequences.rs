//! What an inequality says of what its floors, `min` and `max` are made of.
//!
//! ```text
//! H//2 - 2 >= 0           H - 4 >= 0
//! a - b*(a//b) - 1 >= 0   b - 2 >= 0
//! min(a, b) - 3 >= 0      a - 3 >= 0 and b - 3 >= 0
//! ```

use crate::dim::{Atom, Dim, Monomial};
use crate::solve::Solved;

/// A product of so many sizes becomes up to 64 terms when each is written as a sum.
const MOST_DEGREE: u64 = 6;

impl Solved {
    /// Expressions that are at least zero where this one is, each with one atom less.
    pub(super) fn consequences(&self, known: &Dim) -> Vec<Dim> {
        let mut found = Vec::new();
        for (monomial, value) in &known.terms {
            for (atom, exponent) in &monomial.factors {
                let Some((others, 1)) = monomial.without(atom).filter(|_| *exponent == 1) else {
                    continue;
                };
                if !self.interval_of_monomial(&others).is_nonnegative() {
                    continue;
                }
                let mut rest = known.clone();
                rest.add_term(monomial.clone(), -value);
                let mut beside = Dim::zero();
                beside.add_term(others, *value);
                match (atom, *value > 0) {
                    (Atom::Floor(above, below), is_positive) => {
                        // The floor is at most above/below, and at least (above - below + 1)/below.
                        let bound =
                            if is_positive { (**above).clone() } else { &**above - &**below + 1 };
                        match beside.exact_div(below) {
                            Some(beside) => found.push(rest + beside * bound),
                            None => found.push(&**below * rest + beside * bound),
                        }
                    }
                    (Atom::Min(items), true) | (Atom::Max(items), false) => {
                        found.extend(items.iter().map(|item| &rest + &beside * item));
                    }
                    (Atom::Min(_) | Atom::Max(_) | Atom::Var(_) | Atom::Group(_), _) => {}
                }
            }
        }
        found
    }

    /// Whether a polynomial is at least zero because all its coefficients are once each
    /// variable is written as its least value and what is beyond: `3*a*b >= a + b` for sizes
    /// that are at least 1.
    pub(crate) fn is_nonnegative_beyond_least(&self, dim: &Dim) -> bool {
        let degree = dim.terms.iter().map(|(monomial, _)| monomial.degree()).max();
        if degree.is_none_or(|degree| degree <= 1 || degree > MOST_DEGREE) {
            // The interval says as much, or there are too many terms.
            return false;
        }
        let mut shifted = Dim::zero();
        for (monomial, value) in &dim.terms {
            let mut product = Dim::constant(*value);
            for (atom, exponent) in &monomial.factors {
                let Some(Ok(low)) = self.interval_of_atom(atom).low.map(i64::try_from) else {
                    return false;
                };
                let mut base = Dim::constant(low);
                base.add_term(Monomial::atom(atom.clone()), 1);
                product = product * base.pow(*exponent);
            }
            shifted = shifted + product;
        }
        shifted.terms.iter().all(|(_, value)| *value >= 0)
    }
}
