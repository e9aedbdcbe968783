//! Spaces of a few members, where everything can be counted.

mod logs;
mod spaces;
mod strategies;

use crate::{
    Aims, Bound, Dice, Direction, Evaluate, Goal, Limit, Limits, Member, Search, Slot, Space,
    Strategy, Worth,
};

/// Numbers of a seed (Knuth's MMIX generator).
pub(crate) struct Seeded(pub u64);

impl Dice for Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0 >> 11) * bound as u128) >> 53) as usize
    }
}

/// A seed that no other run has.
pub(crate) fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// Slots that are always there.
pub(crate) fn flat(candidates: &[u32]) -> Space {
    let slots = candidates.iter().map(|it| Slot { candidates: *it, within: None });
    Space::new(slots.collect()).unwrap()
}

/// A random space of up to seven slots, some of them within others.
pub(crate) fn random_space(dice: &mut dyn Dice) -> Space {
    let mut slots: Vec<Slot> = Vec::new();
    for at in 0..=dice.below(7) {
        let outer = dice.below(2 * at + 1);
        let within = slots.get(outer).map(|slot| {
            let candidate = dice.below(slot.candidates as usize) as u32;
            (outer, candidate)
        });
        slots.push(Slot { candidates: 1 + dice.below(3) as u32, within });
    }
    Space::new(slots).unwrap()
}

/// Two metrics that add up over the choices, `cost` and `gain`; members of an odd sum of
/// choices cannot be built.
pub(crate) struct Sums {
    pub costs: Vec<Vec<f64>>,
    pub asked: Vec<Member>,
    pub odd_fail: bool,
}

impl Sums {
    pub(crate) fn new(space: &Space, seed: u64) -> Sums {
        let mut dice = Seeded(seed);
        let row = |slot: &Slot, dice: &mut Seeded| -> Vec<f64> {
            (0..slot.candidates).map(|_| dice.below(1000) as f64 + 0.1).collect()
        };
        let costs = space.slots().iter().map(|slot| row(slot, &mut dice)).collect();
        Sums { costs, asked: Vec::new(), odd_fail: false }
    }

    pub(crate) fn cost(&self, member: &Member) -> f64 {
        member.choices().iter().zip(&self.costs).map(|(at, row)| row[*at as usize]).sum()
    }

    pub(crate) fn gain(&self, member: &Member) -> f64 {
        member.choices().iter().map(|at| f64::from(*at * *at)).sum()
    }
}

impl Evaluate for Sums {
    type Error = String;

    fn evaluate(&mut self, member: &Member, _: Limits<'_>) -> Result<Worth, String> {
        self.asked.push(member.clone());
        if self.odd_fail && member.choices().iter().sum::<u32>() % 2 == 1 {
            let failure = Some("the sum is odd".to_owned());
            return Ok(Worth { metrics: vec![Some(self.cost(member)), None], failure });
        }
        let metrics = vec![Some(self.cost(member)), Some(self.gain(member))];
        Ok(Worth { metrics, failure: None })
    }
}

pub(crate) const CHEAP: Goal = Goal { metric: 0, direction: Direction::Minimize };
pub(crate) const GOOD: Goal = Goal { metric: 1, direction: Direction::Maximize };

pub(crate) fn cheap() -> Aims {
    Aims { goals: vec![CHEAP], limits: Vec::new() }
}

pub(crate) fn at_least_gain(bound: Bound) -> Aims {
    let limit = Limit { metric: 1, direction: Direction::Maximize, bound };
    Aims { goals: vec![CHEAP], limits: vec![limit] }
}

pub(crate) fn search(
    space: &Space,
    aims: &Aims,
    strategy: Strategy,
    count: usize,
    seed: u64,
) -> Search<'static> {
    Search::new(space.clone(), aims.clone(), strategy, count, Box::new(Seeded(seed)))
}

/// Every member of a space, by all combinations of choices.
pub(crate) fn all(space: &Space) -> Vec<Member> {
    let mut choices: Vec<Vec<u32>> = vec![Vec::new()];
    for slot in space.slots() {
        choices = choices
            .iter()
            .flat_map(|it| (0..slot.candidates).map(move |at| [it.as_slice(), &[at]].concat()))
            .collect();
    }
    let mut members: Vec<Member> = choices.iter().filter_map(|it| space.member(it)).collect();
    members.sort();
    members.dedup();
    members
}
