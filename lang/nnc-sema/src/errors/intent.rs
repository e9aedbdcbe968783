//! What is allowed and can hardly be meant.

use nnc_base::{Code, Diagnostic, Name, Span};

const SAME: Code = Code("E0116");
const ARGUMENTS: Code = Code("E0117");
const NOTHING: Code = Code("E0118");
const ENDS: Code = Code("E0147");
const UNREAD: Code = Code("E0229");
const NUMBERS: Code = Code("E0232");
const INDEPENDENT: Code = Code("E0225");
const ORDER: Code = Code("E0226");
const TRANSPOSED: Code = Code("E0227");
const TWICE: Code = Code("E0228");

pub(crate) fn same_sides(op: Span, left: Span, right: Span, what: &str) -> Diagnostic {
    Diagnostic::warning(SAME, op, format!("both sides are the same, so that this is {what}"))
        .label(left, "this")
        .label(right, "and this")
        .help("one of them was meant to be something else; if not, leave it out")
}

pub(crate) fn changes_nothing(op: Span, kept: Span) -> Diagnostic {
    Diagnostic::warning(NOTHING, op, "this changes nothing")
        .label(kept, "the result is this, whatever it is")
        .help("another number was meant, or the operator can be left out")
}

pub(crate) fn always_zero(op: Span, whole: Span) -> Diagnostic {
    Diagnostic::warning(NOTHING, op, "this is 0 whatever the other side is")
        .label(whole, "always 0")
        .help("another number was meant; if not, write `0`")
}

pub(crate) fn idle_cast(at: Span, elem: &str) -> Diagnostic {
    Diagnostic::warning(NOTHING, at, "this cast changes nothing")
        .note(format!("the value is `{elem}` already"))
        .help("leave `as` out, or give the value the element that it was meant to be cast from")
}

/// `let p[b, t] = x[b, t];`
pub(crate) fn copy(at: Span, read: Span) -> Diagnostic {
    Diagnostic::warning(NOTHING, at, "this is another tensor as it is")
        .label(read, "all of this, in the same order")
        .help("something was to be done with it; if not, use that tensor, or `let` without indices")
}

pub(crate) fn unread_place(
    made: Span,
    name: Name,
    size: i64,
    left: &[i64],
    twice: Option<(i64, Span)>,
) -> Diagnostic {
    let places = left.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let word = if left.len() == 1 { "place" } else { "places" };
    let text = format!("nothing reads {word} {places} of the {size} along an axis of `{name}`");
    let mut told = Diagnostic::warning(UNREAD, made, text);
    if let Some((place, at)) = twice {
        told = told.label(at, format!("place {place} is read here, and not for the first time"));
    }
    told.help("read each of them, or leave out what is not needed")
}

pub(crate) fn difference_of_kinds(
    at: Span,
    ((one, kind), (other, other_kind)): ((Name, Name), (Name, Name)),
) -> Diagnostic {
    let text = format!("`{one}` is a place along `{kind}`, and `{other}` along `{other_kind}`");
    Diagnostic::warning(NUMBERS, at, text)
        .note("how far they are apart says nothing")
        .help("take two indices of one kind; if it is meant so, make one of them a number first: `let n[i: T] = i`")
}

pub(crate) fn position_of_batch(at: Span, name: Name) -> Diagnostic {
    let text = format!("a position is worked out from `{name}`, the place in the batch");
    Diagnostic::warning(NUMBERS, at, text)
        .note("what an item of a batch gets depends on where it stands among the others")
        .help("take the index of the axis that is read")
}

pub(crate) fn exchanged_arguments(
    at: Span,
    other: Span,
    ((param, value), (other_param, other_value)): ((Name, Name), (Name, Name)),
) -> Diagnostic {
    let text = format!("`{value}` is given for `{param}` and `{other_value}` for `{other_param}`");
    Diagnostic::warning(ARGUMENTS, at, text)
        .label(other, "the other")
        .note("each is named for the other's place")
        .help("exchange them; if they are meant so, give one of them another name")
}

pub(crate) fn misnamed_argument(at: Span, param: Name, value: Name, own: Span) -> Diagnostic {
    Diagnostic::warning(ARGUMENTS, at, format!("`{value}` is given for `{param}`"))
        .label(own, format!("and something else for `{value}`"))
        .help(format!("exchange them; if it is meant so, give `{value}` another name"))
}

