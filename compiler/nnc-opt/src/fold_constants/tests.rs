use super::FOLD_CONSTANTS;
use crate::tests::rewritten;

/// What folding makes of the value of a map over `i: 8, j: 4`, reading `%0: f32[8, 4]`.
fn folded(value: &str) -> String {
    let text = format!(
        "graph @g() {{
          %0 = input : f32[8, 4]
          %1 = const floats [2.5, 2.5, 2.5] : f32[3]
          %2 = input : bf16[32]
          %3 = nest (%0, %1, %2) [i: 8, j: 4] {{ {value} }} : f32[8, 4]
          return %3
        }}"
    );
    let after = rewritten(&[FOLD_CONSTANTS], &text);
    let line = after.lines().find(|line| line.contains("%3 = ")).unwrap();
    let start = line.find('{').unwrap();
    line[start + 1..line.rfind('}').unwrap()].trim().to_owned()
}

#[test]
fn neutral_operations_go_only_where_they_are_exact() {
    insta::assert_snapshot!(folded("(%0[i, j] * f32(1.0))"), @"%0[i, j]");
    insta::assert_snapshot!(folded("(%0[i, j] - f32(0.0))"), @"%0[i, j]");
    insta::assert_snapshot!(folded("(%0[i, j] + f32(0.0))"), @"(%0[i, j] + f32(0.0))");
    insta::assert_snapshot!(folded("(%0[i, j] + f32(-0.0))"), @"%0[i, j]");
    insta::assert_snapshot!(folded("(%0[i, j] * f32(0.0))"), @"(%0[i, j] * f32(0.0))");
    insta::assert_snapshot!(folded("neg(neg(%0[i, j]))"), @"%0[i, j]");
}

#[test]
fn constants_are_computed_in_their_type() {
    insta::assert_snapshot!(folded("(%0[i, j] * (f32(2.0) * f32(3.5)))"), @"(%0[i, j] * f32(7.0))");
    insta::assert_snapshot!(folded("(f32(0.1) + f32(0.2))"), @"f32(0.30000001192092896)");
    insta::assert_snapshot!(folded("cast f32((bf16(1.0) + bf16(0.001)))"), @"f32(1.0)");
    insta::assert_snapshot!(folded("cast f32((i32(-7) // i32(2)))"), @"f32(-4.0)");
    insta::assert_snapshot!(folded("(f32(1.0) / f32(0.0))"), @"(f32(1.0) / f32(0.0))");
    insta::assert_snapshot!(folded("(%0[i, j] * %1[i32i])".replace("i32i", "{i32(1)}").as_str()), @"(%0[i, j] * f32(2.5))");
}

#[test]
fn a_division_by_a_power_of_two_multiplies() {
    insta::assert_snapshot!(folded("(%0[i, j] / f32(8.0))"), @"(%0[i, j] * f32(0.125))");
    insta::assert_snapshot!(folded("(%0[i, j] / f32(3.0))"), @"(%0[i, j] / f32(3.0))");
}

#[test]
fn conversions_that_lose_nothing_join() {
    insta::assert_snapshot!(folded("cast f32(cast f32(%0[i, j]))"), @"%0[i, j]");
    insta::assert_snapshot!(folded("cast f32(cast bf16(cast f32(%2[(4)*i + j])))"), @"cast f32(%2[(4)*i + j])");
    insta::assert_snapshot!(folded("cast f32(cast bf16(%0[i, j]))"), @"cast f32(cast bf16(%0[i, j]))");
    insta::assert_snapshot!(folded("cast f32(cast i32(i64[i]))"), @"cast f32(i32[i])");
}

#[test]
fn conditions_that_are_known_go() {
    insta::assert_snapshot!(folded("select((i32(1) < i32(2)), %0[i, j], f32(1.0))"), @"%0[i, j]");
    insta::assert_snapshot!(folded("select((true && (i32[i] < i32[j])), f32(1.0), f32(2.0))"), @"select((i32[i] < i32[j]), f32(1.0), f32(2.0))");
    insta::assert_snapshot!(folded("select(not((i32[i] < i32[j])), f32(1.0), f32(2.0))"), @"select((i32[i] < i32[j]), f32(2.0), f32(1.0))");
}

#[test]
fn index_arithmetic_becomes_affine() {
    insta::assert_snapshot!(folded("%0[{(i32[(4)*i + j] // i32(4))}, {(i32[(4)*i + j] %% i32(4))}]"), @"%0[i, j]");
    insta::assert_snapshot!(folded("cast f32(((i32[i] * i32(3)) - i32[j]))"), @"cast f32(i32[(3)*i + (-1)*j])");
    insta::assert_snapshot!(folded("cast f32((i32[i + j] // i32(4)))"), @"cast f32((i32[i + j] // i32(4)))");
}
