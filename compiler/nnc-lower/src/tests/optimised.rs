//! The example programs through the whole pipeline of passes.

use std::time::{Duration, Instant};

use nnc_graph::Module;

use super::{checked, messages};

/// No example takes a second where nothing else runs; this is for a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

/// The nodes of each entry before and after the pipeline, which verifies after each pass.
fn optimised(text: &str) -> String {
    let (program, sources) = checked(text);
    let mut lines = Vec::new();
    for model in &program.models {
        let mut module = crate::lower(&program, model)
            .unwrap_or_else(|it| panic!("{}", messages(&sources, &it)))
            .module;
        let nodes = |module: &Module| -> Vec<usize> {
            module.entries.iter().map(|entry| module.graphs[entry.graph].len()).collect()
        };
        let before = nodes(&module);
        let start = Instant::now();
        optimise(&mut module);
        assert!(start.elapsed() < LONGEST, "{}: {:?}", model.name, start.elapsed());
        nnc_graph::verify(&module).unwrap_or_else(|error| panic!("{error}\n{module}"));
        for ((entry, before), after) in module.entries.iter().zip(before).zip(nodes(&module)) {
            lines.push(format!("{}: {before} nodes, {after} after", entry.name));
        }
    }
    lines.join("\n")
}

fn optimise(module: &mut Module) {
    let options = nnc_opt::Options::default();
    if let Err(broken) = nnc_opt::run(module, nnc_opt::pipeline(), &options, &mut |_| {}) {
        panic!("{broken}");
    }
}

/// The tests of the program whose asserts do not all hold, as the evaluator has them.
fn failing(tests: &crate::LoweredTests) -> Vec<String> {
    let mut failing = Vec::new();
    for test in &tests.tests {
        let options = nnc_eval::Options::default();
        let run = nnc_eval::evaluate(&tests.module, &test.name, &[], &|_| None, &[], &options);
        match run {
            Ok(outputs) => failing.extend(
                (outputs.tensors.iter().enumerate())
                    .filter(|(_, holds)| holds.to_f64() != [1.0])
                    .map(|(at, _)| format!("{}, assert {at}", test.name)),
            ),
            Err(error) => failing.push(format!("{}: {error}", test.name)),
        }
    }
    failing
}

#[test]
fn the_tests_of_the_standard_library_hold() {
    let (program, sources) = checked("");
    let mut tests =
        crate::lower_tests(&program).unwrap_or_else(|it| panic!("{}", messages(&sources, &it)));
    assert_eq!(failing(&tests), Vec::<String>::new());
    optimise(&mut tests.module);
    assert_eq!(failing(&tests), Vec::<String>::new());
}

#[test]
fn sums_of_products_are_cut_without_changing_them() {
    let text = "
        test \"a chain\" {
            let x[t: 2, d: 3] = (t + d) as f32;
            let a[d: 3, f: 4] = (d * f + 1) as f32;
            let b[f: 4, k: 5] = (f + 2*k) as f32;
            let y[t, k] = sum[d, f] x[t, d] * a[d, f] * b[f, k];
            let xa[t, f] = sum[d] x[t, d] * a[d, f];
            let z[t, k] = sum[f] xa[t, f] * b[f, k];
            assert y == z;
        }
        test \"a part that is a number\" {
            let v[d: 3] = (d + 1) as f32;
            let s[t: 2] = (t + 3) as f32;
            let y[t] = sum[d] v[d] * v[d] * s[t];
            assert y == [42.0, 56.0];
            let g[t] = sum[d | t > 0] v[d] * v[d] * s[t];
            assert g == [0.0, 56.0];
        }
        test \"a quotient\" {
            let v[d: 4] = (d + 1) as f32;
            let y = sum[d] v[d] * v[d] / sqrt(4.0);
            assert y == 15.0;
        }
    ";
    let (program, sources) = checked(text);
    let mut tests =
        crate::lower_tests(&program).unwrap_or_else(|it| panic!("{}", messages(&sources, &it)));
    assert_eq!(failing(&tests), Vec::<String>::new(), "{}", tests.module);
    optimise(&mut tests.module);
    assert_eq!(failing(&tests), Vec::<String>::new());
}

#[test]
fn smollm2() {
    insta::assert_snapshot!(optimised(include_str!("../../../../examples/smollm2/model.nn")), @"
    step: 43 nodes, 42 after
    forward: 41 nodes, 40 after
    ");
}

#[test]
fn minilm() {
    insta::assert_snapshot!(optimised(include_str!("../../../../examples/minilm/model.nn")), @"encode: 25 nodes, 21 after");
}

#[test]
fn mobilenet_v2() {
    insta::assert_snapshot!(optimised(include_str!("../../../../examples/mobilenet_v2/model.nn")), @"classify: 208 nodes, 89 after");
}

#[test]
fn digits() {
    insta::assert_snapshot!(optimised(include_str!("../../../../examples/digits/model.nn")), @"
    scores: 11 nodes, 8 after
    label: 13 nodes, 10 after
    ");
}

#[test]
fn bert_base() {
    insta::assert_snapshot!(optimised(include_str!("../../../../examples/bert_base.nn")), @"encode: 32 nodes, 27 after");
}

#[test]
fn resnet50() {
    insta::assert_snapshot!(optimised(include_str!("../../../../examples/resnet50.nn")), @"classify: 155 nodes, 69 after");
}
