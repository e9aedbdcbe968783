//! Computes before a view what a map computes behind it.
//!
//! ```text
//! %2 = nest [t: T, o: 64] sum [k: 32] { %0[t, k] * %1[o, k] } : f32[T, 64]
//! %3 = nest [h: 4, t: T, d: 16] { %2[t, 16*h + d] * 0.25 } : f32[4, T, 16]
//! =>
//! %2 = nest [t: T, o: 64] sum [k: 32] { %0[t, k] * %1[o, k] } finish { acc * 0.25 } : f32[T, 64]
//! %3 = nest [h: 4, t: T, d: 16] { %2[t, 16*h + d] } : f32[4, T, 16]
//! ```
//!
//! What is left is a view, through which its readers read. The reduction must have no
//! other reader, as many elements as the map, and be read at one place; the map must
//! compute the same at every place.

use crate::compose::{replace_acc, replace_reads};
use crate::pass::on_each_graph;
use crate::tidy::nest;
use crate::uses::Uses;
use crate::{Changed, Pass};
use nnc_graph::{Graph, Index, Module, NestKind, NodeId, Op, Scalar};

pub const MOVE_BEFORE_VIEWS: Pass = Pass {
    name: "move-before-views",
    about: "compute before a view what is computed behind it",
    rewrite: move_before_views,
};

fn move_before_views(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut changed = false;
        let uses = Uses::of(graph);
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in ids {
            changed |= moved(graph, &uses, id);
        }
        changed
    })
}

fn moved(graph: &mut Graph, uses: &Uses, id: NodeId) -> bool {
    let node = graph.node(id);
    let ([source], Some(map)) = (node.operands.as_slice(), nest(node)) else { return false };
    let (source, NestKind::Map { value }) = (*source, &map.kind) else { return false };
    let Some(place) = only_place(value) else { return false };
    let producer = graph.node(source.node);
    let is_reduction = nest(producer).is_some_and(|it| matches!(it.kind, NestKind::Reduce(_)));
    // The map's own point is for fusion, which needs no view.
    let is_view = map.axes.len() != place.len()
        || place.iter().enumerate().any(|(axis, index)| {
            index.as_affine().and_then(|it| it.as_var()).is_none_or(|it| it.0 as usize != axis)
        });
    if !is_reduction
        || !is_view
        || matches!(value, Scalar::Read { .. })
        || !uses.is_single(source)
        || graph.ty(source).size() != node.types[0].size()
    {
        return false;
    }
    let around = replace_reads(value, &|_, _| Scalar::Acc);
    let elem = map.elem;
    let Op::Nest(producer) = &mut graph.node_mut(source.node).op else { return false };
    let NestKind::Reduce(reduction) = &mut producer.kind else { return false };
    reduction.finish = replace_acc(&around, &reduction.finish);
    producer.elem = elem;
    graph.node_mut(source.node).types[0].elem = elem;
    if let Op::Nest(map) = &mut graph.node_mut(id).op {
        map.kind = NestKind::Map { value: Scalar::Read { operand: 0, at: place } };
    }
    true
}

/// Where a map reads its operand, if that is one place that does not come from data,
/// and the rest of the map does not depend on the point.
fn only_place(value: &Scalar) -> Option<Vec<Index>> {
    let mut place: Option<&Vec<Index>> = None;
    let mut only = true;
    value.visit(&mut |it| match it {
        Scalar::Read { at, .. } => {
            only &= place.is_none_or(|known| known == at);
            only &= at.iter().all(|index| index.as_affine().is_some());
            place = Some(at);
        }
        Scalar::Index { .. } | Scalar::Acc => only = false,
        Scalar::Float { .. }
        | Scalar::Int { .. }
        | Scalar::Bool(_)
        | Scalar::Unary(..)
        | Scalar::Binary(..)
        | Scalar::Compare(..)
        | Scalar::Select { .. }
        | Scalar::Cast { .. } => {}
    });
    place.filter(|_| only).cloned()
}

#[cfg(test)]
mod tests;
