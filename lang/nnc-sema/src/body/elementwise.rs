//! Elementwise operators: which elements they take and what they give.
//!
//! The same rules hold for whole tensors and for single values in index notation.

use nnc_base::{Name, Span};
use nnc_hir::{
    Axis, AxisSize, Base, BinaryOp, CompareOp, Condition, Elem, Expr, ExprKind, TensorType, Type,
    UnaryOp,
};
use nnc_syntax::ast;

use super::unify::{Meeting, index_subject, kinds_match, sizes_equal};
use super::{Body, Value};
use crate::dims::compare_op;
use crate::effects::{ARITHMETIC, Gives, Operation, Takes, effect};
use crate::errors::elements::Side;
use crate::errors::{elements as element_errors, shapes as errors};
use crate::relation::{IndexRepair, Repair, repair, same_args};

/// An operator on values.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Operator {
    Arithmetic(BinaryOp),
    Compare(CompareOp),
}

pub(super) fn operator(op: ast::BinaryOp) -> Operator {
    if let Some(op) = compare_op(op) {
        return Operator::Compare(op);
    }
    Operator::Arithmetic(match op {
        ast::BinaryOp::Add => BinaryOp::Add,
        ast::BinaryOp::Subtract => BinaryOp::Sub,
        ast::BinaryOp::Multiply => BinaryOp::Mul,
        ast::BinaryOp::Divide => BinaryOp::Div,
        ast::BinaryOp::FloorDivide => BinaryOp::FloorDiv,
        ast::BinaryOp::Remainder => BinaryOp::Rem,
        ast::BinaryOp::And => BinaryOp::And,
        _ => BinaryOp::Or,
    })
}

impl Operator {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Operator::Arithmetic(op) => op.name(),
            Operator::Compare(op) => op.symbol(),
        }
    }

    fn operation(self) -> Operation {
        match self {
            Operator::Arithmetic(op) => Operation::Binary(op),
            Operator::Compare(op) => Operation::Compare(op),
        }
    }
}

impl Body<'_, '_> {
    /// The element of the result of an operation on two elements of one base; `None`
    /// if the operation does not take them, which is reported.
    pub(super) fn binary_elem(
        &mut self,
        op: Operator,
        left: &Elem,
        right: &Elem,
        spans: (Span, Span),
        names: (Option<Name>, Option<Name>),
        at: Span,
    ) -> Option<Elem> {
        if left.base != right.base {
            self.other_bases(op.symbol(), left, right, spans, names);
            return None;
        }
        let base = left.base.clone();
        let operation = op.operation();
        let it = effect(operation);
        if !it.takes.takes(&base) {
            let why = if base == Base::Bool { ARITHMETIC } else { it.why };
            self.refuse(operation, left, at, if it.takes == Takes::Bools { it.why } else { why });
            return None;
        }
        match it.gives {
            Gives::Bool => {
                if let (Some(a), Some(b)) = (self.cx.space_of(left), self.cx.space_of(right))
                    && !same_args(&self.scope.facts, &a.args, &b.args)
                {
                    let shown = (self.show_elem(left), self.show_elem(right));
                    self.report(element_errors::compared_spaces(
                        op.symbol(),
                        (&shown.0, spans.0),
                        (&shown.1, spans.1),
                    ));
                    return None;
                }
                return Some(Elem::plain(Base::Bool));
            }
            Gives::Either
                if left.meaning.is_some()
                    && right.meaning.is_some()
                    && left.meaning != right.meaning =>
            {
                let shown = (self.show_elem(left), self.show_elem(right));
                let who = format!("`{}`", op.symbol());
                let meeting = Meeting::new(spans.1, spans.0, &who);
                self.report(element_errors::mask(&meeting, &shown.1, &shown.0, true, true));
                return None;
            }
            _ => {}
        }
        let meaning = it.gives.meaning(&self.cx.program, self.cx.builtins, left, Some(right));
        Some(Elem { base, meaning })
    }

    /// Reports two operands that are stored differently.
    pub(super) fn other_bases(
        &mut self,
        symbol: &str,
        left: &Elem,
        right: &Elem,
        spans: (Span, Span),
        names: (Option<Name>, Option<Name>),
    ) {
        let shown = (self.show_elem(left), self.show_elem(right));
        let left = Side { shown: &shown.0, at: spans.0, name: names.0 };
        let right = Side { shown: &shown.1, at: spans.1, name: names.1 };
        self.report(element_errors::operands(symbol, &left, &right));
    }

    /// Reports an element that an operation does not take.
    pub(super) fn refuse(&mut self, operation: Operation, elem: &Elem, at: Span, why: &str) {
        let shown = self.show_elem(elem);
        let name = operation.name();
        self.report(element_errors::operation(at, name, &shown, why));
    }

    /// The element that a function of one value gives.
    pub(super) fn unary_elem(&mut self, op: UnaryOp, elem: &Elem, at: Span) -> Option<Elem> {
        let operation = Operation::Unary(op);
        let it = effect(operation);
        if !it.takes.takes(&elem.base) {
            self.refuse(operation, elem, at, it.why);
            return None;
        }
        let meaning = it.gives.meaning(&self.cx.program, self.cx.builtins, elem, None);
        Some(Elem { base: elem.base.clone(), meaning })
    }

