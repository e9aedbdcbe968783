//! The graph IR: a tensor program as operations joined by values.
//!
//! A [`Module`] is what the optimiser rewrites, the reference evaluator runs and
//! every back end reads. Read [`Op`] first, then [`Nest`], the one operation in
//! index form that matrix products, convolutions, norms, gathers and elementwise
//! code all are, then [`verify()`], whose doc lists what always holds.
//!
//! Sizes are symbolic ([`nnc_shape::Dim`]) over the graph's own run-time
//! variables; one graph serves every size its entry allows.
//!
//! This crate does not know the surface language, how programs are executed, or
//! what machine they run on. petgraph, which walks the graph of calls, stays
//! private to it: other crates speak of [`NodeId`]s and operand lists alone.

mod calls;
mod elem;
mod module;
mod nest;
mod op;
mod scalar;
mod text;
mod typing;
mod verify;

pub use elem::{Elem, Literal};
pub use module::{
    Call, Entry, EntryInput, EntryOutput, FormalParam, Graph, GraphId, Module, Node, NodeId,
    ParamId, ParamOrigin, RunDim, StateUpdate, TensorType, Value,
};
pub use nest::{Axis, Nest, NestKind, ReduceOp, Reduction};
pub use op::{Op, Running, ScanOp};
pub use scalar::{Affine, Binary, Compare, Index, Scalar, Unary, Var};
pub use text::{ParseError, parse};
pub use typing::TypeError;
pub use verify::{VerifyError, verify};
