//! What a transformer cannot do, one function a reason.

use crate::program::{OpId, Program};
use nnc_base::{Code, Diagnostic, Span};
use std::fmt::Display;

/// Something that is no operation on sequences.
pub(crate) fn no_sequence(at: Span, what: impl Into<String>, rule: &str, help: &str) -> Diagnostic {
    let what = what.into();
    Diagnostic::error(Code("E0730"), at, format!("this is no select-aggregate program: {what}"))
        .here("neither an attention head nor an MLP computes this")
        .note(rule)
        .help(help)
}

/// A function that takes or gives something else than sequences.
pub(crate) fn no_function(at: Span, what: impl Into<String>, rule: &str, help: &str) -> Diagnostic {
    let what = what.into();
    Diagnostic::error(Code("E0730"), at, format!("this is no select-aggregate program: {what}"))
        .here("its result is computed here")
        .note(rule)
        .help(help)
}

/// An aggregate whose parts are not separated into query and key.
pub(crate) fn no_aggregate(
    at: Span,
    what: impl Into<String>,
    rule: &str,
    help: &str,
) -> Diagnostic {
    let what = what.into();
    Diagnostic::error(Code("E0731"), at, format!("this reduction is no aggregate: {what}"))
        .here("one attention head would have to compute this")
        .note(rule)
        .help(help)
}

/// An operation with more values than are encoded, with what it is made of.
pub(crate) fn too_many_values(
    program: &Program,
    op: OpId,
    count: usize,
    most: usize,
    sizes: &[(OpId, usize)],
) -> Diagnostic {
    let span = program.op(op).span;
    let message = format!("this has {count} possible values; at most {most} are encoded");
    let mut diagnostic = Diagnostic::error(Code("E0732"), span, message).here(format!(
        "a {} over at most {} positions",
        program.op(op).word(),
        program.length
    ));
    for (operand, size) in sizes {
        let operand = program.op(*operand);
        let text = format!("made of {}, of {size} values", operand.noun());
        diagnostic = if operand.span.is_none() || operand.span == span {
            diagnostic.note(text)
        } else {
            diagnostic.label(operand.span, text)
        };
    }
    diagnostic
        .note("each value of an operation is a direction of the transformer's residual stream")
        .help("compile for a smaller length or vocabulary, or bring the values into classes before they are combined")
}

/// A function of several operations with too many combinations of their values.
pub(crate) fn too_many_combinations(
    program: &Program,
    at: Span,
    what: &str,
    count: f64,
    most: usize,
    sizes: &[(OpId, usize)],
) -> Diagnostic {
    let message =
        format!("{what} would need {count} combinations of values; at most {most} are compiled");
    let mut diagnostic = Diagnostic::error(Code("E0732"), at, message);
    for (operand, size) in sizes {
        let operand = program.op(*operand);
        let text = format!("{}: {size} values", operand.noun());
        diagnostic = if operand.span.is_none() || operand.span == at {
            diagnostic.note(text)
        } else {
            diagnostic.label(operand.span, text)
        };
    }
    diagnostic
        .note("a function of several operations is tabulated for all combinations of their values")
        .help("compile for a smaller length or vocabulary, or combine two operations at a time into fewer values")
}

/// A value that is no finite number.
pub(crate) fn not_finite(at: Span, what: &str, value: impl Display) -> Diagnostic {
    Diagnostic::error(Code("E0733"), at, format!("{what} may be {value}, which no weight can hold"))
        .here(format!("gives {value} for some input of this length"))
        .note("a mean over positions of which none may be selected divides 0 by 0")
        .help("say what stands where nothing is selected: `if n[q] == 0 { 0.0 } else { total[q] / (n[q] as f32) }`")
}

/// A sum of floats whose result depends on their order.
pub(crate) fn inexact_sum(at: Span, value: f64) -> Diagnostic {
    Diagnostic::error(Code("E0734"), at, "this sum of floats depends on their order".to_owned())
        .here(format!("adds values such as {value:?}"))
        .note("sums are compiled exactly: their terms must be multiples of one power of two")
        .help("sum integers or halves, quarters, … and divide afterwards")
}

/// Scores that f32 could not tell apart.
pub(crate) fn scores_too_large(at: Span, score: f64) -> Diagnostic {
    Diagnostic::error(Code("E0735"), at, format!("attention scores would reach {score:.0}"))
        .here("chooses among too many values and positions")
        .note("scores are integers that f32 holds exactly, so less than 2^24")
        .help("compile for a smaller length, or choose by fewer different values")
}

/// Something of the evaluator's that a table could not be made of.
pub(crate) fn no_table(at: Span, reason: impl Display) -> Diagnostic {
    Diagnostic::error(Code("E0730"), at, format!("this is no select-aggregate program: {reason}"))
        .here("cannot be computed for all values of its operands")
        .note("every function of single values becomes a table of its results")
        .help("make it total: give a result for all values that its operands may have")
}
