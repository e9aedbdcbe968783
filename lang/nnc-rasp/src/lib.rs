//! RASP, the language of sequence programs out of select and aggregate: Weiss, Goldberg and
//! Yahav, "Thinking Like Transformers", 2021.
//!
//! [`parse`] reads statements, [`Machine`] runs them. Functions, lists and loops are gone
//! after that; what is left is a [`Graph`] of s-ops and selectors, which a [`Run`] evaluates
//! on an input, [`Layers`] counts in layers and heads, and [`draw`] makes a picture of.
//! [`told`] says what a statement did. [`import`] writes a program as text of the language nn.
//! Read [`ast`] and [`graph`] first.
//!
//! This crate opens no files, knows no terminal, and does not know the compiler: it writes nn, and
//! neither reads nor checks it.

pub mod ast;
mod call;
mod draw;
mod errors;
mod expected;
mod explain;
pub mod graph;
mod import;
mod layers;
mod lexer;
mod meta;
mod object;
mod parse;
mod picture;
mod token;
mod told;
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
pub use draw::draw;
pub use errors::Fault;
pub use explain::{codes, explain};
pub use graph::{Graph, NodeId};
pub use import::{Imported, ImportedFunction, import};
pub use layers::{Layer, Layers};
pub use lexer::Comment;
pub use meta::{Dict, Event, Function, Loader, Machine, Shows, Value};
pub use object::{Evaluated, Input, Matrix, ObjectFault, Run, Sequence};
pub use parse::{Parsed, parse};
pub use told::{Told, told};
pub use value::{Atom, AtomType, float_text};
