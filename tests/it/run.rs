//! What programs compute: every `tests/run/*.nn` and `tests/pyrefly/*.nn`, on every engine.
//!
//! A program ends with comments that say how it is run and what comes out:
//!
//! ```text
//! # params: random(9)
//! # params *norm*.weight: random(9, 0.5, 1.5)
//! # param norm.running_var = random(4, [7], 0.5, 1.5)
//! # stored h.0.c_attn.weight: f16 = random(5, [12, 36])
//! # run: forward(x = random(3, [5, 7])) => output = expected
//! # run: step(ids = [[3, 0, 6]]) where S = 8, cache.len = 0
//! #     => scores = expected, cache.k = expected, cache.len = 3
//! # then: step(ids = [[2]]) => scores = expected, cache.len = 4
//! # tolerance expected 2e-2: bf16 keeps 8 bits
//! ```
//!
//! - `params` fills all parameters of the models, each from the seed and its name, those
//!   whose names match a pattern otherwise; `param` says otherwise of one. For models with
//!   a checkpoint block, the tensors that the weight file has to have are filled instead,
//!   under the names that they have there; `stored` gives one, with (if it is not f32) its
//!   elements. Either way a weight file is written, and the compiler reads it as it would
//!   read anybody's.
//! - `run` calls an entry (`model.entry` where several models have one of that name) with
//!   inputs by name. State that is not given is zeros. Sizes that no input shows are given
//!   behind `where`. `then` goes on with the state and the sizes that the call before left.
//! - Behind `=>` stand outputs, state after the call by its input's name, and lengths.
//!   `expected` means the numbers in `expected/PROGRAM.txt` or beside it in `PROGRAM.txt`,
//!   which `expected.py` computed with numpy; `finite([2, 5])` means any numbers of that shape. Whatever is not named is held against the reference evaluator only.
//! - `tolerance` widens what is allowed: `expected` of the evaluator against the expected
//!   numbers, `optimised` of the evaluator on the optimised graph against that on the
//!   graph as it was lowered, `compiled` of the back ends against the evaluator. Unless
//!   said otherwise it is [`TOLERANCE`] (see [`compare`]); a reason must follow.
//! - A line that starts with `#` and four spaces goes on with the line before. From the
//!   first of these comments to the end of the file there is nothing else.
//!
//! Values: a number, `true`, `nan`, `inf`, lists of them; `random(SEED, [SHAPE])` and
//! `random(SEED, [SHAPE], LOW, HIGH)`; `integers(SEED, [SHAPE], LOW, END)`: see [`value`].
//!
//! Expected numbers come with the parameters that the transcription asked for: `asked ENTRY NAME
//! [SHAPE]`, which the table of [`crate::zoo`] holds against those of the model.
//!
//! All `test` blocks of a program are run, too. `NNC_RUN=text` keeps to the programs whose
//! names contain the text.

mod arguments;
pub(crate) mod case;
mod compare;
mod compiled;
mod directive;
mod engine;
pub(crate) mod expected;
mod traced;
mod value;
mod weights;

use crate::support;
use case::{Case, library_tests};
use nnc_backend::Backend;
use nnc_driver::{ModelId, Session};
use std::path::Path;
use std::sync::OnceLock;
pub(crate) use value::Random;
use weights::Weights;

/// Of a number against the greater of its own size and the tensor's mean size.
const TOLERANCE: f64 = 1e-5;

/// There are at least so many programs; a suite must not shrink unnoticed.
const FLOOR: usize = 60;

/// The weight file of a model of a session, as the comments of its program say.
pub(crate) fn weights_of(
    path: &Path,
    session: &Session,
    model: ModelId,
) -> Result<Weights, String> {
    let directives = directive::parse(&support::read(path)?)?;
    let lowered = session.lowered(model).map_err(|failure| failure.to_string())?;
    let declaration = session.declaration(model);
    Weights::of(session.best_program(), declaration, &lowered.written, &directives)
}

