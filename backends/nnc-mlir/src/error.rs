//! Failures that are mistakes of the compiler.

use std::fmt;

/// Something that cannot happen unless the compiler is wrong: what, and the IR it
/// happened to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InternalError {
    pub what: String,
    pub ir: String,
}

impl InternalError {
    pub fn new(what: impl Into<String>, ir: impl Into<String>) -> InternalError {
        InternalError { what: what.into(), ir: ir.into() }
    }
}

impl fmt::Display for InternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "internal error: {}", self.what)?;
        if !self.ir.is_empty() {
            write!(f, "\n{}", self.ir)?;
        }
        Ok(())
    }
}

impl std::error::Error for InternalError {}
