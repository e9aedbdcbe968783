//! Tells the words that mean something in one place, and there start a
//! declaration or a member, from names.

use super::limits::counts;
use super::{Balancer, Body};
use crate::token::{Tok, Token};

impl<'text> Balancer<'_, 'text> {
    /// Whether a declaration starts here that can stand nowhere else.
    pub(super) fn starts_item(&self, at: usize) -> bool {
        let token = self.input[at];
        let next = self.input.get(at + 1).map(|token| token.tok);
        match token.tok {
            Tok::Use
            | Tok::Dims
            | Tok::Struct
            | Tok::Layer
            | Tok::Checkpoint
            | Tok::Export
            | Tok::Pub => {
                // `layer: int` and `let layer = …` try to use the word as a name.
                let named = next.is_some_and(|next| {
                    counts(next)
                        || matches!(
                            next,
                            Tok::Colon
                                | Tok::Comma
                                | Tok::Equal
                                | Tok::Semicolon
                                | Tok::RightParen
                                | Tok::RightBracket
                                | Tok::RightBrace
                        )
                }) || matches!(self.previous(), Some(Tok::Let | Tok::Yield | Tok::Dot));
                // `let norm = layer LayerNorm<4>;` in a test.
                let made = token.tok == Tok::Layer
                    && !token.starts_line
                    && self.previous() == Some(Tok::Equal);
                !named && !made && self.previous() != Some(Tok::Pub)
            }
            Tok::Model | Tok::Kind => {
                self.may_start_item(at) && next.is_some_and(|next| next.is_lower_name())
            }
            Tok::Elem | Tok::Type | Tok::Space => {
                let starts = self.may_start_item(at) && self.previous() != Some(Tok::Pub);
                starts && matches!(next, Some(Tok::Upper(_)))
            }
            Tok::Test => self.may_start_item(at) && matches!(next, Some(Tok::Str(_))),
            _ => false,
        }
    }

    /// Whether the `->` here is part of the type of a parameter: the `)` behind the
    /// parameters is still to come.
    pub(super) fn in_type_of_function(&self, at: usize) -> bool {
        // Nothing else of a layer has one, up to its `{`.
        if self.header.is_some_and(|it| it.keyword == Tok::Layer && self.open.len() > it.depth) {
            return true;
        }
        if self.open.last().is_none_or(|open| open.tok != Tok::LeftParen) {
            return false;
        }
        let mut depth = 0_u32;
        for token in &self.input[at..] {
            match token.tok {
                Tok::LeftParen | Tok::LeftBracket => depth += 1,
                Tok::RightParen if depth == 0 => return true,
                Tok::RightParen | Tok::RightBracket => depth = depth.saturating_sub(1),
                Tok::LeftBrace | Tok::RightBrace | Tok::Equal | Tok::Where | Tok::Fn => {
                    return false;
                }
                _ => {}
            }
        }
        false
    }

    /// Whether a word that is a name elsewhere can start a declaration: between
    /// declarations, and within brackets only when some of them do not match.
    pub(super) fn may_start_item(&self, at: usize) -> bool {
        let between = self.open.is_empty() || (self.use_columns && self.input[at].starts_line);
        between && !matches!(self.previous(), Some(Tok::Dot | Tok::Comma | Tok::Colon))
    }

    /// Whether the innermost brace holds this, and what comes next is not part
    /// of what stands before it.
    pub(super) fn starts_entry_of(&self, body: Body) -> bool {
        let inside =
            self.open.last().is_some_and(|open| open.tok == Tok::LeftBrace && open.body == body);
        inside
            && self.previous().is_some_and(|previous| {
                previous == Tok::LeftBrace
                    || previous.ends_expression()
                    || matches!(previous, Tok::Dim | Tok::Greater)
            })
    }

    /// Tells the words that mean something here from names, and the first name
    /// of a field from others.
    pub(super) fn resolved(&self, at: usize) -> Token<'text> {
        let token = self.input[at];
        let in_members = self
            .open
            .last()
            .is_some_and(|open| open.tok == Tok::LeftBrace && open.body == Body::Members);
        match token.tok {
            Tok::Fn if in_members => return Token { tok: Tok::MemberFn, ..token },
            Tok::Const if in_members => return Token { tok: Tok::MemberConst, ..token },
            _ if token.tok.is_lower_name() => {}
            _ => return token,
        }
        let next = self.input.get(at + 1).map(|token| token.tok);
        let before_name = next.is_some_and(|next| next.is_lower_name());
        let means_something = match token.tok {
            Tok::Model | Tok::Kind | Tok::Elem | Tok::Type | Tok::Space | Tok::Test => {
                self.starts_item(at)
                    || (self.previous() == Some(Tok::Pub)
                        && next.is_some_and(|next| {
                            next.is_lower_name() || matches!(next, Tok::Upper(_) | Tok::Str(_))
                        }))
            }
            Tok::Hole => before_name && self.starts_entry_of(Body::Members),
            // A field is called so nowhere in a model.
            Tok::Choose => self.starts_entry_of(Body::Entries),
            Tok::Rewrite => {
                matches!(next, Some(Tok::Str(_))) && self.starts_entry_of(Body::Entries)
            }
            // Only behind the extent of a scan.
            Tok::While => {
                let scans = |header: super::Header| {
                    header.keyword == Tok::Scan && header.depth == self.open.len()
                };
                self.header.is_some_and(scans) && self.previous().is_some_and(Tok::ends_expression)
            }
            Tok::Entry | Tok::Weights => before_name && self.starts_entry_of(Body::Entries),
            Tok::State => {
                let value =
                    matches!(self.previous(), Some(Tok::Colon | Tok::LeftBracket | Tok::LeftBrace));
                let ty = matches!(next, Some(Tok::Upper(_) | Tok::LeftParen | Tok::LeftBracket));
                value && !self.open.is_empty() && (ty || before_name)
            }
            _ => false,
        };
        if means_something {
            return token;
        }
        let text = self.text(token.span);
        let separates = matches!(next, Some(Tok::Colon | Tok::Comma));
        let field = (self.starts_entry_of(Body::Members) || self.starts_entry_of(Body::Fields))
            && (separates || token.starts_line)
            && !self.last_closed_reduction
            && self.header.is_none();
        Token { tok: if field { Tok::Field(text) } else { Tok::Lower(text) }, ..token }
    }
}
