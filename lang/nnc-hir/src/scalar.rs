//! Index notation: what is computed at one point of an index space.

use nnc_base::{Id, Name, Span};
use nnc_shape::Dim;

use crate::{Base, CompareOp, Elem, Expr, FunctionId};

pub type IndexVarId = Id<IndexVar>;

/// An index variable; its id is unique in its function.
#[derive(Clone, Debug)]
pub struct IndexVar {
    pub name: Name,
    pub span: Span,
}

/// An index variable with the range it takes.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    pub var: IndexVarId,
    pub extent: Dim,
}

/// `[b, i, (n d)] = value`: one value for each point.
///
/// The result's axes are `axes` in order, runs of them merged as `groups` says:
/// its numbers sum up to `axes.len()`. If `pack`, the function's `..` stands before
/// them, and every tensor read with [`ScalarKind::Read`]'s `pack` is read at the
/// same place of it.
#[derive(Clone, Debug)]
pub struct Nest {
    pub pack: bool,
    pub axes: Vec<Axis>,
    pub groups: Vec<u32>,
    pub value: Scalar,
}

/// The value at one point.
#[derive(Clone, Debug)]
pub struct Scalar {
    pub kind: ScalarKind,
    pub elem: Elem,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ScalarKind {
    /// An element of a tensor that does not depend on index variables of the nest
    /// (it may depend on that of an enclosing scan); it is evaluated once.
    Read {
        tensor: Box<Expr>,
        /// Whether the tensor is read at the nest's place of `..`; else it has none.
        pack: bool,
        index: Vec<Index>,
    },
    Float(f64),
    Int(i64),
    Bool(bool),
    /// A sum of index variables and sizes, as a number of the element.
    Affine(Affine),
    /// A float config of the owner layer.
    Config(Name),
    Unary(UnaryOp, Box<Scalar>),
    /// Both sides have the result's base.
    Binary(BinaryOp, Box<Scalar>, Box<Scalar>),
    /// Both sides have one base.
    Compare(CompareOp, Box<Scalar>, Box<Scalar>),
    /// Lazy: the branch not taken reads nothing.
    Select {
        condition: Box<Scalar>,
        then: Box<Scalar>,
        otherwise: Box<Scalar>,
    },
    /// Changes the element.
    Cast(Box<Scalar>),
    Reduce(Box<Reduction>),
    /// The value at `var`, normalised over all of the range of `var` where the
    /// guard holds; 0 where it does not. `var` is bound outside: by the nest or by
    /// a reduction, which has its range.
    Softmax {
        var: IndexVarId,
        guard: Option<Box<Scalar>>,
        value: Box<Scalar>,
    },
    /// A function of scalars, such as a `float[..]` one whose `..` is nothing here.
    Call {
        function: FunctionId,
        dims: Vec<Dim>,
        float: Option<Base>,
        args: Vec<ScalarArg>,
    },
    /// Something that was reported.
    Error,
}

#[derive(Clone, Debug)]
pub enum ScalarArg {
    Value(Scalar),
    /// For a parameter of type `dim`; its value is among the call's dims too.
    Dim(Dim),
}

/// `sum[i, j | guard] value`.
#[derive(Clone, Debug)]
pub struct Reduction {
    pub op: ReduceOp,
    pub axes: Vec<Axis>,
    /// Points where it is false contribute nothing and read nothing.
    pub guard: Option<Scalar>,
    pub value: Scalar,
    /// The element of the running result, such as f32 for bf16 values.
    pub accumulate: Base,
    /// For [`ReduceOp::Pick`]: the value where no point satisfies the guard.
    pub otherwise: Option<Scalar>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReduceOp {
    Sum,
    Product,
    Max,
    Min,
    /// The sum over the number of points that satisfy the guard.
    Mean,
    Any,
    All,
    /// The sum of integers.
    Count,
    /// The value at the first point that satisfies the guard.
    Pick,
    /// The position along the only axis.
    ArgMax,
    ArgMin,
}

/// The position along one axis.
#[derive(Clone, Debug)]
pub enum Index {
    Affine(Affine),
    /// An integer from data; in bounds by its type or by a proof.
    Data(Box<Scalar>),
}

/// `offset + Σ coefficient · variable`; variables in order of their ids, no zero
/// coefficients.
#[derive(Clone, PartialEq, Debug)]
pub struct Affine {
    pub terms: Vec<(IndexVarId, Dim)>,
    pub offset: Dim,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    Neg,
    Not,
    Exp,
    Log,
    Sqrt,
    Rsqrt,
    Tanh,
    Sin,
    Cos,
    Erf,
    Abs,
    Floor,
    Ceil,
    Round,
    Sign,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    /// Of floats.
    Div,
    /// Of integers, towards minus infinity.
    FloorDiv,
    Rem,
    Pow,
    Max,
    Min,
    And,
    Or,
    BitAnd,
    BitOr,
    BitXor,
    /// Zeros move in.
    ShiftLeft,
    ShiftRight,
}

impl Affine {
    pub fn constant(offset: Dim) -> Affine {
        Affine { terms: Vec::new(), offset }
    }

    pub fn var(var: IndexVarId) -> Affine {
        Affine { terms: vec![(var, Dim::constant(1))], offset: Dim::constant(0) }
    }

