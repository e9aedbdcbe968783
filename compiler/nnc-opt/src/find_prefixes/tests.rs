use super::FIND_PREFIXES;
use crate::tests::rewritten;
use crate::{ABSORB_VIEWS, DROP_DEAD};

fn found(text: &str) -> String {
    rewritten(&[FIND_PREFIXES, ABSORB_VIEWS, DROP_DEAD], text)
}

/// What a guard is found to be, for `reduced OP result`.
fn direction(guard: &str) -> String {
    let text = format!(
        "graph @g(T in 1..=9) {{
           %0 = input : f32[T, 3]
           %1 = nest (%0) [i: T, d: 3] sum f32 [j: T] if {guard} {{ %0[j, d] }} : f32[T, 3]
           return %1
         }}"
    );
    let after = found(&text);
    let line = after.lines().find(|it| it.contains("running")).map(str::trim);
    line.unwrap_or("none").to_owned()
}

#[test]
fn a_guard_tells_the_direction() {
    let forward = "%1 = running sum (%0) axis 0 : f32[T, 3]";
    let before = "%1 = running sum (%0) axis 0 exclusive : f32[T, 3]";
    let backward = "%1 = running sum (%0) axis 0 backwards : f32[T, 3]";
    let behind = "%1 = running sum (%0) axis 0 backwards exclusive : f32[T, 3]";
    for (guard, wanted) in [
        ("(i32[j] <= i32[i])", forward),
        ("(i32[i] >= i32[j])", forward),
        ("(i32[j] < i32[i + 1])", forward),
        ("(i32[i - j] >= i32(0))", forward),
        ("(i32[j] < i32[i])", before),
        ("(i32[j + 1] <= i32[i])", before),
        ("(i32[i] > i32[j])", before),
        ("(i32[j] >= i32[i])", backward),
        ("(i32[j] > i32[i - 1])", backward),
        ("(i32[i] <= i32[j])", backward),
        ("(i32[j] > i32[i])", behind),
        ("(i32[i + 1] <= i32[j])", behind),
        ("(i32[j] <= i32[i + 1])", "none"),
        ("(i32[j] == i32[i])", "none"),
        ("(i32[j + i] <= i32(4))", "none"),
        ("((i32[j] <= i32[i]) && (i32[j + 2] > i32[i]))", "none"),
    ] {
        assert_eq!(direction(guard), wanted, "{guard}");
    }
}

#[test]
fn what_else_is_asked_and_reduced_is_done_first() {
    insta::assert_snapshot!(found("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 5]
          %1 = input : bool[T]
          %2 = nest (%0, %1) [i: T] max f32 [c: 5, j: T] if (%1[j] && (i32[j] < i32[i])) { %0[j, c] } finish { max(acc, f32(0.0)) } : f32[T]
          %3 = nest (%1) [i: T] sum i32 [j: T] if ((i32[j] <= i32[i]) && %1[j]) { i32(1) } : i32[T]
          return %2, %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, 5]
      %1 = input : bool[T]
      %2 = nest (%1, %0) [j: T] max f32 [c: 5] if %1[j] { %0[j, c] } : f32[T]
      %3 = running max (%2) axis 0 exclusive : f32[T]
      %4 = nest (%3) [i: T] { max(%3[i], f32(0.0)) } : f32[T]
      %5 = nest (%1) [j: T] { select(%1[j], i32(1), i32(0)) } : i32[T]
      %6 = running sum (%5) axis 0 : i32[T]
      return %4, %6
    }
    ");
}

#[test]
fn what_depends_on_both_places_stays() {
    let text = "graph @g(T in 1..=9) {
  %0 = input : f32[T]
  %1 = input : f32[T]
  %2 = nest (%0, %1) [i: T] sum f32 [j: T] if (i32[j] <= i32[i]) { (%0[j] * %1[i + (-1)*j]) } : f32[T]
  %3 = nest (%0) [i: T] argmax f32 [j: T] if (i32[j] <= i32[i]) { %0[j] } : i32[T]
  return %2, %3
}
";
    assert_eq!(found(text), text);
}
