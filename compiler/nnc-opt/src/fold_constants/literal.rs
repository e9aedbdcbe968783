//! Arithmetic on constants, in their own element type.

use half::{bf16, f16};
use nnc_graph::{Binary, Compare, Elem, Literal, Scalar, Unary};

/// A number of a float type, rounded to it; `None` where it is not finite, which
/// stays to be computed where it can be seen.
pub(super) fn float(elem: Elem, value: f64) -> Option<Scalar> {
    let value = match elem {
        Elem::F64 => value,
        Elem::F32 => f64::from(value as f32),
        Elem::F16 => f16::from_f64(value).to_f64(),
        Elem::BF16 => bf16::from_f64(value).to_f64(),
        Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 | Elem::Bool => return None,
    };
    value.is_finite().then_some(Scalar::Float { elem, value })
}

/// A number of an integer type, if it is one.
pub(super) fn int(elem: Elem, value: i64) -> Option<Scalar> {
    let (low, high) = range(elem)?;
    (low <= value && value <= high).then_some(Scalar::Int { elem, value })
}

fn range(elem: Elem) -> Option<(i64, i64)> {
    match elem {
        Elem::I64 => Some((i64::MIN, i64::MAX)),
        Elem::I32 => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        Elem::I8 => Some((i64::from(i8::MIN), i64::from(i8::MAX))),
        Elem::U8 => Some((0, i64::from(u8::MAX))),
        Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 | Elem::Bool => None,
    }
}

/// An element of a literal tensor.
pub(super) fn element(literal: &Literal, elem: Elem, at: usize) -> Option<Scalar> {
    match literal {
        Literal::Floats(items) => float(elem, *items.get(at)?),
        Literal::Ints(items) => int(elem, *items.get(at)?),
        Literal::Bools(items) => items.get(at).map(|it| Scalar::Bool(*it)),
    }
}

pub(super) fn unary(op: Unary, value: &Scalar) -> Option<Scalar> {
    match value {
        Scalar::Float { elem, value } => {
            let value = *value;
            let result = match op {
                Unary::Neg => -value,
                Unary::Exp => value.exp(),
                Unary::Log => value.ln(),
                Unary::Sqrt => value.sqrt(),
                Unary::Rsqrt => 1.0 / value.sqrt(),
                Unary::Tanh => value.tanh(),
                Unary::Sin => value.sin(),
                Unary::Cos => value.cos(),
                Unary::Abs => value.abs(),
                Unary::Floor => value.floor(),
                Unary::Ceil => value.ceil(),
                Unary::Round => value.round_ties_even(),
                Unary::Sign if value == 0.0 => return None,
                Unary::Sign => value.signum(),
                Unary::Erf | Unary::Not => return None,
            };
            float(*elem, result)
        }
        Scalar::Int { elem, value } => match op {
            Unary::Neg => int(*elem, value.checked_neg()?),
            Unary::Abs => int(*elem, value.checked_abs()?),
            Unary::Sign => int(*elem, value.signum()),
            Unary::Not
            | Unary::Exp
            | Unary::Log
            | Unary::Sqrt
            | Unary::Rsqrt
            | Unary::Tanh
            | Unary::Sin
            | Unary::Cos
            | Unary::Erf
            | Unary::Floor
            | Unary::Ceil
            | Unary::Round => None,
        },
        Scalar::Bool(value) if op == Unary::Not => Some(Scalar::Bool(!value)),
        _ => None,
    }
}

pub(super) fn binary(op: Binary, left: &Scalar, right: &Scalar) -> Option<Scalar> {
    match (left, right) {
        (Scalar::Float { elem, value: left }, Scalar::Float { value: right, .. }) => {
            // Twice 24 bits and two fit into 53: rounding twice rounds as once.
            let result = match op {
                Binary::Add => left + right,
                Binary::Sub => left - right,
                Binary::Mul => left * right,
                Binary::Div => left / right,
                Binary::Pow => left.powf(*right),
                // Which zero is greater is for the machine to say.
                Binary::Max | Binary::Min if left == right => return None,
                Binary::Max => left.max(*right),
                Binary::Min => left.min(*right),
                Binary::FloorDiv
                | Binary::Rem
                | Binary::And
                | Binary::Or
                | Binary::BitAnd
                | Binary::BitOr
                | Binary::BitXor
                | Binary::ShiftLeft
                | Binary::ShiftRight => return None,
            };
            float(*elem, result)
        }
        (Scalar::Int { elem, value: left }, Scalar::Int { value: right, .. }) => {
            let result = match op {
                Binary::Add => left.checked_add(*right)?,
                Binary::Sub => left.checked_sub(*right)?,
                Binary::Mul => left.checked_mul(*right)?,
                Binary::FloorDiv if *right > 0 => left.div_euclid(*right),
                Binary::Rem if *right > 0 => left.rem_euclid(*right),
                Binary::Max => *left.max(right),
                Binary::Min => *left.min(right),
                Binary::BitAnd => left & right,
                Binary::BitOr => left | right,
                Binary::BitXor => left ^ right,
                // Within how many bits is for the type to say.
                Binary::ShiftLeft | Binary::ShiftRight => return None,
                Binary::FloorDiv
                | Binary::Rem
                | Binary::Div
                | Binary::Pow
                | Binary::And
                | Binary::Or => return None,
            };
            int(*elem, result)
        }
        _ => None,
    }
}

pub(super) fn compare(op: Compare, left: &Scalar, right: &Scalar) -> Option<Scalar> {
    let order = match (left, right) {
        (Scalar::Float { value: left, .. }, Scalar::Float { value: right, .. }) => {
            left.partial_cmp(right)?
        }
        (Scalar::Int { value: left, .. }, Scalar::Int { value: right, .. }) => left.cmp(right),
        (Scalar::Bool(left), Scalar::Bool(right)) => left.cmp(right),
        _ => return None,
    };
    Some(Scalar::Bool(match op {
        Compare::Eq => order.is_eq(),
        Compare::Ne => order.is_ne(),
        Compare::Lt => order.is_lt(),
        Compare::Le => order.is_le(),
        Compare::Gt => order.is_gt(),
        Compare::Ge => order.is_ge(),
    }))
}

/// A constant in another type.
pub(super) fn convert(to: Elem, value: &Scalar) -> Option<Scalar> {
    let float_value = match value {
        Scalar::Float { value, .. } => *value,
        Scalar::Int { value, .. } => {
            if to.is_int() {
                // Which of the values it wraps to is not for here to say.
                return int(to, *value);
            }
            if value.unsigned_abs() > 1 << 53 {
                return None;
            }
            *value as f64
        }
        Scalar::Bool(value) => f64::from(u8::from(*value)),
        _ => return None,
    };
    if to == Elem::Bool {
        return Some(Scalar::Bool(float_value != 0.0));
    }
    match range(to) {
        None => float(to, float_value),
        // Saturates, as the conversion of a float does; a NaN is no constant here.
        Some((low, high)) => int(to, (float_value.trunc() as i64).clamp(low, high)),
    }
}
