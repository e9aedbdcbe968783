//! Fitting values to types: literals take the type of what they meet, and a value
//! fits where a type is expected if its axes are equal and its element may be used so.

use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{
    Axis, AxisSize, Base, BinaryOp, Elem, Expr, ExprKind, MeaningUse, TensorType, Type, UnaryOp,
};
use nnc_shape::Dim;

use super::{Body, Value};
use crate::cx::Scope;
pub(super) use crate::errors::Meeting;
use crate::errors::{elements as element_errors, shapes as errors};
pub(super) use crate::relation::kinds_match;
use crate::relation::{Known, Relation, compare_axes, compare_elements, proved_equal, repair};

/// Whether two sizes are equal wherever the facts hold.
pub(crate) fn sizes_equal(scope: &Scope, left: &Dim, right: &Dim) -> bool {
    proved_equal(&scope.facts, left, right)
}

/// What an index expression reads: a value's name, or `x` for one that has none of its own.
pub(super) fn index_subject(subject: Option<Name>) -> &'static str {
    subject.map(|name| name.as_str()).filter(|name| !name.contains('[')).unwrap_or("x")
}

impl Body<'_, '_> {
    /// Gives a value a type of its own: literals that met nothing become f32 (or the
    /// function's `float`).
    pub(super) fn settle(&mut self, value: Value) -> Expr {
        if value.flex {
            let base = self.default_float();
            return self.retag(value.expr, &base);
        }
        value.expr
    }

    /// A size as a number; other values as they are, literals settled.
    pub(super) fn as_tensor(&mut self, value: Value) -> Expr {
        match &value.expr.ty {
            Type::Dim(_) => self.retag(value.expr, &Base::I32),
            _ => self.settle(value),
        }
    }

    /// Changes the base of a value made of literals, sizes and `float` parameters.
    pub(super) fn retag(&mut self, expr: Expr, base: &Base) -> Expr {
        let Expr { kind, ty, span } = expr;
        let tensor = match ty {
            Type::Dim(dim) => {
                let elem = Elem::plain(base.clone());
                let kind = match dim.as_constant() {
                    Some(value) if base.is_float() => ExprKind::Float(value as f64),
                    Some(value) => ExprKind::Int(value),
                    None => ExprKind::Dim(dim),
                };
                return Expr { kind, ty: Type::scalar(elem), span };
            }
            Type::Tensor(tensor) => tensor,
            ty => return Expr { kind, ty, span },
        };
        if tensor.elem.base == *base {
            return Expr { kind, ty: Type::Tensor(tensor), span };
        }
        let retagged = TensorType {
            elem: Elem { base: base.clone(), meaning: tensor.elem.meaning.clone() },
            ..tensor.clone()
        };
        let mut all = |items: Vec<Expr>| -> Vec<Expr> {
            items.into_iter().map(|item| self.retag(item, base)).collect()
        };
        let kind = match kind {
            ExprKind::Int(value) if base.is_float() => ExprKind::Float(value as f64),
            kind @ (ExprKind::Param(_)
            | ExprKind::Float(_)
            | ExprKind::Int(_)
            | ExprKind::Dim(_)
            | ExprKind::Config(_)) => kind,
            ExprKind::List(items) => ExprKind::List(all(items)),
            ExprKind::Unary(op, value) if op != UnaryOp::Not => {
                ExprKind::Unary(op, Box::new(self.retag(*value, base)))
            }
            ExprKind::Binary(op, left, right) if !matches!(op, BinaryOp::And | BinaryOp::Or) => {
                let left = Box::new(self.retag(*left, base));
                ExprKind::Binary(op, left, Box::new(self.retag(*right, base)))
            }
            ExprKind::View { value, axes } => {
                ExprKind::View { value: Box::new(self.retag(*value, base)), axes }
            }
            kind => {
                let inner = Expr { kind, ty: Type::Tensor(tensor), span };
                ExprKind::Cast { to: retagged.elem.clone(), value: Box::new(inner) }
            }
        };
        Expr { kind, ty: Type::Tensor(retagged), span }
    }

    /// Fits a value to a declared type, reporting what is different.
    pub(super) fn fit_result(
        &mut self,
        value: Value,
        expected: &Type,
        at: Span,
        declared: Span,
    ) -> Expr {
        let meeting = Meeting::new(at, declared, "the declared type");
        self.fit(value, expected, meeting)
    }

