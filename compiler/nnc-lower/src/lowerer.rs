//! What all of lowering shares.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use nnc_base::{Diagnostic, Name, Span};
use nnc_graph::{Elem, Module, Scalar, TensorType, Var};
use nnc_hir::{CompareOp, LayerId, Program};
use nnc_shape::Dim;

use crate::building::{Building, Home, Source};
use crate::closure::Closing;
use crate::errors;
use crate::rewrite::rank::Factor;
use crate::rewrite::{Rewrites, Stage};
use crate::trace::Tracing;
use crate::uses::Uses;

/// Lowering one entry ends with its first mistake.
pub(crate) type Lowering<T> = Result<T, Box<Diagnostic>>;

/// An `assert` of a test while it is lowered.
pub(crate) struct Outcome {
    pub holds: u32,
    pub span: Span,
    /// For a comparison: what is compared, and how.
    pub sides: Option<(CompareOp, u32, u32)>,
}

pub(crate) struct Lowerer<'a> {
    pub program: &'a Program,
    pub module: Module,
    /// The graphs that are being built, the innermost last.
    pub stack: Vec<Building>,
    pub next_home: Home,
    pub sources: Vec<(Source, TensorType)>,
    /// The index variables with their names and extents.
    pub vars: Vec<(Name, Dim)>,
    /// The place in the program that is being lowered.
    pub span: Span,
    /// The functions that are open, each with the path of its layer.
    pub open: Vec<(&'a nnc_hir::Function, Option<String>)>,
    /// Choices that run-time sizes decide, of which both sides are written down: how many
    /// functions were open, the condition, and where it stands.
    pub undecided: Vec<(usize, nnc_hir::Condition, Span)>,
    /// How many calls of an entry have been written down.
    pub calls: usize,
    /// How many fields of the model have been gone through.
    pub fields: i64,
    /// How many of them are no arrays and may be layers.
    pub layers: i64,
    /// Sizes that a statement asserts, to be checked when an entry is called.
    pub asserted: Vec<nnc_hir::Condition>,
    /// Which candidate stands in which hole, by the hole's place.
    pub choices: HashMap<String, usize>,
    /// What the model's rewrites change.
    pub rewrites: Rc<Rewrites>,
    /// The arrays and parameters at which a rewrite was met.
    pub rewritten: HashSet<String>,
    /// Reads that stand for a factor of the matrix that is read, while a sum is lowered.
    pub factors: HashMap<*const nnc_hir::Scalar, Factor>,
    /// The function that is entered next, if its branches are computed one at a time.
    pub stage: Option<Stage>,
    /// Reads that stand for 1.
    pub ones: HashSet<*const nnc_hir::Scalar>,
    /// The entry that is being lowered.
    pub entry: Name,
    pub tracing: Tracing,
    pub uses: Uses,
    /// The arguments that are functions.
    pub closures: Vec<Closing<'a>>,
    /// The layer whose fields are the layers of the test that is lowered: its parameters are the
    /// constants that they start as.
    pub test_layer: Option<LayerId>,
    /// Outcomes of `assert`s in a test.
    pub outcomes: Vec<Outcome>,
    /// Whether what the comparisons of a test compare is told, too.
    pub compared: bool,
}

impl<'a> Lowerer<'a> {
    pub(crate) fn new(program: &'a Program) -> Lowerer<'a> {
        Lowerer {
            program,
            module: Module::default(),
            stack: Vec::new(),
            next_home: 0,
            sources: Vec::new(),
            vars: Vec::new(),
            span: Span::NONE,
            open: Vec::new(),
            undecided: Vec::new(),
            calls: 0,
            fields: 0,
            layers: 0,
            asserted: Vec::new(),
            choices: HashMap::new(),
            rewrites: Rc::default(),
            rewritten: HashSet::new(),
            factors: HashMap::new(),
            ones: HashSet::new(),
            stage: None,
            entry: Name::new(""),
            tracing: Tracing::default(),
            uses: Uses::default(),
            closures: Vec::new(),
            test_layer: None,
            outcomes: Vec::new(),
            compared: false,
        }
    }

    /// A new index variable.
    pub(crate) fn fresh(&mut self, name: Name, extent: Dim) -> Var {
        let var = Var(self.vars.len() as u32);
        self.vars.push((name, extent));
        var
    }

    /// A new index variable for an axis without a name.
    pub(crate) fn fresh_axis(&mut self, extent: &Dim) -> Var {
        self.fresh(Name::new("i"), extent.clone())
    }

    pub(crate) fn extent(&self, var: Var) -> &Dim {
        &self.vars[var.0 as usize].1
    }

    /// A mistake of the compiler at the place that is being lowered.
    pub(crate) fn internal(&self, what: impl Into<String>) -> Box<Diagnostic> {
        Box::new(errors::internal(self.span, &what.into()))
    }

    /// The element type of a scalar.
    pub(crate) fn elem_of(&self, scalar: &Scalar) -> Elem {
        match scalar {
            Scalar::Read { operand, .. } => self.source_type(*operand).elem,
            // Only inside a reduction's finish, whose type is asked of the reduction.
            Scalar::Acc => Elem::F32,
            Scalar::Float { elem, .. } | Scalar::Int { elem, .. } | Scalar::Index { elem, .. } => {
                *elem
            }
            Scalar::Bool(_) | Scalar::Compare(..) => Elem::Bool,
            Scalar::Unary(_, value) => self.elem_of(value),
            Scalar::Binary(_, left, _) => self.elem_of(left),
            Scalar::Select { then, .. } => self.elem_of(then),
            Scalar::Cast { to, .. } => *to,
        }
    }

    /// The scalar as an element of another type.
    pub(crate) fn cast(&self, to: Elem, scalar: Scalar) -> Scalar {
        let from = self.elem_of(&scalar);
        match scalar {
            scalar if from == to => scalar,
            Scalar::Float { value, .. } if to.is_float() => Scalar::Float { elem: to, value },
            Scalar::Int { value, .. } if to.is_float() => {
                Scalar::Float { elem: to, value: value as f64 }
            }
            Scalar::Int { value, .. } if to.is_int() => Scalar::Int { elem: to, value },
            Scalar::Index { value, .. } if to.is_int() => Scalar::Index { elem: to, value },
            scalar => Scalar::cast(to, scalar),
        }
    }
}
