//! Plans one graph: which kernels, in which order, over which memory.

mod along;
mod buffers;
mod chain;
mod control;
mod finish;
mod moves;
mod nests;
mod products;
mod sorts;
mod weights;

use crate::attention::Match;
use crate::layout::{Layout, Layouts};
use crate::plan::PlanError;
use crate::{Body, BodyId, Buffer, BufferId, Machine, Place, Step, WeightSlot, attention, layout};
use nnc_base::Table;
use nnc_graph::{Entry, Graph, GraphId, Module, NodeId, Op, Value};
use nnc_shape::Facts;
use std::collections::BTreeMap;

pub(crate) fn plan_body(
    module: &Module,
    id: GraphId,
    entry: Option<&Entry>,
    bodies: &Table<Body>,
    of_graph: &BTreeMap<GraphId, BodyId>,
    machine: &Machine,
) -> Result<Body, PlanError> {
    let graph = &module.graphs[id];
    let mut facts = graph.facts.clone();
    for dim in &graph.dims {
        facts.declare(dim.name, dim.min, dim.max);
    }
    let mut planner = Planner {
        graph,
        entry,
        carried: carried(module, id),
        bodies,
        of_graph,
        machine,
        facts,
        layouts: Layouts::default(),
        attentions: BTreeMap::new(),
        last_use: BTreeMap::new(),
        written_by: BTreeMap::new(),
        buffers: Table::new(),
        bytes: Vec::new(),
        roots: Vec::new(),
        of_value: BTreeMap::new(),
        converted: BTreeMap::new(),
        weights: Vec::new(),
        pointers: Vec::new(),
        overwrites: vec![false; graph.inputs.len()],
        steps: Vec::new(),
    };
    planner.prepare();
    for (node, _) in graph.nodes() {
        planner.node(node)?;
    }
    let outputs = planner.outputs()?;
    planner.chain();
    planner.finish(id, outputs)
}

/// How many of a graph's outputs are the inputs of its next step, in the same order: those of
/// the body of a loop.
fn carried(module: &Module, id: GraphId) -> usize {
    let nodes = module.graphs.iter().flat_map(|(_, graph)| graph.nodes());
    let counts = nodes.filter_map(|(_, node)| match &node.op {
        Op::Scan(scan) if scan.body == id => Some(scan.carried as usize),
        _ => None,
    });
    counts.max().unwrap_or(0)
}

struct Planner<'a> {
    graph: &'a Graph,
    entry: Option<&'a Entry>,
    /// So many of the first outputs leave as the inputs of the same places come.
    carried: usize,
    bodies: &'a Table<Body>,
    of_graph: &'a BTreeMap<GraphId, BodyId>,
    machine: &'a Machine,
    facts: Facts,
    layouts: Layouts,
    attentions: BTreeMap<NodeId, Match>,
    last_use: BTreeMap<Value, NodeId>,
    /// For an output that its node can write straight to the caller, its place.
    written_by: BTreeMap<Value, usize>,
    buffers: Table<Buffer>,
    /// Greatest size of each buffer.
    bytes: Vec<u64>,
    /// The buffer whose memory each buffer is.
    roots: Vec<BufferId>,
    of_value: BTreeMap<Value, BufferId>,
    converted: BTreeMap<(Value, Vec<usize>), BufferId>,
    weights: Vec<(BufferId, WeightSlot)>,
    pointers: Vec<BufferId>,
    overwrites: Vec<bool>,
    steps: Vec<Step>,
}

impl Planner<'_> {
    /// Layouts, attentions, last uses, and the pointers for inputs and outputs.
    fn prepare(&mut self) {
        let mut counts: BTreeMap<Value, usize> = BTreeMap::new();
        for (id, node) in self.graph.nodes() {
            for &operand in &node.operands {
                self.last_use.insert(operand, id);
                *counts.entry(operand).or_default() += 1;
            }
        }
        for &output in &self.graph.outputs {
            *counts.entry(output).or_default() += 1;
        }
        self.attentions = attention::find(self.graph, &counts);
        let mut fixed: BTreeMap<Value, Layout> = BTreeMap::new();
        for (id, node) in self.graph.nodes() {
            match &node.op {
                Op::Call(call) => {
                    for (at, order) in self.callee(call.callee).output_orders.iter().enumerate() {
                        let value = Value { node: id, result: at as u32 };
                        fixed.insert(value, Layout::ordered(order.clone()));
                    }
                }
                Op::Scan(scan) => {
                    for (at, order) in self.callee(scan.body).output_orders.iter().enumerate() {
                        let value = Value { node: id, result: at as u32 };
                        let stacked = at as u32 >= scan.carried;
                        let order = if stacked {
                            [0].into_iter().chain(order.iter().map(|axis| axis + 1)).collect()
                        } else {
                            order.clone()
                        };
                        fixed.insert(value, Layout::ordered(order));
                    }
                }
                _ => {}
            }
        }
        let first = layout::choose(self.graph, &self.facts, &fixed);
        for (id, node) in self.graph.nodes() {
            if let (Op::Input(_), None) = (&node.op, self.entry)
                && let Some(wanted) = first.wanted.get(&Value::of(id))
            {
                fixed.insert(Value::of(id), Layout::ordered(wanted.order.clone()));
            }
        }
        self.layouts = layout::choose(self.graph, &self.facts, &fixed);
        for (id, node) in self.graph.nodes() {
            if let Op::Input(_) = node.op {
                let layout = self.own_layout(Value::of(id));
                let place = Place::Pointer(self.pointers.len() as u32);
                let buffer = self.buffer(Value::of(id), &layout, place);
                self.pointers.push(buffer);
                self.of_value.insert(Value::of(id), buffer);
            }
        }
        for (at, &output) in self.graph.outputs.iter().enumerate() {
            self.written_by.entry(output).or_insert(at);
        }
    }

    fn callee(&self, graph: GraphId) -> &Body {
        &self.bodies[self.of_graph[&graph]]
    }

    fn own_layout(&self, value: Value) -> Layout {
        let rank = self.graph.ty(value).rank();
        self.layouts.own.get(&value).cloned().unwrap_or_else(|| Layout::row_major(rank))
    }

    /// The layout in which the output of a place leaves.
    fn output_layout(&self, at: usize) -> Layout {
        let own = self.own_layout(self.graph.outputs[at]);
        match self.entry {
            Some(_) => Layout::row_major(own.order.len()),
            None if at < self.carried => self.own_layout(self.inputs()[at]),
            None => Layout::ordered(own.order),
        }
    }

    fn inputs(&self) -> Vec<Value> {
        let inputs = self.graph.nodes().filter(|(_, node)| matches!(node.op, Op::Input(_)));
        inputs.map(|(id, _)| Value::of(id)).collect()
    }
}
