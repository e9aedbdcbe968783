//! Graphs as programs, and what of a program is proved.

use crate::analysis::Analysis;
use crate::{Gather, OpKind, Options, Program, Value, compile, extract};

/// The program of the only entry of a graph in text form over four letters.
fn program(nodes: &str) -> Program {
    let text = format!(
        "graph @f(T in 1..=8) {{\n  %0 = input : i32[T]\n{nodes}\n}}\n\
         entry f = @f {{\n  input tok below 4\n  output output\n}}\n"
    );
    let module = nnc_graph::parse(&text).unwrap();
    extract(&module, &module.entries[0]).unwrap()
}

const SORT: &str = "  %1 = nest (%0) [q: T] sum i32 [k: T] if ((%0[k] < %0[q]) || ((%0[k] == %0[q]) && (i32[k] < i32[q]))) { i32(1) } : i32[T]
  %2 = nest (%1, %0) [p: T] first i32 [k: T] if (%1[k] == i32[p]) { %0[k] } : i32[T]
  return %2";

#[test]
fn reductions_are_aggregates_and_their_guards_selectors() {
    insta::assert_snapshot!(program(SORT), @r"
    program f(tokens < 4, length <= 8)
      %0: i32 = tokens
      %1: i32 = positions
      %2: i32 = count[k | ((%0[k] < %0[q]) || ((%0[k] == %0[q]) && (%1[k] < %1[q])))]
      %3: i32 = pick[k | (%2[k] == %1[q])] %0[k] else 0
      return %3
    ");
}

#[test]
fn a_selector_with_a_name_is_put_in_where_it_is_read() {
    let program = program(
        "  %1 = nest (%0) [q: T, k: T] { ((%0[k] == %0[q]) && (i32[k] < i32[q])) } : bool[T, T]
  %2 = nest (%1) [q: T] any bool [k: T] if %1[q, k] { true } : bool[T]
  %3 = nest (%1, %0) [q: T] first i32 [k: T] if %1[q, k] { %0[k] } : i32[T]
  %4 = nest (%2, %3) [q: T] { select(%2[q], %3[q], i32(-1)) } : i32[T]
  return %4",
    );
    insta::assert_snapshot!(program, @r"
    program f(tokens < 4, length <= 8)
      %0: i32 = tokens
      %1: i32 = positions
      %2: bool = pick[k | (%0[k] == %0[q]) && (%1[k] < %1[q])] true else false
      %3: i32 = pick[k | (%0[k] == %0[q]) && (%1[k] < %1[q])] %0[k] else 0
      %4: i32 = map select(%2[q], %3[q], -1)
      return %4
    ");
    // An `else` is what the head brings where nothing is selected.
    let analysis = Analysis::new(&program).unwrap();
    let OpKind::Aggregate(aggregate) = &analysis.program.op(analysis.program.output).kind else {
        panic!("one aggregate is left");
    };
    assert!(matches!(aggregate.gather, Gather::Choose { .. }));
}

#[test]
fn widths_are_proved_from_the_tables() {
    let width = |guard: &str| {
        let program = program(&format!(
            "  %1 = nest (%0) [q: T] sum i32 [k: T] if {guard} {{ i32(1) }} : i32[T]\n  return %1"
        ));
        let mut analysis = Analysis::new(&program).unwrap();
        let OpKind::Aggregate(aggregate) = &program.op(program.output).kind else {
            panic!("a count");
        };
        let width = analysis.width(&aggregate.selector, nnc_base::Span::NONE).unwrap();
        (width.least, width.most)
    };
    assert_eq!(width("(i32[k] <= i32[q])"), (1, 8));
    assert_eq!(width("(i32[k] < i32[q])"), (0, 7));
    assert_eq!(width("(i32[k] == i32[q + 1])"), (0, 1));
    assert_eq!(width("(%0[k] == %0[q])"), (1, 8));
    assert_eq!(width("((%0[k] == %0[q]) && (i32[k + 2] == i32[q]))"), (0, 1));
}

#[test]
fn a_mean_of_what_may_be_nothing_is_not_compiled() {
    let quotient = |guard: &str| {
        program(&format!(
            "  %1 = nest (%0) [q: T] sum f32 [k: T] if {guard} {{ cast f32(%0[k]) }} : f32[T]
  %2 = nest () [q: T] sum i32 [k: T] if {guard} {{ i32(1) }} : i32[T]
  %3 = nest (%1, %2) [q: T] {{ (%1[q] / cast f32(%2[q])) }} : f32[T]
  return %3"
        ))
    };
    let mean = compile(&quotient("(i32[k] <= i32[q])"), Options::default()).unwrap();
    assert_eq!(mean.heads, [1]);
    assert!(mean.values.contains(&Value::Float(f64::from(7.0f32 / 3.0))));
    let error = compile(&quotient("(i32[k] < i32[q])"), Options::default()).unwrap_err();
    assert_eq!(error.code.0, "E0733");
}

#[test]
fn heads_of_one_selector_are_one_and_what_nothing_reads_is_gone() {
    let both = program(
        "  %1 = nest (%0) [q: T] sum i32 [k: T] if (i32[k] <= i32[q]) { %0[k] } : i32[T]
  %2 = nest () [q: T] sum i32 [k: T] if (i32[k] <= i32[q]) { i32(1) } : i32[T]
  %3 = nest (%1, %2) [q: T] { (%1[q] - %2[q]) } : i32[T]
  return %3",
    );
    assert_eq!(compile(&both, Options::default()).unwrap().heads, [1, 0]);
    // Whether a letter is 3 needs its direction and none of the others.
    let three = program("  %1 = nest (%0) [q: T] { (%0[q] == i32(3)) } : bool[T]\n  return %1");
    let made = compile(&three, Options::default()).unwrap();
    assert_eq!((made.heads.len(), made.sizes.width), (0, 4));
}
