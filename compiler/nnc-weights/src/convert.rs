//! What stored elements become.

use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};
use nnc_graph::Elem;

use crate::Stored;
use crate::dequantise::dequantise;

/// What reading elements of one type as another does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    /// Every value stays what it is.
    Exact,
    /// A float becomes the nearest one of the other type, ties to even; a finite value
    /// that would become infinite is refused.
    Rounding,
    /// An integer stays what it is, or is refused if it does not fit.
    Checked,
    /// There is none.
    Impossible { help: &'static str },
}

/// What reading `stored` as `elem` does.
///
/// Wider floats are exact, narrower ones round; the blocks of quantised types are
/// exact as f32, which is the type that they are defined in. Integers are exact where
/// all values fit, else each value is checked; those of more bits than a float keeps
/// are rounded. Floats are never read as integers, nor anything but integers as
/// bools, where only 0 and 1 are taken.
pub fn conversion(stored: Stored, elem: Elem) -> Conversion {
    let Some(from) = Kind::of(stored) else {
        return Conversion::Impossible {
            help: "nnc does not read this type; convert the file, for instance to f16",
        };
    };
    match (from, Kind::of_elem(elem)) {
        (from, to) if from == to => Conversion::Exact,
        (Kind::Float { digits, range }, Kind::Float { digits: most, range: widest }) => {
            if digits <= most && range <= widest { Conversion::Exact } else { Conversion::Rounding }
        }
        (Kind::Int { bits, signed }, Kind::Float { digits, .. }) => {
            if bits - u32::from(signed) <= digits {
                Conversion::Exact
            } else {
                Conversion::Rounding
            }
        }
        (Kind::Int { bits, signed }, Kind::Int { bits: most, signed: sign }) => {
            let fits = match (signed, sign) {
                (false, true) => bits < most,
                (true, false) => false,
                _ => bits <= most,
            };
            if fits { Conversion::Exact } else { Conversion::Checked }
        }
        (Kind::Bool, Kind::Float { .. } | Kind::Int { .. }) => Conversion::Exact,
        (Kind::Int { .. }, Kind::Bool) => Conversion::Checked,
        (Kind::Float { .. }, Kind::Int { .. } | Kind::Bool) => {
            Conversion::Impossible { help: "read it as a float, and convert in the program" }
        }
        (Kind::Bool, Kind::Bool) => Conversion::Exact,
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// Digits of the mantissa and bits of the exponent.
    Float {
        digits: u32,
        range: u32,
    },
    Int {
        bits: u32,
        signed: bool,
    },
    Bool,
}

impl Kind {
    fn of(stored: Stored) -> Option<Kind> {
        Some(match stored {
            Stored::F64 => Kind::of_elem(Elem::F64),
            Stored::F16 => Kind::of_elem(Elem::F16),
            Stored::BF16 => Kind::of_elem(Elem::BF16),
            Stored::F8E4M3 => Kind::Float { digits: 4, range: 4 },
            Stored::F8E5M2 => Kind::Float { digits: 3, range: 5 },
            Stored::F32
            | Stored::Q4_0
            | Stored::Q4_1
            | Stored::Q5_0
            | Stored::Q5_1
            | Stored::Q8_0
            | Stored::Q2K
            | Stored::Q3K
            | Stored::Q4K
            | Stored::Q5K
            | Stored::Q6K => Kind::of_elem(Elem::F32),
            Stored::I64 => Kind::Int { bits: 64, signed: true },
            Stored::I32 => Kind::Int { bits: 32, signed: true },
            Stored::I16 => Kind::Int { bits: 16, signed: true },
            Stored::I8 => Kind::Int { bits: 8, signed: true },
            Stored::U64 => Kind::Int { bits: 64, signed: false },
            Stored::U32 => Kind::Int { bits: 32, signed: false },
            Stored::U16 => Kind::Int { bits: 16, signed: false },
            Stored::U8 => Kind::Int { bits: 8, signed: false },
            Stored::Bool => Kind::Bool,
            Stored::Opaque { .. } => return None,
        })
    }

    fn of_elem(elem: Elem) -> Kind {
        match elem {
            Elem::F64 => Kind::Float { digits: 53, range: 11 },
            Elem::F32 => Kind::Float { digits: 24, range: 8 },
            Elem::F16 => Kind::Float { digits: 11, range: 5 },
            Elem::BF16 => Kind::Float { digits: 8, range: 8 },
            Elem::I64 => Kind::Int { bits: 64, signed: true },
            Elem::I32 => Kind::Int { bits: 32, signed: true },
            Elem::I8 => Kind::Int { bits: 8, signed: true },
            Elem::U8 => Kind::Int { bits: 8, signed: false },
            Elem::Bool => Kind::Bool,
        }
    }
}

/// An element that the type that was asked for cannot hold.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) index: usize,
    pub(crate) value: String,
}

