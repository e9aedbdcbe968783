//! What every public item of the library has, and what the compiler must not have of it.

use super::{code, report};
use crate::support::{files, read, root, shown};
use crate::zoo::library::items;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_item_of_the_library_says_what_it_computes_and_shows_it() {
    let mut found = Vec::new();
    for item in items() {
        let name = format!("{}.{}", item.name.0, item.name.1);
        let (mut prose, mut examples, mut fenced) = (String::new(), 0, false);
        for line in item.docs.lines() {
            match line.trim() {
                "```nn" => fenced = true,
                "```" => fenced = false,
                _ if fenced => examples += usize::from(line.contains("assert ")),
                _ => prose.push_str(line),
            }
        }
        if examples == 0 {
            found.push(format!("{name}: no example that asserts something"));
        }
        // An equation, a source with its year, or the item that it is a case of; of a function
        // that has no formula, words enough.
        let formula = prose.contains('`') && prose.contains(['=', '+', '<', '*', '/']);
        let year = prose
            .split(|it: char| !it.is_ascii_digit())
            .any(|it| matches!(it.parse(), Ok(1800..=2100)));
        let layer = item.name.1.starts_with(char::is_uppercase);
        let said = !layer && prose.split_whitespace().count() >= 4;
        if !formula && !year && !prose.contains("[`") && !said {
            found.push(format!("{name}: neither an equation nor a source"));
        }
    }
    report("document these", found);
}

/// Words of the compiler that an item of the library has for its name as well, with the file and
/// what the compiler means by it; `*` stands for any file.
const OTHER_MEANINGS: &[(&str, &str, &str)] = &[
    ("Block", "*", "statements with a value, of a program or of scalar code"),
    ("Linear", "lang/nnc-sema/src/errors/handed.rs", "an example in a message"),
    ("Linear", "compiler/nnc-opt/src/fold_norms/after.rs", "scale * x + offset, whoever wrote it"),
    ("Linear", "compiler/nnc-opt/src/merge_sums/terms.rs", "a sum of terms"),
    ("attention", "compiler/nnc-plan/src/body/products.rs", "a kernel of two products"),
    ("attention", "compiler/nnc-driver/src/profile.rs", "the same, in a table"),
    ("features", "lang/nnc-sema/src/errors/shapes.rs", "the plural of the kind `feat`"),
    ("half", "lang/nnc-sema/src/types.rs", "what others call f16"),
    ("half", "compiler/nnc-weights/src/torch/rebuild.rs", "what torch calls f16"),
    ("heads", "compiler/nnc/src/command/cost.rs", "those of a transformer, counted"),
    ("heads", "lang/nnc-sema/src/errors/shapes.rs", "the plural of the kind `head`"),
    ("average", "lang/nnc-hir/src/rewrite.rs", "a rewrite: of depths"),
    ("average", "lang/nnc-sema/src/rewrites.rs", "the same"),
    ("heads", "lang/nnc-hir/src/rewrite.rs", "a rewrite: which stay"),
    ("heads", "lang/nnc-sema/src/rewrites.rs", "the same"),
    ("length", "lang/nnc-rasp/src/meta/expr.rs", "RASP's own `length`"),
    ("sort", "*", "the language's own, of any elements; `std.rasp` has one for transformers"),
    // `nnc build --as-transformer` writes a program that uses the library, as a person would.
    ("Transformer", "*", "the result of `--as-transformer`"),
    ("std.", "compiler/nnc-transformer/src/transformer.rs", "the program it writes"),
    ("unembed", "compiler/nnc-transformer/src/transformer.rs", "a weight of that program"),
    // What is said to people, of modules and not of what is in them.
    ("std.", "compiler/nnc-driver/src/picture.rs", "the library's layers are one box each"),
    ("std.", "lang/nnc-sema/src/questions/fill.rs", "the order of an answer"),
    ("std.", "lang/nnc-sema/src/errors/names.rs", "an example in a message"),
    ("std.", "lang/nnc-sema/src/errors/shapes.rs", "where a repair is found"),
    ("std.", "lang/nnc-syntax/src/habits.rs", "an example in a message"),
];

/// A compiler that knew a layer would say its name: as a string that it compares with, or as a
/// type that stands for it.
#[test]
fn no_item_of_the_library_is_named_in_the_compiler() {
    let names: BTreeSet<String> = items().into_iter().map(|it| it.name.1).collect();
    assert!(names.len() > 300 && names.contains("Conv2d") && names.contains("relu"));
    let mut meant = BTreeSet::new();
    let mut found = Vec::new();
    for folder in ["lang", "compiler", "backends"] {
        for path in files(&root().join(folder), &["rs"]) {
            let file = shown(&path);
            if file.contains("/examples/") {
                continue;
            }
            let words = words(&code(&path));
            let whole = words.strings.iter().filter(|it| names.contains(*it)).cloned();
            let modules = words.strings.iter().filter_map(|it| {
                let at = it.find("std.")?;
                let rest = it[at..].find(|it: char| !(it.is_alphanumeric() || "._".contains(it)));
                Some(it[at..rest.map_or(it.len(), |rest| at + rest)].to_owned())
            });
            let types = words.types.iter().filter(|it| names.contains(*it)).cloned();
            for word in whole.chain(modules).chain(types) {
                let means = |it: &&(&str, &str, &str)| {
                    (it.0 == word || it.0 == "std." && word.starts_with("std."))
                        && (it.1 == "*" || it.1 == file)
                };
                match OTHER_MEANINGS.iter().position(|it| means(&it)) {
                    Some(at) => _ = meant.insert(at),
                    None => found.push(format!("{file}: {word}")),
                }
            }
        }
    }
    for (at, (word, file, _)) in OTHER_MEANINGS.iter().enumerate() {
        if !meant.contains(&at) {
            found.push(format!("{file}: `{word}` need not be in the list"));
        }
    }
    report("the compiler names items of the library", found);
}

