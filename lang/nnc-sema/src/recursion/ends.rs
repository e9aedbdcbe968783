//! Whether a recursion ends, by the principle of size change: Lee, Jones, Ben-Amram, "The
//! size-change principle for program termination", POPL 2001.
//!
//! A step says of each measure of where it leads to which measures it is less than, or at
//! most as great as, where it comes from. Steps one behind the other are a step again. If each
//! step from a node to itself that is its own repetition makes some measure less, no way is
//! endless: the measures are bounded from below.

use std::collections::VecDeque;

use nnc_shape::{Dim, Fact};

use super::{Node, Step};

/// More ways through a circle than these are not followed.
const MOST_WAYS: usize = 4000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Unknown,
    AtMost,
    Less,
}

/// How measures change on the way from one node to another.
#[derive(Clone, PartialEq)]
struct Way {
    from: usize,
    to: usize,
    /// For each measure of `from` those of `to`.
    changes: Vec<Vec<Change>>,
}

impl Way {
    fn of(step: &Step, nodes: &[Node]) -> Way {
        let value = |measure: &Dim| {
            measure.substitute(&|name| {
                step.sizes.iter().find(|(it, _)| *it == name).map(|(_, dim)| dim.clone())
            })
        };
        let change = |before: &Dim, after: &Dim| {
            let holds = |fact: Fact| step.facts.proves(&fact);
            if holds(Fact::AtLeast(before - 1, after.clone())) {
                Change::Less
            } else if holds(Fact::AtLeast(before.clone(), after.clone())) {
                Change::AtMost
            } else {
                Change::Unknown
            }
        };
        let after: Vec<Dim> = nodes[step.to].measures.iter().map(value).collect();
        let row = |before: &Dim| after.iter().map(|after| change(before, after)).collect();
        let changes = nodes[step.from].measures.iter().map(row).collect();
        Way { from: step.from, to: step.to, changes }
    }

    fn then(&self, next: &Way) -> Way {
        let count = next.changes.first().map_or(0, Vec::len);
        let through = |row: &Vec<Change>, to: usize| {
            let both =
                row.iter().zip(&next.changes).map(|(first, second)| match (*first, second[to]) {
                    (Change::Unknown, _) | (_, Change::Unknown) => Change::Unknown,
                    (Change::AtMost, Change::AtMost) => Change::AtMost,
                    _ => Change::Less,
                });
            both.max().unwrap_or(Change::Unknown)
        };
        let row = |row: &Vec<Change>| (0..count).map(|to| through(row, to)).collect();
        Way { from: self.from, to: next.to, changes: self.changes.iter().map(row).collect() }
    }

    /// Whether going this way again and again goes on for ever, as far as is known.
    fn is_endless(&self) -> bool {
        self.from == self.to
            && self.then(self) == *self
            && !self.changes.iter().enumerate().any(|(at, row)| row[at] == Change::Less)
    }
}

/// A step of a way that may be endless; `None` if all end.
pub(super) fn endless<'s>(steps: &[&'s Step], nodes: &[Node]) -> Option<&'s Step> {
    let single: Vec<(Way, &Step)> = steps.iter().map(|it| (Way::of(it, nodes), *it)).collect();
    let mut ways: Vec<Way> = Vec::new();
    let mut next: VecDeque<(Way, &Step)> = single.clone().into();
    while let Some((way, first)) = next.pop_front() {
        if ways.contains(&way) {
            continue;
        }
        if way.is_endless() || ways.len() == MOST_WAYS {
            return Some(first);
        }
        for (step, _) in single.iter().filter(|(step, _)| step.from == way.to) {
            next.push_back((way.then(step), first));
        }
        ways.push(way);
    }
    None
}
