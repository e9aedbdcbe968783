//! Elements and their meanings: E03xx.

use nnc_base::{Code, Diagnostic, Span};
use nnc_hir::Base;
use nnc_shape::Dim;
use nnc_syntax::ast::NamedType;

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

pub(crate) fn meaning(
    at: Span,
    found: &str,
    expected: &str,
    declared: Span,
    who: &str,
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(MEANING, at, format!("{who} takes {expected}, this is {found}"))
            .label(declared, format!("declared as {expected}"));
    match (found, expected) {
        (found, expected) if found.starts_with("Prob") && expected.starts_with("Logits") => {
            diagnostic
                .note("a softmax was applied already; the loss applies its own")
                .help("pass the scores before the softmax, or use nll(log(p)) if you mean it")
        }
        (found, expected) if found.starts_with("Prob") && expected.starts_with("LogProb") => {
            diagnostic.help("take the logarithm: log(p)")
        }
        _ => diagnostic
            .note("a meaning is forgotten without a word, and claimed with `as`")
            .help(format!("if it is that, say so: `x as {expected}`")),
    }
}

pub(crate) fn double_softmax(at: Span, found: &str, softmax: Span) -> Diagnostic {
    Diagnostic::error(MEANING, at, format!("softmax of {found}: these are probabilities already"))
        .label(softmax, "the second softmax")
        .help("leave it out, or forget the meaning on purpose: `p as f32`")
}

pub(crate) fn mask(
    at: Span,
    found: &str,
    expected: &str,
    polarity: bool,
    is_bool: bool,
    declared: Span,
) -> Diagnostic {
    let say = |name: &str| match name {
        "Mask" => "Mask (true = attend)".to_owned(),
        "PadMask" => "PadMask (true = ignore)".to_owned(),
        other => other.to_owned(),
    };
    let diagnostic =
        Diagnostic::error(MASK, at, format!("expected {}, found {}", say(expected), say(found)))
            .label(declared, format!("{expected} is wanted here"));
    if polarity {
        diagnostic.help("negate it: `!mask`")
    } else if is_bool {
        diagnostic.help(format!("say which it is: `x as {expected}`"))
    } else {
        diagnostic
            .note("a mask of numbers would be added to the scores")
            .help("compare it: `x > 0`")
    }
}

pub(crate) fn claim(at: Span, found: &str, to: &str, why: &str) -> Diagnostic {
    Diagnostic::error(CLAIM, at, format!("{found} cannot be claimed to be {to}: {why}"))
        .help("convert the numbers first, such as `x as f32`, or compare them")
}

pub(crate) fn base(at: Span, found: &str, expected: &str, declared: Span, who: &str) -> Diagnostic {
    Diagnostic::error(BASE, at, format!("{who} takes {expected}, this is {found}"))
        .label(declared, format!("declared as {expected}"))
        .note("numbers are not converted without a word")
        .help(format!("`x as {expected}`"))
}

pub(crate) fn operands(
    at: Span,
    symbol: &str,
    left: &str,
    left_at: Span,
    right: &str,
    right_at: Span,
) -> Diagnostic {
    Diagnostic::error(BASE, at, format!("`{symbol}` of {left} and {right}"))
        .label(left_at, format!("this is {left}"))
        .label(right_at, format!("this is {right}"))
        .note("both sides have one element type; numbers are not converted without a word")
        .help(format!("write `… as {left}` on the right, or `… as {right}` on the left"))
}

pub(crate) fn operation(at: Span, symbol: &str, found: &str, why: &str) -> Diagnostic {
    Diagnostic::error(OPERATION, at, format!("`{symbol}` is not defined for {found}")).help(why)
}

pub(crate) fn index_as_number(at: Span, base: &Base) -> Diagnostic {
    Diagnostic::error(BASE, at, format!("an index is an int, and {base} is wanted"))
        .help(format!("convert it: `(i as {base})`"))
}

pub(crate) fn not_an_index(
    at: Span,
    found: &str,
    expected: &str,
    declared: Span,
    who: &str,
) -> Diagnostic {
    Diagnostic::error(NOT_AN_INDEX, at, format!("{who} takes {expected}, found {found}"))
        .label(declared, format!("declared as {expected}"))
        .note("indices are integers that are known to be in range")
        .help(format!("tokenise first, or claim it where the program begins: `ids as {expected}`"))
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
        .help("make the tokeniser and the table agree")
}

pub(crate) fn table_rows(
    scope: &Scope,
    at: Span,
    found: &str,
    space: &Dim,
    size: &Dim,
) -> Diagnostic {
    let (space, size) = (scope.show(space), scope.show(size));
    Diagnostic::error(INDEX_SPACE, at, format!("{found} is used with an axis of {size}"))
        .note(format!("the index is less than {space}, which is not known to be at most {size}"))
        .help(format!("give the axis {space} places, or add `where {space} <= {size}`"))
}
