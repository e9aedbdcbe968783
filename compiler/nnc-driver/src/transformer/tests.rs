//! Which functions are found, and why some are no transformers.

use super::{Options, lowered, transformer, write};
use crate::render::{Format, Style, error};
use crate::{Error, Session};

fn sizes(given: &[(&str, i64)]) -> Vec<(String, i64)> {
    given.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

fn made(text: &str, name: &str, given: &[(&str, i64)]) -> Result<super::Transformer, String> {
    let text = format!("dims T: time, V: vocab\n{}\n", text.trim_end());
    let session = Session::from_text("t.nn", &text);
    transformer(&session, name, &sizes(given), Options::default())
        .map_err(|it| error(session.sources(), &it, Format::Human, Style::PLAIN))
}

fn refused(text: &str, name: &str, given: &[(&str, i64)]) -> String {
    made(text, name, given).unwrap_err()
}

const SORT: &str = "
use std.rasp.{sort}
pub fn sorted(tok: Token<V>[T]) -> Token<V>[T] = sort(tok)
export sorted as ordered with { V == 3, T <= 5 }
layer Net { fn (tok: Token<4>[T]) -> Token<4>[T] = sort(tok) }
model net = Net { entry run with { T <= 6 } }
";

#[test]
fn functions_exports_and_entries_are_found() {
    let of = |name: &str, given: &[(&str, i64)]| {
        let sizes = made(SORT, name, given).unwrap().sizes;
        (sizes.vocab, sizes.length, sizes.layers)
    };
    assert_eq!(of("sorted", &[("V", 4), ("T", 7)]), (4, 7, 3));
    assert_eq!(of("sort", &[("V", 2), ("T", 3)]), (2, 3, 3));
    assert_eq!(of("ordered", &[]), (3, 5, 3));
    assert_eq!(of("ordered", &[("T", 2)]), (3, 2, 3));
    assert_eq!(of("run", &[]), (4, 6, 3));
    assert_eq!(of("run", &[("T", 2)]), (4, 2, 3));
}

#[test]
fn names_and_sizes_that_are_wrong_are_told_with_those_that_are_right() {
    let usage = |name: &str, given: &[(&str, i64)]| refused(SORT, name, given);
    insta::assert_snapshot!(usage("sortd", &[]), @r"
    error: there is no function or entry `sortd`
      help: did you mean `sorted`?
    ");
    insta::assert_snapshot!(usage("sorted", &[("V", 4)]), @r"
    error: the greatest length of the sequence, T of `sorted`, is not said
      help: give it: `--size T=8`
    ");
    insta::assert_snapshot!(usage("sorted", &[("T", 4)]), @r"
    error: the size V of `sorted` is open
      help: give it a number: `--size V=4`
    ");
    insta::assert_snapshot!(usage("sorted", &[("W", 4)]), @r"
    error: `sorted` has no size `W`
      help: its sizes are T, V
    ");
    insta::assert_snapshot!(usage("sorted", &[("T", 0)]), @"error: T = 0; it must be at least 1");
    insta::assert_snapshot!(usage("run", &[("T", 7)]), @"error: run: T = 7; it must be at least 1 and at most 6");
}

#[test]
fn files_are_a_program_with_its_weights() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(SORT, "ordered", &[]).unwrap();
    let [model, weights] = write(&folder.path().join("a/b"), &made).unwrap();
    let session = Session::open(&model).unwrap();
    let id = session.model(None).unwrap();
    assert_eq!(session.declaration(id).name.as_str(), "ordered");
    assert_eq!(session.check_weights(id, &weights).unwrap(), []);
    let failed = write(&weights, &made).unwrap_err();
    assert!(matches!(failed, Error::Environment(_)), "{failed}");
}

#[test]
fn functions_are_lowered_alone() {
    let text = "dims T: time\nfn f(tok: Token<3>[T]) -> int[T] { let y[q] = tok[q] + 1; y }\n";
    let module = lowered(&Session::from_text("t.nn", text), "f", &sizes(&[("T", 4)])).unwrap();
    insta::assert_snapshot!(module, @r"
    graph @f(T in 1..=4) {
      %0 = input : i32[T]
      %1 = nest (%0) [q: T] { (%0[q] + i32(1)) } : i32[T]
      return %1
    }
    entry f = @f {
      input tok below 3
      output output
    }
    ");
}

#[test]
fn a_softmax_is_no_selector() {
    let text = r#"
fn smoothed(tok: Token<V>[T]) -> f32[T] {
    let x[k] = tok[k] as f32;
    let y[q: T, k] = softmax[k] x[k];
    let z[q] = sum[k] y[q, k] * x[k];
    z
}
"#;
    insta::assert_snapshot!(refused(text, "smoothed", &[("V", 9), ("T", 8)]), @r#"
    error[E0730]: this is no select-aggregate program: a softmax, which is no selector
       ╭─[t.nn:5:22]
     4 │     let x[k] = tok[k] as f32;
     5 │     let y[q: T, k] = softmax[k] x[k];
       ·                      ───────┬───────
       ·                             ╰── neither an attention head nor an MLP computes this
     6 │     let z[q] = sum[k] y[q, k] * x[k];
       ╰────
      note: it consists of functions of single values, of selectors, and of `count`, `sum`, `mean`,
            `any`, `all`, `pick`, `max` and `min` over selected positions
      help: write it with these in index notation
    "#);
}

#[test]
fn what_is_summed_may_not_depend_on_the_query() {
    let text = r#"
fn distances(tok: Token<V>[T]) -> int[T] {
    let d[q] = sum[k | tok[k] == tok[q]] (if k < q { q - k } else { k - q });
    d
}
"#;
    insta::assert_snapshot!(refused(text, "distances", &[("V", 4), ("T", 8)]), @r#"
    error[E0731]: this reduction is no aggregate: the value that is summed depends on the query, too
       ╭─[t.nn:4:16]
     3 │ fn distances(tok: Token<V>[T]) -> int[T] {
     4 │     let d[q] = sum[k | tok[k] == tok[q]] (if k < q { q - k } else { k - q });
       ·                ──────────────────────────────┬──────────────────────────────
       ·                                              ╰── one attention head would have to compute this
     5 │     d
       ╰────
      note: a selector compares what stands at the query with what stands at the key; what is aggregated
            stands at the key alone
      help: move what concerns both into the guard, or combine the aggregate with the query's value
            afterwards
    "#);
}

#[test]
fn values_beyond_all_bounds_are_told_with_what_they_are_made_of() {
    let text = r#"
fn mixed(tok: Token<V>[T]) -> int[T] {
    let s[q] = sum[k | k <= q] (tok[k] * 1000 + 1);
    let out[q] = s[q] * s[q];
    out
}
"#;
    insta::assert_snapshot!(refused(text, "mixed", &[("V", 9), ("T", 30)]), @r#"
    error[E0732]: this has 240031 possible values; at most 4096 are encoded
       ╭─[t.nn:4:16]
     3 │ fn mixed(tok: Token<V>[T]) -> int[T] {
     4 │     let s[q] = sum[k | k <= q] (tok[k] * 1000 + 1);
       ·                ─────────────────┬─────────────────
       ·                                 ╰── a sum over at most 30 positions
     5 │     let out[q] = s[q] * s[q];
       ╰────
      note: made of the positions, of 30 values
      note: made of the tokens, of 9 values
      note: each value of an operation is a direction of the transformer's residual stream
      help: compile for a smaller length or vocabulary, or bring the values into classes before they are
            combined
    "#);
}

#[test]
fn combinations_beyond_all_bounds_are_told_with_their_operations() {
    let text = r#"
fn joined(tok: Token<V>[T]) -> int[T] {
    let s[q] = sum[k | k <= q] (tok[k] * k);
    let p[q] = sum[k | k >= q] (tok[k] * tok[k]);
    let r[q] = count[k | s[k] * 3 + p[k] < s[q] * p[q]] 1;
    r
}
"#;
    insta::assert_snapshot!(refused(text, "joined", &[("V", 4), ("T", 12)]), @r#"
    error[E0732]: a condition of this selector would need 1872552529 combinations of values; at most 4194304 are
      compiled
       ╭─[t.nn:6:16]
     3 │ fn joined(tok: Token<V>[T]) -> int[T] {
     4 │     let s[q] = sum[k | k <= q] (tok[k] * k);
       ·                ──────────────┬─────────────
       ·                              ╰── this sum: 397 values
     5 │     let p[q] = sum[k | k >= q] (tok[k] * tok[k]);
       ·                ────────────────┬────────────────
       ·                                ╰── this sum: 109 values
     6 │     let r[q] = count[k | s[k] * 3 + p[k] < s[q] * p[q]] 1;
       ·                ──────────────────────────────────────────
     7 │     r
       ╰────
      note: a function of several operations is tabulated for all combinations of their values
      help: compile for a smaller length or vocabulary, or combine two operations at a time into fewer
            values
    "#);
}

#[test]
fn a_mean_over_nothing_is_no_number() {
    let text = r#"
fn before(tok: Token<V>[T]) -> f32[T] {
    let y[q: T] = mean[k | k < q] (tok[k] as f32);
    y
}
"#;
    insta::assert_snapshot!(refused(text, "before", &[("V", 4), ("T", 8)]), @r#"
    error[E0733]: this may be NaN, which no weight can hold
       ╭─[t.nn:4:9]
     3 │ fn before(tok: Token<V>[T]) -> f32[T] {
     4 │     let y[q: T] = mean[k | k < q] (tok[k] as f32);
       ·         ────────────────────┬────────────────────
       ·                             ╰── gives NaN for some input of this length
     5 │     y
       ╰────
      note: a mean over positions of which none may be selected divides 0 by 0
      help: say what stands where nothing is selected: `if n[q] == 0 { 0.0 } else { total[q] / (n[q] as
            f32) }`
    "#);
}

#[test]
fn floats_whose_sum_depends_on_their_order_are_refused() {
    let text = r#"
fn tenths(tok: Token<V>[T]) -> f32[T] {
    let y[q: T] = sum[k | k <= q] (if tok[k] == 0 { 0.1 } else { 0.2 });
    y
}
"#;
    insta::assert_snapshot!(refused(text, "tenths", &[("V", 4), ("T", 8)]), @r#"
    error[E0734]: this sum of floats depends on their order
       ╭─[t.nn:4:19]
     3 │ fn tenths(tok: Token<V>[T]) -> f32[T] {
     4 │     let y[q: T] = sum[k | k <= q] (if tok[k] == 0 { 0.1 } else { 0.2 });
       ·                   ──────────────────────────┬──────────────────────────
       ·                                             ╰── adds values such as 0.10000000149011612
     5 │     y
       ╰────
      note: sums are compiled exactly: their terms must be multiples of one power of two
      help: sum integers or halves, quarters, … and divide afterwards
    "#);
}

#[test]
fn a_choice_among_too_many_values_is_refused() {
    let text = r#"
fn ranked(tok: Token<V>[T]) -> int[T] {
    let s[q] = sum[k | k <= q] (tok[k] * k);
    let most[q: T] = max[k | tok[k] == tok[q]] s[k];
    most
}
"#;
    insta::assert_snapshot!(refused(text, "ranked", &[("V", 9), ("T", 21)]), @r#"
    error[E0735]: attention scores would reach 18068864
       ╭─[t.nn:5:22]
     4 │     let s[q] = sum[k | k <= q] (tok[k] * k);
     5 │     let most[q: T] = max[k | tok[k] == tok[q]] s[k];
       ·                      ───────────────┬──────────────
       ·                                     ╰── chooses among too many values and positions
     6 │     most
       ╰────
      note: scores are integers that f32 holds exactly, so less than 2^24
      help: compile for a smaller length, or choose by fewer different values
    "#);
}

#[test]
fn pairs_of_positions_are_no_sequence() {
    let text = r#"
fn pairs(tok: Token<V>[T]) -> int[T] {
    let y[q: T] = count[k, j | tok[k] < tok[j]] 1;
    y
}
"#;
    insta::assert_snapshot!(refused(text, "pairs", &[("V", 4), ("T", 8)]), @r#"
    error[E0730]: this is no select-aggregate program: a reduction over pairs of positions
       ╭─[t.nn:4:19]
     3 │ fn pairs(tok: Token<V>[T]) -> int[T] {
     4 │     let y[q: T] = count[k, j | tok[k] < tok[j]] 1;
       ·                   ───────────────┬───────────────
       ·                                  ╰── neither an attention head nor an MLP computes this
     5 │     y
       ╰────
      note: it consists of functions of single values, of selectors, and of `count`, `sum`, `mean`,
            `any`, `all`, `pick`, `max` and `min` over selected positions
      help: write it with these in index notation
    "#);
}

#[test]
fn the_tokens_are_the_only_input() {
    let text = r#"
fn shifted(tok: Token<V>[T], by: int) -> int[T] {
    let y[q] = tok[q] + by;
    y
}
"#;
    insta::assert_snapshot!(refused(text, "shifted", &[("V", 4), ("T", 8)]), @r#"
    error[E0730]: this is no select-aggregate program: it has 2 inputs
       ╭─[t.nn:4:9]
     3 │ fn shifted(tok: Token<V>[T], by: int) -> int[T] {
     4 │     let y[q] = tok[q] + by;
       ·         ─────────┬────────
       ·                  ╰── its result is computed here
     5 │     y
       ╰────
      note: it maps one sequence of tokens to a sequence, `(tok: Token<V>[T]) -> …[T]`, with a number
            for V and a greatest T
      help: wrap it in a function of the tokens alone: `fn f(tok: Token<4>[T]) -> int[T] = g(tok, 1)`
    "#);
}

#[test]
fn other_axes_than_the_sequence_are_refused() {
    let text = r#"
fn vocabulary(tok: Token<V>[T]) -> int[V] {
    let n[v: V] = count[k | tok[k] == v] 1;
    n
}
"#;
    insta::assert_snapshot!(refused(text, "vocabulary", &[("V", 4), ("T", 8)]), @r#"
    error[E0730]: this is no select-aggregate program: the index `v` ranges over 4 and not over the sequence, T
       ╭─[t.nn:4:19]
     3 │ fn vocabulary(tok: Token<V>[T]) -> int[V] {
     4 │     let n[v: V] = count[k | tok[k] == v] 1;
       ·                   ────────────┬───────────
       ·                               ╰── neither an attention head nor an MLP computes this
     5 │     n
       ╰────
      note: it consists of functions of single values, of selectors, and of `count`, `sum`, `mean`,
            `any`, `all`, `pick`, `max` and `min` over selected positions
      help: write it with these in index notation
    "#);
}

#[test]
fn a_single_number_is_no_sequence() {
    let text = r#"
fn total(tok: Token<V>[T]) -> int[] {
    let n = count[k | tok[k] == 1] 1;
    n
}
"#;
    insta::assert_snapshot!(refused(text, "total", &[("V", 4), ("T", 8)]), @r#"
    error[E0730]: this is no select-aggregate program: its result is i32[]
       ╭─[t.nn:4:13]
     3 │ fn total(tok: Token<V>[T]) -> int[] {
     4 │     let n = count[k | tok[k] == 1] 1;
       ·             ────────────┬───────────
       ·                         ╰── its result is computed here
     5 │     n
       ╰────
      note: a transformer gives one value for each position of its input
      help: give the value at every position: `let y[q: T] = …`
    "#);
}
