//! Attention as one kernel: scores never leave the core's own cache.
//!
//! One item is one place of the batch loops (a head, or a group of heads that share
//! keys). Its keys are transposed once into tiles of scratch memory; then, for each
//! tile of rows,
//!
//! ```text
//! scores[r, key] = score(Σ_d query[r, d] · keys[d, key]), with the running greatest of each row
//! scores[r, key] = exp(scores[r, key] - greatest[r]), with the running sum
//! out[r, ..] = finish(Σ_key scores[r, key] · value[key, ..] / sum[r])
//! ```
//!
//! A guard of the form `key <= …` bounds the keys a tile of rows looks at; tiles of
//! keys that it cannot touch are not masked. Other guards are masks.

use crate::Target;
use crate::columns::Columns;
use crate::context::{KernelContext, greatest};
use crate::contraction::{Rows, balanced};
use crate::finish::Finish;
use crate::lanes::Place;
use nnc_graph::{Affine, Compare, Elem, Scalar, Var};
use nnc_mlir::{Active, Counter, Kind, Typed, Value};
use nnc_plan::{Address, Attention, Body, LoopRole};

/// Rows that are worked on together.
const ROWS: i64 = 6;

/// Scratch memory of one thread in bytes; `None` if the keys have no bound.
pub(crate) fn scratch_bytes(body: &Body, kernel: &Attention, target: &Target) -> Option<u64> {
    let most = |role: LoopRole| {
        let extent = &kernel.loops.iter().find(|it| it.role == role)?.extent;
        greatest(body, extent)
    };
    let tile = i64::from(tile_vectors(kernel, target) * target.lanes());
    let keys = most(LoopRole::Key)?.checked_add(tile - 1)? / tile * tile;
    let inner = most(LoopRole::Inner)?;
    let elements = keys.checked_mul(inner + ROWS)?;
    // The vector loads of a tile's end may reach into the next line.
    u64::try_from(elements.checked_mul(4)?).ok().map(|it| it.next_multiple_of(64) + 64)
}

/// How many items an attention has.
pub(crate) fn items(context: &KernelContext<'_>, kernel: &Attention) -> Value {
    let b = context.builder;
    kernel
        .loops
        .iter()
        .filter(|it| it.role == LoopRole::Batch)
        .fold(b.int(1), |items, it| b.mul(items, context.dim(&it.extent)))
}

/// Vectors of a tile of keys: as many as the register file holds beside the rows,
/// fewer where that leaves less to mask at the end.
fn tile_vectors(kernel: &Attention, target: &Target) -> u32 {
    let widest: u32 = if target.machine.registers >= 32 { 4 } else { 2 };
    let lanes = i64::from(target.lanes());
    let keys = kernel.loops.iter().find(|it| it.role == LoopRole::Key);
    let Some(keys) = keys.and_then(|it| it.extent.as_constant()) else { return widest };
    let vectors = (keys + lanes - 1) / lanes;
    let cost = |width: u32| {
        let width = i64::from(width);
        // Narrow tiles do less for each load: 4 % at three vectors of four, 15 % at two.
        let worth = [0, 140, 115, 104, 100][width as usize];
        (vectors + width - 1) / width * width * worth
    };
    (1..=widest).rev().min_by_key(|&width| cost(width)).unwrap_or(widest)
}

