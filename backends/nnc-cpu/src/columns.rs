//! The columns that a panel or tile covers, as vectors, the last of them perhaps
//! not full.

use crate::context::KernelContext;
use nnc_mlir::{Kind, Value};

/// Vectors side by side, each whole or with a mask of the lanes that count.
#[derive(Clone)]
pub(crate) struct Columns {
    masks: Vec<Mask>,
}

#[derive(Clone, Copy)]
enum Mask {
    Whole,
    /// So many lanes, known when the kernel is built.
    First(u32),
    Lanes(Value),
}

impl Columns {
    pub(crate) fn whole(vectors: u32) -> Columns {
        Columns { masks: vec![Mask::Whole; vectors as usize] }
    }

    /// The first `count` columns; vectors past them are left out.
    pub(crate) fn first(count: u32, vectors: u32, lanes: u32) -> Columns {
        let masks = (0..vectors)
            .map(|q| count.saturating_sub(q * lanes).min(lanes))
            .take_while(|&left| left > 0)
            .map(|left| if left == lanes { Mask::Whole } else { Mask::First(left) })
            .collect();
        Columns { masks }
    }

    /// The first `count` columns, a number known when the kernel runs.
    pub(crate) fn counted(context: &KernelContext<'_>, count: Value, vectors: u32) -> Columns {
        let b = context.builder;
        let lanes = context.lanes();
        let masks = (0..vectors)
            .map(|q| {
                let left = b.sub(count, b.int(i64::from(q * lanes)));
                Mask::Lanes(b.first_lanes(left, lanes))
            })
            .collect();
        Columns { masks }
    }

    /// How many vectors.
    pub(crate) fn len(&self) -> u32 {
        self.masks.len() as u32
    }

    /// The lanes of a vector that count; `None` for all.
    pub(crate) fn mask(&self, context: &KernelContext<'_>, q: u32) -> Option<Value> {
        let b = context.builder;
        match self.masks[q as usize] {
            Mask::Whole => None,
            Mask::First(count) => Some(b.first_lanes(b.int(i64::from(count)), context.lanes())),
            Mask::Lanes(mask) => Some(mask),
        }
    }

    /// A vector of memory as it lies; lanes that do not count are 0 and not read.
    pub(crate) fn load(
        &self,
        context: &KernelContext<'_>,
        q: u32,
        pointer: Value,
        kind: Kind,
    ) -> Value {
        let b = context.builder;
        let ty = kind.lanes(context.lanes());
        match self.mask(context, q) {
            None => b.load(pointer, ty),
            Some(mask) => b.masked_load(pointer, mask, b.zero(ty)),
        }
    }

    pub(crate) fn store(&self, context: &KernelContext<'_>, q: u32, value: Value, pointer: Value) {
        match self.mask(context, q) {
            None => context.builder.store(value, pointer),
            Some(mask) => context.builder.masked_store(value, pointer, mask),
        }
    }
}
