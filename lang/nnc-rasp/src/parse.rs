//! From text to statements, and from what the generated parser complains of to messages.

use crate::ast::{Expr, ExprKind, Ident, Statement, StatementKind};
use crate::errors;
use crate::expected;
use crate::grammar::TopParser;
use crate::lexer::{Comment, lex, statements};
use crate::token::{Tok, Token};
use crate::value::Atom;
use lalrpop_util::{ErrorRecovery, ParseError};
use nnc_base::{Diagnostic, FileId, Name, Span};
use std::convert::Infallible;

/// What reading a file gives: always statements, and with them all that was wrong.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub statements: Vec<Statement>,
    /// In the order of the text.
    pub comments: Vec<Comment>,
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the text ends in the middle of a statement, so that a console reads on.
    pub unfinished: bool,
}

impl Parsed {
    /// Each statement alone, with the messages about it, so that what is said comes in the
    /// order of the text.
    pub fn apart(self) -> Vec<Parsed> {
        let mut diagnostics = self.diagnostics.into_iter().peekable();
        let mut parts: Vec<Parsed> = Vec::with_capacity(self.statements.len());
        for statement in self.statements {
            let end = statement.span.end;
            let mut own = Vec::new();
            while let Some(diagnostic) = diagnostics.next_if(|it| it.span().start <= end) {
                own.push(diagnostic);
            }
            parts.push(Parsed {
                statements: vec![statement],
                comments: Vec::new(),
                diagnostics: own,
                unfinished: false,
            });
        }
        let rest: Vec<Diagnostic> = diagnostics.collect();
        if !rest.is_empty() {
            parts.push(Parsed {
                statements: Vec::new(),
                comments: Vec::new(),
                diagnostics: rest,
                unfinished: self.unfinished,
            });
        }
        parts
    }
}

/// Reads a text of statements.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let lexed = lex(file, text);
    let mut diagnostics = lexed.diagnostics;
    let mut parsed = Vec::new();
    let mut unfinished = false;
    for tokens in statements(&lexed.tokens) {
        let last = tokens.last().map_or(0, |token| token.span.end);
        // Whether nothing stands behind what has been read of it.
        let at_end = lexed.tokens.last().is_some_and(|token| token.span.end == last);
        let mut context = Context { file, text, recoveries: Vec::new(), diagnostics: Vec::new() };
        let triples = tokens.iter().map(|token| (token.span.start, token.tok, token.span.end));
        let start = tokens.first().map_or(0, |token| token.span.start);
        let unread = Statement { kind: StatementKind::Error, span: Span::new(file, start, last) };
        let statement = match TopParser::new().parse(&mut context, triples) {
            // A function that is not whole would only give more messages where it is called.
            Ok(_) if !context.recoveries.is_empty() => unread,
            Ok(statement) => statement,
            Err(error) => {
                context.recoveries.push(error);
                unread
            }
        };
        let mut told = false;
        for error in &context.recoveries {
            let open = matches!(error, ParseError::UnrecognizedEof { .. });
            unfinished |= open && at_end;
            told |= push_message(&mut diagnostics, file, text, tokens, error, at_end);
        }
        if !told {
            diagnostics.extend(context.diagnostics);
        }
        parsed.push(statement);
    }
    // Where a letter is odd, the grammar's complaint of it says nothing more.
    diagnostics.sort_by_key(Diagnostic::span);
    Parsed { statements: parsed, comments: lexed.comments, diagnostics, unfinished }
}

/// A complaint of the generated parser.
type Complaint<'text> = ParseError<u32, Tok<'text>, Infallible>;

