use super::FUSE_INTO_PRODUCER;
use crate::DROP_DEAD;
use crate::tests::rewritten;

fn fused(text: &str) -> String {
    rewritten(&[FUSE_INTO_PRODUCER, DROP_DEAD], text)
}

#[test]
fn bias_activation_and_residual_go_into_the_product() {
    insta::assert_snapshot!(fused("
        graph @g(T in 1..=9) {
          param 0 \"w\" : f32[5, 7]
          param 1 \"b\" : f32[5]
          %0 = input : f32[T, 7]
          %1 = param 0 : f32[5, 7]
          %2 = param 1 : f32[5]
          %3 = nest (%0, %1) [t: T, n: 5] sum f32 [k: 7] { (%0[t, k] * %1[n, k]) } : f32[T, 5]
          %4 = input : f32[T, 5]
          %5 = nest (%3, %2) [t: T, n: 5] { (%3[t, n] + %2[n]) } : f32[T, 5]
          %6 = nest (%5) [t: T, n: 5] { (%5[t, n] / (f32(1.0) + exp(neg(%5[t, n])))) } : f32[T, 5]
          %7 = nest (%6, %4) [t: T, n: 5] { (%6[t, n] + %4[t, n]) } : f32[T, 5]
          return %7
        }"), @r#"
    graph @g(T in 1..=9) {
      param 0 "w" : f32[5, 7]
      param 1 "b" : f32[5]
      %0 = input : f32[T, 7]
      %1 = input : f32[T, 5]
      %2 = param 0 : f32[5, 7]
      %3 = param 1 : f32[5]
      %4 = nest (%0, %2, %3, %1) [t: T, n: 5] sum f32 [k_2: 7] { (%0[t, k_2] * %2[n, k_2]) } finish { (((acc + %3[n]) / (f32(1.0) + exp(neg((acc + %3[n]))))) + %1[t, n]) } : f32[T, 5]
      return %4
    }
    "#);
}

#[test]
fn a_rounding_stays_between_its_neighbours() {
    insta::assert_snapshot!(fused("
        graph @g(T in 1..=9) {
          %0 = input : bf16[T, 7]
          %1 = input : bf16[5, 7]
          %2 = nest (%0, %1) [t: T, n: 5] sum f32 [k: 7] { (cast f32(%0[t, k]) * cast f32(%1[n, k])) } finish { cast bf16(acc) } : bf16[T, 5]
          %3 = nest (%2) [t: T, n: 5] { (cast f32(%2[t, n]) * f32(0.3)) } : f32[T, 5]
          return %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : bf16[T, 7]
      %1 = input : bf16[5, 7]
      %2 = nest (%0, %1) [t: T, n: 5] sum f32 [k_2: 7] { (cast f32(%0[t, k_2]) * cast f32(%1[n, k_2])) } finish { (cast f32(cast bf16(acc)) * f32(0.3)) } : f32[T, 5]
      return %2
    }
    ");
}

#[test]
fn a_gate_goes_into_the_later_product() {
    insta::assert_snapshot!(fused("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 7]
          %1 = input : f32[5, 7]
          %2 = input : f32[5, 7]
          %3 = nest (%0, %1) [t: T, n: 5] sum f32 [k: 7] { (%0[t, k] * %1[n, k]) } : f32[T, 5]
          %4 = nest (%0, %2) [t: T, n: 5] sum f32 [k: 7] { (%0[t, k] * %2[n, k]) } : f32[T, 5]
          %5 = nest (%3, %4) [t: T, n: 5] { (tanh(%3[t, n]) * %4[t, n]) } : f32[T, 5]
          return %5
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, 7]
      %1 = input : f32[5, 7]
      %2 = input : f32[5, 7]
      %3 = nest (%0, %1) [t: T, n: 5] sum f32 [k_2: 7] { (%0[t, k_2] * %1[n, k_2]) } : f32[T, 5]
      %4 = nest (%0, %2, %3) [t: T, n: 5] sum f32 [k_2: 7] { (%0[t, k_2] * %2[n, k_2]) } finish { (tanh(%3[t, n]) * acc) } : f32[T, 5]
      return %4
    }
    ");
}

#[test]
fn merged_channels_are_finished_group_by_group() {
    insta::assert_snapshot!(fused("
        graph @g(B in 1..=3) {
          %0 = input : f32[B, 2, 3, 4]
          %1 = input : f32[2, 5, 3]
          %2 = input : f32[10]
          %3 = nest (%0, %1) [b: B, (g: 2, o: 5), i: 4] sum f32 [c: 3] { (%0[b, g, c, i] * %1[g, o, c]) } : f32[B, 10, 4]
          %4 = nest (%3, %2) [b: B, k: 10, i: 4] { max((%3[b, k, i] * %2[k]), f32(0.0)) } : f32[B, 10, 4]
          return %4
        }"), @"
    graph @g(B in 1..=3) {
      %0 = input : f32[B, 2, 3, 4]
      %1 = input : f32[2, 5, 3]
      %2 = input : f32[10]
      %3 = nest (%0, %1, %2) [b: B, (k0: 2, k1: 5), i: 4] sum f32 [c: 3] { (%0[b, k0, c, i] * %1[k0, k1, c]) } finish { max((acc * %2[(5)*k0 + k1]), f32(0.0)) } : f32[B, 10, 4]
      return %3
    }
    ");
}

#[test]
fn unit_axes_come_and_go() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[5, 7]
          %1 = nest (%0) [a: 1, i: 5] sum f32 [k: 7] { %0[a + i, k] } : f32[1, 5]
          %2 = nest (%1) [i: 5, z: 1] { sqrt(abs(%1[0, i])) } : f32[5, 1]
          return %2
        }"), @"
    graph @g() {
      %0 = input : f32[5, 7]
      %1 = nest (%0) [i: 5, z: 1] sum f32 [k_2: 7] { %0[i, k_2] } finish { sqrt(abs(acc)) } : f32[5, 1]
      return %1
    }
    ");
}

#[test]
fn a_value_with_two_readers_stays() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[5, 7]
          %1 = nest (%0) [i: 5] sum f32 [k: 7] { %0[i, k] } : f32[5]
          %2 = nest (%1) [i: 5] { exp(%1[i]) } : f32[5]
          %3 = nest (%1) [i: 5] { (%1[i] + f32(1.0)) } : f32[5]
          return %2, %3
        }"), @"
    graph @g() {
      %0 = input : f32[5, 7]
      %1 = nest (%0) [i: 5] sum f32 [k_2: 7] { %0[i, k_2] } : f32[5]
      %2 = nest (%1) [i: 5] { exp(%1[i]) } : f32[5]
      %3 = nest (%1) [i: 5] { (%1[i] + f32(1.0)) } : f32[5]
      return %2, %3
    }
    ");
}

#[test]
fn neighbours_and_broadcasts_are_not_the_own_point() {
    insta::assert_snapshot!(fused("
        graph @g() {
          %0 = input : f32[6, 7]
          %1 = nest (%0) [i: 6] sum f32 [k: 7] { %0[i, k] } : f32[6]
          %2 = nest (%1) [i: 3] { (%1[(2)*i] - %1[(2)*i + 1]) } : f32[3]
          %3 = nest (%0) [i: 6] max f32 [k: 7] { %0[i, k] } : f32[6]
          %4 = nest (%3, %0) [i: 6, k: 7] { (%0[i, k] - %3[i]) } : f32[6, 7]
          %5 = nest (%0) [i: 6] min f32 [k: 7] { %0[i, k] } : f32[6]
          %6 = nest (%5) [i: 6] { (%5[-1*i + 5] + f32(1.0)) } : f32[6]
          return %2, %4, %6
        }".replace("-1*i", "(-1)*i").as_str()), @"
    graph @g() {
      %0 = input : f32[6, 7]
      %1 = nest (%0) [i: 6] sum f32 [k_2: 7] { %0[i, k_2] } : f32[6]
      %2 = nest (%1) [i: 3] { (%1[(2)*i] - %1[(2)*i + 1]) } : f32[3]
      %3 = nest (%0) [i: 6] max f32 [k_2: 7] { %0[i, k_2] } : f32[6]
      %4 = nest (%3, %0) [i: 6, k_2: 7] { (%0[i, k_2] - %3[i]) } : f32[6, 7]
      %5 = nest (%0) [i: 6] min f32 [k_2: 7] { %0[i, k_2] } : f32[6]
      %6 = nest (%5) [i: 6] { (%5[(-1)*i + 5] + f32(1.0)) } : f32[6]
      return %2, %4, %6
    }
    ");
}
