//! Real pretrained models give the results that are known of them.
//!
//! The digits are in the repository. The weights of the others come from
//! `examples/fetch.sh`; where its cache is not there, their tests say so and pass.

use crate::support::root;
use nnc_backend::{Backend, Instance, Options};
use nnc_base::Name;
use nnc_cpu::Cpu;
use nnc_driver::text::Tokenizer;
use nnc_driver::{
    Cache, Generator, ModelId, Params, Runner, Sampling, Session, Tensor, pack_weights, read_inputs,
};
use nnc_graph::Elem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that `examples/fetch.sh` brought.
fn fetched(name: &str) -> Option<PathBuf> {
    let cache = match std::env::var_os("NNC_CACHE") {
        Some(cache) => PathBuf::from(cache),
        None => match std::env::var_os("XDG_CACHE_HOME") {
            Some(cache) => PathBuf::from(cache).join("nnc"),
            None => PathBuf::from(std::env::var_os("HOME")?).join(".cache/nnc"),
        },
    };
    let path = cache.join("models").join(name);
    if !path.exists() {
        println!("skipped: {name} has not been fetched (examples/fetch.sh)");
        return None;
    }
    Some(path)
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum On {
    Evaluator,
    /// The evaluator, after all passes.
    Optimised,
    Compiled,
}

/// A model of a session, ready to be called.
pub(crate) fn runner<'a>(
    session: &'a Session,
    model: ModelId,
    weights: &Path,
    on: On,
) -> Runner<'a> {
    with_params(session, model, &session.params(model, Some(weights), 0).unwrap(), on)
}

/// The same with parameters that are there.
pub(crate) fn with_params<'a>(
    session: &'a Session,
    model: ModelId,
    params: &Params<'_>,
    on: On,
) -> Runner<'a> {
    let module = match on {
        On::Evaluator => &session.lowered(model).unwrap().module,
        On::Optimised | On::Compiled => session.optimised(model).unwrap(),
    };
    if on != On::Compiled {
        return Runner::evaluator(module, params).unwrap();
    }
    let options = Options::new("host", "test");
    let (plan, code) = session.load(model, &Cpu as &dyn Backend, &options).unwrap();
    let cache = Cache::of_environment();
    let blob = pack_weights(module, &plan, params, cache.as_ref(), &()).unwrap();
    Runner::compiled(Instance::new(module, plan, code, Arc::new(blob)).unwrap())
}

fn open(program: &str) -> Session {
    Session::open(&root().join("examples").join(program)).unwrap()
}

