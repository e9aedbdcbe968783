//! What one launch computes, as loops, addresses and scalar bodies.
//!
//! In every scalar expression of a kernel, `Read { operand, at: [] }` names an
//! entry of the kernel's (or stage's) `reads`, and [`nnc_graph::Var`]`(i)` in
//! [`nnc_graph::Scalar::Index`] is its loop `i`.

use crate::{Address, BufferId};
use nnc_base::Span;
use nnc_graph::{Elem, ReduceOp, Scalar};
use nnc_shape::Dim;

/// One fork of the thread pool: `items` calls of a body that computes a disjoint
/// part of the output each.
#[derive(Clone, PartialEq, Debug)]
pub struct Kernel {
    /// For symbols and profiles; unique in its body.
    pub name: String,
    pub kind: KernelKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum KernelKind {
    Contraction(Contraction),
    Attention(Attention),
    Stages(Stages),
    Sort(Sort),
    Border(Border),
    Chain(Chain),
}

/// Kernels that take turns over slices of rows, so that what one leaves the next finds in the
/// core's cache.
///
/// An item is some rows of the last part's result, in one image. It walks them in steps; at
/// each step every part computes those of its rows that are needed for the step and that the
/// item has not computed before. Rows that two items need, where windows overlap, both compute.
#[derive(Clone, PartialEq, Debug)]
pub struct Chain {
    pub batch: Dim,
    /// Of the last part's result, in one image.
    pub rows: Dim,
    pub rows_per_item: i64,
    pub rows_per_step: i64,
    /// In the order in which they run.
    pub parts: Vec<Part>,
}

/// A contraction or a single stage of which some rows are computed at a time: for rows
/// `from..to` of the chain's result, its rows `scale*from + first .. scale*to + last`, as far
/// as there are any.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    pub kind: KernelKind,
    pub batch: Batch,
    /// The loop over rows; `width` of its iterations are one row.
    pub row: usize,
    pub width: i64,
    /// In one image.
    pub rows: Dim,
    pub scale: i64,
    pub first: i64,
    pub last: i64,
    /// Where the result goes of a part that is not the last.
    pub window: Option<Window>,
}

/// The rows of a buffer that a step of a chain needs, in a thread's scratch memory: row
/// `scale*from + first` comes first. What the next step needs too moves up, and rows outside
/// the image are zeros.
#[derive(Clone, PartialEq, Debug)]
pub struct Window {
    pub buffer: BufferId,
    pub rows: i64,
    /// Elements from one row to the next, and from one image to the next.
    pub pitch: i64,
    pub image: Dim,
    /// Rows of border before row 0.
    pub before: i64,
    /// The border within a row.
    pub inner: Vec<BorderAxis>,
}

/// Where a part has its images.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Batch {
    /// There is one.
    None,
    Loop(usize),
    /// The loop over rows goes through all of them.
    Merged,
}

impl KernelKind {
    /// Every buffer that the kernel names, in an order that follows from the kernel alone; one
    /// that is named twice is visited twice.
    pub fn visit_buffers(&mut self, visit: &mut dyn FnMut(&mut BufferId)) {
        let mut all = |addresses: Vec<&mut Address>| {
            for address in addresses {
                visit(&mut address.buffer);
            }
        };
        match self {
            KernelKind::Contraction(it) => {
                all(it.reads.iter_mut().chain([&mut it.left, &mut it.out]).collect());
                match &mut it.right {
                    Matrix::Panels { start, .. } | Matrix::Strided(start) => all(vec![start]),
                }
            }
            KernelKind::Attention(it) => all(it
                .reads
                .iter_mut()
                .chain([&mut it.query, &mut it.key, &mut it.value, &mut it.out])
                .collect()),
            KernelKind::Stages(Stages { stages, .. }) => {
                for stage in stages {
                    all(stage.reads.iter_mut().chain([&mut stage.out]).collect());
                }
            }
            KernelKind::Sort(it) => all(vec![&mut it.source, &mut it.values, &mut it.positions]),
            KernelKind::Border(it) => visit(&mut it.buffer),
            KernelKind::Chain(it) => {
                for part in &mut it.parts {
                    part.kind.visit_buffers(visit);
                    part.window.iter_mut().for_each(|it| visit(&mut it.buffer));
                }
            }
        }
    }

