//! The tokens of RASP.
//!
//! `select(` and its kin are one token with their bracket, as the language has them: there
//! is no value `select`, and `select` alone is a name like any other.

use logos::Logos;
use nnc_base::Span;

/// A token and its place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Token<'text> {
    pub(crate) tok: Tok<'text>,
    pub(crate) span: Span,
    /// Whether it is the first of its line.
    pub(crate) starts_line: bool,
}

#[derive(Logos, Clone, Copy, PartialEq, Debug)]
#[logos(skip r"[ \t\r\n]+")]
pub(crate) enum Tok<'text> {
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token("=")]
    Equal,
    #[token("==")]
    EqualEqual,
    #[token("!=")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("^")]
    Caret,
    #[regex(r"select[ \t]*\(")]
    Select,
    #[regex(r"aggregate[ \t]*\(")]
    Aggregate,
    #[regex(r"range[ \t]*\(")]
    Range,
    #[regex(r"zip[ \t]*\(")]
    Zip,
    #[regex(r"len[ \t]*\(")]
    Len,
    #[token("and")]
    And,
    #[token("def")]
    Def,
    #[token("draw")]
    Draw,
    #[token("else")]
    Else,
    #[token("example")]
    Example,
    #[token("examples")]
    Examples,
    #[token("exit")]
    #[token("exit()")]
    #[token("quit")]
    #[token("quit()")]
    Exit,
    #[token("for")]
    For,
    #[token("full seq display")]
    FullSeqDisplay,
    #[token("if")]
    If,
    #[token("in")]
    In,
    #[token("indicator")]
    Indicator,
    #[token("load")]
    Load,
    #[token("not")]
    Not,
    #[token("off")]
    Off,
    #[token("on")]
    On,
    #[token("or")]
    Or,
    #[token("return")]
    Return,
    #[token("round")]
    Round,
    #[token("s-op")]
    Sop,
    #[token("selector")]
    Selector,
    #[token("set")]
    Set,
    #[token("show")]
    Show,
    #[regex(r"[a-zA-Z_][a-zA-Z_0-9]*")]
    Name(&'text str),
    #[regex(r"[0-9]+")]
    Int(&'text str),
    #[regex(r"[0-9]+\.[0-9]+")]
    Float(&'text str),
    /// What stands between the quotes.
    #[regex(r#""[^"\r\n]*""#, |lex| lex.slice().get(1..lex.slice().len() - 1).unwrap_or(""))]
    Text(&'text str),
    /// A text that its line does not end.
    #[regex(r#""[^"\r\n]*"#, |lex| lex.slice().get(1..).unwrap_or(""), priority = 1)]
    OpenText(&'text str),
    #[regex(r"#[^\r\n]*", allow_greedy = true)]
    Comment(&'text str),
    /// The end of the line of a `set example …`, which ends without a `;`.
    LineEnd,
    /// What is no token.
    Error,
}

impl Tok<'_> {
    /// Whether this is a word that stands for itself and so is no name.
    pub(crate) fn is_word(self) -> bool {
        matches!(
            self,
            Tok::And
                | Tok::Def
                | Tok::Draw
                | Tok::Else
                | Tok::Example
                | Tok::Examples
                | Tok::Exit
                | Tok::For
                | Tok::If
                | Tok::In
                | Tok::Indicator
                | Tok::Load
                | Tok::Not
                | Tok::Off
                | Tok::On
                | Tok::Or
                | Tok::Return
                | Tok::Round
                | Tok::Selector
                | Tok::Set
                | Tok::Show
        )
    }

    /// Whether it opens a bracket, the bracket of `select(` included.
    pub(crate) fn opens(self) -> bool {
        matches!(
            self,
            Tok::LeftParen
                | Tok::LeftBracket
                | Tok::LeftBrace
                | Tok::Select
                | Tok::Aggregate
                | Tok::Range
                | Tok::Zip
                | Tok::Len
        )
    }

    pub(crate) fn closes(self) -> bool {
        matches!(self, Tok::RightParen | Tok::RightBracket | Tok::RightBrace)
    }

    /// Whether an expression may end with it.
    pub(crate) fn ends_expr(self) -> bool {
        self.closes()
            || matches!(
                self,
                Tok::Name(_)
                    | Tok::Int(_)
                    | Tok::Float(_)
                    | Tok::Text(_)
                    | Tok::OpenText(_)
                    | Tok::Error
            )
    }
}
