//! Tests of reading, running and counting.

mod console;
mod explain;
mod oracle;
mod programs;
pub(crate) mod support;
