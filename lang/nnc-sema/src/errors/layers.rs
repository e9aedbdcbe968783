//! Layers, their fields, and holes.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::Condition;
use nnc_syntax::ast::Ident;

const FIELD: Code = Code("E0120");
const UNDECIDED: Code = Code("E0121");
const INIT: Code = Code("E0122");
const NO_MAIN: Code = Code("E0123");
const HOLE: Code = Code("E0510");
const NOT_A_MAP: Code = Code("E0521");

pub(crate) fn config_type(at: Span) -> Diagnostic {
    Diagnostic::error(FIELD, at, "a parameter in round brackets is `dim`, `int`, `float` or `bool`")
        .help("such as `(k: dim = 3, bias: bool = true)`")
}

pub(crate) fn param_type(at: Span) -> Diagnostic {
    Diagnostic::error(FIELD, at, "a parameter is a tensor whose axes are written out")
        .help("such as `param f32[O, I]`")
}

pub(crate) fn state_field(at: Span) -> Diagnostic {
    Diagnostic::error(FIELD, at, "a layer holds no state: it is passed to its functions")
        .help("take it as an argument: `fn step(x: …, h: inout f32[B, D])`")
}

pub(crate) fn layer_in_body(at: Span) -> Diagnostic {
    Diagnostic::error(
        FIELD,
        at,
        "a layer is made among a test's own statements, and in no other body",
    )
    .help("make it a field of a layer, which is made once: `norm: LayerNorm<4>`")
}

pub(crate) fn no_fields(name: &Ident) -> Diagnostic {
    Diagnostic::error(FIELD, name.span, format!("this has no field `{}`", name.as_str()))
        .help("index an array first: `blocks[0].norm`")
}

pub(crate) fn choice_values(at: Span) -> Diagnostic {
    Diagnostic::error(FIELD, at, "the values of a choice are a list of sizes")
        .help("such as `for k in [3, 5]`")
}

pub(crate) fn unknown_init(at: Span) -> Diagnostic {
    Diagnostic::error(INIT, at, "this is no way to start a parameter")
        .help("one of zeros, ones, kaiming, xavier, normal(std), uniform(low, high), or a number")
}

pub(crate) fn init_arguments(at: Span, name: Name, expected: usize) -> Diagnostic {
    let help = match (name.as_str(), expected) {
        ("uniform", _) => "such as `uniform(-0.1, 0.1)`".to_owned(),
        (name, 1) => format!("such as `{name}(0.02)`"),
        (name, _) => format!("write `{name}` alone"),
    };
    let count = match expected {
        0 => "no numbers".to_owned(),
        1 => "1 number".to_owned(),
        count => format!("{count} numbers"),
    };
    Diagnostic::error(INIT, at, format!("`{name}` takes {count}, written out")).help(help)
}

pub(crate) fn undecided_field(at: Span, condition: &Condition) -> Diagnostic {
    Diagnostic::error(
        UNDECIDED,
        at,
        format!("this field is there only when `{condition}` holds, which is not known here"),
    )
    .help(format!("use it inside `if {condition} {{ … }}`"))
}

/// A field whose condition does not hold; where it is declared, and its condition.
pub(crate) fn absent_field(at: Span, declared: Option<(Span, Condition)>) -> Diagnostic {
    let text = "this field is not there under the conditions that hold here";
    let diagnostic = Diagnostic::error(UNDECIDED, at, text);
    match declared {
        Some((span, condition)) => diagnostic
            .label(span, format!("it is there only when `{condition}` holds"))
            .help(format!("use it only where `{condition}` holds, or ask for it")),
        None => diagnostic.help("use it in the other branch"),
    }
}

pub(crate) fn array_called(at: Span, who: &str) -> Diagnostic {
    let name = who.trim_start_matches("layer ").trim_matches('`');
    Diagnostic::error(FIELD, at, format!("`{name}` is an array of layers, and one layer is called"))
        .help(format!("call one, `{name}[0](x)`, or all in turn: `fold({name}, x, |h, it| it(h))`"))
}

pub(crate) fn array_element(at: Span) -> Diagnostic {
    Diagnostic::error(FIELD, at, "an array in a layer that is used as a whole is one of layers")
        .help("index it: `table[0]`")
}

pub(crate) fn no_main(at: Span, layer: Name, functions: &[Name]) -> Diagnostic {
    let names: Vec<String> = functions.iter().map(|name| format!("`{name}`")).collect();
    let example = functions.first().map_or("step", |name| name.as_str());
    Diagnostic::error(
        NO_MAIN,
        at,
        format!("layer `{layer}` has no function without a name, so it cannot be called"),
    )
    .note(format!(
        "it has {}",
        if names.is_empty() { "none at all".to_owned() } else { names.join(", ") }
    ))
    .help(format!("call one by its name: `layer.{example}(…)`"))
}

pub(crate) fn hole_as_value(at: Span) -> Diagnostic {
    Diagnostic::error(HOLE, at, "a hole of a space is called, it is no value")
        .help("apply it: `down(x)`")
}

/// A `?` that stands for a value.
pub(crate) fn open_value(at: Span, expected: Option<&str>, fitting: &[String]) -> Diagnostic {
    let Some(expected) = expected else {
        return Diagnostic::warning(HOLE, at, "this hole may be any value")
            .help("say what is wanted: `let y: f32[B, D] = ?;`");
    };
    let diagnostic = Diagnostic::warning(HOLE, at, format!("this hole is {expected}"));
    match fitting {
        [] => diagnostic.note("no value with a name here is that"),
        fitting => diagnostic.note(format!("these are: {}", fitting.join(", "))),
    }
}

/// What fits in the place of a `?` that is applied, or what comes near.
pub(crate) fn hole(
    at: Span,
    (takes, gives): (&str, Option<&str>),
    [fits, guarded, near]: [Vec<String>; 3],
) -> Diagnostic {
    let message = match gives {
        Some(gives) => format!("this hole takes {takes} and gives {gives}"),
        None => format!("this hole takes {takes}"),
    };
    let mut diagnostic = Diagnostic::warning(HOLE, at, message);
    if fits.is_empty() && guarded.is_empty() {
        let near = if near.is_empty() { String::new() } else { "; what comes near:".to_owned() };
        diagnostic =
            diagnostic.note(format!("nothing of the program and what it imports fits{near}"));
    }
    if !fits.is_empty() {
        diagnostic = diagnostic.note(format!("these fit: {}", fits.join(", ")));
    }
    for guarded in guarded {
        diagnostic = diagnostic.note(format!("fits under a guard: {guarded}"));
    }
    for near in near {
        diagnostic = diagnostic.note(near);
    }
    diagnostic.help("`nnc fill` lists all that fits, and what does not, and why")
}

/// A question about a layer that changes state.
pub(crate) fn not_a_map(at: Span, layer: Name, state: Name, declared: Span) -> Diagnostic {
    let text =
        format!("layer `{layer}` changes `{state}`, so sizes alone do not say what it gives");
    Diagnostic::error(NOT_A_MAP, at, text)
        .label(declared, "this is state")
        .help("ask about the layers in it that keep no state")
}
