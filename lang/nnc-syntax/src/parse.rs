//! From text to a tree, and from what the generated parser complains of to
//! messages.

use crate::ast::Module;
use crate::balance::{Balanced, Repair, RepairKind, balance};
use crate::context::{Context, Mistake};
use crate::errors;
use crate::expected;
use crate::grammar::ModuleParser;
use crate::lexer::{Comment, lex};
use crate::token::{Tok, Token};
use lalrpop_util::ParseError;
use nnc_base::{Diagnostic, FileId, Span};

/// What parsing a file gives: always a tree, and with it all that was wrong.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub module: Module,
    /// In the order of the text, `##` comments included.
    pub comments: Vec<Comment>,
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a file.
///
/// A mistake is reported once, and costs as little of the tree as possible.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let lexed = lex(file, text);
    let balanced = balance(text, &lexed.tokens);
    let mut context = Context::new(file, text, &balanced.tokens, &lexed.comments);
    let triples = balanced.tokens.iter().map(|token| (token.span.start, token.tok, token.span.end));
    let module = match ModuleParser::new().parse(&mut context, triples) {
        Ok(module) => module,
        // No recovery point fits, which the one for a declaration should exclude.
        Err(error) => {
            context.mistakes.push(Mistake { error, dropped: Vec::new() });
            Module { items: Vec::new(), span: Span::new(file, 0, text.len() as u32) }
        }
    };
    let mut diagnostics = lexed.diagnostics;
    diagnostics.append(&mut context.diagnostics);
    let mistakes = context.mistakes;
    diagnostics.extend(Report { file, text, balanced, mistakes }.messages());
    diagnostics.sort_by_key(Diagnostic::span);
    Parsed { module, comments: lexed.comments, diagnostics }
}

/// What the balancer and the parser found, to be made one list in which each
/// mistake stands once.
struct Report<'text> {
    file: FileId,
    text: &'text str,
    balanced: Balanced<'text>,
    mistakes: Vec<Mistake<'text>>,
}

impl Report<'_> {
    fn messages(mut self) -> Vec<Diagnostic> {
        let mut messages = Vec::new();
        let mut skipped: Vec<(u32, u32)> = Vec::new();
        // Braces that a recovery skipped; their partners are no second mistake.
        let mut skipped_braces = 0;
        for mistake in &self.mistakes {
            let (start, tok, end) = place(&mistake.error, self.text.len() as u32);
            let silent = skipped_braces > 0 && tok == Some(Tok::RightBrace);
            if let (Some(first), Some(last)) = (mistake.dropped.first(), mistake.dropped.last()) {
                skipped.push((first.0, last.2));
            }
            for (_, tok, _) in &mistake.dropped {
                match tok {
                    Tok::LeftBrace => skipped_braces += 1,
                    Tok::RightBrace if skipped_braces > 0 => skipped_braces -= 1,
                    _ => {}
                }
            }
            if silent || tok == Some(Tok::Error) {
                continue;
            }
            if start == end && is_repaired(&mut self.balanced.repairs, start) {
                continue;
            }
            // The token after a mistake often does not fit either.
            let follows = |&(from, to): &(u32, u32)| from <= start && start < to;
            let earlier = skipped.len().saturating_sub(usize::from(!mistake.dropped.is_empty()));
            if skipped[..earlier].iter().any(follows) {
                continue;
            }
            messages.push(self.message(mistake, start, tok, end));
        }
        let outside = |repair: &Repair| {
            repair.kind == RepairKind::Other
                || !skipped.iter().any(|&(from, to)| from <= repair.at && repair.at <= to)
        };
        let repairs = self.balanced.repairs.into_iter().filter(outside);
        messages.extend(repairs.map(|repair| repair.diagnostic));
        messages
    }

    fn message(&self, mistake: &Mistake, start: u32, tok: Option<Tok>, end: u32) -> Diagnostic {
        let found_at = Span::new(self.file, start, end);
        let expected = match &mistake.error {
            ParseError::UnrecognizedEof { expected, .. }
            | ParseError::UnrecognizedToken { expected, .. } => expected.as_slice(),
            ParseError::InvalidToken { .. }
            | ParseError::ExtraToken { .. }
            | ParseError::User { .. } => &[],
        };
        let found = self.text.get(start as usize..end as usize).unwrap_or("");
        let name_fits = expected.iter().any(|name| name == "LOWER" || name == "UPPER");
        if let Some(tok) = tok
            && name_fits
            && self.is_meant_as_name(found_at, tok)
        {
            return match tok {
                Tok::Reduce(_) => errors::reduction_as_name(found_at, found),
                _ => errors::reserved_word(found_at, found),
            };
        }
        let before = self.token_before(start);
        // What is missing belongs behind what stands before it.
        let at = match before {
            Some(before) if found.is_empty() => {
                Span::new(self.file, before.span.start, before.span.end)
            }
            _ => found_at,
        };
        let found = match tok {
            None => "the end of the file".to_owned(),
            Some(tok) if start == end => match tok {
                Tok::Semicolon | Tok::Equal => "the end of the statement".to_owned(),
                _ => "the end of this part".to_owned(),
            },
            Some(tok) => expected::describe(tok, found),
        };
        let words = expected::words(expected);
        let help = expected::help(expected, tok, before.map(|token| token.tok));
        errors::unexpected(at, &found, &words, help)
    }

    fn token_before(&self, start: u32) -> Option<Token<'_>> {
        let tokens = &self.balanced.tokens;
        let at = tokens.partition_point(|token| token.span.start < start);
        tokens[..at].iter().rev().find(|token| token.span.start < token.span.end).copied()
    }

    /// Whether a reserved word stands where only a name can: in front of `:`,
    /// `=`, `,` or an index, or behind a word that introduces a name.
    fn is_meant_as_name(&self, at: Span, tok: Tok) -> bool {
        if !tok.is_reserved_word() && !matches!(tok, Tok::Reduce(_)) {
            return false;
        }
        let tokens = &self.balanced.tokens;
        let index = tokens.partition_point(|token| token.span.start < at.start);
        let next = tokens.get(index + 1).map(|token| token.tok);
        let before = index.checked_sub(1).map(|before| tokens[before].tok);
        let introduced = matches!(
            before,
            Some(
                Tok::Let | Tok::Fn | Tok::Layer | Tok::Struct | Tok::Const | Tok::Yield | Tok::Dot
            )
        );
        let named = matches!(next, Some(Tok::Colon | Tok::Equal | Tok::Comma | Tok::RightParen));
        introduced || (named && tok.is_reserved_word())
    }
}

/// Settles a complaint at a token that the balancer put in; says whether the
/// balancer's own message covers it.
fn is_repaired(repairs: &mut Vec<Repair>, at: u32) -> bool {
    let Some(index) = repairs.iter().position(|repair| repair.at == at) else { return false };
    match repairs[index].kind {
        RepairKind::Other => true,
        RepairKind::Semicolon => {
            repairs.remove(index);
            false
        }
    }
}

/// Where a syntax error is, and at which token; `None` at the end of the file.
fn place<'text>(
    error: &ParseError<u32, Tok<'text>, std::convert::Infallible>,
    end: u32,
) -> (u32, Option<Tok<'text>>, u32) {
    match error {
        ParseError::UnrecognizedToken { token, .. } | ParseError::ExtraToken { token } => {
            (token.0, Some(token.1), token.2)
        }
        ParseError::UnrecognizedEof { location, .. } | ParseError::InvalidToken { location } => {
            ((*location).min(end), None, (*location).min(end))
        }
        ParseError::User { error } => match *error {},
    }
}
