//! Lexer, grammar and syntax tree of the nn language.
//!
//! [`parse`] is the door: text in, a [`Parsed`] out, whatever the text. It
//! never fails; what is wrong is in the diagnostics, and what could be read is
//! in the tree. [`parse_chain`] reads layers alone, as a question about them has them. Read [`ast`] first. On the way the text is split into tokens
//! ([`lex`]), `balance` puts in the brackets and `;` that are missing, and the
//! parser that is generated from `grammar.lalrpop` builds the tree.
//!
//! This crate does not know what a name stands for, what a type means or where
//! files are.

pub mod ast;
mod balance;
mod context;
mod dump;
mod errors;
mod examples;
mod expected;
mod habits;
mod lexer;
mod parse;
mod token;

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

pub use lexer::{Comment, Lexed, lex};
pub use parse::{Parsed, parse, parse_chain};
pub use token::{RESERVED, Tok, Token};
