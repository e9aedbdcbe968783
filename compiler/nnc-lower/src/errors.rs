//! What only a model's numbers can show to be wrong, one function a mistake.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::{Base, Condition, DimParam, Layer};
use nnc_shape::Dim;

use crate::params::divisibility;

/// `D % N == 0` and the like for the numbers of a model.
pub(crate) fn fact_fails(
    at: Span,
    layer: &Layer,
    fact: &Condition,
    value: &dyn Fn(Name) -> Option<i64>,
) -> Diagnostic {
    let mut names: Vec<Name> = layer.params.iter().map(|param| param.name).collect();
    names.extend(layer.configs.iter().map(|config| config.name));
    let mut used: Vec<Name> = fact.vars().into_iter().collect();
    used.sort_by_key(|name| names.iter().position(|it| it == name));
    let values: Vec<String> =
        used.iter().filter_map(|name| Some(format!("{name} = {}", value(*name)?))).collect();
    let values = values.join(", ");
    match divisibility(fact, &names) {
        Some((by, of)) => {
            let (by_value, of_value) = (by.eval(value).unwrap_or(1), of.eval(value).unwrap_or(0));
            let rest = if by_value == 0 { 0 } else { of_value % by_value };
            Diagnostic::error(
                Code("E0220"),
                at,
                format!("`{of} % {by} == 0` fails: {of_value} % {by_value} = {rest}"),
            )
            .here(format!("`{}` with {values}", layer.name))
            .label(layer.span, format!("`{}` says `where {of} % {by} == 0`", layer.name))
            .note(format!("{of_value} is divisible by {}", divisors(of_value, by_value)))
            .help(format!("choose {by} among the divisors of {of}, or another {of}"))
        }
        None => Diagnostic::error(Code("E0220"), at, format!("`{fact}` fails"))
            .here(format!("`{}` with {values}", layer.name))
            .label(layer.span, format!("`{}` says `where {fact}`", layer.name))
            .help(format!("choose numbers for which `{fact}` holds")),
    }
}

/// The divisors that are nearest to a number, in order.
fn divisors(of: i64, near: i64) -> String {
    let mut all: Vec<i64> = (1..=of.min(1 << 20)).filter(|by| of % by == 0).collect();
    all.sort_by_key(|by| (by - near).abs());
    all.truncate(5);
    all.sort_unstable();
    all.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

pub(crate) fn size_too_small(at: Span, layer: &Layer, param: &DimParam, value: i64) -> Diagnostic {
    Diagnostic::error(
        Code("E0506"),
        at,
        format!("{} is {value}, and must be at least {}", param.name, param.min),
    )
    .here(format!("`{}` with {} = {value}", layer.name, param.name))
    .label(param.span, "declared here")
    .help(format!("give {} a size of at least {}", param.name, param.min))
}

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

pub(crate) fn layer_in_itself(at: Span, layer: &Layer) -> Diagnostic {
    Diagnostic::error(Code("E0113"), at, format!("layer `{}` contains itself", layer.name))
        .here("this use never ends")
        .label(layer.span, "declared here")
        .help("use an array of layers, `[Block<D>; L]`, for something that repeats")
}

pub(crate) fn calls_itself(at: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code("E0113"), at, format!("`{name}` calls itself without an end"))
        .here("this call never ends")
        .help("use `fold` or `scan` for something that repeats")
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
    Diagnostic::error(Code("E0505"), at, format!("`{path}` adds too many items: {count}"))
        .note(format!("the arrays of a model have at most {most} items, all together"))
        .help("check the numbers of the model")
}

pub(crate) fn open_hole(at: Span, path: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0509"),
        at,
        format!("{path} is a hole of a space, and a model needs one layer there"),
    )
    .help("write the layer that you choose in place of the hole")
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
