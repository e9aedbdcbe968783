//! `average off`: sums over earlier values that take the last value alone.
//!
//! ```text
//! sum[j] weights[i][j] * states[j, b, d]      =>      states[last, b, d]
//! ```
//!
//! The weights are parameters no longer.

use nnc_graph::{Affine, Scalar};
use nnc_hir as hir;
use nnc_hir::{ExprKind, ScalarKind};
use nnc_shape::Dim;

use super::rank::factor_reads;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::scalar::number;

impl<'a> Lowerer<'a> {
    /// A sum that a rewrite changes.
    pub(crate) fn rewritten_sum(
        &mut self,
        frame: &mut Frame<'a>,
        reduction: &'a hir::Reduction,
        elem: nnc_graph::Elem,
    ) -> Lowering<Option<Scalar>> {
        if reduction.op != hir::ReduceOp::Sum {
            return Ok(None);
        }
        if !self.rewrites.latest.is_empty()
            && let Some(last) = self.latest(frame, reduction)?
        {
            return Ok(Some(self.cast(elem, last)));
        }
        if self.rewrites.ranks.is_empty() {
            return Ok(None);
        }
        self.factored_sum(frame, reduction, elem)
    }

    /// A read that stands for something else in the sum that is being lowered.
    pub(crate) fn rewritten_read(
        &mut self,
        frame: &mut Frame<'a>,
        scalar: &'a hir::Scalar,
        elem: nnc_graph::Elem,
    ) -> Lowering<Option<Scalar>> {
        if self.ones.contains(&std::ptr::from_ref(scalar)) {
            return Ok(Some(number(elem, 1)));
        }
        self.factor_read(frame, scalar, elem)
    }

    fn latest(
        &mut self,
        frame: &mut Frame<'a>,
        reduction: &'a hir::Reduction,
    ) -> Lowering<Option<Scalar>> {
        let ([axis], None) = (reduction.axes.as_slice(), &reduction.guard) else { return Ok(None) };
        let mut reads = Vec::new();
        factor_reads(&reduction.value, &mut reads);
        for read in reads {
            let ScalarKind::Read { tensor, index, pack: false } = &read.kind else { continue };
            let ExprKind::Param(path) = &tensor.kind else { continue };
            let along = |it: &hir::Index| matches!(it, hir::Index::Affine(affine) if affine.as_var() == Some(axis.var));
            if index.len() != 1 || !index.iter().all(along) {
                continue;
            }
            let Some((_, place)) = self.param_at(frame, path)? else { continue };
            if !self.rewrites.latest.contains_key(&place) {
                continue;
            }
            self.rewritten.insert(place);
            let last = &frame.dim(&axis.extent) - &Dim::constant(1);
            frame.index.insert(axis.var, Affine::constant(last));
            self.ones.insert(std::ptr::from_ref(read));
            let value = self.scalar(frame, &reduction.value);
            self.ones.remove(&std::ptr::from_ref(read));
            return value.map(Some);
        }
        Ok(None)
    }
}
