//! Names, arguments and the form of declarations: E01xx.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_shape::{Answer, Dim};
use nnc_syntax::ast::{Ident, Text};

use super::suggest;
use crate::scope::nearest;

pub(crate) const UNKNOWN_NAME: Code = Code("E0100");
const UNKNOWN_DIM: Code = Code("E0101");
const DUPLICATE: Code = Code("E0102");
const IMPORT: Code = Code("E0103");
const UNKNOWN_KIND: Code = Code("E0104");
const UNKNOWN_TYPE: Code = Code("E0105");
const UNKNOWN_FIELD: Code = Code("E0106");
const PRIVATE: Code = Code("E0107");
const ARGUMENTS: Code = Code("E0110");
const PARAMETERS: Code = Code("E0111");
const NOT_CALLABLE: Code = Code("E0112");
const RECURSION: Code = Code("E0113");
const NOT_A_VALUE: Code = Code("E0114");
const UNUSED: Code = Code("E0115");
/// An answer to `reveal(x);`, which is no mistake.
pub(crate) const REVEAL: Code = Code("E0190");

/// A name that stands for nothing; `module` is one that has it.
pub(crate) fn unknown_name(name: &Ident, near: Option<&str>, module: Option<Name>) -> Diagnostic {
    let text = format!("`{}` is not defined here", name.as_str());
    let diagnostic = Diagnostic::error(UNKNOWN_NAME, name.span, text);
    match module {
        Some(module) => diagnostic.help(import(name, module)),
        None if near.is_none() => diagnostic.help(format!(
            "give it a value with `let {0} = …;` above, or import it: `use module.{{{0}}}`",
            name.as_str()
        )),
        None => suggest(diagnostic, near),
    }
}

fn import(name: &Ident, module: Name) -> String {
    format!("import it: `use {module}.{{{}}}`", name.as_str())
}

pub(crate) fn unknown_dim(name: &Ident, near: Option<&str>) -> Diagnostic {
    let text = format!("dim `{}` is not declared", name.as_str());
    let diagnostic = Diagnostic::error(UNKNOWN_DIM, name.span, text);
    match near {
        Some(_) => suggest(diagnostic, near),
        None => diagnostic.help(format!("declare it: `dims {}: feat`", name.as_str())),
    }
}

/// A dim of the file that no parameter gives a value; `header` is that of a layer.
pub(crate) fn unbound_dim(name: &Ident, declared: Span, header: bool) -> Diagnostic {
    let text = format!("dim `{}` has no value here", name.as_str());
    let diagnostic = Diagnostic::error(UNKNOWN_DIM, name.span, text)
        .label(declared, "declared here, which gives it a kind and no value");
    if header {
        return diagnostic
            .note("parameters are there before the program runs: their sizes are those in `<…>`")
            .help(format!("make it a parameter of the layer: `<{}>`", name.as_str()));
    }
    diagnostic
        .note("a dim gets its value from a `<…>` parameter, or from an axis in the function's signature")
        .help("give an argument an axis of this size, or take it as `n: dim`")
}

pub(crate) fn duplicate(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error(DUPLICATE, name.span, format!("`{}` is defined twice", name.as_str()))
        .label(first, "first here")
        .help("give one of them another name")
}

/// Two tests that `nnc test` could not tell apart.
pub(crate) fn duplicate_test(name: &Text, first: Span) -> Diagnostic {
    Diagnostic::error(DUPLICATE, name.span, format!("there are two tests {:?}", name.value))
        .label(first, "first here")
        .help("say in its name what this one shows")
}

pub(crate) fn second_main(at: Span, first: Span) -> Diagnostic {
    Diagnostic::error(DUPLICATE, at, "a layer has one function without a name")
        .label(first, "this is the other")
        .help("name one of them: `fn step(…)`, called as `layer.step(…)`")
}

pub(crate) fn unknown_module(at: Span, module: Name, near: Option<&str>) -> Diagnostic {
    let text = format!("there is no module `{module}`");
    suggest(Diagnostic::error(IMPORT, at, text), near)
        .note("a file `1_mlp.nn` is the module `mlp`; the library's are `std.nn`, `std.audio`, …")
}