/// Emits the work of one item.
pub(crate) fn emit(context: &KernelContext<'_>, kernel: &Attention) {
    let b = context.builder;
    let at = |role: LoopRole| kernel.loops.iter().position(|it| it.role == role).unwrap_or(0);
    let mut counters: Vec<Option<Value>> = vec![None; kernel.loops.len()];
    let mut rest = context.item;
    for (at, it) in kernel.loops.iter().enumerate().rev() {
        if it.role == LoopRole::Batch {
            let extent = context.dim(&it.extent);
            counters[at] = Some(b.rem_unsigned(rest, extent));
            rest = b.div_unsigned(rest, extent);
        }
    }
    let tile = i64::from(tile_vectors(kernel, context.target));
    let (row, key, inner, column) =
        (at(LoopRole::Row), at(LoopRole::Key), at(LoopRole::Inner), at(LoopRole::Column));
    let extent = |at: usize| context.dim(&kernel.loops[at].extent);
    let keys = extent(key);
    let lanes = i64::from(context.lanes());
    let width = tile * lanes;
    let tiles = b.div_unsigned(b.add(keys, b.int(width - 1)), b.int(width));
    let transposed = context.scratch();
    let size = b.mul(b.mul(tiles, b.int(width)), extent(inner));
    let template = Template {
        context,
        kernel,
        first_row: row,
        last_row: key - 1,
        key,
        inner,
        column,
        tile,
        width,
        keys,
        depth: extent(inner),
        transposed,
        scores: b.offset(transposed, Kind::F32, size),
        stride: b.mul(tiles, b.int(width)),
    };
    let used = template.keys_of_all_rows(&counters);
    template.transpose(&counters, used);
    template.row_loops(row, &counters);
}

struct Template<'a, 'b> {
    context: &'a KernelContext<'b>,
    kernel: &'a Attention,
    first_row: usize,
    last_row: usize,
    key: usize,
    inner: usize,
    column: usize,
    /// Vectors and keys of a tile of keys.
    tile: i64,
    width: i64,
    keys: Value,
    depth: Value,
    /// `[tile][depth][width]`, the keys, f32.
    transposed: Value,
    /// `[rows][stride]`, f32.
    scores: Value,
    stride: Value,
}

impl Template<'_, '_> {
    fn lanes(&self) -> i64 {
        i64::from(self.context.lanes())
    }

    fn vector(&self) -> nnc_mlir::Type {
        Kind::F32.lanes(self.context.lanes())
    }

    /// The number of keys that rows may look at whose loops stand at `counters`: the
    /// whole number, or what the limit allows.
    fn key_count(&self, counters: &[Option<Value>]) -> Value {
        let b = self.context.builder;
        let Some(limit) = &self.kernel.key_limit else { return self.keys };
        let bound = self.affine(limit, counters);
        b.max_int(b.min_int(bound, self.keys), b.int(0))
    }

    fn affine(&self, affine: &Affine, counters: &[Option<Value>]) -> Value {
        let b = self.context.builder;
        affine.terms.iter().fold(self.context.dim(&affine.offset), |sum, (Var(var), factor)| {
            match counters[*var as usize] {
                Some(counter) => b.add(sum, b.mul(counter, self.context.dim(factor))),
                None => sum,
            }
        })
    }

    /// Whether the limit grows with every row it depends on, so that the last row of a
    /// tile sees the most.
    fn limit_grows(&self) -> bool {
        self.kernel.key_limit.as_ref().is_some_and(|limit| {
            limit.terms.iter().all(|(Var(var), factor)| {
                let role = self.kernel.loops[*var as usize].role;
                role == LoopRole::Batch || factor.as_constant().is_some_and(|it| it >= 0)
            })
        })
    }

    fn keys_of_all_rows(&self, counters: &[Option<Value>]) -> Value {
        if !self.limit_grows() {
            return self.keys;
        }
        let b = self.context.builder;
        let mut last = counters.to_vec();
        let rows = last.iter_mut().enumerate().take(self.last_row + 1).skip(self.first_row);
        for (at, counter) in rows {
            *counter = Some(b.sub(self.context.dim(&self.kernel.loops[at].extent), b.int(1)));
        }
        self.key_count(&last)
    }

    // ---- keys ----

