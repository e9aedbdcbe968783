//! Scalars over the lowerer's index variables: substitution and free variables.

use std::collections::BTreeSet;

use nnc_graph::{Affine, Binary, Elem, Index, Scalar, Var};

/// Puts an index in place of each variable for which `map` gives one.
pub(crate) fn substitute(scalar: &Scalar, map: &dyn Fn(Var) -> Option<Index>) -> Scalar {
    match scalar {
        Scalar::Read { operand, at } => {
            Scalar::read(*operand, at.iter().map(|index| substitute_index(index, map)).collect())
        }
        Scalar::Index { elem, value } => match substitute_affine(value, map) {
            Index::Affine(value) => Scalar::Index { elem: *elem, value },
            Index::Data(value) if *elem == Elem::I32 => *value,
            Index::Data(value) => Scalar::cast(*elem, *value),
        },
        other => other.map_children(&mut |child| substitute(child, map)),
    }
}

fn substitute_index(index: &Index, map: &dyn Fn(Var) -> Option<Index>) -> Index {
    match index {
        Index::Affine(affine) => substitute_affine(affine, map),
        Index::Data(value) => data(substitute(value, map)),
    }
}

/// The index that an integer scalar is.
pub(crate) fn data(scalar: Scalar) -> Index {
    match scalar {
        Scalar::Index { value, .. } => Index::Affine(value),
        Scalar::Int { value, .. } => Index::Affine(Affine::constant(value)),
        other => Index::Data(Box::new(other)),
    }
}

fn substitute_affine(affine: &Affine, map: &dyn Fn(Var) -> Option<Index>) -> Index {
    if let Some(index) = affine.as_var().and_then(map) {
        return index;
    }
    let mut plain = Affine::constant(affine.offset.clone());
    let mut computed: Option<Scalar> = None;
    for (var, coefficient) in &affine.terms {
        match map(*var) {
            None => plain = plain.plus(&Affine::var(*var).times(coefficient)),
            Some(Index::Affine(inner)) => plain = plain.plus(&inner.times(coefficient)),
            Some(Index::Data(inner)) => {
                let factor = integer(Affine::constant(coefficient.clone()));
                let term = if coefficient.as_constant() == Some(1) {
                    *inner
                } else {
                    Scalar::binary(Binary::Mul, factor, *inner)
                };
                computed = Some(match computed {
                    None => term,
                    Some(sum) => Scalar::binary(Binary::Add, sum, term),
                });
            }
        }
    }
    match computed {
        None => Index::Affine(plain),
        Some(sum) if plain == Affine::constant(0) => Index::Data(Box::new(sum)),
        Some(sum) => Index::Data(Box::new(Scalar::binary(Binary::Add, sum, integer(plain)))),
    }
}

/// An affine expression as an integer.
pub(crate) fn integer(value: Affine) -> Scalar {
    Scalar::Index { elem: Elem::I32, value }
}

/// The variables that occur.
pub(crate) fn free_vars(scalar: &Scalar) -> BTreeSet<Var> {
    let mut vars = BTreeSet::new();
    scalar.visit(&mut |it| match it {
        Scalar::Read { at, .. } => {
            for index in at {
                if let Index::Affine(affine) = index {
                    vars.extend(affine.terms.iter().map(|(var, _)| *var));
                }
            }
        }
        Scalar::Index { value, .. } => vars.extend(value.terms.iter().map(|(var, _)| *var)),
        Scalar::Acc
        | Scalar::Float { .. }
        | Scalar::Int { .. }
        | Scalar::Bool(_)
        | Scalar::Unary(..)
        | Scalar::Binary(..)
        | Scalar::Compare(..)
        | Scalar::Select { .. }
        | Scalar::Cast { .. } => {}
    });
    vars
}

/// Whether any operand is read.
pub(crate) fn reads(scalar: &Scalar) -> bool {
    let mut found = false;
    scalar.visit(&mut |it| found |= matches!(it, Scalar::Read { .. }));
    found
}

/// Variables of reads at places that are not plainly a variable: where such a read
/// is in bounds may rest on a condition around it.
pub(crate) fn delicate_vars(scalar: &Scalar) -> BTreeSet<Var> {
    let mut vars = BTreeSet::new();
    scalar.visit(&mut |it| {
        let Scalar::Read { at, .. } = it else { return };
        for index in at {
            match index {
                Index::Affine(affine) if affine.as_var().is_some() => {}
                Index::Affine(affine) => vars.extend(affine.terms.iter().map(|(var, _)| *var)),
                Index::Data(value) => vars.extend(free_vars(value)),
            }
        }
    });
    vars
}

/// Both conditions.
pub(crate) fn and(left: Option<Scalar>, right: Option<Scalar>) -> Option<Scalar> {
    match (left, right) {
        (Some(left), Some(right)) => Some(Scalar::binary(Binary::And, left, right)),
        (left, right) => left.or(right),
    }
}
