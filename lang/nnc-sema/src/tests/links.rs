//! NeMo's tests of calls between modules, one by one, as programs.
//!
//! The cases are those of NVIDIA/NeMo, tests/core/test_typecheck.py (Apache-2.0), each
//! under its name there: ports are parameters and results, a link is a call. What raises
//! an error when it runs there is refused here before anything runs; where the answer is
//! another, the case says why.

use super::check;

const DECLARED: &str = "
elem Channel
elem Labels
elem Categorical
dims B: batch, T: time, D: feat, N
fn in_out(x: f32[B]) -> f32[B] = x + 1.0
fn two(x: f32[B], y: f32[B]) -> f32[B] = x + y
fn logits(x: f32[B]) -> Logits[B, 4] {
    let y[b, k: 4] = x[b];
    y as Logits
}
fn labels(w: Logits[B, D]) -> Index<D>[B] {
    let u[b] = argmax[k] w[b, k];
    u
}
fn optional(x: f32[B], y: f32[B]?) -> f32[B] = if given(y) { x + y } else { x + 1.0 }
layer Modes {
    fn train(x: f32[B]) -> f32[B] = x + 10.0
    fn infer(y: Channel[B]) -> Channel[B] = y
    fn eval(x: f32[B], y: Channel[B]) -> (u: f32[B], v: Channel[B]) = (x, y)
}
layer Uses {
    m: Modes
";

/// The codes that a body of a function of `x: f32[B]` and `c: Channel[B]` gives.
fn said(body: &str) -> Vec<&'static str> {
    let text = format!("{DECLARED}    fn f(x: f32[B], c: Channel[B], s: f32[B, T]) {body}\n}}\n");
    let (_, analysis) = check(&[("main", &text)]);
    analysis.diagnostics.iter().map(|it| it.code.0).collect()
}

fn function(text: &str) -> Vec<&'static str> {
    let text = format!("{DECLARED}}}\n{text}\n");
    let (_, analysis) = check(&[("main", &text)]);
    analysis.diagnostics.iter().map(|it| it.code.0).collect()
}

const FINE: [&str; 0] = [];

#[test]
fn test_no_types_passthrough() {
    // There is nothing without a type: it is what the sizes are read off.
    assert_eq!(function("fn f(x) -> f32[] = 1.0"), ["E0001"]);
}

#[test]
fn test_input_output_types() {
    assert_eq!(said("-> f32[B] = in_out(x=x)"), FINE);
    assert_eq!(said("-> f32[B] = in_out(a=x)"), ["E0110"]);
    // Places are as good as names here: both are checked.
    assert_eq!(said("-> f32[B] = in_out(x)"), FINE);
}

#[test]
fn test_input_types_only_and_output_types_only() {
    // A result is declared where there is one, so that a caller need not look inside.
    assert_eq!(said("-> f32[B] = two(x=x, y=x)"), FINE);
    assert_eq!(function("fn f(x: f32[B]) = x"), ["E0200"]);
}

#[test]
fn test_multiple_input_types_only() {
    assert_eq!(said("-> f32[B] = two(y=x, x=x)"), FINE);
    assert_eq!(said("-> f32[B] = two(x=x)"), ["E0110"]);
}

#[test]
fn test_multiple_output_types_only() {
    let one = "fn f(x: f32[B]) -> (y: f32[B], z: f32[B]) = ";
    assert_eq!(function(&format!("{one}(x + 1.0, x + 2.0)")), FINE);
    assert_eq!(function(&format!("{one}x")), ["E0200"]);
}

#[test]
fn test_multiple_output_types_only_namedtuple() {
    let text = "struct Pair<B> { y: f32[B]  z: f32[B] }
fn f(p: Pair<B>) -> f32[B] = p.y + p.z
fn g(p: Pair<B>) -> f32[B] = p.w";
    assert_eq!(function(text), ["E0106"]);
}

#[test]
fn test_multiple_mixed_output_types_only() {
    // A list of tensors of one shape is one tensor with an axis that counts them.
    let text = "fn f(x: f32[B]) -> (y: f32[B], z: f32[2, B]) = (x + 1.0, [x + 2.0, x])";
    assert_eq!(function(text), FINE);
}

#[test]
fn test_multiple_mixed_output_types_only_namedtuple() {
    let text = "fn f(x: f32[B]) -> (y: f32[B], zs: f32[2, B]) = (x, [x, x])
fn g(x: f32[B]) -> f32[2, B] { let (y, zs) = f(x); zs }";
    assert_eq!(function(text), FINE);
}

#[test]
fn test_multiple_mixed_output_types_only_mismatched() {
    let text = "fn f(x: f32[B]) -> (y: f32[B], z: f32[2, B]) = ([x, x], x)";
    assert_eq!(function(text), ["E0202", "E0202"]);
}

#[test]
fn test_multiple_mixed_output_types_only_namedtuple_mismatched() {
    let text = "fn f(x: f32[B]) -> (ys: f32[B], z: f32[2, B]) { let y = x; ([y, y], x) }";
    assert_eq!(function(text), ["E0202", "E0202"]);
}

#[test]
fn test_incorrect_inheritance() {
    // A class that is no module: something that is no layer is none that is called.
    assert_eq!(function("layer A { m: Channel  fn (x: f32[B]) -> f32[B] = m(x) }"), ["E0105"]);
}

#[test]
fn test_port_definition_rejection() {
    assert_eq!(said("-> f32[B] = in_out(x=x, y=x)"), ["E0110"]);
    assert_eq!(function("fn f(x: f32[B]) -> f32[B] = (x + 1.0, x - 1.0)"), ["E0200"]);
}

