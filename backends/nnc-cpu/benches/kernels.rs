//! Kernels as fractions of what the machine can do at most.
//!
//! `cargo bench -p nnc-cpu` prints, for one thread and for two, the machine's
//! multiply-add peak and for each kernel the median of its speed as a fraction of the
//! peak measured right beside it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

#[path = "../src/tests/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

pub use nnc_cpu::{Cpu, NAMES, Target};

use nnc_cpu::Measure;
use std::time::Instant;
use support::{Random, Ready, bytes_of, ready};

struct Case {
    name: &'static str,
    text: String,
    /// Floating-point operations of a run.
    operations: f64,
    dims: Vec<i64>,
}

fn product(rows: i64, columns: i64, inner: i64) -> Case {
    let text = format!(
        "graph @g() {{
           param 0 \"w\" : f32[{columns}, {inner}]
           param 1 \"b\" : f32[{columns}]
           %0 = input : f32[{rows}, {inner}]
           %1 = param 0 : f32[{columns}, {inner}]
           %2 = param 1 : f32[{columns}]
           %3 = nest (%0, %1, %2) [t: {rows}, o: {columns}] sum f32 [i: {inner}] {{ (%0[t, i] * %1[o, i]) }} finish {{ (acc + %2[o]) }} : f32[{rows}, {columns}]
           return %3
         }}
         entry forward = @g {{ input x output y }}"
    );
    let name = match (rows, columns) {
        (1, _) => "matrix-vector 3072x768",
        (_, 768) => "product 128x768x768",
        _ => "product 512x3072x768",
    };
    Case { name, text, operations: 2.0 * (rows * columns * inner) as f64, dims: Vec::new() }
}

/// Four in a row, so that what enters and leaves in another layout counts little.
fn convolutions() -> Case {
    let layers = 4;
    let mut text = String::from("graph @g() {\n");
    for at in 0..layers {
        text += &format!("param {at} \"w{at}\" : f32[64, 64, 3, 3]\n");
    }
    text += "%0 = input : f32[1, 64, 56, 56]\n";
    for at in 0..layers {
        text += &format!("%{} = param {at} : f32[64, 64, 3, 3]\n", at + 1);
    }
    for at in 0..layers {
        let from = if at == 0 { 0 } else { layers + at };
        let (weight, to) = (at + 1, layers + at + 1);
        text += &format!(
            "%{to} = nest (%{from}, %{weight}) [b: 1, o: 64, y: 56, x: 56] sum f32 [c: 64, i: 3, j: 3] if ((((i64[y + i] >= i64(1)) && (i64[y + i] < i64(57))) && (i64[x + j] >= i64(1))) && (i64[x + j] < i64(57))) {{ (%{from}[b, c, y + i - 1, x + j - 1] * %{weight}[o, c, i, j]) }} : f32[1, 64, 56, 56]\n"
        );
    }
    text += &format!("return %{}\n}}\nentry forward = @g {{ input x output y }}", 2 * layers);
    let operations = 2.0 * f64::from(layers) * f64::from(56 * 56 * 64 * 64 * 9);
    Case { name: "convolution 56x56x64x64 k3", text, operations, dims: Vec::new() }
}

fn attention(keys: i64) -> Case {
    let text = format!(
        "graph @g() {{
           %0 = input : f32[{keys}, 768]
           %1 = input : f32[{keys}, 768]
           %2 = input : f32[{keys}, 768]
           %3 = nest (%0, %1) [n: 12, i: {keys}, j: {keys}] sum f32 [d: 64] {{ (%0[i, 64*n + d] * %1[j, 64*n + d]) }} finish {{ (acc * f32(0.125)) }} : f32[12, {keys}, {keys}]
           %4 = nest (%3) [n: 12, i: {keys}, j: {keys}] softmax j {{ %3[n, i, j] }} : f32[12, {keys}, {keys}]
           %5 = nest (%4, %2) [i: {keys}, (n: 12, d: 64)] sum f32 [j: {keys}] {{ (%4[n, i, j] * %2[j, 64*n + d]) }} : f32[{keys}, 768]
           return %5
         }}
         entry forward = @g {{ input q input k input v output y }}"
    );
    let name = if keys == 128 { "attention T=128 h=12 d=64" } else { "attention T=512 h=12 d=64" };
    Case { name, text, operations: 4.0 * (keys * keys * 768) as f64, dims: Vec::new() }
}

/// A case with its tensors.
struct Runner {
    ready: Ready,
    inputs: Vec<Vec<u8>>,
    output: Vec<u8>,
    dims: Vec<i64>,
}

impl Runner {
    fn new(case: &Case) -> Runner {
        let module = nnc_graph::parse(&case.text).unwrap_or_else(|error| panic!("{error}"));
        let ready = ready(module, "host", 5);
        let interface = ready.instance.interfaces()[0].clone();
        let mut random = Random::new(7);
        let inputs = interface
            .inputs
            .iter()
            .map(|ty| {
                let shape = ty.shape.iter().map(|it| it.as_constant().unwrap() as usize).collect();
                bytes_of(&random.tensor(ty.elem, shape, 1))
            })
            .collect();
        let bytes = interface.bytes(&interface.outputs[0], &case.dims).unwrap();
        let output = vec![0; bytes as usize];
        Runner { ready, inputs, output, dims: case.dims.clone() }
    }

    fn seconds(&mut self) -> f64 {
        let mut inputs: Vec<&mut [u8]> = self.inputs.iter_mut().map(Vec::as_mut_slice).collect();
        let mut outputs = [self.output.as_mut_slice()];
        let start = Instant::now();
        self.ready.instance.run(0, &self.dims, &mut inputs, &mut outputs).unwrap();
        start.elapsed().as_secs_f64()
    }
}

fn median(mut items: Vec<f64>) -> f64 {
    items.sort_by(f64::total_cmp);
    items[items.len() / 2]
}

fn main() {
    let cases = [
        product(128, 768, 768),
        product(512, 3072, 768),
        convolutions(),
        attention(128),
        attention(512),
        product(1, 3072, 768),
    ];
    let mut runners: Vec<Runner> = cases.iter().map(Runner::new).collect();
    let mut measure = Measure::new(256 << 20).unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, 2].into_iter().filter(|it| *it <= cores) {
        nnc_runtime::set_threads(threads);
        let mut peaks = Vec::new();
        let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); cases.len()];
        for _ in 0..40 {
            for (at, case) in cases.iter().enumerate() {
                // Once for the caches and the clock, then as often as fills milliseconds.
                let once = runners[at].seconds();
                let times = (2e-3 / once).clamp(1.0, 50.0) as usize;
                let before = measure.multiply_add();
                let samples = (0..times).map(|_| runners[at].seconds()).collect();
                let after = measure.multiply_add();
                let peak = before.max(after);
                peaks.push(peak);
                ratios[at].push(case.operations / median(samples) / peak);
            }
        }
        let peak = median(peaks);
        let read = median((0..5).map(|_| measure.read()).collect());
        println!(
            "{threads} thread(s): multiply-add peak {:.0} GFLOP/s, reading {:.1} GB/s",
            peak / 1e9,
            read / 1e9
        );
        for (case, ratios) in cases.iter().zip(ratios) {
            let ratio = median(ratios);
            println!(
                "  {:<28} {:.3} of the peak  ({:.1} GFLOP/s)",
                case.name,
                ratio,
                ratio * peak / 1e9
            );
        }
    }
}
