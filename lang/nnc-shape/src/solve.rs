//! The facts, solved as far as they go.
//!
//! Equalities and divisibilities become replacements: `D % N == 0` puts
//! `N * q` for `D`, where the quotient `q` is a variable of the solver's own.
//! What cannot be solved is kept as a rule, and inequalities bound the rest.

mod consequences;
mod divisible;
mod equal;
mod reduce;
mod samples;

pub(crate) use divisible::reduce_congruence;

use std::collections::BTreeMap;

use nnc_base::Name;

use crate::dim::Dim;
use crate::fact::Fact;
use crate::interval::Interval;

/// Facts are few; a system that needs more rounds than this stays partly unsolved.
const MOST_ROUNDS: usize = 32;

/// So many floors, `min` and `max` are taken out of an inequality, one after the other.
const MOST_ATOMS_LESS: usize = 2;
/// When so many inequalities are known, what follows from more is not looked for.
const MOST_KNOWN: usize = 12;
/// What follows with more atoms is not kept.
const MOST_WEIGHT: usize = 8;

#[derive(Clone, Default, Debug)]
pub(crate) struct Solved {
    /// Where variables lie; a missing one is at least 1.
    pub(crate) ranges: BTreeMap<Name, Interval>,
    /// What stands for a variable; no expression here mentions a replaced one.
    pub(crate) replaced: BTreeMap<Name, Dim>,
    /// The solver's own variables, in the order they were made.
    quotients: Vec<Quotient>,
    /// Divisors and what they divide, where no variable could be replaced.
    multiples: Vec<(Dim, Dim)>,
    /// Expressions known to be zero that no replacement makes vanish.
    zeros: Vec<Dim>,
    /// Expressions known to be at least zero.
    pub(crate) known: Vec<Dim>,
    pub(crate) contradictory: bool,
    /// Whether all facts were taken in.
    is_complete: bool,
    samples: samples::Samples,
}

/// `of == divisor * name + remainder`.
#[derive(Clone, Debug)]
struct Quotient {
    name: Name,
    of: Name,
    divisor: Dim,
    remainder: Dim,
}

/// An equality or divisibility that may still give a replacement.
#[derive(Clone, PartialEq)]
enum Pending {
    Zero(Dim),
    Divides { divisor: Dim, of: Dim },
}

/// What became of one.
enum Step {
    /// It said nothing new, or it can never hold, or it was taken in whole.
    Done,
    /// It is now this, and this much else is to be looked at.
    Kept(Pending, Vec<Pending>),
    /// A variable was replaced.
    Replaced,
}

impl Solved {
    pub(crate) fn new(declared: &BTreeMap<Name, (i64, Option<i64>)>, facts: &[Fact]) -> Solved {
        let mut solved = Solved::default();
        for (name, (low, high)) in declared {
            let range = Interval { low: Some(i128::from(*low)), high: high.map(i128::from) };
            solved.contradictory |= range.is_empty();
            solved.ranges.insert(*name, range);
        }
        let mut pending = Vec::new();
        let mut inequalities = Vec::new();
        for (name, range) in &solved.ranges {
            if let (Some(low), true) = (range.low, range.low == range.high)
                && let Ok(value) = i64::try_from(low)
            {
                pending.push(Pending::Zero(Dim::var(*name) - value));
            }
        }
        for fact in facts {
            match fact {
                Fact::Equal(left, right) => pending.push(Pending::Zero(left - right)),
                Fact::AtLeast(left, right) => inequalities.push(left - right),
                Fact::Divides { divisor, of } => {
                    pending.push(Pending::Divides { divisor: divisor.clone(), of: of.clone() })
                }
            }
        }
        solved.solve(pending, &mut inequalities);
        for inequality in &inequalities {
            solved.learn(inequality, MOST_ATOMS_LESS);
        }
        solved.propagate();
        // What was learnt first may say more now.
        for known in std::mem::take(&mut solved.known) {
            solved.learn(&known, MOST_ATOMS_LESS);
        }
        solved.propagate();
        solved.contradictory |=
            solved.known.iter().any(|known| solved.is_plainly_nonnegative(&(-known - 1)))
                || solved.zeros.iter().any(|zero| {
                    solved.is_plainly_nonnegative(&(zero - 1))
                        || solved.is_plainly_nonnegative(&(-zero - 1))
                });
        solved.is_complete = true;
        solved
    }

