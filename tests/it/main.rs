//! Tests of the whole: programs that are run, and their inputs in the folders beside.

mod fuzz;
#[cfg(feature = "llvm")]
mod models;
mod run;
mod support;
mod tidy;
mod ui;
