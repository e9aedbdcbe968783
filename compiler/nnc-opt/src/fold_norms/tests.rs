use super::FOLD_NORMS;
use crate::tests::rewritten;
use crate::{DROP_DEAD, FUSE_INTO_PRODUCER, HOIST_PARAMS};

fn folded(text: &str) -> String {
    rewritten(&[FUSE_INTO_PRODUCER, DROP_DEAD, FOLD_NORMS, DROP_DEAD], text)
}

const CONVOLUTION_AND_NORM: &str = "
    graph @g(B in 1..=3) {
      param 0 \"w\" : f32[5, 3, 2]
      param 1 \"mean\" : f32[5]
      param 2 \"scale\" : f32[5]
      param 3 \"bias\" : f32[5]
      %0 = input : f32[B, 3, 7]
      %1 = param 0 : f32[5, 3, 2]
      %2 = param 1 : f32[5]
      %3 = param 2 : f32[5]
      %4 = param 3 : f32[5]
      %5 = nest (%0, %1) [b: B, o: 5, i: 7] sum f32 [c: 3, u: 2] if (i32[i + u] < i32(7)) { (%0[b, c, i + u] * %1[o, c, u]) } : f32[B, 5, 7]
      %6 = nest (%5, %2, %3, %4) [b: B, o: 5, i: 7] { max((((%5[b, o, i] - %2[o]) * (%3[o] * rsqrt((exp(%3[o]) + f32(0.1))))) + %4[o]), f32(0.0)) } : f32[B, 5, 7]
      return %6
    }";

