//! Makes one contraction of two that read one input and are added up.
//!
//! ```text
//! %3 = nest (%0, %1) [n: 5, i: 9] sum f32 [c: 4, u: 3] if (…) { (%0[c, i + u - 1] * %1[n, c, u]) } : f32[5, 9]
//! %4 = nest (%0, %2, %3) [n: 5, i: 9] sum f32 [c: 4] { (%0[c, i] * %2[n, c]) } finish { (acc + %3[n, i]) } : f32[5, 9]
//! =>
//! %5 = nest (%1, %2) [w0: 5, w1: 4, w2: 3] { (%1[w0, w1, w2] + (if w2 == 1 { %2[w0, w1] } else { 0 })) } : f32[5, 4, 3]
//! %4 = nest (%0, %5) [n: 5, i: 9] sum f32 [c: 4, u: 3] if (…) { (%0[c, i + u - 1] * %5[n, c, u]) } : f32[5, 9]
//! ```
//!
//! What stays equal, up to rounding: `Σ x[p(r)] * w[r] + Σ x[p(s)] * v[s]` is the sum over `r`
//! of `x[p(r)] * (w[r] + v[s])` where each `s` reads what some `r` reads, under the same guard.
//! A term `x[p] * v` without a sum is one of a single point. So the branches of a
//! re-parameterised block, such as those of RepVGG (Ding et al., 2021, section 3.3), become one
//! convolution: a window in a larger one, and the identity. The weights must be parameters that
//! nothing else reads.

mod fit;
mod terms;

use crate::compose::replace_reads;
use crate::inline::reads_of;
use crate::pass::on_each_graph;
use crate::tidy::{nest, sort};
use crate::weights::{Weighted, Weights};
use crate::{Changed, Pass};
use fit::{Part, fitted};
use nnc_base::Name;
use nnc_graph::{
    Axis, Binary, Graph, Index, Module, Nest, NestKind, NodeId, Reduction, Scalar, Value, Var,
};
use terms::{Terms, linear_in, replaced, sums};

pub const MERGE_SUMS: Pass = Pass {
    name: "merge-sums",
    about: "make one contraction of those of one input that are added up",
    rewrite: merge_sums,
};

fn merge_sums(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut weights = Weights::of(graph);
        let mut changed = false;
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in ids {
            while merge(&mut weights, graph, id).is_some() {
                changed = true;
            }
        }
        if changed {
            sort(graph);
        }
        changed
    })
}

/// A contraction with operands in the numbering of the one that others are merged into.
#[derive(Clone)]
struct Sum {
    reduction: Reduction,
    weighted: Weighted,
}

/// A contraction that others are merged into.
struct Target<'a> {
    weights: &'a Weights,
    graph: &'a Graph,
    nest: &'a Nest,
    operands: &'a [Value],
    sum: Sum,
    /// What its result is added to.
    terms: Terms,
}

/// What a merge leaves: the contraction with its weight as it was, what is added to the
/// weight, over its axes, and the operands that all of them name.
struct Merged {
    sum: Sum,
    added: Scalar,
    finish: Scalar,
    operands: Vec<Value>,
}

/// Merges one term of what is added to a contraction's result into the contraction.
fn merge(weights: &mut Weights, graph: &mut Graph, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let nest = nest(node)?;
    let NestKind::Reduce(reduction) = &nest.kind else { return None };
    let weighted = weights.weighted(graph, id)?;
    let terms = sums(&reduction.finish)?;
    let sum = Sum { reduction: reduction.clone(), weighted };
    let target = Target { weights, graph, nest, operands: &node.operands, sum, terms };
    let merged = (0..target.terms.len())
        .find_map(|at| target.contraction(at).or_else(|| target.point(at)))?;
    let nest = nest.clone();
    apply(weights, graph, id, nest, merged);
    Some(())
}

