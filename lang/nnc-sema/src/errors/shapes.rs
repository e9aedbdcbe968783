//! Types and axes of tensors.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::{Axis, Rate, TensorType};
use nnc_shape::{Answer, Dim, Fact};
use nnc_syntax::ast::Ident;

use super::sizes::specialised;
use super::{explain, guard};
use crate::cx::Scope;

const TYPE: Code = Code("E0200");
const WIDTH: Code = Code("E0201");
const RANK: Code = Code("E0202");
const FLATTEN: Code = Code("E0203");
const IDENTICAL: Code = Code("E0210");
const SWAPPED: Code = Code("E0211");
const LAYOUT: Code = Code("E0212");
const RESHAPE: Code = Code("E0213");
const LOSS_AXIS: Code = Code("E0214");
const EQUAL_WHEN: Code = Code("E0221");
const ORDER: Code = Code("E0222");
const SPECIALISED: Code = Code("E0230");
const RATE: Code = Code("E0320");

pub(crate) fn type_mismatch(
    at: Span,
    found: &str,
    expected: &str,
    declared: Span,
    who: &str,
) -> Diagnostic {
    Diagnostic::error(TYPE, at, format!("expected {expected}, found {found}"))
        .label(declared, format!("{who} wants {expected}"))
        .help(match found.starts_with('(') && !expected.starts_with('(') {
            true => "name the parts, `let (a, b) = …`, and use one of them".to_owned(),
            false => format!("give a value of type {expected}"),
        })
}

pub(crate) fn not_a_tensor(at: Span, found: &str) -> Diagnostic {
    Diagnostic::error(TYPE, at, format!("a tensor is wanted here, found {found}"))
        .help("use one of its parts or fields")
}

pub(crate) fn layer_as_tensor(at: Span, layer: Name) -> Diagnostic {
    Diagnostic::error(TYPE, at, format!("a tensor is wanted here, found a layer, `{layer}`"))
        .help("call it with its input, such as `layer(x)`")
}

pub(crate) fn empty_list(at: Span) -> Diagnostic {
    Diagnostic::error(TYPE, at, "a list has at least one item").help("write its items")
}

/// Another number of axes; `more` than are wanted, or fewer.
pub(crate) fn rank(
    at: Span,
    found: &str,
    expected: &str,
    declared: Span,
    who: &str,
    more: bool,
) -> Diagnostic {
    Diagnostic::error(RANK, at, format!("{who} takes {expected}, the value is {found}"))
        .label(declared, format!("declared as {expected}"))
        .note("the number of axes is different")
        .help(if more {
            "take a position or reduce an axis, such as `mean[t] x[b, t]`, or declare more axes"
        } else {
            "give the value the missing axes in a `let y[…] = x[…]`, or declare fewer"
        })
}

/// A body that ends in `;`.
pub(crate) fn no_value(at: Span, expected: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(TYPE, at, format!("this body has no value, and {expected} is wanted"))
        .here("the value belongs in front of this")
        .label(declared, format!("declared to give {expected}"))
        .help("write the result as the last line, without `;`")
}

pub(crate) fn packs(at: Span, before: &str, here: &str, declared: Span, who: &str) -> Diagnostic {
    let text = format!("`..` of {who} is [{before}] for an earlier argument and [{here}] for this");
    Diagnostic::error(RANK, at, text)
        .label(declared, "declared here")
        .note("`..` stands for the same axes in all of a signature")
        .help("give both arguments the same leading axes")
}

/// A message with what the search for a repair found, in place of what is always true; where
/// the sizes may be wrong themselves, beside it if it `cuts` them.
pub(crate) fn with_repair(mut diagnostic: Diagnostic, texts: &[String], cuts: bool) -> Diagnostic {
    let by_axes = [RANK, IDENTICAL, SWAPPED, LAYOUT].contains(&diagnostic.code);
    if by_axes && !texts.is_empty() {
        diagnostic.helps.clear();
    } else if !cuts || ![WIDTH, EQUAL_WHEN].contains(&diagnostic.code) {
        return diagnostic;
    }
    texts.iter().fold(diagnostic, |diagnostic, text| diagnostic.help(text.clone()))
}

