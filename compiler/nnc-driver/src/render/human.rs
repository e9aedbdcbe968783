//! The message with the code that it is about, drawn by miette.

use super::{Style, severity};
use crate::Failure;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource};
use nnc_base::{Diagnostic, FileId, Label, Severity, SourceFile, Sources};
use std::fmt::Write;

const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const CYAN: &str = "36";
const BOLD: &str = "1";

/// A message with the code around its labels, then its notes and helps.
///
/// Labels of one file are drawn together; those of other files follow, each file under
/// its name.
pub fn human(sources: &Sources, diagnostic: &Diagnostic, style: Style) -> String {
    let color = match diagnostic.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
    };
    let kind = format!("{}[{}]", severity(diagnostic.severity), diagnostic.code);
    let mut text = head(&kind, color, &diagnostic.message, style);
    for (file, labels) in by_file(diagnostic) {
        if let Some(source) = sources.get(file) {
            snippet(&mut text, source, &labels, diagnostic.severity, style);
        }
    }
    rest(&mut text, &diagnostic.notes, &diagnostic.helps, style);
    text.push('\n');
    text
}

/// What is said outside of a program.
pub(super) fn failure(failure: &Failure, style: Style) -> String {
    let mut text = head("error", RED, &failure.message, style);
    rest(&mut text, &failure.notes, &failure.helps, style);
    text
}

fn head(kind: &str, color: &str, message: &str, style: Style) -> String {
    let lines = indented(message, 2, style);
    format!("{}: {}\n", paint(kind, color, style), paint(&lines, BOLD, style))
}

/// The labels of each file, the file of the first label first.
fn by_file(diagnostic: &Diagnostic) -> Vec<(FileId, Vec<&Label>)> {
    let mut files: Vec<(FileId, Vec<&Label>)> = Vec::new();
    for label in &diagnostic.labels {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push(label),
            None => files.push((label.span.file, vec![label])),
        }
    }
    files
}

/// The lines of a file around labels.
fn snippet(
    out: &mut String,
    source: &SourceFile,
    labels: &[&Label],
    severity: Severity,
    style: Style,
) {
    let spans = labels.iter().enumerate().map(|(at, label)| {
        let (start, end) = visible(&source.text, label);
        let text = Some(label.text.clone()).filter(|it| !it.is_empty());
        // The place of the mistake is the one that the head of the snippet names.
        if at == 0 {
            LabeledSpan::new_primary_with_span(text, start..end)
        } else {
            LabeledSpan::new_with_span(text, start..end)
        }
    });
    let drawn = MietteDiagnostic::new("").with_labels(spans).with_severity(match severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    });
    let named = NamedSource::new(&source.name, format!("{} ", source.text));
    let report = miette::Report::new(drawn).with_source_code(named);
    let theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme::ascii(),
        (false, false) => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .without_syntax_highlighting();
    let mut text = String::new();
    if handler.render_report(&mut text, report.as_ref()).is_ok() {
        // The first line is miette's own for the message, which stands in our head.
        for line in text.lines().skip(1) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// The bytes of a label: within the text with a space after it, and at least one
/// character, so that there is something to underline.
fn visible(text: &str, label: &Label) -> (usize, usize) {
    let clamp =
        |at: u32| (0..=(at as usize).min(text.len())).rfind(|it| text.is_char_boundary(*it));
    let start = clamp(label.span.start).unwrap_or(0);
    let end = clamp(label.span.end).unwrap_or(0).max(start);
    if start < end {
        return (start, end);
    }
    let next = text[start..].chars().next();
    (start, start + next.map_or(1, char::len_utf8))
}

/// Notes state rules and values, helps say what to write.
fn rest(out: &mut String, notes: &[String], helps: &[String], style: Style) {
    let notes = notes.iter().map(|it| ("note", it));
    for (kind, text) in notes.chain(helps.iter().map(|it| ("help", it))) {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "  {}: {}", paint(kind, CYAN, style), indented(text, 8, style));
    }
}

/// Text whose lines fit the width, those after the first one further in.
fn indented(text: &str, indent: usize, style: Style) -> String {
    let width = style.width.saturating_sub(indent).max(40);
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let spaces = line.len() - line.trim_start().len();
        let mut current = " ".repeat(spaces);
        let mut empty = true;
        for word in line.split_whitespace() {
            let room = current.chars().count() + 1 + word.chars().count() <= width;
            if !empty && !room {
                lines.push(std::mem::replace(&mut current, " ".repeat(spaces)));
                empty = true;
            }
            if !empty {
                current.push(' ');
            }
            current.push_str(word);
            empty = false;
        }
        lines.push(current);
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

fn paint(text: &str, code: &str, style: Style) -> String {
    if style.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
