//! `pow`.

use crate::{Builder, Kind, Value};
use nnc_graph::Compare;

impl Builder<'_> {
    /// x to the y as the C library has it, computed in f64.
    pub fn pow(&self, x: Value, y: Value) -> Value {
        if self.is_wide(x) {
            return self.library("pow", &[x, y]);
        }
        let (x, y) = self.same_lanes(x, y);
        let base = self.resize_float(self.abs_float(x), Kind::F64);
        let exponent = self.resize_float(y, Kind::F64);
        let float = |value: f64| self.float(x.ty, value);
        let log = self.log_wide(base);
        let power = self.exp_wide(self.mul(exponent, log));
        let power = self.resize_float(power, Kind::F32);
        // Of a negative base: odd exponents keep the sign, fractions have no value.
        let whole = self.compare(Compare::Eq, self.floor(y), y);
        let half = self.mul(y, float(0.5));
        let even = self.compare(Compare::Eq, self.floor(half), half);
        let odd = self.and(whole, self.not(even));
        let negative = self.compare(
            Compare::Lt,
            self.bitcast(x, Kind::I32),
            self.constant(x.ty.with(Kind::I32), 0),
        );
        let signed = self.select(self.and(negative, odd), self.neg(power), power);
        let below = self.compare(Compare::Lt, x, float(0.0));
        let infinite = self.compare(Compare::Eq, self.abs_float(x), float(f64::INFINITY));
        let no_value = self.and(self.and(below, self.not(whole)), self.not(infinite));
        let result = self.select(no_value, float(f64::NAN), signed);
        // 1 to whatever and whatever to 0 are 1; so is -1 to an infinity.
        let endless = self.compare(Compare::Eq, self.abs_float(y), float(f64::INFINITY));
        let minus_one = self.and(self.compare(Compare::Eq, x, float(-1.0)), endless);
        let one = self
            .or(self.compare(Compare::Eq, x, float(1.0)), self.compare(Compare::Eq, y, float(0.0)));
        self.select(self.or(one, minus_one), float(1.0), result)
    }

    /// log of what is not negative, to about 1e-13.
    fn log_wide(&self, x: Value) -> Value {
        let float = |value: f64| self.float(x.ty, value);
        let int = |value: i64| self.constant(x.ty.with(Kind::I64), value);
        let bits = self.bitcast(x, Kind::I64);
        let root_half = 0x3fe6_a09e_667f_3bcd;
        let exponent = self.shift_right(self.sub(bits, int(root_half)), 52);
        let mantissa = self.sub(bits, self.shift_left(exponent, 52));
        let mantissa = self.bitcast(mantissa, Kind::F64);
        // log m = 2 artanh((m - 1) / (m + 1))
        let one = float(1.0);
        let ratio = self.div(self.sub(mantissa, one), self.add(mantissa, one));
        let square = self.mul(ratio, ratio);
        let series: Vec<f64> = (0..8).map(|it| 2.0 / f64::from(2 * it + 1)).collect();
        let log = self.mul(self.polynomial(square, &series), ratio);
        let exponent = self.truncate(exponent, Kind::I32);
        let exponent = self.int_to_float(exponent, Kind::F64);
        let sum = self.fma(exponent, float(std::f64::consts::LN_2), log);
        self.log_ends(x, sum)
    }

    /// exp in f64 for results that an f32 can hold, to about 1e-12; beyond, 0 or
    /// infinity as an f32.
    fn exp_wide(&self, x: Value) -> Value {
        let float = |value: f64| self.float(x.ty, value);
        let x = self.select(self.compare(Compare::Gt, x, float(200.0)), float(200.0), x);
        let x = self.select(self.compare(Compare::Lt, x, float(-200.0)), float(-200.0), x);
        let magic = float(6_755_399_441_055_744.0);
        let shifted = self.fma(x, float(std::f64::consts::LOG2_E), magic);
        let count = self.sub(shifted, magic);
        let rest = self.fma(self.neg(count), float(std::f64::consts::LN_2), x);
        let mut factor = 1.0;
        let series: Vec<f64> = (0..12)
            .map(|it| {
                factor *= f64::from(it.max(1));
                1.0 / factor
            })
            .collect();
        let fraction = self.polynomial(rest, &series);
        let bits = self.bitcast(shifted, Kind::I64);
        let exponent = self.add(bits, self.constant(bits.ty, 1023));
        let scale = self.bitcast(self.shift_left(exponent, 52), Kind::F64);
        self.mul(fraction, scale)
    }
}
