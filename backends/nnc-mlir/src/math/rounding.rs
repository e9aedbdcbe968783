//! Rounding to integers, and the sign.

use crate::{Builder, Kind, Value};
use nnc_graph::Compare;

impl Builder<'_> {
    pub fn floor(&self, x: Value) -> Value {
        if self.module.features.round {
            return self.value("math.floor", &[x], x.ty, &[]);
        }
        let nearest = self.round(x);
        let above = self.compare(Compare::Gt, nearest, x);
        let less = self.sub(nearest, self.float(x.ty, 1.0));
        self.keep_sign(self.select(above, less, nearest), x)
    }

    pub fn ceil(&self, x: Value) -> Value {
        if self.module.features.round {
            return self.value("math.ceil", &[x], x.ty, &[]);
        }
        let nearest = self.round(x);
        let below = self.compare(Compare::Lt, nearest, x);
        let more = self.add(nearest, self.float(x.ty, 1.0));
        self.keep_sign(self.select(below, more, nearest), x)
    }

    /// To the nearest, ties to even.
    pub fn round(&self, x: Value) -> Value {
        if self.module.features.round {
            return self.value("math.roundeven", &[x], x.ty, &[]);
        }
        // Adding 2^(mantissa bits) leaves no place for a fraction.
        let whole = if x.ty.kind == Kind::F64 { 52.0f64 } else { 23.0 }.exp2();
        let whole = self.float(x.ty, whole);
        let magnitude = self.abs_float(x);
        let rounded = self.sub(self.add(magnitude, whole), whole);
        let fractional = self.compare(Compare::Lt, magnitude, whole);
        self.select(fractional, self.keep_sign(rounded, x), x)
    }

    fn keep_sign(&self, magnitude: Value, x: Value) -> Value {
        self.copy_sign(magnitude, x)
    }

    /// -1, 0 or 1; NaN stays NaN.
    pub fn sign(&self, x: Value) -> Value {
        let one = |value: i64| {
            if x.ty.kind.is_float() {
                self.float(x.ty, value as f64)
            } else {
                self.constant(x.ty, value)
            }
        };
        let zero = self.zero(x.ty);
        let negative = self.select(self.compare(Compare::Lt, x, zero), one(-1), x);
        self.select(self.compare(Compare::Gt, x, zero), one(1), negative)
    }
}
