//! What stays equal when a network is rewritten. Sizes and numbers are random.

use crate::{Random, Runner, Session, Tensor, write_outputs};
use nnc_graph::Elem;
use std::path::{Path, PathBuf};

/// A decoder with residual branches, tuned to nothing.
const LAYERS: &str = "
use std.nn.{LayerNorm, Linear, gelu, silu}
dims B: batch, T: time, D: feat, F: feat, N: head, L

layer Attention<D, N, H> where D % N == 0 {
    query, key, value: Linear<D, N*H>
    output:            Linear<N*H, D>

    fn (x: f32[B, T, D]) -> f32[B, T, D] {
        let q[b, n, t, h] = query(x)[b, t, (n:N h)];
        let k[b, n, t, h] = key(x)[b, t, (n:N h)];
        let v[b, n, t, h] = value(x)[b, t, (n:N h)];
        let s[b, n, t, j] = sum[h] q[b, n, t, h] * k[b, n, j, h] / sqrt(H);
        let p[b, n, t, j] = softmax[j | j <= t] s[b, n, t, j];
        let o[b, t, (n h)] = sum[j] p[b, n, t, j] * v[b, n, j, h];
        output(o)
    }
}

layer Fused<D, N, H> where D % N == 0 {
    qkv:    Linear<D, 3*N*H>
    output: Linear<N*H, D>(bias=false)

    fn (x: f32[B, T, D]) -> f32[B, T, D] {
        let (q, k, v) = split(qkv(x), 3);
        let s[b, n, t, j] = sum[h] q[b, t, (n:N h)] * k[b, j, (n:N h)] / sqrt(H);
        let p[b, n, t, j] = softmax[j] s[b, n, t, j];
        let o[b, t, (n h)] = sum[j] p[b, n, t, j] * v[b, j, (n:N h)];
        output(o)
    }
}

layer Block<D, F, N, H> where D % N == 0 {
    norm1: LayerNorm<D>
    attn:  ATTENTION<D, N, H>
    norm2: LayerNorm<D>
    up:    Linear<D, F>
    down:  Linear<F, D>

    fn (x: f32[B, T, D]) -> f32[B, T, D] {
        let h = x + attn(norm1(x));
        FEED
    }
}

layer Net<D, F, N, H, L> where D % N == 0, L >= LEAST {
    blocks: [Block<D, F, N, H>; L]
    norm:   LayerNorm<D>

    fn (x: f32[B, T, D]) -> f32[B, T, D] = norm(STEPS)
}
";

const FEED: &str = "let n = norm2(h); h + down(gelu(up(n)))";
const STEPS: &str = "fold(blocks, x, |h, block| block(h))";

/// The sizes of a network.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: i64,
    time: i64,
    head: i64,
    heads: i64,
    hidden: i64,
    layers: i64,
}

impl Sizes {
    fn random(random: &mut Random) -> Sizes {
        let mut from = |low: i64, high: i64| low + random.below(high - low + 1);
        Sizes {
            batch: from(1, 3),
            time: from(2, 5),
            head: from(1, 4),
            heads: from(2, 4),
            hidden: from(3, 11),
            layers: from(3, 6),
        }
    }

    fn width(&self) -> i64 {
        self.heads * (self.head + 1)
    }
}

/// A network and what is changed of it.
struct Case<'c> {
    sizes: Sizes,
    attention: &'c str,
    feed: &'c str,
    steps: &'c str,
    rewrites: Vec<String>,
}

