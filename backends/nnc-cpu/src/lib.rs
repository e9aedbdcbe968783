//! The CPU back end of nnc: kernel templates, objects and JIT.
//!
//! Start with [`Target`] and `context`, which every template emits in.

mod context;
mod jit;
mod machine_code;
mod target;

pub use machine_code::LLVM_PASSES;
pub use target::{NAMES, Target};

#[cfg(test)]
mod tests;
