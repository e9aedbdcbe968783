//! The numbers that `expected.py` wrote.

use crate::support;
use nnc_eval::{Data, Tensor};
use nnc_graph::Elem;
use std::collections::BTreeMap;
use std::path::Path;

/// By call (from 1) and name, as f64.
pub(crate) type Expected = BTreeMap<(usize, String), Tensor>;

/// Reads `expected/PROGRAM.txt`, or `PROGRAM.txt` beside the program: lines `CALL NAME
/// [SHAPE]`, and after each the numbers, row by row. There is no file where the comments
/// have all numbers.
pub(crate) fn read_expected(program: &Path) -> Result<Expected, String> {
    let mut path = program.with_file_name("expected");
    path.push(program.file_stem().unwrap_or_default());
    path.set_extension("txt");
    if !path.exists() {
        path = program.with_extension("txt");
    }
    let mut tensors = Expected::new();
    if !path.exists() {
        return Ok(tensors);
    }
    let text = support::read(&path)?;
    let wrong = |at: &str| format!("{}: `{at}`", support::shown(&path));
    let mut lines = text.lines().peekable();
    while let Some(head) = lines.next() {
        // A count that the reference gives of a model at its published size.
        if head.starts_with("parameters ") {
            continue;
        }
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

/// The lines `parameters MODEL COUNT` of expected numbers.
pub(crate) fn read_parameters(path: &Path) -> Result<Vec<(String, u64)>, String> {
    let mut counts = Vec::new();
    for line in support::read(path)?.lines() {
        let Some(rest) = line.strip_prefix("parameters ") else { continue };
        let count = rest
            .split_once(' ')
            .and_then(|(model, count)| Some((model.to_owned(), count.parse().ok()?)));
        counts.push(count.ok_or_else(|| format!("{}: `{line}`", support::shown(path)))?);
    }
    Ok(counts)
}