#[test]
fn a_batch_norm_goes_into_the_convolution_before_it() {
    insta::assert_snapshot!(folded(CONVOLUTION_AND_NORM), @r#"
    graph @g(B in 1..=3) {
      param 0 "w" : f32[5, 3, 2]
      param 1 "mean" : f32[5]
      param 2 "scale" : f32[5]
      param 3 "bias" : f32[5]
      %0 = input : f32[B, 3, 7]
      %1 = param 0 : f32[5, 3, 2]
      %2 = param 1 : f32[5]
      %3 = param 2 : f32[5]
      %4 = param 3 : f32[5]
      %5 = nest (%1, %3) [w0: 5, w1: 3, w2: 2] { (%1[w0, w1, w2] * (%3[w0] * rsqrt((exp(%3[w0]) + f32(0.1))))) } : f32[5, 3, 2]
      %6 = nest (%0, %5, %2, %3, %4) [b: B, o: 5, i: 7] sum f32 [c: 3, u: 2] if (i32[i + u] < i32(7)) { (%0[b, c, i + u] * %5[o, c, u]) } finish { max((acc + ((neg(%2[o]) * (%3[o] * rsqrt((exp(%3[o]) + f32(0.1))))) + %4[o])), f32(0.0)) } : f32[B, 5, 7]
      return %6
    }
    "#);
}

#[test]
fn what_is_left_of_a_batch_norm_is_a_bias() {
    let passes = [FUSE_INTO_PRODUCER, DROP_DEAD, FOLD_NORMS, HOIST_PARAMS, DROP_DEAD];
    let text = rewritten(&passes, CONVOLUTION_AND_NORM);
    let main = &text[text.find("graph @g(").unwrap()..];
    insta::assert_snapshot!(main, @r#"
    graph @g(B in 1..=3) {
      param 0 "w" : f32[5, 3, 2]
      param 1 "mean" : f32[5]
      param 2 "scale" : f32[5]
      param 3 "bias" : f32[5]
      param 4 "w.derived1" = @g_derived1(0, 2) : f32[5, 3, 2]
      param 5 "mean.derived1" = @g_derived2(1, 2, 3) : f32[5]
      %0 = input : f32[B, 3, 7]
      %1 = param 4 : f32[5, 3, 2]
      %2 = param 5 : f32[5]
      %3 = nest (%0, %1, %2) [b: B, o: 5, i: 7] sum f32 [c: 3, u: 2] if (i32[i + u] < i32(7)) { (%0[b, c, i + u] * %1[o, c, u]) } finish { max((acc + %2[o]), f32(0.0)) } : f32[B, 5, 7]
      return %3
    }
    "#);
}

#[test]
fn grouped_channels_find_their_scale() {
    insta::assert_snapshot!(folded("
        graph @g() {
          param 0 \"w\" : f32[10, 3]
          param 1 \"s\" : f32[10]
          %0 = input : f32[4, 2, 3]
          %1 = param 0 : f32[10, 3]
          %2 = param 1 : f32[10]
          %3 = nest (%0, %1) [b: 4, (g: 2, o: 5)] sum f32 [c: 3] { (%0[b, g, c] * %1[(5)*g + o, c]) } : f32[4, 10]
          %4 = nest (%3, %2) [b: 4, k: 10] { (%3[b, k] * %2[k]) } : f32[4, 10]
          %5 = nest (%4) [b: 4, k: 10] { (%4[b, k] / (f32(1.0) + exp(neg(%4[b, k])))) } : f32[4, 10]
          return %5
        }"), @r#"
    graph @g() {
      param 0 "w" : f32[10, 3]
      param 1 "s" : f32[10]
      %0 = input : f32[4, 2, 3]
      %1 = param 0 : f32[10, 3]
      %2 = param 1 : f32[10]
      %3 = nest (%1, %2) [w0: 10, w1: 3] { (%1[w0, w1] * %2[w0]) } : f32[10, 3]
      %4 = nest (%0, %3) [b: 4, (k0: 2, k1: 5)] sum f32 [c: 3] { (%0[b, k0, c] * %3[(5)*k0 + k1, c]) } finish { (acc / (f32(1.0) + exp(neg(acc)))) } : f32[4, 10]
      return %4
    }
    "#);
}

#[test]
fn the_scale_of_a_norm_goes_into_all_weights_behind_it() {
    insta::assert_snapshot!(folded("
        graph @g(T in 1..=9) {
          param 0 \"gamma\" : f32[7]
          param 1 \"beta\" : f32[7]
          param 2 \"q\" : f32[5, 7]
          param 3 \"k\" : f32[3, 7]
          %0 = input : f32[T, 7]
          %1 = param 0 : f32[7]
          %2 = param 1 : f32[7]
          %3 = param 2 : f32[5, 7]
          %4 = param 3 : f32[3, 7]
          %5 = nest (%0) [t: T] sum f32 [d: 7] { (%0[t, d] * %0[t, d]) } finish { rsqrt((acc + f32(0.01))) } : f32[T]
          %6 = nest (%0, %5, %1, %2) [t: T, d: 7] { (((%0[t, d] * %5[t]) * %1[d]) + %2[d]) } : f32[T, 7]
          %7 = nest (%6, %3) [t: T, n: 5] sum f32 [d: 7] { (%6[t, d] * %3[n, d]) } : f32[T, 5]
          %8 = nest (%6, %4) [t: T, n: 3] sum f32 [d: 7] { (%4[n, d] * %6[t, d]) } finish { exp(acc) } : f32[T, 3]
          return %7, %8
        }"), @r#"
    graph @g(T in 1..=9) {
      param 0 "gamma" : f32[7]
      param 1 "beta" : f32[7]
      param 2 "q" : f32[5, 7]
      param 3 "k" : f32[3, 7]
      %0 = input : f32[T, 7]
      %1 = param 0 : f32[7]
      %2 = param 1 : f32[7]
      %3 = param 2 : f32[5, 7]
      %4 = param 3 : f32[3, 7]
      %5 = nest (%0) [t: T] sum f32 [d: 7] { (%0[t, d] * %0[t, d]) } finish { rsqrt((acc + f32(0.01))) } : f32[T]
      %6 = nest (%0, %5) [t: T, d: 7] { (%0[t, d] * %5[t]) } : f32[T, 7]
      %7 = nest (%3, %1) [w0: 5, w1: 7] { (%3[w0, w1] * %1[w1]) } : f32[5, 7]
      %8 = nest (%2, %3) [n: 5] sum f32 [d: 7] { (%2[d] * %3[n, d]) } : f32[5]
      %9 = nest (%6, %7, %8) [t: T, n: 5] sum f32 [d: 7] { (%6[t, d] * %7[n, d]) } finish { (acc + %8[n]) } : f32[T, 5]
      %10 = nest (%4, %1) [w0: 3, w1: 7] { (%4[w0, w1] * %1[w1]) } : f32[3, 7]
      %11 = nest (%2, %4) [n: 3] sum f32 [d: 7] { (%2[d] * %4[n, d]) } : f32[3]
      %12 = nest (%10, %6, %11) [t: T, n: 3] sum f32 [d: 7] { (%10[n, d] * %6[t, d]) } finish { exp((acc + %11[n])) } : f32[T, 3]
      return %9, %12
    }
    "#);
}

#[test]
fn a_norm_that_something_else_reads_keeps_its_scale() {
    insta::assert_snapshot!(folded("
        graph @g(T in 1..=9) {
          param 0 \"gamma\" : f32[7]
          param 1 \"q\" : f32[5, 7]
          %0 = input : f32[T, 7]
          %1 = param 0 : f32[7]
          %2 = param 1 : f32[5, 7]
          %3 = nest (%0, %1) [t: T, d: 7] { (%0[t, d] * %1[d]) } : f32[T, 7]
          %4 = nest (%3, %2) [t: T, n: 5] sum f32 [d: 7] { (%3[t, d] * %2[n, d]) } : f32[T, 5]
          %5 = nest (%3) [t: T, d: 7] { exp(%3[t, d]) } : f32[T, 7]
          return %4, %5
        }"), @r#"
    graph @g(T in 1..=9) {
      param 0 "gamma" : f32[7]
      param 1 "q" : f32[5, 7]
      %0 = input : f32[T, 7]
      %1 = param 0 : f32[7]
      %2 = param 1 : f32[5, 7]
      %3 = nest (%0, %1) [t: T, d: 7] { (%0[t, d] * %1[d]) } : f32[T, 7]
      %4 = nest (%3, %2) [t: T, n: 5] sum f32 [d: 7] { (%3[t, d] * %2[n, d]) } : f32[T, 5]
      %5 = nest (%3) [t: T, d: 7] { exp(%3[t, d]) } : f32[T, 7]
      return %4, %5
    }
    "#);
}

#[test]
fn shared_or_narrow_weights_and_residuals_before_the_scale_stay() {
    insta::assert_snapshot!(folded("
        graph @g(T in 1..=9) {
          param 0 \"s\" : f32[5]
          param 1 \"w\" : f32[5, 7]
          param 2 \"v\" : bf16[5, 7]
          %0 = input : f32[T, 7]
          %1 = param 0 : f32[5]
          %2 = param 1 : f32[5, 7]
          %3 = param 2 : bf16[5, 7]
          %4 = nest (%0, %2, %1) [t: T, n: 5] sum f32 [d: 7] { (%0[t, d] * %2[n, d]) } finish { (acc * %1[n]) } : f32[T, 5]
          %5 = nest (%0, %2) [t: T, n: 5] sum f32 [d: 7] { (%0[t, d] * %2[n, d]) } : f32[T, 5]
          %6 = nest (%0, %3, %1) [t: T, n: 5] sum f32 [d: 7] { (%0[t, d] * cast f32(%3[n, d])) } finish { (acc * %1[n]) } : f32[T, 5]
          return %4, %5, %6
        }"), @r#"
    graph @g(T in 1..=9) {
      param 0 "s" : f32[5]
      param 1 "w" : f32[5, 7]
      param 2 "v" : bf16[5, 7]
      %0 = input : f32[T, 7]
      %1 = param 0 : f32[5]
      %2 = param 1 : f32[5, 7]
      %3 = param 2 : bf16[5, 7]
      %4 = nest (%0, %2, %1) [t: T, n: 5] sum f32 [d: 7] { (%0[t, d] * %2[n, d]) } finish { (acc * %1[n]) } : f32[T, 5]
      %5 = nest (%0, %2) [t: T, n: 5] sum f32 [d: 7] { (%0[t, d] * %2[n, d]) } : f32[T, 5]
      %6 = nest (%0, %3, %1) [t: T, n: 5] sum f32 [d: 7] { (%0[t, d] * cast f32(%3[n, d])) } finish { (acc * %1[n]) } : f32[T, 5]
      return %4, %5, %6
    }
    "#);
}
