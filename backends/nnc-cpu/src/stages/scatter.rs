//! Values that go to places which data name.
//!
//! Each part of the output is one thread's, which walks the values in their order, so that
//! what meets in a place meets in that order however many threads there are.

use super::Loops;
use super::reduce::Reduction;
use nnc_graph::{Compare, Elem, ReduceOp};
use nnc_mlir::{Counter, Typed};
use nnc_plan::DataIndex;
use nnc_shape::Dim;

/// Vectors of lanes that go to a place together.
const TOGETHER: u32 = 4;

pub(super) fn emit(loops: &Loops<'_>, reduction: &Reduction<'_>, places: &Dim) {
    let Some(index) = loops.stage.out.data.first() else { return };
    loops.enter(&loops.remaining(false), &|loops| {
        let builder = loops.context.builder;
        loops.runs(TOGETHER, &|runs| match loops.remaining(true).first() {
            None => runs.iter().for_each(|&run| {
                go(&loops.in_lanes(run), reduction, index, places, run.active);
            }),
            Some(&walked) => {
                let extent = loops.extent(walked);
                builder.each(builder.int(0), extent, 1, |step| {
                    // The first to come stays: it comes last, over all others.
                    let at = if reduction.op == ReduceOp::First {
                        builder.sub(builder.sub(extent, builder.int(1)), step)
                    } else {
                        step
                    };
                    let inside = loops.at(walked, Counter::fixed(at));
                    for &run in runs {
                        go(&inside.in_lanes(run), reduction, index, places, run.active);
                    }
                });
            }
        });
    });
}

/// Takes one value, or one in each lane, into its place.
fn go(
    inside: &Loops<'_>,
    reduction: &Reduction<'_>,
    index: &DataIndex,
    places: &Dim,
    active: nnc_mlir::Active,
) {
    let builder = inside.context.builder;
    let place = inside.place(None);
    let emitter = place.emitter();
    let to = emitter.emit(&index.value, active);
    let to = builder.cast(to.value, to.elem, Elem::I64);
    // What is negative is greater than all as an unsigned number.
    let is_place = builder.compare_unsigned(Compare::Lt, to, inside.context.dim(places));
    builder.when(is_place, || {
        let elem = reduction.accumulator;
        let value = emitter.emit(reduction.value, active).value;
        let value = builder.broadcast(value, inside.lanes());
        let out = &inside.stage.out;
        let value = if reduction.op == ReduceOp::First {
            value
        } else {
            let there = builder.from_memory(place.load(out, active, &emitter), elem);
            let there = builder.broadcast(there, inside.lanes());
            reduction.combine(builder, there, value)
        };
        place.store(out, Typed { value, elem }, active);
    });
}
