//! `rank`: a matrix as the product of two thin ones.
//!
//! ```text
//! sum[i] x[b, i] * w[o, i]   =>   z[b, k] = sum[i] x[b, i] * w.right[k, i];  sum[k] z[b, k] * w.left[o, k]
//! ```
//!
//! The factors of a stored matrix are those of its truncated singular value decomposition,
//! `w ≈ U S V`, with the root of `S` in each: of all products of that rank it is the nearest
//! (Eckart and Young, 1936). A matrix that is read otherwise than along one axis of a sum is
//! multiplied out.

use std::collections::HashMap;

use nnc_graph::{Index, ReduceOp, Scalar};
use nnc_hir as hir;
use nnc_hir::{ExprKind, Rewrite, ScalarKind};
use nnc_shape::Dim;

use super::spots::{Spot, What, params_below};
use super::{Rewrites, errors};
use crate::building::PendingKind;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::params::{Made, ParamInfo};
use crate::value::Tensor;

/// The names of the factors of a parameter.
pub(crate) fn factors(name: &str) -> [String; 2] {
    [format!("{name}.left"), format!("{name}.right")]
}

/// The factors as parameters.
pub(crate) fn params(info: &ParamInfo, rank: i64) -> Vec<ParamInfo> {
    let [left, right] = factors(&info.name);
    let (rows, columns) = (info.shape[0], info.shape[1]);
    let (row, column) = (info.formulas[0].clone(), info.formulas[1].clone());
    let rank_formula = Dim::constant(rank);
    let made = |is_left| Some(Made::Factor { of: info.name.clone(), rank, is_left });
    vec![
        ParamInfo {
            name: left,
            shape: vec![rows, rank],
            formulas: vec![row, rank_formula.clone()],
            made: made(true),
            ..info.clone()
        },
        ParamInfo {
            name: right,
            shape: vec![rank, columns],
            formulas: vec![rank_formula, column],
            made: made(false),
            ..info.clone()
        },
    ]
}

/// The matrix that a line means: the parameter, or the only one of a layer itself.
pub(super) fn matrix<'s>(
    spots: &'s [Spot],
    rewrite: &Rewrite,
    spot: &'s Spot,
) -> Lowering<(&'s str, &'s ParamInfo)> {
    let own = |it: &&Spot| {
        let inside = it.place.strip_prefix(spot.place.as_str()).unwrap_or_default();
        !inside.trim_start_matches('.').contains('.')
    };
    let matrices = params_below(spots, &spot.place).into_iter().filter(own);
    let matrices: Vec<(&str, &ParamInfo)> = matrices
        .filter_map(|it| match &it.what {
            What::Param(info) if info.shape.len() == 2 => Some((it.place.as_str(), info)),
            What::Param(_) | What::Array { .. } | What::Layer { .. } => None,
        })
        .collect();
    match matrices.as_slice() {
        [only] => Ok(*only),
        all => Err(Box::new(errors::no_matrix(rewrite, spot, all.len()))),
    }
}

pub(super) fn fits(rewrite: &Rewrite, place: &str, info: &ParamInfo, rank: i64) -> Lowering<()> {
    if !info.elem.is_float() || info.shape.iter().any(|size| *size < rank) {
        return Err(Box::new(errors::rank_too_great(rewrite, place, info)));
    }
    Ok(())
}

/// Where items share parameters, all of them have the rank that is written for one.
pub(super) fn tied(rewrites: &mut Rewrites, spots: &[Spot]) {
    if rewrites.ties.is_empty() || rewrites.ranks.is_empty() {
        return;
    }
    let name = |place: &str| rewrites.names(place);
    let of: HashMap<String, i64> = spots
        .iter()
        .filter_map(|it| Some((name(&it.place), *rewrites.ranks.get(&it.place)?)))
        .collect();
    let all: Vec<(String, i64)> = spots
        .iter()
        .filter_map(|it| Some((it.place.clone(), *of.get(&name(&it.place))?)))
        .collect();
    rewrites.ranks.extend(all);
}

/// Parameters that a product reads, each with where it stands.
pub(super) fn factor_reads<'e>(scalar: &'e hir::Scalar, found: &mut Vec<&'e hir::Scalar>) {
    match &scalar.kind {
        ScalarKind::Binary(hir::BinaryOp::Mul, left, right) => {
            factor_reads(left, found);
            factor_reads(right, found);
        }
        ScalarKind::Binary(hir::BinaryOp::Div, value, _)
        | ScalarKind::Unary(hir::UnaryOp::Neg, value)
        | ScalarKind::Cast(value) => factor_reads(value, found),
        ScalarKind::Read { tensor, .. } if matches!(tensor.kind, ExprKind::Param(_)) => {
            found.push(scalar);
        }
        _ => {}
    }
}

