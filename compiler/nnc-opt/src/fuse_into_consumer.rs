//! Computes a cheap map where it is read instead of storing it.
//!
//! ```text
//! %1 = nest [t: T, d: 8] { %0[t, d] + 1.0 } : f32[T, 8]
//! %2 = nest [t: T] sum [d: 8] { %1[t, d] * %1[t, d] } : f32[T]
//! =>
//! %2 = nest [t: T] sum [d: 8] { (%0[t, d] + 1.0) * (%0[t, d] + 1.0) } : f32[T]
//! ```
//!
//! The product operands of a contraction stay plain reads: they are read many
//! times, and from memory that was packed for it. Elsewhere a map with one reader
//! goes in if no element of it is then computed twice, or if it is trivially cheap;
//! a trivially cheap map of one tensor goes into each of several readers.

use crate::cost::{Cost, is_contraction, vars_of};
use crate::inline::{Part, Spaces, inline, reads_of};
use crate::pass::on_each_graph;
use crate::tidy::nest;
use crate::uses::Uses;
use crate::{Changed, Pass};
use nnc_graph::{Graph, Index, Module, Nest, NestKind, NodeId, Op, Scalar, Value, Var};
use std::collections::BTreeSet;

pub const FUSE_INTO_CONSUMER: Pass = Pass {
    name: "fuse-into-consumer",
    about: "compute cheap elementwise maps where they are read",
    rewrite: fuse_into_consumer,
};

/// Sub-expressions of a nest beyond which it takes nothing in.
const LARGEST_NEST: u32 = 400;
/// Operands of a nest beyond which it takes nothing in: each is a stream of loads.
const MOST_OPERANDS: usize = 24;
/// Operations that a softmax, which goes over its values more than once, repeats.
const MOST_FLOPS_IN_SOFTMAX: u32 = 8;

fn fuse_into_consumer(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut changed = false;
        let mut uses = Uses::of(graph);
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in ids {
            let mut refused = BTreeSet::new();
            while let Some(operand) = find_map(graph, &uses, id, &refused) {
                let value = graph.node(id).operands[operand as usize];
                let fused = inline(graph, id, operand).filter(|(nest, operands)| {
                    let size: u32 = nest.scalars().iter().map(|it| Cost::of(it).size).sum();
                    size <= LARGEST_NEST && operands.len() <= MOST_OPERANDS
                });
                let Some((nest, operands)) = fused else {
                    refused.insert(value);
                    continue;
                };
                let node = graph.node_mut(id);
                uses.replace(id, &node.operands, &operands);
                node.op = Op::Nest(nest);
                node.operands = operands;
                changed = true;
            }
        }
        changed
    })
}

fn find_map(graph: &Graph, uses: &Uses, id: NodeId, refused: &BTreeSet<Value>) -> Option<u32> {
    let node = graph.node(id);
    let reader = nest(node)?;
    let at = node.operands.iter().enumerate().position(|(at, value)| {
        !refused.contains(value)
            && map_value(graph, *value).is_some_and(|(map, computed)| {
                let cost = Cost::of(computed);
                (uses.is_single(*value) || is_worth_repeating(graph, *value, map, cost))
                    && suits(graph, reader, at as u32, cost)
            })
    })?;
    Some(at as u32)
}

fn map_value(graph: &Graph, value: Value) -> Option<(&Nest, &Scalar)> {
    let map = nest(graph.node(value.node))?;
    match &map.kind {
        NestKind::Map { value } => Some((map, value)),
        NestKind::Reduce(_) | NestKind::Softmax { .. } => None,
    }
}

/// Whether a map with several readers is better computed in each: it takes no more
/// than two operations and loads no more than it saves to load.
fn is_worth_repeating(graph: &Graph, value: Value, map: &Nest, cost: Cost) -> bool {
    let node = graph.node(value.node);
    let mut long_reads = BTreeSet::new();
    for (_, scalar) in crate::inline::parts(map) {
        scalar.visit(&mut |it| {
            if let Scalar::Read { operand, at } = it {
                let whole = vars_of(at).len() >= map.axes.len();
                if whole {
                    long_reads.insert((node.operands[*operand as usize], format!("{at:?}")));
                }
            }
        });
    }
    cost.is_trivial() && long_reads.len() <= 1
}

/// Whether a reader may compute an operand of this cost itself.
fn suits(graph: &Graph, reader: &Nest, operand: u32, cost: Cost) -> bool {
    let reads = reads_of(reader, operand);
    let spaces = Spaces::of(graph, reader);
    let in_value = reads.iter().any(|(part, _)| *part == Part::Value);
    let in_guard = reads.iter().any(|(part, _)| *part == Part::Guard);
    if in_value && is_contraction(reader) {
        return false;
    }
    if cost.is_trivial() {
        return true;
    }
    if in_guard {
        return false;
    }
    if matches!(reader.kind, NestKind::Softmax { .. })
        && (cost.transcendentals > 0 || cost.flops > MOST_FLOPS_IN_SOFTMAX)
    {
        return false;
    }
    // One place read in one part, else an element is computed for each.
    let [(part, at), rest @ ..] = reads.as_slice() else { return false };
    rest.iter().all(|it| it == &(*part, *at)) && each_once(reader, &spaces, *part, at)
}

/// Whether no two points of the reader read the same element.
fn each_once(reader: &Nest, spaces: &Spaces<'_>, part: Part, at: &[Index]) -> bool {
    let count = match part {
        Part::Finish => reader.axes.len(),
        Part::Guard | Part::Value => reader.axes.len() + reader.reduction_axes().len(),
    };
    let mut missing: BTreeSet<Var> = (0..count as u32)
        .map(Var)
        .filter(|var| reader.axis(*var).is_some_and(|it| it.extent.as_constant() != Some(1)))
        .collect();
    for index in at {
        let Index::Affine(index) = index else { return false };
        // A variable that occurs twice may still tell all points apart, but that is rare.
        let fresh = index.terms.iter().filter(|(var, _)| missing.remove(var)).count();
        if fresh > 0 && (fresh != index.terms.len() || !spaces.at(part).is_injective(index)) {
            return false;
        }
    }
    missing.is_empty()
}

#[cfg(test)]
mod tests;
