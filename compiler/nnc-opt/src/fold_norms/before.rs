//! A scale and an offset of a contraction's operand.

use super::reweight;
use crate::compose::{rename_vars, replace_acc};
use crate::cost::{vars_of, vars_of_scalar};
use crate::inline::reads_of;
use crate::tidy::nest;
use crate::weights::{Weighted, Weights};
use nnc_graph::{
    Affine, Axis, Binary, Elem, Graph, Index, Nest, NestKind, NodeId, ReduceOp, Reduction, Scalar,
    Value, Var,
};
use std::cell::Cell;
use std::collections::BTreeSet;

/// `rest * gain + offset`.
struct Gained {
    rest: Scalar,
    gain: Scalar,
    offset: Option<Scalar>,
}

/// Moves the gain and offset of a map whose readers are all contractions with
/// weights into those weights.
pub(super) fn fold(cx: &mut Weights, graph: &mut Graph, id: NodeId) -> bool {
    let Some((gained, readers)) = plan(cx, graph, id) else { return false };
    let norm = graph.node(id).operands.clone();
    for (reader, weighted, gain, offset) in readers {
        let weight = graph.node(reader).operands[weighted.weight as usize];
        reweight(cx, graph, reader, weighted.weight, gain, norm.clone());
        if let Some(offset) = offset {
            add_offset(cx, graph, reader, weight, &weighted.at, offset, &norm);
        }
    }
    let mut after = match nest(graph.node(id)) {
        Some(nest) => nest.clone(),
        None => return true,
    };
    after.kind = NestKind::Map { value: gained.rest };
    cx.set(graph, id, Some(after), norm);
    true
}

/// A reader, how it weighs, the gain over its weight's axes and the offset over its
/// own index variables.
type Reader = (NodeId, Weighted, Scalar, Option<Scalar>);

fn plan(cx: &Weights, graph: &Graph, id: NodeId) -> Option<(Gained, Vec<Reader>)> {
    let node = graph.node(id);
    let map = nest(node)?;
    let NestKind::Map { value } = &map.kind else { return None };
    let norm = Value::of(id);
    if !map.is_ungrouped() || cx.uses.is_output(norm) || cx.known.contains_key(&id) {
        return None;
    }
    let gained = gained(cx, &node.operands, value)?;
    let mut readers = Vec::new();
    for reader in cx.uses.nodes(norm) {
        let weighted = cx.weighted(graph, reader)?;
        let reader_node = graph.node(reader);
        let reader_nest = nest(reader_node)?;
        let NestKind::Reduce(reduction) = &reader_nest.kind else { return None };
        let reads_norm = reader_node.operands[weighted.input as usize] == norm
            && reads_of(reader_nest, weighted.input).len() == 1
            && map.elem == reduction.accumulator;
        if !reads_norm || (gained.offset.is_some() && reduction.guard.is_some()) {
            return None;
        }
        let shape = &graph.ty(reader_node.operands[weighted.weight as usize]).shape;
        let gain = on_weight(map, &gained.gain, &weighted, shape)?;
        let offset = match &gained.offset {
            Some(offset) => Some(on_reader(reader_nest, offset, &weighted)?),
            None => None,
        };
        readers.push((reader, weighted, gain, offset));
    }
    (!readers.is_empty()).then_some((gained, readers))
}

/// Sees `rest * gain + offset` in a value, factors in any order.
fn gained(cx: &Weights, operands: &[Value], value: &Scalar) -> Option<Gained> {
    let known = |it: &Scalar| cx.decides(operands, it);
    match value {
        Scalar::Binary(Binary::Add, left, right) => {
            let (inner, offset) =
                if known(right) { (left, right) } else { known(left).then_some((right, left))? };
            let inner = gained(cx, operands, inner)?;
            let offset = match inner.offset {
                Some(first) => Scalar::binary(Binary::Add, first, (**offset).clone()),
                None => (**offset).clone(),
            };
            Some(Gained { offset: Some(offset), ..inner })
        }
        Scalar::Binary(Binary::Mul, left, right) => {
            if known(left) && known(right) {
                return None;
            }
            for (inner, other) in [(left, right), (right, left)] {
                if known(other) {
                    return Some(Gained {
                        rest: (**inner).clone(),
                        gain: (**other).clone(),
                        offset: None,
                    });
                }
            }
            for (inner, other) in [(left, right), (right, left)] {
                let Some(inner) = gained(cx, operands, inner) else { continue };
                if inner.offset.is_none() {
                    let rest = Scalar::binary(Binary::Mul, inner.rest, (**other).clone());
                    return Some(Gained { rest, ..inner });
                }
            }
            None
        }
        _ => None,
    }
}

