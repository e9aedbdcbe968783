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
struct Sum {
    reduction: Reduction,
    weighted: Weighted,
}

/// Merges one term of what is added to a contraction's result into the contraction.
fn merge(weights: &mut Weights, graph: &mut Graph, id: NodeId) -> Option<()> {
    let node = graph.node(id);
    let into = nest(node)?;
    let NestKind::Reduce(reduction) = &into.kind else { return None };
    let weighted = weights.weighted(graph, id)?;
    let terms = sums(&reduction.finish)?;
    let own = Sum { reduction: reduction.clone(), weighted };
    let nest = into.clone();
    let operands = node.operands.clone();
    let found = (0..terms.len()).find_map(|at| {
        let read = contraction(weights, graph, &nest, &operands, &own, &terms, at);
        read.or_else(|| point(weights, graph, &nest, &operands, &own, &terms, at))
    })?;
    apply(weights, graph, id, nest, found);
    Some(())
}

/// What a merge leaves: the contraction with its weight as it was, what is added to the
/// weight, over its axes, and the operands that all of them name.
struct Merged {
    sum: Sum,
    added: Scalar,
    finish: Scalar,
    operands: Vec<Value>,
}

/// A term that is the result of another contraction of the same input.
fn contraction(
    weights: &Weights,
    graph: &Graph,
    into: &Nest,
    operands: &[Value],
    own: &Sum,
    terms: &Terms,
    at: usize,
) -> Option<Merged> {
    let (true, Scalar::Read { operand, at: places }) = &terms[at] else { return None };
    let value = operands[*operand as usize];
    let other = nest(graph.node(value.node))?;
    let identity = |(axis, place): (usize, &Index)| *place == Index::var(Var(axis as u32));
    let extents = |nest: &Nest| nest.axes.iter().map(|it| it.extent.clone()).collect::<Vec<_>>();
    let fits = places.len() == into.axes.len()
        && places.iter().enumerate().all(identity)
        && other.is_ungrouped()
        && extents(other) == extents(into)
        && weights.uses.is_single(value);
    let NestKind::Reduce(theirs) = &other.kind else { return None };
    let count = reads_of(into, *operand).len();
    let same_type =
        theirs.accumulator == own.reduction.accumulator && other.elem == theirs.accumulator;
    if !fits || !same_type || count != terms.occurrences {
        return None;
    }
    let theirs_weighted = weights.weighted(graph, value.node)?;
    let their_operands = &graph.node(value.node).operands;
    if operands[own.weighted.input as usize] != their_operands[theirs_weighted.input as usize] {
        return None;
    }
    // One numbering for the operands of both.
    let first = operands.len() as u32;
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
            weight: theirs_weighted.weight + first,
            input: theirs_weighted.input + first,
            ..theirs_weighted
        },
    };
    let operands = [operands, their_operands].concat();
    // Their result is a sum in which the reduced value stands once, or it is no term here.
    let rest = terms::beside_acc(&theirs.reduction.finish)?;
    let finish = replaced(&own.reduction.finish, at, &rest);
    let (larger, smaller) =
        [(own, &theirs), (&theirs, own)].into_iter().find_map(|(large, small)| {
            Some((
                large,
                fitted(graph, into, &operands, large, &Part::of(graph, &operands, small))?,
            ))
        })?;
    let sum = Sum { reduction: larger.reduction.clone(), weighted: larger.weighted.clone() };
    Some(Merged { sum, added: smaller, finish, operands })
}

/// A term that is a parameter times what the contraction reads at one of its points.
fn point(
    weights: &Weights,
    graph: &Graph,
    into: &Nest,
    operands: &[Value],
    own: &Sum,
    terms: &Terms,
    at: usize,
) -> Option<Merged> {
    let (positive, term) = &terms[at];
    let known = |it: &Scalar| weights.decides(operands, it);
    let linear = linear_in(term, own.weighted.input, &known)?;
    let sign = |it: Scalar| if *positive { it } else { terms::negated(it) };
    let rest: Vec<(bool, Scalar)> =
        linear.offset.into_iter().map(|offset| (*positive, offset)).collect();
    let part = Part {
        axes: Vec::new(),
        guard: None,
        input_at: linear.at,
        weight: sign(
            linear.factor.unwrap_or(Scalar::Float { elem: own.reduction.accumulator, value: 1.0 }),
        ),
    };
    let added = fitted(graph, into, operands, own, &part)?;
    let finish = replaced(&own.reduction.finish, at, &rest);
    let sum = Sum { reduction: own.reduction.clone(), weighted: own.weighted.clone() };
    Some(Merged { sum, added, finish, operands: operands.to_vec() })
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
