//! Kernels that take turns over slices of rows, on a machine with so small a cache that small
//! images need it.

use super::support::{ready_on, targets};
use crate::Cpu;
use nnc_backend::{Backend, Options};
use nnc_plan::Machine;

/// Checks a graph text on all targets, where it has so many chains.
fn check(text: &str, chains: usize, dims: &[&[i64]]) {
    let mut module = nnc_graph::parse(text).unwrap_or_else(|error| panic!("{error}"));
    nnc_graph::verify(&module).unwrap_or_else(|error| panic!("{error}"));
    let options = nnc_opt::Options::default();
    nnc_opt::run(&mut module, nnc_opt::pipeline(), &options, &mut |_| {}).unwrap();
    for target in targets() {
        let machine = Cpu.machine(&Options::new(target, "test")).unwrap();
        let machine = Machine { l2_bytes: 16 << 10, ..machine };
        let mut ready = ready_on(module.clone(), target, &machine, 5);
        let plan = ready.instance.plan().to_string();
        assert_eq!(plan.matches("chain over").count(), chains, "{target}: {plan}");
        for (at, dims) in dims.iter().enumerate() {
            ready.check(0, dims, at as u64 + 3, 2e-6);
        }
    }
}

/// Expansion, depthwise convolution of a stride, projection; where sizes allow with a sum with
/// what came in.
fn inverted_residual(images: &str, height: i64, width: i64, stride: i64, taps: i64) -> String {
    let pad = taps / 2;
    let [rows, columns] = [height, width].map(|size| (size + 2 * pad - taps) / stride + 1);
    let inside = |at: &str, size: i64| {
        format!("((i64[{at}] >= i64({pad})) && (i64[{at}] < i64({})))", size + pad)
    };
    let (y, x) = (format!("{stride}*y + i"), format!("{stride}*x + j"));
    let (in_y, in_x) = (inside(&y, height), inside(&x, width));
    let last = if (rows, columns) == (height, width) {
        format!(
            "nest (%6, %3, %0) [b: B, o: 7, y: {rows}, x: {columns}] sum f32 [c: 20, i: 1, j: 1] {{ (%6[b, c, y + i, x + j] * %3[o, c, i, j]) }} finish {{ (acc + %0[b, o, y, x]) }}"
        )
    } else {
        format!(
            "nest (%6, %3) [b: B, o: 7, y: {rows}, x: {columns}] sum f32 [c: 20, i: 1, j: 1] {{ (%6[b, c, y + i, x + j] * %3[o, c, i, j]) }}"
        )
    };
    format!(
        "graph @g({images}) {{
           param 0 \"a\" : f32[20, 7, 1, 1]
           param 1 \"b\" : f32[20, {taps}, {taps}]
           param 2 \"c\" : f32[7, 20, 1, 1]
           %0 = input : f32[B, 7, {height}, {width}]
           %1 = param 0 : f32[20, 7, 1, 1]
           %2 = param 1 : f32[20, {taps}, {taps}]
           %3 = param 2 : f32[7, 20, 1, 1]
           %4 = nest (%0, %1) [b: B, o: 20, y: {height}, x: {width}] sum f32 [c: 7, i: 1, j: 1] {{ (%0[b, c, y + i, x + j] * %1[o, c, i, j]) }} : f32[B, 20, {height}, {width}]
           %5 = nest (%4) [b: B, o: 20, y: {height}, x: {width}] {{ min(max((%4[b, o, y, x] + f32(0.5)), f32(0.0)), f32(6.0)) }} : f32[B, 20, {height}, {width}]
           %6 = nest (%5, %2) [b: B, o: 20, y: {rows}, x: {columns}] sum f32 [i: {taps}, j: {taps}] if ({in_y} && {in_x}) {{ (%5[b, o, {y} - {pad}, {x} - {pad}] * %2[o, i, j]) }} : f32[B, 20, {rows}, {columns}]
           %7 = {last} : f32[B, 7, {rows}, {columns}]
           return %7
         }}
         entry forward = @g {{ input x output y }}"
    )
}

#[test]
fn inverted_residuals() {
    for (height, width, stride, taps) in [(17, 19, 1, 3), (24, 18, 2, 3), (22, 27, 3, 5)] {
        let text = inverted_residual("B in 1..=3", height, width, stride, taps);
        check(&text, 1, &[&[1], &[3], &[2], &[1]]);
    }
    for (height, width, stride, taps) in [(23, 21, 1, 5), (31, 16, 2, 7)] {
        let one = inverted_residual("", height, width, stride, taps);
        check(&one.replace("f32[B,", "f32[1,").replace("b: B", "b: 1"), 1, &[&[], &[]]);
    }
}

#[test]
fn two_linear_layers() {
    check(
        "graph @g(B in 1..=3) {
           param 0 \"a\" : f32[12, 24]
           param 1 \"b\" : f32[24, 5]
           %0 = input : f32[B, 331, 12]
           %1 = param 0 : f32[12, 24]
           %2 = param 1 : f32[24, 5]
           %3 = nest (%0, %1) [b: B, t: 331, f: 24] sum f32 [d: 12] { (%0[b, t, d] * %1[d, f]) } finish { tanh(acc) } : f32[B, 331, 24]
           %4 = nest (%3, %2) [b: B, t: 331, d: 5] sum f32 [f: 24] { (%3[b, t, f] * %2[f, d]) } : f32[B, 331, 5]
           return %4
         }
         entry forward = @g { input x output y }",
        1,
        &[&[1], &[3], &[2]],
    );
}

/// What another kernel reads as well is computed in full.
#[test]
fn what_is_read_later_stays() {
    let text = inverted_residual("B in 1..=3", 24, 18, 2, 3)
        .replace("return %7", "%8 = nest (%5) [b: B, o: 20] max f32 [y: 24, x: 18] { %5[b, o, y, x] } : f32[B, 20]\n return %7, %8")
        .replace("output y", "output y output z");
    check(&text, 0, &[&[1], &[2]]);
}
