//! What every phase leaves, as text.

use crate::session::broken_pass;
use crate::{Error, Failure, ModelId, Session};
use nnc_backend::Form;
use nnc_plan::Machine;
use std::fmt::Write;

/// A phase's result that may be printed, as written in `--emit=`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    Ast,
    Hir,
    Graph,
    /// A flowchart of the graph's first entry.
    Picture,
    GraphOpt,
    Plan,
    /// What a back end makes.
    Form(Form),
}

impl Stage {
    /// The stages in the order of a program's way.
    pub fn all() -> impl Iterator<Item = Stage> {
        let before =
            [Stage::Ast, Stage::Hir, Stage::Graph, Stage::Picture, Stage::GraphOpt, Stage::Plan];
        before.into_iter().chain(Form::ALL.map(Stage::Form))
    }

    pub fn name(self) -> &'static str {
        match self {
            Stage::Ast => "ast",
            Stage::Hir => "hir",
            Stage::Graph => "graph",
            Stage::Picture => "picture",
            Stage::GraphOpt => "graph-opt",
            Stage::Plan => "plan",
            Stage::Form(form) => form.name(),
        }
    }

    pub fn from_name(name: &str) -> Option<Stage> {
        Stage::all().find(|stage| stage.name() == name)
    }

    /// The ending of files of this stage, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Stage::Ast | Stage::Hir | Stage::Graph | Stage::GraphOpt | Stage::Plan => self.name(),
            Stage::Picture => "mmd",
            Stage::Form(form) => form.extension(),
        }
    }
}

impl Session {
    /// The tree of the root's files; of mistaken ones, what could be read.
    pub fn emit_ast(&self) -> String {
        let mut text = String::new();
        let roots = self.modules().iter().filter(|it| it.root);
        let several = roots.clone().count() > 1;
        for module in roots {
            if several {
                let _ = writeln!(text, "# {}", module.path);
            }
            let _ = write!(text, "{}", module.ast);
        }
        text
    }

    /// The typed program with all that it uses.
    pub fn emit_hir(&self) -> Result<String, Error> {
        Ok(self.program()?.to_string())
    }

    pub fn emit_graph(&self, model: ModelId) -> Result<String, Error> {
        Ok(self.lowered(model)?.module.to_string())
    }

    pub fn emit_graph_opt(&self, model: ModelId) -> Result<String, Error> {
        Ok(self.optimised(model)?.to_string())
    }

    pub fn emit_plan(&self, model: ModelId, machine: &Machine) -> Result<String, Error> {
        Ok(self.plan(model, machine)?.to_string())
    }
}

/// Reads graph text, for passes that are run by hand.
pub fn parse_graph(name: &str, text: &str) -> Result<nnc_graph::Module, Error> {
    let module = nnc_graph::parse(text).map_err(|error| {
        Error::Input(
            Failure::new(format!("{name}: {error}"))
                .help("`nnc build --emit=graph` shows what graph text looks like"),
        )
    })?;
    nnc_graph::verify(&module).map_err(|error| {
        Error::Input(
            Failure::new(format!("{name}: the graph is not well-formed: {error}"))
                .note("passes rely on what `verify` checks"),
        )
    })?;
    Ok(module)
}

/// Runs passes over a graph and hands out what they leave, as the options say.
pub fn run_passes(
    module: &mut nnc_graph::Module,
    passes: &[nnc_opt::Pass],
    options: &nnc_opt::Options,
    observe: &mut dyn FnMut(nnc_opt::Dump<'_>),
) -> Result<nnc_opt::Report, Error> {
    nnc_opt::run(module, passes, options, observe).map_err(|broken| broken_pass(&broken))
}
