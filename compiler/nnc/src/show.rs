//! Tensors as text for people.

use nnc_driver::Tensor;
use nnc_graph::Elem;

/// More values than these are not written out.
const MOST_VALUES: usize = 256;

/// A tensor's name, type and values; of a long one, what range they have and the first.
pub(crate) fn tensor(name: &str, tensor: &Tensor) -> String {
    let head = format!("{name}: {}", tensor.describe());
    if tensor.len() <= MOST_VALUES {
        return format!("{head} = {}\n", nested(tensor, &tensor.shape, &mut 0));
    }
    let values: Vec<f64> = tensor.to_eval().to_f64();
    let finite = || values.iter().copied().filter(|it| it.is_finite());
    let least = finite().fold(f64::INFINITY, f64::min);
    let greatest = finite().fold(f64::NEG_INFINITY, f64::max);
    let mean = finite().sum::<f64>() / finite().count().max(1) as f64;
    let first: Vec<String> = (0..8).map(|at| value(tensor, at)).collect();
    let other = values.len() - finite().count();
    let other = if other > 0 { format!(", {other} not finite") } else { String::new() };
    format!(
        "{head} from {least} to {greatest}, mean {mean}{other}, first {}, …\n",
        first.join(", ")
    )
}

/// `[[1, 2], [3, 4]]`, which reads back as an input.
fn nested(tensor: &Tensor, shape: &[usize], at: &mut usize) -> String {
    match shape {
        [] => {
            *at += 1;
            value(tensor, *at - 1)
        }
        [length, inner @ ..] => {
            let items: Vec<String> = (0..*length).map(|_| nested(tensor, inner, at)).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

fn value(tensor: &Tensor, at: usize) -> String {
    let value = tensor.float(at);
    match tensor.elem {
        Elem::Bool => (value != 0.0).to_string(),
        Elem::F64 => value.to_string(),
        // The shortest text that gives the same number in the type.
        Elem::F32 | Elem::F16 | Elem::BF16 => (value as f32).to_string(),
        Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 => (value as i64).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use nnc_driver::Tensor;
    use nnc_graph::Elem;

    #[test]
    fn short_tensors_are_written_out_and_long_ones_described() {
        let tensor = |shape: &[usize], values: &[f64]| {
            super::tensor("x", &Tensor::from_floats(Elem::F32, shape.to_vec(), values))
        };
        assert_eq!(
            tensor(&[2, 2], &[0.1, 2.0, -3.5, f64::NAN]),
            "x: f32[2, 2] = [[0.1, 2], [-3.5, NaN]]\n"
        );
        assert_eq!(tensor(&[], &[4.0]), "x: f32[] = 4\n");
        let mut values = vec![1.0; 300];
        values[2] = f64::INFINITY;
        values[3] = 2.0;
        let text = tensor(&[300], &values);
        assert!(text.starts_with("x: f32[300] from 1 to 2, mean 1.003"), "{text}");
        assert!(text.ends_with(", 1 not finite, first 1, 1, inf, 2, 1, 1, 1, 1, …\n"), "{text}");
    }
}
