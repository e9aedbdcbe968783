//! One object a line, for tools.

use super::{Style, human, severity};
use crate::Failure;
use nnc_base::{Diagnostic, Label, Sources};
use serde_json::{Value, json};

/// A message as an object in one line.
///
/// Bytes count from 0 in the file, lines and columns from 1; a label's end is the first
/// place after it. The first label is where the mistake is.
pub fn json(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let labels: Vec<Value> =
        diagnostic.labels.iter().filter_map(|label| place(sources, label)).collect();
    line(&json!({
        "severity": severity(diagnostic.severity),
        "code": diagnostic.code.0,
        "message": diagnostic.message,
        "labels": labels,
        "notes": diagnostic.notes,
        "helps": diagnostic.helps,
        "rendered": human(sources, diagnostic, Style::PLAIN),
    }))
}

/// What is said outside of a program: it has no code and no place.
pub(super) fn failure(failure: &Failure) -> String {
    line(&json!({
        "severity": "error",
        "code": null,
        "message": failure.message,
        "labels": [],
        "notes": failure.notes,
        "helps": failure.helps,
        "rendered": super::human::failure(failure, Style::PLAIN),
    }))
}

fn place(sources: &Sources, label: &Label) -> Option<Value> {
    let file = sources.get(label.span.file)?;
    let (start, end) = (file.position(label.span.start), file.position(label.span.end));
    Some(json!({
        "file": file.name,
        "start": label.span.start,
        "end": label.span.end,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "text": label.text,
    }))
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}
