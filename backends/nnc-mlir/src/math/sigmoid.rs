//! `tanh` and `erf`.

use crate::{Builder, Value};
use nnc_graph::Compare;

/// `(tanh(x) - x) / x³` in x² for |x| up to 0.65, within 6.8e-9.
const TANH: [f64; 5] = [
    -3.333_325_985_059_381e-1,
    1.333_083_039_818_303_6e-1,
    -5.368_802_620_932_656e-2,
    2.046_942_716_361_418e-2,
    -5.515_169_889_382_498_5e-3,
];

/// `erf(x) / x - 1` in x² for |x| up to 0.93, within 1.8e-8.
const ERF: [f64; 6] = [
    1.283_791_476_922_571_7e-1,
    -3.761_248_109_480_769e-1,
    1.128_168_248_321_945_2e-1,
    -2.676_171_784_766_582_4e-2,
    4.985_937_800_646_566e-3,
    -5.953_728_360_101_544e-4,
];

/// `log(1 - erf(x)) / x` for x from 0.9 to 4, within 8.6e-10 of erf.
const LOG_ERFC: [f64; 7] = [
    -1.128_637_078_117_948_4,
    -6.351_980_208_213_124e-1,
    -1.061_590_737_576_046e-1,
    2.369_458_911_806_820_7e-2,
    -3.610_353_776_506_379_8e-3,
    3.148_612_288_666_117e-4,
    -1.043_344_624_443_847_4e-5,
];

impl Builder<'_> {
    pub fn tanh(&self, x: Value) -> Value {
        if self.is_wide(x) {
            return self.library("tanh", &[x]);
        }
        let float = |value: f64| self.float(x.ty, value);
        let magnitude = self.abs_float(x);
        let square = self.mul(x, x);
        let tail = self.mul(self.polynomial(square, &TANH), square);
        let near = self.fma(tail, x, x);
        // 1 - 2 / (exp(2x) + 1)
        let exp = self.exp(self.add(magnitude, magnitude));
        let part = self.div(float(2.0), self.add(exp, float(1.0)));
        let far = self.copy_sign(self.sub(float(1.0), part), x);
        let is_far = self.compare(Compare::Gt, magnitude, float(0.65));
        self.select(is_far, far, near)
    }

    pub fn erf(&self, x: Value) -> Value {
        if self.is_wide(x) {
            return self.library("erf", &[x]);
        }
        let float = |value: f64| self.float(x.ty, value);
        let magnitude = self.abs_float(x);
        let square = self.mul(x, x);
        let near = self.fma(self.polynomial(square, &ERF), x, x);
        // From 4 on it is 1 as an f32.
        let four = float(4.0);
        let below = self.compare(Compare::Lt, magnitude, four);
        let bounded = self.select(below, magnitude, four);
        let log = self.mul(self.polynomial(bounded, &LOG_ERFC), bounded);
        let far = self.sub(float(1.0), self.exp_in_range(log));
        let far = self.copy_sign(far, x);
        let is_far = self.compare(Compare::Gt, magnitude, float(0.92));
        self.select(is_far, far, near)
    }
}
