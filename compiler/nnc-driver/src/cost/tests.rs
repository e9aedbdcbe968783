use super::{ParamCount, value};
use crate::Session;
use nnc_base::Name;
use std::path::Path;

fn example(path: &str) -> Session {
    Session::open(&Path::new("../../examples").join(path)).unwrap()
}

/// Multiply-adds, all operations, trained parameters and statistics.
fn cost(path: &str, sizes: &[(&str, i64)]) -> (i64, i64, ParamCount) {
    let session = example(path);
    let model = session.model(None).unwrap();
    let sizes: Vec<(Name, i64)> =
        sizes.iter().map(|(name, size)| (Name::new(name), *size)).collect();
    let cost = session.costs(model).unwrap().remove(0);
    let params = ParamCount::of(&session.lowered(model).unwrap().params);
    let at = |dim| value(dim, &sizes).unwrap();
    (at(&cost.total.multiply_adds), at(&cost.total.flops()), params)
}

#[test]
fn resnet50_is_as_published() {
    let (multiply_adds, flops, params) = cost("resnet50.nn", &[("B", 1)]);
    assert_eq!((params.trained, params.statistics), (25_557_032, 53_120));
    // torchvision: 4.09 G multiply-adds for an image of 224 by 224.
    assert!((multiply_adds as f64 / 4.09e9 - 1.0).abs() < 0.01, "{multiply_adds}");
    assert!((flops as f64 / 8.18e9 - 1.0).abs() < 0.01, "{flops}");
}

#[test]
fn bert_base_is_as_published() {
    let (multiply_adds, _, params) = cost("bert_base.nn", &[("B", 1), ("T", 128)]);
    assert_eq!((params.trained, params.statistics), (109_482_240, 0));
    // 12 layers of 12 D^2 multiply-adds a token, attention's 2 T D, and the pooler.
    let layers = 12 * 128 * (12 * 768 * 768 + 2 * 128 * 768);
    assert_eq!(multiply_adds, layers + 768 * 768);
}

#[test]
fn formulas_are_in_the_sizes_of_the_entry() {
    let session = example("bert_base.nn");
    let model = session.model(None).unwrap();
    let cost = session.costs(model).unwrap().remove(0);
    insta::assert_snapshot!(cost.total.multiply_adds, @"18432*B*T^2 + 84934656*B*T + 589824*B");
    let params = ParamCount::of(&session.lowered(model).unwrap().params);
    insta::assert_snapshot!(params.formula, @"49*D^2 + 24*D*F + D*P + D*S + D*V + 111*D + 12*F");
    let sizes = session.layer_sizes(model);
    assert_eq!(value(&params.formula, &sizes), Some(109_482_240));
    let query = cost.rows.iter().find(|row| row.layer.as_deref() == Some("blocks.*.attn.query"));
    let query = query.unwrap();
    insta::assert_snapshot!(format!(
        "{} times, {} parameters, {} multiply-adds, {} others, {}",
        query.times, query.params, query.count.multiply_adds, query.count.other, query.output
    ), @"12 times, 7087104 parameters, 7077888*B*T multiply-adds, 9216*B*T others, f32[B, T, 768]");
    let rows: u64 = cost.rows.iter().map(|row| row.params).sum();
    assert_eq!(rows, 109_482_240);
}

#[test]
fn the_formula_of_the_peak_is_what_the_plan_needs_at_least() {
    for path in ["bert_base.nn", "resnet50.nn", "digits/model.nn", "smollm2/model.nn"] {
        let session = example(path);
        let model = session.model(None).unwrap();
        let plan = session.plan(model, &nnc_plan::Machine::AVX2).unwrap();
        for (at, entry) in plan.entries.iter().enumerate() {
            let peak = super::peak(&plan, at).unwrap();
            let dims = &plan.bodies[entry.body].dims;
            let most: Vec<(Name, i64)> =
                dims.iter().map(|dim| (dim.name, dim.max.unwrap())).collect();
            let bytes = value(&peak.formula, &most).unwrap() as u64;
            assert!(bytes <= peak.arena_bytes, "{path} {}: {peak:?}", entry.name);
            let loss = peak.lower_bound as f64 / bytes as f64;
            assert!((0.95..1.05).contains(&loss), "{path} {}: {bytes} {peak:?}", entry.name);
        }
    }
}

