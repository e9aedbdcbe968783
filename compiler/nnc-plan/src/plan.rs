//! From a module to a plan: bodies in order, entries, and one weights blob.

use crate::body::plan_body;
use crate::{Body, BodyId, Machine, Packing, Plan, PlanEntry, Step, WeightSlot, WeightSource};
use nnc_base::{Span, Table};
use nnc_graph::{GraphId, Module, ParamId, ParamOrigin, TensorType};
use std::collections::BTreeMap;
use std::fmt;

/// Why a module cannot be planned: a user's matter, at a place in the program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanError {
    pub span: Span,
    pub message: String,
    pub help: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PlanError {}

/// Plans the entries of an optimised module for a machine.
pub fn plan(module: &Module, machine: &Machine) -> Result<Plan, PlanError> {
    let mut bodies: Table<Body> = Table::new();
    let mut of_graph: BTreeMap<GraphId, BodyId> = BTreeMap::new();
    for graph in module.callees_first() {
        let entry = module.entries.iter().find(|entry| entry.graph == graph);
        let body = plan_body(module, graph, entry, &bodies, &of_graph, machine)?;
        of_graph.insert(graph, bodies.push(body));
    }
    let mut entries = Vec::new();
    let mut blob = Blob::default();
    for entry in &module.entries {
        let Some(&body) = of_graph.get(&entry.graph) else { continue };
        let mut relocated = bodies[body].clone();
        blob.add_entry(module, &bodies, &mut relocated);
        bodies[body] = relocated;
        entries.push(PlanEntry { name: entry.name, body });
    }
    Ok(Plan { bodies, entries, weights: blob.slots, weights_bytes: blob.bytes })
}

/// The weights of all entries; equal tensors in equal packings stand once.
#[derive(Default)]
struct Blob {
    slots: Vec<WeightSlot>,
    bytes: u64,
    regions: Vec<(Vec<WeightSlot>, u64)>,
}

impl Blob {
    /// Lays out what an entry needs and writes the offsets into its steps and
    /// buffers.
    fn add_entry(&mut self, module: &Module, bodies: &Table<Body>, body: &mut Body) {
        let stored = |param: ParamId| {
            let name = module.graphs[body.graph].params[param].name.clone();
            WeightSource::Stored(name)
        };
        let mut moved: BTreeMap<u64, u64> = BTreeMap::new();
        for slot in &body.weights {
            let mut resolved = slot.clone();
            resolved.source = resolve(module, body.graph, &slot.source, &stored);
            resolved.offset = 0;
            moved.insert(slot.offset, self.place(vec![resolved], slot.bytes));
        }
        for (_, buffer) in body.buffers.iter_mut() {
            if let crate::Place::Weights { offset } = &mut buffer.place
                && let Some(&to) = moved.get(offset)
            {
                *offset = to;
            }
        }
        let graph = body.graph;
        let mut steps = std::mem::take(&mut body.steps);
        for step in &mut steps {
            let (callee, params, weights_offset) = match step {
                Step::Call { body, params, weights_offset, .. }
                | Step::Repeat { body, params, weights_offset, .. } => {
                    (*body, params.clone(), weights_offset)
                }
                Step::Launch(_) | Step::Copy { .. } => continue,
            };
            let bound: Vec<WeightSource> = params
                .iter()
                .map(|&param| resolve(module, graph, &WeightSource::Param(param), &stored))
                .collect();
            let mut region = Vec::new();
            collect_region(module, bodies, callee, &bound, 0, &mut region);
            *weights_offset = self.place(region, bodies[callee].weights_bytes);
        }
        body.steps = steps;
        body.weights = self.slots.clone();
        body.weights_bytes = self.bytes;
    }

    /// The offset of a run of slots (with offsets relative to it), which may stand
    /// in the blob already.
    fn place(&mut self, region: Vec<WeightSlot>, bytes: u64) -> u64 {
        if region.is_empty() {
            return 0;
        }
        if let Some((_, offset)) = self.regions.iter().find(|(known, _)| *known == region) {
            return *offset;
        }
        let offset = self.bytes;
        self.bytes += bytes.next_multiple_of(64);
        for slot in &region {
            self.slots.push(WeightSlot { offset: offset + slot.offset, ..slot.clone() });
        }
        self.regions.push((region, offset));
        offset
    }
}

/// The slots that a body and its callees need when its stored parameters are `bound`.
fn collect_region(
    module: &Module,
    bodies: &Table<Body>,
    body: BodyId,
    bound: &[WeightSource],
    start: u64,
    region: &mut Vec<WeightSlot>,
) {
    let body = &bodies[body];
    let graph = &module.graphs[body.graph];
    let stored: Vec<ParamId> = stored_params(graph);
    let source = |param: ParamId| {
        let at = stored.iter().position(|&it| it == param);
        at.and_then(|at| bound.get(at).cloned()).unwrap_or(WeightSource::Param(param))
    };
    for slot in &body.weights {
        region.push(WeightSlot {
            source: resolve(module, body.graph, &slot.source, &source),
            offset: start + slot.offset,
            ..slot.clone()
        });
    }
    for step in &body.steps {
        if let Step::Call { body: callee, params, weights_offset, .. }
        | Step::Repeat { body: callee, params, weights_offset, .. } = step
        {
            let bound: Vec<WeightSource> = params
                .iter()
                .map(|&it| resolve(module, body.graph, &WeightSource::Param(it), &source))
                .collect();
            collect_region(module, bodies, *callee, &bound, start + weights_offset, region);
        }
    }
}

pub(crate) fn stored_params(graph: &nnc_graph::Graph) -> Vec<ParamId> {
    graph
        .params
        .iter()
        .filter(|(_, param)| param.origin == ParamOrigin::Stored)
        .map(|(id, _)| id)
        .collect()
}

/// Follows a source of a graph to parameters that `stored` names.
fn resolve(
    module: &Module,
    graph: GraphId,
    source: &WeightSource,
    stored: &dyn Fn(ParamId) -> WeightSource,
) -> WeightSource {
    match source {
        WeightSource::Param(param) => match &module.graphs[graph].params[*param].origin {
            ParamOrigin::Stored => stored(*param),
            ParamOrigin::Derived { graph: how, from } => WeightSource::Derived {
                graph: *how,
                from: from
                    .iter()
                    .map(|&it| resolve(module, graph, &WeightSource::Param(it), stored))
                    .collect(),
            },
        },
        WeightSource::Stored(_) | WeightSource::Literal(_) => source.clone(),
        WeightSource::Derived { graph: how, from } => WeightSource::Derived {
            graph: *how,
            from: from.iter().map(|it| resolve(module, graph, it, stored)).collect(),
        },
    }
}

/// How many elements a packed tensor has.
pub(crate) fn packed_elements(packing: &Packing, ty: &TensorType) -> u64 {
    match packing {
        Packing::Plain => ty.size().as_constant().unwrap_or(0) as u64,
        Packing::Strided { extents, .. } => extents.iter().product(),
        Packing::Panels { batch, inner, columns, width, .. } => {
            let width = u64::from(*width);
            batch.iter().chain(inner).map(|it| it.0).product::<u64>()
                * columns.div_ceil(width)
                * width
        }
    }
}
