//! Sorts, running results and scatters: what is done along one axis.

use crate::nest::Running as Reduced;
use crate::tensor::{Data, Tensor};
use nnc_graph::{Elem, ReduceOp, Running};
use std::cmp::Ordering;

/// The first `k` along the last axis, equals by lower position, and their positions.
pub(crate) fn sort(source: &Tensor, descending: bool, k: usize) -> Vec<Tensor> {
    let extent = source.shape.last().copied().unwrap_or(1);
    let rows = source.len().checked_div(extent).unwrap_or(0);
    let mut shape = source.shape.clone();
    if let Some(last) = shape.last_mut() {
        *last = k;
    }
    let mut values = zeros_like(source, rows * k);
    let mut positions = vec![0i32; rows * k];
    for row in 0..rows {
        let mut order: Vec<usize> = (0..extent).collect();
        let place = |at: usize| row * extent + at;
        order.sort_by(|&a, &b| {
            let order = compare(&source.data, place(a), place(b));
            if descending { order.reverse() } else { order }
        });
        for (slot, &at) in order.iter().take(k).enumerate() {
            values.copy_from(row * k + slot, &source.data, place(at));
            positions[row * k + slot] = at as i32;
        }
    }
    vec![
        Tensor { elem: source.elem, shape: shape.clone(), data: values },
        Tensor { elem: Elem::I32, shape, data: Data::I32(positions) },
    ]
}

/// Two elements by size; NaN is beyond every number, and both zeros are one.
fn compare(data: &Data, left: usize, right: usize) -> Ordering {
    if !is_float(data) {
        return data.int(left).cmp(&data.int(right));
    }
    let (left, right) = (data.float(left), data.float(right));
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

fn is_float(data: &Data) -> bool {
    matches!(data, Data::F64(_) | Data::F32(_) | Data::F16(_) | Data::BF16(_))
}

fn zeros_like(source: &Tensor, len: usize) -> Data {
    Data::zeros(source.elem, matches!(source.data, Data::F64(_)), len)
}

/// The type to which a running result is rounded.
fn precision(source: &Tensor) -> Elem {
    if matches!(source.data, Data::F64(_)) { Elem::F64 } else { source.elem }
}

/// A running result and what it takes in next.
fn take(reduced: &mut Reduced, data: &Data, at: usize) {
    if is_float(data) { reduced.float(data.float(at), 0) } else { reduced.int(data.int(at), 0) }
}

fn put(data: &mut Data, at: usize, reduced: &Reduced) {
    if is_float(data) { data.set_float(at, reduced.float) } else { data.set_int(at, reduced.int) }
}

pub(crate) fn running(source: &Tensor, how: Running) -> Tensor {
    let axis = how.axis as usize;
    let extent = source.shape[axis];
    let inner: usize = source.shape[axis + 1..].iter().product();
    let outer: usize = source.shape[..axis].iter().product();
    let mut data = zeros_like(source, source.len());
    for row in 0..outer * inner {
        let start = row / inner * extent * inner + row % inner;
        let mut reduced = Reduced::new(how.op, precision(source));
        for step in 0..extent {
            let step = if how.backwards { extent - 1 - step } else { step };
            let at = start + step * inner;
            if how.exclusive {
                put(&mut data, at, &reduced);
                take(&mut reduced, &source.data, at);
            } else {
                take(&mut reduced, &source.data, at);
                put(&mut data, at, &reduced);
            }
        }
    }
    Tensor { elem: source.elem, shape: source.shape.clone(), data }
}

pub(crate) fn scatter(source: &Tensor, index: &Tensor, op: ReduceOp, places: usize) -> Tensor {
    let axis = index.shape.len() - 1;
    let extent = source.shape[axis];
    let inner: usize = source.shape[axis + 1..].iter().product();
    let outer: usize = source.shape[..axis].iter().product();
    let mut shape = source.shape.clone();
    shape[axis] = places;
    let mut data = zeros_like(source, outer * places * inner);
    for batch in 0..outer {
        for column in 0..inner {
            let fresh = || Reduced::new(op, precision(source));
            let mut reduced: Vec<Reduced> = (0..places).map(|_| fresh()).collect();
            for step in 0..extent {
                let place = usize::try_from(index.data.int(batch * extent + step)).ok();
                if let Some(reduced) = place.and_then(|it| reduced.get_mut(it)) {
                    take(reduced, &source.data, (batch * extent + step) * inner + column);
                }
            }
            for (place, reduced) in reduced.iter().enumerate() {
                put(&mut data, (batch * places + place) * inner + column, reduced);
            }
        }
    }
    Tensor { elem: source.elem, shape, data }
}
