//! Views, splits, joins and literals of whole tensors.

use nnc_graph::{Affine, Elem, Index, Literal, Op, Scalar, TensorType};
use nnc_hir::{ConcatPart, Expr, ExprKind, ViewAxis};
use nnc_shape::Dim;

use crate::errors;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::point;
use crate::value::{Tensor, Val};

impl<'a> Lowerer<'a> {
    pub(crate) fn view(
        &mut self,
        frame: &mut Frame<'a>,
        expr: &'a Expr,
        value: &'a Expr,
        axes: &[ViewAxis],
    ) -> Lowering<Val> {
        let inner = self.place_independent(frame, value)?;
        let ty = self.tensor_type(&expr.ty)?;
        let points = self.points_of(frame, ty);
        let packed = inner.vars.len().saturating_sub(
            axes.iter().filter(|axis| !matches!(axis, ViewAxis::Broadcast)).count(),
        );
        let mut vars = points.vars.iter();
        let mut at: Vec<Index> = vars.by_ref().take(packed).map(|var| Index::var(*var)).collect();
        for axis in axes {
            match axis {
                ViewAxis::Keep => at.extend(vars.next().map(|var| Index::var(*var))),
                ViewAxis::Broadcast => {
                    vars.next();
                }
                ViewAxis::At(dim) => at.push(Index::Affine(Affine::constant(frame.dim(dim)))),
            }
        }
        if at.len() != inner.vars.len() {
            return Err(self.internal("a view has another number of axes than its tensor"));
        }
        let value = inner.at(&at);
        Ok(Val::Tensor(Tensor { vars: points.vars, shape: points.shape, elem: inner.elem, value }))
    }

    /// A tensor that is read in parts: stored, or a view.
    fn place_independent(&mut self, frame: &mut Frame<'a>, value: &'a Expr) -> Lowering<Tensor> {
        let value = self.expr(frame, value)?;
        let tensor = self.tensor(value)?;
        if frame.pointwise { Ok(tensor) } else { self.settled(tensor) }
    }

    pub(crate) fn split(
        &mut self,
        frame: &mut Frame<'a>,
        value: &'a Expr,
        axis: usize,
        sizes: &[Dim],
    ) -> Lowering<Val> {
        let packed = if self.tensor_type(&value.ty)?.pack { frame.pack.len() } else { 0 };
        let whole = self.place_independent(frame, value)?;
        let axis = packed + axis;
        let mut offset = Dim::constant(0);
        let mut parts = Vec::new();
        for size in frame.dims(sizes) {
            let mut shape = whole.shape.clone();
            if let Some(place) = shape.get_mut(axis) {
                *place = size.clone();
            }
            let vars: Vec<_> = shape.iter().map(|extent| self.fresh_axis(extent)).collect();
            let at: Vec<Index> = (vars.iter().enumerate())
                .map(|(i, var)| {
                    let start = if i == axis { offset.clone() } else { Dim::constant(0) };
                    Index::Affine(Affine::var(*var).plus(&Affine::constant(start)))
                })
                .collect();
            let value = whole.at(&at);
            parts.push(Val::Tensor(Tensor { vars, shape, elem: whole.elem, value }));
            offset = offset + size;
        }
        Ok(Val::Tuple(parts))
    }

    pub(crate) fn concat(
        &mut self,
        frame: &mut Frame<'a>,
        expr: &'a Expr,
        parts: &'a [ConcatPart],
        axis: usize,
    ) -> Lowering<Val> {
        let ty = self.tensor_type(&expr.ty)?;
        let elem = self.elem(frame, &ty.elem.base)?;
        let points = self.points_of(frame, ty);
        let axis = axis + if ty.pack { frame.pack.len() } else { 0 };
        let Some(&along) = points.vars.get(axis) else {
            return Err(self.internal("tensors are joined along an axis they have not got"));
        };
        let mut choices = Vec::new();
        let mut offset = Dim::constant(0);
        for part in parts {
            let tensor = self.place_independent(frame, &part.value)?;
            let at: Vec<Index> = (points.vars.iter())
                .map(|var| {
                    let back = if *var == along { -offset.clone() } else { Dim::constant(0) };
                    Index::Affine(Affine::var(*var).plus(&Affine::constant(back)))
                })
                .collect();
            let value = self.cast(elem, tensor.at(&at));
            offset = offset + frame.dim(&part.size);
            choices.push((offset.clone(), value));
        }
        Ok(Val::Tensor(Tensor {
            value: chosen_by_place(Affine::var(along), choices)
                .ok_or_else(|| self.internal("nothing is joined"))?,
            vars: points.vars,
            shape: points.shape,
            elem,
        }))
    }

