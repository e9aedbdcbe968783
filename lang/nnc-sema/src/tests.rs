//! Runs the reference: every program in `spec/*.md` and in the pages of `explain`, and
//! the programs that the language is accepted by.

mod asserted;
mod checkpoints;
mod convolution;
mod effects;
mod links;
mod programs;
mod spec;

use nnc_base::{Diagnostic, Sources};

use crate::{Analysis, ModuleInput, analyze};

/// Checks modules given as name and text, with what they use of the library.
pub(crate) fn check(modules: &[(&str, &str)]) -> (Sources, Analysis) {
    let library = nnc_stdlib::needed(modules.iter().flat_map(|(_, text)| nnc_stdlib::uses(text)));
    let mut sources = Sources::new();
    let mut parsed = Vec::new();
    for (name, text) in modules.iter().chain(&library) {
        let file = sources.add(*name, *text);
        parsed.push((*name, file, nnc_syntax::parse(file, text)));
    }
    let syntax: Vec<Diagnostic> =
        parsed.iter().flat_map(|(_, _, it)| it.diagnostics.clone()).collect();
    let inputs: Vec<ModuleInput<'_>> = parsed
        .iter()
        .map(|(path, file, it)| ModuleInput { path, ast: &it.module, file: *file })
        .collect();
    let mut analysis = analyze(&inputs);
    analysis.diagnostics.splice(0..0, syntax);
    (sources, analysis)
}

/// A message with its labels, notes and helps, as plain text.
pub(crate) fn render(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    for (i, label) in diagnostic.labels.iter().enumerate() {
        let place = sources.get(label.span.file).map_or_else(String::new, |file| {
            let at = file.position(label.span.start);
            format!("{}:{}:{}", file.name, at.line, at.column)
        });
        if i == 0 {
            text.push_str(&format!("{place}: {} {}\n", diagnostic.code, diagnostic.message));
        }
        let covered = sources.text(label.span).lines().next().unwrap_or("");
        text.push_str(&format!("  {place} `{covered}` {}\n", label.text));
    }
    for note in &diagnostic.notes {
        text.push_str(&format!("  note: {note}\n"));
    }
    for help in &diagnostic.helps {
        text.push_str(&format!("  help: {help}\n"));
    }
    text
}
