//! A search on its way.

use crate::aims::{Aims, Limit, Worth};
use crate::space::{Dice, Member, Space};
use crate::strategy::{Population, Strategy, View, exhaustive, random};
use std::collections::HashMap;

/// A member with what was found of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Finished {
    pub member: Member,
    pub worth: Worth,
}

/// What was found so far, and what comes next.
///
/// The next member depends on the dice and on what was found alone; so a search that is
/// given the records of another with equal dice, one by one, is where the other was.
pub struct Search<'d> {
    space: Space,
    aims: Aims,
    strategy: Strategy,
    /// How many members are looked at, at most.
    count: usize,
    dice: Box<dyn Dice + 'd>,
    found: Vec<Finished>,
    seen: HashMap<Member, usize>,
    population: Population,
}

impl<'d> Search<'d> {
    pub fn new(
        space: Space,
        aims: Aims,
        strategy: Strategy,
        count: usize,
        dice: Box<dyn Dice + 'd>,
    ) -> Search<'d> {
        Search {
            space,
            aims,
            strategy,
            count,
            dice,
            found: Vec::new(),
            seen: HashMap::new(),
            population: Population::default(),
        }
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    pub fn aims(&self) -> &Aims {
        &self.aims
    }

    pub fn found(&self) -> &[Finished] {
        &self.found
    }

    /// How many members are looked at, at most.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The random members that the search begins with, once they are all there. Of a search
    /// that has no other members these are all.
    pub fn sample(&self) -> Option<&[Finished]> {
        match self.strategy {
            Strategy::Exhaustive | Strategy::Random => {
                (self.found.len() >= self.count).then_some(self.found.as_slice())
            }
            Strategy::Evolution { population, .. } => {
                let size = population.min(self.count);
                self.found.get(..size)
            }
        }
    }

    /// The limits that members are held against now.
    pub fn limits(&self) -> Vec<(Limit, f64)> {
        self.aims.limits(self.sample())
    }

    /// The limits when nothing more comes: what is there is the sample, if none was complete.
    pub fn final_limits(&self) -> Vec<(Limit, f64)> {
        self.aims.limits(Some(self.sample().unwrap_or(&self.found)))
    }

    /// The member that is looked at next; `None` when the search is over.
    pub fn propose(&mut self) -> Option<Member> {
        if self.found.len() >= self.count {
            return None;
        }
        let limits = self.limits();
        let view = View {
            space: &self.space,
            aims: &self.aims,
            found: &self.found,
            seen: &self.seen,
            limits: &limits,
        };
        match self.strategy {
            Strategy::Exhaustive => exhaustive(&view),
            Strategy::Random => random(&view, self.dice.as_mut()),
            Strategy::Evolution { population, tournament } => {
                self.population.next(&view, (population, tournament), self.dice.as_mut())
            }
        }
    }

    /// Takes what was found of the member that was proposed last.
    pub fn record(&mut self, member: Member, worth: Worth) {
        let at = self.found.len();
        self.seen.insert(member.clone(), at);
        self.found.push(Finished { member, worth });
        if let Strategy::Evolution { population, .. } = self.strategy {
            self.population.born(at, population);
        }
    }
}
