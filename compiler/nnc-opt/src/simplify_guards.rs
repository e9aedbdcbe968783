//! Drops conditions that always hold where they are asked.
//!
//! ```text
//! %1 = nest (%0) [i: 6] max f32 [u: 3] where { ((0 <= i + u) and (i + u < 8)) } { %0[i + u] } : f32[6]
//! =>
//! %1 = nest (%0) [i: 6] max f32 [u: 3] { %0[i + u] } : f32[6]
//! ```
//!
//! Index variables lie within their axes and run-time dims within what the graph
//! says of them; what a guard asks holds in the value that it guards. So a window
//! that never leaves its image loses the guard that padding put there.

use crate::fold_constants::fold;
use crate::inline::{Part, Spaces, map_parts, parts};
use crate::pass::on_each_graph;
use crate::space::Space;
use crate::tidy::{nest, tidy_operands};
use crate::{Changed, Pass};
use nnc_graph::{Affine, Binary, Compare, Graph, Module, Nest, NestKind, NodeId, Op, Scalar};
use nnc_shape::Fact;

pub const SIMPLIFY_GUARDS: Pass = Pass {
    name: "simplify-guards",
    about: "drop guards and conditions that index ranges and facts decide",
    rewrite: simplify_guards,
};

fn simplify_guards(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut changed = false;
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in ids {
            let node = graph.node(id);
            let Some(before) = nest(node) else { continue };
            if !has_comparison(before) {
                continue;
            }
            let mut after = simplified(graph, before);
            if after == *before {
                continue;
            }
            let mut operands = node.operands.clone();
            tidy_operands(&mut after, &mut operands);
            let node = graph.node_mut(id);
            node.op = Op::Nest(after);
            node.operands = operands;
            changed = true;
        }
        changed
    })
}

fn has_comparison(nest: &Nest) -> bool {
    let mut found = false;
    for scalar in nest.scalars() {
        scalar.visit(&mut |it| found |= matches!(it, Scalar::Compare(..)));
    }
    found
}

fn simplified(graph: &Graph, nest: &Nest) -> Nest {
    let spaces = Spaces::of(graph, nest);
    let mut guarded = None;
    for (part, scalar) in parts(nest) {
        if part == Part::Guard {
            let mut space = Space::of_points(graph, nest);
            for fact in facts_in(&space, scalar) {
                space.assume(fact);
            }
            guarded = Some(space);
        }
    }
    let mut after = nest.clone();
    map_parts(&mut after, &mut |part, scalar| {
        let space = match (&guarded, part) {
            (Some(guarded), Part::Value) => guarded,
            (_, part) => spaces.at(part),
        };
        decide(space, scalar)
    });
    match &mut after.kind {
        NestKind::Map { .. } => {}
        NestKind::Softmax { guard, .. } => {
            guard.take_if(|guard| *guard == Scalar::Bool(true));
        }
        NestKind::Reduce(reduction) => {
            reduction.guard.take_if(|guard| *guard == Scalar::Bool(true));
        }
    }
    after
}

/// The expression with each comparison of index values replaced by its answer,
/// where there is one for all points.
pub(crate) fn decide(space: &Space, scalar: &Scalar) -> Scalar {
    let folded = scalar.map_children(&mut |child| decide(space, child));
    if let Scalar::Compare(op, left, right) = &folded
        && let (Some(left), Some(right)) = (affine(left), affine(right))
        && let Some(answer) = answer(space, *op, &left, &right)
    {
        return Scalar::Bool(answer);
    }
    fold(folded)
}

fn answer(space: &Space, op: Compare, left: &Affine, right: &Affine) -> Option<bool> {
    let (left, right) = (space.dim(left), space.dim(right));
    let equal = |yes: bool| {
        if space.proves(&Fact::Equal(left.clone(), right.clone())) {
            Some(yes)
        } else if space.proves(&Fact::AtLeast(left.clone(), &right + 1))
            || space.proves(&Fact::AtLeast(right.clone(), &left + 1))
        {
            Some(!yes)
        } else {
            None
        }
    };
    let at_least = |yes: bool| {
        if space.proves(&Fact::AtLeast(left.clone(), right.clone())) {
            Some(yes)
        } else if space.proves(&Fact::AtLeast(right.clone(), &left + 1)) {
            Some(!yes)
        } else {
            None
        }
    };
    let at_most = |yes: bool| {
        if space.proves(&Fact::AtLeast(right.clone(), left.clone())) {
            Some(yes)
        } else if space.proves(&Fact::AtLeast(left.clone(), &right + 1)) {
            Some(!yes)
        } else {
            None
        }
    };
    match op {
        Compare::Eq => equal(true),
        Compare::Ne => equal(false),
        Compare::Ge => at_least(true),
        Compare::Lt => at_least(false),
        Compare::Le => at_most(true),
        Compare::Gt => at_most(false),
    }
}

/// What a guard that holds says of index variables and dims.
pub(crate) fn facts_in(space: &Space, guard: &Scalar) -> Vec<Fact> {
    match guard {
        Scalar::Binary(Binary::And, left, right) => {
            let mut facts = facts_in(space, left);
            facts.extend(facts_in(space, right));
            facts
        }
        Scalar::Compare(op, left, right) => {
            let (Some(left), Some(right)) = (affine(left), affine(right)) else {
                return Vec::new();
            };
            let (left, right) = (space.dim(&left), space.dim(&right));
            match op {
                Compare::Eq => vec![Fact::Equal(left, right)],
                Compare::Ne => Vec::new(),
                Compare::Ge => vec![Fact::AtLeast(left, right)],
                Compare::Gt => vec![Fact::AtLeast(left, right + 1)],
                Compare::Le => vec![Fact::AtLeast(right, left)],
                Compare::Lt => vec![Fact::AtLeast(right, left + 1)],
            }
        }
        _ => Vec::new(),
    }
}

/// An integer that index variables and dims alone decide.
pub(crate) fn affine(scalar: &Scalar) -> Option<Affine> {
    match scalar {
        Scalar::Index { elem, value } if elem.is_int() => Some(value.clone()),
        Scalar::Int { value, .. } => Some(Affine::constant(*value)),
        Scalar::Cast { to, value } if to.is_int() && to.bytes() >= 4 => affine(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
