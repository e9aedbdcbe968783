//! What a member is worth, from the typed program to compiled code.

use super::members::Members;
use super::settings::Settings;
use super::timing::{self, Comparison, Timed};
use super::{Finished, Metric, Worth};
use crate::cost::{self, ParamCount};
use crate::session::optimise;
use crate::{Error, Params, Random, Runner, Tensor, check_memory, pack_weights, random_input};
use nnc_backend::{Backend, Instance, Options};
use nnc_base::{Diagnostic, Name};
use nnc_graph::RunDim;
use nnc_hir::{Model, Program};
use nnc_lower::Lowered;
use nnc_plan::Machine;
use nnc_search::{Dice, Direction, Evaluate, Limits, Member};
use std::sync::Arc;

/// Rounds of a member beside the reference, at least.
const ROUNDS: usize = 32;

/// Rounds of the best members beside the median one, at least.
const LAST_ROUNDS: usize = 120;

/// So many members are tried as the one that others are timed beside.
const MOST_REFERENCES: usize = 20;

/// What members are compiled for.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    Evaluator,
    Compiled(&'a dyn Backend),
}

/// Lowers, compiles, runs and times members.
pub(super) struct Evaluator<'a> {
    program: &'a Program,
    model: Model,
    members: Members,
    metrics: Vec<Metric>,
    /// The entry that is counted and timed.
    entry: Name,
    sizes: Vec<(String, i64)>,
    seed: u64,
    target: Target<'a>,
    options: Options,
    /// The member that all others are timed beside, and the milliseconds that it took when
    /// the search began.
    reference: Option<(Timed, f64)>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        program: &'a Program,
        model: Model,
        members: &Members,
        settings: &Settings,
        target: Target<'a>,
    ) -> Result<Evaluator<'a>, Error> {
        let metrics = settings.metrics().to_vec();
        if matches!(target, Target::Evaluator) && metrics.contains(&Metric::Latency) {
            return Err(Error::usage(
                "latency is that of compiled code, and this is the evaluator",
            )
            .help("choose a `--target` that compiles, or other metrics"));
        }
        let name = model.name.to_string();
        Ok(Evaluator {
            program,
            metrics,
            entry: Name::new(settings.entry()),
            sizes: settings.sizes().to_vec(),
            seed: settings.seed(),
            target,
            options: Options::new(settings.cpu(), &name),
            model,
            members: members.clone(),
            reference: None,
        })
    }

    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    /// A member as a graph, with one of its entries.
    fn lower(&self, member: &Member, entry: Name) -> Result<Lowered, Error> {
        let mut model = self.model.clone();
        model.chosen = self.members.chosen(member);
        model.entries.retain(|it| it.name == entry);
        nnc_lower::lower(self.program, &model).map_err(Error::Program)
    }

    fn machine(&self) -> Result<Machine, Error> {
        Ok(match self.target {
            Target::Evaluator => Machine::AVX2,
            Target::Compiled(backend) => backend.machine(&self.options)?,
        })
    }

    /// The sizes of an entry: as given, else the greatest.
    fn sizes(&self, dims: &[RunDim]) -> Vec<(Name, i64)> {
        let size = |dim: &RunDim| {
            let given = self.sizes.iter().find(|(name, _)| *name == dim.name.as_str());
            (dim.name, given.map_or(dim.max.unwrap_or(dim.min), |it| it.1))
        };
        dims.iter().map(size).collect()
    }

    /// A graph as code in this process, with its parameters as they start.
    fn compiled(&self, lowered: &Lowered, backend: &dyn Backend) -> Result<Runner<'static>, Error> {
        let module = optimise(&lowered.module)?;
        let plan = Arc::new(nnc_plan::plan(&module, &self.machine()?)?);
        let diagnostics = backend.check(&plan);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Error::Program(diagnostics));
        }
        check_memory(&module, &plan, &self.options.name)?;
        let code = backend.load(&plan, &self.options)?;
        let params = Params::initial(&lowered.written, self.seed);
        let params = params.rewritten(&lowered.params);
        let blob = pack_weights(&module, &plan, &params, None, &())?;
        let instance = Instance::new(&module, plan, code, Arc::new(blob));
        Ok(Runner::compiled(instance.map_err(crate::instance_error)?))
    }

    fn inputs(
        &self,
        runner: &Runner<'_>,
        sizes: &[(Name, i64)],
    ) -> Result<Vec<(String, Tensor)>, Error> {
        let sizes = runner.sizes(0, &[], sizes)?;
        let interface = &runner.interfaces()[0];
        let given = interface.entry.inputs.iter().enumerate();
        let given = given.filter(|(_, input)| input.state.is_none());
        let inputs = given.map(|(at, input)| {
            Ok((input.name.to_string(), random_input(interface, at, &sizes, self.seed)?))
        });
        inputs.collect()
    }

    /// A member that can be timed.
    fn timed(&self, member: &Member, backend: &dyn Backend) -> Result<Timed, Error> {
        let lowered = self.lower(member, self.entry)?;
        let runner = self.compiled(&lowered, backend)?;
        let sizes = self.sizes(&runner.interfaces()[0].dims);
        let inputs = self.inputs(&runner, &sizes)?;
        Timed::new(runner, inputs, sizes)
    }

    /// What an entry gives for random inputs.
    fn computed(&self, member: &Member, entry: Name) -> Result<f64, Error> {
        let lowered = self.lower(member, entry)?;
        let mut runner = match self.target {
            Target::Evaluator => {
                let params = Params::initial(&lowered.written, self.seed);
                let params = params.rewritten(&lowered.params);
                Runner::evaluator(&lowered.module, &params)?
            }
            Target::Compiled(backend) => self.compiled(&lowered, backend)?,
        };
        let sizes = self.sizes(&runner.interfaces()[0].dims);
        let inputs = self.inputs(&runner, &sizes)?;
        let inputs: Vec<(&str, &Tensor)> =
            inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let outputs = runner.run(0, &inputs, &sizes)?;
        match outputs.as_slice() {
            [(_, tensor)] if tensor.len() == 1 => {
                let value = tensor.to_eval().data.float(0);
                if value.is_finite() {
                    Ok(value)
                } else {
                    Err(Error::input(format!("`{entry}` gives {value}")))
                }
            }
            _ => Err(Error::input(format!("`{entry}` gives more than one number"))),
        }
    }

    /// Takes the reference of a search that went before.
    pub(super) fn keep_reference(&mut self, member: &Member, nominal: f64) -> Result<(), Error> {
        if let (Target::Compiled(backend), true) =
            (self.target, self.metrics.contains(&Metric::Latency))
        {
            self.reference = Some((self.timed(member, backend)?, nominal));
        }
        Ok(())
    }

    /// A member that others are timed beside, if they are: the one with the middle candidate
    /// in each hole, or a random one if that does not run.
    pub(super) fn find_reference(&mut self) -> Result<Option<(Member, f64)>, Error> {
        let backend = match self.target {
            Target::Compiled(backend) if self.metrics.contains(&Metric::Latency) => backend,
            Target::Compiled(_) | Target::Evaluator => return Ok(None),
        };
        let space = self.members.space();
        let middle: Vec<u32> = space.slots().iter().map(|slot| slot.candidates / 2).collect();
        let mut dice = super::Seeded(Random::new(self.seed, "reference"));
        let mut member = space.member(&middle).unwrap_or_else(|| space.first());
        let mut first = None;
        for _ in 0..MOST_REFERENCES {
            match self.timed(&member, backend) {
                Ok(mut timed) => {
                    // Beside itself: the median of some rounds.
                    let mut again = self.timed(&member, backend)?;
                    let nominal = timing::compare(&mut timed, &mut again, ROUNDS)?.member_ms;
                    self.reference = Some((timed, nominal));
                    return Ok(Some((member, nominal)));
                }
                Err(error) => first = first.or(Some(error)),
            }
            member = space.random(&mut dice as &mut dyn Dice);
        }
        let why = first.map_or_else(String::new, |it| it.to_string());
        Err(Error::input("no member was found that can be timed")
            .note(format!("{MOST_REFERENCES} were tried; the first: {}", first_line(&why)))
            .help("see whether a member runs: choose one in a `model` block and `nnc run` it"))
    }

    /// Each of the best members beside the median one of the sample, by latency.
    pub(super) fn compare(
        &mut self,
        best: &[&Member],
        sample: &[Finished],
    ) -> Result<Vec<Comparison>, Error> {
        let latency = self.metrics.iter().position(|it| *it == Metric::Latency);
        let (Some(latency), Target::Compiled(backend)) = (latency, self.target) else {
            return Ok(Vec::new());
        };
        let value = |it: &Finished| it.worth.metrics.get(latency).copied().flatten();
        let mut timed: Vec<(usize, f64)> =
            (sample.iter().enumerate()).filter_map(|(at, it)| Some((at, value(it)?))).collect();
        timed.sort_by(|left, right| left.1.total_cmp(&right.1));
        let Some((median, _)) = timed.get(timed.len().max(1).div_ceil(2) - 1) else {
            return Ok(Vec::new());
        };
        let mut other = self.timed(&sample[*median].member, backend)?;
        let mut comparisons = Vec::new();
        for member in best {
            let mut member = self.timed(member, backend)?;
            let comparison = timing::compare(&mut member, &mut other, LAST_ROUNDS)?;
            comparisons.push(Comparison { other: *median, ..comparison });
        }
        Ok(comparisons)
    }

    /// One metric of a member; `lowered` is its main entry.
    fn metric(
        &mut self,
        metric: &Metric,
        member: &Member,
        lowered: &Lowered,
    ) -> Result<f64, Error> {
        match metric {
            Metric::Params => Ok(ParamCount::of(&lowered.params).trained as f64),
            Metric::Flops => {
                let costs = cost::entries(&lowered.module)?;
                let cost = costs.first();
                let flops =
                    cost.and_then(|it| cost::value(&it.total.flops(), &self.sizes(&it.dims)));
                flops.map(|it| it as f64).ok_or_else(|| Error::input("the FLOPs are beyond 2^63"))
            }
            Metric::Memory => {
                let module = optimise(&lowered.module)?;
                let plan = nnc_plan::plan(&module, &self.machine()?)?;
                let sizes = module
                    .entries
                    .first()
                    .map(|entry| self.sizes(&module.graphs[entry.graph].dims));
                let peak = cost::peak(&plan, 0);
                let bytes =
                    peak.zip(sizes).and_then(|(peak, sizes)| cost::value(&peak.formula, &sizes));
                bytes.map(|it| it as f64).ok_or_else(|| Error::input("memory is beyond 2^63"))
            }
            Metric::Latency => {
                let Target::Compiled(backend) = self.target else {
                    return Err(Error::input("the evaluator is not timed"));
                };
                let mut timed = self.timed(member, backend)?;
                let Some((reference, nominal)) = &mut self.reference else {
                    return Err(Error::internal("there is no member to time others beside"));
                };
                let ratio = timing::compare(&mut timed, reference, ROUNDS)?.ratio;
                // To a nanosecond: more is not known.
                Ok((ratio * *nominal * 1e6).round() / 1e6)
            }
            Metric::Entry(name) => self.computed(member, Name::new(name)),
        }
    }
}

