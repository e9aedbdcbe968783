//! What is filled in before the program runs, in the forms that kernels read.

use super::Planner;
use crate::layout::Layout;
use crate::plan::packed_elements;
use crate::{BufferId, Packing, Place, Stage, WeightSlot, WeightSource, stage};
use nnc_graph::{Op, TensorType, Value};
use nnc_shape::Dim;

impl Planner<'_> {
    pub(super) fn weight(
        &mut self,
        source: WeightSource,
        ty: &TensorType,
        packing: Packing,
    ) -> BufferId {
        let known = self
            .weights
            .iter()
            .find(|(_, slot)| slot.source == source && slot.packing == packing && slot.ty == *ty);
        if let Some((buffer, _)) = known {
            return *buffer;
        }
        let elements = packed_elements(&packing, ty);
        let shape = match &packing {
            Packing::Plain => ty.shape.clone(),
            Packing::Strided { .. } | Packing::Panels { .. } => {
                vec![Dim::constant(elements as i64)]
            }
        };
        let packed = TensorType::new(ty.elem, shape);
        let rank = packed.rank();
        let at = self.weights.len() as u64;
        let name = format!("w{at}");
        let place = Place::Weights { offset: at };
        let buffer = self.add_buffer(name, &packed, &Layout::row_major(rank), place);
        let bytes = elements * ty.elem.bytes() as u64;
        self.weights
            .push((buffer, WeightSlot { source, ty: ty.clone(), offset: 0, bytes, packing }));
        buffer
    }

    /// The source behind a value that is filled before the program runs.
    pub(super) fn weight_source(&self, value: Value) -> Option<WeightSource> {
        match &self.graph.node(value.node).op {
            Op::Param(param) => Some(WeightSource::Param(*param)),
            Op::Const(literal) => Some(WeightSource::Literal(literal.clone())),
            _ => None,
        }
    }

    pub(super) fn is_weight(&self, buffer: BufferId) -> Option<usize> {
        self.weights.iter().position(|(id, _)| *id == buffer)
    }

    /// Parameters that a stage walks across lanes get a copy in which lanes are
    /// neighbours.
    pub(super) fn repack_weights(&mut self, stage: &mut Stage) {
        for read in 0..stage.reads.len() {
            let Some(slot) = self.is_weight(stage.reads[read].buffer) else { continue };
            if self.weights[slot].1.packing != Packing::Plain
                || stage.reads[read].offset != Dim::constant(0)
            {
                continue;
            }
            let Some((extents, strides, own)) = stage::parameter_layout(stage, read) else {
                continue;
            };
            let (source, ty) =
                (self.weights[slot].1.source.clone(), self.weights[slot].1.ty.clone());
            let buffer = self.weight(source, &ty, Packing::Strided { extents, strides });
            stage.reads[read].buffer = buffer;
            stage.reads[read].strides =
                own.into_iter().map(|it| Dim::constant(it as i64)).collect();
        }
    }
}
