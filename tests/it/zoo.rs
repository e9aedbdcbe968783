//! The zoo and the library: every `examples/zoo/NAME`, and every function and layer of `std`,
//! gives what an independent implementation gives.
//!
//! `check.nn` has the architecture at small and odd sizes with comments as in [`crate::run`];
//! `check.txt` has what `reference.py` computed, and how many parameters the implementation
//! has at the sizes of `model.nn`. `cargo test -p nnc-tests zoo -- --nocapture` prints the
//! table, with the library's rows behind the members', see [`library`]. `NNC_ZOO=text` keeps to
//! the members and items whose names contain the text; `UPDATE_ZOO=1` writes the pictures in the
//! members' pages.

pub(crate) mod library;

use crate::run::case::{CallErrors, Case};
use crate::run::expected::read_parameters;
use crate::support::{read, root};
use nnc_driver::cost::ParamCount;
use nnc_driver::render::{Format, Style, error};
use nnc_driver::{Error, Session};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What outputs may be off, unless a `# tolerance expected` says otherwise.
const TOLERANCE: f64 = 1e-4;

/// And what such a comment may allow: for long recurrences.
const MOST_TOLERANCE: f64 = 1e-3;

/// What an engine cannot run yet: a member's name, the engine's, why.
const UNSUPPORTED: &[(&str, &str, &str)] = &[];

const ENGINES: [&str; 3] = ["evaluator", "optimised", "cpu"];

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Passed,
    Unsupported,
    Failed,
}

/// How many rows there are of each verdict, and what is to be said of those that failed.
#[derive(Default)]
struct Tally {
    passed: usize,
    unsupported: usize,
    failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, verdict: Verdict, failures: impl FnOnce() -> String) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Unsupported => self.unsupported += 1,
            Verdict::Failed => self.failures.push(failures()),
        }
    }

    /// The last line of a table.
    fn line(&self) -> String {
        let failed = self.failures.len();
        format!("{} passed, {} unsupported, {failed} failed", self.passed, self.unsupported)
    }
}

/// A line of the table.
struct Report {
    name: String,
    /// At the published size: ours and the reference's, or what went wrong.
    parameters: Result<Vec<(u64, u64)>, String>,
    /// For each engine, how far it is off, or what went wrong.
    errors: Vec<Result<f64, String>>,
    tolerance: f64,
}

impl Report {
    fn of(folder: &Path) -> Report {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let parameters = parameters(folder);
        let (errors, tolerance) = match Case::load(&folder.join("check.nn")) {
            Ok(case) => (errors(&case), case.stated_tolerance().unwrap_or(TOLERANCE)),
            Err(wrong) => (vec![Err(wrong); ENGINES.len()], TOLERANCE),
        };
        Report { name, parameters, errors, tolerance }
    }

    fn verdict(&self) -> Verdict {
        let equal = self
            .parameters
            .as_ref()
            .is_ok_and(|it| !it.is_empty() && it.iter().all(|(ours, theirs)| ours == theirs));
        let mut verdict = Verdict::Passed;
        if !equal || self.tolerance > MOST_TOLERANCE {
            verdict = Verdict::Failed;
        }
        for (engine, error) in ENGINES.iter().zip(&self.errors) {
            let known = UNSUPPORTED.iter().any(|it| (it.0, it.1) == (self.name.as_str(), *engine));
            match error {
                Ok(error) if *error <= self.tolerance && !known => {}
                Err(_) if known && verdict == Verdict::Passed => verdict = Verdict::Unsupported,
                Err(_) if known => {}
                Ok(_) | Err(_) => verdict = Verdict::Failed,
            }
        }
        verdict
    }

    fn line(&self) -> String {
        let parameters = match &self.parameters {
            Err(_) => "unknown".to_owned(),
            Ok(counts) => {
                let count = |(ours, theirs): &(u64, u64)| match ours == theirs {
                    true => format!("{ours} =="),
                    false => format!("{ours} != {theirs}"),
                };
                counts.iter().map(count).collect::<Vec<_>>().join(", ")
            }
        };
        let error = |it: &Result<f64, String>| match it {
            Ok(error) => format!("{error:>10.1e}"),
            Err(_) => format!("{:>10}", "-"),
        };
        let errors: Vec<String> = self.errors.iter().map(error).collect();
        let verdict = match self.verdict() {
            Verdict::Passed => "",
            Verdict::Unsupported => "  unsupported",
            Verdict::Failed => "  FAILED",
        };
        format!("{:<24} {parameters:>28}  {}{verdict}", self.name, errors.join("  "))
    }

    /// What went wrong, in sentences.
    fn failures(&self) -> String {
        let mut text = format!("== {}\n", self.name);
        if let Err(wrong) = &self.parameters {
            text.push_str(&format!("  parameters: {wrong}\n"));
        }
        if let [Err(first), rest @ ..] = self.errors.as_slice()
            && rest.iter().all(|it| it.as_ref().err() == Some(first))
        {
            return text + first;
        }
        for (engine, error) in ENGINES.iter().zip(&self.errors) {
            match error {
                Ok(error) if *error <= self.tolerance => {}
                Ok(error) => text.push_str(&format!("  {engine}: off by {error:.1e}\n")),
                Err(wrong) => text.push_str(&format!("  {engine}: {wrong}\n")),
            }
        }
        text
    }
}

