//! Reductions, along lanes or with a result in each lane.

use super::{Loops, Run, tile, weight};
use crate::lanes::Place;
use nnc_graph::{Binary, Compare, Elem, ReduceOp, Scalar};
use nnc_mlir::{Active, Builder, Emitter, Hoisted, Kind, Typed, Value};
use nnc_plan::LoopRole;

pub(super) struct Reduction<'a> {
    pub(super) op: ReduceOp,
    pub(super) guard: Option<&'a Scalar>,
    pub(super) value: &'a Scalar,
    pub(super) accumulator: Elem,
    pub(super) finish: &'a Scalar,
}

pub(super) fn emit(loops: &Loops<'_>, reduction: &Reduction<'_>) {
    let stage = loops.stage;
    if let Some(tile) = stage.tile {
        return tile::emit(loops, reduction, tile);
    }
    let along_lanes = stage.vector.is_some_and(|at| stage.loops[at].role == LoopRole::Inner);
    loops.enter(&loops.remaining(false), &|loops| {
        if along_lanes {
            along(loops, reduction);
        } else {
            across(loops, reduction);
        }
    });
}

/// Several results at a time, one a lane.
fn across(loops: &Loops<'_>, reduction: &Reduction<'_>) {
    let mut outer = Hoisted::default();
    loops.hoist(&reduction.scalars(), &mut outer);
    let together = reduction.accumulators();
    loops.runs(together, &|runs| {
        let lanes = loops.lanes();
        let state = reduction.width();
        let start: Vec<Value> =
            runs.iter().flat_map(|_| reduction.start(loops.context.builder, lanes)).collect();
        let inner = loops.remaining(true);
        let sums = loops.fold(&inner, &start, &|loops, carried| {
            runs.iter()
                .zip(carried.chunks(state))
                .flat_map(|(&run, state)| {
                    reduction.step(&loops.in_lanes(run), state, run.active, false, &outer)
                })
                .collect()
        });
        for (&run, state) in runs.iter().zip(sums.chunks(state)) {
            let inside = loops.in_lanes(run);
            let total = reduction.result(inside.context.builder, state);
            finish(&inside, reduction, total, run.active, &outer);
        }
    });
}

/// One result at a time, its points in lanes and in several accumulators.
fn along(loops: &Loops<'_>, reduction: &Reduction<'_>) {
    let builder = loops.context.builder;
    let lanes = loops.lanes();
    let state = reduction.width();
    let together = reduction.accumulators();
    let start: Vec<Value> = (0..together).flat_map(|_| reduction.start(builder, lanes)).collect();
    let mut outer = Hoisted::default();
    loops.hoist(&reduction.scalars(), &mut outer);
    let sums = loops.fold(&loops.remaining(true), &start, &|loops, carried| {
        let mut hoisted = outer.clone();
        loops.hoist(&reduction.scalars(), &mut hoisted);
        loops.fold_runs(together, carried, &|runs, carried| {
            let mut next = carried.to_vec();
            for (at, &Run { active, .. }) in runs.iter().enumerate() {
                let inside = loops.in_lanes(runs[at]);
                let range = at * state..(at + 1) * state;
                let stepped =
                    reduction.step(&inside, &carried[range.clone()], active, true, &hoisted);
                next.splice(range, stepped);
            }
            next
        })
    });
    // A fixed tree: accumulators pairwise, then halves of lanes.
    let mut parts: Vec<Value> = sums;
    while parts.len() > 1 {
        let half = parts.len() / 2;
        parts =
            (0..half).map(|at| reduction.combine(builder, parts[at], parts[at + half])).collect();
    }
    let total = builder.reduce_lanes(parts[0], |a, b| reduction.combine(builder, a, b));
    let total = reduction.result(builder, &[total]);
    finish(loops, reduction, total, Active::ALL, &outer);
}

pub(super) fn finish(
    loops: &Loops<'_>,
    reduction: &Reduction<'_>,
    total: Typed,
    active: Active,
    hoisted: &Hoisted,
) {
    let place = loops.place(Some(total));
    let typed = place.emitter().with_hoisted(hoisted).emit(reduction.finish, active);
    place.store(&loops.stage.out, typed, active);
}

