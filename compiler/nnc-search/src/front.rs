//! The best of what was found.

use crate::aims::{Aims, Limits, dominance};
use crate::search::Finished;
use std::cmp::Ordering;

/// The places of the members that keep the limits and than which none is better, in the
/// order of the first goal. Of several with equal goals the one that was found first.
pub fn front(found: &[Finished], aims: &Aims, limits: Limits<'_>) -> Vec<usize> {
    let mut front: Vec<(usize, Vec<f64>)> = Vec::new();
    for (at, goals) in ordered(found, aims, limits) {
        let beaten =
            front.iter().any(|(_, it)| *it == goals || dominance(it, &goals) == Ordering::Less);
        if !beaten {
            front.push((at, goals));
        }
    }
    front.into_iter().map(|(at, _)| at).collect()
}

/// The places of the members that keep the limits, by the goals in their order.
pub fn best(found: &[Finished], aims: &Aims, limits: Limits<'_>) -> Vec<usize> {
    ordered(found, aims, limits).into_iter().map(|(at, _)| at).collect()
}

fn ordered(found: &[Finished], aims: &Aims, limits: Limits<'_>) -> Vec<(usize, Vec<f64>)> {
    let mut kept: Vec<(usize, Vec<f64>)> = (found.iter().enumerate())
        .filter(|(_, it)| aims.keeps(&it.worth, limits))
        .filter_map(|(at, it)| Some((at, aims.goals_of(&it.worth)?)))
        .collect();
    kept.sort_by(|(_, left), (_, right)| {
        let pairs = left.iter().zip(right).map(|(left, right)| left.total_cmp(right));
        pairs.fold(Ordering::Equal, Ordering::then)
    });
    kept
}
