//! Index notation.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_shape::{Answer, Dim};
use nnc_syntax::ast::Ident;

use super::explain;
use super::sizes::specialised;
use crate::cx::Scope;

const RANGES: Code = Code("E0204");
const SPLIT: Code = Code("E0206");
const RANGE: Code = Code("E0215");
const UNBOUND: Code = Code("E0216");
const COUNT: Code = Code("E0217");
const FORM: Code = Code("E0218");
const BOUNDS: Code = Code("E0224");
const SPECIALISED: Code = Code("E0230");
const SWAPPED: Code = Code("E0211");
const BOOL: Code = Code("E0313");

pub(crate) fn no_range(name: Name, at: Span) -> Diagnostic {
    Diagnostic::error(RANGE, at, format!("the range of `{name}` is not known"))
        .note("an index ranges over an axis that it takes as a whole; offsets do not say how far it goes")
        .help(format!("write the range: `{name}: N`"))
}

pub(crate) fn index_twice(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error(UNBOUND, name.span, format!("index `{}` is already bound", name.as_str()))
        .label(first, "bound here")
        .help("use another letter")
}

pub(crate) fn unbound(name: &Ident) -> Diagnostic {
    let text = format!("index `{}` is not bound", name.as_str());
    Diagnostic::error(UNBOUND, name.span, text)
        .note("an index on the right stands on the left too, or a reduction binds it")
        .help(format!("add it on the left, or write `sum[{}] …`", name.as_str()))
}

pub(crate) fn softmax_index(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        UNBOUND,
        name.span,
        format!("softmax does not bind `{}`; it must be there already", name.as_str()),
    )
    .note("softmax gives one value for each point, so its index is one of the result")
    .help(format!("add `{}` on the left", name.as_str()))
}

pub(crate) fn index_outside(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        UNBOUND,
        name.span,
        format!("index `{}` has a value in index notation only", name.as_str()),
    )
    .help(format!("write `let y[{0}] = …` with `{0}` on the left", name.as_str()))
}

pub(crate) fn hoisted(at: Span) -> Diagnostic {
    Diagnostic::error(
        UNBOUND,
        at,
        "a tensor that is indexed here may not depend on index variables",
    )
    .note("what stands before `[…]` is computed once, for all points")
    .help("give it a name in a `let` with these indices on the left")
}

pub(crate) fn left_index(at: Span) -> Diagnostic {
    Diagnostic::error(FORM, at, "on the left stand index names, `i: n`, `(a b)` or a first `..`")
        .help("give the axis a name")
}

pub(crate) fn read_index(at: Span) -> Diagnostic {
    Diagnostic::error(
        FORM,
        at,
        "a read takes an index, an offset, a gather or a split for each axis",
    )
    .help("name the index; broadcast axes are for views outside index notation")
}

pub(crate) fn view_index(at: Span) -> Diagnostic {
    Diagnostic::error(
        FORM,
        at,
        "outside index notation an axis is named, taken at a position or `_`",
    )
    .help("write a `let y[…] = x[…]`")
}

pub(crate) fn rest(at: Span, there: bool) -> Diagnostic {
    let text =
        if there { "`..` comes first" } else { "`..` needs `..` in the function's signature" };
    Diagnostic::error(FORM, at, text).help("write the axes out")
}

pub(crate) fn rest_in_read(at: Span, ty: &str, tensor: bool, left: bool) -> Diagnostic {
    let text = match (tensor, left) {
        (true, true) => format!("{ty} has leading axes `..`, which this read leaves out"),
        (true, false) => format!("{ty} has leading axes `..`, which the left side does not have"),
        (false, _) => format!("{ty} has no leading axes `..`"),
    };
    let help = if tensor { "write `..` first, on both sides" } else { "leave out `..`" };
    Diagnostic::error(FORM, at, text).help(help)
}

pub(crate) fn index_count(at: Span, ty: &str, axes: usize, given: usize) -> Diagnostic {
    let given = if given == 1 { "1 index is".to_owned() } else { format!("{given} indices are") };
    let axes = if axes == 1 { "1 axis".to_owned() } else { format!("{axes} axes") };
    Diagnostic::error(COUNT, at, format!("{ty} has {axes}, {given} given"))
        .help("give one index for each axis")
}

