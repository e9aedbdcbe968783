//! Calls in index notation: of functions of single values.

use nnc_base::{Name, Span};
use nnc_hir::{Base, BinaryOp, CompareOp, Condition, Elem, ScalarArg, ScalarKind, Type, UnaryOp};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::Body;
use super::elementwise::Operator;
use super::scalar::Sv;
use crate::errors::facts::Asked;
use crate::errors::{index as errors, names as name_errors, sizes as size_errors};
use crate::scope::Symbol;

impl Body<'_, '_> {
    pub(super) fn scalar_call(
        &mut self,
        function: &ast::Expr,
        args: &[ast::Arg],
        first: Option<Sv>,
        span: Span,
    ) -> Sv {
        let ast::ExprKind::Name(name) = &function.kind else {
            self.report(errors::call_in_nest(function.span));
            return Sv::error(span);
        };
        let nest = self.nest.take();
        let layer = self.place(function).is_some() || self.function_local(name.name).is_some();
        self.nest = nest;
        if layer {
            self.report(errors::call_in_nest(function.span));
            return Sv::error(span);
        }
        let symbol = self.cx.symbol(self.scope.module, name.name);
        if symbol == Some(Symbol::Alias(usize::MAX, 0)) {
            return Sv::error(span);
        }
        let mut values: Vec<(Option<ast::Ident>, Sv)> =
            first.into_iter().map(|value| (None, value)).collect();
        for arg in args {
            values.push((arg.name, self.scalar(&arg.value)));
        }
        if values.iter().any(|(_, value)| value.is_error()) {
            return Sv::error(span);
        }
        let Some(symbol) = symbol else { return self.scalar_builtin(name, values, span) };
        if matches!(symbol, Symbol::Layer(_)) {
            self.report(name_errors::layer_called(name));
            return Sv::error(span);
        }
        let Symbol::Function(id) = symbol else {
            self.report(name_errors::not_callable(name.span, "something that is no function"));
            return Sv::error(span);
        };
        if matches!(self.cx.function(id).result, Type::Dim(_)) {
            return self.scalar_dim_call(name, values, span);
        }
        self.scalar_function(id, name, values, span)
    }

    fn scalar_builtin(
        &mut self,
        name: &ast::Ident,
        values: Vec<(Option<ast::Ident>, Sv)>,
        span: Span,
    ) -> Sv {
        let count = values.len();
        let mut values = values.into_iter().map(|(_, value)| value);
        let (first, second) = (values.next(), values.next());
        if let Some(op) = UnaryOp::from_name(name.as_str()) {
            return match (first, count) {
                (Some(value), 1) => self.scalar_unary(op, value, span),
                _ => {
                    self.report(name_errors::argument_count(span, name.name, 1, count));
                    Sv::error(span)
                }
            };
        }
        let Some(op) = BinaryOp::from_name(name.as_str()) else {
            match name.as_str() {
                "split" | "concat" | "top_k" | "sort" | "fold" | "tokens" => {
                    self.report(errors::call_in_nest(name.span));
                }
                _ => self.unknown_name(name),
            }
            return Sv::error(span);
        };
        let (Some(left), Some(right), 2) = (first, second, count) else {
            self.report(name_errors::argument_count(span, name.name, 2, count));
            return Sv::error(span);
        };
        if let (Some(a), Some(b)) = (&left.size, &right.size)
            && matches!(op, BinaryOp::Max | BinaryOp::Min)
        {
            let dim = if op == BinaryOp::Max { a.max(b) } else { a.min(b) };
            let mut result = self.sized(dim.clone(), span);
            if self.affine(&dim).is_none() {
                let left = Box::new(self.in_base(left, &Base::I32));
                let right = Box::new(self.in_base(right, &Base::I32));
                result.scalar.kind = ScalarKind::Binary(op, left, right);
            }
            return result;
        }
        let (left, right, flex) = self.meet_scalars(left, right);
        let spans = (left.span, right.span);
        let operator = Operator::Arithmetic(op);
        let names = match left.elem.base == right.elem.base {
            true => (None, None),
            false => (self.read_text(&left), self.read_text(&right)),
        };
        let Some(elem) = self.binary_elem(operator, &left.elem, &right.elem, spans, names, span)
        else {
            return Sv::error(span);
        };
        let kind = ScalarKind::Binary(op, Box::new(left), Box::new(right));
        Sv { flex, ..Sv::typed(kind, elem, span) }
    }

    fn scalar_dim_call(
        &mut self,
        name: &ast::Ident,
        values: Vec<(Option<ast::Ident>, Sv)>,
        span: Span,
    ) -> Sv {
        let scope = self.scope.clone();
        let mut sizes = Vec::new();
        for (name, value) in values {
            match &value.size {
                Some(dim) => sizes.push((name, scope.size(dim.clone()))),
                None => {
                    let found = self.show_elem(&value.scalar.elem);
                    self.report(size_errors::not_a_dim(value.scalar.span, &found));
                    return Sv::error(span);
                }
            }
        }
        let Some(size) = self.cx.dim_function(&scope, name, sizes, span) else {
            return Sv::error(span);
        };
        if self.affine(&size.dim).is_none() {
            self.report(errors::call_in_nest(name.span));
            return Sv::error(span);
        }
        self.sized(size.dim, span)
    }

