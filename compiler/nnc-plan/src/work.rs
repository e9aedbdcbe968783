//! What a kernel does, for profiles: operations on numbers and bytes of memory.

use crate::{Address, Body, Buffer, KernelKind, Loop, LoopRole, Matrix, Stage, StageKind};
use nnc_base::Table;
use nnc_graph::Scalar;
use nnc_shape::Dim;

/// The work of one launch, as formulas in the run-time dims of its body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Work {
    /// Operations on numbers, a multiply-add counting two; keys that a guard keeps out of an
    /// attention are counted, as in published tables.
    pub operations: Dim,
    /// Bytes of all places that are read or written, each once: what has to come from
    /// memory at least where no cache holds it.
    pub bytes: Dim,
}

impl KernelKind {
    pub fn work(&self, body: &Body) -> Work {
        let buffers = &body.buffers;
        match self {
            KernelKind::Contraction(it) => {
                let inner = size(&it.loops, |role| role == LoopRole::Inner);
                let results = size(&it.loops, |role| role != LoopRole::Inner);
                let each = inner * 2 + operations(&it.finish);
                let right = match &it.right {
                    Matrix::Strided(address) => touched(buffers, address, &it.loops),
                    Matrix::Panels { start, .. } => {
                        let elements = size(&it.loops, |role| role != LoopRole::Row);
                        elements * buffers[start.buffer].elem.bytes() as i64
                    }
                };
                let others = [&it.left, &it.out].into_iter().chain(&it.reads);
                let bytes = others.map(|place| touched(buffers, place, &it.loops)).fold(right, add);
                Work { operations: results * each, bytes }
            }
            KernelKind::Attention(it) => {
                let rows = size(&it.loops, |role| matches!(role, LoopRole::Batch | LoopRole::Row));
                let of = |wanted: LoopRole| size(&it.loops, |role| role == wanted);
                let (inner, column) = (of(LoopRole::Inner), of(LoopRole::Column));
                // Each key: its score, the softmax's greatest, difference, exponential and
                // sum, and its part of the value.
                let key = (inner + &column) * 2 + operations(&it.score) + 4;
                let result = column * (operations(&it.finish) + 1);
                let places = [&it.query, &it.key, &it.value, &it.out].into_iter().chain(&it.reads);
                let bytes = places.map(|place| touched(buffers, place, &it.loops));
                Work {
                    operations: rows * (of(LoopRole::Key) * key + result),
                    bytes: bytes.fold(Dim::constant(0), add),
                }
            }
            KernelKind::Stages(it) => {
                let all = it.stages.iter().map(|stage| stage_work(buffers, stage));
                all.fold(Work::none(), Work::and)
            }
            KernelKind::Chain(it) => {
                let all = it.parts.iter().map(|part| part.kind.work(body));
                all.fold(Work::none(), Work::and)
            }
            KernelKind::Sort(it) => {
                // A walk for each byte of an element, which counts as one operation.
                let size = |address: &Address| buffers[address.buffer].elem.bytes() as i64;
                let rows = it.loops.iter().fold(Dim::constant(1), |rows, it| rows * &it.extent);
                let walked = &rows * &it.extent;
                let given = rows * &it.count * (size(&it.values) + size(&it.positions));
                Work {
                    operations: &walked * size(&it.source),
                    bytes: walked * size(&it.source) + given,
                }
            }
            KernelKind::Border(it) => {
                let buffer = &buffers[it.buffer];
                let inside = buffer.shape.iter().fold(Dim::constant(1), |size, axis| size * axis);
                let bytes = (&buffer.elements - inside) * buffer.elem.bytes() as i64;
                Work { operations: Dim::constant(0), bytes }
            }
        }
    }
}

impl Work {
    fn none() -> Work {
        Work { operations: Dim::constant(0), bytes: Dim::constant(0) }
    }

    fn and(self, other: Work) -> Work {
        Work { operations: self.operations + other.operations, bytes: self.bytes + other.bytes }
    }
}

fn stage_work(buffers: &Table<Buffer>, stage: &Stage) -> Work {
    let points = size(&stage.loops, |_| true);
    let results = size(&stage.loops, |role| role != LoopRole::Inner);
    let operations = match &stage.kind {
        StageKind::Map { value } => points * operations(value),
        StageKind::Reduce { guard, value, finish, .. } => {
            let guard = guard.as_ref().map_or(0, operations);
            points * (operations(value) + guard + 1) + results * operations(finish)
        }
        StageKind::Softmax { guard, value } => {
            points * (operations(value) + guard.as_ref().map_or(0, operations) + 5)
        }
        StageKind::Running { value, .. } | StageKind::Scatter { value, .. } => {
            points * (operations(value) + 1)
        }
    };
    let places = stage.reads.iter().chain([&stage.out]);
    let bytes = places.map(|it| touched(buffers, it, &stage.loops)).fold(Dim::constant(0), add);
    Work { operations, bytes }
}

fn add(left: Dim, right: Dim) -> Dim {
    left + right
}

/// How many turns the loops of some roles make together.
fn size(loops: &[Loop], wanted: impl Fn(LoopRole) -> bool) -> Dim {
    let of = loops.iter().filter(|it| wanted(it.role));
    of.fold(Dim::constant(1), |size, it| size * &it.extent)
}

/// Bytes of the places that an address takes on: no more than the buffer has, and no more
/// than there are turns of the loops it moves along.
fn touched(buffers: &Table<Buffer>, address: &Address, loops: &[Loop]) -> Dim {
    let buffer = &buffers[address.buffer];
    let moving = loops.iter().enumerate().filter(|(at, _)| !address.is_invariant(*at));
    let turns = moving.fold(Dim::constant(1), |size, (_, it)| size * &it.extent);
    turns.min(buffer.elements.clone()) * buffer.elem.bytes() as i64
}

/// Operations of an expression that are neither conversions nor reads.
fn operations(scalar: &Scalar) -> i64 {
    let mut count = 0;
    scalar.visit(&mut |it| {
        let counts = matches!(it, Scalar::Unary(..) | Scalar::Binary(..) | Scalar::Compare(..));
        count += i64::from(counts);
    });
    count
}
