//! What every other crate of the compiler speaks in: places in source text,
//! messages about them, interned names, and tables addressed by small ids.
//!
//! Start with [`Span`] and [`Diagnostic`].
//!
//! This crate does not know the language, and it prints nothing: turning a
//! [`Diagnostic`] into text is the command line's business.

mod diagnostic;
mod name;
mod near;
mod source;
mod stored;
mod table;

pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use name::Name;
pub use near::nearest;
pub use source::{FileId, Position, SourceFile, Sources, Span};
pub use stored::StoredIndex;
pub use table::{Id, Table};
