//! Computes equal things once.
//!
//! ```text
//! %1 = nest (%0) [i: 4] { exp(%0[i]) } : f32[4]
//! %2 = nest (%0) [j: 4] { exp(%0[j]) } : f32[4]    =>    (uses of %2 read %1)
//! ```
//!
//! Every operation is a function of its operands, calls and scans included, so two
//! nodes are one where operation and operands are equal; names of axes are for
//! people and do not count.

use crate::pass::on_each_graph;
use crate::tidy::tidy_operands;
use crate::{Changed, Pass};
use nnc_base::Name;
use nnc_graph::{Graph, Module, Nest, NestKind, Node, NodeId, Op};
use std::collections::HashMap;

pub const SHARE_COMMON: Pass =
    Pass { name: "share-common", about: "compute equal nodes once", rewrite: share_common };

fn share_common(module: &mut Module) -> Changed {
    on_each_graph(module, share)
}

fn share(graph: &mut Graph) -> bool {
    let mut first: HashMap<String, NodeId> = HashMap::new();
    let mut same: HashMap<NodeId, NodeId> = HashMap::new();
    let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    let mut changed = false;
    for id in ids {
        let node = graph.node_mut(id);
        let mut moved = false;
        for operand in &mut node.operands {
            if let Some(&to) = same.get(&operand.node) {
                operand.node = to;
                moved = true;
            }
        }
        if moved {
            if let Op::Nest(nest) = &mut node.op {
                tidy_operands(nest, &mut node.operands);
            }
            changed = true;
        }
        if matches!(node.op, Op::Input(_)) {
            continue;
        }
        match first.entry(key(node)) {
            std::collections::hash_map::Entry::Occupied(entry) => {
                same.insert(id, *entry.get());
            }
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(id);
            }
        }
    }
    for output in &mut graph.outputs {
        if let Some(&to) = same.get(&output.node) {
            output.node = to;
            changed = true;
        }
    }
    changed
}

/// Equal for nodes that compute the same.
fn key(node: &Node) -> String {
    let op = match &node.op {
        Op::Nest(nest) => Op::Nest(without_names(nest)),
        other => other.clone(),
    };
    // As text, because floats do not hash: it tells -0.0 from 0.0, as it must.
    format!("{op:?} {:?} {:?}", node.operands, node.types)
}

fn without_names(nest: &Nest) -> Nest {
    let mut nest = nest.clone();
    let none = Name::new("_");
    nest.axes.iter_mut().for_each(|axis| axis.name = none);
    if let NestKind::Reduce(reduction) = &mut nest.kind {
        reduction.axes.iter_mut().for_each(|axis| axis.name = none);
    }
    nest
}

#[cfg(test)]
mod tests;
