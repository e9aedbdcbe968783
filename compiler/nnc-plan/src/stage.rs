//! Turns any nest into loops for the general template, and joins such kernels.

use crate::contraction::Renumbered;
use crate::flat::Flat;
use crate::{
    Address, Buffer, BufferId, DataIndex, Loop, LoopRole, Machine, Stage, StageKind, Stages,
};
use nnc_base::Table;
use nnc_graph::{Elem, Nest, NestKind, ReduceOp, Running, Scalar};
use nnc_shape::Dim;
use std::cmp::Reverse;

/// What a stage computes.
#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    /// Scalars are those of [`Nest::scalars`]; `unguarded` drops a reduction's guard.
    Nest { nest: &'a Nest, unguarded: bool },
    /// The scalar is the value.
    Running { how: Running, elem: Elem },
    /// Scalars are the value and the place, along an axis of so many places and this stride.
    Scatter { op: ReduceOp, elem: Elem, places: &'a Dim, stride: &'a Dim },
}

impl Form<'_> {
    /// The loop that is walked last, and whole: that of a softmax's axis, say.
    fn last(self) -> Option<usize> {
        match self {
            Form::Nest { nest, .. } => match &nest.kind {
                NestKind::Softmax { axis, .. } => Some(axis.0 as usize),
                NestKind::Map { .. } | NestKind::Reduce(_) => None,
            },
            Form::Running { how, .. } => Some(how.axis as usize),
            Form::Scatter { .. } => None,
        }
    }
}

/// Builds a stage from its flat form.
pub(crate) fn build(mut flat: Flat, form: Form<'_>, machine: &Machine) -> Stage {
    let softmax = form.last();
    let order = loop_order(&flat, softmax);
    flat.reorder(&order);
    let results = flat.loops.iter().filter(|it| !it.reduced).count();
    let shared = results - usize::from(softmax.is_some() && has_loop(&order, softmax));
    merge_loops(&mut flat, shared, softmax.is_some(), machine);
    let shared_from = spread(&flat, softmax.is_some());
    if shared_from > 0 {
        let mut order: Vec<usize> = (0..flat.loops.len()).filter(|&at| at != shared_from).collect();
        order.insert(0, shared_from);
        flat.reorder(&order);
    }
    let first_is_free = flat.loops.first().is_some_and(|it| !it.reduced)
        && !(softmax.is_some() && flat.loops.len() == 1);
    if !first_is_free {
        flat.insert_unit_loop(0, false);
    }
    if softmax.is_some() && !has_loop(&order, softmax) {
        let end = flat.loops.len();
        flat.insert_unit_loop(end, false);
    }
    let mut vector = choose_vector(&flat, form, machine);
    // The shared loop is cut into items; lanes need a loop of their own.
    if vector == Some(0) {
        flat.insert_unit_loop(0, false);
        vector = Some(1);
    }
    finish(flat, form, vector)
}

fn has_loop(order: &[usize], at: Option<usize>) -> bool {
    at.is_some_and(|at| order.contains(&at))
}

/// Result loops by how far they step through the output, then reduced loops by how
/// far they step through the first operand; a softmax's loop last. Loops of one
/// iteration are left out.
fn loop_order(flat: &Flat, softmax: Option<usize>) -> Vec<usize> {
    let unit = Dim::constant(1);
    let mut order: Vec<usize> =
        (0..flat.loops.len()).filter(|&at| flat.loops[at].extent != unit).collect();
    let step = |address: Option<&Address>, at: usize| {
        address.and_then(|it| it.stride(at)).map_or(i64::MAX, i64::abs)
    };
    order.sort_by_key(|&at| {
        let it = &flat.loops[at];
        let address = if it.reduced { flat.reads.first() } else { Some(&flat.out) };
        (it.reduced, softmax == Some(at), Reverse(step(address, at)))
    });
    order
}