    /// Copies the first `count` keys into tiles in which neighbouring keys are
    /// neighbouring lanes; past the last key there are copies of it.
    fn transpose(&self, counters: &[Option<Value>], count: Value) {
        let context = self.context;
        let b = context.builder;
        let address = &self.kernel.key;
        let lanes = self.lanes();
        let depth = self.kernel.loops[self.inner].extent.as_constant();
        let contiguous =
            address.stride(self.inner) == Some(1) && depth.is_some_and(|depth| depth % lanes == 0);
        let base = context.pointer(address, counters);
        let kind = context.kind(address.buffer);
        let elem = context.body.buffers[address.buffer].elem;
        let step = context.dim(&address.strides[self.key]);
        let last = b.sub(self.keys, b.int(1));
        let used = b.mul(
            b.div_unsigned(b.add(count, b.int(self.width - 1)), b.int(self.width)),
            b.int(self.tile),
        );
        b.each(b.int(0), used, 1, |vector| {
            let first = b.mul(vector, b.int(lanes));
            let tile = b.div_unsigned(vector, b.int(self.tile));
            let within = b.rem_unsigned(vector, b.int(self.tile));
            let start = b.mul(tile, b.mul(self.depth, b.int(self.width)));
            let start = b.add(start, b.mul(within, b.int(lanes)));
            let to = b.offset(self.transposed, Kind::F32, start);
            let row = |lane: i64| {
                let key = b.min_int(b.add(first, b.int(lane)), last);
                b.offset(base, kind, b.mul(key, step))
            };
            if contiguous {
                let rows: Vec<Value> = (0..lanes).map(row).collect();
                b.each(b.int(0), self.depth, lanes, |d| {
                    let loaded: Vec<Value> = rows
                        .iter()
                        .map(|&row| {
                            let lanes = b.load(b.offset(row, kind, d), kind.lanes(lanes as u32));
                            b.from_memory(lanes, elem)
                        })
                        .collect();
                    for (at, column) in self.transposed_square(&loaded).into_iter().enumerate() {
                        let place = b.mul(b.add(d, b.int(at as i64)), b.int(self.width));
                        b.store(column, b.offset(to, Kind::F32, place));
                    }
                });
                return;
            }
            let along = context.dim(&address.strides[self.inner]);
            let wide = Kind::I64.lanes(lanes as u32);
            let keys = b.min_int(
                b.add(b.iota(wide), b.broadcast(first, lanes as u32)),
                b.broadcast(last, lanes as u32),
            );
            let offsets = b.mul(keys, b.broadcast(step, lanes as u32));
            let all = b.constant(Kind::I1.lanes(lanes as u32), 1);
            b.each(b.int(0), self.depth, 1, |d| {
                let from = b.offset(base, kind, b.mul(d, along));
                let pointers = b.offset(b.broadcast(from, lanes as u32), kind, offsets);
                let loaded = b.masked_gather(pointers, all, b.zero(kind.lanes(lanes as u32)));
                let place = b.mul(d, b.int(self.width));
                b.store(b.from_memory(loaded, elem), b.offset(to, Kind::F32, place));
            });
        });
    }

    /// Rows become columns by halves: at each round, half of the lanes change places
    /// between rows that lie as far apart.
    fn transposed_square(&self, rows: &[Value]) -> Vec<Value> {
        let b = self.context.builder;
        let lanes = rows.len();
        let mut rows = rows.to_vec();
        let mut distance = 1;
        while distance < lanes {
            let low: Vec<u32> = (0..lanes)
                .map(
                    |lane| if lane & distance == 0 { lane } else { lanes + lane - distance } as u32,
                )
                .collect();
            let high: Vec<u32> = (0..lanes)
                .map(
                    |lane| if lane & distance == 0 { lane + distance } else { lanes + lane } as u32,
                )
                .collect();
            for at in 0..lanes {
                if at & distance == 0 {
                    let (above, below) = (rows[at], rows[at + distance]);
                    rows[at] = b.shuffle(above, below, &low);
                    rows[at + distance] = b.shuffle(above, below, &high);
                }
            }
            distance *= 2;
        }
        rows
    }

    // ---- rows ----