pub(crate) fn unknown_import(name: &Ident, module: Name, near: Option<&str>) -> Diagnostic {
    let text = format!("module `{module}` has no `{}`", name.as_str());
    suggest(Diagnostic::error(IMPORT, name.span, text), near)
}

pub(crate) fn private(name: &Ident, module: Name, declared: Span) -> Diagnostic {
    let text = format!("`{}` of module `{module}` is not public", name.as_str());
    Diagnostic::error(PRIVATE, name.span, text)
        .label(declared, "declared here without `pub`")
        .help("write `pub` in front of its declaration")
}

pub(crate) fn unknown_kind(name: &Ident, near: Option<&str>) -> Diagnostic {
    let text = format!("there is no kind `{}`", name.as_str());
    let diagnostic = suggest(Diagnostic::error(UNKNOWN_KIND, name.span, text), near);
    diagnostic.help(format!("declare a new one: `kind {}`", name.as_str()))
}

pub(crate) fn unknown_type(name: &Ident, near: Option<&str>) -> Diagnostic {
    let text = format!("there is no type `{}`", name.as_str());
    suggest(Diagnostic::error(UNKNOWN_TYPE, name.span, text), near)
}

pub(crate) fn unknown_layer(name: &Ident, near: Option<&str>, module: Option<Name>) -> Diagnostic {
    let text = format!("there is no layer `{}`", name.as_str());
    let diagnostic = Diagnostic::error(UNKNOWN_TYPE, name.span, text);
    match (module, near) {
        (Some(module), _) => diagnostic.help(import(name, module)),
        (None, Some(_)) => suggest(diagnostic, near),
        (None, None) => diagnostic
            .help(format!("declare it: `layer {}<…> {{ … }}`, or import it", name.as_str())),
    }
}

pub(crate) fn not_a_layer(name: &Ident) -> Diagnostic {
    let text = format!("`{}` is not a layer", name.as_str());
    Diagnostic::error(UNKNOWN_TYPE, name.span, text)
        .help("fields are layers or `param …`; functions are called in a body")
}

pub(crate) fn unknown_field(
    name: &Ident,
    of: Name,
    declared: Span,
    near: Option<&str>,
) -> Diagnostic {
    let text = format!("`{of}` has no field or function `{}`", name.as_str());
    suggest(Diagnostic::error(UNKNOWN_FIELD, name.span, text), near)
        .label(declared, format!("`{of}` is declared here"))
}

pub(crate) fn no_fields(name: &Ident, found: &str) -> Diagnostic {
    let text = format!("{found} has no field `{}`", name.as_str());
    Diagnostic::error(UNKNOWN_FIELD, name.span, text).note("fields belong to layers and structs")
}

pub(crate) fn missing_argument(at: Span, callee: &str, param: &Ident) -> Diagnostic {
    let text = format!("{callee} needs a value for `{}`", param.as_str());
    Diagnostic::error(ARGUMENTS, at, text)
        .label(param.span, "declared here")
        .help(format!("write `{}=…`", param.as_str()))
}

pub(crate) fn too_many_arguments(at: Span, params: &[Ident], given: usize) -> Diagnostic {
    let most = counted(params.len(), "argument");
    let text = format!("at most {most} can be given here, and {given} are");
    let diagnostic = Diagnostic::error(ARGUMENTS, at, text);
    match params.last() {
        Some(last) => diagnostic
            .label(last.span, format!("`{}` is the last parameter", last.as_str()))
            .help("leave out the others"),
        None => diagnostic.help("leave them out"),
    }
}

/// "1 argument", "2 arguments".
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// "1 is given", "2 are given", "none is given".
fn given(count: usize) -> String {
    match count {
        0 => "none is given".to_owned(),
        1 => "1 is given".to_owned(),
        count => format!("{count} are given"),
    }
}

