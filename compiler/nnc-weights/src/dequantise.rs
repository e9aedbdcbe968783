//! The floats that ggml's blocks stand for.
//!
//! A block holds small integers `q` and what turns them into floats: `d * q`, or
//! `d * q + m` (the types with `_1`), where in a `K` block of 256 each group of 16 or
//! 32 has a scale of its own that is itself a small integer times the block's `d`. The
//! layouts and formulas are those of `ggml-quants.c` in ggml (`dequantize_row_*`), and
//! the results are the same to the bit.

use half::f16;

use crate::Stored;

/// Reads whole blocks; `values` has as many elements.
pub(crate) fn dequantise(stored: Stored, raw: &[u8], values: &mut [f32]) {
    match stored {
        Stored::Q4_0 => blocks(raw, values, q4_0),
        Stored::Q4_1 => blocks(raw, values, q4_1),
        Stored::Q5_0 => blocks(raw, values, q5_0),
        Stored::Q5_1 => blocks(raw, values, q5_1),
        Stored::Q8_0 => blocks(raw, values, q8_0),
        Stored::Q2K => blocks(raw, values, q2_k),
        Stored::Q3K => blocks(raw, values, q3_k),
        Stored::Q4K => blocks(raw, values, q4_k),
        Stored::Q5K => blocks(raw, values, q5_k),
        Stored::Q6K => blocks(raw, values, q6_k),
        // Not in blocks, or of a kind that is not read.
        _ => {}
    }
}

#[inline(always)]
fn blocks<const BYTES: usize, const ELEMENTS: usize>(
    raw: &[u8],
    values: &mut [f32],
    block: impl Fn(&[u8; BYTES], &mut [f32; ELEMENTS]),
) {
    for (raw, values) in raw.as_chunks().0.iter().zip(values.as_chunks_mut().0) {
        block(raw, values);
    }
}

#[inline(always)]
fn half(raw: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([raw[at], raw[at + 1]]).to_f32()
}

#[inline(always)]
fn q4_0(raw: &[u8; 18], values: &mut [f32; 32]) {
    let d = half(raw, 0);
    for i in 0..16 {
        let q = raw[2 + i];
        values[i] = (i32::from(q & 15) - 8) as f32 * d;
        values[i + 16] = (i32::from(q >> 4) - 8) as f32 * d;
    }
}

#[inline(always)]
fn q4_1(raw: &[u8; 20], values: &mut [f32; 32]) {
    let (d, m) = (half(raw, 0), half(raw, 2));
    for i in 0..16 {
        let q = raw[4 + i];
        values[i] = f32::from(q & 15) * d + m;
        values[i + 16] = f32::from(q >> 4) * d + m;
    }
}

/// The fifth bits of the integers stand together in 32 bits.
#[inline(always)]
fn fives(high: [u8; 4], low: &[u8; 16]) -> [i32; 32] {
    let high = u32::from_le_bytes(high);
    let mut q = [0; 32];
    for i in 0..16 {
        q[i] = i32::from(low[i] & 15) | ((high >> i & 1) << 4) as i32;
        q[i + 16] = i32::from(low[i] >> 4) | ((high >> (i + 16) & 1) << 4) as i32;
    }
    q
}

#[inline(always)]
fn q5_0(raw: &[u8; 22], values: &mut [f32; 32]) {
    let d = half(raw, 0);
    let q = fives(part(raw, 2), &part(raw, 6));
    for i in 0..32 {
        values[i] = (q[i] - 16) as f32 * d;
    }
}

#[inline(always)]
fn q5_1(raw: &[u8; 24], values: &mut [f32; 32]) {
    let (d, m) = (half(raw, 0), half(raw, 2));
    let q = fives(part(raw, 4), &part(raw, 8));
    for i in 0..32 {
        values[i] = q[i] as f32 * d + m;
    }
}

#[inline(always)]
fn q8_0(raw: &[u8; 34], values: &mut [f32; 32]) {
    let d = half(raw, 0);
    for i in 0..32 {
        values[i] = f32::from(raw[2 + i] as i8) * d;
    }
}

