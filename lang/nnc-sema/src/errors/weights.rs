//! Replaced weights.

use nnc_base::{Code, Diagnostic, Span};

const PLACE: Code = Code("E0145");
const BATCHED: Code = Code("E0146");

/// A path behind `with` that leads to no parameter.
pub(crate) fn no_param(at: Span, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(PLACE, at, format!("`{path}` cannot be replaced: it is {why}"))
        .help("name one parameter by the fields that lead to it: `with { attn.wq.weight = … }`")
}

/// A path that leads to a layer.
pub(crate) fn layer_replaced(at: Span, path: &str, below: Option<&str>) -> Diagnostic {
    let text = format!("`{path}` cannot be replaced: it is a layer, not a parameter");
    Diagnostic::error(PLACE, at, text).help(match below {
        Some(below) => format!("replace one of its parameters: `{below} = …`"),
        None => "replace one of its parameters".to_owned(),
    })
}

/// One parameter with two values.
pub(crate) fn twice(at: Span, path: &str, first: Span) -> Diagnostic {
    Diagnostic::error(PLACE, at, format!("`{path}` is replaced twice"))
        .label(first, "the first value is here")
        .help("take one of them out")
}

/// `with` behind something that is no layer.
pub(crate) fn not_a_layer(at: Span) -> Diagnostic {
    Diagnostic::error(PLACE, at, "`with` stands behind a layer's field")
        .help("such as `(map with { weight = w })(x)`, where `map: Linear<D, D>` is a field")
}

/// A layer with other weights that is not called.
pub(crate) fn only_called(at: Span) -> Diagnostic {
    Diagnostic::error(PLACE, at, "a layer with other weights is called, and is no value")
        .help("write its arguments behind it: `(map with { weight = w })(x)`")
}

/// A weight with more axes than the parameter.
pub(crate) fn batched(
    at: Span,
    path: &str,
    found: &str,
    wanted: &str,
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(BATCHED, at, format!("`{path}` is {wanted}, the value is {found}"))
        .here("has more axes")
        .label(declared, "one weight for all samples")
        .note("a layer is applied with one weight; one for each sample is another computation")
        .help("write it in index notation: `let y[b, o] = sum[i] w[b, o, i] * x[b, i];`")
}