pub(crate) fn argument_count(at: Span, callee: Name, expected: usize, found: usize) -> Diagnostic {
    let text = format!("`{callee}` takes {}, {}", counted(expected, "argument"), given(found));
    let diagnostic = Diagnostic::error(ARGUMENTS, at, text);
    match callee.as_str() {
        name @ ("max" | "min") if found == 1 => diagnostic
            .note(format!("`{name}(a, b)` compares two values, element by element"))
            .help(format!("the {name} of a whole axis is `{name}[i] x[i]`")),
        _ => diagnostic.help(format!("give it {expected}")),
    }
}

pub(crate) fn argument_twice(name: &Ident, declared: Span) -> Diagnostic {
    Diagnostic::error(ARGUMENTS, name.span, format!("`{}` is given twice", name.as_str()))
        .here("it has a value by its place, or by its name before")
        .label(declared, "declared here")
        .help("leave out one of them")
}

pub(crate) fn unknown_argument(name: &Ident, params: &[Ident]) -> Diagnostic {
    let text = format!("there is no parameter `{}`", name.as_str());
    let near = nearest(name.as_str(), params.iter().map(|it| it.as_str()));
    let diagnostic = suggest(Diagnostic::error(ARGUMENTS, name.span, text), near);
    let names: Vec<String> = params.iter().map(|it| format!("`{}`", it.as_str())).collect();
    match near.and_then(|near| params.iter().find(|it| it.as_str() == near)) {
        Some(param) => diagnostic.label(param.span, "declared here"),
        None if names.is_empty() => diagnostic.note("it takes no arguments"),
        None => diagnostic.note(format!("the parameters are {}", names.join(", "))),
    }
}

pub(crate) fn parameter_count(at: Span, name: Name, expected: usize, found: usize) -> Diagnostic {
    let expected_text = counted(expected, "parameter");
    let text = format!("`{name}` takes {expected_text} in `<…>`, {}", given(found));
    Diagnostic::error(PARAMETERS, at, text).help(match expected {
        0 => "leave out `<…>`".to_owned(),
        _ => format!("give it {expected}"),
    })
}

/// A layer with too few sizes.
pub(crate) fn missing_parameter(
    at: Span,
    layer: Name,
    params: &[Ident],
    found: usize,
) -> Diagnostic {
    let names: Vec<&str> = params.iter().map(|it| it.as_str()).collect();
    let written = format!("{layer}<{}>", names.join(", "));
    let expected = counted(params.len(), "parameter");
    let text = format!("`{written}` takes {expected} in `<…>`, {}", given(found));
    let diagnostic = Diagnostic::error(PARAMETERS, at, text);
    match params.get(found) {
        Some(missing) => diagnostic
            .label(missing.span, "this one has no value")
            .help(format!("give it all: `{written}`")),
        None => diagnostic.help(format!("write `{written}`")),
    }
}

/// A layer where a function is called.
pub(crate) fn layer_called(name: &Ident) -> Diagnostic {
    let text =
        format!("layer `{}` is called through a field that holds its parameters", name.as_str());
    Diagnostic::error(NOT_CALLABLE, name.span, text).help(format!(
        "give the layer around it a field, `inner: {}<…>`, and call that: `inner(x)`",
        name.as_str()
    ))
}

pub(crate) fn not_callable(at: Span, found: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(NOT_CALLABLE, at, format!("this cannot be called: it is {found}"));
    match found.contains('[') {
        true => diagnostic.help("index it with `[…]`, or multiply with `*`"),
        false => diagnostic.help("functions and layers can be called"),
    }
}

/// What needs itself.
#[derive(Clone, Copy)]
pub(crate) enum Endless {
    Constant,
    Type,
    Size,
}

pub(crate) fn recursion(at: Span, what: Endless) -> Diagnostic {
    let (text, help) = match what {
        Endless::Constant => {
            ("this constant needs its own value", "write the number, or another constant")
        }
        Endless::Type => ("this type is made of itself", "name another type"),
        Endless::Size => ("this function of sizes calls itself", "write it as one formula"),
    };
    Diagnostic::error(RECURSION, at, text)
        .note("sizes and types are finite: none may need itself")
        .help(help)
}

