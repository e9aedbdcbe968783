//! Removes what no result needs.
//!
//! ```text
//! %1 = nest (%0) [i: 4] { exp(%0[i]) } : f32[4]
//! %2 = nest (%0) [i: 4] { (%0[i] + 1.0) } : f32[4]      =>    %1 = nest (%0) …  (what was %2)
//! return %2
//! ```
//!
//! Results of a callee that no caller uses go as well, with what they needed, and
//! graphs that no entry reaches. Inputs and parameters stay as declared.

use crate::graphs::arrange;
use crate::tidy::rebuild;
use crate::{Changed, Pass};
use nnc_graph::{Graph, GraphId, Module, NodeId, Op, ParamOrigin, Value};
use std::collections::{BTreeMap, BTreeSet};

pub const DROP_DEAD: Pass = Pass {
    name: "drop-dead",
    about: "remove nodes, results of callees and graphs that nothing needs",
    rewrite: drop_dead,
};

fn drop_dead(module: &mut Module) -> Changed {
    let mut changed = drop_graphs(module);
    // Callers stand behind their callees: from the back, all uses of a callee's
    // results are known when it is reached.
    let mut used: BTreeMap<GraphId, BTreeSet<u32>> = BTreeMap::new();
    let fixed = graphs_with_fixed_results(module);
    let ids: Vec<GraphId> = module.graphs.ids().rev().collect();
    for id in ids {
        if !fixed.contains(&id) {
            let used = used.get(&id).cloned().unwrap_or_default();
            changed |= drop_results(module, id, &used);
        }
        let graph = &mut module.graphs[id];
        changed |= drop_nodes(graph);
        for (callee, result) in used_results(graph) {
            used.entry(callee).or_default().insert(result);
        }
    }
    Changed::when(changed)
}

fn drop_nodes(graph: &mut Graph) -> bool {
    let is_input = |id: &NodeId| matches!(graph.node(*id).op, Op::Input(_));
    let mut live: BTreeSet<NodeId> = graph.nodes().map(|(id, _)| id).filter(is_input).collect();
    let mut open: Vec<NodeId> = graph.outputs.iter().map(|output| output.node).collect();
    while let Some(id) = open.pop() {
        if live.insert(id) {
            open.extend(graph.node(id).operands.iter().map(|operand| operand.node));
        }
    }
    let dead = live.len() < graph.len();
    if dead {
        rebuild(graph, &live);
    }
    dead
}

/// The results of calls that a graph uses.
fn used_results(graph: &Graph) -> BTreeSet<(GraphId, u32)> {
    let operands = graph.nodes().flat_map(|(_, node)| &node.operands);
    operands
        .chain(&graph.outputs)
        .filter_map(|value| match &graph.node(value.node).op {
            Op::Call(call) => Some((call.callee, value.result)),
            _ => None,
        })
        .collect()
}

/// Graphs whose results are named by others than calls.
fn graphs_with_fixed_results(module: &Module) -> BTreeSet<GraphId> {
    let mut fixed: BTreeSet<GraphId> = module.entries.iter().map(|entry| entry.graph).collect();
    let mut called = BTreeSet::new();
    for graph in module.graphs.values() {
        for param in graph.params.values() {
            if let ParamOrigin::Derived { graph, .. } = param.origin {
                fixed.insert(graph);
            }
        }
        for (_, node) in graph.nodes() {
            match &node.op {
                Op::Scan(scan) => {
                    fixed.insert(scan.body);
                }
                Op::Call(call) => {
                    called.insert(call.callee);
                }
                _ => {}
            }
        }
    }
    fixed.extend(module.graphs.ids().filter(|id| !called.contains(id)));
    fixed
}

/// Removes the results of a graph that are not among `used`, but not the last one.
fn drop_results(module: &mut Module, id: GraphId, used: &BTreeSet<u32>) -> bool {
    let count = module.graphs[id].outputs.len() as u32;
    let mut kept: Vec<u32> = (0..count).filter(|at| used.contains(at)).collect();
    if kept.is_empty() && count > 0 {
        kept.push(0);
    }
    if kept.len() == count as usize {
        return false;
    }
    let graph = &mut module.graphs[id];
    graph.outputs = kept.iter().map(|&at| graph.outputs[at as usize]).collect();
    for (_, caller) in module.graphs.iter_mut() {
        let calls: BTreeSet<NodeId> = caller
            .nodes()
            .filter(|(_, node)| matches!(&node.op, Op::Call(call) if call.callee == id))
            .map(|(id, _)| id)
            .collect();
        if calls.is_empty() {
            continue;
        }
        let renumber = |value: &mut Value| {
            if calls.contains(&value.node) {
                let at = kept.iter().position(|&it| it == value.result);
                value.result = at.map_or(0, |at| at as u32);
            }
        };
        let ids: Vec<NodeId> = caller.nodes().map(|(id, _)| id).collect();
        for node in ids {
            let node_ref = caller.node_mut(node);
            if calls.contains(&node) {
                node_ref.types =
                    kept.iter().map(|&at| node_ref.types[at as usize].clone()).collect();
            }
            node_ref.operands.iter_mut().for_each(renumber);
        }
        caller.outputs.iter_mut().for_each(renumber);
    }
    true
}

/// Removes graphs that no entry reaches, if there are entries at all.
fn drop_graphs(module: &mut Module) -> bool {
    if module.entries.is_empty() {
        return false;
    }
    let mut live: BTreeSet<GraphId> = BTreeSet::new();
    let mut open: Vec<GraphId> = module.entries.iter().map(|entry| entry.graph).collect();
    while let Some(id) = open.pop() {
        if !live.insert(id) {
            continue;
        }
        let graph = &module.graphs[id];
        for param in graph.params.values() {
            if let ParamOrigin::Derived { graph, .. } = param.origin {
                open.push(graph);
            }
        }
        for (_, node) in graph.nodes() {
            match &node.op {
                Op::Scan(scan) => open.push(scan.body),
                Op::Call(call) => open.push(call.callee),
                _ => {}
            }
        }
    }
    let dead = live.len() < module.graphs.len();
    if dead {
        let order: Vec<GraphId> = live.into_iter().collect();
        arrange(module, &order);
    }
    dead
}

#[cfg(test)]
mod tests;