pub(crate) fn guard_without_index(at: Span, indices: &str, reduction: Span) -> Diagnostic {
    let text = format!("this guard does not depend on {indices}");
    Diagnostic::warning(INDEPENDENT, at, text)
        .label(reduction, "the reduction has all points or none")
        .help("say which points count by the reduction's index, or choose around it with `if`")
}

pub(crate) fn value_without_index(at: Span, indices: &str, reduction: Span) -> Diagnostic {
    let text = format!("this value does not depend on {indices}");
    Diagnostic::warning(INDEPENDENT, at, text)
        .label(reduction, "all points of the reduction have it")
        .help("read it at the reduction's index, or take it out of the reduction")
}

pub(crate) fn factor_without_index(at: Span, indices: &str, reduction: Span) -> Diagnostic {
    let text = format!("this factor does not depend on {indices}");
    Diagnostic::warning(INDEPENDENT, at, text)
        .label(reduction, "all points of the reduction are multiplied by it")
        .help("read it at the reduction's index, or put it in front of the reduction")
}

pub(crate) fn softmax_ends(
    at: Span,
    body: Span,
    added: Span,
    index: Name,
    softmax: Span,
) -> Diagnostic {
    Diagnostic::warning(ENDS, at, "the softmax ends before this")
        .label(softmax, "it is taken")
        .label(body, "of this")
        .label(added, format!("this depends on `{index}`, and is not among its scores"))
        .note("what a softmax or a reduction is taken of is the longest product to its right")
        .help(format!("put the scores in brackets: `softmax[{index}] (a + b)`; if the sum is meant to stand outside, `(softmax[{index}] a) + b`"))
}

pub(crate) fn index_without_use(at: Span, name: Name, reduction: Span) -> Diagnostic {
    let text = format!("nothing in this reduction depends on `{name}`");
    Diagnostic::warning(INDEPENDENT, at, text)
        .label(reduction, "every point along it is the same")
        .help(format!("read something at `{name}`, or leave the index out"))
}

pub(crate) fn other_order(at: Span, before: Span, (one, two): (Name, Name)) -> Diagnostic {
    let text = format!("`{two}` stands before `{one}` here, and after it elsewhere");
    Diagnostic::warning(ORDER, at, text)
        .label(before, "the parts of an axis in the other order")
        .note("the first part is the slowest: another order is other places")
        .help("take one order; if both are meant, use letters of their own")
}

pub(crate) fn transposed(
    at: Span,
    tensor: Name,
    made: Span,
    (one, two): (Option<Name>, Option<Name>),
) -> Diagnostic {
    let name = |it: Option<Name>| it.map_or("_", |it| it.as_str());
    let (one, two) = (name(one), name(two));
    let text = format!("`{tensor}` is read with `{two}` where it was made with `{one}`");
    Diagnostic::warning(TRANSPOSED, at, text)
        .label(made, format!("made with `{one}` before `{two}`"))
        .note("both axes have one kind and one size, so that only the letters tell them apart")
        .help("exchange the letters; if a transpose is meant, use letters of its own for it")
}

pub(crate) fn twice_in_a_position(at: Span, name: Name) -> Diagnostic {
    Diagnostic::warning(TWICE, at, format!("`{name}` stands twice in this position"))
        .help("write its multiple once; one of them was most likely meant to be another index")
}

pub(crate) fn diagonal(at: Span, name: Name) -> Diagnostic {
    Diagnostic::warning(TWICE, at, format!("this read takes `{name}` for two axes"))
        .note("it reads a diagonal, in the midst of what goes over other indices, too")
        .help(format!("if a diagonal is meant, take it first: `let d[{name}] = …[{name}, {name}]`"))
}

pub(crate) fn merged_otherwise(at: Span, read: Span, (one, two): (Name, Name)) -> Diagnostic {
    let text = format!("`{one}` stands before `{two}` in this axis, and after it where it is read");
    Diagnostic::warning(ORDER, at, text)
        .label(read, format!("here `{two}` comes first"))
        .note("it is a transpose, in the midst of a merge")
        .help(format!("merge them as they are read; if a transpose is meant, make it first: `let t[{one}, {two}] = …`"))
}
