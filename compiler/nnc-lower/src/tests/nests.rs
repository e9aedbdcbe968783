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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
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
    ), @"");
}