#[inline(always)]
fn q2_k(raw: &[u8; 84], values: &mut [f32; 256]) {
    let scales: [u8; 16] = part(raw, 0);
    let q: [u8; 64] = part(raw, 16);
    let (d, least) = (half(raw, 80), half(raw, 82));
    for (group, values) in values.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let scale = d * f32::from(scales[group] & 15);
        let m = least * f32::from(scales[group] >> 4);
        let shift = group % 8 / 2 * 2;
        let first = group / 8 * 32 + group % 2 * 16;
        for i in 0..16 {
            values[i] = scale * f32::from(q[first + i] >> shift & 3) - m;
        }
    }
}

#[inline(always)]
fn q3_k(raw: &[u8; 110], values: &mut [f32; 256]) {
    let high: [u8; 32] = part(raw, 0);
    let low: [u8; 64] = part(raw, 32);
    let packed: [u8; 12] = part(raw, 96);
    let d = half(raw, 108);
    for (group, values) in values.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        // Six bits: four in the first 8 bytes, two in the last 4.
        let four = packed[group % 8] >> (group / 8 * 4) & 15;
        let two = packed[8 + group % 4] >> (group / 4 * 2) & 3;
        let scale = d * (i32::from(four | two << 4) - 32) as f32;
        let shift = group % 8 / 2 * 2;
        let first = group / 8 * 32 + group % 2 * 16;
        for i in 0..16 {
            let third = high[group % 2 * 16 + i] >> (group / 2) & 1;
            let q = i32::from(low[first + i] >> shift & 3) - if third == 1 { 0 } else { 4 };
            values[i] = scale * q as f32;
        }
    }
}

/// The six-bit scale and minimum of one of the eight groups of a block.
#[inline(always)]
fn scale_and_least(packed: &[u8; 12], group: usize) -> (f32, f32) {
    let (scale, least) = if group < 4 {
        (packed[group] & 63, packed[group + 4] & 63)
    } else {
        (
            packed[group + 4] & 15 | packed[group - 4] >> 6 << 4,
            packed[group + 4] >> 4 | packed[group] >> 6 << 4,
        )
    };
    (scale.into(), least.into())
}

#[inline(always)]
fn q4_k(raw: &[u8; 144], values: &mut [f32; 256]) {
    let (d, least) = (half(raw, 0), half(raw, 2));
    let packed = part(raw, 4);
    for (group, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, m) = scale_and_least(&packed, group);
        let (scale, m) = (d * scale, least * m);
        let q: [u8; 32] = part(raw, 16 + group / 2 * 32);
        for i in 0..32 {
            let q = if group % 2 == 0 { q[i] & 15 } else { q[i] >> 4 };
            values[i] = scale * f32::from(q) - m;
        }
    }
}

#[inline(always)]
fn q5_k(raw: &[u8; 176], values: &mut [f32; 256]) {
    let (d, least) = (half(raw, 0), half(raw, 2));
    let packed = part(raw, 4);
    let high: [u8; 32] = part(raw, 16);
    for (group, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, m) = scale_and_least(&packed, group);
        let (scale, m) = (d * scale, least * m);
        let low: [u8; 32] = part(raw, 48 + group / 2 * 32);
        for i in 0..32 {
            let four = if group % 2 == 0 { low[i] & 15 } else { low[i] >> 4 };
            let fifth = high[i] >> group & 1;
            values[i] = scale * f32::from(four | fifth << 4) - m;
        }
    }
}

#[inline(always)]
fn q6_k(raw: &[u8; 210], values: &mut [f32; 256]) {
    let d = half(raw, 208);
    for (quarter, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (side, quarter) = (quarter / 4, quarter % 4);
        let low: [u8; 32] = part(raw, side * 64 + quarter % 2 * 32);
        let high: [u8; 32] = part(raw, 128 + side * 32);
        let scales: [u8; 2] = part(raw, 192 + side * 8 + quarter * 2);
        for (i, value) in values.iter_mut().enumerate() {
            let four = if quarter < 2 { low[i] & 15 } else { low[i] >> 4 };
            let two = high[i] >> (quarter * 2) & 3;
            let scale = d * f32::from(scales[i / 16] as i8);
            *value = scale * (i32::from(four | two << 4) - 32) as f32;
        }
    }
}

/// Bytes of a block from `at` on.
#[inline(always)]
fn part<const N: usize>(raw: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&raw[at..at + N]);
    part
}
