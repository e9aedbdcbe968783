//! Calls and loops over other bodies.

use super::Planner;
use crate::layout::Layout;
use crate::{BufferId, Step};
use nnc_graph::{Call, NodeId, ScanOp, Value};
use nnc_shape::Dim;

impl Planner<'_> {
    /// Arguments of a callee in the order of its pointers, and the results that go
    /// with them.
    pub(super) fn call(&mut self, id: NodeId, call: &Call) {
        let callee = self.callee(call.callee).clone();
        let node = self.graph.node(id);
        let mut pointers: Vec<Option<BufferId>> = vec![None; callee.pointers.len()];
        for (at, &operand) in node.operands.iter().enumerate() {
            let layout = Layout::ordered(callee.input_orders[at].clone());
            let buffer = if callee.overwrites[at] {
                self.own_copy(operand, &layout, id)
            } else {
                self.value_in(operand, &layout, id)
            };
            pointers[at] = Some(buffer);
        }
        for (at, &pointer) in callee.outputs.iter().enumerate() {
            let value = Value { node: id, result: at as u32 };
            if let Some(buffer) = pointers[pointer as usize] {
                self.of_value.insert(value, buffer);
            } else {
                pointers[pointer as usize] = Some(self.result(value));
            }
        }
        let pointers = pointers.into_iter().flatten().collect();
        self.steps.push(Step::Call {
            body: self.of_graph[&call.callee],
            dims: call.dims.clone(),
            pointers,
            arena_offset: 0,
            weights_offset: 0,
            params: call.params.clone(),
        });
    }

    pub(super) fn scan(&mut self, id: NodeId, scan: &ScanOp) {
        let callee = self.callee(scan.body).clone();
        let node = self.graph.node(id);
        let carried = scan.carried as usize;
        let zero = Dim::constant(0);
        let mut pointers: Vec<Option<(BufferId, Dim)>> = vec![None; callee.pointers.len()];
        for (at, &operand) in node.operands.iter().enumerate() {
            let layout = Layout::ordered(callee.input_orders[at].clone());
            let buffer = if at < carried {
                // The carry is written over at each step.
                self.own_copy(operand, &layout, id)
            } else {
                self.value_in(operand, &layout, id)
            };
            pointers[at] = Some((buffer, zero.clone()));
        }
        let mut carries = Vec::new();
        let mut condition = None;
        for (at, &pointer) in callee.outputs.iter().enumerate() {
            let value = Value { node: id, result: at as u32 };
            let place = pointer as usize;
            if let Some((current, _)) = pointers[at].clone().filter(|_| at < carried) {
                self.of_value.insert(value, current);
                if scan.condition == Some(at as u32) {
                    condition = Some(current);
                }
                let next = match &pointers[place] {
                    Some((in_place, _)) => *in_place,
                    None => {
                        let layout = Layout::ordered(callee.output_orders[at].clone());
                        let next = self.buffer(value, &layout, Self::ARENA);
                        pointers[place] = Some((next, zero.clone()));
                        next
                    }
                };
                if next != current {
                    carries.push((next, current));
                }
            } else {
                let stacked = self.result(value);
                let step =
                    self.buffers[stacked].strides.first().cloned().unwrap_or_else(|| zero.clone());
                pointers[place] = Some((stacked, step));
            }
        }
        let pointers = pointers.into_iter().flatten().collect();
        let dims = callee.dims.iter().map(|it| Dim::var(it.name)).collect();
        self.steps.push(Step::Repeat {
            body: self.of_graph[&scan.body],
            variable: scan.variable,
            extent: scan.extent.clone(),
            condition,
            dims,
            pointers,
            carries,
            arena_offset: 0,
            weights_offset: 0,
            params: scan.params.clone(),
        });
    }
}