    /// Replaces variables until nothing more can be replaced.
    fn solve(&mut self, mut pending: Vec<Pending>, inequalities: &mut Vec<Dim>) {
        for _ in 0..MOST_ROUNDS {
            let mut kept: Vec<Pending> = Vec::new();
            let mut replaced = false;
            for item in std::mem::take(&mut pending) {
                let step = match &item {
                    Pending::Zero(zero) => self.take_zero(zero, inequalities),
                    Pending::Divides { divisor, of } => {
                        self.take_divisible(divisor, of, inequalities)
                    }
                };
                match step {
                    Step::Done => {}
                    Step::Replaced => replaced = true,
                    Step::Kept(item, more) => {
                        for item in more.into_iter().chain([item]) {
                            if !kept.contains(&item) {
                                kept.push(item);
                            }
                        }
                    }
                }
            }
            let grew = kept.len() > self.zeros.len() + self.multiples.len();
            self.zeros.clear();
            self.multiples.clear();
            for item in &kept {
                match item {
                    Pending::Zero(zero) => self.zeros.push(zero.clone()),
                    Pending::Divides { divisor, of } => {
                        self.multiples.push((divisor.clone(), of.clone()));
                    }
                }
            }
            if !replaced && !grew {
                return;
            }
            pending = kept;
        }
    }

    /// Puts `dim`, which does not mention `name`, for `name` from now on.
    fn replace(&mut self, name: Name, dim: Dim, inequalities: &mut Vec<Dim>) {
        let range = self.range_of_var(name);
        if let Some(low) = range.low.and_then(|it| i64::try_from(it).ok()) {
            inequalities.push(&dim - low);
        }
        if let Some(high) = range.high.and_then(|it| i64::try_from(it).ok()) {
            inequalities.push(high - &dim);
        }
        let put = |it: Name| (it == name).then(|| dim.clone());
        for other in self.replaced.values_mut() {
            *other = other.substitute(&put);
        }
        self.replaced.insert(name, dim);
    }

    /// Takes in that an expression is at least zero, and what follows from that with up to so
    /// many atoms less.
    fn learn(&mut self, inequality: &Dim, less: usize) {
        let known = self.reduce(inequality).without_content();
        match known.as_constant() {
            Some(value) => self.contradictory |= value < 0,
            None if self.known.contains(&known) => {}
            // What the ranges say anyway is no news, except that it may be said more simply.
            None if less < MOST_ATOMS_LESS && self.interval(&known).is_nonnegative() => {}
            None => {
                let consequences = if less > 0 && self.known.len() < MOST_KNOWN {
                    self.consequences(&known)
                } else {
                    Vec::new()
                };
                self.known.push(known);
                for consequence in consequences.iter().filter(|it| it.weight() <= MOST_WEIGHT) {
                    self.learn(consequence, less - 1);
                }
            }
        }
    }

    /// Tightens the ranges of variables by what is known of sums they stand in.
    fn propagate(&mut self) {
        let mut changed = true;
        for _ in 0..3 {
            if !std::mem::take(&mut changed) {
                break;
            }
            for known in self.known.clone() {
                for name in known.vars() {
                    let Some((coefficient, rest)) = known.affine_in(name) else { continue };
                    // coefficient * name >= -rest >= -(the most rest can be)
                    let Some(most) = self.interval(&rest).high else { continue };
                    let coefficient = self.interval(&coefficient);
                    let quotients = |coefficient: Interval| {
                        // The most is nearest to zero over the largest coefficient if it is
                        // negative, and farthest over the least otherwise.
                        Interval::exactly(most).floor_div(coefficient).high
                    };
                    let bound = if coefficient.low.is_some_and(|low| low >= 1) {
                        // The ceiling of -most / coefficient.
                        let low = quotients(coefficient).and_then(i128::checked_neg);
                        Interval { low, high: None }
                    } else if coefficient.high.is_some_and(|high| high <= -1) {
                        Interval { low: None, high: quotients(coefficient.negated()) }
                    } else {
                        continue;
                    };
                    let before = self.range_of_var(name);
                    let range = before.meet(bound);
                    changed |= range != before;
                    self.contradictory |= range.is_empty();
                    self.ranges.insert(name, range);
                }
            }
        }
    }

    pub(crate) fn range_of_var(&self, name: Name) -> Interval {
        let default = Interval { low: Some(1), high: None };
        self.ranges.get(&name).copied().unwrap_or(default)
    }
}
