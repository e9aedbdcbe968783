//! Floor division and remainder, and the rules of their normal form.
//!
//! ```text
//! (q*x + r) // q      =>  x + r // q
//! (x // a + y) // b   =>  (x + a*y) // (a*b)
//! (g*x + k) // (g*q)  =>  (x + k // g) // q
//! a % b               =>  a - b*(a // b)
//! ```
//!
//! After them the coefficients above a constant divisor `q` lie in `[0, q)`,
//! and no multiple of a symbolic divisor stands above it.

use crate::dim::{Atom, Dim, Monomial};

impl Dim {
    /// The greatest integer that is not above the quotient.
    pub fn floor_div(&self, divisor: &Dim) -> Dim {
        if divisor.as_constant().is_some_and(|value| value <= 0) {
            // No value: evaluation says so.
            return opaque(self.clone(), divisor.clone());
        }
        let (dividend, divisor) = without_common_factor(self, divisor);
        if divisor.as_constant() == Some(1) {
            return dividend;
        }
        let Some((whole, rest)) = dividend.div_rem(&divisor) else {
            return match dividend.exact_div(&divisor) {
                Some(quotient) => quotient,
                None => opaque(dividend, divisor),
            };
        };
        match (rest.as_constant(), divisor.as_constant()) {
            (Some(0), _) | (Some(_), Some(_)) => return whole,
            (Some(-1), None) => return whole - 1,
            _ => {}
        }
        if let Some((dividend, divisor)) = merge_inner(&rest, &divisor) {
            return whole + dividend.floor_div(&divisor);
        }
        // What left may have been all that kept a common factor away.
        let (reduced, reduced_divisor) = without_common_factor(&rest, &divisor);
        if reduced_divisor != divisor {
            return whole + reduced.floor_div(&reduced_divisor);
        }
        whole + opaque(rest, divisor)
    }

    /// What is left over by [`Dim::floor_div`].
    pub fn rem(&self, divisor: &Dim) -> Dim {
        self - divisor * self.floor_div(divisor)
    }
}

/// `dividend % divisor == remainder`, which is how an expression that is zero is read.
pub struct Remainder {
    pub dividend: Dim,
    pub divisor: Dim,
    /// At least zero and less than the divisor.
    pub remainder: i64,
}

/// Remainders beyond this are not looked for.
const LARGEST_REMAINDER: i64 = 64;

impl Dim {
    /// Reads the expression as `c * (a % b - r)` with a positive `c` and `0 <= r < b`, if
    /// it is that; it is zero where `a % b == r`.
    ///
    /// The normal form writes `a % b` as `a - b*(a//b)`.
    pub fn as_remainder(&self) -> Option<Remainder> {
        let content = Dim::constant(self.content_with_constant());
        let zero = self.exact_div(&content)?;
        for (monomial, value) in zero.terms.iter().filter(|(_, value)| *value < 0) {
            for (atom, exponent) in &monomial.factors {
                let (Atom::Floor(..), 1) = (atom, *exponent) else { continue };
                let Some((others, _)) = monomial.without(atom) else { continue };
                let mut divisor = Dim::zero();
                divisor.add_term(others, -value);
                let floor = Dim::atom(atom.clone());
                let rest = &zero + &divisor * &floor;
                let most = divisor.as_constant().map_or(1, |it| it.min(LARGEST_REMAINDER));
                for remainder in 0..most {
                    let dividend = &rest + remainder;
                    if dividend.floor_div(&divisor) == floor {
                        return Some(Remainder { dividend, divisor, remainder });
                    }
                }
            }
        }
        None
    }
}

fn opaque(dividend: Dim, divisor: Dim) -> Dim {
    Dim::atom(Atom::Floor(Box::new(dividend), Box::new(divisor)))
}

/// Divides both by what they share: an integer, which may leave a remainder in
/// the dividend's constant, and variables.
fn without_common_factor(dividend: &Dim, divisor: &Dim) -> (Dim, Dim) {
    let mut common = divisor.terms.iter().fold(0, |common, (_, value)| gcd(common, *value));
    for (monomial, value) in &dividend.terms {
        if !monomial.factors.is_empty() {
            common = gcd(common, *value);
        }
    }
    let mut shared = match divisor.terms.first() {
        Some((monomial, _)) => monomial.clone(),
        None => return (dividend.clone(), divisor.clone()),
    };
    // Only variables, which are not negative, may be cancelled: a divisor's
    // other factors could both be negative, and then the result has no value.
    shared.factors.retain(|(atom, _)| matches!(atom, Atom::Var(_)));
    for (monomial, _) in dividend.terms.iter().chain(&divisor.terms) {
        for (atom, exponent) in &mut shared.factors {
            let theirs = monomial.without(atom).map_or(0, |(_, exponent)| exponent);
            *exponent = theirs.min(*exponent);
        }
        shared.factors.retain(|(_, exponent)| *exponent > 0);
    }
    if common <= 1 && shared.factors.is_empty() || dividend.terms.is_empty() {
        return (dividend.clone(), divisor.clone());
    }
    let divide = |dim: &Dim| {
        let mut result = Dim::zero();
        for (monomial, value) in &dim.terms {
            let monomial: Monomial = monomial.divided_by(&shared)?;
            result.add_term(monomial, value.div_euclid(common));
        }
        Some(result)
    };
    match (divide(dividend), divide(divisor)) {
        (Some(dividend), Some(divisor)) => (dividend, divisor),
        _ => (dividend.clone(), divisor.clone()),
    }
}

/// Takes the one floor among the terms of the dividend apart, if there is just one.
fn merge_inner(dividend: &Dim, divisor: &Dim) -> Option<(Dim, Dim)> {
    let mut inner = None;
    for (monomial, value) in &dividend.terms {
        if let ([(Atom::Floor(above, below), 1)], 1) = (monomial.factors.as_slice(), value) {
            if inner.is_some() {
                return None;
            }
            inner = Some((monomial, above, below));
        }
    }
    let (monomial, above, below) = inner?;
    let mut others = dividend.clone();
    others.add_term(monomial.clone(), -1);
    let merged = &**above + &**below * &others;
    let merged_divisor = &**below * divisor;
    let fits = |dim: &Dim| {
        let mut fits = true;
        dim.visit_atoms(&mut |atom| fits &= !matches!(atom, Atom::Group(_)));
        fits
    };
    (fits(&merged) && fits(&merged_divisor)).then_some((merged, merged_divisor))
}

pub(crate) fn gcd(left: i64, right: i64) -> i64 {
    let (mut left, mut right) = (left.unsigned_abs(), right.unsigned_abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    i64::try_from(left).unwrap_or(1)
}