/// Does something with a model of `examples/`.
fn with_model<T>(
    program: &str,
    weights: &Path,
    on: On,
    then: impl FnOnce(&mut Runner<'_>) -> T,
) -> T {
    let session = open(program);
    let model = session.model(None).unwrap();
    then(&mut runner(&session, model, weights, on))
}

fn call(runner: &mut Runner<'_>, entry: &str, inputs: &[(&str, &Tensor)]) -> Vec<(Name, Tensor)> {
    let entry = runner.entry(Some(entry)).unwrap();
    runner.run(entry, inputs, &[]).unwrap()
}

/// The only tensor of an npy file, as an input of the entry.
fn npy(runner: &Runner<'_>, entry: &str, input: &str, path: &Path) -> Tensor {
    let entry = runner.entry(Some(entry)).unwrap();
    let spec = format!("{input}={}", path.display());
    read_inputs(&runner.interfaces()[entry], &[spec]).unwrap().remove(0).1
}

fn floats(tensor: &Tensor) -> Vec<f64> {
    tensor.to_eval().to_f64()
}

#[test]
fn digits_are_read() {
    let folder = root().join("examples/digits");
    for on in [On::Evaluator, On::Optimised, On::Compiled] {
        with_model("digits/model.nn", &folder.join("weights.safetensors"), on, |runner| {
            let image = npy(runner, "scores", "image", &folder.join("images.npy"));
            let scores = call(runner, "scores", &[("image", &image)]).remove(0).1;
            let expected = npy(runner, "scores", "image", &folder.join("logits.npy"));
            for (found, expected) in floats(&scores).iter().zip(floats(&expected)) {
                assert!((found - expected).abs() < 1e-4, "{found}, expected {expected}");
            }
            let outputs = call(runner, "label", &[("image", &image)]);
            let digits: Vec<f64> = floats(&outputs[1].1);
            assert_eq!(digits, [0, 8, 8, 9, 8, 3, 7, 5, 0, 6, 6, 3, 1, 3, 8, 7].map(f64::from));
        });
    }
}

#[test]
fn sentences_of_one_meaning_are_near() {
    let Some(weights) = fetched("minilm_l6.safetensors") else { return };
    // "How do I reset my password?", "I forgot my login credentials, how can I change
    // them?", "The weather is sunny in Lisbon today."
    let sentences: [&[i64]; 3] = [
        &[101, 2129, 2079, 1045, 25141, 2026, 20786, 1029, 102],
        &[101, 1045, 9471, 2026, 8833, 2378, 22496, 1010, 2129, 2064, 1045, 2689, 2068, 1029, 102],
        &[101, 1996, 4633, 2003, 11559, 1999, 11929, 2651, 1012, 102],
    ];
    let longest = sentences.iter().map(|it| it.len()).max().unwrap();
    let padded = |row: &[i64]| {
        let mut row = row.to_vec();
        row.resize(longest, 0);
        row
    };
    let ids: Vec<i64> = sentences.iter().flat_map(|it| padded(it)).collect();
    let there: Vec<i64> = sentences
        .iter()
        .flat_map(|it| (0..longest).map(|at| i64::from(at < it.len())).collect::<Vec<_>>())
        .collect();
    let ids = Tensor::from_ints(Elem::I32, vec![3, longest], &ids);
    let there = Tensor::from_ints(Elem::Bool, vec![3, longest], &there);
    for on in [On::Evaluator, On::Compiled] {
        with_model("minilm/model.nn", &weights, on, |runner| {
            let inputs = [("ids", &ids), ("there", &there)];
            let vectors = floats(&call(runner, "encode", &inputs).remove(0).1);
            let rows: Vec<&[f64]> = vectors.chunks(384).collect();
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            assert!((product(rows[0], rows[1]) - 0.6592).abs() < 5e-5);
            assert!((product(rows[0], rows[2]) + 0.0393).abs() < 5e-5);
        });
    }
}

#[test]
fn a_cat_and_an_espresso_are_seen() {
    let Some(weights) = fetched("mobilenet_v2.pth") else { return };
    let cases: [(&str, &[(usize, f64)]); 2] = [
        ("chelsea.npy", &[(285, 0.787), (282, 0.126), (281, 0.081)]),
        ("coffee.npy", &[(967, 0.990)]),
    ];
    for on in [On::Evaluator, On::Compiled] {
        with_model("mobilenet_v2/model.nn", &weights, on, |runner| {
            for (image, expected) in cases {
                let Some(path) = fetched(image) else { return };
                let image = npy(runner, "classify", "image", &path);
                let logits = floats(&call(runner, "classify", &[("image", &image)]).remove(0).1);
                let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = logits.iter().map(|it| (it - most).exp()).sum();
                let mut order: Vec<usize> = (0..logits.len()).collect();
                order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
                for (place, &(class, chance)) in expected.iter().enumerate() {
                    assert_eq!(order[place], class);
                    let found = (logits[class] - most).exp() / sum;
                    assert!((found - chance).abs() < 1e-3, "{class}: {found}, expected {chance}");
                }
                if on == On::Evaluator {
                    return;
                }
            }
        });
    }
}

#[test]
fn a_language_model_answers() {
    let Some(weights) = fetched("smollm2_135m_q4_1.gguf") else { return };
    let tokenizer = Tokenizer::open(&weights).unwrap();
    let template = tokenizer.template().unwrap();
    let prompt = template.prompt(&[("user", "What is the capital of France?")]).unwrap();
    let prompt = tokenizer.encode(&prompt, false).unwrap();
    for on in [On::Evaluator, On::Compiled] {
        let mut session = open("smollm2/model.nn");
        let model = session.model(None).unwrap();
        let entry = session.token_entry(model, None).unwrap();
        session.keep_entry(model, entry.entry.as_str());
        let runner = runner(&session, model, &weights, on);
        let mut generator = Generator::new(runner, entry, Sampling::GREEDY).unwrap();
        let scores = generator.prompt(&prompt).unwrap();
        let mut answer = Vec::new();
        generator
            .answer(scores, 20, &|id| tokenizer.is_end(id), &mut |id| {
                answer.push(id);
                Ok(())
            })
            .unwrap();
        assert_eq!(answer, [504, 3575, 282, 4649, 314, 7042, 30]);
        assert_eq!(tokenizer.decode(&answer).unwrap(), "The capital of France is Paris.");
    }
}
