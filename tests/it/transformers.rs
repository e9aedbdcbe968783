//! Functions as transformers are equal to the functions: on all inputs of up to eight of
//! four letters, and on longer ones at random.
//!
//! Three things are compared: what a function computes in plain Rust, what the evaluator
//! computes for it in the language, and the transformer, whose forward pass here skips
//! zeros and is itself held against the model as the evaluator and compiled code run it.

mod forward;
mod functions;

use crate::run::Random;
use crate::support::root;
use forward::Forward;
use functions::{FUNCTIONS, Function};
use nnc_driver::transformer::{Options, Transformer, transformer, write};
use nnc_driver::{Runner, Session, Tensor};
use nnc_graph::Elem;

const LETTERS: usize = 4;
/// Of all inputs.
const LENGTH: usize = 8;
/// Of those at random, of which there are [`RANDOM`] for each function.
const LONGER: usize = 16;
const RANDOM: usize = 1000;

fn session() -> Session {
    Session::open(&root().join("tests/transformers/functions.nn")).unwrap()
}

fn compiled(session: &Session, name: &str, length: usize, options: Options) -> Transformer {
    let sizes = [("T".to_owned(), length as i64)];
    transformer(session, name, &sizes, options).unwrap_or_else(|error| {
        let text = nnc_driver::render::error(
            session.sources(),
            &error,
            nnc_driver::render::Format::Human,
            nnc_driver::render::Style::PLAIN,
        );
        panic!("{name}: {text}")
    })
}

/// All sequences of up to so many letters.
fn all(length: usize) -> impl Iterator<Item = Vec<usize>> {
    (1..=length).flat_map(|length| {
        (0..LETTERS.pow(length as u32)).map(move |number| {
            (0..length).map(|at| number / LETTERS.pow(at as u32) % LETTERS).collect()
        })
    })
}

/// Sequences of letters at random, of lengths in a range.
fn random(seed: u64, lengths: std::ops::RangeInclusive<usize>) -> Vec<Vec<usize>> {
    let mut random = Random(seed);
    let mut below = |most: usize| (random.next() >> 33) as usize % most;
    (0..RANDOM)
        .map(|_| {
            let length = lengths.start() + below(lengths.end() - lengths.start() + 1);
            // Of few letters, too, so that there are many repetitions.
            let letters = 1 + below(LETTERS);
            (0..length).map(|_| below(letters)).collect()
        })
        .collect()
}

/// The first input for which a transformer gives something else, and how many were tried.
fn compare(
    transformer: &Transformer,
    (_, function): Function,
    inputs: impl Iterator<Item = Vec<usize>>,
) -> Result<usize, String> {
    let forward = Forward::new(transformer);
    let mut tried = 0;
    for input in inputs {
        let letters: Vec<i64> = input.iter().map(|it| *it as i64).collect();
        let found: Vec<f64> = forward.run(&input).into_iter().map(f64::from).collect();
        let expected = function(&letters);
        if found != expected {
            return Err(format!("{letters:?}: {found:?}, expected {expected:?}"));
        }
        tried += 1;
    }
    Ok(tried)
}

