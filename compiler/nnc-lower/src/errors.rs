//! What only a model's numbers can show to be wrong, one function a mistake.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::{Base, Condition, DimParam, Model};
use nnc_shape::Dim;

use crate::space::{Hole, members};

/// A run-time size without an upper bound.
pub(crate) fn unbounded(at: Span, entry: Name, param: &DimParam) -> Diagnostic {
    let dim = param.name;
    Diagnostic::error(Code("E0501"), at, format!("`{dim}` has no upper bound in `{entry}`"))
        .here(format!("`{dim}` may be of any size here"))
        .label(param.span, format!("`{dim}` is a size of the function"))
        .note("memory is planned for the greatest size, so every run-time size needs one")
        .help(format!(
            "add a bound to the entry: `with {{ {dim} <= 512 }}`, or `{dim} == 1` to fix it"
        ))
}

/// Bounds that no size satisfies.
pub(crate) fn empty_range(
    at: Span,
    entry: Name,
    param: &DimParam,
    min: i64,
    max: i64,
) -> Diagnostic {
    let dim = param.name;
    Diagnostic::error(Code("E0507"), at, format!("no size is left for `{dim}` in `{entry}`"))
        .here(format!("{dim} >= {min} and {dim} <= {max}"))
        .label(param.span, format!("`{dim}` is a size of the function"))
        .help(format!("widen the range of `{dim}`"))
}

/// A fact of a function, or an `assert` on sizes, that an entry's sizes break.
pub(crate) fn entry_fact_fails(
    at: Span,
    written_at: Span,
    fact: &Condition,
    value: &dyn Fn(Name) -> Option<Dim>,
) -> Diagnostic {
    let values = fact.vars().into_iter().filter_map(|name| Some((name, value(name)?)));
    let values: Vec<String> = values.map(|(name, value)| format!("{name} = {value}")).collect();
    let text = match values.as_slice() {
        [] => format!("`{fact}` fails for the sizes of this entry"),
        values => format!("`{fact}` fails for {}", values.join(", ")),
    };
    Diagnostic::error(Code("E0508"), at, text)
        .here("the entry promises these sizes")
        .label(written_at, format!("`{fact}` is asked for here"))
        .help(format!("change the entry's facts such that `{fact}` holds"))
}

/// A parameter of a layer in a test that starts at random, and is not given.
pub(crate) fn random_in_test(
    made: Span,
    read: Span,
    layer: &str,
    param: &str,
    init: Name,
) -> Diagnostic {
    let text = format!("nothing says what the numbers of `{layer}.{param}` are in this test");
    Diagnostic::error(Code("E0517"), made, text)
        .here("the layer is made here")
        .label(read, format!("`{param}` is read here"))
        .note(format!(
            "the parameter starts as `{init}`, at random; those that start as a constant need \
             nothing"
        ))
        .help(format!("give it: `let {layer} = layer … with {{ {param} = … }};`"))
}

/// Layers in layers, or calls in calls, beyond what is followed.
pub(crate) fn too_deep(at: Span, name: &str, most: usize) -> Diagnostic {
    Diagnostic::error(Code("E0506"), at, format!("`{name}` lies more than {most} levels deep"))
        .here("this is the level that is too deep")
        .help("put some of the levels together, or use an array of layers and `fold`")
}

/// A recursion of more calls than are written down.
pub(crate) fn too_many_calls(at: Span, name: &str, most: usize) -> Diagnostic {
    Diagnostic::error(Code("E0506"), at, format!("`{name}` is the call after {most} others"))
        .note("a recursion is written down call by call when the model is built")
        .help("call it fewer times, for several values at once: give it an axis for them")
}

/// A function that calls itself where a run-time size decides.
pub(crate) fn run_time_recursion(
    at: Span,
    name: &str,
    condition: &Condition,
    decides: Span,
) -> Diagnostic {
    let text = format!("`{name}` calls itself where sizes decide that only a run knows");
    Diagnostic::error(Code("E0131"), at, text)
        .label(decides, format!("`{condition}` is not decided when the model is built"))
        .note("a recursion is written down call by call when the model is built")
        .help("fix the size in the entry, as in `with { T == 64 }`, or make it a parameter")
}