/// A message about a width with the declaration that would give it.
pub(crate) fn with_width(mut diagnostic: Diagnostic, repair: Option<&str>) -> Diagnostic {
    let Some(repair) = repair.filter(|_| diagnostic.code == WIDTH) else { return diagnostic };
    diagnostic.helps.clear();
    diagnostic.help(repair)
}

/// Two sizes that should be one and are not known to be.
#[expect(clippy::too_many_arguments, reason = "a message names both origins and the values")]
pub(crate) fn sizes(
    scope: &Scope,
    found: &Dim,
    expected: &Dim,
    kind: Option<Name>,
    answer: &Answer,
    at: Span,
    declared: Span,
    who: &str,
) -> Diagnostic {
    let (left, right) = (scope.show(found), scope.show(expected));
    let axis = kind.map_or("elements", plural);
    if let Some(var) = specialised(scope, found, expected) {
        return special(var, if found.as_var().is_some() { &right } else { &left }, at, declared);
    }
    // Two names for what may be one size are a width; what one size has become is not.
    let related = !found.vars().is_disjoint(&expected.vars());
    let only_when = match guard(answer) {
        Some(Fact::Equal(..)) | None => None,
        Some(guard) => Some(guard),
    };
    if let Some(guard) = only_when.filter(|_| related) {
        let text = format!(
            "{who} wants {right} {axis}, the value has {left}: these are equal only when {guard}"
        );
        return explain(
            Diagnostic::error(EQUAL_WHEN, at, text)
                .here(format!("has {left}"))
                .label(declared, format!("wants {right}")),
            answer,
        );
    }
    let diagnostic =
        Diagnostic::error(WIDTH, at, format!("{who} expects {right} {axis}, the value has {left}"))
            .here(format!("has {left}"))
            .label(declared, format!("expects {right}"));
    if related || found.as_constant().is_some() && expected.as_constant().is_some() {
        return diagnostic.help("make the two sizes agree");
    }
    diagnostic.note("sizes are equal when they are proved so, from the program's facts").help(
        format!(
            "make them agree; if they are meant to be equal, say so: `where {left} == {right}`"
        ),
    )
}

fn plural(kind: Name) -> &'static str {
    match kind.as_str() {
        "feat" => "features",
        "chan" => "channels",
        "row" => "rows",
        "col" => "columns",
        "time" => "steps in time",
        "batch" => "items in the batch",
        "head" => "heads",
        "class" => "classes",
        "vocab" => "tokens in the vocabulary",
        "expert" => "experts",
        _ => "elements",
    }
}

fn special(var: Name, value: &str, at: Span, other: Span) -> Diagnostic {
    Diagnostic::error(
        SPECIALISED,
        at,
        format!("this requires {var} == {value}, but {var} may be any size"),
    )
    .label(other, format!("{value} comes from here"))
    .note("a size that each call chooses may not be fixed inside the function")
    .help(format!(
        "read a part by an offset with `where {var} <= {value}`, or add `where {var} == {value}`"
    ))
}

/// A flattened value of another size than a layer takes; `parts` were merged, of the axes
/// of `of`.
pub(crate) fn flatten(
    scope: &Scope,
    (found, parts): (&Dim, &[Dim]),
    wanted: &Dim,
    (at, merged): (Span, Span),
    of: Option<(Name, Span, String)>,
    who: &str,
) -> Diagnostic {
    let (found, wanted) = (scope.show(found), scope.show(wanted));
    let product: Vec<String> = parts.iter().map(|part| scope.show(part)).collect();
    let product = product.join("*");
    let equal = if product == found || product.is_empty() {
        found.clone()
    } else {
        format!("{found} = {product}")
    };
    let diagnostic = Diagnostic::error(
        FLATTEN,
        at,
        format!("{who} takes {wanted} features, the flattened value has {equal}"),
    )
    .label(merged, "merged here");
    let diagnostic = match of {
        Some((name, at, ty)) => diagnostic.label(at, format!("`{name}` is {ty}")),
        None => diagnostic,
    };
    let size = if product.is_empty() { found } else { product };
    diagnostic.help(format!("write the layer for {size} features, or pool first"))
}

