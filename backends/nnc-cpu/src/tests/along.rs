//! Sorts, running results and scatters.

use super::support::check;
use nnc_graph::{Elem, ReduceOp};

const ELEMS: [Elem; 8] =
    [Elem::F64, Elem::F32, Elem::F16, Elem::BF16, Elem::I64, Elem::I32, Elem::I8, Elem::U8];

/// A module with a value for each of some lines behind its inputs, all of them outputs.
fn module(head: &str, inputs: &[&str], lines: &[(String, String)]) -> String {
    let mut text = format!("graph @g({head}) {{\n");
    for (at, ty) in inputs.iter().enumerate() {
        text += &format!("  %{at} = input : {ty}\n");
    }
    let mut entry = "entry forward = @g {".to_owned();
    for (at, ty) in inputs.iter().enumerate() {
        let below = if ty.starts_with(['i', 'u']) { " below 9" } else { "" };
        entry += &format!(" input x{at}{below}");
    }
    let mut results = Vec::new();
    for (at, (line, ty)) in lines.iter().enumerate() {
        let node = inputs.len() + at;
        text += &format!("  %{node} = {line} : {ty}\n");
        for result in 0..ty.matches('[').count() {
            results.push(format!("%{node}.{result}"));
            entry += &format!(" output y{at}_{result}");
        }
    }
    // A first result is written without its number.
    let results = results.join(", ").replace(".0", "");
    format!("{text}  return {results}\n}}\n{entry} }}\n")
}

#[test]
fn rows_of_every_element_are_sorted_either_way() {
    for elem in ELEMS {
        let lines = ["ascending", "descending"].map(|order| {
            let ty = format!("{elem}[3, T], i32[3, T]");
            (format!("sort (%0) {order} k T"), ty)
        });
        let input = format!("{elem}[3, T]");
        check(&module("T in 1..=300", &[&input], &lines), &[&[1], &[2], &[17], &[300]]);
    }
}

#[test]
fn a_transposed_table_is_sorted_along_its_columns() {
    check(
        "graph @g(T in 1..=40, S in 1..=40) {
           %0 = input : f32[T, 5, S]
           %1 = nest (%0) [s: S, d: 5, t: T] { (%0[t, d, s] - f32(0.25)) } : f32[S, 5, T]
           %2 = sort (%1) ascending k 1 : f32[S, 5, 1], i32[S, 5, 1]
           %3 = sort (%1) descending k T : f32[S, 5, T], i32[S, 5, T]
           %4 = nest (%3) [t: T, s: S] sum f32 [d: 5] { %3[s, d, t] } : f32[T, S]
           return %2, %2.1, %4
         }
         entry forward = @g { input x output least output place output sums }",
        &[&[1, 7], &[40, 3], &[33, 40]],
    );
}

#[test]
fn what_runs_goes_along_every_axis_of_every_element() {
    let ops = [ReduceOp::Sum, ReduceOp::Product, ReduceOp::Max, ReduceOp::Min];
    let ways = ["", " backwards", " exclusive", " backwards exclusive"];
    for (at, elem) in ELEMS.into_iter().chain([Elem::F32; 3]).enumerate() {
        let way = ways[at % 4];
        // Sums of 16 bits depend on where they are rounded.
        let exact = elem.bytes() != 2;
        let ops = ops.into_iter().filter(|op| exact || *op == ReduceOp::Max);
        let ty = format!("{elem}[3, T, 37]");
        let lines: Vec<(String, String)> = ops
            .flat_map(|op| [0, 1, 2].map(|axis| (op.name(), axis)))
            .map(|(op, axis)| (format!("running {op} (%0) axis {axis}{way}"), ty.clone()))
            .collect();
        check(&module("T in 1..=40", &[&ty], &lines), &[&[1], &[19]]);
    }
}

#[test]
fn long_rows_run_on_from_vector_to_vector() {
    for way in ["", " exclusive", " backwards"] {
        check(
            &format!(
                "graph @g(T in 1..=1000) {{
                   %0 = input : f32[2, T]
                   %1 = nest (%0) [b: 2, t: T] {{ (%0[b, t] > f32(0.9)) }} : bool[2, T]
                   %2 = running any (%1) axis 1{way} : bool[2, T]
                   %3 = running sum (%0) axis 1{way} : f32[2, T]
                   %4 = nest (%2, %3) [b: 2, t: T] {{ select(%2[b, t], %3[b, t], f32(0.0)) }} : f32[2, T]
                   return %4, %3
                 }}
                 entry forward = @g {{ input x output y output z }}"
            ),
            &[&[1], &[15], &[16], &[17], &[1000]],
        );
    }
}

#[test]
fn what_is_scattered_meets_in_its_place() {
    let ops = [ReduceOp::Sum, ReduceOp::Product, ReduceOp::Max, ReduceOp::Min, ReduceOp::First];
    for elem in ELEMS {
        let ty = format!("{elem}[N, 37]");
        let line = |op: ReduceOp| (format!("scatter {} (%0, %1) into N", op.name()), ty.clone());
        let input = format!("{elem}[E, 37]");
        let text = module("E in 1..=70, N in 1..=11", &[&input, "i32[E]"], &ops.map(line));
        check(&text, &[&[1, 1], &[70, 11], &[33, 4]]);
    }
}

#[test]
fn batches_are_scattered_apart_and_axes_behind_together() {
    check(
        "graph @g(E in 1..=40, B in 1..=5) {
           %0 = input : f32[B, 2, E, 3, 19]
           %1 = input : i32[B, 2, E]
           %2 = scatter sum (%0, %1) into 7 : f32[B, 2, 7, 3, 19]
           %3 = nest (%2) [b: B, c: 2, u: 3, d: 19] max f32 [n: 7] { %2[b, c, n, u, d] } : f32[B, 2, 3, 19]
           %4 = nest (%1) [b: B, c: 2, e: E] { i32(1) } : i32[B, 2, E]
           %5 = scatter sum (%4, %1) into 7 : i32[B, 2, 7]
           %6 = nest (%1) [b: B, c: 2, e: E] { (%1[b, c, e] == i32(3)) } : bool[B, 2, E]
           %7 = scatter any (%6, %1) into 7 : bool[B, 2, 7]
           %8 = scatter all (%6, %1) into 7 : bool[B, 2, 7]
           return %3, %5, %7, %8
         }
         entry forward = @g { input x input at below 9 output y output counts output any output all }",
        &[&[1, 1], &[40, 5], &[7, 3]],
    );
}

#[test]
fn bits_are_the_evaluators() {
    for elem in [Elem::I64, Elem::I32, Elem::I8, Elem::U8] {
        check(
            &format!(
                "graph @g(T in 1..=40) {{
                   %0 = input : {elem}[T]
                   %1 = nest (%0) [t: T] {{ (%0[t] * {elem}(37)) }} : {elem}[T]
                   %2 = nest (%1, %0) [t: T] {{ bit_xor(shift_left(%1[t], %0[t]), shift_right(%1[t], {elem}(3))) }} : {elem}[T]
                   %3 = nest (%1, %0) [t: T] {{ bit_or(bit_and(%1[t], {elem}(21)), shift_right(%1[t], %0[t])) }} : {elem}[T]
                   return %2, %3
                 }}
                 entry forward = @g {{ input x below 99 output y output z }}"
            ),
            &[&[1], &[40]],
        );
    }
}
