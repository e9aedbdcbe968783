//! What changes nothing: `t + 0`, `x as f32` of an f32.

use nnc_base::Diagnostic;
use nnc_syntax::ast::{BinaryOp, Expr, ExprKind};

use crate::cx::Cx;
use crate::errors::intent as errors;

/// Warns of an operator in a size or a position whose result is one of its sides whatever that
/// is, or one number. Values are added up and multiplied by what programs make of programs, too.
pub(super) fn operator(expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Binary { op, op_span, left, right } = &expr.kind else { return None };
    let is = |side: &Expr, number: i64| matches!(side.kind, ExprKind::Int(it) if it == number);
    let kept = match op {
        BinaryOp::Add if is(left, 0) => right,
        BinaryOp::Multiply if is(left, 1) => right,
        BinaryOp::Add | BinaryOp::Subtract if is(right, 0) => left,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::FloorDivide if is(right, 1) => left,
        BinaryOp::Remainder if is(right, 1) => {
            return Some(errors::always_zero(*op_span, expr.span));
        }
        _ => return None,
    };
    // `0 + 1` and the like are numbers that somebody works out step by step.
    let number = matches!(left.kind, ExprKind::Int(_)) && matches!(right.kind, ExprKind::Int(_));
    (!number).then(|| errors::changes_nothing(*op_span, kept.span))
}

impl Cx<'_> {
    /// Warns of casts to what the value is already. A cast in what several calls check is idle
    /// if it is for all of them.
    pub(super) fn idle_casts(&self) -> Vec<Diagnostic> {
        let idle = self.idle_casts.iter().filter_map(|(span, elem)| Some((*span, elem.as_ref()?)));
        idle.map(|(span, elem)| errors::idle_cast(span, &self.program.show(elem).to_string()))
            .collect()
    }
}
