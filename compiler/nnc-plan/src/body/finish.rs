//! Outputs, and where every buffer lies.

use super::Planner;
use crate::memory::Request;
use crate::plan::PlanError;
use crate::{Body, BufferId, Place, Step, WeightSlot, memory};
use nnc_base::{Span, Table};
use nnc_graph::GraphId;
use nnc_shape::Dim;
use std::collections::BTreeMap;

impl Planner<'_> {
    /// The pointer of each output, copies made where a value is not yet there.
    pub(super) fn outputs(&mut self) -> Result<Vec<u32>, PlanError> {
        let mut outputs = Vec::new();
        let mut taken: Vec<u32> = Vec::new();
        for (place, &value) in self.graph.outputs.iter().enumerate() {
            let layout = self.output_layout(place);
            let buffer = self.value(value);
            let inputs = self.graph.inputs.len() as u32;
            let direct = match self.buffers[buffer].place {
                Place::Pointer(at) if self.own_layout(value) == layout => {
                    // An input is an output's place only once it has been written over.
                    let owned = at >= inputs || self.overwrites[at as usize];
                    (owned && !taken.contains(&at)).then_some(at)
                }
                Place::Pointer(_)
                | Place::Arena { .. }
                | Place::Scratch { .. }
                | Place::Weights { .. } => None,
            };
            let pointer = match direct {
                Some(at) => at,
                None => {
                    let at = self.pointers.len() as u32;
                    let to = self.buffer(value, &layout, Place::Pointer(at));
                    self.pointers.push(to);
                    self.copy_elements(buffer, to, value.node);
                    at
                }
            };
            taken.push(pointer);
            outputs.push(pointer);
        }
        Ok(outputs)
    }

    pub(super) fn finish(mut self, id: GraphId, outputs: Vec<u32>) -> Result<Body, PlanError> {
        let used = self.used_buffers();
        for at in self.buffers.ids().collect::<Vec<_>>() {
            if matches!(self.buffers[at].place, Place::Arena { .. }) && used[at.index()].is_some() {
                self.bytes[at.index()] = self.greatest_bytes(at)?;
            }
        }
        // Weights first: what is read as it lies and what is packed, in order of use.
        let mut weights = Vec::new();
        let mut weights_bytes = 0;
        for (buffer, slot) in std::mem::take(&mut self.weights) {
            if used[buffer.index()].is_none() {
                continue;
            }
            self.buffers[buffer].place = Place::Weights { offset: weights_bytes };
            weights.push(WeightSlot { offset: weights_bytes, ..slot.clone() });
            weights_bytes += slot.bytes.next_multiple_of(64);
        }
        // One request for each piece of memory, live from its first to its last step.
        let mut requests: Vec<Request> = Vec::new();
        let mut of_root: BTreeMap<BufferId, usize> = BTreeMap::new();
        for buffer in self.buffers.ids() {
            let root = self.roots[buffer.index()];
            let Some((first, last)) = used[buffer.index()] else { continue };
            if !matches!(self.buffers[root].place, Place::Arena { .. }) {
                continue;
            }
            let bytes = self.bytes[buffer.index()];
            match of_root.get(&root) {
                Some(&at) => {
                    let request = &mut requests[at];
                    request.first = request.first.min(first);
                    request.last = request.last.max(last);
                    request.bytes = request.bytes.max(bytes);
                }
                None => {
                    of_root.insert(root, requests.len());
                    requests.push(Request { bytes, first, last });
                }
            }
        }
        let mut callee_requests: Vec<(usize, usize)> = Vec::new();
        let mut callee_bound = 0;
        for (at, step) in self.steps.iter().enumerate() {
            if let Step::Call { body, .. } | Step::Repeat { body, .. } = step {
                let callee = &self.bodies[*body];
                callee_requests.push((at, requests.len()));
                requests.push(Request { bytes: callee.arena_bytes, first: at, last: at });
                callee_bound = callee_bound.max(callee.arena_bytes - callee.arena_lower_bound);
            }
        }
        let placement = memory::place(&requests);
        for buffer in self.buffers.ids() {
            let root = self.roots[buffer.index()];
            if let Some(&at) = of_root.get(&root) {
                self.buffers[buffer].place = Place::Arena { offset: placement.offsets[at] };
            }
        }
        for (step, request) in callee_requests {
            if let Step::Call { arena_offset, weights_offset, body, .. }
            | Step::Repeat { arena_offset, weights_offset, body, .. } = &mut self.steps[step]
            {
                *arena_offset = placement.offsets[request];
                *weights_offset = weights_bytes;
                weights_bytes += self.bodies[*body].weights_bytes.next_multiple_of(64);
            }
        }
        let input_orders = self.inputs().iter().map(|&it| self.own_layout(it).order).collect();
        let output_orders =
            (0..self.graph.outputs.len()).map(|at| self.output_layout(at).order).collect();
        let mut body = Body {
            name: self.graph.name.clone(),
            graph: id,
            dims: self.graph.dims.clone(),
            pointers: self.pointers,
            outputs,
            buffers: self.buffers,
            steps: self.steps,
            arena_bytes: placement.bytes,
            arena_lower_bound: placement.lower_bound.saturating_sub(callee_bound),
            weights_bytes,
            weights,
            input_orders,
            output_orders,
            overwrites: self.overwrites,
        };
        drop_unused_buffers(&mut body, &used);
        Ok(body)
    }

    /// The first and the last step that touch each buffer.
    pub(super) fn used_buffers(&self) -> Vec<Option<(usize, usize)>> {
        let mut used: Vec<Option<(usize, usize)>> = vec![None; self.buffers.len()];
        for (at, step) in self.steps.iter().enumerate() {
            for buffer in step_buffers(step) {
                let range = used[buffer.index()].get_or_insert((at, at));
                range.1 = at;
            }
        }
        for &pointer in &self.pointers {
            used[pointer.index()].get_or_insert((0, 0));
        }
        used
    }

    pub(super) fn greatest_bytes(&self, buffer: BufferId) -> Result<u64, PlanError> {
        let buffer = &self.buffers[buffer];
        let elements = self.facts.range(&buffer.elements).1;
        let bytes = elements.and_then(|it| it.checked_mul(buffer.elem.bytes() as i64));
        bytes.and_then(|it| u64::try_from(it).ok()).ok_or_else(|| {
            let open: Vec<String> = buffer
                .elements
                .vars()
                .into_iter()
                .filter(|&var| self.facts.range(&Dim::var(var)).1.is_none())
                .map(|var| format!("`{var}`"))
                .collect();
            PlanError {
                span: Span::NONE,
                message: format!(
                    "memory for {} elements has no bound: {} of `{}` is open",
                    buffer.elements,
                    open.join(", "),
                    self.graph.name
                ),
                help: "bound it in the entry: `entry … with { … <= … }`".to_owned(),
            }
        })
    }
}