    pub(super) fn fit(&mut self, value: Value, expected: &Type, meeting: Meeting<'_>) -> Expr {
        if let ExprKind::Hole(_) = value.expr.kind {
            self.fill(&value.expr, expected);
            return value.expr;
        }
        if value.is_error() || expected.is_error() {
            return Expr::error(meeting.at);
        }
        let value = match (expected, &value.expr.ty) {
            (Type::Tensor(tensor), Type::Dim(_)) => {
                Value { expr: self.retag(value.expr, &tensor.elem.base), flex: false }
            }
            (Type::Tensor(tensor), Type::Tensor(_))
                if value.flex && tensor.elem.base.is_float() =>
            {
                Value { expr: self.retag(value.expr, &tensor.elem.base), flex: false }
            }
            _ => Value { expr: self.settle(value), flex: false },
        };
        let mut expr = value.expr;
        let subject = self.subject(&expr).or(meeting.subject);
        let meeting = Meeting { subject, softmax: self.normalised_axis(&expr), ..meeting };
        if let (ExprKind::Tuple(parts), Type::Tuple(types)) = (&mut expr.kind, expected)
            && parts.len() == types.len()
        {
            let fitted: Vec<Expr> = std::mem::take(parts)
                .into_iter()
                .zip(types)
                .map(|(part, ty)| {
                    let at = part.span;
                    self.fit(Value { expr: part, flex: false }, ty, Meeting { at, ..meeting })
                })
                .collect();
            let ty = Type::Tuple(fitted.iter().map(|it| it.ty.clone()).collect());
            return Expr { kind: ExprKind::Tuple(fitted), ty, span: expr.span };
        }
        let before = self.cx.diagnostics.len();
        if !self.fits(&expr.ty.clone(), expected, meeting) {
            if let Some(joined) = self.joined_of(&expr).cloned() {
                for diagnostic in &mut self.cx.diagnostics[before..] {
                    *diagnostic = element_errors::joined(diagnostic.clone(), &joined);
                }
            }
            return Expr::error(meeting.at);
        }
        expr.ty = expected.clone();
        expr
    }

    /// Whether a type may stand where another is expected; reports if not.
    pub(super) fn fits(&mut self, found: &Type, expected: &Type, meeting: Meeting<'_>) -> bool {
        match (found, expected) {
            (Type::Error, _) | (_, Type::Error) => true,
            (Type::Tensor(found), Type::Tensor(expected)) => {
                self.tensor_fits(found, expected, meeting)
            }
            (Type::Tuple(found_parts), Type::Tuple(parts)) if found_parts.len() == parts.len() => {
                found_parts.iter().zip(parts).all(|(found, it)| self.fits(found, it, meeting))
            }
            (Type::Array(_, places), Type::Array(_, expected_places)) => {
                if !self.size_fits(&places.count, &expected_places.count, None, meeting) {
                    return false;
                }
                match found.items(expected) {
                    Some((found, expected)) => self.fits(&found, &expected, meeting),
                    None => false,
                }
            }
            (
                Type::Struct { id, dims, .. },
                Type::Struct { id: expected_id, dims: expected_dims, .. },
            ) if id == expected_id => {
                dims.iter().zip(expected_dims).all(|(a, b)| self.size_fits(a, b, None, meeting))
            }
            _ => {
                let (found, expected) = (self.show(found), self.show(expected));
                self.report(errors::type_mismatch(
                    meeting.at,
                    &found,
                    &expected,
                    meeting.expected_at,
                    meeting.who,
                ));
                false
            }
        }
    }

    fn tensor_fits(
        &mut self,
        found: &TensorType,
        expected: &TensorType,
        meeting: Meeting<'_>,
    ) -> bool {
        let before = self.cx.diagnostics.len();
        let axes = if found.pack != expected.pack || found.axes.len() != expected.axes.len() {
            self.other_rank(found, expected, meeting);
            false
        } else {
            self.axes_fit(&found.axes, &expected.axes, meeting)
        };
        if !axes {
            self.tell_repair(before, found, expected, meeting.subject);
        }
        axes && self.elem_fits(&found.elem, &expected.elem, meeting)
    }

    pub(super) fn other_rank(
        &mut self,
        found: &TensorType,
        expected: &TensorType,
        meeting: Meeting<'_>,
    ) {
        let show = |ty: &TensorType| self.cx.program.show(ty).to_string();
        let more = found.axes.len() > expected.axes.len();
        let diagnostic = errors::rank(
            meeting.at,
            &show(found),
            &show(expected),
            meeting.expected_at,
            meeting.who,
            more,
        );
        self.report(diagnostic);
    }

