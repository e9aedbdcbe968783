//! Moves scales and offsets that are parameters into the weights of a contraction.
//!
//! ```text
//! %3 = nest (%0, %1, %2) [m: T, n: 64] sum f32 [k: 32] { (%0[m, k] * %1[n, k]) }
//!      finish { ((acc * %2[n]) + %4[n]) } : f32[T, 64]
//! =>
//! %5 = nest (%1, %2) [n: 64, k: 32] { (%1[n, k] * %2[n]) } : f32[64, 32]
//! %3 = nest (%0, %5) [m: T, n: 64] sum f32 [k: 32] { (%0[m, k] * %5[n, k]) }
//!      finish { (acc + %4[n]) } : f32[T, 64]
//! ```
//!
//! What stays equal, up to rounding:
//!
//! - after a contraction, `s[n] * Σ x[m, k] * w[n, k] = Σ x[m, k] * (s[n] * w[n, k])`,
//!   which is a batch norm at inference;
//! - before one, `Σ (x[m, k] * g[k] + b[k]) * w[n, k] = Σ x[m, k] * (g[k] * w[n, k]) +
//!   Σ b[k] * w[n, k]`, which are the scale and offset of a layer norm; all readers of
//!   the norm must be such contractions.
//!
//! Norms are seen by this structure alone. The weights must be parameters that
//! nothing else reads, kept in the type in which sums are accumulated, so that no
//! rounding to a narrower type is added.

mod after;
mod before;

use crate::pass::on_each_graph;
use crate::tidy::sort;
use crate::weights::Weights;
use crate::{Changed, Pass};
use nnc_base::Name;
use nnc_graph::{Axis, Binary, Graph, Index, Module, Nest, NestKind, NodeId, Scalar, Value, Var};

pub const FOLD_NORMS: Pass = Pass {
    name: "fold-norms",
    about: "move scales and offsets of norms into the weights beside them",
    rewrite: fold_norms,
};

fn fold_norms(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut cx = Weights::of(graph);
        let mut changed = false;
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in ids {
            changed |= after::fold(&mut cx, graph, id) | before::fold(&mut cx, graph, id);
        }
        if changed {
            sort(graph);
        }
        changed
    })
}

/// Puts the weight times `scale`, whose reads name `operands` and whose index
/// variables are the weight's axes, in place of a contraction's weight.
fn reweight(
    cx: &mut Weights,
    graph: &mut Graph,
    id: NodeId,
    weight: u32,
    scale: Scalar,
    mut operands: Vec<Value>,
) {
    let value = graph.node(id).operands[weight as usize];
    let ty = graph.ty(value).clone();
    let axis = |(at, extent): (usize, &nnc_shape::Dim)| Axis {
        name: Name::new(&format!("w{at}")),
        extent: extent.clone(),
    };
    let here = (0..ty.rank() as u32).map(|at| Index::var(Var(at))).collect();
    let read = Scalar::read(operands.len() as u32, here);
    operands.push(value);
    let scaled = Nest {
        axes: ty.shape.iter().enumerate().map(axis).collect(),
        groups: vec![1; ty.rank()],
        elem: ty.elem,
        kind: NestKind::Map { value: Scalar::binary(Binary::Mul, read, scale) },
    };
    let scaled = cx.add(graph, scaled, operands, id);
    let mut after = graph.node(id).operands.clone();
    after[weight as usize] = scaled;
    cx.set(graph, id, None, after);
}

#[cfg(test)]
mod tests;
