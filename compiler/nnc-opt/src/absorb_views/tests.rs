use super::ABSORB_VIEWS;
use crate::DROP_DEAD;
use crate::tests::rewritten;

fn absorbed(text: &str) -> String {
    rewritten(&[ABSORB_VIEWS, DROP_DEAD], text)
}

#[test]
fn a_transposed_operand_is_read_as_it_lies() {
    insta::assert_snapshot!(absorbed("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 7]
          %1 = input : f32[7, 5]
          %2 = nest (%1) [n: 5, k: 7] { %1[k, n] } : f32[5, 7]
          %3 = nest (%0, %2) [t: T, n: 5] sum f32 [k: 7] { (%0[t, k] * %2[n, k]) } : f32[T, 5]
          return %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, 7]
      %1 = input : f32[7, 5]
      %2 = nest (%0, %1) [t: T, n: 5] sum f32 [k_2: 7] { (%0[t, k_2] * %1[k_2, n]) } : f32[T, 5]
      return %2
    }
    ");
}

#[test]
fn heads_are_split_off_where_they_are_read() {
    insta::assert_snapshot!(absorbed("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 15]
          %1 = nest (%0) [n: 3, t: T, d: 5] { %0[t, (5)*n + d] } : f32[3, T, 5]
          %2 = nest (%1) [n: 3, t: T, s: T] sum f32 [d: 5] { (%1[n, t, d] * %1[n, s, d]) } : f32[3, T, T]
          return %2
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, 15]
      %1 = nest (%0) [n: 3, t: T, s: T] sum f32 [d: 5] { (%0[t, (5)*n + d] * %0[s, (5)*n + d]) } : f32[3, T, T]
      return %1
    }
    ");
}

