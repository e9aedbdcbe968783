//! Questions about the layers of a program: what a layer's type is, whether two have the
//! same, and what fits into a hole.
//!
//! The type of a layer is its *dimension function*: which inputs it takes, and which output
//! it gives for them (Wu, Saxena and Jain, "NeuralArTS", 2021). It is not computed by a
//! second set of rules. A question runs the checker itself on inputs whose sizes are
//! variables; what the checker would have to be told of them is taken as given and noted,
//! and is the function's domain.
//!
//! Read `map` (a dimension function), then `equiv` (two of them) and `fill` (holes).

mod compare;
mod equiv;
pub(crate) mod fill;
mod map;
mod open;
mod parts;

use nnc_base::{Diagnostic, FileId, Name};
use nnc_hir::Program;
use nnc_syntax::ast;

pub use compare::Difference;
pub use equiv::{Answer, Equivalence, Instance};
pub use fill::{Bounds, Family, Filling, Fitting, Verdict};
pub use map::{Input, Map, MapSize};

use crate::ModuleInput;
use crate::cx::{Cx, Scope};

/// A checked program that answers questions.
pub struct Questions<'a> {
    cx: Cx<'a>,
}

/// Why a question has no answer.
#[derive(Clone, PartialEq, Debug)]
pub enum NoAnswer {
    /// What was asked about is not understood.
    Mistakes(Vec<Diagnostic>),
    /// A size was given that the layers do not have; what they have.
    UnknownSize { name: Name, known: Vec<Name> },
}

/// Layers that are called one after the other, as a question names them.
#[derive(Clone, Copy)]
pub struct Chain<'q> {
    /// As `nnc_syntax::parse_chain` gives it.
    pub layers: &'q [ast::LayerUse],
    /// As it was written.
    pub text: &'q str,
}

impl<'a> Questions<'a> {
    /// Checks a program, which then answers questions; one with errors answers what it can.
    pub fn new(modules: &'a [ModuleInput<'a>]) -> Questions<'a> {
        Questions { cx: crate::checked(modules) }
    }

    /// What the ids and names in answers belong to.
    pub fn program(&self) -> &Program {
        &self.cx.program
    }

    /// The dimension function of layers, with the names that the module of `file` knows.
    pub fn map(&mut self, file: FileId, chain: Chain<'_>) -> Result<Map, NoAnswer> {
        let mut scope = Scope::new(self.module(file));
        let layers = open::opened(&mut self.cx, &mut scope, chain.layers);
        map::map(&mut self.cx, &scope, &layers, chain.text)
    }

    /// Whether two layers have the same dimension function, and if not, where it is the same.
    ///
    /// Sizes of the same name in both are one size. With `at`, the answer is for these sizes.
    pub fn equiv(
        &mut self,
        file: FileId,
        first: Chain<'_>,
        second: Chain<'_>,
        at: &[(Name, i64)],
    ) -> Result<Equivalence, NoAnswer> {
        let mut scope = Scope::new(self.module(file));
        let layers = [first, second].map(|it| open::opened(&mut self.cx, &mut scope, it.layers));
        let first = map::map(&mut self.cx, &scope, &layers[0], first.text)?;
        let second = map::map(&mut self.cx, &scope, &layers[1], second.text)?;
        equiv::equiv(&mut self.cx, first, second, at)
    }

    /// What fits into each hole of the program, or into the holes of a name; nothing of a hole
    /// whose inputs have no type.
    pub fn fill(&mut self, hole: Option<Name>, bounds: &Bounds) -> Vec<Filling> {
        let holes = std::mem::take(&mut self.cx.open_holes);
        let typed = holes.iter().filter(|it| !it.inputs.iter().any(nnc_hir::Type::is_error));
        let wanted = typed.filter(|it| hole.is_none_or(|name| it.name == name));
        let fillings = wanted.map(|it| fill::fill(&mut self.cx, it, bounds)).collect();
        self.cx.open_holes = holes;
        fillings
    }

    /// The names of the program's holes, in the order of the text.
    pub fn holes(&self) -> Vec<Name> {
        self.cx.open_holes.iter().map(|it| it.name).collect()
    }

    /// The module that a file is; of one that is not there, the first.
    fn module(&self, file: FileId) -> usize {
        self.cx.modules.iter().position(|it| it.ast.span.file == file).unwrap_or(0)
    }
}
