//! What several test modules need: files of the repository and checked programs.

use nnc_base::{Diagnostic, Sources};
use nnc_sema::{Analysis, ModuleInput, analyze};
use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// All files under a folder with one of the endings, sorted; hidden folders and what is
/// built are left out.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|it| it.to_str()).unwrap_or("");
            if path.is_dir() {
                if !name.starts_with("target") && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|it| endings.iter().any(|end| it == *end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A file's path from the repository's root, with `/`.
pub(crate) fn shown(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.components().map(|it| it.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", shown(path)))
}

/// Checks modules given as name and text, together with the standard library where one
/// of them uses it.
pub(crate) fn check(modules: &[(&str, &str)]) -> (Sources, Analysis) {
    let library = modules.iter().any(|(_, text)| text.contains("std"));
    let library = if library { nnc_stdlib::modules() } else { &[] };
    let mut sources = Sources::new();
    let mut parsed = Vec::new();
    for (name, text) in modules.iter().chain(library) {
        let file = sources.add(*name, *text);
        parsed.push((*name, file, nnc_syntax::parse(file, text)));
    }
    let syntax: Vec<Diagnostic> =
        parsed.iter().flat_map(|(_, _, it)| it.diagnostics.clone()).collect();
    let inputs: Vec<ModuleInput<'_>> = (parsed.iter())
        .map(|(path, file, it)| ModuleInput { path, ast: &it.module, file: *file })
        .collect();
    let mut analysis = analyze(&inputs);
    analysis.diagnostics.splice(0..0, syntax);
    (sources, analysis)
}

/// Messages as plain text, one after the other.
pub(crate) fn messages(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let place = |span: nnc_base::Span| match sources.get(span.file) {
            Some(file) => {
                let at = file.position(span.start);
                format!("{}:{}:{}", file.name, at.line, at.column)
            }
            None => "?".to_owned(),
        };
        let (code, message) = (diagnostic.code, &diagnostic.message);
        text.push_str(&format!("{}: {code} {message}\n", place(diagnostic.span())));
        for label in diagnostic.labels.iter().filter(|it| !it.text.is_empty()) {
            text.push_str(&format!("  {}: {}\n", place(label.span), label.text));
        }
        for note in &diagnostic.notes {
            text.push_str(&format!("  note: {note}\n"));
        }
        for help in &diagnostic.helps {
            text.push_str(&format!("  help: {help}\n"));
        }
    }
    text
}
