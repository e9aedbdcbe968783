//! The acceptance programs and the library check without errors, and what stands in them is
//! what is meant.

use super::{check, render};

/// The warnings of what can hardly be meant.
const INTENT: [&str; 10] =
    ["E0116", "E0117", "E0118", "E0147", "E0225", "E0226", "E0227", "E0228", "E0229", "E0232"];

fn errors(modules: &[(&str, &str)]) -> String {
    let (sources, analysis) = check(modules);
    analysis
        .diagnostics
        .iter()
        .filter(|it| it.is_error() || INTENT.contains(&it.code.0))
        .map(|it| render(&sources, it))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_library_checks() {
    let all = nnc_stdlib::modules().iter().map(|(path, _)| format!("use {path}\n"));
    assert_eq!(errors(&[("main", &all.collect::<String>())]), "");
}

macro_rules! program {
    ($path:literal) => {
        include_str!(concat!("../../../../tests/language/", $path))
    };
}

#[test]
fn the_acceptance_programs_check() {
    let programs = [
        ("mlp", program!("1_mlp.nn")),
        ("resnet", program!("2_resnet.nn")),
        ("parallel", program!("3_parallel.nn")),
        ("mqa", program!("4_mqa.nn")),
        ("moe", program!("5_moe.nn")),
        ("ssm", program!("6_ssm.nn")),
        ("rasp", program!("7_rasp.nn")),
        ("cell", program!("8_nas.nn")),
        ("misc", program!("9_misc.nn")),
    ];
    assert_eq!(errors(&programs), "");
}

macro_rules! example {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../examples/", $path)))
    };
}

#[test]
fn the_examples_check() {
    let examples = [
        example!("bert_base.nn"),
        example!("digits/model.nn"),
        example!("minilm/model.nn"),
        example!("mobile_space.nn"),
        example!("mobilenet_v2/model.nn"),
        example!("resnet50.nn"),
        example!("smollm2/model.nn"),
    ];
    for (name, text) in examples {
        assert_eq!(errors(&[(name, text)]), "");
    }
}
