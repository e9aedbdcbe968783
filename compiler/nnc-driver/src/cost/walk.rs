//! Adds up the work of an entry, calls and repetitions multiplied.

use super::{Count, EntryCost, Row};
use crate::Error;
use nnc_base::{Name, Span};
use nnc_graph::{
    Call, Entry, Graph, GraphId, Module, Node, Op, ParamId, ParamOrigin, ScanOp, TensorType,
};
use nnc_shape::Dim;
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) fn entry_cost(module: &Module, entry: &Entry) -> Result<EntryCost, Error> {
    let graph = &module.graphs[entry.graph];
    let mut walk = Walk { module, rows: Vec::new(), by_key: HashMap::new(), seen: HashSet::new() };
    let names = graph.params.iter().map(|(id, param)| (id, param.name.clone())).collect();
    let sizes = graph.dims.iter().map(|dim| (dim.name, Dim::var(dim.name))).collect();
    walk.graph(entry.graph, &Place { sizes, names, times: Dim::constant(1) })?;
    let mut total = Count::zero();
    walk.rows.iter().for_each(|row| total.add(&row.count));
    let sum = |types: Vec<&TensorType>| {
        types.into_iter().fold(Dim::constant(0), |sum, ty| sum + bytes(ty))
    };
    let inputs = entry.inputs.iter().zip(&graph.inputs);
    let (state, given): (Vec<_>, Vec<_>) = inputs.partition(|(input, _)| input.state.is_some());
    let state_outputs: Vec<u32> = entry.inputs.iter().filter_map(|it| it.state).collect();
    let outputs = graph.outputs.iter().enumerate();
    let outputs = outputs.filter(|(at, _)| !state_outputs.contains(&(*at as u32)));
    Ok(EntryCost {
        name: entry.name,
        dims: graph.dims.clone(),
        total,
        input_bytes: sum(given.into_iter().map(|it| it.1).collect()),
        output_bytes: sum(outputs.map(|(_, value)| graph.ty(*value)).collect()),
        state_bytes: sum(state.into_iter().map(|it| it.1).collect()),
        rows: walk.rows.into_iter().filter(|it| !it.count.is_zero() || it.params > 0).collect(),
    })
}

fn bytes(ty: &TensorType) -> Dim {
    ty.size() * ty.elem.bytes() as i64
}

struct Walk<'a> {
    module: &'a Module,
    rows: Vec<Row>,
    by_key: HashMap<Key, usize>,
    /// Parameters that a row has.
    seen: HashSet<String>,
}

/// What operations are one row.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Layer(GraphId, String),
    Line(GraphId, Span),
}

/// Where a graph is run.
struct Place {
    /// Its sizes in terms of the entry's.
    sizes: BTreeMap<Name, Dim>,
    /// The paths of its parameters in the model.
    names: HashMap<ParamId, String>,
    times: Dim,
}

impl Walk<'_> {
    fn graph(&mut self, id: GraphId, place: &Place) -> Result<(), Error> {
        let module = self.module;
        let graph = &module.graphs[id];
        let mut ran: HashSet<usize> = HashSet::new();
        for (_, node) in graph.nodes() {
            match &node.op {
                Op::Call(call) => self.call(call, place)?,
                Op::Scan(scan) => self.scan(scan, place)?,
                Op::Input(_) | Op::Param(_) | Op::Const(_) => {}
                Op::Nest(_)
                | Op::Write { .. }
                | Op::Order { .. }
                | Op::Running(_)
                | Op::Scatter { .. }
                | Op::Reshape => {
                    let row = self.node(id, graph, node, place);
                    if ran.insert(row) {
                        self.rows[row].times = &self.rows[row].times + &place.times;
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a node to its row.
    fn node(&mut self, id: GraphId, graph: &Graph, node: &Node, place: &Place) -> usize {
        let at = |dim: &Dim| dim.substitute(&|name| place.sizes.get(&name).cloned());
        let count = Count::of(graph, node).map(|dim| at(dim) * &place.times);
        let params: Vec<(&String, ParamId)> = (node.operands.iter())
            .filter_map(|value| match graph.node(value.node).op {
                Op::Param(param) => Some((place.names.get(&param)?, param)),
                _ => None,
            })
            .collect();
        let layer = params.first().map(|(name, _)| layer_of(name));
        // Places of one layer in an array are one row: what is after the call's part of
        // the path is the same.
        let key = match params.first() {
            Some((_, param)) => Key::Layer(id, layer_of(&graph.params[*param].name)),
            None => Key::Line(id, node.span),
        };
        let output = &node.types[0];
        let output = TensorType::new(output.elem, output.shape.iter().map(at).collect());
        let at_row = *self.by_key.entry(key).or_insert_with(|| {
            self.rows.push(Row {
                layer: layer.clone(),
                span: node.span,
                times: Dim::constant(0),
                count: Count::zero(),
                params: 0,
                output: output.clone(),
                bytes: Dim::constant(0),
            });
            self.rows.len() - 1
        });
        let row = &mut self.rows[at_row];
        if let (Some(before), Some(layer)) = (&row.layer, &layer) {
            row.layer = Some(common(before, layer));
        }
        for (name, param) in params {
            if self.seen.insert(name.clone()) {
                let size = graph.params[param].ty.size().as_constant().unwrap_or(0);
                row.params += size.unsigned_abs();
            }
        }
        row.count.add(&count);
        row.bytes = &row.bytes + bytes(&output) * &place.times;
        row.output = output;
        at_row
    }

    fn call(&mut self, call: &Call, place: &Place) -> Result<(), Error> {
        let callee = &self.module.graphs[call.callee];
        let at = |dim: &Dim| dim.substitute(&|name| place.sizes.get(&name).cloned());
        let names = callee.dims.iter().map(|dim| dim.name);
        let sizes = names.zip(call.dims.iter().map(at)).collect();
        let names = bound(callee, &call.params, place);
        self.graph(call.callee, &Place { sizes, names, times: place.times.clone() })
    }

    fn scan(&mut self, scan: &ScanOp, place: &Place) -> Result<(), Error> {
        let body = &self.module.graphs[scan.body];
        let at = |dim: &Dim| dim.substitute(&|name| place.sizes.get(&name).cloned());
        let extent = at(&scan.extent);
        let mut sizes = place.sizes.clone();
        // The middle step stands for all.
        sizes.insert(scan.variable, (&extent - 1).floor_div(&Dim::constant(2)));
        let names = bound(body, &scan.params, place);
        self.graph(scan.body, &Place { sizes, names, times: &place.times * &extent })
    }
}

/// The paths of a callee's stored parameters.
fn bound(callee: &Graph, params: &[ParamId], place: &Place) -> HashMap<ParamId, String> {
    let stored = callee.params.iter().filter(|(_, it)| it.origin == ParamOrigin::Stored);
    let given = params.iter().map(|it| place.names.get(it).cloned().unwrap_or_default());
    stored.map(|(id, _)| id).zip(given).collect()
}

/// A parameter's path without its own name; the whole for a parameter of the model.
fn layer_of(param: &str) -> String {
    param.rsplit_once('.').map_or(param, |(layer, _)| layer).to_owned()
}

/// A path with `*` where two differ.
fn common(left: &str, right: &str) -> String {
    if left == right || left.split('.').count() != right.split('.').count() {
        return left.to_owned();
    }
    let parts = left.split('.').zip(right.split('.'));
    parts.map(|(a, b)| if a == b { a } else { "*" }).collect::<Vec<_>>().join(".")
}
