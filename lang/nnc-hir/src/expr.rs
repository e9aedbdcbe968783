//! Expressions and statements over whole tensors.

use nnc_base::{Name, Span};
use nnc_shape::Dim;

use crate::{
    Axis, Base, BinaryOp, CompareOp, Condition, Elem, FunctionId, IndexVarId, LocalId, Nest, Type,
    UnaryOp,
};

/// A value.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Local(LocalId),
    /// A parameter of a layer.
    Param(Path),
    /// A sub-layer or an array of them; only as an array of a [`Fold`].
    Layer(Path),
    /// The value of a size; its type is [`Type::Dim`], or a scalar tensor where the
    /// size was converted to a number.
    Dim(Dim),
    /// A float config of the owner layer, as a scalar.
    Config(Name),
    /// A bool that is decided with the sizes, as a scalar.
    Condition(Condition),
    /// Numbers are scalars of the type's element.
    Float(f64),
    Int(i64),
    Bool(bool),
    /// `[2, 1, 2]`, `tokens("ab")`: a tensor whose first axis counts the items, which
    /// have equal types.
    List(Vec<Expr>),
    /// Elementwise. An operand has the result's axes or is a scalar; where it has a
    /// broadcast axis ([`crate::AxisSize::Broadcast`]) it is repeated.
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// Changes the element; free if only the meaning changes.
    Cast {
        to: Elem,
        value: Box<Expr>,
    },
    Call(Call),
    Nest(Nest),
    /// `bias[_, k, _, _]`: each axis of `value` in order is kept or taken at one
    /// position; broadcast axes come in between.
    View {
        value: Box<Expr>,
        axes: Vec<ViewAxis>,
    },
    /// Cuts `value` along its axis `axis` (counted from the first axis behind `..`)
    /// into a tuple of pieces of these sizes, which sum up to the axis.
    Split {
        value: Box<Expr>,
        axis: usize,
        sizes: Vec<Dim>,
    },
    Concat {
        parts: Vec<ConcatPart>,
        axis: usize,
    },
    /// The first `k` along the last axis in order: a tuple of values and positions.
    Sort {
        value: Box<Expr>,
        descending: bool,
        k: Dim,
    },
    /// `state` with `values` written, field by field of the struct's tensor fields,
    /// at `at .. at + count` along field `i`'s axis `axes[i]`.
    Append {
        state: Box<Expr>,
        values: Vec<Expr>,
        axes: Vec<usize>,
        at: Dim,
        count: Dim,
    },
    StructField {
        value: Box<Expr>,
        field: Name,
    },
    Fold(Box<Fold>),
    /// Decided with the sizes: only the branch taken need make sense.
    IfSizes {
        condition: Condition,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// Decided by a scalar bool when the program runs.
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// Elementwise choice by a bool tensor.
    Select {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Block(Box<Block>),
    Tuple(Vec<Expr>),
    Project {
        value: Box<Expr>,
        index: usize,
    },
    Hole(Hole),
    /// A hole of a space, applied; which candidate stands there is chosen later.
    SpaceHole {
        path: Path,
        value: Box<Expr>,
        /// Values of the sizes that the hole's arrow is open in, in the caller's terms.
        dims: Vec<(Name, Dim)>,
        /// What `..` stands for in the arrow.
        pack: PackBinding,
    },
    /// An argument that is a function: for a parameter of type [`Type::Function`].
    Closure(Box<Closure>),
    /// A parameter that is a function, applied.
    Apply {
        function: LocalId,
        /// For [`crate::Arrow::inputs`], in order.
        args: Vec<Expr>,
    },
    /// Something that was reported.
    Error,
}

/// `|h| block(h, cond)`: the locals of the function that it stands in are at hand.
#[derive(Clone, Debug)]
pub struct Closure {
    pub params: Vec<LocalId>,
    pub body: Expr,
}

#[derive(Clone, Debug)]
pub struct ConcatPart {
    pub value: Expr,
    /// Its size along the axis.
    pub size: Dim,
}

/// Where a parameter or sub-layer is found.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    pub root: PathRoot,
    pub steps: Vec<PathStep>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathRoot {
    /// The layer that owns the function.
    Owner,
    /// A local of type [`Type::Layer`]: the item of a fold.
    Local(LocalId),
}

#[derive(Clone, PartialEq, Debug)]
pub enum PathStep {
    /// In an `if` field, the field of the branch that the sizes choose.
    Field(Name),
    Index(Dim),
}

/// A call of a function of a module (`receiver` is `None`) or of a layer.
#[derive(Clone, Debug)]
pub struct Call {
    pub function: FunctionId,
    /// The layer whose function this is; its [`crate::LayerUse`] follows from the path.
    pub receiver: Option<Path>,
    /// Values of [`crate::Function::dims`], in order, in the caller's terms.
    pub dims: Vec<Dim>,
    /// What `..` stands for in the callee.
    pub pack: PackBinding,
    /// What `float` stands for.
    pub float: Option<Base>,
    /// For [`crate::Function::params`], in order.
    pub args: Vec<Arg>,
    /// Parameters of the receiver that this call does not read: the fields that lead to
    /// each, and what stands in its place.
    pub replaced: Vec<(Vec<Name>, Expr)>,
}

/// The axes that a callee's `..` stands for: the caller's own `..` (if `outer`)
/// and then `axes`.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct PackBinding {
    pub outer: bool,
    pub axes: Vec<Axis>,
}

