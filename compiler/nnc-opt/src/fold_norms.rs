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

use crate::cost::product_of_reads;
use crate::hoist_params::known_before;
use crate::inline::reads_of;
use crate::pass::on_each_graph;
use crate::tidy::{nest, sort, tidy_operands};
use crate::uses::Uses;
use crate::{Changed, Pass};
use nnc_base::Name;
use nnc_graph::{
    Axis, Binary, Graph, Index, Module, Nest, NestKind, Node, NodeId, Op, Scalar, TensorType,
    Value, Var,
};
use std::collections::BTreeMap;

pub const FOLD_NORMS: Pass = Pass {
    name: "fold-norms",
    about: "move scales and offsets of norms into the weights beside them",
    rewrite: fold_norms,
};

fn fold_norms(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut cx = Cx { uses: Uses::of(graph), known: known_before(graph) };
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

/// What both folds ask of a graph, kept up to date as they add nodes at its end.
struct Cx {
    uses: Uses,
    known: BTreeMap<NodeId, bool>,
}

/// A sum of products with a weight that may be changed.
struct Weighted {
    /// The operand that is the weight, and where it is read.
    weight: u32,
    at: Vec<Index>,
    /// The other factor.
    input: u32,
    input_at: Vec<Index>,
}

impl Cx {
    /// Sees a sum of products with a factor that is known before the program runs,
    /// is read here alone, and has the accumulator's type.
    fn weighted(&self, graph: &Graph, id: NodeId) -> Option<Weighted> {
        let node = graph.node(id);
        let nest = nest(node)?;
        let NestKind::Reduce(reduction) = &nest.kind else { return None };
        let [a, b] = product_of_reads(nest)?;
        let ((weight, at), (input, input_at)) =
            [(a, b), (b, a)].into_iter().find(|((weight, _), _)| {
                let value = node.operands[*weight as usize];
                self.known.get(&value.node) == Some(&true)
                    && graph.ty(value).elem == reduction.accumulator
                    && self.uses.is_single(value)
                    && reads_of(nest, *weight).len() == 1
            })?;
        let (at, input_at) = (at.to_vec(), input_at.to_vec());
        Some(Weighted { weight, at, input, input_at })
    }

    /// Whether an expression reads something, and only what is known before.
    fn decides(&self, operands: &[Value], scalar: &Scalar) -> bool {
        let (mut reads, mut known) = (false, true);
        scalar.visit(&mut |it| match it {
            Scalar::Read { operand, at } => {
                reads = true;
                known &= self.known.contains_key(&operands[*operand as usize].node)
                    && at.iter().all(|it| matches!(it, Index::Affine(_)));
            }
            Scalar::Acc | Scalar::Index { .. } => known = false,
            _ => {}
        });
        reads && known
    }

    /// Adds a node that is made from parameters.
    fn add(
        &mut self,
        graph: &mut Graph,
        mut nest: Nest,
        mut operands: Vec<Value>,
        of: NodeId,
    ) -> Value {
        tidy_operands(&mut nest, &mut operands);
        let ty = TensorType::new(nest.elem, nest.shape());
        let span = graph.node(of).span;
        let value = graph.add(Op::Nest(nest), operands.clone(), ty, span);
        self.known.insert(value.node, true);
        self.uses.replace(value.node, &[], &operands);
        value
    }

    /// Puts the weight times `scale`, whose reads name `operands` and whose index
    /// variables are the weight's axes, in place of a contraction's weight.
    fn reweight(
        &mut self,
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
        let scaled = self.add(graph, scaled, operands, id);
        let mut after = graph.node(id).operands.clone();
        after[weight as usize] = scaled;
        self.set(graph, id, None, after);
    }

    /// Gives a node other operands and, if there is one, another nest.
    fn set(&mut self, graph: &mut Graph, id: NodeId, nest: Option<Nest>, mut operands: Vec<Value>) {
        let node: &mut Node = graph.node_mut(id);
        if let Some(nest) = nest {
            node.op = Op::Nest(nest);
        }
        if let Op::Nest(nest) = &mut node.op {
            tidy_operands(nest, &mut operands);
        }
        self.uses.replace(id, &node.operands, &operands);
        node.operands = operands;
    }
}

#[cfg(test)]
mod tests;