    fn row_loops(&self, at: usize, counters: &[Option<Value>]) {
        let b = self.context.builder;
        let extent = self.context.dim(&self.kernel.loops[at].extent);
        if at < self.last_row {
            b.each(b.int(0), extent, 1, |counter| {
                let mut counters = counters.to_vec();
                counters[at] = Some(counter);
                self.row_loops(at + 1, &counters);
            });
            return;
        }
        let tile = |row: Value, height: i64| {
            let mut counters = counters.to_vec();
            counters[at] = Some(row);
            self.rows(&counters, height);
        };
        if let Some(rows) = extent.as_constant() {
            let mut first = 0;
            for (count, height) in balanced(rows, ROWS) {
                let end = first + count * height;
                b.each(b.int(first), b.int(end), height, |row| tile(row, height));
                first = end;
            }
            return;
        }
        let whole = b.mul(b.div_unsigned(extent, b.int(ROWS)), b.int(ROWS));
        b.each(b.int(0), whole, ROWS, |row| tile(row, ROWS));
        let rest = b.sub(extent, whole);
        for height in 1..ROWS {
            let fits = b.compare(Compare::Eq, rest, b.int(height));
            b.when(fits, || tile(whole, height));
        }
    }

    /// A tile of rows, from scores to output.
    fn rows(&self, counters: &[Option<Value>], height: i64) {
        let b = self.context.builder;
        let row = counters[self.last_row].unwrap_or_else(|| b.int(0));
        let mut last = counters.to_vec();
        last[self.last_row] = Some(b.add(row, b.int(height - 1)));
        let grows = self.limit_grows();
        let count = if grows { self.key_count(&last) } else { self.keys };
        // Tiles of keys that every row sees whole need no mask.
        let unmasked = match (&self.kernel.guard, grows && self.only_limit()) {
            (None, _) => self.keys,
            (Some(_), true) => self.key_count(counters),
            (Some(_), false) => b.int(0),
        };
        let tiles = b.div_unsigned(b.add(count, b.int(self.width - 1)), b.int(self.width));
        let clear = b.div_unsigned(unmasked, b.int(self.width));
        let clear = b.min_int(clear, tiles);
        let query = Rows::new(self.context, &self.kernel.query, counters, self.last_row);
        let lowest = b.float(self.vector(), f64::NEG_INFINITY);
        let greatest = vec![lowest; height as usize];
        let greatest = b.repeat(b.int(0), clear, 1, &greatest, |tile, greatest| {
            self.score_tile(counters, &query, tile, height, greatest, false)
        });
        let greatest = b.repeat(clear, tiles, 1, &greatest, |tile, greatest| {
            self.score_tile(counters, &query, tile, height, greatest, true)
        });
        let sums = self.exponentials(&greatest, b.mul(tiles, b.int(self.width)));
        self.output(counters, height, count, &sums);
    }

    /// Whether the guard says nothing but the limit on keys.
    fn only_limit(&self) -> bool {
        matches!(self.kernel.guard, Some(Scalar::Compare(..)))
    }

    fn score_row(&self, row: i64) -> Value {
        let b = self.context.builder;
        b.offset(self.scores, Kind::F32, b.mul(self.stride, b.int(row)))
    }

