//! Guards as lists of conditions.

use nnc_graph::{Affine, Axis, Binary, Index, Nest, NestKind, Reduction, Scalar, Var};

/// The conditions that hold where a guard does, in the order in which they are asked.
pub(crate) fn conditions(guard: Option<&Scalar>) -> Vec<Scalar> {
    fn flatten(guard: &Scalar, into: &mut Vec<Scalar>) {
        match guard {
            Scalar::Binary(Binary::And, left, right) => {
                flatten(left, into);
                flatten(right, into);
            }
            other => into.push(other.clone()),
        }
    }
    let mut all = Vec::new();
    if let Some(guard) = guard {
        flatten(guard, &mut all);
    }
    all
}

/// The guard that asks all conditions; none asks nothing.
pub(crate) fn all_of(conditions: Vec<Scalar>) -> Option<Scalar> {
    conditions.into_iter().reduce(|all, next| Scalar::binary(Binary::And, all, next))
}

/// A value where all conditions hold, and another elsewhere.
pub(crate) fn where_all_hold(conditions: Vec<Scalar>, value: Scalar, otherwise: Scalar) -> Scalar {
    match all_of(conditions) {
        Some(guard) => Scalar::select(guard, value, otherwise),
        None => value,
    }
}

/// Whether an expression depends on an index variable.
pub(crate) fn mentions(scalar: &Scalar, var: Var) -> bool {
    let in_affine = |affine: &Affine| affine.terms.iter().any(|(it, _)| *it == var);
    let mut found = false;
    scalar.visit(&mut |it| match it {
        Scalar::Read { at, .. } => {
            found |= at.iter().filter_map(Index::as_affine).any(in_affine);
        }
        Scalar::Index { value, .. } => found |= in_affine(value),
        _ => {}
    });
    found
}

/// The nest without some of its reduction's axes, at each point of `axes`, which has its groups:
/// a reduction over the axes that are left, or a map if there are none. Conditions and value have
/// the variables of `axes` and the reduction's behind them already.
pub(crate) fn partly_reduced(
    reduction: &Reduction,
    axes: Vec<Axis>,
    groups: Vec<u32>,
    left: Vec<Axis>,
    conditions: Vec<Scalar>,
    value: Scalar,
) -> Nest {
    let elem = reduction.accumulator;
    let kind = if left.is_empty() {
        let value = where_all_hold(conditions, value, reduction.op.of_nothing(elem));
        NestKind::Map { value }
    } else {
        NestKind::Reduce(Reduction {
            op: reduction.op,
            axes: left,
            guard: all_of(conditions),
            value,
            accumulator: elem,
            finish: Scalar::Acc,
        })
    };
    Nest { axes, groups, elem, kind }
}
