//! Puts the tokens in order before they are parsed, so that a program that is
//! being typed keeps as much of its tree as can be:
//!
//! - every bracket gets its partner: what is still open is closed at the end of
//!   the file, in front of a word that starts a declaration and in front of one
//!   that starts a statement; what closes nothing is left out;
//! - every statement gets its `;`, and every declaration its body;
//! - nesting that would exhaust the stack of whoever walks the tree is cut off.
//!
//! A program without mistakes passes unchanged. Every change is reported. The
//! tokens put in are empty: they start where they end.

mod insert;
mod limits;
mod words;

use limits::counts;

use crate::errors;
use crate::token::{Tok, Token};
use nnc_base::{Diagnostic, Span};

/// How many brackets may be open at once.
pub(crate) const MAX_BRACKETS: usize = 64;

/// How many operators an expression may have from its outermost bracket to its
/// innermost operand; a bound on the depth of the tree.
pub(crate) const MAX_OPERATORS: u32 = 256;

/// Tokens in which all brackets match.
pub(crate) struct Balanced<'text> {
    pub tokens: Vec<Token<'text>>,
    pub repairs: Vec<Repair>,
}

/// A message about something that was put in or left out.
pub(crate) struct Repair {
    pub diagnostic: Diagnostic,
    /// Where the tokens were put in.
    pub at: u32,
    pub kind: RepairKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RepairKind {
    /// A `;`; a mistake of the grammar in the same statement says more.
    Semicolon,
    /// Anything else; it says more than a mistake of the grammar.
    Other,
}

pub(crate) fn balance<'text>(source: &'text str, tokens: &[Token<'text>]) -> Balanced<'text> {
    let plain = Balancer::new(source, tokens, false).run();
    if plain.repairs.is_empty() {
        return plain;
    }
    // Only now is the indentation looked at: it tells which bracket is the one
    // that is not closed, but a correct program may be indented in any way.
    Balancer::new(source, tokens, true).run()
}

/// What a brace holds, as far as closing it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Body {
    /// Statements.
    Block,
    /// Fields and functions of a layer or space.
    Members,
    /// Fields of a struct.
    Fields,
    /// The entries of a model.
    Entries,
    /// Facts, names, rows of a checkpoint.
    Rows,
}

#[derive(Debug)]
struct Open {
    tok: Tok<'static>,
    span: Span,
    body: Body,
    /// Where the line of the construct starts that this bracket belongs to.
    column: u32,
    /// Whether this is the `[` of a reduction, behind whose `]` an operand follows.
    reduces: bool,
    /// Whether `let`, `assert` or `yield` waits for its `;`.
    statement: Statement,
    /// The operators since the last comma or statement.
    operators: u32,
    statement_column: Option<u32>,
    /// In a layer: whether its current member is a function or a constant, whose
    /// braces are those of expressions.
    in_value: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Statement {
    None,
    /// A `let` without its `=` yet.
    Let,
    Open,
}

/// A declaration whose body has not begun.
#[derive(Clone, Copy)]
struct Header {
    keyword: Tok<'static>,
    span: Span,
    column: u32,
    /// How many brackets were open.
    depth: usize,
    /// The `if`s of its facts whose `{` is still to come.
    ifs: u32,
}

/// What is being skipped because it is too deep or too long.
struct Skip {
    /// Brackets opened inside.
    depth: usize,
    /// Whether to stop behind the bracket that brings `depth` to none, rather
    /// than before the separator at `depth` none.
    bracket: bool,
}

struct Balancer<'source, 'text> {
    source: &'text str,
    input: &'source [Token<'text>],
    use_columns: bool,
    output: Vec<Token<'text>>,
    repairs: Vec<Repair>,
    open: Vec<Open>,
    header: Option<Header>,
    top_operators: u32,
    last_closed_reduction: bool,
    line_column: u32,
    skip: Option<Skip>,
    /// Where the last bracket ends that closes nothing.
    unmatched: Option<u32>,
}

impl<'source, 'text> Balancer<'source, 'text> {
    fn new(source: &'text str, input: &'source [Token<'text>], use_columns: bool) -> Self {
        Balancer {
            source,
            input,
            use_columns,
            output: Vec::with_capacity(input.len() + 8),
            repairs: Vec::new(),
            open: Vec::new(),
            header: None,
            top_operators: 0,
            last_closed_reduction: false,
            line_column: 0,
            skip: None,
            unmatched: None,
        }
    }

    fn run(mut self) -> Balanced<'text> {
        for at in 0..self.input.len() {
            let token = self.input[at];
            if token.starts_line {
                self.line_column = self.column(token.span.start);
            }
            if self.skipped(at) {
                continue;
            }
            self.before(at);
            self.take(at);
        }
        self.end_header();
        self.close_down_to(0);
        Balanced { tokens: self.output, repairs: self.repairs }
    }