impl Target<'_> {
    /// With a term that is the result of another contraction of the same input.
    fn contraction(&self, at: usize) -> Option<Merged> {
        let own = &self.sum;
        let (true, Scalar::Read { operand, at: places }) = &self.terms[at] else { return None };
        let value = self.operands[*operand as usize];
        let other = nest(self.graph.node(value.node))?;
        let NestKind::Reduce(theirs) = &other.kind else { return None };
        let identity = |(axis, place): (usize, &Index)| *place == Index::var(Var(axis as u32));
        let extents =
            |nest: &Nest| nest.axes.iter().map(|it| it.extent.clone()).collect::<Vec<_>>();
        let fits = places.len() == self.nest.axes.len()
            && places.iter().enumerate().all(identity)
            && other.is_ungrouped()
            && extents(other) == extents(self.nest)
            && other.elem == theirs.accumulator
            && theirs.accumulator == own.reduction.accumulator
            && self.weights.uses.is_single(value)
            && reads_of(self.nest, *operand).len() == self.terms.occurrences;
        if !fits {
            return None;
        }
        let weighted = self.weights.weighted(self.graph, value.node)?;
        let their_operands = &self.graph.node(value.node).operands;
        let input = self.operands[own.weighted.input as usize];
        if input != their_operands[weighted.input as usize] {
            return None;
        }
        // One numbering for the operands of both.
        let first = self.operands.len() as u32;
        let operands = [self.operands, their_operands].concat();
        let moved = |scalar: &Scalar| {
            replace_reads(scalar, &|operand, at| Scalar::Read { operand: operand + first, at })
        };
        let theirs = Sum {
            reduction: Reduction {
                op: theirs.op,
                axes: theirs.axes.clone(),
                guard: theirs.guard.as_ref().map(moved),
                value: moved(&theirs.value),
                accumulator: theirs.accumulator,
                finish: moved(&theirs.finish),
            },
            weighted: Weighted {
                weight: weighted.weight + first,
                input: weighted.input + first,
                ..weighted
            },
        };
        // Their result is a sum in which the reduced value stands once, or it is no term here.
        let rest = terms::beside_acc(&theirs.reduction.finish)?;
        let finish = replaced(&own.reduction.finish, at, &rest);
        let (sum, added) =
            [(own, &theirs), (&theirs, own)].into_iter().find_map(|(sum, part)| {
                let part = Part::of(self.graph, &operands, part);
                Some((sum.clone(), fitted(self.graph, self.nest, &operands, sum, &part)?))
            })?;
        Some(Merged { sum, added, finish, operands })
    }

    /// With a term that is a parameter times what the contraction reads at one of its points.
    fn point(&self, at: usize) -> Option<Merged> {
        let (positive, term) = &self.terms[at];
        let known = |it: &Scalar| self.weights.decides(self.operands, it);
        let linear = linear_in(term, self.sum.weighted.input, &known)?;
        let one = Scalar::Float { elem: self.sum.reduction.accumulator, value: 1.0 };
        let factor = linear.factor.unwrap_or(one);
        let part = Part {
            axes: Vec::new(),
            guard: None,
            input_at: linear.at,
            weight: if *positive { factor } else { terms::negated(factor) },
        };
        let added = fitted(self.graph, self.nest, self.operands, &self.sum, &part)?;
        let rest: Vec<(bool, Scalar)> =
            linear.offset.into_iter().map(|offset| (*positive, offset)).collect();
        let finish = replaced(&self.sum.reduction.finish, at, &rest);
        Some(Merged { sum: self.sum.clone(), added, finish, operands: self.operands.to_vec() })
    }
}

fn apply(weights: &mut Weights, graph: &mut Graph, id: NodeId, mut nest: Nest, merged: Merged) {
    let Merged { sum, added, finish, mut operands } = merged;
    let weight = sum.weighted.weight as usize;
    let ty = graph.ty(operands[weight]).clone();
    let axis = |(at, extent): (usize, &nnc_shape::Dim)| Axis {
        name: Name::new(&format!("w{at}")),
        extent: extent.clone(),
    };
    let here = (0..ty.rank() as u32).map(|at| Index::var(Var(at))).collect();
    let read = Scalar::read(weight as u32, here);
    let both = Nest {
        axes: ty.shape.iter().enumerate().map(axis).collect(),
        groups: vec![1; ty.rank()],
        elem: ty.elem,
        kind: NestKind::Map { value: Scalar::binary(Binary::Add, read, added) },
    };
    operands[weight] = weights.add(graph, both, operands.clone(), id);
    nest.kind = NestKind::Reduce(Reduction { finish, ..sum.reduction });
    weights.set(graph, id, Some(nest), operands);
}

#[cfg(test)]
mod tests;
