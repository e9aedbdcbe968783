//! Some sizes that satisfy the facts.
//!
//! What does not hold there cannot be proved, which is cheaper to see than to try: most
//! questions that have no proof end here.

use std::sync::OnceLock;

use nnc_base::Name;

use crate::dim::Dim;
use crate::solve::Solved;

/// How many lists of sizes are tried, and how many that satisfy the facts are kept.
const MOST_TRIED: u64 = 32;
const MOST_KEPT: usize = 8;
/// How far from the least value a variable goes; the first list has only least values.
const SPREADS: [u64; 8] = [1, 2, 3, 5, 9, 30, 4, 300];

/// The numbers of the lists, once they were looked for.
#[derive(Clone, Default, Debug)]
pub(super) struct Samples {
    found: OnceLock<Vec<u64>>,
}

impl Solved {
    /// Whether the expression is negative at some sizes that satisfy the facts; no where
    /// that is not seen.
    pub(crate) fn is_negative_somewhere(&self, dim: &Dim) -> bool {
        if !self.is_complete {
            return false;
        }
        let samples = self.samples.found.get_or_init(|| self.find_samples());
        samples.iter().any(|sample| self.at_sample(*sample, dim).is_some_and(|value| value < 0))
    }

    /// The samples, as values of the program's variables.
    pub(crate) fn samples(&self) -> impl Iterator<Item = impl Fn(Name) -> Option<i64> + '_> + '_ {
        let samples = self.samples.found.get_or_init(|| self.find_samples());
        samples.iter().map(move |sample| {
            move |name| match self.replaced.get(&name) {
                Some(meaning) => self.at_sample(*sample, meaning),
                None => self.sampled(*sample, name),
            }
        })
    }

    /// Keeps the samples at which something more is known to be at least zero.
    pub(crate) fn narrow_samples(&mut self, known: &Dim) {
        let Some(mut kept) = self.samples.found.take() else { return };
        kept.retain(|sample| self.at_sample(*sample, known).is_some_and(|value| value >= 0));
        self.samples.found = OnceLock::from(kept);
    }

    fn find_samples(&self) -> Vec<u64> {
        let allowed = |sample: &u64| {
            let at = |dim: &Dim| self.at_sample(*sample, dim);
            self.known.iter().all(|known| at(known).is_some_and(|value| value >= 0))
                && self.zeros.iter().all(|zero| at(zero) == Some(0))
                && self.multiples.iter().all(|(divisor, of)| {
                    let (divisor, of) = (at(divisor), at(of));
                    divisor.zip(of).is_some_and(|(divisor, of)| divisor > 0 && of % divisor == 0)
                })
        };
        (0..MOST_TRIED).filter(allowed).take(MOST_KEPT).collect()
    }

    fn at_sample(&self, sample: u64, dim: &Dim) -> Option<i64> {
        dim.eval(&|name| self.sampled(sample, name))
    }

    /// The value of a variable in a list of sizes, the same whenever it is asked for.
    fn sampled(&self, sample: u64, name: Name) -> Option<i64> {
        let spread = SPREADS[sample as usize % SPREADS.len()];
        let mut hash = 0xcbf2_9ce4_8422_2325 ^ sample.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in name.as_str().bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let step = i128::from((hash >> 29) % spread);
        let range = self.range_of_var(name);
        let value = match (range.low, range.high) {
            (Some(low), Some(high)) => low.checked_add(step)?.min(high),
            (Some(low), None) => low.checked_add(step)?,
            (None, Some(high)) => high.checked_sub(step)?,
            (None, None) => step - i128::from(spread / 2),
        };
        i64::try_from(value).ok()
    }
}
