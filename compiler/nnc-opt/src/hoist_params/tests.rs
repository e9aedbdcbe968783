use super::HOIST_PARAMS;
use crate::DROP_DEAD;
use crate::tests::rewritten;

fn hoisted(text: &str) -> String {
    rewritten(&[HOIST_PARAMS, DROP_DEAD], text)
}

#[test]
fn a_chain_of_parameters_is_one_derived_parameter() {
    insta::assert_snapshot!(hoisted("
        graph @g(T in 1..=9) {
          param 0 \"a\" : f32[5]
          param 1 \"b\" : f32[5]
          %0 = input : f32[T, 5]
          %1 = param 0 : f32[5]
          %2 = param 1 : f32[5]
          %3 = nest (%1) [i: 5] { exp(%1[i]) } : f32[5]
          %4 = nest (%3, %2, %1) [i: 5] { ((%3[i] * %2[i]) + %1[i]) } : f32[5]
          %5 = nest (%0, %4) [t: T, i: 5] { (%0[t, i] * %4[i]) } : f32[T, 5]
          return %5
        }"), @r#"
    graph @g_derived1() {
      %0 = input : f32[5]
      %1 = input : f32[5]
      %2 = nest (%0) [i: 5] { exp(%0[i]) } : f32[5]
      %3 = nest (%2, %1, %0) [i: 5] { ((%2[i] * %1[i]) + %0[i]) } : f32[5]
      return %3
    }
    graph @g(T in 1..=9) {
      param 0 "a" : f32[5]
      param 1 "b" : f32[5]
      param 2 "a.derived1" = @g_derived1(0, 1) : f32[5]
      %0 = input : f32[T, 5]
      %1 = param 2 : f32[5]
      %2 = nest (%0, %1) [t: T, i: 5] { (%0[t, i] * %1[i]) } : f32[T, 5]
      return %2
    }
    "#);
}

#[test]
fn a_part_of_an_expression_is_derived_over_the_axes_it_needs() {
    insta::assert_snapshot!(hoisted("
        graph @g(T in 1..=9) {
          param 0 \"mean\" : f32[6]
          param 1 \"scale\" : f32[6]
          %0 = input : f32[T, 2, 3]
          %1 = param 0 : f32[6]
          %2 = param 1 : f32[6]
          %3 = nest (%0, %1, %2) [t: T, g: 2, c: 3] { ((%0[t, g, c] - %1[(3)*g + c]) * (%2[(3)*g + c] + f32(1.0))) } : f32[T, 2, 3]
          return %3
        }"), @r#"
    graph @g_derived1() {
      %0 = input : f32[6]
      %1 = nest (%0) [g: 2, c: 3] { (%0[(3)*g + c] + f32(1.0)) } : f32[2, 3]
      return %1
    }
    graph @g(T in 1..=9) {
      param 0 "mean" : f32[6]
      param 1 "scale" : f32[6]
      param 2 "scale.derived1" = @g_derived1(1) : f32[2, 3]
      %0 = input : f32[T, 2, 3]
      %1 = param 0 : f32[6]
      %2 = param 2 : f32[2, 3]
      %3 = nest (%0, %1, %2) [t: T, g: 2, c: 3] { ((%0[t, g, c] - %1[(3)*g + c]) * %2[g, c]) } : f32[T, 2, 3]
      return %3
    }
    "#);
}

#[test]
fn what_only_moves_or_spreads_stays() {
    insta::assert_snapshot!(hoisted("
        graph @g(T in 1..=9) {
          param 0 \"a\" : bf16[5, 3]
          param 1 \"b\" : f32[300]
          %0 = input : f32[T, 3]
          %1 = param 0 : bf16[5, 3]
          %2 = param 1 : f32[300]
          %3 = nest (%1) [j: 3, i: 5] { cast f32(%1[i, j]) } : f32[3, 5]
          %4 = nest (%0, %3) [t: T, i: 5] sum f32 [j: 3] { (%0[t, j] * %3[j, i]) } : f32[T, 5]
          %5 = nest (%2) [i: 300, j: 300] { (%2[i] * %2[j]) } : f32[300, 300]
          %6 = nest (%0, %5) [t: T, i: 300] { (%0[t, 0] * %5[i, 1]) } : f32[T, 300]
          return %4, %6
        }"), @r#"
    graph @g(T in 1..=9) {
      param 0 "a" : bf16[5, 3]
      param 1 "b" : f32[300]
      %0 = input : f32[T, 3]
      %1 = param 0 : bf16[5, 3]
      %2 = param 1 : f32[300]
      %3 = nest (%1) [j: 3, i: 5] { cast f32(%1[i, j]) } : f32[3, 5]
      %4 = nest (%0, %3) [t: T, i: 5] sum f32 [j: 3] { (%0[t, j] * %3[j, i]) } : f32[T, 5]
      %5 = nest (%2) [i: 300, j: 300] { (%2[i] * %2[j]) } : f32[300, 300]
      %6 = nest (%0, %5) [t: T, i: 300] { (%0[t, 0] * %5[i, 1]) } : f32[T, 300]
      return %4, %6
    }
    "#);
}

#[test]
fn a_callee_derives_from_what_each_call_binds() {
    insta::assert_snapshot!(hoisted("
        graph @f() {
          param 0 \"w\" : f32[3]
          %0 = input : f32[3]
          %1 = param 0 : f32[3]
          %2 = nest (%0, %1) [i: 3] { (%0[i] * exp(%1[i])) } : f32[3]
          return %2
        }
        graph @g() {
          param 0 \"a\" : f32[3]
          param 1 \"b\" : f32[3]
          %0 = input : f32[3]
          %1 = call @f dims [] (%0) params [0] : f32[3]
          %2 = call @f dims [] (%1) params [1] : f32[3]
          return %2
        }
        entry run = @g { input x output y }"), @r#"
    graph @f_derived1() {
      %0 = input : f32[3]
      %1 = nest (%0) [i: 3] { exp(%0[i]) } : f32[3]
      return %1
    }
    graph @f() {
      param 0 "w" : f32[3]
      param 1 "w.derived1" = @f_derived1(0) : f32[3]
      %0 = input : f32[3]
      %1 = param 1 : f32[3]
      %2 = nest (%0, %1) [i: 3] { (%0[i] * %1[i]) } : f32[3]
      return %2
    }
    graph @g() {
      param 0 "a" : f32[3]
      param 1 "b" : f32[3]
      %0 = input : f32[3]
      %1 = call @f dims [] (%0) params [0] : f32[3]
      %2 = call @f dims [] (%1) params [1] : f32[3]
      return %2
    }
    entry run = @g {
      input x
      output y
    }
    "#);
}

#[test]
fn a_read_that_a_condition_keeps_inside_is_not_hoisted() {
    insta::assert_snapshot!(hoisted("
        graph @g() {
          param 0 \"w\" : f32[3]
          %0 = input : f32[5]
          %1 = param 0 : f32[3]
          %2 = nest (%0, %1) [i: 5] { select((i32[i] < i32(3)), (%0[i] * exp(%1[i])), %0[i]) } : f32[5]
          return %2
        }"), @r#"
    graph @g() {
      param 0 "w" : f32[3]
      %0 = input : f32[5]
      %1 = param 0 : f32[3]
      %2 = nest (%0, %1) [i: 5] { select((i32[i] < i32(3)), (%0[i] * exp(%1[i])), %0[i]) } : f32[5]
      return %2
    }
    "#);
}

#[test]
fn a_table_of_positions_is_computed_once() {
    insta::assert_snapshot!(hoisted("
        graph @g() {
          %0 = input : f32[5, 3]
          %1 = nest () [t: 5, i: 3] { cos((cast f32(i32[t]) * exp(cast f32(i32[(-2)*i])))) } : f32[5, 3]
          %2 = nest () [t: 5, i: 3] { cast f32(i32[t + i]) } : f32[5, 3]
          %3 = nest (%0, %1, %2) [t: 5, i: 3] { ((%0[t, i] * %1[t, i]) + %2[t, i]) } : f32[5, 3]
          return %3
        }"), @r#"
    graph @g_derived1() {
      %0 = nest () [t: 5, i: 3] { cos((cast f32(i32[t]) * exp(cast f32(i32[(-2)*i])))) } : f32[5, 3]
      return %0
    }
    graph @g() {
      param 0 "constant.derived1" = @g_derived1() : f32[5, 3]
      %0 = input : f32[5, 3]
      %1 = param 0 : f32[5, 3]
      %2 = nest () [t: 5, i: 3] { cast f32(i32[t + i]) } : f32[5, 3]
      %3 = nest (%0, %1, %2) [t: 5, i: 3] { ((%0[t, i] * %1[t, i]) + %2[t, i]) } : f32[5, 3]
      return %3
    }
    "#);
}

#[test]
fn a_window_that_is_read_backwards_is_turned_once() {
    insta::assert_snapshot!(hoisted("
        graph @g() {
          param 0 \"w\" : f32[3]
          %0 = input : f32[5]
          %1 = param 0 : f32[3]
          %2 = nest (%1) [u: 3] { %1[(-1)*u + 2] } : f32[3]
          %3 = nest (%0, %2) [i: 3] sum f32 [u: 3] { (%0[i + u] * %2[u]) } : f32[3]
          return %3
        }"), @r#"
    graph @g_derived1() {
      %0 = input : f32[3]
      %1 = nest (%0) [u: 3] { %0[(-1)*u + 2] } : f32[3]
      return %1
    }
    graph @g() {
      param 0 "w" : f32[3]
      param 1 "w.derived1" = @g_derived1(0) : f32[3]
      %0 = input : f32[5]
      %1 = param 1 : f32[3]
      %2 = nest (%0, %1) [i: 3] sum f32 [u: 3] { (%0[i + u] * %1[u]) } : f32[3]
      return %2
    }
    "#);
}
