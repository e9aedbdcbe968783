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
    ), @"
    graph @run(T in 1..=4, S in 1..=8) {
      %0 = input : f32[T, 64]
      %1 = input : f32[S, 64]
      %2 = nest (%0, %1) [i: T, j: S] sum f32 [d: 64] { (%0[i, d] * %1[j, d]) } finish { (acc / sqrt(f32(64.0))) } : f32[T, S]
      return %2
    }
    entry run = @run {
      input q
      input k
      output output
    }
    ");
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
    ), @r#"
    graph @run(T in 1..=4) {
      param 0 "w" : f32[2, 4, 6]
      %0 = input : f32[T, 2]
      %1 = input : f32[T, 2, 6]
      %2 = nest (%0, %1) [t: T, s: 2, f: 6] { (%0[t, s] * %1[t, s, f]) } : f32[T, 2, 6]
      %3 = param 0 : f32[2, 4, 6]
      %4 = nest (%2, %3) [t: T, d: 4] sum f32 [s: 2, f: 6] { (%2[t, s, f] * %3[s, d, f]) } : f32[T, 4]
      return %4
    }
    entry run = @run {
      input r
      input h
      output output
    }
    "#);
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
    ), @r#"
    graph @run(T in 1..=4) {
      param 0 "a" : f32[4, 6]
      param 1 "b" : f32[6, 8]
      %0 = input : f32[T, 4]
      %1 = param 0 : f32[4, 6]
      %2 = param 1 : f32[6, 8]
      %3 = nest (%1, %2) [k_2: 8, d: 4] sum f32 [f: 6] { (%1[d, f] * %2[f, k_2]) } : f32[8, 4]
      %4 = nest (%0, %3) [t: T, k_2: 8] sum f32 [d: 4] { (%0[t, d] * %3[k_2, d]) } : f32[T, 8]
      return %4
    }
    entry run = @run {
      input x
      output output
    }
    "#);
}
