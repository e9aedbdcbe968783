//! Writes zeros over a buffer.

use crate::context::KernelContext;
use nnc_mlir::Kind;
use nnc_plan::{Body, BufferId};
use nnc_shape::Dim;

/// Bytes that one item zeros.
const ITEM_BYTES: i64 = 256 << 10;

pub(crate) fn items(body: &Body, buffer: BufferId) -> Dim {
    let buffer = &body.buffers[buffer];
    let bytes = &buffer.elements * buffer.elem.bytes() as i64;
    (bytes + (ITEM_BYTES - 1)).floor_div(&Dim::constant(ITEM_BYTES))
}

pub(crate) fn emit(context: &KernelContext<'_>, buffer: BufferId) {
    let builder = context.builder;
    let elem = context.body.buffers[buffer].elem;
    let elements = context.dim(&context.body.buffers[buffer].elements);
    let bytes = builder.mul(elements, builder.int(elem.bytes() as i64));
    let from = builder.mul(context.item, builder.int(ITEM_BYTES));
    let count = builder.min_int(builder.sub(bytes, from), builder.int(ITEM_BYTES));
    builder.zero_bytes(builder.offset(context.base(buffer), Kind::I8, from), count);
}
