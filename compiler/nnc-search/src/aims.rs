//! What is wanted: goals, limits, and which of two members is better.

use crate::search::Finished;
use std::cmp::Ordering;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    Minimize,
    Maximize,
}

/// A metric, by its place, that is to be small or large.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Goal {
    pub metric: usize,
    pub direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Bound {
    Value(f64),
    /// The median of the sample that the search begins with.
    Median,
}

/// A metric that has to be at most or at least so much.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limit {
    pub metric: usize,
    /// `Minimize` for at most, `Maximize` for at least.
    pub direction: Direction,
    pub bound: Bound,
}

/// Goals under limits. With several goals a member is better than another if it is so in
/// one of them and worse in none.
#[derive(Clone, PartialEq, Debug)]
pub struct Aims {
    /// At least one.
    pub goals: Vec<Goal>,
    pub limits: Vec<Limit>,
}

/// What was found of a member: a value for each metric that was looked at.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Worth {
    pub metrics: Vec<Option<f64>>,
    /// Why there is no more: what the compiler or the machine said, or the limit that was
    /// not kept.
    pub failure: Option<String>,
}

/// Limits with their values, by the metric.
pub type Limits<'a> = &'a [(Limit, f64)];

impl Aims {
    /// The limits that have a value by now: `sample` is the first of what was found, if it
    /// is complete.
    pub fn limits(&self, sample: Option<&[Finished]>) -> Vec<(Limit, f64)> {
        let mut limits = Vec::new();
        for limit in &self.limits {
            let value = match (limit.bound, sample) {
                (Bound::Value(value), _) => Some(value),
                (Bound::Median, Some(sample)) => median(sample, limit.metric),
                (Bound::Median, None) => None,
            };
            limits.extend(value.map(|value| (*limit, value)));
        }
        limits
    }

    /// The values of the goals such that less is better, where all are known.
    pub fn goals_of(&self, worth: &Worth) -> Option<Vec<f64>> {
        let value = |goal: &Goal| {
            let value = worth.metrics.get(goal.metric).copied().flatten()?;
            Some(match goal.direction {
                Direction::Minimize => value,
                Direction::Maximize => -value,
            })
        };
        self.goals.iter().map(value).collect()
    }

    /// Whether a member is of use: nothing failed and all limits are kept.
    pub fn keeps(&self, worth: &Worth, limits: Limits<'_>) -> bool {
        worth.failure.is_none() && self.goals_of(worth).is_some() && violation(worth, limits) == 0.0
    }

    /// By Deb's rules (*An efficient constraint handling method for genetic algorithms*,
    /// 2000): who keeps the limits is better than who does not, of two who do not the one
    /// that is nearer, and of two who do the one whose goals are nowhere worse. `Equal` where
    /// neither is better.
    pub fn compare(&self, left: &Worth, right: &Worth, limits: Limits<'_>) -> Ordering {
        match (self.keeps(left, limits), self.keeps(right, limits)) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => violation(left, limits).total_cmp(&violation(right, limits)),
            (true, true) => match (self.goals_of(left), self.goals_of(right)) {
                (Some(left), Some(right)) => dominance(&left, &right),
                _ => Ordering::Equal,
            },
        }
    }
}

/// `Less` if the left one is nowhere more and somewhere less.
pub(crate) fn dominance(left: &[f64], right: &[f64]) -> Ordering {
    let less = left.iter().zip(right).any(|(left, right)| left < right);
    let more = left.iter().zip(right).any(|(left, right)| left > right);
    match (less, more) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

/// How far a member is from its limits, in parts of them; infinite for one that failed
/// before it was known.
fn violation(worth: &Worth, limits: Limits<'_>) -> f64 {
    let mut sum = 0.0;
    for (limit, bound) in limits {
        let Some(value) = worth.metrics.get(limit.metric).copied().flatten() else {
            return f64::INFINITY;
        };
        sum += beyond(limit.direction, value, *bound);
    }
    match worth.failure {
        Some(_) if sum == 0.0 => f64::INFINITY,
        _ => sum,
    }
}

/// How far a value is beyond a bound, in parts of the bound.
pub(crate) fn beyond(direction: Direction, value: f64, bound: f64) -> f64 {
    let excess = match direction {
        Direction::Minimize => value - bound,
        Direction::Maximize => bound - value,
    };
    if excess.is_nan() { f64::INFINITY } else { excess.max(0.0) / bound.abs().max(1e-300) }
}

/// The lower median of a metric over those that have it.
pub(crate) fn median(sample: &[Finished], metric: usize) -> Option<f64> {
    let mut values: Vec<f64> =
        sample.iter().filter_map(|it| it.worth.metrics.get(metric).copied().flatten()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}
