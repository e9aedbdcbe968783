//! What is done to finished sums before they are stored.

use crate::columns::Columns;
use crate::context::KernelContext;
use crate::contraction::Rows;
use crate::lanes::Place;
use nnc_graph::{Elem, Scalar};
use nnc_mlir::{Active, Counter, Typed, Value};
use nnc_plan::Address;

/// Stores tiles of f32 sums through a kernel's finish.
pub(crate) struct Finish<'a, 'b> {
    pub(crate) context: &'a KernelContext<'b>,
    pub(crate) scalar: &'a Scalar,
    pub(crate) reads: &'a [Address],
    pub(crate) out: &'a Address,
    /// The loop whose iterations are the tile's rows.
    pub(crate) row_loop: usize,
    /// The loop whose iterations are lanes.
    pub(crate) column_loop: usize,
}

impl Finish<'_, '_> {
    /// Stores `height` rows, whose sums stand row by row; `counters` say where the
    /// tile's first row and first column are.
    pub(crate) fn tile(
        &self,
        counters: &[Option<Value>],
        height: i64,
        columns: &Columns,
        sums: &[Value],
    ) {
        let context = self.context;
        let b = context.builder;
        let elem = context.body.buffers[self.out.buffer].elem;
        let out = Rows::new(context, self.out, counters, self.row_loop);
        for r in 0..height {
            for q in 0..columns.len() {
                let sum = sums[r as usize * columns.len() as usize + q as usize];
                let mut open: Vec<Option<Counter>> =
                    counters.iter().map(|it| it.map(Counter::fixed)).collect();
                let further = |at: usize, by: i64| counters[at].map(|it| b.add(it, b.int(by)));
                open[self.row_loop] = further(self.row_loop, r).map(Counter::fixed);
                let first = i64::from(q * context.lanes());
                open[self.column_loop] = further(self.column_loop, first).map(Counter::moving);
                let place = Place {
                    context,
                    reads: self.reads,
                    counters: open,
                    accumulator: Some(Typed { value: sum, elem: Elem::F32 }),
                    lanes: context.lanes(),
                };
                let active = Active { mask: columns.mask(context, q), some: true };
                let value = place.vector(self.scalar, active);
                let value = b.to_memory(b.cast(value.value, value.elem, elem), elem);
                columns.store(context, q, value, out.vector(context, r, q));
            }
        }
    }
}
