//! Tests of the whole: programs that are run, and their inputs in the folders beside.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "all of this is tests")]

mod cost;
mod fuzz;
#[cfg(feature = "llvm")]
mod models;
mod mutants;
#[cfg(feature = "llvm")]
mod rewrites;
mod run;
#[cfg(feature = "llvm")]
mod spaces;
mod support;
mod tidy;
mod transformers;
mod ui;
mod zoo;
