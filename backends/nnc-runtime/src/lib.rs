//! What programs compiled by nnc link: thread pool, arena, tensor views.
//!
//! Compiled code calls one function, [`pool::nncrt_parallel_for`]: an operation is
//! outlined into a body that computes one item, and the pool shares the items out.
//! Start reading there. Code that is compiled to be profiled calls [`profile`] as well. [`Arena`] is the memory that the plan of a program laid out
//! offsets in, [`Blob`] its packed weights, and [`TensorView`] and [`TensorViewMut`]
//! are how a Rust caller hands tensors in and out with their shapes checked.
//!
//! This crate depends on the standard library alone and knows nothing of graphs, plans
//! or machine code; what a frame's words mean is between the compiler and its bodies.
//! It does not panic: what may fail returns an [`Error`].

mod arena;
mod blob;
mod error;
mod pages;
pub mod pool;
pub mod profile;
mod view;

pub use arena::{ALIGNMENT, Arena};
pub use blob::Blob;
pub use error::Error;
pub use pool::{HeldThreads, MAX_THREADS, hold_threads, parallel_for, set_threads, threads};
pub use view::{Element, TensorView, TensorViewMut};
