//! Messages as a person sees them: each `ui/**/*.nn` is a program with a mistake, and the
//! text beside it is what the compiler says of it, without colour and 100 columns wide. Those
//! in `ui/intent` are allowed and warned of.
//!
//! `UPDATE_UI=1 cargo test -p nnc-tests ui` writes the texts; read what it wrote.

use crate::support::{files, read, root, shown};
use nnc_driver::Session;
use nnc_driver::render::{Format, Style, error, message, summary};
use std::path::Path;

/// There are at least so many programs; a suite must not shrink unnoticed.
const FLOOR: usize = 120;

/// All that is said of a program, and whether what it is there for is among it: an error, or a
/// warning of what can hardly be meant. The path starts at this package, where tests run, so
/// that messages name the same file everywhere.
fn said(path: &Path) -> (String, bool) {
    let session = match Session::open(path) {
        Ok(session) => session,
        Err(failure) => {
            let nothing = nnc_base::Sources::new();
            return (error(&nothing, &failure, Format::Human, Style::PLAIN), true);
        }
    };
    let diagnostics = session.check();
    let mut text: String = (diagnostics.iter())
        .map(|it| message(session.sources(), it, Format::Human, Style::PLAIN))
        .collect();
    if let Some(summary) = summary(&diagnostics) {
        text.push_str(&summary);
        text.push('\n');
    }
    let warned = path.starts_with("ui/intent");
    (text, diagnostics.iter().any(|it| it.is_error() != warned))
}

/// The first line that is different, as it should be and as it is.
fn difference(wanted: &str, found: &str) -> String {
    let mut lines = wanted.lines().zip(found.lines()).enumerate();
    match lines.find(|(_, (wanted, found))| wanted != found) {
        Some((at, (wanted, found))) => {
            format!("line {}:\n  - {wanted}\n  + {found}", at + 1)
        }
        None => {
            let (wanted, found) = (wanted.lines().count(), found.lines().count());
            format!("{found} lines instead of {wanted}")
        }
    }
}

#[test]
fn messages_are_as_they_were_read() {
    let update = std::env::var("UPDATE_UI").is_ok_and(|it| it == "1");
    let package = root().join("tests");
    let programs = files(&package.join("ui"), &["nn"]);
    let mut failures = Vec::new();
    for program in &programs {
        let name = shown(program);
        let (text, found) = said(program.strip_prefix(&package).unwrap_or(program));
        if !found {
            failures.push(format!("{name}: nothing is found"));
        }
        let beside = program.with_extension("txt");
        let wanted = std::fs::read_to_string(&beside).unwrap_or_default();
        if wanted == text {
            continue;
        }
        if update {
            std::fs::write(&beside, text).unwrap();
        } else {
            failures.push(format!("{name}: {}", difference(&wanted, &text)));
        }
    }
    for text in files(&package.join("ui"), &["txt"]) {
        if !text.with_extension("nn").exists() {
            failures.push(format!("{}: no program has this text", shown(&text)));
        }
    }
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
    assert!(programs.len() >= FLOOR, "{} programs; there were {FLOOR}", programs.len());
}

/// The page of a code, and the message, are about the same mistake.
#[test]
fn every_code_that_is_shown_has_a_page() {
    let mut missing = std::collections::BTreeSet::new();
    for text in files(&root().join("tests/ui"), &["txt"]) {
        let text = read(&text).unwrap_or_default();
        for code in text.split("error[").skip(1).filter_map(|it| it.split(']').next()) {
            if nnc_sema::explain(code).is_none() {
                missing.insert(code.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "`nnc explain` has nothing to say of {missing:?}");
}
