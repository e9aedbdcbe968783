//! Spaces and what models choose from them: E055x.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_syntax::ast::Ident;

use super::suggest;

const NO_HOLE: Code = Code("E0550");
const NO_CANDIDATE: Code = Code("E0551");
const CHOSEN: Code = Code("E0552");
const TWICE: Code = Code("E0553");
const EMPTY: Code = Code("E0129");

/// A hole that nothing fills.
pub(crate) fn no_candidates(name: &Ident) -> Diagnostic {
    let text = format!("the hole `{}` has no candidates", name.as_str());
    Diagnostic::error(EMPTY, name.span, text)
        .note("a space is what its holes may be filled with: this one has no member")
        .help("list the layers that may stand there, such as `in { Identity }`")
}

/// More candidates than this are not listed.
const MOST_LISTED: usize = 12;

pub(crate) fn no_field(
    name: &Ident,
    layer: Name,
    declared: Span,
    near: Option<&str>,
) -> Diagnostic {
    let text = format!("`{layer}` has no hole or field `{}`", name.as_str());
    let diagnostic = Diagnostic::error(NO_HOLE, name.span, text)
        .label(declared, format!("`{layer}` is declared here"));
    suggest(diagnostic, near)
}

/// A path that leads to something else than a hole; `holes` are those right below it.
pub(crate) fn no_hole(at: Span, path: &str, holes: &[Name]) -> Diagnostic {
    let diagnostic = Diagnostic::error(NO_HOLE, at, format!("`{path}` is no hole"));
    match holes {
        [] => diagnostic.help("write the path of a hole of a space, such as `cells[0].mix`"),
        [first, ..] => {
            let holes: Vec<String> = holes.iter().map(|it| format!("`{it}`")).collect();
            diagnostic
                .note(format!("it is a space with the holes {}", holes.join(", ")))
                .help(format!("choose for one of these: `choose {path}.{first} = …`"))
        }
    }
}

pub(crate) fn outside(at: Span, path: &str, index: i64, count: i64) -> Diagnostic {
    let items = if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    Diagnostic::error(NO_HOLE, at, format!("`{path}` has {items}, so there is no item {index}"))
        .help(format!("items are counted from 0: the last is `[{}]`", count - 1))
}

pub(crate) fn open_index(name: &Ident) -> Diagnostic {
    let text = format!("`[{}]` stands for no item here", name.as_str());
    Diagnostic::error(NO_HOLE, name.span, text)
        .note("each item of an array of spaces chooses for itself")
        .help("write a line for each item: `choose cells[0].mix = …`")
}

/// A hole of a candidate whose own hole is open.
pub(crate) fn outer_open(at: Span, outer: &str) -> Diagnostic {
    Diagnostic::error(NO_HOLE, at, format!("what lies in the hole `{outer}` is not chosen"))
        .note("which holes there are inside depends on the candidate")
        .help(format!("choose it, too: `choose {outer} = …`"))
}

pub(crate) fn not_indexed(at: Span, path: &str, candidate: &str) -> Diagnostic {
    Diagnostic::error(NO_HOLE, at, format!("`{path}` is a chain of layers: `{candidate}`"))
        .help("say which layer of it is meant: `[0]` is the first")
}

pub(crate) fn no_candidate(
    at: Span,
    path: &str,
    text: &str,
    near: Option<&str>,
    texts: &[&str],
    declared: Span,
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(NO_CANDIDATE, at, format!("`{path}` has no candidate `{text}`"))
            .label(declared, "the hole is declared here");
    let listed: Vec<String> = texts.iter().take(MOST_LISTED).map(|it| format!("`{it}`")).collect();
    let more = texts.len().saturating_sub(MOST_LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let diagnostic = diagnostic.note(format!("its candidates are {}{more}", listed.join(", ")));
    match near {
        Some(_) => suggest(diagnostic, near),
        None => diagnostic.help("write one of these"),
    }
}

pub(crate) fn chosen_twice(at: Span, path: &str, first: Span) -> Diagnostic {
    Diagnostic::error(CHOSEN, at, format!("`{path}` is chosen twice"))
        .label(first, "the first choice")
        .help("leave out one")
}

/// A hole with one candidate twice.
pub(crate) fn same_candidate(at: Span, hole: Name, text: &str) -> Diagnostic {
    Diagnostic::error(TWICE, at, format!("hole `{hole}` has the candidate `{text}` twice"))
        .note("a member of the space is told by its candidates, which have to differ")
        .help("leave one out")
}
