//! Reads through nodes that only rename places.
//!
//! ```text
//! %1 = nest [n: 4, t: T, d: 16] { %0[t, 16*n + d] } : f32[4, T, 16]
//! %2 = nest [t: T, n: 4] sum [d: 16] { %1[n, t, d] * %1[n, t, d] } : f32[T, 4]
//! =>
//! %2 = nest [t: T, n: 4] sum [d: 16] { %0[t, 16*n + d] * %0[t, 16*n + d] } : f32[T, 4]
//! ```
//!
//! A view is a map whose value is one element of an operand at affine indices
//! (a transpose, slice, broadcast, split or merge), exactly widened if at all, or
//! a reshape. Where a merged axis is read, the position along it is taken apart;
//! if the reader runs over it with one variable, the reader's axis is split. A
//! view that a call, a write or the graph's outputs need stays for them. A view
//! that changes nothing is replaced by what it views, except where an output
//! would become an input of the graph. A map that is one number everywhere is read
//! through as well.
//!
//! A parameter that is read backwards, as a transposed convolution reads its window, is
//! not: kernels take weights as they lie, and turning them is done once, by `hoist-params`.

use crate::inline::inline;
use crate::pass::on_each_graph;
use crate::tidy::nest;
use crate::{Changed, Pass};
use nnc_graph::{Elem, Graph, Index, Module, Nest, NestKind, Node, NodeId, Op, Scalar, Value};
use nnc_shape::Dim;
use std::collections::BTreeMap;

pub const ABSORB_VIEWS: Pass = Pass {
    name: "absorb-views",
    about: "read through transposes, slices, broadcasts, splits, merges and reshapes",
    rewrite: absorb_views,
};

fn absorb_views(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| absorb(graph) | forward(graph))
}

fn absorb(graph: &mut Graph) -> bool {
    let mut changed = false;
    let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    for id in ids {
        // Operands stand before, so that what is read through is no view itself,
        // unless it is one that could not be read through.
        let mut stuck = Vec::new();
        while let Some(operand) = find_view(graph, id, &stuck) {
            match inline(graph, id, operand) {
                Some((nest, operands)) => {
                    let node = graph.node_mut(id);
                    node.op = Op::Nest(nest);
                    node.operands = operands;
                    changed = true;
                }
                None => stuck.push(graph.node(id).operands[operand as usize]),
            }
        }
    }
    changed
}

fn find_view(graph: &Graph, id: NodeId, stuck: &[Value]) -> Option<u32> {
    let node = graph.node(id);
    nest(node)?;
    let at = node.operands.iter().position(|value| {
        let source = graph.node(value.node);
        let through = is_view(graph, source) && !is_turned_param(graph, source);
        !stuck.contains(value) && (through || is_number(source))
    })?;
    Some(at as u32)
}

/// Whether a node's elements are elements of its operand at places known beforehand.
pub(crate) fn is_view(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::Reshape => true,
        Op::Nest(Nest { kind: NestKind::Map { value }, .. }) => {
            let read = match value {
                Scalar::Cast { to, value } => match &**value {
                    Scalar::Read { operand, .. } => {
                        let from = graph.ty(node.operands[*operand as usize]).elem;
                        if !widens(from, *to) {
                            return false;
                        }
                        value
                    }
                    _ => return false,
                },
                _ => value,
            };
            matches!(read, Scalar::Read { at, .. } if at.iter().all(|it| it.as_affine().is_some()))
        }
        Op::Nest(_)
        | Op::Input(_)
        | Op::Param(_)
        | Op::Const(_)
        | Op::Write { .. }
        | Op::Order { .. }
        | Op::Running(_)
        | Op::Scatter { .. }
        | Op::Scan(_)
        | Op::Call(_) => false,
    }
}

/// Whether a node is a parameter some axis of which is walked backwards.
pub(crate) fn is_turned_param(graph: &Graph, node: &Node) -> bool {
    let Some(Nest { kind: NestKind::Map { value: Scalar::Read { operand, at } }, .. }) = nest(node)
    else {
        return false;
    };
    let backwards = |dim: &Dim| dim.as_constant().is_some_and(|it| it < 0);
    matches!(graph.node(node.operands[*operand as usize].node).op, Op::Param(_))
        && at
            .iter()
            .filter_map(Index::as_affine)
            .flat_map(|it| &it.terms)
            .any(|it| backwards(&it.1))
}

/// Whether a node is one number everywhere.
fn is_number(node: &Node) -> bool {
    let Some(Nest { kind: NestKind::Map { value }, .. }) = nest(node) else { return false };
    matches!(value, Scalar::Float { .. } | Scalar::Int { .. } | Scalar::Bool(_))
}

/// From a 16-bit float to one that holds it exactly and in which it is computed with.
fn widens(from: Elem, to: Elem) -> bool {
    matches!(from, Elem::F16 | Elem::BF16) && matches!(to, Elem::F32 | Elem::F64)
}

/// Replaces views that are the whole operand as it lies.
fn forward(graph: &mut Graph) -> bool {
    let mut to: BTreeMap<Value, Value> = BTreeMap::new();
    for (id, node) in graph.nodes() {
        if is_identity(graph, node) {
            let from = node.operands[0];
            to.insert(Value::of(id), to.get(&from).copied().unwrap_or(from));
        }
    }
    if to.is_empty() {
        return false;
    }
    let mut changed = false;
    let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    for id in ids {
        for operand in &mut graph.node_mut(id).operands {
            if let Some(from) = to.get(operand) {
                *operand = *from;
                changed = true;
            }
        }
    }
    for at in 0..graph.outputs.len() {
        let Some(&from) = to.get(&graph.outputs[at]) else { continue };
        let given = matches!(graph.node(from.node).op, Op::Input(_) | Op::Param(_) | Op::Const(_));
        if !given && !graph.outputs.contains(&from) {
            graph.outputs[at] = from;
            changed = true;
        }
    }
    changed
}

fn is_identity(graph: &Graph, node: &Node) -> bool {
    if node.operands.len() != 1 || node.types.first() != Some(graph.ty(node.operands[0])) {
        return false;
    }
    match &node.op {
        Op::Reshape => true,
        Op::Nest(nest) => match &nest.kind {
            NestKind::Map { value: Scalar::Read { at, .. } } => {
                nest.is_ungrouped()
                    && at.iter().enumerate().all(|(axis, index)| {
                        let var = index.as_affine().and_then(|it| it.as_var());
                        var.is_some_and(|var| var.0 as usize == axis) || is_unit(nest, axis, index)
                    })
            }
            NestKind::Map { .. } | NestKind::Reduce(_) | NestKind::Softmax { .. } => false,
        },
        Op::Input(_)
        | Op::Param(_)
        | Op::Const(_)
        | Op::Write { .. }
        | Op::Order { .. }
        | Op::Running(_)
        | Op::Scatter { .. }
        | Op::Scan(_)
        | Op::Call(_) => false,
    }
}

/// Whether an axis has one place, which is where it is read.
fn is_unit(nest: &Nest, axis: usize, index: &Index) -> bool {
    nest.axes[axis].extent.as_constant() == Some(1)
        && index.as_affine().and_then(|it| it.as_dim()).and_then(|it| it.as_constant()) == Some(0)
}

#[cfg(test)]
mod tests;
