//! Rows in order, by a radix sort from the lowest byte up.
//!
//! Each element gets a key whose order as an unsigned number is the order that is wanted: of
//! integers the sign is turned round, of floats the sign where it is plus and all bits where it
//! is minus; descending, all bits. A walk for each byte then moves keys with their positions to
//! where they belong by that byte, and leaves equals as they were (Knuth, "The Art of Computer
//! Programming", volume 3, section 5.2.5). A byte in which all keys are the same takes no walk.

use crate::context::{KernelContext, greatest};
use nnc_graph::{Compare, Elem};
use nnc_mlir::{Kind, Type, Value};
use nnc_plan::{Body, Sort};
use nnc_shape::Dim;

/// Values of a byte.
const DIGITS: i64 = 256;

/// Bytes of a key or a position in scratch memory.
const WORD: u64 = 8;

pub(crate) fn items(sort: &Sort) -> Dim {
    sort.loops.iter().fold(Dim::constant(1), |rows, it| &rows * &it.extent)
}

/// Scratch memory of one thread; `None` where rows have no greatest length.
pub(crate) fn scratch_bytes(body: &Body, sort: &Sort) -> Option<u64> {
    let extent = u64::try_from(greatest(body, &sort.extent)?).ok()?;
    let counts = body.buffers[sort.source.buffer].elem.bytes() as u64 * DIGITS as u64;
    extent.checked_mul(4)?.checked_add(counts)?.checked_mul(WORD)
}

pub(crate) fn emit(context: &KernelContext<'_>, sort: &Sort) {
    let builder = context.builder;
    let elem = context.body.buffers[sort.source.buffer].elem;
    let row = Row {
        context,
        sort,
        elem,
        digits: elem.bytes() as i64,
        extent: context.dim(&sort.extent),
        counters: counters(context, sort),
    };
    row.clear_counts();
    row.fill();
    let mut halves = vec![builder.int(0), builder.mul(row.extent, builder.int(2))];
    for digit in 0..row.digits {
        halves = row.walk(digit, &halves);
    }
    row.results(halves[0]);
}

/// Where the rows' loops stand for this item, and behind them the place in the row.
fn counters(context: &KernelContext<'_>, sort: &Sort) -> Vec<Option<Value>> {
    let builder = context.builder;
    let mut rest = context.item;
    let mut counters = vec![None; sort.loops.len() + 1];
    for (at, it) in sort.loops.iter().enumerate().rev() {
        let extent = context.dim(&it.extent);
        let quotient = builder.div_floor(rest, extent);
        counters[at] = Some(builder.sub(rest, builder.mul(quotient, extent)));
        rest = quotient;
    }
    counters
}

/// The row of one item. Scratch memory holds keys, positions, and both again, and how many keys
/// there are with each value of each byte.
struct Row<'a> {
    context: &'a KernelContext<'a>,
    sort: &'a Sort,
    elem: Elem,
    digits: i64,
    extent: Value,
    counters: Vec<Option<Value>>,
}