/// What a size is one step further in a recursion, and whether that is less.
pub(crate) struct Becomes {
    pub(crate) name: Name,
    pub(crate) value: Dim,
    pub(crate) less: Answer,
}

impl Becomes {
    fn text(&self) -> String {
        let Becomes { name, value, less } = self;
        if *value == Dim::var(*name) {
            return format!("`{name}` stays as it is");
        }
        match less {
            Answer::Proven => format!("`{name}` becomes {value}, which is less"),
            Answer::Refuted(_) => format!("`{name}` becomes {value}, which is not less"),
            Answer::Unproven { witness: Some(it), .. } => {
                let sizes = it.assignment.iter().map(|(name, value)| format!("{name} = {value}"));
                let sizes = sizes.collect::<Vec<_>>().join(", ");
                format!("`{name}` becomes {value}, which is not less for {sizes}")
            }
            Answer::Unproven { witness: None, .. } => {
                format!("`{name}` becomes {value}, which is not known to be less")
            }
        }
    }
}

/// A layer of which no size becomes less where it contains itself.
pub(crate) fn endless_layer(at: Span, layer: Name, sizes: &[Becomes]) -> Diagnostic {
    let text = format!("`{layer}` contains itself, and no size of it is known to become less");
    let diagnostic = Diagnostic::error(RECURSION, at, text).here("as it is here");
    becoming(diagnostic, sizes)
        .help("let a size become less where it is great enough: `if N > 1 { Tree<D, N - 1> }`")
        .help("or write an array of layers, `[Block<D>; L]`, for something that repeats")
}

/// A function of which no size becomes less where it calls itself.
pub(crate) fn endless_function(at: Span, function: Option<Name>, sizes: &[Becomes]) -> Diagnostic {
    let name = function.map_or("this function".to_owned(), |name| format!("`{name}`"));
    let text = format!("{name} calls itself, and no size of it is known to become less");
    let diagnostic = Diagnostic::error(RECURSION, at, text).here("as it is called here");
    becoming(diagnostic, sizes)
        .help("let a size become less where it is great enough: `if n > 1 { … n - 1 … }`")
        .help("or write a `scan` for a loop over time, `fold` for one over layers")
}

fn becoming(diagnostic: Diagnostic, sizes: &[Becomes]) -> Diagnostic {
    if sizes.is_empty() {
        return diagnostic.note("it has no sizes: nothing decides when it ends");
    }
    sizes.iter().fold(diagnostic, |diagnostic, size| diagnostic.note(size.text()))
}

/// A function with `inout` parameters that calls itself.
pub(crate) fn endless_state(at: Span) -> Diagnostic {
    Diagnostic::error(RECURSION, at, "a function that changes state calls itself")
        .note("how far it moves the lengths of its state is known only when its body is")
        .help("pass what is read, and change the state where the recursion was called")
}

pub(crate) fn not_a_value(name: &Ident) -> Diagnostic {
    let text = format!("`{}` is not a value", name.as_str());
    Diagnostic::error(NOT_A_VALUE, name.span, text).help("call it, or use it as a type")
}

pub(crate) fn not_a_tuple(at: Span, expected: usize, found: &str) -> Diagnostic {
    let text = format!("{expected} names cannot be given to the parts of {found}");
    Diagnostic::error(NOT_A_VALUE, at, text)
        .help("write as many names as there are parts, `_` for one that is not used")
}

pub(crate) fn lambda(at: Span) -> Diagnostic {
    Diagnostic::error(NOT_A_VALUE, at, "a lambda is only written as an argument of `fold`")
        .help("declare a `fn`")
}

pub(crate) fn unused_value(at: Span) -> Diagnostic {
    Diagnostic::error(UNUSED, at, "this value is not used").help(
        "give it a name with `let`, leave it out, or make it the value of its block: without `;`",
    )
}

pub(crate) fn revealed(at: Span, ty: &str) -> Diagnostic {
    Diagnostic::warning(REVEAL, at, ty)
}
