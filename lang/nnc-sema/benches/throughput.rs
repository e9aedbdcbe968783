//! How many lines a minute are read and checked, and how time grows with a program.
//!
//! `cargo bench -p nnc-sema` prints the medians of lexing, parsing (with lexing) and
//! checking the library and the examples, concatenated many times: as the modules of one
//! package, and as one long file in which each copy's names have endings of their own. Then it
//! prints the seconds that the largest example takes, and how the time of programs that
//! are made to be hard grows when they become four times as long: the exponent is 1 where
//! it grows with their length.
//!
//! `cargo bench -p nnc-sema -- NAME` keeps to the lines whose names contain `NAME`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

#[path = "throughput/hard.rs"]
mod hard;
#[path = "throughput/programs.rs"]
mod programs;

use nnc_base::Sources;
use nnc_sema::{ModuleInput, analyze};
use std::time::Instant;

/// Modules by name and text.
type Texts = Vec<(String, String)>;

/// Seconds for lexing, parsing and checking.
#[derive(Clone, Copy)]
struct Times {
    lex: f64,
    parse: f64,
    check: f64,
}

/// One run over all modules.
fn run(texts: &Texts, wants_messages: bool) -> Times {
    let mut sources = Sources::new();
    let files: Vec<_> =
        texts.iter().map(|(name, text)| sources.add(name.clone(), text.clone())).collect();
    let start = Instant::now();
    for ((_, text), file) in texts.iter().zip(&files) {
        std::hint::black_box(nnc_syntax::lex(*file, text));
    }
    let lex = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let parsed: Vec<_> =
        texts.iter().zip(&files).map(|((_, text), file)| nnc_syntax::parse(*file, text)).collect();
    let parse = start.elapsed().as_secs_f64();
    let inputs: Vec<ModuleInput<'_>> = (texts.iter().zip(&files).zip(&parsed))
        .map(|(((path, _), file), parsed)| ModuleInput { path, ast: &parsed.module, file: *file })
        .collect();
    let start = Instant::now();
    let analysis = analyze(&inputs);
    let check = start.elapsed().as_secs_f64();
    let messages = parsed.iter().flat_map(|it| &it.diagnostics).chain(&analysis.diagnostics);
    if !wants_messages && let Some(error) = messages.into_iter().find(|it| it.is_error()) {
        panic!(
            "a program of the benchmark has a mistake: {}: {error:?}",
            sources.text(error.span())
        );
    }
    Times { lex, parse, check }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The medians of so many runs.
fn medians(texts: &Texts, runs: usize, wants_messages: bool) -> Times {
    let times: Vec<Times> = (0..runs).map(|_| run(texts, wants_messages)).collect();
    Times {
        lex: median(times.iter().map(|it| it.lex).collect()),
        parse: median(times.iter().map(|it| it.parse).collect()),
        check: median(times.iter().map(|it| it.check).collect()),
    }
}

fn lines(texts: &Texts) -> usize {
    texts.iter().map(|(_, text)| text.lines().count()).sum()
}

fn throughput(name: &str, texts: &Texts) {
    let lines = lines(texts);
    let times = medians(texts, 5, false);
    let minute = |seconds: f64| lines as f64 / seconds * 60.0 / 1e6;
    println!(
        "{name:<24} {:>5} modules {lines:>7} lines: million lines a minute: lex {:>6.1}, parse {:>5.1}, check {:>5.1}, parse and check {:>5.1}",
        texts.len(),
        minute(times.lex),
        minute(times.parse),
        minute(times.check),
        minute(times.parse + times.check),
    );
}

fn growth(program: &hard::Program) {
    let at = |size: usize| {
        let texts = vec![("hard".to_owned(), (program.text)(size))];
        let times = medians(&texts, 3, program.has_errors);
        (times.parse, times.check)
    };
    let (small, large) = (at(program.size), at(4 * program.size));
    let exponent = |small: f64, large: f64| (large / small).ln() / 4f64.ln();
    println!(
        "{:<36} {:>7}: parse {:>7.1} ms, check {:>7.1} ms; {:>7}: parse {:>7.1} ms, check {:>7.1} ms; exponents {:>5.2} {:>5.2}",
        program.name,
        program.size,
        1e3 * small.0,
        1e3 * small.1,
        4 * program.size,
        1e3 * large.0,
        1e3 * large.1,
        exponent(small.0, large.0),
        exponent(small.1, large.1),
    );
}

fn main() {
    let wanted = std::env::args().skip(1).find(|it| !it.starts_with('-')).unwrap_or_default();
    let is_wanted = |name: &str| name.contains(&wanted);
    for copies in [1, 10, 100] {
        let name = format!("package, {copies} copies");
        if is_wanted(&name) {
            throughput(&name, &programs::package(copies));
        }
        let name = format!("one file, {copies} copies");
        if is_wanted(&name) {
            throughput(&name, &programs::one_file(copies));
        }
    }
    if is_wanted("largest example") {
        let (name, texts) = programs::largest_example();
        let times = medians(&texts, 11, false);
        println!(
            "largest example {name} with the library, {} lines: parse {:.2} ms, check {:.2} ms",
            lines(&texts),
            1e3 * times.parse,
            1e3 * times.check
        );
    }
    for program in hard::programs() {
        if is_wanted(program.name) {
            growth(&program);
        }
    }
}
