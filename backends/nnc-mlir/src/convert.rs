//! Elements between memory and registers, and from one type to another.

use crate::{Builder, Kind, Value};
use nnc_graph::{Compare, Elem};

impl Builder<'_> {
    /// What was loaded ([`Kind::of_memory`]) in the form that is computed with
    /// ([`Kind::of_register`]).
    pub fn from_memory(&self, value: Value, elem: Elem) -> Value {
        match elem {
            Elem::F16 => self.half_to_float(value),
            Elem::BF16 => {
                let wide = self.extend_unsigned(value, Kind::I32);
                self.bitcast(self.shift_left(wide, 16), Kind::F32)
            }
            Elem::Bool => self.compare(Compare::Ne, value, self.constant(value.ty, 0)),
            Elem::F64 | Elem::F32 | Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 => value,
        }
    }

    /// The way back; 16-bit floats are rounded to the nearest, ties to even.
    pub fn to_memory(&self, value: Value, elem: Elem) -> Value {
        match elem {
            Elem::F16 => self.float_to_half(value),
            Elem::BF16 => self.float_to_brain(value),
            Elem::Bool => self.extend_unsigned(value, Kind::I8),
            Elem::F64 | Elem::F32 | Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 => value,
        }
    }

    fn half_to_float(&self, half: Value) -> Value {
        if self.module.features.f16 {
            let half = self.bitcast(half, Kind::F16);
            return self.resize_float(half, Kind::F32);
        }
        let bits = self.extend_unsigned(half, Kind::I32);
        let int = |value: i64| self.constant(bits.ty, value);
        let sign = self.shift_left(self.and(bits, int(0x8000)), 16);
        let magnitude = self.and(bits, int(0x7fff));
        // With the exponent's bias off by 112, which a product sets right exactly, for
        // numbers below the least normal one too.
        let shifted = self.shift_left(magnitude, 13);
        let scale = self.float(bits.ty.with(Kind::F32), f64::from(112.0f32.exp2()));
        let scaled = self.bitcast(self.mul(self.bitcast(shifted, Kind::F32), scale), Kind::I32);
        let special = self.compare(Compare::Ge, magnitude, int(0x7c00));
        let infinite = self.or(shifted, int(0x7f80_0000));
        let value = self.or(self.select(special, infinite, scaled), sign);
        self.bitcast(value, Kind::F32)
    }

    fn float_to_half(&self, value: Value) -> Value {
        if self.module.features.f16 {
            let half = self.resize_float(value, Kind::F16);
            return self.bitcast(half, Kind::I16);
        }
        let bits = self.bitcast(value, Kind::I32);
        let int = |value: i64| self.constant(bits.ty, value);
        let magnitude = self.and(bits, int(0x7fff_ffff));
        let sign = self.and(self.shift_right_unsigned(bits, 16), int(0x8000));
        // Normal: the exponent moves by 112, and half of what is cut off is added, less
        // one where the last kept bit is even.
        let odd = self.and(self.shift_right_unsigned(magnitude, 13), int(1));
        let rounded = self.add(self.add(magnitude, int(0xfff - (112 << 23))), odd);
        let normal = self.shift_right_unsigned(rounded, 13);
        // Below the least normal: adding 0.5 leaves the number in the low bits, rounded.
        let half = self.float(value.ty, 0.5);
        let sum = self.add(self.bitcast(magnitude, Kind::F32), half);
        let small = self.sub(self.bitcast(sum, Kind::I32), int(0x3f00_0000));
        let is_nan = self.compare(Compare::Gt, magnitude, int(0x7f80_0000));
        let beyond = self.select(is_nan, int(0x7e00), int(0x7c00));
        let is_small = self.compare(Compare::Lt, magnitude, int(0x3880_0000));
        let is_beyond = self.compare(Compare::Ge, magnitude, int(0x4780_0000));
        let finite = self.select(is_small, small, normal);
        let half = self.or(self.select(is_beyond, beyond, finite), sign);
        self.truncate(half, Kind::I16)
    }

    fn float_to_brain(&self, value: Value) -> Value {
        let bits = self.bitcast(value, Kind::I32);
        let int = |value: i64| self.constant(bits.ty, value);
        let high = self.shift_right_unsigned(bits, 16);
        let odd = self.and(high, int(1));
        let rounded = self.add(self.add(bits, int(0x7fff)), odd);
        let rounded = self.shift_right_unsigned(rounded, 16);
        let quiet = self.or(high, int(0x40));
        let brain = self.select(self.is_nan(value), quiet, rounded);
        self.truncate(brain, Kind::I16)
    }

    /// A value in registers as another element type.
    pub fn cast(&self, value: Value, from: Elem, to: Elem) -> Value {
        if from == to {
            return value;
        }
        let kind = Kind::of_register(to);
        match (from, to) {
            (_, Elem::Bool) if from.is_float() => {
                // NaN is not zero.
                self.compare(Compare::Ne, value, self.zero(value.ty))
            }
            (_, Elem::Bool) => self.compare(Compare::Ne, value, self.zero(value.ty)),
            (_, Elem::F16 | Elem::BF16) => {
                let wide = self.cast(value, from, Elem::F32);
                self.from_memory(self.to_memory(wide, to), to)
            }
            (Elem::F16 | Elem::BF16, Elem::F32) => value,
            (_, Elem::F32 | Elem::F64) if from.is_float() => self.resize_float(value, kind),
            (Elem::Bool | Elem::U8, Elem::F32 | Elem::F64) => self.unsigned_to_float(value, kind),
            (_, Elem::F32 | Elem::F64) => self.int_to_float(value, kind),
            (_, Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8) if from.is_float() => {
                self.saturate(value, to)
            }
            (Elem::Bool, Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8) => {
                self.extend_unsigned(value, kind)
            }
            (_, Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8) => {
                if kind.bits() <= value.ty.kind.bits() {
                    self.truncate(value, kind)
                } else if from == Elem::U8 {
                    self.extend_unsigned(value, kind)
                } else {
                    self.extend(value, kind)
                }
            }
        }
    }

    /// A float rounded towards zero and held within an integer's range; NaN gives 0.
    fn saturate(&self, value: Value, to: Elem) -> Value {
        let kind = Kind::of_register(to);
        let bits = kind.bits();
        let (least, greatest) = match to {
            Elem::U8 => (0, 255),
            _ => (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits)),
        };
        // One past the greatest is a power of two, which every float type holds.
        let past = if bits == 64 { 63.0f64.exp2() } else { (greatest + 1) as f64 };
        let low = self.compare(Compare::Lt, value, self.float(value.ty, least as f64));
        let high = self.compare(Compare::Ge, value, self.float(value.ty, past));
        let outside = self.or(self.or(low, high), self.is_nan(value));
        let safe = self.select(outside, self.zero(value.ty), value);
        let wide = if bits == 64 { Kind::I64 } else { Kind::I32 };
        let number = self.truncate(self.float_to_int(safe, wide), kind);
        let int = |value: i64| self.constant(number.ty, value);
        let number = self.select(low, int(least), number);
        self.select(high, int(greatest), number)
    }
}