/// How far each engine is off.
fn errors(case: &Case) -> Vec<Result<f64, String>> {
    let worst = |calls: CallErrors| {
        let calls = calls?.into_iter().flatten();
        calls.into_iter().try_fold(0.0_f64, |worst, error| Ok(error?.max(worst)))
    };
    vec![worst(case.errors()), worst(case.errors_optimised()), worst(compiled(case))]
}

#[cfg(feature = "llvm")]
fn compiled(case: &Case) -> CallErrors {
    case.errors_compiled(&nnc_cpu::Cpu, "host")
}

/// There is no compiled code without LLVM; the evaluator stands in its place.
#[cfg(not(feature = "llvm"))]
fn compiled(case: &Case) -> CallErrors {
    case.errors()
}

/// The counts of the models of `model.nn` beside those of the reference.
fn parameters(folder: &Path) -> Result<Vec<(u64, u64)>, String> {
    let session = Session::open(&folder.join("model.nn")).map_err(|error| error.to_string())?;
    let told = |failure: Error| error(session.sources(), &failure, Format::Human, Style::PLAIN);
    let diagnostics = session.diagnostics();
    if !diagnostics.is_empty() {
        return Err(told(Error::Program(diagnostics)));
    }
    let mut counts = Vec::new();
    for (model, theirs) in read_parameters(&folder.join("check.txt"))? {
        let id = session.model(Some(&model)).map_err(told)?;
        let ours = ParamCount::of(&session.lowered(id).map_err(told)?.params).trained;
        counts.push((ours, theirs));
    }
    Ok(counts)
}

fn filter() -> String {
    std::env::var("NNC_ZOO").unwrap_or_default()
}

/// The folders of the zoo, by name.
fn members() -> Vec<PathBuf> {
    let filter = filter();
    let entries = std::fs::read_dir(root().join("examples/zoo")).unwrap();
    let mut folders: Vec<PathBuf> = entries
        .map(|it| it.unwrap().path())
        .filter(|it| it.join("model.nn").exists())
        .filter(|it| it.file_name().is_some_and(|it| it.to_string_lossy().contains(&filter)))
        .collect();
    folders.sort();
    folders
}

#[test]
fn zoo() {
    let folders = members();
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(folder) = folders.get(next.fetch_add(1, Relaxed)) {
                    let report = Report::of(folder);
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by(|a, b| a.name.cmp(&b.name));
    let heads = ENGINES.map(|it| format!("{it:>10}")).join("  ");
    println!("{:<24} {:>28}  {heads}", "member", "parameters == reference");
    let mut zoo = Tally::default();
    for report in &reports {
        println!("{}", report.line());
        zoo.add(report.verdict(), || report.failures());
    }
    let mut library = Tally::default();
    library::table(&filter(), &mut library);
    println!("\nzoo: {}\nlibrary: {}", zoo.line(), library.line());
    let failures = [zoo.failures, library.failures].concat();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Holds the picture in a page against the program, or writes it.
fn picture(folder: &Path, page: &str) -> Result<(), String> {
    let session = Session::open(&folder.join("model.nn")).map_err(|error| error.to_string())?;
    let told = |failure: Error| error(session.sources(), &failure, Format::Human, Style::PLAIN);
    let first = session.models().map_err(told)?.into_iter().next().ok_or("no model")?;
    let picture = session.emit_picture(first, None).map_err(told)?;
    let fence = "```mermaid\n";
    let there = page.split_once(fence).and_then(|(front, rest)| {
        let (picture, rest) = rest.split_once("```\n")?;
        Some((front, picture, rest))
    });
    let (front, rest) = match there {
        Some((_, there, _)) if there == picture => return Ok(()),
        Some((front, _, rest)) => (front, rest.to_owned()),
        None => {
            let heading = "## Where it is from";
            let (front, rest) = page.split_once(heading).ok_or("a page without headings")?;
            (front, format!("\n{heading}{rest}"))
        }
    };
    if std::env::var_os("UPDATE_ZOO").is_some() {
        let text = format!("{front}{fence}{picture}```\n{rest}");
        return std::fs::write(folder.join("README.md"), text).map_err(|error| error.to_string());
    }
    let missing = there.is_none();
    if missing { Ok(()) } else { Err("another picture: `UPDATE_ZOO=1` writes it".to_owned()) }
}

#[test]
fn every_member_is_described() {
    let mut found = Vec::new();
    for folder in members() {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in ["README.md", "reference.py", "check.nn", "check.txt"] {
            if !folder.join(file).exists() {
                found.push(format!("{name}: no {file}"));
            }
        }
        let text = read(&folder.join("model.nn")).unwrap();
        let head = text.lines().next().unwrap_or_default();
        if !head.starts_with("# ") || !head.contains(": ") || !head.ends_with('.') {
            found.push(format!("{name}: model.nn begins with `# Name: what it is.`"));
        }
        let page = read(&folder.join("README.md")).unwrap_or_default();
        for (model, count) in read_parameters(&folder.join("check.txt")).unwrap_or_default() {
            if !page.replace(',', "").contains(&count.to_string()) {
                found.push(format!("{name}: README.md does not say that {model} has {count}"));
            }
        }
        if let Err(wrong) = picture(&folder, &page) {
            found.push(format!("{name}: {wrong}"));
        }
        for heading in ["## Where it is from", "## The lines that matter", "## Checked"] {
            if !page.contains(heading) {
                found.push(format!("{name}: README.md has no `{heading}`"));
            }
        }
    }
    assert!(found.is_empty(), "  {}", found.join("\n  "));
}
