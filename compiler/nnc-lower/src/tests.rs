//! Small programs and the graphs they become.

mod contractions;
mod errors;
mod folds;
mod nests;
mod optimised;
mod programs;
mod spaces;
mod test_blocks;

use nnc_base::{Diagnostic, Sources};
use nnc_hir::Program;
use nnc_sema::{ModuleInput, analyze};

/// The program of one module with what it uses of the library; panics if it has mistakes.
fn checked(text: &str) -> (Program, Sources) {
    let mut sources = Sources::new();
    let mut parsed = Vec::new();
    let library = nnc_stdlib::needed(nnc_stdlib::uses(text));
    for (path, text) in library.into_iter().chain([("main", text)]) {
        let file = sources.add(path, text);
        let tree = nnc_syntax::parse(file, text);
        assert!(tree.diagnostics.is_empty(), "{}", messages(&sources, &tree.diagnostics));
        parsed.push((path, file, tree.module));
    }
    let inputs: Vec<ModuleInput<'_>> =
        (parsed.iter()).map(|(path, file, ast)| ModuleInput { path, ast, file: *file }).collect();
    let analysis = analyze(&inputs);
    let errors: Vec<Diagnostic> =
        analysis.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    assert!(errors.is_empty(), "{}", messages(&sources, &errors));
    (analysis.program, sources)
}

fn messages(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut lines = Vec::new();
    for diagnostic in diagnostics {
        let place = |span: nnc_base::Span| match sources.get(span.file) {
            Some(file) => format!("{}:{}", file.name, file.position(span.start).line),
            None => "?".to_owned(),
        };
        let message = &diagnostic.message;
        lines.push(format!("{} {} {message}", diagnostic.code, place(diagnostic.span())));
        for label in &diagnostic.labels {
            if !label.text.is_empty() {
                lines.push(format!("  {}: {}", place(label.span), label.text));
            }
        }
        lines.extend(diagnostic.notes.iter().map(|note| format!("  note: {note}")));
        lines.extend(diagnostic.helps.iter().map(|help| format!("  help: {help}")));
    }
    lines.join("\n")
}

/// The graphs of the program's models, or the messages about them.
fn lowered(text: &str) -> String {
    let (program, sources) = checked(text);
    let mut texts = Vec::new();
    for model in &program.models {
        texts.push(match crate::lower(&program, model) {
            Ok(lowered) => {
                let text = lowered.module.to_string();
                let back =
                    nnc_graph::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
                assert_eq!(nnc_graph::verify(&back), Ok(()), "{text}");
                text
            }
            Err(diagnostics) => messages(&sources, &diagnostics),
        });
    }
    texts.join("\n")
}
