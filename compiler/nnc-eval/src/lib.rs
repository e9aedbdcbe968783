//! The reference evaluator: what a graph means, in plain loops.
//!
//! Every back end and every pass is held against this crate, so it is written to
//! be right before anything else: each operation follows its documentation in
//! `nnc-graph` point by point. Read [`evaluate`] for how a module runs, then
//! `nest.rs`.
//!
//! It does not know kernels, layouts or memory plans, and it opens no file.

mod along;
mod error;
mod evaluate;
mod math;
mod nest;
mod program;
mod tensor;

pub use error::EvalError;
pub use evaluate::{
    Options, Outputs, Precision, Shared, Trace, evaluate, evaluate_graph, evaluate_shared,
};
pub use math::erf;
pub use tensor::{Data, Tensor};

#[cfg(test)]
mod tests;