impl Row<'_> {
    fn word(&self, at: Value) -> Value {
        self.context.builder.offset(self.context.scratch(), Kind::I64, at)
    }

    fn load(&self, at: Value) -> Value {
        self.context.builder.load(self.word(at), Type::I64)
    }

    fn store(&self, value: Value, at: Value) {
        self.context.builder.store(value, self.word(at));
    }

    /// The place of the count of a byte's value.
    fn count_at(&self, digit: i64, value: Value) -> Value {
        let builder = self.context.builder;
        let start = builder.mul(self.extent, builder.int(4));
        builder.add(builder.add(start, builder.int(digit * DIGITS)), value)
    }

    /// The value of a byte of a key.
    fn byte(&self, key: Value, digit: i64) -> Value {
        let builder = self.context.builder;
        let low = builder.shift_right_unsigned(key, 8 * digit);
        builder.and(low, builder.int(DIGITS - 1))
    }

    fn clear_counts(&self) {
        let builder = self.context.builder;
        let start = self.word(self.count_at(0, builder.int(0)));
        builder.zero_bytes(start, builder.int(self.digits * DIGITS * WORD as i64));
    }

    fn each(&self, body: impl FnOnce(Value)) {
        self.context.builder.each(self.context.builder.int(0), self.extent, 1, body);
    }

    /// Keys and positions in the order of the row, and the counts.
    fn fill(&self) {
        let builder = self.context.builder;
        self.each(|at| {
            let key = self.key(self.element(at));
            self.store(key, at);
            self.store(at, builder.add(self.extent, at));
            for digit in 0..self.digits {
                let place = self.count_at(digit, self.byte(key, digit));
                self.store(builder.add(self.load(place), builder.int(1)), place);
            }
        });
    }

    /// An element of the row, as it lies in memory.
    fn element(&self, at: Value) -> Value {
        let mut counters = self.counters.clone();
        if let Some(last) = counters.last_mut() {
            *last = Some(at);
        }
        let kind = self.context.kind(self.sort.source.buffer);
        let pointer = self.context.pointer(&self.sort.source, &counters);
        self.context.builder.load(pointer, kind.one())
    }

    fn key(&self, stored: Value) -> Value {
        let builder = self.context.builder;
        let wide = |value: Value| builder.extend_unsigned(value, Kind::I64);
        let bits = 8 * self.digits as u32;
        let all = builder.constant(Type::I64, (u64::MAX >> (64 - bits)) as i64);
        let sign = builder.constant(Type::I64, 1i64.wrapping_shl(bits - 1));
        let key = match self.elem {
            Elem::Bool | Elem::U8 => wide(stored),
            Elem::I8 | Elem::I32 | Elem::I64 => builder.xor(wide(stored), sign),
            Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 => {
                let value = builder.from_memory(stored, self.elem);
                // One zero, and one NaN, which is beyond all.
                let value = builder.add(value, builder.zero(value.ty));
                let nan = builder.is_nan(value);
                let stored = builder.to_memory(value, self.elem);
                let own = wide(builder.bitcast(stored, stored.ty.kind.as_int()));
                let minus = builder.compare(Compare::Ne, builder.and(own, sign), builder.int(0));
                let turned = builder.xor(own, builder.select(minus, all, sign));
                builder.select(nan, all, turned)
            }
        };
        if self.sort.descending { builder.xor(key, all) } else { key }
    }

    /// Moves keys and positions from one half to the other by a byte. Gives the half with what
    /// is sorted so far and the other one.
    fn walk(&self, digit: i64, halves: &[Value]) -> Vec<Value> {
        let builder = self.context.builder;
        let (from, to) = (halves[0], halves[1]);
        let positions = |half: Value| builder.add(half, self.extent);
        let first = self.count_at(digit, self.byte(self.load(from), digit));
        let same = builder.compare(Compare::Eq, self.load(first), self.extent);
        builder.branch(
            same,
            || vec![from, to],
            || {
                let (zero, digits) = (builder.int(0), builder.int(DIGITS));
                builder.repeat(zero, digits, 1, &[zero], |value, before| {
                    let place = self.count_at(digit, value);
                    let count = self.load(place);
                    self.store(before[0], place);
                    vec![builder.add(before[0], count)]
                });
                self.each(|at| {
                    let key = self.load(builder.add(from, at));
                    let position = self.load(builder.add(positions(from), at));
                    let place = self.count_at(digit, self.byte(key, digit));
                    let next = self.load(place);
                    self.store(builder.add(next, builder.int(1)), place);
                    self.store(key, builder.add(to, next));
                    self.store(position, builder.add(positions(to), next));
                });
                vec![to, from]
            },
        )
    }

    fn results(&self, half: Value) {
        let builder = self.context.builder;
        let count = self.context.dim(&self.sort.count);
        builder.each(builder.int(0), count, 1, |slot| {
            let position = self.load(builder.add(builder.add(half, self.extent), slot));
            let mut counters = self.counters.clone();
            if let Some(last) = counters.last_mut() {
                *last = Some(slot);
            }
            let value = self.element(position);
            builder.store(value, self.context.pointer(&self.sort.values, &counters));
            let position = builder.truncate(position, Kind::I32);
            builder.store(position, self.context.pointer(&self.sort.positions, &counters));
        });
    }
}