/// Merges neighbouring loops that walk memory as one, but keeps loop 0 apart where
/// it alone is long enough to share out among threads.
fn merge_loops(flat: &mut Flat, shared: usize, has_softmax: bool, machine: &Machine) {
    let mut free = shared;
    let mut at = 1;
    while at + 1 < flat.loops.len() {
        let crosses = has_softmax && at + 1 == flat.loops.len() - 1;
        if !crosses && flat.can_merge(at, None) {
            free -= usize::from(!flat.loops[at].reduced);
            flat.merge(at);
        } else {
            at += 1;
        }
    }
    let short = |dim: &Dim, below: i64| dim.as_constant().is_some_and(|it| it < below);
    // A size that is known only when the program runs may be 1.
    let few = |dim: &Dim| dim.as_constant().is_none_or(|it| it < 64);
    let lanes_apart = has_softmax || flat.loops.iter().any(|it| it.reduced);
    while free >= 2
        && (few(&flat.loops[0].extent) && (free >= 3 || lanes_apart)
            || short(&flat.loops[1].extent, i64::from(machine.lanes)))
        && flat.can_merge(0, None)
    {
        flat.merge(0);
        free -= 1;
    }
}

/// The loop that threads share out: the outermost, but where that may have a single
/// iteration another that has enough of them for certain.
fn spread(flat: &Flat, has_softmax: bool) -> usize {
    let is_free = |at: usize| {
        let is_softmax = has_softmax && at + 1 == flat.loops.len();
        !(flat.loops[at].reduced || is_softmax || flat.out.stride(at) == Some(1))
    };
    let enough = |at: usize| flat.loops[at].extent.as_constant().is_some_and(|it| it >= 8);
    if flat.loops.is_empty() || enough(0) {
        return 0;
    }
    (1..flat.loops.len()).find(|&at| is_free(at) && enough(at)).unwrap_or(0)
}

/// The loop that becomes lanes: first of all one that is contiguous in the output,
/// then a reduced one that is contiguous in what is read, then one of short steps
/// through the output (pairs that are rotated, say).
fn choose_vector(flat: &Flat, form: Form<'_>, machine: &Machine) -> Option<usize> {
    let awkward = |at: usize| {
        flat.reads
            .iter()
            .filter(|it| {
                !matches!(it.stride(at), Some(0 | 1)) || !it.is_invariant(at) && !it.data.is_empty()
            })
            .count()
    };
    let long = |at: usize| {
        flat.loops[at].extent.as_constant().is_none_or(|it| it * 2 >= i64::from(machine.lanes))
    };
    let last = flat.loops.len() - 1;
    let ordered = match form {
        Form::Nest { nest, .. } => match &nest.kind {
            NestKind::Softmax { .. } => return Some(last),
            NestKind::Map { .. } => false,
            NestKind::Reduce(reduction) => {
                matches!(reduction.op, ReduceOp::First | ReduceOp::ArgMax | ReduceOp::ArgMin)
            }
        },
        // Lanes along the axis itself go forwards.
        Form::Running { how, .. } if flat.out.stride(last) == Some(1) => {
            return (!how.backwards && long(last)).then_some(last);
        }
        Form::Running { .. } | Form::Scatter { .. } => true,
    };
    // What runs along the last loop runs in each lane.
    let end = if matches!(form, Form::Running { .. }) { last } else { flat.loops.len() };
    let best = |fits: &dyn Fn(usize) -> bool| {
        (0..end).filter(|&at| long(at) && fits(at)).min_by_key(|&at| {
            let contiguous_reads = flat.reads.iter().any(|it| it.stride(at) == Some(1));
            (awkward(at), flat.loops[at].reduced, !contiguous_reads, Reverse(at))
        })
    };
    let contiguous = |at: usize| {
        if flat.loops[at].reduced { !ordered } else { flat.out.stride(at) == Some(1) }
    };
    let short_steps =
        |at: usize| !flat.loops[at].reduced && matches!(flat.out.stride(at), Some(2..=MOST_STEP));
    best(&contiguous).or_else(|| best(&short_steps))
}