    /// Scores of a tile of keys, stored; the greatest so far, lane by lane.
    fn score_tile(
        &self,
        counters: &[Option<Value>],
        query: &Rows,
        tile: Value,
        height: i64,
        greatest: &[Value],
        masked: bool,
    ) -> Vec<Value> {
        let context = self.context;
        let b = context.builder;
        let lanes = self.lanes();
        let keys =
            b.offset(self.transposed, Kind::F32, b.mul(tile, b.mul(self.depth, b.int(self.width))));
        let zero = b.zero(self.vector());
        let sums = vec![zero; (height * self.tile) as usize];
        let elem = context.body.buffers[self.kernel.query.buffer].elem;
        let kind = context.kind(self.kernel.query.buffer);
        let turn = |d: Value, sums: &[Value], steps: i64| -> Vec<Value> {
            let mut sums = sums.to_vec();
            let query = query.moved(context, self.inner, d);
            let row = b.offset(keys, Kind::F32, b.mul(d, b.int(self.width)));
            for step in 0..steps {
                let loaded: Vec<Value> = (0..self.tile)
                    .map(|q| {
                        let place = step * self.width + q * lanes;
                        b.load(b.offset(row, Kind::F32, b.int(place)), self.vector())
                    })
                    .collect();
                for r in 0..height {
                    let pointer = query.element(context, r, self.inner, step);
                    let value = b.from_memory(b.load(pointer, kind.one()), elem);
                    let value = b.broadcast(value, lanes as u32);
                    for (q, loaded) in loaded.iter().enumerate() {
                        let sum = &mut sums[(r * self.tile) as usize + q];
                        *sum = b.fma(value, *loaded, *sum);
                    }
                }
            }
            sums
        };
        let whole = b.mul(b.div_unsigned(self.depth, b.int(2)), b.int(2));
        let sums = b.repeat(b.int(0), whole, 2, &sums, |d, sums| turn(d, sums, 2));
        let sums = b.repeat(whole, self.depth, 1, &sums, |d, sums| turn(d, sums, 1));
        let first = b.mul(tile, b.int(self.width));
        let mut result = greatest.to_vec();
        for r in 0..height {
            let to = b.offset(self.score_row(r), Kind::F32, first);
            for q in 0..self.tile {
                let sum = sums[(r * self.tile + q) as usize];
                let key = b.add(first, b.int(q * lanes));
                let score = self.score(counters, r, key, sum, masked);
                let greatest = &mut result[r as usize];
                // NaN is left to the sum of the exponentials.
                let more = b.compare(Compare::Gt, score, *greatest);
                *greatest = b.select(more, score, *greatest);
                b.store(score, b.offset(to, Kind::F32, b.int(q * lanes)));
            }
        }
        result
    }

    /// The score of neighbouring keys from `key` on; minus infinity where they take
    /// no part.
    fn score(
        &self,
        counters: &[Option<Value>],
        row: i64,
        key: Value,
        sum: Value,
        masked: bool,
    ) -> Value {
        let context = self.context;
        let b = context.builder;
        let mut open: Vec<Option<Counter>> =
            counters.iter().map(|it| it.map(Counter::fixed)).collect();
        open[self.last_row] =
            counters[self.last_row].map(|it| Counter::fixed(b.add(it, b.int(row))));
        open[self.key] = Some(Counter::moving(key));
        let left = b.sub(self.keys, key);
        let inside = masked.then(|| b.first_lanes(left, context.lanes()));
        let place = Place {
            context,
            reads: &self.kernel.reads,
            counters: open,
            accumulator: Some(Typed { value: sum, elem: Elem::F32 }),
            lanes: context.lanes(),
        };
        let active = Active { mask: inside, some: true };
        let score = place.vector(&self.kernel.score, active);
        let score = b.cast(score.value, score.elem, Elem::F32);
        let Some(inside) = inside else { return score };
        let takes_part = match &self.kernel.guard {
            Some(guard) => b.and(inside, place.vector(guard, active).value),
            None => inside,
        };
        b.select(takes_part, score, b.float(self.vector(), f64::NEG_INFINITY))
    }

    /// Replaces scores by their exponentials relative to the greatest of the row; the
    /// sums of each row, lane by lane.
    fn exponentials(&self, greatest: &[Value], end: Value) -> Vec<Value> {
        let b = self.context.builder;
        let lanes = self.context.lanes();
        let lowest = b.float(Kind::F32.one(), f64::NEG_INFINITY);
        let shift: Vec<Value> = greatest
            .iter()
            .map(|&it| {
                let most = b.reduce_lanes(it, |left, right| {
                    b.select(b.compare(Compare::Gt, left, right), left, right)
                });
                // A row that sees no key at all has nothing to be relative to.
                let none = b.compare(Compare::Eq, most, lowest);
                let most = b.select(none, b.float(Kind::F32.one(), 0.0), most);
                b.broadcast(most, lanes)
            })
            .collect();
        let zero = b.zero(self.vector());
        let sums = vec![zero; greatest.len()];
        b.repeat(b.int(0), end, self.lanes(), &sums, |key, sums| {
            sums.iter()
                .enumerate()
                .map(|(r, &sum)| {
                    let place = b.offset(self.score_row(r as i64), Kind::F32, key);
                    let score = b.sub(b.load(place, self.vector()), shift[r]);
                    let power = b.exp_not_positive(score);
                    b.store(power, place);
                    b.add(sum, power)
                })
                .collect()
        })
    }