/// Elements that are converted at a time: whole blocks of every type, and little enough
/// to stay in the nearest cache.
pub(crate) const CHUNK: usize = 1024;

/// Converts whole blocks in little-endian bytes to as many elements as `out` has room
/// for. The conversion must not be [`Conversion::Impossible`].
pub(crate) fn convert(stored: Stored, raw: &[u8], elem: Elem, out: &mut [u8]) -> Result<(), Bad> {
    if Kind::of(stored) == Some(Kind::of_elem(elem)) && !stored.is_quantised() {
        if stored == Stored::Bool {
            check_bools(raw)?;
        }
        out.copy_from_slice(raw);
        return Ok(());
    }
    let (elements, bytes) = stored.block();
    let mut floats = [0f32; CHUNK];
    let mut doubles = [0f64; CHUNK];
    let mut ints = [0i128; CHUNK];
    let chunks = raw.chunks(CHUNK / elements * bytes).zip(out.chunks_mut(CHUNK * elem.bytes()));
    for (number, (raw, out)) in chunks.enumerate() {
        let count = raw.len() / bytes * elements;
        let done = if stored == Stored::F64 {
            doubles_of(raw, &mut doubles[..count]);
            write_doubles(&doubles[..count], elem, out)
        } else if stored.is_float() {
            floats_of(stored, raw, &mut floats[..count]);
            write_floats(&floats[..count], elem, out)
        } else {
            ints_of(stored, raw, &mut ints[..count])
                .and_then(|()| write_ints(&ints[..count], elem, out))
        };
        done.map_err(|bad| Bad { index: bad.index + number * CHUNK, ..bad })?;
    }
    Ok(())
}

pub(crate) fn doubles_of(raw: &[u8], values: &mut [f64]) {
    for (value, raw) in values.iter_mut().zip(raw.as_chunks().0) {
        *value = f64::from_le_bytes(*raw);
    }
}

/// At most [`CHUNK`] floats of any type but f64.
pub(crate) fn floats_of(stored: Stored, raw: &[u8], values: &mut [f32]) {
    let mut bits = [0u16; CHUNK];
    let mut halves = |raw: &[u8]| {
        for (bits, raw) in bits.iter_mut().zip(raw.as_chunks().0) {
            *bits = u16::from_le_bytes(*raw);
        }
        bits
    };
    match stored {
        Stored::F32 => {
            for (value, raw) in values.iter_mut().zip(raw.as_chunks().0) {
                *value = f32::from_le_bytes(*raw);
            }
        }
        Stored::F16 => {
            let bits = halves(raw);
            bits[..values.len()].reinterpret_cast::<f16>().convert_to_f32_slice(values);
        }
        Stored::BF16 => {
            for (value, bits) in values.iter_mut().zip(halves(raw)) {
                *value = f32::from_bits(u32::from(bits) << 16);
            }
        }
        Stored::F8E4M3 => {
            for (value, raw) in values.iter_mut().zip(raw) {
                *value = f8_e4m3(*raw);
            }
        }
        Stored::F8E5M2 => {
            // Its bits are the upper half of an f16's.
            for (value, raw) in values.iter_mut().zip(raw) {
                *value = f16::from_bits(u16::from(*raw) << 8).to_f32();
            }
        }
        _ => dequantise(stored, raw, values),
    }
}

