//! Sums and products of dimension expressions.
//!
//! They are total: where a coefficient would overflow, the part that does not
//! fit stays apart as a [`Atom::Group`].

use std::cmp::Ordering;
use std::ops::{Add, Mul, Neg, Sub};

use crate::dim::{Atom, Dim, Monomial};

/// A product that would have more terms than this is left as it is.
const MOST_TERMS: usize = 256;
/// Nor is one multiplied out that would have more atoms than this, those inside others too:
/// few terms may hold large groups, and each would be there as often as the other side has terms.
const MOST_ATOMS: usize = 4096;

impl Dim {
    /// The product of `exponent` copies; 1 for none.
    pub fn pow(&self, mut exponent: u32) -> Dim {
        let mut result = Dim::constant(1);
        let mut square = self.clone();
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = &result * &square;
            }
            exponent >>= 1;
            if exponent > 0 {
                square = &square * &square;
            }
        }
        result
    }

    /// Adds `value * monomial` in place.
    pub(crate) fn add_term(&mut self, monomial: Monomial, value: i64) {
        if value == 0 {
            return;
        }
        if value == i64::MIN {
            self.add_term(monomial.clone(), -i64::MAX);
            return self.add_term(monomial, -1);
        }
        match self.terms.binary_search_by(|(other, _)| other.cmp(&monomial)) {
            Err(at) => self.terms.insert(at, (monomial, value)),
            Ok(at) => match self.terms[at].1.checked_add(value) {
                Some(0) => {
                    self.terms.remove(at);
                }
                Some(sum) if sum != i64::MIN => self.terms[at].1 = sum,
                _ => {
                    let apart = monomial.times(&Monomial::group(Dim::constant(value)));
                    self.add_term(apart, 1);
                }
            },
        }
    }

    /// Adds `factor * monomial * other` in place.
    pub(crate) fn add_scaled(&mut self, other: &Dim, monomial: &Monomial, factor: i64) {
        for (theirs, value) in &other.terms {
            let product = theirs.times(monomial);
            match value.checked_mul(factor) {
                Some(value) => self.add_term(product, value),
                None => {
                    let apart = product.times(&Monomial::group(Dim::constant(factor)));
                    self.add_term(apart, *value);
                }
            }
        }
    }

    /// The only term, or all of them as a group.
    fn as_one_term(&self) -> (Monomial, i64) {
        match self.terms.as_slice() {
            [(monomial, value)] => (monomial.clone(), *value),
            _ => (Monomial::group(self.clone()), 1),
        }
    }

    pub(crate) fn scaled(&self, factor: i64) -> Dim {
        let mut product = Dim::zero();
        product.add_scaled(self, &Monomial::default(), factor);
        product
    }
}

fn sum(left: &Dim, right: &Dim, sign: i64) -> Dim {
    let mut sum = left.clone();
    sum.add_scaled(right, &Monomial::default(), sign);
    sum
}

fn product(left: &Dim, right: &Dim) -> Dim {
    if grows_out_of_hand(left, right) {
        let (mine, value) = left.as_one_term();
        let (theirs, factor) = right.as_one_term();
        let mut product = Dim::zero();
        product.add_scaled(&Dim { terms: vec![(mine, value)] }, &theirs, factor);
        return product;
    }
    let mut product = Dim::zero();
    for (monomial, value) in &left.terms {
        product.add_scaled(right, monomial, *value);
    }
    product
}

fn grows_out_of_hand(left: &Dim, right: &Dim) -> bool {
    let (mine, theirs) = (left.terms.len(), right.terms.len());
    if mine.max(theirs) <= 1 || left.as_constant().or(right.as_constant()).is_some() {
        return false;
    }
    let atoms = || {
        let mine = mine.saturating_mul(right.weight());
        mine.saturating_add(theirs.saturating_mul(left.weight()))
    };
    mine.min(theirs) > 1 && mine.saturating_mul(theirs) > MOST_TERMS || atoms() > MOST_ATOMS
}

impl Monomial {
    pub(crate) fn atom(atom: Atom) -> Monomial {
        Monomial { factors: vec![(atom, 1)] }
    }

    pub(crate) fn group(dim: Dim) -> Monomial {
        Monomial::atom(Atom::Group(Box::new(dim)))
    }

    pub(crate) fn degree(&self) -> u64 {
        self.factors.iter().map(|(_, exponent)| u64::from(*exponent)).sum()
    }

