//! Bodies that run other bodies, and state.

use super::support::{Random, bytes_of, check, ready};
use crate::Cpu;
use crate::sharing::Sharing;
use nnc_backend::{Backend, Options};
use nnc_graph::Elem;

#[test]
fn a_layer_called_with_different_weights() {
    check(
        "graph @layer(T in 1..=30) {
           param 0 \"w\" : f32[20, 20]
           param 1 \"b\" : f32[20]
           %0 = input : f32[T, 20]
           %1 = param 0 : f32[20, 20]
           %2 = param 1 : f32[20]
           %3 = nest (%0, %1, %2) [t: T, o: 20] sum f32 [i: 20] { (%0[t, i] * %1[o, i]) } finish { max((acc + %2[o]), f32(0.0)) } : f32[T, 20]
           return %3
         }
         graph @main(T in 1..=30) {
           param 0 \"l.0.w\" : f32[20, 20]
           param 1 \"l.0.b\" : f32[20]
           param 2 \"l.1.w\" : f32[20, 20]
           param 3 \"l.1.b\" : f32[20]
           %0 = input : f32[T, 20]
           %1 = call @layer dims [T] (%0) params [0, 1] : f32[T, 20]
           %2 = call @layer dims [T] (%1) params [2, 3] : f32[T, 20]
           return %2
         }
         entry forward = @main { input x output y }",
        &[&[1], &[30]],
    );
}

/// Three linear layers of which the last is another, with a map behind each of the first two.
const REPEATED: &str = "graph @main(T in 1..=30) {
   param 0 \"a\" : f32[20, 20]
   param 1 \"b\" : f32[20, 20]
   param 2 \"c\" : f32[9, 20]
   %0 = input : f32[T, 20]
   %1 = param 0 : f32[20, 20]
   %2 = nest (%0, %1) [t: T, o: 20] sum f32 [i: 20] { (%0[t, i] * %1[o, i]) } : f32[T, 20]
   %3 = nest (%2) [d: 20] sum f32 [j: T] { %2[j, d] } : f32[20]
   %4 = nest (%2, %3) [t: T, d: 20] { (%2[t, d] - (f32(0.125) * %3[d])) } : f32[T, 20]
   %5 = param 1 : f32[20, 20]
   %6 = nest (%4, %5) [s: T, u: 20] sum f32 [v: 20] { (%4[s, v] * %5[u, v]) } : f32[T, 20]
   %7 = nest (%6) [e: 20] sum f32 [k: T] { %6[k, e] } : f32[20]
   %8 = nest (%6, %7) [s: T, e: 20] { (%6[s, e] - (f32(0.125) * %7[e])) } : f32[T, 20]
   %9 = param 2 : f32[9, 20]
   %10 = nest (%8, %9) [t: T, o: 9] sum f32 [i: 20] { (%8[t, i] * %9[o, i]) } : f32[T, 9]
   return %10
 }
 entry forward = @main { input x output y }";

#[test]
fn repeated_layers_are_computed_by_the_same_functions() {
    check(REPEATED, &[&[1], &[30]]);
    let module = nnc_graph::parse(REPEATED).unwrap();
    let machine = Cpu.machine(&Options::new("host", "test")).unwrap();
    let plan = nnc_plan::plan(&module, &machine).unwrap();
    let sharing = Sharing::of(&plan);
    let shared = plan.launches().filter(|(body, at, _)| sharing.launch(*body, *at).is_some());
    assert_eq!((sharing.kernels.len(), shared.count()), (3, 6), "{plan}");
}

#[test]
fn a_cache_is_written_in_place() {
    check(
        "graph @main(T in 1..=4, past in 0..=12) where { 16 >= T + past } {
           %0 = input : f32[T, 18]
           %1 = input : f32[16, 18]
           %2 = write (%1, %0) at [past, 0] : f32[16, 18]
           %3 = nest (%2) [d: 18] sum f32 [j: T + past] { %2[j, d] } : f32[18]
           return %3, %2
         }
         entry step = @main {
           input x
           input cache state 1
           output y
           output cache
           update past = T + past
         }",
        &[&[1, 0], &[4, 12], &[3, 5]],
    );
}

#[test]
fn a_recurrence() {
    check(
        "graph @cell(t in 0..=29, T in 1..=30) where { T >= t + 1 } {
           param 0 \"w\" : f32[10, 10]
           %0 = input : f32[3, 10]
           %1 = input : f32[3, T, 10]
           %2 = param 0 : f32[10, 10]
           %3 = nest (%0, %1, %2) [b: 3, o: 10] sum f32 [i: 10] { (%0[b, i] * %2[o, i]) } finish { tanh((acc + %1[b, t, o])) } : f32[3, 10]
           %4 = nest (%3) [b: 3] sum f32 [o: 10] { %3[b, o] } : f32[3]
           return %3, %4
         }
         graph @main(T in 1..=30) {
           param 0 \"w\" : f32[10, 10]
           %0 = input : f32[3, 10]
           %1 = input : f32[3, T, 10]
           %2 = scan @cell t in T carried 1 (%0, %1) params [0] : f32[3, 10], f32[T, 3]
           return %2.0, %2.1
         }
         entry run = @main { input h input x output last output sums }",
        &[&[1], &[2], &[30]],
    );
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let text = "graph @g() {
      param 0 \"w\" : f32[300, 130]
      %0 = input : f32[90, 130]
      %1 = param 0 : f32[300, 130]
      %2 = nest (%0, %1) [t: 90, o: 300] sum f32 [i: 130] { (%0[t, i] * %1[o, i]) } : f32[90, 300]
      %3 = nest (%2) [t: 90] sum f32 [o: 300] { exp(%2[t, o]) } : f32[90]
      %4 = nest (%2, %3) [t: 90, o: 300] { (%2[t, o] / %3[t]) } : f32[90, 300]
      %5 = nest (%4, %2) [i: 90, j: 90] sum f32 [o: 300] { (%4[i, o] * %2[j, o]) } : f32[90, 90]
      return %5
    }
    entry run = @g { input x output y }";
    let mut ready = ready(nnc_graph::parse(text).unwrap(), "host", 9);
    let mut x = bytes_of(&Random::new(4).tensor(Elem::F32, vec![90, 130], 1));
    let before = nnc_runtime::threads();
    let results: Vec<Vec<u8>> = [1, 2, 3, 7]
        .into_iter()
        .map(|threads| {
            nnc_runtime::set_threads(threads);
            let mut y = vec![0; 90 * 90 * 4];
            ready.instance.run(0, &[], &mut [&mut x], &mut [&mut y]).unwrap();
            y
        })
        .collect();
    nnc_runtime::set_threads(before);
    assert!(results.iter().all(|it| *it == results[0]));
}
