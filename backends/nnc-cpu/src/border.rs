//! Writes zeros over the border of an image.

use crate::context::KernelContext;
use nnc_mlir::{Kind, Value};
use nnc_plan::{Border, BorderAxis};
use nnc_shape::Dim;

/// The outermost axis is shared out where it has no border itself.
pub(crate) fn items(border: &Border) -> Dim {
    match border.axes.first() {
        Some(axis) if is_inside(axis) => axis.extent.clone(),
        _ => Dim::constant(1),
    }
}

fn is_inside(axis: &BorderAxis) -> bool {
    (axis.before, axis.after) == (0, 0)
}

pub(crate) fn emit(context: &KernelContext<'_>, border: &Border) {
    let base = context.base(border.buffer);
    let zero = Zero { context, kind: context.kind(border.buffer) };
    match border.axes.split_first() {
        Some((axis, inner)) if is_inside(axis) => {
            let distance = context.builder.mul(context.item, context.dim(&axis.stride));
            zero.slices(context.builder.offset(base, zero.kind, distance), inner);
        }
        _ => zero.slices(base, &border.axes),
    }
}

/// Zeros the border of some axes of what starts at an address.
pub(crate) fn emit_inside(
    context: &KernelContext<'_>,
    kind: Kind,
    start: Value,
    axes: &[BorderAxis],
) {
    Zero { context, kind }.slices(start, axes);
}

struct Zero<'a, 'b> {
    context: &'a KernelContext<'b>,
    kind: Kind,
}

impl Zero<'_, '_> {
    /// The slices before and after those of the first axis, and inside of each of them the
    /// border of the other axes.
    fn slices(&self, start: Value, axes: &[BorderAxis]) {
        let Some((axis, inner)) = axes.split_first() else { return };
        let b = self.context.builder;
        let stride = self.context.dim(&axis.stride);
        let extent = self.context.dim(&axis.extent);
        self.zero(start, stride, axis.before);
        let first = b.offset(start, self.kind, b.mul(stride, b.int(axis.before)));
        let end = b.offset(first, self.kind, b.mul(stride, extent));
        self.zero(end, stride, axis.after);
        if !inner.is_empty() {
            b.each(b.int(0), extent, 1, |at| {
                self.slices(b.offset(first, self.kind, b.mul(stride, at)), inner);
            });
        }
    }

    fn zero(&self, start: Value, stride: Value, slices: i64) {
        let b = self.context.builder;
        if slices > 0 {
            b.zero_bytes(start, b.mul(stride, b.int(slices * self.kind.bytes())));
        }
    }
}
