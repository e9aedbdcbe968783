//! Sums and means of finitely many terms, exactly.

use crate::value::{Value, tensor};
use nnc_graph::Elem;

/// Terms as integer multiples of a unit, a power of two.
///
/// All partial sums are then multiples of the unit that f32 holds exactly, so that a sum
/// does not depend on the order in which it is computed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Terms {
    pub unit: f64,
    /// The greatest common divisor of the terms, in units; at least 1.
    pub step: i64,
    /// In units; what the least and the greatest term is.
    pub least: i64,
    pub greatest: i64,
}

/// A mean that can occur.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Mean {
    /// Of the terms less the least of them, in steps.
    pub above_least: f64,
    pub value: Value,
}

impl Terms {
    /// The terms, or one that is no multiple of a suitable unit.
    pub(crate) fn new(values: &[Value], length: usize) -> Result<Terms, f64> {
        let mut unit = 1.0;
        for value in values.iter().map(|it| it.number()) {
            while (value / unit).fract() != 0.0 {
                unit /= 2.0;
                if unit < 2f64.powi(-24) {
                    return Err(value);
                }
            }
        }
        let units: Vec<i64> = values.iter().map(|it| (it.number() / unit) as i64).collect();
        let all = || units.iter().copied().chain([0]);
        let (least, greatest) =
            (units.iter().min().copied().unwrap_or(0), units.iter().max().copied().unwrap_or(0));
        let largest = all().map(i64::unsigned_abs).max().unwrap_or(0) as f64;
        if largest * length as f64 >= 2f64.powi(24) {
            return Err(largest * unit);
        }
        let step = all().map(|it| (it - least).abs()).chain(all().map(i64::abs)).fold(0, divisor);
        Ok(Terms { unit, step: step.max(1), least, greatest })
    }

    /// A term in steps.
    pub(crate) fn steps(&self, value: Value) -> f64 {
        value.number() / self.unit / self.step as f64
    }

    /// What sums of up to `most` terms may be.
    pub(crate) fn sums(&self, most: usize, elem: Elem) -> Vec<Value> {
        let most = most as i64;
        let from = most * self.least.min(0) / self.step;
        let to = most * self.greatest.max(0) / self.step;
        let number = |steps: i64| steps as f64 * self.step as f64 * self.unit;
        (from..=to).map(|steps| value_of(elem, number(steps))).collect()
    }
}

/// What means of 1 to `most` terms may be, in ascending order: quotients of an exact sum
/// and a width, each rounded once.
pub(crate) fn means(terms: &Terms, most: usize, elem: Elem) -> Vec<Mean> {
    let range = (terms.greatest - terms.least) / terms.step;
    let mut means = Vec::new();
    for width in 1..=most as i64 {
        for above in 0..=width * range {
            if divisor(above, width) > 1 && width > 1 {
                continue; // the same as of a smaller width
            }
            let sum = (width * terms.least + above * terms.step) as f64 * terms.unit;
            means.push(Mean {
                above_least: above as f64 / width as f64,
                value: value_of(elem, sum / width as f64),
            });
        }
    }
    means.sort_by(|left, right| left.above_least.total_cmp(&right.above_least));
    means.dedup_by(|left, right| left.above_least == right.above_least);
    means
}

/// A number as a value of an element type, rounded to it.
fn value_of(elem: Elem, number: f64) -> Value {
    if elem.is_int() {
        return Value::Int(number as i64);
    }
    Value::of_tensor(&tensor(elem, &[Value::Float(number)]), 0)
}

fn divisor(mut left: i64, mut right: i64) -> i64 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left.abs()
}

#[cfg(test)]
mod tests {
    use super::{Terms, means};
    use crate::value::Value;
    use nnc_graph::Elem;

    #[test]
    fn sums_are_multiples_of_what_all_terms_are() {
        let terms = Terms::new(&[Value::Float(-0.5), Value::Float(1.0)], 8).unwrap();
        assert_eq!((terms.unit, terms.step), (0.5, 1));
        let sums: Vec<f64> = terms.sums(2, Elem::F32).iter().map(|it| it.number()).collect();
        assert_eq!(sums, [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(Terms::new(&[Value::Float(0.1)], 8), Err(0.1));
    }

    #[test]
    fn means_are_rounded_once() {
        let terms = Terms::new(&[Value::Float(0.0), Value::Float(1.0)], 3).unwrap();
        let found: Vec<Value> = means(&terms, 3, Elem::F32).iter().map(|it| it.value).collect();
        let third = |count: f32| Value::Float(f64::from(count / 3.0));
        let half = Value::Float(0.5);
        assert_eq!(found, [Value::Float(0.0), third(1.0), half, third(2.0), Value::Float(1.0)]);
    }
}