    /// The variable, if this is nothing but one.
    pub fn as_var(&self) -> Option<IndexVarId> {
        match self.terms.as_slice() {
            [(var, one)]
                if one.as_constant() == Some(1) && self.offset.as_constant() == Some(0) =>
            {
                Some(*var)
            }
            _ => None,
        }
    }

    /// The size, if no variable occurs.
    pub fn as_dim(&self) -> Option<&Dim> {
        self.terms.is_empty().then_some(&self.offset)
    }

    pub fn plus(&self, other: &Affine) -> Affine {
        let mut sum = Affine { terms: self.terms.clone(), offset: &self.offset + &other.offset };
        for (var, coefficient) in &other.terms {
            match sum.terms.binary_search_by_key(var, |(it, _)| *it) {
                Ok(at) => sum.terms[at].1 = &sum.terms[at].1 + coefficient,
                Err(at) => sum.terms.insert(at, (*var, coefficient.clone())),
            }
        }
        sum.terms.retain(|(_, coefficient)| coefficient.as_constant() != Some(0));
        sum
    }

    pub fn times(&self, factor: &Dim) -> Affine {
        let mut terms: Vec<_> =
            self.terms.iter().map(|(var, coefficient)| (*var, coefficient * factor)).collect();
        terms.retain(|(_, coefficient)| coefficient.as_constant() != Some(0));
        Affine { terms, offset: &self.offset * factor }
    }
}

impl UnaryOp {
    pub const ALL: [UnaryOp; 15] = [
        UnaryOp::Neg,
        UnaryOp::Not,
        UnaryOp::Exp,
        UnaryOp::Log,
        UnaryOp::Sqrt,
        UnaryOp::Rsqrt,
        UnaryOp::Tanh,
        UnaryOp::Sin,
        UnaryOp::Cos,
        UnaryOp::Erf,
        UnaryOp::Abs,
        UnaryOp::Floor,
        UnaryOp::Ceil,
        UnaryOp::Round,
        UnaryOp::Sign,
    ];

    /// The function's name in a program, or the operator.
    pub fn name(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Not => "!",
            UnaryOp::Exp => "exp",
            UnaryOp::Log => "log",
            UnaryOp::Sqrt => "sqrt",
            UnaryOp::Rsqrt => "rsqrt",
            UnaryOp::Tanh => "tanh",
            UnaryOp::Sin => "sin",
            UnaryOp::Cos => "cos",
            UnaryOp::Erf => "erf",
            UnaryOp::Abs => "abs",
            UnaryOp::Floor => "floor",
            UnaryOp::Ceil => "ceil",
            UnaryOp::Round => "round",
            UnaryOp::Sign => "sign",
        }
    }

    /// The builtin function of this name.
    pub fn from_name(name: &str) -> Option<UnaryOp> {
        UnaryOp::ALL.into_iter().skip(2).find(|op| op.name() == name)
    }
}

impl BinaryOp {
    pub const ALL: [BinaryOp; 16] = [
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Div,
        BinaryOp::FloorDiv,
        BinaryOp::Rem,
        BinaryOp::Pow,
        BinaryOp::Max,
        BinaryOp::Min,
        BinaryOp::And,
        BinaryOp::Or,
        BinaryOp::BitAnd,
        BinaryOp::BitOr,
        BinaryOp::BitXor,
        BinaryOp::ShiftLeft,
        BinaryOp::ShiftRight,
    ];

    /// The operator, or the function's name.
    pub fn name(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::FloorDiv => "//",
            BinaryOp::Rem => "%",
            BinaryOp::Pow => "pow",
            BinaryOp::Max => "max",
            BinaryOp::Min => "min",
            BinaryOp::And => "&&",
            BinaryOp::Or => "||",
            BinaryOp::BitAnd => "bit_and",
            BinaryOp::BitOr => "bit_or",
            BinaryOp::BitXor => "bit_xor",
            BinaryOp::ShiftLeft => "shift_left",
            BinaryOp::ShiftRight => "shift_right",
        }
    }

    /// The builtin function of this name, of two numbers.
    pub fn from_name(name: &str) -> Option<BinaryOp> {
        BinaryOp::ALL.into_iter().find(|op| op.is_function() && op.name() == name)
    }

    /// Whether it is written as a function.
    pub fn is_function(self) -> bool {
        match self {
            BinaryOp::Pow
            | BinaryOp::Max
            | BinaryOp::Min
            | BinaryOp::BitAnd
            | BinaryOp::BitOr
            | BinaryOp::BitXor
            | BinaryOp::ShiftLeft
            | BinaryOp::ShiftRight => true,
            BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::FloorDiv
            | BinaryOp::Rem
            | BinaryOp::And
            | BinaryOp::Or => false,
        }
    }
}

impl ReduceOp {
    pub const ALL: [ReduceOp; 11] = [
        ReduceOp::Sum,
        ReduceOp::Product,
        ReduceOp::Max,
        ReduceOp::Min,
        ReduceOp::Mean,
        ReduceOp::Any,
        ReduceOp::All,
        ReduceOp::Count,
        ReduceOp::Pick,
        ReduceOp::ArgMax,
        ReduceOp::ArgMin,
    ];

    pub fn name(self) -> &'static str {
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
            ReduceOp::ArgMax => "argmax",
            ReduceOp::ArgMin => "argmin",
        }
    }

    pub fn from_name(name: &str) -> Option<ReduceOp> {
        ReduceOp::ALL.into_iter().find(|op| op.name() == name)
    }
}
