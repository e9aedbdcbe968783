//! `nnc run` and `nnc generate`: inputs and outputs, on compiled code and on the evaluator.

use super::Folder;
use insta::assert_snapshot;

const DIGITS: [&str; 6] =
    ["run", "model.nn", "--weights", "weights.safetensors", "-i", "image=images.npy"];

#[test]
fn the_digits_are_read_on_every_target() {
    let folder = Folder::digits();
    for target in ["cpu", "evaluator"] {
        let out = folder.nnc(&[&DIGITS[..], &["--entry=label", "--target", target]].concat()).ok();
        let digits = "digit: i32[16] = [0, 8, 8, 9, 8, 3, 7, 5, 0, 6, 6, 3, 1, 3, 8, 7]";
        assert!(out.lines().any(|line| line == digits), "{target}: {out}");
    }
}

#[test]
fn outputs_become_files_that_are_inputs_again() {
    let folder = Folder::digits();
    folder.nnc(&[&DIGITS[..], &["--entry=scores", "-o", "scores.npy"]].concat()).ok();
    folder.nnc(&[&DIGITS[..], &["--entry=scores", "-o", "scores.safetensors"]].concat()).ok();
    folder.nnc(&[&DIGITS[..], &["--entry=scores", "-o", "scores.npz"]].concat()).ok();
    folder.nnc(&[&DIGITS[..], &["--entry=label", "-o", "parts"]].concat()).ok();
    assert_eq!(&folder.read("scores.npy")[..6], b"\x93NUMPY");
    assert!(folder.path("parts/chances.npy").exists() && folder.path("parts/digit.npy").exists());
    folder.write(
        "greatest.nn",
        "dims B: batch, K: class
pub layer Net {
    fn (output: f32[B, K]) -> Index<K>[B] { let y[b] = argmax[k] output[b, k]; y }
}
model net = Net { entry main with { B <= 16, K <= 16 } }
",
    );
    for file in ["output=scores.npy", "scores.safetensors", "scores.npz"] {
        let out = folder.nnc(&["run", "greatest.nn", "-i", file]).ok();
        assert_eq!(out, "output: i32[16] = [0, 8, 8, 9, 8, 3, 7, 5, 0, 6, 6, 3, 1, 3, 8, 7]\n");
    }
    let chances = folder.nnc(&["run", "greatest.nn", "-i", "output=parts/chances.npy"]).ok();
    assert!(chances.ends_with("[0, 8, 8, 9, 8, 3, 7, 5, 0, 6, 6, 3, 1, 3, 8, 7]\n"), "{chances}");
}

#[test]
fn random_inputs_are_the_same_for_a_seed_and_on_any_number_of_threads() {
    let folder = Folder::digits();
    let run = |arguments: &[&str]| {
        let mut all = vec!["run", "model.nn", "--entry=scores", "--random", "--size", "B=5"];
        all.extend(arguments);
        folder.nnc(&all).ok()
    };
    let first = run(&["--seed=3"]);
    assert_eq!(run(&["--seed=3", "--threads=1"]), first);
    assert_eq!(run(&["--seed=3", "--threads=2"]), first);
    assert_ne!(run(&["--seed=4"]), first);
}

