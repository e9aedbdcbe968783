//! Runs along an axis what is reduced over all up to each place of it.
//!
//! ```text
//! %1 = nest (%0) [i: T, d: 8] sum f32 [j: T] if (i32[j] <= i32[i]) { %0[j, d] } : f32[T, 8]
//! =>
//! %1 = running sum (%0) axis 0 : f32[T, 8]
//! ```
//!
//! So it takes as many steps as the axis is long and not their square. The guard is found
//! wherever it compares a reduced index with one of the result by `<`, `<=`, `>` or `>=`, on
//! neither of which anything else of the reduction depends: what else it asks, and what else it
//! reduces over, is done first for each place. What stays equal, up to rounding: the sum of the
//! same addends, in the order of their places.

use crate::compose::{rename_vars, replace_acc};
use crate::conditions::{conditions, mentions, partly_reduced};
use crate::pass::on_each_graph;
use crate::simplify_guards::affine;
use crate::tidy::{nest, sort, tidy_operands};
use crate::{Changed, Pass};
use nnc_graph::{
    Affine, Compare, Graph, Index, Module, Nest, NestKind, NodeId, Op, ReduceOp, Reduction,
    Running, Scalar, TensorType, Value, Var,
};
use nnc_shape::Dim;

pub const FIND_PREFIXES: Pass = Pass {
    name: "find-prefixes",
    about: "run along an axis what is reduced over all up to each place",
    rewrite: find_prefixes,
};

fn find_prefixes(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        let mut changed = false;
        for id in ids {
            let Some(before) = nest(graph.node(id)) else { continue };
            let Some(found) = prefix(before) else { continue };
            apply(graph, id, &before.clone(), found);
            changed = true;
        }
        if changed {
            sort(graph);
        }
        changed
    })
}

/// A reduction over a prefix, or what is behind it, of a result's axis.
struct Prefix {
    reduction: Reduction,
    /// The reduced variable and the one of the result that bounds it.
    reduced: Var,
    bound: Var,
    backwards: bool,
    exclusive: bool,
    /// What else must hold.
    others: Vec<Scalar>,
}

fn prefix(nest: &Nest) -> Option<Prefix> {
    let NestKind::Reduce(reduction) = &nest.kind else { return None };
    match reduction.op {
        ReduceOp::First | ReduceOp::ArgMax | ReduceOp::ArgMin => return None,
        ReduceOp::Sum
        | ReduceOp::Product
        | ReduceOp::Max
        | ReduceOp::Min
        | ReduceOp::Any
        | ReduceOp::All => {}
    }
    let all = conditions(reduction.guard.as_ref());
    all.iter().enumerate().find_map(|(at, condition)| {
        let Bound { reduced, bound, backwards, exclusive } = bound_in(nest, condition)?;
        let mut others = all.clone();
        others.remove(at);
        let alone = others.iter().chain([&reduction.value]).all(|it| !mentions(it, bound));
        alone.then(|| Prefix {
            reduction: reduction.clone(),
            reduced,
            bound,
            backwards,
            exclusive,
            others,
        })
    })
}

struct Bound {
    reduced: Var,
    bound: Var,
    backwards: bool,
    exclusive: bool,
}

/// Sees a bound in `j <= i`, `j < i`, `i - 1 >= j` and the like.
fn bound_in(nest: &Nest, condition: &Scalar) -> Option<Bound> {
    let Scalar::Compare(op, left, right) = condition else { return None };
    let (left, right) = (affine(left)?, affine(right)?);
    let difference = left.plus(&right.times(&Dim::constant(-1)));
    let results = nest.axes.len() as u32;
    let [(bound, its), (reduced, other)] = difference.terms.as_slice() else { return None };
    let (its, other) = (its.as_constant()?, other.as_constant()?);
    let fits = bound.0 < results
        && reduced.0 >= results
        && its == -other
        && other.abs() == 1
        && nest.axis(*bound)?.extent == nest.axis(*reduced)?.extent;
    if !fits {
        return None;
    }
    // As `reduced - bound + offset` against 0, and then with `<=` or `>=` alone.
    let offset = difference.offset.as_constant()? * other;
    let (backwards, offset) = match (op, other) {
        (Compare::Le, 1) | (Compare::Ge, -1) => (false, offset),
        (Compare::Lt, 1) | (Compare::Gt, -1) => (false, offset + 1),
        (Compare::Ge, 1) | (Compare::Le, -1) => (true, offset),
        (Compare::Gt, 1) | (Compare::Lt, -1) => (true, offset - 1),
        _ => return None,
    };
    let exclusive = match offset * if backwards { -1 } else { 1 } {
        0 => false,
        1 => true,
        _ => return None,
    };
    Some(Bound { reduced: *reduced, bound: *bound, backwards, exclusive })
}

/// What is reduced goes into a nest of its own, whose result runs; the node becomes the finish.
fn apply(graph: &mut Graph, id: NodeId, before: &Nest, found: Prefix) {
    let Prefix { reduction, reduced, bound, backwards, exclusive, others } = found;
    let results = before.axes.len() as u32;
    let at = (reduced.0 - results) as usize;
    let var = |var: Var| match var.0 {
        it if it == reduced.0 => Affine::var(bound),
        it if it > reduced.0 => Affine::var(Var(it - 1)),
        _ => Affine::var(var),
    };
    let mut axes = before.axes.clone();
    let mut left = reduction.axes.clone();
    axes[bound.0 as usize] = left.remove(at);
    let mut each = partly_reduced(
        &reduction,
        axes,
        vec![1; before.axes.len()],
        left,
        others.iter().map(|it| rename_vars(it, &var)).collect(),
        rename_vars(&reduction.value, &var),
    );
    let node = graph.node(id);
    let (span, mut operands) = (node.span, node.operands.clone());
    let mut finished = before.clone();
    let mut finished_operands = operands.clone();
    tidy_operands(&mut each, &mut operands);
    let ty = TensorType::new(each.elem, each.shape());
    let each = graph.add(Op::Nest(each), operands, ty.clone(), span);
    let running = Running { op: reduction.op, axis: bound.0, backwards, exclusive };
    let running: Value = graph.add(Op::Running(running), vec![each], ty, span);
    let here = (0..results).map(|at| Index::var(Var(at))).collect();
    let read = Scalar::read(finished_operands.len() as u32, here);
    finished_operands.push(running);
    finished.kind = NestKind::Map { value: replace_acc(&reduction.finish, &read) };
    tidy_operands(&mut finished, &mut finished_operands);
    let node = graph.node_mut(id);
    node.op = Op::Nest(finished);
    node.operands = finished_operands;
}

#[cfg(test)]
mod tests;
