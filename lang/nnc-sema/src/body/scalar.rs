//! The value at one point of a nest.

use nnc_base::Span;
use nnc_hir::{Affine, Base, BinaryOp, CompareOp, Elem, Index, Scalar, ScalarKind, Type, UnaryOp};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::elementwise::{Operator, operator};
use super::{Body, Value};
use crate::errors::{elements as element_errors, index as errors};

/// A checked scalar expression.
pub(super) struct Sv {
    pub(super) scalar: Scalar,
    /// Its value as a size over index variables, for integers that no data decide.
    pub(super) size: Option<Dim>,
    /// See [`Value::flex`].
    pub(super) flex: bool,
    /// For a bool: comparisons that hold where it is true.
    pub(super) facts: Vec<(CompareOp, Dim, Dim)>,
    /// Whether the facts say all that the bool says.
    pub(super) exact: bool,
}

impl Sv {
    pub(super) fn error(span: Span) -> Sv {
        Sv::typed(ScalarKind::Error, Elem::plain(Base::F32), span)
    }

    pub(super) fn is_error(&self) -> bool {
        matches!(self.scalar.kind, ScalarKind::Error)
    }

    pub(super) fn typed(kind: ScalarKind, elem: Elem, span: Span) -> Sv {
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
            ast::ExprKind::Binary { op, left: left_expr, right, .. } => {
                let left = self.scalar(left_expr);
                // The right side of `&&` is only looked at where the left holds.
                let mark = self.guard_mark();
                if *op == ast::BinaryOp::And {
                    self.push_guards(&left.facts);
                }
                let known = match op {
                    ast::BinaryOp::And => self.sized_condition(left_expr).map(|it| (it, true)),
                    ast::BinaryOp::Or => self.sized_condition(left_expr).map(|it| (it, false)),
                    _ => None,
                };
                let right = match known {
                    Some((known, holds)) => self.under(&known, holds, |body| body.scalar(right)).0,
                    None => self.scalar(right),
                };
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
            | ast::ExprKind::With { .. }
            | ast::ExprKind::Hole
            | ast::ExprKind::Error => self.hoisted_scalar(expr),
        }
    }

    /// An integer that is known as a size over index variables.
    pub(super) fn sized(&mut self, dim: Dim, span: Span) -> Sv {
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
            | ast::ExprKind::With { .. }
            | ast::ExprKind::Hole
            | ast::ExprKind::Error => false,
        }
    }

    // ---- guards -----------------------------------------------------------

    pub(super) fn guard_mark(&self) -> usize {
        self.nest.as_ref().map_or(0, |nest| nest.guards.len())
    }

    pub(super) fn push_guards(&mut self, facts: &[(CompareOp, Dim, Dim)]) {
        if let Some(nest) = &mut self.nest {
            nest.guards.extend(facts.iter().cloned());
        }
    }

    pub(super) fn pop_guards(&mut self, mark: usize) {
        if let Some(nest) = &mut self.nest {
            nest.guards.truncate(mark);
        }
    }

    // ---- operators --------------------------------------------------------

    /// An integer or literal as a number of a base.
    pub(super) fn in_base(&mut self, value: Sv, base: &Base) -> Scalar {
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

    pub(super) fn scalar_unary(&mut self, op: UnaryOp, value: Sv, span: Span) -> Sv {
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
    pub(super) fn meet_scalars(&mut self, left: Sv, right: Sv) -> (Scalar, Scalar, bool) {
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
        let names = match left.elem.base == right.elem.base {
            true => (None, None),
            false => (self.read_text(&left), self.read_text(&right)),
        };
        let Some(elem) = self.binary_elem(operator, &left.elem, &right.elem, spans, names, span)
        else {
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
        let own = value.size.is_none() && !value.flex;
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
        self.note_cast(span, Some(&elem).filter(|it| own && **it == scalar.elem));
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
        let known = self.sized_condition(condition);
        let condition = self.scalar(condition);
        let mark = self.guard_mark();
        self.push_guards(&condition.facts);
        let then = match &known {
            Some(known) => self.under(known, true, |body| body.scalar_block(then)).0,
            None => self.scalar_block(then),
        };
        self.pop_guards(mark);
        if let ([(op, left, right)], true) = (condition.facts.as_slice(), condition.exact) {
            self.push_guards(&[(op.negated(), left.clone(), right.clone())]);
        }
        let otherwise = match &known {
            Some(known) => self.under(known, false, |body| body.scalar(otherwise)).0,
            None => self.scalar(otherwise),
        };
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
            let spans = (then.span, otherwise.span);
            self.other_bases("if", &then.elem, &otherwise.elem, spans, (None, None));
            return Sv::error(span);
        }
        let spans = (then.span, otherwise.span);
        let Some(elem) = self.join_elems(&then.elem, &otherwise.elem, spans) else {
            return Sv::error(span);
        };
        let kind = ScalarKind::Select {
            condition: Box::new(condition.scalar),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Sv { flex, ..Sv::typed(kind, elem, span) }
    }

    /// A condition of a choice in index notation that is decided before the program runs;
    /// what is wrong with it is told where its value is looked at.
    fn sized_condition(&mut self, condition: &ast::Expr) -> Option<nnc_hir::Condition> {
        if !self.is_static(condition) {
            return None;
        }
        let (scope, told) = (self.scope.clone(), self.cx.diagnostics.len());
        let condition = self.cx.condition(&scope, condition);
        self.cx.diagnostics.truncate(told);
        condition
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
}

/// A read of all of a tensor, with letters after its sizes.
fn indexed(name: &str, tensor: &nnc_hir::TensorType) -> String {
    let rest = tensor.pack.then(|| "..".to_owned());
    let letters = tensor.axes.iter().enumerate().map(|(place, axis)| {
        axis.extent().as_var().map_or(format!("i{place}"), |it| it.as_str().to_lowercase())
    });
    format!("{name}[{}]", rest.into_iter().chain(letters).collect::<Vec<_>>().join(", "))
}
