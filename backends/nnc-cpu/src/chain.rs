//! Kernels that take turns over slices of rows.
//!
//! ```text
//! for each step from..to of the item's rows:
//!     for each part: its rows that the step needs and that are not there yet
//! ```

use crate::context::KernelContext;
use crate::{border, contraction, stages};
use nnc_mlir::{Kind, Value};
use nnc_plan::{Batch, Body, Chain, KernelKind, Part, Place, Window};
use nnc_shape::Dim;

/// For each image, its rows cut into items.
pub(crate) fn items(chain: &Chain) -> Dim {
    &chain.batch * items_of_image(chain)
}

fn items_of_image(chain: &Chain) -> Dim {
    (&chain.rows + (chain.rows_per_item - 1)).floor_div(&Dim::constant(chain.rows_per_item))
}

/// Scratch memory that one thread needs.
pub(crate) fn scratch_bytes(body: &Body, chain: &Chain) -> Option<u64> {
    let ends = chain.parts.iter().filter_map(|it| it.window.as_ref()).map(|window| {
        let buffer = &body.buffers[window.buffer];
        let bytes = (window.rows * window.pitch) as u64 * buffer.elem.bytes() as u64;
        match buffer.place {
            Place::Scratch { offset } => offset + bytes,
            Place::Arena { .. } | Place::Pointer(_) | Place::Weights { .. } => 0,
        }
    });
    Some(ends.max().unwrap_or(0).next_multiple_of(64))
}

/// Emits the work of one item.
pub(crate) fn emit(context: &KernelContext<'_>, chain: &Chain) {
    let b = context.builder;
    let of_image = context.dim(&items_of_image(chain));
    let image = b.div_unsigned(context.item, of_image);
    let slice = b.rem_unsigned(context.item, of_image);
    let rows = context.dim(&chain.rows);
    let first = b.mul(slice, b.int(chain.rows_per_item));
    let end = b.min_int(b.add(first, b.int(chain.rows_per_item)), rows);
    let step = chain.rows_per_step;
    for window in chain.parts.iter().filter_map(|it| it.window.as_ref()) {
        let kept = Kept::new(context, window);
        b.each(b.int(0), b.int(window.rows), 1, |row| {
            border::emit_inside(context, kept.kind, kept.row(row), &window.inner);
        });
    }
    b.each(first, end, step, |from| {
        let to = b.min_int(b.add(from, b.int(step)), end);
        for part in &chain.parts {
            let all = context.dim(&part.rows);
            let clamped = |row: Value| b.min_int(b.max_int(row, b.int(0)), all);
            let moved = |row: Value, by: i64| b.add(b.mul(row, b.int(part.scale)), b.int(by));
            // The step before has gone up to where its own rows needed.
            let is_first = b.compare(nnc_graph::Compare::Eq, from, first);
            let (needed, limit) = (moved(from, part.first), moved(to, part.last));
            if let Some(window) = &part.window {
                Kept::new(context, window).shift(chain, part, image, is_first, needed, limit);
            }
            let begin = clamped(b.select(is_first, needed, moved(from, part.last)));
            let stop = b.max_int(clamped(limit), begin);
            emit_rows(context, part, image, begin, stop);
        }
    });
}

fn emit_rows(context: &KernelContext<'_>, part: &Part, image: Value, from: Value, to: Value) {
    let b = context.builder;
    let width = b.int(part.width);
    let (before, image) = match part.batch {
        Batch::None => (b.int(0), None),
        Batch::Loop(at) => (b.int(0), Some((at, image))),
        Batch::Merged => (b.mul(image, context.dim(&part.rows)), None),
    };
    let [from, to] = [from, to].map(|row| b.mul(b.add(before, row), width));
    match &part.kind {
        KernelKind::Contraction(it) => contraction::emit_rows(context, it, image, from, to),
        KernelKind::Stages(it) => stages::emit_rows(context, it, image, from, to),
        KernelKind::Attention(_)
        | KernelKind::Sort(_)
        | KernelKind::Border(_)
        | KernelKind::Chain(_) => unreachable!("the plan chains contractions and stages alone"),
    }
}

/// A window's memory.
struct Kept<'a, 'b> {
    context: &'a KernelContext<'b>,
    window: &'a Window,
    kind: Kind,
    start: Value,
}

impl<'a, 'b> Kept<'a, 'b> {
    fn new(context: &'a KernelContext<'b>, window: &'a Window) -> Kept<'a, 'b> {
        let place = &context.body.buffers[window.buffer].place;
        let (kind, start) = (context.kind(window.buffer), context.place(place));
        Kept { context, window, kind, start }
    }

    /// Where the window's row of a number is.
    fn row(&self, at: Value) -> Value {
        let b = self.context.builder;
        b.offset(self.start, self.kind, b.mul(at, b.int(self.window.pitch)))
    }

    /// Makes the window that of rows `needed..limit`: moves up what the step before has left
    /// of them, and puts zeros where there is no row.
    fn shift(
        &self,
        chain: &Chain,
        part: &Part,
        image: Value,
        is_first: Value,
        needed: Value,
        limit: Value,
    ) {
        let b = self.context.builder;
        let row_bytes = self.window.pitch * self.kind.bytes();
        let kept = part.last - part.first;
        if kept > 0 {
            b.when(b.not(is_first), || {
                let from = self.row(b.int(chain.rows_per_step * part.scale));
                b.copy_bytes(self.start, from, b.int(kept * row_bytes));
            });
        }
        let rows = self.context.dim(&part.rows);
        let zero = |from: Value, to: Value| {
            let is_some = b.compare(nnc_graph::Compare::Lt, from, to);
            b.when(is_some, || {
                let bytes = b.mul(b.sub(to, from), b.int(row_bytes));
                b.zero_bytes(self.row(b.sub(from, needed)), bytes);
            });
        };
        if part.first < 0 {
            zero(needed, b.min_int(b.int(0), limit));
        }
        if part.last > part.first {
            zero(b.max_int(rows, needed), limit);
        }
        // The buffer's own start, as if all its rows were there.
        let before = b.add(needed, b.int(self.window.before));
        let rows_before = b.mul(before, b.int(self.window.pitch));
        let images_before = b.mul(image, self.context.dim(&self.window.image));
        let back = b.sub(b.int(0), b.add(rows_before, images_before));
        self.context.look_through(self.window.buffer, b.offset(self.start, self.kind, back));
    }
}
