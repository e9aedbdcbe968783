//! Tensors written out on the command line: `3.5`, `[true, false]`, `[[1, 2], [3, 4]]`.

use crate::{Error, Failure, Tensor};
use nnc_graph::Elem;
use serde_json::Value;

/// Whether a value is written out and does not name a file.
pub(super) fn is_literal(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('[') || serde_json::from_str::<Value>(text).is_ok_and(|it| !it.is_string())
}

pub(super) fn parse(name: &str, text: &str, elem: Elem) -> Result<Tensor, Error> {
    let wrong = |why: String| Error::Input(Failure::new(format!("`{name}`: {why}")));
    let value: Value = serde_json::from_str(text)
        .map_err(|error| wrong(format!("`{text}` is no tensor: {error}")))?;
    let mut shape = Vec::new();
    let mut inner = &value;
    while let Value::Array(items) = inner {
        shape.push(items.len());
        match items.first() {
            Some(first) => inner = first,
            None => break,
        }
    }
    let mut items = Vec::new();
    collect(&value, &shape, &mut items).map_err(wrong)?;
    if elem.is_float() {
        let values: Option<Vec<f64>> = items.iter().map(|it| it.as_f64()).collect();
        let values = values.ok_or_else(|| wrong(format!("{elem} is made of numbers")))?;
        return Ok(Tensor::from_floats(elem, shape, &values));
    }
    let values: Option<Vec<i64>> =
        items.iter().map(|it| it.as_i64().or(it.as_bool().map(i64::from))).collect();
    let values = values.ok_or_else(|| wrong(format!("{elem} is made of integers")))?;
    let tensor = Tensor::from_ints(elem, shape, &values);
    let kept = (0..values.len()).find(|at| tensor.float(*at) as i64 != values[*at]);
    match kept {
        Some(at) => Err(wrong(format!("{elem} cannot hold {}, at position {at}", values[at]))),
        None => Ok(tensor),
    }
}

/// The numbers in order, if all rows are equally long.
fn collect<'v>(value: &'v Value, shape: &[usize], out: &mut Vec<&'v Value>) -> Result<(), String> {
    match (value, shape) {
        (Value::Array(items), [length, inner @ ..]) if items.len() == *length => {
            items.iter().try_for_each(|item| collect(item, inner, out))
        }
        (Value::Array(items), [length, ..]) => {
            Err(format!("a row has {} items and the first has {length}", items.len()))
        }
        (Value::Array(_), []) => Err("a row stands where a number is expected".to_owned()),
        (_, [_, ..]) => Err("a number stands where a row is expected".to_owned()),
        (Value::Number(_) | Value::Bool(_), []) => {
            out.push(value);
            Ok(())
        }
        (other, []) => Err(format!("`{other}` is no number")),
    }
}
