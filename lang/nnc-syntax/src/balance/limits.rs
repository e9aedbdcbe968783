//! Keeps the tree from growing deeper than whoever walks it can bear.

use super::{Balancer, MAX_OPERATORS, Skip};
use crate::errors;
use crate::token::{Tok, Token};

impl<'text> Balancer<'_, 'text> {
    pub(super) fn reset_operators(&mut self) {
        match self.open.last_mut() {
            Some(open) => open.operators = 0,
            None => self.top_operators = 0,
        }
    }

    /// Counts an operator; says whether it is still within the limit.
    pub(super) fn count_operator(&mut self, token: Token<'text>) -> bool {
        match self.open.last_mut() {
            Some(open) => open.operators += 1,
            None => self.top_operators += 1,
        }
        let inside: u32 = self.open.iter().map(|open| open.operators).sum();
        if inside + self.top_operators <= MAX_OPERATORS {
            return true;
        }
        self.report(errors::too_long(token.span), token.span.start);
        let opens = token.tok.closer().is_some();
        self.start_skip(token, Skip { depth: usize::from(opens), bracket: false });
        false
    }

    pub(super) fn start_skip(&mut self, token: Token<'text>, skip: Skip) {
        self.skip = Some(skip);
        self.push(Token { tok: Tok::Error, span: token.span, starts_line: false });
    }

    /// Whether a token is passed over.
    pub(super) fn skipped(&mut self, at: usize) -> bool {
        let Some(skip) = &mut self.skip else { return false };
        let tok = self.input[at].tok;
        let over = match tok {
            _ if tok.closer().is_some() => {
                skip.depth += 1;
                false
            }
            _ if tok.is_closer() && skip.depth > 0 => {
                skip.depth -= 1;
                if skip.bracket && skip.depth == 0 {
                    self.skip = None;
                }
                false
            }
            _ if tok.is_closer() => true,
            Tok::Comma | Tok::Semicolon => skip.depth == 0,
            Tok::Pub | Tok::Layer | Tok::Fn | Tok::Struct | Tok::Use | Tok::Dims => true,
            _ => false,
        };
        if over {
            self.skip = None;
        }
        !over
    }
}

/// Whether a token makes the tree deeper.
pub(super) fn counts(tok: Tok) -> bool {
    use Tok::*;
    matches!(
        tok,
        Less | Greater
            | LessEqual
            | GreaterEqual
            | EqualEqual
            | NotEqual
            | Dot
            | Pipe
            | OrOr
            | AndAnd
            | Bar
            | Plus
            | Minus
            | Star
            | Slash
            | SlashSlash
            | Percent
            | Bang
            | As
            | Else
            | If
            | Reduce(_)
    )
}
