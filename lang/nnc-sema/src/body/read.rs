//! Reads of tensors in index notation: plain indices, offsets, gathers and splits.

use nnc_base::{Name, Span};
use nnc_hir::{Affine, Axis, AxisSize, Elem, Index, Type};
use nnc_shape::{Dim, Fact};
use nnc_syntax::ast;

use super::Body;
use super::scalar::Sv;
use super::unify::sizes_equal;
use crate::errors::{elements as element_errors, index as errors, shapes};

impl Body<'_, '_> {
    /// `tensor[indices]` in a nest.
    pub(super) fn read(&mut self, base: &ast::Expr, indices: &[ast::Index], at: Span) -> Sv {
        let tensor = self.hoist(|body| body.expr(base));
        if tensor.is_error() {
            // Still look at the indices, whose mistakes are others.
            return Sv::error(at);
        }
        let Type::Tensor(ty) = tensor.expr.ty.clone() else {
            self.not_a_tensor(base.span, &tensor.expr.ty);
            return Sv::error(at);
        };
        let pack = matches!(indices.first(), Some(ast::Index { kind: ast::IndexKind::Rest, .. }));
        let places = if pack { &indices[1..] } else { indices };
        let nest_pack = self.nest.as_ref().is_some_and(|nest| nest.pack);
        if pack != ty.pack || (pack && !nest_pack) {
            let shown = self.show(&tensor.expr.ty);
            self.report(errors::rest_in_read(at, &shown, ty.pack, nest_pack));
            return Sv::error(at);
        }
        if places.len() != ty.axes.len() {
            let shown = self.show(&tensor.expr.ty);
            self.report(errors::index_count(at, &shown, ty.axes.len(), places.len()));
            return Sv::error(at);
        }
        let mut result = Vec::new();
        let mut ok = true;
        for (index, axis) in places.iter().zip(&ty.axes) {
            match self.index(index, axis) {
                Some(index) => result.push(index),
                None => ok = false,
            }
        }
        if !ok {
            return Sv::error(at);
        }
        Sv::read(tensor, pack, result, ty.elem, at)
    }

    fn index(&mut self, index: &ast::Index, axis: &Axis) -> Option<Index> {
        match &index.kind {
            ast::IndexKind::Expr(ast::Expr { kind: ast::ExprKind::Name(name), span })
                if self.find_var(name.name).is_some() =>
            {
                let var = self.find_var(name.name)?;
                self.runs_over(var, axis, *span)?;
                Some(Index::Affine(Affine::var(self.vars[var].id)))
            }
            ast::IndexKind::Expr(expr) => self.computed_index(expr, axis),
            ast::IndexKind::Split(parts) => self.split_index(parts, axis, index.span),
            ast::IndexKind::Rest | ast::IndexKind::Broadcast | ast::IndexKind::Extent { .. } => {
                self.report(errors::read_index(index.span));
                None
            }
        }
    }

    pub(super) fn find_var(&self, name: Name) -> Option<usize> {
        self.vars.iter().rposition(|var| var.name == name)
    }

    /// A variable takes all places of an axis: that is its range.
    fn runs_over(&mut self, var: usize, axis: &Axis, at: Span) -> Option<()> {
        let size = axis.extent();
        let known = self.vars[var].clone();
        let Some(extent) = &known.extent else {
            let it = &mut self.vars[var];
            it.extent = Some(size);
            (it.kind, it.rate, it.extent_at) = (axis.kind, axis.rate, at);
            return Some(());
        };
        if let (Some(left), Some(right)) = (known.kind, axis.kind)
            && left != right
        {
            self.report(errors::index_kinds(known.name, left, known.extent_at, right, at));
            return None;
        }
        let equal = sizes_equal(&self.scope, extent, &size);
        if !equal && known.explicit {
            self.must_be_in_bounds(Dim::var(known.symbol), size, at);
            return Some(());
        }
        if !equal {
            let answer = self.scope.facts.equal(extent, &size);
            self.report(errors::index_sizes(
                &self.scope,
                known.name,
                extent,
                known.extent_at,
                &size,
                at,
                known.kind.or(axis.kind),
                &answer,
            ));
            return None;
        }
        if let (Some(left), Some(right)) = (known.rate, axis.rate)
            && left != right
        {
            let other =
                Axis { size: AxisSize::Dim(extent.clone()), kind: known.kind, rate: known.rate };
            let who = "the same index";
            self.report(shapes::rates(axis, &other, at, known.extent_at, who, None));
            return None;
        }
        let it = &mut self.vars[var];
        it.kind = it.kind.or(axis.kind);
        it.rate = it.rate.or(axis.rate);
        Some(())
    }

