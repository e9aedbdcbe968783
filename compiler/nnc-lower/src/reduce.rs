//! Reductions and softmax in index notation.
//!
//! Each becomes a [`Pending`] that is read at the point; [`crate::emit`] decides
//! whether it is the node itself or a node that comes before.

use std::rc::Rc;

use nnc_graph::{Affine, Binary, Elem, Index, ReduceOp, Scalar, TensorType, Var};
use nnc_hir as hir;
use nnc_hir::IndexVarId;
use nnc_shape::Dim;

use crate::building::{Pending, PendingKind, Source};
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::point;
use crate::scalar::{number, size};

impl<'a> Lowerer<'a> {
    /// A guard at this point; `None` for one that always holds.
    fn guard(&mut self, frame: &mut Frame<'a>, guard: &'a hir::Scalar) -> Lowering<Option<Scalar>> {
        let guard = self.scalar(frame, guard)?;
        Ok((guard != Scalar::Bool(true)).then_some(guard))
    }

    pub(crate) fn reduction(
        &mut self,
        frame: &mut Frame<'a>,
        reduction: &'a hir::Reduction,
        elem: Elem,
    ) -> Lowering<Scalar> {
        let position = matches!(reduction.op, hir::ReduceOp::ArgMax | hir::ReduceOp::ArgMin);
        let mut axes = Vec::new();
        let mut count = Dim::constant(1);
        for (at, axis) in reduction.axes.iter().enumerate() {
            let extent = frame.dim(&axis.extent);
            let last = axes.is_empty() && at + 1 == reduction.axes.len();
            if extent.as_constant() == Some(1) && !position && !last {
                frame.index.insert(axis.var, Affine::constant(0));
                continue;
            }
            count = &count * &extent;
            let var = self.fresh(frame.function.index_vars[axis.var].name, extent);
            frame.index.insert(axis.var, Affine::var(var));
            axes.push(var);
        }
        let guard = match &reduction.guard {
            Some(guard) => self.guard(frame, guard)?,
            None => None,
        };
        let value = self.scalar(frame, &reduction.value)?;
        let accumulator = self.elem(frame, &reduction.accumulate)?;
        let reduce = |op, accumulator| PendingKind::Reduce { op, axes: axes.clone(), accumulator };

        let op = match reduction.op {
            hir::ReduceOp::Mean => {
                let value = self.cast(accumulator, value);
                let sum = self.pend(
                    reduce(ReduceOp::Sum, accumulator),
                    accumulator,
                    guard.clone(),
                    value,
                );
                let count = match guard {
                    None => size(accumulator, Affine::constant(count)),
                    Some(_) => {
                        let ones = self.pend(
                            reduce(ReduceOp::Sum, Elem::I32),
                            Elem::I32,
                            guard,
                            Scalar::int(1),
                        );
                        self.cast(accumulator, ones)
                    }
                };
                return Ok(self.cast(elem, Scalar::binary(Binary::Div, sum, count)));
            }
            hir::ReduceOp::Pick => {
                let value = self.cast(elem, value);
                let first = self.pend(reduce(ReduceOp::First, elem), elem, guard.clone(), value);
                let Some(otherwise) = &reduction.otherwise else { return Ok(first) };
                let otherwise = self.scalar(frame, otherwise)?;
                let otherwise = self.cast(elem, otherwise);
                if otherwise == number(elem, 0) {
                    return Ok(first);
                }
                let any = self.pend(
                    reduce(ReduceOp::Any, Elem::Bool),
                    Elem::Bool,
                    guard,
                    Scalar::Bool(true),
                );
                return Ok(Scalar::select(any, first, otherwise));
            }
            hir::ReduceOp::ArgMax | hir::ReduceOp::ArgMin => {
                let op = match reduction.op {
                    hir::ReduceOp::ArgMax => ReduceOp::ArgMax,
                    _ => ReduceOp::ArgMin,
                };
                let value_elem = self.elem_of(&value);
                let place = self.pend(reduce(op, value_elem), Elem::I32, guard, value);
                return Ok(self.cast(elem, place));
            }
            hir::ReduceOp::Sum | hir::ReduceOp::Count => ReduceOp::Sum,
            hir::ReduceOp::Product => ReduceOp::Product,
            hir::ReduceOp::Max => ReduceOp::Max,
            hir::ReduceOp::Min => ReduceOp::Min,
            hir::ReduceOp::Any => ReduceOp::Any,
            hir::ReduceOp::All => ReduceOp::All,
        };
        let value = self.cast(accumulator, value);
        let result = self.pend(reduce(op, accumulator), accumulator, guard, value);
        Ok(self.cast(elem, result))
    }

    pub(crate) fn softmax(
        &mut self,
        frame: &mut Frame<'a>,
        var: IndexVarId,
        guard: Option<&'a hir::Scalar>,
        value: &'a hir::Scalar,
        elem: Elem,
    ) -> Lowering<Scalar> {
        let axis = frame.index.get(&var).and_then(Affine::as_var);
        let guard = match guard {
            Some(guard) => self.guard(frame, guard)?,
            None => None,
        };
        let value = self.scalar(frame, value)?;
        let Some(axis) = axis else {
            // The only element of its row.
            let (one, zero) = (number(elem, 1), number(elem, 0));
            return Ok(match guard {
                Some(guard) => Scalar::select(guard, one, zero),
                None => one,
            });
        };
        let value = self.cast(elem, value);
        Ok(self.pend(PendingKind::Softmax { axis }, elem, guard, value))
    }

    /// A reduction or softmax that is read at this point.
    pub(crate) fn pend(
        &mut self,
        kind: PendingKind,
        elem: Elem,
        guard: Option<Scalar>,
        value: Scalar,
    ) -> Scalar {
        let mut free = point::free_vars(&value);
        if let Some(guard) = &guard {
            free.extend(point::free_vars(guard));
        }
        match &kind {
            PendingKind::Reduce { axes, .. } => free.retain(|var| !axes.contains(var)),
            PendingKind::Softmax { axis } => {
                free.insert(*axis);
            }
        }
        let free: Vec<Var> = free.into_iter().collect();
        let shape = free.iter().map(|var| self.extent(*var).clone()).collect();
        let at = free.iter().map(|var| Index::var(*var)).collect();
        let pending = Pending { kind, free, elem, guard, value, span: self.span };
        Scalar::read(
            self.source(Source::Pending(Rc::new(pending)), TensorType::new(elem, shape)),
            at,
        )
    }
}
