//! Contractions and attentions.

use super::Planner;
use super::nests::axis_strides;
use crate::attention::Match;
use crate::contraction::RightForm;
use crate::flat::{Flat, FlatLoop};
use crate::layout::Layout;
use crate::stage::{self, Form};
use crate::{Address, BufferId, KernelKind, LoopRole, Matrix, Packing, attention, contraction};
use nnc_graph::{
    Affine, Axis, Compare, Elem, Nest, NestKind, NodeId, Scalar, TensorType, Value, Var,
};
use nnc_shape::Dim;

impl Planner<'_> {
    pub(super) fn contraction(&mut self, id: NodeId, flat: &Flat) -> bool {
        let Some(found) = contraction::recognise(flat, &self.buffers, self.machine) else {
            return false;
        };
        let source = flat.reads[found.right].clone();
        let right = match &found.form {
            RightForm::Packed { packing, width } => {
                let Some(slot) = self.is_weight(source.buffer) else { return false };
                let slot = &self.weights[slot].1;
                if slot.packing != Packing::Plain {
                    return false;
                }
                let (from, ty) = (slot.source.clone(), slot.ty.clone());
                let (packing, width) = (packing.clone(), *width);
                let panels = self.weight(from, &ty, packing);
                Matrix::Panels { start: found.panel_start(panels, width), width }
            }
            RightForm::Strided => Matrix::Strided(found.flat.reads[found.right].clone()),
            RightForm::PackedOnTheWay => {
                let Some((panels, width)) = self.pack_on_the_way(id, &found) else { return false };
                Matrix::Panels { start: found.panel_start(panels, width), width }
            }
        };
        let out = found.flat.out.buffer;
        let out_holds_sums = self.buffers[out].elem == Elem::F32
            && found
                .flat
                .reads
                .iter()
                .all(|it| self.roots[it.buffer.index()] != self.roots[out.index()]);
        let kernel = found.finish(right, self.machine, out_holds_sums);
        self.launch("contraction".to_owned(), KernelKind::Contraction(kernel), id);
        true
    }

    /// A kernel that packs the right operand of a contraction into panels.
    pub(super) fn pack_on_the_way(
        &mut self,
        id: NodeId,
        found: &contraction::Found,
    ) -> Option<(BufferId, u32)> {
        let width = 2 * self.machine.lanes;
        let lanes = i64::from(width);
        let zero = Dim::constant(0);
        let read = &found.flat.reads[found.right];
        let elem = self.buffers[read.buffer].elem;
        let column = found.roles.iter().position(|it| *it == LoopRole::Column)?;
        let columns = found.flat.loops[column].extent.clone();
        let panels = (&columns + (lanes - 1)).floor_div(&Dim::constant(lanes));
        // Loops of the copy: batch…, panel, inner…, lane.
        let kept: Vec<usize> = (0..found.roles.len())
            .filter(|&at| match found.roles[at] {
                LoopRole::Batch => read.strides[at] != zero,
                LoopRole::Row | LoopRole::Key => false,
                LoopRole::Column | LoopRole::Inner => true,
            })
            .collect();
        let mut axes: Vec<(String, Dim, Dim)> = kept
            .iter()
            .map(|&at| {
                let it = &found.flat.loops[at];
                if at == column {
                    ("panel".to_owned(), panels.clone(), &read.strides[at] * lanes)
                } else {
                    (it.name.clone(), it.extent.clone(), read.strides[at].clone())
                }
            })
            .collect();
        axes.push(("lane".to_owned(), Dim::constant(lanes), read.strides[column].clone()));
        let shape: Vec<Dim> = axes.iter().map(|it| it.1.clone()).collect();
        let ty = TensorType::new(elem, shape.clone());
        let layout = Layout::row_major(shape.len());
        let buffer = self.add_buffer(format!("panels{}", id.raw()), &ty, &layout, Self::ARENA);
        let panel_at = kept.iter().position(|&at| at == column)?;
        let lane_at = axes.len() - 1;
        let position = Affine::var(Var(panel_at as u32))
            .times(&Dim::constant(lanes))
            .plus(&Affine::var(Var(lane_at as u32)));
        let inside = Scalar::compare(
            Compare::Lt,
            Scalar::Index { elem: Elem::I64, value: position },
            Scalar::Index { elem: Elem::I64, value: Affine::constant(columns) },
        );
        let padding = Scalar::Float { elem, value: 0.0 };
        let value = Scalar::select(inside, Scalar::read(0, Vec::new()), padding);
        let nest = Nest {
            axes: axes
                .iter()
                .map(|it| Axis { name: it.0.as_str().into(), extent: it.1.clone() })
                .collect(),
            groups: vec![1; axes.len()],
            elem,
            kind: NestKind::Map { value: value.clone() },
        };
        let out = self.address_of_result(buffer, &nest);
        let source = Address {
            buffer: read.buffer,
            offset: read.offset.clone(),
            strides: axes.iter().map(|it| it.2.clone()).collect(),
            data: Vec::new(),
        };
        let loops = axes
            .iter()
            .map(|it| FlatLoop { name: it.0.clone(), extent: it.1.clone(), reduced: false })
            .collect();
        let flat = Flat { loops, reads: vec![source], out, scalars: vec![value] };
        let stage = stage::build(flat, Form::Nest { nest: &nest, unguarded: false }, self.machine);
        self.launch("pack".to_owned(), KernelKind::Stages(stage::alone(stage)), id);
        Some((buffer, width))
    }

    pub(super) fn attention(&mut self, id: NodeId, nest: &Nest, found: &Match) -> bool {
        let out = self.result(Value::of(id));
        let out_strides = axis_strides(nest, &self.buffers[out].strides);
        let operand = |node: NodeId, at: u32| {
            let value = self.graph.node(node).operands[at as usize];
            self.of_value.get(&value).copied().unwrap_or(out)
        };
        let memory =
            attention::Memory { buffers: &self.buffers, operand: &operand, out, out_strides };
        let Some(kernel) = attention::build(self.graph, found, &memory) else { return false };
        self.launch("attention".to_owned(), KernelKind::Attention(kernel), id);
        true
    }
}