/// Does something for every function, on all cores, and reports all failures.
fn each(check: impl Fn(&Session, Function) -> Result<(), String> + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let session = session();
                let take = || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                while let Some(function) = FUNCTIONS.get(take()) {
                    if let Err(failure) = check(&session, *function) {
                        failures.lock().unwrap().push(format!("{}: {failure}", function.0));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn equal_on_all_inputs_of_up_to_eight_letters() {
    each(|session, function| {
        let transformer = compiled(session, function.0, LENGTH, Options::default());
        println!("{}: {}", function.0, transformer.summary());
        let tried = compare(&transformer, function, all(LENGTH))?;
        assert_eq!(tried, 87_380);
        Ok(())
    });
}

#[test]
fn equal_on_longer_inputs_at_random() {
    each(|session, function| {
        let transformer = compiled(session, function.0, LONGER, Options::default());
        println!("{}: {}", function.0, transformer.summary());
        let inputs = random(0x7a5b_11e3, LENGTH + 1..=LONGER);
        compare(&transformer, function, inputs.into_iter()).map(|_| ())
    });
}

/// The transformer as anybody would run it: the files that are written, by the evaluator.
#[test]
fn models_and_functions_agree_on_the_evaluator() {
    each(|session, function| {
        let (name, reference) = function;
        let transformer = compiled(session, name, LENGTH, Options::default());
        let forward = Forward::new(&transformer);
        let folder = tempfile::tempdir().unwrap();
        let [model, weights] = write(folder.path(), &transformer).unwrap();
        let written = Session::open(&model).unwrap();
        let id = written.model(None).unwrap();
        let params = written.params(id, Some(&weights), 0).unwrap();
        let mut runner = Runner::evaluator(&written.lowered(id).unwrap().module, &params).unwrap();
        let module = nnc_driver::transformer::lowered(session, name, &[("T".to_owned(), 8)]);
        let module = module.unwrap();
        let none = nnc_driver::Params::initial(&[], 0);
        let mut original = Runner::evaluator(&module, &none).unwrap();
        for input in random(0x51c0_77d2, 1..=LENGTH).into_iter().take(12) {
            let letters: Vec<i64> = input.iter().map(|it| *it as i64).collect();
            let tensor = Tensor::from_ints(Elem::I32, vec![letters.len()], &letters);
            let run = |runner: &mut Runner<'_>| {
                let outputs = runner.run(0, &[("tok", &tensor)], &[]).unwrap();
                outputs[0].1.to_eval().to_f64()
            };
            let expected = reference(&letters);
            let skipping: Vec<f64> = forward.run(&input).into_iter().map(f64::from).collect();
            let found = [run(&mut runner), run(&mut original), skipping];
            if found.iter().any(|it| *it != expected) {
                return Err(format!("{letters:?}: {found:?}, expected {expected:?}"));
            }
        }
        Ok(())
    });
}

/// The transformer as machine code of its own.
#[cfg(feature = "llvm")]
#[test]
fn compiled_code_agrees_too() {
    use nnc_backend::{Backend, Instance};
    let session = session();
    for name in ["sorted", "brackets2"] {
        let (_, reference) = *FUNCTIONS.iter().find(|it| it.0 == name).unwrap();
        let transformer = compiled(&session, name, LENGTH, Options::default());
        let folder = tempfile::tempdir().unwrap();
        let [model, weights] = write(folder.path(), &transformer).unwrap();
        let written = Session::open(&model).unwrap();
        let id = written.model(None).unwrap();
        let params = written.params(id, Some(&weights), 0).unwrap();
        let module = written.optimised(id).unwrap();
        let target = nnc_backend::Options::new("host", name);
        let (plan, code) = written.load(id, &nnc_cpu::Cpu as &dyn Backend, &target).unwrap();
        let blob = nnc_driver::pack_weights(module, &plan, &params, None, &()).unwrap();
        let instance = Instance::new(module, plan, code, std::sync::Arc::new(blob)).unwrap();
        let mut runner = Runner::compiled(instance);
        for input in random(0x0dd5_1deb, 1..=LENGTH) {
            let letters: Vec<i64> = input.iter().map(|it| *it as i64).collect();
            let tensor = Tensor::from_ints(Elem::I32, vec![letters.len()], &letters);
            let outputs = runner.run(0, &[("tok", &tensor)], &[]).unwrap();
            let found = outputs[0].1.to_eval().to_f64();
            assert_eq!(found, reference(&letters), "{name} of {letters:?}");
        }
    }
}

/// A test that cannot fail tests nothing: heads that are not sharp mix what they must not.
#[test]
fn blunt_heads_are_found_out() {
    let session = session();
    for (name, sharpness) in [("sorted", 1.0), ("counted", 2.0), ("brackets", 1.0)] {
        let function = *FUNCTIONS.iter().find(|it| it.0 == name).unwrap();
        let transformer = compiled(&session, name, LENGTH, Options { sharpness });
        assert!(compare(&transformer, function, all(LENGTH)).is_err(), "{name}");
    }
}
