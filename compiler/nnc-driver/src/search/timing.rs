//! Times of members on a machine that others use, too.
//!
//! A member is never timed alone: each round runs it and another member one right after the
//! other, in turns first, and what counts is the quotient. Whatever slows the machine down
//! for longer than a round slows both, and is divided out.

use crate::{Error, Runner, Tensor};
use nnc_base::Name;
use std::time::{Duration, Instant};

/// A round of one member lasts at least this long, so that the clock's steps do not show.
const ROUND: Duration = Duration::from_millis(2);

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
    /// Milliseconds of a call, the median of all rounds.
    pub member_ms: f64,
    pub other_ms: f64,
    /// The median of each round's `member / other`.
    pub ratio: f64,
    /// The quartiles of that.
    pub quartiles: (f64, f64),
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
/// median of the quotients is known to about half a percent.
pub(super) fn compare(
    member: &mut Timed,
    other: &mut Timed,
    least: usize,
) -> Result<Comparison, Error> {
    let (mut members, mut others, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let (first, second) = if ratios.len() % 2 == 0 {
            let first = member.round()?;
            (first, other.round()?)
        } else {
            let second = other.round()?;
            (member.round()?, second)
        };
        members.push(first);
        others.push(second);
        ratios.push(first / second);
        let rounds = ratios.len();
        if rounds < least {
            continue;
        }
        let (low, middle, high) = (at(&ratios, 0.25), at(&ratios, 0.5), at(&ratios, 0.75));
        // The standard error of a median is about 0.93 times the distance of the quartiles
        // over the root of the count, were the times normal.
        let error = 0.93 * (high - low) / (rounds as f64).sqrt();
        if error < 0.005 * middle || rounds >= 5 * least {
            return Ok(Comparison {
                member_ms: at(&members, 0.5) * 1e3,
                other_ms: at(&others, 0.5) * 1e3,
                ratio: middle,
                quartiles: (low, high),
                rounds,
                other: 0,
            });
        }
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
    use super::at;

    #[test]
    fn quartiles_lie_between_values() {
        let values = [4.0, 1.0, 3.0, 2.0, 9.0];
        assert_eq!((at(&values, 0.25), at(&values, 0.5), at(&values, 0.75)), (2.0, 3.0, 4.0));
        assert_eq!(at(&[1.0, 2.0], 0.5), 1.5);
        assert_eq!(at(&[7.0], 0.25), 7.0);
    }
}
