//! The nnc compiler as a library: phases in order, files, weights and runs.
//!
//! Start with [`Session`], which takes a program from its files to a plan or to code of
//! a [`nnc_backend::Backend`]. [`render`] makes text of messages, [`questions`] asks about
//! layers, [`search`] goes through the members of spaces, and [`transformer`] makes weights
//! of select-aggregate programs.
//!
//! This crate opens files and knows the order of the phases. It does not know any back
//! end by name, no command line and no terminal; what it has to say it returns.

pub mod cost;
mod emit;
mod error;
mod explain;
mod file;
mod generate;
mod initial;
mod load;
mod memory;
pub mod numbers;
mod params;
mod picture;
pub mod profile;
mod progress;
pub mod questions;
mod random;
pub mod render;
mod runner;
pub mod search;
mod session;
mod sizes;
mod tensor;
mod tensor_io;
mod test_blocks;
pub mod text;
pub mod transformer;
mod weights;

pub use emit::{Stage, parse_graph, run_passes};
pub use error::{Error, Failure};
pub use explain::{codes, explain};
pub use file::write_file;
pub use generate::{Ending, Generator, Sampling, TokenEntry};
pub use nnc_hir::REWRITES;
pub use nnc_lower::{TracePoint, Traces};
pub use nnc_sema::{Answer, Bounds, Family, Filling, Fitting, Instance, Verdict};
pub use params::Params;
pub use progress::Progress;
pub use random::Random;
pub use runner::{Runner, check_memory, run_error as instance_error};
pub use session::{ModelId, Session};
pub use tensor::Tensor;
pub use tensor_io::{filled_input, random_input, read_inputs, write_outputs};
pub use test_blocks::{TestResult, run_tests};
pub use weights::{Cache, pack_weights};
