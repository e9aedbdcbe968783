//! The syntax tree of RASP.

use crate::value::Atom;
use nnc_base::{Name, Span};
use std::rc::Rc;

/// A name where it stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ident {
    pub name: Name,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum StatementKind {
    Expr(Expr),
    /// `a, b = x, y;`
    Assign {
        names: Vec<Ident>,
        values: Vec<Expr>,
    },
    /// `draw(s, "input");`
    Draw {
        what: Expr,
        input: Option<Expr>,
    },
    /// `load "file";`
    Load {
        path: Rc<str>,
        at: Span,
    },
    Def(Rc<Def>),
    For(Rc<For>),
    /// `set example "hello"`
    SetExample {
        which: Which,
        example: Expr,
    },
    /// `show example`
    ShowExample(Which),
    /// `examples off`
    Examples {
        which: Which,
        on: bool,
    },
    /// `full seq display on`
    FullDisplay(bool),
    /// `exit`: what follows in its file is not run.
    Exit,
    /// What could not be read.
    Error,
}

/// Which running example is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    Both,
    Sop,
    Selector,
}

/// `def name(parameters) { body return results; }`
#[derive(Clone, PartialEq, Debug)]
pub struct Def {
    pub name: Ident,
    pub parameters: Vec<Ident>,
    pub body: Vec<Statement>,
    pub results: Vec<Expr>,
}

/// `for names in items { body }`
#[derive(Clone, PartialEq, Debug)]
pub struct For {
    pub names: Vec<Ident>,
    pub items: Expr,
    pub body: Vec<Statement>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    Name(Name),
    Atom(Atom),
    List(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    ListFor(Box<Comprehension>),
    DictFor(Box<DictComprehension>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<(Expr, Expr)>),
    /// `yes if condition else no`
    If(Box<[Expr; 3]>),
    /// `item in container`
    In(Box<(Expr, Expr)>),
    /// `container[index]`
    Index(Box<(Expr, Expr)>),
    Call {
        called: Box<Expr>,
        arguments: Vec<Expr>,
    },
    /// `select(key, query, ==)`
    Select {
        operands: Box<(Expr, Expr)>,
        compare: Compare,
    },
    Aggregate {
        operands: Box<(Expr, Expr)>,
        default: Option<Box<Expr>>,
    },
    Range(Vec<Expr>),
    Zip(Vec<Expr>),
    Len(Box<Expr>),
    /// What could not be read.
    Error,
}

/// `[value for names in items]`
#[derive(Clone, PartialEq, Debug)]
pub struct Comprehension {
    pub value: Expr,
    pub names: Vec<Ident>,
    pub items: Expr,
}

/// `{key: value for names in items}`
#[derive(Clone, PartialEq, Debug)]
pub struct DictComprehension {
    pub key: Expr,
    pub value: Expr,
    pub names: Vec<Ident>,
    pub items: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    Not,
    Minus,
    Plus,
    Round,
    Indicator,
}

impl UnaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            UnaryOp::Not => "not",
            UnaryOp::Minus => "-",
            UnaryOp::Plus => "+",
            UnaryOp::Round => "round",
            UnaryOp::Indicator => "indicator",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    Power,
    Times,
    Divide,
    Modulo,
    Plus,
    Minus,
    Compare(Compare),
    And,
    Or,
}

impl BinaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Power => "^",
            BinaryOp::Times => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Modulo => "%",
            BinaryOp::Plus => "+",
            BinaryOp::Minus => "-",
            BinaryOp::Compare(compare) => compare.as_str(),
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
        }
    }
}

/// A comparison; `!=` exists in `select` alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    pub fn as_str(self) -> &'static str {
        match self {
            Compare::Equal => "==",
            Compare::NotEqual => "!=",
            Compare::Less => "<",
            Compare::LessEqual => "<=",
            Compare::Greater => ">",
            Compare::GreaterEqual => ">=",
        }
    }
}
