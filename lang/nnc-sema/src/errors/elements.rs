//! Elements and their meanings: E03xx.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::{Base, DimParam, Meaning, Rate};
use nnc_shape::Dim;
use nnc_syntax::ast::{Ident, NamedType};

use super::{Joined, Meeting, Softmax};
use crate::cx::Scope;

const MEANING: Code = Code("E0301");
const MASK: Code = Code("E0302");
const CLAIM: Code = Code("E0303");
const BASE: Code = Code("E0310");
const NOT_AN_INDEX: Code = Code("E0311");
const INDEX_SPACE: Code = Code("E0312");
const OPERATION: Code = Code("E0314");
const LITERAL: Code = Code("E0315");
const NOT_AN_ELEMENT: Code = Code("E0105");
const ENDLESS: Code = Code("E0330");
const BUILT_IN: Code = Code("E0331");
const PARAMETER: Code = Code("E0332");
const PARENT: Code = Code("E0333");
const PARAMETERS_DIFFER: Code = Code("E0334");

/// A meaning that is above itself; `others` are the ones between, in order.
pub(crate) fn endless_meaning(name: &Ident, others: &[(Name, Span)]) -> Diagnostic {
    let mut way: Vec<&str> = vec![name.as_str()];
    way.extend(others.iter().map(|(name, _)| name.as_str()));
    way.push(name.as_str());
    let text = format!("`{}` is declared above itself: {}", name.as_str(), way.join(" is a "));
    let mut diagnostic = Diagnostic::error(ENDLESS, name.span, text);
    for (other, at) in others.iter().take(3) {
        diagnostic = diagnostic.label(*at, format!("by way of `{other}`"));
    }
    diagnostic
        .note("forgetting a meaning step by step has to end at plain numbers")
        .help("leave out the parent of the most general one")
}

pub(crate) fn built_in(name: &Ident, what: &str) -> Diagnostic {
    let article = if what == "element" { "an" } else { "a" };
    let text = format!("`{}` is {article} {what} of the language already", name.as_str());
    Diagnostic::error(BUILT_IN, name.span, text).help(match what {
        "kind" => "use it without declaring it, or choose another word".to_owned(),
        _ => format!(
            "use it without declaring it, or put yours below it: `elem My{0}: {0}`",
            name.as_str()
        ),
    })
}

/// A parameter of an element that is of another sort than what is given.
pub(crate) fn parameter_kind(at: Span, param: &DimParam, given: &str) -> Diagnostic {
    let (wanted, help) = if param.is_rate() {
        ("a rate".to_owned(), "write it with its unit, such as `16kHz`".to_owned())
    } else if let Some(kind) = param.kind {
        (format!("a size of kind `{kind}`"), format!("give a size of kind `{kind}` or a number"))
    } else {
        ("a number".to_owned(), format!("declare it as a rate: `{}: rate`", param.name))
    };
    let diagnostic =
        Diagnostic::error(PARAMETER, at, format!("`{}` is {wanted}, this is {given}", param.name));
    match param.span == Span::NONE {
        true => diagnostic,
        false => diagnostic.label(param.span, "declared here"),
    }
    .help(help)
}

pub(crate) fn parameter_small(at: Span, param: &DimParam, given: &Dim) -> Diagnostic {
    let text = format!("`{}` is at least {}, this is {given}", param.name, param.min);
    let diagnostic = Diagnostic::error(PARAMETER, at, text);
    match param.span == Span::NONE {
        true => diagnostic,
        false => diagnostic.label(param.span, "declared here"),
    }
    .help(format!("give {} or more", param.min))
}

/// A rate that is no whole number of Hz, as a parameter.
pub(crate) fn broken_rate(at: Span, rate: Rate) -> Diagnostic {
    Diagnostic::error(PARAMETER, at, format!("{rate} is not a whole number of Hz"))
        .help("rates of elements are compared exactly; give a whole one")
}

pub(crate) fn float_parent(name: &Ident, at: Span) -> Diagnostic {
    let text =
        format!("`{}` has no one way to be stored: `float` is a choice of calls", name.as_str());
    Diagnostic::error(PARENT, at, text).help(format!(
        "say how it is stored where nothing else is said: `elem {}: f32`",
        name.as_str()
    ))
}

