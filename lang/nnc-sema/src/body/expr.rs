//! Expressions over whole tensors.

use nnc_base::{Name, Span};
use nnc_hir::{
    Base, ConfigKind, Elem, Expr, ExprKind, FieldValue, LocalId, TensorType, Type, UnaryOp,
};
use nnc_syntax::ast;

use super::unify::Meeting;
use super::{Body, Value};
use crate::dims::prove;
use crate::errors::elements::Claim;
use crate::errors::optional as optional_errors;
use crate::errors::{
    elements as element_errors, index as index_errors, layers as layer_errors,
    names as name_errors, sizes as size_errors, state as state_errors, weights as weight_errors,
};
use crate::scope::{BUILTIN_FUNCTIONS, Symbol, nearest};

impl Body<'_, '_> {
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Value {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Name(name) => self.name(name),
            ast::ExprKind::Int(value) => {
                let dim = nnc_shape::Dim::constant(*value);
                Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), span)
            }
            ast::ExprKind::Float(value) => {
                let ty = Type::scalar(Elem::plain(self.default_float()));
                Value { expr: Expr { kind: ExprKind::Float(*value), ty, span }, flex: true }
            }
            ast::ExprKind::Bool(value) => {
                Value::new(ExprKind::Bool(*value), Type::scalar(Elem::plain(Base::Bool)), span)
            }
            ast::ExprKind::Text(text) => self.token(text, span),
            ast::ExprKind::Quantity { .. } => {
                self.report(element_errors::quantity(span));
                Value::error(span)
            }
            ast::ExprKind::Unary { op, operand } => {
                let operand = self.expr(operand);
                if operand.is_error() {
                    return Value::error(span);
                }
                let op = match op {
                    ast::UnaryOp::Negate => UnaryOp::Neg,
                    ast::UnaryOp::Not => UnaryOp::Not,
                };
                if let (ExprKind::Condition(condition), UnaryOp::Not) = (&operand.expr.kind, op) {
                    let kind =
                        ExprKind::Condition(nnc_hir::Condition::Not(Box::new(condition.clone())));
                    return Value::new(kind, operand.expr.ty, span);
                }
                self.unary(op, operand, span)
            }
            ast::ExprKind::Binary { op, left, right, .. } => {
                let left = self.expr(left);
                let right = self.expr(right);
                self.binary(*op, left, right, span)
            }
            ast::ExprKind::Pipe { value, function } => {
                let value = self.expr(value);
                self.pipe(value, function, span)
            }
            ast::ExprKind::Cast { value, to } => {
                let value = self.expr(value);
                let scope = self.scope.clone();
                match self.cx.elem(&scope, to) {
                    Some(elem) => self.cast(value, elem, span),
                    None => Value::error(span),
                }
            }
            ast::ExprKind::Field { base, name } => self.field(expr, base, name.as_ref()),
            ast::ExprKind::Call { function, args } => self.call(function, args, None, span),
            ast::ExprKind::Index { base, indices } => {
                if let Some(place) = self.place(expr) {
                    return match place {
                        Ok(place) => self.place_value(place, span),
                        Err(()) => Value::error(span),
                    };
                }
                self.view(base, indices, span)
            }
            ast::ExprKind::Tuple(parts) => {
                let parts: Vec<Expr> = parts
                    .iter()
                    .map(|part| {
                        let value = self.expr(part);
                        self.as_tensor(value)
                    })
                    .collect();
                if parts.iter().any(|part| part.ty.is_error()) {
                    return Value::error(span);
                }
                let ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
                Value::new(ExprKind::Tuple(parts), ty, span)
            }
            ast::ExprKind::List(items) => self.list(items, span),
            ast::ExprKind::If { condition, then, otherwise } => {
                self.if_expr(condition, then, otherwise, span)
            }
            ast::ExprKind::Block(block) => self.block(block),
            ast::ExprKind::Lambda { .. } => {
                self.report(name_errors::lambda(span));
                Value::error(span)
            }
            ast::ExprKind::With { .. } => {
                self.report(weight_errors::only_called(span));
                Value::error(span)
            }
            ast::ExprKind::Reduce(_) => {
                let expr = self.nest(&[], expr, span);
                Value { expr, flex: false }
            }
            ast::ExprKind::Hole => self.open_value(span),
            ast::ExprKind::Error => {
                self.broken = true;
                Value::error(span)
            }
        }
    }

    fn name(&mut self, name: &ast::Ident) -> Value {
        let span = name.span;
        if let Some(&local) = self.names.get(&name.name) {
            return self.local(local, span);
        }
        if self.vars.iter().any(|var| var.name == name.name) {
            self.report(index_errors::index_outside(name));
            return Value::error(span);
        }
        if let Some(size) = self.scope.names.get(&name.name) {
            let dim = size.dim.clone();
            return Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), span);
        }
        let expr = ast::Expr { kind: ast::ExprKind::Name(*name), span };
        if let Some(place) = self.place(&expr) {
            return match place {
                Ok(place) => self.place_value(place, span),
                Err(()) => Value::error(span),
            };
        }
        match self.scope.configs.get(&name.name) {
            Some(ConfigKind::Bool) => {
                let kind = ExprKind::Condition(nnc_hir::Condition::Config(name.name));
                return Value::new(kind, Type::scalar(Elem::plain(Base::Bool)), span);
            }
            Some(_) => {
                let ty = Type::scalar(Elem::plain(self.default_float()));
                let expr = Expr { kind: ExprKind::Config(name.name), ty, span };
                return Value { expr, flex: true };
            }
            None => {}
        }
        match self.cx.symbol(self.scope.module, name.name) {
            Some(Symbol::Const(module, item)) => match self.cx.constant(module, item, span) {
                Some(size) => {
                    let ty = Type::Dim(size.dim.clone());
                    Value::new(ExprKind::Dim(size.dim), ty, span)
                }
                None => Value::error(span),
            },
            Some(Symbol::Alias(usize::MAX, _)) => Value::error(span),
            Some(_) => {
                self.report(name_errors::not_a_value(name));
                Value::error(span)
            }
            None => {
                self.unknown_name(name);
                Value::error(span)
            }
        }
    }

    /// A size that is written in a body, where a name may also stand for a value.
    pub(super) fn size(&mut self, expr: &ast::Expr) -> Option<crate::cx::Size> {
        if let Some((name, ty)) = self.value_in(expr) {
            if !ty.is_error() {
                let found = self.show(&ty);
                self.report(size_errors::not_a_dim(name.span, &found));
            }
            return None;
        }
        let scope = self.scope.clone();
        self.cx.dim(&scope, expr)
    }

    /// A name in a size that stands for a value which is no size.
    fn value_in(&self, expr: &ast::Expr) -> Option<(ast::Ident, Type)> {
        match &expr.kind {
            ast::ExprKind::Name(name) => {
                let ty = &self.locals[*self.names.get(&name.name)?].ty;
                (!matches!(ty, Type::Dim(_))).then(|| (*name, ty.clone()))
            }
            ast::ExprKind::Unary { operand, .. } => self.value_in(operand),
            ast::ExprKind::Binary { left, right, .. } => {
                self.value_in(left).or_else(|| self.value_in(right))
            }
            _ => None,
        }
    }

    /// Whether a name stands for anything here.
    pub(super) fn is_known(&self, name: Name) -> bool {
        let field = |owner| self.cx.layer(owner).fields.iter().any(|field| field.name == name);
        self.names.contains_key(&name)
            || self.scope.names.contains_key(&name)
            || self.scope.configs.contains_key(&name)
            || self.vars.iter().any(|var| var.name == name)
            || self.cx.symbol(self.scope.module, name).is_some()
            || self.cx.modules[self.scope.module].dims.contains_key(&name)
            || BUILTIN_FUNCTIONS.contains(&name.as_str())
            || self.owner.is_some_and(field)
    }

    /// Says that a name stands for nothing, and which one may have been meant.
    pub(super) fn unknown_name(&mut self, name: &ast::Ident) {
        if self.broken {
            return;
        }
        if self.index_vars.values().any(|var| var.name == name.name) {
            self.report(index_errors::index_outside(name));
            return;
        }
        if let Some(declared) = self.cx.modules[self.scope.module].dims.get(&name.name) {
            let span = declared.span;
            self.report(name_errors::unbound_dim(name, span, false));
            return;
        }
        if !self.cx.suggests() {
            let module = self.cx.exported(name.name);
            self.report(name_errors::unknown_name(name, None, module));
            return;
        }
        let mut known: Vec<Name> = self.names.keys().copied().collect();
        known.extend(self.scope.names.keys());
        known.extend(self.vars.iter().map(|var| var.name));
        known.extend(self.cx.modules[self.scope.module].symbols.keys());
        known.extend(BUILTIN_FUNCTIONS.iter().map(|it| Name::new(it)));
        if let Some(owner) = self.owner {
            known.extend(self.cx.layer(owner).fields.iter().map(|field| field.name));
        }
        let near = nearest(name.as_str(), known.iter().map(|it| it.as_str()));
        let module = self.cx.exported(name.name);
        self.report(name_errors::unknown_name(name, near, module));
    }

    pub(super) fn local(&mut self, local: LocalId, span: Span) -> Value {
        if let Some(&(moved, now)) = self.moved.get(&local) {
            let name = self.locals[local].name;
            self.report(state_errors::used_up(span, name, moved, now));
            return Value::error(span);
        }
        if let Some(declared) = self.optional_span(local) {
            let name = self.locals[local].name;
            let given = prove(&self.scope, &nnc_hir::Condition::Given(name));
            if given != Some(true) {
                let absent = given == Some(false);
                let error =
                    if absent { optional_errors::left_out } else { optional_errors::untested };
                self.report(error(name, span, declared));
                return Value::error(span);
            }
        }
        let ty = self.locals[local].ty.clone();
        match ty {
            Type::Dim(dim) => Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), span),
            Type::Error => Value::error(span),
            ty => Value::new(ExprKind::Local(local), ty, span),
        }
    }

    /// The value at a path: a parameter, or a layer to be called or folded over.
    pub(super) fn place_value(&mut self, place: super::place::Place, span: Span) -> Value {
        let own = place.path.steps.len() == 1;
        match place.value {
            FieldValue::Param { ty, .. } => {
                let mut ty = self.param_type(&ty, own);
                let flex = ty.elem.base == Base::Float;
                if flex {
                    ty.elem.base = self.default_float();
                }
                let expr = Expr { kind: ExprKind::Param(place.path), ty: Type::Tensor(ty), span };
                Value { expr, flex }
            }
            FieldValue::Layer(used) => {
                Value::new(ExprKind::Layer(place.path), Type::Layer(used), span)
            }
            FieldValue::Array(element, places) => match *element {
                FieldValue::Layer(used) => {
                    let ty = Type::Array(Box::new(Type::Layer(used)), places);
                    Value::new(ExprKind::Layer(place.path), ty, span)
                }
                FieldValue::Error => Value::error(span),
                _ => {
                    self.report(layer_errors::array_element(span));
                    Value::error(span)
                }
            },
            FieldValue::If { condition, .. } => {
                self.report(layer_errors::undecided_field(span, &condition));
                Value::error(span)
            }
            FieldValue::Absent => {
                let declared = self.conditional_field(&place.path);
                self.report(layer_errors::absent_field(span, declared));
                Value::error(span)
            }
            FieldValue::Hole(_) => {
                self.report(layer_errors::hole_as_value(span));
                Value::error(span)
            }
            FieldValue::Error => Value::error(span),
        }
    }

    fn field(&mut self, expr: &ast::Expr, base: &ast::Expr, name: Option<&ast::Ident>) -> Value {
        let Some(name) = name else {
            self.expr(base);
            return Value::error(expr.span);
        };
        if let Some(place) = self.place(expr) {
            return match place {
                Ok(place) => self.place_value(place, expr.span),
                Err(()) => Value::error(expr.span),
            };
        }
        let value = self.expr(base);
        if let Type::Array(..) = &value.expr.ty
            && let Type::Struct { id, lens, .. } = super::bind::innermost(&value.expr.ty)
            && let Some(at) =
                self.cx.program.structs[*id].lens().position(|it| it.name == name.name)
        {
            // All items of an array of state have one length.
            let dim = lens[at].clone();
            return Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), expr.span);
        }
        match &value.expr.ty {
            Type::Struct { id, dims, lens } => {
                let it = &self.cx.program.structs[*id];
                let Some(field) = it.fields.iter().find(|field| field.name == name.name) else {
                    let (structure, span) = (it.name, it.span);
                    let near = nearest(name.as_str(), it.fields.iter().map(|it| it.name.as_str()));
                    self.report(name_errors::unknown_field(name, structure, span, near));
                    return Value::error(expr.span);
                };
                if let Type::Dim(_) = field.ty {
                    let at = it.lens().position(|field| field.name == name.name).unwrap_or(0);
                    let dim = lens[at].clone();
                    return Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), expr.span);
                }
                let env: Vec<_> = it.params.iter().map(|it| it.name).zip(dims).collect();
                let ty = field.ty.substitute(&|name| {
                    env.iter().find(|(it, _)| *it == name).map(|(_, dim)| (*dim).clone())
                });
                let ty = self.with_kinds(ty);
                let value = Box::new(value.expr);
                let kind = ExprKind::StructField { value, field: name.name };
                Value::new(kind, ty, expr.span)
            }
            Type::Layer(used) => {
                let used = used.clone();
                self.unknown_field(&used, name);
                Value::error(expr.span)
            }
            Type::Error => Value::error(expr.span),
            other => {
                let found = self.show(other);
                self.report(name_errors::no_fields(name, &found));
                Value::error(expr.span)
            }
        }
    }

    /// Kinds and rates of axes from the sizes, where the type was written elsewhere.
    pub(super) fn with_kinds(&self, ty: Type) -> Type {
        match ty {
            Type::Tensor(mut tensor) => {
                for axis in &mut tensor.axes {
                    let size = axis.extent();
                    axis.kind = self
                        .scope
                        .kind_of(&size)
                        .or(axis.kind.filter(|_| size.as_constant().is_some()));
                    axis.rate = self.scope.rate_of(&size);
                }
                Type::Tensor(tensor)
            }
            ty => ty,
        }
    }

    /// A cast: of the base it computes, of the meaning it claims.
    pub(super) fn cast(&mut self, value: Value, to: Elem, span: Span) -> Value {
        if value.is_error() {
            return Value::error(span);
        }
        let own = !matches!(value.expr.ty, Type::Dim(_)) && !value.flex;
        let value = if !own {
            let keeps = to.base.is_float() || !value.flex;
            let base = if keeps { to.base.clone() } else { Base::F32 };
            Value { expr: self.retag(value.expr, &base), flex: false }
        } else {
            value
        };
        let Type::Tensor(tensor) = value.expr.ty.clone() else {
            self.not_a_tensor(value.expr.span, &value.expr.ty);
            return Value::error(span);
        };
        let subject = self.subject(&value.expr);
        let Some(elem) = self.cast_elem(&tensor.elem, to, span, subject) else {
            return Value::error(span);
        };
        self.note_cast(span, Some(&elem).filter(|it| own && **it == tensor.elem));
        if elem == tensor.elem {
            return Value { flex: false, ..value };
        }
        let ty = Type::Tensor(TensorType { elem: elem.clone(), ..tensor });
        let kind = ExprKind::Cast { to: elem, value: Box::new(value.expr) };
        Value::new(kind, ty, span)
    }

    /// Notes a cast, with the element if the value had it before. What is checked for several
    /// callers may be idle for some of them only.
    pub(super) fn note_cast(&mut self, span: Span, idle: Option<&Elem>) {
        let noted = self.cx.idle_casts.entry(span).or_insert_with(|| idle.cloned());
        if idle.is_none() {
            *noted = None;
        }
    }

    /// The element after `as`; `Logits<bf16>` keeps a base that is not the meaning's own.
    pub(super) fn cast_elem(
        &mut self,
        from: &Elem,
        to: Elem,
        span: Span,
        subject: Option<Name>,
    ) -> Option<Elem> {
        let Some(meaning) = &to.meaning else { return Some(to) };
        let builtins = self.cx.builtins;
        let below = |id| self.cx.program.seen_as(meaning, id).is_some();
        let is_space = below(builtins.token) || below(builtins.index);
        let is_mask = below(builtins.mask) || below(builtins.pad_mask);
        let shown = (self.show_elem(from), self.show_elem(&to));
        if is_space && !from.base.is_int() {
            self.report(element_errors::claim(span, &shown.0, &shown.1, Claim::Index));
            return None;
        }
        if is_mask {
            if from.base != Base::Bool {
                self.report(element_errors::claim(span, &shown.0, &shown.1, Claim::Mask));
                return None;
            }
            if from.meaning.as_ref().is_some_and(|it| self.cx.opposite(it, meaning)) {
                let meeting = Meeting { subject, ..Meeting::new(span, span, "`as`") };
                self.report(element_errors::mask(&meeting, &shown.0, &shown.1, true, true));
                return None;
            }
        }
        let same_sort = from.base.is_float() == to.base.is_float();
        if !same_sort {
            self.report(element_errors::claim(span, &shown.0, &shown.1, Claim::Storage));
            return None;
        }
        Some(to)
    }

    /// Whether an expression is decided by sizes and configs alone.
    pub(super) fn is_static(&self, expr: &ast::Expr) -> bool {
        match &expr.kind {
            ast::ExprKind::Name(name) => {
                if self.vars.iter().any(|var| var.name == name.name) {
                    return false;
                }
                if let Some(&local) = self.names.get(&name.name) {
                    return matches!(self.locals[local].ty, Type::Dim(_));
                }
                self.scope.names.contains_key(&name.name)
                    || self.scope.configs.get(&name.name) == Some(&ConfigKind::Bool)
                    || matches!(
                        self.cx.symbol(self.scope.module, name.name),
                        Some(Symbol::Const(..))
                    )
            }
            ast::ExprKind::Int(_) | ast::ExprKind::Bool(_) => true,
            ast::ExprKind::Field { base, name: Some(name) } => crate::dims::joined(base, name)
                .is_some_and(|joined| self.scope.names.contains_key(&joined)),
            ast::ExprKind::Unary { operand, .. } => self.is_static(operand),
            ast::ExprKind::Binary { left, right, .. } => {
                self.is_static(left) && self.is_static(right)
            }
            ast::ExprKind::Call { function, .. } if self.cx.asks_given(&self.scope, function) => {
                true
            }
            ast::ExprKind::Call { function, args } => {
                let ast::ExprKind::Name(name) = &function.kind else { return false };
                let is_dim = match self.cx.symbol(self.scope.module, name.name) {
                    Some(Symbol::Function(id)) => {
                        matches!(self.cx.function(id).result, Type::Dim(_))
                    }
                    None => matches!(name.as_str(), "min" | "max"),
                    Some(_) => false,
                };
                is_dim && args.iter().all(|arg| self.is_static(&arg.value))
            }
            ast::ExprKind::Block(block) => {
                block.stmts.is_empty()
                    && block.value.as_ref().is_some_and(|value| self.is_static(value))
            }
            _ => false,
        }
    }

    fn if_expr(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Block,
        otherwise: &ast::Expr,
        span: Span,
    ) -> Value {
        if self.is_static(condition) {
            let scope = self.scope.clone();
            let Some(condition) = self.cx.condition(&scope, condition) else {
                return Value::error(span);
            };
            return self.if_sizes(
                condition,
                span,
                |body| body.block(then),
                |body| body.expr(otherwise),
            );
        }
        let condition = self.expr(condition);
        self.branches += 1;
        let told = self.cx.diagnostics.len();
        let then_value = self.block(then);
        let otherwise = self.expr(otherwise);
        self.branches -= 1;
        let told = self.cx.diagnostics.len() > told;
        if condition.is_error()
            || then_value.is_error()
            || otherwise.is_error()
            || told && one_is_empty(&then_value, &otherwise)
        {
            return Value::error(span);
        }
        let (left, right) = self.meet(then_value, otherwise);
        let (mut left, mut right) = (self.as_tensor(left), self.as_tensor(right));
        self.join_exprs(&mut left, &mut right, span);
        match &condition.expr.ty {
            Type::Tensor(tensor) if tensor.elem.base == Base::Bool && tensor.is_scalar() => {
                let ty = left.ty.clone();
                let at = right.span;
                let left_span = left.span;
                let meeting = Meeting::new(at, left_span, "the other branch");
                let right = self.fit(Value { expr: right, flex: false }, &ty, meeting);
                if right.ty.is_error() {
                    return Value::error(span);
                }
                let kind = ExprKind::If {
                    condition: Box::new(condition.expr),
                    then: Box::new(left),
                    otherwise: Box::new(right),
                };
                Value::new(kind, ty, span)
            }
            other => {
                let found = self.show(other);
                self.report(index_errors::condition(condition.expr.span, &found));
                Value::error(span)
            }
        }
    }

    /// A choice by sizes: each branch is checked where its side of the condition holds.
    pub(super) fn if_sizes(
        &mut self,
        condition: nnc_hir::Condition,
        span: Span,
        then: impl FnOnce(&mut Self) -> Value,
        otherwise: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let told = self.cx.diagnostics.len();
        let (then, under_then) = self.under(&condition, true, |body| {
            let value = then(body);
            Value { flex: false, expr: body.settle(value) }
        });
        let (otherwise, under) = self.under(&condition, false, |body| {
            let value = otherwise(body);
            Value { flex: false, expr: body.settle(value) }
        });
        let told = self.cx.diagnostics.len() > told;
        if then.is_error() || otherwise.is_error() || told && one_is_empty(&then, &otherwise) {
            return Value::error(span);
        }
        let (then, otherwise) = match (&then.expr.ty, &otherwise.expr.ty) {
            (Type::Dim(_), Type::Dim(_)) => {
                (self.retag(then.expr, &Base::I32), self.retag(otherwise.expr, &Base::I32))
            }
            _ => {
                let (then, otherwise) = self.meet(then, otherwise);
                (then.expr, otherwise.expr)
            }
        };
        let (mut then, mut otherwise) = (then, otherwise);
        self.join_exprs(&mut then, &mut otherwise, span);
        // Each type is right where its branch is taken, and one of them must be right where
        // the other is: of `if C == K { x } else { y }` it is the type of `y`.
        let (at, declared) = (otherwise.span, then.span);
        let outer = std::mem::replace(&mut self.scope, under_then);
        let before = self.cx.diagnostics.len();
        let back = Value { expr: then.clone(), flex: false };
        let back = self.fit_result(back, &otherwise.ty, declared, at);
        self.cx.diagnostics.truncate(before);
        self.scope = outer;
        let (then, otherwise) = if back.ty.is_error() {
            let outer = std::mem::replace(&mut self.scope, under);
            let otherwise = Value { expr: otherwise, flex: false };
            let meeting = Meeting::new(at, declared, "the other branch");
            let otherwise = self.fit(otherwise, &then.ty, meeting);
            self.scope = outer;
            (then, otherwise)
        } else {
            (back, otherwise)
        };
        if otherwise.ty.is_error() {
            return Value::error(span);
        }
        let ty = otherwise.ty.clone();
        let kind =
            ExprKind::IfSizes { condition, then: Box::new(then), otherwise: Box::new(otherwise) };
        Value::new(kind, ty, span)
    }
}

/// Whether one of two branches alone gives no value; the `;` at its end, or what else is
/// wrong in it, has been reported then.
fn one_is_empty(left: &Value, right: &Value) -> bool {
    (left.expr.ty == Type::unit()) != (right.expr.ty == Type::unit())
}
