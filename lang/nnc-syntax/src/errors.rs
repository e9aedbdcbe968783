//! What the syntax has to say, a function for each mistake.

use crate::ast::Ident;
use crate::token::RESERVED;
use nnc_base::{Code, Diagnostic, Span};

/// A word of the language where a name is needed.
pub(crate) const WORD: Code = Code("E0011");

/// A token where it does not fit.
pub(crate) fn unexpected(at: Span, found: &str, expected: &str, help: String) -> Diagnostic {
    Diagnostic::error(Code("E0001"), at, format!("expected {expected}, found {found}"))
        .here("this does not fit here")
        .help(help)
}

/// A word or sign of another language.
pub(crate) fn habit(at: Span, written: &str, help: &str) -> Diagnostic {
    Diagnostic::error(Code("E0001"), at, format!("the language has no `{written}` here"))
        .here("this does not fit here")
        .help(help)
}

pub(crate) fn missing_semicolon(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0002"), at, "this statement does not end in `;`")
        .here("`;` belongs here")
        .help("write `;` here; only the value at the end of a block stands without")
}

pub(crate) fn unclosed(open: Span, text: &str, closer: &str, end: Span) -> Diagnostic {
    Diagnostic::error(Code("E0003"), open, format!("`{text}` is never closed"))
        .here("opened here")
        .label(end, format!("`{closer}` belongs here at the latest"))
        .help(format!("write `{closer}` where the part that starts with this `{text}` ends"))
}

pub(crate) fn unmatched(at: Span, text: &str) -> Diagnostic {
    let open = match text {
        ")" => "(",
        "]" => "[",
        _ => "{",
    };
    Diagnostic::error(Code("E0004"), at, format!("`{text}` closes nothing"))
        .here(format!("no `{open}` is open here"))
        .help(format!("take it out, or write the `{open}` it belongs to"))
}

/// A bracket closed by the sign for another one.
pub(crate) fn mismatched(
    at: Span,
    text: &str,
    open: Span,
    opener: &str,
    closer: &str,
) -> Diagnostic {
    Diagnostic::error(Code("E0003"), open, format!("`{opener}` is closed by `{text}`"))
        .here("opened here")
        .label(at, format!("this should be `{closer}`"))
        .help(format!("write `{closer}`"))
}

pub(crate) fn unknown_character(at: Span, text: &str) -> Diagnostic {
    let letter = text.chars().next().unwrap_or(' ');
    let help = match letter {
        '&' => "write `&&` for \"and\"".to_owned(),
        '\'' | '“' | '”' | '‘' | '’' => "strings stand in `\"…\"`".to_owned(),
        '^' => "there is no power operator: write `x * x`, or `pow(x, n)`".to_owned(),
        '~' => "write `!` for \"not\"".to_owned(),
        '×' | '·' | '⋅' => "write `*` for a product".to_owned(),
        '÷' => "write `/`".to_owned(),
        '−' | '–' => "write the plain `-`".to_owned(),
        '→' => "write `->`".to_owned(),
        '≤' => "write `<=`".to_owned(),
        '≥' => "write `>=`".to_owned(),
        '≠' => "write `!=`".to_owned(),
        '∑' | 'Σ' => "write `sum[i] …`".to_owned(),
        _ if letter.is_alphabetic() => {
            "names are written in plain letters `a-z`, `A-Z`, digits and `_`".to_owned()
        }
        _ => "take it out".to_owned(),
    };
    Diagnostic::error(Code("E0005"), at, format!("unknown character `{}`", letter.escape_debug()))
        .here("no word or sign of the language starts like this")
        .help(help)
}

pub(crate) fn unterminated_string(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0006"), at, "this string has no end")
        .here("the line ends before a closing `\"`")
        .help("write `\"` where the string ends; `\\n` stands for a line break in it")
}

pub(crate) fn unknown_escape(at: Span, letter: char) -> Diagnostic {
    Diagnostic::error(Code("E0007"), at, format!("unknown escape `\\{letter}` in a string"))
        .here("not an escape")
        .help("write one of `\\n`, `\\t`, `\\\"`, or `\\\\` for the backslash itself")
}

pub(crate) fn number_out_of_range(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0008"), at, "this number is too large")
        .here("does not fit into 64 bits")
        .help(format!("write a smaller one: integers go up to {}, others to 1.7e308", i64::MAX - 1))
}

pub(crate) fn unknown_unit(at: Span, digits: &str, letters: &str) -> Diagnostic {
    Diagnostic::error(Code("E0009"), at, format!("`{letters}` is not a unit"))
        .here("a name may not start with a digit, and a number ends in a unit or nothing")
        .help(format!("write `{digits} * {letters}` for a product; the units are `Hz`, `kHz`, `ms`, `s` and `px`"))
}