/// Lanes that are further apart in the output are stored one by one, which is no better
/// than computing them so.
const MOST_STEP: i64 = 4;

fn finish(mut flat: Flat, form: Form<'_>, vector: Option<usize>) -> Stage {
    let places = vec![None; flat.reads.len()];
    let mut used = Renumbered { all: &flat.reads, used: Vec::new(), places };
    let mut scalars = flat.scalars.iter();
    let mut take = |used: &mut Renumbered<'_>| scalars.next().map(|it| used.scalar(it));
    let nothing = || Scalar::Bool(true);
    let (nest, unguarded) = match form {
        Form::Nest { nest, unguarded } => (nest, unguarded),
        Form::Running { how, elem } => {
            let value = take(&mut used).unwrap_or_else(nothing);
            let Running { op, backwards, exclusive, .. } = how;
            let kind = StageKind::Running { op, backwards, exclusive, value };
            let loops = roles(&flat, vector);
            return Stage {
                loops,
                vector,
                reads: used.used,
                out: flat.out,
                elem,
                kind,
                tile: None,
            };
        }
        Form::Scatter { op, elem, places, stride } => {
            let value = take(&mut used).unwrap_or_else(nothing);
            let place = take(&mut used).unwrap_or_else(nothing);
            let (reads, loops) = (used.used, roles(&flat, vector));
            flat.out.data = vec![DataIndex { stride: stride.clone(), value: place }];
            let kind = StageKind::Scatter { op, value, places: places.clone() };
            return Stage { loops, vector, reads, out: flat.out, elem, kind, tile: None };
        }
    };
    let kind = match &nest.kind {
        NestKind::Map { .. } => StageKind::Map { value: take(&mut used).unwrap_or_else(nothing) },
        NestKind::Softmax { guard, .. } => StageKind::Softmax {
            guard: guard.as_ref().and_then(|_| take(&mut used)),
            value: take(&mut used).unwrap_or_else(nothing),
        },
        NestKind::Reduce(reduction) => {
            let guard = reduction.guard.as_ref().and_then(|_| {
                if unguarded {
                    let mut unread = Renumbered {
                        all: &flat.reads,
                        used: Vec::new(),
                        places: vec![None; flat.reads.len()],
                    };
                    take(&mut unread);
                    None
                } else {
                    take(&mut used)
                }
            });
            StageKind::Reduce {
                op: reduction.op,
                guard,
                value: take(&mut used).unwrap_or_else(nothing),
                accumulator: reduction.accumulator,
                finish: take(&mut used).unwrap_or_else(nothing),
            }
        }
    };
    let loops = roles(&flat, vector);
    Stage { loops, vector, reads: used.used, out: flat.out, elem: nest.elem, kind, tile: None }
}

/// The loops with what they are to a stage.
fn roles(flat: &Flat, vector: Option<usize>) -> Vec<Loop> {
    let all = flat.loops.iter().enumerate().map(|(at, it)| {
        let role = match (it.reduced, vector == Some(at)) {
            (true, _) => LoopRole::Inner,
            (false, true) => LoopRole::Column,
            (false, false) => LoopRole::Row,
        };
        Loop { name: it.name.clone(), extent: it.extent.clone(), role }
    });
    all.collect()
}

/// A kernel of one stage, cut so that an item has some thousand elements to do.
pub(crate) fn alone(stage: Stage) -> Stages {
    let work = stage.loops[1..]
        .iter()
        .map(|it| it.extent.as_constant().unwrap_or(64).max(1))
        .fold(1i64, i64::saturating_mul);
    let grain = (8192 / work).max(1);
    Stages {
        parallel: stage.loops[0].extent.clone(),
        grain: Dim::constant(grain),
        stages: vec![stage],
    }
}

