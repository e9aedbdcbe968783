//! The value at one point of a nest.

use nnc_base::{Name, Span};
use nnc_hir::{
    Affine, Base, BinaryOp, CompareOp, Elem, Index, MeaningUse, ReduceOp, Reduction, Scalar,
    ScalarArg, ScalarKind, Type, UnaryOp,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::elementwise::{Operator, operator};
use super::{Body, Value};
use crate::errors::facts::Asked;
use crate::errors::{
    elements as element_errors, index as errors, names as name_errors, sizes as size_errors,
};
use crate::scope::Symbol;

/// A checked scalar expression.
pub(super) struct Sv {
    pub(super) scalar: Scalar,
    /// Its value as a size over index variables, for integers that no data decide.
    pub(super) size: Option<Dim>,
    /// See [`Value::flex`].
    flex: bool,
    /// For a bool: comparisons that hold where it is true.
    facts: Vec<(CompareOp, Dim, Dim)>,
    /// Whether the facts say all that the bool says.
    exact: bool,
}

impl Sv {
    pub(super) fn error(span: Span) -> Sv {
        Sv::typed(ScalarKind::Error, Elem::plain(Base::F32), span)
    }

    pub(super) fn is_error(&self) -> bool {
        matches!(self.scalar.kind, ScalarKind::Error)
    }

    fn typed(kind: ScalarKind, elem: Elem, span: Span) -> Sv {
        let scalar = Scalar { kind, elem, span };
        Sv { scalar, size: None, flex: false, facts: Vec::new(), exact: false }
    }

    pub(super) fn read(tensor: Value, pack: bool, index: Vec<Index>, elem: Elem, span: Span) -> Sv {
        let flex = tensor.flex;
        let kind = ScalarKind::Read { tensor: Box::new(tensor.expr), pack, index };
        Sv { flex, ..Sv::typed(kind, elem, span) }
    }
}

impl Body<'_, '_> {
    pub(super) fn scalar(&mut self, expr: &ast::Expr) -> Sv {
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Name(name) => match self.find_var(name.name) {
                Some(var) => {
                    self.vars[var].used = true;
                    self.sized(Dim::var(self.vars[var].symbol), span)
                }
                None => self.hoisted_scalar(expr),
            },
            ast::ExprKind::Unary { op, operand } => {
                let op = match op {
                    ast::UnaryOp::Negate => UnaryOp::Neg,
                    ast::UnaryOp::Not => UnaryOp::Not,
                };
                let value = self.scalar(operand);
                self.scalar_unary(op, value, span)
            }
            ast::ExprKind::Binary { op, left, right, .. } => {
                let left = self.scalar(left);
                // The right side of `&&` is only looked at where the left holds.
                let mark = self.guard_mark();
                if *op == ast::BinaryOp::And {
                    self.push_guards(&left.facts);
                }
                let right = self.scalar(right);
                self.pop_guards(mark);
                self.scalar_binary(*op, left, right, span)
            }
            ast::ExprKind::Cast { value, to } => {
                let value = self.scalar(value);
                let scope = self.scope.clone();
                match self.cx.elem(&scope, to) {
                    Some(elem) => self.scalar_cast(value, elem, span),
                    None => Sv::error(span),
                }
            }
            ast::ExprKind::Index { base, indices } => {
                if let Some(place) = self.hoisted_place(expr) {
                    return place;
                }
                self.read(base, indices, span)
            }
            ast::ExprKind::If { condition, then, otherwise } => {
                self.scalar_if(condition, then, otherwise, span)
            }
            ast::ExprKind::Block(block) => self.scalar_block(block),
            ast::ExprKind::Reduce(reduce) => self.reduce(reduce, span),
            ast::ExprKind::Call { function, args } if self.mentions_vars(expr) => {
                self.scalar_call(function, args, None, span)
            }
            ast::ExprKind::Pipe { value, function } if self.mentions_vars(expr) => {
                let value = self.scalar(value);
                match &function.kind {
                    ast::ExprKind::Call { function, args } => {
                        self.scalar_call(function, args, Some(value), span)
                    }
                    _ => self.scalar_call(function, &[], Some(value), span),
                }
            }
            ast::ExprKind::Tuple(_) | ast::ExprKind::List(_) => {
                self.report(errors::not_a_scalar(span, "a list", None));
                Sv::error(span)
            }
            ast::ExprKind::Int(_)
            | ast::ExprKind::Float(_)
            | ast::ExprKind::Bool(_)
            | ast::ExprKind::Text(_)
            | ast::ExprKind::Quantity { .. }
            | ast::ExprKind::Field { .. }
            | ast::ExprKind::Call { .. }
            | ast::ExprKind::Pipe { .. }
            | ast::ExprKind::Lambda { .. }
            | ast::ExprKind::Hole
            | ast::ExprKind::Error => self.hoisted_scalar(expr),
        }
    }

    /// An integer that is known as a size over index variables.
    fn sized(&mut self, dim: Dim, span: Span) -> Sv {
        let affine = self.affine(&dim).unwrap_or_else(|| Affine::constant(dim.clone()));
        let kind = match dim.as_constant() {
            Some(value) => ScalarKind::Int(value),
            None => ScalarKind::Affine(affine),
        };
        Sv { size: Some(dim), ..Sv::typed(kind, Elem::plain(Base::I32), span) }
    }

    /// A path such as `blocks[0].scale`, which is no read of a tensor.
    fn hoisted_place(&mut self, expr: &ast::Expr) -> Option<Sv> {
        let ast::ExprKind::Index { base, .. } = &expr.kind else { return None };
        let nest = self.nest.take();
        let is_array = matches!(
            self.place(base),
            Some(Ok(super::place::Place { value: nnc_hir::FieldValue::Array(..), .. }))
        );
        self.nest = nest;
        is_array.then(|| self.hoisted_scalar(expr))
    }

    /// Something without index variables: a scalar that is computed once.
    fn hoisted_scalar(&mut self, expr: &ast::Expr) -> Sv {
        let value = self.hoist(|body| body.expr(expr));
        let span = expr.span;
        match &value.expr.ty {
            Type::Dim(dim) => {
                let dim = dim.clone();
                self.sized(dim, span)
            }
            Type::Tensor(tensor) if tensor.is_scalar() => {
                let elem = tensor.elem.clone();
                let kind = match &value.expr.kind {
                    nnc_hir::ExprKind::Float(value) => ScalarKind::Float(*value),
                    nnc_hir::ExprKind::Int(value) => ScalarKind::Int(*value),
                    nnc_hir::ExprKind::Bool(value) => ScalarKind::Bool(*value),
                    nnc_hir::ExprKind::Config(name) => ScalarKind::Config(*name),
                    _ => return Sv::read(value, false, Vec::new(), elem, span),
                };
                Sv { flex: value.flex, ..Sv::typed(kind, elem, span) }
            }
            Type::Error => Sv::error(span),
            other => {
                let found = self.show(other);
                let indexed = match (&expr.kind, other) {
                    (ast::ExprKind::Name(name), Type::Tensor(tensor)) => {
                        Some(indexed(name.as_str(), tensor))
                    }
                    _ => None,
                };
                self.report(errors::not_a_scalar(span, &found, indexed.as_deref()));
                Sv::error(span)
            }
        }
    }

    /// Whether an expression has index variables or reductions in it.
    fn mentions_vars(&self, expr: &ast::Expr) -> bool {
        let any = |args: &[ast::Arg]| args.iter().any(|arg| self.mentions_vars(&arg.value));
        match &expr.kind {
            ast::ExprKind::Name(name) => self.find_var(name.name).is_some(),
            ast::ExprKind::Reduce(_) => true,
            ast::ExprKind::Unary { operand, .. } => self.mentions_vars(operand),
            ast::ExprKind::Binary { left, right, .. } => {
                self.mentions_vars(left) || self.mentions_vars(right)
            }
            ast::ExprKind::Pipe { value, function } => {
                self.mentions_vars(value) || self.mentions_vars(function)
            }
            ast::ExprKind::Cast { value, .. } => self.mentions_vars(value),
            ast::ExprKind::Field { base, .. } => self.mentions_vars(base),
            ast::ExprKind::Call { function, args } => {
                !matches!(function.kind, ast::ExprKind::Name(_)) && self.mentions_vars(function)
                    || any(args)
            }
            ast::ExprKind::Index { base, indices } => {
                self.mentions_vars(base)
                    || indices.iter().any(|index| match &index.kind {
                        ast::IndexKind::Expr(expr) => self.mentions_vars(expr),
                        ast::IndexKind::Split(_) | ast::IndexKind::Rest => true,
                        ast::IndexKind::Broadcast | ast::IndexKind::Extent { .. } => false,
                    })
            }
            ast::ExprKind::Tuple(items) | ast::ExprKind::List(items) => {
                items.iter().any(|item| self.mentions_vars(item))
            }
            ast::ExprKind::If { condition, otherwise, then } => {
                self.mentions_vars(condition)
                    || self.mentions_vars(otherwise)
                    || then.value.as_ref().is_some_and(|value| self.mentions_vars(value))
            }
            ast::ExprKind::Block(block) => {
                block.value.as_ref().is_some_and(|value| self.mentions_vars(value))
            }
            ast::ExprKind::Int(_)
            | ast::ExprKind::Float(_)
            | ast::ExprKind::Bool(_)
            | ast::ExprKind::Text(_)
            | ast::ExprKind::Quantity { .. }
            | ast::ExprKind::Lambda { .. }
            | ast::ExprKind::Hole
            | ast::ExprKind::Error => false,
        }
    }

    // ---- guards -----------------------------------------------------------

    fn guard_mark(&self) -> usize {
        self.nest.as_ref().map_or(0, |nest| nest.guards.len())
    }

    fn push_guards(&mut self, facts: &[(CompareOp, Dim, Dim)]) {
        if let Some(nest) = &mut self.nest {
            nest.guards.extend(facts.iter().cloned());
        }
    }

    fn pop_guards(&mut self, mark: usize) {
        if let Some(nest) = &mut self.nest {
            nest.guards.truncate(mark);
        }
    }

    // ---- operators --------------------------------------------------------

    /// An integer or literal as a number of a base.
    fn in_base(&mut self, value: Sv, base: &Base) -> Scalar {
        let span = value.scalar.span;
        if let Some(dim) = &value.size {
            let elem = Elem::plain(base.clone());
            if let Some(number) = dim.as_constant() {
                let kind = if base.is_float() {
                    ScalarKind::Float(number as f64)
                } else {
                    ScalarKind::Int(number)
                };
                return Scalar { kind, elem, span };
            }
            let has_vars = {
                let vars = dim.vars();
                self.vars.iter().any(|var| vars.contains(&var.symbol))
            };
            if has_vars && base.is_float() {
                self.report(element_errors::index_as_number(span, base));
                return Scalar { kind: ScalarKind::Error, elem, span };
            }
            let kind = match self.affine(dim) {
                Some(affine) => ScalarKind::Affine(affine),
                None if *base == Base::I32 => value.scalar.kind,
                None => ScalarKind::Cast(Box::new(value.scalar)),
            };
            return Scalar { kind, elem, span };
        }
        self.retag_scalar(value.scalar, base)
    }

    fn retag_scalar(&mut self, scalar: Scalar, base: &Base) -> Scalar {
        if scalar.elem.base == *base {
            return scalar;
        }
        let elem = Elem { base: base.clone(), meaning: scalar.elem.meaning.clone() };
        let span = scalar.span;
        let mut again = |it: Box<Scalar>| Box::new(self.retag_scalar(*it, base));
        let kind = match scalar.kind {
            ScalarKind::Int(value) if base.is_float() => ScalarKind::Float(value as f64),
            kind @ (ScalarKind::Float(_)
            | ScalarKind::Int(_)
            | ScalarKind::Affine(_)
            | ScalarKind::Config(_)
            | ScalarKind::Error) => kind,
            ScalarKind::Unary(op, value) if op != UnaryOp::Not => {
                ScalarKind::Unary(op, again(value))
            }
            ScalarKind::Binary(op, left, right) if !matches!(op, BinaryOp::And | BinaryOp::Or) => {
                let left = again(left);
                ScalarKind::Binary(op, left, again(right))
            }
            ScalarKind::Select { condition, then, otherwise } => {
                let then = again(then);
                ScalarKind::Select { condition, then, otherwise: again(otherwise) }
            }
            ScalarKind::Read { tensor, pack, index } => {
                ScalarKind::Read { tensor: Box::new(self.retag(*tensor, base)), pack, index }
            }
            kind => ScalarKind::Cast(Box::new(Scalar { kind, elem: scalar.elem, span })),
        };
        Scalar { kind, elem, span }
    }

    /// A scalar with a type of its own: sizes are int, literals f32 or `float`.
    pub(super) fn settle_scalar(&mut self, value: Sv) -> Scalar {
        if value.size.is_some() {
            return self.in_base(value, &Base::I32);
        }
        if value.flex {
            let base = self.default_float();
            return self.retag_scalar(value.scalar, &base);
        }
        value.scalar
    }

    fn scalar_unary(&mut self, op: UnaryOp, value: Sv, span: Span) -> Sv {
        if value.is_error() {
            return Sv::error(span);
        }
        if let (Some(dim), UnaryOp::Neg) = (&value.size, op) {
            let dim = -dim;
            let inner = ScalarKind::Unary(UnaryOp::Neg, Box::new(value.scalar));
            let mut result = self.sized(dim.clone(), span);
            if self.affine(&dim).is_none() {
                result.scalar.kind = inner;
            }
            return result;
        }
        let (facts, exact) = match (op, value.facts.as_slice(), value.exact) {
            (UnaryOp::Not, [(op, left, right)], true) => {
                (vec![(op.negated(), left.clone(), right.clone())], true)
            }
            _ => (Vec::new(), false),
        };
        let flex = value.flex || value.size.is_some() && Self::wants_float(op);
        let scalar = if value.size.is_some() {
            let base = if flex { self.default_float() } else { Base::I32 };
            self.in_base(value, &base)
        } else {
            value.scalar
        };
        if matches!(scalar.kind, ScalarKind::Error) {
            return Sv::error(span);
        }
        let Some(elem) = self.unary_elem(op, &scalar.elem, span) else { return Sv::error(span) };
        let result = Sv::typed(ScalarKind::Unary(op, Box::new(scalar)), elem, span);
        Sv { flex, facts, exact, ..result }
    }

    /// Both sides in one base.
    fn meet_scalars(&mut self, left: Sv, right: Sv) -> (Scalar, Scalar, bool) {
        let base_of = |value: &Sv| value.scalar.elem.base.clone();
        match (left.size.is_some(), right.size.is_some()) {
            (true, true) => {
                let left = self.in_base(left, &Base::I32);
                (left, self.in_base(right, &Base::I32), false)
            }
            (true, false) => {
                let base = base_of(&right);
                let base = if base == Base::Bool { Base::I32 } else { base };
                (self.in_base(left, &base), right.scalar, right.flex)
            }
            (false, true) => {
                let base = base_of(&left);
                let base = if base == Base::Bool { Base::I32 } else { base };
                let flex = left.flex;
                (left.scalar, self.in_base(right, &base), flex)
            }
            (false, false) => match (left.flex, right.flex) {
                (true, false) if base_of(&right).is_float() => {
                    let base = base_of(&right);
                    (self.retag_scalar(left.scalar, &base), right.scalar, false)
                }
                (false, true) if base_of(&left).is_float() => {
                    let base = base_of(&left);
                    (left.scalar, self.retag_scalar(right.scalar, &base), false)
                }
                (true, true) => {
                    let base = self.default_float();
                    let left = self.retag_scalar(left.scalar, &base);
                    (left, self.retag_scalar(right.scalar, &base), true)
                }
                _ => (left.scalar, right.scalar, false),
            },
        }
    }

    fn scalar_binary(&mut self, op: ast::BinaryOp, left: Sv, right: Sv, span: Span) -> Sv {
        if left.is_error() || right.is_error() {
            return Sv::error(span);
        }
        let operator = operator(op);
        let (mut left, mut right) = (left, right);
        let mut facts = Vec::new();
        let mut exact = false;
        if let (Some(a), Some(b)) = (left.size.clone(), right.size.clone()) {
            match operator {
                Operator::Compare(op) => {
                    facts.push((op, a, b));
                    exact = true;
                }
                Operator::Arithmetic(arithmetic) => {
                    let whole =
                        arithmetic != BinaryOp::Div || self.scope.facts.exact_div(&a, &b).is_ok();
                    if whole {
                        return self.sized_binary(op, arithmetic, (left, a), (right, b), span);
                    }
                    let base = self.default_float();
                    let (x, y) = (self.in_base(left, &base), self.in_base(right, &base));
                    left = Sv { flex: true, ..Sv::typed(x.kind, x.elem, x.span) };
                    right = Sv { flex: true, ..Sv::typed(y.kind, y.elem, y.span) };
                }
            }
        }
        match op {
            ast::BinaryOp::And => {
                facts = left.facts.clone();
                facts.extend(right.facts.iter().cloned());
            }
            ast::BinaryOp::Or | ast::BinaryOp::Add | ast::BinaryOp::Subtract => {}
            _ => {}
        }
        let (left, right, flex) = self.meet_scalars(left, right);
        if matches!(left.kind, ScalarKind::Error) || matches!(right.kind, ScalarKind::Error) {
            return Sv::error(span);
        }
        let spans = (left.span, right.span);
        let Some(elem) = self.binary_elem(operator, &left.elem, &right.elem, spans, span) else {
            return Sv::error(span);
        };
        let flex = flex && elem.base != Base::Bool;
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = match operator {
            Operator::Arithmetic(op) => ScalarKind::Binary(op, left, right),
            Operator::Compare(op) => ScalarKind::Compare(op, left, right),
        };
        Sv { flex, facts, exact, ..Sv::typed(kind, elem, span) }
    }

    fn sized_binary(
        &mut self,
        op: ast::BinaryOp,
        arithmetic: BinaryOp,
        (left, a): (Sv, Dim),
        (right, b): (Sv, Dim),
        span: Span,
    ) -> Sv {
        let scope = self.scope.clone();
        let Some(dim) = self.cx.dim_arithmetic(&scope, op, a, b, span) else {
            return Sv::error(span);
        };
        let mut result = self.sized(dim.clone(), span);
        if self.affine(&dim).is_none() {
            let left = Box::new(self.in_base(left, &Base::I32));
            let right = Box::new(self.in_base(right, &Base::I32));
            result.scalar.kind = ScalarKind::Binary(arithmetic, left, right);
        }
        result
    }

    fn scalar_cast(&mut self, value: Sv, to: Elem, span: Span) -> Sv {
        if value.is_error() {
            return Sv::error(span);
        }
        if let Some(dim) = value.size.clone()
            && to.meaning.is_none()
        {
            let elem = Elem::plain(to.base.clone());
            let kind = match self.affine(&dim) {
                Some(affine) if affine.terms.is_empty() => {
                    return Sv::typed(self.in_base(value, &to.base).kind, elem, span);
                }
                Some(affine) => ScalarKind::Affine(affine),
                None => ScalarKind::Cast(Box::new(value.scalar)),
            };
            return Sv::typed(kind, elem, span);
        }
        let scalar = if value.size.is_some() {
            let base = to.base.clone();
            self.in_base(value, &base)
        } else if value.flex {
            let base = if to.base.is_float() { to.base.clone() } else { self.default_float() };
            self.retag_scalar(value.scalar, &base)
        } else {
            value.scalar
        };
        let subject = self.scalar_subject(&scalar);
        let Some(elem) = self.cast_elem(&scalar.elem, to, span, subject) else {
            return Sv::error(span);
        };
        if elem == scalar.elem {
            return Sv::typed(scalar.kind, elem, span);
        }
        Sv::typed(ScalarKind::Cast(Box::new(scalar)), elem, span)
    }

    fn scalar_if(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Block,
        otherwise: &ast::Expr,
        span: Span,
    ) -> Sv {
        let condition = self.scalar(condition);
        let mark = self.guard_mark();
        self.push_guards(&condition.facts);
        let then = self.scalar_block(then);
        self.pop_guards(mark);
        if let ([(op, left, right)], true) = (condition.facts.as_slice(), condition.exact) {
            self.push_guards(&[(op.negated(), left.clone(), right.clone())]);
        }
        let otherwise = self.scalar(otherwise);
        self.pop_guards(mark);
        if condition.is_error() || then.is_error() || otherwise.is_error() {
            return Sv::error(span);
        }
        if condition.scalar.elem.base != Base::Bool {
            let found = self.show_elem(&condition.scalar.elem);
            self.report(errors::not_bool(condition.scalar.span, &found));
            return Sv::error(span);
        }
        let (then, otherwise, flex) = self.meet_scalars(then, otherwise);
        if then.elem.base != otherwise.elem.base {
            let shown = (self.show_elem(&then.elem), self.show_elem(&otherwise.elem));
            let spans = (then.span, otherwise.span);
            self.report(element_errors::operands("if", &shown.0, spans.0, &shown.1, spans.1));
            return Sv::error(span);
        }
        let meaning = (then.elem.meaning == otherwise.elem.meaning)
            .then(|| then.elem.meaning.clone())
            .flatten();
        let elem = Elem { base: then.elem.base.clone(), meaning };
        let kind = ScalarKind::Select {
            condition: Box::new(condition.scalar),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Sv { flex, ..Sv::typed(kind, elem, span) }
    }

    fn scalar_block(&mut self, block: &ast::Block) -> Sv {
        match &block.value {
            Some(value) if block.stmts.is_empty() => self.scalar(value),
            _ => {
                self.report(errors::block_in_nest(block.span));
                Sv::error(block.span)
            }
        }
    }

    // ---- calls ------------------------------------------------------------

    fn scalar_call(
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
        let layer = self.place(function).is_some();
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
        let op = match name.as_str() {
            "max" => BinaryOp::Max,
            "min" => BinaryOp::Min,
            "pow" => BinaryOp::Pow,
            "split" | "concat" | "top_k" | "fold" | "tokens" => {
                self.report(errors::call_in_nest(name.span));
                return Sv::error(span);
            }
            _ => {
                self.unknown_name(name);
                return Sv::error(span);
            }
        };
        let (Some(left), Some(right), 2) = (first, second, count) else {
            self.report(name_errors::argument_count(span, name.name, 2, count));
            return Sv::error(span);
        };
        if let (Some(a), Some(b)) = (&left.size, &right.size)
            && op != BinaryOp::Pow
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
        let Some(elem) = self.binary_elem(operator, &left.elem, &right.elem, spans, span) else {
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
        self.cx.calls.extend(self.id.map(|caller| (caller, id, name.span)));
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
        if !takes_scalars || !result.axes.is_empty() {
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
                self.report(name_errors::missing_argument(
                    span,
                    &format!("`{}`", name.as_str()),
                    &ident,
                ));
                return Sv::error(span);
            };
            match &param.ty {
                Type::Tensor(tensor) => {
                    let base = match &tensor.elem.base {
                        Base::Float => float.clone(),
                        base => base.clone(),
                    };
                    let at = value.scalar.span;
                    let scalar = if value.flex || value.size.is_some() {
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
        let facts: Vec<_> = facts.iter().map(|it| (it.substitute(&find), it.clone())).collect();
        let who = format!("function `{name}`", name = name.as_str());
        let asked = Asked { who: &who, at: span, declared, sizes: &sizes, origins: &[] };
        self.cx.require(&scope, &facts, &asked);
        let base = match &result.elem.base {
            Base::Float => float.clone(),
            base => base.clone(),
        };
        let elem = Elem { base, meaning: result.elem.meaning.clone() };
        let dims = dims.iter().map(|dim| find(dim.name).unwrap_or(Dim::constant(1))).collect();
        let kind = ScalarKind::Call { function: id, dims, float: has_float.then_some(float), args };
        Sv::typed(kind, elem, span)
    }

    // ---- reductions -------------------------------------------------------

    fn reduce(&mut self, reduce: &ast::Reduce, span: Span) -> Sv {
        let op = match reduce.op {
            ast::ReduceOp::Softmax => return self.softmax(reduce, span),
            ast::ReduceOp::Sum => ReduceOp::Sum,
            ast::ReduceOp::Product => ReduceOp::Product,
            ast::ReduceOp::Max => ReduceOp::Max,
            ast::ReduceOp::Min => ReduceOp::Min,
            ast::ReduceOp::Mean => ReduceOp::Mean,
            ast::ReduceOp::Any => ReduceOp::Any,
            ast::ReduceOp::All => ReduceOp::All,
            ast::ReduceOp::Count => ReduceOp::Count,
            ast::ReduceOp::Pick => ReduceOp::Pick,
            ast::ReduceOp::ArgMax => ReduceOp::ArgMax,
            ast::ReduceOp::ArgMin => ReduceOp::ArgMin,
        };
        let from = self.vars.len();
        let mut ok = true;
        for binder in &reduce.binders {
            let extent = match &binder.extent {
                Some(extent) => match self.extent(extent) {
                    Some(extent) => Some(extent),
                    None => {
                        ok = false;
                        continue;
                    }
                },
                None => None,
            };
            ok &= self.declare_var(&binder.name, extent);
        }
        if !ok {
            self.vars.truncate(from);
            return Sv::error(span);
        }
        let mark = self.guard_mark();
        let guard = reduce.guard.as_ref().map(|guard| self.scalar(guard));
        if let Some(guard) = &guard {
            self.push_guards(&guard.facts);
        }
        let value = self.scalar(&reduce.body);
        let size = value.size.clone();
        let value = self.settle_scalar(value);
        self.pop_guards(mark);
        let failed =
            matches!(value.kind, ScalarKind::Error) || guard.as_ref().is_some_and(Sv::is_error);
        if failed {
            self.vars.truncate(from);
            return Sv::error(span);
        }
        let Some(axes) = self.end_vars(from) else { return Sv::error(span) };
        let otherwise = reduce.otherwise.as_ref().map(|it| self.scalar(it));
        if otherwise.as_ref().is_some_and(Sv::is_error) {
            return Sv::error(span);
        }
        let guard = match guard {
            Some(guard) if guard.scalar.elem.base != Base::Bool => {
                let found = self.show_elem(&guard.scalar.elem);
                self.report(errors::not_bool(guard.scalar.span, &found));
                return Sv::error(span);
            }
            Some(guard) => Some(guard.scalar),
            None => None,
        };
        let builtins = self.cx.builtins;
        let is_pad = |scalar: &Scalar| {
            scalar.elem.meaning.as_ref().is_some_and(|it| it.id == builtins.pad_mask)
        };
        if let Some(guard) = guard.as_ref().filter(|guard| is_pad(guard)) {
            let meeting = self.guard_meeting(guard, reduce);
            self.report(element_errors::mask(&meeting, "PadMask", "Mask", true, true));
            return Sv::error(span);
        }
        let base = value.elem.base.clone();
        let wrong = match op {
            ReduceOp::Any | ReduceOp::All => (base != Base::Bool).then_some("it takes bool"),
            ReduceOp::Sum | ReduceOp::Product | ReduceOp::Count => (base == Base::Bool)
                .then_some("it adds numbers; count points with `count[i | …] 1`"),
            ReduceOp::Max | ReduceOp::Min | ReduceOp::ArgMax | ReduceOp::ArgMin => {
                (base == Base::Bool).then_some("it compares numbers")
            }
            ReduceOp::Mean => (!base.is_float()).then_some("it takes floats; write `x as f32`"),
            ReduceOp::Pick => None,
        };
        if let Some(why) = wrong {
            let shown = self.show_elem(&value.elem);
            self.report(element_errors::operation(value.span, op.name(), &shown, why));
            return Sv::error(span);
        }
        if op == ReduceOp::Pick && guard.is_none() {
            self.report(errors::pick_without_guard(span));
        }
        let otherwise = match (otherwise, op) {
            (Some(otherwise), ReduceOp::Pick) => {
                let scalar = if otherwise.flex || otherwise.size.is_some() {
                    self.in_base(otherwise, &base)
                } else {
                    otherwise.scalar
                };
                if scalar.elem.base != base {
                    let shown = (self.show_elem(&value.elem), self.show_elem(&scalar.elem));
                    let spans = (value.span, scalar.span);
                    self.report(element_errors::operands(
                        "else", &shown.0, spans.0, &shown.1, spans.1,
                    ));
                    return Sv::error(span);
                }
                Some(scalar)
            }
            (Some(otherwise), _) => {
                self.report(errors::otherwise_without_pick(otherwise.scalar.span));
                None
            }
            (None, _) => None,
        };
        let accumulate = match &reduce.accumulator {
            Some(named) => {
                let scope = self.scope.clone();
                match self.cx.elem(&scope, named) {
                    Some(elem) => elem.base,
                    None => return Sv::error(span),
                }
            }
            None => accumulator(&base),
        };
        let elem = match op {
            ReduceOp::ArgMax | ReduceOp::ArgMin => {
                let [axis] = axes.as_slice() else {
                    self.report(errors::one_axis(span, op.name()));
                    return Sv::error(span);
                };
                let meaning = MeaningUse { id: builtins.index, args: vec![axis.extent.clone()] };
                Elem { base: Base::I32, meaning: Some(meaning) }
            }
            ReduceOp::Max | ReduceOp::Min | ReduceOp::Pick => value.elem.clone(),
            ReduceOp::Any | ReduceOp::All => Elem::plain(Base::Bool),
            ReduceOp::Sum | ReduceOp::Product | ReduceOp::Mean | ReduceOp::Count => {
                Elem::plain(base)
            }
        };
        // A position that was picked or a sum of sizes is data like any other.
        drop(size);
        let reduction = Reduction { op, axes, guard, value, accumulate, otherwise };
        Sv::typed(ScalarKind::Reduce(Box::new(reduction)), elem, span)
    }

    fn softmax(&mut self, reduce: &ast::Reduce, span: Span) -> Sv {
        let [binder] = reduce.binders.as_slice() else {
            self.report(errors::one_axis(span, "softmax"));
            return Sv::error(span);
        };
        let Some(var) = self.find_var(binder.name.name) else {
            self.report(errors::softmax_index(&binder.name));
            return Sv::error(span);
        };
        let id = self.vars[var].id;
        if let Some(extent) = &binder.extent {
            let Some((size, kind, at)) = self.extent(extent) else { return Sv::error(span) };
            let it = &mut self.vars[var];
            if it.extent.is_none() {
                (it.extent, it.kind, it.extent_at) = (Some(size), kind, at);
            }
        }
        let mark = self.guard_mark();
        let guard = reduce.guard.as_ref().map(|guard| self.scalar(guard));
        if let Some(guard) = &guard {
            self.push_guards(&guard.facts);
        }
        let value = self.scalar(&reduce.body);
        let value = self.settle_scalar(value);
        self.pop_guards(mark);
        if matches!(value.kind, ScalarKind::Error) || guard.as_ref().is_some_and(Sv::is_error) {
            return Sv::error(span);
        }
        let builtins = self.cx.builtins;
        if let Some(guard) = &guard {
            if guard.scalar.elem.base != Base::Bool {
                let found = self.show_elem(&guard.scalar.elem);
                self.report(errors::not_bool(guard.scalar.span, &found));
                return Sv::error(span);
            }
            let meaning = guard.scalar.elem.meaning.as_ref();
            if meaning.is_some_and(|it| it.id == builtins.pad_mask) {
                let meeting = self.guard_meeting(&guard.scalar, reduce);
                self.report(element_errors::mask(&meeting, "PadMask", "Mask", true, true));
                return Sv::error(span);
            }
        }
        if !value.elem.base.is_float() {
            let shown = self.show_elem(&value.elem);
            let why = "it takes floats; write `x as f32`";
            self.report(element_errors::operation(value.span, "softmax", &shown, why));
            return Sv::error(span);
        }
        let meaning = value.elem.meaning.as_ref();
        if meaning.is_some_and(|it| it.id == builtins.prob || it.id == builtins.log_prob) {
            let shown = self.show_elem(&value.elem);
            let before = self.scalar_softmax(&value);
            let at = (value.span, reduce.op_span);
            self.report(element_errors::double_softmax(at, &shown, before.as_ref()));
            return Sv::error(span);
        }
        let elem = Elem {
            base: value.elem.base.clone(),
            meaning: Some(MeaningUse { id: builtins.prob, args: Vec::new() }),
        };
        let kind = ScalarKind::Softmax {
            var: id,
            guard: guard.map(|guard| Box::new(guard.scalar)),
            value: Box::new(value),
        };
        Sv::typed(kind, elem, span)
    }
}

/// A read of all of a tensor, with letters after its sizes.
fn indexed(name: &str, tensor: &nnc_hir::TensorType) -> String {
    let rest = tensor.pack.then(|| "..".to_owned());
    let letters = tensor.axes.iter().enumerate().map(|(place, axis)| {
        axis.extent().as_var().map_or(format!("i{place}"), |it| it.as_str().to_lowercase())
    });
    format!("{name}[{}]", rest.into_iter().chain(letters).collect::<Vec<_>>().join(", "))
}

/// Sums of 16-bit floats are kept in f32, of small integers in int.
fn accumulator(base: &Base) -> Base {
    match base {
        Base::F16 | Base::BF16 | Base::F8 | Base::Quantised { .. } | Base::Fixed { .. } => {
            Base::F32
        }
        Base::I8 | Base::U8 => Base::I32,
        Base::F64 | Base::F32 | Base::I64 | Base::I32 | Base::Bool | Base::Float => base.clone(),
    }
}
