//! State: reading its fields and writing to it.

use nnc_base::Name;
use nnc_graph::{Affine, Index, Op, Scalar};
use nnc_hir::{Expr, Type};
use nnc_shape::Dim;

use crate::errors;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::{State, Val};

impl<'a> Lowerer<'a> {
    pub(crate) fn struct_field(
        &mut self,
        frame: &mut Frame<'a>,
        expr: &'a Expr,
        value: &'a Expr,
        field: Name,
    ) -> Lowering<Val> {
        if let Type::Dim(dim) = &expr.ty {
            return Ok(Val::Dim(frame.dim(dim)));
        }
        let Type::Struct { id, .. } = &value.ty else {
            return Err(self.internal(format!("`{field}` is a field of no struct")));
        };
        let program = self.program;
        let tensors =
            program.structs[*id].fields.iter().filter(|field| !matches!(field.ty, Type::Dim(_)));
        let at = tensors.into_iter().position(|it| it.name == field);
        let state = self.expr(frame, value)?;
        let (Some(at), Val::State(state)) = (at, state) else {
            return Err(self.internal(format!("`{field}` is a field of no struct")));
        };
        match self.field_of(&state, at) {
            Some(tensor) => Ok(Val::Tensor(tensor)),
            None => Err(self.internal(format!("`{field}` is not stored"))),
        }
    }

    /// Writes rows into each tensor field of a state.
    pub(crate) fn append(
        &mut self,
        frame: &mut Frame<'a>,
        state: &'a Expr,
        values: &'a [Expr],
        axes: &[usize],
        at: &Dim,
    ) -> Lowering<Val> {
        if frame.pointwise {
            return Err(Box::new(errors::not_at_a_point(self.span, "`append`")));
        }
        let Val::State(state) = self.expr(frame, state)? else {
            return Err(self.internal("rows are appended to something that is no state"));
        };
        let start = frame.dim(at);
        let mut bases = state.bases.clone();
        for (field, (value, axis)) in values.iter().zip(axes).enumerate() {
            let Some(&base) = state.bases.get(field) else {
                return Err(self.internal("more values are appended than there are fields"));
            };
            let rows = self.expr(frame, value)?;
            let rows = self.tensor(rows)?;
            let ty = self.source_type(base).clone();

            // The rows with an axis of size 1 for each place the state lies inside.
            let mut vars = Vec::new();
            for _ in &state.prefix {
                vars.push(self.fresh_axis(&Dim::constant(1)));
            }
            let inner: Vec<_> = rows.shape.iter().map(|extent| self.fresh_axis(extent)).collect();
            let at: Vec<Index> = inner.iter().map(|var| Index::var(*var)).collect();
            vars.extend(&inner);
            let update = self.cast(ty.elem, rows.at(&at));
            let update = self.stored_update(&state, &vars, &inner, ty.elem, &update)?;

            let mut offset = state.prefix.clone();
            offset.extend(
                (0..inner.len()).map(|i| if i == *axis { start.clone() } else { Dim::constant(0) }),
            );
            let operands = vec![self.resolve(base)?, self.resolve(update)?];
            bases[field] = self.add_node(Op::Write { offset }, operands, ty)?;
        }
        Ok(Val::State(State { bases, prefix: state.prefix }))
    }

    fn stored_update(
        &mut self,
        state: &State,
        vars: &[nnc_graph::Var],
        inner: &[nnc_graph::Var],
        elem: nnc_graph::Elem,
        update: &Scalar,
    ) -> Lowering<u32> {
        // What is stored already only gets another shape.
        if let Scalar::Read { operand, at } = update
            && !self.is_pending(*operand)
            && !state.prefix.is_empty()
            && at.len() == inner.len()
            && at
                .iter()
                .zip(inner)
                .all(|(index, var)| index.as_affine().and_then(Affine::as_var) == Some(*var))
        {
            let stored = self.source_type(*operand).shape.clone();
            let whole = inner.iter().zip(&stored).all(|(var, size)| self.extent(*var) == size);
            if whole {
                let mut shape = vec![Dim::constant(1); state.prefix.len()];
                shape.extend(stored);
                let value = self.resolve(*operand)?;
                let ty = nnc_graph::TensorType::new(elem, shape);
                return self.add_node(Op::Reshape, vec![value], ty);
            }
        }
        self.emit(vars, &vec![1; vars.len()], elem, update)
    }
}
