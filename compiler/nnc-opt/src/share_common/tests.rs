use super::SHARE_COMMON;
use crate::DROP_DEAD;
use crate::tests::rewritten;

#[test]
fn equal_nodes_are_one_whatever_their_axes_are_called() {
    insta::assert_snapshot!(rewritten(&[SHARE_COMMON, DROP_DEAD], "
        graph @g() {
          %0 = input : f32[4]
          %1 = nest (%0) [i: 4] { exp(%0[i]) } : f32[4]
          %2 = nest (%0) [j: 4] { exp(%0[j]) } : f32[4]
          %3 = nest (%1) [i: 4] { (%1[i] + f32(0.0)) } : f32[4]
          %4 = nest (%2) [i: 4] { (%2[i] + f32(0.0)) } : f32[4]
          %5 = nest (%2) [i: 4] { (%2[i] + f32(-0.0)) } : f32[4]
          %6 = nest (%3, %4, %5) [i: 4] { ((%3[i] * %4[i]) * %5[i]) } : f32[4]
          return %6, %4
        }"), @"
    graph @g() {
      %0 = input : f32[4]
      %1 = nest (%0) [i: 4] { exp(%0[i]) } : f32[4]
      %2 = nest (%1) [i: 4] { (%1[i] + f32(0.0)) } : f32[4]
      %3 = nest (%1) [i: 4] { (%1[i] + f32(-0.0)) } : f32[4]
      %4 = nest (%2, %3) [i: 4] { ((%2[i] * %2[i]) * %3[i]) } : f32[4]
      return %4, %2
    }
    ");
}

#[test]
fn calls_with_equal_arguments_are_one() {
    insta::assert_snapshot!(rewritten(&[SHARE_COMMON, DROP_DEAD], "
        graph @f() {
          param 0 \"w\" : f32[3]
          %0 = input : f32[3]
          %1 = param 0 : f32[3]
          %2 = nest (%0, %1) [i: 3] { (%0[i] * %1[i]) } : f32[3]
          return %2
        }
        graph @g() {
          param 0 \"a\" : f32[3]
          param 1 \"b\" : f32[3]
          %0 = input : f32[3]
          %1 = call @f dims [] (%0) params [0] : f32[3]
          %2 = call @f dims [] (%0) params [0] : f32[3]
          %3 = call @f dims [] (%0) params [1] : f32[3]
          return %1, %2, %3
        }"), @r#"
    graph @f() {
      param 0 "w" : f32[3]
      %0 = input : f32[3]
      %1 = param 0 : f32[3]
      %2 = nest (%0, %1) [i: 3] { (%0[i] * %1[i]) } : f32[3]
      return %2
    }
    graph @g() {
      param 0 "a" : f32[3]
      param 1 "b" : f32[3]
      %0 = input : f32[3]
      %1 = call @f dims [] (%0) params [0] : f32[3]
      %2 = call @f dims [] (%0) params [1] : f32[3]
      return %1, %1, %2
    }
    "#);
}