/// Every buffer that a step names.
pub(super) fn step_buffers(step: &Step) -> Vec<BufferId> {
    let mut buffers = Vec::new();
    let mut step = step.clone();
    visit_buffers(&mut step, &mut |it| buffers.push(*it));
    buffers
}

fn visit_buffers(step: &mut Step, visit: &mut dyn FnMut(&mut BufferId)) {
    match step {
        Step::Launch(kernel) => kernel.kind.visit_buffers(visit),
        Step::Call { pointers, .. } => pointers.iter_mut().for_each(visit),
        Step::Repeat { condition, pointers, carries, .. } => {
            if let Some(buffer) = condition {
                visit(buffer);
            }
            for (buffer, _) in pointers {
                visit(buffer);
            }
            for (from, to) in carries {
                visit(from);
                visit(to);
            }
        }
        Step::Copy { from, to } => {
            visit(from);
            visit(to);
        }
    }
}

/// Leaves out buffers that no step names, such as parameters read in packed form alone.
fn drop_unused_buffers(body: &mut Body, used: &[Option<(usize, usize)>]) {
    let mut kept = Table::new();
    let mut moved: BTreeMap<BufferId, BufferId> = BTreeMap::new();
    for (id, buffer) in body.buffers.iter() {
        if used[id.index()].is_some() {
            moved.insert(id, kept.push(buffer.clone()));
        }
    }
    body.buffers = kept;
    for step in &mut body.steps {
        visit_buffers(step, &mut |it| *it = moved[it]);
    }
    for pointer in &mut body.pointers {
        *pointer = moved[pointer];
    }
}
