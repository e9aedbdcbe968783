//! Attention as one kernel.

use super::support::{check, ready};
use nnc_plan::{KernelKind, Step};

const CAUSAL: &str = "graph @g(T in 1..=70) {
  %0 = input : f32[2, T, 3, 24]
  %1 = input : f32[2, T, 3, 24]
  %2 = input : f32[2, T, 3, 24]
  %3 = nest (%0, %1) [b: 2, n: 3, i: T, j: T] sum f32 [d: 24] { (%0[b, i, n, d] * %1[b, j, n, d]) } finish { (acc * f32(0.2)) } : f32[2, 3, T, T]
  %4 = nest (%3) [b: 2, n: 3, i: T, j: T] softmax j if (i64[j] <= i64[i]) { %3[b, n, i, j] } : f32[2, 3, T, T]
  %5 = nest (%4, %2) [b: 2, i: T, (n: 3, d: 24)] sum f32 [j: T] { (%4[b, n, i, j] * %2[b, j, n, d]) } : f32[2, T, 72]
  return %5
}
entry forward = @g { input q input k input v output y }";

#[test]
fn a_causal_attention_is_one_kernel() {
    check(CAUSAL, &[&[1], &[6], &[17], &[64], &[70]]);
    let ready = ready(nnc_graph::parse(CAUSAL).unwrap(), "baseline", 1);
    let body = ready.instance.plan().bodies.values().next().unwrap();
    let kinds: Vec<bool> = body
        .steps
        .iter()
        .map(|it| matches!(it, Step::Launch(it) if matches!(it.kind, KernelKind::Attention(_))))
        .collect();
    assert_eq!(kinds, [true], "{}", ready.instance.plan());
}

#[test]
fn grouped_queries_against_a_cache() {
    check(
        "graph @g(T in 1..=9, past in 0..=20) where { 29 >= T + past } {
           %0 = input : f32[1, 6, T, 16]
           %1 = input : f32[1, 2, 32, 16]
           %2 = input : f32[1, 2, 32, 16]
           %3 = nest (%0, %1) [b: 1, g: 2, m: 3, t: T, j: T + past] sum f32 [d: 16] { (%0[b, 3*g + m, t, d] * %1[b, g, j, d]) } finish { (acc / f32(4.0)) } : f32[1, 2, 3, T, T + past]
           %4 = nest (%3) [b: 1, g: 2, m: 3, t: T, j: T + past] softmax j if (i64[j] <= i64[t + past]) { %3[b, g, m, t, j] } : f32[1, 2, 3, T, T + past]
           %5 = nest (%4, %2) [b: 1, t: T, (g: 2, m: 3, d: 16)] sum f32 [j: T + past] { (%4[b, g, m, t, j] * %2[b, g, j, d]) } : f32[1, T, 96]
           return %5
         }
         entry forward = @g { input q input k input v output y }",
        &[&[1, 0], &[1, 13], &[9, 20], &[5, 1]],
    );
}

#[test]
fn a_mask_that_is_data() {
    check(
        "graph @g(B in 1..=3, T in 1..=40) {
           %0 = input : f32[B, 2, T, 20]
           %1 = input : f32[B, 2, T, 20]
           %2 = input : f32[B, 2, T, 20]
           %3 = input : bool[B, T]
           %4 = nest (%0, %1) [b: B, n: 2, i: T, j: T] sum f32 [d: 20] { (%0[b, n, i, d] * %1[b, n, j, d]) } : f32[B, 2, T, T]
           %5 = nest (%4, %3) [b: B, n: 2, i: T, j: T] softmax j if %3[b, j] { (%4[b, n, i, j] * f32(0.3)) } : f32[B, 2, T, T]
           %6 = nest (%5, %2) [b: B, n: 2, i: T, d: 20] sum f32 [j: T] { (%5[b, n, i, j] * %2[b, n, j, d]) } : f32[B, 2, T, 20]
           return %6
         }
         entry forward = @g { input q input k input v input mask output y }",
        &[&[1, 1], &[3, 33], &[2, 40]],
    );
}
