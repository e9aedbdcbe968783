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
    insta::assert_snapshot!(counts(include_str!("../../../../examples/smollm2/model.nn")), @"
    smollm2: 272 tensors, 134515008 numbers
    step: 3 inputs, 3 outputs, 43 nodes, 4 graphs in all
    forward: 1 inputs, 1 outputs, 41 nodes, 4 graphs in all
    ");
}

#[test]
fn minilm() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/minilm/model.nn")), @"
    minilm: 101 tensors, 22565376 numbers
    encode: 2 inputs, 1 outputs, 25 nodes, 2 graphs in all
    ");
}

#[test]
fn mobilenet_v2() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/mobilenet_v2/model.nn")), @"
    mobilenet_v2: 262 tensors, 3538984 numbers
    classify: 1 inputs, 1 outputs, 208 nodes, 5 graphs in all
    ");
}

#[test]
fn digits() {
    insta::assert_snapshot!(lowered(include_str!("../../../../examples/digits/model.nn")), @r#"
    graph @scores(B in 1..=512) {
      param 0 "hidden.weight" : f32[64, 64]
      param 1 "hidden.bias" : f32[64]
      param 2 "head.weight" : f32[10, 64]
      param 3 "head.bias" : f32[10]
      %0 = input : f32[B, 8, 8]
      %1 = nest (%0) [b: B, (i: 8, j: 8)] { (%0[b, i, j] / f32(16.0)) } : f32[B, 64]
      %2 = param 0 : f32[64, 64]
      %3 = nest (%1, %2) [i: B, o: 64] sum f32 [i_2: 64] { (%1[i, i_2] * %2[o, i_2]) } : f32[B, 64]
      %4 = param 1 : f32[64]
      %5 = nest (%3, %4) [i: B, o: 64] { (%3[i, o] + %4[o]) } : f32[B, 64]
      %6 = nest (%5) [i: B, i_2: 64] { max(%5[i, i_2], f32(0.0)) } : f32[B, 64]
      %7 = param 2 : f32[10, 64]
      %8 = nest (%6, %7) [i: B, o: 10] sum f32 [i_2: 64] { (%6[i, i_2] * %7[o, i_2]) } : f32[B, 10]
      %9 = param 3 : f32[10]
      %10 = nest (%8, %9) [i: B, o: 10] { (%8[i, o] + %9[o]) } : f32[B, 10]
      return %10
    }
    graph @label(B in 1..=512) {
      param 0 "hidden.weight" : f32[64, 64]
      param 1 "hidden.bias" : f32[64]
      param 2 "head.weight" : f32[10, 64]
      param 3 "head.bias" : f32[10]
      %0 = input : f32[B, 8, 8]
      %1 = nest (%0) [b: B, (i: 8, j: 8)] { (%0[b, i, j] / f32(16.0)) } : f32[B, 64]
      %2 = param 0 : f32[64, 64]
      %3 = nest (%1, %2) [i: B, o: 64] sum f32 [i_2: 64] { (%1[i, i_2] * %2[o, i_2]) } : f32[B, 64]
      %4 = param 1 : f32[64]
      %5 = nest (%3, %4) [i: B, o: 64] { (%3[i, o] + %4[o]) } : f32[B, 64]
      %6 = nest (%5) [i: B, i_2: 64] { max(%5[i, i_2], f32(0.0)) } : f32[B, 64]
      %7 = param 2 : f32[10, 64]
      %8 = nest (%6, %7) [i: B, o: 10] sum f32 [i_2: 64] { (%6[i, i_2] * %7[o, i_2]) } : f32[B, 10]
      %9 = param 3 : f32[10]
      %10 = nest (%8, %9) [i: B, o: 10] { (%8[i, o] + %9[o]) } : f32[B, 10]
      %11 = nest (%10) [b: B, k_2: 10] softmax k_2 { %10[b, k_2] } : f32[B, 10]
      %12 = nest (%11) [b: B] argmax f32 [k_2: 10] { %11[b, k_2] } : i32[B]
      return %11, %12
    }
    entry scores = @scores {
      input image
      output output
    }
    entry label = @label {
      input image
      output chances
      output digit
    }
    "#);
}

#[test]
fn bert_base() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/bert_base.nn")), @"
    bert_base: 199 tensors, 109482240 numbers
    encode: 3 inputs, 2 outputs, 32 nodes, 2 graphs in all
    ");
}

#[test]
fn resnet50() {
    insta::assert_snapshot!(counts(include_str!("../../../../examples/resnet50.nn")), @"
    resnet50: 267 tensors, 25610152 numbers
    classify: 1 inputs, 1 outputs, 155 nodes, 5 graphs in all
    ");
}

#[test]
fn the_tests_of_the_standard_library() {
    let all = nnc_stdlib::modules().iter().map(|(path, _)| format!("use {path}\n"));
    let (program, sources) = checked(&all.collect::<String>());
    let tests =
        crate::lower_tests(&program).unwrap_or_else(|it| panic!("{}", messages(&sources, &it)));
    nnc_graph::verify(&tests.module).unwrap_or_else(|it| panic!("{it}\n{}", tests.module));
    assert!(tests.tests.len() >= 5);
}

/// A branch that the numbers rule out is not called, and equal layers of an array are one.
#[test]
fn what_an_entry_calls() {
    let (program, _) = checked(
        "
        use std.nn.{Linear, relu, gelu}
        dims B: batch, D: feat, L

        layer Unit<D>(smooth: bool = false) {
            map: Linear<D, D>
            fn (x: f32[B, D]) -> f32[B, D] = if smooth { gelu(map(x)) } else { relu(map(x)) }
        }
        layer Net<D, L> {
            units: [Unit<D>; L]
            last:  Linear<D, D>
            fn (x: f32[B, D]) -> f32[B, D] = fold(units, x, |h, unit| unit(h))
            fn back(x: f32[B, D]) -> f32[B, D] {
                let y[b, d] = 2.0 * relu(x[b, d]);
                last(y)
            }
        }
        model net = Net<4, 3> {
            entry forward with { B <= 2 }
            entry back = back with { B <= 2 }
        }
        ",
    );
    let lowered = crate::lower(&program, &program.models[0]).unwrap();
    let uses: Vec<String> = (lowered.uses.iter())
        .map(|it| format!("{}: {}.{} `{}`", it.entry, it.module, it.item, it.place))
        .collect();
    insta::assert_snapshot!(uses.join("\n"), @"
    back: main.Net ``
    back: std.nn.Linear `last`
    back: std.nn.relu ``
    forward: main.Net ``
    forward: main.Unit `units.0`
    forward: std.nn.Linear `units.0.map`
    forward: std.nn.relu ``
    ");
}
