//! Running results along the last loop.
//!
//! Where lanes are neighbours of another axis each has a running result of its own. Where
//! they are neighbours of the axis itself, a vector's prefixes take as many steps as its lane
//! count has bits: each adds the lanes 1, 2, 4, … before (Hillis and Steele, "Data parallel
//! algorithms", 1986), and then what all earlier vectors come to.

use super::reduce::Reduction;
use super::{Loops, Run};
use nnc_mlir::{Active, Counter, Hoisted, Value};

pub(super) struct Running<'a> {
    pub(super) reduction: Reduction<'a>,
    pub(super) backwards: bool,
    pub(super) exclusive: bool,
}

/// Lanes' vectors that walk the axis together.
const TOGETHER: u32 = 4;

pub(super) fn emit(loops: &Loops<'_>, running: &Running<'_>) {
    let last = loops.stage.loops.len() - 1;
    let rows: Vec<usize> = loops.remaining(false).into_iter().filter(|&at| at != last).collect();
    loops.enter(&rows, &|loops| {
        let mut hoisted = Hoisted::default();
        loops.hoist(&[(running.reduction.value, true)], &mut hoisted);
        if loops.stage.vector == Some(last) {
            running.along(loops, &hoisted);
        } else {
            running.across(loops, last, &hoisted);
        }
    });
}

impl Running<'_> {
    fn across(&self, loops: &Loops<'_>, last: usize, hoisted: &Hoisted) {
        let builder = loops.context.builder;
        let extent = loops.extent(last);
        loops.runs(TOGETHER, &|runs| {
            let start: Vec<Value> =
                runs.iter().flat_map(|_| self.reduction.start(builder, loops.lanes())).collect();
            builder.repeat(builder.int(0), extent, 1, &start, |step, carried| {
                let at = if self.backwards {
                    builder.sub(builder.sub(extent, builder.int(1)), step)
                } else {
                    step
                };
                let inside = loops.at(last, Counter::fixed(at));
                let each = runs.iter().zip(carried).map(|(&run, &before)| {
                    let inside = inside.in_lanes(run);
                    let point = self.point(&inside, run.active, hoisted);
                    let after = self.reduction.combine(builder, before, point);
                    self.store(&inside, if self.exclusive { before } else { after }, run.active);
                    after
                });
                each.collect()
            });
        });
    }

    fn along(&self, loops: &Loops<'_>, hoisted: &Hoisted) {
        let builder = loops.context.builder;
        let lanes = loops.lanes();
        let nothing = self.reduction.start(builder, lanes)[0];
        let first = builder.extract(nothing, 0);
        loops.fold_runs(1, &[first], &|runs, carried| {
            let Some(&Run { active, .. }) = runs.first() else { return carried.to_vec() };
            let inside = loops.in_lanes(runs[0]);
            let mut prefix = self.point(&inside, active, hoisted);
            if let Some(mask) = active.mask {
                prefix = builder.select(mask, prefix, nothing);
            }
            let mut distance = 1;
            while distance < lanes {
                let earlier = |lane: u32| {
                    if lane < distance { lane } else { lanes + lane - distance }
                };
                let order: Vec<u32> = (0..lanes).map(earlier).collect();
                let earlier = builder.shuffle(nothing, prefix, &order);
                prefix = self.reduction.combine(builder, earlier, prefix);
                distance *= 2;
            }
            let before = builder.broadcast(carried[0], lanes);
            let prefix = self.reduction.combine(builder, before, prefix);
            let shown = if self.exclusive {
                let order: Vec<u32> =
                    (0..lanes).map(|lane| if lane == 0 { 0 } else { lanes + lane - 1 }).collect();
                builder.shuffle(before, prefix, &order)
            } else {
                prefix
            };
            self.store(&inside, shown, active);
            vec![builder.extract(prefix, lanes - 1)]
        });
    }

    /// The value at a place, as it is carried.
    fn point(&self, inside: &Loops<'_>, active: Active, hoisted: &Hoisted) -> Value {
        let builder = inside.context.builder;
        let place = inside.place(None);
        let typed = place.emitter().with_hoisted(hoisted).emit(self.reduction.value, active);
        let value = builder.cast(typed.value, typed.elem, self.reduction.accumulator);
        builder.broadcast(self.reduction.carried(builder, value), inside.lanes())
    }

    fn store(&self, inside: &Loops<'_>, carried: Value, active: Active) {
        let typed = self.reduction.result(inside.context.builder, &[carried]);
        inside.place(None).store(&inside.stage.out, typed, active);
    }
}