    /// The loops of a kernel that has any, those of each stage by themselves.
    pub fn loops_mut(&mut self) -> Vec<&mut Vec<Loop>> {
        match self {
            KernelKind::Contraction(it) => vec![&mut it.loops],
            KernelKind::Attention(it) => vec![&mut it.loops],
            KernelKind::Stages(it) => it.stages.iter_mut().map(|stage| &mut stage.loops).collect(),
            KernelKind::Sort(it) => vec![&mut it.loops],
            KernelKind::Border(_) => Vec::new(),
            KernelKind::Chain(it) => {
                it.parts.iter_mut().flat_map(|it| it.kind.loops_mut()).collect()
            }
        }
    }
}

/// Writes zeros over the border of an image, whose inside a producer fills.
#[derive(Clone, PartialEq, Debug)]
pub struct Border {
    pub buffer: BufferId,
    /// The buffer's axes in memory, outermost first, up to the last that has a border.
    pub axes: Vec<BorderAxis>,
}

/// An axis of a buffer: `before` elements of border, `extent` of the tensor, `after` of border.
#[derive(Clone, PartialEq, Debug)]
pub struct BorderAxis {
    pub stride: Dim,
    pub before: i64,
    pub extent: Dim,
    pub after: i64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Loop {
    pub name: String,
    pub extent: Dim,
    pub role: LoopRole,
}

/// What a loop is to its kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LoopRole {
    /// In both operands and the output, or a row loop that is shared out whole.
    Batch,
    /// In the left operand (queries) and the output.
    Row,
    /// In the right operand and the output, unit stride in the output: the
    /// vectorised one.
    Column,
    /// Summed over.
    Inner,
    /// Attention only: the keys, summed over after the softmax.
    Key,
}

/// `out[batch, row, column] = finish(Σ_inner left[batch, row, inner] · right[batch, inner, column])`
///
/// Matrix products and dense convolutions (whose left address is the sum of a
/// row part, the pixel, and an inner part, the tap and channel).
///
/// Loops stand in the order batch…, row…, column, inner…; there is exactly one
/// column loop, at least one inner loop, the last row loop is the one whose
/// iterations share a register tile, and the last inner loop is the longest run
/// of `left` with one stride. Elements are f32, bf16 or f16 (converted on load),
/// sums are f32.
#[derive(Clone, PartialEq, Debug)]
pub struct Contraction {
    pub loops: Vec<Loop>,
    pub left: Address,
    pub right: Matrix,
    pub out: Address,
    /// What is stored, from [`Scalar::Acc`] (f32) and `reads`.
    pub finish: Scalar,
    /// What `finish` reads; along the column their stride is 0 or 1, or they are
    /// gathered lane by lane.
    pub reads: Vec<Address>,
    pub schedule: ContractionSchedule,
}

/// The right operand of a contraction.
#[derive(Clone, PartialEq, Debug)]
pub enum Matrix {
    /// Packed beforehand as `[batch…][column / width][inner…][width]`, the last
    /// panel filled with zeros; `start` has strides for batch loops alone, in
    /// elements of the packed form.
    Panels { start: Address, width: u32 },
    /// As it lies in memory, unit stride along the column.
    Strided(Address),
}

/// How a contraction is cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContractionSchedule {
    /// Rows and vectors of the register tile.
    pub tile_rows: u32,
    pub tile_vectors: u32,
    /// Steps of the last inner loop in one iteration.
    pub unroll: u32,
    /// How many steps ahead the right operand is fetched; 0 for not.
    pub prefetch: u32,
    /// The last inner loop is cut into blocks of this many steps, with sums kept
    /// in the output between them; `None` where the output cannot hold sums.
    pub inner_block: Option<u32>,
    /// Iterations of the outermost row loop in one item; `None` for all rows.
    pub rows_per_item: Option<u32>,
}

