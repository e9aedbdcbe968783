//! Turning an expression into something else, bottom up.

use nnc_base::Name;

use crate::dim::{Atom, Dim};

/// What constants, variables and operations become.
pub trait Algebra {
    type Value: Clone;

    fn constant(&mut self, value: i64) -> Self::Value;
    fn var(&mut self, name: Name) -> Self::Value;
    fn add(&mut self, left: Self::Value, right: Self::Value) -> Self::Value;
    fn mul(&mut self, left: Self::Value, right: Self::Value) -> Self::Value;
    /// The floor of a quotient whose divisor is positive.
    fn floor_div(&mut self, dividend: Self::Value, divisor: Self::Value) -> Self::Value;
    fn min(&mut self, left: Self::Value, right: Self::Value) -> Self::Value;
    fn max(&mut self, left: Self::Value, right: Self::Value) -> Self::Value;
}

impl Dim {
    /// What the expression becomes in an algebra.
    pub fn fold<A: Algebra>(&self, algebra: &mut A) -> A::Value {
        let mut sum: Option<A::Value> = None;
        for (monomial, coefficient) in &self.terms {
            let mut product: Option<A::Value> = None;
            if *coefficient != 1 || monomial.factors.is_empty() {
                product = Some(algebra.constant(*coefficient));
            }
            for (atom, exponent) in &monomial.factors {
                let factor = atom.fold(algebra);
                for _ in 0..*exponent {
                    product = Some(match product {
                        Some(so_far) => algebra.mul(so_far, factor.clone()),
                        None => factor.clone(),
                    });
                }
            }
            let Some(product) = product else { continue };
            sum = Some(match sum {
                Some(so_far) => algebra.add(so_far, product),
                None => product,
            });
        }
        sum.unwrap_or_else(|| algebra.constant(0))
    }
}

impl Atom {
    fn fold<A: Algebra>(&self, algebra: &mut A) -> A::Value {
        let extreme =
            |items: &[Dim], algebra: &mut A, choose: fn(&mut A, A::Value, A::Value) -> A::Value| {
                let mut chosen: Option<A::Value> = None;
                for item in items {
                    let value = item.fold(algebra);
                    chosen = Some(match chosen {
                        Some(so_far) => choose(algebra, so_far, value),
                        None => value,
                    });
                }
                chosen.unwrap_or_else(|| algebra.constant(0))
            };
        match self {
            Atom::Var(name) => algebra.var(*name),
            Atom::Floor(dividend, divisor) => {
                let (dividend, divisor) = (dividend.fold(algebra), divisor.fold(algebra));
                algebra.floor_div(dividend, divisor)
            }
            Atom::Min(items) => extreme(items, algebra, A::min),
            Atom::Max(items) => extreme(items, algebra, A::max),
            Atom::Group(inner) => inner.fold(algebra),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes, and must agree with [`Dim::eval`].
    struct Numbers;

    impl Algebra for Numbers {
        type Value = i64;

        fn constant(&mut self, value: i64) -> i64 {
            value
        }

        fn var(&mut self, name: Name) -> i64 {
            name.as_str().len() as i64 * 5
        }

        fn add(&mut self, left: i64, right: i64) -> i64 {
            left + right
        }

        fn mul(&mut self, left: i64, right: i64) -> i64 {
            left * right
        }

        fn floor_div(&mut self, dividend: i64, divisor: i64) -> i64 {
            dividend.div_euclid(divisor)
        }

        fn min(&mut self, left: i64, right: i64) -> i64 {
            left.min(right)
        }

        fn max(&mut self, left: i64, right: i64) -> i64 {
            left.max(right)
        }
    }

    #[test]
    fn folding_into_numbers_is_evaluation() {
        for text in ["0", "7", "3*ab - 2", "(b + 2*ccc - 3)//4", "min(a, b^2 - 7)*c + max(c, 9)"] {
            let dim = Dim::parse(text).unwrap();
            let by_eval = dim.eval(&|name| Some(Numbers.var(name)));
            assert_eq!(Some(dim.fold(&mut Numbers)), by_eval, "{text}");
        }
    }
}