/// The gain over the weight's axes: each of its index variables must be an axis
/// along which norm and weight are read at one place.
fn on_weight(
    map: &Nest,
    gain: &Scalar,
    weighted: &Weighted,
    shape: &[nnc_shape::Dim],
) -> Option<Scalar> {
    let failed = Cell::new(false);
    let moved = rename_vars(gain, &|var| {
        let place = &weighted.input_at[var.0 as usize];
        let extent = &map.axes[var.0 as usize].extent;
        let axis =
            (0..shape.len()).find(|&axis| weighted.at[axis] == *place && shape[axis] == *extent);
        failed.set(failed.get() || axis.is_none());
        Affine::var(axis.map_or(var, |axis| Var(axis as u32)))
    });
    (!failed.get()).then_some(moved)
}

/// An expression over the norm's index variables in terms of a reader's, of which
/// those that it and the weight need must have constant extents.
fn on_reader(reader: &Nest, offset: &Scalar, weighted: &Weighted) -> Option<Scalar> {
    let failed = Cell::new(false);
    let moved = rename_vars(offset, &|var| match &weighted.input_at[var.0 as usize] {
        Index::Affine(place) => place.clone(),
        Index::Data(_) => {
            failed.set(true);
            Affine::var(var)
        }
    });
    let mut needed: BTreeSet<Var> = vars_of(&weighted.at);
    needed.extend(vars_of_scalar(&moved));
    let first = reader.axes.len() as u32;
    needed.extend((first..first + reader.reduction_axes().len() as u32).map(Var));
    let fixed = needed
        .iter()
        .all(|var| reader.axis(*var).is_some_and(|it| it.extent.as_constant().is_some()));
    (fixed && !failed.get()).then_some(moved)
}

/// Adds `Σ offset * weight`, computed before the program runs, to a contraction.
fn add_offset(
    cx: &mut Weights,
    graph: &mut Graph,
    id: NodeId,
    weight: Value,
    at: &[Index],
    offset: Scalar,
    norm: &[Value],
) {
    let node = graph.node(id);
    let Some(reader) = nest(node) else { return };
    let NestKind::Reduce(reduction) = &reader.kind else { return };
    let count = reader.axes.len() as u32;
    let mut results: BTreeSet<Var> = vars_of(at);
    results.extend(vars_of_scalar(&offset));
    results.retain(|var| var.0 < count);
    let axes: Vec<Axis> = results.iter().map(|var| reader.axes[var.0 as usize].clone()).collect();
    let place = |var: Var| match results.iter().position(|it| *it == var) {
        Some(at) => Affine::var(Var(at as u32)),
        None => Affine::var(Var(var.0 - count + axes.len() as u32)),
    };
    let elem: Elem = reduction.accumulator;
    let mut operands = norm.to_vec();
    operands.push(weight);
    let weight = Scalar::read(norm.len() as u32, at.to_vec());
    let sum = Nest {
        groups: vec![1; axes.len()],
        elem,
        kind: NestKind::Reduce(Reduction {
            op: ReduceOp::Sum,
            axes: reduction.axes.clone(),
            guard: None,
            value: rename_vars(&Scalar::binary(Binary::Mul, offset, weight), &place),
            accumulator: elem,
            finish: Scalar::Acc,
        }),
        axes: axes.clone(),
    };
    let mut after = reader.clone();
    let mut operands_after = node.operands.clone();
    let bias = Scalar::read(
        operands_after.len() as u32,
        results.iter().copied().map(Index::var).collect(),
    );
    if let NestKind::Reduce(reduction) = &mut after.kind {
        let sum = Scalar::binary(Binary::Add, Scalar::Acc, bias);
        reduction.finish = replace_acc(&reduction.finish, &sum);
    }
    operands_after.push(cx.add(graph, sum, operands, id));
    cx.set(graph, id, Some(after), operands_after);
}
