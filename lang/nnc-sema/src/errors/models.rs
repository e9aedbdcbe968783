//! Models, exports and entries: E05xx.

use nnc_base::{Code, Diagnostic, Name, Span};

use super::suggest;

const OPEN: Code = Code("E0501");
const NO_FUNCTION: Code = Code("E0502");
const NOT_CONSTANT: Code = Code("E0503");
const WEIGHTS: Code = Code("E0504");
const SPECIALISED: Code = Code("E0230");

pub(crate) fn open_dim(at: Span, function: Name, dim: Name, declared: Span) -> Diagnostic {
    Diagnostic::error(OPEN, at, format!("entry `{function}` leaves `{dim}` without a bound"))
        .label(declared, format!("`{dim}` is a size of this function"))
        .note("memory is planned for the greatest sizes")
        .help(format!("bound it: `with {{ {dim} <= 1024 }}`"))
}

pub(crate) fn no_function(at: Span, layer: Name, near: Option<&str>) -> Diagnostic {
    suggest(Diagnostic::error(NO_FUNCTION, at, format!("`{layer}` has no such function")), near)
}

pub(crate) fn unknown_target(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    suggest(
        Diagnostic::error(NO_FUNCTION, at, format!("there is no layer or function `{name}`")),
        near,
    )
}

pub(crate) fn not_constant(at: Span, layer: Name) -> Diagnostic {
    Diagnostic::error(
        NOT_CONSTANT,
        at,
        format!("a model gives `{layer}` numbers for all its parameters"),
    )
    .help("write integers in `<…>`")
}

pub(crate) fn unknown_weights(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    suggest(Diagnostic::error(WEIGHTS, at, format!("there is no checkpoint block `{name}`")), near)
}

pub(crate) fn weights_layer(at: Span, expected: Name, found: Name, declared: Span) -> Diagnostic {
    Diagnostic::error(
        WEIGHTS,
        at,
        format!("this block is for `{found}`, the model is a `{expected}`"),
    )
    .label(declared, "declared here")
    .help(format!("write a block `for {expected}`"))
}

pub(crate) fn second_weights(at: Span, first: Span) -> Diagnostic {
    Diagnostic::error(WEIGHTS, at, "a model has one checkpoint block")
        .label(first, "the first")
        .help("leave out one")
}

pub(crate) fn requires(
    at: Span,
    function: Name,
    fact: &str,
    witness: Option<String>,
    declared: Span,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        SPECIALISED,
        at,
        format!("`{function}` requires {fact}, which the entry's sizes do not promise"),
    )
    .label(declared, "required by this function");
    let diagnostic = match witness {
        Some(witness) => diagnostic.note(format!("witness: {witness}")),
        None => diagnostic,
    };
    diagnostic.help(format!(
        "narrow the entry: `with {{ {fact} }}`, or make the function take more sizes"
    ))
}
