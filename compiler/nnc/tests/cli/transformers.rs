//! Functions as transformers.

use crate::Folder;

const SORTING: &str = "
use std.rasp.{sort}
dims T: time, V: vocab
pub fn sorted(tok: Token<V>[T]) -> Token<V>[T] = sort(tok)
layer Net { fn (tok: Token<4>[T]) -> Token<4>[T] = sort(tok) }
model net = Net { entry run with { T <= 6 } }
";

#[test]
fn a_function_becomes_a_model_and_weights_that_run() {
    let folder = Folder::new();
    folder.write("s.nn", SORTING);
    let sizes = ["--size", "V=4", "--size", "T=8"];
    let ran = folder.nnc(&[&["build", "s.nn", "--as-transformer", "sorted"], &sizes[..]].concat());
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (
            Some(0),
            "sorted: 3 layers, 2 heads (0 + 1 + 1), width 57, 47 hidden units, 23638 parameters\n",
        ),
        "{}",
        ran.err
    );
    assert_eq!(folder.names(), ["s.nn", "sorted"]);
    let weights = ["--weights", "sorted/weights.safetensors", "--target", "evaluator"];
    let run = ["run", "sorted/model.nn", "-i", "tok=[3, 1, 0, 2, 1]"];
    let ran = folder.nnc(&[&run[..], &weights[..]].concat());
    assert_eq!(ran.out, "output: i32[5] = [0, 1, 1, 2, 3]\n", "{}", ran.err);
}

#[test]
fn nothing_is_written_for_a_function_that_is_refused() {
    let folder = Folder::new();
    folder.write("s.nn", SORTING);
    let ran = folder.nnc(&["build", "s.nn", "--as-transformer", "sorted", "--size", "V=4"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("give it: `--size T=8`"), "{}", ran.err);
    assert_eq!(folder.names(), ["s.nn"]);
}

#[test]
fn cost_tells_layers_and_heads() {
    let folder = Folder::new();
    folder.write("s.nn", SORTING);
    let ran = folder.nnc(&["cost", "s.nn", "--entry", "sorted", "--size", "V=3", "--size", "T=5"]);
    assert!(
        ran.out.starts_with(
            "sorted as a transformer over 3 tokens, for a length of at most 5\n  3 layers, 2 heads"
        ),
        "{}{}",
        ran.out,
        ran.err
    );
    let ran = folder.nnc(&["cost", "s.nn", "--target", "evaluator"]);
    assert!(ran.out.contains("as a transformer: 3 layers, 2 heads"), "{}{}", ran.out, ran.err);
}
