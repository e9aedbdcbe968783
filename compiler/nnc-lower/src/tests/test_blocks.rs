use super::{checked, messages};
use crate::LoweredTests;

/// The program with one test, the graph of that test as text, and the place of its assert.
fn lowered(
    lower: fn(&nnc_hir::Program) -> Result<LoweredTests, Vec<nnc_base::Diagnostic>>,
) -> (String, Option<(nnc_hir::CompareOp, usize, usize)>) {
    let (program, sources) = checked(
        "
        dims T: time
        fn twice(x: f32[T]) -> f32[T] = x + x
        test \"twice\" {
            assert twice([1.0, 2.0]) == [2.0, 4.0];
        }
        ",
    );
    let tests = lower(&program).unwrap_or_else(|it| panic!("{}", messages(&sources, &it)));
    assert_eq!(nnc_graph::verify(&tests.module), Ok(()));
    let at = tests.tests.iter().position(|test| test.name == "twice").unwrap();
    let assert = &tests.tests[at].asserts[0];
    assert_eq!(sources.text(assert.span), "assert twice([1.0, 2.0]) == [2.0, 4.0];");
    let graph = tests.module.graphs[tests.module.entries[at].graph].clone();
    let alone = nnc_graph::Module { graphs: [graph].into_iter().collect(), entries: Vec::new() };
    (alone.to_string(), assert.sides)
}

#[test]
fn each_assert_is_an_output() {
    let (graph, sides) = lowered(crate::lower_tests);
    assert_eq!(sides, None);
    insta::assert_snapshot!(graph, @"
    graph @twice() {
      %0 = const floats [1.0, 2.0] : f32[2]
      %1 = nest (%0) [i: 2] { (%0[i] + %0[i]) } : f32[2]
      %2 = const floats [2.0, 4.0] : f32[2]
      %3 = nest (%1, %2) [] all bool [i: 2] { (%1[i] == %2[i]) } : bool[]
      return %3
    }
    ");
}

#[test]
fn sides_of_a_comparison_are_outputs_where_they_are_asked_for() {
    let (graph, sides) = lowered(crate::lower_comparisons);
    assert_eq!(sides, Some((nnc_hir::CompareOp::Eq, 1, 2)));
    insta::assert_snapshot!(graph, @"
    graph @twice() {
      %0 = const floats [1.0, 2.0] : f32[2]
      %1 = nest (%0) [i: 2] { (%0[i] + %0[i]) } : f32[2]
      %2 = const floats [2.0, 4.0] : f32[2]
      %3 = nest (%1, %2) [] all bool [i: 2] { (%1[i] == %2[i]) } : bool[]
      %4 = const floats [1.0, 2.0] : f32[2]
      %5 = nest (%4) [i: 2] { (%4[i] + %4[i]) } : f32[2]
      %6 = const floats [2.0, 4.0] : f32[2]
      return %3, %5, %6
    }
    ");
}