    /// How far a place is from the start of its line, in bytes.
    fn column(&self, start: u32) -> u32 {
        let before = &self.source.as_bytes()[..start as usize];
        let line = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        start - line as u32
    }

    // ---- in front of a token -------------------------------------------------

    /// Closes and ends what the next token shows to be over.
    fn before(&mut self, at: usize) {
        let token = self.input[at];
        match token.tok {
            _ if self.starts_item(at) => {
                self.end_header();
                self.close_down_to(0);
                self.top_operators = 0;
            }
            Tok::Fn | Tok::Const => self.before_member(token),
            Tok::Let | Tok::Assert | Tok::Scan | Tok::Yield => self.before_statement(token),
            Tok::Semicolon => self.before_semicolon(),
            Tok::LeftBrace => self.before_brace(at),
            // Never within round or square brackets.
            Tok::Where => self.close_to_brace(),
            Tok::Arrow if !self.in_type_of_function(at) => self.close_to_brace(),
            _ if self.starts_field_in_brackets(at) => self.close_to_brace(),
            _ if self.starts_new_line_of_block(at) => self.end_statement(true),
            _ => self.before_first_field(at),
        }
    }

    fn previous(&self) -> Option<Tok<'text>> {
        self.output.last().map(|token| token.tok)
    }

    /// `fn` and `const` close everything up to the layer they belong to.
    fn before_member(&mut self, token: Token) {
        if self.previous() == Some(Tok::Pub) {
            return;
        }
        if let Some(header) = self.header
            && matches!(header.keyword, Tok::Layer | Tok::Space)
            && self.open.len() == header.depth
        {
            self.open_missing_brace(header);
        }
        self.end_header();
        let column = self.column(token.span.start);
        let belongs = |open: &Open| {
            open.body == Body::Members
                && !(self.use_columns && token.starts_line && column <= open.column)
        };
        let depth = self.open.iter().rposition(belongs).map_or(0, |at| at + 1);
        self.close_down_to(depth);
        self.reset_operators();
    }

    /// The words that start statements close everything up to their block.
    fn before_statement(&mut self, token: Token) {
        if let Some(header) = self.header
            && matches!(header.keyword, Tok::Fn | Tok::Scan | Tok::Test)
        {
            self.close_down_to(header.depth);
            self.open_missing_brace(header);
        }
        let column = self.column(token.span.start);
        let is_block = |open: &Open| open.body == Body::Block && open.tok == Tok::LeftBrace;
        let Some(mut block) = self.open.iter().rposition(is_block) else { return };
        while self.use_columns
            && token.starts_line
            && column <= self.open[block].column
            && let Some(outer) = self.open[..block].iter().rposition(is_block)
        {
            block = outer;
        }
        self.close_down_to(block + 1);
        let ended = matches!(
            self.previous(),
            Some(Tok::Semicolon | Tok::LeftBrace | Tok::RightBrace | Tok::MembersEnd) | None
        );
        if !ended || self.open[block].statement != Statement::None {
            self.end_statement(true);
        }
    }

    /// `;` closes what is open in its statement.
    fn before_semicolon(&mut self) {
        // In `[Block<D>; L]` it separates.
        if let Some(open) = self.open.last()
            && open.tok == Tok::LeftBracket
            && self.holds_type(open.span)
        {
            return;
        }
        self.close_to_brace();
        self.end_let();
    }

    /// The `{` of a body closes the brackets of its header, and ends a fact.
    fn before_brace(&mut self, at: usize) {
        let Some(header) = self.header else { return };
        // The one of `k: dim = if … {` does not end its line.
        let ends_line = self.input.get(at + 1).is_none_or(|next| next.starts_line);
        if self.use_columns && ends_line {
            self.close_down_to(header.depth);
        }
        let unfinished = self.previous().is_some_and(|previous| {
            counts(previous) && !matches!(previous, Tok::Greater | Tok::If | Tok::Else)
                || previous == Tok::Where
        });
        if self.open.len() == header.depth && unfinished {
            let brace = self.input[at].span;
            let help = "write the missing part of the fact, or take the operator out".to_owned();
            self.report(errors::unexpected(brace, "`{`", "an expression", help), brace.start);
            self.insert(Tok::Error);
        }
    }

