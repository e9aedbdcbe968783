//! What changes nothing: `t + 0`, `x as f32` of an f32.

use std::collections::BTreeSet;

use nnc_base::{Diagnostic, Span};
use nnc_hir::{Binding, Function, Index, ScalarKind, Stmt, TensorType};
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

    /// Warns of a `let` that is a tensor as it is; the places of `let`s that read one and do
    /// nothing else are given.
    pub(super) fn copies(&self, function: &Function, reads: &BTreeSet<Span>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if !reads.is_empty() {
            function.body.stmts.iter().for_each(|it| copies_in(function, reads, it, &mut found));
        }
        found
    }
}

fn copies_in(
    function: &Function,
    reads: &BTreeSet<Span>,
    stmt: &Stmt,
    found: &mut Vec<Diagnostic>,
) {
    match stmt {
        Stmt::Let(Binding { locals, tuple: false, value }) => {
            let [local] = locals.as_slice() else { return };
            let at = function.locals[*local].span;
            if let Some(read) = copied(value).filter(|_| reads.contains(&at)) {
                found.push(errors::copy(at, read));
            }
        }
        Stmt::Scan(scan) => {
            scan.body.iter().for_each(|it| copies_in(function, reads, it, found));
        }
        Stmt::Let(_) | Stmt::Assert { .. } | Stmt::AssertSizes { .. } => {}
    }
}

/// The read of a nest that gives each point of a tensor at its own place.
fn copied(value: &nnc_hir::Expr) -> Option<Span> {
    let nnc_hir::ExprKind::Nest(nest) = &value.kind else { return None };
    let ScalarKind::Read { tensor, pack, index } = &nest.value.kind else { return None };
    let named = matches!(tensor.kind, nnc_hir::ExprKind::Local(_) | nnc_hir::ExprKind::Param(_));
    let straight = index.len() == nest.axes.len()
        && index.iter().zip(&nest.axes).all(|(index, axis)| match index {
            Index::Affine(it) => it.as_var() == Some(axis.var),
            Index::Data(_) => false,
        });
    let whole = nest.groups.iter().all(|it| *it == 1) && *pack == nest.pack;
    let (new, old) = (value.ty.as_tensor()?, tensor.ty.as_tensor()?);
    let sizes = |ty: &TensorType| ty.axes.iter().map(|it| it.size.clone()).collect::<Vec<_>>();
    let same = new.elem == old.elem && new.pack == old.pack && sizes(new) == sizes(old);
    (named && straight && whole && same).then_some(nest.value.span)
}
