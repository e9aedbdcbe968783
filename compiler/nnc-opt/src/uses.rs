//! Who reads a value.

use nnc_graph::{Graph, NodeId, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The users of every value, dead ones included: `drop-dead` comes before.
pub(crate) struct Uses {
    nodes: BTreeMap<Value, BTreeSet<NodeId>>,
    outputs: BTreeSet<Value>,
}

impl Uses {
    pub(crate) fn of(graph: &Graph) -> Uses {
        let mut nodes: BTreeMap<Value, BTreeSet<NodeId>> = BTreeMap::new();
        for (id, node) in graph.nodes() {
            for operand in &node.operands {
                nodes.entry(*operand).or_default().insert(id);
            }
        }
        Uses { nodes, outputs: graph.outputs.iter().copied().collect() }
    }

    /// The nodes that read it.
    pub(crate) fn nodes(&self, value: Value) -> impl Iterator<Item = NodeId> {
        self.nodes.get(&value).into_iter().flatten().copied()
    }

    /// Whether one node reads it and the graph does not return it.
    pub(crate) fn is_single(&self, value: Value) -> bool {
        self.nodes(value).count() == 1 && !self.is_output(value)
    }

    pub(crate) fn is_output(&self, value: Value) -> bool {
        self.outputs.contains(&value)
    }

    /// Records that a node has other operands now.
    pub(crate) fn replace(&mut self, node: NodeId, before: &[Value], after: &[Value]) {
        for value in before {
            if let Some(users) = self.nodes.get_mut(value) {
                users.remove(&node);
            }
        }
        for value in after {
            self.nodes.entry(*value).or_default().insert(node);
        }
    }
}