    /// Closes what is open within the innermost brace.
    fn close_to_brace(&mut self) {
        let is_brace = |open: &Open| open.tok == Tok::LeftBrace;
        let depth = self.open.iter().rposition(is_brace).map_or(0, |brace| brace + 1);
        self.close_down_to(depth);
    }

    /// Whether the next field starts while a bracket of the one before is open.
    fn starts_field_in_brackets(&self, at: usize) -> bool {
        let token = self.input[at];
        let next = self.input.get(at + 1).map(|token| token.tok);
        let brace = self.open.iter().rfind(|open| open.tok == Tok::LeftBrace);
        token.starts_line
            && token.tok.is_lower_name()
            && next == Some(Tok::Colon)
            && self.open.last().is_some_and(|open| open.tok != Tok::LeftBrace)
            && brace.is_some_and(|open| matches!(open.body, Body::Members | Body::Fields))
            && self.previous().is_some_and(Tok::ends_expression)
    }

    /// Whether a `[` starts an array of layers or of a type.
    fn holds_type(&self, bracket: Span) -> bool {
        let at = self.output.partition_point(|token| token.span.start < bracket.start);
        match at.checked_sub(1).map(|before| self.output[before].tok) {
            Some(Tok::LeftBracket) => self.holds_type(self.output[at - 1].span),
            Some(Tok::LeftBrace) => {
                self.open.iter().any(|open| open.span == self.output[at - 1].span)
                    && !self.open.iter().any(|open| open.statement != Statement::None)
            }
            Some(Tok::Colon | Tok::Inout | Tok::Arrow | Tok::LeftParen | Tok::Comma) => true,
            Some(Tok::Param | Tok::State | Tok::Equal) => true,
            _ => false,
        }
    }

    /// Whether an operand starts on a new line of a block where the line before
    /// already ended with one.
    fn starts_new_line_of_block(&self, at: usize) -> bool {
        let token = self.input[at];
        token.starts_line
            && token.tok.starts_operand()
            && self.header.is_none()
            && !self.last_closed_reduction
            && self
                .open
                .last()
                .is_some_and(|open| open.tok == Tok::LeftBrace && open.body == Body::Block)
            && self
                .previous()
                .is_some_and(|previous| previous.ends_expression() && previous != Tok::RightBrace)
    }

    /// A field where the `{` of its layer is still missing.
    fn before_first_field(&mut self, at: usize) {
        let token = self.input[at];
        let Some(header) = self.header else { return };
        if !token.starts_line || self.open.len() != header.depth {
            return;
        }
        let next = self.input.get(at + 1).map(|token| token.tok);
        let starts_body = match header.keyword {
            Tok::Layer | Tok::Space | Tok::Struct => {
                token.tok.is_lower_name() && matches!(next, Some(Tok::Colon | Tok::Comma))
            }
            Tok::Checkpoint => matches!(token.tok, Tok::Str(_)),
            Tok::Model => {
                matches!(token.tok, Tok::Choose | Tok::Entry | Tok::Rewrite | Tok::Weights)
            }
            _ => false,
        };
        if starts_body {
            self.open_missing_brace(header);
        }
    }

    // ---- the token itself ------------------------------------------------------

