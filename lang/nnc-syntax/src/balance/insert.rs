//! Puts in what is missing, with a message for each place.

use super::{Balancer, Body, Header, Open, Repair, RepairKind, Statement, body_of, closing};
use crate::errors;
use crate::token::{Tok, Token};
use nnc_base::{Diagnostic, Span};

impl<'text> Balancer<'_, 'text> {
    pub(super) fn text(&self, span: Span) -> &'text str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The end of what has been put out, where missing tokens belong.
    pub(super) fn end(&self) -> Span {
        match self.output.last() {
            Some(last) => Span::new(last.span.file, last.span.end, last.span.end),
            None => self.input.first().map_or(Span::NONE, |first| {
                Span::new(first.span.file, first.span.start, first.span.start)
            }),
        }
    }

    pub(super) fn insert(&mut self, tok: Tok<'text>) {
        let span = self.end();
        self.push(Token { tok, span, starts_line: false });
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic, at: u32) {
        self.repairs.push(Repair { diagnostic, at, kind: RepairKind::Other });
    }

    /// Closes all brackets but the outermost `depth`.
    pub(super) fn close_down_to(&mut self, depth: usize) {
        if self.open.len() <= depth {
            return;
        }
        let end = self.end();
        let mut first = true;
        while self.open.len() > depth {
            let Some(open) = self.open.last() else { return };
            if open.tok == Tok::LeftBrace && open.statement != Statement::None {
                self.end_statement(false);
            }
            let Some(open) = self.open.pop() else { return };
            let Some(closer) = closing(&open) else { continue };
            // One message for all that ends here.
            if first {
                let (text, closing) = (self.text(open.span), bracket_text(closer));
                self.report(errors::unclosed(open.span, text, closing, end), end.start);
                first = false;
            } else {
                let label = format!("this `{}` is open as well", self.text(open.span));
                if let Some(last) = self.repairs.last_mut() {
                    last.diagnostic = last.diagnostic.clone().label(open.span, label);
                }
            }
            self.insert(closer);
        }
    }

    pub(super) fn text_of(&self, span: Span) -> String {
        self.text(span).to_owned()
    }

    /// Puts in the `;` of the innermost statement.
    pub(super) fn end_statement(&mut self, report: bool) {
        let at = self.end();
        let closed_here = self.repairs.last().is_some_and(|repair| repair.at == at.start);
        self.end_let();
        self.insert(Tok::Semicolon);
        if report && !closed_here {
            self.repairs.push(Repair {
                diagnostic: errors::missing_semicolon(at),
                at: at.start,
                kind: RepairKind::Semicolon,
            });
        }
        self.reset_operators();
        if let Some(open) = self.open.last_mut() {
            open.statement = Statement::None;
            open.statement_column = None;
        }
    }

    /// Puts in the `=` of a `let` that ends without one, so that its name is kept.
    pub(super) fn end_let(&mut self) {
        let is_let = self.open.last().is_some_and(|open| open.statement == Statement::Let);
        // Behind the bare word there is no name to keep.
        if is_let && self.previous() != Some(Tok::Let) {
            self.insert(Tok::Equal);
        }
    }

    pub(super) fn open_missing_brace(&mut self, header: Header) {
        let span = self.end();
        let text = self.text_of(header.span);
        self.report(errors::missing_open_brace(span, &text), span.start);
        self.insert(Tok::LeftBrace);
        self.header = None;
        self.open.push(Open {
            tok: Tok::LeftBrace,
            span,
            body: body_of(header.keyword),
            column: header.column,
            reduces: false,
            statement: Statement::None,
            operators: 0,
            statement_column: None,
            in_value: false,
        });
    }

    /// Gives a declaration that ends without one an empty body.
    pub(super) fn end_header(&mut self) {
        let Some(header) = self.header.take() else { return };
        if header.keyword == Tok::Model || self.previous() == Some(header.keyword) {
            // A model needs no body; and a bare word is the parser's business.
            return;
        }
        self.close_down_to(header.depth);
        let at = self.end();
        if self.repairs.last().is_none_or(|repair| repair.at != at.start) {
            let text = self.text_of(header.span);
            self.report(errors::missing_body(at, &text), at.start);
        }
        if header.keyword == Tok::Fn {
            return self.insert(Tok::NoBody);
        }
        self.insert(Tok::LeftBrace);
        self.insert(match body_of(header.keyword) {
            Body::Members => Tok::MembersEnd,
            Body::Block | Body::Fields | Body::Entries | Body::Rows => Tok::RightBrace,
        });
    }
}

pub(super) fn bracket_text(closer: Tok) -> &'static str {
    match closer {
        Tok::RightParen => ")",
        Tok::RightBracket => "]",
        _ => "}",
    }
}
