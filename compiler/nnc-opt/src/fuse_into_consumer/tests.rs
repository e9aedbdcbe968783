use super::FUSE_INTO_CONSUMER;
use crate::DROP_DEAD;
use crate::tests::rewritten;

fn fused(text: &str) -> String {
    rewritten(&[FUSE_INTO_CONSUMER, DROP_DEAD], text)
}

#[test]
fn maps_join_and_go_into_row_sums() {
    insta::assert_snapshot!(fused("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 7]
          %1 = nest (%0) [t: T, d: 7] { exp(%0[t, d]) } : f32[T, 7]
          %2 = nest (%1) [t: T, d: 7] { (%1[t, d] + f32(1.0)) } : f32[T, 7]
          %3 = nest (%2) [t: T] sum f32 [d: 7] { %2[t, d] } : f32[T]
          return %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, 7]
      %1 = nest (%0) [t: T] sum f32 [d: 7] { (exp(%0[t, d]) + f32(1.0)) } : f32[T]
      return %1
    }
    ");
}

#[test]
fn factors_of_a_contraction_stay_plain_reads() {
    insta::assert_snapshot!(fused("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 7]
          %1 = input : f32[5, 7]
          %2 = nest (%0) [t: T, d: 7] { (%0[t, d] + f32(1.0)) } : f32[T, 7]
          %3 = nest (%2, %1) [t: T, n: 5] sum f32 [k: 7] { (%2[t, k] * %1[n, k]) } : f32[T, 5]
          return %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, 7]
      %1 = input : f32[5, 7]
      %2 = nest (%0) [t: T, d: 7] { (%0[t, d] + f32(1.0)) } : f32[T, 7]
      %3 = nest (%2, %1) [t: T, n: 5] sum f32 [k_2: 7] { (%2[t, k_2] * %1[n, k_2]) } : f32[T, 5]
      return %3
    }
    ");
}

#[test]
fn a_product_summed_becomes_a_contraction() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[3, 7]
          %1 = input : f32[5, 7]
          %2 = nest (%0, %1) [t: 3, n: 5, k: 7] { (%0[t, k] * %1[n, k]) } : f32[3, 5, 7]
          %3 = nest (%2) [t: 3, n: 5] sum f32 [k: 7] { %2[t, n, k] } : f32[3, 5]
          return %3
        }"), @"
    graph @g() {
      %0 = input : f32[3, 7]
      %1 = input : f32[5, 7]
      %2 = nest (%0, %1) [t: 3, n: 5] sum f32 [k_2: 7] { (%0[t, k_2] * %1[n, k_2]) } : f32[3, 5]
      return %2
    }
    ");
}

#[test]
fn an_exponential_is_not_computed_once_for_each_window() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[9]
          %1 = nest (%0) [i: 9] { exp(%0[i]) } : f32[9]
          %2 = nest (%1) [i: 7] max f32 [u: 3] { %1[i + u] } : f32[7]
          %3 = nest (%0) [i: 9] { (%0[i] + f32(1.0)) } : f32[9]
          %4 = nest (%3) [i: 7] max f32 [u: 3] { %3[i + u] } : f32[7]
          %5 = nest (%0) [i: 9] { exp(neg(%0[i])) } : f32[9]
          %6 = nest (%5) [i: 3] max f32 [u: 3] { %5[(3)*i + u] } : f32[3]
          return %2, %4, %6
        }"), @"
    graph @g() {
      %0 = input : f32[9]
      %1 = nest (%0) [i: 9] { exp(%0[i]) } : f32[9]
      %2 = nest (%1) [i: 7] max f32 [u: 3] { %1[i + u] } : f32[7]
      %3 = nest (%0) [i: 7] max f32 [u: 3] { (%0[i + u] + f32(1.0)) } : f32[7]
      %4 = nest (%0) [i: 3] max f32 [u: 3] { exp(neg(%0[(3)*i + u])) } : f32[3]
      return %2, %3, %4
    }
    ");
}

#[test]
fn a_mask_becomes_the_guard_of_every_softmax() {
    insta::assert_snapshot!(fused("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, T]
          %1 = nest () [i: T, j: T] { (i32[j] <= i32[i]) } : bool[T, T]
          %2 = nest (%0, %1) [i: T, j: T] softmax j if %1[i, j] { %0[i, j] } : f32[T, T]
          %3 = nest (%2, %1) [i: T, j: T] softmax j if %1[i, j] { %2[i, j] } : f32[T, T]
          return %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, T]
      %1 = nest (%0) [i: T, j: T] softmax j if (i32[j] <= i32[i]) { %0[i, j] } : f32[T, T]
      %2 = nest (%1) [i: T, j: T] softmax j if (i32[j] <= i32[i]) { %1[i, j] } : f32[T, T]
      return %2
    }
    ");
}

#[test]
fn only_the_trivially_cheap_is_computed_twice() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[9]
          %1 = input : f32[9]
          %2 = nest (%0) [i: 9] { (%0[i] * f32(2.0)) } : f32[9]
          %3 = nest (%0, %1) [i: 9] { (%0[i] + %1[i]) } : f32[9]
          %4 = nest (%0) [i: 9] { exp(%0[i]) } : f32[9]
          %5 = nest (%2, %3, %4) [i: 9] { ((%2[i] + %3[i]) + %4[i]) } : f32[9]
          %6 = nest (%2, %3, %4) [i: 9] { ((%2[i] * %3[i]) * %4[i]) } : f32[9]
          return %5, %6
        }"), @"
    graph @g() {
      %0 = input : f32[9]
      %1 = input : f32[9]
      %2 = nest (%0, %1) [i: 9] { (%0[i] + %1[i]) } : f32[9]
      %3 = nest (%0) [i: 9] { exp(%0[i]) } : f32[9]
      %4 = nest (%0, %2, %3) [i: 9] { (((%0[i] * f32(2.0)) + %2[i]) + %3[i]) } : f32[9]
      %5 = nest (%0, %2, %3) [i: 9] { (((%0[i] * f32(2.0)) * %2[i]) * %3[i]) } : f32[9]
      return %4, %5
    }
    ");
}

#[test]
fn a_map_over_merged_axes_is_taken_apart() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[2, 3]
          %1 = nest (%0) [(i: 2, j: 3)] { exp(%0[i, j]) } : f32[6]
          %2 = nest (%1) [k: 6] { (%1[k] * f32(3.0)) } : f32[6]
          return %2
        }"), @"
    graph @g() {
      %0 = input : f32[2, 3]
      %1 = nest (%0) [(k0: 2, k1: 3)] { (exp(%0[k0, k1]) * f32(3.0)) } : f32[6]
      return %1
    }
    ");
}

#[test]
fn a_finish_takes_a_map_in() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[3, 7]
          %1 = input : f32[5, 7]
          %2 = input : f32[3, 5]
          %3 = nest (%2) [t: 3, n: 5] { exp(%2[t, n]) } : f32[3, 5]
          %4 = nest (%0, %1, %3) [t: 3, n: 5] sum f32 [k: 7] { (%0[t, k] * %1[n, k]) } finish { (acc + %3[t, n]) } : f32[3, 5]
          return %4
        }"), @"
    graph @g() {
      %0 = input : f32[3, 7]
      %1 = input : f32[5, 7]
      %2 = input : f32[3, 5]
      %3 = nest (%0, %1, %2) [t: 3, n: 5] sum f32 [k_2: 7] { (%0[t, k_2] * %1[n, k_2]) } finish { (acc + exp(%2[t, n])) } : f32[3, 5]
      return %3
    }
    ");
}