/// Puts the stages of `next` behind those of `kernel`, if each part of the shared
/// loop then needs only what the same part has written.
pub(crate) fn try_join(kernel: &mut Stages, next: &Stages, buffers: &Table<Buffer>) -> bool {
    let joins = kernel.parallel == next.parallel
        && next.stages.iter().all(|later| {
            kernel.stages.iter().all(|earlier| independent_across_parts(earlier, later, buffers))
        });
    if joins {
        kernel.stages.extend(next.stages.iter().cloned());
        kernel.grain = Dim::min(&kernel.grain, &next.grain);
    }
    joins
}

fn independent_across_parts(earlier: &Stage, later: &Stage, buffers: &Table<Buffer>) -> bool {
    let same = |a: BufferId, b: BufferId| buffers[a].place == buffers[b].place;
    let touches = |stage: &Stage, buffer: BufferId| {
        stage.reads.iter().chain([&stage.out]).any(|it| same(it.buffer, buffer))
    };
    // What the earlier stage writes must be read in the same part alone, and what it
    // reads must not be overwritten by another part's later stage.
    let writes_apart = later
        .reads
        .iter()
        .chain([&later.out])
        .filter(|it| same(it.buffer, earlier.out.buffer))
        .all(|it| same_part(&earlier.out, &earlier.loops, it, &later.loops));
    let reads_apart = earlier
        .reads
        .iter()
        .filter(|it| same(it.buffer, later.out.buffer))
        .all(|it| same_part(it, &earlier.loops, &later.out, &later.loops));
    (writes_apart || !touches(later, earlier.out.buffer)) && reads_apart
}

/// Whether both addresses stay, for each iteration of loop 0, in one slice of the
/// buffer that no other iteration touches.
fn same_part(left: &Address, left_loops: &[Loop], right: &Address, right_loops: &[Loop]) -> bool {
    if left.buffer != right.buffer || !left.data.is_empty() || !right.data.is_empty() {
        return false;
    }
    if left_loops[0].extent == Dim::constant(1) {
        return true;
    }
    let Some(step) = left.stride(0).filter(|&it| it > 0) else { return false };
    let extent = |loops: &[Loop], address: &Address| {
        let mut reach = 0i64;
        for (at, it) in loops.iter().enumerate().skip(1) {
            let stride = address.stride(at)?;
            if stride < 0 {
                return None;
            }
            if stride > 0 {
                reach += stride * (it.extent.as_constant()? - 1);
            }
        }
        Some(reach)
    };
    let shift = (&right.offset - &left.offset).as_constant();
    match (extent(left_loops, left), extent(right_loops, right), shift) {
        (Some(left_reach), Some(right_reach), Some(shift)) => {
            let low = shift.min(0);
            let high = left_reach.max(right_reach + shift);
            right.stride(0) == Some(step) && high - low < step
        }
        _ => false,
    }
}

/// For a parameter that a stage reads with a long step from lane to lane: extents
/// and source strides of a copy in which lanes are neighbours, and the strides of
/// the stage's loops in that copy.
pub(crate) fn parameter_layout(
    stage: &Stage,
    read: usize,
) -> Option<(Vec<u64>, Vec<u64>, Vec<u64>)> {
    let vector = stage.vector?;
    let address = &stage.reads[read];
    if matches!(address.stride(vector), None | Some(0 | 1)) || !address.data.is_empty() {
        return None;
    }
    let mut walked: Vec<(usize, u64, u64)> = Vec::new();
    for (at, it) in stage.loops.iter().enumerate() {
        let stride = u64::try_from(address.stride(at)?).ok()?;
        if stride != 0 {
            walked.push((at, u64::try_from(it.extent.as_constant()?).ok()?, stride));
        }
    }
    walked.sort_by_key(|&(at, _, stride)| (at == vector, Reverse(stride)));
    let extents: Vec<u64> = walked.iter().map(|it| it.1).collect();
    let strides: Vec<u64> = walked.iter().map(|it| it.2).collect();
    let mut own = vec![0; stage.loops.len()];
    let mut step = 1;
    for &(at, extent, _) in walked.iter().rev() {
        own[at] = step;
        step *= extent;
    }
    Some((extents, strides, own))
}
