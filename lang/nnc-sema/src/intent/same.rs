//! The same twice: `a == a`, and one index twice in a position.

use nnc_base::{Diagnostic, Name};
use nnc_syntax::ast::{BinaryOp, Expr, ExprKind, Index, IndexKind};

use super::reading::{Nest, letter, split_parts};
use crate::errors::intent as errors;

/// Warns of an operator with the same on both sides, whose result no value decides. What is
/// no number is not equal to itself, so that `x != x` asks something.
pub(super) fn both_sides(expr: &Expr) -> Option<Diagnostic> {
    match &expr.kind {
        ExprKind::Binary { op, op_span, left, right } => {
            let what = match op {
                BinaryOp::Equal | BinaryOp::LessEqual | BinaryOp::GreaterEqual => "always true",
                BinaryOp::Less | BinaryOp::Greater => "always false",
                BinaryOp::Subtract | BinaryOp::Remainder => "always 0",
                BinaryOp::Divide | BinaryOp::FloorDivide => "always 1",
                BinaryOp::And | BinaryOp::Or => "one of them alone",
                BinaryOp::NotEqual | BinaryOp::Add | BinaryOp::Multiply => return None,
            };
            if same(left, right) {
                return Some(errors::same_sides(*op_span, left.span, right.span, what));
            }
            let apart = op.is_comparison() && same(without_number(left), without_number(right));
            apart.then(|| errors::same_sides(*op_span, left.span, right.span, "the same for all"))
        }
        ExprKind::Call { function, args } => match (&function.kind, args.as_slice()) {
            (ExprKind::Name(name), [left, right])
                if matches!(name.as_str(), "max" | "min") && same(&left.value, &right.value) =>
            {
                let spans = (left.span, right.span);
                Some(errors::same_sides(name.span, spans.0, spans.1, "one of them alone"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// `a` of `a + 1` and of `a - 1`.
fn without_number(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, left, right, .. }
            if matches!(right.kind, ExprKind::Int(_)) =>
        {
            left
        }
        _ => expr,
    }
}

/// Whether two expressions are the same but for where they stand, and read something.
fn same(left: &Expr, right: &Expr) -> bool {
    fn equal(left: &Expr, right: &Expr) -> bool {
        match (&left.kind, &right.kind) {
            (ExprKind::Name(a), ExprKind::Name(b)) => a.name == b.name,
            (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
            (ExprKind::Float(a), ExprKind::Float(b)) => a == b,
            (ExprKind::Bool(a), ExprKind::Bool(b)) => a == b,
            (
                ExprKind::Unary { op: a, operand: left },
                ExprKind::Unary { op: b, operand: right },
            ) => a == b && equal(left, right),
            (
                ExprKind::Binary { op: a, left: x, right: y, .. },
                ExprKind::Binary { op: b, left: z, right: w, .. },
            ) => a == b && equal(x, z) && equal(y, w),
            (ExprKind::Cast { value: a, to: x }, ExprKind::Cast { value: b, to: y }) => {
                x.name.name == y.name.name && x.args.is_empty() && y.args.is_empty() && equal(a, b)
            }
            (
                ExprKind::Field { base: a, name: Some(x) },
                ExprKind::Field { base: b, name: Some(y) },
            ) => x.name == y.name && equal(a, b),
            (ExprKind::Index { base: a, indices: x }, ExprKind::Index { base: b, indices: y }) => {
                equal(a, b)
                    && x.len() == y.len()
                    && x.iter().zip(y).all(|(one, other)| same_index(one, other))
            }
            _ => false,
        }
    }
    fn same_index(one: &Index, other: &Index) -> bool {
        match (&one.kind, &other.kind) {
            (IndexKind::Expr(a), IndexKind::Expr(b)) => equal(a, b),
            (IndexKind::Rest, IndexKind::Rest) => true,
            (IndexKind::Split(a), IndexKind::Split(b)) => {
                a.iter().map(|it| it.name.name).eq(b.iter().map(|it| it.name.name))
            }
            _ => false,
        }
    }
    equal(left, right) && !matches!(left.kind, ExprKind::Int(_) | ExprKind::Float(_))
}

/// Warns of positions such as `2*i + 1 - i`, in which an index stands twice.
pub(super) fn twice_in_a_position(nest: &Nest<'_>) -> Vec<Diagnostic> {
    let letters = letters_of(nest);
    let mut found = Vec::new();
    for expr in &nest.exprs {
        let ExprKind::Index { indices, .. } = &expr.kind else { continue };
        for index in indices {
            let IndexKind::Expr(position) = &index.kind else { continue };
            let mut terms = Vec::new();
            terms_of(position, &mut terms);
            terms.retain(|it| letters.contains(it));
            let twice = terms.iter().enumerate().find(|(at, it)| terms[..*at].contains(it));
            if let Some((_, name)) = twice {
                found.push(errors::twice_in_a_position(position.span, *name));
            }
        }
    }
    found
}

/// Warns of reads such as `w[j, j]` in a nest that has other indices as well, unless it reads
/// the tensor elsewhere, too. A `let` of its own, as in `let d[j] = w[j, j]`, takes a diagonal.
pub(super) fn diagonals(nest: &Nest<'_>) -> Option<Diagnostic> {
    let reads: Vec<(&Expr, &Expr, Vec<Name>)> = (nest.exprs.iter())
        .filter_map(|expr| match &expr.kind {
            ExprKind::Index { base, indices } => {
                Some((*expr, &**base, indices.iter().filter_map(letter).collect()))
            }
            _ => None,
        })
        .collect();
    let twice = |letters: &[Name]| {
        letters.iter().enumerate().find(|(at, it)| letters[..*at].contains(it)).map(|(_, it)| *it)
    };
    for (read, base, letters) in &reads {
        let Some(name) = twice(letters) else { continue };
        let alone = letters_of(nest).iter().all(|it| letters.contains(it));
        let elsewhere = |(_, other, letters): &(&Expr, &Expr, Vec<Name>)| {
            twice(letters).is_none() && same(base, other)
        };
        if !alone && !reads.iter().any(elsewhere) {
            return Some(errors::diagonal(read.span, name));
        }
    }
    None
}

/// The indices of a nest and of the reductions in it.
fn letters_of(nest: &Nest<'_>) -> Vec<Name> {
    let mut letters: Vec<Name> = nest.indices.iter().filter_map(letter).collect();
    letters.extend(nest.indices.iter().flat_map(split_parts).map(|it| it.name.name));
    for expr in &nest.exprs {
        if let ExprKind::Reduce(reduce) = &expr.kind {
            letters.extend(reduce.binders.iter().map(|it| it.name.name));
        }
    }
    letters
}

/// The names that are added up in a position, with factors or without. What is rounded or
/// chosen is a part of its own.
fn terms_of(expr: &Expr, names: &mut Vec<Name>) {
    match &expr.kind {
        ExprKind::Name(name) => names.push(name.name),
        ExprKind::Unary { operand, .. } => terms_of(operand, names),
        ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Subtract, left, right, .. } => {
            terms_of(left, names);
            terms_of(right, names);
        }
        ExprKind::Binary { op: BinaryOp::Multiply, left, right, .. } => {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            terms_of(left, &mut one);
            terms_of(right, &mut other);
            // A square is no sum.
            if !one.iter().any(|it| other.contains(it)) {
                names.extend(one.into_iter().chain(other));
            }
        }
        _ => {}
    }
}
