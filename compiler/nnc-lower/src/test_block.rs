//! `test` blocks as graphs.

use std::rc::Rc;

use nnc_base::{Diagnostic, FileId, Name, Span};
use nnc_graph::{Elem, Entry, EntryOutput, Graph, Index, Module, ReduceOp, Scalar};
use nnc_hir::{CompareOp, Expr, ExprKind, Init, LayerId, LayerUse, Program, Test};

use crate::building::PendingKind;
use crate::errors;
use crate::frame::Frame;
use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};

/// The tests of a program: entry `i` of the module is test `i`.
#[derive(Clone, Default, Debug)]
pub struct LoweredTests {
    pub module: Module,
    pub tests: Vec<LoweredTest>,
}

/// One test; each assert is an output, a bool without axes. What comparisons compare are
/// outputs behind these, where they were asked for.
#[derive(Clone, Debug)]
pub struct LoweredTest {
    pub name: String,
    pub span: Span,
    /// In the order of the outputs, of which those of the asserts come first.
    pub asserts: Vec<LoweredAssert>,
}

/// An `assert` of a test.
#[derive(Clone, Debug)]
pub struct LoweredAssert {
    pub span: Span,
    /// For a comparison in [`lower_comparisons`]: what compares, and the outputs that are
    /// compared.
    pub sides: Option<(CompareOp, usize, usize)>,
}

/// Lowers all `test` blocks to graphs without inputs.
pub fn lower_tests(program: &Program) -> Result<LoweredTests, Vec<Diagnostic>> {
    lowered(program, false, &|_| true)
}

/// What lowering finds wrong with the tests of some files that make layers: a parameter that
/// nothing gives numbers.
pub fn check_tests(program: &Program, of_files: &dyn Fn(FileId) -> bool) -> Vec<Diagnostic> {
    let makes_layers =
        |it: &Test| of_files(it.span.file) && program.functions[it.function].owner.is_some();
    lowered(program, false, &makes_layers).err().unwrap_or_default()
}

/// As [`lower_tests`], with both sides of each comparison: for what to say of those that do
/// not hold.
pub fn lower_comparisons(program: &Program) -> Result<LoweredTests, Vec<Diagnostic>> {
    lowered(program, true, &|_| true)
}

fn lowered(
    program: &Program,
    compared: bool,
    which: &dyn Fn(&Test) -> bool,
) -> Result<LoweredTests, Vec<Diagnostic>> {
    let mut lowerer = Lowerer::new(program);
    lowerer.compared = compared;
    let mut tests = Vec::new();
    let mut diagnostics = Vec::new();
    for test in program.tests.iter().filter(|it| which(it)) {
        match lowerer.test(test) {
            Ok(asserts) => {
                tests.push(LoweredTest { name: test.name.clone(), span: test.span, asserts });
            }
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    if diagnostics.is_empty() {
        Ok(LoweredTests { module: lowerer.module, tests })
    } else {
        Err(diagnostics)
    }
}

impl<'a> Lowerer<'a> {
    fn test(&mut self, test: &'a nnc_hir::Test) -> Lowering<Vec<LoweredAssert>> {
        self.stack.clear();
        self.outcomes.clear();
        self.open.clear();
        self.undecided.clear();
        self.calls = 0;
        self.span = test.span;
        let program = self.program;
        let function = &program.functions[test.function];
        self.test_layer = function.owner;
        let owner = function.owner.map(|layer| {
            let (dims, configs, replaced) = (Vec::new(), Vec::new(), Vec::new());
            LayerUse { layer, dims, configs, replaced }
        });
        let owner = owner.map(|owner| self.owner_of_test(&owner, test.span)).transpose()?;
        self.begin_graph(Graph::new(test.name.clone()));
        let mut frame = Frame::new(function, owner);
        self.enter(&mut frame)?;
        let outcomes = std::mem::take(&mut self.outcomes);
        let mut outputs = Vec::new();
        for outcome in &outcomes {
            outputs.push(self.resolve(outcome.holds)?);
        }
        let mut asserts = Vec::new();
        for outcome in &outcomes {
            let mut sides = None;
            if let Some((op, left, right)) = outcome.sides {
                sides = Some((op, outputs.len(), outputs.len() + 1));
                outputs.push(self.resolve(left)?);
                outputs.push(self.resolve(right)?);
            }
            asserts.push(LoweredAssert { span: outcome.span, sides });
        }
        let mut building = self.finish_graph()?;
        let outputs_len = outputs.len();
        building.graph.outputs = outputs;
        let graph = self.module.graphs.push(building.graph);
        let outputs = (0..outputs_len)
            .map(|i| EntryOutput { name: Name::new(&format!("assert{i}")) })
            .collect();
        self.module.entries.push(Entry {
            name: Name::new(&test.name),
            graph,
            inputs: Vec::new(),
            outputs,
            updates: Vec::new(),
        });
        Ok(asserts)
    }

    /// The layer whose fields are the test's layers.
    fn owner_of_test(&self, owner: &LayerUse, at: Span) -> Lowering<Rc<Instance>> {
        let outside = Instance::outside(owner.layer, self.next_home);
        self.instantiate(&outside, owner, self.next_home, Default::default(), at)
    }

    /// What a parameter of a layer in a test is: the constant that it starts as.
    pub(crate) fn constant_param(
        &self,
        owner: LayerId,
        place: &str,
        init: &Init,
        elem: Elem,
    ) -> Lowering<Scalar> {
        let value = match (init.name.as_str(), init.args.as_slice()) {
            ("zeros", []) => 0.0,
            ("ones", []) => 1.0,
            ("constant", [value]) => *value,
            _ => {
                let (layer, param) = place.split_once('.').unwrap_or((place, ""));
                let fields = &self.program.layers[owner].fields;
                let made = fields.iter().find(|it| it.name.as_str() == layer);
                let made = made.map_or(self.program.layers[owner].span, |it| it.span);
                let error = errors::random_in_test(made, self.span, layer, param, init.name);
                return Err(Box::new(error));
            }
        };
        Ok(Scalar::Float { elem, value })
    }

    /// What a comparison compares, for a message about it.
    pub(crate) fn sides(
        &mut self,
        frame: &mut Frame<'a>,
        value: &'a Expr,
    ) -> Lowering<Option<(CompareOp, u32, u32)>> {
        let ExprKind::Compare(op, left, right) = &value.kind else { return Ok(None) };
        if !self.compared {
            return Ok(None);
        }
        let mut sides = Vec::new();
        for side in [left, right] {
            let value = self.expr(frame, side)?;
            let tensor = self.tensor(value)?;
            sides.push(self.stored(&tensor)?);
        }
        Ok(Some((*op, sides[0], sides[1])))
    }

    /// Whether all elements of a bool tensor are true, as a stored bool.
    pub(crate) fn holds_everywhere(
        &mut self,
        frame: &mut Frame<'a>,
        value: &'a Expr,
    ) -> Lowering<u32> {
        let value = self.expr(frame, value)?;
        let tensor = self.tensor(value)?;
        let vars: Vec<_> = tensor.shape.iter().map(|extent| self.fresh_axis(extent)).collect();
        let at: Vec<Index> = vars.iter().map(|var| Index::var(*var)).collect();
        let value = tensor.at(&at);
        let all: Scalar = if vars.is_empty() {
            value
        } else {
            let kind =
                PendingKind::Reduce { op: ReduceOp::All, axes: vars, accumulator: Elem::Bool };
            self.pend(kind, Elem::Bool, None, value)
        };
        self.emit(&[], &[], Elem::Bool, &all)
    }
}
