//! Lexer, grammar and syntax tree of the nn language.

pub mod ast;