impl<'c> Case<'c> {
    fn new(sizes: Sizes, rewrites: &[&str]) -> Case<'c> {
        let rewrites = rewrites.iter().map(|&it| it.to_owned()).collect();
        Case { sizes, attention: "Attention", feed: FEED, steps: STEPS, rewrites }
    }

    fn session(&self) -> Session {
        let it = self.sizes;
        let text = LAYERS
            .replace("ATTENTION", self.attention)
            .replace("FEED", self.feed)
            .replace("STEPS", self.steps)
            .replace("LEAST", if self.steps == STEPS { "1" } else { "3" });
        let model = format!(
            "model net = Net<{}, {}, {}, {}, {}> {{ entry run with {{ B <= 4, T <= 8 }} }}\n",
            it.width(),
            it.hidden,
            it.heads,
            it.head,
            it.layers
        );
        let mut session = Session::from_text("net.nn", &format!("{text}{model}"));
        let model = session.model(None).unwrap();
        session.rewrite(model, &self.rewrites).unwrap();
        session
    }

    /// What it computes with the parameters of a file.
    fn run(&self, weights: &Path) -> Vec<f64> {
        let session = self.session();
        let model = session.model(None).unwrap();
        let params = session.params(model, Some(weights), 0).unwrap();
        let mut runner =
            Runner::evaluator(&session.lowered(model).unwrap().module, &params).unwrap();
        let it = self.sizes;
        let shape = [it.batch, it.time, it.width()];
        let mut random = Random::new(9, "input");
        let values: Vec<f64> =
            (0..shape.iter().product::<i64>()).map(|_| random.normal()).collect();
        let x = Tensor::from_floats(Elem::F32, shape.map(|it| it as usize).to_vec(), &values);
        let output = runner.run(0, &[("x", &x)], &[]).unwrap().remove(0).1;
        output.to_eval().to_f64()
    }

    /// The names and numbers of its parameters, all of them random.
    fn numbers(&self, seed: u64) -> Vec<(String, Tensor)> {
        let session = self.session();
        let model = session.model(None).unwrap();
        let params = &session.lowered(model).unwrap().params;
        let tensor = |info: &nnc_lower::ParamInfo| {
            let mut random = Random::new(seed, &info.name);
            let values: Vec<f64> = (0..info.size()).map(|_| 0.5 * random.normal()).collect();
            let shape = info.shape.iter().map(|it| *it as usize).collect();
            (info.name.clone(), Tensor::from_floats(info.elem, shape, &values))
        };
        params.iter().map(tensor).collect()
    }

    fn elements(&self) -> i64 {
        let session = self.session();
        let model = session.model(None).unwrap();
        session.lowered(model).unwrap().params.iter().map(nnc_lower::ParamInfo::size).sum()
    }
}

struct Files {
    folder: tempfile::TempDir,
    count: std::cell::Cell<usize>,
}

impl Files {
    fn new() -> Files {
        Files { folder: tempfile::tempdir().unwrap(), count: std::cell::Cell::new(0) }
    }

    fn write(&self, tensors: &[(String, Tensor)]) -> PathBuf {
        self.count.set(self.count.get() + 1);
        let path = self.folder.path().join(format!("{}.safetensors", self.count.get()));
        write_outputs(&path, tensors).unwrap();
        path
    }
}

fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

fn assert_near(left: &[f64], right: &[f64], tolerance: f64, context: &str) {
    assert_eq!(left.len(), right.len(), "{context}");
    let most = right.iter().fold(1.0f64, |most, it| most.max(it.abs()));
    for (at, (left, right)) in left.iter().zip(right).enumerate() {
        assert!((left - right).abs() <= tolerance * most, "{context}: [{at}] {left} and {right}");
    }
}

/// For some random networks: their sizes, parameters in a file, and what they compute.
fn each(check: impl Fn(&Files, Sizes, &[(String, Tensor)], &Path, &[f64], &str)) {
    let seed = seed();
    let mut random = Random::new(seed, "sizes");
    for round in 0..3 {
        let files = Files::new();
        let sizes = Sizes::random(&mut random);
        let numbers = Case::new(sizes, &[]).numbers(seed + round);
        let path = files.write(&numbers);
        let plain = Case::new(sizes, &[]).run(&path);
        let context = format!("seed {seed}, round {round}, {sizes:?}");
        check(&files, sizes, &numbers, &path, &plain, &context);
    }
}