pub(crate) fn broadcast_axis(at: Span, scope: &Scope, size: &Dim, declared: Span) -> Diagnostic {
    let size = scope.show(size);
    Diagnostic::error(
        IDENTICAL,
        at,
        format!("a broadcast axis `_` stands where an axis of {size} is wanted"),
    )
    .label(declared, "wanted here")
    .note("`_` is repeated by elementwise operators only")
    .help("add it to a value that has the axis")
}

/// Operands with different numbers of axes.
pub(crate) fn identical_axes(
    symbol: &str,
    left: &str,
    left_at: Span,
    right: &str,
    right_at: Span,
    left_type: &TensorType,
    right_type: &TensorType,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        IDENTICAL,
        right_at,
        format!("`{symbol}` needs identical axes: {left} and {right}"),
    )
    .here(format!("this is {right}"))
    .label(left_at, format!("this is {left}"))
    .note("nothing is broadcast unless it is written");
    let (short, long) = if left_type.axes.len() < right_type.axes.len() {
        (left_type, right_type)
    } else {
        (right_type, left_type)
    };
    let one = long.axes.iter().position(|axis| axis.extent().as_constant() == Some(1));
    let diagnostic = match one {
        Some(one) if long.axes.len() == short.axes.len() + 1 => {
            let places = long.axes.iter().enumerate().map(|(place, axis)| match place == one {
                true => "0".to_owned(),
                false => axis.to_string().to_lowercase(),
            });
            let places = places.collect::<Vec<_>>().join(", ");
            diagnostic.help(format!("take the only element of the longer one: `x[{places}]`"))
        }
        _ => diagnostic,
    };
    let places: Vec<String> = long
        .axes
        .iter()
        .map(|axis| {
            let there = short.axes.iter().any(|it| it.size == axis.size);
            if there { axis.to_string().to_lowercase() } else { "_".to_owned() }
        })
        .collect();
    diagnostic.help(format!(
        "index it in a `let`, or broadcast on purpose with `_`: the shorter one as `x[{}]`",
        places.join(", ")
    ))
}

fn kind_and_size(axis: &Axis) -> String {
    match axis.kind {
        Some(kind) => format!("`{kind} {axis}`"),
        None => format!("`{axis}`"),
    }
}

pub(crate) fn swapped_axes(
    place: usize,
    symbol: &str,
    left: &[Axis],
    right: &[Axis],
    spans: (Span, Span),
) -> Diagnostic {
    let text = format!(
        "axis {place} of `{symbol}` is {} on the left and {} on the right",
        kind_and_size(&left[place]),
        kind_and_size(&right[place])
    );
    let diagnostic = Diagnostic::error(SWAPPED, spans.1, text)
        .here(format!("axes [{}]", kinds_text(right)))
        .label(spans.0, format!("axes [{}]", kinds_text(left)));
    match transpose(left, right) {
        Some(order) => diagnostic
            .help(format!("a transpose makes them equal: `let y[{}] = x[{}]`", order.0, order.1)),
        None => diagnostic.help("index both so that axes of one kind meet"),
    }
}

fn all_kinds(axes: &[Axis]) -> Vec<Option<Name>> {
    axes.iter().map(|axis| axis.kind).collect()
}

fn kinds_text(axes: &[Axis]) -> String {
    let kinds: Vec<String> = axes
        .iter()
        .map(|axis| axis.kind.map_or_else(|| axis.to_string(), |kind| kind.to_string()))
        .collect();
    kinds.join(", ")
}

/// Index lists that bring `found` into the order of `wanted`, if kinds say how. Letters are
/// those of the sizes, or else of the kinds.
fn transpose(wanted: &[Axis], found: &[Axis]) -> Option<(String, String)> {
    let mut wanted_kinds: Vec<Name> = wanted.iter().filter_map(|it| it.kind).collect();
    let mut found_kinds: Vec<Name> = found.iter().filter_map(|it| it.kind).collect();
    let complete = wanted_kinds.len() == wanted.len() && found_kinds.len() == found.len();
    wanted_kinds.sort();
    found_kinds.sort();
    if !complete || wanted_kinds != found_kinds {
        return None;
    }
    let mut letters: Vec<(Name, String)> = Vec::new();
    for axis in found {
        let kind = axis.kind?;
        let size = axis.extent().as_var().map(|name| name.as_str().to_lowercase());
        let candidates = size.into_iter().chain(kind.as_str().chars().map(|it| it.to_string()));
        let free = |it: &String| letters.iter().all(|(_, taken)| taken != it);
        let letter = candidates.into_iter().find(free)?;
        letters.push((kind, letter));
    }
    let text = |axes: &[Axis]| {
        let letter = |kind: Name| letters.iter().find(|(it, _)| *it == kind);
        let named = axes.iter().filter_map(|axis| letter(axis.kind?));
        named.map(|(_, letter)| letter.as_str()).collect::<Vec<_>>().join(", ")
    };
    Some((text(wanted), text(found)))
}

