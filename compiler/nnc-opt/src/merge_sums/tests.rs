use super::MERGE_SUMS;
use crate::tests::rewritten;
use crate::{DROP_DEAD, FOLD_NORMS, FUSE_INTO_PRODUCER};

/// What becomes of contractions of one input that are added up.
fn merged(text: &str) -> String {
    rewritten(&[FUSE_INTO_PRODUCER, DROP_DEAD, FOLD_NORMS, MERGE_SUMS, DROP_DEAD], text)
}

/// The nodes that go over the input, and so are no weights.
fn contractions(text: &str) -> usize {
    merged(text).matches(" sum f32 ").count()
}

/// A convolution of `%0 : f32[4, 9]` whose window of 3 is padded with 1, and what is added.
fn beside(other: &str, added: &str) -> String {
    format!(
        "graph @g() {{
          param 0 \"w\" : f32[5, 4, 3]
          param 1 \"v\" : f32[5, 4]
          param 2 \"s\" : f32[5]
          param 3 \"u\" : f32[5, 4, 3]
          %0 = input : f32[4, 9]
          %1 = param 0 : f32[5, 4, 3]
          %2 = param 1 : f32[5, 4]
          %3 = param 2 : f32[5]
          %4 = param 3 : f32[5, 4, 3]
          %5 = nest (%0, %1) [n: 5, i: 9] sum f32 [c: 4, u: 3] if ((i32(0) <= i32[i + u - 1]) && (i32[i + u - 1] < i32(9))) {{ (%0[c, i + u - 1] * %1[n, c, u]) }} : f32[5, 9]
          %6 = {other}
          %7 = nest (%5, %6, %3) [n: 5, i: 9] {{ {added} }} : f32[5, 9]
          return %7
        }}"
    )
}

const POINTWISE: &str =
    "nest (%0, %2) [n: 5, i: 9] sum f32 [c: 4] { (%0[c, i] * %2[n, c]) } : f32[5, 9]";

#[test]
fn a_pointwise_convolution_is_the_middle_of_a_window() {
    let text = beside(POINTWISE, "max(((%5[n, i] + %6[n, i]) + %3[n]), f32(0.0))");
    insta::assert_snapshot!(merged(&text), @r#"
    graph @g() {
      param 0 "w" : f32[5, 4, 3]
      param 1 "v" : f32[5, 4]
      param 2 "s" : f32[5]
      param 3 "u" : f32[5, 4, 3]
      %0 = input : f32[4, 9]
      %1 = param 0 : f32[5, 4, 3]
      %2 = param 1 : f32[5, 4]
      %3 = param 2 : f32[5]
      %4 = nest (%1, %2) [w0: 5, w1: 4, w2: 3] { (%1[w0, w1, w2] + select((i32[w2] == i32[1]), %2[w0, w1], f32(0.0))) } : f32[5, 4, 3]
      %5 = nest (%0, %4, %3) [n: 5, i: 9] sum f32 [c: 4, u: 3] if ((i32(0) <= i32[i + u - 1]) && (i32[i + u - 1] < i32(9))) { (%0[c, i + u - 1] * %4[n, c, u]) } finish { max((acc + %3[n]), f32(0.0)) } : f32[5, 9]
      return %5
    }
    "#);
}

#[test]
fn windows_that_are_added_are_one() {
    let small = "nest (%0, %2) [n: 5, i: 9] sum f32 [c: 4] if (i32[i] < i32(8)) { (%0[c, i + 1] * %2[n, c]) } : f32[5, 9]";
    let same = "nest (%0, %4) [n: 5, i: 9] sum f32 [d: 4, v: 3] if ((i32(0) <= i32[i + v - 1]) && (i32[i + v - 1] < i32(9))) { (%0[d, i + v - 1] * %4[n, d, v]) } : f32[5, 9]";
    for other in [POINTWISE, small, same] {
        for added in ["(%5[n, i] + %6[n, i])", "exp((%6[n, i] - (%3[n] - %5[n, i])))"] {
            let text = beside(other, added);
            assert_eq!(contractions(&text), 1, "{}", merged(&text));
        }
    }
}

#[test]
fn what_is_not_in_the_window_stays_beside_it() {
    // It reads where the window does not, and it leaves out what the window does not.
    let outside = "nest (%0, %2) [n: 5, i: 9] sum f32 [c: 4] if (i32[i] < i32(7)) { (%0[c, i + 2] * %2[n, c]) } : f32[5, 9]";
    let fewer = "nest (%0, %2) [n: 5, i: 9] sum f32 [c: 4] if (i32[i] < i32(8)) { (%0[c, i] * %2[n, c]) } : f32[5, 9]";
    for other in [outside, fewer] {
        let text = beside(other, "(%5[n, i] + %6[n, i])");
        assert_eq!(contractions(&text), 2, "{}", merged(&text));
    }
    // A difference, a product, and a sum of which one is used again.
    for added in [
        "(%5[n, i] * %6[n, i])",
        "(max(%5[n, i], f32(0.0)) + %6[n, i])",
        "((%5[n, i] + %6[n, i]) * %6[n, i])",
    ] {
        let text = beside(POINTWISE, added);
        assert_eq!(contractions(&text), 2, "{}", merged(&text));
    }
}

#[test]
fn a_window_lies_in_a_dilated_one_only_where_its_points_do() {
    let text = |inner: &str| {
        format!(
            "graph @g() {{
              param 0 \"w\" : f32[5, 3, 3]
              param 1 \"v\" : f32[5, 3, 2]
              %0 = input : f32[3, 15]
              %1 = param 0 : f32[5, 3, 3]
              %2 = param 1 : f32[5, 3, 2]
              %3 = nest (%0, %1) [n: 5, i: 4] sum f32 [c: 3, u: 3] {{ (%0[c, (2)*i + (2)*u] * %1[n, c, u]) }} : f32[5, 4]
              %4 = nest (%0, %2) [n: 5, i: 4] sum f32 [c: 3, u: 2] {{ (%0[c, {inner}] * %2[n, c, u]) }} : f32[5, 4]
              %5 = nest (%3, %4) [n: 5, i: 4] {{ (%3[n, i] + %4[n, i]) }} : f32[5, 4]
              return %5
            }}"
        )
    };
    assert_eq!(contractions(&text("(2)*i + (2)*u")), 1);
    assert_eq!(contractions(&text("(2)*i + (2)*u + 2")), 1);
    assert_eq!(contractions(&text("(2)*i + (2)*u + 4")), 2);
    assert_eq!(contractions(&text("(2)*i + (2)*u + 1")), 2);
    assert_eq!(contractions(&text("(2)*i + u")), 2);
}