/// A value of the right meaning with other numbers.
pub(crate) fn parameters_differ(
    meeting: &Meeting<'_>,
    found: &str,
    expected: &str,
    declared: &Meaning,
    pairs: &[(String, String)],
) -> Diagnostic {
    let text = format!("{} takes {expected}, this is {found}", meeting.who);
    let mut diagnostic = Diagnostic::error(PARAMETERS_DIFFER, meeting.at, text)
        .label(meeting.expected_at, format!("declared as {expected}"));
    let mut help = None;
    for (param, (given, wanted)) in declared.params.iter().zip(pairs) {
        if given != wanted {
            diagnostic = diagnostic
                .note(format!("`{}` of {} is {given}, not {wanted}", param.name, declared.name));
            help.get_or_insert_with(|| match param.is_rate() {
                true => format!("resample it to {wanted}, and claim it: `… as {expected}`"),
                false => format!("give a value whose `{}` is {wanted}", param.name),
            });
        }
    }
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

pub(crate) fn not_an_element(named: &NamedType) -> Diagnostic {
    Diagnostic::error(
        NOT_AN_ELEMENT,
        named.span,
        format!("`{}` is not an element type", named.name.as_str()),
    )
    .help("such as `f32`, `Token<V>`, or one declared by `elem`")
}

pub(crate) fn not_a_float(at: Span) -> Diagnostic {
    Diagnostic::error(LITERAL, at, "a number is wanted here")
        .help("write it out, or name a `float` config")
}

pub(crate) fn quantity(at: Span) -> Diagnostic {
    Diagnostic::error(LITERAL, at, "a quantity such as 16kHz is not a number")
        .help("rates stand behind `@` in `dims`")
}

pub(crate) fn text(at: Span) -> Diagnostic {
    Diagnostic::error(LITERAL, at, "a token is one character of one byte")
        .help("write `tokens(\"…\")` for more")
}

/// Adds to a message about a joined value what it was joined of.
pub(crate) fn joined(diagnostic: Diagnostic, joined: &Joined) -> Diagnostic {
    let ((left_at, left), (right_at, right)) = (&joined.left, &joined.right);
    diagnostic
        .label(*left_at, format!("this is {left}"))
        .label(*right_at, format!("this is {right}"))
        .note(format!("{left} and {right} meet in {}, which is what both are", joined.meet))
}

/// `both` is what the two meanings are when something is forgotten of each.
pub(crate) fn meaning(
    meeting: &Meeting<'_>,
    found: &str,
    expected: &str,
    both: Option<&str>,
) -> Diagnostic {
    let (who, subject) = (meeting.who, meeting.subject());
    let diagnostic =
        Diagnostic::error(MEANING, meeting.at, format!("{who} takes {expected}, this is {found}"))
            .label(meeting.expected_at, format!("declared as {expected}"));
    let diagnostic = match meeting.softmax {
        Some(softmax) => diagnostic.label(softmax.at, "the softmax is here"),
        None => diagnostic,
    };
    if found.starts_with("Prob") && expected.starts_with("Logits") {
        let scores = meeting.softmax.and_then(|it| it.scores);
        let scores = scores.map_or("the scores".to_owned(), |name| format!("`{name}`, the scores"));
        return diagnostic.note("a softmax was applied already; the loss applies its own").help(
            format!(
                "pass {scores} before the softmax, or use `nll(log({subject}))` if you mean it"
            ),
        );
    }
    if found.starts_with("Prob") && expected.starts_with("LogProb") {
        return diagnostic.help(format!("take the logarithm: `log({subject})`"));
    }
    let diagnostic = match both {
        Some(both) => diagnostic.note(format!("both are {both}, and neither is the other")),
        None => diagnostic,
    };
    diagnostic
        .note("a meaning is forgotten without a word, and claimed with `as`")
        .help(format!("if it is that, say so: `{subject} as {expected}`"))
}

/// A softmax of what one gave; `at` is the value and the second softmax.
pub(crate) fn double_softmax(
    (value, second): (Span, Span),
    found: &str,
    first: Option<&Softmax>,
) -> Diagnostic {
    let text = format!("softmax of {found}: these are probabilities already");
    let diagnostic = Diagnostic::error(MEANING, value, text).label(second, "the second softmax");
    let diagnostic = match first {
        Some(first) => diagnostic.label(first.at, "the first softmax"),
        None => diagnostic,
    };
    diagnostic.help("leave one of them out, or forget the meaning on purpose: `… as f32`")
}

pub(crate) fn mask(
    meeting: &Meeting<'_>,
    found: &str,
    expected: &str,
    polarity: bool,
    is_bool: bool,
) -> Diagnostic {
    let say = |name: &str| match name {
        "Mask" => "Mask (true = attend)".to_owned(),
        "PadMask" => "PadMask (true = ignore)".to_owned(),
        other => other.to_owned(),
    };
    let subject = meeting.subject();
    let text = format!("expected {}, found {}", say(expected), say(found));
    let mut diagnostic = Diagnostic::error(MASK, meeting.at, text);
    if meeting.expected_at != meeting.at {
        diagnostic = diagnostic.label(meeting.expected_at, format!("{expected} is wanted here"));
    }
    if polarity {
        diagnostic.help(format!("negate it: `!{subject}`"))
    } else if is_bool {
        diagnostic.help(format!("say which it is: `{subject} as {expected}`"))
    } else {
        diagnostic
            .note("a mask of numbers would be added to the scores")
            .help(format!("compare it: `{subject} > 0.0`"))
    }
}

/// A claim that the numbers cannot keep.
pub(crate) fn claim(at: Span, found: &str, to: &str, why: Claim) -> Diagnostic {
    let (why, help) = match why {
        Claim::Index => {
            ("indices are integers", format!("make them integers first: `(… as int) as {to}`"))
        }
        Claim::Mask => ("masks are bool", "compare the numbers, such as `x > 0.0`".to_owned()),
        Claim::Storage => (
            "the numbers are stored differently",
            "convert them first, such as `x as f32`".to_owned(),
        ),
    };
    Diagnostic::error(CLAIM, at, format!("{found} cannot be claimed to be {to}: {why}")).help(help)
}

/// Why a claim fails.
#[derive(Clone, Copy)]
pub(crate) enum Claim {
    Index,
    Mask,
    Storage,
}

pub(crate) fn base(meeting: &Meeting<'_>, found: &str, expected: &str) -> Diagnostic {
    let text = format!("{} takes {expected}, this is {found}", meeting.who);
    Diagnostic::error(BASE, meeting.at, text)
        .label(meeting.expected_at, format!("declared as {expected}"))
        .note("numbers are not converted without a word")
        .help(format!("convert it: `{} as {expected}`", meeting.subject()))
}

/// What an operand is, where it is, and what it is called.
pub(crate) struct Side<'s> {
    pub(crate) shown: &'s str,
    pub(crate) at: Span,
    pub(crate) name: Option<Name>,
}

