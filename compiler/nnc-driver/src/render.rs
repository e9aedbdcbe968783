//! Messages as text.
//!
//! [`human`] shows the code with both origins, [`short`] is one line a message, and
//! [`json`](json()) one object a line for tools. All three come from the same
//! [`Diagnostic`]. What is said outside of a program, an [`Error`](crate::Error), is told
//! in the same three ways.

mod human;
mod json;

pub use human::human;
pub use json::json;

use crate::{Error, Failure};
use nnc_base::{Diagnostic, Severity, Sources};

/// How messages are told.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Format {
    #[default]
    Human,
    Short,
    Json,
}

/// What the place where text goes can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    pub color: bool,
    /// Whether lines may be drawn with characters beyond ASCII.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// For files and pipes.
    pub const PLAIN: Style = Style { color: false, unicode: true, width: 100 };
}

/// A message in a format; every line ends.
pub fn message(sources: &Sources, diagnostic: &Diagnostic, format: Format, style: Style) -> String {
    match format {
        Format::Human => human(sources, diagnostic, style),
        Format::Short => short(sources, diagnostic),
        Format::Json => json(sources, diagnostic),
    }
}

/// An error in a format; every line ends.
pub fn error(sources: &Sources, error: &Error, format: Format, style: Style) -> String {
    match error {
        Error::Program(diagnostics) => {
            diagnostics.iter().map(|it| message(sources, it, format, style)).collect()
        }
        Error::Input(failure) | Error::Usage(failure) | Error::Environment(failure) => {
            told(failure, format, style)
        }
        Error::Internal { what, ir } => told(&internal(what, ir), format, style),
    }
}

fn told(failure: &Failure, format: Format, style: Style) -> String {
    match format {
        Format::Human => human::failure(failure, style),
        Format::Short => format!("error: {}\n", failure.message),
        Format::Json => json::failure(failure),
    }
}

/// A mistake of the compiler, with what to do about it.
fn internal(what: &str, ir: &str) -> Failure {
    let failure = Failure::new(format!("internal error: {what}"))
        .note("this is a mistake of the compiler, not of your program")
        .help(format!(
            "please report it at {} with the program and the version, nnc {}",
            concat!(env!("CARGO_PKG_REPOSITORY"), "/issues"),
            env!("CARGO_PKG_VERSION"),
        ));
    if ir.is_empty() {
        failure
    } else {
        failure.note(format!("the code in which it showed:\n{ir}"))
    }
}

/// `file:line:column: error[E0201]: message`.
pub fn short(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let place = match sources.get(diagnostic.span().file) {
        Some(file) => {
            let at = file.position(diagnostic.span().start);
            format!("{}:{}:{}: ", file.name, at.line, at.column)
        }
        None => String::new(),
    };
    let severity = severity(diagnostic.severity);
    format!("{place}{severity}[{}]: {}\n", diagnostic.code, diagnostic.message)
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// `2 errors and 1 warning`; `None` if there is nothing to count.
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let errors = diagnostics.iter().filter(|it| it.is_error()).count();
    let count = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        count => Some(format!("{count} {what}s")),
    };
    match (count(errors, "error"), count(diagnostics.len() - errors, "warning")) {
        (Some(errors), Some(warnings)) => Some(format!("{errors} and {warnings}")),
        (errors, warnings) => errors.or(warnings),
    }
}

#[cfg(test)]
mod tests;
