use super::lowered;

#[test]
fn a_size_without_a_bound() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch
        pub layer Same { fn (x: f32[B, 4]) -> f32[B, 4] = exp(x) }
        model same = Same { entry run }
        "
    ), @"");
}