pub(crate) fn operands(symbol: &str, left: &Side<'_>, right: &Side<'_>) -> Diagnostic {
    let (first, second) = (left.shown, right.shown);
    let text = format!("`{symbol}` of {first} and {second}");
    let diagnostic = Diagnostic::error(BASE, right.at, text)
        .here(format!("this is {second}"))
        .label(left.at, format!("this is {first}"))
        .note("both sides have one element type; numbers are not converted without a word");
    // Bools and indices come from no conversion of numbers.
    let number = |element: &str| {
        !["bool", "Mask", "PadMask"].contains(&element)
            && !element.starts_with("Token")
            && !element.starts_with("Index")
    };
    let name = |side: &Side<'_>| side.name.map_or("…", |name| name.as_str());
    let cast = |side: &Side<'_>, to: &str| format!("`{} as {to}`", name(side));
    match (number(first), number(second)) {
        (true, true) => {
            let narrow = |to: &str, from: &str| match narrower(to, from) {
                true => " (which has less range or precision)",
                false => "",
            };
            diagnostic.help(format!(
                "write {}{} on the right, or {}{} on the left",
                cast(right, first),
                narrow(first, second),
                cast(left, second),
                narrow(second, first)
            ))
        }
        (false, true) => diagnostic.help(format!("convert the left side: {}", cast(left, second))),
        (true, false) => diagnostic.help(format!("convert the right side: {}", cast(right, first))),
        (false, false) => diagnostic.help("compare or combine two values of one element type"),
    }
}

