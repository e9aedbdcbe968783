//! Nodes, and nests that are stages.

use super::Planner;
use crate::flat::{Flat, FlatLoop};
use crate::plan::PlanError;
use crate::stage::{self, Form};
use crate::{Address, BufferId, KernelKind, Packing, tile};
use nnc_graph::{Affine, Elem, Nest, NestKind, NodeId, Op, ReduceOp, Scalar, Value};
use nnc_shape::Dim;

impl Planner<'_> {
    pub(super) fn node(&mut self, id: NodeId) -> Result<(), PlanError> {
        let graph = self.graph;
        let node = graph.node(id);
        let absorbed = self.attentions.values().any(|it| it.scores == id || it.softmax == id);
        match &node.op {
            Op::Input(_) => {}
            Op::Param(_) | Op::Const(_) => {
                if let Some(source) = self.weight_source(Value::of(id)) {
                    let buffer = self.weight(source, &node.types[0], Packing::Plain);
                    self.of_value.insert(Value::of(id), buffer);
                }
            }
            Op::Nest(_) if absorbed => {}
            Op::Nest(nest) => self.nest(id, nest),
            Op::Write { offset } => self.write(id, offset),
            Op::Order { descending, k } => self.sort(id, *descending, k),
            Op::Running(running) => self.running(id, *running),
            Op::Scatter { op, places } => self.scatter(id, *op, places),
            Op::Reshape => self.reshape(id),
            Op::Scan(scan) => self.scan(id, scan),
            Op::Call(call) => self.call(id, call),
        }
        Ok(())
    }

    pub(super) fn operand(&self, id: NodeId, operand: u32) -> BufferId {
        self.value(self.graph.node(id).operands[operand as usize])
    }

    pub(super) fn nest(&mut self, id: NodeId, nest: &Nest) {
        if let Some(found) = self.attentions.get(&id).copied() {
            if self.attention(id, nest, &found) {
                return;
            }
            // Of another form after all: its parts become kernels of their own.
            self.attentions.remove(&id);
            for part in [found.scores, found.softmax] {
                if let Op::Nest(nest) = &self.graph.node(part).op {
                    self.nest(part, nest);
                }
            }
        }
        let unguarded = self.layouts.unguarded.contains(&id);
        let operands: Vec<BufferId> = self
            .graph
            .node(id)
            .operands
            .clone()
            .into_iter()
            .map(|value| match self.layouts.wanted.get(&value).cloned() {
                Some(wanted) if unguarded => self.value_in(value, &wanted, id),
                _ => self.value(value),
            })
            .collect();
        let out = self.result(Value::of(id));
        let out_address = self.address_of_result(out, nest);
        if let NestKind::Reduce(reduction) = &nest.kind
            && reduction.op == ReduceOp::Sum
            && reduction.accumulator == Elem::F32
            && (reduction.guard.is_none() || unguarded)
        {
            let scalars = [&reduction.value, &reduction.finish];
            let flat = self.flat(nest, &scalars, &|it| operands[it as usize], out_address.clone());
            if self.contraction(id, &flat) {
                return;
            }
        }
        let name = match &nest.kind {
            NestKind::Map { .. } => "map",
            NestKind::Reduce(reduction) => reduction.op.name(),
            NestKind::Softmax { .. } => "softmax",
        };
        let operand = |it: u32| operands[it as usize];
        self.nest_stage(name.to_owned(), nest, &operand, out_address, unguarded, id);
    }

    /// The address of a nest's result over its axes (merged axes of a result step
    /// together).
    pub(super) fn address_of_result(&self, out: BufferId, nest: &Nest) -> Address {
        let buffer = &self.buffers[out];
        Address {
            buffer: out,
            offset: buffer.origin.clone(),
            strides: axis_strides(nest, &buffer.strides),
            data: Vec::new(),
        }
    }

    pub(super) fn flat(
        &self,
        nest: &Nest,
        scalars: &[&Scalar],
        operands: &dyn Fn(u32) -> BufferId,
        out: Address,
    ) -> Flat {
        let loops: Vec<FlatLoop> = nest
            .axes
            .iter()
            .map(|it| (it, false))
            .chain(nest.reduction_axes().iter().map(|it| (it, true)))
            .map(|(axis, reduced)| FlatLoop {
                name: axis.name.to_string(),
                extent: axis.extent.clone(),
                reduced,
            })
            .collect();
        let mut out = out;
        out.strides.resize(loops.len(), Dim::constant(0));
        let mut flat = Flat { loops, reads: Vec::new(), out, scalars: Vec::new() };
        for scalar in scalars {
            flat.add_scalar(scalar, operands, &|var| Affine::var(var), &self.buffers);
        }
        flat
    }

    pub(super) fn nest_stage(
        &mut self,
        name: String,
        nest: &Nest,
        operands: &dyn Fn(u32) -> BufferId,
        out: Address,
        unguarded: bool,
        at: NodeId,
    ) {
        let flat = self.flat(nest, &nest.scalars(), operands, out);
        self.stage(name, flat, Form::Nest { nest, unguarded }, at);
    }

    pub(super) fn stage(&mut self, name: String, flat: Flat, form: Form<'_>, at: NodeId) {
        let mut stage = stage::build(flat, form, self.machine);
        self.repack_weights(&mut stage);
        stage.tile = tile::choose(&stage, self.machine);
        self.launch(name, KernelKind::Stages(stage::alone(stage)), at);
    }
}

/// The strides of a nest's axes in its result, whose merged axes step together.
pub(super) fn axis_strides(nest: &Nest, strides: &[Dim]) -> Vec<Dim> {
    let mut result = Vec::new();
    let mut start = 0;
    for (&count, stride) in nest.groups.iter().zip(strides) {
        let end = start + count as usize;
        let mut step = stride.clone();
        let mut group: Vec<Dim> = nest.axes[start..end]
            .iter()
            .rev()
            .map(|axis| {
                let own = step.clone();
                step = &step * &axis.extent;
                own
            })
            .collect();
        group.reverse();
        result.extend(group);
        start = end;
    }
    result
}