/// A sign, 4 bits of exponent with bias 7, 3 of mantissa; all ones is not a number.
fn f8_e4m3(bits: u8) -> f32 {
    let exponent = i32::from(bits >> 3 & 15);
    let mantissa = f32::from(bits & 7);
    let magnitude = match (exponent, bits & 7) {
        (15, 7) => f32::NAN,
        (0, _) => mantissa / 512.0,
        _ => (1.0 + mantissa / 8.0) * (exponent as f32 - 7.0).exp2(),
    };
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

fn ints_of(stored: Stored, raw: &[u8], values: &mut [i128]) -> Result<(), Bad> {
    fn fill<const SIZE: usize>(raw: &[u8], values: &mut [i128], read: fn([u8; SIZE]) -> i128) {
        for (value, raw) in values.iter_mut().zip(raw.as_chunks().0) {
            *value = read(*raw);
        }
    }
    match stored {
        Stored::I64 => fill(raw, values, |raw| i64::from_le_bytes(raw).into()),
        Stored::I32 => fill(raw, values, |raw| i32::from_le_bytes(raw).into()),
        Stored::I16 => fill(raw, values, |raw| i16::from_le_bytes(raw).into()),
        Stored::I8 => fill(raw, values, |raw| i8::from_le_bytes(raw).into()),
        Stored::U64 => fill(raw, values, |raw| u64::from_le_bytes(raw).into()),
        Stored::U32 => fill(raw, values, |raw| u32::from_le_bytes(raw).into()),
        Stored::U16 => fill(raw, values, |raw| u16::from_le_bytes(raw).into()),
        Stored::U8 => fill(raw, values, |raw| u8::from_le_bytes(raw).into()),
        Stored::Bool => {
            check_bools(raw)?;
            fill(raw, values, |raw| u8::from_le_bytes(raw).into());
        }
        // Floats, which others read.
        _ => {}
    }
    Ok(())
}

fn check_bools(raw: &[u8]) -> Result<(), Bad> {
    match raw.iter().position(|byte| *byte > 1) {
        Some(index) => Err(Bad { index, value: format!("the byte {}", raw[index]) }),
        None => Ok(()),
    }
}

fn write_floats(values: &[f32], elem: Elem, out: &mut [u8]) -> Result<(), Bad> {
    let mut bits = [0u16; CHUNK];
    let bits = &mut bits[..values.len()];
    match elem {
        Elem::F64 => {
            for (out, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
                *out = f64::from(*value).to_le_bytes();
            }
        }
        Elem::F32 => {
            for (out, value) in out.as_chunks_mut().0.iter_mut().zip(values) {
                *out = value.to_le_bytes();
            }
        }
        Elem::F16 => {
            bits.reinterpret_cast_mut::<f16>().convert_from_f32_slice(values);
            finite_stays(values, bits, 0x7c00)?;
            write_halves(bits, out);
        }
        Elem::BF16 => {
            bits.reinterpret_cast_mut::<bf16>().convert_from_f32_slice(values);
            finite_stays(values, bits, 0x7f80)?;
            write_halves(bits, out);
        }
        // Ruled out by `conversion`.
        Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 | Elem::Bool => {}
    }
    Ok(())
}

fn write_doubles(values: &[f64], elem: Elem, out: &mut [u8]) -> Result<(), Bad> {
    for (index, (out, value)) in out.chunks_exact_mut(elem.bytes()).zip(values).enumerate() {
        let infinite = match elem {
            Elem::F32 => {
                let narrow = *value as f32;
                out.copy_from_slice(&narrow.to_le_bytes());
                narrow.is_infinite()
            }
            Elem::F16 => {
                let narrow = f16::from_f32(odd_of_double(*value));
                out.copy_from_slice(&narrow.to_le_bytes());
                narrow.is_infinite()
            }
            Elem::BF16 => {
                let narrow = bf16::from_f32(odd_of_double(*value));
                out.copy_from_slice(&narrow.to_le_bytes());
                narrow.is_infinite()
            }
            // The same type, or ruled out by `conversion`.
            Elem::F64 | Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 | Elem::Bool => false,
        };
        if infinite && value.is_finite() {
            return Err(Bad { index, value: format!("{value:?}") });
        }
    }
    Ok(())
}

/// The f32 from which narrower floats round as from the f64 itself.
fn odd_of_double(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) == value || value.is_nan() {
        return near;
    }
    odd(near, f64::from(near).abs() > value.abs())
}

