//! Choosing a token by its score.

use crate::Random;

/// How the next token is chosen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sampling {
    /// Scores are divided by it; at 0 the highest score wins.
    pub temperature: f64,
    /// Only so many of the highest scores take part; 0 for all.
    pub top_k: usize,
    /// Only the most likely tokens take part that together have at least this chance.
    pub top_p: f64,
    pub seed: u64,
}

impl Sampling {
    /// The highest score wins.
    pub const GREEDY: Sampling = Sampling { temperature: 0.0, top_k: 0, top_p: 1.0, seed: 0 };
}

pub(super) struct Sampler {
    sampling: Sampling,
    random: Random,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Sampler {
        Sampler { sampling, random: Random::new(sampling.seed, "tokens") }
    }

    /// The next token; of equal scores the lowest token comes first. `scores` are not
    /// empty and no score is NaN.
    pub(super) fn choose(&mut self, scores: &[f32]) -> u32 {
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        let better = |a: &u32, b: &u32| {
            let (a_score, b_score) = (scores[*a as usize], scores[*b as usize]);
            b_score.total_cmp(&a_score).then(a.cmp(b))
        };
        if self.sampling.temperature <= 0.0 {
            return order.iter().copied().min_by(better).unwrap_or(0);
        }
        let kept = match self.sampling.top_k {
            0 => order.len(),
            top_k => top_k.min(order.len()),
        };
        if kept < order.len() {
            order.select_nth_unstable_by(kept - 1, better);
            order.truncate(kept);
        }
        order.sort_unstable_by(better);
        let highest = order.first().map_or(0.0, |id| f64::from(scores[*id as usize]));
        // The highest score gives 1, so that nothing overflows.
        let weight = |id: &u32| {
            ((f64::from(scores[*id as usize]) - highest) / self.sampling.temperature).exp()
        };
        let mut weights: Vec<f64> = order.iter().map(weight).collect();
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let enough = weights.iter().position(|weight| {
            sum += weight;
            sum >= self.sampling.top_p * total
        });
        weights.truncate(enough.map_or(weights.len(), |at| at + 1));
        let mut left = self.random.uniform() * weights.iter().sum::<f64>();
        for (id, weight) in order.iter().zip(&weights) {
            left -= weight;
            if left < 0.0 {
                return *id;
            }
        }
        order.first().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Sampler, Sampling};

    fn counts(sampling: Sampling, scores: &[f32]) -> Vec<usize> {
        let mut sampler = Sampler::new(sampling);
        let mut counts = vec![0; scores.len()];
        (0..10_000).for_each(|_| counts[sampler.choose(scores) as usize] += 1);
        counts
    }

    #[test]
    fn greedy_takes_the_highest_and_of_equals_the_first() {
        assert_eq!(counts(Sampling::GREEDY, &[1.0, 3.0, 3.0, -1.0]), [0, 10_000, 0, 0]);
    }

    #[test]
    fn chances_follow_the_scores() {
        let sampling = Sampling { temperature: 1.0, ..Sampling::GREEDY };
        // Chances 1/7, 2/7, 4/7.
        let scores = [0.0, 2f32.ln(), 4f32.ln()];
        let found = counts(sampling, &scores);
        for (count, chance) in found.iter().zip([1.0, 2.0, 4.0]) {
            assert!((*count as f64 / 10_000.0 - chance / 7.0).abs() < 0.02, "{found:?}");
        }
        let hot = counts(Sampling { temperature: 100.0, ..sampling }, &scores);
        assert!(hot.iter().all(|it| (3_000..3_700).contains(it)), "{hot:?}");
    }

    #[test]
    fn the_unlikely_take_no_part_if_so_asked() {
        let sampling = Sampling { temperature: 1.0, ..Sampling::GREEDY };
        let scores = [0.0, 2f32.ln(), 4f32.ln()];
        assert_eq!(counts(Sampling { top_k: 2, ..sampling }, &scores)[0], 0);
        let likely = counts(Sampling { top_p: 0.5, ..sampling }, &scores);
        assert_eq!(likely, [0, 0, 10_000]);
        let both = counts(Sampling { top_p: 0.6, ..sampling }, &scores);
        assert!(both[0] == 0 && both[1] > 0);
    }
}