/// Every program, checked, lowered and run on the evaluator.
pub(crate) fn cases() -> &'static [(String, Result<Case, String>)] {
    static CASES: OnceLock<Vec<(String, Result<Case, String>)>> = OnceLock::new();
    CASES.get_or_init(|| {
        let filter = std::env::var("NNC_RUN").unwrap_or_default();
        let files = ["tests/run", "tests/pyrefly"]
            .map(|folder| support::files(&support::root().join(folder), &["nn"]));
        (files.iter().flatten())
            .filter_map(|path| {
                let name = path.file_stem()?.to_str()?.to_owned();
                name.contains(&filter).then(|| (name, Case::load(path)))
            })
            .collect()
    })
}

/// Runs a check of every program that could be loaded, and reports all failures.
fn each(check: impl Fn(&str, &Case) -> Result<(), String>) {
    let failures: Vec<String> = (cases().iter())
        .filter_map(|(name, case)| {
            let failure = check(name, case.as_ref().ok()?).err()?;
            Some(format!("== {name}\n{failure}"))
        })
        .collect();
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn programs_check_and_lower() {
    let failures: Vec<String> = (cases().iter())
        .filter_map(|(name, case)| Some(format!("== {name}\n{}", case.as_ref().err()?)))
        .collect();
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn there_are_enough_programs() {
    if std::env::var("NNC_RUN").is_err() {
        assert!(cases().len() >= FLOOR, "{} programs; there were {FLOOR}", cases().len());
    }
}

#[test]
fn the_evaluator_gives_what_is_expected() {
    each(|_, case| case.check_expected());
}

#[test]
fn optimising_changes_no_result() {
    each(|_, case| case.check_optimised());
}

#[test]
fn reading_and_replacing_values_on_the_way_changes_no_result() {
    use std::sync::atomic::Ordering::Relaxed;
    each(|_, case| case.check_traced());
    let [changed, vain] = traced::CHANGES.each_ref().map(|it| it.load(Relaxed));
    // A value may be rounded away, or stand behind a `max` that does not let it through.
    assert!(changed > 2 * vain, "{changed} other values changed the outputs, {vain} did not");
}

/// Programs that a back end cannot run yet: its name, the program's, why. A program that
/// it can run must not be here.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Every back end there is, with the machines whose code runs on this one; `host` stands
/// for the machine that is most like this one.
fn backends() -> Vec<(Box<dyn Backend>, Vec<&'static str>)> {
    vec![
        #[cfg(feature = "llvm")]
        {
            let runs = |name: &&str| {
                *name != "avx512" && nnc_cpu::Target::named(name).is_some_and(|it| it.runs_here())
            };
            (Box::new(nnc_cpu::Cpu), nnc_cpu::NAMES.into_iter().filter(runs).collect())
        },
    ]
}

#[test]
fn compiled_code_agrees_with_the_evaluator() {
    for (backend, machines) in backends() {
        let name = backend.name();
        each(|program, case| {
            let exception = EXCEPTIONS.iter().find(|it| (it.0, it.1) == (name, program));
            for machine in &machines {
                match (case.check_compiled(&*backend, machine), exception) {
                    (Ok(()), None) | (Err(_), Some(_)) => {}
                    (Ok(()), Some(it)) => {
                        return Err(format!("runs on {machine}: not so {:?}", it.2));
                    }
                    (Err(error), None) => return Err(format!("on {name}, {machine}:\n{error}")),
                }
            }
            Ok(())
        });
    }
}

#[test]
fn the_tests_of_the_library_hold() {
    let tests = library_tests().unwrap();
    assert_eq!(tests.check_expected(), Ok(()));
    assert_eq!(tests.check_optimised(), Ok(()));
    for (backend, machines) in backends() {
        for machine in machines {
            assert_eq!(tests.check_compiled(&*backend, machine), Ok(()), "on {machine}");
        }
    }
}

#[test]
fn no_expected_numbers_are_left_over() {
    let folder = support::root().join("tests/run/expected");
    let stale: Vec<String> = (support::files(&folder, &["txt"]).iter())
        .filter(|path| {
            let name = path.file_stem().and_then(|it| it.to_str());
            name.is_none_or(|name| !folder.with_file_name(format!("{name}.nn")).exists())
        })
        .map(|path| crate::support::shown(path))
        .collect();
    assert!(stale.is_empty(), "no program has these: {stale:?}");
}
