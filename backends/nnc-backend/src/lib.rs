//! What a back end of nnc takes and gives.
//!
//! A [`Backend`] turns a [`nnc_plan::Plan`] into an [`Artifact`], bytes that the driver
//! writes to disk, or into [`Code`] that runs in this process. An [`Instance`] is code
//! with its weights and memory: what it is called with is checked there, once for all
//! back ends. [`pack`] lays a tensor out as a plan wants it in the weights.
//!
//! This crate does not know any instruction set, opens no files, and does not evaluate
//! graphs: what fills the weights is the caller's matter.

mod artifact;
mod backend;
mod error;
mod instance;
mod pack;

pub use artifact::{Artifact, Form};
pub use backend::{Backend, Code, EntryCode, Options};
pub use error::{CompileError, RunError};
pub use instance::{Instance, Interface};
pub use pack::pack;
