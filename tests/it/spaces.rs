//! A member of a space is the network that one would have written without holes.

use crate::models::{On, runner};
use nnc_driver::{Random, Session, Tensor, random_input, write_outputs};
use std::fmt::Write;

const LAYERS: &str = "
use std.nn.{Linear, RmsNorm, Identity, gelu, relu}
dims T: time, D: feat, L

layer Two<D>(e: dim = 1) {
    up:   Linear<D, e*D>
    down: Linear<e*D, D>(bias=false)
    fn (x: f32[T, D]) -> f32[T, D] = down(gelu(up(x)))
}

layer Past<D> {
    w: param f32[D] = ones
    fn (x: f32[T, D]) -> f32[T, D] {
        let y[t: T, d] = sum[s | s <= t] x[s, d] * w[d];
        y
    }
}
";

/// Each as a chain.
const CANDIDATES: [&[&str]; 6] = [
    &["Identity"],
    &["Two<D>"],
    &["Two<D>(e=3)"],
    &["Past<D>"],
    &["RmsNorm<D>", "Past<D>"],
    &["Past<D>", "Two<D>", "RmsNorm<D>(eps=0.01)"],
];

const CELLS: usize = 5;

/// The space with what a model chooses for each of its cells.
fn with_holes(chosen: &[usize]) -> String {
    let mut text = LAYERS.to_owned();
    let candidates: Vec<String> = CANDIDATES.iter().map(|chain| chain.join(" >> ")).collect();
    let _ = write!(
        text,
        "space Cell<D> {{
            scale: param f32[D] = ones
            hole mix: f32[T, D] -> f32[T, D] in {{ {} }}
            fn (x: f32[T, D]) -> f32[T, D] = x + mix(relu(x)) * scale[_, d]
        }}
        layer Net<D, L> {{
            cells: [Cell<D>; L]
            fn (x: f32[T, D]) -> f32[T, D] = fold(cells, x, |h, cell| cell(h))
        }}
        model net = Net<7, {CELLS}> {{\n",
        candidates.join(", ")
    );
    for (at, candidate) in chosen.iter().enumerate() {
        let _ = writeln!(text, "choose cells[{at}].mix = {}", candidates[*candidate]);
    }
    text + "entry run with { T <= 9 } }\n"
}

/// The same network with a layer for each cell.
fn without(chosen: &[usize]) -> String {
    let mut text = LAYERS.to_owned();
    let mut value = "x".to_owned();
    let mut fields = String::new();
    for (at, candidate) in chosen.iter().enumerate() {
        let (mut mixes, mut mixed) = (String::new(), "relu(x)".to_owned());
        for (place, layer) in CANDIDATES[*candidate].iter().enumerate() {
            let _ = writeln!(mixes, "mix{place}: {layer}");
            mixed = format!("mix{place}({mixed})");
        }
        let _ = write!(
            text,
            "layer Cell{at}<D> {{
                scale: param f32[D] = ones
                {mixes}
                fn (x: f32[T, D]) -> f32[T, D] = x + {mixed} * scale[_, d]
            }}\n"
        );
        let _ = writeln!(fields, "cell{at}: Cell{at}<D>");
        value = format!("cell{at}({value})");
    }
    let _ = write!(
        text,
        "layer Net<D> {{ {fields} fn (x: f32[T, D]) -> f32[T, D] = {value} }}
        model net = Net<7> {{ entry run with {{ T <= 9 }} }}\n"
    );
    text
}

/// A parameter's name in the network without holes.
fn plain_name(name: &str, chosen: &[usize]) -> String {
    let (cell, rest) = name.strip_prefix("cells.").unwrap().split_once('.').unwrap();
    let Some(inner) = rest.strip_prefix("mix.") else { return format!("cell{cell}.{rest}") };
    let chain = CANDIDATES[chosen[cell.parse::<usize>().unwrap()]];
    let inner = inner.strip_prefix(&chain.join(" >> ")).unwrap().strip_prefix('.').unwrap();
    match chain {
        [_] => format!("cell{cell}.mix0.{inner}"),
        _ => format!("cell{cell}.mix{inner}"),
    }
}

#[test]
fn members_compute_what_the_same_network_without_holes_does() {
    use std::hash::{BuildHasher, Hasher};
    let seed = std::hash::RandomState::new().build_hasher().finish();
    let mut random = Random::new(seed, "members");
    let folder = tempfile::tempdir().unwrap();
    for round in 0..8 {
        // Neighbours that are equal and some that are not.
        let mut chosen: Vec<usize> = Vec::new();
        for _ in 0..CELLS {
            let repeat = chosen.last().copied().filter(|_| random.below(2) == 0);
            let other = random.below(CANDIDATES.len() as i64) as usize;
            chosen.push(repeat.unwrap_or(other));
        }
        let text = with_holes(&chosen);
        let context = format!("seed {seed}, round {round}: {chosen:?}");
        let space = Session::from_text("space", &text);
        let plain = Session::from_text("plain", &without(&chosen));
        let (model, plain_model) = (space.model(None).unwrap(), plain.model(None).unwrap());

        let params = space.params(model, None, 3).unwrap();
        let named = |name: &dyn Fn(&str) -> String| -> Vec<(String, Tensor)> {
            let infos = params.infos().iter();
            infos.map(|it| (name(&it.name), params.tensor(&it.name).unwrap())).collect()
        };
        let own = folder.path().join(format!("own{round}.safetensors"));
        let other = folder.path().join(format!("plain{round}.safetensors"));
        write_outputs(&own, &named(&str::to_owned)).unwrap();
        write_outputs(&other, &named(&|name| plain_name(name, &chosen))).unwrap();

        let run = |session: &Session, model, weights: &std::path::Path, on: On| -> Vec<f64> {
            let mut runner = runner(session, model, weights, on);
            let input = random_input(&runner.interfaces()[0], 0, &[6], seed).unwrap();
            let output = runner.run(0, &[("x", &input)], &[]).unwrap().remove(0).1;
            output.to_eval().to_f64()
        };
        let expected = run(&plain, plain_model, &other, On::Evaluator);
        assert_eq!(run(&space, model, &own, On::Evaluator), expected, "{context}");
        let most = expected.iter().fold(1.0f64, |most, it| most.max(it.abs()));
        for on in [On::Optimised, On::Compiled] {
            let found = run(&space, model, &own, on);
            let apart = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            let apart = apart.fold(0.0f64, f64::max);
            assert!(apart <= 2e-6 * most, "{context}: {apart}");
        }
    }
}
