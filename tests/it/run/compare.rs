//! Whether two tensors are the same within a tolerance.

use nnc_eval::Tensor;

/// Says where `found` is not `wanted`.
///
/// A number is right if it is off by at most `tolerance` times the greater of its own
/// size and the mean size of the tensor's numbers, so that a sum that happens to be
/// almost 0 need not have more exact digits than its neighbours. NaN is NaN and infinity
/// is infinity; integers and bools are equal or wrong.
pub(crate) fn compare(wanted: &Tensor, found: &Tensor, tolerance: f64) -> Result<(), String> {
    let exact = !wanted.elem.is_float();
    let mut wrong = Vec::new();
    let mut worst: f64 = 0.0;
    for (at, number) in numbers(wanted, found)?.into_iter().enumerate() {
        if number.off == 0.0 || !exact && number.off <= tolerance {
            continue;
        }
        worst = worst.max(number.off);
        wrong.push((at, number.wanted, number.found));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut text = format!(
        "{} of {} numbers are wrong, by up to {worst:.1e} (allowed: {:.0e})",
        wrong.len(),
        wanted.len(),
        if exact { 0.0 } else { tolerance }
    );
    for (at, wanted_number, found_number) in wrong.iter().take(4) {
        let place = position(*at, &wanted.shape);
        text.push_str(&format!("\n    at {place:?}: {found_number} instead of {wanted_number}"));
    }
    Err(text)
}

/// How far the worst number is off, in the measure of [`compare`].
pub(crate) fn worst(wanted: &Tensor, found: &Tensor) -> Result<f64, String> {
    Ok(numbers(wanted, found)?.iter().map(|it| it.off).fold(0.0, f64::max))
}

struct Number {
    wanted: f64,
    found: f64,
    /// Infinite where only one of them is a number.
    off: f64,
}

/// The numbers of two tensors of one type.
fn numbers(wanted: &Tensor, found: &Tensor) -> Result<Vec<Number>, String> {
    if (wanted.elem, &wanted.shape) != (found.elem, &found.shape) {
        return Err(format!(
            "is {}{:?}, should be {}{:?}",
            found.elem, found.shape, wanted.elem, wanted.shape
        ));
    }
    let numbers = wanted.to_f64();
    let sizes: Vec<f64> = numbers.iter().filter(|it| it.is_finite()).map(|it| it.abs()).collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
    let number = |(wanted, found): (f64, f64)| {
        let off = (wanted - found).abs() / wanted.abs().max(mean).max(f64::MIN_POSITIVE);
        let off = match wanted == found || wanted.is_nan() && found.is_nan() {
            true => 0.0,
            false if off.is_nan() => f64::INFINITY,
            false => off,
        };
        Number { wanted, found, off }
    };
    Ok(numbers.into_iter().zip(found.to_f64()).map(number).collect())
}

/// Says where a tensor is of another shape, or has a number that is infinite or NaN.
pub(crate) fn finite(found: &Tensor, shape: &[usize]) -> Result<(), String> {
    if found.shape != shape {
        return Err(format!("is {:?}, should be {shape:?}", found.shape));
    }
    match found.to_f64().iter().position(|it| !it.is_finite()) {
        Some(at) => Err(format!("is not finite at {:?}", position(at, shape))),
        None => Ok(()),
    }
}

/// The indices of an element of a row-major tensor.
fn position(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut indices = vec![0; shape.len()];
    for (index, extent) in indices.iter_mut().zip(shape).rev() {
        *index = at % extent;
        at /= extent;
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::{compare, finite};
    use nnc_eval::Tensor;

    fn row(numbers: &[f32]) -> Tensor {
        Tensor::f32(&[numbers.len()], numbers.to_vec())
    }

    #[test]
    fn one_number_that_is_off_is_named() {
        let message = compare(&row(&[1.0, 2.0]), &row(&[1.0, 2.1]), 1e-5).unwrap_err();
        assert!(message.contains("at [1]: 2.0999"), "{message}");
        assert_eq!(compare(&row(&[1.0, 2.0]), &row(&[1.0, 2.1]), 0.06), Ok(()));
    }

    #[test]
    fn small_numbers_count_by_the_mean_and_nan_is_not_a_number() {
        assert_eq!(compare(&row(&[1e-9, 1.0]), &row(&[2e-9, 1.0]), 1e-5), Ok(()));
        assert_eq!(compare(&row(&[f32::NAN]), &row(&[f32::NAN]), 0.0), Ok(()));
        assert!(compare(&row(&[1.0]), &row(&[f32::NAN]), 1e-5).is_err());
        assert!(compare(&row(&[f32::INFINITY]), &row(&[f32::MAX]), 1e-5).is_err());
        assert!(compare(&row(&[f32::NAN]), &row(&[0.0]), 1e-5).is_err());
    }

    #[test]
    fn integers_are_exact() {
        let (left, right) =
            (Tensor::i32(&[1], vec![1_000_000]), Tensor::i32(&[1], vec![1_000_001]));
        assert!(compare(&left, &right, 0.1).is_err());
    }

    #[test]
    fn a_shape_and_finite_numbers_are_asked_for() {
        assert_eq!(finite(&row(&[1.0, -2.0]), &[2]), Ok(()));
        assert_eq!(finite(&row(&[1.0]), &[1, 1]), Err("is [1], should be [1, 1]".to_owned()));
        let infinite = finite(&row(&[1.0, f32::INFINITY]), &[2]);
        assert_eq!(infinite, Err("is not finite at [1]".to_owned()));
    }
}
