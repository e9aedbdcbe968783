//! What puts the last axis in order.

use nnc_base::{Name, Span};
use nnc_hir::{Axis, AxisSize, Base, Elem, ExprKind, MeaningUse, TensorType, Type};
use nnc_shape::Fact;
use nnc_syntax::ast;

use super::{Body, Value};
use crate::cx::Size;
use crate::errors::{names as name_errors, shapes as errors};

impl Body<'_, '_> {
    /// `top_k(p, k=k)` and `sort(x, k=k, descending=true)`: values along the last axis in order,
    /// and where they are. `k` is how many, all if it is left out.
    pub(super) fn sort(
        &mut self,
        name: &ast::Ident,
        args: &[ast::Arg],
        first: Option<Value>,
        span: Span,
    ) -> Value {
        let is_top_k = name.as_str() == "top_k";
        let params: &[&str] = if is_top_k { &["x", "k"] } else { &["x", "k", "descending"] };
        let param = |it: &&str| ast::Ident { name: Name::new(it), span: name.span };
        let params: Vec<ast::Ident> = params.iter().map(param).collect();
        let piped = first.is_some().then_some((None, None));
        let given: Vec<(Option<ast::Ident>, Option<&ast::Expr>)> =
            piped.into_iter().chain(args.iter().map(|it| (it.name, Some(&it.value)))).collect();
        let Some(bound) = self.cx.match_args(&params, &given, name.span) else {
            return Value::error(span);
        };
        let argument = |at: usize| bound.get(at).copied().flatten().map(|at| given[at].1);
        let value = match (argument(0), first) {
            (Some(None), first) => first,
            (Some(Some(expr)), _) => Some(self.expr(expr)),
            (None, _) => None,
        };
        let k = argument(1).flatten();
        let Some(value) = value.filter(|_| k.is_some() || !is_top_k) else {
            let needed = params.len().min(if is_top_k { 2 } else { 1 });
            self.report(name_errors::argument_count(span, name.name, needed, given.len()));
            return Value::error(span);
        };
        let descending = match argument(2).flatten() {
            None => is_top_k,
            Some(ast::Expr { kind: ast::ExprKind::Bool(it), .. }) => *it,
            Some(other) => {
                self.report(errors::descending(other.span));
                return Value::error(span);
            }
        };
        if value.is_error() {
            return Value::error(span);
        }
        let value = self.as_tensor(value);
        let Type::Tensor(tensor) = value.ty.clone() else {
            self.not_a_tensor(value.span, &value.ty);
            return Value::error(span);
        };
        let Some(last) = tensor.axes.last() else {
            self.report(errors::no_axes(span));
            return Value::error(span);
        };
        let size = last.extent();
        let k = match k {
            Some(k) => match self.size(k) {
                Some(k) => k,
                None => return Value::error(span),
            },
            None => Size { dim: size.clone(), kind: last.kind, rate: None },
        };
        let question = Fact::AtLeast(size.clone(), k.dim.clone());
        if !self.scope.facts.proves(&question) {
            let answer = self.scope.facts.ask(&question);
            self.report(errors::too_many(&self.scope, span, name.name, &k.dim, &size, &answer));
            return Value::error(span);
        }
        let mut values = tensor.clone();
        if let Some(axis) = values.axes.last_mut() {
            *axis = Axis { size: AxisSize::Dim(k.dim.clone()), kind: k.kind, rate: None };
        }
        let meaning = MeaningUse { id: self.cx.builtins.index, args: vec![size] };
        let places =
            TensorType { elem: Elem { base: Base::I32, meaning: Some(meaning) }, ..values.clone() };
        let ty = Type::Tuple(vec![Type::Tensor(values), Type::Tensor(places)]);
        Value::new(ExprKind::Sort { value: Box::new(value), descending, k: k.dim }, ty, span)
    }
}
