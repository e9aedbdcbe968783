//! `nnc bench`.

use super::Context;
use super::run::{borrowed, inputs};
use crate::args::Bench;
use nnc_base::Name;
use nnc_cpu::Measure;
use nnc_driver::cost::{self, ParamCount};
use nnc_driver::numbers::median;
use nnc_driver::{Error, ModelId, Runner, Session, Tensor};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Memory that the reading loop goes over: far more than any cache holds.
pub(super) const READ_BYTES: usize = 256 << 20;

/// What a round found, side by side.
struct Round {
    seconds: f64,
    /// Operations a second that the machine can do at most.
    peak: f64,
    /// Bytes a second that it can read at most.
    bandwidth: f64,
}

/// A model that is ready to be called again and again with the same inputs.
pub(super) struct Prepared<'s> {
    runner: Runner<'s>,
    entry: usize,
    inputs: Vec<(String, Tensor)>,
    /// All sizes of the entry.
    pub(super) sizes: Vec<(Name, i64)>,
}

impl<'s> Prepared<'s> {
    /// Has been run once, for memory that has never been touched.
    pub(super) fn new(
        context: &Context<'_>,
        session: &'s Session,
        model: ModelId,
        args: &Bench,
        profile: bool,
    ) -> Result<Prepared<'s>, Error> {
        let runner = context.runner(session, model, &args.target, &args.weights, profile)?;
        let entry = runner.entry(args.entry.as_deref())?;
        let given: Vec<(Name, i64)> =
            args.size.iter().map(|(name, value)| (Name::new(name), *value)).collect();
        let inputs = inputs(&runner, entry, &args.input, true, &given, args.weights.seed)?;
        let sizes = runner.sizes(entry, &borrowed(&inputs), &given)?;
        let names = runner.interfaces()[entry].dims.iter().map(|it| it.name);
        let sizes = names.zip(sizes).collect();
        let mut prepared = Prepared { runner, entry, inputs, sizes };
        prepared.run()?;
        Ok(prepared)
    }

    pub(super) fn run(&mut self) -> Result<(), Error> {
        self.runner.run(self.entry, &borrowed(&self.inputs), &self.sizes)?;
        Ok(())
    }

    pub(super) fn runner(&self) -> &Runner<'s> {
        &self.runner
    }

    fn entry_name(&self) -> Name {
        self.runner.interfaces()[self.entry].entry.name
    }
}

/// Calls `round` as often and as long as the command line says, but five times at least.
pub(super) fn rounds(
    args: &Bench,
    mut round: impl FnMut() -> Result<(), Error>,
) -> Result<(), Error> {
    let start = Instant::now();
    let limit = Duration::from_secs(args.seconds);
    let mut done = 0;
    while done < 5 || done < args.rounds && start.elapsed() < limit {
        round()?;
        done += 1;
    }
    Ok(())
}

pub(super) fn run(context: &mut Context<'_>, args: Bench) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    let model = context.model(&mut session, &args.model)?;
    context.warnings(&session);
    let mut prepared = Prepared::new(context, &session, model, &args, false)?;
    let mut measure = Measure::new(READ_BYTES)?;
    let mut all = Vec::new();
    rounds(&args, || {
        let begin = Instant::now();
        prepared.run()?;
        let seconds = begin.elapsed().as_secs_f64();
        all.push(Round { seconds, peak: measure.multiply_add(), bandwidth: measure.read() });
        Ok(())
    })?;
    let costs = session.costs(model)?;
    let flops = costs
        .iter()
        .find(|it| it.name == prepared.entry_name())
        .and_then(|it| cost::value(&it.total.flops(), &prepared.sizes));
    let bytes = ParamCount::of(&session.lowered(model)?.params).bytes as f64;
    let text = report(&all, flops.map(|it| it as f64), bytes);
    context.terminal.result(&text)?;
    Ok(0)
}

/// Medians, since somebody else may be at work on the machine.
fn report(rounds: &[Round], flops: Option<f64>, bytes: f64) -> String {
    let median = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of).collect());
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
