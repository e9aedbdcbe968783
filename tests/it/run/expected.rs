//! The numbers that `expected.py` wrote.

use crate::support;
use nnc_eval::{Data, Tensor};
use nnc_graph::Elem;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// By call (from 1) and name, as f64.
pub(crate) type Expected = BTreeMap<(usize, String), Tensor>;

/// Entries, as calls name them, with names and shapes of parameters.
pub(crate) type Asked = Vec<(String, String, Vec<usize>)>;

/// `expected/PROGRAM.txt`, or `PROGRAM.txt` beside the program; there is none where the
/// comments have all numbers.
fn beside(program: &Path) -> Option<PathBuf> {
    let mut path = program.with_file_name("expected");
    path.push(program.file_stem().unwrap_or_default());
    path.set_extension("txt");
    [path, program.with_extension("txt")].into_iter().find(|it| it.exists())
}

/// Reads the lines `CALL NAME [SHAPE]`, and after each the numbers, row by row.
pub(crate) fn read_expected(program: &Path) -> Result<Expected, String> {
    let mut tensors = Expected::new();
    let Some(path) = beside(program) else { return Ok(tensors) };
    let text = support::read(&path)?;
    let wrong = |at: &str| format!("{}: `{at}`", support::shown(&path));
    let mut lines = text.lines().peekable();
    while let Some(head) = lines.next() {
        // A count that the reference gives of a model at its published size, or what a
        // transcription asked for.
        if head.starts_with("parameters ") || head.starts_with("asked ") {
            continue;
        }
        let (front, shape) = head.split_once('[').ok_or_else(|| wrong(head))?;
        let mut words = front.split_whitespace();
        let (call, name) = (words.next().and_then(|it| it.parse().ok()), words.next());
        let (Some(call), Some(name)) = (call, name) else { return Err(wrong(head)) };
        let shape = shape_of(shape).ok_or_else(|| wrong(head))?;
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

/// `3, 4]`.
fn shape_of(text: &str) -> Option<Vec<usize>> {
    let sizes = text.trim_end_matches(']').split(',').filter(|it| !it.trim().is_empty());
    sizes.map(|it| it.trim().parse().ok()).collect()
}

/// The lines `asked ENTRY NAME [SHAPE]` of expected numbers: the parameters that the
/// transcription of an entry asked for.
pub(crate) fn read_asked(program: &Path) -> Result<Asked, String> {
    let Some(path) = beside(program) else { return Ok(Asked::new()) };
    let mut asked = Asked::new();
    for line in support::read(&path)?.lines() {
        let Some(rest) = line.strip_prefix("asked ") else { continue };
        let parts = rest.split_once(' ').and_then(|(entry, rest)| {
            let (name, shape) = rest.split_once(" [")?;
            Some((entry.to_owned(), name.to_owned(), shape_of(shape)?))
        });
        asked.push(parts.ok_or_else(|| format!("{}: `{line}`", support::shown(&path)))?);
    }
    Ok(asked)
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
