//! `nnc type`, `nnc equiv` and `nnc fill`: what layers are, and what fits.

use super::Folder;
use insta::assert_snapshot;

#[test]
fn the_type_of_a_chain_is_a_formula() {
    let folder = Folder::new();
    let out = folder.nnc(&["type", "Conv2d<C, K>(k=3, s=2) >> MaxPool(2)"]).ok();
    assert_snapshot!(out, @"
    Conv2d<C, K>(k=3, s=2) >> MaxPool(2)
      float[B, C, H, W] -> float[B, K, (H + 1)//4, (W + 1)//4]
      where H >= 3, W >= 3
    ");
}

#[test]
fn the_exit_code_says_how_equivalent_two_layers_are() {
    let folder = Folder::new();
    let cases = [
        (0, ["Conv2d<C, K>(k=3)", "Conv2d<C, K>(k=5)"]),
        (3, ["Conv2d<C, K>(k=3, s=2)", "MaxPool(2) >> Conv2d<C, K>(k=1)"]),
        (3, ["Linear<D, F>", "Linear<D, D>"]),
        (4, ["AvgPool(1, s=2) >> Conv2d<C, C>(k=1, d=2, p=1)", "AvgPool(3, s=1)"]),
        (5, ["Conv2d<C, K>(k=3, p=0)", "Conv2d<C, K>(k=4, p=0, s=2)"]),
    ];
    for (code, layers) in cases {
        let run = folder.nnc(&["equiv", layers[0], layers[1]]);
        assert_eq!(run.code, Some(code), "{layers:?}: {}{}", run.out, run.err);
    }
    let layers = ["Conv2d<C, K>(k=3, p=0)", "Conv2d<C, K>(k=1, p=0, s=2)"];
    let at = |sizes: &str| folder.nnc(&["equiv", "--at", sizes, layers[0], layers[1]]).code;
    assert_eq!((at("H=4,W=4"), at("H=6,W=4")), (Some(0), Some(5)));
}

#[test]
fn what_fits_into_a_hole_is_listed() {
    let folder = Folder::new();
    folder.write(
        "cell.nn",
        "dims B: batch, D: feat, F: feat
layer Own<D, F> {
    w: param f32[F, D]
    fn (x: f32[B, D]) -> f32[B, F] { let y[b, f] = sum[d] x[b, d] * w[f, d]; y }
}
space Cell<D, F> {
    hole up: f32[B, D] -> f32[B, F] in { Own<D, F> }
    hole none: f32[B, D] -> f32[B, D + 5, 3] in { }
}
",
    );
    // The library grows, so the list is looked into and not compared as a whole.
    let out = folder.nnc(&["fill", "cell.nn", "--hole=up", "--top=99"]).ok();
    let (fits, guarded) = out.split_once("  fits under a guard:\n").unwrap();
    let start = "up: f32[B, D] -> f32[B, F]\n  fits:\n      1  Linear<D, F>\n      2  Own<D, F>\n";
    assert!(fits.starts_with(start), "{out}");
    assert!(guarded.contains("  Identity  where D == F\n"), "{out}");
    let two = folder.nnc(&["fill", "cell.nn", "--hole=up", "--top=1"]).ok();
    assert!(!two.contains("Own<D, F>") && two.contains("more; see `--top`"), "{two}");
    let none = folder.nnc(&["fill", "cell.nn", "--hole=none"]);
    assert_eq!(none.code, Some(3), "{}", none.err);
    assert!(none.out.contains("nothing fits\n  comes near:\n"), "{}", none.out);
    let unknown = folder.nnc(&["fill", "cell.nn", "--hole=upp"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("did you mean `up`?"), "{}", unknown.err);
}

/// A layer with a hole.
const OPEN: &str = "dims B: batch, T: time, D: feat, K: feat

layer Head<D, K> {
    fn (x: f32[B, T, D]) -> f32[B, T, K] = x |> ?
}
";

fn text(folder: &Folder, name: &str) -> String {
    String::from_utf8(folder.read(name)).unwrap()
}

#[test]
fn a_candidate_is_written_into_the_program() {
    let folder = Folder::new();
    folder.write("head.nn", OPEN);
    let out = folder.nnc(&["fill", "head.nn"]).ok();
    assert!(out.starts_with("?: f32[B, T, D] -> f32[B, T, K]\n  fits:\n"), "{out}");
    let line = out.lines().find(|it| it.ends_with("  Linear<D, K>")).unwrap();
    let number = line.split_whitespace().next().unwrap();
    let applied = folder.nnc(&["fill", "head.nn", &format!("--apply={number}")]).ok();
    assert_eq!(applied, "head.nn: `?` is Linear<D, K>\n");
    assert_snapshot!(text(&folder, "head.nn"), @"
    use std.nn.{Linear}

    dims B: batch, T: time, D: feat, K: feat

    layer Head<D, K> {
        linear: Linear<D, K>

        fn (x: f32[B, T, D]) -> f32[B, T, K] = x |> linear
    }
    ");
    folder.nnc(&["check", "head.nn"]).ok();
}

#[test]
fn a_function_is_written_without_a_field_and_a_candidate_into_its_list() {
    let folder = Folder::new();
    let program = "use std.nn.{gelu}
dims B: batch, D: feat
fn f(x: f32[B, D]) -> f32[B, D] = gelu(x) |> ?
space Cell<D> { hole mix: f32[B, D] -> f32[B, D] in { } }
";
    folder.write("f.nn", program);
    folder.nnc(&["fill", "f.nn", "--hole=?", "--apply=gelu"]).ok();
    folder.nnc(&["fill", "f.nn", "--hole=mix", "--apply=Identity"]).ok();
    assert_snapshot!(text(&folder, "f.nn"), @"
    use std.nn.{gelu, Identity}
    dims B: batch, D: feat
    fn f(x: f32[B, D]) -> f32[B, D] = gelu(x) |> gelu
    space Cell<D> { hole mix: f32[B, D] -> f32[B, D] in { Identity } }
    ");
    folder.nnc(&["check", "f.nn"]).ok();
}

#[test]
fn mistakes_about_holes_are_told() {
    let folder = Folder::new();
    folder.write("none.nn", "dims B: batch, D: feat\n");
    folder.write("head.nn", OPEN);
    folder.write("typed.nn", OPEN.replace("x |> ?", "missing(x) |> ?"));
    let two =
        "dims B: batch\nfn f(x: f32[B]) -> f32[B] = x |> ?\nfn g(x: f32[B]) -> f32[B] = x |> ?\n";
    folder.write("two.nn", two);
    let cases = [
        (["none.nn", "--top=1"], "the program has no holes"),
        (["head.nn", "--hole=head"], "the program has no hole `head`"),
        (["head.nn", "--apply=9999"], ", not 9999"),
        (
            ["head.nn", "--apply=Linear<K, D>"],
            "`Linear<K, D>` is not among what fits into hole `?`",
        ),
        (
            ["two.nn", "--apply=1"],
            "the program has 2 holes: say which one with `--hole`: `?1`, `?2`",
        ),
        (["typed.nn", "--top=1"], "what goes into hole `?` has no type, because of a mistake"),
    ];
    for (args, wanted) in cases {
        let run = folder.nnc(&["fill", args[0], args[1]]);
        assert_eq!(run.code, Some(2), "{args:?}: {}{}", run.out, run.err);
        assert!(run.err.contains(wanted), "{args:?}: {}", run.err);
    }
    assert_eq!(text(&folder, "two.nn"), two);
}