    /// Whether an elementwise function takes floats only, so that sizes become floats.
    pub(super) fn wants_float(op: UnaryOp) -> bool {
        effect(Operation::Unary(op)).takes == Takes::Floats
    }

    pub(super) fn unary(&mut self, op: UnaryOp, value: Value, at: Span) -> Value {
        if let (Type::Dim(dim), UnaryOp::Neg) = (&value.expr.ty, op) {
            let dim = -dim;
            return Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), at);
        }
        let value = if matches!(value.expr.ty, Type::Dim(_)) {
            let flex = Self::wants_float(op);
            let base = if flex { self.default_float() } else { Base::I32 };
            Value { expr: self.retag(value.expr, &base), flex }
        } else {
            value
        };
        let Type::Tensor(tensor) = value.expr.ty.clone() else {
            if !value.is_error() {
                self.not_a_tensor(value.expr.span, &value.expr.ty);
            }
            return Value::error(at);
        };
        let Some(elem) = self.unary_elem(op, &tensor.elem, at) else { return Value::error(at) };
        let ty = Type::Tensor(TensorType { elem, ..tensor });
        let flex = value.flex;
        let kind = ExprKind::Unary(op, Box::new(value.expr));
        Value { expr: Expr { kind, ty, span: at }, flex }
    }

    /// Two values with one base: sizes and literals take the other's.
    pub(super) fn meet(&mut self, left: Value, right: Value) -> (Value, Value) {
        let base = |value: &Value| match &value.expr.ty {
            Type::Tensor(tensor) => Some(tensor.elem.base.clone()),
            _ => None,
        };
        let is_size = |value: &Value| matches!(value.expr.ty, Type::Dim(_));
        let (left_base, right_base) = (base(&left), base(&right));
        match (left_base, right_base) {
            (Some(base), _) if is_size(&right) => {
                let base = if base == Base::Bool { Base::I32 } else { base };
                let flex = left.flex;
                (left, Value { expr: self.retag(right.expr, &base), flex })
            }
            (_, Some(base)) if is_size(&left) => {
                let base = if base == Base::Bool { Base::I32 } else { base };
                let flex = right.flex;
                (Value { expr: self.retag(left.expr, &base), flex }, right)
            }
            (Some(base), Some(_)) if right.flex && !left.flex && base.is_float() => {
                (left, Value { expr: self.retag(right.expr, &base), flex: false })
            }
            (Some(_), Some(base)) if left.flex && !right.flex && base.is_float() => {
                (Value { expr: self.retag(left.expr, &base), flex: false }, right)
            }
            (Some(_), Some(_)) if left.flex && right.flex => {
                let base = self.default_float();
                (
                    Value { expr: self.retag(left.expr, &base), flex: true },
                    Value { expr: self.retag(right.expr, &base), flex: true },
                )
            }
            _ => (left, right),
        }
    }

    pub(super) fn binary(
        &mut self,
        op: ast::BinaryOp,
        left: Value,
        right: Value,
        at: Span,
    ) -> Value {
        if left.is_error() || right.is_error() {
            return Value::error(at);
        }
        let operator = operator(op);
        let (mut left, mut right) = (left, right);
        if let (Type::Dim(a), Type::Dim(b)) = (&left.expr.ty, &right.expr.ty) {
            let (a, b) = (a.clone(), b.clone());
            if let Operator::Compare(op) = operator {
                let kind = ExprKind::Condition(Condition::Compare(op, a, b));
                return Value::new(kind, Type::scalar(Elem::plain(Base::Bool)), at);
            }
            let exact = op != ast::BinaryOp::Divide || self.scope.facts.exact_div(&a, &b).is_ok();
            if exact {
                let scope = self.scope.clone();
                return match self.cx.dim_arithmetic(&scope, op, a, b, at) {
                    Some(dim) => Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), at),
                    None => Value::error(at),
                };
            }
            // A ratio of sizes that need not be whole is a number.
            let base = self.default_float();
            left = Value { expr: self.retag(left.expr, &base), flex: true };
            right = Value { expr: self.retag(right.expr, &base), flex: true };
        }
        let (left, right) = self.meet(left, right);
        self.combine(operator, left, right, at)
    }

    /// An operation on two tensors (or scalars) whose bases have met.
    pub(super) fn combine(&mut self, op: Operator, left: Value, right: Value, at: Span) -> Value {
        let (Type::Tensor(a), Type::Tensor(b)) = (left.expr.ty.clone(), right.expr.ty.clone())
        else {
            for value in [&left, &right] {
                if !matches!(value.expr.ty, Type::Tensor(_) | Type::Error) {
                    self.not_a_tensor(value.expr.span, &value.expr.ty);
                    break;
                }
            }
            return Value::error(at);
        };
        let spans = (left.expr.span, right.expr.span);
        let before = self.cx.diagnostics.len();
        let Some(axes) = self.joint_axes(op.symbol(), &a, &b, spans) else {
            let names = (self.subject(&left.expr), self.subject(&right.expr));
            self.tell_operand_repair(before, (&a, names.0), (&b, names.1));
            return Value::error(at);
        };
        // Names are for a message only.
        let names = match a.elem.base == b.elem.base {
            true => (None, None),
            false => (self.subject(&left.expr), self.subject(&right.expr)),
        };
        let before = self.cx.diagnostics.len();
        let Some(elem) = self.binary_elem(op, &a.elem, &b.elem, spans, names, at) else {
            let mut origins = self.origins(&left.expr, None);
            origins.extend(self.origins(&right.expr, None));
            self.add_labels(before, origins);
            return Value::error(at);
        };
        let flex = left.flex && right.flex && elem.base != Base::Bool;
        let ty = Type::Tensor(TensorType { elem, pack: a.pack || b.pack, axes });
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        let kind = match op {
            Operator::Arithmetic(op) => ExprKind::Binary(op, left, right),
            Operator::Compare(op) => ExprKind::Compare(op, left, right),
        };
        Value { expr: Expr { kind, ty, span: at }, flex }
    }

    /// Adds to the messages since there were `before` how either operand gets the axes of
    /// the other: the cheaper way first, both where they are as cheap.
    fn tell_operand_repair(
        &mut self,
        before: usize,
        left: (&TensorType, Option<Name>),
        right: (&TensorType, Option<Name>),
    ) {
        let mut repairs = Vec::new();
        for ((found, name), (wanted, _)) in [(right, left), (left, right)] {
            let wanted = TensorType { elem: found.elem.clone(), ..wanted.clone() };
            let repair = repair(self.comparing(), found, &wanted, true);
            repairs.extend(repair.map(|it| (index_subject(name), it)));
        }
        repairs.sort_by_key(|(_, repair)| repair.cost);
        let is = |all: &[(&str, Repair)], what: fn(&IndexRepair) -> bool| {
            all.iter().any(|(_, it)| it.index.as_ref().is_some_and(what))
        };
        // A transpose of one of them is enough.
        if is(&repairs, IndexRepair::transposes) {
            repairs.truncate(1);
        }
        let cuts = is(&repairs, IndexRepair::cuts);
        let texts: Vec<String> = repairs
            .iter()
            .flat_map(|(subject, repair)| repair.texts(&self.cx.program, subject))
            .collect();
        for diagnostic in &mut self.cx.diagnostics[before..] {
            *diagnostic = errors::with_repair(diagnostic.clone(), &texts, cuts);
        }
    }

    /// The axes of an elementwise result: the operands', which are identical, or the
    /// one's if the other is a scalar.
    pub(super) fn joint_axes(
        &mut self,
        symbol: &str,
        left: &TensorType,
        right: &TensorType,
        spans: (Span, Span),
    ) -> Option<Vec<Axis>> {
        if left.is_scalar() {
            return Some(right.axes.clone());
        }
        if right.is_scalar() {
            return Some(left.axes.clone());
        }
        let shown =
            (self.show(&Type::Tensor(left.clone())), self.show(&Type::Tensor(right.clone())));
        if left.pack != right.pack || left.axes.len() != right.axes.len() {
            self.report(errors::identical_axes(
                symbol, &shown.0, spans.0, &shown.1, spans.1, left, right,
            ));
            return None;
        }
        if let Some(place) = left.axes.iter().zip(&right.axes).position(|(a, b)| !kinds_match(a, b))
        {
            self.report(errors::swapped_axes(place, symbol, &left.axes, &right.axes, spans));
            return None;
        }
        let mut axes = Vec::new();
        for (a, b) in left.axes.iter().zip(&right.axes) {
            match (&a.size, &b.size) {
                (AxisSize::Broadcast, _) => axes.push(b.clone()),
                (_, AxisSize::Broadcast) => axes.push(a.clone()),
                (AxisSize::Dim(x), AxisSize::Dim(y)) => {
                    if !sizes_equal(&self.scope, x, y) {
                        let answer = self.scope.facts.equal(x, y);
                        self.report(errors::operand_sizes(
                            &self.scope,
                            symbol,
                            (x, &shown.0),
                            (y, &shown.1),
                            a.kind.or(b.kind),
                            &answer,
                            spans,
                        ));
                        return None;
                    }
                    let who = format!("`{symbol}`");
                    let meeting = Meeting::new(spans.1, spans.0, &who);
                    if let (Some(left_rate), Some(right_rate)) = (a.rate, b.rate)
                        && left_rate != right_rate
                    {
                        self.report(errors::rates(
                            b,
                            a,
                            meeting.at,
                            meeting.expected_at,
                            meeting.who,
                            None,
                        ));
                        return None;
                    }
                    let kind = a.kind.or(b.kind);
                    axes.push(Axis { size: a.size.clone(), kind, rate: a.rate.or(b.rate) });
                }
            }
        }
        Some(axes)
    }
}