/// The same for an integer.
fn odd_of_int(value: i128) -> f32 {
    let near = value as f32;
    if near as i128 == value {
        return near;
    }
    odd(near, (near as i128).unsigned_abs() > value.unsigned_abs())
}

/// Of the two neighbours of a value that has no f32 the one whose last bit is set, which
/// no tie between narrower floats has. (Boldo and Melquiond, "When double rounding is
/// odd", 2005.)
fn odd(near: f32, beyond: bool) -> f32 {
    f32::from_bits((near.to_bits() - u32::from(beyond)) | 1)
}

fn write_ints(values: &[i128], elem: Elem, out: &mut [u8]) -> Result<(), Bad> {
    /// `None` for what does not fit.
    fn put<T: TryFrom<i128>, const SIZE: usize>(
        value: i128,
        out: &mut [u8],
        bytes: fn(T) -> [u8; SIZE],
    ) -> Option<()> {
        let value = T::try_from(value).ok()?;
        out.copy_from_slice(&bytes(value));
        Some(())
    }
    for (index, (out, value)) in out.chunks_exact_mut(elem.bytes()).zip(values).enumerate() {
        let value = *value;
        let fits = match elem {
            Elem::F64 => {
                out.copy_from_slice(&(value as f64).to_le_bytes());
                Some(())
            }
            Elem::F32 => {
                out.copy_from_slice(&(value as f32).to_le_bytes());
                Some(())
            }
            Elem::F16 => {
                let narrow = f16::from_f32(odd_of_int(value));
                out.copy_from_slice(&narrow.to_le_bytes());
                narrow.is_finite().then_some(())
            }
            Elem::BF16 => {
                out.copy_from_slice(&bf16::from_f32(odd_of_int(value)).to_le_bytes());
                Some(())
            }
            Elem::I64 => put(value, out, i64::to_le_bytes),
            Elem::I32 => put(value, out, i32::to_le_bytes),
            Elem::I8 => put(value, out, i8::to_le_bytes),
            Elem::U8 => put(value, out, u8::to_le_bytes),
            Elem::Bool if (0..=1).contains(&value) => put(value, out, u8::to_le_bytes),
            Elem::Bool => None,
        };
        if fits.is_none() {
            return Err(Bad { index, value: value.to_string() });
        }
    }
    Ok(())
}

fn write_halves(bits: &[u16], out: &mut [u8]) {
    for (out, bits) in out.as_chunks_mut().0.iter_mut().zip(bits) {
        *out = bits.to_le_bytes();
    }
}

/// That rounding made no infinity, whose bits without the sign are `infinity`.
fn finite_stays(values: &[f32], bits: &[u16], infinity: u16) -> Result<(), Bad> {
    if !bits.iter().any(|bits| bits & 0x7fff == infinity) {
        return Ok(());
    }
    let bad = |(value, bits): (&f32, &u16)| bits & 0x7fff == infinity && value.is_finite();
    match values.iter().zip(bits).position(bad) {
        Some(index) => Err(Bad { index, value: format!("{:?}", values[index]) }),
        None => Ok(()),
    }
}