    fn take(&mut self, at: usize) {
        let token = self.input[at];
        match token.tok {
            Tok::LeftParen | Tok::LeftBracket | Tok::LeftBrace => {
                return self.take_opener(token);
            }
            Tok::RightParen | Tok::RightBracket | Tok::RightBrace => {
                return self.take_closer(token);
            }
            Tok::Fn
            | Tok::Layer
            | Tok::Space
            | Tok::Struct
            | Tok::Checkpoint
            | Tok::Model
            | Tok::Test
            | Tok::Scan => self.start_header(at),
            Tok::Let => self.start_statement(Statement::Let),
            Tok::Assert | Tok::Yield => self.start_statement(Statement::Open),
            Tok::Equal => {
                if let Some(open) = self.open.last_mut()
                    && open.statement == Statement::Let
                {
                    open.statement = Statement::Open;
                }
                // `fn f() -> T = expr` has no braces.
                if let Some(header) = self.header
                    && header.keyword == Tok::Fn
                    && header.depth == self.open.len()
                {
                    self.header = None;
                }
            }
            Tok::If => {
                if let Some(header) = &mut self.header
                    && header.depth == self.open.len()
                {
                    header.ifs += 1;
                }
                if !self.count_operator(token) {
                    return;
                }
            }
            Tok::Comma => self.reset_operators(),
            Tok::Semicolon => {
                self.reset_operators();
                if let Some(open) = self.open.last_mut() {
                    open.statement = Statement::None;
                    open.statement_column = None;
                }
            }
            _ => {
                if token.tok.starts_operand()
                    && !self.last_closed_reduction
                    && self.previous().is_some_and(Tok::ends_expression)
                {
                    // Two operands in a row: an expression ended between them.
                    self.reset_operators();
                } else if counts(token.tok) && !self.count_operator(token) {
                    return;
                }
            }
        }
        self.note_line();
        let token = self.resolved(at);
        if matches!(
            token.tok,
            Tok::Field(_) | Tok::Hole | Tok::Choose | Tok::Entry | Tok::Rewrite | Tok::Weights
        ) {
            self.reset_operators();
        }
        if let Some(open) = self.open.last_mut() {
            match token.tok {
                Tok::MemberFn | Tok::MemberConst => open.in_value = true,
                Tok::Field(_) | Tok::Hole => open.in_value = false,
                _ => {}
            }
        }
        self.push(token);
    }

    fn push(&mut self, token: Token<'text>) {
        self.last_closed_reduction = false;
        self.output.push(token);
    }

    /// Remembers on which column the statement stands.
    fn note_line(&mut self) {
        let column = self.line_column;
        if let Some(open) = self.open.last_mut() {
            open.statement_column.get_or_insert(column);
        }
    }

    fn start_header(&mut self, at: usize) {
        let token = self.input[at];
        // Words that start a declaration in one place only.
        let really = match token.tok {
            Tok::Model | Tok::Test | Tok::Space => self.resolved(at).tok == token.tok,
            Tok::Layer | Tok::Struct | Tok::Checkpoint => {
                self.starts_item(at) || self.previous() == Some(Tok::Pub)
            }
            _ => true,
        };
        if really {
            let keyword = match token.tok {
                Tok::Layer => Tok::Layer,
                Tok::Space => Tok::Space,
                Tok::Struct => Tok::Struct,
                Tok::Checkpoint => Tok::Checkpoint,
                Tok::Model => Tok::Model,
                Tok::Test => Tok::Test,
                Tok::Scan => Tok::Scan,
                _ => Tok::Fn,
            };
            let column = self.line_column;
            let depth = self.open.len();
            self.header = Some(Header { keyword, span: token.span, column, depth, ifs: 0 });
        }
    }

    fn start_statement(&mut self, statement: Statement) {
        if let Some(open) = self.open.last_mut() {
            open.statement = statement;
        }
        self.reset_operators();
    }

    fn take_opener(&mut self, token: Token<'text>) {
        if self.open.len() >= MAX_BRACKETS {
            self.report(errors::too_deep(token.span), token.span.start);
            return self.start_skip(token, Skip { depth: 1, bracket: true });
        }
        if token.tok != Tok::LeftBrace && !self.count_operator(token) {
            return;
        }
        self.note_line();
        let tok = match token.tok {
            Tok::LeftParen => Tok::LeftParen,
            Tok::LeftBracket => Tok::LeftBracket,
            _ => Tok::LeftBrace,
        };
        let mut column = self.line_column;
        if let Some(open) = self.open.last()
            && let Some(start) = open.statement_column
        {
            column = column.min(start);
        }
        let mut body = Body::Rows;
        if tok == Tok::LeftBrace {
            body = match self.header {
                Some(header) if header.depth == self.open.len() && self.opens_branch() => {
                    self.header = Some(Header { ifs: header.ifs.saturating_sub(1), ..header });
                    Body::Block
                }
                Some(header) if header.depth == self.open.len() && !self.opens_facts() => {
                    column = header.column;
                    self.header = None;
                    body_of(header.keyword)
                }
                _ if self.opens_facts() => Body::Rows,
                // `skip: if … { Conv2d<C, K> } else { Identity }`
                _ if self
                    .open
                    .last()
                    .is_some_and(|open| open.body == Body::Members && !open.in_value) =>
                {
                    Body::Rows
                }
                _ => Body::Block,
            };
        }
        // `sum<f16>[d]`: the `[` is the first bracket behind the word.
        let before = self.output.len();
        let reduces = tok == Tok::LeftBracket
            && (matches!(self.previous(), Some(Tok::Reduce(_)))
                || (before >= 4
                    && self.output[before - 1].tok == Tok::Greater
                    && matches!(self.output[before - 4].tok, Tok::Reduce(_))));
        self.push(token);
        self.open.push(Open {
            tok,
            span: token.span,
            body,
            column,
            reduces,
            statement: Statement::None,
            operators: 0,
            statement_column: None,
            in_value: false,
        });
    }

