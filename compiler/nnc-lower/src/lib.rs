//! From the typed program to the graph IR: one model with its numbers put in.
//!
//! [`lower`] instantiates a model's layer, inlines functions and sub-layers, and
//! turns index notation into [`nnc_graph::Nest`]s; [`lower_function`] does it for a function
//! alone and [`lower_tests`] for test blocks. What only a model's numbers can show to be
//! wrong is reported here.
//!
//! Read `value` first: a tensor is a scalar expression over index variables, so
//! that transposes, splits and broadcasts cost nothing until something has to be
//! stored. Then `scalar` (index notation), `emit` (what becomes a node of its own),
//! `contract` (how sums of products are cut), and `fold` (repeated layers).
//!
//! This crate does not know syntax, checks no types, and optimises nothing: it
//! writes down what the program says.

mod append;
mod building;
mod closure;
mod condition;
mod contract;
mod elementwise;
mod emit;
mod entry;
mod errors;
mod expr;
mod fold;
mod frame;
mod handed;
mod instance;
mod lowerer;
mod params;
mod path;
mod point;
mod rearrange;
mod reduce;
mod rewrite;
mod scalar;
mod scan;
mod space;
mod test_block;
mod trace;
mod uses;
mod value;

pub use entry::{Lowered, lower, lower_function, lower_traced, model_of_export};
pub use params::{Made, ParamInfo, Segment};
pub use space::{Hole, holes, members};
pub use test_block::{
    LoweredAssert, LoweredTest, LoweredTests, check_tests, lower_comparisons, lower_tests,
};
pub use trace::{TracePoint, Traces};
pub use uses::Use;

#[cfg(test)]
mod tests;
