//! How much memory a plan's bodies need at one time, as a formula.

use nnc_base::Name;
use nnc_graph::RunDim;
use nnc_plan::{Address, Body, BodyId, Buffer, BufferId, KernelKind, Matrix, Place, Plan, Step};
use nnc_shape::Dim;
use std::collections::BTreeMap;

/// The most memory of intermediate values that lives at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peak {
    /// Bytes, in the entry's sizes, at the step where it is most when all sizes are the
    /// greatest.
    pub formula: Dim,
    /// What the plan sets aside: for the greatest sizes, with what placement loses.
    pub arena_bytes: u64,
    /// No placement can need less.
    pub lower_bound: u64,
}

/// The peak of an entry of a plan.
pub fn peak(plan: &Plan, entry: usize) -> Option<Peak> {
    let id = plan.entries.get(entry)?.body;
    let body = &plan.bodies[id];
    Some(Peak {
        formula: live(plan, id),
        arena_bytes: body.arena_bytes,
        lower_bound: body.arena_lower_bound,
    })
}

/// The greatest sum of live bytes in a body and what it calls.
fn live(plan: &Plan, id: BodyId) -> Dim {
    let body = &plan.bodies[id];
    let uses: Vec<Vec<BufferId>> = body.steps.iter().map(used).collect();
    let mut spans: BTreeMap<BufferId, (usize, usize)> = BTreeMap::new();
    for (at, buffers) in uses.iter().enumerate() {
        for buffer in buffers {
            let span = spans.entry(*buffer).or_insert((at, at));
            span.1 = at;
        }
    }
    let mut best: Option<(i64, Dim)> = None;
    for (at, step) in body.steps.iter().enumerate() {
        let alive = spans.iter().filter(|(_, (first, last))| (*first..=*last).contains(&at));
        let own = sum_of_places(body, alive.map(|(buffer, _)| *buffer));
        let inner = match step {
            Step::Call { body: callee, dims, .. } | Step::Repeat { body: callee, dims, .. } => {
                let names: Vec<Name> = plan.bodies[*callee].dims.iter().map(|it| it.name).collect();
                live(plan, *callee).substitute(&|name| {
                    names.iter().position(|it| *it == name).and_then(|at| dims.get(at).cloned())
                })
            }
            Step::Launch(_) | Step::Copy { .. } => Dim::constant(0),
        };
        let sum = own + inner;
        let most = greatest(&sum, &body.dims);
        if best.as_ref().is_none_or(|(before, _)| most > *before) {
            best = Some((most, sum));
        }
    }
    best.map_or(Dim::constant(0), |(_, sum)| sum)
}

/// The bytes of buffers in the arena; of several at one place, the longest.
fn sum_of_places(body: &Body, buffers: impl Iterator<Item = BufferId>) -> Dim {
    let mut places: BTreeMap<u64, Dim> = BTreeMap::new();
    for id in buffers {
        let buffer = &body.buffers[id];
        let Place::Arena { offset } = buffer.place else { continue };
        let bytes = bytes_of(buffer);
        let longer = places
            .get(&offset)
            .is_none_or(|it| greatest(&bytes, &body.dims) > greatest(it, &body.dims));
        if longer {
            places.insert(offset, bytes);
        }
    }
    places.into_values().fold(Dim::constant(0), |sum, bytes| sum + bytes)
}

fn bytes_of(buffer: &Buffer) -> Dim {
    &buffer.elements * buffer.elem.bytes() as i64
}

/// The value where every size is the greatest that it may be.
fn greatest(dim: &Dim, dims: &[RunDim]) -> i64 {
    let size = |name: Name| dims.iter().find(|it| it.name == name).and_then(|it| it.max);
    dim.eval(&size).unwrap_or(0)
}

/// The buffers that a step reads or writes.
fn used(step: &Step) -> Vec<BufferId> {
    match step {
        Step::Launch(kernel) => kernel_buffers(&kernel.kind),
        Step::Call { pointers, .. } => pointers.clone(),
        Step::Repeat { pointers, carries, .. } => {
            let moved = pointers.iter().map(|(buffer, _)| *buffer);
            moved.chain(carries.iter().flat_map(|(from, to)| [*from, *to])).collect()
        }
        Step::Copy { from, to } => vec![*from, *to],
    }
}

fn kernel_buffers(kernel: &KernelKind) -> Vec<BufferId> {
    let of = |addresses: Vec<&Address>| addresses.into_iter().map(|it| it.buffer).collect();
    match kernel {
        KernelKind::Contraction(it) => {
            let right = match &it.right {
                Matrix::Panels { start, .. } => start,
                Matrix::Strided(right) => right,
            };
            of([&it.left, right, &it.out].into_iter().chain(&it.reads).collect())
        }
        KernelKind::Attention(it) => {
            of([&it.query, &it.key, &it.value, &it.out].into_iter().chain(&it.reads).collect())
        }
        KernelKind::Stages(it) => {
            let stages = it.stages.iter();
            of(stages.flat_map(|stage| stage.reads.iter().chain([&stage.out])).collect())
        }
        KernelKind::Sort(it) => of(vec![&it.source, &it.values, &it.positions]),
        KernelKind::Border(it) => vec![it.buffer],
        KernelKind::Chain(it) => it.parts.iter().flat_map(|it| kernel_buffers(&it.kind)).collect(),
    }
}
