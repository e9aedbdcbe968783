use super::SIMPLIFY_GUARDS;
use crate::tests::rewritten;

fn simplified(text: &str) -> String {
    rewritten(&[SIMPLIFY_GUARDS], text)
}

#[test]
fn an_unpadded_window_loses_its_guard() {
    insta::assert_snapshot!(simplified("
        graph @g(H in 5..=9) {
          %0 = input : f32[H]
          %1 = nest (%0) [i: H - 2] max f32 [u: 3] if ((i32(0) <= i32[i + u]) && (i32[i + u] < i32[H])) { %0[i + u] } : f32[H - 2]
          return %1
        }"), @"
    graph @g(H in 5..=9) {
      %0 = input : f32[H]
      %1 = nest (%0) [i: H - 2] max f32 [u: 3] { %0[i + u] } : f32[H - 2]
      return %1
    }
    ");
}

#[test]
fn a_strided_window_loses_one_side_of_its_guard() {
    insta::assert_snapshot!(simplified("
        graph @g(H in 5..=9) {
          %0 = input : f32[H]
          %1 = nest (%0) [i: (H - 1) // 2 + 1] sum f32 [u: 3] if ((i32(0) <= i32[(2)*i + u - 1]) && (i32[(2)*i + u - 1] < i32[H + 1])) { %0[{max(min(i32[(2)*i + u - 1], i32[H - 1]), i32(0))}] } : f32[(H - 1) // 2 + 1]
          return %1
        }"), @"
    graph @g(H in 5..=9) {
      %0 = input : f32[H]
      %1 = nest (%0) [i: (H + 1)//2] sum f32 [u: 3] if (i32(0) <= i32[(2)*i + u - 1]) { %0[{max(min(i32[(2)*i + u - 1], i32[H - 1]), i32(0))}] } : f32[(H + 1)//2]
      return %1
    }
    ");
}

#[test]
fn padding_keeps_its_guard() {
    insta::assert_snapshot!(simplified("
        graph @g() {
          %0 = input : f32[8]
          %1 = nest (%0) [i: 8] sum f32 [u: 3] if ((i32(0) <= i32[i + u - 1]) && (i32[i + u - 1] < i32(8))) { %0[i + u - 1] } : f32[8]
          return %1
        }"), @"
    graph @g() {
      %0 = input : f32[8]
      %1 = nest (%0) [i: 8] sum f32 [u: 3] if ((i32(0) <= i32[i + u - 1]) && (i32[i + u - 1] < i32(8))) { %0[i + u - 1] } : f32[8]
      return %1
    }
    ");
}

#[test]
fn what_a_guard_asks_holds_in_the_value() {
    insta::assert_snapshot!(simplified("
        graph @g() {
          %0 = input : f32[8]
          %1 = nest (%0) [i: 8] sum f32 [u: 3] if (i32[i + u] < i32(8)) { select((i32[i + u] < i32(8)), %0[i + u], f32(3.0)) } : f32[8]
          return %1
        }"), @"
    graph @g() {
      %0 = input : f32[8]
      %1 = nest (%0) [i: 8] sum f32 [u: 3] if (i32[i + u] < i32(8)) { %0[i + u] } : f32[8]
      return %1
    }
    ");
}

#[test]
fn a_finish_is_computed_even_where_nothing_is_reduced() {
    insta::assert_snapshot!(simplified("
        graph @g(T in 0..=3) {
          %0 = input : f32[T, 2]
          %1 = nest (%0) [i: 2] sum f32 [t: T] { select((i32(0) < i32[T]), %0[t, i], f32(7.0)) } finish { select((i32(0) < i32[T]), acc, f32(-1.0)) } : f32[2]
          return %1
        }"), @"
    graph @g(T in 0..=3) {
      %0 = input : f32[T, 2]
      %1 = nest (%0) [i: 2] sum f32 [t: T] { %0[t, i] } finish { select((i32(0) < i32[T]), acc, f32(-1.0)) } : f32[2]
      return %1
    }
    ");
}