#[test]
fn what_says_nothing_new_changes_nothing() {
    each(|_, sizes, _, path, plain, context| {
        let all: Vec<String> = (0..sizes.layers).map(|it| it.to_string()).collect();
        let alone: Vec<String> = all.iter().map(|it| format!("({it})")).collect();
        for line in [
            format!("blocks: order [{}]", all.join(", ")),
            format!("blocks: order [0..{}]", sizes.layers),
            format!("blocks: order [{}] sum", alone.join(", ")),
            "blocks: drop []".to_owned(),
            format!("blocks: loop [0..{}] * 1", sizes.layers),
            format!("blocks: tie [{}]", all.join(", ")),
            "blocks: average".to_owned(),
        ] {
            assert_eq!(Case::new(sizes, &[&line]).run(path), plain, "{line}: {context}");
        }
    });
}

#[test]
fn steps_are_those_of_the_network_that_one_would_have_written() {
    each(|_, sizes, _, path, _, context| {
        let last = sizes.layers - 1;
        let mean = "let y = blocks[0](x); let (a, b) = (blocks[1](y), blocks[2](y)); 0.5 * (a + b)";
        let sum = "let y = blocks[0](x); blocks[1](y) + blocks[2](y) - y";
        for (line, written) in [
            ("order [2, 0, 1]".to_owned(), "blocks[1](blocks[0](blocks[2](x)))".to_owned()),
            ("order [0, 1, 1]".to_owned(), "blocks[1](blocks[1](blocks[0](x)))".to_owned()),
            ("order [0, (1, 2)]".to_owned(), format!("{{ {mean} }}")),
            ("order [0, (1..3)] sum".to_owned(), format!("{{ {sum} }}")),
            (
                "order [(0, [1, 2])]".to_owned(),
                "0.5 * (blocks[0](x) + blocks[2](blocks[1](x)))".to_owned(),
            ),
            (
                "order [(0, 1) * 2]".to_owned(),
                "{ let y = 0.5 * (blocks[0](x) + blocks[1](x)); 0.5 * (blocks[0](y) + blocks[1](y)) }"
                    .to_owned(),
            ),
            (
                format!("drop [{}]", (1..=last).map(|it| it.to_string()).collect::<Vec<_>>().join(", ")),
                "blocks[0](x)".to_owned(),
            ),
            ("order []".to_owned(), "x".to_owned()),
        ] {
            let line = format!("blocks: {line}");
            let found = Case::new(sizes, &[&line]).run(path);
            let expected = Case { steps: &written, ..Case::new(sizes, &[]) }.run(path);
            assert_near(&found, &expected, 2e-6, &format!("{line}: {context}"));
        }
    });
}

#[test]
fn a_dropped_layer_is_as_if_it_had_not_been_there() {
    each(|files, sizes, numbers, path, _, context| {
        let fewer = Sizes { layers: sizes.layers - 1, ..sizes };
        for dropped in 0..sizes.layers {
            let kept = numbers.iter().filter_map(|(name, tensor)| {
                let Some(rest) = name.strip_prefix("blocks.") else {
                    return Some((name.clone(), tensor.clone()));
                };
                let (at, rest) = rest.split_once('.').unwrap();
                let at: i64 = at.parse().unwrap();
                let to = at - i64::from(at > dropped);
                (at != dropped).then(|| (format!("blocks.{to}.{rest}"), tensor.clone()))
            });
            let other = files.write(&kept.collect::<Vec<_>>());
            let line = format!("blocks: drop [{dropped}]");
            let case = Case::new(sizes, &[&line]);
            let without = Case::new(fewer, &[]);
            assert_eq!(case.run(path), without.run(&other), "{line}: {context}");
            assert_eq!(case.elements(), without.elements());
        }
    });
}