    /// Whether a `{` here belongs to an `if` in the header of a declaration.
    fn opens_branch(&self) -> bool {
        self.previous() == Some(Tok::Else) || self.header.is_some_and(|header| header.ifs > 0)
    }

    /// Whether a `{` here starts facts, candidates, names or paths.
    fn opens_facts(&self) -> bool {
        match self.previous() {
            Some(Tok::With | Tok::In | Tok::Dot) => true,
            Some(Tok::Equal) => self
                .open
                .last()
                .is_some_and(|open| open.tok == Tok::LeftBrace && open.body == Body::Rows),
            _ => false,
        }
    }

    fn take_closer(&mut self, token: Token<'text>) {
        let matches = |open: &Open| open.tok.closer() == Some(token.tok);
        let mut partner = self.open.iter().rposition(matches);
        if token.tok == Tok::RightBrace {
            if self.use_columns && token.starts_line {
                partner = self.partner_by_column(token, partner);
            }
        } else if let Some(at) = partner
            && self.open[at..].iter().any(|open| open.tok == Tok::LeftBrace)
        {
            // `)` does not reach out of a block.
            partner = None;
        }
        let Some(partner) = partner else {
            let text = self.text(token.span);
            if let Some(open) = self.open.last()
                && open.tok != Tok::LeftBrace
                && token.tok != Tok::RightBrace
                && let Some(closer) = open.tok.closer()
            {
                let (at, opener, wanted) =
                    (open.span, self.text(open.span), insert::bracket_text(closer));
                let message = errors::mismatched(token.span, text, at, opener, wanted);
                self.report(message, token.span.start);
                self.open.pop();
                self.push(Token { tok: closer, ..token });
                return;
            }
            // A row of them is one mistake.
            let between = self
                .unmatched
                .and_then(|end| self.source.get(end as usize..token.span.start as usize));
            if between.is_none_or(|it| !it.trim().is_empty()) {
                self.report(errors::unmatched(token.span, text), token.span.start);
            }
            self.unmatched = Some(token.span.end);
            return;
        };
        if let Some(header) = self.header
            && header.depth > partner
        {
            self.end_header();
        }
        self.close_down_to(partner + 1);
        if token.tok == Tok::RightBrace && self.open[partner].statement != Statement::None {
            self.end_statement(true);
        }
        let reduces = self.open[partner].reduces;
        let tok = closing(&self.open[partner]).unwrap_or(token.tok);
        self.open.truncate(partner);
        self.push(Token { tok, ..token });
        self.last_closed_reduction = reduces;
    }

    /// The brace that a `}` at the start of its line belongs to, going by its column.
    fn partner_by_column(&self, token: Token, partner: Option<usize>) -> Option<usize> {
        let partner = partner?;
        let column = self.column(token.span.start);
        let is_brace = |open: &Open| open.tok == Tok::LeftBrace;
        if self.open[partner].column <= column {
            return Some(partner);
        }
        let aligned = |open: &Open| is_brace(open) && open.column == column;
        Some(self.open[..partner].iter().rposition(aligned).unwrap_or(partner))
    }
}

fn body_of(keyword: Tok) -> Body {
    match keyword {
        Tok::Layer | Tok::Space => Body::Members,
        Tok::Struct => Body::Fields,
        Tok::Model => Body::Entries,
        Tok::Checkpoint => Body::Rows,
        _ => Body::Block,
    }
}

/// The token that closes a bracket.
fn closing(open: &Open) -> Option<Tok<'static>> {
    match open.body {
        Body::Members if open.tok == Tok::LeftBrace => Some(Tok::MembersEnd),
        _ => open.tok.closer(),
    }
}
