//! Why there is no result.

use nnc_base::{Diagnostic, Span};
use nnc_plan::PlanError;
use std::fmt;
use std::path::Path;

/// What stands between a person and a result.
///
/// Mistakes in a program are [`Error::Program`] and those of the compiler
/// [`Error::Internal`]; the others are the world's.
#[derive(Clone, PartialEq, Debug)]
pub enum Error {
    /// Messages about the program, at least one of them an error.
    Program(Vec<Diagnostic>),
    /// A file or a tensor is not as it must be.
    Input(Failure),
    /// What was asked for does not exist: a model, an entry, a target.
    Usage(Failure),
    /// The machine has or allows too little: a folder that cannot be written, say.
    Environment(Failure),
    /// A mistake of the compiler, with the IR in which it showed.
    Internal { what: String, ir: String },
}

/// What went wrong outside of a program, in one line, and the ways out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    pub message: String,
    pub notes: Vec<String>,
    pub helps: Vec<String>,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), notes: Vec::new(), helps: Vec::new() }
    }

    pub fn note(mut self, text: impl Into<String>) -> Failure {
        self.notes.push(text.into());
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Failure {
        self.helps.push(text.into());
        self
    }

    /// Says which name may have been meant, or what names there are: `what` is such as
    /// `the entries`.
    pub fn names(self, wrong: &str, what: &str, names: &[&str]) -> Failure {
        match nnc_base::nearest(wrong, names.iter().copied()) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => self,
            None => self.help(format!("{what} are {}", names.join(", "))),
        }
    }
}

impl Error {
    pub fn input(message: impl Into<String>) -> Error {
        Error::Input(Failure::new(message))
    }

    pub fn usage(message: impl Into<String>) -> Error {
        Error::Usage(Failure::new(message))
    }

    pub fn environment(message: impl Into<String>) -> Error {
        Error::Environment(Failure::new(message))
    }

    pub fn internal(what: impl Into<String>) -> Error {
        Error::Internal { what: what.into(), ir: String::new() }
    }

    /// A file that cannot be read.
    pub fn reading(path: &Path, error: &std::io::Error) -> Error {
        Error::input(format!("cannot read {}: {}", path.display(), words(error)))
    }

    /// A file or folder that cannot be written.
    pub(crate) fn writing(path: &Path, error: &std::io::Error) -> Error {
        Error::environment(format!("cannot write {}: {}", path.display(), words(error)))
    }

    /// Says what to do about it; nothing where the words are the program's own.
    pub fn help(mut self, text: impl Into<String>) -> Error {
        match &mut self {
            Error::Input(failure) | Error::Usage(failure) | Error::Environment(failure) => {
                failure.helps.push(text.into());
            }
            Error::Program(_) | Error::Internal { .. } => {}
        }
        self
    }

    pub fn note(mut self, text: impl Into<String>) -> Error {
        match &mut self {
            Error::Input(failure) | Error::Usage(failure) | Error::Environment(failure) => {
                failure.notes.push(text.into());
            }
            Error::Program(_) | Error::Internal { .. } => {}
        }
        self
    }
}

/// What the system says, without its number.
fn words(error: &std::io::Error) -> String {
    plain_words(&error.to_string())
}

pub(crate) fn plain_words(text: &str) -> String {
    let end = text.rfind(" (os error").unwrap_or(text.len());
    let text = &text[..end];
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Program(diagnostics) => {
                let texts: Vec<&str> = diagnostics.iter().map(|it| it.message.as_str()).collect();
                f.write_str(&texts.join("\n"))
            }
            Error::Input(failure) | Error::Usage(failure) | Error::Environment(failure) => {
                f.write_str(&failure.message)
            }
            Error::Internal { what, .. } => write!(f, "internal error: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Error {
        Error::Program(vec![plan_diagnostic(error.span, error.message, &error.help)])
    }
}

fn plan_diagnostic(span: Span, message: String, help: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(nnc_base::Code("E0602"), span, message);
    if help.is_empty() { diagnostic } else { diagnostic.help(help) }
}

impl From<nnc_backend::CompileError> for Error {
    fn from(error: nnc_backend::CompileError) -> Error {
        use nnc_backend::CompileError;
        match error {
            CompileError::Unsupported(diagnostics) => Error::Program(diagnostics),
            CompileError::Options(text) => Error::usage(text),
            CompileError::Environment(text) => Error::environment(text),
            CompileError::Internal { what, ir } => Error::Internal { what, ir },
        }
    }
}
