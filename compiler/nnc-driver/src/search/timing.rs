//! Times of members on a machine that others use, too.
//!
//! A member is never timed alone: each round runs it and another member one right after the
//! other, in turns first, and what counts is the quotient. Whatever slows the machine down
//! for longer than a round slows both, and is divided out. What stops one of the two within a
//! round, such as another process that gets the core, makes the round long: only the quarter
//! of the rounds in which both together took least is looked at. That choice knows nothing of
//! the quotient, and needs no more than every fourth round to be left in peace.

use crate::{Error, Runner, Tensor};
use nnc_base::Name;
use std::time::{Duration, Instant};

/// A round of one member lasts at least this long, so that the clock's steps do not show.
const ROUND: Duration = Duration::from_millis(1);

/// Compiled code with inputs.
pub(super) struct Timed {
    runner: Runner<'static>,
    inputs: Vec<(String, Tensor)>,
    sizes: Vec<(Name, i64)>,
    /// How often a round runs it.
    repeats: u32,
}

/// A member beside another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Comparison {
    /// Milliseconds of a call, the median of the rounds that count.
    pub member_ms: f64,
    pub other_ms: f64,
    /// The median of their `member / other`.
    pub ratio: f64,
    /// The quartiles of that.
    pub quartiles: (f64, f64),
    /// All rounds.
    pub rounds: usize,
    /// The other's place among what was found.
    pub other: usize,
}

impl Timed {
    /// Runs the code for the first time.
    pub(super) fn new(
        runner: Runner<'static>,
        inputs: Vec<(String, Tensor)>,
        sizes: Vec<(Name, i64)>,
    ) -> Result<Timed, Error> {
        let mut timed = Timed { runner, inputs, sizes, repeats: 1 };
        // Once for memory that has never been touched.
        timed.round()?;
        let (first, second) = (timed.round()?, timed.round()?);
        let call = first.min(second).max(1e-7);
        timed.repeats = (ROUND.as_secs_f64() / call).ceil().clamp(1.0, 10_000.0) as u32;
        Ok(timed)
    }

    /// Seconds of a call.
    fn round(&mut self) -> Result<f64, Error> {
        let inputs: Vec<(&str, &Tensor)> =
            self.inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let start = Instant::now();
        for _ in 0..self.repeats {
            self.runner.run(0, &inputs, &self.sizes)?;
        }
        Ok(start.elapsed().as_secs_f64() / f64::from(self.repeats))
    }
}

/// Times two in turns: at least `least` rounds and at most five times as many, until the
/// quotient is known to about half a percent.
pub(super) fn compare(
    member: &mut Timed,
    other: &mut Timed,
    least: usize,
) -> Result<Comparison, Error> {
    let mut rounds: Vec<(f64, f64)> = Vec::new();
    loop {
        rounds.push(if rounds.len().is_multiple_of(2) {
            let first = member.round()?;
            (first, other.round()?)
        } else {
            let second = other.round()?;
            (member.round()?, second)
        });
        if rounds.len() >= least && rounds.len().is_multiple_of(8) {
            let found = compared(&rounds);
            // The standard error of a median is about 0.93 times the distance of the
            // quartiles over the root of the count, were the times normal.
            let (low, high) = found.quartiles;
            let error = 0.93 * (high - low) / (rounds.len() as f64 / 4.0).sqrt();
            if error < 0.005 * found.ratio || rounds.len() >= 5 * least {
                return Ok(found);
            }
        }
    }
}

/// What rounds say: seconds of the member and of the other.
fn compared(rounds: &[(f64, f64)]) -> Comparison {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(|left, right| (left.0 + left.1).total_cmp(&(right.0 + right.1)));
    sorted.truncate(rounds.len().div_ceil(4));
    let values = |of: &dyn Fn(&(f64, f64)) -> f64| sorted.iter().map(of).collect::<Vec<f64>>();
    let ratios = values(&|it| it.0 / it.1);
    Comparison {
        member_ms: at(&values(&|it| it.0), 0.5) * 1e3,
        other_ms: at(&values(&|it| it.1), 0.5) * 1e3,
        ratio: at(&ratios, 0.5),
        quartiles: (at(&ratios, 0.25), at(&ratios, 0.75)),
        rounds: rounds.len(),
        other: 0,
    }
}

/// The value that a part of all are below.
fn at(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = part * (sorted.len().max(1) - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let value = |at: usize| sorted.get(at).copied().unwrap_or(f64::NAN);
    value(low) + (value(high) - value(low)) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::{at, compared};
    use crate::Random;

    /// A machine that gets slower and faster, and on which the core is taken away in three
    /// rounds of five, from one of the two more often than from the other.
    #[test]
    fn a_quotient_is_found_on_a_machine_that_others_use() {
        let mut random = Random::new(11, "rounds");
        for _ in 0..50 {
            let truth = 0.5 + random.uniform();
            let mut rounds = Vec::new();
            for at in 0..160 {
                let speed = 1.0 + 0.3 * (f64::from(at) / 40.0).sin();
                let mut one = |taken: f64, seconds: f64, chance: f64| {
                    let taken = if random.uniform() < chance { taken } else { 0.0 };
                    speed * seconds * (1.0 + 0.02 * random.normal().abs()) + taken
                };
                rounds.push((one(3e-3, truth * 1e-3, 0.15), one(3e-3, 1e-3, 0.5)));
            }
            let found = compared(&rounds).ratio;
            assert!((found / truth - 1.0).abs() < 0.02, "{found} {truth}");
        }
    }

    #[test]
    fn quartiles_lie_between_values() {
        let values = [4.0, 1.0, 3.0, 2.0, 9.0];
        assert_eq!((at(&values, 0.25), at(&values, 0.5), at(&values, 0.75)), (2.0, 3.0, 4.0));
        assert_eq!(at(&[1.0, 2.0], 0.5), 1.5);
        assert_eq!(at(&[7.0], 0.25), 7.0);
    }
}