/// One factor in the place of a matrix, while the sum that reads it is lowered.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    tensor: Tensor,
    /// The axis of the matrix that the factor has.
    axis: usize,
    /// The place along the rank.
    rank: Index,
}

impl<'a> Lowerer<'a> {
    /// The sum with a thin product in the place of a matrix, if it reads one along an axis of
    /// its own.
    pub(super) fn factored_sum(
        &mut self,
        frame: &mut Frame<'a>,
        reduction: &'a hir::Reduction,
        elem: nnc_graph::Elem,
    ) -> Lowering<Option<Scalar>> {
        let mut reads = Vec::new();
        factor_reads(&reduction.value, &mut reads);
        let summed = |index: &hir::Index| match index {
            hir::Index::Affine(affine) => Some(
                affine.terms.iter().any(|it| reduction.axes.iter().any(|axis| axis.var == it.0)),
            ),
            hir::Index::Data(_) => None,
        };
        for read in reads {
            let ScalarKind::Read { tensor, index, pack: false } = &read.kind else { continue };
            let ExprKind::Param(path) = &tensor.kind else { continue };
            let [row, column] = index.as_slice() else { continue };
            let axis = match (summed(row), summed(column)) {
                (Some(false), Some(true)) => 1,
                (Some(true), Some(false)) => 0,
                _ => continue,
            };
            let Some([left, right]) = self.param_factors(frame, path)? else { continue };
            let rank = self.fresh_axis(&right.shape[0].clone());
            let (inner, outer) = if axis == 1 { (right, left) } else { (left, right) };
            let factor = Factor { tensor: inner, axis, rank: Index::var(rank) };
            self.factors.insert(std::ptr::from_ref(read), factor);
            let sum = self.reduction(frame, reduction, elem);
            self.factors.remove(&std::ptr::from_ref(read));
            let sum = sum?;
            let hir::Index::Affine(other) = &index[1 - axis] else { continue };
            let other = Index::Affine(self.affine(frame, other)?);
            let at = if axis == 1 { [other, Index::var(rank)] } else { [Index::var(rank), other] };
            let accumulator = self.elem(frame, &reduction.accumulate)?;
            let factor = self.cast(accumulator, outer.at(&at));
            let sum = self.cast(accumulator, sum);
            let value = Scalar::binary(nnc_graph::Binary::Mul, sum, factor);
            let kind = PendingKind::Reduce { op: ReduceOp::Sum, axes: vec![rank], accumulator };
            let result = self.pend(kind, accumulator, None, value);
            return Ok(Some(self.cast(elem, result)));
        }
        Ok(None)
    }

    /// What stands for a read of a matrix in the sum that is being lowered.
    pub(super) fn factor_read(
        &mut self,
        frame: &mut Frame<'a>,
        scalar: &'a hir::Scalar,
        elem: nnc_graph::Elem,
    ) -> Lowering<Option<Scalar>> {
        let Some(factor) = self.factors.get(&std::ptr::from_ref(scalar)).cloned() else {
            return Ok(None);
        };
        let ScalarKind::Read { index, .. } = &scalar.kind else { return Ok(None) };
        let Some(hir::Index::Affine(affine)) = index.get(factor.axis) else { return Ok(None) };
        let at = Index::Affine(self.affine(frame, affine)?);
        let at = if factor.axis == 1 { [factor.rank, at] } else { [at, factor.rank] };
        Ok(Some(self.cast(elem, factor.tensor.at(&at))))
    }

    /// The product, for what reads the matrix as a whole.
    pub(crate) fn multiplied(&mut self, [left, right]: [Tensor; 2]) -> Lowering<Tensor> {
        let rank = self.fresh_axis(&right.shape[0].clone());
        let (rows, columns) = (left.shape[0].clone(), right.shape[1].clone());
        let vars = vec![self.fresh_axis(&rows), self.fresh_axis(&columns)];
        let elem = left.elem;
        let value = Scalar::binary(
            nnc_graph::Binary::Mul,
            left.at(&[Index::var(vars[0]), Index::var(rank)]),
            right.at(&[Index::var(rank), Index::var(vars[1])]),
        );
        let accumulator = if elem == nnc_graph::Elem::F64 { elem } else { nnc_graph::Elem::F32 };
        let value = self.cast(accumulator, value);
        let kind = PendingKind::Reduce { op: ReduceOp::Sum, axes: vec![rank], accumulator };
        let value = self.pend(kind, accumulator, None, value);
        let value = self.cast(elem, value);
        Ok(Tensor { vars, shape: vec![rows, columns], elem, value })
    }
}
