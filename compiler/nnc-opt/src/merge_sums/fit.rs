//! Whether what one sum reads is among what another reads.

use super::Sum;
use crate::compose::rename_vars;
use crate::simplify_guards::{decide, facts_in};
use crate::space::Space;
use nnc_graph::{
    Affine, Axis, Binary, Compare, Elem, Graph, Index, Nest, NestKind, Scalar, TensorType, Value,
    Var,
};
use nnc_shape::Dim;
use std::collections::BTreeMap;

/// A sum that may be a part of another: over `axes`, whose variables follow those of the
/// result, where the guard holds, of the input at `input_at` times `weight`.
pub(super) struct Part {
    pub(super) axes: Vec<Axis>,
    pub(super) guard: Option<Scalar>,
    pub(super) input_at: Vec<Index>,
    pub(super) weight: Scalar,
}

impl Part {
    pub(super) fn of(graph: &Graph, operands: &[Value], sum: &Sum) -> Part {
        let elem = graph.ty(operands[sum.weighted.weight as usize]).elem;
        let read = Scalar::read(sum.weighted.weight, sum.weighted.at.clone());
        Part {
            axes: sum.reduction.axes.clone(),
            guard: sum.reduction.guard.clone(),
            input_at: sum.weighted.input_at.clone(),
            weight: match elem == sum.reduction.accumulator {
                true => read,
                false => Scalar::cast(sum.reduction.accumulator, read),
            },
        }
    }
}

/// What has to be added to the weight of a sum so that it has a part in it, over the axes of
/// the weight.
pub(super) fn fitted(
    graph: &Graph,
    result: &Nest,
    operands: &[Value],
    sum: &Sum,
    part: &Part,
) -> Option<Scalar> {
    let count = result.axes.len();
    let placed = placed(count, sum, part)?;
    let point = |var: Var| match (var.0 as usize).checked_sub(count) {
        Some(at) => placed[at].clone(),
        None => Affine::var(var),
    };
    same_points(graph, result, sum, part, &point, &placed)?;

    let weight = graph.ty(operands[sum.weighted.weight as usize]);
    let axes = Axes::of(result, sum, weight)?;
    // Each variable of the part by the axes of the weight.
    let mut inner: BTreeMap<Var, Affine> = BTreeMap::new();
    for at in 0..count {
        if let Some(axis) = axes.of.get(&Var(at as u32)) {
            inner.insert(Var(at as u32), Affine::var(*axis));
        }
    }
    let mut left = Vec::new();
    let mut conditions = Vec::new();
    for (at, place) in placed.iter().enumerate() {
        let var = Var((count + at) as u32);
        let Some(axis) = axes.of.get(&var) else {
            // An axis of size 1 is at 0.
            continue;
        };
        let free: Vec<Var> = (place.terms.iter().map(|it| it.0))
            .filter(|it| it.0 as usize >= count && !inner.contains_key(it))
            .collect();
        match free.as_slice() {
            [one] if place.coefficient(*one) == Dim::constant(1) => {
                let rest = place.plus(&Affine::var(*one).times(&Dim::constant(-1)));
                if rest.terms.iter().any(|(var, _)| !inner.contains_key(var)) {
                    return None;
                }
                let rest = rest.substitute(&|var| inner[&var].clone(), &|_| None);
                let value = Affine::var(*axis).plus(&rest.times(&Dim::constant(-1)));
                let extent = &part.axes[one.0 as usize - count].extent;
                if value != Affine::var(*axis) || *extent != weight.shape[axis.0 as usize] {
                    conditions.push(compare(Compare::Le, &Affine::constant(0), &value));
                    conditions.push(compare(
                        Compare::Lt,
                        &value,
                        &Affine::constant(extent.clone()),
                    ));
                }
                inner.insert(*one, value);
            }
            [] => left.push((*axis, place)),
            _ => return None,
        }
    }
    for (at, axis) in part.axes.iter().enumerate() {
        let var = Var((count + at) as u32);
        if axis.extent == Dim::constant(1) {
            inner.entry(var).or_insert_with(|| Affine::constant(0));
        }
    }
    for (axis, place) in left {
        if place.terms.iter().any(|(var, _)| !inner.contains_key(var)) {
            return None;
        }
        let place = place.substitute(&|var| inner[&var].clone(), &|_| None);
        conditions.push(compare(Compare::Eq, &Affine::var(axis), &place));
    }
    let missing = std::cell::Cell::new(false);
    let added = rename_vars(&part.weight, &|var| {
        inner.get(&var).cloned().unwrap_or_else(|| {
            missing.set(true);
            Affine::constant(0)
        })
    });
    if missing.get()
        || (part.axes.iter().enumerate())
            .any(|(at, _)| !inner.contains_key(&Var((count + at) as u32)))
    {
        return None;
    }
    let zero = Scalar::Float { elem: weight.elem, value: 0.0 };
    let both = |left, right| Scalar::binary(Binary::And, left, right);
    Some(match conditions.into_iter().reduce(both) {
        Some(condition) => Scalar::select(condition, added, zero),
        None => added,
    })
}

