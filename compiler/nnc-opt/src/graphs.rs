//! The order of a module's graphs.

use nnc_base::Table;
use nnc_graph::{Graph, GraphId, Module, Op, ParamOrigin};
use std::collections::BTreeMap;

/// Keeps these graphs, in this order, and lets everything that names a graph
/// follow. All graphs that those kept name must be among them.
pub(crate) fn arrange(module: &mut Module, order: &[GraphId]) {
    let moved: BTreeMap<GraphId, GraphId> =
        order.iter().enumerate().map(|(to, from)| (*from, GraphId::from_raw(to as u32))).collect();
    let mut graphs: Table<_> =
        order.iter().map(|&id| std::mem::take(&mut module.graphs[id])).collect();
    for (_, graph) in graphs.iter_mut() {
        rename(graph, &moved);
    }
    for entry in &mut module.entries {
        entry.graph = moved[&entry.graph];
    }
    module.graphs = graphs;
}

/// Lets a graph name others by their new ids.
pub(crate) fn rename(graph: &mut Graph, moved: &BTreeMap<GraphId, GraphId>) {
    for (_, param) in graph.params.iter_mut() {
        if let ParamOrigin::Derived { graph, .. } = &mut param.origin {
            *graph = moved[graph];
        }
    }
    let ids: Vec<_> = graph.nodes().map(|(id, _)| id).collect();
    for id in ids {
        match &mut graph.node_mut(id).op {
            Op::Call(call) => call.callee = moved[&call.callee],
            Op::Scan(scan) => scan.body = moved[&scan.body],
            Op::Input(_)
            | Op::Param(_)
            | Op::Const(_)
            | Op::Nest(_)
            | Op::Write { .. }
            | Op::Order { .. }
            | Op::Running(_)
            | Op::Scatter { .. }
            | Op::Reshape => {}
        }
    }
}
