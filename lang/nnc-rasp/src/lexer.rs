//! From text to tokens, cut into statements.
//!
//! A statement of the language ends at its `;` or with the block that it has. What is said
//! to the console has no `;`: `set example "hello"` ends with its line, which becomes a
//! token. Cutting first means that a mistake costs one statement and never the next one.

use crate::errors;
use crate::token::{Tok, Token};
use logos::Logos;
use nnc_base::{Diagnostic, FileId, Span};

/// A comment, from its `#` to the end of the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comment {
    pub span: Span,
    /// Whether only blanks stand before it on its line.
    pub starts_line: bool,
}

pub(crate) struct Lexed<'text> {
    pub(crate) tokens: Vec<Token<'text>>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

pub(crate) fn lex(file: FileId, text: &str) -> Lexed<'_> {
    let mut lexed = Lexed { tokens: Vec::new(), comments: Vec::new(), diagnostics: Vec::new() };
    if u32::try_from(text.len()).is_err() {
        lexed.diagnostics.push(errors::file_too_large(Span::new(file, 0, 0)));
        return lexed;
    }
    // Editors on some systems put a byte-order mark in front.
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut lexer = Tok::lexer(&text[skipped..]);
    let mut last_end = 0;
    // Whether a `set example` is being read, and how many brackets are open in it.
    let mut setting: Option<usize> = None;
    while let Some(result) = lexer.next() {
        let (start, end) = (lexer.span().start + skipped, lexer.span().end + skipped);
        let span = Span::new(file, start as u32, end as u32);
        let starts_line = last_end == 0 || text[last_end..start].contains('\n');
        if starts_line && setting == Some(0) && line_may_end(&lexed.tokens) {
            push_line_end(&mut lexed.tokens, file);
            setting = None;
        }
        last_end = end;
        let tok = match result {
            Ok(Tok::Comment(_)) => {
                lexed.comments.push(Comment { span, starts_line });
                continue;
            }
            Ok(Tok::OpenText(inside)) => {
                lexed.diagnostics.push(errors::open_text(span));
                // Where its line ends in `;`, the statement ends there, too.
                if inside.trim_end().ends_with(';') {
                    let at = start + text[start..end].trim_end().len() - 1;
                    let text = Span::new(file, span.start, at as u32);
                    lexed.tokens.push(Token { tok: Tok::Error, span: text, starts_line });
                    let span = Span::new(file, at as u32, at as u32 + 1);
                    lexed.tokens.push(Token { tok: Tok::Semicolon, span, starts_line: false });
                    continue;
                }
                Tok::Error
            }
            Ok(tok) => tok,
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
                Tok::Error
            }
        };
        match (&mut setting, tok) {
            (_, Tok::Set) => setting = Some(0),
            (Some(open), tok) if tok.opens() => *open += 1,
            (Some(open), tok) if tok.closes() => *open = open.saturating_sub(1),
            _ => {}
        }
        lexed.tokens.push(Token { tok, span, starts_line });
    }
    if setting == Some(0) && line_may_end(&lexed.tokens) {
        push_line_end(&mut lexed.tokens, file);
    }
    lexed
}

/// Whether the statement can be over: `set example` and `1 +` go on in the next line.
fn line_may_end(tokens: &[Token]) -> bool {
    tokens.last().is_some_and(|token| token.tok.ends_expr())
}

fn push_line_end(tokens: &mut Vec<Token>, file: FileId) {
    let end = tokens.last().map_or(0, |token| token.span.end);
    tokens.push(Token { tok: Tok::LineEnd, span: Span::new(file, end, end), starts_line: false });
}

/// The tokens of each statement, in order.
pub(crate) fn statements<'a, 'text>(tokens: &'a [Token<'text>]) -> Vec<&'a [Token<'text>]> {
    let mut statements = Vec::new();
    let mut start = 0;
    while start < tokens.len() {
        let length = length(&tokens[start..]);
        statements.push(&tokens[start..start + length]);
        start += length;
    }
    statements
}

/// How many tokens the first statement has; at least one.
fn length(tokens: &[Token]) -> usize {
    let after = |at: usize| tokens.get(at).map(|token| token.tok);
    let block = matches!(after(0), Some(Tok::Def | Tok::For));
    match (after(0), after(1)) {
        (Some(Tok::Exit), _) => return 1,
        (Some(Tok::FullSeqDisplay | Tok::Examples), Some(Tok::On | Tok::Off)) => return 2,
        (Some(Tok::Show), Some(Tok::Example)) => return 2,
        (Some(Tok::Show), Some(Tok::Sop | Tok::Selector)) if after(2) == Some(Tok::Example) => {
            return 3;
        }
        (Some(Tok::Sop | Tok::Selector), Some(Tok::Examples)) if after(2).is_some() => return 3,
        _ => {}
    }
    let mut open = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        // The word that starts another statement shows that this one was not ended.
        let starts_another = token.starts_line
            && at > 0
            && match token.tok {
                Tok::Def | Tok::Load | Tok::Draw => !block,
                Tok::Set | Tok::Show | Tok::FullSeqDisplay | Tok::Exit => true,
                _ => false,
            };
        if starts_another {
            return at;
        }
        match token.tok {
            tok if tok.opens() => open += 1,
            Tok::RightBrace if block && open == 1 => return at + 1,
            tok if tok.closes() => open = open.saturating_sub(1),
            Tok::Semicolon if !block && open == 0 => return at + 1,
            // No `;` stands in brackets but in a block's.
            Tok::Semicolon if !block && closes_too_late(tokens, at) => return at + 1,
            Tok::LineEnd if !block => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Whether a `;` that stands in brackets ends its line, so that a bracket is missing
/// before it.
fn closes_too_late(tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_none_or(|next| next.starts_line)
}
