use super::lowered;

#[test]
fn a_linear_map_is_a_contraction_and_a_bias() {
    insta::assert_snapshot!(lowered(
        "
        use std.nn.{Linear, relu}
        dims B: batch, D: feat, K: class
        pub layer Head<D, K> {
            out: Linear<D, K>
            fn (x: f32[B, D]) -> f32[B, K] = x |> out |> relu
        }
        model head = Head<4, 3> { entry run with { B <= 8 } }
        "
    ), @r#"
    graph @run(B in 1..=8) {
      param 0 "out.weight" : f32[3, 4]
      param 1 "out.bias" : f32[3]
      %0 = input : f32[B, 4]
      %1 = param 0 : f32[3, 4]
      %2 = nest (%0, %1) [i: B, o: 3] sum f32 [i_2: 4] { (%0[i, i_2] * %1[o, i_2]) } : f32[B, 3]
      %3 = param 1 : f32[3]
      %4 = nest (%2, %3) [i: B, o: 3] { (%2[i, o] + %3[o]) } : f32[B, 3]
      %5 = nest (%4) [i: B, i_2: 3] { max(%4[i, i_2], f32(0.0)) } : f32[B, 3]
      return %5
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}

#[test]
fn transposes_and_splits_are_read_in_place() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch, T: time, N: head, D: feat
        pub layer Swap {
            fn (x: f32[B, T, 6]) -> f32[B, 2, T, 3] {
                let y[b, n, t, d] = x[b, t, (n:2 d)];
                let z[t, b, n, d] = y[b, n, t, d];
                let w[b, n, t, d] = exp(z[t, b, n, d]);
                w
            }
        }
        model swap = Swap { entry run with { B == 1, T <= 16 } }
        "
    ), @"
    graph @run(T in 1..=16) {
      %0 = input : f32[1, T, 6]
      %1 = nest (%0) [b: 1, n: 2, t: T, d: 3] { exp(%0[b, t, (3)*n + d]) } : f32[1, 2, T, 3]
      return %1
    }
    entry run = @run {
      input x
      output output
    }
    ");
}

#[test]
fn merging_the_axes_of_a_stored_tensor_is_a_reshape() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch, H: row, W: col
        pub layer Flat {
            fn (x: f32[B, 2, 3]) -> f32[B, 6] {
                let y[b, (h w)] = x[b, h, w];
                y
            }
        }
        model flat = Flat { entry run with { B <= 2 } }
        "
    ), @"
    graph @run(B in 1..=2) {
      %0 = input : f32[B, 2, 3]
      %1 = reshape (%0) : f32[B, 6]
      return %1
    }
    entry run = @run {
      input x
      output output
    }
    ");
}

#[test]
fn softmax_keeps_its_guard() {
    insta::assert_snapshot!(lowered(
        "
        use std.nn.{causal}
        dims T: time
        pub layer Weights {
            fn (s: f32[T, T]) -> f32[T, T] {
                let m = causal(T);
                let p[i, j] = softmax[j | m[i, j]] s[i, j];
                p
            }
        }
        model weights = Weights { entry run with { T <= 16 } }
        "
    ), @"
    graph @run(T in 1..=16) {
      %0 = input : f32[T, T]
      %1 = nest () [i: T, j: T] { (i32[j] <= i32[i]) } : bool[T, T]
      %2 = nest (%1, %0) [i: T, j: T] softmax j if %1[i, j] { %0[i, j] } : f32[T, T]
      return %2
    }
    entry run = @run {
      input s
      output output
    }
    ");
}

#[test]
fn a_sum_that_is_in_bounds_under_a_condition_only_is_taken_under_it() {
    insta::assert_snapshot!(lowered(
        "
        dims T: time, D: feat
        pub layer Distances {
            fn (x: f32[T, D], r: f32[T, D]) -> f32[T, T] {
                let y[i: T, j: T] = if j <= i { 2.0 * sum[d] x[i, d] * r[i - j, d] } else { 0.0 };
                y
            }
            fn ordered(x: f32[T, D], r: f32[T, D]) -> f32[T, T] {
                let y[i: T, j: T] = if j <= i { 2.0 * sum[d] x[i, d] * r[j, d] } else { 0.0 };
                y
            }
        }
        model distances = Distances {
            entry run with { T <= 8, D <= 4 }
            entry ordered = ordered with { T <= 8, D <= 4 }
        }
        "
    ), @"
    graph @run(T in 1..=8, D in 1..=4) {
      %0 = input : f32[T, D]
      %1 = input : f32[T, D]
      %2 = nest (%0, %1) [i: T, j: T] sum f32 [d: D] if (i32[j] <= i32[i]) { (%0[i, d] * %1[i + (-1)*j, d]) } : f32[T, T]
      %3 = nest (%2) [i: T, j: T] { select((i32[j] <= i32[i]), (f32(2.0) * %2[i, j]), f32(0.0)) } : f32[T, T]
      return %3
    }
    graph @ordered(T in 1..=8, D in 1..=4) {
      %0 = input : f32[T, D]
      %1 = input : f32[T, D]
      %2 = nest (%0, %1) [i: T, j: T] sum f32 [d: D] { (%0[i, d] * %1[j, d]) } finish { select((i32[j] <= i32[i]), (f32(2.0) * acc), f32(0.0)) } : f32[T, T]
      return %2
    }
    entry run = @run {
      input x
      input r
      output output
    }
    entry ordered = @ordered {
      input x
      input r
      output output
    }
    ");
}

#[test]
fn sixteen_bit_sums_run_in_f32() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch, D: feat
        pub layer Dot<D> {
            w: param bf16[D]
            fn (x: bf16[B, D]) -> bf16[B] {
                let y[b] = sum[d] x[b, d] * w[d];
                y
            }
        }
        model dot = Dot<4> { entry run with { B <= 2 } }
        "
    ), @r#"
    graph @run(B in 1..=2) {
      param 0 "w" : bf16[4]
      %0 = input : bf16[B, 4]
      %1 = param 0 : bf16[4]
      %2 = nest (%0, %1) [b: B] sum f32 [d: 4] { (cast f32(%0[b, d]) * cast f32(%1[d])) } finish { cast bf16(acc) } : bf16[B]
      return %2
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}

#[test]
fn a_mean_over_guarded_places_counts_them() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch, T: time
        pub layer Pool {
            fn (x: f32[B, T], there: Mask[B, T]) -> f32[B] {
                let y[b] = mean[t | there[b, t]] x[b, t];
                y
            }
        }
        model pool = Pool { entry run with { B <= 2, T <= 16 } }
        "
    ), @"
    graph @run(B in 1..=2, T in 1..=16) {
      %0 = input : f32[B, T]
      %1 = input : bool[B, T]
      %2 = nest (%1, %0) [b: B] sum f32 [t: T] if %1[b, t] { %0[b, t] } : f32[B]
      %3 = nest (%1) [b: B] sum i32 [t: T] if %1[b, t] { i32(1) } : i32[B]
      %4 = nest (%2, %3) [b: B] { (%2[b] / cast f32(%3[b])) } : f32[B]
      return %4
    }
    entry run = @run {
      input x
      input there
      output output
    }
    ");
}