/// Axes of a value that are of other kinds than those wanted.
pub(crate) fn kinds(
    place: usize,
    found: &[Axis],
    expected: &[Axis],
    at: Span,
    declared: Span,
    who: &str,
) -> Diagnostic {
    let mut kinds = (all_kinds(expected), all_kinds(found));
    kinds.0.sort();
    kinds.1.sort();
    match transpose(expected, found) {
        order if found.len() > 2 && kinds.0 == kinds.1 => Diagnostic::error(
            LAYOUT,
            at,
            format!("{who} wants [{}]; this is [{}]", kinds_text(expected), kinds_text(found)),
        )
        .label(declared, format!("declared as [{}]", kinds_text(expected)))
        .help(match order {
            Some((wanted, order)) => format!("transpose it: `let y[{wanted}] = x[{order}]`"),
            None => "index it in the order that is wanted".to_owned(),
        }),
        order => {
            let text = format!(
                "axis {place} is {}, and {who} wants {}",
                kind_and_size(&found[place]),
                kind_and_size(&expected[place])
            );
            let diagnostic = Diagnostic::error(SWAPPED, at, text)
                .label(declared, format!("declared as [{}]", kinds_text(expected)))
                .note("axes match when their kinds are equal and their sizes are proved equal");
            match order {
                Some((wanted, order)) => diagnostic
                    .help(format!("a transpose makes them equal: `let y[{wanted}] = x[{order}]`")),
                None => diagnostic.help("index the value so that axes of one kind meet"),
            }
        }
    }
}

pub(crate) fn operand_sizes(
    scope: &Scope,
    symbol: &str,
    (left, left_type): (&Dim, &str),
    (right, right_type): (&Dim, &str),
    kind: Option<Name>,
    answer: &Answer,
    spans: (Span, Span),
) -> Diagnostic {
    let who = format!("`{symbol}`");
    let diagnostic = sizes(scope, right, left, kind, answer, spans.1, spans.0, &who);
    let one = Some(1);
    if left.as_constant() == one || right.as_constant() == one {
        return Diagnostic::error(
            IDENTICAL,
            spans.1,
            format!("`{symbol}` needs identical axes: {left_type} and {right_type}"),
        )
        .here(format!("this is {right_type}"))
        .label(spans.0, format!("this is {left_type}"))
        .note("an axis of size 1 is not repeated unless that is written")
        .help("take its only element and broadcast on purpose: `x[b, 0]` and `x[b, _]`");
    }
    diagnostic
}

pub(crate) fn rates(
    found: &Axis,
    expected: &Axis,
    at: Span,
    declared: Span,
    who: &str,
    subject: Option<Name>,
) -> Diagnostic {
    let show = |axis: &Axis| {
        let kind = axis.kind.map_or("time", |kind| kind.as_str());
        match axis.rate {
            Some(rate) => format!("{kind} @ {rate}"),
            None => kind.to_owned(),
        }
    };
    let diagnostic = Diagnostic::error(
        RATE,
        at,
        format!("{who} wants {}, this is {}", show(expected), show(found)),
    )
    .label(declared, format!("declared as {}", show(expected)))
    .note("equal sizes are not enough: an axis over time keeps its rate");
    let (Some(from), Some(to)) = (found.rate, expected.rate) else {
        return diagnostic.help("resample it to the rate that is wanted");
    };
    let steps = steps_at(&found.extent(), from, to);
    diagnostic.help(match steps {
        Some(steps) => {
            let subject = subject.map_or("…", |name| name.as_str());
            format!("resample it to {to}: `resample({subject}, {steps})` of `std.audio`")
        }
        None => format!("resample it to {to}"),
    })
}

