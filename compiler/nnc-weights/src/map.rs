//! Which tensor of a file is which parameter of a model.
//!
//! A [`Map`] is made from a checkpoint block and the sizes of a model
//! (`map/instantiate.rs`, with `map/axes.rs` for the order of axes), compared with the
//! header of a file (`map/check.rs`), and then used in either direction
//! (`map/transfer.rs`).

mod axes;
mod check;
mod instantiate;
mod pattern;
mod rows;
mod transfer;

use std::collections::HashMap;
use std::fmt;

use nnc_base::{Name, Span};
use nnc_graph::Elem;
use nnc_shape::Dim;

#[cfg(test)]
pub(crate) use self::axes::{Places, places};
use self::pattern::Pattern;
use crate::error::shown;
use crate::gather::View;

/// A parameter of a model.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    /// The field path, such as `blocks.3.attn.wq.weight`.
    pub name: String,
    pub elem: Elem,
    pub shape: Vec<i64>,
    /// The sizes in terms of the parameters of the model's layer.
    pub formulas: Vec<Dim>,
    /// Where it is declared.
    pub span: Span,
}

/// Tensors of a file and parameters of a model, one to one.
///
/// Every parameter is a part of exactly one tensor, and every element of a tensor
/// belongs to exactly one parameter, or to rows that the block leaves out. The text of a map says all of it, a line for each
/// part, so that maps with equal texts do the same.
#[derive(Clone, Debug)]
pub struct Map {
    home: Home,
    params: Vec<Param>,
    tensors: Vec<FileTensor>,
    /// Tensors that a file may hold besides.
    ignored: Vec<Pattern>,
    /// Where each parameter is: a tensor and a part of it.
    by_param: HashMap<String, (usize, usize)>,
    /// Where each tensor is.
    by_name: HashMap<String, usize>,
}

/// Whose map it is, for messages.
#[derive(Clone, Debug)]
struct Home {
    model: Name,
    model_span: Span,
    /// The parameters of the model's layer with their values.
    sizes: Vec<(Name, i64)>,
    /// The checkpoint block, if the model has one.
    block: Option<(Name, Span)>,
}

/// A tensor as the map wants it in a file.
#[derive(Clone, PartialEq, Debug)]
pub struct FileTensor {
    pub name: String,
    /// The element type it is written with.
    pub elem: Elem,
    pub shape: Vec<i64>,
    /// The parameters in it, which cover it up to the rows that are left out.
    pub parts: Vec<Part>,
    /// The rows of the first axis that nothing reads; they are written as zeros.
    left_out: Vec<(i64, i64)>,
    /// How the row names its axes, such as `[i, (z o)]`.
    axes: Option<String>,
    /// The row, or the parameter that is read by its own name.
    span: Span,
    /// The number of the row.
    row: Option<usize>,
    /// Whether the row says that elements are converted.
    converts: bool,
}

/// A parameter in a tensor of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    /// The number of the parameter among [`Map::params`].
    pub param: usize,
    /// The parameter's elements in row-major order, within the tensor's.
    view: View,
}

impl Map {
    /// The parameters in the order in which they were given.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The tensors of a file, those of the block's rows first.
    pub fn tensors(&self) -> &[FileTensor] {
        &self.tensors
    }

    /// The tensor that a parameter is read from.
    pub fn source(&self, param: &str) -> Option<&FileTensor> {
        self.by_param.get(param).map(|(tensor, _)| &self.tensors[*tensor])
    }

    fn is_ignored(&self, name: &str) -> bool {
        self.ignored.iter().any(|pattern| pattern.matches(name))
    }
}

impl FileTensor {
    /// Whether it is one parameter and nothing is moved.
    fn is_plain(&self) -> bool {
        self.parts.len() == 1 && self.left_out.is_empty() && self.parts[0].view.run() == Some(0)
    }
}

impl fmt::Display for Map {
    /// `"h.0.c_attn" [768, 2304] f32: blocks.0.wq = 0 + [768:1, 768:2304]`: the
    /// parameter's axes in the tensor's elements, with the distance of neighbours; only
    /// the name where the tensor is the parameter as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tensor in &self.tensors {
            for part in &tensor.parts {
                let param = &self.params[part.param];
                write!(
                    f,
                    "{:?} {} {}: {}",
                    tensor.name,
                    shown(&tensor.shape),
                    tensor.elem,
                    param.name
                )?;
                if !tensor.is_plain() {
                    let view = part.view.simplified();
                    let axes: Vec<String> =
                        view.axes.iter().map(|(size, stride)| format!("{size}:{stride}")).collect();
                    write!(f, " = {} + [{}]", view.base, axes.join(", "))?;
                }
                writeln!(f)?;
            }
            for (from, to) in &tensor.left_out {
                let (name, shape) = (&tensor.name, shown(&tensor.shape));
                writeln!(f, "{name:?} {shape} {}: rows {from} to {to} ignored", tensor.elem)?;
            }
        }
        for pattern in &self.ignored {
            writeln!(f, "{:?} ignored", pattern.to_string())?;
        }
        Ok(())
    }
}
