//! Which member is looked at next.

use crate::aims::{Aims, Limits};
use crate::search::Finished;
use crate::space::{Dice, Member, Space};
use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

/// How a space is gone through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// Every member, in order.
    Exhaustive,
    /// Members by chance, none twice.
    Random,
    /// Regularised evolution (Real et al., *Regularized Evolution for Image Classifier
    /// Architecture Search*, 2019, algorithm 1): `population` random members, then over and
    /// over the best of `tournament` of them drawn by chance has a child with one change,
    /// and the oldest goes.
    Evolution { population: usize, tournament: usize },
}

/// After so many members in a row that were looked at before, there is nothing new.
const MOST_REPEATS: usize = 10_000;

/// The living members of an evolution, by their places in what was found; the oldest first.
#[derive(Default, Debug)]
pub(crate) struct Population(VecDeque<usize>);

/// What strategies look at.
pub(crate) struct View<'a> {
    pub space: &'a Space,
    pub aims: &'a Aims,
    pub found: &'a [Finished],
    /// The places in `found`.
    pub seen: &'a HashMap<Member, usize>,
    pub limits: Limits<'a>,
}

pub(crate) fn exhaustive(view: &View<'_>) -> Option<Member> {
    match view.found.last() {
        None => Some(view.space.first()),
        Some(last) => view.space.next(&last.member),
    }
}

pub(crate) fn random(view: &View<'_>, dice: &mut dyn Dice) -> Option<Member> {
    let drawn = (0..MOST_REPEATS).map(|_| view.space.random(dice));
    let mut drawn = drawn.filter(|member| !view.seen.contains_key(member));
    drawn.next().or_else(|| first_new(view))
}

/// The first member in order that was not looked at: for spaces that are nearly used up.
fn first_new(view: &View<'_>) -> Option<Member> {
    let mut member = view.space.first();
    // One more than those that were seen is enough.
    for _ in 0..=view.seen.len() {
        if !view.seen.contains_key(&member) {
            return Some(member);
        }
        member = view.space.next(&member)?;
    }
    None
}

impl Population {
    /// The next member of an evolution; those that were looked at before live without it.
    pub(crate) fn next(
        &mut self,
        view: &View<'_>,
        (size, tournament): (usize, usize),
        dice: &mut dyn Dice,
    ) -> Option<Member> {
        if view.found.len() < size {
            return random(view, dice);
        }
        for _ in 0..MOST_REPEATS {
            let parent = self.winner(view, tournament, dice)?;
            let child = view.space.mutate(&view.found[parent].member, dice)?;
            match view.seen.get(&child) {
                Some(known) => self.born(*known, size),
                None => return Some(child),
            }
        }
        first_new(view)
    }

    /// A member, by its place in what was found, lives, and the oldest dies.
    pub(crate) fn born(&mut self, at: usize, size: usize) {
        self.0.push_back(at);
        while self.0.len() > size.max(1) {
            self.0.pop_front();
        }
    }

    /// The best of some that are drawn by chance, with replacement. Of several that are not
    /// worse than each other, the one that fewest of all are better than, and then the first
    /// drawn.
    fn winner(&self, view: &View<'_>, tournament: usize, dice: &mut dyn Dice) -> Option<usize> {
        let worth = |at: usize| &view.found[at].worth;
        let better = |left: usize, right: usize| {
            view.aims.compare(worth(left), worth(right), view.limits) == Ordering::Less
        };
        let rank = |at: usize| self.0.iter().filter(|it| better(**it, at)).count();
        let mut best: Option<(usize, usize)> = None;
        for _ in 0..tournament.max(1) {
            let at = *self.0.get(dice.below(self.0.len()))?;
            let rank = rank(at);
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, at));
            }
        }
        best.map(|(_, at)| at)
    }
}
