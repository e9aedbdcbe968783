//! The terms of what a contraction's result is added to.

use nnc_graph::{Binary, Index, Scalar, Unary};
use std::ops::Deref;

/// A sum with the reduced value in it: its other terms, each with whether it is added or
/// subtracted.
pub(super) struct Terms {
    terms: Vec<(bool, Scalar)>,
    /// How often the sum stands in the expression.
    pub(super) occurrences: usize,
}

impl Deref for Terms {
    type Target = [(bool, Scalar)];

    fn deref(&self) -> &Self::Target {
        &self.terms
    }
}

/// The sum that the reduced value is a term of, if it is one wherever it occurs and the
/// same.
pub(super) fn sums(finish: &Scalar) -> Option<Terms> {
    let mut found: Vec<Vec<(bool, Scalar)>> = Vec::new();
    let mut alone = false;
    visit(finish, &mut |terms| match terms {
        Some(terms) => found.push(terms),
        None => alone = true,
    });
    let terms = found.first()?.clone();
    let same = !alone && found.iter().all(|it| *it == terms);
    same.then_some(Terms { terms, occurrences: found.len() })
}

/// Calls back with each largest sum that has the reduced value as a term, and with nothing for
/// a reduced value that stands in no sum.
fn visit(scalar: &Scalar, told: &mut dyn FnMut(Option<Vec<(bool, Scalar)>>)) {
    if *scalar == Scalar::Acc {
        return told(None);
    }
    match beside_acc(scalar) {
        Some(terms) => told(Some(terms)),
        None => scalar.children().into_iter().for_each(|child| visit(child, told)),
    }
}

/// The other terms of a sum in which the reduced value is one, once, and in no other.
pub(super) fn beside_acc(scalar: &Scalar) -> Option<Vec<(bool, Scalar)>> {
    let mut terms = Vec::new();
    flatten(scalar, true, &mut terms);
    let at = terms.iter().position(|it| *it == (true, Scalar::Acc))?;
    terms.remove(at);
    (!terms.iter().any(|(_, term)| has_acc(term))).then_some(terms)
}

fn flatten(scalar: &Scalar, positive: bool, terms: &mut Vec<(bool, Scalar)>) {
    match scalar {
        Scalar::Binary(Binary::Add, left, right) => {
            flatten(left, positive, terms);
            flatten(right, positive, terms);
        }
        Scalar::Binary(Binary::Sub, left, right) => {
            flatten(left, positive, terms);
            flatten(right, !positive, terms);
        }
        Scalar::Unary(Unary::Neg, value) => flatten(value, !positive, terms),
        term => terms.push((positive, term.clone())),
    }
}

/// The expression with other terms in the place of one term of its sums.
pub(super) fn replaced(scalar: &Scalar, at: usize, by: &[(bool, Scalar)]) -> Scalar {
    match beside_acc(scalar).filter(|_| *scalar != Scalar::Acc) {
        Some(mut terms) => {
            terms.splice(at..=at, by.iter().cloned());
            terms.into_iter().fold(Scalar::Acc, |sum, (positive, term)| {
                Scalar::binary(if positive { Binary::Add } else { Binary::Sub }, sum, term)
            })
        }
        None => scalar.map_children(&mut |child| replaced(child, at, by)),
    }
}

/// `factor * x[at] + offset`.
pub(super) struct Linear {
    pub(super) at: Vec<Index>,
    /// `None` for 1.
    pub(super) factor: Option<Scalar>,
    pub(super) offset: Option<Scalar>,
}

/// Sees a linear form in one read of an operand, whose factor and offset are `known`.
pub(super) fn linear_in(
    scalar: &Scalar,
    operand: u32,
    known: &dyn Fn(&Scalar) -> bool,
) -> Option<Linear> {
    let inner = |scalar: &Scalar| linear_in(scalar, operand, known);
    match scalar {
        Scalar::Read { operand: read, at } if *read == operand => {
            Some(Linear { at: at.clone(), factor: None, offset: None })
        }
        Scalar::Binary(op @ (Binary::Add | Binary::Sub), left, right) if known(right) => {
            Some(inner(left)?.plus(*op, right))
        }
        Scalar::Binary(Binary::Add, left, right) if known(left) => {
            Some(inner(right)?.plus(Binary::Add, left))
        }
        Scalar::Binary(op @ (Binary::Mul | Binary::Div), left, right) if known(right) => {
            Some(inner(left)?.times(*op, right))
        }
        Scalar::Binary(Binary::Mul, left, right) if known(left) => {
            Some(inner(right)?.times(Binary::Mul, left))
        }
        _ => None,
    }
}

impl Linear {
    fn plus(self, op: Binary, other: &Scalar) -> Linear {
        let offset = match (self.offset, op) {
            (Some(offset), op) => Scalar::binary(op, offset, other.clone()),
            (None, Binary::Sub) => negated(other.clone()),
            (None, _) => other.clone(),
        };
        Linear { offset: Some(offset), ..self }
    }

    fn times(self, op: Binary, other: &Scalar) -> Linear {
        let apply = |it: Scalar| Scalar::binary(op, it, other.clone());
        let factor = match (self.factor, op) {
            (None, Binary::Mul) => other.clone(),
            (None, _) => apply(Scalar::float(1.0)),
            (Some(factor), _) => apply(factor),
        };
        Linear { factor: Some(factor), offset: self.offset.map(apply), ..self }
    }
}

pub(super) fn negated(scalar: Scalar) -> Scalar {
    Scalar::unary(Unary::Neg, scalar)
}

fn has_acc(scalar: &Scalar) -> bool {
    let mut found = false;
    scalar.visit(&mut |it| found |= *it == Scalar::Acc);
    found
}
