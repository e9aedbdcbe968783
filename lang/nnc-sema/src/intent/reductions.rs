//! Reductions over an index that nothing in them depends on, and a softmax that ends early.

use nnc_base::{Diagnostic, Name};
use nnc_syntax::ast::{BinaryOp, Expr, ExprKind, IndexKind, Reduce, ReduceOp, UnaryOp};

use super::reading::{names, parts_of, split_parts};
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
        conditions(&reduce.body, &mut parts);
        parts.retain(|it| reads(it) && !any(&names(it)));
        if let Some(part) = parts.first() {
            return Some(errors::value_without_index(part.span, &shown(), reduce.op_span));
        }
    }
    let counts = matches!(reduce.op, ReduceOp::Count | ReduceOp::Softmax);
    if !counts && reads(&reduce.body) && !any(&body) {
        return Some(errors::value_without_index(reduce.body.span, &shown(), reduce.op_span));
    }
    if matches!(reduce.op, ReduceOp::Sum | ReduceOp::Mean) {
        let mut parts = Vec::new();
        factors(&reduce.body, &mut parts);
        parts.retain(|it| reads(it));
        let (summed, alone): (Vec<&Expr>, Vec<&Expr>) =
            parts.iter().partition(|it| any(&names(it)));
        // `x[n, d] * scale[n]` has a scale behind it; that in `x[n, d] * y[n, m]` the sum is of
        // `x` alone does not show.
        if let [summed] = summed.as_slice() {
            let known = letters(summed);
            let own = |part: &&Expr| letters(part).iter().any(|it| !known.contains(it));
            if let Some(part) = alone.into_iter().find(own) {
                return Some(errors::factor_without_index(part.span, &shown(), reduce.op_span));
            }
        }
    }
    None
}

/// Warns of `softmax[j] a[j] + b[j]`, which is `(softmax[j] a[j]) + b[j]`: what a softmax is taken
/// of ends before a sum, though what is added there depends on the softmax's index.
pub(super) fn softmax_ends(expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, op_span, left, right } =
        &expr.kind
    else {
        return None;
    };
    let reduce = open_softmax(left)?;
    let added = names(right);
    let index = reduce.binders.iter().find(|it| added.contains(&it.name.name))?;
    let (body, added) = (reduce.body.span, right.span);
    Some(errors::softmax_ends(*op_span, body, added, index.name.name, reduce.op_span))
}

/// The softmax that an expression ends with, unless brackets say where it or what it is taken of
/// ends.
fn open_softmax(expr: &Expr) -> Option<&Reduce> {
    match &expr.kind {
        ExprKind::Reduce(reduce) => {
            let open = expr.span.end == reduce.body.span.end && !is_bracketed(&reduce.body);
            (reduce.op == ReduceOp::Softmax && open).then_some(reduce)
        }
        ExprKind::Binary { right, .. } if right.span.end == expr.span.end => open_softmax(right),
        _ => None,
    }
}

/// Whether an expression begins before its first part does.
fn is_bracketed(expr: &Expr) -> bool {
    let first = match &expr.kind {
        ExprKind::Name(name) => name.span,
        ExprKind::Binary { left, .. } => left.span,
        ExprKind::Cast { value, .. } | ExprKind::Pipe { value, .. } => value.span,
        ExprKind::Call { function, .. } => function.span,
        ExprKind::Index { base, .. } | ExprKind::Field { base, .. } => base.span,
        _ => return false,
    };
    first.start > expr.span.start
}

/// The parts of a condition, which must all hold or of which one must.
fn conditions<'a>(condition: &'a Expr, parts: &mut Vec<&'a Expr>) {
    match &condition.kind {
        ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or, left, right, .. } => {
            conditions(left, parts);
            conditions(right, parts);
        }
        _ => parts.push(condition),
    }
}

/// What a product is made of, divisors among it.
fn factors<'a>(value: &'a Expr, parts: &mut Vec<&'a Expr>) {
    match &value.kind {
        ExprKind::Binary { op: BinaryOp::Multiply | BinaryOp::Divide, left, right, .. } => {
            factors(left, parts);
            factors(right, parts);
        }
        ExprKind::Unary { op: UnaryOp::Negate, operand } => factors(operand, parts),
        _ => parts.push(value),
    }
}

/// The names in the positions at which an expression reads, without those of sizes.
fn letters(expr: &Expr) -> Vec<Name> {
    let mut found = Vec::new();
    for expr in parts_of(expr) {
        let ExprKind::Index { indices, .. } = &expr.kind else { continue };
        for index in indices {
            found.extend(split_parts(index).iter().map(|it| it.name.name));
            if let IndexKind::Expr(position) = &index.kind {
                found.extend(names(position));
            }
        }
    }
    found.retain(|it| it.as_str().starts_with(char::is_lowercase));
    found
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
