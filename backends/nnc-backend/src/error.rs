//! Why compiling or running failed.

use nnc_base::{Diagnostic, Name};
use std::fmt;

/// Why there is no code.
#[derive(Clone, PartialEq, Debug)]
pub enum CompileError {
    /// The program asks for what this target does not have yet.
    Unsupported(Vec<Diagnostic>),
    /// The options name something that is not there, such as a CPU.
    Options(String),
    /// The world around the compiler: a linker that is missing, say.
    Environment(String),
    /// A mistake of the compiler, with the IR in which it showed.
    Internal { what: String, ir: String },
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Unsupported(diagnostics) => {
                let texts: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
                f.write_str(&texts.join("\n"))
            }
            CompileError::Options(text) | CompileError::Environment(text) => f.write_str(text),
            CompileError::Internal { what, ir } if ir.is_empty() => {
                write!(f, "internal error: {what}")
            }
            CompileError::Internal { what, ir } => write!(f, "internal error: {what}\n{ir}"),
        }
    }
}

impl std::error::Error for CompileError {}

/// Why an instance did not run. Nothing has been written then.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The system has no memory of this size.
    Memory {
        bytes: u64,
    },
    /// The weights are not those of the plan.
    Weights {
        expected: u64,
        found: u64,
    },
    NoEntry {
        at: usize,
        entries: usize,
    },
    /// As many sizes as the entry has are needed, in order.
    DimCount {
        expected: usize,
        found: usize,
    },
    /// A size is outside of what the program was compiled for.
    Dim {
        name: Name,
        value: i64,
        min: i64,
        max: Option<i64>,
    },
    /// Sizes that each are allowed do not go together.
    Fact {
        text: String,
    },
    BufferCount {
        expected: usize,
        found: usize,
    },
    /// A buffer has another number of bytes than its tensor.
    Buffer {
        name: Name,
        expected: u64,
        found: u64,
    },
    /// An integer that must be a position in a table is none.
    Index {
        name: Name,
        at: usize,
        value: i64,
        bound: i64,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Memory { bytes } => write!(f, "no memory for {bytes} bytes"),
            RunError::Weights { expected, found } => {
                write!(f, "the weights are {found} bytes, this program's are {expected}")
            }
            RunError::NoEntry { at, entries } => {
                write!(f, "there is no entry {at}; the program has {entries}")
            }
            RunError::DimCount { expected, found } => {
                write!(f, "{found} sizes were given, the entry has {expected}")
            }
            RunError::Dim { name, value, min, max: Some(max) } => {
                write!(f, "{name} = {value}; it must be at least {min} and at most {max}")
            }
            RunError::Dim { name, value, min, max: None } => {
                write!(f, "{name} = {value}; it must be at least {min}")
            }
            RunError::Fact { text } => write!(f, "the sizes given do not satisfy {text}"),
            RunError::BufferCount { expected, found } => {
                write!(f, "{found} tensors were given, the entry takes {expected}")
            }
            RunError::Buffer { name, expected, found } => {
                write!(f, "`{name}` has {found} bytes, its tensor has {expected}")
            }
            RunError::Index { name, at, value, bound } => {
                write!(f, "`{name}` has {value} at position {at}; it must lie in 0..{bound}")
            }
        }
    }
}

impl std::error::Error for RunError {}
