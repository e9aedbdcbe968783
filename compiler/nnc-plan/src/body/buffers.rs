//! The buffers of values, in the layouts that their readers want.

use super::Planner;
use crate::layout::Layout;
use crate::{
    Address, Border, BorderAxis, Buffer, BufferId, Kernel, KernelKind, Place, Step, stage,
};
use nnc_graph::{Axis, Elem, Index, Nest, NestKind, NodeId, Scalar, TensorType, Value, Var};
use nnc_shape::Dim;

impl Planner<'_> {
    pub(super) fn add_buffer(
        &mut self,
        name: String,
        ty: &TensorType,
        layout: &Layout,
        place: Place,
    ) -> BufferId {
        let (strides, origin, elements) = layout.place(&ty.shape);
        let id = self.buffers.next_id();
        // Until memory is placed, an offset that no other buffer has tells arenas apart.
        let place = match place {
            Place::Arena { .. } => Place::Arena { offset: u64::from(id.raw()) },
            other => other,
        };
        self.bytes.push(0);
        self.roots.push(id);
        self.buffers.push(Buffer {
            name,
            elem: ty.elem,
            shape: ty.shape.clone(),
            strides,
            origin,
            elements,
            place,
        })
    }

    pub(super) fn buffer(&mut self, value: Value, layout: &Layout, place: Place) -> BufferId {
        let ty = self.graph.ty(value).clone();
        let name = match value.result {
            0 => format!("v{}", value.node.raw()),
            result => format!("v{}_{result}", value.node.raw()),
        };
        self.add_buffer(name, &ty, layout, place)
    }

    pub(super) const ARENA: Place = Place::Arena { offset: 0 };

    /// Where a node's result goes: to the caller if it can, else to the arena.
    pub(super) fn result(&mut self, value: Value) -> BufferId {
        let layout = self.own_layout(value);
        let direct =
            self.written_by.get(&value).is_some_and(|&at| layout == self.output_layout(at));
        let place = if direct { Place::Pointer(self.pointers.len() as u32) } else { Self::ARENA };
        let buffer = self.buffer(value, &layout, place);
        if direct {
            self.pointers.push(buffer);
        }
        self.of_value.insert(value, buffer);
        if layout.has_border() {
            self.clear_border(buffer, &layout, value.node);
        }
        buffer
    }

    fn clear_border(&mut self, buffer: BufferId, layout: &Layout, at: NodeId) {
        let it = &self.buffers[buffer];
        let last = layout.order.iter().rposition(|&axis| layout.border[axis] != (0, 0));
        let axes = layout.order.iter().take(last.map_or(0, |it| it + 1)).map(|&axis| {
            let (before, after) = layout.border[axis];
            let (stride, extent) = (it.strides[axis].clone(), it.shape[axis].clone());
            BorderAxis { stride, before, extent, after }
        });
        let border = Border { buffer, axes: axes.collect() };
        self.launch(format!("border_{}", it.name), KernelKind::Border(border), at);
    }

    /// The buffer that holds a value.
    pub(super) fn value(&self, value: Value) -> BufferId {
        self.of_value[&value]
    }

    /// The buffer of a value in a given layout; copied there where it lies otherwise.
    pub(super) fn value_in(&mut self, value: Value, layout: &Layout, at: NodeId) -> BufferId {
        let own = self.own_layout(value);
        let wide_enough = own.order == layout.order
            && own.border.iter().zip(&layout.border).all(|(a, b)| a.0 >= b.0 && a.1 >= b.1);
        if wide_enough && (layout.has_border() || !own.has_border()) {
            return self.value(value);
        }
        let key = (value, layout.order.clone());
        if let Some(&buffer) = self.converted.get(&key) {
            return buffer;
        }
        let buffer = self.buffer(value, layout, Self::ARENA);
        if layout.has_border() {
            self.clear_border(buffer, layout, at);
        }
        self.copy_elements(self.value(value), buffer, at);
        self.converted.insert(key, buffer);
        buffer
    }

    /// Copies a tensor from one layout to another.
    pub(super) fn copy_elements(&mut self, from: BufferId, to: BufferId, at: NodeId) {
        let shape = self.buffers[from].shape.clone();
        let nest = identity_nest(&shape, self.buffers[from].elem);
        let out = Address {
            buffer: to,
            offset: self.buffers[to].origin.clone(),
            strides: self.buffers[to].strides.clone(),
            data: Vec::new(),
        };
        let name = format!("copy_{}", self.buffers[to].name);
        self.nest_stage(name, &nest, &|_| from, out, false, at);
    }

    pub(super) fn launch(&mut self, name: String, kind: KernelKind, at: NodeId) {
        let span = self.graph.node(at).span;
        if let KernelKind::Stages(next) = &kind
            && let Some(Step::Launch(last)) = self.steps.last_mut()
            && let KernelKind::Stages(kernel) = &mut last.kind
            && stage::try_join(kernel, next, &self.buffers)
        {
            return;
        }
        self.steps.push(Step::Launch(Box::new(Kernel {
            name: format!("{name}_{}", self.steps.len()),
            kind,
            span,
        })));
    }
}

/// `y[i, j, …] = x[i, j, …]`.
pub(super) fn identity_nest(shape: &[Dim], elem: Elem) -> Nest {
    Nest {
        axes: shape
            .iter()
            .enumerate()
            .map(|(at, extent)| Axis {
                name: format!("i{at}").as_str().into(),
                extent: extent.clone(),
            })
            .collect(),
        groups: vec![1; shape.len()],
        elem,
        kind: NestKind::Map {
            value: Scalar::read(0, (0..shape.len()).map(|at| Index::var(Var(at as u32))).collect()),
        },
    }
}
