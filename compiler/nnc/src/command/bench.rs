//! `nnc bench`.

use super::Context;
use super::run::{borrowed, inputs};
use crate::args::Bench;
use nnc_base::Name;
use nnc_cpu::Measure;
use nnc_driver::cost::{self, ParamCount};
use nnc_driver::{Error, Tensor};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Memory that the reading loop goes over: far more than any cache holds.
const READ_BYTES: usize = 256 << 20;

/// What a round found, side by side.
struct Round {
    seconds: f64,
    /// Operations a second that the machine can do at most.
    peak: f64,
    /// Bytes a second that it can read at most.
    bandwidth: f64,
}

pub(super) fn run(context: &mut Context<'_>, args: Bench) -> Result<u8, Error> {
    let session = context.session(&args.program)?;
    let model = session.model(args.model.model.as_deref())?;
    context.warnings(&session);
    let mut runner = context.runner(&session, model, &args.target, &args.weights)?;
    let entry = runner.entry(args.entry.as_deref())?;
    let name = runner.interfaces()[entry].entry.name;
    let given: Vec<(Name, i64)> =
        args.size.iter().map(|(name, value)| (Name::new(name), *value)).collect();
    let inputs = inputs(&runner, entry, &args.input, true, &given, args.weights.seed)?;
    let inputs: Vec<(&str, &Tensor)> = borrowed(&inputs);
    let sizes = runner.sizes(entry, &inputs, &given)?;
    let sizes: Vec<(Name, i64)> =
        runner.interfaces()[entry].dims.iter().map(|it| it.name).zip(sizes).collect();
    let mut measure = Measure::new(READ_BYTES)?;
    let mut rounds = Vec::new();
    // Once for memory that has never been touched.
    runner.run(entry, &inputs, &sizes)?;
    let start = Instant::now();
    while rounds.len() < 5
        || rounds.len() < args.rounds && start.elapsed() < Duration::from_secs(args.seconds)
    {
        let begin = Instant::now();
        runner.run(entry, &inputs, &sizes)?;
        let seconds = begin.elapsed().as_secs_f64();
        rounds.push(Round { seconds, peak: measure.multiply_add(), bandwidth: measure.read() });
    }
    let costs = session.costs(model)?;
    let flops = costs
        .iter()
        .find(|it| it.name == name)
        .and_then(|it| cost::value(&it.total.flops(), &sizes));
    let bytes = ParamCount::of(&session.lowered(model)?.params).bytes as f64;
    let text = report(&rounds, flops.map(|it| it as f64), bytes);
    context.terminal.result(&text)?;
    Ok(0)
}

/// Medians, since somebody else may be at work on the machine.
fn report(rounds: &[Round], flops: Option<f64>, bytes: f64) -> String {
    let median = |of: &dyn Fn(&Round) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let seconds = median(&|it| it.seconds);
    let least = rounds.iter().map(|it| it.seconds).fold(f64::INFINITY, f64::min);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{} rounds on {} thread(s): median {:.3} ms, least {:.3} ms, {:.1} a second",
        rounds.len(),
        nnc_runtime::threads(),
        seconds * 1e3,
        least * 1e3,
        1.0 / seconds
    );
    if let Some(flops) = flops {
        let ratio = median(&|it| flops / it.seconds / it.peak);
        let _ = writeln!(
            text,
            "{:.1} GFLOP/s, {ratio:.3} of the multiply-add peak of {:.0} GFLOP/s",
            flops / seconds / 1e9,
            median(&|it| it.peak) / 1e9
        );
    }
    let ratio = median(&|it| bytes / it.seconds / it.bandwidth);
    let _ = writeln!(
        text,
        "parameters at {:.1} GB/s, {ratio:.3} of the read bandwidth of {:.1} GB/s",
        bytes / seconds / 1e9,
        median(&|it| it.bandwidth) / 1e9
    );
    text
}
