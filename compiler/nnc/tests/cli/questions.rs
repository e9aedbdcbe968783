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
    hole none: f32[B, D] -> f32[B, D, 3] in { }
}
",
    );
    let out = folder.nnc(&["fill", "cell.nn", "--hole=up", "--top=3"]).ok();
    assert_snapshot!(out, @"
    up: f32[B, D] -> f32[B, F]
      fits:
        Linear<D, F>
        Own<D, F>
      fits under a guard:
        Identity  where D == F
        LayerNorm<D>  where D == F
        RmsNorm<D>  where D == F
        … and 12 more; see `--top`
    ");
    let none = folder.nnc(&["fill", "cell.nn", "--hole=none"]);
    assert_eq!(none.code, Some(3), "{}", none.err);
    assert!(none.out.contains("nothing fits\n  comes near:\n"), "{}", none.out);
    let unknown = folder.nnc(&["fill", "cell.nn", "--hole=upp"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("did you mean `up`?"), "{}", unknown.err);
}
