//! Where values come from, for messages: their names, the layers that gave them, and the
//! softmax that made them probabilities.

use nnc_base::{Name, Span};
use nnc_hir::{
    Arg, Expr, ExprKind, FieldValue, Path, PathRoot, PathStep, Scalar, ScalarKind, Type, UnaryOp,
};
use nnc_syntax::ast;

use super::Body;
use crate::errors::{Meeting, Softmax};

/// More places than these make a message hard to read.
const MOST_LABELS: usize = 4;

impl Body<'_, '_> {
    /// What a value is called, if it has a name.
    pub(super) fn subject(&self, expr: &Expr) -> Option<Name> {
        match &expr.kind {
            ExprKind::Local(local) => Some(self.locals[*local].name),
            ExprKind::Param(path) => match path.steps.last()? {
                PathStep::Field(name) => Some(*name),
                PathStep::Index(_) => None,
            },
            ExprKind::StructField { field, .. } => Some(*field),
            ExprKind::View { value, .. } => {
                Some(Name::new(&format!("{}[…]", self.subject(value)?)))
            }
            _ => None,
        }
    }

    /// The name of the tensor that a scalar is an element of.
    pub(super) fn scalar_subject(&self, scalar: &Scalar) -> Option<Name> {
        match &scalar.kind {
            ScalarKind::Read { tensor, .. } => self.subject(tensor),
            _ => None,
        }
    }

    /// A scalar as a message writes it: `scale[…]`, if it is an element of what has a name.
    pub(super) fn read_text(&self, scalar: &Scalar) -> Option<Name> {
        let whole =
            matches!(&scalar.kind, ScalarKind::Read { index, pack: false, .. } if index.is_empty());
        let name = self.scalar_subject(scalar)?;
        Some(if whole { name } else { Name::new(&format!("{name}[…]")) })
    }

    /// Along which axis a value's probabilities sum to one, and where that was said.
    pub(super) fn normalised_axis(&self, expr: &Expr) -> Option<Softmax> {
        match &expr.kind {
            ExprKind::Local(local) => self.normalised.get(local).copied(),
            ExprKind::Unary(UnaryOp::Log | UnaryOp::Exp, value) | ExprKind::Cast { value, .. } => {
                self.normalised_axis(value)
            }
            _ => None,
        }
    }

    pub(super) fn scalar_softmax(&self, scalar: &Scalar) -> Option<Softmax> {
        match &scalar.kind {
            ScalarKind::Read { tensor, .. } => self.normalised_axis(tensor),
            _ => None,
        }
    }

    /// A guard and the reduction that it guards.
    pub(super) fn guard_meeting(&self, guard: &Scalar, reduce: &ast::Reduce) -> Meeting<'static> {
        let subject = self.scalar_subject(guard);
        let subject = subject.map(|name| Name::new(&format!("{name}[…]")));
        Meeting { subject, ..Meeting::new(guard.span, reduce.op_span, "a guard") }
    }

    /// The declarations that a mistake in an argument is about: of the field that is called,
    /// and of what gave the value.
    pub(super) fn origins(&self, value: &Expr, callee: Option<&Path>) -> Vec<(Span, String)> {
        let mut origins = Vec::new();
        if let Some((name, span, ty)) = callee.and_then(|path| self.own_field(path)) {
            origins.push((span, format!("`{name}` is {ty}")));
        }
        origins.extend(self.producer(value));
        origins
    }

    fn producer(&self, value: &Expr) -> Option<(Span, String)> {
        match &value.kind {
            ExprKind::Call(call) => match &call.receiver {
                Some(path) => {
                    let (name, span, ty) = self.own_field(path)?;
                    Some((span, format!("`{name}`, which gave the value, is {ty}")))
                }
                None => call.args.iter().find_map(|arg| match arg {
                    Arg::Value(value) => self.producer(value),
                    Arg::Dim(_) | Arg::Absent | Arg::InOut { .. } => None,
                }),
            },
            ExprKind::Local(local) => {
                let local = &self.locals[*local];
                Some((local.span, format!("`{}` is {}", local.name, self.show(&local.ty))))
            }
            ExprKind::Cast { value, .. }
            | ExprKind::Unary(_, value)
            | ExprKind::View { value, .. } => self.producer(value),
            ExprKind::Param(path) => {
                let (name, span, ty) = self.own_field(path)?;
                Some((span, format!("`{name}` is {ty}")))
            }
            _ => None,
        }
    }

    /// The field of the own layer at the start of a path, and what it is.
    fn own_field(&self, path: &Path) -> Option<(Name, Span, String)> {
        let (PathRoot::Owner, Some(PathStep::Field(name))) = (&path.root, path.steps.first())
        else {
            return None;
        };
        let layer = self.cx.layer(self.owner?);
        let field = layer.fields.iter().find(|field| field.name == *name)?;
        let ty = match &field.value {
            FieldValue::Layer(used) => self.show(&Type::Layer(used.clone())),
            FieldValue::Param { ty, .. } => self.show(&Type::Tensor(ty.clone())),
            FieldValue::Array(..)
            | FieldValue::If { .. }
            | FieldValue::Hole(_)
            | FieldValue::Absent
            | FieldValue::Error => "declared here".to_owned(),
        };
        Some((*name, field.span, ty))
    }

    /// Adds places to the messages that were reported since there were `before`.
    pub(super) fn add_labels(&mut self, before: usize, origins: Vec<(Span, String)>) {
        for diagnostic in &mut self.cx.diagnostics[before..] {
            for (span, text) in &origins {
                let known = diagnostic.labels.iter().any(|label| label.span == *span);
                if !known && diagnostic.labels.len() < MOST_LABELS {
                    *diagnostic = diagnostic.clone().label(*span, text.clone());
                }
            }
        }
    }
}
