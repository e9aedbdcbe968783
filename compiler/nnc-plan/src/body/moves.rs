//! Values written over and reshaped in place.

use super::Planner;
use super::buffers::identity_nest;
use crate::flat::add_affine;
use crate::layout::Layout;
use crate::{Address, BufferId, Place};
use nnc_graph::{Affine, NodeId, Value};
use nnc_shape::Dim;

impl Planner<'_> {
    /// Whether a value's memory may be written over by its last user `at`.
    pub(super) fn is_ours(&mut self, value: Value, at: NodeId) -> bool {
        if self.last_use.get(&value) != Some(&at) || self.graph.outputs.contains(&value) {
            return false;
        }
        let users = self.graph.node(at).operands.iter().filter(|it| **it == value).count();
        let buffer = self.value(value);
        let root = self.roots[buffer.index()];
        // Other values in the same memory must be dead as well.
        let shared = self.of_value.iter().any(|(&other, &it)| {
            other != value
                && self.roots[it.index()] == root
                && self.last_use.get(&other).is_some_and(|&last| last >= at)
        });
        if users != 1 || shared {
            return false;
        }
        match self.buffers[root].place {
            Place::Arena { .. } | Place::Scratch { .. } => true,
            Place::Weights { .. } => false,
            Place::Pointer(pointer) => {
                let Some(overwrites) = self.overwrites.get_mut(pointer as usize) else {
                    return true;
                };
                let allowed =
                    self.entry.is_none_or(|entry| entry.inputs[pointer as usize].state.is_some());
                *overwrites |= allowed;
                allowed
            }
        }
    }

    /// A buffer with a value's contents that may be written over.
    pub(super) fn own_copy(&mut self, value: Value, layout: &Layout, at: NodeId) -> BufferId {
        let fits = self.own_layout(value) == *layout;
        if fits && self.is_ours(value, at) {
            return self.value(value);
        }
        let buffer = self.buffer(value, layout, Self::ARENA);
        self.copy_elements(self.value(value), buffer, at);
        buffer
    }

    pub(super) fn write(&mut self, id: NodeId, offset: &[Dim]) {
        let [target, source] = [0, 1].map(|at| self.graph.node(id).operands[at]);
        let layout = Layout::row_major(self.graph.ty(target).rank());
        let into = self.own_copy(target, &layout, id);
        self.of_value.insert(Value::of(id), into);
        let buffer = &self.buffers[into];
        let mut out = Address {
            buffer: into,
            offset: buffer.origin.clone(),
            strides: buffer.strides.clone(),
            data: Vec::new(),
        };
        for (at, stride) in offset.iter().zip(&buffer.strides.clone()) {
            add_affine(&mut out, &Affine::constant(at.clone()), stride);
        }
        let from = self.value(source);
        let nest = identity_nest(&self.buffers[from].shape.clone(), self.buffers[from].elem);
        self.nest_stage("write".to_owned(), &nest, &|_| from, out, false, id);
    }

    pub(super) fn reshape(&mut self, id: NodeId) {
        let source = self.graph.node(id).operands[0];
        let row_major = Layout::row_major(self.graph.ty(source).rank());
        let from = self.value_in(source, &row_major, id);
        let layout = Layout::row_major(self.graph.ty(Value::of(id)).rank());
        let place = self.buffers[from].place.clone();
        let view = self.buffer(Value::of(id), &layout, Self::ARENA);
        self.buffers[view].place = place;
        self.roots[view.index()] = self.roots[from.index()];
        self.of_value.insert(Value::of(id), view);
    }
}