#[test]
fn looping_is_repeating() {
    each(|_, sizes, _, path, _, context| {
        let unrolled = format!("blocks: order [0, 1, 2, 1, 2, 1, 2, 3..{}]", sizes.layers + 1);
        let unrolled = if sizes.layers > 3 {
            unrolled.replace(&(sizes.layers + 1).to_string(), &sizes.layers.to_string())
        } else {
            "blocks: order [0, 1, 2, 1, 2, 1, 2]".to_owned()
        };
        let looped = Case::new(sizes, &["blocks: loop [1..3] * 3"]);
        let unrolled = Case::new(sizes, &[&unrolled]);
        assert_eq!(looped.run(path), unrolled.run(path), "{context}");
        assert_eq!(looped.elements(), Case::new(sizes, &[]).elements());
    });
}

#[test]
fn tied_layers_are_layers_with_equal_numbers() {
    each(|files, sizes, numbers, path, _, context| {
        let mut random = Random::new(seed(), "tie");
        let tie: Vec<i64> = (0..sizes.layers).map(|it| random.below(it + 1)).collect();
        let written: Vec<String> = tie.iter().map(i64::to_string).collect();
        let line = format!("blocks: tie [{}]", written.join(", "));
        let equal = numbers.iter().map(|(name, tensor)| {
            let Some(rest) = name.strip_prefix("blocks.") else {
                return (name.clone(), tensor.clone());
            };
            let (at, rest) = rest.split_once('.').unwrap();
            let of = format!("blocks.{}.{rest}", tie[at.parse::<usize>().unwrap()]);
            let owner = numbers.iter().find(|it| it.0 == of).unwrap();
            (name.clone(), owner.1.clone())
        });
        let equal = files.write(&equal.collect::<Vec<_>>());
        let tied = Case::new(sizes, &[&line]);
        assert_eq!(tied.run(path), Case::new(sizes, &[]).run(&equal), "{line}: {context}");
        let owners: std::collections::BTreeSet<i64> = tie.iter().copied().collect();
        let all = Case::new(sizes, &[]).elements();
        let layer = (all - 2 * sizes.width()) / sizes.layers;
        assert_eq!(tied.elements(), all - layer * (sizes.layers - owners.len() as i64));
    });
}

#[test]
fn averages_are_the_weighted_sums_that_are_written() {
    each(|_, sizes, _, path, plain, context| {
        let rows = "average [[0.25, 0.75], [0, -0.5, 1.5], [1, 0, 0.5, 0.5]]";
        let written = "{
            let x1 = 0.25 * x + 0.75 * blocks[0](x);
            let b0 = blocks[0](x);
            let b1 = blocks[1](x1);
            let x2 = 1.5 * b1 - 0.5 * b0;
            let b2 = blocks[2](x2);
            x + 0.5 * b1 + 0.5 * b2
        }";
        let three = Sizes { layers: 3, ..sizes };
        let line = format!("blocks: {rows}");
        let files = Files::new();
        let numbers = Case::new(three, &[]).numbers(5);
        let weights = files.write(&numbers);
        let found = Case::new(three, &[&line]).run(&weights);
        let expected = Case { steps: written, ..Case::new(three, &[]) }.run(&weights);
        assert_near(&found, &expected, 5e-6, context);
        // New weights take the last value.
        assert_eq!(Case::new(sizes, &["blocks: average"]).run(path), plain, "{context}");
        let more: i64 = (0..sizes.layers).map(|it| it + 2).sum();
        let averaged = Case::new(sizes, &["blocks: average"]).elements();
        assert_eq!(averaged, Case::new(sizes, &[]).elements() + more);
    });
}

