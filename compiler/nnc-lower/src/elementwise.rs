//! Operations on whole tensors, element by element.

use nnc_graph::{Affine, Elem, Index, Scalar, Var};
use nnc_hir::{AxisSize, Expr, TensorType};
use nnc_shape::Dim;

use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::Tensor;

/// The places of a result that is computed element by element.
pub(crate) struct Points {
    pub vars: Vec<Var>,
    pub shape: Vec<Dim>,
}

impl<'a> Lowerer<'a> {
    /// One index variable for each axis of a type.
    pub(crate) fn points_of(&mut self, frame: &Frame<'a>, ty: &TensorType) -> Points {
        let shape = frame.shape(ty);
        let vars = shape.iter().map(|extent| self.fresh_axis(extent)).collect();
        Points { vars, shape }
    }

    /// The element of an operand that belongs to a point of the result: the same
    /// place, the only place of a broadcast axis, or the scalar.
    pub(crate) fn element(
        &mut self,
        frame: &mut Frame<'a>,
        points: &Points,
        operand: &'a Expr,
    ) -> Lowering<Scalar> {
        let ty = self.tensor_type(&operand.ty)?;
        let value = self.expr(frame, operand)?;
        let tensor = self.tensor(value)?;
        self.element_at(frame, points, &tensor, ty)
    }

    pub(crate) fn element_at(
        &self,
        frame: &Frame<'a>,
        points: &Points,
        tensor: &Tensor,
        ty: &TensorType,
    ) -> Lowering<Scalar> {
        if tensor.vars.is_empty() {
            return Ok(tensor.at(&[]));
        }
        if tensor.vars.len() != points.vars.len() {
            return Err(self.internal(format!(
                "an operand has {} axes and the result {}",
                tensor.vars.len(),
                points.vars.len()
            )));
        }
        let packed = if ty.pack { frame.pack.len() } else { 0 };
        let mut at = Vec::with_capacity(points.vars.len());
        for (axis, var) in points.vars.iter().enumerate() {
            let written = axis
                .checked_sub(packed)
                .and_then(|axis| ty.axes.get(axis))
                .is_some_and(|axis| axis.size == AxisSize::Broadcast);
            let repeated = written
                || (tensor.shape[axis].as_constant() == Some(1)
                    && points.shape[axis].as_constant() != Some(1));
            at.push(if repeated { Index::Affine(Affine::constant(0)) } else { Index::var(*var) });
        }
        Ok(tensor.at(&at))
    }

    pub(crate) fn at_points(&self, points: Points, elem: Elem, value: Scalar) -> Tensor {
        Tensor { vars: points.vars, shape: points.shape, elem, value: self.cast(elem, value) }
    }
}