    pub(crate) fn times(&self, other: &Monomial) -> Monomial {
        let mut product = self.clone();
        for (atom, exponent) in &other.factors {
            product.multiply_by(atom.clone(), *exponent);
        }
        product
    }

    fn multiply_by(&mut self, atom: Atom, exponent: u32) {
        match self.factors.binary_search_by(|(mine, _)| mine.cmp(&atom)) {
            Err(at) => self.factors.insert(at, (atom, exponent)),
            Ok(at) => match self.factors[at].1.checked_add(exponent) {
                Some(sum) => self.factors[at].1 = sum,
                None => {
                    let apart = Monomial { factors: vec![(atom, exponent)] };
                    let apart = Dim { terms: vec![(apart, 1)] };
                    self.multiply_by(Atom::Group(Box::new(apart)), 1);
                }
            },
        }
    }

    /// The quotient, if `other` divides it.
    pub(crate) fn divided_by(&self, other: &Monomial) -> Option<Monomial> {
        let mut quotient = self.clone();
        for (atom, exponent) in &other.factors {
            let at = quotient.factors.binary_search_by(|(mine, _)| mine.cmp(atom)).ok()?;
            let left = quotient.factors[at].1.checked_sub(*exponent)?;
            if left == 0 {
                quotient.factors.remove(at);
            } else {
                quotient.factors[at].1 = left;
            }
        }
        Some(quotient)
    }

    /// The other factors and the exponent of `atom`, if it is a factor.
    pub(crate) fn without(&self, atom: &Atom) -> Option<(Monomial, u32)> {
        let at = self.factors.binary_search_by(|(mine, _)| mine.cmp(atom)).ok()?;
        let mut others = self.clone();
        let (_, exponent) = others.factors.remove(at);
        Some((others, exponent))
    }
}

/// Higher degrees come first, then higher powers of earlier atoms.
///
/// Multiplying two monomials by a third keeps their order, which polynomial
/// division needs, and the constant term comes last, which readers like.
impl Ord for Monomial {
    fn cmp(&self, other: &Monomial) -> Ordering {
        let by_degree = other.degree().cmp(&self.degree());
        by_degree.then_with(|| {
            for ((mine, exponent), (theirs, their_exponent)) in
                self.factors.iter().zip(&other.factors)
            {
                let order = mine.cmp(theirs).then(their_exponent.cmp(exponent));
                if order.is_ne() {
                    return order;
                }
            }
            other.factors.len().cmp(&self.factors.len())
        })
    }
}

impl PartialOrd for Monomial {
    fn partial_cmp(&self, other: &Monomial) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, |$left:ident, $right:ident| $result:expr) => {
        impl $trait<&Dim> for &Dim {
            type Output = Dim;
            fn $method(self, other: &Dim) -> Dim {
                let ($left, $right) = (self, other);
                $result
            }
        }
        impl $trait<Dim> for &Dim {
            type Output = Dim;
            fn $method(self, other: Dim) -> Dim {
                $trait::$method(self, &other)
            }
        }
        impl $trait<&Dim> for Dim {
            type Output = Dim;
            fn $method(self, other: &Dim) -> Dim {
                $trait::$method(&self, other)
            }
        }
        impl $trait<Dim> for Dim {
            type Output = Dim;
            fn $method(self, other: Dim) -> Dim {
                $trait::$method(&self, &other)
            }
        }
        impl $trait<i64> for &Dim {
            type Output = Dim;
            fn $method(self, other: i64) -> Dim {
                $trait::$method(self, &Dim::constant(other))
            }
        }
        impl $trait<i64> for Dim {
            type Output = Dim;
            fn $method(self, other: i64) -> Dim {
                $trait::$method(&self, &Dim::constant(other))
            }
        }
        impl $trait<&Dim> for i64 {
            type Output = Dim;
            fn $method(self, other: &Dim) -> Dim {
                $trait::$method(&Dim::constant(self), other)
            }
        }
        impl $trait<Dim> for i64 {
            type Output = Dim;
            fn $method(self, other: Dim) -> Dim {
                $trait::$method(&Dim::constant(self), &other)
            }
        }
    };
}

operator!(Add, add, |left, right| sum(left, right, 1));
operator!(Sub, sub, |left, right| sum(left, right, -1));
operator!(Mul, mul, |left, right| product(left, right));

impl Neg for &Dim {
    type Output = Dim;
    fn neg(self) -> Dim {
        self.scaled(-1)
    }
}

impl Neg for Dim {
    type Output = Dim;
    fn neg(self) -> Dim {
        -&self
    }
}
