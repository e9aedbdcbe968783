//! Sizes and facts.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::Condition;
use nnc_shape::{Answer, Dim};

use super::{guard, witness};
use crate::cx::Scope;

const NOT_A_SIZE: Code = Code("E0205");
const NOT_INFERRED: Code = Code("E0207");
const REST: Code = Code("E0208");
const ORDER: Code = Code("E0222");
const INEXACT: Code = Code("E0223");

pub(crate) fn not_a_size(at: Span, why: &str) -> Diagnostic {
    Diagnostic::error(NOT_A_SIZE, at, "this is not a size")
        .here(why)
        .note(
            "sizes are dims, `dim` parameters, integers, and `+ - * / // %`, `min`, `max` of them",
        )
        .help("take it as a parameter: `n: dim`")
}

pub(crate) fn not_a_dim(at: Span, found: &str) -> Diagnostic {
    Diagnostic::error(NOT_A_SIZE, at, format!("a `dim` is wanted here, found {found}"))
        .note("a size must be known before the program runs, or be an argument of its entry")
        .help("pass a dim, an integer, or arithmetic on these")
}

pub(crate) fn not_a_condition(at: Span) -> Diagnostic {
    Diagnostic::error(NOT_A_SIZE, at, "this is not a condition on sizes")
        .help("compare sizes, such as `D % N == 0` or `H >= k`, or name a `bool` config")
}

pub(crate) fn not_a_bool(at: Span, config: Name, declared: Span) -> Diagnostic {
    Diagnostic::error(NOT_A_SIZE, at, format!("`{config}` is true or false, not a number"))
        .label(declared, "declared as `bool`")
        .help(format!("write `{config}=true` or `{config}=false`"))
}

pub(crate) fn not_a_rate(at: Span) -> Diagnostic {
    Diagnostic::error(NOT_A_SIZE, at, "a rate is written in Hz or kHz").help("such as `16kHz`")
}

pub(crate) fn undecided_size(at: Span, condition: &Condition) -> Diagnostic {
    let text = format!("this size depends on `{condition}`, which is not known here");
    Diagnostic::error(NOT_A_SIZE, at, text).help("add it, or its opposite, after `where`")
}

pub(crate) fn dim_bound(at: Span) -> Diagnostic {
    Diagnostic::error(
        NOT_A_SIZE,
        at,
        "a dim is bounded by `>=` with an integer or by `<=` with a size",
    )
    .help("write the fact after `where`")
}

pub(crate) fn rest_not_first(at: Span) -> Diagnostic {
    Diagnostic::error(REST, at, "`..` stands for leading axes, so it comes first")
        .help("move it to the front: `f32[.., T, D]`")
}

pub(crate) fn only_in_result(name: Name, at: Span, signature: Span) -> Diagnostic {
    let text = format!("dim `{name}` is only in the result, so no argument gives it a value");
    Diagnostic::error(NOT_INFERRED, at, text)
        .label(signature, "no parameter has an axis of this size")
        .help("take it as `n: dim`")
}

pub(crate) fn not_inferred(name: Name, at: Span) -> Diagnostic {
    let text = format!("dim `{name}` cannot be inferred: it is only inside expressions");
    Diagnostic::error(NOT_INFERRED, at, text)
        .note("a call reads sizes off axes that are plain names; it never solves for them")
        .help("take it as `n: dim`, or give an argument an axis of just this size")
}

pub(crate) fn divisor_not_positive(at: Span, scope: &Scope, divisor: &Dim) -> Diagnostic {
    let text = format!("the divisor {} is not known to be at least 1", scope.show(divisor));
    Diagnostic::error(INEXACT, at, text).help(format!("add `where {divisor} >= 1`"))
}

pub(crate) fn inexact(
    at: Span,
    scope: &Scope,
    above: &Dim,
    below: &Dim,
    answer: &Answer,
) -> Diagnostic {
    let (left, right) = (scope.show(above), scope.show(below));
    let text = format!("`/` on sizes is exact, and {right} is not known to divide {left}");
    let diagnostic = Diagnostic::error(INEXACT, at, text);
    let diagnostic = match witness(answer) {
        Some(witness) => diagnostic.note(format!("witness: {witness}")),
        None => diagnostic,
    };
    diagnostic.help(format!("add `where {left} % {right} == 0`, or round down with `//`"))
}

/// The size of an axis that some of the sizes it is made of make negative.
pub(crate) fn negative(at: Span, scope: &Scope, size: &Dim) -> Diagnostic {
    let answer = scope.facts.at_least(size, &Dim::constant(0));
    let shown = scope.show(size);
    let text = match &answer {
        Answer::Refuted(_) => format!("no axis has {shown} places: that is negative"),
        Answer::Proven | Answer::Unproven { .. } => {
            format!("an axis of {shown} places may have fewer than none")
        }
    };
    let diagnostic = Diagnostic::error(ORDER, at, text).here("a size is at least 0");
    let diagnostic = match witness(&answer) {
        Some(witness) => diagnostic.note(format!("witness: {witness}")),
        None => diagnostic,
    };
    match &answer {
        Answer::Refuted(_) => diagnostic.help("check the formula of this size"),
        Answer::Proven | Answer::Unproven { .. } => {
            let fact = guard(&answer).map_or(format!("{shown} >= 0"), |guard| guard.to_string());
            diagnostic.help(format!("add `where {fact}`"))
        }
    }
}

/// A size that a call chooses and that would have to be a constant.
pub(crate) fn specialised(scope: &Scope, left: &Dim, right: &Dim) -> Option<Name> {
    let (var, other) = match (left.as_var(), right.as_var()) {
        (Some(var), _) => (var, right),
        (None, Some(var)) => (var, left),
        (None, None) => return None,
    };
    other.as_constant()?;
    let chosen = !scope.parameters.contains(&var);
    scope.vars.get(&var).filter(|it| it.quantified && chosen).map(|_| var)
}
