//! The numbers that `expected.py` wrote.

use crate::support;
use nnc_eval::{Data, Tensor};
use nnc_graph::Elem;
use std::collections::BTreeMap;
use std::path::Path;

/// By call (from 1) and name, as f64.
pub(crate) type Expected = BTreeMap<(usize, String), Tensor>;

/// Reads `expected/PROGRAM.txt`: lines `CALL NAME [SHAPE]`, and after each the numbers,
/// row by row. There is no file where the comments have all numbers.
pub(crate) fn read_expected(program: &Path) -> Result<Expected, String> {
    let mut path = program.with_file_name("expected");
    path.push(program.file_stem().unwrap_or_default());
    path.set_extension("txt");
    let mut tensors = Expected::new();
    if !path.exists() {
        return Ok(tensors);
    }
    let text = support::read(&path)?;
    let wrong = |at: &str| format!("{}: `{at}`", support::shown(&path));
    let mut lines = text.lines().peekable();
    while let Some(head) = lines.next() {
        let (front, shape) = head.split_once('[').ok_or_else(|| wrong(head))?;
        let mut words = front.split_whitespace();
        let (call, name) = (words.next().and_then(|it| it.parse().ok()), words.next());
        let (Some(call), Some(name)) = (call, name) else { return Err(wrong(head)) };
        let shape: Option<Vec<usize>> = (shape.trim_end_matches(']').split(','))
            .filter(|it| !it.trim().is_empty())
            .map(|it| it.trim().parse().ok())
            .collect();
        let shape = shape.ok_or_else(|| wrong(head))?;
        let mut numbers: Vec<f64> = Vec::new();
        while let Some(row) = lines.next_if(|line| !line.contains('[')) {
            for number in row.split_whitespace() {
                numbers.push(number.parse().map_err(|_| wrong(number))?);
            }
        }
        if numbers.len() != shape.iter().product::<usize>() {
            return Err(wrong(head));
        }
        let tensor = Tensor { elem: Elem::F64, shape, data: Data::F64(numbers) };
        tensors.insert((call, name.to_owned()), tensor);
    }
    Ok(tensors)
}
