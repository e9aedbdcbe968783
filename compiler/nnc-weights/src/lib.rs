//! Weight files and checkpoint maps: where the numbers of a model come from.
//!
//! Start with [`WeightFile`]: it opens a file of any known format, lists its
//! tensors and reads one of them as the element type that is asked for. A [`Map`]
//! says which tensor of a file, and which part of it, is which parameter of a model;
//! it is a bijection, so that it also writes files.
//!
//! Files are mapped into memory and read only where a tensor is asked for. What they
//! hold is not trusted: sizes are checked before anything is allocated, and no code
//! that a file may carry is run.
//!
//! This crate does not know how parameters are used, and it packs nothing for a
//! machine.

mod convert;
mod cursor;
mod dequantise;
mod entry;
mod error;
mod errors;
mod explain;
mod file;
mod gather;
mod gguf;
mod map;
mod metadata;
mod non_finite;
mod npy;
mod safetensors;
mod stored;
mod torch;
mod write;
mod zip;

#[cfg(test)]
mod tests;

pub use convert::{Conversion, conversion};
pub use entry::Entry;
pub use error::{Problem, WeightError};
pub use explain::{codes, explain};
pub use file::{Format, WeightFile};
pub use map::{FileTensor, Map, Param, Part};
pub use metadata::{Array, Metadata, Value};
pub use non_finite::NonFinite;
pub use stored::Stored;
pub use write::{Tensor, write_npy, write_npz, write_safetensors};
