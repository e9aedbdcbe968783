//! Programs in prose: ```` ```nn ```` blocks in which `# error: E0201` and
//! `# revealed: f32[B, T]` behind a line say what the checker answers there. What no
//! comment announces must not be said.

use std::collections::BTreeSet;

use super::{check, render};
use crate::{codes, explain};

/// The programs of a page, each with the line it begins at.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (i, line) in page.lines().enumerate() {
        if line.trim_end() == "```nn" {
            inside = true;
            blocks.push((i + 2, String::new()));
        } else if line.trim_end() == "```" {
            inside = false;
        } else if inside && let Some((_, text)) = blocks.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    blocks
}

/// What is wrong with a program's answers, and the codes that it gave.
fn run(name: &str, start: usize, text: &str) -> (String, BTreeSet<String>) {
    let mut expected: BTreeSet<(usize, String)> = BTreeSet::new();
    for (i, line) in text.lines().enumerate() {
        if let Some((_, code)) = line.split_once("# error: ") {
            for code in code.split(',') {
                expected.insert((i + 1, code.trim().to_owned()));
            }
        }
        if let Some((_, ty)) = line.split_once("# revealed: ") {
            expected.insert((i + 1, ty.trim().to_owned()));
        }
    }
    let (sources, analysis) = check(&[("main", text)]);
    let mut report = String::new();
    let mut given = BTreeSet::new();
    let mut found = BTreeSet::new();
    for diagnostic in &analysis.diagnostics {
        let file = sources.get(diagnostic.span().file);
        let line = file.map_or(0, |file| file.position(diagnostic.span().start).line as usize);
        given.insert(diagnostic.code.0.to_owned());
        let answer = match diagnostic.code.0 {
            "E0190" => diagnostic.message.clone(),
            code => code.to_owned(),
        };
        let own = file.is_some_and(|file| file.name == "main");
        if own && expected.contains(&(line, answer.clone())) {
            found.insert((line, answer));
        } else {
            let at = start + line - 1;
            report
                .push_str(&format!("{name}:{at}: not expected\n{}", render(&sources, diagnostic)));
        }
    }
    for (line, answer) in expected.difference(&found) {
        report.push_str(&format!("{name}:{}: `{answer}` was not said\n", start + line - 1));
    }
    (report, given)
}

#[test]
fn the_reference_runs() {
    let pages = [
        ("dims.md", include_str!("../../spec/dims.md")),
        ("axes.md", include_str!("../../spec/axes.md")),
        ("index-notation.md", include_str!("../../spec/index-notation.md")),
        ("guards.md", include_str!("../../spec/guards.md")),
        ("intent.md", include_str!("../../spec/intent.md")),
        ("layers.md", include_str!("../../spec/layers.md")),
        ("equivalence.md", include_str!("../../spec/equivalence.md")),
        ("elements.md", include_str!("../../spec/elements.md")),
        ("optional.md", include_str!("../../spec/optional.md")),
        ("tests.md", include_str!("../../spec/tests.md")),
        ("effects.md", include_str!("../../spec/effects.md")),
        ("state.md", include_str!("../../spec/state.md")),
        ("models.md", include_str!("../../spec/models.md")),
        ("rewrites.md", include_str!("../../spec/rewrites.md")),
        ("convolution.md", include_str!("../../spec/convolution.md")),
    ];
    let mut report = String::new();
    for (name, page) in pages {
        for (start, text) in blocks(page) {
            report.push_str(&run(name, start, &text).0);
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// Pages without a program: one that would be too large, one that needs two files, and those
/// of questions about a program.
const WITHOUT_A_PROGRAM: [&str; 4] = ["E0020", "E0107", "E0520", "E0521"];

/// The codes that a crate's constructors of messages name.
fn codes_in(sources: &[&'static str]) -> BTreeSet<&'static str> {
    let codes = sources.iter().flat_map(|source| source.split("Code(\"").skip(1));
    codes.filter_map(|it| it.split('"').next()).collect()
}

#[test]
fn every_code_has_a_page_whose_first_example_gives_it() {
    let used = codes_in(&[
        include_str!("../errors/checkpoints.rs"),
        include_str!("../errors/elements.rs"),
        include_str!("../errors/facts.rs"),
        include_str!("../errors/index.rs"),
        include_str!("../errors/intent.rs"),
        include_str!("../errors/layers.rs"),
        include_str!("../errors/models.rs"),
        include_str!("../errors/names.rs"),
        include_str!("../errors/optional.rs"),
        include_str!("../errors/rewrites.rs"),
        include_str!("../errors/shapes.rs"),
        include_str!("../errors/sizes.rs"),
        include_str!("../errors/state.rs"),
        include_str!("../../../nnc-syntax/src/errors.rs"),
    ]);
    let known: BTreeSet<&str> = codes().collect();
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty(), "without a page: {missing:?}");
    let mut report = String::new();
    for code in used {
        let page = explain(code).unwrap();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: its page has another head");
        let programs = blocks(page);
        let Some((_, text)) = programs.first() else {
            if !WITHOUT_A_PROGRAM.contains(&code) {
                report.push_str(&format!("{code}: no example\n"));
            }
            continue;
        };
        let (messages, given) = run(code, 1, text);
        if given != BTreeSet::from([code.to_owned()]) {
            report.push_str(&format!("{code}: its example gives {given:?}\n{messages}"));
        }
        if programs.len() < 2 && !WITHOUT_A_PROGRAM.contains(&code) {
            report.push_str(&format!("{code}: no repair\n"));
        }
        for (_, text) in &programs[1..] {
            let (messages, given) = run(code, 1, text);
            if !given.is_empty() {
                report.push_str(&format!("{code}: its repair gives {given:?}\n{messages}"));
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn codes_are_in_order_and_have_one_page() {
    let all: Vec<&str> = codes().collect();
    let mut sorted = all.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(all, sorted);
}
