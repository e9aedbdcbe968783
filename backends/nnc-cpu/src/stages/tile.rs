//! Reductions whose neighbouring results read the same places: a tile of results at a time,
//! with all taps of a window written out, so that each place is loaded once for the tile.

use super::reduce::{Reduction, finish};
use super::{Loops, Run};
use crate::contraction::balanced;
use crate::lanes::Place;
use nnc_graph::{Elem, Var};
use nnc_mlir::{Active, Counter, Emitter, Hoisted, Scope, Typed, Value};
use nnc_plan::{Address, Tile};
use nnc_shape::Dim;
use std::cell::RefCell;
use std::collections::HashMap;

/// All results below the loops that have been entered.
pub(super) fn emit(loops: &Loops<'_>, reduction: &Reduction<'_>, tile: Tile) {
    let outer: Vec<usize> =
        loops.remaining(false).into_iter().filter(|at| *at != tile.row).collect();
    loops.enter(&outer, &|loops| {
        let builder = loops.context.builder;
        let most = i64::from(tile.rows);
        let extent = loops.extent(tile.row);
        if let Some(extent) = extent.as_constant() {
            let mut from = 0;
            for (count, height) in balanced(extent, most) {
                let to = from + count * height;
                builder.each(builder.int(from), builder.int(to), height, |row| {
                    rows(loops, reduction, tile, row, height);
                });
                from = to;
            }
            return;
        }
        let whole = builder.mul(builder.div_floor(extent, builder.int(most)), builder.int(most));
        builder.each(builder.int(0), whole, most, |row| rows(loops, reduction, tile, row, most));
        builder.each(whole, extent, 1, |row| rows(loops, reduction, tile, row, 1));
    });
}

/// `height` results from `row` on, for all lanes.
fn rows(loops: &Loops<'_>, reduction: &Reduction<'_>, tile: Tile, row: Value, height: i64) {
    let builder = loops.context.builder;
    let first = loops.at(tile.row, Counter::fixed(row));
    let inner: Vec<usize> =
        loops.remaining(true).into_iter().filter(|at| *at != tile.tap).collect();
    loops.runs(1, &|runs| {
        let run = runs[0];
        let lanes = first.lanes();
        let start: Vec<Value> = (0..height).flat_map(|_| reduction.start(builder, lanes)).collect();
        let sums = first.fold(&inner, &start, &|loops, carried| {
            window(loops, reduction, tile, row, run, carried)
        });
        for (point, &sum) in (0..).zip(&sums) {
            let here = Counter::fixed(builder.add(row, builder.int(point)));
            let inside = loops.at(tile.row, here).in_lanes(run);
            let total = reduction.result(builder, &[sum]);
            finish(&inside, reduction, total, run.active, &Hoisted::default());
        }
    });
}

/// The sums of a tile's results with one more run of taps.
fn window(
    loops: &Loops<'_>,
    reduction: &Reduction<'_>,
    tile: Tile,
    row: Value,
    run: Run,
    sums: &[Value],
) -> Vec<Value> {
    let builder = loops.context.builder;
    let corner = loops.in_lanes(run).at(tile.tap, Counter::fixed(builder.int(0)));
    let corner_place = corner.place(None);
    let loaded = RefCell::default();
    let mut sums = sums.to_vec();
    for tap in 0..i64::from(tile.taps) {
        for (point, sum) in (0..).zip(&mut sums) {
            let here = Counter::fixed(builder.add(row, builder.int(point)));
            let inside = corner.at(tile.tap, Counter::fixed(builder.int(tap))).at(tile.row, here);
            let place = inside.place(None);
            let scope =
                Shared { place: &place, corner: &corner_place, tile, point, tap, loaded: &loaded };
            let emitter = Emitter::new(builder, &scope, place.lanes);
            *sum = reduction.take(&inside, &place, &emitter, &[*sum], run.active, None)[0];
        }
    }
    sums
}

/// A point and a tap of a tile; what other points and taps have read is not loaded again.
struct Shared<'a> {
    place: &'a Place<'a>,
    /// Point 0 and tap 0.
    corner: &'a Place<'a>,
    tile: Tile,
    point: i64,
    tap: i64,
    /// By the read and how far it lies from the corner's.
    loaded: &'a RefCell<HashMap<(u32, i64), Value>>,
}

impl Scope for Shared<'_> {
    fn elem(&self, read: u32) -> Elem {
        self.place.elem(read)
    }

    fn read(&self, read: u32, active: Active, emitter: &Emitter<'_>) -> Value {
        let address = &self.place.reads[read as usize];
        // The plan tiles only where both strides are numbers.
        let strides = address.stride(self.tile.row).zip(address.stride(self.tile.tap));
        let Some((row, tap)) = strides else { return self.place.read(read, active, emitter) };
        let distance = row * self.point + tap * self.tap;
        if let Some(&value) = self.loaded.borrow().get(&(read, distance)) {
            return value;
        }
        let moved = Address { offset: &address.offset + distance, ..address.clone() };
        let value = self.corner.load(&moved, active, emitter);
        self.loaded.borrow_mut().insert((read, distance), value);
        value
    }

    fn read_varies(&self, read: u32) -> bool {
        self.place.read_varies(read)
    }

    fn read_is_known(&self, read: u32) -> bool {
        self.place.read_is_known(read)
    }

    fn counter(&self, var: Var) -> Option<Counter> {
        self.place.counter(var)
    }

    fn dim(&self, dim: &Dim) -> Value {
        self.place.dim(dim)
    }

    fn accumulator(&self) -> Option<Typed> {
        self.place.accumulator()
    }
}