#[test]
fn inputs_that_do_not_fit_are_told_with_both_values() {
    let folder = Folder::digits();
    let run = |input: &str| {
        let weights = "weights.safetensors";
        folder.nnc(&["run", "model.nn", "-w", weights, "--entry=scores", "-i", input]).fails(1)
    };
    assert_snapshot!(run("image=[[1, 2], [3, 4]]"), @"error: `image` has 2 axes, f32[B, 8, 8] has 3");
    assert_snapshot!(run("imag=images.npy"), @"
    error: there is no input `imag`
      note: `scores` is asked for; its inputs are image: f32[B, 8, 8]
      help: name the input of a file: `image=FILE`
    ");
    assert_snapshot!(run("image=gone.npy"), @"error: cannot read gone.npy: no such file or directory");
    assert_snapshot!(run("image=[[[1, 2], [3]]]"), @"error: `image`: a row has 1 items and the first has 2");
    folder.write("cut.npy", &folder.read("images.npy")[..200]);
    assert_snapshot!(run("image=cut.npy"), @"
    error: `cut.npy`: tensor `cut` of f32[16, 8, 8] takes 4096 bytes, and there are 72; fetch or write the
      file again
    ");
    folder.write("text.npy", "no numbers");
    assert_snapshot!(run("image=text.npy"), @"
    error: `text.npy`: this is neither safetensors, GGUF, torch, npy nor npz: it begins with 6e 6f 20 6e 75
      6d 62 65; convert it to safetensors
    ");
    let message =
        folder.nnc(&["run", "model.nn", "-w", "weights.safetensors", "--entry=scores"]).fails(2);
    assert_snapshot!(message, @"
    error: the input `image: f32[B, 8, 8]` is missing
      help: give it: `--input image=FILE`, or `--random` for random numbers
    ");
}

const DECODER: &str = "use std.nn.{Embedding, unembed}
dims B: batch, T: time, S: time, V: vocab, D: feat

pub struct Seen<B, S, D> {
    x: f32[B, S, D]
    len: dim <= S
}

pub layer Net<V, D> {
    embed: Embedding<V, D>

    fn step(ids: Token<V>[B, T], seen: inout Seen<B, S, D>) -> Logits[B, V] where seen.len + T <= S {
        let past = seen.len;
        let all = seen.append(embed(ids));
        let m[b, d] = mean[t: past + T] all.x[b, t, d];
        unembed(m, embed.table)
    }
}

model net = Net<11, 8> { entry step = step with { B == 1, T <= 4, S == 6 } }
";

fn decoder() -> Folder {
    let folder = Folder::new();
    folder.write("net.nn", DECODER);
    folder
}

#[test]
fn an_index_past_its_table_is_named() {
    let folder = decoder();
    let run = |input: &str| folder.nnc(&["run", "net.nn", "-i", input]).fails(1);
    assert_snapshot!(run("ids=[[3, 11, 0]]"), @"
    without `--weights` the parameters are as they start, by seed 0
    error: `ids` is 11 at [0, 1]; its table has 11 rows, 0..11
      help: give numbers below 11, such as this model's tokens
    ");
    assert_snapshot!(run("ids=[[3, -1]]"), @"
    without `--weights` the parameters are as they start, by seed 0
    error: `ids` is -1 at [0, 1]; its table has 11 rows, 0..11
      help: give numbers below 11, such as this model's tokens
    ");
}

#[test]
fn a_sequence_past_its_bound_is_named() {
    let folder = decoder();
    let run = |input: &str| folder.nnc(&["run", "net.nn", "-i", input]).fails(1);
    assert_snapshot!(run("ids=[[1, 2, 3, 4, 5]]"), @"
    without `--weights` the parameters are as they start, by seed 0
    error: step: T = 5; it must be at least 1 and at most 4
      note: T = 5 by axis 1 of `ids`, seen.len = 0
      help: give another size, or change what `step` says of T in the model
    ");
    assert_snapshot!(run("ids=[[1], [2]]"), @"
    without `--weights` the parameters are as they start, by seed 0
    error: `ids` is i32[2, 1], expected i32[1, 1]
      note: `ids` is i32[1, T], with T = 1, seen.len = 0
    ");
}

#[test]
fn text_is_continued_until_there_is_no_room() {
    let folder = decoder();
    let generate = |arguments: &[&str]| {
        let mut all = vec!["generate", "net.nn", "--ids"];
        all.extend(arguments);
        folder.nnc(&all)
    };
    for target in ["cpu", "evaluator"] {
        let out = generate(&["--prompt-ids=3,7", "-n", "3", "--target", target]).ok();
        let ids: Vec<u32> =
            out.split_whitespace().map(|it| it.trim_matches(',').parse().unwrap()).collect();
        assert!(!ids.is_empty() && ids.len() <= 3 && ids.iter().all(|id| *id < 11), "{out}");
    }
    // Greedy answers do not depend on the target.
    let on = |target| generate(&["--prompt-ids=3,7", "-n", "4", "--target", target]).ok();
    assert_eq!(on("cpu"), on("evaluator"));
    let message = generate(&["--prompt-ids=3,11", "-n", "2"]).fails(1);
    assert!(message.contains("11"), "{message}");
    let message = generate(&["--prompt-ids=1,2,3,4,5,6,7,8,9", "-n", "2"]).fails(1);
    assert!(message.contains("6 >= T + seen.len"), "{message}");
}

#[test]
fn a_model_that_no_memory_holds_is_refused() {
    let folder = Folder::new();
    folder.write(
        "big.nn",
        "use std.nn.{Linear}
dims B: batch, D: feat, F: feat
pub layer Net<D, F> {
    map: Linear<D, F>(bias=false)
    fn (x: f32[B, D]) -> f32[B, F] = map(x)
}
model big = Net<64, 4000000000> { entry main with { B <= 2 } }
",
    );
    for target in ["cpu", "evaluator"] {
        let run = ["run", "big.nn", "--random", "--size", "B=1", "--target", target];
        let text = folder.nnc(&run).fails(1);
        assert!(text.contains("memory"), "{target}: {text}");
    }
}

/// Doubles its input three times, and adds it.
const DOUBLES: &str = "dims B: batch, D: feat, L
layer Double<D> {
    fn (x: f32[B, D]) -> f32[B, D] {
        let y[b, d] = 2.0 * x[b, d];
        y
    }
}
layer Net<D, L> {
    blocks: [Double<D>; L]
    fn (x: f32[B, D]) -> f32[B, D] {
        let h = fold(blocks, x, |h, block| block(h));
        scan t in B with last[d: D] = 0.0 {
            last[d] = h[t, d];
            yield lasts[t, d] = last[d];
        }
        x + lasts
    }
}
model net = Net<2, 3> { entry main with { B <= 4 } }
";

#[test]
fn values_on_the_way_are_listed_read_and_replaced() {
    let folder = Folder::new();
    folder.write("net.nn", DOUBLES);
    assert_snapshot!(folder.nnc(&["run", "net.nn", "--trace-points"]).ok(), @r"
    main  blocks.0.y  f32[B, 2]
    main  blocks.0    f32[B, 2]
    main  blocks.1.y  f32[B, 2]
    main  blocks.1    f32[B, 2]
    main  blocks.2.y  f32[B, 2]
    main  blocks.2    f32[B, 2]
    main  h           f32[B, 2]
    main  last        f32[B, 2]  of each step of a scan
    main  lasts       f32[B, 2]  of each step of a scan
    ");
    let on = |target: &str, more: &[&str]| {
        folder.nnc(&[&["run", "net.nn", "-i", "x=[[1, 2]]", "--target", target], more].concat())
    };
    let run = |more: &[&str]| {
        let out = on("cpu", more).ok();
        assert_eq!(out, on("evaluator", more).ok());
        out
    };
    let fails = |more: &[&str], code: i32| on("evaluator", more).fails(code);
    assert_snapshot!(run(&["--trace", "blocks.*.y", "--trace=last"]), @r"
    output: f32[1, 2] = [[9, 18]]
    blocks.0.y: f32[1, 2] = [[2, 4]]
    blocks.1.y: f32[1, 2] = [[4, 8]]
    blocks.2.y: f32[1, 2] = [[8, 16]]
    last: f32[1, 2] = [[8, 16]]
    ");
    assert_snapshot!(run(&["--replace", "blocks.1=0"]), @"output: f32[1, 2] = [[1, 2]]");
    assert_snapshot!(run(&["--replace", "blocks.*.y=[[1, 1]]", "--trace=h"]), @r"
    output: f32[1, 2] = [[2, 3]]
    h: f32[1, 2] = [[1, 1]]
    ");
    assert_snapshot!(fails(&["--trace", "blocks.3"], 2), @r"
    error: no value on the way is called `blocks.3`
      help: did you mean `blocks.0`?
    ");
    assert_snapshot!(fails(&["--replace", "last=0"], 2), @r"
    error: `last` cannot be replaced
      note: it has a value for each step of a scan, and can only be read
    ");
    assert_snapshot!(fails(&["--replace", "h"], 2), @r"
    error: `--replace h` does not say by what
      help: write `--replace h=FILE`
    ");
    assert_snapshot!(fails(&["--replace", "h=[[1]]"], 1), @r"
    error: `h` is f32[1, 1], expected f32[1, 2]
      note: `h` is f32[B, 2], with B = 1
    ");
}

#[test]
fn the_time_of_a_call_is_told_by_kernel_and_by_line() {
    let folder = Folder::new();
    folder.write(
        "net.nn",
        "dims B: batch, T: time, D: feat, F: feat
pub layer Net<D, F> {
    w: param f32[D, F]
    fn (x: f32[B, T, D]) -> f32[B, F] {
        let y[b, t, f] = sum[d] x[b, t, d] * w[d, f];
        let z[b, f] = max[t] exp(y[b, t, f]);
        z
    }
}
model net = Net<D = 37, F = 70> { entry main with { B <= 16, T <= 16 } }
",
    );
    let profile = ["profile", "net.nn", "--size=B=3", "--size=T=11", "--rounds=1", "--all"];
    let run = |more: &[&str]| folder.nnc(&[&profile[..], more].concat()).ok();
    let json: serde_json::Value =
        serde_json::from_str(&run(&["--json", "--trace=t.json"])).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let contraction = |it: &&serde_json::Value| {
        it["what"].as_str().is_some_and(|what| what.starts_with("contraction "))
    };
    let product = rows.iter().find(contraction).unwrap();
    let products = 2 * 3 * 11 * 37 * 70;
    let operations = product["operations"].as_u64().unwrap();
    assert!((products..=products + 2 * 3 * 11 * 70).contains(&operations), "{json:#}");
    // All of x and of w at least, and all of y.
    let touched = 4 * (3 * 11 * 37 + 37 * 70 + 3 * 11 * 70);
    assert_eq!(product["bytes"].as_u64().unwrap(), touched, "{json:#}");
    assert_eq!(product["line"], "net.nn:5 sum[d] x[b, t, d] * w[d, f]", "{json:#}");
    let busy: f64 = rows.iter().map(|it| it["seconds"].as_f64().unwrap()).sum();
    assert!(busy > 0.0 && json["peak_operations"].as_f64().unwrap() > 0.0, "{json:#}");
    let trace: serde_json::Value = serde_json::from_slice(&folder.read("t.json")).unwrap();
    assert_eq!(trace["traceEvents"].as_array().unwrap().len(), rows.len());
    let lines = run(&["--by=line"]);
    assert!(lines.contains("net.nn:6") && lines.contains("GFLOP/s"), "{lines}");
    let why = folder.nnc(&[&profile[..], &["--target=evaluator"]].concat()).fails(2);
    assert!(why.contains("the evaluator has no kernels to time"), "{why}");
}
