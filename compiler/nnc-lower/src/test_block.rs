//! `test` blocks as graphs.

use nnc_base::{Diagnostic, Name, Span};
use nnc_graph::{Elem, Entry, EntryOutput, Graph, Index, Module, ReduceOp, Scalar};
use nnc_hir::{Expr, Program};

use crate::building::PendingKind;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};

/// The tests of a program: entry `i` of the module is test `i`.
#[derive(Clone, Default, Debug)]
pub struct LoweredTests {
    pub module: Module,
    pub tests: Vec<LoweredTest>,
}

/// One test; each assert is an output, a bool without axes.
#[derive(Clone, Debug)]
pub struct LoweredTest {
    pub name: String,
    pub span: Span,
    /// Where the asserts are, in the order of the outputs.
    pub asserts: Vec<Span>,
}

/// Lowers all `test` blocks to graphs without inputs.
pub fn lower_tests(program: &Program) -> Result<LoweredTests, Vec<Diagnostic>> {
    let mut lowerer = Lowerer::new(program);
    let mut tests = Vec::new();
    let mut diagnostics = Vec::new();
    for test in &program.tests {
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
    fn test(&mut self, test: &'a nnc_hir::Test) -> Lowering<Vec<Span>> {
        self.stack.clear();
        self.outcomes.clear();
        self.depth = 0;
        self.span = test.span;
        let program = self.program;
        self.begin_graph(Graph::new(test.name.clone()));
        let mut frame = Frame::new(&program.functions[test.function], None);
        self.enter(&mut frame)?;
        let outcomes = std::mem::take(&mut self.outcomes);
        let mut outputs = Vec::new();
        for (source, _) in &outcomes {
            outputs.push(self.resolve(*source)?);
        }
        let mut building = self.finish_graph()?;
        building.graph.outputs = outputs;
        let graph = self.module.graphs.push(building.graph);
        let outputs = (0..outcomes.len())
            .map(|i| EntryOutput { name: Name::new(&format!("assert{i}")) })
            .collect();
        self.module.entries.push(Entry {
            name: Name::new(&test.name),
            graph,
            inputs: Vec::new(),
            outputs,
            updates: Vec::new(),
        });
        Ok(outcomes.into_iter().map(|(_, span)| span).collect())
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