/// Whether a conversion between two numbers may lose something.
fn narrower(to: &str, from: &str) -> bool {
    let order = |element: &str| match element {
        "f64" => Some(4),
        "f32" => Some(3),
        "f16" | "bf16" => Some(2),
        "f8" => Some(1),
        "int" | "i64" | "i8" | "u8" => Some(0),
        _ => None,
    };
    matches!((order(to), order(from)), (Some(to), Some(from)) if to < from)
}

pub(crate) fn operation(at: Span, symbol: &str, found: &str, why: &str) -> Diagnostic {
    Diagnostic::error(OPERATION, at, format!("`{symbol}` is not defined for {found}")).help(why)
}

pub(crate) fn index_as_number(at: Span, base: &Base) -> Diagnostic {
    Diagnostic::error(BASE, at, format!("an index is an int, and {base} is wanted"))
        .help(format!("convert it: `(i as {base})`"))
}

pub(crate) fn not_an_index(meeting: &Meeting<'_>, found: &str, expected: &str) -> Diagnostic {
    let text = format!("{} takes {expected}, found {found}", meeting.who);
    let subject = meeting.subject();
    Diagnostic::error(NOT_AN_INDEX, meeting.at, text)
        .label(meeting.expected_at, format!("declared as {expected}"))
        .note("indices are integers that are known to be in range")
        .help(if found.starts_with("int") || found.starts_with('i') {
            format!("claim it where the program begins: `{subject} as {expected}`")
        } else {
            "tokenise first: indices are whole numbers, such as `Token<V>[B, T]`".to_owned()
        })
}

/// A comparison of positions in two tables.
pub(crate) fn compared_spaces(
    symbol: &str,
    (left, left_at): (&str, Span),
    (right, right_at): (&str, Span),
) -> Diagnostic {
    Diagnostic::error(INDEX_SPACE, right_at, format!("`{symbol}` of {left} and {right}"))
        .here(format!("this is {right}"))
        .label(left_at, format!("this is {left}"))
        .note("these are positions in two tables; equal numbers mean different things")
        .help("look both up in the same table, or compare the plain numbers: `… as int`")
}

pub(crate) fn gather(at: Span, found: &str, size: &str) -> Diagnostic {
    Diagnostic::error(NOT_AN_INDEX, at, format!("a gather takes Token or Index, found {found}"))
        .note("only an index type is known to be in range")
        .help(format!("make it with argmax or top_k, or claim it: `i as Index<{size}>`"))
}

pub(crate) fn index_space(
    at: Span,
    found: &str,
    expected: &str,
    left: &[Dim],
    right: &[Dim],
    declared: Span,
) -> Diagnostic {
    let list = |dims: &[Dim]| dims.iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ");
    Diagnostic::error(INDEX_SPACE, at, format!("{found} is used where {expected} is wanted"))
        .label(declared, format!("declared as {expected}"))
        .note(format!("the ranges are {} and {}", list(left), list(right)))
        .help(if found.starts_with("Token") {
            "make the tokeniser and the table agree".to_owned()
        } else {
            format!("give an index into the axis that is meant: {expected}")
        })
}

pub(crate) fn table_rows(
    scope: &Scope,
    at: Span,
    found: &str,
    space: &Dim,
    size: &Dim,
) -> Diagnostic {
    let constants = space.as_constant().is_some() && size.as_constant().is_some();
    let (space, size) = (scope.show(space), scope.show(size));
    let diagnostic =
        Diagnostic::error(INDEX_SPACE, at, format!("{found} is used with an axis of {size}"))
            .here(format!("less than {space}"));
    if constants {
        return diagnostic
            .note(format!("positions from {size} on are not in the axis"))
            .help(format!("give the axis {space} places"));
    }
    diagnostic
        .note(format!("the index is less than {space}, which is not known to be at most {size}"))
        .help(format!("give the axis {space} places, or add `where {space} <= {size}`"))
}
