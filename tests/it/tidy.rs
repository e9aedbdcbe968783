//! The repository itself: arrows between crates, lengths of files, words that must not
//! stay, and what belongs into every crate.

mod arrows;
mod library;

use crate::support::{files, read, root, shown};
use std::path::{Path, PathBuf};

/// Lines of code after which a file is more than one idea.
const MOST_LINES: usize = 700;

/// Files that are longer, how long they may be, and why.
const LONG_FILES: &[(&str, usize, &str)] = &[];

/// All files of the repository with one of the endings.
fn all(endings: &[&str]) -> Vec<PathBuf> {
    files(&root(), endings)
}

/// A file's text without its tests; nothing where it is all tests.
fn code(path: &Path) -> String {
    let name = shown(path);
    let is_test = name.ends_with("/tests.rs") || name.starts_with("tests/");
    if is_test || name.contains("/tests/") || name.contains("/benches/") {
        return String::new();
    }
    let text = read(path).unwrap_or_default();
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].to_owned()
}

fn report(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn a_file_holds_one_idea() {
    let mut found = Vec::new();
    for path in all(&["rs"]) {
        let (name, lines) = (shown(&path), code(&path).lines().count());
        match LONG_FILES.iter().find(|it| it.0 == name) {
            Some((_, most, _)) if lines > *most => {
                found.push(format!("{name}: {lines} lines, it may have {most}"));
            }
            Some(_) if lines <= MOST_LINES => {
                found.push(format!("{name}: {lines} lines, it need not be in the list"));
            }
            None if lines > MOST_LINES => found.push(format!("{name}: {lines} lines")),
            Some(_) | None => {}
        }
    }
    let gone = LONG_FILES.iter().filter(|it| !root().join(it.0).exists());
    found.extend(gone.map(|it| format!("{}: not there", it.0)));
    report("cut these files, or say why not in LONG_FILES", found);
}

#[test]
fn no_word_is_left_that_was_for_a_moment() {
    // In parts, so that this file does not hold them.
    let macros = [concat!("db", "g!("), concat!("to", "do!("), concat!("unimple", "mented!(")];
    let machine = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
    let mut found = Vec::new();
    for path in all(&["rs", "nn", "md", "toml", "py", "sh", "lalrpop", "txt", "yml"]) {
        let Ok(text) = read(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            let words = machine.iter().chain(macros.iter().filter(|_| ends(&path, "rs")));
            for word in words.filter(|word| line.contains(**word)) {
                found.push(format!("{}:{}: {word}", shown(&path), at + 1));
            }
        }
    }
    report("take these out", found);
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|it| it == ending)
}

#[test]
fn the_language_opens_no_file() {
    let words = ["std::fs", "File::open", "std::env::", "std::process", "std::net", "std::io"];
    let mut found = Vec::new();
    for path in files(&root().join("lang"), &["rs"]) {
        let name = shown(&path);
        if name.contains("/examples/") || name.starts_with("lang/nnc-lsp/") {
            continue;
        }
        for word in words.iter().filter(|word| code(&path).contains(**word)) {
            found.push(format!("{name}: {word}"));
        }
    }
    report("the language takes all it needs as arguments", found);
}

#[test]
fn every_program_parses() {
    let mut sources = nnc_base::Sources::new();
    let mut count = 0;
    let mut found = String::new();
    for path in all(&["nn"]).iter().filter(|it| !shown(it).starts_with("tests/ui/")) {
        count += 1;
        let text = read(path).unwrap_or_default();
        let file = sources.add(shown(path), text.as_str());
        let parsed = nnc_syntax::parse(file, &text);
        for diagnostic in &parsed.diagnostics {
            found.push_str(&nnc_driver::render::short(&sources, diagnostic));
        }
    }
    assert!(count > 100, "only {count} programs were found");
    assert!(found.is_empty(), "{found}");
}

#[test]
fn every_crate_says_what_it_is() {
    let mut found = Vec::new();
    for package in arrows::packages() {
        let folder = package.manifest.parent().unwrap_or(&package.manifest);
        let manifest = read(&package.manifest).unwrap_or_default();
        if package.description.is_none_or(|it| it.is_empty()) {
            found.push(format!("{}: no description", package.name));
        }
        if package.license.as_deref() != Some("MIT OR Apache-2.0") {
            found.push(format!("{}: no licence", package.name));
        }
        if !manifest.contains("[lints]\nworkspace = true") {
            found.push(format!("{}: not under the workspace's lints", package.name));
        }
        if folder.file_name().is_none_or(|it| it.to_string_lossy() != package.name)
            && !["stdlib", "examples/zoo", "tests"].contains(&shown(folder).as_str())
        {
            found.push(format!("{}: its folder is {}", package.name, shown(folder)));
        }
        let page = ["src/lib.rs", "src/main.rs"].iter().find_map(|it| read(&folder.join(it)).ok());
        if page.is_none_or(|it| !it.starts_with("//! ")) {
            found.push(format!("{}: its first page has no head", package.name));
        }
    }
    report("a crate", found);
}

/// What a person who has never seen this looks for.
const SECTIONS: [&str; 4] = ["start", "minutes", "map", "licen"];

/// The line that passes all tests, which `.ci/run` has too.
const TESTS: &str = "cargo test --workspace";

#[test]
fn the_readme_leads_everywhere() {
    let text = read(&root().join("README.md")).unwrap();
    let headings: Vec<String> =
        text.lines().filter(|it| it.starts_with('#')).map(str::to_lowercase).collect();
    let mut found = Vec::new();
    for section in SECTIONS {
        if !headings.iter().any(|it| it.contains(section)) {
            found.push(format!("no section about `{section}`"));
        }
    }
    for package in arrows::packages() {
        let folder = shown(package.manifest.parent().unwrap_or(&package.manifest));
        if !text.contains(&format!("| `{folder}` ")) {
            found.push(format!("{folder} is not on the map"));
        }
    }
    let ci = read(&root().join(".ci/run")).unwrap_or_default();
    if !text.contains(TESTS) || !ci.contains(TESTS) {
        found.push(format!("`{TESTS}` is not in both README.md and .ci/run"));
    }
    for link in text.split("](").skip(1).filter_map(|it| it.split(')').next()) {
        let path = link.split('#').next().unwrap_or(link);
        if !link.contains("://") && !path.is_empty() && !root().join(path).exists() {
            found.push(format!("{link} leads nowhere"));
        }
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        if !root().join(licence).exists() {
            found.push(format!("{licence} is not there"));
        }
    }
    report("README.md", found);
}