/// What a text in Rust names.
#[derive(Default)]
struct Words {
    /// The contents of string literals.
    strings: BTreeSet<String>,
    /// Capitalised names outside of strings and comments.
    types: BTreeSet<String>,
}

fn words(text: &str) -> Words {
    let mut words = Words::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = ["r\"", "r#\"", "r##\""].iter().find(|it| rest.starts_with(**it));
        let end = if let Some(open) = raw {
            let close = format!("\"{}", "#".repeat(open.len() - 2));
            let end = rest[open.len()..].find(&close).unwrap_or(rest.len() - open.len());
            words.strings.insert(rest[open.len()..open.len() + end].to_owned());
            open.len() + end + close.len()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|it| {
                let ends = it == '"' && !escaped;
                escaped = it == '\\' && !escaped;
                ends
            });
            let end = end.unwrap_or(rest.len() - 1);
            words.strings.insert(rest[1..1 + end].to_owned());
            end + 2
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').map_or(rest.len(), |it| it + 2)
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|it: char| !(it.is_alphanumeric() || it == '_'));
            let name = &rest[..end.unwrap_or(rest.len())];
            if first.is_uppercase() {
                words.types.insert(name.to_owned());
            }
            name.len()
        } else {
            first.len_utf8()
        };
        rest = rest.get(end..).unwrap_or_default();
    }
    words
}

#[test]
fn names_are_found_in_rust() {
    let found = words(
        "let a = \"re\\\"lu\"; // Conv2d\nmatch '\"' { Linear(x) => r#\"so\"ft\"#, b'a' => \"\" }",
    );
    assert_eq!(found.strings.into_iter().collect::<Vec<_>>(), ["", "re\\\"lu", "so\"ft"]);
    assert_eq!(found.types.into_iter().collect::<Vec<_>>(), ["Linear"]);
}

/// The graph has so many operations at the most.
const MOST_OPERATIONS: usize = 30;

#[test]
fn the_core_is_small_and_knows_no_layer() {
    let text = read(&root().join("compiler/nnc-graph/src/op.rs")).unwrap_or_default();
    let body = text.split_once("pub enum Op {").and_then(|it| it.1.split_once("\n}"));
    let body = body.map_or("", |it| it.0);
    let variant = |line: &str| {
        let line = line.strip_prefix("    ").filter(|it| it.starts_with(char::is_uppercase))?;
        let end = line.find(|it: char| !it.is_alphanumeric());
        Some(line[..end.unwrap_or(line.len())].to_lowercase())
    };
    let operations: Vec<String> = body.lines().filter_map(variant).collect();
    assert!((5..=MOST_OPERATIONS).contains(&operations.len()), "{operations:?}");
    let named: BTreeMap<String, String> = items()
        .into_iter()
        .filter(|it| it.name.1.starts_with(char::is_uppercase))
        .map(|it| (it.name.1.to_lowercase(), it.name.1))
        .collect();
    let same = operations.iter().filter_map(|it| named.get(it));
    report("operations of the graph that are called after layers", same.cloned().collect());
}

/// The families that the library is made of: what the names of programs in `tests/ui` start
/// with that use them wrongly, in a folder.
const FAMILIES: &[(&str, &[&str])] = &[
    ("library", &["activation", "attention", "decode", "distribution", "implicit", "linear"]),
    ("library", &["long_convolution", "loss", "memory", "norm", "pool", "position"]),
    ("library", &["recurrent", "routing", "state_space", "structured"]),
    ("convolution", &[""]),
];

/// Each family has so many at the least.
const WRONG_USES: usize = 5;

#[test]
fn each_family_of_the_library_has_programs_that_are_refused() {
    let mut found = Vec::new();
    for (folder, families) in FAMILIES {
        let programs = files(&root().join("tests/ui").join(folder), &["nn"]);
        for family in *families {
            let starts = |path: &&std::path::PathBuf| {
                let name = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
                name.starts_with(family)
            };
            let count = programs.iter().filter(starts).count();
            if count < WRONG_USES {
                found.push(format!("{folder}/{family}: {count} programs"));
            }
        }
    }
    report(&format!("fewer than {WRONG_USES} wrong uses"), found);
}