#[test]
fn a_reader_of_merged_axes_runs_over_both() {
    insta::assert_snapshot!(absorbed("
        graph @g(T in 1..=9) {
          param 0 \"w\" : f32[4, 15]
          %0 = input : f32[3, T, 5]
          %1 = param 0 : f32[4, 15]
          %2 = nest (%0) [t: T, (n: 3, d: 5)] { %0[n, t, d] } : f32[T, 15]
          %3 = nest (%2, %1) [t: T, o: 4] sum f32 [i: 15] { (%2[t, i] * %1[o, i]) } : f32[T, 4]
          %4 = nest (%2) [t: T, i: 15] { exp(%2[t, i]) } : f32[T, 15]
          return %3, %4
        }"), @r#"
    graph @g(T in 1..=9) {
      param 0 "w" : f32[4, 15]
      %0 = input : f32[3, T, 5]
      %1 = param 0 : f32[4, 15]
      %2 = nest (%0, %1) [t: T, o: 4] sum f32 [i0: 3, i1: 5] { (%0[i0, t, i1] * %1[o, (5)*i0 + i1]) } : f32[T, 4]
      %3 = nest (%0) [t: T, (i0: 3, i1: 5)] { exp(%0[i0, t, i1]) } : f32[T, 15]
      return %2, %3
    }
    "#);
}

#[test]
fn a_reshape_is_read_through_where_its_sizes_factor() {
    insta::assert_snapshot!(absorbed("
        graph @g(T in 1..=9) {
          %0 = input : f32[T, 12]
          %1 = reshape (%0) : f32[T, 3, 4]
          %2 = nest (%1) [t: T, d: 4] sum f32 [n: 3] { %1[t, n, d] } : f32[T, 4]
          %3 = reshape (%0) : f32[(12*T)]
          %4 = nest (%3) [i: 12*T] { exp(%3[i]) } : f32[12*T]
          return %2, %4
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[T, 12]
      %1 = nest (%0) [t: T, d: 4] sum f32 [n: 3] { %0[t, d + (4)*n] } : f32[T, 4]
      %2 = nest (%0) [(i0: T, i1: 12)] { exp(%0[i0, i1]) } : f32[12*T]
      return %1, %2
    }
    ");
}

#[test]
fn sizes_that_do_not_factor_keep_the_view() {
    insta::assert_snapshot!(absorbed("
        graph @g() {
          %0 = input : f32[6, 4]
          %1 = reshape (%0) : f32[4, 6]
          %2 = nest (%1) [i: 4, j: 6] { exp(%1[i, j]) } : f32[4, 6]
          return %2
        }"), @"
    graph @g() {
      %0 = input : f32[6, 4]
      %1 = reshape (%0) : f32[4, 6]
      %2 = nest (%1) [i: 4, j: 6] { exp(%1[i, j]) } : f32[4, 6]
      return %2
    }
    ");
}

#[test]
fn a_softmax_needs_its_axis_whole() {
    insta::assert_snapshot!(absorbed("
        graph @g() {
          %0 = input : f32[3, 5]
          %1 = nest (%0) [(i: 3, j: 5)] { %0[i, j] } : f32[15]
          %2 = nest (%1) [i: 15] softmax i { %1[i] } : f32[15]
          return %2
        }"), @"
    graph @g() {
      %0 = input : f32[3, 5]
      %1 = nest (%0) [(i: 3, j: 5)] { %0[i, j] } : f32[15]
      %2 = nest (%1) [i: 15] softmax i { %1[i] } : f32[15]
      return %2
    }
    ");
}

#[test]
fn slices_broadcasts_and_windows_compose() {
    insta::assert_snapshot!(absorbed("
        graph @g() {
          %0 = input : f32[9]
          %1 = nest (%0) [b: 2, i: 6] { %0[i + 3] } : f32[2, 6]
          %2 = nest (%1) [b: 2, i: 3] max f32 [u: 3] if ((2)*i + u < 6) { %1[b, (2)*i + u] } : f32[2, 3]
          return %2
        }".replace("(2)*i + u < 6", "i32[(2)*i + u] < i32(6)").as_str()), @"
    graph @g() {
      %0 = input : f32[9]
      %1 = nest (%0) [b: 2, i: 3] max f32 [u: 3] if (i32[(2)*i + u] < i32(6)) { %0[(2)*i + u + 3] } : f32[2, 3]
      return %1
    }
    ");
}

#[test]
fn a_gathered_row_is_found_behind_a_transpose() {
    insta::assert_snapshot!(absorbed("
        graph @g(T in 1..=9) {
          %0 = input : f32[5, 4]
          %1 = input : i32[T]
          %2 = nest (%0) [v: 4, d: 5] { %0[d, v] } : f32[4, 5]
          %3 = nest (%1, %2) [t: T, d: 5] { %2[{%1[t]}, d] } : f32[T, 5]
          return %3
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : f32[5, 4]
      %1 = input : i32[T]
      %2 = nest (%0, %1) [t: T, d: 5] { %0[d, {%1[t]}] } : f32[T, 5]
      return %2
    }
    ");
}

#[test]
fn sixteen_bit_operands_are_widened_where_they_are_read() {
    insta::assert_snapshot!(absorbed("
        graph @g(T in 1..=9) {
          %0 = input : bf16[T, 7]
          %1 = input : bf16[5, 7]
          %2 = nest (%0) [t: T, k: 7] { cast f32(%0[t, k]) } : f32[T, 7]
          %3 = nest (%1) [n: 5, k: 7] { cast f32(%1[n, k]) } : f32[5, 7]
          %4 = nest (%2, %3) [t: T, n: 5] sum f32 [k: 7] { (%2[t, k] * %3[n, k]) } : f32[T, 5]
          return %4
        }"), @"
    graph @g(T in 1..=9) {
      %0 = input : bf16[T, 7]
      %1 = input : bf16[5, 7]
      %2 = nest (%0, %1) [t: T, n: 5] sum f32 [k_2: 7] { (cast f32(%0[t, k_2]) * cast f32(%1[n, k_2])) } : f32[T, 5]
      return %2
    }
    ");
}

#[test]
fn outputs_and_calls_keep_their_copy() {
    insta::assert_snapshot!(absorbed("
        graph @callee() {
          %0 = input : f32[5, 3]
          %1 = nest (%0) [i: 5] sum f32 [j: 3] { %0[i, j] } : f32[5]
          return %1
        }
        graph @g() {
          %0 = input : f32[3, 5]
          %1 = nest (%0) [i: 5, j: 3] { %0[j, i] } : f32[5, 3]
          %2 = call @callee dims [] (%1) params [] : f32[5]
          %3 = nest (%0) [i: 3, j: 5] { %0[i, j] } : f32[3, 5]
          %4 = nest (%1) [i: 5, j: 3] { exp(%1[i, j]) } : f32[5, 3]
          return %1, %2, %3, %4
        }"), @"
    graph @callee() {
      %0 = input : f32[5, 3]
      %1 = nest (%0) [i: 5] sum f32 [j: 3] { %0[i, j] } : f32[5]
      return %1
    }
    graph @g() {
      %0 = input : f32[3, 5]
      %1 = nest (%0) [i: 5, j: 3] { %0[j, i] } : f32[5, 3]
      %2 = call @callee dims [] (%1) params [] : f32[5]
      %3 = nest (%0) [i: 3, j: 5] { %0[i, j] } : f32[3, 5]
      %4 = nest (%0) [i: 5, j: 3] { exp(%0[j, i]) } : f32[5, 3]
      return %1, %2, %3, %4
    }
    ");
}

#[test]
fn a_merged_axis_read_backwards_is_not_taken_apart() {
    insta::assert_snapshot!(absorbed("
        graph @g() {
          %0 = input : f32[3, 5]
          %1 = nest (%0) [(i: 3, j: 5)] { %0[i, j] } : f32[15]
          %2 = nest (%1) [i: 15] { exp(%1[(-1)*i + 14]) } : f32[15]
          return %2
        }"), @"
    graph @g() {
      %0 = input : f32[3, 5]
      %1 = nest (%0) [(i: 3, j: 5)] { %0[i, j] } : f32[15]
      %2 = nest (%1) [i: 15] { exp(%1[(-1)*i + 14]) } : f32[15]
      return %2
    }
    ");
}

#[test]
fn a_parameter_that_is_read_backwards_stays_and_an_input_does_not() {
    let text = |source: &str| {
        format!(
            "
        graph @g() {{
          param 0 \"w\" : f32[3]
          %0 = input : f32[3]
          %1 = param 0 : f32[3]
          %2 = nest ({source}) [u: 3] {{ {source}[(-1)*u + 2] }} : f32[3]
          %3 = nest (%0, %2) [i: 3] {{ (%0[i] * %2[i]) }} : f32[3]
          return %3
        }}"
        )
    };
    let (param, input) = (absorbed(&text("%1")), absorbed(&text("%0")));
    assert!(param.contains("{ (%0[i] * %2[i]) }"), "{param}");
    assert!(input.contains("{ (%0[i] * %0[(-1)*i + 2]) }"), "{input}");
}
