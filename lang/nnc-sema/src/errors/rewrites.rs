//! `rewrite` lines: E0780.

use nnc_base::{Code, Diagnostic, Span};
use nnc_hir::{REWRITES, RewriteName};
use nnc_syntax::ast::Ident;

const REWRITE: Code = Code("E0780");

pub(crate) fn unknown(name: &Ident, near: Option<&str>) -> Diagnostic {
    let text = format!("there is no rewrite `{}`", name.as_str());
    let names: Vec<String> = REWRITES.iter().map(|it| format!("`{}`", it.name)).collect();
    let diagnostic = Diagnostic::error(REWRITE, name.span, text);
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("write one of {}", names.join(", "))),
    }
}

/// A rewrite that is given something else than it takes.
pub(crate) fn takes(at: Span, known: &RewriteName, what: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(REWRITE, at, format!("`{}` takes {what}", known.name));
    let space = if known.takes.is_empty() { "" } else { " " };
    diagnostic
        .note(format!("`{}`: {}", known.name, known.about))
        .help(format!("such as `rewrite \"…\": {}{space}{}`", known.name, known.takes))
}