    /// What types are compared by here.
    pub(super) fn comparing(&self) -> Known<'_> {
        Known { program: &self.cx.program, builtins: self.cx.builtins, facts: &self.scope.facts }
    }

    /// Adds to the messages since there were `before` what the search for a repair found.
    pub(super) fn tell_repair(
        &mut self,
        before: usize,
        found: &TensorType,
        wanted: &TensorType,
        subject: Option<Name>,
    ) {
        // `_` has a message of its own.
        if found.axes.iter().any(|axis| axis.size == AxisSize::Broadcast) {
            return;
        }
        let Some(repair) = repair(self.comparing(), found, wanted, false) else { return };
        let cuts = repair.index.as_ref().is_some_and(|it| it.cuts());
        let subject = index_subject(subject);
        let texts = repair.texts(&self.cx.program, subject);
        for diagnostic in &mut self.cx.diagnostics[before..] {
            *diagnostic = errors::with_repair(diagnostic.clone(), &texts, cuts);
        }
    }

    /// Axis by axis, as many on either side.
    pub(super) fn axes_fit(
        &mut self,
        found: &[Axis],
        expected: &[Axis],
        meeting: Meeting<'_>,
    ) -> bool {
        let (at, declared, who) = (meeting.at, meeting.expected_at, meeting.who);
        match compare_axes(&self.scope.facts, found, expected) {
            Relation::KindIncompatible { axis } => {
                self.report(errors::kinds(axis, found, expected, at, declared, who));
            }
            Relation::SizeIncompatible { axis } => {
                let (found, expected) = (&found[axis], &expected[axis]);
                let kind = found.kind.or(expected.kind);
                return self.size_fits(&found.extent(), &expected.extent(), kind, meeting);
            }
            Relation::BroadcastIncompatible { axis } => {
                let wanted = match &expected[axis].size {
                    AxisSize::Broadcast => found[axis].extent(),
                    AxisSize::Dim(size) => size.clone(),
                };
                self.report(errors::broadcast_axis(at, &self.scope, &wanted, declared));
            }
            Relation::RateIncompatible { axis } => {
                let subject = meeting.subject;
                let (found, expected) = (&found[axis], &expected[axis]);
                self.report(errors::rates(found, expected, at, declared, who, subject));
            }
            relation => return relation.fits(),
        }
        false
    }

    /// The sizes are proved equal, or the difference is reported.
    pub(super) fn size_fits(
        &mut self,
        found: &Dim,
        expected: &Dim,
        kind: Option<nnc_base::Name>,
        meeting: Meeting<'_>,
    ) -> bool {
        if sizes_equal(&self.scope, found, expected) {
            return true;
        }
        if self.takes_as_given(found, expected) {
            return true;
        }
        let answer = self.scope.facts.equal(found, expected);
        self.report(errors::sizes(
            &self.scope,
            found,
            expected,
            kind,
            &answer,
            meeting.at,
            meeting.expected_at,
            meeting.who,
        ));
        false
    }

    /// An element may be used as another: equal in memory, and of the same meaning or
    /// of one that may be forgotten.
    pub(super) fn elem_fits(
        &mut self,
        found: &Elem,
        expected: &Elem,
        meeting: Meeting<'_>,
    ) -> bool {
        let relation = compare_elements(self.comparing(), found, expected);
        if relation.fits() {
            return true;
        }
        let diagnostic = match &expected.meaning {
            Some(wanted) if relation != Relation::StorageIncompatible => {
                self.other_meaning(found, expected, wanted, relation, meeting)
            }
            _ => {
                let shown = (self.show_elem(found), self.show_elem(expected));
                element_errors::base(&meeting, &shown.0, &shown.1)
            }
        };
        self.report(diagnostic);
        false
    }

    /// Why a meaning does not fit.
    fn other_meaning(
        &self,
        found: &Elem,
        expected: &Elem,
        wanted: &MeaningUse,
        relation: Relation,
        meeting: Meeting<'_>,
    ) -> Diagnostic {
        let builtins = self.cx.builtins;
        let shown = (self.show_elem(found), self.show_elem(expected));
        let is = |id| self.cx.seen_as(found, id).is_some();
        if wanted.id == builtins.mask || wanted.id == builtins.pad_mask {
            let polarity = is(builtins.mask) || is(builtins.pad_mask);
            let is_bool = found.base == Base::Bool;
            return element_errors::mask(&meeting, &shown.0, &shown.1, polarity, is_bool);
        }
        let same = self.cx.seen_as(found, wanted.id);
        if wanted.id == builtins.token || wanted.id == builtins.index {
            return match same {
                Some(space) => element_errors::index_space(
                    meeting.at,
                    &shown.0,
                    &shown.1,
                    &space.args,
                    &wanted.args,
                    meeting.expected_at,
                ),
                None => element_errors::not_an_index(&meeting, &shown.0, &shown.1),
            };
        }
        if let (Some(same), Relation::ParametersIncompatible) = (same, relation) {
            let declared = &self.cx.program.meanings[wanted.id];
            let pairs: Vec<_> = (same.args.iter().zip(&wanted.args).zip(&declared.params))
                .map(|((given, wanted), param)| {
                    let show = |dim: &Dim| nnc_hir::shown_parameter(param, dim);
                    (show(given), show(wanted))
                })
                .collect();
            return element_errors::parameters_differ(
                &meeting, &shown.0, &shown.1, declared, &pairs,
            );
        }
        let both = found.meaning.as_ref().filter(|_| relation == Relation::MeaningIncompatible);
        let both = both.and_then(|it| self.cx.join(&self.scope, Some(it), Some(wanted)).flatten());
        let both = both.map(|it| self.show_elem(&Elem { meaning: Some(it), ..found.clone() }));
        element_errors::meaning(&meeting, &shown.0, &shown.1, both.as_deref())
    }
}
