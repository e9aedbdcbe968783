//! Tests of reading, running and counting.

mod programs;
mod support;
