//! Reductions over an index that nothing in them depends on.

use nnc_base::{Diagnostic, Name};
use nnc_syntax::ast::{BinaryOp, Expr, ExprKind, ReduceOp};

use super::reading::names;
use crate::errors::intent as errors;

/// Warns of a reduction whose guard, or whose value where it is read from somewhere, has none
/// of the reduction's indices in it, and of an index that is in neither.
pub(super) fn independent(expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Reduce(reduce) = &expr.kind else { return None };
    let body = names(&reduce.body);
    let guard = reduce.guard.as_deref().map(|it| (it, names(it)));
    let binders: Vec<Name> = reduce.binders.iter().map(|it| it.name.name).collect();
    let any = |names: &[Name]| binders.iter().any(|it| names.contains(it));
    let shown = || binders.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    // A part of a guard may ask something of the result alone; all of it hardly does.
    if let Some((guard, _)) = guard.as_ref().filter(|(it, names)| reads(it) && !any(names)) {
        return Some(errors::guard_without_index(guard.span, &shown(), reduce.op_span));
    }
    // `count[k: T] 1` asks for a length.
    let length = reduce.op == ReduceOp::Count && guard.is_none();
    for binder in reduce.binders.iter().filter(|_| !length) {
        let name = binder.name.name;
        if !body.contains(&name) && !guard.as_ref().is_some_and(|(_, it)| it.contains(&name)) {
            return Some(errors::index_without_use(binder.span, name, reduce.op_span));
        }
    }
    if matches!(reduce.op, ReduceOp::Any | ReduceOp::All) {
        let mut parts = Vec::new();
        conjuncts(&reduce.body, &mut parts);
        parts.retain(|it| reads(it) && !any(&names(it)));
        if let Some(part) = parts.first() {
            return Some(errors::value_without_index(part.span, &shown(), reduce.op_span));
        }
    }
    let counts = matches!(reduce.op, ReduceOp::Count | ReduceOp::Softmax);
    if !counts && reads(&reduce.body) && !any(&body) {
        return Some(errors::value_without_index(reduce.body.span, &shown(), reduce.op_span));
    }
    None
}

/// The parts of a guard that must all hold.
fn conjuncts<'a>(guard: &'a Expr, parts: &mut Vec<&'a Expr>) {
    match &guard.kind {
        ExprKind::Binary { op: BinaryOp::And, left, right, .. } => {
            conjuncts(left, parts);
            conjuncts(right, parts);
        }
        _ => parts.push(guard),
    }
}

/// Whether an expression is or has a read of a tensor.
fn reads(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Index { .. } => true,
        ExprKind::Unary { operand, .. } => reads(operand),
        ExprKind::Binary { left, right, .. } => reads(left) || reads(right),
        ExprKind::Cast { value, .. } => reads(value),
        ExprKind::Call { args, .. } => args.iter().any(|arg| reads(&arg.value)),
        _ => false,
    }
}
