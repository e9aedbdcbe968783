//! Nests of the general template.

use super::support::check;

#[test]
fn a_norm_is_reductions_and_a_map() {
    check(
        "graph @g(T in 1..=20) {
           param 0 \"scale\" : f32[37]
           %0 = input : f32[T, 37]
           %1 = param 0 : f32[37]
           %2 = nest (%0) [t: T] sum f32 [d: 37] { (%0[t, d] * %0[t, d]) } finish { (f32(1.0) / sqrt(((acc / f32(37.0)) + f32(0.00001)))) } : f32[T]
           %3 = nest (%0, %1, %2) [t: T, d: 37] { ((%0[t, d] * %2[t]) * %1[d]) } : f32[T, 37]
           return %3
         }
         entry forward = @g { input x output y }",
        &[&[1], &[5], &[20]],
    );
}

#[test]
fn a_softmax_with_a_guard() {
    check(
        "graph @g(T in 1..=33) {
           %0 = input : f32[T, T]
           %1 = nest (%0) [i: T, j: T] softmax j if (i64[j] < i64[i]) { %0[i, j] } : f32[T, T]
           return %1
         }
         entry forward = @g { input x output y }",
        &[&[1], &[16], &[33]],
    );
}

#[test]
fn positions_of_greatest_values() {
    check(
        "graph @g(T in 1..=9) {
           %0 = input : f32[T, 21]
           %1 = nest (%0) [t: T] argmax f32 [k: 21] { %0[t, k] } : i32[T]
           %2 = sort (%0) descending k 3 : f32[T, 3], i32[T, 3]
           return %1, %2.0, %2.1
         }
         entry forward = @g { input x output a output b output c }",
        &[&[1], &[9]],
    );
}

#[test]
fn rows_of_a_table_by_index() {
    check(
        "graph @g(T in 1..=9) {
           param 0 \"table\" : f32[11, 19]
           %0 = input : i32[T]
           %1 = param 0 : f32[11, 19]
           %2 = nest (%0, %1) [t: T, d: 19] { %1[{%0[t]}, d] } : f32[T, 19]
           return %2
         }
         entry forward = @g { input ids below 11 output y }",
        &[&[1], &[9]],
    );
}

#[test]
fn pairs_that_are_rotated() {
    check(
        "graph @g(T in 1..=9) {
           %0 = input : f32[T, 5, 74]
           %1 = input : f32[T, 37]
           %2 = input : f32[T, 37]
           %3 = nest (%0, %1, %2) [t: T, n: 5, (i: 37, r: 2)] { select((i64[r] == i64(0)), ((%0[t, n, 2*i + r] * %1[t, i]) - (%0[t, n, 2*i - r + 1] * %2[t, i])), ((%0[t, n, 2*i + r] * %1[t, i]) + (%0[t, n, 2*i - r + 1] * %2[t, i]))) } : f32[T, 5, 74]
           return %3
         }
         entry forward = @g { input x input c input s output y }",
        &[&[1], &[9]],
    );
}

/// Windows along a row, whose results are computed in tiles: of every stride, at extents that
/// are no multiple of a tile, of which one is known only when the program runs.
#[test]
fn windows_that_overlap() {
    for (stride, taps) in [(1, 3), (2, 3), (1, 5), (3, 2), (2, 7)] {
        let columns = 10 * stride + taps;
        check(
            &format!(
                "graph @g(T in 1..=21) {{
                   param 0 \"w\" : f32[37, 3, {taps}]
                   %0 = input : f32[12, {columns}, 37]
                   %1 = param 0 : f32[37, 3, {taps}]
                   %2 = nest (%0, %1) [i: 10, j: 11, c: 37] sum f32 [u: 3, v: {taps}] {{ (%0[i + u, {stride}*j + v, c] * %1[c, u, v]) }} finish {{ max(acc, f32(0.0)) }} : f32[10, 11, 37]
                   %3 = nest (%0) [i: 10, j: 11, c: 37] max f32 [u: 3, v: {taps}] {{ %0[i + u, {stride}*j + v, c] }} : f32[10, 11, 37]
                   return %2, %3
                 }}
                 entry forward = @g {{ input x output y output z }}"
            ),
            &[&[1]],
        );
        check(
            &format!(
                "graph @g(T in 1..=21) {{
                   param 0 \"w\" : f32[{taps}, 19]
                   %0 = input : f32[9, {stride}*T + {taps}, 19]
                   %1 = param 0 : f32[{taps}, 19]
                   %2 = nest (%0, %1) [b: 9, t: T, c: 19] sum f32 [v: {taps}] {{ (exp(%0[b, {stride}*t + v, c]) * %1[v, c]) }} : f32[9, T, 19]
                   return %2
                 }}
                 entry forward = @g {{ input x output y }}"
            ),
            &[&[1], &[4], &[21]],
        );
    }
}