/// Makes a message of a complaint, and says whether there was one to make.
fn push_message(
    diagnostics: &mut Vec<Diagnostic>,
    file: FileId,
    text: &str,
    tokens: &[Token],
    error: &Complaint,
    at_end: bool,
) -> bool {
    let no_tokens: &[String] = &[];
    let (start, tok, end, expected) = match error {
        ParseError::UnrecognizedToken { token, expected } => {
            (token.0, Some(token.1), token.2, expected.as_slice())
        }
        ParseError::UnrecognizedEof { location, expected } => {
            (*location, None, *location, expected.as_slice())
        }
        ParseError::ExtraToken { token } => (token.0, Some(token.1), token.2, no_tokens),
        ParseError::InvalidToken { location } => (*location, None, *location, no_tokens),
        ParseError::User { error } => match *error {},
    };
    let span = Span::new(file, start, end);
    if tok == Some(Tok::Error) {
        return true;
    }
    let before = tokens.iter().rev().find(|token| token.span.end <= start).map(|it| it.span);
    let has = |terminal: &str| expected.iter().any(|it| it.trim_matches('"') == terminal);
    let starts_line =
        tokens.iter().any(|token| token.span.start == start && token.starts_line && start < end);
    let semicolon_missing =
        has(";") && (starts_line || tok == Some(Tok::RightBrace) || tok.is_none());
    let message = match before {
        Some(before) if semicolon_missing => {
            errors::missing_semicolon(Span::new(file, before.end, before.end))
        }
        _ if tok.is_none() => {
            let first = tokens.first().map_or(span, |token| token.span);
            let open = unclosed(tokens);
            errors::unfinished(first.to(span), open.map(|it| (it.span, closer(it.tok))), at_end)
        }
        _ => {
            let found = tok.map_or("the end".to_owned(), |tok| {
                expected::describe(tok, text.get(start as usize..end as usize).unwrap_or(""))
            });
            let before = tokens.iter().rev().find(|token| token.span.end <= start).map(|it| it.tok);
            let help = expected::help(expected, tok, before);
            errors::unexpected(span, &found, &expected::words(expected), help)
        }
    };
    diagnostics.push(message);
    true
}

/// The innermost bracket that is still open at the end.
fn unclosed<'a, 'text>(tokens: &'a [Token<'text>]) -> Option<&'a Token<'text>> {
    let mut open = Vec::new();
    for token in tokens {
        if token.tok.opens() {
            open.push(token);
        } else if token.tok.closes() {
            open.pop();
        }
    }
    open.pop()
}

fn closer(tok: Tok) -> &'static str {
    match tok {
        Tok::LeftBracket => "]",
        Tok::LeftBrace => "}",
        _ => ")",
    }
}

/// What the actions of the grammar share.
pub(crate) struct Context<'text> {
    file: FileId,
    text: &'text str,
    recoveries: Vec<Complaint<'text>>,
    diagnostics: Vec<Diagnostic>,
}

impl<'text> Context<'text> {
    pub(crate) fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end.max(start))
    }

    pub(crate) fn recovered(&mut self, recovery: ErrorRecovery<u32, Tok<'text>, Infallible>) {
        self.recoveries.push(recovery.error);
    }

    pub(crate) fn ident(&self, start: u32, word: &str, end: u32) -> Ident {
        Ident { name: Name::new(word), span: self.span(start, end) }
    }

    pub(crate) fn expr(&self, start: u32, kind: ExprKind, end: u32) -> Expr {
        Expr { kind, span: self.span(start, end) }
    }

    pub(crate) fn list<T>(&self, first: T, rest: Vec<T>) -> Vec<T> {
        std::iter::once(first).chain(rest).collect()
    }

    pub(crate) fn name(&self, word: &str) -> ExprKind {
        ExprKind::Name(Name::new(word))
    }

    pub(crate) fn int(&mut self, start: u32, digits: &str, end: u32) -> Atom {
        Atom::Int(digits.parse().unwrap_or_else(|_| {
            let span = self.span(start, end);
            let written = self.text.get(start as usize..end as usize).unwrap_or(digits);
            self.diagnostics.push(errors::number_too_large(span, written));
            i64::MAX
        }))
    }

    pub(crate) fn float(&self, digits: &str) -> Atom {
        // Digits, a point and digits are a number; the greatest are infinite.
        Atom::Float(digits.parse().unwrap_or(f64::INFINITY))
    }
}
