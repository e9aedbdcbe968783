//! How one type differs from another, as data and not as a message.

use nnc_hir::{Axis, AxisSize, Program, TensorType, Type};
use nnc_shape::{Answer, Dim, Fact};

use crate::cx::Scope;
use crate::dims::follows;

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
    /// A size that is not the same for all sizes that are possible.
    Size {
        axis: usize,
        first: Dim,
        second: Dim,
        answer: Answer,
    },
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
            Difference::Size { axis, first, second, .. } => {
                write!(f, "axis {axis} is {first} and {second}")
            }
        }
    }
}

/// All in which two types differ, where a scope's facts hold.
///
/// What is found of one size is taken as given for the next, so that one condition that
/// makes several sizes equal is told once; `known` is `scope` with these conditions.
pub(super) struct Comparison {
    pub(super) differences: Vec<Difference>,
    /// What makes the sizes equal that are not so everywhere; none if nothing simple does.
    pub(super) guards: Option<Vec<Fact>>,
    /// Whether sizes are equal only where the guards hold.
    pub(super) exactly: bool,
    pub(super) known: Scope,
}

pub(super) fn compare(program: &Program, scope: &Scope, first: &Type, second: &Type) -> Comparison {
    let mut comparison = Comparison {
        differences: Vec::new(),
        guards: Some(Vec::new()),
        exactly: true,
        known: scope.clone(),
    };
    comparison.types(program, first, second);
    comparison
}

impl Comparison {
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
            (Type::Dim(a), Type::Dim(b)) => self.sizes(0, a, b),
            (first, second) if first == second => {}
            _ => {
                let (first, second) = shown();
                self.differences.push(Difference::Form(first, second));
                self.guards = None;
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
            self.sizes(axis, &a.extent(), &b.extent());
        }
        let meanings = (&first.elem.meaning, &second.elem.meaning);
        let mut same = first.elem.base == second.elem.base;
        match meanings {
            (Some(a), Some(b)) if a.id == b.id && a.args.len() == b.args.len() => {
                a.args.iter().zip(&b.args).for_each(|(a, b)| self.sizes(first.axes.len(), a, b));
            }
            (None, None) => {}
            _ => same = false,
        }
        if !same {
            let shown = |ty: &TensorType| program.show(&ty.elem).to_string();
            self.differences.push(Difference::Element(shown(first), shown(second)));
        }
    }

    fn sizes(&mut self, axis: usize, first: &Dim, second: &Dim) {
        let facts = &self.known.facts;
        let answer = facts.equal(first, second);
        match &answer {
            Answer::Proven => return,
            Answer::Unproven { guard: Some(guard), .. } => {
                let equal = Fact::Equal(first.clone(), second.clone());
                self.exactly &= follows(facts, &equal, guard);
                self.known.facts.assume(guard.clone());
                self.guards.iter_mut().for_each(|it| it.push(guard.clone()));
            }
            Answer::Refuted(_) | Answer::Unproven { guard: None, .. } => self.guards = None,
        }
        let (first, second) = (first.clone(), second.clone());
        self.differences.push(Difference::Size { axis, first, second, answer });
    }
}

fn kind(axis: &Axis) -> String {
    axis.kind.map_or_else(|| "of any kind".to_owned(), |kind| format!("`{kind}`"))
}

fn rate(axis: &Axis) -> String {
    axis.rate.map_or_else(|| "any rate".to_owned(), |rate| rate.to_string())
}