pub(crate) fn array_index(at: Span) -> Diagnostic {
    Diagnostic::error(COUNT, at, "an array of layers takes one index, which is a size")
        .help("such as `blocks[0]`")
}

pub(crate) fn index_kinds(
    name: Name,
    left: Name,
    left_at: Span,
    right: Name,
    at: Span,
) -> Diagnostic {
    Diagnostic::error(SWAPPED, at, format!("index `{name}` runs over `{left}` and over `{right}`"))
        .here(format!("over `{right}` here"))
        .label(left_at, format!("over `{left}` here"))
        .note("an index takes axes of one kind")
        .help("swap the indices, or give each axis an index of its own")
}

#[expect(clippy::too_many_arguments, reason = "a message names both origins and the values")]
pub(crate) fn index_sizes(
    scope: &Scope,
    name: Name,
    left: &Dim,
    left_at: Span,
    right: &Dim,
    at: Span,
    _kind: Option<Name>,
    answer: &Answer,
) -> Diagnostic {
    let (x, y) = (scope.show(left), scope.show(right));
    if let Some(var) = specialised(scope, left, right) {
        let value = if left.as_var().is_some() { &y } else { &x };
        return Diagnostic::error(SPECIALISED, at, format!("this requires {var} == {value}, but {var} may be any size"))
            .here(format!("`{name}` runs over {y} here"))
            .label(left_at, format!("`{name}` runs over {x} here"))
            .note("a size that each call chooses may not be fixed inside the function")
            .help(format!("read a part by an offset (`{name} + 0`) with `where {var} <= {value}`, or add `where {var} == {value}`"));
    }
    let diagnostic =
        Diagnostic::error(RANGES, at, format!("index `{name}` runs over {x} and over {y}"))
            .here(format!("over {y} here"))
            .label(left_at, format!("over {x} here"))
            .note("every plain use of an index takes the whole axis, so the sizes must be equal");
    let never = matches!(answer, Answer::Refuted(_));
    if never || left.as_constant().is_some() && right.as_constant().is_some() {
        return diagnostic.help("make the two axes equally long, or use two indices");
    }
    let diagnostic = match super::witness(answer) {
        Some(witness) => diagnostic.note(format!("witness: {witness}")),
        None => diagnostic,
    };
    let fact = super::guard(answer).map_or(format!("{x} == {y}"), |guard| guard.to_string());
    diagnostic.help(format!("if the sizes are meant to be equal, say so: `where {fact}`"))
}

pub(crate) fn split_sizes(
    scope: &Scope,
    at: Span,
    product: &Dim,
    total: &Dim,
    answer: &Answer,
) -> Diagnostic {
    let (product, total) = (scope.show(product), scope.show(total));
    explain(
        Diagnostic::error(
            SPLIT,
            at,
            format!("the parts multiply to {product}, the axis has {total}"),
        ),
        answer,
    )
    .help("the sizes of the parts multiply to the axis")
}

pub(crate) fn split_inexact(
    scope: &Scope,
    at: Span,
    total: &Dim,
    part: &Dim,
    answer: &Answer,
) -> Diagnostic {
    if let (Some(total), Some(part)) = (total.as_constant(), part.as_constant()) {
        let rest = total.checked_rem_euclid(part).unwrap_or(0);
        let text =
            format!("an axis of {total} cannot be split by {part}: {total} % {part} = {rest}");
        return Diagnostic::error(SPLIT, at, text).help("give a size that divides the axis");
    }
    let (total, part) = (scope.show(total), scope.show(part));
    let text = format!("an axis of {total} cannot be split by {part}: it is not known to divide");
    let diagnostic = Diagnostic::error(SPLIT, at, text);
    match super::guard(answer) {
        Some(_) => explain(diagnostic, answer),
        None => diagnostic.help(format!("add `where {total} % {part} == 0`")),
    }
}

pub(crate) fn split_unknown(at: Span) -> Diagnostic {
    Diagnostic::error(SPLIT, at, "all sizes of a split but one must be known")
        .help("give a size: `(n:N d)`")
}

