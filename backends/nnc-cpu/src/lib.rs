//! The CPU back end of nnc: kernel templates, objects and JIT.
//!
//! Start with [`Target`] and `context`, which every template emits in.

mod attention;
mod columns;
mod context;
mod contraction;
mod finish;
mod jit;
mod lanes;
mod machine_code;
mod point;
mod stages;
mod target;
mod zero;

pub use machine_code::LLVM_PASSES;
pub use target::{NAMES, Target};

#[cfg(test)]
mod tests;
