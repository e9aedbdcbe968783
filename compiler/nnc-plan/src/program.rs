//! How kernels make up a program.

use crate::{Buffer, BufferId, Kernel};
use nnc_base::{Id, Name, Table};
use nnc_graph::{GraphId, Literal, ParamId, RunDim, TensorType};
use nnc_shape::Dim;

pub type BodyId = Id<Body>;

/// A planned module.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Callees stand before their callers.
    pub bodies: Table<Body>,
    pub entries: Vec<PlanEntry>,
    /// Everything that is filled in before the first run, for all entries.
    pub weights: Vec<WeightSlot>,
    pub weights_bytes: u64,
}

impl Plan {
    /// The kernels of all bodies, in the order of their numbers: in what body, at what
    /// step, and what.
    pub fn launches(&self) -> impl Iterator<Item = (BodyId, usize, &Kernel)> {
        self.bodies.iter().flat_map(|(id, body)| {
            let steps = body.steps.iter().enumerate();
            steps.filter_map(move |(at, step)| match step {
                Step::Launch(kernel) => Some((id, at, &**kernel)),
                Step::Call { .. } | Step::Repeat { .. } | Step::Copy { .. } => None,
            })
        })
    }
}

/// A body that the world may run; its weights are the plan's, from their start.
#[derive(Clone, Debug)]
pub struct PlanEntry {
    pub name: Name,
    pub body: BodyId,
}

/// A graph as steps.
///
/// A body runs with a *frame*, an array of 64-bit words: the arena's address, the
/// weights' address, the scratch memory's address, then its run-time dims in
/// order, then its pointers in order (inputs, then outputs that are not inputs
/// written in place).
#[derive(Clone, Debug)]
pub struct Body {
    pub name: String,
    pub graph: GraphId,
    pub dims: Vec<RunDim>,
    /// What each frame pointer is.
    pub pointers: Vec<BufferId>,
    /// For each output of the graph, its pointer; several outputs or inputs may share one.
    pub outputs: Vec<u32>,
    pub buffers: Table<Buffer>,
    pub steps: Vec<Step>,
    /// The callees' included.
    pub arena_bytes: u64,
    /// The greatest sum of bytes that live at one time: no placement can need less.
    pub arena_lower_bound: u64,
    pub weights_bytes: u64,
    /// The weights of this body, its callees' left out, with offsets from its
    /// weights' start; sources are parameters of its graph. Of an entry: all of them.
    pub weights: Vec<WeightSlot>,
    /// The order of axes in memory (outermost first) in which inputs are expected
    /// and outputs left; row-major for entries.
    pub input_orders: Vec<Vec<usize>>,
    pub output_orders: Vec<Vec<usize>>,
    /// For each input, whether the body writes over it.
    pub overwrites: Vec<bool>,
}

#[derive(Clone, Debug)]
pub enum Step {
    Launch(Box<Kernel>),
    /// Runs another body with a frame of its own.
    Call {
        body: BodyId,
        /// Its dims in order.
        dims: Vec<Dim>,
        /// Its pointers in order.
        pointers: Vec<BufferId>,
        /// Where its arena starts in this arena.
        arena_offset: u64,
        /// Where its weights start in this body's weights.
        weights_offset: u64,
        /// This graph's parameters for the callee's stored ones in order.
        params: Vec<ParamId>,
    },
    /// Runs `body` for `variable` = 0, 1, … `extent` - 1 (the callee's dim of that
    /// name, whose place in `dims` is not used); pointers may move by a stride a step.
    Repeat {
        body: BodyId,
        variable: Name,
        extent: Dim,
        /// A bool without axes: the loop ends before the first step for which it is false.
        condition: Option<BufferId>,
        dims: Vec<Dim>,
        /// Buffer, and elements to move on each step.
        pointers: Vec<(BufferId, Dim)>,
        /// After each step the second buffer is overwritten by the first.
        carries: Vec<(BufferId, BufferId)>,
        arena_offset: u64,
        weights_offset: u64,
        params: Vec<ParamId>,
    },
    /// The second buffer is overwritten by the first (same elements and strides).
    Copy {
        from: BufferId,
        to: BufferId,
    },
}

/// A tensor in the weights: where it comes from and how it is laid out.
#[derive(Clone, PartialEq, Debug)]
pub struct WeightSlot {
    pub source: WeightSource,
    /// Of the source; its dims are constants.
    pub ty: TensorType,
    /// Bytes from the start of the plan's weights, a multiple of 64.
    pub offset: u64,
    pub bytes: u64,
    pub packing: Packing,
}

/// What fills a slot.
#[derive(Clone, PartialEq, Debug)]
pub enum WeightSource {
    /// A parameter of the body's graph: only in [`Body::weights`] of callees.
    Param(ParamId),
    /// The parameter of the model with this path.
    Stored(String),
    /// The only output of a graph, from these inputs.
    Derived {
        graph: GraphId,
        from: Vec<WeightSource>,
    },
    Literal(Literal),
}

/// How a tensor is copied into the weights: extents and strides (in elements of
/// the row-major source) of the loops of the copy, outermost first; where a loop
/// has been cut into panels, positions past the end are zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Packing {
    /// As the source, row-major.
    Plain,
    /// The loops in this order, with these source strides.
    Strided { extents: Vec<u64>, strides: Vec<u64> },
    /// `[batch…][column / width][inner…][width]`.
    Panels {
        batch: Vec<(u64, u64)>,
        inner: Vec<(u64, u64)>,
        columns: u64,
        column_stride: u64,
        width: u32,
    },
}