#[test]
fn parallel_branches_read_what_entered() {
    each(|_, sizes, _, path, _, context| {
        let feed = "x + attn(norm1(x)) + down(gelu(up(norm2(x))))";
        let written = Case { feed, ..Case::new(sizes, &[]) }.run(path);
        let found = Case::new(sizes, &["blocks.*: parallel"]).run(path);
        assert_near(&found, &written, 2e-6, context);
        // Two blocks, branch by branch.
        let branch = |it: &str, x: &str| {
            format!("blocks[{it}].down(gelu(blocks[{it}].up(blocks[{it}].norm2({x}))))")
        };
        let attn = |it: &str| format!("blocks[{it}].attn(blocks[{it}].norm1(z))");
        let steps = format!(
            "{{ let z = blocks[0](x); let y = z + {} + {}; y + {} + {} }}",
            attn("1"),
            attn("2"),
            branch("1", "y"),
            branch("2", "y")
        );
        let steps = Case { steps: &steps, ..Case::new(sizes, &[]) }.run(path);
        let found = Case::new(sizes, &["blocks: order [0, (1, 2)] branches"]).run(path);
        assert_near(&found, &steps, 2e-6, context);
        // Of one block, the others stay.
        let found = Case::new(sizes, &["blocks.1: parallel"]).run(path);
        assert_ne!(found, written, "{context}");
    });
}

#[test]
fn a_matrix_of_full_rank_computes_the_same_and_of_less_what_its_product_does() {
    each(|files, sizes, numbers, path, plain, context| {
        let full = sizes.width().min(sizes.hidden);
        let line = format!("blocks.*.up: rank {full}");
        let found = Case::new(sizes, &[&line]).run(path);
        assert_near(&found, plain, 1e-5, &format!("{line}: {context}"));
        for rank in 1..full.min(4) {
            let line = format!("blocks.*.down.weight: rank {rank}");
            let case = Case::new(sizes, &[&line]);
            // The product of the factors in the place of each matrix.
            let session = case.session();
            let model = session.model(None).unwrap();
            let params = session.params(model, Some(path), 0).unwrap();
            let products = numbers.iter().map(|(name, tensor)| {
                if !name.ends_with("down.weight") {
                    return (name.clone(), tensor.clone());
                }
                let factor = |side: &str| {
                    let tensor = params.tensor(&format!("{name}.{side}")).unwrap();
                    (tensor.shape.clone(), tensor.to_eval().to_f64())
                };
                let ((shape, left), (_, right)) = (factor("left"), factor("right"));
                let (rows, rank) = (shape[0], shape[1]);
                let columns = right.len() / rank;
                let mut product = vec![0.0; rows * columns];
                for row in 0..rows {
                    for column in 0..columns {
                        let terms =
                            (0..rank).map(|k| left[row * rank + k] * right[k * columns + column]);
                        product[row * columns + column] = terms.sum();
                    }
                }
                (name.clone(), Tensor::from_floats(Elem::F32, vec![rows, columns], &product))
            });
            let other = files.write(&products.collect::<Vec<_>>());
            let expected = Case::new(sizes, &[]).run(&other);
            assert_near(&case.run(path), &expected, 1e-5, &format!("{line}: {context}"));
            let less = sizes.width() * sizes.hidden - rank * (sizes.width() + sizes.hidden);
            let all = Case::new(sizes, &[]).elements();
            assert_eq!(case.elements(), all - sizes.layers * less);
        }
    });
}

/// The columns of an output map that belong to heads that are gone, set to 0.
fn without_heads(
    sizes: Sizes,
    numbers: &[(String, Tensor)],
    kept: &[i64],
) -> Vec<(String, Tensor)> {
    let cleared = numbers.iter().map(|(name, tensor)| {
        if !name.ends_with("attn.output.weight") {
            return (name.clone(), tensor.clone());
        }
        let mut values = tensor.to_eval().to_f64();
        let columns = tensor.shape[1];
        for (at, value) in values.iter_mut().enumerate() {
            if !kept.contains(&((at % columns) as i64 / sizes.head)) {
                *value = 0.0;
            }
        }
        (name.clone(), Tensor::from_floats(Elem::F32, tensor.shape.clone(), &values))
    });
    cleared.collect()
}

