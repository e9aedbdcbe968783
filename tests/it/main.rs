//! Tests of the whole: programs that are run, and their inputs in the folders beside.

mod run;
mod support;
mod tidy;
