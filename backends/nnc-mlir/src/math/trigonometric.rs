//! `sin` and `cos`.

use crate::{Builder, Kind, Value};
use nnc_graph::Compare;

/// `(sin(r) - r) / r³` in r² for |r| up to π/4, within 3.9e-9.
const SIN: [f64; 3] =
    [-1.666_665_457_324_684_7e-1, 8.332_158_409_968_158e-3, -1.951_495_735_672_420_5e-4];

/// `(cos(r) - 1 + r²/2) / r⁴` in r² for |r| up to π/4, within 1.2e-10.
const COS: [f64; 3] =
    [4.166_664_561_900_569_6e-2, -1.388_731_301_267_067_3e-3, 2.443_278_613_783_02e-5];

/// π/2 as an f64, and what that leaves over.
const QUARTER_HIGH: f64 = std::f64::consts::FRAC_PI_2;
const QUARTER_LOW: f64 = 6.123_233_995_736_766e-17;

impl Builder<'_> {
    pub fn sin(&self, x: Value) -> Value {
        if self.is_wide(x) {
            return self.library("sin", &[x]);
        }
        self.sine_of_quarters(x, 0)
    }

    pub fn cos(&self, x: Value) -> Value {
        if self.is_wide(x) {
            return self.library("cos", &[x]);
        }
        self.sine_of_quarters(x, 1)
    }

    /// `sin(x + quarters · π/2)`. The range is reduced in f64, so that positions in the
    /// hundreds of millions are still turned into angles exactly enough.
    fn sine_of_quarters(&self, x: Value, quarters: i64) -> Value {
        let wide = self.resize_float(x, Kind::F64);
        let float = |value: f64| self.float(wide.ty, value);
        // 1.5 · 2^52, as in exp.
        let magic = float(6_755_399_441_055_744.0);
        let shifted = self.fma(wide, float(std::f64::consts::FRAC_2_PI), magic);
        let count = self.sub(shifted, magic);
        let minus = self.neg(count);
        let rest = self.fma(minus, float(QUARTER_HIGH), wide);
        let rest = self.fma(minus, float(QUARTER_LOW), rest);
        let rest = self.resize_float(rest, Kind::F32);
        // Past 2^51 there is no rest to speak of: bounded, whatever it is. NaN passes.
        let one = self.float(x.ty, 0.8);
        let rest = self.select(self.compare(Compare::Gt, rest, one), one, rest);
        let minus_one = self.neg(one);
        let rest = self.select(self.compare(Compare::Lt, rest, minus_one), minus_one, rest);
        let square = self.mul(rest, rest);
        let sine = self.mul(self.polynomial(square, &SIN), square);
        let sine = self.fma(sine, rest, rest);
        let cosine = self.mul(self.polynomial(square, &COS), square);
        let cosine =
            self.fma(self.sub(cosine, self.float(x.ty, 0.5)), square, self.float(x.ty, 1.0));
        let bits = self.bitcast(shifted, Kind::I64);
        let quadrant = self.truncate(bits, Kind::I32);
        let int = |value: i64| self.constant(quadrant.ty, value);
        let quadrant = self.add(quadrant, int(quarters));
        let odd = self.compare(Compare::Ne, self.and(quadrant, int(1)), int(0));
        let value = self.select(odd, cosine, sine);
        let sign = self.shift_left(self.and(quadrant, int(2)), 30);
        self.bitcast(self.xor(self.bitcast(value, Kind::I32), sign), Kind::F32)
    }
}
