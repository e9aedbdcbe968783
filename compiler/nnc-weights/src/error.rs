//! What can be wrong with a weight file.

use std::path::Path;

use nnc_graph::Elem;
use thiserror::Error;

use crate::Stored;

/// A file that cannot be used, and why.
#[derive(Error, Debug)]
#[error("`{file}`: {problem}")]
pub struct WeightError {
    /// The path as it was given.
    pub file: String,
    pub problem: Box<Problem>,
}

impl WeightError {
    pub(crate) fn new(file: &Path, problem: Problem) -> WeightError {
        WeightError { file: file.display().to_string(), problem: Box::new(problem) }
    }
}

/// Each names the tensor and the values that disagree, and ends with what to do.
#[derive(Error, Clone, PartialEq, Debug)]
pub enum Problem {
    #[error("{0}")]
    Io(String),
    #[error("this is neither safetensors, GGUF, torch, npy nor npz: {found}; {help}")]
    UnknownFormat { found: String, help: &'static str },
    #[error(
        "the file ends in {what}: from byte {offset} on {needed} bytes are needed, and {left} \
         are left; it was cut short, fetch it again"
    )]
    Truncated { what: String, offset: u64, needed: u64, left: u64 },
    #[error("{what}: {found}; {help}")]
    Header { what: String, found: String, help: String },
    #[error(
        "the header is said to have {header} bytes, and {left} are left; \
         the file was cut short or is damaged, fetch it again"
    )]
    HeaderTooLong { header: u64, left: u64 },
    #[error(
        "tensor `{tensor}` is said to lie at bytes {begin}..{end}, and there are {len}; \
         the file was cut short or is damaged, fetch it again"
    )]
    OutOfBounds { tensor: String, begin: u64, end: u64, len: u64 },
    #[error(
        "tensors `{first}` (up to byte {first_end}) and `{second}` (from byte {second_begin}) \
         overlap; the file is damaged, write it again"
    )]
    Overlap { first: String, first_end: u64, second: String, second_begin: u64 },
    #[error(
        "tensor `{tensor}` of {stored}{} takes {expected} bytes, and there are {found}; \
         fetch or write the file again",
        shown(shape)
    )]
    WrongSize { tensor: String, stored: Stored, shape: Vec<i64>, expected: u64, found: u64 },
    #[error("tensor `{tensor}` has the shape {}: {why}", shown(shape))]
    BadShape { tensor: String, shape: Vec<i64>, why: String },
    #[error("tensor `{tensor}` has elements of type {found}, which is unknown; {help}")]
    UnknownType { tensor: String, found: String, help: String },
    #[error(
        "the name `{tensor}` occurs twice, as {first} and as {second}; \
         write the file again with each name once"
    )]
    Duplicate { tensor: String, first: String, second: String },
    #[error(
        "the pickle asks for `{global}`, which is not part of a tensor, and nothing else is run; \
         load the file in Python and save `model.state_dict()` as safetensors"
    )]
    Refused { global: String },
    #[error("there is no tensor `{tensor}`{}", did_you_mean(near))]
    NoTensor { tensor: String, near: Option<String> },
    #[error("the model has no parameter `{param}`{}", did_you_mean(near))]
    NoParam { param: String, near: Option<String> },
    #[error("there are no values for parameter `{param}`; give all parameters of the model")]
    NoValue { param: String },
    #[error(
        "tensor `{tensor}` is {}, and the model wants {}; compare file and model with `nnc check`",
        shown(found),
        shown(wanted)
    )]
    OtherShape { tensor: String, found: Vec<i64>, wanted: Vec<i64> },
    #[error("tensor `{tensor}` is stored as {stored}, which cannot be read as {elem}; {help}")]
    NotConvertible { tensor: String, stored: Stored, elem: Elem, help: String },
    #[error(
        "tensor `{tensor}` has {value} at {}, which {elem} cannot hold; \
         read it as a wider type",
        shown(index)
    )]
    OutOfRange { tensor: String, index: Vec<i64>, value: String, elem: Elem },
    #[error(
        "tensor `{tensor}` has {len} elements, and {count} from element {start} on were asked \
         for into {bytes} bytes of {elem}; ask for elements that are there, with room for them"
    )]
    WrongRange { tensor: String, len: u64, start: u64, count: u64, bytes: u64, elem: Elem },
}

impl Problem {
    pub(crate) fn header(
        what: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        Problem::Header { what: what.into(), found: found.into(), help: help.into() }
    }

    /// What no whole file of the format has.
    pub(crate) fn damaged(what: impl Into<String>, found: impl Into<String>) -> Problem {
        Problem::header(what, found, "the file is damaged, fetch or write it again")
    }
}

/// `[2, 3]`
pub(crate) fn shown(shape: &[i64]) -> String {
    let sizes: Vec<String> = shape.iter().map(i64::to_string).collect();
    format!("[{}]", sizes.join(", "))
}

fn did_you_mean(near: &Option<String>) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => "; list the names that there are".to_owned(),
    }
}
