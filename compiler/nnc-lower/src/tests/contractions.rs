use super::lowered;

#[test]
fn what_the_sum_does_not_depend_on_is_done_at_the_end() {
    insta::assert_snapshot!(lowered(
        "
        dims T: time, S: time, D: feat
        pub layer Scores<D> {
            fn (q: f32[T, D], k: f32[S, D]) -> f32[T, S] {
                let s[i, j] = sum[d] q[i, d] * k[j, d] / sqrt(D);
                s
            }
        }
        model scores = Scores<64> { entry run with { T <= 4, S <= 8 } }
        "
    ), @"");
}

#[test]
fn a_product_of_three_is_cut_where_a_part_is_smaller() {
    insta::assert_snapshot!(lowered(
        "
        dims T: time, S: time, D: feat, F: feat
        pub layer Three<D, F> {
            w: param f32[S2, D, F]
            fn (r: f32[T, 2], h: f32[T, 2, F]) -> f32[T, D] {
                let y[t, d] = sum[s, f] r[t, s] * w[s, d, f] * h[t, s, f];
                y
            }
        }
        model three = Three<4, 6> { entry run with { T <= 4 } }
        "
        .replace("S2", "2")
        .as_str()
    ), @"");
}

#[test]
fn a_chain_of_matrices_is_cut_into_two_contractions() {
    insta::assert_snapshot!(lowered(
        "
        dims T: time, D: feat, F: feat, K: feat
        pub layer Chain<D, F, K> {
            a: param f32[D, F]
            b: param f32[F, K]
            fn (x: f32[T, D]) -> f32[T, K] {
                let y[t, k] = sum[d, f] x[t, d] * a[d, f] * b[f, k];
                y
            }
        }
        model chain = Chain<4, 6, 8> { entry run with { T <= 4 } }
        "
    ), @"");
}
