//! Numbers: constants, arithmetic, comparisons, selection and conversion.
//!
//! Where one operand is a vector and the other one lane, that one is broadcast.

use crate::builder::{Attribute, ConstantKey};
use crate::{Builder, Kind, Type, Value};
use nnc_graph::Compare;

impl Builder<'_> {
    /// An i64.
    pub fn int(&self, value: i64) -> Value {
        self.constant(Type::I64, value)
    }

    /// An integer in every lane.
    pub fn constant(&self, ty: Type, value: i64) -> Value {
        let value = match ty.kind {
            Kind::I1 => value & 1,
            Kind::I8 => i64::from(value as i8),
            Kind::I16 => i64::from(value as i16),
            Kind::I32 => i64::from(value as i32),
            _ => value,
        };
        self.constant_value(ConstantKey::Int(ty, value), || {
            self.splat(ty, self.attribute(Attribute::Int(ty.kind, value)))
        })
    }

    pub fn bool(&self, value: bool) -> Value {
        self.constant(Type::I1, i64::from(value))
    }

    /// A float in every lane, rounded to the kind.
    pub fn float(&self, ty: Type, value: f64) -> Value {
        self.constant_value(ConstantKey::Float(ty, value.to_bits()), || {
            self.splat(ty, self.float_attribute(ty.kind, value))
        })
    }

    /// Integers, one a lane.
    pub fn lanes(&self, kind: Kind, lanes: &[i64]) -> Value {
        let ty = kind.lanes(lanes.len() as u32);
        if let [only] = lanes {
            return self.constant(ty, *only);
        }
        self.constant_value(ConstantKey::Lanes(ty, lanes.to_vec()), || {
            self.lanes_attribute(ty, lanes)
        })
    }

    /// 0, 1, 2, … along the lanes.
    pub fn iota(&self, ty: Type) -> Value {
        let lanes: Vec<i64> = (0..i64::from(ty.lanes)).collect();
        self.lanes(ty.kind, &lanes)
    }

    /// The zero of a type.
    pub fn zero(&self, ty: Type) -> Value {
        match ty.kind {
            Kind::F16 | Kind::BF16 | Kind::F32 | Kind::F64 => self.float(ty, 0.0),
            Kind::Pointer => self.value("llvm.mlir.zero", &[], ty, &[]),
            Kind::I1 | Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64 => self.constant(ty, 0),
        }
    }

    /// Brings both to the wider number of lanes.
    pub fn same_lanes(&self, left: Value, right: Value) -> (Value, Value) {
        let lanes = left.ty.lanes.max(right.ty.lanes);
        (self.broadcast(left, lanes), self.broadcast(right, lanes))
    }

    fn binary(&self, name: &str, left: Value, right: Value) -> Value {
        let (left, right) = self.same_lanes(left, right);
        self.value(name, &[left, right], left.ty, &[])
    }

    /// Integer arithmetic, done at once on known numbers.
    fn folding(
        &self,
        name: &str,
        left: Value,
        right: Value,
        fold: impl FnOnce(i64, i64) -> Option<i64>,
    ) -> Value {
        if let (Some(a), Some(b)) = (left.constant, right.constant)
            && let Some(value) = fold(a, b)
        {
            let lanes = left.ty.lanes.max(right.ty.lanes);
            return self.constant(left.ty.kind.lanes(lanes), value);
        }
        self.binary(name, left, right)
    }

    /// The other operand, if this one leaves it as it is.
    fn unless(&self, neutral: i64, operand: Value, other: Value) -> Option<Value> {
        (operand.constant == Some(neutral) && operand.ty.kind != Kind::I1).then(|| {
            let lanes = operand.ty.lanes.max(other.ty.lanes);
            self.broadcast(other, lanes)
        })
    }

    pub fn add(&self, left: Value, right: Value) -> Value {
        if left.ty.kind.is_float() {
            return self.binary("arith.addf", left, right);
        }
        self.unless(0, left, right)
            .or_else(|| self.unless(0, right, left))
            .unwrap_or_else(|| self.folding("arith.addi", left, right, i64::checked_add))
    }

    pub fn sub(&self, left: Value, right: Value) -> Value {
        if left.ty.kind.is_float() {
            return self.binary("arith.subf", left, right);
        }
        self.unless(0, right, left)
            .unwrap_or_else(|| self.folding("arith.subi", left, right, i64::checked_sub))
    }

    pub fn mul(&self, left: Value, right: Value) -> Value {
        if left.ty.kind.is_float() {
            return self.binary("arith.mulf", left, right);
        }
        if left.constant == Some(0) || right.constant == Some(0) {
            return self.constant(left.ty.kind.lanes(left.ty.lanes.max(right.ty.lanes)), 0);
        }
        self.unless(1, left, right)
            .or_else(|| self.unless(1, right, left))
            .unwrap_or_else(|| self.folding("arith.muli", left, right, i64::checked_mul))
    }

    /// The quotient of floats.
    pub fn div(&self, left: Value, right: Value) -> Value {
        self.binary("arith.divf", left, right)
    }

    /// The quotient of integers rounded towards zero; the divisor must not be 0, nor
    /// -1 under the least number.
    pub fn div_trunc(&self, left: Value, right: Value) -> Value {
        if let Some(same) = self.unless(1, right, left) {
            return same;
        }
        self.folding("arith.divsi", left, right, i64::checked_div)
    }

    /// What [`Builder::div_trunc`] leaves over.
    pub fn rem_trunc(&self, left: Value, right: Value) -> Value {
        self.folding("arith.remsi", left, right, i64::checked_rem)
    }

    pub fn div_unsigned(&self, left: Value, right: Value) -> Value {
        self.binary("arith.divui", left, right)
    }

    pub fn rem_unsigned(&self, left: Value, right: Value) -> Value {
        self.binary("arith.remui", left, right)
    }

    /// The floor of the quotient of integers, for positive divisors.
    pub fn div_floor(&self, left: Value, divisor: Value) -> Value {
        if let (Some(a), Some(b)) = (left.constant, divisor.constant)
            && b > 0
        {
            return self.constant(left.ty, a.div_euclid(b));
        }
        if let Some(b) = divisor.constant
            && b > 0
            && b & (b - 1) == 0
        {
            return self.shift_right(left, i64::from(b.trailing_zeros()));
        }
        let quotient = self.div_trunc(left, divisor);
        let rest = self.sub(left, self.mul(quotient, divisor));
        let zero = self.constant(left.ty, 0);
        let below = self.compare(Compare::Lt, rest, zero);
        self.sub(quotient, self.extend_unsigned(below, left.ty.kind))
    }

    /// `a * b + c`, rounded once where the machine can.
    pub fn fma(&self, a: Value, b: Value, c: Value) -> Value {
        if !self.module.features.fma {
            return self.add(self.mul(a, b), c);
        }
        let lanes = a.ty.lanes.max(b.ty.lanes).max(c.ty.lanes);
        let operands = [a, b, c].map(|it| self.broadcast(it, lanes));
        self.value("math.fma", &operands, operands[0].ty, &[])
    }

    pub fn neg(&self, value: Value) -> Value {
        if value.ty.kind.is_float() {
            return self.value("arith.negf", &[value], value.ty, &[]);
        }
        self.sub(self.constant(value.ty, 0), value)
    }

    pub fn and(&self, left: Value, right: Value) -> Value {
        self.folding("arith.andi", left, right, |a, b| Some(a & b))
    }

    pub fn or(&self, left: Value, right: Value) -> Value {
        self.folding("arith.ori", left, right, |a, b| Some(a | b))
    }

    pub fn xor(&self, left: Value, right: Value) -> Value {
        self.binary("arith.xori", left, right)
    }

    /// Logical negation of a bool.
    pub fn not(&self, value: Value) -> Value {
        self.xor(value, self.constant(value.ty, 1))
    }

    pub fn shift_left(&self, value: Value, bits: i64) -> Value {
        self.binary("arith.shli", value, self.constant(value.ty, bits))
    }

    /// Arithmetic: the sign moves in.
    pub fn shift_right(&self, value: Value, bits: i64) -> Value {
        if bits == 0 {
            return value;
        }
        self.binary("arith.shrsi", value, self.constant(value.ty, bits))
    }

    /// Zeros move in.
    pub fn shift_right_unsigned(&self, value: Value, bits: i64) -> Value {
        self.binary("arith.shrui", value, self.constant(value.ty, bits))
    }

    /// By a number of bits that is computed; 0 where the value has no so many.
    pub fn shift_left_by(&self, value: Value, bits: Value) -> Value {
        self.shift_by("arith.shli", value, bits)
    }

    /// [`Builder::shift_right_unsigned`] likewise.
    pub fn shift_right_unsigned_by(&self, value: Value, bits: Value) -> Value {
        self.shift_by("arith.shrui", value, bits)
    }

    fn shift_by(&self, name: &str, value: Value, bits: Value) -> Value {
        let width = i64::from(value.ty.kind.bits());
        if let Some(known) = bits.constant {
            return match (0..width).contains(&known) {
                true => self.binary(name, value, self.constant(bits.ty, known)),
                false => self.zero(value.ty),
            };
        }
        let (value, bits) = self.same_lanes(value, bits);
        let fits = self.compare_unsigned(Compare::Lt, bits, self.constant(bits.ty, width));
        let shifted = self.binary(name, value, bits);
        self.select(fits, shifted, self.zero(value.ty))
    }

    /// The lesser of two signed integers.
    pub fn min_int(&self, left: Value, right: Value) -> Value {
        self.folding("arith.minsi", left, right, |a, b| Some(a.min(b)))
    }

    /// The greater of two signed integers.
    pub fn max_int(&self, left: Value, right: Value) -> Value {
        self.folding("arith.maxsi", left, right, |a, b| Some(a.max(b)))
    }

    /// Compares floats (false where one is NaN, but for `Ne`) or signed integers.
    pub fn compare(&self, op: Compare, left: Value, right: Value) -> Value {
        if left.ty.kind.is_float() {
            let predicate = match op {
                Compare::Eq => 1,
                Compare::Gt => 2,
                Compare::Ge => 3,
                Compare::Lt => 4,
                Compare::Le => 5,
                // Unordered or not equal.
                Compare::Ne => 13,
            };
            return self.compare_with("arith.cmpf", predicate, left, right);
        }
        let predicate = match op {
            Compare::Eq => 0,
            Compare::Ne => 1,
            Compare::Lt => 2,
            Compare::Le => 3,
            Compare::Gt => 4,
            Compare::Ge => 5,
        };
        if let (Some(a), Some(b)) = (left.constant, right.constant) {
            let holds = match op {
                Compare::Eq => a == b,
                Compare::Ne => a != b,
                Compare::Lt => a < b,
                Compare::Le => a <= b,
                Compare::Gt => a > b,
                Compare::Ge => a >= b,
            };
            let lanes = left.ty.lanes.max(right.ty.lanes);
            return self.constant(Kind::I1.lanes(lanes), i64::from(holds));
        }
        self.compare_with("arith.cmpi", predicate, left, right)
    }

    /// Compares unsigned integers.
    pub fn compare_unsigned(&self, op: Compare, left: Value, right: Value) -> Value {
        let predicate = match op {
            Compare::Eq => 0,
            Compare::Ne => 1,
            Compare::Lt => 6,
            Compare::Le => 7,
            Compare::Gt => 8,
            Compare::Ge => 9,
        };
        self.compare_with("arith.cmpi", predicate, left, right)
    }

    /// Where a float is NaN.
    pub fn is_nan(&self, value: Value) -> Value {
        self.compare_with("arith.cmpf", 14, value, value)
    }

    fn compare_with(&self, name: &str, predicate: i64, left: Value, right: Value) -> Value {
        let (left, right) = self.same_lanes(left, right);
        let attributes = [("predicate", Attribute::Int(Kind::I64, predicate))];
        self.value(name, &[left, right], left.ty.with(Kind::I1), &attributes)
    }

    /// Lane by lane one or the other, both of which are computed.
    pub fn select(&self, condition: Value, then: Value, otherwise: Value) -> Value {
        match condition.constant {
            Some(0) => return self.same_lanes(otherwise, condition).0,
            Some(_) => return self.same_lanes(then, condition).0,
            None => {}
        }
        let (then, otherwise) = self.same_lanes(then, otherwise);
        let (then, otherwise) = (
            self.broadcast(then, condition.ty.lanes.max(then.ty.lanes)),
            self.broadcast(otherwise, condition.ty.lanes.max(then.ty.lanes)),
        );
        self.value("arith.select", &[condition, then, otherwise], then.ty, &[])
    }

    /// The greater of two floats; NaN if either is NaN.
    pub fn max_float(&self, left: Value, right: Value) -> Value {
        self.extreme_float(Compare::Gt, left, right)
    }

    /// The lesser of two floats; NaN if either is NaN.
    pub fn min_float(&self, left: Value, right: Value) -> Value {
        self.extreme_float(Compare::Lt, left, right)
    }

    /// The machine's maximum gives its second operand where one is NaN, so that only
    /// the first needs looking after.
    fn extreme_float(&self, op: Compare, left: Value, right: Value) -> Value {
        let (left, right) = self.same_lanes(left, right);
        let chosen = self.select(self.compare(op, left, right), left, right);
        self.select(self.is_nan(left), left, chosen)
    }

    /// The same bits as another kind of the same width.
    pub fn bitcast(&self, value: Value, kind: Kind) -> Value {
        if value.ty.kind == kind {
            return value;
        }
        self.value("arith.bitcast", &[value], value.ty.with(kind), &[])
    }

    /// A signed integer as a wider one.
    pub fn extend(&self, value: Value, kind: Kind) -> Value {
        if value.ty.kind == kind {
            return value;
        }
        if let Some(known) = value.constant
            && value.ty.kind != Kind::I1
        {
            return self.constant(value.ty.with(kind), known);
        }
        self.value("arith.extsi", &[value], value.ty.with(kind), &[])
    }

    /// An unsigned integer as a wider one.
    pub fn extend_unsigned(&self, value: Value, kind: Kind) -> Value {
        if value.ty.kind == kind {
            return value;
        }
        self.value("arith.extui", &[value], value.ty.with(kind), &[])
    }

    /// The low bits of an integer.
    pub fn truncate(&self, value: Value, kind: Kind) -> Value {
        if value.ty.kind == kind {
            return value;
        }
        if let Some(known) = value.constant {
            return self.constant(value.ty.with(kind), known);
        }
        self.value("arith.trunci", &[value], value.ty.with(kind), &[])
    }

    /// A signed integer as a float.
    pub fn int_to_float(&self, value: Value, kind: Kind) -> Value {
        self.value("arith.sitofp", &[value], value.ty.with(kind), &[])
    }

    /// An unsigned integer as a float.
    pub fn unsigned_to_float(&self, value: Value, kind: Kind) -> Value {
        self.value("arith.uitofp", &[value], value.ty.with(kind), &[])
    }

    /// A float in range as a signed integer, rounded towards zero.
    pub fn float_to_int(&self, value: Value, kind: Kind) -> Value {
        self.value("arith.fptosi", &[value], value.ty.with(kind), &[])
    }

    /// f32 as f64, or f64 as f32.
    pub fn resize_float(&self, value: Value, kind: Kind) -> Value {
        let name = match kind.bits().cmp(&value.ty.kind.bits()) {
            std::cmp::Ordering::Greater => "arith.extf",
            std::cmp::Ordering::Less => "arith.truncf",
            std::cmp::Ordering::Equal => return value,
        };
        self.value(name, &[value], value.ty.with(kind), &[])
    }

    /// The square root, correctly rounded.
    pub fn sqrt(&self, value: Value) -> Value {
        self.value("math.sqrt", &[value], value.ty, &[])
    }

    pub fn abs_float(&self, value: Value) -> Value {
        self.value("math.absf", &[value], value.ty, &[])
    }

    /// The magnitude of one with the sign of the other.
    pub fn copy_sign(&self, magnitude: Value, sign: Value) -> Value {
        self.value("math.copysign", &[magnitude, sign], magnitude.ty, &[])
    }
}
