//! The data of a dimension expression.

use std::collections::BTreeSet;

use nnc_base::Name;

/// A dimension expression in normal form: a polynomial with integer
/// coefficients over [`Atom`]s.
///
/// Every way of building one normalises, so expressions that algebra makes
/// equal are equal values. The converse does not hold: two different values
/// may still mean the same size, which is for [`Facts`](crate::Facts) to say.
///
/// Divisors are positive by contract: the rules of the normal form hold
/// wherever every divisor of the expression as written is positive.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Dim {
    /// In the order of [`Monomial`], each monomial once, no coefficient zero
    /// and none `i64::MIN`, so that negation cannot overflow.
    pub(crate) terms: Vec<(Monomial, i64)>,
}

/// A product of powers of atoms, ordered by atom, no exponent zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Monomial {
    pub(crate) factors: Vec<(Atom, u32)>,
}

/// What a polynomial cannot look into.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Atom {
    Var(Name),
    /// The floor of a quotient, as `floor` leaves it.
    Floor(Box<Dim>, Box<Dim>),
    /// The least of two or more, as `extremum` leaves it.
    Min(Vec<Dim>),
    Max(Vec<Dim>),
    /// A part that stays as it is because multiplying it out would overflow or
    /// grow out of hand.
    Group(Box<Dim>),
}

impl Dim {
    pub fn constant(value: i64) -> Dim {
        let mut sum = Dim::zero();
        sum.add_term(Monomial::default(), value);
        sum
    }

    pub fn var(name: Name) -> Dim {
        Dim::atom(Atom::Var(name))
    }

    /// The value, if it is the same under every assignment.
    pub fn as_constant(&self) -> Option<i64> {
        match self.terms.as_slice() {
            [] => Some(0),
            [(monomial, value)] if monomial.factors.is_empty() => Some(*value),
            _ => None,
        }
    }

    /// The variable, if the expression is just one.
    pub fn as_var(&self) -> Option<Name> {
        match self.as_atom() {
            Some(Atom::Var(name)) => Some(*name),
            _ => None,
        }
    }

    /// All variables, also those inside floors, `min` and `max`.
    pub fn vars(&self) -> BTreeSet<Name> {
        let mut vars = BTreeSet::new();
        self.visit_atoms(&mut |atom| {
            if let Atom::Var(name) = atom {
                vars.insert(*name);
            }
        });
        vars
    }

    /// Reads the expression as `coefficient * var + rest` where neither part
    /// mentions `var`.
    pub fn affine_in(&self, var: Name) -> Option<(Dim, Dim)> {
        let atom = Atom::Var(var);
        let mut coefficient = Dim::zero();
        let mut rest = Dim::zero();
        for (monomial, factor) in &self.terms {
            match monomial.without(&atom) {
                Some((others, 1)) => coefficient.add_term(others, *factor),
                Some(_) => return None,
                None => rest.add_term(monomial.clone(), *factor),
            }
        }
        let free = |part: &Dim| !part.vars().contains(&var);
        (free(&coefficient) && free(&rest)).then_some((coefficient, rest))
    }

    pub(crate) fn zero() -> Dim {
        Dim { terms: Vec::new() }
    }

    pub(crate) fn atom(atom: Atom) -> Dim {
        Dim { terms: vec![(Monomial { factors: vec![(atom, 1)] }, 1)] }
    }

    pub(crate) fn as_atom(&self) -> Option<&Atom> {
        match self.terms.as_slice() {
            [(monomial, 1)] => match monomial.factors.as_slice() {
                [(atom, 1)] => Some(atom),
                _ => None,
            },
            _ => None,
        }
    }

    /// The term without variables.
    pub(crate) fn constant_term(&self) -> i64 {
        match self.terms.last() {
            Some((monomial, value)) if monomial.factors.is_empty() => *value,
            _ => 0,
        }
    }

    /// The number of atoms, those inside others too.
    pub(crate) fn weight(&self) -> usize {
        let mut weight = 0;
        self.visit_atoms(&mut |_| weight += 1);
        weight
    }

    /// Calls `visit` for every atom, outer ones before those inside them.
    pub(crate) fn visit_atoms(&self, visit: &mut dyn FnMut(&Atom)) {
        for (monomial, _) in &self.terms {
            for (atom, _) in &monomial.factors {
                visit(atom);
                match atom {
                    Atom::Var(_) => {}
                    Atom::Floor(dividend, divisor) => {
                        dividend.visit_atoms(visit);
                        divisor.visit_atoms(visit);
                    }
                    Atom::Min(items) | Atom::Max(items) => {
                        for item in items {
                            item.visit_atoms(visit);
                        }
                    }
                    Atom::Group(inner) => inner.visit_atoms(visit),
                }
            }
        }
    }
}

impl From<i64> for Dim {
    fn from(value: i64) -> Dim {
        Dim::constant(value)
    }
}

impl From<Name> for Dim {
    fn from(name: Name) -> Dim {
        Dim::var(name)
    }
}
