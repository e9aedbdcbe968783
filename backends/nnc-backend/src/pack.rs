//! Lays tensors out in the weights.

use nnc_plan::Packing;

/// Copies a row-major tensor of elements of `size` bytes into `out`, as a packing says.
///
/// `out` must be zeroed, since what a packing leaves free is not written. Positions that
/// lie outside of either slice, which a sound plan has none of, are left out.
pub fn pack(packing: &Packing, size: usize, source: &[u8], out: &mut [u8]) {
    match packing {
        Packing::Plain => {
            let bytes = source.len().min(out.len());
            out[..bytes].copy_from_slice(&source[..bytes]);
        }
        Packing::Strided { extents, strides } => {
            let loops: Vec<(u64, u64)> =
                extents.iter().copied().zip(strides.iter().copied()).collect();
            let mut at = 0;
            walk(&loops, 0, &mut |start| {
                copy(size, source, start, out, at, 1);
                at += 1;
            });
        }
        Packing::Panels { batch, inner, columns, column_stride, width } => {
            let width = u64::from(*width);
            let panels = columns.div_ceil(width);
            let rows: u64 = inner.iter().map(|it| it.0).product();
            let mut panel = 0;
            walk(batch, 0, &mut |start| {
                for at in 0..panels {
                    let first = at * width;
                    let count = width.min(columns - first);
                    let mut row = panel * rows;
                    walk(inner, start + first * column_stride, &mut |start| {
                        let to = row * width;
                        if *column_stride == 1 {
                            copy(size, source, start, out, to, count);
                        } else {
                            for lane in 0..count {
                                copy(size, source, start + lane * column_stride, out, to + lane, 1);
                            }
                        }
                        row += 1;
                    });
                    panel += 1;
                }
            });
        }
    }
}

/// Calls `visit` with the position of every point of the loops, outermost first.
fn walk(loops: &[(u64, u64)], start: u64, visit: &mut dyn FnMut(u64)) {
    match loops {
        [] => visit(start),
        [(extent, stride), rest @ ..] => {
            for at in 0..*extent {
                walk(rest, start + at * stride, visit);
            }
        }
    }
}

/// Copies `count` elements from element `from` to element `to`.
fn copy(size: usize, source: &[u8], from: u64, out: &mut [u8], to: u64, count: u64) {
    let range = |at: u64| {
        let start = usize::try_from(at).ok()?.checked_mul(size)?;
        let bytes = usize::try_from(count).ok()?.checked_mul(size)?;
        Some(start..start.checked_add(bytes)?)
    };
    let (Some(from), Some(to)) = (range(from), range(to)) else { return };
    if let (Some(from), Some(to)) = (source.get(from), out.get_mut(to)) {
        to.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::pack;
    use nnc_plan::Packing;

    #[test]
    fn panels_hold_neighbouring_columns_and_are_filled_with_zeros() {
        // A weight [o: 3, i: 2], columns o, inner i, panels of 2.
        let source: [u8; 6] = [1, 2, 3, 4, 5, 6];
        let packing = Packing::Panels {
            batch: Vec::new(),
            inner: vec![(2, 1)],
            columns: 3,
            column_stride: 2,
            width: 2,
        };
        let mut out = [0; 8];
        pack(&packing, 1, &source, &mut out);
        assert_eq!(out, [1, 3, 2, 4, 5, 0, 6, 0]);
    }

    #[test]
    fn panels_of_a_batch_follow_each_other() {
        // [e: 2, i: 2, o: 2] with unit stride along o.
        let source: Vec<u8> = (1..=8).collect();
        let packing = Packing::Panels {
            batch: vec![(2, 4)],
            inner: vec![(2, 2)],
            columns: 2,
            column_stride: 1,
            width: 4,
        };
        let mut out = [0; 16];
        pack(&packing, 1, &source, &mut out);
        assert_eq!(out, [1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0, 7, 8, 0, 0]);
    }

    #[test]
    fn a_strided_copy_reorders_axes() {
        let source: [u8; 12] = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6];
        let packing = Packing::Strided { extents: vec![3, 2], strides: vec![1, 3] };
        let mut out = [0; 12];
        pack(&packing, 2, &source, &mut out);
        assert_eq!(out, [1, 1, 4, 4, 2, 2, 5, 5, 3, 3, 6, 6]);
    }
}