/// Where in the sum's points those of the part are: each variable of the sum's reduction by
/// variables of the result and of the part.
fn placed(count: usize, sum: &Sum, part: &Part) -> Option<Vec<Affine>> {
    let reduced = &sum.reduction.axes;
    let mut placed: Vec<Option<Affine>> = reduced
        .iter()
        .map(|axis| (axis.extent == Dim::constant(1)).then(|| Affine::constant(0)))
        .collect();
    if sum.weighted.input_at.len() != part.input_at.len() {
        return None;
    }
    for (ours, theirs) in sum.weighted.input_at.iter().zip(&part.input_at) {
        let (ours, theirs) = (ours.as_affine()?, theirs.as_affine()?);
        let (fixed, moving): (Vec<_>, Vec<_>) =
            ours.terms.iter().cloned().partition(|(var, _)| (var.0 as usize) < count);
        let fixed = Affine { terms: fixed, offset: ours.offset.clone() };
        let apart = theirs.plus(&fixed.times(&Dim::constant(-1)));
        let moving: Vec<_> = (moving.into_iter())
            .filter(|(var, _)| reduced[var.0 as usize - count].extent != Dim::constant(1))
            .collect();
        match moving.as_slice() {
            [] if apart == Affine::constant(0) => {}
            [(var, coefficient)] => {
                let value = divided(&apart, coefficient)?;
                let place = &mut placed[var.0 as usize - count];
                if place.as_ref().is_some_and(|it| *it != value) {
                    return None;
                }
                *place = Some(value);
            }
            _ => return None,
        }
    }
    placed.into_iter().collect()
}

fn divided(value: &Affine, by: &Dim) -> Option<Affine> {
    let terms = value.terms.iter().map(|(var, it)| Some((*var, it.exact_div(by)?)));
    Some(Affine { terms: terms.collect::<Option<_>>()?, offset: value.offset.exact_div(by)? })
}

/// Whether the points of the part are points of the sum, and those that the guards let
/// through are the same.
fn same_points(
    graph: &Graph,
    result: &Nest,
    sum: &Sum,
    part: &Part,
    point: &dyn Fn(Var) -> Affine,
    placed: &[Affine],
) -> Option<()> {
    let points = Nest {
        kind: NestKind::Reduce(nnc_graph::Reduction {
            axes: part.axes.clone(),
            ..sum.reduction.clone()
        }),
        ..result.clone()
    };
    let guard = sum.reduction.guard.as_ref().map(|guard| rename_vars(guard, point));
    let yes = Scalar::Bool(true);
    let (ours, theirs) = (guard.as_ref().unwrap_or(&yes), part.guard.as_ref().unwrap_or(&yes));
    let follows = |from: &Scalar, to: &Scalar| {
        let mut space = Space::of_points(graph, &points);
        facts_in(&space, from).into_iter().for_each(|fact| space.assume(fact));
        decide(&space, to) == Scalar::Bool(true)
    };
    let mut space = Space::of_points(graph, &points);
    facts_in(&space, theirs).into_iter().for_each(|fact| space.assume(fact));
    let within = placed.iter().zip(&sum.reduction.axes);
    let within = within.into_iter().all(|(place, axis)| space.is_within(place, &axis.extent));
    (within && follows(theirs, ours) && follows(ours, theirs)).then_some(())
}

/// Which axis of the weight each variable of a sum is.
struct Axes {
    of: BTreeMap<Var, Var>,
}

impl Axes {
    /// Where each axis of the weight is one variable, and each of the reduction an axis.
    fn of(result: &Nest, sum: &Sum, weight: &TensorType) -> Option<Axes> {
        let extents: Vec<&Dim> =
            result.axes.iter().chain(&sum.reduction.axes).map(|axis| &axis.extent).collect();
        let mut of = BTreeMap::new();
        for (axis, (at, size)) in sum.weighted.at.iter().zip(&weight.shape).enumerate() {
            let at = at.as_affine()?;
            match at.as_var() {
                Some(var) if extents[var.0 as usize] == size => {
                    if of.insert(var, Var(axis as u32)).is_some() {
                        return None;
                    }
                }
                _ if *size == Dim::constant(1) => {}
                _ => return None,
            }
        }
        let count = result.axes.len();
        let reduced = (count..extents.len())
            .all(|at| of.contains_key(&Var(at as u32)) || *extents[at] == Dim::constant(1));
        reduced.then_some(Axes { of })
    }
}

fn compare(op: Compare, left: &Affine, right: &Affine) -> Scalar {
    let index = |value: &Affine| Scalar::Index { elem: Elem::I32, value: value.clone() };
    Scalar::compare(op, index(left), index(right))
}