    fn output(&self, counters: &[Option<Value>], height: i64, count: Value, sums: &[Value]) {
        let context = self.context;
        let b = context.builder;
        let lanes = context.lanes();
        let one = b.float(Kind::F32.one(), 1.0);
        let zero = b.float(Kind::F32.one(), 0.0);
        let inverse: Vec<Value> = sums
            .iter()
            .map(|&it| {
                let sum = b.reduce_lanes(it, |left, right| b.add(left, right));
                let empty = b.compare(Compare::Eq, sum, zero);
                let inverse = b.select(empty, zero, b.div(one, sum));
                b.broadcast(inverse, lanes)
            })
            .collect();
        let widest: u32 = if context.target.machine.registers >= 32 { 4 } else { 2 };
        let width = i64::from(widest * lanes);
        let extent = &self.kernel.loops[self.column].extent;
        let part = |start: Value, columns: &Columns| {
            let mut counters = counters.to_vec();
            counters[self.column] = Some(start);
            self.weighted(&counters, height, count, &inverse, columns);
        };
        match extent.as_constant() {
            Some(extent) => {
                let whole = extent / width * width;
                b.each(b.int(0), b.int(whole), width, |at| part(at, &Columns::whole(widest)));
                if whole < extent {
                    let columns = Columns::first((extent - whole) as u32, widest, lanes);
                    part(b.int(whole), &columns);
                }
            }
            None => {
                let extent = context.dim(extent);
                b.each(b.int(0), extent, width, |at| {
                    let left = b.sub(extent, at);
                    part(at, &Columns::counted(context, left, widest));
                });
            }
        }
    }

    /// The values' sum, weighted by the exponentials, for some of the columns.
    fn weighted(
        &self,
        counters: &[Option<Value>],
        height: i64,
        count: Value,
        inverse: &[Value],
        columns: &Columns,
    ) {
        let context = self.context;
        let b = context.builder;
        let address: &Address = &self.kernel.value;
        let (kind, elem) =
            (context.kind(address.buffer), context.body.buffers[address.buffer].elem);
        let start = context.pointer(address, counters);
        let step = context.dim(&address.strides[self.key]);
        let vectors = columns.len();
        let zero = b.zero(self.vector());
        let sums = vec![zero; height as usize * vectors as usize];
        let turn = |key: Value, sums: &[Value], steps: i64| -> Vec<Value> {
            let mut sums = sums.to_vec();
            for s in 0..steps {
                let key = b.add(key, b.int(s));
                let row = b.offset(start, kind, b.mul(key, step));
                let loaded: Vec<Value> = (0..vectors)
                    .map(|q| {
                        let pointer = b.offset(row, kind, b.int(i64::from(q) * self.lanes()));
                        b.from_memory(columns.load(context, q, pointer, kind), elem)
                    })
                    .collect();
                for r in 0..height {
                    let weight = b.offset(self.score_row(r), Kind::F32, key);
                    let weight = b.broadcast(b.load(weight, Kind::F32.one()), context.lanes());
                    for (q, loaded) in loaded.iter().enumerate() {
                        let sum = &mut sums[r as usize * vectors as usize + q];
                        *sum = b.fma(weight, *loaded, *sum);
                    }
                }
            }
            sums
        };
        let whole = b.mul(b.div_unsigned(count, b.int(2)), b.int(2));
        let sums = b.repeat(b.int(0), whole, 2, &sums, |key, sums| turn(key, sums, 2));
        let sums = b.repeat(whole, count, 1, &sums, |key, sums| turn(key, sums, 1));
        let scaled: Vec<Value> = sums
            .iter()
            .enumerate()
            .map(|(at, &sum)| b.mul(sum, inverse[at / vectors as usize]))
            .collect();
        let finish = Finish {
            context,
            scalar: &self.kernel.finish,
            reads: &self.kernel.reads,
            out: &self.kernel.out,
            row_loop: self.last_row,
            column_loop: self.column,
        };
        finish.tile(counters, height, columns, &scaled);
    }
}