#[test]
fn scalar_functions_are_computed_at_the_point() {
    insta::assert_snapshot!(lowered(
        "
        use std.nn.{silu}
        dims B: batch, D: feat, F: feat
        pub layer Gate<D, F> {
            a, b: param f32[F, D]
            fn (x: f32[B, D]) -> f32[B, F] {
                let h[n, f] = silu(sum[d] a[f, d] * x[n, d]) * sum[d] b[f, d] * x[n, d];
                h
            }
        }
        model gate = Gate<4, 6> { entry run with { B <= 2 } }
        "
    ), @r#"
    graph @run(B in 1..=2) {
      param 0 "a" : f32[6, 4]
      param 1 "b" : f32[6, 4]
      %0 = input : f32[B, 4]
      %1 = param 0 : f32[6, 4]
      %2 = nest (%1, %0) [n: B, f: 6] sum f32 [d: 4] { (%1[f, d] * %0[n, d]) } : f32[B, 6]
      %3 = param 1 : f32[6, 4]
      %4 = nest (%3, %0) [n: B, f: 6] sum f32 [d: 4] { (%3[f, d] * %0[n, d]) } : f32[B, 6]
      %5 = nest (%2, %4) [n: B, f: 6] { ((%2[n, f] / (f32(1.0) + exp(neg(%2[n, f])))) * %4[n, f]) } : f32[B, 6]
      return %5
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}

#[test]
fn a_convolution_is_one_nest() {
    insta::assert_snapshot!(lowered(
        "
        use std.nn.{Conv2d}
        dims B: batch, H: row, W: col
        pub layer Net {
            conv: Conv2d<3, 8>(s=2)
            fn (x: f32[B, 3, H, W]) -> f32[B, 8, (H - 1) // 2 + 1, (W - 1) // 2 + 1] = conv(x)
        }
        model net = Net { entry run with { B == 1, H == 9, W == 9 } }
        "
    ), @r#"
    graph @run() {
      param 0 "conv.weight" : f32[8, 3, 3, 3]
      param 1 "conv.bias" : f32[8]
      %0 = input : f32[1, 3, 9, 9]
      %1 = param 0 : f32[8, 3, 3, 3]
      %2 = nest (%0, %1) [b: 1, o: 8, i: 5, j: 5] sum f32 [c: 3, u: 3, v: 3] if ((((i32(0) <= i32[(2)*i + u - 1]) && (i32[(2)*i + u - 1] < i32(9))) && (i32(0) <= i32[(2)*j + v - 1])) && (i32[(2)*j + v - 1] < i32(9))) { (%0[b, c, (2)*i + u - 1, (2)*j + v - 1] * %1[o, c, u, v]) } : f32[1, 8, 5, 5]
      %3 = param 1 : f32[8]
      %4 = nest (%2, %3) [i: 1, i_2: 8, i_3: 5, i_4: 5] { (%2[i, i_2, i_3, i_4] + %3[i_2]) } : f32[1, 8, 5, 5]
      return %4
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}

#[test]
fn splits_and_joins_read_parts() {
    insta::assert_snapshot!(lowered(
        "
        dims B: batch
        pub layer Parts {
            fn (x: f32[B, 5]) -> f32[B, 5] {
                let (a, b) = split(x, [2, 3]);
                concat(b, exp(a))
            }
        }
        model parts = Parts { entry run with { B <= 2 } }
        "
    ), @"
    graph @run(B in 1..=2) {
      %0 = input : f32[B, 5]
      %1 = nest (%0) [i: B, i_2: 2] { exp(%0[i, i_2]) } : f32[B, 2]
      %2 = nest (%0, %1) [i: B, i_2: 5] { select((i32[i_2] < i32[3]), %0[i, i_2 + 2], %1[i, i_2 - 3]) } : f32[B, 5]
      return %2
    }
    entry run = @run {
      input x
      output output
    }
    ");
}
