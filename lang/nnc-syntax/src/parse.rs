//! From text to a tree, and from what the generated parser complains of to
//! messages.

use crate::ast::{Candidate, Item, ItemKind, LayerUse, Member, MemberKind, Module};
use crate::balance::{Balanced, Repair, RepairKind, balance};
use crate::context::{Context, Mistake};
use crate::errors;
use crate::examples;
use crate::expected;
use crate::grammar::ModuleParser;
use crate::habits;
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
/// A mistake is reported once, and costs as little of the tree as possible. Examples in
/// doc comments are tests at the end of the module.
pub fn parse(file: FileId, text: &str) -> Parsed {
    let mut parsed = parse_text(file, text);
    if let Some(only) = examples::only_examples(text) {
        let read = parse_text(file, &only);
        parsed.diagnostics.extend(read.diagnostics);
        parsed.diagnostics.sort_by_key(Diagnostic::span);
        examples::add_examples(&mut parsed.module, read.module, file);
    }
    parsed
}

fn parse_text(file: FileId, text: &str) -> Parsed {
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
    let (lexical, semantic) = (lexed.diagnostics, context.diagnostics);
    let mistakes = context.mistakes;
    let mut diagnostics = Report { file, text, balanced, mistakes, lexical, semantic }.messages();
    diagnostics.sort_by_key(Diagnostic::span);
    Parsed { module, comments: lexed.comments, diagnostics }
}

/// Parses layers that are called one after the other, `MaxPool(2) >> Conv2d<C, K>(k=1)`,
/// as a text of its own; `None` where that is not what it is.
pub fn parse_chain(file: FileId, text: &str) -> (Option<Vec<LayerUse>>, Vec<Diagnostic>) {
    // The grammar knows a chain as a candidate of a hole.
    let front = "space Chain { hole chain: f32[] -> f32[] in { ";
    let wrapped = format!("{front}{text}\n}} }}");
    let shift = |span: Span| {
        let moved = |at: u32| at.saturating_sub(front.len() as u32).min(text.len() as u32);
        Span::new(file, moved(span.start), moved(span.end))
    };
    let mut diagnostics = parse(file, &wrapped).diagnostics;
    for label in diagnostics.iter_mut().flat_map(|it| &mut it.labels) {
        label.span = shift(label.span);
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        return (None, diagnostics);
    }
    let mut tokens = balance(&wrapped, &lex(file, &wrapped).tokens).tokens;
    for token in &mut tokens {
        token.span = shift(token.span);
    }
    let mut context = Context::new(file, text, &tokens, &[]);
    let triples = tokens.iter().map(|token| (token.span.start, token.tok, token.span.end));
    let module = ModuleParser::new().parse(&mut context, triples).ok();
    let chain = module.and_then(only_chain);
    if chain.is_none() {
        let all = Span::new(file, 0, text.len() as u32);
        diagnostics.push(errors::not_a_chain(all));
    }
    (chain, diagnostics)
}

/// The chain of the only candidate of the only hole of the only item.
fn only_chain(module: Module) -> Option<Vec<LayerUse>> {
    let [Item { kind: ItemKind::Space(space), .. }] = module.items.as_slice() else { return None };
    let [Member { kind: MemberKind::Hole(hole), .. }] = space.members.as_slice() else {
        return None;
    };
    match hole.candidates.as_slice() {
        [Candidate { chain, choices, .. }] if choices.is_empty() => Some(chain.clone()),
        _ => None,
    }
}

/// What lexer, balancer, parser and actions found, to be made one list in which
/// each mistake stands once.
///
/// A mistake often makes what comes after it unfit too, up to the end of the
/// statement. So of each [segment](Report::segments) only the messages of the
/// stage that knows most are kept: the lexer's, else the balancer's about
/// brackets, else the parser's first.
struct Report<'text> {
    file: FileId,
    text: &'text str,
    balanced: Balanced<'text>,
    mistakes: Vec<Mistake<'text>>,
    lexical: Vec<Diagnostic>,
    semantic: Vec<Diagnostic>,
}

