//! `exp` and `log`.

use crate::{Builder, Kind, Value};
use nnc_graph::Compare;

/// ln 2 in two parts, the first so short that its products with exponents are exact.
const LN2_HIGH: f64 = 0.693359375;
const LN2_LOW: f64 = std::f64::consts::LN_2 - LN2_HIGH;

/// `(exp(r) - 1 - r) / r²` for |r| up to ln 2 / 2, within 3.1e-9 of exp.
const EXP: [f64; 5] = [
    4.999_999_345_291_870_6e-1,
    1.666_652_069_139_525e-1,
    4.166_838_711_719_705e-2,
    8.368_709_818_392_736e-3,
    1.381_462_621_074_771_9e-3,
];

/// `(log(1 + f) - f + f²/2) / f³` for 1 + f from √½ to √2, within 5.9e-9 of log.
const LOG: [f64; 8] = [
    3.333_333_170_847_741_5e-1,
    -2.500_082_106_308_013_6e-1,
    2.000_122_710_366_547_8e-1,
    -1.662_335_653_461_157_7e-1,
    1.420_175_162_408_367_2e-1,
    -1.316_018_351_539_582_6e-1,
    1.276_162_109_892_306_8e-1,
    -7.634_547_291_997_439e-2,
];

impl Builder<'_> {
    pub fn exp(&self, x: Value) -> Value {
        if self.is_wide(x) {
            return self.library("exp", &[x]);
        }
        let float = |value: f64| self.float(x.ty, value);
        // Beyond these the result is infinite or 0 all the same. NaN passes.
        let x = self.select(self.compare(Compare::Gt, x, float(89.0)), float(89.0), x);
        let x = self.select(self.compare(Compare::Lt, x, float(-105.0)), float(-105.0), x);
        self.exp_in_range(x)
    }

    /// exp for arguments that are not above 0 (nor NaN): what a softmax takes.
    pub fn exp_not_positive(&self, x: Value) -> Value {
        if self.is_wide(x) {
            return self.library("exp", &[x]);
        }
        let low = self.float(x.ty, -105.0);
        let x = self.select(self.compare(Compare::Lt, x, low), low, x);
        self.exp_in_range(x)
    }

    pub(crate) fn exp_in_range(&self, x: Value) -> Value {
        let float = |value: f64| self.float(x.ty, value);
        // 1.5 · 2^23: adding it rounds to an integer, which then stands in the low bits.
        let magic = float(12_582_912.0);
        let shifted = self.fma(x, float(std::f64::consts::LOG2_E), magic);
        let count = self.sub(shifted, magic);
        let minus = self.neg(count);
        let rest = self.fma(minus, float(LN2_HIGH), x);
        let rest = self.fma(minus, float(LN2_LOW), rest);
        let square = self.mul(rest, rest);
        let tail = self.polynomial(rest, &EXP);
        let fraction = self.fma(tail, square, rest);
        let fraction = self.add(fraction, float(1.0));
        // Two factors, since 2^n alone may lie outside the range of normal numbers.
        let exponent = self.sub(
            self.bitcast(shifted, Kind::I32),
            self.constant(x.ty.with(Kind::I32), 0x4b40_0000),
        );
        let half = self.shift_right(exponent, 1);
        let other = self.sub(exponent, half);
        let scaled = self.mul(fraction, self.power_of_two(half));
        self.mul(scaled, self.power_of_two(other))
    }

    /// `2^n` as f32 for -126 <= n <= 127.
    fn power_of_two(&self, exponent: Value) -> Value {
        let biased = self.add(exponent, self.constant(exponent.ty, 127));
        self.bitcast(self.shift_left(biased, 23), Kind::F32)
    }

    pub fn log(&self, x: Value) -> Value {
        if self.is_wide(x) {
            return self.library("log", &[x]);
        }
        let float = |value: f64| self.float(x.ty, value);
        let int = |value: i64| self.constant(x.ty.with(Kind::I32), value);
        let is_small = self.compare(Compare::Lt, x, float(f64::from(f32::MIN_POSITIVE)));
        let normal = self.select(is_small, self.mul(x, float(23.0f64.exp2())), x);
        let bits = self.bitcast(normal, Kind::I32);
        // The exponent such that the mantissa lies between √½ and √2.
        let root_half = 0x3f35_04f3;
        let moved = self.sub(bits, int(root_half));
        let exponent = self.shift_right(moved, 23);
        let mantissa = self.sub(bits, self.shift_left(exponent, 23));
        let fraction = self.sub(self.bitcast(mantissa, Kind::F32), float(1.0));
        let exponent = self.sub(exponent, self.select(is_small, int(23), int(0)));
        let exponent = self.int_to_float(exponent, Kind::F32);
        let square = self.mul(fraction, fraction);
        let tail = self.mul(self.polynomial(fraction, &LOG), fraction);
        let tail = self.mul(self.sub(tail, float(0.5)), square);
        let tail = self.fma(exponent, float(LN2_LOW), tail);
        let sum = self.add(fraction, tail);
        let result = self.fma(exponent, float(LN2_HIGH), sum);
        self.log_ends(x, result)
    }

    /// What log gives for 0, infinity, and what has no logarithm.
    pub(crate) fn log_ends(&self, x: Value, result: Value) -> Value {
        let float = |value: f64| self.float(x.ty, value);
        let infinite = self.compare(Compare::Eq, x, float(f64::INFINITY));
        let result = self.select(infinite, x, result);
        let zero = self.compare(Compare::Eq, x, float(0.0));
        let result = self.select(zero, float(f64::NEG_INFINITY), result);
        // Negative or NaN.
        let valid = self.compare(Compare::Ge, x, float(0.0));
        self.select(valid, result, float(f64::NAN))
    }
}