#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all arguments are values")]
pub enum Arg {
    Value(Expr),
    /// For a parameter of type `dim`; its value is among [`Call::dims`] too.
    Dim(Dim),
    /// For an optional parameter that is left out. A [`Arg::Value`] that is an optional
    /// parameter of the caller is passed on: left out if it was.
    Absent,
    /// The local `before` is used up, and the value it has after the call is `after`.
    InOut {
        before: LocalId,
        after: LocalId,
    },
}

/// `fold((blocks, caches), init, |carry, block, cache| body)`: runs `body` for each
/// position of the arrays, which are equally long.
#[derive(Clone, Debug)]
pub struct Fold {
    pub count: Dim,
    /// What the place is called in the sizes of the body, if they may depend on it; no other
    /// size of the function is called so.
    pub place: Option<Name>,
    /// None where a size is folded over: `fold(L, x, |h, i| block(h))`.
    pub arrays: Vec<ArrayItem>,
    pub init: Expr,
    /// Its type is that of what enters a step, in terms of the place.
    pub carry: LocalId,
    pub body: Expr,
}

#[derive(Clone, Debug)]
pub struct ArrayItem {
    /// An array of layers ([`ExprKind::Layer`]), of structs or of tensors.
    pub array: Expr,
    /// What the body calls its item.
    pub item: LocalId,
    /// For state: the item when the body has run, and the array when the fold has.
    pub updated: Option<(LocalId, LocalId)>,
}

/// Statements, then a value.
#[derive(Clone, Debug)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    /// The unit tuple where there is none.
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub enum Stmt {
    Let(Binding),
    Scan(Scan),
    /// In a test: a bool tensor all of whose elements must be true.
    Assert {
        value: Expr,
        span: Span,
    },
    /// Checked when the sizes are known, at the entry.
    AssertSizes {
        condition: Condition,
        span: Span,
    },
}

#[derive(Clone, Debug)]
pub struct Binding {
    /// One local, or one for each part of a tuple.
    pub locals: Vec<LocalId>,
    /// Whether `value` is a tuple that is taken apart.
    pub tuple: bool,
    pub value: Expr,
}

/// `scan t in T while c with h[b, d] = h0 { h[b, d] = …; yield y[b, t] = …; }`.
///
/// In the body, `var` is an index variable that is bound outside its nests; a nest
/// there need not range over it. The body's values are for one step.
#[derive(Clone, Debug)]
pub struct Scan {
    pub var: IndexVarId,
    pub extent: Dim,
    /// A scalar bool of the carries' [`ScanCarry::before`]: looked at before each step, and
    /// the scan ends where it does not hold. A scan with one yields nothing.
    pub condition: Option<Expr>,
    pub carries: Vec<ScanCarry>,
    pub body: Vec<Stmt>,
    pub yields: Vec<ScanYield>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct ScanCarry {
    pub init: Expr,
    /// The value when a step starts.
    pub before: LocalId,
    /// The value when it ends, assigned in the body.
    pub after: LocalId,
    /// The value after the scan.
    pub last: LocalId,
}

#[derive(Clone, Debug)]
pub struct ScanYield {
    /// The value of one step, without the scan's axis; assigned in the body.
    pub step: LocalId,
    /// All steps together, after the scan; `axis` is where the scan's axis stands.
    pub all: LocalId,
    pub axis: usize,
}

/// What one index of a view does.
#[derive(Clone, PartialEq, Debug)]
pub enum ViewAxis {
    Keep,
    Broadcast,
    /// Takes the axis at one position; the result does not have it.
    At(Dim),
}

/// `?`: what would fit here.
#[derive(Clone, Debug)]
pub struct Hole {
    pub args: Vec<Expr>,
    pub candidates: Vec<HoleCandidate>,
}

#[derive(Clone, Debug)]
pub struct HoleCandidate {
    /// As one would write it.
    pub text: String,
}

impl Expr {
    pub fn error(span: Span) -> Expr {
        Expr { kind: ExprKind::Error, ty: Type::Error, span }
    }
}
