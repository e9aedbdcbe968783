//! Functions that the standard library of Rust does not have, and rounding.

use half::{bf16, f16};
use nnc_graph::Elem;

/// The error function to double precision.
///
/// Below 2 the Maclaurin series with all terms positive, `2/√π · e^(-x²) · Σ 2^n
/// x^(2n+1) / (2n+1)!!` (Abramowitz and Stegun 7.1.6); above, one minus the
/// continued fraction of the complement (7.1.14), evaluated from its tail.
pub fn erf(x: f64) -> f64 {
    let magnitude = x.abs();
    if x.is_nan() {
        return x;
    }
    if magnitude > 6.0 {
        return x.signum();
    }
    let gauss = (-x * x).exp();
    let value = if magnitude < 2.0 {
        let mut term = magnitude;
        let mut sum = term;
        let mut n = 1.0;
        while term > sum * 1e-18 {
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
            n += 1.0;
        }
        std::f64::consts::FRAC_2_SQRT_PI * gauss * sum
    } else {
        let mut tail = magnitude;
        for n in (1..=120).rev() {
            tail = magnitude + f64::from(n) / 2.0 / tail;
        }
        1.0 - gauss / (tail * std::f64::consts::PI.sqrt())
    };
    value.copysign(x)
}

/// A number rounded to a float type, to nearest with ties to even.
pub(crate) fn round_to(elem: Elem, value: f64) -> f64 {
    match elem {
        Elem::F32 => f64::from(value as f32),
        Elem::F16 => f16::from_f64(value).to_f64(),
        Elem::BF16 => bf16::from_f64(value).to_f64(),
        Elem::F64 | Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 | Elem::Bool => value,
    }
}

/// An integer wrapped to an integer type.
pub(crate) fn wrap_to(elem: Elem, value: i64) -> i64 {
    match elem {
        Elem::I32 => i64::from(value as i32),
        Elem::I8 => i64::from(value as i8),
        Elem::U8 => i64::from(value as u8),
        Elem::Bool => i64::from(value != 0),
        Elem::I64 | Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 => value,
    }
}

/// A float converted to an integer type: towards zero, saturating, NaN to 0.
pub(crate) fn saturate_to(elem: Elem, value: f64) -> i64 {
    match elem {
        Elem::I32 => i64::from(value as i32),
        Elem::I8 => i64::from(value as i8),
        Elem::U8 => i64::from(value as u8),
        Elem::Bool => i64::from(value != 0.0),
        Elem::I64 | Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 => value as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::erf;

    #[test]
    fn erf_agrees_with_published_values() {
        // Abramowitz and Stegun, table 7.1, and DLMF 7.23 for larger arguments.
        let table = [
            (0.0, 0.0),
            (0.1, 0.112_462_916_018_284_9),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (1.5, 0.966_105_146_475_310_7),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
        ];
        for (x, value) in table {
            assert!((erf(x) - value).abs() < 2e-15, "erf({x}) = {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
        assert!((erf(1.999_999_999) - erf(2.000_000_001)).abs() < 1e-9);
    }
}
