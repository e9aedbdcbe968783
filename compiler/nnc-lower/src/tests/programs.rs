//! The example programs and the standard library lower as they are.

use super::{checked, lowered, messages};

fn counts(text: &str) -> String {
    let (program, sources) = checked(text);
    let mut lines = Vec::new();
    for model in &program.models {
        let lowered = crate::lower(&program, model)
            .unwrap_or_else(|it| panic!("{}", messages(&sources, &it)));
        let numbers: i64 = lowered.params.iter().map(|param| param.size()).sum();
        lines.push(format!("{}: {} tensors, {numbers} numbers", model.name, lowered.params.len()));
        for entry in &lowered.module.entries {
            let graph = &lowered.module.graphs[entry.graph];
            let (inputs, outputs) = (entry.inputs.len(), entry.outputs.len());
            lines.push(format!(
                "{}: {inputs} inputs, {outputs} outputs, {} nodes, {} graphs in all",
                entry.name,
                graph.len(),
                lowered.module.graphs.len()
            ));
        }
    }
    lines.join("\n")
}

#[test]
fn smollm2() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/smollm2/model.nn")), @"");
}

#[test]
fn minilm() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/minilm/model.nn")), @"");
}

#[test]
fn mobilenet_v2() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/mobilenet_v2/model.nn")), @"");
}

#[test]
fn digits() {
    insta::assert_snapshot!(lowered(include_str!("../../../../examples/digits/model.nn")), @"");
}

#[test]
fn bert_base() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/bert_base.nn")), @"");
}

#[test]
fn resnet50() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/resnet50.nn")), @"");
}

#[test]
fn the_tests_of_the_standard_library() {
    let (program, sources) = checked("");
    let tests =
        crate::lower_tests(&program).unwrap_or_else(|it| panic!("{}", messages(&sources, &it)));
    nnc_graph::verify(&tests.module).unwrap_or_else(|it| panic!("{it}\n{}", tests.module));
    assert!(tests.tests.len() >= 5);
}
