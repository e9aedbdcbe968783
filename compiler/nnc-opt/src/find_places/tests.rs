use super::FIND_PLACES;
use crate::tests::rewritten;
use crate::{ABSORB_VIEWS, DROP_DEAD, FOLD_CONSTANTS, SIMPLIFY_GUARDS};

fn found(text: &str) -> String {
    rewritten(&[FIND_PLACES, FOLD_CONSTANTS, SIMPLIFY_GUARDS, ABSORB_VIEWS, DROP_DEAD], text)
}

#[test]
fn sums_by_index_are_scattered() {
    insta::assert_snapshot!(found("
        graph @g(E in 1..=9) {
          %0 = input : f32[E, 5]
          %1 = input : i32[E]
          %2 = nest (%0, %1) [n: 9, d: 5] sum f32 [e: E] if (%1[e] == i32[n]) { %0[e, d] } finish { max(acc, f32(0.0)) } : f32[9, 5]
          return %2
        }"), @"
    graph @g(E in 1..=9) {
      %0 = input : f32[E, 5]
      %1 = input : i32[E]
      %2 = scatter sum (%0, %1) into 9 : f32[9, 5]
      %3 = nest (%2) [n: 9, d: 5] { max(%2[n, d], f32(0.0)) } : f32[9, 5]
      return %3
    }
    ");
}

#[test]
fn batches_and_other_conditions_and_axes_have_their_places() {
    insta::assert_snapshot!(found("
        graph @g(E in 1..=9, N in 1..=9) {
          %0 = input : f32[2, E, 5, 3]
          %1 = input : i32[E, 2]
          %2 = input : f32[N]
          %3 = nest (%0, %1, %2) [n: N, c: 5, b: 2] max f32 [e: E, u: 3] if (((%2[n] > f32(0.0)) && (i32[n + 1] == %1[e, b])) && (%0[b, e, c, u] > f32(-0.5))) { (%0[b, e, c, u] * %2[n]) } : f32[N, 5, 2]
          return %3
        }"), @"
    graph @g(E in 1..=9, N in 1..=9) {
      %0 = input : f32[2, E, 5, 3]
      %1 = input : i32[E, 2]
      %2 = input : f32[N]
      %3 = nest (%1, %2, %0) [b: 2, e: E, c: 5] max f32 [u: 3] if ((((i32(0) <= (%1[e, b] - i32(1))) && ((%1[e, b] - i32(1)) < i32[N])) && (%2[{(%1[e, b] - i32(1))}] > f32(0.0))) && (%0[b, e, c, u] > f32(-0.5))) { (%0[b, e, c, u] * %2[{(%1[e, b] - i32(1))}]) } : f32[2, E, 5]
      %4 = nest (%1, %2) [b: 2, e: E] { select((((i32(0) <= (%1[e, b] - i32(1))) && ((%1[e, b] - i32(1)) < i32[N])) && (%2[{(%1[e, b] - i32(1))}] > f32(0.0))), (%1[e, b] - i32(1)), i32(-1)) } : i32[2, E]
      %5 = scatter max (%3, %4) into N : f32[2, N, 5]
      %6 = nest (%5) [n: N, c: 5, b: 2] { %5[b, n, c] } : f32[N, 5, 2]
      return %6
    }
    ");
}

#[test]
fn the_first_at_a_place_is_the_first_that_goes_there() {
    insta::assert_snapshot!(found("
        graph @g(T in 1..=9) {
          %0 = input : i32[T]
          %1 = input : i32[T]
          %2 = nest (%0, %1) [p: T] first i32 [k: T] if (%1[k] == i32[p]) { %0[k] } : i32[T]
          %3 = nest (%0, %1) [p: T] first i32 [k: T] if ((%1[k] == i32[p]) && (%0[k] > i32(0))) { %0[k] } : i32[T]
          return %2, %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : i32[T]
      %1 = input : i32[T]
      %2 = scatter first (%0, %1) into T : i32[T]
      %3 = nest (%0) [k_2: T] { select((%0[k_2] > i32(0)), %0[k_2], i32(0)) } : i32[T]
      %4 = nest (%0, %1) [k_2: T] { select((%0[k_2] > i32(0)), %1[k_2], i32(-1)) } : i32[T]
      %5 = scatter first (%3, %4) into T : i32[T]
      return %2, %5
    }
    ");
}

#[test]
fn a_one_hot_factor_is_a_guard() {
    insta::assert_snapshot!(found("
        graph @g(T in 1..=9) {
          %0 = input : i32[T]
          %1 = input : f32[T, 5]
          %2 = input : f32[9, 5]
          %3 = nest (%0) [t: T, v: 9] { cast f32((%0[t] == i32[v])) } : f32[T, 9]
          %4 = nest (%3, %1) [v: 9, d: 5] sum f32 [t: T] { (%3[t, v] * %1[t, d]) } : f32[9, 5]
          %5 = nest (%3, %2) [t: T, d: 5] sum f32 [v: 9] { (%2[v, d] * %3[t, v]) } : f32[T, 5]
          %6 = nest (%0, %1) [v: 9, d: 5] sum f32 [t: T] { select((i32[v] == %0[t]), (%1[t, d] * f32(2.0)), f32(0.0)) } : f32[9, 5]
          return %4, %5, %6
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : i32[T]
      %1 = input : f32[T, 5]
      %2 = input : f32[9, 5]
      %3 = scatter sum (%1, %0) into 9 : f32[9, 5]
      %4 = nest (%0, %2) [t: T, d: 5] { select(((i32(0) <= %0[t]) && (%0[t] < i32(9))), %2[{%0[t]}, d], f32(0.0)) } : f32[T, 5]
      %5 = nest (%1) [t: T, d: 5] { (%1[t, d] * f32(2.0)) } : f32[T, 5]
      %6 = scatter sum (%5, %0) into 9 : f32[9, 5]
      return %3, %4, %6
    }
    ");
}

#[test]
fn a_reduced_index_that_is_equal_to_data_is_where_to_read() {
    insta::assert_snapshot!(found("
        graph @g(T in 1..=9, V in 1..=9) {
          %0 = input : i32[T]
          %1 = input : f32[V, 5]
          %2 = nest (%0, %1) [t: T] max f32 [v: V, d: 5] if (%0[t] == i32[v]) { %1[v, d] } : f32[T]
          %3 = nest (%0) [t: T] first i32 [k: T] if (i32[k] == i32[t]) { %0[k] } : i32[T]
          return %2, %3
        }"), @"
    graph @g(T in 1..=9, V in 1..=9) {
      %0 = input : i32[T]
      %1 = input : f32[V, 5]
      %2 = nest (%0, %1) [t: T] max f32 [d: 5] if ((i32(0) <= %0[t]) && (%0[t] < i32[V])) { %1[{%0[t]}, d] } : f32[T]
      %3 = nest (%0) [t: T] { %0[t] } : i32[T]
      return %2, %3
    }
    ");
}

#[test]
fn few_values_are_looked_at_in_each_place() {
    let text = "graph @g(T in 1..=9) {
  %0 = input : i32[T, 2]
  %1 = input : f32[T, 2]
  %2 = nest (%1, %0) [t: T, e: 8] sum f32 [s: 2] if (%0[t, s] == i32[e]) { %1[t, s] } : f32[T, 8]
  return %2
}
";
    assert_eq!(found(text), text);
}
