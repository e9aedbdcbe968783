//! Keeps one of several graphs that say the same.
//!
//! ```text
//! graph @step.blocks_derived1() { … }
//! graph @forward.blocks_derived1() { … }      (the same nodes)
//! =>
//! graph @step.blocks_derived1() { … }         (and both users name it)
//! ```
//!
//! Two entries that derive a parameter in the same way then derive it once, and what
//! they keep of it is the same memory. Names of graphs and places in the program do not
//! count; names of parameters do.

use crate::graphs::{arrange, rename};
use crate::{Changed, Pass};
use nnc_graph::{Graph, GraphId, Module};
use std::collections::BTreeMap;

pub const SHARE_GRAPHS: Pass = Pass {
    name: "share-graphs",
    about: "keep one of several graphs that say the same",
    rewrite: share_graphs,
};

fn share_graphs(module: &mut Module) -> Changed {
    let mut kept: Vec<GraphId> = Vec::new();
    let mut moved: BTreeMap<GraphId, GraphId> = BTreeMap::new();
    // Callees stand before their callers, so that callers of equal graphs become equal.
    for id in module.graphs.ids().collect::<Vec<_>>() {
        rename(&mut module.graphs[id], &moved);
        let is_entry = module.entries.iter().any(|entry| entry.graph == id);
        let twin = kept.iter().find(|&&it| say_the_same(&module.graphs[it], &module.graphs[id]));
        match twin {
            Some(&twin) if !is_entry => {
                moved.insert(id, twin);
            }
            _ => {
                moved.insert(id, id);
                kept.push(id);
            }
        }
    }
    let changed = kept.len() < module.graphs.len();
    if changed {
        arrange(module, &kept);
    }
    Changed::when(changed)
}

fn say_the_same(left: &Graph, right: &Graph) -> bool {
    let params = left.params.len() == right.params.len()
        && left.params.values().zip(right.params.values()).all(|(left, right)| {
            (&left.name, &left.ty, &left.origin) == (&right.name, &right.ty, &right.origin)
        });
    let nodes = left.len() == right.len()
        && left.nodes().zip(right.nodes()).all(|((_, left), (_, right))| {
            (&left.op, &left.operands, &left.types) == (&right.op, &right.operands, &right.types)
        });
    params
        && nodes
        && left.dims == right.dims
        && left.inputs == right.inputs
        && left.outputs == right.outputs
        && left.facts.iter().eq(right.facts.iter())
}

#[cfg(test)]
mod tests;
