//! `exp(x - max) / Σ exp(x - max)` along the last loop.
//!
//! Three walks over a row: the greatest value, the exponentials and their sum, the
//! quotients. Where the result can hold the values between walks they stay there;
//! a 16-bit result cannot, and they are computed again.

use super::{Loops, Run};
use nnc_graph::{Elem, Scalar};
use nnc_mlir::{Active, Builder, Hoisted, Kind, Typed, Value};

pub(super) fn emit(loops: &Loops<'_>, guard: Option<&Scalar>, value: &Scalar) {
    let stage = loops.stage;
    let last = stage.loops.len() - 1;
    let rows: Vec<usize> = loops.remaining(false).into_iter().filter(|&at| at != last).collect();
    let out = loops.context.body.buffers[stage.out.buffer].elem;
    loops.enter(&rows, &|loops| {
        let mut hoisted = Hoisted::default();
        let certain = guard.is_none();
        let scalars: Vec<(&Scalar, bool)> =
            guard.iter().map(|&it| (it, true)).chain([(value, certain)]).collect();
        loops.hoist(&scalars, &mut hoisted);
        let elem = if loops.place(None).emitter().elem(value) == Elem::F64 {
            Elem::F64
        } else {
            Elem::F32
        };
        let row = Row { loops, guard, value, hoisted: &hoisted, elem, keeps: out == elem, last };
        row.emit();
    });
}

struct Row<'r, 'a> {
    loops: &'r Loops<'a>,
    guard: Option<&'r Scalar>,
    value: &'r Scalar,
    hoisted: &'r Hoisted,
    /// In which the softmax is computed.
    elem: Elem,
    /// Whether values stay in the result between walks.
    keeps: bool,
    last: usize,
}

impl<'a> Row<'_, 'a> {
    fn builder(&self) -> &'a Builder<'a> {
        self.loops.context.builder
    }

    fn number(&self, value: f64) -> Value {
        self.builder().float(Kind::of_register(self.elem).lanes(self.loops.lanes()), value)
    }

    fn emit(&self) {
        let builder = self.builder();
        let lanes = self.loops.lanes();
        let floor = self.number(f64::NEG_INFINITY);
        let greatest = self.walk(&[floor, floor], &|inside, run, sum| {
            let (value, holds) = self.value(inside, run.active);
            if self.keeps {
                self.store(inside, value, run.active);
            }
            let value = self.where_counted(holds, run.active, value, floor);
            builder.max_float(value, sum)
        });
        let greatest = builder.max_float(greatest[0], greatest[1]);
        let greatest = builder.reduce_lanes(greatest, |a, b| builder.max_float(a, b));
        let zero = self.number(0.0);
        let exponential = |inside: &Loops<'a>, run: Run| {
            let (value, holds) = if self.keeps {
                (self.stored(inside, run.active), self.holds(inside, run.active))
            } else {
                self.value(inside, run.active)
            };
            let power = builder.exp_not_positive(builder.sub(value, greatest));
            self.where_counted(holds, run.active, builder.broadcast(power, lanes), zero)
        };
        let sums = self.walk(&[zero, zero], &|inside, run, sum| {
            let power = exponential(inside, run);
            if self.keeps {
                self.store(inside, power, run.active);
            }
            builder.add(sum, power)
        });
        let sum = builder.add(sums[0], sums[1]);
        let sum = builder.reduce_lanes(sum, |a, b| builder.add(a, b));
        let factor = builder.div(builder.float(sum.ty, 1.0), sum);
        self.walk(&[], &|inside, run, _| {
            let power =
                if self.keeps { self.stored(inside, run.active) } else { exponential(inside, run) };
            let quotient = builder.mul(power, factor);
            // A row without points has no sum to divide by.
            let holds = self.holds(inside, run.active);
            let quotient = match holds {
                Some(holds) => builder.select(holds, quotient, zero),
                None => quotient,
            };
            self.store(inside, quotient, run.active);
            zero
        });
    }

    /// Goes over the row with running values, each of which takes every other run.
    fn walk(&self, start: &[Value], body: &dyn Fn(&Loops<'a>, Run, Value) -> Value) -> Vec<Value> {
        let unused = self.number(0.0);
        let step = |runs: &[Run], sums: &[Value], loops: &Loops<'a>| {
            let mut next = sums.to_vec();
            for (at, &run) in runs.iter().enumerate() {
                let inside = loops.in_lanes(run);
                let sum = body(&inside, run, sums.get(at).copied().unwrap_or(unused));
                if let Some(place) = next.get_mut(at) {
                    *place = sum;
                }
            }
            next
        };
        if self.loops.stage.vector.is_some() {
            return self.loops.fold_runs(2, start, &|runs, sums| step(runs, sums, self.loops));
        }
        let run = Run { start: self.builder().int(0), active: Active::ALL };
        self.loops.fold(&[self.last], start, &|loops, sums| step(&[run], sums, loops))
    }

    /// Whether the guard holds; `None` without one.
    fn holds(&self, inside: &Loops<'_>, active: Active) -> Option<Value> {
        let guard = self.guard?;
        let place = inside.place(None);
        let holds = place.emitter().with_hoisted(self.hoisted).emit(guard, active).value;
        Some(holds)
    }

    /// The value where the guard holds, and the guard.
    fn value(&self, inside: &Loops<'_>, active: Active) -> (Value, Option<Value>) {
        let builder = self.builder();
        let place = inside.place(None);
        let emitter = place.emitter().with_hoisted(self.hoisted);
        let compute = |active: Active| {
            let typed = emitter.emit(self.value, active);
            let value = builder.cast(typed.value, typed.elem, self.elem);
            builder.broadcast(value, self.loops.lanes())
        };
        let Some(holds) = self.holds(inside, active) else { return (compute(active), None) };
        if !holds.ty.is_vector() {
            let floor = || vec![self.number(f64::NEG_INFINITY)];
            let value = builder.branch(holds, || vec![compute(active)], floor)[0];
            return (value, Some(holds));
        }
        let mask = match active.mask {
            Some(outer) => builder.and(outer, holds),
            None => holds,
        };
        (compute(Active { mask: Some(mask), some: false }), Some(holds))
    }

    /// `value` in lanes that count, `otherwise` elsewhere.
    fn where_counted(
        &self,
        holds: Option<Value>,
        active: Active,
        value: Value,
        otherwise: Value,
    ) -> Value {
        let builder = self.builder();
        let value = match holds {
            Some(holds) => builder.select(holds, value, otherwise),
            None => value,
        };
        match active.mask {
            Some(mask) => builder.select(mask, value, otherwise),
            None => value,
        }
    }

    fn store(&self, inside: &Loops<'_>, value: Value, active: Active) {
        let typed = Typed { value, elem: self.elem };
        inside.place(None).store(&inside.stage.out, typed, active);
    }

    fn stored(&self, inside: &Loops<'_>, active: Active) -> Value {
        let place = inside.place(None);
        let value = place.load(&inside.stage.out, active, &place.emitter());
        self.builder().broadcast(value, self.loops.lanes())
    }
}