    /// A function of single values, whose `..` is nothing here.
    fn scalar_function(
        &mut self,
        id: nnc_hir::FunctionId,
        name: &ast::Ident,
        values: Vec<(Option<ast::Ident>, Sv)>,
        span: Span,
    ) -> Sv {
        let function = self.cx.function(id);
        let (params, result) = (function.params.clone(), function.result.clone());
        let (dims, has_float, facts) =
            (function.dims.clone(), function.float, function.facts.clone());
        let idents: Vec<ast::Ident> =
            params.iter().map(|it| ast::Ident { name: it.name, span: it.span }).collect();
        let takes_scalars = params.iter().all(|param| match &param.ty {
            Type::Tensor(tensor) => tensor.axes.is_empty(),
            Type::Dim(_) => true,
            _ => false,
        });
        let Type::Tensor(result) = &result else {
            self.report(errors::call_in_nest(name.span));
            return Sv::error(span);
        };
        let optional = params.iter().any(|param| param.optional);
        if !takes_scalars || optional || !result.axes.is_empty() {
            self.report(errors::call_in_nest(name.span));
            return Sv::error(span);
        }
        let Some(bound) = self.cx.match_args(&idents, &values, name.span) else {
            return Sv::error(span);
        };
        let mut values: Vec<Option<Sv>> =
            values.into_iter().map(|(_, value)| Some(value)).collect();
        let float = params.iter().zip(&bound).find_map(|(param, index)| {
            let Type::Tensor(tensor) = &param.ty else { return None };
            let value = values.get((*index)?)?.as_ref()?;
            let free = value.flex || value.size.is_some() || tensor.elem.base != Base::Float;
            (!free).then(|| value.scalar.elem.base.clone())
        });
        let float = float.unwrap_or_else(|| self.default_float());
        let mut args = Vec::new();
        let mut sizes: Vec<(Name, Dim)> = Vec::new();
        for (param, index) in params.iter().zip(bound) {
            let Some(value) = index.and_then(|index| values[index].take()) else {
                let ident = ast::Ident { name: param.name, span: param.span };
                let who = format!("`{}`", name.as_str());
                self.report(name_errors::missing_argument(span, &who, &ident));
                return Sv::error(span);
            };
            match &param.ty {
                Type::Tensor(tensor) => {
                    let base = match &tensor.elem.base {
                        Base::Float => float.clone(),
                        base => base.clone(),
                    };
                    let at = value.scalar.span;
                    let scalar = if value.flex && base.is_float() || value.size.is_some() {
                        self.in_base(value, &base)
                    } else {
                        value.scalar
                    };
                    let expected = Elem { base, meaning: tensor.elem.meaning.clone() };
                    let who = format!("function `{name}`", name = name.as_str());
                    if !self.scalar_elem_fits(&scalar.elem, &expected, at, param.span, &who) {
                        return Sv::error(span);
                    }
                    args.push(ScalarArg::Value(scalar));
                }
                _ => match &value.size {
                    Some(dim) if self.affine(dim).is_some_and(|it| it.terms.is_empty()) => {
                        sizes.push((param.name, dim.clone()));
                        args.push(ScalarArg::Dim(dim.clone()));
                    }
                    _ => {
                        let found = self.show_elem(&value.scalar.elem);
                        self.report(size_errors::not_a_dim(value.scalar.span, &found));
                        return Sv::error(span);
                    }
                },
            }
        }
        let find =
            |name: Name| sizes.iter().find(|(it, _)| *it == name).map(|(_, dim)| dim.clone());
        let scope = self.scope.clone();
        let declared = self.cx.function(id).span;
        let least = dims.iter().map(|dim| {
            let least = Dim::constant(dim.min);
            Condition::Compare(CompareOp::Ge, Dim::var(dim.name), least)
        });
        let facts = facts.iter().cloned().chain(least);
        let facts: Vec<_> = facts.map(|it| (it.substitute(&find), it)).collect();
        let who = format!("function `{name}`", name = name.as_str());
        let asked = Asked { who: &who, at: span, declared, sizes: &sizes, origins: &[] };
        self.cx.require(&scope, &facts, &asked);
        let base = match &result.elem.base {
            Base::Float => float.clone(),
            base => base.clone(),
        };
        let elem = Elem { base, meaning: result.elem.meaning.clone() };
        let dims: Vec<Dim> =
            dims.iter().map(|dim| find(dim.name).unwrap_or(Dim::constant(1))).collect();
        if let Some(caller) = self.id {
            self.cx.calls((caller, id), &dims, &self.scope.facts, name.span);
        }
        let kind = ScalarKind::Call { function: id, dims, float: has_float.then_some(float), args };
        Sv::typed(kind, elem, span)
    }
}
