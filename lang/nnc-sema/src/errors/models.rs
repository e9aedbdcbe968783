//! Models, exports and entries: E05xx.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_syntax::ast::Ident;

use super::suggest;

const OPEN: Code = Code("E0501");
const NO_FUNCTION: Code = Code("E0502");
const NOT_CONSTANT: Code = Code("E0503");
const WEIGHTS: Code = Code("E0504");
const NO_SIZE: Code = Code("E0505");
const SPECIALISED: Code = Code("E0230");

pub(crate) fn open_dim(at: Span, function: Name, dim: Name, declared: Span) -> Diagnostic {
    Diagnostic::error(OPEN, at, format!("entry `{function}` leaves `{dim}` without a bound"))
        .label(declared, format!("`{dim}` is a size of this function"))
        .note("memory is planned for the greatest sizes")
        .help(format!("bound it: `with {{ {dim} <= 1024 }}`"))
}

/// A function that the layer does not have; `main` says whether it has one without a name.
pub(crate) fn no_function(
    at: Span,
    wanted: Option<Name>,
    (layer, declared): (Name, Span),
    main: bool,
    near: Option<&str>,
) -> Diagnostic {
    let text = match wanted {
        Some(wanted) => format!("`{layer}` has no function `{wanted}`"),
        None => format!("`{layer}` has no function without a name"),
    };
    let diagnostic = Diagnostic::error(NO_FUNCTION, at, text)
        .label(declared, format!("`{layer}` is declared here"));
    match (near, wanted) {
        (Some(_), _) => suggest(diagnostic, near),
        (None, Some(_)) if main => {
            diagnostic.help("for its function without a name leave out `= …`: `entry run with …`")
        }
        _ => diagnostic.help("name one of its functions: `entry run = step with …`"),
    }
}

/// A name in a fact of an entry that is no size of its function.
pub(crate) fn unknown_size(name: &Ident, entry: Name, known: &[Name]) -> Diagnostic {
    let sizes: Vec<String> = known.iter().map(|it| format!("`{it}`")).collect();
    let text = format!("`{}` is no size of entry `{entry}`", name.as_str());
    let diagnostic = Diagnostic::error(NO_SIZE, name.span, text);
    match sizes.as_slice() {
        [] => diagnostic.help("its function takes no sizes: leave the fact out"),
        sizes => diagnostic.help(format!("its sizes are {}", sizes.join(", "))),
    }
}

pub(crate) fn unknown_target(at: Span, name: &str, near: Option<&str>) -> Diagnostic {
    suggest(
        Diagnostic::error(NO_FUNCTION, at, format!("there is no layer or function `{name}`")),
        near,
    )
}

pub(crate) fn not_constant(at: Span, layer: Name, open: &str) -> Diagnostic {
    let text = format!("a model gives `{layer}` numbers, and `{open}` is none");
    Diagnostic::error(NOT_CONSTANT, at, text)
        .note("a model is built once, with all its parameters in memory")
        .help("write integers in `<…>`, or names of `const`s")
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
