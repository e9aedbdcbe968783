//! The value of an expression, and putting expressions for variables.

use nnc_base::Name;

use crate::dim::{Atom, Dim};
use crate::extremum::{Side, extremum};

impl Dim {
    /// The value where `env` gives the variables.
    ///
    /// `None` for a variable without a value, a divisor that is not positive,
    /// and a result or a step that does not fit.
    pub fn eval(&self, env: &dyn Fn(Name) -> Option<i64>) -> Option<i64> {
        i64::try_from(self.eval_wide(env)?).ok()
    }

    fn eval_wide(&self, env: &dyn Fn(Name) -> Option<i64>) -> Option<i128> {
        let mut sum = 0i128;
        for (monomial, value) in &self.terms {
            let mut product = i128::from(*value);
            for (atom, exponent) in &monomial.factors {
                let power = atom.eval(env)?.checked_pow(*exponent)?;
                product = product.checked_mul(power)?;
            }
            sum = sum.checked_add(product)?;
        }
        Some(sum)
    }

    /// Puts an expression for each variable for which `env` gives one.
    pub fn substitute(&self, env: &dyn Fn(Name) -> Option<Dim>) -> Dim {
        self.map_atoms(&mut |atom| match atom {
            Atom::Var(name) => env(*name),
            _ => None,
        })
    }

    /// Puts an expression for each atom for which `replace` gives one, and
    /// rebuilds the others from their parts.
    pub(crate) fn map_atoms(&self, replace: &mut dyn FnMut(&Atom) -> Option<Dim>) -> Dim {
        let mut sum = Dim::zero();
        for (monomial, value) in &self.terms {
            let mut product = Dim::constant(*value);
            for (atom, exponent) in &monomial.factors {
                product = product * atom.map(replace).pow(*exponent);
            }
            sum = sum + product;
        }
        sum
    }
}

impl Atom {
    fn eval(&self, env: &dyn Fn(Name) -> Option<i64>) -> Option<i128> {
        match self {
            Atom::Var(name) => env(*name).map(i128::from),
            Atom::Floor(dividend, divisor) => {
                let divisor = divisor.eval_wide(env)?;
                // The Euclidean quotient is the floor where the divisor is positive.
                if divisor > 0 {
                    dividend.eval_wide(env)?.checked_div_euclid(divisor)
                } else {
                    None
                }
            }
            Atom::Min(items) => fold(items, env, i128::min),
            Atom::Max(items) => fold(items, env, i128::max),
            Atom::Group(inner) => inner.eval_wide(env),
        }
    }

    fn map(&self, replace: &mut dyn FnMut(&Atom) -> Option<Dim>) -> Dim {
        if let Some(dim) = replace(self) {
            return dim;
        }
        match self {
            Atom::Var(_) => Dim::atom(self.clone()),
            Atom::Floor(dividend, divisor) => {
                dividend.map_atoms(replace).floor_div(&divisor.map_atoms(replace))
            }
            Atom::Min(items) => map_extremum(Side::Least, items, replace),
            Atom::Max(items) => map_extremum(Side::Greatest, items, replace),
            Atom::Group(inner) => inner.map_atoms(replace),
        }
    }
}

fn map_extremum(side: Side, items: &[Dim], replace: &mut dyn FnMut(&Atom) -> Option<Dim>) -> Dim {
    let items: Vec<Dim> = items.iter().map(|item| item.map_atoms(replace)).collect();
    extremum(side, &items)
}

fn fold(
    items: &[Dim],
    env: &dyn Fn(Name) -> Option<i64>,
    choose: fn(i128, i128) -> i128,
) -> Option<i128> {
    let mut values = items.iter().map(|item| item.eval_wide(env));
    let first = values.next()??;
    values.try_fold(first, |best, value| Some(choose(best, value?)))
}