impl<'a> Reduction<'a> {
    /// Of a value in the type of the result.
    pub(super) fn plain(op: ReduceOp, value: &'a Scalar, elem: Elem) -> Reduction<'a> {
        Reduction { op, guard: None, value, accumulator: elem, finish: &Scalar::Acc }
    }
}

impl Reduction<'_> {
    fn scalars(&self) -> Vec<(&Scalar, bool)> {
        let certain = self.guard.is_none();
        self.guard.iter().map(|&it| (it, true)).chain([(self.value, certain)]).collect()
    }

    /// Independent running results, which hide each other's latency; a power of two.
    fn accumulators(&self) -> u32 {
        let ordered = matches!(self.op, ReduceOp::First | ReduceOp::ArgMax | ReduceOp::ArgMin);
        match weight(self.value) + self.guard.map_or(0, weight) {
            _ if ordered => 1,
            0..=15 => 4,
            16..=40 => 2,
            _ => 1,
        }
    }

    /// How many values make up one running result.
    fn width(&self) -> usize {
        match self.op {
            ReduceOp::First | ReduceOp::ArgMax | ReduceOp::ArgMin => 2,
            ReduceOp::Sum
            | ReduceOp::Product
            | ReduceOp::Max
            | ReduceOp::Min
            | ReduceOp::Any
            | ReduceOp::All => 1,
        }
    }

    /// The running result before any point. Bools run as 0 and 1 in 32 bits, since
    /// masks do not live well across iterations.
    pub(super) fn start(&self, builder: &Builder<'_>, lanes: u32) -> Vec<Value> {
        let elem = self.accumulator;
        let ty = Kind::of_register(elem).lanes(lanes);
        let flag = Kind::I32.lanes(lanes);
        let number = |float: f64, int: i64| {
            if elem.is_float() { builder.float(ty, float) } else { builder.constant(ty, int) }
        };
        let (least, greatest) = match elem {
            Elem::U8 => (0, 255),
            _ => (i64::MIN >> (64 - ty.kind.bits()), i64::MAX >> (64 - ty.kind.bits())),
        };
        match self.op {
            ReduceOp::Sum => vec![number(0.0, 0)],
            ReduceOp::Product => vec![number(1.0, 1)],
            ReduceOp::Max => vec![number(f64::NEG_INFINITY, least)],
            ReduceOp::Min => vec![number(f64::INFINITY, greatest)],
            ReduceOp::Any => vec![builder.constant(flag, 0)],
            ReduceOp::All => vec![builder.constant(flag, 1)],
            // The value so far, and whether there is one.
            ReduceOp::First => {
                vec![self.carried(builder, builder.zero(ty)), builder.constant(flag, 0)]
            }
            // The best so far, and its position; -1 for none.
            ReduceOp::ArgMax | ReduceOp::ArgMin => {
                vec![self.carried(builder, builder.zero(ty)), builder.constant(flag, -1)]
            }
        }
    }

    /// How a value is handed from one iteration to the next.
    pub(super) fn carried(&self, builder: &Builder<'_>, value: Value) -> Value {
        if value.ty.kind == Kind::I1 { builder.extend_unsigned(value, Kind::I32) } else { value }
    }

    /// Two running results as one.
    pub(super) fn combine(&self, builder: &Builder<'_>, left: Value, right: Value) -> Value {
        let emit = |op: Binary| match (op, self.accumulator.is_float()) {
            (Binary::Max, true) => builder.max_float(right, left),
            (Binary::Min, true) => builder.min_float(right, left),
            (Binary::Mul, _) => builder.mul(left, right),
            (Binary::Max | Binary::Min, false) => {
                let order = if op == Binary::Max { Compare::Gt } else { Compare::Lt };
                let takes_left = if self.accumulator == Elem::U8 {
                    builder.compare_unsigned(order, left, right)
                } else {
                    builder.compare(order, left, right)
                };
                builder.select(takes_left, left, right)
            }
            _ => builder.add(left, right),
        };
        match self.op {
            ReduceOp::Sum => emit(Binary::Add),
            ReduceOp::Product => emit(Binary::Mul),
            ReduceOp::Max => emit(Binary::Max),
            ReduceOp::Min => emit(Binary::Min),
            ReduceOp::Any => builder.or(left, right),
            ReduceOp::All => builder.and(left, right),
            // Only ever stepped through in order.
            ReduceOp::First | ReduceOp::ArgMax | ReduceOp::ArgMin => left,
        }
    }

