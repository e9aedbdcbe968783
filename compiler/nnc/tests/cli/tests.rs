//! `nnc test`: blocks, examples, filters, and what tools read.

use super::Folder;
use insta::assert_snapshot;

const PROGRAM: &str = "dims B: batch

## Twice as much.
##
## ```nn
## assert twice([1.0, 2.0]) == [2.0, 4.0];
## ```
pub fn twice(x: f32[B]) -> f32[B] = 2.0 * x

test \"sums\" { assert twice([1.0, 2.0, 3.0]) == [2.0, 5.0, 7.0]; }
";

fn program() -> Folder {
    let folder = Folder::new();
    folder.write("t.nn", PROGRAM);
    folder
}

#[test]
fn a_test_that_fails_ends_with_one_and_shows_values() {
    let ran = program().nnc(&["test", "t.nn", "--target", "evaluator"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.out,
        "test \"sums\" ... FAILED\ntest \"example of `twice`\" ... ok\n1 passed, 1 failed\n"
    );
    assert_snapshot!(ran.err, @r#"
    error[E0701]: an assertion of the test "sums" does not hold
        ╭─[t.nn:10:15]
      9 │
     10 │ test "sums" { assert twice([1.0, 2.0, 3.0]) == [2.0, 5.0, 7.0]; }
        ·               ────────────────────────┬────────────────────────
        ·                                       ╰── not true of every element
     11 │
        ╰────
      note: at [1] the left side is 4 and the right side is 5; it fails at 1 more place of 3
      note: on the target `evaluator`
    "#);
}

#[test]
fn every_target_that_is_present_runs_them() {
    let folder = program();
    let all = folder.nnc(&["test", "t.nn", "example"]).ok();
    let targets = all.lines().filter(|line| line.starts_with("test ")).count();
    assert!(all.contains(&format!("{targets} passed, 0 failed")), "{all}");
    assert_eq!(folder.nnc(&["test", "t.nn", "example", "--target=all"]).ok(), all);
    let one = folder.nnc(&["test", "t.nn", "example", "--target=evaluator"]).ok();
    assert_eq!(one, "test \"example of `twice`\" ... ok\n1 passed, 0 failed\n");
}

#[test]
fn a_filter_that_fits_nothing_is_told() {
    let text = program().nnc(&["test", "t.nn", "sms"]).fails(2);
    assert_snapshot!(text, @"
    error: no test has `sms` in its name
      help: did you mean `sums`?
    ");
}

#[test]
fn tools_read_an_object_for_each_test_and_target() {
    let ran = program().nnc(&["test", "t.nn", "--target=evaluator", "--message-format=json"]);
    let results: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(results.len(), 2, "{}", ran.out);
    assert_eq!(results[0]["test"], "sums");
    assert_eq!(results[0]["passed"], false);
    assert_eq!(results[1]["target"], "evaluator");
    assert_eq!(results[1]["passed"], true);
}
