//! The typed, resolved program as data: what checking an `nn` program gives.
//!
//! It is still generic: layers keep their size parameters and functions their
//! dims, as variables of [`nnc_shape::Dim`]s. Whoever runs a program instantiates
//! it by substituting sizes; nothing has to be inferred again, because every call
//! says what it binds.
//!
//! Start with [`Program`], then [`Function`], [`Expr`] and [`Scalar`].
//!
//! What always holds in a program that was checked without errors:
//!
//! - every id points into the table it is of, and every [`LocalId`] into the
//!   function's own; a local is assigned once, before its uses;
//! - dims are in terms of the owner layer's parameters, its dim configs and the
//!   function's [`Function::dims`]; aliases such as `const Dh = D / N` are expanded;
//! - reads are in bounds at every point where they happen, given the facts;
//! - [`ExprKind::Error`] and [`Type::Error`] occur only where a hole `?` leaves a value
//!   open, and in what depends on it.
//!
//! This crate does not know the syntax, and it checks nothing.

mod display;
mod expr;
mod items;
mod parts;
mod rewrite;
mod scalar;
mod substitute;
mod types;
mod visit;
mod written;

pub use display::{Shown, shown_parameter};
pub use expr::{
    Arg, ArrayItem, Binding, Block, Call, Closure, ConcatPart, Expr, ExprKind, Fold, Hole,
    HoleCandidate, PackBinding, Path, PathRoot, PathStep, Scan, ScanCarry, ScanYield, Stmt,
    ViewAxis,
};
pub use items::{
    Alias, AxisMap, Bound, Candidate, Checkpoint, CheckpointId, CheckpointRow, Chosen, CompareOp,
    Condition, Config, ConfigKind, ConfigValue, DimOrigin, DimParam, Entry, Export, Field,
    FieldValue, Function, FunctionId, IgnoredTensors, Init, Layer, LayerArg, LayerId, LayerUse,
    Local, LocalId, Meaning, MeaningId, Model, Param, Program, Replaced, SpaceHole, Struct,
    StructField, StructId, Test,
};
pub use parts::{Part, PartMut};
pub use rewrite::{Joined, REWRITES, Rewrite, RewriteKind, RewriteName, Step};
pub use scalar::{
    Affine, Axis as NestAxis, BinaryOp, Index, IndexVar, IndexVarId, Nest, ReduceOp, Reduction,
    Scalar, ScalarArg, ScalarKind, UnaryOp,
};
pub use substitute::{Configs, Sizes};
pub use types::{Arrow, Axis, AxisSize, Base, Elem, MeaningUse, Places, Rate, TensorType, Type};
