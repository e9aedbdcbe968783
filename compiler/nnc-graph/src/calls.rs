//! Which graph runs which.

use crate::{GraphId, Module, Op};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::DfsPostOrder;
use std::collections::BTreeMap;

impl Module {
    /// The graphs that entries run, themselves or through calls and scans, each after
    /// all that it runs. Graphs that only derive parameters are left out.
    pub fn callees_first(&self) -> Vec<GraphId> {
        let mut calls: DiGraph<GraphId, ()> = DiGraph::new();
        let nodes: BTreeMap<GraphId, NodeIndex> =
            self.graphs.ids().map(|id| (id, calls.add_node(id))).collect();
        for (id, graph) in self.graphs.iter() {
            for (_, node) in graph.nodes() {
                if let Some(callee) = node.op.callee() {
                    calls.update_edge(nodes[&id], nodes[&callee], ());
                }
            }
        }
        let mut order = Vec::new();
        for entry in &self.entries {
            let mut walk = DfsPostOrder::new(&calls, nodes[&entry.graph]);
            while let Some(node) = walk.next(&calls) {
                if !order.contains(&calls[node]) {
                    order.push(calls[node]);
                }
            }
        }
        order
    }
}

impl Op {
    /// The graph that an operation runs.
    pub fn callee(&self) -> Option<GraphId> {
        match self {
            Op::Call(call) => Some(call.callee),
            Op::Scan(scan) => Some(scan.body),
            Op::Input(_)
            | Op::Param(_)
            | Op::Const(_)
            | Op::Nest(_)
            | Op::Write { .. }
            | Op::Order { .. }
            | Op::Running(_)
            | Op::Scatter { .. }
            | Op::Reshape => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn what_is_run_stands_before_who_runs_it() {
        let text = "
            graph @inner() { %0 = input : f32[2] return %0 }
            graph @unused() { %0 = input : f32[2] return %0 }
            graph @outer() {
              %0 = input : f32[2]
              %1 = call @inner dims [] (%0) params [] : f32[2]
              return %1
            }
            graph @main() {
              %0 = input : f32[2]
              %1 = call @inner dims [] (%0) params [] : f32[2]
              %2 = call @outer dims [] (%1) params [] : f32[2]
              return %2
            }
            entry a = @main { input x output y }
            entry b = @outer { input x output y }";
        let module = parse(text).unwrap();
        let names: Vec<&str> =
            module.callees_first().into_iter().map(|it| module.graphs[it].name.as_str()).collect();
        assert_eq!(names, ["inner", "outer", "main"]);
    }
}
