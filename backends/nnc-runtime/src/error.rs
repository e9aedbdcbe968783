use std::fmt;
use std::path::PathBuf;

/// Why memory, weights or a tensor could not be had.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The system has no memory of this size.
    Memory { bytes: usize },
    /// A file of weights could not be read.
    File { path: PathBuf, error: std::io::Error },
    /// A slice has not as many elements as its shape says.
    Length { shape: Vec<usize>, elements: usize },
    /// A tensor has another shape than is asked for.
    Shape { expected: Vec<usize>, found: Vec<usize> },
    /// A tensor does not lie within its memory or is not aligned there.
    Place { offset: usize, bytes: Option<usize>, alignment: usize, memory: usize },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Memory { bytes } => write!(f, "no memory for {bytes} bytes"),
            Error::File { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Error::Length { shape, elements } => {
                write!(f, "a tensor of shape {shape:?} cannot be {elements} elements")
            }
            Error::Shape { expected, found } => {
                write!(f, "expected a tensor of shape {expected:?}, found {found:?}")
            }
            Error::Place { offset, bytes: Some(bytes), alignment, memory } => write!(
                f,
                "{bytes} bytes at offset {offset}, to be aligned to {alignment}, are not a tensor \
                 within {memory} bytes"
            ),
            Error::Place { offset, bytes: None, alignment: _, memory } => write!(
                f,
                "a tensor at offset {offset} larger than any memory is not within {memory} bytes"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::File { error, .. } => Some(error),
            Error::Memory { .. }
            | Error::Length { .. }
            | Error::Shape { .. }
            | Error::Place { .. } => None,
        }
    }
}
