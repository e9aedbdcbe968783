//! How a value got its sizes, for messages: layer by layer, back to where it entered.

use nnc_base::{Name, Span};
use nnc_hir::{
    Arg, Expr, ExprKind, FieldValue, FunctionId, LayerUse, LocalId, Path, PathRoot, PathStep,
    ScalarKind, Stmt, Type,
};
use nnc_shape::Dim;

use super::Body;
use super::unify::sizes_equal;

/// Longer stories are told from their end.
const MOST_STEPS: usize = 6;

impl Body<'_, '_> {
    /// The value that a `let` gave a local.
    fn definition(&self, local: LocalId) -> Option<&Expr> {
        self.stmts.iter().rev().find_map(|stmt| match stmt {
            Stmt::Let(binding) if !binding.tuple && binding.locals == [local] => {
                Some(&binding.value)
            }
            Stmt::Let(_) | Stmt::Scan(_) | Stmt::Assert { .. } | Stmt::AssertSizes { .. } => None,
        })
    }

    /// The own field that gave a value, with the layer that it is.
    fn giver<'e>(&'e self, value: &'e Expr) -> Option<(Name, &'e LayerUse)> {
        match &value.kind {
            ExprKind::Call(call) => match &call.receiver {
                Some(path) => self.own_layer(path),
                None => self.giver(first_value(&call.args)?),
            },
            ExprKind::Cast { value, .. } | ExprKind::Unary(_, value) => self.giver(value),
            ExprKind::Local(local) => self.giver(self.definition(*local)?),
            _ => None,
        }
    }

    fn own_layer(&self, path: &Path) -> Option<(Name, &LayerUse)> {
        let (PathRoot::Owner, [PathStep::Field(name)]) = (&path.root, path.steps.as_slice()) else {
            return None;
        };
        let layer = self.cx.layer(self.owner?);
        match &layer.fields.iter().find(|field| field.name == *name)?.value {
            FieldValue::Layer(used) => Some((*name, used)),
            FieldValue::Param { .. }
            | FieldValue::Array(..)
            | FieldValue::If { .. }
            | FieldValue::Hole(_)
            | FieldValue::Absent
            | FieldValue::Error => None,
        }
    }

    /// The field that gave a value as it would be declared to give another size: the one
    /// axis that is different follows from one of the field's parameters.
    pub(super) fn width_repair(&self, value: &Expr, expected: &Type) -> Option<String> {
        let (Type::Tensor(found), Type::Tensor(wanted)) = (&value.ty, expected) else {
            return None;
        };
        if found.axes.len() != wanted.axes.len() {
            return None;
        }
        let pairs = found.axes.iter().zip(&wanted.axes).filter(|(a, b)| a.size != b.size);
        let pairs = pairs.map(|(a, b)| (a.extent(), b.extent()));
        let mut other = pairs.filter(|(a, b)| !sizes_equal(&self.scope, a, b));
        let ((from, to), None) = (other.next()?, other.next()) else { return None };
        let (name, used) = self.giver(value)?;
        let mut repaired = used.clone();
        let place = used.dims.iter().rposition(|dim| *dim == from)?;
        repaired.dims[place] = to;
        let written = self.cx.program.written(std::slice::from_ref(&repaired));
        Some(format!("make the widths agree: `{name}: {written}`"))
    }

    /// The sizes that the parts of a merged axis had, as a product.
    pub(super) fn merged_parts(&self, local: LocalId, axis: usize) -> Option<Vec<Dim>> {
        let ExprKind::Nest(nest) = &self.definition(local)?.kind else { return None };
        let before: u32 = nest.groups[..axis].iter().sum();
        let count = *nest.groups.get(axis)?;
        let parts = nest.axes.get(before as usize..(before + count) as usize)?;
        Some(parts.iter().map(|axis| axis.extent.clone()).collect())
    }

    /// What a merged value was read off, where that was named, and its type.
    pub(super) fn merged_of(&self, local: LocalId) -> Option<(Name, Span, String)> {
        let ExprKind::Nest(nest) = &self.definition(local)?.kind else { return None };
        let ScalarKind::Read { tensor, .. } = &nest.value.kind else { return None };
        let ExprKind::Local(of) = tensor.kind else { return None };
        let of = &self.locals[of];
        Some((of.name, of.span, self.show(&of.ty)))
    }

    /// How an axis of a value became what it is: "`H` starts as 32, and is 16 after `pool1`".
    fn history(&self, value: &Expr, axis: usize) -> Vec<(Option<Name>, Dim)> {
        let mut steps: Vec<(Option<Name>, Dim)> = Vec::new();
        let mut at = Some(value);
        while let Some(value) = at {
            let Some(size) = value.ty.as_tensor().and_then(|ty| ty.axes.get(axis)) else { break };
            let size = size.extent();
            let mut giver = None;
            at = match &value.kind {
                ExprKind::Call(call) => {
                    let own = call.receiver.as_ref().and_then(|path| match path.steps.last()? {
                        PathStep::Field(name) => Some(*name),
                        PathStep::Index(_) => None,
                    });
                    giver = own.or(self.cx.function(call.function).name);
                    first_value(&call.args)
                }
                ExprKind::Cast { value, .. } | ExprKind::Unary(_, value) => Some(value),
                ExprKind::Binary(_, left, _) => Some(left),
                ExprKind::Local(local) => self.definition(*local),
                _ => None,
            };
            steps.push((giver, size));
        }
        steps.reverse();
        // Only where it changes.
        steps.dedup_by(|next, before| next.1 == before.1);
        steps
    }

    /// Notes on how the sizes came about that a message names as `here H is 2`.
    pub(super) fn tell_history(&mut self, before: usize, function: FunctionId, args: &[Arg]) {
        let mut notes: Vec<(Name, String)> = Vec::new();
        for (param, arg) in self.cx.function(function).params.iter().zip(args) {
            let (Type::Tensor(formal), Arg::Value(value)) = (&param.ty, arg) else { continue };
            let Some(actual) = value.ty.as_tensor() else { continue };
            let leading = actual.axes.len().saturating_sub(formal.axes.len());
            for (place, axis) in formal.axes.iter().enumerate() {
                let Some(name) = axis.extent().as_var() else { continue };
                let steps = self.history(value, leading + place);
                if steps.len() < 2 {
                    continue;
                }
                let (_, start) = &steps[0];
                let last = steps.len().saturating_sub(MOST_STEPS).max(1);
                let changes = steps[last..].iter().map(|(giver, size)| {
                    let size = self.scope.show(size);
                    giver.map_or_else(|| size.clone(), |name| format!("{size} after `{name}`"))
                });
                let changes: Vec<String> = changes.collect();
                let text =
                    format!("{name} started as {}: {}", self.scope.show(start), changes.join(", "));
                notes.push((name, text));
            }
        }
        for diagnostic in &mut self.cx.diagnostics[before..] {
            for (name, text) in &notes {
                let here = format!("here {name} is ");
                if diagnostic.labels.iter().any(|label| label.text.starts_with(&here)) {
                    *diagnostic = diagnostic.clone().note(text.clone());
                }
            }
        }
    }
}

fn first_value(args: &[Arg]) -> Option<&Expr> {
    args.iter().find_map(|arg| match arg {
        Arg::Value(value) => Some(value),
        Arg::Dim(_) | Arg::Absent | Arg::InOut { .. } => None,
    })
}
