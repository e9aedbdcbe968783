//! The library and the examples, as many times as one likes.

use super::Texts;
use nnc_base::Sources;
use nnc_syntax::ast::ItemKind;
use nnc_syntax::{Tok, lex, parse};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The programs below a folder that need no other file but the library's, by path.
fn programs(folder: &Path) -> Texts {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "nn") {
                let text = std::fs::read_to_string(&path).unwrap();
                let uses = text.lines().filter_map(|it| it.trim().strip_prefix("use "));
                let alone = uses.into_iter().all(|it| it.trim().starts_with("std."));
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                if alone {
                    found.push((name, text));
                }
            }
        }
    }
    found.sort();
    found
}

/// The examples and the library's own modules.
fn corpus() -> Texts {
    let library = nnc_stdlib::modules()
        .iter()
        .map(|(name, text)| (name.replace('.', "/"), (*text).to_owned()));
    let mut texts = programs(&root().join("examples"));
    texts.extend(library);
    texts
}

fn library() -> Texts {
    nnc_stdlib::modules()
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// A package in which each program of the corpus is there so many times, with the library.
pub(super) fn package(copies: usize) -> Texts {
    let corpus = corpus();
    let mut texts: Texts = (0..copies)
        .flat_map(|copy| {
            corpus.iter().map(move |(name, text)| (format!("m{copy}.{name}"), text.clone()))
        })
        .collect();
    texts.extend(library());
    texts
}

/// What a program declares at its top level.
fn declared(text: &str) -> HashSet<String> {
    let file = Sources::new().add("", "");
    let module = parse(file, text).module;
    let mut names = HashSet::new();
    for item in &module.items {
        match &item.kind {
            ItemKind::Dims(dims) => names.extend(dims.iter().map(|it| it.name)),
            ItemKind::Elem(it) => names.extend([it.name]),
            ItemKind::Type(it) => names.extend([it.name]),
            ItemKind::Const(it) => names.extend([it.name]),
            ItemKind::Fn(it) => names.extend(it.name),
            ItemKind::Struct(it) => names.extend([it.name]),
            ItemKind::Layer(it) => names.extend([it.name]),
            ItemKind::Space(it) => names.extend([it.name]),
            ItemKind::Checkpoint(it) => names.extend([it.name]),
            ItemKind::Model(it) => names.extend([it.name]),
            ItemKind::Export(it) => names.extend(it.name),
            ItemKind::Use(_) | ItemKind::Kinds(_) | ItemKind::Test(_) | ItemKind::Error => {}
        }
    }
    names.into_iter().map(|it| it.as_str().to_owned()).collect()
}

/// A program with an ending behind each name that it declares, those of tests too. Its examples
/// in comments, which have the names as they were, are comments alone.
fn renamed(text: &str, names: &HashSet<String>, ending: &str) -> String {
    let text = &text.replace("##", "# ").replace("\ntest \"", &format!("\ntest \"{ending} "));
    let file = Sources::new().add("", "");
    let mut result = String::with_capacity(text.len() * 5 / 4);
    let mut at = 0;
    for token in &lex(file, text).tokens {
        let (start, end) = (token.span.start as usize, token.span.end as usize);
        result.push_str(&text[at..end]);
        at = end;
        let named = matches!(token.tok, Tok::Upper(_) | Tok::Lower(_));
        if named && names.contains(&text[start..end]) {
            result.push_str(ending);
        }
    }
    result.push_str(&text[at..]);
    result
}

/// One file with all programs of the corpus so many times, and the library.
pub(super) fn one_file(copies: usize) -> Texts {
    let corpus = corpus();
    let names: Vec<HashSet<String>> = corpus.iter().map(|(_, text)| declared(text)).collect();
    let mut text = String::new();
    for copy in 0..copies {
        for (program, ((_, program_text), names)) in corpus.iter().zip(&names).enumerate() {
            text.push_str(&renamed(program_text, names, &format!("_{copy}_{program}")));
            text.push('\n');
        }
    }
    let mut texts = vec![("all".to_owned(), text)];
    texts.extend(library());
    texts
}

/// The example with the most lines, with the library.
pub(super) fn largest_example() -> (String, Texts) {
    let examples = programs(&root().join("examples"));
    let largest = examples.into_iter().max_by_key(|(_, text)| text.lines().count()).unwrap();
    let name = largest.0.clone();
    let mut texts = vec![largest];
    texts.extend(library());
    (name, texts)
}
