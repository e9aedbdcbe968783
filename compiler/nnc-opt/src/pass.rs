//! What a pass is.

use nnc_graph::{Graph, Module};

/// One rewrite of a whole module.
///
/// A pass does one thing, leaves the module well-formed and computing what it
/// computed, and leaves cleaning to the next pass. It neither prints nor checks:
/// the runner does.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// As written in `--passes=`.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    pub rewrite: fn(&mut Module) -> Changed,
}

/// Whether a pass found something to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Changed {
    No,
    Yes,
}

impl Changed {
    pub fn is_yes(self) -> bool {
        self == Changed::Yes
    }

    pub(crate) fn when(changed: bool) -> Changed {
        if changed { Changed::Yes } else { Changed::No }
    }
}

/// Runs a rewrite of one graph on all graphs, callees first.
pub(crate) fn on_each_graph(module: &mut Module, rewrite: fn(&mut Graph) -> bool) -> Changed {
    let mut changed = false;
    for (_, graph) in module.graphs.iter_mut() {
        changed |= rewrite(graph);
    }
    Changed::when(changed)
}
