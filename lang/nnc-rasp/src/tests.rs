//! Tests of reading, running and counting.

mod console;
mod explain;
mod messages;
mod oracle;
mod programs;
pub(crate) mod support;
