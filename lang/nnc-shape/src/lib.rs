//! Symbolic dimensions of nnc: normal form, facts, proofs and witnesses.
//!
//! A [`Dim`] is the size of an axis as an expression over dimension variables,
//! kept in a normal form in which equal values compare equal as often as
//! algebra alone can tell. [`Facts`] is what a program has said about its
//! variables, and answers questions under it.
//!
//! Read [`Dim`] first, then `floor` for the rules that make the normal form; then
//! [`Facts`], `solve` for what becomes of them, `prove` for inequalities, and
//! `search` and `guard` for what an unproven question is answered with; and `sizes` for the
//! questions about one variable, which are decided.
//!
//! This crate does not know the language: not kinds, axes, tensors or source
//! text. It does not solve for sizes, it only compares them.

mod arithmetic;
mod content;
mod dim;
mod display;
mod divide;
mod either;
mod evaluate;
mod example;
mod extremum;
mod fact;
mod facts;
mod floor;
mod fold;
mod guard;
mod interval;
mod parse;
mod prove;
mod residues;
mod search;
mod sizes;
mod solve;
mod values;

pub use dim::Dim;
pub use fact::{Answer, Fact, Witness};
pub use facts::Facts;
pub use floor::Remainder;
pub use fold::Algebra;
pub use parse::DimParseError;
pub use sizes::SizeSet;

#[cfg(test)]
mod tests;
