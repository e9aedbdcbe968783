//! RASP, the language of sequence programs out of select and aggregate: Weiss, Goldberg and
//! Yahav, "Thinking Like Transformers", 2021.
//!
//! [`parse`] reads statements, [`Machine`] runs them. Functions, lists and loops are gone
//! after that; what is left is a [`Graph`] of s-ops and selectors, which a [`Run`] evaluates
//! on an input, [`Layers`] counts in layers and heads, [`draw`] makes a picture of, and
//! [`import`] writes as a text in the nn language. Read [`ast`] and [`graph`] first.
//!
//! This crate opens no files, knows no terminal, and does not know the compiler that the
//! imported text is for.

pub mod ast;
mod call;
mod errors;
mod expected;
pub mod graph;
mod layers;
mod lexer;
mod meta;
mod object;
mod parse;
mod token;
mod value;

#[cfg(test)]
mod tests;

lalrpop_util::lalrpop_mod!(
    #[allow(
        clippy::all,
        clippy::allow_attributes_without_reason,
        clippy::unwrap_used,
        unused,
        unreachable_pub,
        reason = "generated"
    )]
    grammar
);

pub use call::{Call, CallId, Calls};
pub use errors::Fault;
pub use graph::{Graph, NodeId};
pub use layers::{Layer, Layers};
pub use lexer::Comment;
pub use meta::{Dict, Event, Function, Loader, Machine, Shows, Value};
pub use object::{Evaluated, Input, Matrix, ObjectFault, Run, Sequence};
pub use parse::{Parsed, parse};
pub use value::{Atom, AtomType, float_text};
