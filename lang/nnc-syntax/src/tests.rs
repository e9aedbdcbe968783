//! Tests of the whole crate: text in, tree or messages out.

mod accept;
mod fuzz;
mod messages;
mod recovery;
