//! Statements and expressions.

use super::{Ident, NamedType, Replacement, Type};
use nnc_base::Span;

/// `{ let …; value }`
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    /// The expression at the end, without `;`.
    pub value: Option<Box<Expr>>,
    /// With the braces.
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    /// With the `;`.
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// `let y[b, t] = …;`
    Let {
        pattern: Pattern,
        ty: Option<Type>,
        value: Expr,
    },
    /// `let norm = layer LayerNorm<4>(eps=0.0) with { scale = s };` where it may not stand: those
    /// of a test are [`super::Test::layers`].
    Layer {
        name: Ident,
        value: super::FieldValue,
    },
    /// `h[b, d] = …;`
    Update {
        target: Ident,
        indices: Vec<Index>,
        value: Expr,
    },
    /// `assert a == b;`
    Assert(Expr),
    Scan(Scan),
    /// `yield y[b, t, d] = …;`, only in a scan.
    Yield {
        target: Ident,
        indices: Vec<Index>,
        value: Expr,
    },
    /// `cache.append(k, v);`
    Expr(Expr),
    Error,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Pattern {
    pub kind: PatternKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum PatternKind {
    Name(Ident),
    /// `y[b, (n d), i: n]`
    Indexed {
        name: Ident,
        indices: Vec<Index>,
    },
    /// `(k, v)`; a name `_` takes no value.
    Tuple(Vec<Ident>),
    Error,
}

/// `scan t in T with h[b, d] = h0 { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct Scan {
    pub index: Ident,
    pub extent: Expr,
    /// `while err > tol`, behind the extent.
    pub condition: Option<Expr>,
    pub carries: Vec<Carry>,
    pub body: Vec<Stmt>,
}

/// `h[b, d] = h0`; without an index list, `h = h0`, the list is empty.
#[derive(Clone, PartialEq, Debug)]
pub struct Carry {
    pub name: Ident,
    pub indices: Vec<Index>,
    pub init: Expr,
    pub span: Span,
}

// ---- expressions ----------------------------------------------------------

#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A variable, a dim, a field, a function: `x`, `T`, `up`.
    Name(Ident),
    /// Never negative; `-1` is a [`ExprKind::Unary`].
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    /// `16kHz`
    Quantity {
        value: f64,
        unit: Unit,
    },
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `x |> up`
    Pipe {
        value: Box<Expr>,
        function: Box<Expr>,
    },
    /// `x as Logits`
    Cast {
        value: Box<Expr>,
        to: NamedType,
    },
    /// `cache.len`; the name is missing while it is being typed.
    Field {
        base: Box<Expr>,
        name: Option<Ident>,
    },
    /// `f(a, k=v)`; a method call is a call of an [`ExprKind::Field`].
    Call {
        function: Box<Expr>,
        args: Vec<Arg>,
    },
    /// `x[b, t + k, (n:N d)]`
    Index {
        base: Box<Expr>,
        indices: Vec<Index>,
    },
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    /// `otherwise` is a [`ExprKind::Block`] or, for `else if`, another `If`.
    If {
        condition: Box<Expr>,
        then: Block,
        otherwise: Box<Expr>,
    },
    Block(Block),
    /// `|h, block| block(h)`, only as an argument.
    Lambda {
        params: Vec<LambdaParam>,
        body: Box<Expr>,
    },
    Reduce(Reduce),
    /// `(map with { weight = w })`, only called.
    With {
        layer: Box<Expr>,
        replaced: Vec<Replacement>,
    },
    /// `?`
    Hole,
    Error,
}

/// `h` or `h: f32[B, C + i*G]` in `|h, block, i| …`
#[derive(Clone, PartialEq, Debug)]
pub struct LambdaParam {
    pub name: Ident,
    pub ty: Option<Type>,
}

/// `sum<f16>[i, j: n | j <= i] x[i, j] else 0`
#[derive(Clone, PartialEq, Debug)]
pub struct Reduce {
    pub op: ReduceOp,
    pub op_span: Span,
    /// The element type to accumulate in.
    pub accumulator: Option<NamedType>,
    /// Never empty.
    pub binders: Vec<Binder>,
    pub guard: Option<Box<Expr>>,
    pub body: Box<Expr>,
    /// The value where the guard admits nothing.
    pub otherwise: Option<Box<Expr>>,
}

/// `j` or `j: n`
#[derive(Clone, PartialEq, Debug)]
pub struct Binder {
    pub name: Ident,
    pub extent: Option<Expr>,
    pub span: Span,
}

/// An argument of a call or of a layer: `x` or `stride=2`.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    pub name: Option<Ident>,
    pub value: Expr,
    pub span: Span,
}

/// An entry in an index list.
#[derive(Clone, PartialEq, Debug)]
pub struct Index {
    pub kind: IndexKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum IndexKind {
    /// `t`, `t + k`, `ex[b, t, s]`, `0`
    Expr(Expr),
    /// `..`
    Rest,
    /// `_`
    Broadcast,
    /// `(n:N d)`: several indices that share one axis. Either two or more parts
    /// or one with a size; `(h)` alone is an expression.
    Split(Vec<SplitPart>),
    /// `i: n`, on the left of a `let`.
    Extent { name: Ident, extent: Expr },
}

/// `n:N` or `d`
#[derive(Clone, PartialEq, Debug)]
pub struct SplitPart {
    pub name: Ident,
    pub size: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    Negate,
    Not,
}

impl UnaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            UnaryOp::Negate => "-",
            UnaryOp::Not => "!",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}

impl BinaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::FloorDivide => "//",
            BinaryOp::Remainder => "%",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::And => "&&",
            BinaryOp::Or => "||",
        }
    }

    pub fn is_comparison(self) -> bool {
        match self {
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual => true,
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::FloorDivide
            | BinaryOp::Remainder
            | BinaryOp::And
            | BinaryOp::Or => false,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReduceOp {
    Sum,
    Product,
    Max,
    Min,
    Mean,
    Any,
    All,
    Count,
    Pick,
    Softmax,
    ArgMax,
    ArgMin,
}

impl ReduceOp {
    pub const ALL: [ReduceOp; 12] = [
        ReduceOp::Sum,
        ReduceOp::Product,
        ReduceOp::Max,
        ReduceOp::Min,
        ReduceOp::Mean,
        ReduceOp::Any,
        ReduceOp::All,
        ReduceOp::Count,
        ReduceOp::Pick,
        ReduceOp::Softmax,
        ReduceOp::ArgMax,
        ReduceOp::ArgMin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ReduceOp::Sum => "sum",
            ReduceOp::Product => "prod",
            ReduceOp::Max => "max",
            ReduceOp::Min => "min",
            ReduceOp::Mean => "mean",
            ReduceOp::Any => "any",
            ReduceOp::All => "all",
            ReduceOp::Count => "count",
            ReduceOp::Pick => "pick",
            ReduceOp::Softmax => "softmax",
            ReduceOp::ArgMax => "argmax",
            ReduceOp::ArgMin => "argmin",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    Hertz,
    Kilohertz,
    Milliseconds,
    Seconds,
    Pixels,
}

impl Unit {
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Hertz => "Hz",
            Unit::Kilohertz => "kHz",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
            Unit::Pixels => "px",
        }
    }
}
