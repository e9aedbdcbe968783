//! From text to tokens. Nothing here fails: what is no token is reported and
//! stands in the list as [`Tok::Error`].

use crate::ast::ReduceOp;
use crate::errors;
use crate::token::{Tok, Token};
use logos::Logos;
use nnc_base::{Diagnostic, FileId, Span};

/// The tokens of a file, and beside them what the grammar does not see.
#[derive(Clone, Debug)]
pub struct Lexed<'text> {
    pub tokens: Vec<Token<'text>>,
    pub comments: Vec<Comment>,
    pub diagnostics: Vec<Diagnostic>,
}

/// A comment, from its `#` to the end of the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comment {
    pub span: Span,
    /// Whether it starts with `##`.
    pub doc: bool,
    /// Whether only blanks stand before it on its line.
    pub starts_line: bool,
}

/// Splits a text into tokens.
pub fn lex(file: FileId, text: &str) -> Lexed<'_> {
    let mut lexed = Lexed { tokens: Vec::new(), comments: Vec::new(), diagnostics: Vec::new() };
    if u32::try_from(text.len()).is_err() {
        lexed.diagnostics.push(errors::file_too_large(Span::new(file, 0, 0)));
        return lexed;
    }
    // Editors on some systems put a byte-order mark in front.
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut lexer = Tok::lexer(&text[skipped..]);
    let mut last_end = 0;
    while let Some(result) = lexer.next() {
        let start = lexer.span().start + skipped;
        let end = lexer.span().end + skipped;
        let span = Span::new(file, start as u32, end as u32);
        let starts_line = last_end == 0 || text[last_end..start].contains('\n');
        last_end = end;
        let tok = match result {
            Ok(Tok::Comment(comment)) => {
                let end = start + comment.trim_end().len();
                let span = Span::new(file, start as u32, end as u32);
                let doc = comment.starts_with("##");
                lexed.comments.push(Comment { span, doc, starts_line });
                continue;
            }
            Ok(tok) => checked(tok, span, &mut lexed.diagnostics),
            Err(()) => {
                // One message for a run of odd characters.
                if let Some(last) = lexed.tokens.last_mut()
                    && last.tok == Tok::Error
                    && last.span.end == span.start
                {
                    last.span = last.span.to(span);
                    continue;
                }
                lexed.diagnostics.push(errors::unknown_character(span, &text[start..end]));
                // What typographic quotes enclose is meant as a string.
                let line = text[end..].split('\n').next().unwrap_or("");
                match line
                    .find(['”', '“', '"'])
                    .filter(|_| text[start..end].starts_with(['“', '”']))
                {
                    Some(length) => {
                        let closing = line[length..].chars().next().map_or(0, char::len_utf8);
                        lexer.bump(length + closing);
                        last_end = end + length + closing;
                        let span = Span::new(file, span.start, last_end as u32);
                        let tok = Tok::Str(&line[..length]);
                        lexed.tokens.push(Token { tok, span, starts_line });
                        continue;
                    }
                    None => Tok::Error,
                }
            }
        };
        lexed.tokens.push(Token { tok, span, starts_line });
    }
    find_reductions(&mut lexed.tokens);
    lexed
}

/// Reports a literal that is not quite right and makes it one that is.
fn checked<'text>(tok: Tok<'text>, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Tok<'text> {
    match tok {
        // The largest number itself is refused too: it is the mark of one that is too large.
        Tok::Int(i64::MAX) => diagnostics.push(errors::number_out_of_range(span)),
        Tok::Float(value) | Tok::Quantity((value, _)) if value.is_infinite() => {
            diagnostics.push(errors::number_out_of_range(span));
        }
        Tok::OpenStr(text) => {
            diagnostics.push(errors::unterminated_string(span));
            return Tok::Str(text);
        }
        Tok::OddNumber(text) => {
            let at = text.find(|letter: char| letter != '.' && !letter.is_ascii_digit());
            let (digits, letters) = text.split_at(at.unwrap_or(text.len()));
            diagnostics.push(errors::unknown_unit(span, digits, letters));
            return match digits.parse() {
                Ok(value) => Tok::Int(value),
                Err(_) => Tok::Float(digits.parse().unwrap_or(f64::MAX)),
            };
        }
        Tok::Str(text) => {
            if let Err((at, letter)) = unescape(text) {
                let start = span.start + 1 + at as u32;
                let end = start + 1 + letter.len_utf8() as u32;
                diagnostics.push(errors::unknown_escape(Span::new(span.file, start, end), letter));
            }
        }
        _ => {}
    }
    tok
}

/// The text of a string literal; an escape that does not exist is given by
/// where it stands and its letter.
pub(crate) fn unescape(text: &str) -> Result<String, (usize, char)> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text.char_indices();
    while let Some((at, letter)) = rest.next() {
        if letter != '\\' {
            result.push(letter);
            continue;
        }
        match rest.next() {
            Some((_, 'n')) => result.push('\n'),
            Some((_, 't')) => result.push('\t'),
            Some((_, same @ ('"' | '\\'))) => result.push(same),
            Some((_, other)) => return Err((at, other)),
            // Only the string that its line does not end stops here.
            None => {}
        }
    }
    Ok(result)
}

/// Tells `sum[d] …` and `sum<f16>[d] …` from the name `sum`.
fn find_reductions(tokens: &mut [Token]) {
    for at in 0..tokens.len() {
        let Tok::Lower(word) = tokens[at].tok else { continue };
        let Some(op) = ReduceOp::ALL.into_iter().find(|op| op.as_str() == word) else { continue };
        if at > 0 && tokens[at - 1].tok == Tok::Dot {
            continue;
        }
        let after = |distance: usize| tokens.get(at + distance).map(|token| token.tok);
        let reduces = match after(1) {
            Some(Tok::LeftBracket) => true,
            Some(Tok::Less) => {
                matches!(after(2), Some(Tok::Lower(_) | Tok::Upper(_)))
                    && after(3) == Some(Tok::Greater)
                    && after(4) == Some(Tok::LeftBracket)
            }
            _ => false,
        };
        if reduces {
            tokens[at].tok = Tok::Reduce(op);
        }
    }
}