    pub(crate) fn sort(
        &mut self,
        frame: &mut Frame<'a>,
        value: &'a Expr,
        descending: bool,
        k: &Dim,
    ) -> Lowering<Val> {
        if frame.pointwise {
            return Err(Box::new(errors::not_at_a_point(self.span, "an order of values")));
        }
        let tensor = self.place_independent(frame, value)?;
        let source = self.stored(&tensor)?;
        let operand = self.resolve(source)?;
        let k = frame.dim(k);
        let mut shape = tensor.shape;
        if let Some(last) = shape.last_mut() {
            *last = k.clone();
        }
        let types =
            vec![TensorType::new(tensor.elem, shape.clone()), TensorType::new(Elem::I32, shape)];
        let results = self.add_results(Op::Order { descending, k }, vec![operand], types)?;
        let parts = results.into_iter().map(|source| Val::Tensor(self.tensor_of(source)));
        Ok(Val::Tuple(parts.collect()))
    }

    /// `[a, b, c]`: a literal, or a choice by the first index.
    pub(crate) fn list(
        &mut self,
        frame: &mut Frame<'a>,
        expr: &'a Expr,
        items: &'a [Expr],
    ) -> Lowering<Tensor> {
        let ty = self.tensor_type(&expr.ty)?;
        let elem = self.elem(frame, &ty.elem.base)?;
        let shape = frame.shape(ty);
        if let Some(literal) = literal(expr, elem) {
            let source =
                self.add_node(Op::Const(literal), Vec::new(), TensorType::new(elem, shape))?;
            return Ok(self.tensor_of(source));
        }
        let points = self.points_of(frame, ty);
        let Some((along, inner)) = points.vars.split_first() else {
            return Err(self.internal("a list has no axes"));
        };
        let at: Vec<Index> = inner.iter().map(|var| Index::var(*var)).collect();
        let mut choices = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let tensor = self.place_independent(frame, item)?;
            let value = self.cast(elem, tensor.at(&at));
            choices.push((Dim::constant(place as i64 + 1), value));
        }
        let value = chosen_by_place(Affine::var(*along), choices)
            .ok_or_else(|| self.internal("a list has no items"))?;
        Ok(Tensor { vars: points.vars, shape: points.shape, elem, value })
    }
}

/// The first choice whose end lies behind `place`.
fn chosen_by_place(place: Affine, choices: Vec<(Dim, Scalar)>) -> Option<Scalar> {
    let mut choices = choices.into_iter().rev();
    let (_, last) = choices.next()?;
    Some(choices.fold(last, |otherwise, (end, value)| {
        let before = Scalar::compare(
            nnc_graph::Compare::Lt,
            point::integer(place.clone()),
            point::integer(Affine::constant(end)),
        );
        Scalar::select(before, value, otherwise)
    }))
}

/// The numbers of an expression that is made of literals alone.
fn literal(expr: &Expr, elem: Elem) -> Option<Literal> {
    if elem.is_float() {
        let mut items = Vec::new();
        floats(expr, &mut items)?;
        return Some(Literal::Floats(items));
    }
    let mut items = Vec::new();
    integers(expr, &mut items)?;
    Some(match elem {
        Elem::Bool => Literal::Bools(items.into_iter().map(|it| it != 0).collect()),
        Elem::F64
        | Elem::F32
        | Elem::F16
        | Elem::BF16
        | Elem::I64
        | Elem::I32
        | Elem::I8
        | Elem::U8 => Literal::Ints(items),
    })
}

fn floats(expr: &Expr, items: &mut Vec<f64>) -> Option<()> {
    match &expr.kind {
        ExprKind::Float(value) => items.push(*value),
        ExprKind::Int(value) => items.push(*value as f64),
        ExprKind::Unary(nnc_hir::UnaryOp::Neg, value) => {
            let start = items.len();
            floats(value, items)?;
            for item in &mut items[start..] {
                *item = -*item;
            }
        }
        ExprKind::Cast { value, .. } => floats(value, items)?,
        ExprKind::List(parts) => {
            for part in parts {
                floats(part, items)?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn integers(expr: &Expr, items: &mut Vec<i64>) -> Option<()> {
    match &expr.kind {
        ExprKind::Int(value) => items.push(*value),
        ExprKind::Bool(value) => items.push(i64::from(*value)),
        ExprKind::Unary(nnc_hir::UnaryOp::Neg, value) => {
            let start = items.len();
            integers(value, items)?;
            for item in &mut items[start..] {
                *item = -*item;
            }
        }
        ExprKind::Cast { value, .. } => integers(value, items)?,
        ExprKind::List(parts) => {
            for part in parts {
                integers(part, items)?;
            }
        }
        _ => return None,
    }
    Some(())
}