/// Multiply-adds and other operations of a function of a layer, as formulas.
fn counted(layer: &str, bounds: &str) -> (String, String) {
    let text = format!(
        "use std.nn.{{Linear, Conv2d, RmsNorm}}\nuse std.recurrent.{{Rnn}}\n\
         use std.routing.{{TokenChoice}}\n\
         dims B: batch, T: time, D: feat, C: chan, H: row, W: col\n\
         layer Net {{ {layer} }}\nmodel net = Net {{ entry forward with {{ {bounds} }} }}\n"
    );
    let session = Session::from_text("counted.nn", &text);
    let model = session.model(None).unwrap();
    let total = session.costs(model).unwrap().remove(0).total;
    (total.multiply_adds.to_string(), total.other.to_string())
}

#[test]
fn what_can_be_counted_by_hand() {
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    // Six sums of four products, and six additions of the bias.
    assert_eq!(
        counted("map: Linear<4, 6>\nfn (x: f32[B, 4]) -> f32[B, 6] = map(x)", "B <= 8"),
        pair("24*B", "6*B")
    );
    // Each of six channels sees two channels of the input in nine pixels, at borders too.
    assert_eq!(
        counted(
            "conv: Conv2d<4, 6>(g=2, bias=false)\n\
             fn (x: f32[B, 4, H, W]) -> f32[B, 6, H, W] = conv(x)",
            "B <= 8, H <= 8, W <= 8"
        ),
        pair("108*B*H*W", "0")
    );
    // Products of all pairs of positions over three features, and of chances with values over
    // three more, whatever a mask hides; a softmax has five operations for each element.
    assert_eq!(
        counted(
            "fn (q: f32[B, T, 3], k: f32[B, T, 3]) -> f32[B, T, 3] {\n\
                 let s[b, t, j] = sum[d] q[b, t, d] * k[b, j, d];\n\
                 let p[b, t, j] = softmax[j | j <= t] s[b, t, j];\n\
                 let y[b, t, d] = sum[j] p[b, t, j] * k[b, j, d];\n\
                 y\n\
             }",
            "B <= 8, T <= 8"
        ),
        pair("6*B*T^2", "5*B*T^2")
    );
    // At each step three sums of two inputs and of three states, three sums with two biases and
    // the other sum, and three tanh.
    assert_eq!(
        counted("rnn: Rnn<2, 3>\nfn (x: f32[B, T, 2]) -> f32[B, T, 3] = rnn(x)", "B <= 8, T <= 8"),
        pair("15*B*T", "12*B*T")
    );
    // Squares and their sum are no contraction: nothing is read twice. Four products, four steps
    // of the mean and its division, eps and the root, and two products for each feature.
    assert_eq!(
        counted("norm: RmsNorm<4>\nfn (x: f32[B, 4]) -> f32[B, 4] = norm(x)", "B <= 8"),
        pair("0", "19*B")
    );
    // A sum of parameters is counted, although it is computed once before the program runs: only
    // what they decide within one expression, such as a factor of a norm, is free.
    assert_eq!(
        counted(
            "a, c: param f32[3, 3]\n\
             fn (x: f32[B, 3]) -> f32[B, 3] {\n\
                 let w[i, j] = sum[k] a[i, k] * c[k, j];\n\
                 let y[b, i] = sum[j] w[i, j] * x[b, j];\n\
                 y\n\
             }",
            "B <= 8"
        ),
        pair("9*B + 27", "0")
    );
}