/// A position in an axis, and which of its bounds is not known to hold.
pub(crate) struct Position<'a> {
    pub(crate) index: &'a Dim,
    pub(crate) size: &'a Dim,
    /// The lower bound, or else the upper one.
    pub(crate) low: bool,
}

/// A read that may be outside; `ranges` are those of the index variables in it.
pub(crate) fn out_of_bounds(
    scope: &Scope,
    at: Span,
    position: &Position<'_>,
    answer: &Answer,
    ranges: &[(Name, Dim)],
) -> Diagnostic {
    let Position { index, size, low } = *position;
    let shown = scope.show(size);
    if let (Some(_), Some(size)) = (index.as_constant(), size.as_constant()) {
        let text = format!("position {index} lies outside of an axis of {size}");
        let last = size - 1;
        return Diagnostic::error(BOUNDS, at, text)
            .help(format!("positions go from 0 to {last}; the last one is {last}"));
    }
    if let Some(from_end) = index.as_constant().filter(|it| *it < 0) {
        let text = format!("position {index} lies before the first, which is 0");
        return Diagnostic::error(BOUNDS, at, text).help(format!(
            "positions count from the start: write `{}`",
            size + &Dim::constant(from_end)
        ));
    }
    let text = format!("position {index} is not known to lie in 0 .. {shown}");
    let mut diagnostic = Diagnostic::error(BOUNDS, at, text);
    for (name, extent) in ranges {
        diagnostic = diagnostic.note(format!("`{name}` ranges over 0 .. {}", scope.show(extent)));
    }
    if let Some(witness) = super::witness(answer) {
        diagnostic = diagnostic.note(format!("witness: {witness}"));
    }
    let bound = if low { format!("{index} >= 0") } else { format!("{index} < {shown}") };
    match super::guard(answer) {
        _ if !ranges.is_empty() => diagnostic.help(format!(
            "read it only where `{bound}`: in a guard, `sum[… | {bound}]`, or an `if`; or let the index run over fewer places"
        )),
        Some(guard) => diagnostic.help(format!("add `where {guard}`")),
        None => diagnostic.help(format!("add `where {bound}`")),
    }
}

pub(crate) fn not_bool(at: Span, found: &str) -> Diagnostic {
    Diagnostic::error(BOOL, at, format!("a condition is bool, found {found}"))
        .help("compare it, such as `x > 0.0`")
}

pub(crate) fn condition(at: Span, found: &str) -> Diagnostic {
    Diagnostic::error(BOOL, at, format!("an `if` takes one bool, found {found}"))
        .help("choose for each element in index notation: `let y[i] = if c[i] { … } else { … }`")
}

/// A whole tensor at one point; `indexed` is how it would be read.
pub(crate) fn not_a_scalar(at: Span, found: &str, indexed: Option<&str>) -> Diagnostic {
    Diagnostic::error(
        COUNT,
        at,
        format!("a single value is wanted in index notation, found {found}"),
    )
    .help(format!("give it an index list: `{}`", indexed.unwrap_or("x[b, t]")))
}

pub(crate) fn block_in_nest(at: Span) -> Diagnostic {
    Diagnostic::error(FORM, at, "a block in index notation is one expression")
        .help("put the `let`s before it")
}

pub(crate) fn call_in_nest(at: Span) -> Diagnostic {
    Diagnostic::error(
        FORM,
        at,
        "this call needs whole tensors, and its arguments are single values here",
    )
    .help("compute its argument in a `let` of its own, and index the result: `f(y)[b, t]`")
}

pub(crate) fn one_axis(at: Span, op: &str) -> Diagnostic {
    Diagnostic::error(FORM, at, format!("`{op}` runs over one index"))
        .help("merge the axes first: `let y[(i j)] = …`")
}

pub(crate) fn pick_without_guard(at: Span) -> Diagnostic {
    Diagnostic::error(
        FORM,
        at,
        "`pick` takes the first point that satisfies its guard, and there is none",
    )
    .help("write `pick[k | …] x[k]`")
}

pub(crate) fn otherwise_without_pick(at: Span) -> Diagnostic {
    Diagnostic::error(FORM, at, "only `pick` has an `else`")
        .help("a reduction over no points gives its identity, such as 0 for `sum`")
}