#[test]
fn test_port_shape_rejection() {
    assert_eq!(said("-> f32[B] = in_out(s)"), ["E0202"]);
    assert_eq!(function("fn f(x: f32[B]) -> f32[B, T, D] = x + 1.0"), ["E0207", "E0207", "E0202"]);
}

#[test]
fn test_positional_args() {
    // Theirs refuses positions, as it binds ports by name; here a position is a name.
    assert_eq!(said("-> f32[B] = two(x, y=x)"), FINE);
    assert_eq!(said("-> f32[B] = two(x, x=x)"), ["E0110"]);
}

#[test]
fn test_optional_types() {
    assert_eq!(said("-> f32[B] = optional(x=x)"), FINE);
    assert_eq!(said("-> f32[B] = optional(x=x, y=x)"), FINE);
    // Theirs adds int to float without a word.
    let text = "fn g(x: f32[B], n: int[B]) -> f32[B] = optional(x, y=n)";
    assert_eq!(function(text), ["E0310"]);
}

#[test]
fn test_input_output_neural_types() {
    // The labels are positions in the axis that the scores were over.
    assert_eq!(function("fn f(x: f32[B]) -> Index<4>[B] = labels(w=logits(x=x))"), FINE);
    assert_eq!(function("fn f(x: f32[B, D]) -> Index<D>[B] = labels(w=x)"), ["E0301"]);
}

#[test]
fn test_nested_input_output_neural_types() {
    // A ragged list of lists has no type here: arrays have as many items as they say.
    let text = "fn f(x: f32[N, B]) -> f32[N, B] = x
fn g(x: f32[B]) -> f32[2, B] = f([x, x])
fn h(x: f32[B], y: f32[B]) -> f32[2, 2, B] = [[x, y], [x]]";
    assert_eq!(function(text), ["E0201"]);
}

#[test]
fn test_nested_input_output_neural_types_ignore_collections() {
    // Nothing looks through a list here: a function of one takes no list of them.
    let text = "fn f(x: f32[B]) -> Logits[2, B, 4] = logits([x, x])";
    assert_eq!(function(text), ["E0202"]);
}

#[test]
fn test_nested_mixed_input_output_neural_types() {
    let text = "fn f(x: f32[B], xs: f32[N, B]) -> (y: f32[B], z: f32[N, B]) = (x, xs)
fn g(x: f32[B]) -> (y: f32[B], z: f32[2, B]) = f(x, [x, x])
fn h(x: f32[B]) -> (y: f32[B], z: f32[2, B]) = f([x, x], x)";
    assert_eq!(function(text), ["E0202"]);
}

#[test]
fn test_multi_forward_type() {
    // Modes are functions of the layer, each with its own types.
    assert_eq!(said("-> f32[B] = m.train(x=x)"), FINE);
    assert_eq!(said("-> (u: f32[B], v: Channel[B]) = m.eval(x=x, y=c)"), FINE);
    assert_eq!(said("-> Channel[B] = m.infer(y=c)"), FINE);
    assert_eq!(said("-> f32[B] = m.train(x=x, y=c)"), ["E0110"]);
    assert_eq!(said("-> Channel[B] = m.infer(y=x)"), ["E0301"]);
}

#[test]
fn test_input_type_override() {
    let text = "layer A {
    fn (x: f32[B]) -> f32[B] = x + 1.0
    fn other(y: Categorical[B]) -> f32[B] = y - 1.0
}
layer U { a: A  fn (x: f32[B], y: Categorical[B]) -> f32[B] = a(x) + a.other(y)
    fn wrong(x: f32[B]) -> f32[B] = a.other(x) }";
    assert_eq!(function(text), ["E0301"]);
}

#[test]
fn test_output_type_override() {
    let text = "layer A {
    fn (x: f32[B]) -> f32[B] = x + 1.0
    fn other(z: f32[B]) -> Categorical[B] = (z - 1.0) as Categorical
}
layer U { a: A  fn (x: f32[B]) -> Categorical[B] = a.other(a(x))
    fn wrong(x: f32[B]) -> Categorical[B] = a(x) }";
    assert_eq!(function(text), ["E0301"]);
}

#[test]
fn test_multi_type_override() {
    assert_eq!(said("-> Channel[B] = m.infer(x=x)"), ["E0110"]);
    assert_eq!(said("-> f32[B] = m.train(x=x, y=c)"), ["E0110"]);
}

#[test]
fn test_disable_typecheck() {
    // Nothing turns the check off: there would be no sizes to compile for.
    assert_eq!(said("-> f32[B] = in_out(a=x, x=x)"), ["E0110"]);
}

#[test]
fn test_nested_shape_mismatch() {
    let text = "fn f(x: f32[N, T, D]) -> f32[N, T, D] = x
fn a(x: f32[4]) -> f32[2, 3, 4] = f([[x, x, x], [x, x, x]])
fn b(x: f32[4, 4]) -> f32[2, 3, 4] = f([[x, x, x], [x, x, x]])
fn c(x: f32[4]) -> f32[2, 3, 4] = f([[[x, x, x], [x, x, x]]])";
    assert_eq!(function(text), ["E0202", "E0202"]);
}

#[test]
fn test_nested_mixed_shape_mismatch() {
    let text = "fn f(x: f32[N, T, D]) -> f32[T, D] {
    let y[t, d] = sum[i] x[i, t, d];
    y
}
fn a(x: f32[4]) -> f32[3, 4] = f([[x, x, x], [x, x, x]])
fn b(x: f32[4, 4]) -> f32[3, 4] = f([[x, x, x], [x, x, x]])";
    assert_eq!(function(text), ["E0202"]);
}
