use super::MOVE_BEFORE_VIEWS;
use crate::tests::rewritten;

#[test]
fn a_scale_behind_a_split_into_heads_goes_into_the_product() {
    insta::assert_snapshot!(rewritten(&[MOVE_BEFORE_VIEWS], "
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 7]
          %1 = input : f32[6, 7]
          %2 = nest (%0, %1) [t: T, o: 6] sum f32 [i: 7] { (%0[t, i] * %1[o, i]) } : f32[T, 6]
          %3 = nest (%2) [h: 2, t: T, d: 3] { (%2[t, 3*h + d] * f32(0.25)) } : f32[2, T, 3]
          return %3
        }"), @"
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 7]
          %1 = input : f32[6, 7]
          %2 = nest (%0, %1) [t: T, o: 6] sum f32 [i: 7] { (%0[t, i] * %1[o, i]) } finish { (acc * f32(0.25)) } : f32[T, 6]
          %3 = nest (%2) [h: 2, t: T, d: 3] { %2[t, (3)*h + d] } : f32[2, T, 3]
          return %3
        }
        ");
}

#[test]
fn what_depends_on_the_place_stays() {
    let text = "graph @g() {
  %0 = input : f32[7]
  %1 = input : f32[6, 7]
  %2 = nest (%0, %1) [o: 6] sum f32 [i: 7] { (%0[i] * %1[o, i]) } : f32[6]
  %3 = nest (%2) [o: 6] { (%2[(-1)*o + 5] * cast f32(i64[o])) } : f32[6]
  return %3
}
";
    assert_eq!(rewritten(&[MOVE_BEFORE_VIEWS], text), text);
}

#[test]
fn what_is_read_elsewhere_too_stays() {
    let text = "graph @g() {
  %0 = input : f32[7]
  %1 = input : f32[6, 7]
  %2 = nest (%0, %1) [o: 6] sum f32 [i: 7] { (%0[i] * %1[o, i]) } : f32[6]
  %3 = nest (%2) [o: 6] { (%2[(-1)*o + 5] * f32(2.0)) } : f32[6]
  return %3, %2
}
";
    assert_eq!(rewritten(&[MOVE_BEFORE_VIEWS], text), text);
}
