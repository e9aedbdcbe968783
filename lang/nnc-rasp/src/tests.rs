//! Tests of reading, running and counting.

mod console;
mod explain;
mod programs;
pub(crate) mod support;
