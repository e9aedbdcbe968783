use super::{checked, messages};

#[test]
fn each_assert_is_an_output_and_so_are_its_sides() {
    let (program, sources) = checked(
        "
        dims T: time
        fn twice(x: f32[T]) -> f32[T] = x + x
        test \"twice\" {
            assert twice([1.0, 2.0]) == [2.0, 4.0];
        }
        ",
    );
    let tests =
        crate::lower_tests(&program).unwrap_or_else(|it| panic!("{}", messages(&sources, &it)));
    assert_eq!(nnc_graph::verify(&tests.module), Ok(()));
    let at = tests.tests.iter().position(|test| test.name == "twice").unwrap();
    assert_eq!(sources.text(tests.tests[at].asserts[0].span), "assert twice([1.0, 2.0]) == [2.0, 4.0];");
    let graph = tests.module.graphs[tests.module.entries[at].graph].clone();
    let alone = nnc_graph::Module { graphs: [graph].into_iter().collect(), entries: Vec::new() };
    insta::assert_snapshot!(alone, @"
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
