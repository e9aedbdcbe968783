//! Functions as arguments: closures, and parameters that are applied.
//!
//! Whatever is called may be an argument: a function, a layer's field, `field.method`, a
//! parameter that is itself a function. `f` stands for `|x| f(x)`, so that it is checked as
//! its call would be, on values of just the types that the parameter's arrow has here.

use nnc_base::{Name, Span};
use nnc_hir::{Arrow, Block, Closure, Expr, ExprKind, LocalId, Stmt, Type};
use nnc_syntax::ast;

use super::call::Given;
use super::unify::Meeting;
use super::{Body, Value};
use crate::errors::{functions as errors, names as name_errors};

impl Body<'_, '_> {
    /// The parameter that is a function, and its type, if a name stands for one.
    pub(super) fn function_local(&self, name: Name) -> Option<(LocalId, Arrow)> {
        let local = *self.names.get(&name)?;
        match &self.locals[local].ty {
            Type::Function(arrow) => Some((local, (**arrow).clone())),
            _ => None,
        }
    }

    /// A parameter that is a function, applied to values.
    pub(super) fn apply_local(
        &mut self,
        local: LocalId,
        name: &ast::Ident,
        arrow: &Arrow,
        given: Vec<(Option<ast::Ident>, Given<'_>)>,
        span: Span,
    ) -> Value {
        let named = given.iter().find_map(|(name, _)| *name);
        let values: Vec<Value> = given.into_iter().map(|(_, it)| self.given_value(it)).collect();
        if let Some(argument) = named {
            self.report(errors::applied_by_name(argument.span, name.name));
            return Value::error(span);
        }
        if values.len() != arrow.inputs.len() {
            let (expected, found) = (arrow.inputs.len(), values.len());
            self.report(name_errors::argument_count(span, name.name, expected, found));
            return Value::error(span);
        }
        let declared = self.locals[local].span;
        let who = format!("function `{}`", name.as_str());
        let mut args = Vec::new();
        for (value, input) in values.into_iter().zip(&arrow.inputs) {
            let meeting = Meeting::new(value.expr.span, declared, &who);
            args.push(self.fit(value, input, meeting));
        }
        if args.iter().any(|arg| arg.ty.is_error()) {
            return Value::error(span);
        }
        Value::new(ExprKind::Apply { function: local, args }, arrow.output.clone(), span)
    }

    /// Reports that a function which is an argument changes state from outside of it: how
    /// often it runs is up to who takes it.
    pub(super) fn check_captured(&mut self, state: LocalId, at: Span) {
        let root = self.root.get(&state).copied().unwrap_or(state);
        if self.captured.is_some_and(|outside| root.index() < outside) {
            let (name, declared) = (self.locals[root].name, self.locals[root].span);
            self.report(errors::captured_state(at, name, declared));
        }
    }

    /// Whether an argument is written as something that can be called, as far as its form
    /// says.
    fn may_be_called(&self, written: &ast::Expr) -> bool {
        match &written.kind {
            ast::ExprKind::Name(name) => self.names.get(&name.name).is_none_or(|local| {
                let ty = &self.locals[*local].ty;
                matches!(ty, Type::Function(_) | Type::Layer(_) | Type::Error)
            }),
            ast::ExprKind::Field { .. }
            | ast::ExprKind::Index { .. }
            | ast::ExprKind::Lambda { .. }
            | ast::ExprKind::Hole
            | ast::ExprKind::Error => true,
            _ => false,
        }
    }

    /// The argument for a parameter of type `expected`, which is a function in the terms of
    /// this body; `None` if a mistake was reported.
    pub(super) fn function_argument(
        &mut self,
        given: Given<'_>,
        expected: &Type,
        param: &nnc_hir::Param,
    ) -> Option<Expr> {
        let Type::Function(arrow) = expected else { return None };
        let shown = self.show(expected);
        let Given::Syntax(written) = given else {
            let at = given.span();
            self.report(errors::not_a_function(at, param.name, param.span, &shown));
            return None;
        };
        if !self.may_be_called(written) {
            self.report(errors::not_a_function(written.span, param.name, param.span, &shown));
            return None;
        }
        let lambda = match &written.kind {
            ast::ExprKind::Lambda { params, body } => Some((params, body)),
            _ => None,
        };
        let names: Vec<ast::Ident> = match lambda {
            Some((params, _)) => params.iter().map(|it| it.name).collect(),
            // Names that nothing else can have.
            None => (0..arrow.inputs.len())
                .map(|at| ast::Ident { name: Name::new(&format!("#{at}")), span: written.span })
                .collect(),
        };
        if names.len() != arrow.inputs.len() {
            let counts = (arrow.inputs.len(), names.len());
            let (name, declared) = (param.name, param.span);
            self.report(errors::closure_params(written.span, name, declared, &shown, counts));
            return None;
        }
        for (at, name) in names.iter().enumerate() {
            if let Some(first) = names[..at].iter().find(|it| it.name == name.name) {
                self.report(name_errors::duplicate(name, first.span));
                return None;
            }
        }
        let before = self.cx.diagnostics.len();
        let mark = self.undo.len();
        let stmts = std::mem::take(&mut self.stmts);
        let captured = self.captured.replace(self.locals.len());
        let mut params = Vec::new();
        for (name, input) in names.iter().zip(&arrow.inputs) {
            let shown = if lambda.is_some() { name.name } else { Name::new("x") };
            let types = lambda.into_iter().flat_map(|(params, _)| params);
            let written = types.filter(|it| it.name == *name).find_map(|it| it.ty.as_ref());
            if let Some(written) = written {
                let declared = self.cx.ty(&self.scope.clone(), written);
                let who = format!("`{}`", name.as_str());
                self.fits(input, &declared, Meeting::new(name.span, written.span, &who));
            }
            let local = self.new_local(shown, input.clone(), name.span);
            self.bind(name.name, local);
            params.push(local);
        }
        let value = match lambda {
            Some((_, body)) => self.expr(body),
            None => {
                let args: Vec<ast::Arg> = (names.iter())
                    .map(|name| {
                        let value = ast::Expr { kind: ast::ExprKind::Name(*name), span: name.span };
                        ast::Arg { name: None, value, span: name.span }
                    })
                    .collect();
                self.call(written, &args, None, written.span)
            }
        };
        let who = format!("the result of `{}`", param.name);
        let meeting = Meeting::new(value.expr.span, param.span, &who);
        let told = if lambda.is_some() { self.cx.diagnostics.len() } else { before };
        let value = self.fit(value, &arrow.output, meeting);
        self.captured = captured;
        let stmts = std::mem::replace(&mut self.stmts, stmts);
        self.unbind_to(mark);
        self.add_labels(told, vec![(param.span, format!("`{}` is {shown} here", param.name))]);
        if value.ty.is_error() {
            return None;
        }
        let kind = ExprKind::Closure(Box::new(Closure { params, body: enclosed(stmts, value) }));
        Some(Expr { kind, ty: expected.clone(), span: written.span })
    }
}

/// A value with the statements that it needs.
pub(super) fn enclosed(stmts: Vec<Stmt>, value: Expr) -> Expr {
    if stmts.is_empty() {
        return value;
    }
    let (ty, span) = (value.ty.clone(), value.span);
    Expr { kind: ExprKind::Block(Box::new(Block { stmts, value })), ty, span }
}