/// `out[batch, row, column] = Σ_key softmax_key(score(Σ_inner query · key_)) · value`
///
/// One kernel; scores never leave the core's cache. Loops stand in the order
/// batch…, row… (one or two), key, inner, column.
#[derive(Clone, PartialEq, Debug)]
pub struct Attention {
    pub loops: Vec<Loop>,
    /// Strides along batch, row, inner.
    pub query: Address,
    /// Strides along batch, key, inner.
    pub key: Address,
    /// Strides along batch, key, column (unit stride there).
    pub value: Address,
    /// Strides along batch, row, column (unit stride there).
    pub out: Address,
    /// The score from [`Scalar::Acc`] (f32), over batch, row and key loops.
    pub score: Scalar,
    /// Keys for which it is false take no part; over batch, row and key loops.
    pub guard: Option<Scalar>,
    /// What `score`, `guard` and `finish` read.
    pub reads: Vec<Address>,
    /// No key at or past this can satisfy the guard: an upper bound of the key
    /// loop in terms of row loops and dims.
    pub key_limit: Option<nnc_graph::Affine>,
    /// What is stored, from [`Scalar::Acc`] (f32), over batch, row and column.
    pub finish: Scalar,
}

/// Nests that run one after the other for each part of a shared outer loop, so
/// that what one leaves the next finds in cache.
#[derive(Clone, PartialEq, Debug)]
pub struct Stages {
    /// The shared loop, loop 0 of every stage, cut into items; 1 where there is
    /// nothing to share.
    pub parallel: Dim,
    /// Iterations of the shared loop in one item.
    pub grain: Dim,
    pub stages: Vec<Stage>,
}

/// One nest.
#[derive(Clone, PartialEq, Debug)]
pub struct Stage {
    /// Loop 0 is the shared one. Result loops (role `Row`, or `Column` for the
    /// vectorised one) stand before reduced ones (role `Inner`).
    pub loops: Vec<Loop>,
    /// The loop whose iterations become lanes; `None` to run them one by one.
    /// A result loop, or a reduced loop, or the softmax's loop.
    pub vector: Option<usize>,
    pub reads: Vec<Address>,
    pub out: Address,
    /// The type of what is stored.
    pub elem: Elem,
    pub kind: StageKind,
    /// Results of a reduction that are computed together.
    pub tile: Option<Tile>,
}

/// Neighbours along a result loop whose windows overlap or meet the same weights: a place
/// that several of them read is loaded once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tile {
    /// The loop, and how many of its iterations at most are one tile.
    pub row: usize,
    pub rows: u32,
    /// The reduced loop along which windows overlap, the last one, and how far it goes.
    pub tap: usize,
    pub taps: u32,
}

#[derive(Clone, PartialEq, Debug)]
pub enum StageKind {
    Map {
        value: Scalar,
    },
    Reduce {
        op: ReduceOp,
        guard: Option<Scalar>,
        value: Scalar,
        accumulator: Elem,
        finish: Scalar,
    },
    /// Along the last loop.
    Softmax {
        guard: Option<Scalar>,
        value: Scalar,
    },
    /// Along the last loop: what `value` reduces to up to each place.
    Running {
        op: ReduceOp,
        backwards: bool,
        exclusive: bool,
        value: Scalar,
    },
    /// The output's only data index names where along an axis of so many `places` a value goes,
    /// if there is such a place. There it meets what is in the output already.
    Scatter {
        op: ReduceOp,
        value: Scalar,
        places: Dim,
    },
}

/// The first `count` of each row in order, equals by lower position: a radix sort, whose time is
/// that of some walks over the row for each byte of an element.
///
/// Each item is a row. A thread's scratch memory holds keys and positions twice.
#[derive(Clone, PartialEq, Debug)]
pub struct Sort {
    /// The rows' loops, all of role `Batch`.
    pub loops: Vec<Loop>,
    /// How long a row is.
    pub extent: Dim,
    pub descending: bool,
    pub count: Dim,
    /// Strides along the loops, and then along the row; so have the results.
    pub source: Address,
    pub values: Address,
    pub positions: Address,
}