#[test]
fn the_identity_is_a_window_with_a_single_one() {
    let text = "graph @g() {
          param 0 \"w\" : f32[4, 4, 3]
          param 1 \"mean\" : f32[4]
          param 2 \"scale\" : f32[4]
          param 3 \"bias\" : f32[4]
          %0 = input : f32[4, 9]
          %1 = param 0 : f32[4, 4, 3]
          %2 = param 1 : f32[4]
          %3 = param 2 : f32[4]
          %4 = param 3 : f32[4]
          %5 = nest (%0, %1) [n: 4, i: 9] sum f32 [c: 4, u: 3] if ((i32(0) <= i32[i + u - 1]) && (i32[i + u - 1] < i32(9))) { (%0[c, i + u - 1] * %1[n, c, u]) } : f32[4, 9]
          %6 = nest (%5, %0, %2, %3, %4) [n: 4, i: 9] { max((%5[n, i] + (((%0[n, i] - %2[n]) * %3[n]) + %4[n])), f32(0.0)) } : f32[4, 9]
          return %6
        }";
    insta::assert_snapshot!(merged(text), @r#"
    graph @g() {
      param 0 "w" : f32[4, 4, 3]
      param 1 "mean" : f32[4]
      param 2 "scale" : f32[4]
      param 3 "bias" : f32[4]
      %0 = input : f32[4, 9]
      %1 = param 0 : f32[4, 4, 3]
      %2 = param 1 : f32[4]
      %3 = param 2 : f32[4]
      %4 = param 3 : f32[4]
      %5 = nest (%1, %3) [w0: 4, w1: 4, w2: 3] { (%1[w0, w1, w2] + select(((i32[w1] == i32[w0]) && (i32[w2] == i32[1])), %3[w0], f32(0.0))) } : f32[4, 4, 3]
      %6 = nest (%0, %5, %2, %3, %4) [n: 4, i: 9] sum f32 [c: 4, u: 3] if ((i32(0) <= i32[i + u - 1]) && (i32[i + u - 1] < i32(9))) { (%0[c, i + u - 1] * %5[n, c, u]) } finish { max(((acc + (neg(%2[n]) * %3[n])) + %4[n]), f32(0.0)) } : f32[4, 9]
      return %6
    }
    "#);
}
