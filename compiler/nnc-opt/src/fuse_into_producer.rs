//! Moves what follows a reduction, point by point, into its `finish`.
//!
//! ```text
//! %2 = nest [m: T, n: 64] sum [k: 32] { %0[m, k] * %1[n, k] } : f32[T, 64]
//! %4 = nest [m: T, n: 64] { max(%2[m, n] + %3[n], 0.0) } : f32[T, 64]
//! =>
//! %4 = nest [m: T, n: 64] sum [k: 32] { %0[m, k] * %1[n, k] }
//!      finish { max(acc + %3[n], 0.0) } : f32[T, 64]
//! ```
//!
//! The reduction must have no other reader, and the map must read it at its own
//! point, so that each value is finished once. The new node takes the map's place,
//! where everything that either reads is there already. A map over several
//! reductions goes into a contraction before others, and into a later one before
//! an earlier one.

use crate::compose::{Leaves, rename_vars, substitute};
use crate::cost::{Cost, is_contraction};
use crate::inline::{Layout, Part, Positions, Spaces, expose, reads_of};
use crate::pass::on_each_graph;
use crate::space::facts_of;
use crate::tidy::{nest, tidy_operands};
use crate::uses::Uses;
use crate::{Changed, Pass};
use nnc_graph::{
    Affine, Graph, Index, Module, Nest, NestKind, NodeId, Op, Reduction, Scalar, Value, Var,
};
use nnc_shape::Fact;
use std::cmp::Reverse;

pub const FUSE_INTO_PRODUCER: Pass = Pass {
    name: "fuse-into-producer",
    about: "compute elementwise maps where the reduction they follow is stored",
    rewrite: fuse_into_producer,
};

/// Sub-expressions of a `finish` beyond which it takes nothing in: an expression
/// that is read twice stands there twice.
const LARGEST_FINISH: u32 = 400;

fn fuse_into_producer(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut changed = false;
        let mut uses = Uses::of(graph);
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in ids {
            let Some((nest, operands)) = fused(graph, &uses, id) else { continue };
            let node = graph.node_mut(id);
            uses.replace(id, &node.operands, &operands);
            node.op = Op::Nest(nest);
            node.operands = operands;
            changed = true;
        }
        changed
    })
}

fn fused(graph: &Graph, uses: &Uses, id: NodeId) -> Option<(Nest, Vec<Value>)> {
    let node = graph.node(id);
    let map = nest(node)?;
    let NestKind::Map { .. } = map.kind else { return None };
    let mut producers: Vec<(u32, &Nest)> = (0..)
        .zip(&node.operands)
        .filter(|(_, value)| uses.is_single(**value))
        .filter_map(|(at, value)| Some((at, nest(graph.node(value.node))?)))
        .filter(|(_, nest)| matches!(nest.kind, NestKind::Reduce(_)))
        .collect();
    producers.sort_by_key(|(at, nest)| {
        (!is_contraction(nest), Reverse(node.operands[*at as usize].node))
    });
    producers.into_iter().find_map(|(operand, _)| fuse(graph, id, operand))
}

fn fuse(graph: &Graph, id: NodeId, operand: u32) -> Option<(Nest, Vec<Value>)> {
    let node = graph.node(id);
    let source = graph.node(node.operands[operand as usize].node);
    let producer = nest(source)?;
    let NestKind::Reduce(reduction) = &producer.kind else { return None };
    let layout = Layout::Nest(producer);
    let map = expose(graph, nest(node)?, operand, &layout)?;
    let NestKind::Map { value } = &map.kind else { return None };
    if reads_inside_index(value, operand) {
        return None;
    }
    let positions = own_point(graph, &map, producer, operand, &layout)?;

    // The producer's index variables in terms of the map's; reduction axes follow.
    let (own, result) = (producer.axes.len() as u32, map.axes.len() as u32);
    let renamed = |var: Var| match positions.get(var.0 as usize) {
        Some(position) => position.clone(),
        None => Affine::var(Var(var.0 - own + result)),
    };
    let first = source.operands.len() as u32;
    let inner = rename_vars(&reduction.finish, &renamed);
    let finish = substitute(
        value,
        &Leaves {
            var: &|var| Index::var(var),
            read: &|its, at| {
                if its == operand {
                    inner.clone()
                } else {
                    Scalar::Read { operand: first + its, at }
                }
            },
            acc: &|| Scalar::Acc,
        },
    );
    if Cost::of(&finish).size > LARGEST_FINISH {
        return None;
    }
    let mut nest = Nest {
        axes: map.axes.clone(),
        groups: map.groups.clone(),
        elem: map.elem,
        kind: NestKind::Reduce(Reduction {
            op: reduction.op,
            axes: reduction.axes.clone(),
            guard: reduction.guard.as_ref().map(|guard| rename_vars(guard, &renamed)),
            value: rename_vars(&reduction.value, &renamed),
            accumulator: reduction.accumulator,
            finish,
        }),
    };
    let mut operands = source.operands.clone();
    operands.extend_from_slice(&node.operands);
    tidy_operands(&mut nest, &mut operands);
    Some((nest, operands))
}

/// Whether an operand's element is used as a position.
fn reads_inside_index(value: &Scalar, operand: u32) -> bool {
    let mut found = false;
    value.visit(&mut |it| {
        let Scalar::Read { at, .. } = it else { return };
        for index in at {
            let Index::Data(inner) = index else { continue };
            inner.visit(&mut |it| {
                found |= matches!(it, Scalar::Read { operand: its, .. } if *its == operand);
            });
        }
    });
    found
}

/// The producer's index variables in terms of the map's, if the map reads it at one
/// place, that place is the map's own point, and the axes keep their order.
fn own_point(
    graph: &Graph,
    map: &Nest,
    producer: &Nest,
    operand: u32,
    layout: &Layout<'_>,
) -> Option<Vec<Affine>> {
    let reads = reads_of(map, operand);
    let (_, at) = reads.first()?;
    if reads.iter().any(|(_, other)| other != at) {
        return None;
    }
    let spaces = Spaces::of(graph, map);
    let Positions::Found(positions) = layout.positions(&spaces, Part::Value, at) else {
        return None;
    };
    let positions: Vec<Affine> =
        positions.iter().map(|it| it.as_affine().cloned()).collect::<Option<_>>()?;
    let facts = facts_of(graph);
    let mut next = 0;
    let is_unit = |at: usize| map.axes[at].extent.as_constant() == Some(1);
    for (position, axis) in positions.iter().zip(&producer.axes) {
        match position.as_var() {
            Some(var) => {
                let var = var.0 as usize;
                let skipped = next..var;
                let same = Fact::Equal(map.axes[var].extent.clone(), axis.extent.clone());
                if var < next || !skipped.into_iter().all(is_unit) || !facts.proves(&same) {
                    return None;
                }
                next = var + 1;
            }
            None => {
                let zero = position.as_dim().and_then(|it| it.as_constant()) == Some(0);
                if !zero || axis.extent.as_constant() != Some(1) {
                    return None;
                }
            }
        }
    }
    (next..map.axes.len()).all(is_unit).then_some(positions)
}

#[cfg(test)]
mod tests;
