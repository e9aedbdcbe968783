//! Layers that are handed to layers.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::Config;

const FORM: Code = Code("E0132");
const COUNT: Code = Code("E0133");
const OUTSIDE: Code = Code("E0134");

/// A layer that is to be made, behind `=`.
pub(crate) fn made_by_value(at: Span, config: &Config, layer: Option<Name>) -> Diagnostic {
    let name = config.name;
    let layer = layer.map_or_else(|| "Linear".to_owned(), |layer| layer.to_string());
    Diagnostic::error(FORM, at, format!("a layer that is made for `{name}` stands behind `:`"))
        .label(config.span, format!("`{name}` takes a layer"))
        .note("`name: Layer<…>` makes a layer, whose parameters are named behind it; `name = field` hands in what is there already")
        .help(format!("write `{name}: {layer}<…>`"))
}

/// Something in the place of a layer that is none.
pub(crate) fn no_layer(at: Span, config: &Config) -> Diagnostic {
    let name = config.name;
    Diagnostic::error(FORM, at, format!("`{name}` takes a layer, and this is a value"))
        .label(config.span, format!("`{name}` is declared here"))
        .help(format!(
            "write `{name}: Layer<…>`, or name a field or a function that is there: `{name} = map`"
        ))
}

/// A layer in the place of a number.
pub(crate) fn no_value(at: Span, config: &Config) -> Diagnostic {
    let name = config.name;
    Diagnostic::error(FORM, at, format!("`{name}` takes a value, and this is a layer"))
        .label(config.span, format!("`{name}` is declared here"))
        .help(format!("write `{name} = …`"))
}

/// A use that hands in no layer.
pub(crate) fn missing(at: Span, layer: Name, config: &Config) -> Diagnostic {
    let name = config.name;
    Diagnostic::error(FORM, at, format!("`{layer}` needs a layer for `{name}`"))
        .label(config.span, format!("`{name}` is declared here"))
        .help(format!("write `{name}: Layer<…>`, or `{name} = field` for one that is there"))
}

/// What is made for a config is neither a layer nor an array of layers.
pub(crate) fn not_one_layer(at: Span, config: &Config) -> Diagnostic {
    let name = config.name;
    Diagnostic::error(
        FORM,
        at,
        format!("what is made for `{name}` is one layer, or an array of layers"),
    )
    .label(config.span, format!("`{name}` is declared here"))
    .help(format!("give this a field of its own, and hand that in: `{name} = field`"))
}

/// An array where one layer is taken, or one where an array is.
pub(crate) fn array_or_not(at: Span, config: &Config, array: bool) -> Diagnostic {
    let name = config.name;
    let (takes, gives) = match array {
        true => ("an array of layers", "one layer"),
        false => ("one layer", "an array"),
    };
    Diagnostic::error(COUNT, at, format!("`{name}` takes {takes}, and this is {gives}"))
        .label(config.span, format!("`{name}` is declared here"))
        .help(match array {
            true => format!("write `{name}: [Layer<…>; L]`"),
            false => format!("write `{name}: Layer<…>`"),
        })
}

/// An array of another length than is taken.
pub(crate) fn wrong_count(at: Span, config: &Config, expected: &str, found: &str) -> Diagnostic {
    let name = config.name;
    let text = format!("`{name}` takes {expected} layers, and this makes {found}");
    Diagnostic::error(COUNT, at, text)
        .label(config.span, format!("`{name}` is declared here"))
        .help(format!("write `{name}: […; {expected}]`"))
}

/// An array of layers that are there already, or one by default.
pub(crate) fn array_there(at: Span, config: &Config) -> Diagnostic {
    let name = config.name;
    Diagnostic::error(COUNT, at, format!("`{name}` takes an array of layers that are made for it"))
        .label(config.span, format!("`{name}` is declared here"))
        .help(format!("write `{name}: [Layer<…>; L]`"))
}

/// A layer that takes layers where nobody can hand one in.
pub(crate) fn exported(at: Span, layer: Name, config: &Config) -> Diagnostic {
    let name = config.name;
    let text = format!("`{layer}` takes a layer, which nobody outside the program can hand in");
    Diagnostic::error(OUTSIDE, at, text)
        .label(config.span, format!("`{name}` is declared here"))
        .help("write a layer that hands one in, and export that")
}

/// `|x| …` with more or fewer names than the layer's function has inputs.
pub(crate) fn lambda_params(
    at: Span,
    config: &Config,
    (expected, found): (usize, usize),
) -> Diagnostic {
    let name = config.name;
    let inputs = if expected == 1 { "1 input".to_owned() } else { format!("{expected} inputs") };
    let names: Vec<String> = match expected {
        1 => vec!["x".to_owned()],
        _ => (0..expected).map(|at| format!("x{at}")).collect(),
    };
    Diagnostic::error(FORM, at, format!("`{name}` has {inputs}, and this names {found}"))
        .label(config.span, format!("`{name}` is declared here"))
        .help(format!("write `|{}| …`", names.join(", ")))
}
