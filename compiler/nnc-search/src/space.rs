//! Spaces and their members.

/// A source of random numbers.
pub trait Dice {
    /// Uniform in `0..bound`; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize;
}

/// A hole of a space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// How many candidates there are; at least one.
    pub candidates: u32,
    /// The slot and its candidate that this one is part of, if it is not always there. The
    /// slot stands before this one.
    pub within: Option<(usize, u32)>,
}

/// All ways to choose a candidate for each hole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Space {
    slots: Vec<Slot>,
}

/// A candidate for each slot of a space; 0 for slots that are not there, so that members
/// which are equal as networks are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Member(Vec<u32>);

impl Member {
    pub fn choices(&self) -> &[u32] {
        &self.0
    }
}

impl Space {
    /// `None` if a slot has no candidate, or is part of one that does not stand before it.
    pub fn new(slots: Vec<Slot>) -> Option<Space> {
        let sound = slots.iter().enumerate().all(|(at, slot)| {
            let outer = slot.within.is_none_or(|(outer, candidate)| {
                outer < at && slots.get(outer).is_some_and(|it| candidate < it.candidates)
            });
            slot.candidates > 0 && outer
        });
        sound.then_some(Space { slots })
    }

    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The member with these choices; `None` if it has none such. Choices for slots that are
    /// not there do not matter.
    pub fn member(&self, choices: &[u32]) -> Option<Member> {
        let fits = choices.len() == self.slots.len()
            && self.slots.iter().zip(choices).all(|(slot, at)| *at < slot.candidates);
        fits.then(|| self.told(choices.to_vec()))
    }

    /// Whether a slot is there, by the choices of those before it.
    pub fn is_there(&self, choices: &[u32], slot: usize) -> bool {
        let Some(it) = self.slots.get(slot) else { return false };
        it.within.is_none_or(|(outer, candidate)| {
            choices.get(outer) == Some(&candidate) && self.is_there(choices, outer)
        })
    }

    /// Sets what is not there to 0.
    fn told(&self, mut choices: Vec<u32>) -> Member {
        for at in 0..choices.len() {
            if !self.is_there(&choices, at) {
                choices[at] = 0;
            }
        }
        Member(choices)
    }

    /// The member with the first candidate everywhere.
    pub fn first(&self) -> Member {
        Member(vec![0; self.slots.len()])
    }

    /// The member after this one, if it is not the last: each is met once.
    pub fn next(&self, member: &Member) -> Option<Member> {
        let mut choices = member.0.clone();
        for at in (0..choices.len()).rev() {
            if self.is_there(&choices, at) && choices[at] + 1 < self.slots[at].candidates {
                choices[at] += 1;
                choices[at + 1..].fill(0);
                return Some(Member(choices));
            }
        }
        None
    }

    /// A member with each candidate equally likely in its hole.
    pub fn random(&self, dice: &mut dyn Dice) -> Member {
        let choices = self.slots.iter().map(|slot| dice.below(slot.candidates as usize) as u32);
        self.told(choices.collect())
    }

    /// The member with another candidate in one hole, and random ones in the holes that are
    /// there by it. `None` if no hole has two candidates.
    pub fn mutate(&self, member: &Member, dice: &mut dyn Dice) -> Option<Member> {
        let choices = &member.0;
        let open: Vec<usize> = (0..self.slots.len())
            .filter(|at| self.slots[*at].candidates > 1 && self.is_there(choices, *at))
            .collect();
        let at = *open.get(dice.below(open.len()))?;
        let mut mutant = choices.clone();
        let other = dice.below(self.slots[at].candidates as usize - 1) as u32;
        mutant[at] = if other < choices[at] { other } else { other + 1 };
        for inner in at + 1..mutant.len() {
            if self.is_there(&mutant, inner) && !self.is_there(choices, inner) {
                mutant[inner] = dice.below(self.slots[inner].candidates as usize) as u32;
            }
        }
        Some(self.told(mutant))
    }
}
