//! The calls of a program's functions, which say how its graph is grouped.

use crate::ast::Def;
use crate::meta::Value;
use nnc_base::{Id, Span, Table};
use std::rc::Rc;

pub type CallId = Id<Call>;

/// A function's call, once it was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub def: Rc<Def>,
    /// Whether the function is of the language's library.
    pub library: bool,
    pub arguments: Vec<Value>,
    /// What it gave; nothing while it runs, or if it failed.
    pub result: Option<Value>,
    pub parent: Option<CallId>,
    pub span: Span,
}

/// All calls, in order.
pub type Calls = Table<Call>;
