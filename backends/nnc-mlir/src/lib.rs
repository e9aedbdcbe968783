//! MLIR module building and lowering for nnc's back ends.
//!
//! A back end's templates build functions through a [`Builder`]: typed [`Value`]s,
//! loops and branches as closures, loads and stores on plain addresses. Read
//! [`Builder`] first, then [`Module`], which holds the functions, verifies them and
//! turns them into LLVM IR, and [`Emitter`], which turns a plan's scalar expressions
//! into values.
//!
//! This is the only crate that names melior. It does not know targets, schedules or
//! how a program is cut into kernels.

mod arith;
mod builder;
mod control;
mod convert;
mod error;
mod lower;
mod math;
mod memory;
mod module;
mod scalar;
mod ty;
mod vector;

pub use builder::{Builder, Value};
pub use error::InternalError;
pub use lower::{CLEAN, PIPELINE, TO_BLOCKS, TO_LLVM};
pub use module::{Features, Linkage, Module};
pub use scalar::{Active, Counter, Emitter, Hoisted, Scope, Typed};
pub use ty::{Kind, Type};
