//! Which values one variable has where facts hold, exactly.
//!
//! What is made of one variable by sums, multiples, floors of quotients by numbers, `min` and
//! `max` repeats itself: from some size on it grows by the same amount in each period. So the
//! sizes at which such an expression is zero, or not negative, are some of the first ones and
//! then the same remainders over and over, and a [`SizeSet`] holds just that. Sets of one
//! variable in Presburger arithmetic are these sets; here they are found by evaluation.
//!
//! Read [`SizeSet`], then `quasi` (why evaluation at a few sizes is enough) and `words` (the
//! conditions that a set is written as).

mod quasi;
mod words;

use nnc_base::Name;

use crate::dim::Dim;
use crate::fact::Fact;
use crate::facts::Facts;
use quasi::Quasi;

/// A longer period is not looked at.
const MOST_PERIOD: i64 = 1 << 14;
/// Nor is what repeats itself only after more sizes than these.
const MOST_LISTED: i64 = 1 << 17;

/// A set of sizes from a least one on: a first stretch, and then a cycle without end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SizeSet {
    least: i64,
    /// Whether `least`, `least + 1`, … are in it.
    head: Vec<bool>,
    /// The same for what comes after these, over and over; never empty.
    cycle: Vec<bool>,
}

/// What is asked of the value of an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Zero,
    NotNegative,
}

impl SizeSet {
    /// All sizes from `least` on.
    pub fn all(least: i64) -> SizeSet {
        SizeSet { least, head: Vec::new(), cycle: vec![true] }
    }

    /// The values of `name` from `least` on at which a fact holds. `None` if it speaks of
    /// other variables, too, or is none of those that are decided here.
    pub fn of(fact: &Fact, name: Name, least: i64) -> Option<SizeSet> {
        match fact {
            Fact::Equal(left, right) => SizeSet::where_is(&(left - right), Sign::Zero, name, least),
            Fact::AtLeast(left, right) => {
                SizeSet::where_is(&(left - right), Sign::NotNegative, name, least)
            }
            Fact::Divides { divisor, of } => {
                let positive = divisor.as_constant().is_some_and(|it| it > 0);
                positive.then(|| SizeSet::where_is(&of.rem(divisor), Sign::Zero, name, least))?
            }
        }
    }

    fn where_is(dim: &Dim, sign: Sign, name: Name, least: i64) -> Option<SizeSet> {
        if dim.vars().iter().any(|it| *it != name) {
            return None;
        }
        let quasi = Quasi::of(dim, least)?;
        let settled = quasi.settled(dim)?;
        let holds = |size: i64| {
            let value = quasi::at(dim, size)?;
            Some(if sign == Sign::Zero { value == 0 } else { value >= 0 })
        };
        let head = (least..settled).map(holds).collect::<Option<Vec<bool>>>()?;
        let cycle = (settled..settled.checked_add(quasi.period)?).map(holds);
        Some(SizeSet { least, head, cycle: cycle.collect::<Option<Vec<bool>>>()? }.simplest())
    }

    pub fn contains(&self, size: i64) -> bool {
        size.checked_sub(self.least)
            .and_then(|it| usize::try_from(it).ok())
            .is_some_and(|it| self.bit(it))
    }

    pub fn is_empty(&self) -> bool {
        !self.head.contains(&true) && self.is_finite()
    }

    pub fn is_finite(&self) -> bool {
        !self.cycle.contains(&true)
    }

    /// The least size in it.
    pub fn first(&self) -> Option<i64> {
        let end = self.head.len() + self.cycle.len();
        (0..end).find(|it| self.bit(*it)).map(|it| self.size(it))
    }

    /// The sizes in both; `None` if what comes out repeats itself too late to be held.
    pub fn and(&self, other: &SizeSet) -> Option<SizeSet> {
        self.joined(other, |left, right| left && right)
    }

    pub fn or(&self, other: &SizeSet) -> Option<SizeSet> {
        self.joined(other, |left, right| left || right)
    }

    /// Those that are not in the other.
    pub fn without(&self, other: &SizeSet) -> Option<SizeSet> {
        self.joined(other, |left, right| left && !right)
    }

    pub fn is_within(&self, other: &SizeSet) -> Option<bool> {
        Some(self.without(other)?.is_empty())
    }

    /// Both from one size on.
    fn joined(&self, other: &SizeSet, join: fn(bool, bool) -> bool) -> Option<SizeSet> {
        if self.least != other.least {
            return None;
        }
        let head = self.head.len().max(other.head.len());
        let period = lcm(self.cycle.len(), other.cycle.len())?;
        let bit = |at: usize| join(self.bit(at), other.bit(at));
        let joined = SizeSet {
            least: self.least,
            head: (0..head).map(bit).collect(),
            cycle: (head..head + period).map(bit).collect(),
        };
        Some(joined.simplest())
    }

    fn bit(&self, at: usize) -> bool {
        match at.checked_sub(self.head.len()) {
            None => self.head[at],
            Some(after) => self.cycle[after % self.cycle.len()],
        }
    }

    fn size(&self, at: usize) -> i64 {
        self.least.saturating_add(i64::try_from(at).unwrap_or(i64::MAX))
    }

    /// With the shortest cycle and the shortest head that say the same.
    fn simplest(mut self) -> SizeSet {
        let length = self.cycle.len();
        let repeats = |period: &usize| {
            length.is_multiple_of(*period)
                && (*period..length).all(|at| self.cycle[at] == self.cycle[at - period])
        };
        let period = (1..=length).find(repeats).unwrap_or(length);
        self.cycle.truncate(period);
        while let (Some(head), Some(cycle)) = (self.head.last(), self.cycle.last()) {
            if head != cycle {
                break;
            }
            self.head.pop();
            self.cycle.rotate_right(1);
        }
        self
    }
}

fn lcm(left: usize, right: usize) -> Option<usize> {
    let (mut a, mut b) = (left, right);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let common = (left / a).checked_mul(right)?;
    (common as i64 <= MOST_PERIOD).then_some(common)
}

impl Facts {
    /// All values that a variable has where the facts hold. `None` if a fact ties it to other
    /// variables, or one cannot be decided exactly.
    pub fn sizes_of(&self, name: Name) -> Option<SizeSet> {
        let (least, most) = self.declared_range(name);
        let mut sizes = SizeSet::all(least);
        if let Some(most) = most {
            let bound = Fact::AtLeast(Dim::constant(most), Dim::var(name));
            sizes = sizes.and(&SizeSet::of(&bound, name, least)?)?;
        }
        let speaks = |fact: &&Fact| fact.vars().contains(&name);
        for fact in self.iter().filter(speaks) {
            sizes = sizes.and(&SizeSet::of(fact, name, least)?)?;
        }
        for choice in self.choices.iter() {
            if !choice.iter().flatten().any(|fact| fact.vars().contains(&name)) {
                continue;
            }
            let mut any = sizes.without(&sizes)?;
            for case in choice {
                let mut all = sizes.clone();
                for fact in case {
                    all = all.and(&SizeSet::of(fact, name, least)?)?;
                }
                any = any.or(&all)?;
            }
            sizes = any;
        }
        Some(sizes)
    }
}

#[cfg(test)]
mod tests;