pub(crate) fn chained_comparison(at: Span, pair: Span, repair: &str) -> Diagnostic {
    Diagnostic::error(Code("E0010"), at, "comparisons do not chain")
        .here("a second comparison of the same value")
        .label(pair, "this is already true or false")
        .help(format!("write `{repair}`"))
}

/// A reserved word where a name is needed.
pub(crate) fn reserved_word(at: Span, word: &str) -> Diagnostic {
    Diagnostic::error(WORD, at, format!("`{word}` is a word of the language and no name"))
        .here("a name is needed here")
        .note(format!("never names: {}", RESERVED.map(|word| format!("`{word}`")).join(", ")))
        .help(format!("choose another name, such as `{word}_`"))
}

/// `sum` or its like where a name is needed.
pub(crate) fn reduction_as_name(at: Span, word: &str) -> Diagnostic {
    Diagnostic::error(WORD, at, format!("`{word}[` starts a reduction and is no name"))
        .here("a name is needed here")
        .help(format!("choose another name for what is indexed, such as `{word}_of`"))
}

pub(crate) fn assignment(name: Ident) -> Diagnostic {
    let text = name.as_str();
    Diagnostic::error(Code("E0012"), name.span, format!("`{text}` cannot be assigned to"))
        .here("a value never changes under its name")
        .help(format!(
            "write `let {text} = …;` for a new value, or `{text}[i, j] = …;` for every element of a carry or of an `inout` tensor"
        ))
}

pub(crate) fn bad_update(at: Span, written: &str) -> Diagnostic {
    Diagnostic::error(Code("E0012"), at, format!("`{written}` cannot be assigned to"))
        .here("only `name[indices]` can be on the left of `=`")
        .help("write `let name[i, j] = …;` for a new value, or update a carry: `h[i, j] = …;`")
}

pub(crate) fn type_of_pattern(at: Span, pattern: Span) -> Diagnostic {
    Diagnostic::error(Code("E0013"), at, "only a plain name takes a type")
        .label(pattern, "the axes and elements of this follow from its value")
        .help("leave the type out, or claim an element type in the value: `… as Logits`")
}

pub(crate) fn layer_pattern(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0013"), at, "a layer has a plain name")
        .help("one layer a line: `let norm = layer LayerNorm<4>;`")
}

pub(crate) fn unnamed_function(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0014"), at, "a function outside a layer needs a name")
        .here("only the main function of a layer has none")
        .help("write a name after `fn`, or move the function into a layer")
}

pub(crate) fn hole_in_layer(name: Ident) -> Diagnostic {
    Diagnostic::error(Code("E0015"), name.span, "a layer has no holes")
        .here("holes belong into a `space`")
        .help("write `space` instead of `layer`, or give the field a layer: `name: Linear<D, D>`")
}

/// A question about something that is not one layer, or layers one after the other.
pub(crate) fn not_a_chain(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0520"), at, "this is not a layer, or layers one after the other")
        .help("such as `Conv2d<C, K>(k=3)` or `MaxPool(2) >> Conv2d<C, K>(k=1)`")
}

pub(crate) fn bad_stored_name(at: Span, inside: &str) -> Diagnostic {
    let message = format!("`{{{inside}` in a stored name is not an index");
    Diagnostic::error(Code("E0016"), at, message)
        .here("`{` starts an index here")
        .help("write a lower-case name and `}`: `\"h.{i}.weight\" = blocks[i].weight`, or `{i+1}`, `{2*i+1}` where the file counts otherwise")
}

pub(crate) fn too_deep(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0017"), at, "this is nested too deeply")
        .here(format!("more than {} brackets are open here", crate::balance::MAX_BRACKETS))
        .help("give the inner parts names with `let`")
}

pub(crate) fn too_long(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0018"), at, "this expression is too long")
        .here(format!("more than {} operators so far", crate::balance::MAX_OPERATORS))
        .help("give parts of it names with `let`")
}

pub(crate) fn missing_body(at: Span, keyword: &str) -> Diagnostic {
    let help = match keyword {
        "fn" => "write `{ … }` or `= expression` behind the signature".to_owned(),
        _ => "write `{ … }` behind it".to_owned(),
    };
    Diagnostic::error(Code("E0019"), at, format!("this `{keyword}` has no body"))
        .here("the body belongs here")
        .help(help)
}

pub(crate) fn missing_open_brace(at: Span, keyword: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0019"),
        at,
        format!("the body of this `{keyword}` does not start with `{{`"),
    )
    .here("`{` belongs here")
    .help("write `{` before the first line of the body, and `}` after the last")
}

pub(crate) fn file_too_large(at: Span) -> Diagnostic {
    Diagnostic::error(Code("E0020"), at, "this file is larger than 4 GiB")
        .help("split it into several files")
}
