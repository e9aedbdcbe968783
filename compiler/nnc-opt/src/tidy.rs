//! Keeps operand lists and node order as the graph wants them.

use crate::compose::replace_reads;
use nnc_graph::{Graph, Nest, Node, NodeId, Op, Scalar, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Makes each operand of a nest one that is read, listed once, in the order of
/// first reading.
pub(crate) fn tidy_operands(nest: &mut Nest, operands: &mut Vec<Value>) {
    let mut kept: Vec<Value> = Vec::new();
    let mut places: BTreeMap<u32, u32> = BTreeMap::new();
    for scalar in nest.scalars() {
        scalar.visit(&mut |it| {
            let Scalar::Read { operand, .. } = it else { return };
            let value = operands[*operand as usize];
            let place = kept.iter().position(|it| *it == value).unwrap_or_else(|| {
                kept.push(value);
                kept.len() - 1
            });
            places.insert(*operand, place as u32);
        });
    }
    let same = places.iter().all(|(from, to)| from == to) && kept.len() == operands.len();
    if !same {
        nest.map_scalars(&mut |scalar| {
            replace_reads(scalar, &|operand, at| Scalar::Read { operand: places[&operand], at })
        });
        *operands = kept;
    }
}

/// The graph with these nodes alone, and what they need, each after its operands
/// and otherwise in the order they had.
pub(crate) fn rebuild(graph: &mut Graph, keep: &BTreeSet<NodeId>) {
    let old = std::mem::take(graph);
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    // Inputs stand in order, which a walk from their users might not keep.
    let inputs = keep.iter().filter(|id| matches!(old.node(**id).op, Op::Input(_)));
    for &id in inputs.chain(keep) {
        // Depth first without recursion: graphs are deep.
        let mut stack = vec![(id, false)];
        while let Some((id, ready)) = stack.pop() {
            if ready {
                order.push(id);
            } else if seen.insert(id) {
                stack.push((id, true));
                let operands = old.node(id).operands.iter().rev();
                stack.extend(operands.map(|operand| (operand.node, false)));
            }
        }
    }
    let mut fresh = Graph::new(old.name.clone());
    fresh.dims = old.dims.clone();
    fresh.facts = old.facts.clone();
    fresh.params = old.params.clone();
    fresh.inputs = old.inputs.clone();
    let mut moved: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in order {
        let mut node = old.node(id).clone();
        for operand in &mut node.operands {
            operand.node = moved[&operand.node];
        }
        moved.insert(id, fresh.push(node));
    }
    fresh.outputs = old
        .outputs
        .iter()
        .map(|output| Value { node: moved[&output.node], result: output.result })
        .collect();
    *graph = fresh;
}

/// Brings nodes that were added at the end before their users.
pub(crate) fn sort(graph: &mut Graph) {
    let all: BTreeSet<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    rebuild(graph, &all);
}

/// The nest of a node.
pub(crate) fn nest(node: &Node) -> Option<&Nest> {
    match &node.op {
        Op::Nest(nest) => Some(nest),
        Op::Input(_)
        | Op::Param(_)
        | Op::Const(_)
        | Op::Write { .. }
        | Op::Order { .. }
        | Op::Running(_)
        | Op::Scatter { .. }
        | Op::Reshape
        | Op::Scan(_)
        | Op::Call(_) => None,
    }
}
