//! One value for each point.

use super::{Loops, weight};
use nnc_graph::Scalar;
use nnc_mlir::Hoisted;

pub(super) fn emit(loops: &Loops<'_>, value: &Scalar) {
    // Light bodies are repeated, so that the loop's own work does not show.
    let together = if weight(value) < 12 { 2 } else { 1 };
    loops.enter(&loops.remaining(false), &|loops| {
        let mut hoisted = Hoisted::default();
        loops.hoist(&[(value, true)], &mut hoisted);
        loops.runs(together, &|runs| {
            for &run in runs {
                let inside = loops.in_lanes(run);
                let place = inside.place(None);
                let typed = place.emitter().with_hoisted(&hoisted).emit(value, run.active);
                place.store(&inside.stage.out, typed, run.active);
            }
        });
    });
}