impl Report<'_> {
    fn messages(mut self) -> Vec<Diagnostic> {
        let segments = self.segments();
        let segment = |at: u32| segments.partition_point(|&start| start <= at);
        let mut told: Vec<usize> = self.lexical.iter().map(|it| segment(it.span().start)).collect();
        let mut messages = std::mem::take(&mut self.lexical);

        let (semicolons, repairs): (Vec<Repair>, Vec<Repair>) =
            std::mem::take(&mut self.balanced.repairs)
                .into_iter()
                .partition(|repair| repair.kind == RepairKind::Semicolon);
        let unread = told.clone();
        for repair in repairs {
            if unread.contains(&segment(repair.at)) {
                continue;
            }
            told.push(segment(repair.at));
            told.push(segment(repair.diagnostic.span().start));
            messages.push(repair.diagnostic);
        }

        let mut skipped: Vec<(u32, u32)> = Vec::new();
        // Braces that a recovery skipped; their partners are no second mistake.
        let mut skipped_braces = 0;
        // Whether a loop of another language was skipped, whose brace ends the function.
        let mut looped = false;
        // Words that were taken for names; where they are used is no second mistake.
        let mut words: Vec<&str> = Vec::new();
        for mistake in &self.mistakes {
            let (start, tok, end) = place(&mistake.error, self.text.len() as u32);
            let word = self.text.get(start as usize..end as usize).unwrap_or("");
            let partner = skipped_braces > 0 && tok == Some(Tok::RightBrace);
            // Behind a brace that was skipped, its partner ended the declaration.
            let outside = !messages.is_empty()
                && (skipped_braces > 0 || looped)
                && self.expects_item(&mistake.error);
            for (_, tok, _) in &mistake.dropped {
                match tok {
                    Tok::LeftBrace => skipped_braces += 1,
                    Tok::RightBrace if skipped_braces > 0 => skipped_braces -= 1,
                    _ => {}
                }
            }
            let before = skipped.last().copied();
            if let (Some(first), Some(last)) = (mistake.dropped.first(), mistake.dropped.last()) {
                skipped.push((first.0, last.2));
            }
            let follows = before.is_some_and(|(_, to)| to == start && start < end);
            let segment = segment(start);
            let before = self.token_before(start).map(|token| token.span);
            let before = before.and_then(|it| self.text.get(it.start as usize..it.end as usize));
            let known = words.contains(&word) || before.is_some_and(|it| words.contains(&it));
            let second = partner || follows || outside || known;
            if !second && tok != Some(Tok::Error) && !told.contains(&segment) {
                let message = self.message(mistake, start, tok, end);
                looped |= matches!(word, "for" | "while");
                if message.code == errors::WORD {
                    words.push(word);
                }
                messages.push(message);
            }
            told.push(segment);
        }
        for repair in semicolons {
            let lost = skipped.iter().any(|&(from, to)| from <= repair.at && repair.at <= to);
            if !lost && !told.contains(&segment(repair.at)) {
                messages.push(repair.diagnostic);
            }
        }
        for diagnostic in std::mem::take(&mut self.semantic) {
            if !told.contains(&segment(diagnostic.span().start)) {
                messages.push(diagnostic);
            }
        }
        messages
    }

    /// Where statements, fields, rows and declarations start.
    fn segments(&self) -> Vec<u32> {
        let mut starts = Vec::new();
        let mut after_end = false;
        for token in &self.balanced.tokens {
            let starts_here = after_end
                || matches!(
                    token.tok,
                    Tok::Let
                        | Tok::Assert
                        | Tok::Scan
                        | Tok::Yield
                        | Tok::Fn
                        | Tok::MemberFn
                        | Tok::Const
                        | Tok::MemberConst
                        | Tok::Field(_)
                        | Tok::Choose
                        | Tok::Rewrite
                        | Tok::Entry
                        | Tok::Weights
                        | Tok::Hole
                        | Tok::Layer
                        | Tok::Struct
                        | Tok::Space
                        | Tok::Model
                        | Tok::Checkpoint
                        | Tok::Test
                        | Tok::Use
                        | Tok::Dims
                        | Tok::Kind
                        | Tok::Elem
                        | Tok::Type
                        | Tok::Export
                );
            // What was put in belongs to what stands before it.
            let real = token.span.start < token.span.end;
            if starts_here && real {
                starts.push(token.span.start);
            }
            after_end = token.tok == Tok::Semicolon || (after_end && !real);
        }
        starts
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
        let name_fits =
            expected.iter().any(|name| matches!(name.as_str(), "LOWER" | "UPPER" | "FIELD"));
        if let Some(tok) = tok
            && name_fits
            && self.is_meant_as_name(found_at, tok)
        {
            return match tok {
                Tok::Reduce(_) => errors::reduction_as_name(found_at, found),
                _ => errors::reserved_word(found_at, found),
            };
        }
        let item = is_item(expected);
        let tokens = &self.balanced.tokens;
        let index = tokens.partition_point(|token| token.span.start < start);
        if start < end
            && let Some(habit) = habits::find(tokens, index, self.text, item)
        {
            let at = tokens[*habit.tokens.start()].span.to(tokens[*habit.tokens.end()].span);
            let written = self.text.get(at.start as usize..at.end as usize).unwrap_or("");
            return errors::habit(at, written, habit.help);
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
        let same_line = tokens.get(index).is_some_and(|token| !token.starts_line);
        let comma = expected.iter().any(|name| name.trim_matches('"') == ",");
        let help = match tok {
            Some(Tok::Lower(_) | Tok::Upper(_)) if item && same_line && comma => {
                "put `,` between two entries".to_owned()
            }
            _ => expected::help(expected, tok, before.map(|token| token.tok)),
        };
        errors::unexpected(at, &found, &words, help)
    }

    fn expects_item(&self, error: &ParseError<u32, Tok<'_>, std::convert::Infallible>) -> bool {
        match error {
            ParseError::UnrecognizedEof { expected, .. }
            | ParseError::UnrecognizedToken { expected, .. } => is_item(expected),
            ParseError::InvalidToken { .. }
            | ParseError::ExtraToken { .. }
            | ParseError::User { .. } => false,
        }
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

/// Whether a declaration could start.
fn is_item(expected: &[String]) -> bool {
    let has = |terminal: &str| expected.iter().any(|name| name.trim_matches('"') == terminal);
    has("layer") && has("dims")
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
