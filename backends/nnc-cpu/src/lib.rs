//! The CPU back end of nnc: kernel templates, objects and JIT.
//!
//! [`Cpu`] is the back end. Read `program` for how a plan becomes functions, `context`
//! for what every template emits in, then the templates: `contraction`, `attention`,
//! `stages` (any other nest), `border`, and `chain`, which lets kernels take turns; `sharing`
//! says which kernels are emitted once for many.
//!
//! This crate does not choose tiles, layouts or memory: the plan says them.

mod attention;
mod border;
mod chain;
mod columns;
mod context;
mod contraction;
mod cpu;
mod finish;
mod header;
mod hook;
mod jit;
mod lanes;
mod library;
mod machine_code;
mod measure;
mod program;
mod sharing;
mod sort;
mod stages;
mod target;

pub use cpu::Cpu;
pub use machine_code::LLVM_PASSES;
pub use measure::Measure;
pub use target::{NAMES, Target};

#[cfg(test)]
mod tests;
