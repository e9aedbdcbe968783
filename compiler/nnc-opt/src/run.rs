//! Runs passes: times them, verifies after each and hands dumps out.

use crate::{Changed, Pass};
use nnc_graph::{Module, VerifyError, verify};
use std::fmt;
use std::time::{Duration, Instant};

/// How [`run`] goes about it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Runs only the first so many passes: to find the one that broke something.
    pub stop_after: Option<usize>,
    /// The names of the passes whose result is observed.
    pub dump_after: Vec<String>,
    /// Observes the result of every pass.
    pub dump_all: bool,
    /// Verifies before the first pass and after each.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { stop_after: None, dump_after: Vec::new(), dump_all: false, verify: true }
    }
}

/// A module as a pass left it.
#[derive(Clone, Copy, Debug)]
pub struct Dump<'a> {
    /// The place of the pass in the list, from 0.
    pub at: usize,
    pub pass: &'static str,
    pub module: &'a Module,
}

/// What happened, a line a pass.
#[derive(Clone, Default, Debug)]
pub struct Report {
    pub passes: Vec<PassReport>,
}

#[derive(Clone, Debug)]
pub struct PassReport {
    pub pass: &'static str,
    pub time: Duration,
    pub changed: Changed,
    /// Nodes of all graphs.
    pub nodes_before: usize,
    pub nodes_after: usize,
}

/// A pass left a module that is not well-formed: a bug in the pass.
#[derive(Clone, Debug)]
pub struct BrokenPass {
    /// `None` if the module was broken before the first pass.
    pub pass: Option<&'static str>,
    pub error: VerifyError,
    /// The module as IR text.
    pub dump: String,
}

/// Runs the passes in order, calling `observe` with what the options ask to see.
pub fn run(
    module: &mut Module,
    passes: &[Pass],
    options: &Options,
    observe: &mut dyn FnMut(Dump<'_>),
) -> Result<Report, Box<BrokenPass>> {
    let check = |module: &Module, pass: Option<&'static str>| {
        if !options.verify {
            return Ok(());
        }
        verify(module)
            .map_err(|error| Box::new(BrokenPass { pass, error, dump: module.to_string() }))
    };
    check(module, None)?;
    let mut report = Report::default();
    let count = options.stop_after.unwrap_or(passes.len());
    for (at, pass) in passes.iter().take(count).enumerate() {
        let nodes_before = count_nodes(module);
        let start = Instant::now();
        let changed = (pass.rewrite)(module);
        report.passes.push(PassReport {
            pass: pass.name,
            time: start.elapsed(),
            changed,
            nodes_before,
            nodes_after: count_nodes(module),
        });
        if options.dump_all || options.dump_after.iter().any(|name| name == pass.name) {
            observe(Dump { at, pass: pass.name, module });
        }
        check(module, Some(pass.name))?;
    }
    Ok(report)
}

fn count_nodes(module: &Module) -> usize {
    module.graphs.values().map(|graph| graph.len()).sum()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pass in &self.passes {
            let changed = if pass.changed.is_yes() { "changed" } else { "-" };
            writeln!(
                f,
                "{:<20} {:>9.3} ms  {:<7}  {:>5} -> {:<5} nodes",
                pass.pass,
                pass.time.as_secs_f64() * 1e3,
                changed,
                pass.nodes_before,
                pass.nodes_after
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for BrokenPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pass {
            Some(pass) => write!(f, "internal error: pass `{pass}` broke the graph: ")?,
            None => write!(f, "internal error: the graph is not well-formed: ")?,
        }
        writeln!(f, "{}", self.error)?;
        f.write_str(&self.dump)
    }
}

impl std::error::Error for BrokenPass {}
