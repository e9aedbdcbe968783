//! How one type differs from another, as data and not as a message.

use std::collections::BTreeSet;

use nnc_base::Name;
use nnc_hir::{Axis, AxisSize, Program, TensorType, Type};
use nnc_shape::Dim;

use super::parts::{Part, parts};
use crate::cx::Scope;

/// One difference between two types; each holds what the first and the second have.
#[derive(Clone, PartialEq, Debug)]
pub enum Difference {
    /// They are no tensors with equally many axes.
    Form(String, String),
    Kind {
        axis: usize,
        first: String,
        second: String,
    },
    Rate {
        axis: usize,
        first: String,
        second: String,
    },
    /// How elements are stored, or what they mean.
    Element(String, String),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Difference::Form(first, second) => write!(f, "{first} and {second}"),
            Difference::Kind { axis, first, second } => {
                write!(f, "axis {axis} is {first} and {second}")
            }
            Difference::Rate { axis, first, second } => {
                write!(f, "axis {axis} has {first} and {second}")
            }
            Difference::Element(first, second) => write!(f, "elements are {first} and {second}"),
        }
    }
}

/// All in which two types differ, where a scope's facts hold.
pub(super) struct Comparison {
    /// All but those of sizes.
    pub(super) differences: Vec<Difference>,
    /// The sizes that are not the same everywhere.
    pub(super) parts: Vec<Part>,
}

/// An axis of both, and its size in each.
pub(super) type Pair = (usize, Dim, Dim);

/// `own` are the sizes that are given with layers, of which a condition may name one.
pub(super) fn compare(
    program: &Program,
    scope: &Scope,
    own: &BTreeSet<Name>,
    first: &Type,
    second: &Type,
) -> Comparison {
    let mut walk = Walk { differences: Vec::new(), pairs: Vec::new() };
    walk.types(program, first, second);
    Comparison { differences: walk.differences, parts: parts(&scope.facts, own, walk.pairs) }
}

/// What is different in form, without sizes, and so needs no facts.
pub(super) fn forms(program: &Program, first: &Type, second: &Type) -> Vec<Difference> {
    let mut walk = Walk { differences: Vec::new(), pairs: Vec::new() };
    walk.types(program, first, second);
    walk.differences
}

struct Walk {
    differences: Vec<Difference>,
    pairs: Vec<Pair>,
}

impl Walk {
    fn types(&mut self, program: &Program, first: &Type, second: &Type) {
        let shown = || (program.show(first).to_string(), program.show(second).to_string());
        match (first, second) {
            (Type::Tensor(a), Type::Tensor(b))
                if a.pack == b.pack && a.axes.len() == b.axes.len() =>
            {
                self.tensors(program, a, b);
            }
            (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
                a.iter().zip(b).for_each(|(a, b)| self.types(program, a, b));
            }
            (Type::Dim(a), Type::Dim(b)) => self.pairs.push((0, a.clone(), b.clone())),
            (first, second) if first == second => {}
            _ => {
                let (first, second) = shown();
                self.differences.push(Difference::Form(first, second));
            }
        }
    }

    fn tensors(&mut self, program: &Program, first: &TensorType, second: &TensorType) {
        for (axis, (a, b)) in first.axes.iter().zip(&second.axes).enumerate() {
            if a.kind != b.kind {
                let (first, second) = (kind(a), kind(b));
                self.differences.push(Difference::Kind { axis, first, second });
            }
            if a.rate != b.rate {
                let (first, second) = (rate(a), rate(b));
                self.differences.push(Difference::Rate { axis, first, second });
            }
            if matches!(a.size, AxisSize::Broadcast) != matches!(b.size, AxisSize::Broadcast) {
                let (first, second) = (a.to_string(), b.to_string());
                self.differences.push(Difference::Form(first, second));
            }
            self.pairs.push((axis, a.extent(), b.extent()));
        }
        let meanings = (&first.elem.meaning, &second.elem.meaning);
        let mut same = first.elem.base == second.elem.base;
        match meanings {
            (Some(a), Some(b)) if a.id == b.id && a.args.len() == b.args.len() => {
                let args = a.args.iter().zip(&b.args);
                self.pairs.extend(args.map(|(a, b)| (first.axes.len(), a.clone(), b.clone())));
            }
            (None, None) => {}
            _ => same = false,
        }
        if !same {
            let shown = |ty: &TensorType| program.show(&ty.elem).to_string();
            self.differences.push(Difference::Element(shown(first), shown(second)));
        }
    }
}

fn kind(axis: &Axis) -> String {
    axis.kind.map_or_else(|| "of any kind".to_owned(), |kind| format!("`{kind}`"))
}

fn rate(axis: &Axis) -> String {
    axis.rate.map_or_else(|| "any rate".to_owned(), |rate| rate.to_string())
}