/// How many steps at one rate last as long as `size` steps at another.
fn steps_at(size: &Dim, from: Rate, to: Rate) -> Option<Dim> {
    let up = to.numerator.checked_mul(from.denominator)?;
    let down = to.denominator.checked_mul(from.numerator)?;
    let ratio = Rate::new(up, down)?;
    let (up, down) = (i64::try_from(ratio.numerator).ok()?, i64::try_from(ratio.denominator).ok()?);
    // Samples and the frames over them are no two rates of one recording.
    if up / down >= 16 || down / up >= 16 {
        return None;
    }
    Some((size * &Dim::constant(up)).floor_div(&Dim::constant(down)))
}

pub(crate) fn loss_axis(at: Span, axes: &[Axis], axis: usize, softmax: Span) -> Diagnostic {
    let name = |axis: &Axis| axis.to_string().to_lowercase();
    let (wrong, right) = (&axes[axis], &axes[axes.len() - 1]);
    Diagnostic::error(
        LOSS_AXIS,
        at,
        format!(
            "the probabilities are normalised over {}, not over the last axis {}",
            kind_and_size(wrong),
            kind_and_size(right)
        ),
    )
    .label(softmax, format!("should be `softmax[{}]`", name(right)))
    .help("normalise over the axis that the target is an index into")
}

pub(crate) fn reshape(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        RESHAPE,
        name.span,
        format!("there is no `{}`: elements may not move across axes unseen", name.as_str()),
    )
    .note("a reshape from [b, t, (n d)] to [b, n, t, d] would mix up time and heads")
    .help(
        "write the axes: `let q[b, n, t, d] = x[b, t, (n:N d)]`, or `let y[b, (h w)] = x[b, h, w]`",
    )
}

pub(crate) fn no_axes(at: Span) -> Diagnostic {
    Diagnostic::error(RANK, at, "the value has no axis of its own here").help("index it in a `let`")
}

pub(crate) fn axis_kind(at: Span, found: Option<(&str, &str, bool)>) -> Diagnostic {
    match found {
        None => Diagnostic::error(RANK, at, "`axis=` takes the kind of an axis")
            .help("such as `axis=chan`, or its place, as in `axis=0`"),
        Some((kind, ty, true)) => {
            Diagnostic::error(RANK, at, format!("{ty} has more than one axis of kind `{kind}`"))
                .help("index it in a `let`")
        }
        Some((kind, ty, false)) => {
            Diagnostic::error(RANK, at, format!("{ty} has no axis of kind `{kind}`"))
                .help("leave out `axis=` for the last axis, or declare the kind in `dims`")
        }
    }
}

pub(crate) fn axis_place(at: Span, ty: &str, axes: usize) -> Diagnostic {
    Diagnostic::error(RANK, at, format!("{ty} has {axes} axes, the first of which is `axis=0`"))
        .help("name the axis by its kind, such as `axis=chan`, or by its place")
}

pub(crate) fn split_sum(
    scope: &Scope,
    at: Span,
    sum: &Dim,
    total: &Dim,
    answer: &Answer,
) -> Diagnostic {
    let (sum, total) = (scope.show(sum), scope.show(total));
    explain(
        Diagnostic::error(WIDTH, at, format!("the parts sum up to {sum}, the axis has {total}")),
        answer,
    )
    .help("the sizes of the parts make up the whole axis")
}

pub(crate) fn split_count(at: Span) -> Diagnostic {
    Diagnostic::error(TYPE, at, "the number of parts is an integer that is written out")
        .help("write the sizes instead: `split(x, [a, b])`")
}

pub(crate) fn descending(at: Span) -> Diagnostic {
    Diagnostic::error(TYPE, at, "`descending` is `true` or `false`, written out")
        .help("to choose when the program runs, take both: `if flag { a } else { b }`")
}

pub(crate) fn too_many(
    scope: &Scope,
    at: Span,
    who: Name,
    k: &Dim,
    size: &Dim,
    answer: &Answer,
) -> Diagnostic {
    let (k, size) = (scope.show(k), scope.show(size));
    let message = format!("{who} takes {k} of {size}, and {k} <= {size} is not known");
    explain(Diagnostic::error(ORDER, at, message), answer)
}