pub(crate) fn no_storage(at: Span, base: &Base) -> Diagnostic {
    Diagnostic::error(Code("E0514"), at, format!("`{base}` cannot be computed with yet"))
        .note("elements of compiled programs are f64, f32, f16, bf16, i64, i32, i8, u8 and bool")
        .help("declare the tensor as `f32`; a checkpoint may still store it in a smaller type")
}

pub(crate) fn param_too_big(at: Span, path: &str, shape: &[i64]) -> Diagnostic {
    let shape: Vec<String> = shape.iter().map(i64::to_string).collect();
    Diagnostic::error(Code("E0516"), at, format!("`{path}` is too big: [{}]", shape.join(", ")))
        .help("check the numbers of the model")
}

pub(crate) fn too_many_items(at: Span, path: &str, count: i64, most: i64) -> Diagnostic {
    Diagnostic::error(Code("E0516"), at, format!("`{path}` adds too many items: {count}"))
        .note(format!("a model has at most {most} fields, the items of arrays counted one by one"))
        .help("check the numbers of the model")
}

/// A model that does not choose for all holes of its spaces.
pub(crate) fn open_holes(model: &Model, holes: &[Hole], open: &[&Hole]) -> Diagnostic {
    let name = model.name;
    let first = open.first();
    let (which, span) = match first {
        Some(hole) if open.len() == 1 => (format!("the hole `{}`", hole.written), hole.span),
        Some(hole) => (format!("{} holes open, `{}` first", open.len(), hole.written), hole.span),
        None => ("no hole".to_owned(), model.span),
    };
    let open_word = if open.len() == 1 { " open" } else { "" };
    let text = format!("model `{name}` leaves {which}{open_word}");
    let candidates = first.map(|hole| hole.candidates.as_slice()).unwrap_or_default();
    let listed: Vec<String> = candidates.iter().take(8).map(|it| format!("`{it}`")).collect();
    let more = candidates.len().saturating_sub(8);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let example = match (first, candidates.first()) {
        (Some(hole), Some(candidate)) => format!("choose {} = {candidate}", hole.written),
        _ => "choose cells[0].mix = …".to_owned(),
    };
    Diagnostic::error(Code("E0509"), model.span, text)
        .here(format!("a space of {} members", members(holes)))
        .label(span, format!("one of {}{more}", listed.join(", ")))
        .help(format!("choose in the model's block: `{example}`"))
        .help(format!("or find members that are good: `nnc search` with `--model {name}`"))
}

/// A space that is run outside of a model, in a test for example.
pub(crate) fn hole_without_model(at: Span, place: &str) -> Diagnostic {
    Diagnostic::error(Code("E0509"), at, format!("nothing is chosen for the hole `{place}`"))
        .help("run a model that chooses: `choose cells[0].mix = …` in its block")
}

pub(crate) fn not_at_a_point(at: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0515"),
        at,
        format!("{what} cannot be computed at each point of index notation"),
    )
    .help("give the value a name with `let` before the index notation that reads it")
}

pub(crate) fn unknown_size(at: Span, what: &str, dim: &Dim) -> Diagnostic {
    Diagnostic::error(
        Code("E0511"),
        at,
        format!("{what} must be known when the model is built, found {dim}"),
    )
    .help("use a parameter of the layer, a config or a number")
}

pub(crate) fn value_hole(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0512"), at, "a hole `?` cannot be run")
        .here("this is open")
        .help("`nnc check` lists what fits here; write one of these")
}

/// An entry whose function takes any leading axes.
pub(crate) fn open_axes(at: Span, entry: Name, function: Span) -> Diagnostic {
    Diagnostic::error(Code("E0513"), at, format!("`{entry}` has any number of leading axes"))
        .label(function, "`..` in this signature is open")
        .help("write a function that names its axes and calls this one, and make that the entry")
}

/// A mistake of the compiler, not of the user.
pub(crate) fn internal(at: Span, what: &str) -> Diagnostic {
    Diagnostic::error(Code("E0599"), at, format!("internal error while lowering: {what}"))
        .note("this is a mistake of the compiler, not of the program")
        .help("please report it with the program that shows it")
}
