//! What people write who come from other languages, and what is written here instead.
//!
//! Such a word or sign is no mistake of its own kind for the parser, which stops at it
//! or just behind it. Told by name, it is repaired at once.

use crate::token::{Tok, Token};

/// A word or sign of other languages where parsing stopped.
pub(crate) struct Habit {
    /// The tokens that it is made of, from the first of the list to the last.
    pub(crate) tokens: std::ops::RangeInclusive<usize>,
    pub(crate) help: &'static str,
}

/// The habit at a token, or of which the token is the end or what follows.
pub(crate) fn find(tokens: &[Token<'_>], at: usize, text: &str, item: bool) -> Option<Habit> {
    let word = |at: usize| {
        let token = tokens.get(at)?;
        text.get(token.span.start as usize..token.span.end as usize)
    };
    let token = tokens.get(at)?;
    let found = word(at)?;
    let before = at.checked_sub(1);
    // A sign of two is read as two tokens that touch.
    if let Some(before) = before
        && tokens[before].span.end == token.span.start
        && let Some(help) = sign(word(before)?, found)
    {
        return Some(Habit { tokens: before..=at, help });
    }
    if let Some(help) = here(token, found, item) {
        return Some(Habit { tokens: at..=at, help });
    }
    if let Some(before) = before
        && !token.starts_line
        && matches!(tokens[before].tok, Tok::Lower(_))
        && let Some(help) = in_front(word(before)?)
    {
        return Some(Habit { tokens: before..=before, help });
    }
    if let Some(first) = made_by_value(tokens, at) {
        let help = "a layer that is made for another one stands behind `:`, as a field does: \
                    `inner: Linear<D, D>`";
        return Some(Habit { tokens: first..=at - 1, help });
    }
    // `sum(d) x[d]`
    if let Some(first) = at.checked_sub(4)
        && let [name, open, Token { tok: Tok::Lower(_), .. }, close] = &tokens[first..at]
        && (open.tok, close.tok) == (Tok::LeftParen, Tok::RightParen)
        && matches!(name.tok, Tok::Lower(_))
        && crate::ast::ReduceOp::ALL.into_iter().any(|op| Some(op.as_str()) == word(first))
    {
        let help = "the indices of a reduction stand in square brackets: `sum[d] x[b, d]`";
        return Some(Habit { tokens: first..=at - 1, help });
    }
    None
}

/// Where `Linear<D, D>` starts that stands behind `inner =` and up to here.
fn made_by_value(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let is = |at: usize, tok: Tok<'_>| tokens.get(at).is_some_and(|token| token.tok == tok);
    let close = at.checked_sub(1).filter(|close| is(*close, Tok::Greater))?;
    let open = (0..close).rev().find(|open| is(*open, Tok::Less))?;
    let name = open.checked_sub(1)?;
    let made = matches!(tokens[name].tok, Tok::Upper(_)) && is(name.checked_sub(1)?, Tok::Equal);
    made.then_some(name)
}

fn sign(first: &str, second: &str) -> Option<&'static str> {
    Some(match (first, second) {
        ("*", "*") => "there is no power operator: write `x * x`, or `pow(x, n)`",
        ("+" | "-" | "*" | "/", "=") => {
            "write it out: `let y = x + …;` for a new value, `h[i] = h[i] + …;` for a carry"
        }
        (":", "=") => "write `let y = …;`",
        ("=", ">") => "write `->` in front of a result's type",
        _ => return None,
    })
}

/// Words and signs at which parsing stops.
fn here(token: &Token<'_>, found: &str, item: bool) -> Option<&'static str> {
    Some(match found {
        "//" if token.starts_line => "comments start with `#`",
        "@" => {
            "write a product of matrices with its indices: `let y[b, f] = sum[d] x[b, d] * w[d, f];`"
        }
        "and" => "write `&&` for \"and\"",
        "or" => "write `||` for \"or\"",
        "then" => "write `if c { … } else { … }`",
        "for" | "while" if token.starts_line => {
            "write a `scan` for steps in time, a `fold` for one layer after another, and indices for elements"
        }
        "def" | "func" | "function" if item => "write `fn`",
        "import" | "from" | "include" if item => "write `use`, such as `use std.nn.{Linear}`",
        "class" | "module" if item => "write `layer` for something with parameters, or `struct`",
        "test" if item => "a test has a name: `test \"adds up\" { … }`",
        _ => return None,
    })
}

/// Words behind which parsing stops, as if they were names.
fn in_front(word: &str) -> Option<&'static str> {
    Some(match word {
        "return" => "leave it out: the last expression of a block is its value, without `;`",
        "not" => "write `!` for \"not\"",
        "mut" | "var" => "leave it out: a `let` gives a new value its name, and nothing changes it",
        "lambda" => "write `|h, block| …` as the last argument of `fold`, or declare a `fn`",
        "elif" => "write `else { if c { … } else { … } }`",
        _ => return None,
    })
}