#[test]
fn heads_that_are_gone_are_heads_that_add_nothing() {
    for attention in ["Attention", "Fused"] {
        each(|files, sizes, _, _, _, context| {
            let plain = Case { attention, ..Case::new(sizes, &[]) };
            let numbers = plain.numbers(11);
            let path = files.write(&numbers);
            let mut random = Random::new(seed(), "heads");
            let mut kept: Vec<i64> = (0..sizes.heads).filter(|_| random.below(2) == 0).collect();
            if kept.is_empty() {
                kept.push(sizes.heads - 1);
            }
            kept.reverse();
            let written: Vec<String> = kept.iter().map(i64::to_string).collect();
            let line = format!("blocks.*.attn: heads [{}]", written.join(", "));
            let pruned = Case { attention, ..Case::new(sizes, &[&line]) };
            let zeroed = files.write(&without_heads(sizes, &numbers, &kept));
            let expected = plain.run(&zeroed);
            assert_near(&pruned.run(&path), &expected, 5e-6, &format!("{line}: {context}"));
            // Three maps with their biases, and the map behind.
            let a_head = sizes.head * (4 * sizes.width() + 3);
            let gone = sizes.heads - kept.len() as i64;
            assert_eq!(pruned.elements(), plain.elements() - sizes.layers * gone * a_head);
            // All of them, in order, are all that there was.
            let all = format!("blocks.*.attn: heads [0..{}]", sizes.heads);
            let all = Case { attention, ..Case::new(sizes, &[&all]) };
            assert_eq!(all.run(&path), plain.run(&path), "{context}");
        });
    }
}

#[test]
fn one_write_head_is_enough_where_all_are_the_same() {
    for attention in ["Attention", "Fused"] {
        each(|files, sizes, _, _, _, context| {
            let plain = Case { attention, ..Case::new(sizes, &[]) };
            // Each head of keys and values has the numbers of the first.
            let equal = plain.numbers(12).into_iter().map(|(name, tensor)| {
                let rows = match () {
                    () if name.contains("attn.key") || name.contains("attn.value") => 0,
                    () if name.contains("attn.qkv") => sizes.heads * sizes.head,
                    () => return (name, tensor),
                };
                let mut values = tensor.to_eval().to_f64();
                let width: usize = tensor.shape[1..].iter().product();
                let run = (sizes.heads * sizes.head) as usize;
                for row in rows as usize..tensor.shape[0] {
                    let first = row / run * run + row % sizes.head as usize;
                    values.copy_within(first * width..(first + 1) * width, row * width);
                }
                (name, Tensor::from_floats(Elem::F32, tensor.shape.clone(), &values))
            });
            let path = files.write(&equal.collect::<Vec<_>>());
            let one = Case { attention, ..Case::new(sizes, &["blocks.*.attn: write_heads 1"]) };
            assert_near(&one.run(&path), &plain.run(&path), 5e-6, context);
            let less = 2 * (sizes.heads - 1) * sizes.head * (sizes.width() + 1);
            assert_eq!(one.elements(), plain.elements() - sizes.layers * less, "{context}");
        });
    }
}

#[test]
fn rewrites_go_together() {
    each(|_, sizes, _, path, _, context| {
        let lines = [
            "blocks: order [0, (1, 2), 1]",
            "blocks: tie [0, 1, 1]",
            "blocks.*: parallel",
            "blocks.*.attn: heads [1]",
            "blocks.*.attn.query: rank 1",
            "blocks: average",
        ];
        let three = Sizes { layers: 3, ..sizes };
        let files = Files::new();
        let numbers = Case::new(three, &[]).numbers(21);
        let weights = files.write(&numbers);
        // Those that change the steps, written out; the order of lines does not matter.
        let there = Case::new(three, &lines).run(&weights);
        let back: Vec<&str> = lines.iter().rev().copied().collect();
        assert_eq!(there, Case::new(three, &back).run(&weights), "{context}");
        assert!(there.iter().all(|it| it.is_finite()));
        assert!(path.exists());
    });
}
