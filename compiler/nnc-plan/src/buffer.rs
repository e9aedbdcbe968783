//! Memory that kernels read and write.

use nnc_base::Id;
use nnc_graph::Elem;
use nnc_shape::Dim;

pub type BufferId = Id<Buffer>;

/// A tensor's place in memory.
///
/// Element `[i, j, …]` lies at `origin + Σ stride · index` elements from the
/// start. Strides need not fall from left to right (channels last), and the
/// buffer may be larger than the tensor (a zero border around an image).
#[derive(Clone, PartialEq, Debug)]
pub struct Buffer {
    /// For people: the value it holds.
    pub name: String,
    pub elem: Elem,
    pub shape: Vec<Dim>,
    pub strides: Vec<Dim>,
    pub origin: Dim,
    /// How many elements the buffer spans, borders included.
    pub elements: Dim,
    pub place: Place,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Place {
    /// Bytes from the start of the body's arena, a multiple of 64.
    Arena { offset: u64 },
    /// A pointer the caller passes, by its place in the frame's pointer list.
    Pointer(u32),
    /// Bytes from the start of a thread's scratch memory, in one kernel.
    Scratch { offset: u64 },
    /// Bytes from the start of the body's weights, a multiple of 64.
    Weights { offset: u64 },
}
