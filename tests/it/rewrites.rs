//! Rewrites of the zoo's networks, in words that know no layer of theirs but by its place.
//!
//! What stays equal for all networks is in `nnc-driver`'s tests, on random ones; here are those
//! that people know, on the evaluator, after all passes, and compiled.

use crate::models::{On, with_params};
use crate::run::weights_of;
use crate::support::root;
use nnc_driver::{Random, Runner, Session, random_input};
use std::path::PathBuf;

/// The name of a member, and rewrites that leave what it computes as it is.
const EQUAL: [(&str, &[&str]); 6] = [
    (
        "gpt2",
        &[
            "blocks: order [0..2]",
            "blocks: tie [0, 1]",
            "blocks: average",
            "blocks.*.attn: heads [0, 1, 2]",
            "blocks.*.up: rank 12",
        ],
    ),
    ("bert", &["blocks: loop [1] * 1", "blocks.1.attn: heads [0..3]", "words: rank 12"]),
    ("vit", &["blocks: drop []", "blocks.*.attn: heads [0..3]", "head: rank 7"]),
    ("parallel_vit", &["blocks: order [(0), [1]] sum", "blocks.*.attns.*: heads [0..3]"]),
    ("denseformer", &["blocks.*.down: rank 12", "blocks.*.attn.qkv: rank 12"]),
    ("llama", &["blocks: order [0, 1]", "blocks.*.attn: heads [0, 1]", "blocks.0.gate: rank 22"]),
];

/// Rewrites that change it.
const OTHER: [(&str, &[&str]); 6] = [
    (
        "gpt2",
        &[
            "blocks: order [1, 0, 1]",
            "blocks: order [(0, 1)]",
            "blocks: loop [1] * 3",
            "blocks: tie [0, 0]",
            "blocks: average [[0.5, 0.5], [1, -1, 2]]",
            "blocks.*: parallel",
            "blocks.*.attn: heads [2, 0]",
            "blocks.0.attn: write_heads 1",
            "blocks.*.attn.qkv: rank 3",
        ],
    ),
    (
        "bert",
        &[
            "blocks: drop [1]",
            "blocks.*.attn: heads [1]",
            "blocks.*.attn: write_heads 1",
            "words: rank 4",
        ],
    ),
    (
        "vit",
        &[
            "blocks: order [1, 1]",
            "blocks: order [(0, 1)] branches",
            "blocks.*: parallel",
            "blocks.*.attn: write_heads 1",
        ],
    ),
    ("parallel_vit", &["blocks: order [(0, 1)] sum", "blocks.*.attns.1: heads [0]"]),
    (
        "denseformer",
        &["weights: average off", "blocks: tie [0, 0, 2, 2]", "blocks.*.attn: write_heads 1"],
    ),
    (
        "llama",
        &[
            "blocks: order [(0, 1) * 2, 0]",
            "blocks.*: parallel",
            "blocks.*.attn: heads [1]",
            "blocks.*.attn: write_heads 1",
            "blocks.*.down: rank 5",
        ],
    ),
];

fn program(name: &str) -> PathBuf {
    root().join("examples/zoo").join(name).join("check.nn")
}

fn session(name: &str, lines: &[&str]) -> Session {
    let mut session = Session::open(&program(name)).unwrap();
    let model = session.model(None).unwrap();
    let lines: Vec<String> = lines.iter().map(|&it| it.to_owned()).collect();
    session.rewrite(model, &lines).unwrap();
    session
}

/// What the first entry gives for random inputs of a seed, with the parameters that the member
/// is held against its reference with.
fn computed(name: &str, lines: &[&str], on: On, seed: u64) -> Vec<f64> {
    let session = session(name, lines);
    let model = session.model(None).unwrap();
    let weights = weights_of(&program(name), &session, model).unwrap();
    let params = session.params(model, weights.path().as_deref(), seed).unwrap();
    let mut runner: Runner<'_> = with_params(&session, model, &params, on);
    let interface = runner.interfaces()[0].clone();
    let sizes: Vec<i64> = interface.dims.iter().map(|it| it.max.unwrap_or(3).min(3)).collect();
    let inputs: Vec<_> = (0..interface.inputs.len())
        .map(|at| {
            let name = interface.entry.inputs[at].name.to_string();
            (name, random_input(&interface, at, &sizes, seed).unwrap())
        })
        .collect();
    let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let given: Vec<_> = interface.dims.iter().map(|it| it.name).zip(sizes).collect();
    runner.run(0, &inputs, &given).unwrap().remove(0).1.to_eval().to_f64()
}

fn apart(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len());
    let most = right.iter().fold(1e-3f64, |most, it| most.max(it.abs()));
    left.iter().zip(right).map(|(left, right)| (left - right).abs() / most).fold(0.0, f64::max)
}

fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    Random::new(std::hash::RandomState::new().build_hasher().finish(), "rewrites").bits()
}

#[test]
fn what_leaves_a_network_as_it_is_does_so_compiled_as_well() {
    let seed = seed();
    for (name, lines) in EQUAL {
        let plain = computed(name, &[], On::Evaluator, seed);
        for line in lines {
            for on in [On::Evaluator, On::Compiled] {
                let found = computed(name, &[line], on, seed);
                let apart = apart(&found, &plain);
                assert!(apart < 2e-5, "{name}, {line}: {apart}, seed {seed}");
            }
        }
        let found = computed(name, lines, On::Compiled, seed);
        assert!(apart(&found, &plain) < 5e-5, "{name}, all: seed {seed}");
    }
}

#[test]
fn a_rewritten_network_computes_the_same_on_every_way() {
    let seed = seed();
    for (name, lines) in OTHER {
        let plain = computed(name, &[], On::Evaluator, seed);
        for line in lines {
            let wanted = computed(name, &[line], On::Evaluator, seed);
            assert!(apart(&wanted, &plain) > 1e-4, "{name}, {line} changes nothing, seed {seed}");
            for on in [On::Optimised, On::Compiled] {
                let apart = apart(&computed(name, &[line], on, seed), &wanted);
                assert!(apart < 2e-5, "{name}, {line}: {apart}, seed {seed}");
            }
        }
    }
}

/// A rewrite says in the graph what it did: the text reads back, and names no parameter that
/// the network has no longer.
#[test]
fn a_rewritten_graph_reads_back() {
    for (name, lines) in EQUAL.into_iter().chain(OTHER) {
        for line in lines {
            let session = session(name, &[line]);
            let lowered = session.lowered(session.model(None).unwrap()).unwrap();
            let text = lowered.module.to_string();
            let again = nnc_graph::parse(&text).unwrap();
            assert_eq!(again.to_string(), text, "{name}, {line}");
            nnc_graph::verify(&again).unwrap();
            let names: Vec<&str> = lowered.params.iter().map(|it| it.name.as_str()).collect();
            for (_, graph) in again.graphs.iter() {
                for (_, param) in graph.params.iter() {
                    let entry =
                        again.entries.iter().any(|it| again.graphs[it.graph].name == graph.name);
                    assert!(!entry || names.contains(&param.name.as_str()), "{name}, {line}");
                }
            }
        }
    }
}
