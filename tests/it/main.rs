//! Tests of the whole: programs that are run, and their inputs in the folders beside.

mod fuzz;
mod run;
mod support;
mod tidy;
mod ui;
