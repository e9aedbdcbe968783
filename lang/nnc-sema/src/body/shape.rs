//! Views, literals and the builtin functions that change shapes.

use nnc_base::{Name, Span};
use nnc_hir::{
    Axis, AxisSize, Base, ConcatPart, Elem, Expr, ExprKind, MeaningUse, TensorType, Type, ViewAxis,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::unify::{Meeting, sizes_equal};
use super::{Body, Value};
use crate::errors::{
    elements as element_errors, index as index_errors, names as name_errors, shapes as errors,
    sizes as size_errors,
};

impl Body<'_, '_> {
    /// `bias[_, k, _, _]` outside a nest: axes in order, with broadcast axes between.
    pub(super) fn view(&mut self, base: &ast::Expr, indices: &[ast::Index], span: Span) -> Value {
        let value = self.expr(base);
        if value.is_error() {
            return Value::error(span);
        }
        let Type::Tensor(tensor) = value.expr.ty.clone() else {
            self.not_a_tensor(base.span, &value.expr.ty);
            return Value::error(span);
        };
        let mut axes = Vec::new();
        let mut result = Vec::new();
        let mut rest = tensor.axes.iter();
        let mut pack = false;
        for (place, index) in indices.iter().enumerate() {
            match &index.kind {
                ast::IndexKind::Rest if place == 0 && tensor.pack => pack = true,
                ast::IndexKind::Broadcast => {
                    axes.push(ViewAxis::Broadcast);
                    result.push(Axis::broadcast());
                }
                ast::IndexKind::Expr(expr) => {
                    let Some(axis) = rest.next() else {
                        return self.view_count(&value, indices, &tensor, span);
                    };
                    let name = match &expr.kind {
                        ast::ExprKind::Name(name) if !name.is_capital() => Some(name),
                        _ => None,
                    };
                    if name.is_some() {
                        axes.push(ViewAxis::Keep);
                        result.push(axis.clone());
                        continue;
                    }
                    let Some(at) = self.size(expr) else { return Value::error(span) };
                    if !self.in_bounds(&at.dim, &axis.extent(), index.span) {
                        return Value::error(span);
                    }
                    axes.push(ViewAxis::At(at.dim));
                }
                _ => {
                    self.report(index_errors::view_index(index.span));
                    return Value::error(span);
                }
            }
        }
        if rest.next().is_some() || pack != tensor.pack {
            return self.view_count(&value, indices, &tensor, span);
        }
        let ty = Type::Tensor(TensorType { elem: tensor.elem, pack, axes: result });
        let flex = value.flex;
        let kind = ExprKind::View { value: Box::new(value.expr), axes };
        Value { expr: Expr { kind, ty, span }, flex }
    }

    fn view_count(
        &mut self,
        value: &Value,
        indices: &[ast::Index],
        tensor: &TensorType,
        span: Span,
    ) -> Value {
        let shown = self.show(&value.expr.ty);
        let given =
            indices.iter().filter(|it| !matches!(it.kind, ast::IndexKind::Broadcast)).count();
        self.report(index_errors::index_count(span, &shown, tensor.axes.len(), given));
        Value::error(span)
    }

    /// `"("`: the token of one character.
    pub(super) fn token(&mut self, text: &str, span: Span) -> Value {
        let &[byte] = text.as_bytes() else {
            self.report(element_errors::text(span));
            return Value::error(span);
        };
        let ty = Type::scalar(self.token_elem());
        Value::new(ExprKind::Int(i64::from(byte)), ty, span)
    }

    fn token_elem(&self) -> Elem {
        let meaning = MeaningUse { id: self.cx.builtins.token, args: vec![Dim::constant(256)] };
        Elem { base: Base::I32, meaning: Some(meaning) }
    }

    /// `tokens("…")`: one token a byte.
    pub(super) fn tokens(&mut self, args: &[ast::Arg], span: Span) -> Value {
        let [ast::Arg { value: ast::Expr { kind: ast::ExprKind::Text(text), .. }, .. }] = args
        else {
            self.report(element_errors::text(span));
            return Value::error(span);
        };
        let elem = self.token_elem();
        let item = |byte: u8| Expr {
            kind: ExprKind::Int(i64::from(byte)),
            ty: Type::scalar(elem.clone()),
            span,
        };
        let items: Vec<Expr> = text.bytes().map(item).collect();
        let axes = vec![Axis::new(Dim::constant(items.len() as i64))];
        let ty = Type::Tensor(TensorType { elem: elem.clone(), pack: false, axes });
        Value::new(ExprKind::List(items), ty, span)
    }

    /// `[[1.0, 2.0], [3.0, 4.0]]`.
    pub(super) fn list(&mut self, items: &[ast::Expr], span: Span) -> Value {
        let values: Vec<Value> = items.iter().map(|item| self.expr(item)).collect();
        if values.is_empty() || values.iter().any(Value::is_error) {
            if values.is_empty() {
                self.report(errors::empty_list(span));
            }
            return Value::error(span);
        }
        let floats = values.iter().any(|value| value.flex);
        let fixed = values.iter().find_map(|value| match &value.expr.ty {
            Type::Tensor(tensor) if !value.flex => Some(tensor.elem.base.clone()),
            _ => None,
        });
        let base = match fixed {
            Some(base) => base,
            None if floats => self.default_float(),
            None => Base::I32,
        };
        let flex = floats
            && values.iter().all(|value| value.flex || matches!(value.expr.ty, Type::Dim(_)));
        let mut exprs: Vec<Expr> = Vec::new();
        for value in values {
            let adapts = value.flex || matches!(value.expr.ty, Type::Dim(_));
            let expr = if adapts { self.retag(value.expr, &base) } else { value.expr };
            let mut expr = expr;
            if let Some(mut first) = exprs.first().cloned() {
                self.join_exprs(&mut first, &mut expr, span);
                let (ty, declared) = (first.ty.clone(), first.span);
                let at = expr.span;
                for before in &mut exprs {
                    before.ty.clone_from(&ty);
                }
                let meeting = Meeting::new(at, declared, "the first item");
                let expr = self.fit(Value { expr, flex: false }, &ty, meeting);
                if expr.ty.is_error() {
                    return Value::error(span);
                }
                exprs.push(expr);
            } else {
                exprs.push(expr);
            }
        }
        let Some(Type::Tensor(item)) = exprs.first().map(|it| it.ty.clone()) else {
            self.report(index_errors::not_a_scalar(span, "something that is no number", None));
            return Value::error(span);
        };
        let mut axes = vec![Axis::new(Dim::constant(exprs.len() as i64))];
        axes.extend(item.axes);
        let ty = Type::Tensor(TensorType { elem: item.elem, pack: false, axes });
        Value { expr: Expr { kind: ExprKind::List(exprs), ty, span }, flex }
    }

    /// The axis that `axis=kind` names, or the last.
    fn axis_argument(
        &mut self,
        axis: Option<&ast::Arg>,
        tensor: &TensorType,
        at: Span,
    ) -> Option<usize> {
        let Some(arg) = axis else {
            if tensor.axes.is_empty() {
                self.report(errors::no_axes(at));
                return None;
            }
            return Some(tensor.axes.len() - 1);
        };
        // An axis that no kind tells from others is named by its place.
        if let ast::ExprKind::Int(place) = arg.value.kind {
            let place = usize::try_from(place).ok().filter(|place| *place < tensor.axes.len());
            if place.is_none() {
                let shown = self.show(&Type::Tensor(tensor.clone()));
                self.report(errors::axis_place(arg.span, &shown, tensor.axes.len()));
            }
            return place;
        }
        let ast::ExprKind::Name(kind) = &arg.value.kind else {
            self.report(errors::axis_kind(arg.span, None));
            return None;
        };
        let mut places =
            tensor.axes.iter().enumerate().filter(|(_, it)| it.kind == Some(kind.name));
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Some(place),
            (first, _) => {
                let shown = self.show(&Type::Tensor(tensor.clone()));
                self.report(errors::axis_kind(
                    arg.span,
                    Some((kind.as_str(), &shown, first.is_some())),
                ));
                None
            }
        }
    }

    /// `split(x, n)`, `split(x, [a, b])`.
    pub(super) fn split(&mut self, args: &[ast::Arg], first: Option<Value>, span: Span) -> Value {
        let axis = args.iter().find(|arg| arg.name.is_some_and(|it| it.as_str() == "axis"));
        let mut plain = args.iter().filter(|arg| arg.name.is_none());
        let value = match first {
            Some(value) => Some(value),
            None => plain.next().map(|arg| self.expr(&arg.value)),
        };
        let (Some(value), Some(parts), None) = (value, plain.next(), plain.next()) else {
            self.report(name_errors::argument_count(span, Name::new("split"), 2, args.len()));
            return Value::error(span);
        };
        if value.is_error() {
            return Value::error(span);
        }
        let value = self.as_tensor(value);
        let Type::Tensor(tensor) = value.ty.clone() else {
            self.not_a_tensor(value.span, &value.ty);
            return Value::error(span);
        };
        let Some(place) = self.axis_argument(axis, &tensor, span) else {
            return Value::error(span);
        };
        let total = tensor.axes[place].extent();
        let sizes: Vec<crate::cx::Size> = match &parts.value.kind {
            ast::ExprKind::List(items) => {
                let sizes: Option<Vec<_>> = items.iter().map(|item| self.size(item)).collect();
                let Some(sizes) = sizes else { return Value::error(span) };
                let sum = sizes.iter().fold(Dim::constant(0), |sum, size| &sum + &size.dim);
                if !sizes_equal(&self.scope, &sum, &total) {
                    let answer = self.scope.facts.equal(&sum, &total);
                    self.report(errors::split_sum(&self.scope, parts.span, &sum, &total, &answer));
                    return Value::error(span);
                }
                sizes
            }
            _ => {
                let Some(count) = self.size(&parts.value) else {
                    return Value::error(span);
                };
                let Some(count) = count.dim.as_constant().filter(|it| (1..=1024).contains(it))
                else {
                    self.report(errors::split_count(parts.span));
                    return Value::error(span);
                };
                let divisor = Dim::constant(count);
                match self.scope.facts.exact_div(&total, &divisor) {
                    Ok(size) => {
                        let size = self.scope.size(size);
                        (0..count).map(|_| size.clone()).collect()
                    }
                    Err(answer) => {
                        let diagnostic = size_errors::inexact(
                            parts.span,
                            &self.scope,
                            &total,
                            &divisor,
                            &answer,
                        );
                        self.report(diagnostic);
                        return Value::error(span);
                    }
                }
            }
        };
        let ty = Type::Tuple(
            sizes
                .iter()
                .map(|size| {
                    let mut part = tensor.clone();
                    part.axes[place] =
                        Axis { size: AxisSize::Dim(size.dim.clone()), kind: size.kind, rate: None };
                    Type::Tensor(part)
                })
                .collect(),
        );
        let sizes = sizes.into_iter().map(|size| size.dim).collect();
        Value::new(ExprKind::Split { value: Box::new(value), axis: place, sizes }, ty, span)
    }

    /// `concat(a, b, axis=chan)`.
    pub(super) fn concat(&mut self, args: &[ast::Arg], first: Option<Value>, span: Span) -> Value {
        let axis = args.iter().find(|arg| arg.name.is_some_and(|it| it.as_str() == "axis"));
        let mut values: Vec<Value> = first.into_iter().collect();
        for arg in args.iter().filter(|arg| arg.name.is_none()) {
            values.push(self.expr(&arg.value));
        }
        if values.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let mut parts: Vec<ConcatPart> = Vec::new();
        let mut place = 0;
        let mut whole: Option<TensorType> = None;
        for value in values {
            let mut expr = self.as_tensor(value);
            if let (Some(whole), Some(first)) = (&mut whole, parts.first()) {
                let mut before = Expr { ty: Type::Tensor(whole.clone()), ..first.value.clone() };
                self.join_exprs(&mut before, &mut expr, span);
                if let Type::Tensor(joined) = before.ty {
                    *whole = joined;
                }
            }
            let Type::Tensor(tensor) = expr.ty.clone() else {
                self.not_a_tensor(expr.span, &expr.ty);
                return Value::error(span);
            };
            match &mut whole {
                None => {
                    let Some(at) = self.axis_argument(axis, &tensor, span) else {
                        return Value::error(span);
                    };
                    place = at;
                    parts.push(ConcatPart { value: expr, size: tensor.axes[at].extent() });
                    whole = Some(tensor);
                }
                Some(before) => {
                    let mut expected = before.clone();
                    if let (Some(axis), Some(own)) =
                        (expected.axes.get_mut(place), tensor.axes.get(place))
                    {
                        *axis = Axis { size: own.size.clone(), ..axis.clone() };
                    }
                    let declared = parts.first().map_or(span, |it| it.value.span);
                    let at = expr.span;
                    let meeting = Meeting::new(at, declared, "concat");
                    let expr =
                        self.fit(Value { expr, flex: false }, &Type::Tensor(expected), meeting);
                    if expr.ty.is_error() {
                        return Value::error(span);
                    }
                    let size = tensor.axes[place].extent();
                    let sum = &before.axes[place].extent() + &size;
                    before.axes[place].size = AxisSize::Dim(sum);
                    parts.push(ConcatPart { value: expr, size });
                }
            }
        }
        let Some(whole) = whole else {
            self.report(name_errors::argument_count(span, Name::new("concat"), 2, 0));
            return Value::error(span);
        };
        Value::new(ExprKind::Concat { parts, axis: place }, Type::Tensor(whole), span)
    }
}