impl Evaluate for Evaluator<'_> {
    type Error = Error;

    fn evaluate(&mut self, member: &Member, limits: Limits<'_>) -> Result<Worth, Error> {
        let metrics = self.metrics.clone();
        let mut worth = Worth { metrics: vec![None; metrics.len()], failure: None };
        let lowered = match self.lower(member, self.entry) {
            Ok(lowered) => lowered,
            Err(error) => {
                worth.failure = Some(first_line(&error.to_string()));
                return Ok(worth);
            }
        };
        for (at, metric) in metrics.iter().enumerate() {
            match self.metric(metric, member, &lowered) {
                Ok(value) => worth.metrics[at] = Some(value),
                Err(error) => {
                    worth.failure = Some(first_line(&error.to_string()));
                    return Ok(worth);
                }
            }
            let broken = limits.iter().filter(|(limit, _)| limit.metric == at);
            let value = worth.metrics[at].unwrap_or(f64::NAN);
            let broken = broken.into_iter().find(|(limit, bound)| match limit.direction {
                Direction::Minimize => value > *bound,
                Direction::Maximize => value < *bound,
            });
            if let (Some((limit, bound)), true) = (broken, at + 1 < metrics.len()) {
                let most = match limit.direction {
                    Direction::Minimize => "at most",
                    Direction::Maximize => "at least",
                };
                let (value, bound) = (metric.show(value), metric.show(*bound));
                worth.failure = Some(format!("{} {value}, {most} {bound}", metric.name()));
                return Ok(worth);
            }
        }
        Ok(worth)
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