    /// `t + k`, `0` or a gather `ids[b, t]`.
    fn computed_index(&mut self, expr: &ast::Expr, axis: &Axis) -> Option<Index> {
        if let Some(name) = self.unbound_index(expr) {
            self.report(errors::unbound(&name));
            return None;
        }
        let value = self.scalar(expr);
        if value.is_error() {
            return None;
        }
        if let Some(index) = value.size.clone() {
            self.must_be_in_bounds(index.clone(), axis.extent(), expr.span);
            return Some(match self.affine(&index) {
                Some(affine) => Index::Affine(affine),
                None => Index::Data(Box::new(value.scalar)),
            });
        }
        let elem: Elem = value.scalar.elem.clone();
        let space = self.cx.space_of(&elem).and_then(|it| it.args.first().cloned());
        let size = axis.extent();
        let shown = self.show_elem(&elem);
        match space {
            Some(space) => {
                let inside = sizes_equal(&self.scope, &space, &size)
                    || self.scope.facts.proves(&Fact::AtLeast(size.clone(), space.clone()));
                if !inside {
                    self.report(element_errors::table_rows(
                        &self.scope,
                        expr.span,
                        &shown,
                        &space,
                        &size,
                    ));
                    return None;
                }
            }
            None => {
                self.report(element_errors::gather(expr.span, &shown, &self.scope.show(&size)));
                return None;
            }
        }
        Some(Index::Data(Box::new(value.scalar)))
    }

    /// `(n:N d)`: several variables share an axis; the first is the slowest.
    fn split_index(&mut self, parts: &[ast::SplitPart], axis: &Axis, at: Span) -> Option<Index> {
        let total = axis.extent();
        let mut vars = Vec::new();
        let mut sizes: Vec<Option<Dim>> = Vec::new();
        for part in parts {
            let Some(var) = self.find_var(part.name.name) else {
                self.report(errors::unbound(&part.name));
                return None;
            };
            let given = match &part.size {
                Some(size) => Some(self.extent(size)?),
                None => None,
            };
            if let Some((size, kind, span)) = given {
                let axis = Axis { size: AxisSize::Dim(size.clone()), kind, rate: None };
                self.runs_over(var, &axis, span)?;
                sizes.push(Some(size));
            } else {
                sizes.push(self.vars[var].extent.clone());
            }
            vars.push(var);
        }
        let unknown: Vec<usize> =
            sizes.iter().enumerate().filter(|(_, it)| it.is_none()).map(|(i, _)| i).collect();
        let product = sizes.iter().flatten().fold(Dim::constant(1), |all, it| &all * it);
        match unknown.as_slice() {
            [] => {
                if !sizes_equal(&self.scope, &product, &total) {
                    let answer = self.scope.facts.equal(&product, &total);
                    self.report(errors::split_sizes(&self.scope, at, &product, &total, &answer));
                    return None;
                }
            }
            [one] => {
                let positive = Fact::AtLeast(product.clone(), Dim::constant(1));
                if !self.scope.facts.proves(&positive) {
                    self.report(crate::errors::sizes::divisor_not_positive(
                        at,
                        &self.scope,
                        &product,
                    ));
                    return None;
                }
                let quotient = match self.scope.facts.exact_div(&total, &product) {
                    Ok(quotient) => quotient,
                    Err(answer) => {
                        self.report(errors::split_inexact(
                            &self.scope,
                            at,
                            &total,
                            &product,
                            &answer,
                        ));
                        return None;
                    }
                };
                // A part of an axis is of its kind, unless its size says another.
                let kind = self.scope.kind_of(&quotient).or(axis.kind);
                let size = Axis { kind, ..Axis::new(quotient.clone()) };
                self.runs_over(vars[*one], &size, parts[*one].span)?;
                sizes[*one] = Some(quotient);
            }
            _ => {
                self.report(errors::split_unknown(at));
                return None;
            }
        }
        let mut stride = Dim::constant(1);
        let mut index = Affine::constant(Dim::constant(0));
        for (var, size) in vars.iter().zip(&sizes).rev() {
            index = index.plus(&Affine::var(self.vars[*var].id).times(&stride));
            stride = &stride * size.as_ref()?;
        }
        Some(Index::Affine(index))
    }

    /// A name in an index that stands for nothing: an index that nothing binds.
    fn unbound_index(&self, expr: &ast::Expr) -> Option<ast::Ident> {
        match &expr.kind {
            ast::ExprKind::Name(name) if !self.is_known(name.name) => Some(*name),
            ast::ExprKind::Unary { operand, .. } => self.unbound_index(operand),
            ast::ExprKind::Binary { left, right, .. } => {
                self.unbound_index(left).or_else(|| self.unbound_index(right))
            }
            _ => None,
        }
    }
}
