//! The tokens of the language.

use crate::ast::{ReduceOp, Unit};
use logos::Logos;
use nnc_base::Span;

/// A token with its place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Token<'text> {
    pub tok: Tok<'text>,
    pub span: Span,
    /// Whether only blanks stand before it on its line.
    pub starts_line: bool,
}

/// What a token is.
#[derive(Logos, Clone, Copy, PartialEq, Debug)]
#[logos(skip r"[ \t\r\n\f]+")]
pub enum Tok<'text> {
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
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("<=")]
    LessEqual,
    #[token(">=")]
    GreaterEqual,
    #[token("==")]
    EqualEqual,
    #[token("!=")]
    NotEqual,
    #[token("=")]
    Equal,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("->")]
    Arrow,
    #[token("|>")]
    Pipe,
    #[token("||")]
    OrOr,
    #[token("&&")]
    AndAnd,
    #[token("|")]
    Bar,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("//")]
    SlashSlash,
    #[token("%")]
    Percent,
    #[token("!")]
    Bang,
    #[token("?")]
    Question,
    #[token("@")]
    At,
    #[token("_")]
    Underscore,

    #[token("as")]
    As,
    #[token("assert")]
    Assert,
    #[token("checkpoint")]
    Checkpoint,
    #[token("const")]
    Const,
    #[token("dim")]
    Dim,
    #[token("dims")]
    Dims,
    #[token("else")]
    Else,
    #[token("export")]
    Export,
    #[token("false")]
    False,
    #[token("fn")]
    Fn,
    #[token("for")]
    For,
    #[token("if")]
    If,
    #[token("in")]
    In,
    #[token("inout")]
    Inout,
    #[token("layer")]
    Layer,
    #[token("let")]
    Let,
    #[token("param")]
    Param,
    #[token("pub")]
    Pub,
    #[token("scan")]
    Scan,
    #[token("struct")]
    Struct,
    #[token("true")]
    True,
    #[token("use")]
    Use,
    #[token("where")]
    Where,
    #[token("with")]
    With,
    #[token("yield")]
    Yield,

    // Words that mean something in one place and are names everywhere else.
    #[token("choose")]
    Choose,
    #[token("while")]
    While,
    #[token("elem")]
    Elem,
    #[token("entry")]
    Entry,
    #[token("hole")]
    Hole,
    #[token("rewrite")]
    Rewrite,
    #[token("kind")]
    Kind,
    #[token("model")]
    Model,
    #[token("space")]
    Space,
    #[token("state")]
    State,
    #[token("test")]
    Test,
    #[token("type")]
    Type,
    #[token("weights")]
    Weights,

    /// The first name of a field; the lexer gives a name, `balance` tells which it is.
    Field(&'text str),
    /// The `fn` of a layer's function, told by `balance` as well.
    MemberFn,
    /// The `const` of a layer.
    MemberConst,
    /// The `}` of a layer or space.
    MembersEnd,
    /// The place of a function's body that is missing; `balance` reports it.
    NoBody,
    /// `sum` and its like in front of `[` or `<f16>[`; elsewhere they are names.
    Reduce(ReduceOp),
    #[regex(r"[a-z][a-zA-Z0-9_]*|_[a-zA-Z0-9_]+", |lexer| lexer.slice(), priority = 3)]
    Lower(&'text str),
    #[regex(r"[A-Z][a-zA-Z0-9_]*", |lexer| lexer.slice())]
    Upper(&'text str),
    /// An integer; one that is too large is read as the largest.
    #[regex(r"[0-9]+", |lexer| lexer.slice().parse().unwrap_or(i64::MAX), priority = 10)]
    Int(i64),
    #[regex(r"[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+", float, priority = 10)]
    Float(f64),
    #[regex(r"[0-9]+(\.[0-9]+)?(kHz|Hz|ms|s|px)", quantity, priority = 10)]
    Quantity((f64, Unit)),
    /// A string, without its quotes and with its escapes.
    #[regex(r#""([^"\\\n]|\\[^\n])*""#, |lexer| unquoted(lexer.slice()))]
    Str(&'text str),

    /// A string that its line does not end; the lexer reports it and gives [`Tok::Str`].
    #[regex(r#""([^"\\\n]|\\[^\n])*"#, |lexer| &lexer.slice()[1..])]
    OpenStr(&'text str),
    /// Letters directly behind a number; reported and given as a number.
    #[regex(r"[0-9]+(\.[0-9]+)?[a-zA-Z_][a-zA-Z0-9_]*", |lexer| lexer.slice(), priority = 2)]
    OddNumber(&'text str),
    #[regex(r"#[^\n]*", |lexer| lexer.slice(), allow_greedy = true)]
    Comment(&'text str),
    /// Something that is no token, reported where it was found.
    Error,
}

fn float<'text>(lexer: &logos::Lexer<'text, Tok<'text>>) -> f64 {
    // The pattern admits only what `f64` reads; too large a number reads as infinity.
    lexer.slice().parse().unwrap_or(f64::INFINITY)
}

fn quantity<'text>(lexer: &logos::Lexer<'text, Tok<'text>>) -> (f64, Unit) {
    let text = lexer.slice();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "kHz" => Unit::Kilohertz,
        "Hz" => Unit::Hertz,
        "ms" => Unit::Milliseconds,
        "px" => Unit::Pixels,
        // The pattern admits no sixth unit.
        _ => Unit::Seconds,
    };
    (digits.parse().unwrap_or(f64::INFINITY), unit)
}

fn unquoted(text: &str) -> &str {
    &text[1..text.len() - 1]
}

/// The words that are never names.
pub const RESERVED: [&str; 25] = [
    "as",
    "assert",
    "checkpoint",
    "const",
    "dim",
    "dims",
    "else",
    "export",
    "false",
    "fn",
    "for",
    "if",
    "in",
    "inout",
    "layer",
    "let",
    "param",
    "pub",
    "scan",
    "struct",
    "true",
    "use",
    "where",
    "with",
    "yield",
];

impl Tok<'_> {
    /// Whether this is one of the words that are never names.
    pub fn is_reserved_word(self) -> bool {
        use Tok::*;
        matches!(
            self,
            As | Assert
                | Checkpoint
                | Const
                | Dim
                | Dims
                | Else
                | Export
                | False
                | Fn
                | For
                | If
                | In
                | Inout
                | Layer
                | Let
                | Param
                | Pub
                | Scan
                | Struct
                | True
                | Use
                | Where
                | With
                | Yield
        )
    }

    /// Whether this is a lower-case name, words with a meaning in one place included.
    pub fn is_lower_name(self) -> bool {
        use Tok::*;
        matches!(
            self,
            Lower(_)
                | Field(_)
                | Choose
                | While
                | Elem
                | Entry
                | Hole
                | Kind
                | Model
                | Rewrite
                | Space
                | State
                | Test
                | Type
                | Weights
        )
    }

    /// Whether an expression or a type may end with this token, in which words
    /// are told from names already.
    pub(crate) fn ends_expression(self) -> bool {
        use Tok::*;
        matches!(
            self,
            Lower(_)
                | Field(_)
                | Upper(_)
                | Int(_)
                | Float(_)
                | Quantity(_)
                | Str(_)
                | True
                | False
                | Question
                | RightParen
                | RightBracket
                | RightBrace
        )
    }

    /// Whether this token starts an expression and can never go on with one.
    pub(crate) fn starts_operand(self) -> bool {
        use Tok::*;
        self.is_lower_name()
            || matches!(
                self,
                Upper(_)
                    | Int(_)
                    | Float(_)
                    | Quantity(_)
                    | Str(_)
                    | True
                    | False
                    | Question
                    | Reduce(_)
                    | If
            )
    }

    /// The bracket that closes this one.
    pub(crate) fn closer(self) -> Option<Tok<'static>> {
        match self {
            Tok::LeftParen => Some(Tok::RightParen),
            Tok::LeftBracket => Some(Tok::RightBracket),
            Tok::LeftBrace => Some(Tok::RightBrace),
            _ => None,
        }
    }

    pub(crate) fn is_closer(self) -> bool {
        matches!(self, Tok::RightParen | Tok::RightBracket | Tok::RightBrace)
    }
}
