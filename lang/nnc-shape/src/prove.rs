//! Bounds of expressions, and proofs that one is not negative.

use std::collections::VecDeque;

use crate::dim::{Atom, Dim, Monomial};
use crate::floor::gcd;
use crate::interval::Interval;
use crate::solve::Solved;

/// A sum with more terms than this is not followed.
const MOST_TERMS: usize = 24;
/// Nor is one with more atoms, those inside others too.
const MOST_ATOMS: usize = 64;
/// How hard a proof is looked for.
#[derive(Clone, Copy)]
struct Effort {
    /// How many combinations of facts are tried.
    steps: usize,
    /// How many facts one combination may add up.
    facts: usize,
    /// How many choices of `min` and `max` may be told apart, one in another.
    cases: usize,
}

/// For what the user asks.
const FULL: Effort = Effort { steps: 96, facts: 4, cases: 3 };
/// For what is asked of every part of an expression on the way.
const QUICK: Effort = Effort { steps: 12, facts: 2, cases: 1 };

impl Solved {
    /// Bounds by the ranges of the variables alone.
    pub(crate) fn interval(&self, dim: &Dim) -> Interval {
        let mut sum = Interval::exactly(0);
        for (monomial, value) in &dim.terms {
            let product = self.interval_of_monomial(monomial);
            sum = sum.plus(product.times(Interval::exactly(i128::from(*value))));
        }
        sum
    }

    pub(crate) fn interval_of_monomial(&self, monomial: &Monomial) -> Interval {
        let mut product = Interval::exactly(1);
        for (atom, exponent) in &monomial.factors {
            product = product.times(self.interval_of_atom(atom).power(*exponent));
        }
        product
    }

    pub(crate) fn interval_of_atom(&self, atom: &Atom) -> Interval {
        match atom {
            Atom::Var(name) => self.range_of_var(*name),
            Atom::Floor(above, below) => {
                self.interval_with_facts(above).floor_div(self.interval(below))
            }
            Atom::Min(items) => self.fold(items, Interval::least),
            Atom::Max(items) => self.fold(items, Interval::greatest),
            Atom::Group(inner) => self.interval(inner),
        }
    }

    fn fold(&self, items: &[Dim], join: fn(Interval, Interval) -> Interval) -> Interval {
        let intervals = items.iter().map(|item| self.interval(item));
        intervals.reduce(join).unwrap_or(Interval::ALL)
    }

    /// Bounds by the ranges and at most one known inequality.
    pub(crate) fn interval_with_facts(&self, dim: &Dim) -> Interval {
        let mut interval = self.interval(dim);
        if dim.terms.len() < 2 {
            return interval;
        }
        for known in &self.known {
            let low = self.interval_flat(&(dim - known)).low;
            let high = self.interval_flat(&(dim + known)).high;
            interval = interval.meet(Interval { low, high });
        }
        interval
    }

    /// Like [`Solved::interval`] without looking into floors, so that looking
    /// for facts inside a floor cannot look for them inside its own.
    fn interval_flat(&self, dim: &Dim) -> Interval {
        let flat = dim.terms.iter().flat_map(|(monomial, _)| &monomial.factors);
        let mut flat = flat.map(|(atom, _)| atom);
        if flat.all(|atom| matches!(atom, Atom::Var(_))) {
            self.interval(dim)
        } else {
            Interval::ALL
        }
    }

    /// Whether the expression is proved to be at least zero.
    ///
    /// Adds multiples of what is known until the ranges of the variables show
    /// the rest not to be negative.
    pub(crate) fn is_nonnegative(&self, dim: &Dim) -> bool {
        self.is_nonnegative_by_cases(dim, FULL)
    }

    /// The same with little effort, for many small questions.
    pub(crate) fn is_plainly_nonnegative(&self, dim: &Dim) -> bool {
        self.is_nonnegative_by_cases(dim, QUICK)
    }

    fn is_nonnegative_by_cases(&self, dim: &Dim, effort: Effort) -> bool {
        if self.is_negative_somewhere(dim) {
            return false;
        }
        if self.is_nonnegative_by_sums(dim, effort) {
            return true;
        }
        if effort.cases == 0 {
            return false;
        }
        let mut choice = None;
        for (monomial, _) in &dim.terms {
            for (atom, _) in &monomial.factors {
                if let Atom::Min(items) | Atom::Max(items) = atom {
                    choice = Some((atom, items));
                }
            }
        }
        let Some((choice, items)) = choice else { return false };
        let effort = Effort { cases: effort.cases - 1, ..effort };
        let least = matches!(choice, Atom::Min(_));
        items.iter().all(|item| {
            let case = dim.map_atoms(&mut |atom| (atom == choice).then(|| item.clone()));
            // That this item was taken says how it compares with the others.
            let mut here = self.clone();
            for other in items.iter().filter(|other| *other != item) {
                let order = if least { other - item } else { item - other };
                here.narrow_samples(&order);
                here.known.push(order);
            }
            here.is_nonnegative_by_cases(&case, effort)
        })
    }