    /// Takes one more point a lane into a running result. `masked` says that inactive
    /// lanes must leave it as it is.
    fn step(
        &self,
        inside: &Loops<'_>,
        state: &[Value],
        active: Active,
        masked: bool,
        hoisted: &Hoisted,
    ) -> Vec<Value> {
        let builder = inside.context.builder;
        let place = inside.place(None);
        let emitter = place.emitter().with_hoisted(hoisted);
        let Some(guard) = self.guard else {
            let mask = active.mask.filter(|_| masked);
            return self.take(inside, &place, &emitter, state, active, mask);
        };
        let holds = emitter.emit(guard, active).value;
        if !holds.ty.is_vector() {
            let mask = active.mask.filter(|_| masked);
            return builder.branch(
                holds,
                || self.take(inside, &place, &emitter, state, active, mask),
                || state.to_vec(),
            );
        }
        let mask = match active.mask {
            Some(outer) => builder.and(outer, holds),
            None => holds,
        };
        let active = Active { mask: Some(mask), some: false };
        self.take(inside, &place, &emitter, state, active, Some(mask))
    }

    /// The next running result; lanes outside `mask` keep theirs.
    pub(super) fn take(
        &self,
        inside: &Loops<'_>,
        place: &Place<'_>,
        emitter: &Emitter<'_>,
        state: &[Value],
        active: Active,
        mask: Option<Value>,
    ) -> Vec<Value> {
        let builder = inside.context.builder;
        let point = emitter.emit(self.value, active);
        let point = builder.cast(point.value, point.elem, self.accumulator);
        let point = builder.broadcast(self.carried(builder, point), state[0].ty.lanes);
        let next = match self.op {
            ReduceOp::Sum
            | ReduceOp::Product
            | ReduceOp::Max
            | ReduceOp::Min
            | ReduceOp::Any
            | ReduceOp::All => vec![self.combine(builder, state[0], point)],
            ReduceOp::First => {
                let none = builder.constant(state[1].ty, 0);
                let is_first = builder.compare(Compare::Eq, state[1], none);
                let value = builder.select(is_first, point, state[0]);
                vec![value, builder.constant(state[1].ty, 1)]
            }
            ReduceOp::ArgMax | ReduceOp::ArgMin => self.take_position(builder, place, state, point),
        };
        match mask {
            Some(mask) => {
                next.iter().zip(state).map(|(&n, &s)| builder.select(mask, n, s)).collect()
            }
            None => next,
        }
    }

    /// NaN is beyond every number, and the first of equals stays.
    fn take_position(
        &self,
        builder: &Builder<'_>,
        place: &Place<'_>,
        state: &[Value],
        point: Value,
    ) -> Vec<Value> {
        let order = if self.op == ReduceOp::ArgMax { Compare::Gt } else { Compare::Lt };
        let (best, position) = (state[0], state[1]);
        let mut better = if self.accumulator == Elem::U8 {
            builder.compare_unsigned(order, point, best)
        } else {
            builder.compare(order, point, best)
        };
        if self.accumulator.is_float() {
            let nan = builder.and(builder.is_nan(point), builder.not(builder.is_nan(best)));
            better = builder.or(better, nan);
        }
        let none = builder.compare(Compare::Lt, position, builder.constant(position.ty, 0));
        let better = builder.or(better, none);
        // The only reduced loop is the last one.
        let counter = place.counters.iter().rev().find_map(|it| *it);
        let here = counter.map_or_else(|| builder.int(0), |it| it.start);
        let here = builder.truncate(here, Kind::I32);
        vec![
            builder.select(better, point, best),
            builder.select(better, builder.broadcast(here, position.ty.lanes), position),
        ]
    }

    /// What [`Scalar::Acc`] is in the finish.
    pub(super) fn result(&self, builder: &Builder<'_>, state: &[Value]) -> Typed {
        let typed = |value: Value, elem: Elem| Typed { value, elem };
        match self.op {
            ReduceOp::ArgMax | ReduceOp::ArgMin => {
                let zero = builder.constant(state[1].ty, 0);
                typed(builder.max_int(state[1], zero), Elem::I32)
            }
            _ if self.accumulator == Elem::Bool => {
                let zero = builder.constant(state[0].ty, 0);
                typed(builder.compare(Compare::Ne, state[0], zero), Elem::Bool)
            }
            ReduceOp::Sum
            | ReduceOp::Product
            | ReduceOp::Max
            | ReduceOp::Min
            | ReduceOp::Any
            | ReduceOp::All
            | ReduceOp::First => typed(state[0], self.accumulator),
        }
    }
}
