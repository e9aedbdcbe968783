use super::DROP_DEAD;
use crate::tests::rewritten;

#[test]
fn what_no_output_needs_goes_and_inputs_stay() {
    insta::assert_snapshot!(rewritten(&[DROP_DEAD], "
        graph @g() {
          param 0 \"unused\" : f32[4]
          %0 = input : f32[4]
          %1 = input : f32[4]
          %2 = param 0 : f32[4]
          %3 = nest (%0, %2) [i: 4] { (%0[i] * %2[i]) } : f32[4]
          %4 = nest (%1) [i: 4] { exp(%1[i]) } : f32[4]
          return %4
        }"), @r#"
    graph @g() {
      param 0 "unused" : f32[4]
      %0 = input : f32[4]
      %1 = input : f32[4]
      %2 = nest (%1) [i: 4] { exp(%1[i]) } : f32[4]
      return %2
    }
    "#);
}

#[test]
fn a_result_that_no_caller_uses_goes() {
    insta::assert_snapshot!(rewritten(&[DROP_DEAD], "
        graph @unreached() {
          %0 = input : f32[4]
          return %0
        }
        graph @f() {
          %0 = input : f32[4]
          %1 = nest (%0) [i: 4] { exp(%0[i]) } : f32[4]
          %2 = nest (%0) [i: 4] { sin(%0[i]) } : f32[4]
          %3 = nest (%0) [i: 4] { cos(%0[i]) } : f32[4]
          return %1, %2, %3
        }
        graph @g() {
          %0 = input : f32[4]
          %1 = call @f dims [] (%0) params [] : f32[4], f32[4], f32[4]
          %2 = call @f dims [] (%1.2) params [] : f32[4], f32[4], f32[4]
          return %2.1, %1.2
        }
        entry run = @g { input x output y output z }"), @"
    graph @f() {
      %0 = input : f32[4]
      %1 = nest (%0) [i: 4] { sin(%0[i]) } : f32[4]
      %2 = nest (%0) [i: 4] { cos(%0[i]) } : f32[4]
      return %1, %2
    }
    graph @g() {
      %0 = input : f32[4]
      %1 = call @f dims [] (%0) params [] : f32[4], f32[4]
      %2 = call @f dims [] (%1.1) params [] : f32[4], f32[4]
      return %2.0, %1.1
    }
    entry run = @g {
      input x
      output y
      output z
    }
    ");
}