    fn is_nonnegative_by_sums(&self, dim: &Dim, effort: Effort) -> bool {
        if dim.weight() > MOST_ATOMS {
            return self.interval(dim).is_nonnegative();
        }
        let dim = dim.without_content();
        let mut seen = vec![dim.clone()];
        let mut open = VecDeque::from([(dim, 0)]);
        while let Some((dim, depth)) = open.pop_front() {
            if self.interval(&dim).is_nonnegative()
                || depth < 2 && self.is_nonnegative_beyond_least(&dim)
            {
                return true;
            }
            if depth == effort.facts {
                continue;
            }
            if seen.len() >= effort.steps {
                continue;
            }
            for above in without_a_floor(&dim) {
                let fresh = above.terms.len() <= MOST_TERMS
                    && above.weight() <= MOST_ATOMS
                    && !seen.contains(&above);
                if fresh && seen.len() < effort.steps {
                    seen.push(above.clone());
                    open.push_back((above, depth + 1));
                }
            }
            let axioms = self.axioms(&dim);
            for fact in self.known.iter().chain(&axioms) {
                for (monomial, value) in &dim.terms {
                    let Some(less) = self.subtract(&dim, monomial, *value, fact) else { continue };
                    let fresh = less.terms.len() <= MOST_TERMS
                        && less.weight() <= MOST_ATOMS
                        && !seen.contains(&less);
                    if fresh && seen.len() < effort.steps {
                        seen.push(less.clone());
                        open.push_back((less, depth + 1));
                    }
                }
            }
        }
        false
    }

    /// A positive multiple of `dim`, less a multiple of `fact` that is not
    /// negative, in which `monomial` is gone.
    fn subtract(&self, dim: &Dim, monomial: &Monomial, value: i64, fact: &Dim) -> Option<Dim> {
        if monomial.factors.is_empty() {
            return None;
        }
        for (theirs, their_value) in &fact.terms {
            if theirs.factors.is_empty() || (*their_value > 0) != (value > 0) {
                continue;
            }
            let Some(factor) = monomial.divided_by(theirs) else { continue };
            if !self.interval_of_monomial(&factor).is_nonnegative() {
                continue;
            }
            let common = gcd(value, *their_value);
            let scale = their_value.abs() / common;
            let mut rest = dim.scaled(scale);
            rest.add_scaled(fact, &factor, -(value.abs() / common));
            // An integer is at least zero if a multiple of it is above minus that many.
            rest = rest + (scale - 1);
            return Some(rest.without_content());
        }
        None
    }

    /// What holds of the atoms in an expression whatever the facts are.
    fn axioms(&self, dim: &Dim) -> Vec<Dim> {
        let mut axioms = Vec::new();
        for (monomial, _) in &dim.terms {
            for (atom, _) in &monomial.factors {
                let whole = Dim::atom(atom.clone());
                match atom {
                    Atom::Var(name) if monomial.degree() > 1 => {
                        let range = self.range_of_var(*name);
                        if let Some(Ok(low)) = range.low.map(i64::try_from) {
                            axioms.push(&whole - low);
                        }
                        if let Some(Ok(high)) = range.high.map(i64::try_from) {
                            axioms.push(high - &whole);
                        }
                    }
                    Atom::Var(_) | Atom::Group(_) => {}
                    Atom::Floor(above, below) => {
                        let rest = &**above - &**below * &whole;
                        axioms.push(&**below - 1 - &rest);
                        axioms.push(rest);
                    }
                    Atom::Min(items) => axioms.extend(items.iter().map(|item| item - &whole)),
                    Atom::Max(items) => axioms.extend(items.iter().map(|item| &whole - item)),
                }
            }
        }
        axioms
    }
}

/// What is at least zero exactly where `dim` is, with a floor of it multiplied out:
/// `x + a // d >= 0` where `a + d*x >= 0`, and `x - a // d >= 0` where
/// `d*x + d - 1 - a >= 0`, for whole numbers and a divisor that is at least 1.
///
/// A divisor that is a number needs none of this: the axioms of the floor scale to it.
fn without_a_floor(dim: &Dim) -> Vec<Dim> {
    let mut forms = Vec::new();
    for (monomial, value) in &dim.terms {
        let ([(Atom::Floor(above, below), 1)], 1 | -1) = (monomial.factors.as_slice(), value)
        else {
            continue;
        };
        if below.as_constant().is_some() {
            continue;
        }
        let mut rest = dim.clone();
        rest.add_term(monomial.clone(), -value);
        let rest = &**below * rest;
        forms.push(if *value > 0 { rest + &**above } else { rest + &**below - 1 - &**above });
    }
    forms
}
