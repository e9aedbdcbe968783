//! Functions as arguments.

use nnc_base::{Code, Diagnostic, Name, Span};

const UNBOUND: Code = Code("E0140");
const ARROW: Code = Code("E0141");
const ARGUMENT: Code = Code("E0142");

/// A size of a function's type that no value says.
pub(crate) fn size_of_function(at: Span, function: Name, size: &str) -> Diagnostic {
    let text = format!("{size} is only in the type of the function `{function}`");
    Diagnostic::error(UNBOUND, at, text)
        .here("no argument that is a value has it")
        .note("a call reads sizes off the axes of values, and then asks the function to fit them")
        .help(match size {
            "`..`" => "take a value with these axes, such as `x: f32[.., D]`".to_owned(),
            size => format!("take a value with an axis {size}, or {size} itself as `n: dim`"),
        })
}

/// Something that no argument can be: a function that changes, or that may be left out.
pub(crate) fn function_changed(at: Span, name: Name, inout: bool) -> Diagnostic {
    let (what, help) = match inout {
        true => ("changed", "take the state that the function works on as a parameter of its own"),
        false => ("left out", "let callers give a function that does nothing, such as `|x| x`"),
    };
    Diagnostic::error(ARROW, at, format!("the function `{name}` cannot be {what}")).help(help)
}

/// A type of a function with something else than tensors in it.
pub(crate) fn of_tensors(at: Span, name: Name) -> Diagnostic {
    Diagnostic::error(ARROW, at, format!("`{name}` takes and gives something else than tensors"))
        .note("a function that is given takes one or more tensors and gives one or more")
        .help("such as `f32[B, D] -> f32[B, D]`, or `(f32[B, D], f32[]) -> f32[B, D]`")
}

/// A function of the program that the world calls.
pub(crate) fn at_the_entry(at: Span, entry: Name, (name, span): (Name, Span)) -> Diagnostic {
    let text = format!("`{entry}` takes a function, which nobody outside the program can give");
    Diagnostic::error(ARROW, at, text)
        .here("the entry")
        .label(span, format!("`{name}` is a function"))
        .help("write a function that gives one, and make that the entry")
}

/// A value in the place of a function.
pub(crate) fn not_a_function(at: Span, name: Name, declared: Span, ty: &str) -> Diagnostic {
    Diagnostic::error(ARGUMENT, at, format!("`{name}` is a function, and this is a value"))
        .label(declared, format!("`{name}: {ty}`"))
        .help("give a function by its name, a layer by its field, or write `|x| …`")
}

/// A lambda with more or fewer names than the function has inputs.
pub(crate) fn closure_params(
    at: Span,
    name: Name,
    declared: Span,
    ty: &str,
    (expected, found): (usize, usize),
) -> Diagnostic {
    let inputs = if expected == 1 { "1 input".to_owned() } else { format!("{expected} inputs") };
    let names: Vec<String> = match expected {
        1 => vec!["x".to_owned()],
        _ => (0..expected).map(|at| format!("x{at}")).collect(),
    };
    Diagnostic::error(ARGUMENT, at, format!("`{name}` has {inputs}, and this names {found}"))
        .label(declared, format!("`{name}: {ty}`"))
        .help(format!("write `|{}| …`", names.join(", ")))
}

/// A function that is given and changes what is outside of it.
pub(crate) fn captured_state(at: Span, name: Name, declared: Span) -> Diagnostic {
    let text = format!("a function that is an argument may not change `{name}`");
    Diagnostic::error(ARGUMENT, at, text)
        .here("changed here")
        .label(declared, "it is from outside of the function")
        .note("who takes a function may run it any number of times")
        .help("let it give the changed value, and carry that on")
}

/// A function that is named where a value is wanted.
pub(crate) fn applied_by_name(at: Span, name: Name) -> Diagnostic {
    Diagnostic::error(ARGUMENT, at, format!("the inputs of `{name}` have no names"))
        .help(format!("give them by place: `{name}(x)`"))
}
