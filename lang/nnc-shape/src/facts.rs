//! What is known of the sizes of a program, and questions about it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use nnc_base::Name;

use crate::dim::Dim;
use crate::either::Choice;
use crate::fact::{Answer, Fact, Witness};
use crate::guard::find_guard;
use crate::residues::judge_residues;
use crate::search::find_witness;
use crate::solve::{Solved, reduce_congruence};

/// Ranges of variables and facts about them.
///
/// A variable that was not declared is at least 1. Nothing here is ever a
/// guess: [`Answer::Proven`] and [`Answer::Refuted`] hold for all sizes that
/// satisfy the facts, and what is too hard is [`Answer::Unproven`].
#[derive(Clone, Default, Debug)]
pub struct Facts {
    // Scopes are copied far more often than they learn something.
    declared: Arc<BTreeMap<Name, (i64, Option<i64>)>>,
    given: Arc<Vec<Fact>>,
    /// See [`Facts::assume_either`].
    pub(crate) choices: Arc<Vec<Choice>>,
    /// The facts in each case of each choice, found when first asked for.
    pub(crate) cases: OnceLock<Arc<Vec<Vec<Facts>>>>,
    /// Of how many variables a value was assumed, one after the other.
    pub(crate) values_assumed: u8,
    /// Found when first asked for, so that facts that are said one after the other are
    /// solved once.
    solved: OnceLock<Arc<Solved>>,
}

/// A verdict without the search for examples.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proven,
    Refuted,
    Unknown,
}

impl Facts {
    pub fn new() -> Facts {
        Facts::default()
    }

    /// Says where a variable lies, both ends included.
    pub fn declare(&mut self, name: Name, min: i64, max: Option<i64>) {
        Arc::make_mut(&mut self.declared).insert(name, (min, max));
        self.forget();
    }

    pub fn assume(&mut self, fact: Fact) {
        let fact = fact.canonical();
        if !self.given.contains(&fact) {
            Arc::make_mut(&mut self.given).push(fact);
            self.forget();
        }
    }

    /// Drops what was found before something was said.
    fn forget(&mut self) {
        self.solved = OnceLock::new();
        self.cases = OnceLock::new();
    }

    pub fn assume_equal(&mut self, left: &Dim, right: &Dim) {
        self.assume(Fact::Equal(left.clone(), right.clone()));
    }

    /// Assumes that `left >= right`.
    pub fn assume_at_least(&mut self, left: &Dim, right: &Dim) {
        self.assume(Fact::AtLeast(left.clone(), right.clone()));
    }

    pub fn assume_divides(&mut self, divisor: &Dim, of: &Dim) {
        self.assume(Fact::Divides { divisor: divisor.clone(), of: of.clone() });
    }

    /// The simplest form known of an expression; equal results are equal sizes.
    pub fn normalise(&self, dim: &Dim) -> Dim {
        self.solved().present(&self.solved().reduce(dim))
    }

    pub fn equal(&self, left: &Dim, right: &Dim) -> Answer {
        self.ask(&Fact::Equal(left.clone(), right.clone()))
    }

    /// Asks whether `left >= right`.
    pub fn at_least(&self, left: &Dim, right: &Dim) -> Answer {
        self.ask(&Fact::AtLeast(left.clone(), right.clone()))
    }

    pub fn divides(&self, divisor: &Dim, of: &Dim) -> Answer {
        self.ask(&Fact::Divides { divisor: divisor.clone(), of: of.clone() })
    }

    /// Asks whether a fact follows from these.
    pub fn ask(&self, question: &Fact) -> Answer {
        // A witness shows the two sides that were asked about.
        let canonical = question.clone().canonical();
        match self.verdict(question, &canonical) {
            Verdict::Proven => Answer::Proven,
            Verdict::Refuted => Answer::Refuted(find_witness(self, question)),
            Verdict::Unknown => Answer::Unproven {
                witness: find_witness(self, question),
                guard: find_guard(self, &canonical),
            },
        }
    }

    /// Whether a fact follows from these; cheaper than [`Facts::ask`] where it does not.
    pub fn proves(&self, question: &Fact) -> bool {
        self.verdict(question, &question.clone().canonical()) == Verdict::Proven
    }

    /// Whether a fact is known to hold nowhere that these do; cheaper than [`Facts::ask`].
    pub fn refutes(&self, question: &Fact) -> bool {
        self.verdict(question, &question.clone().canonical()) == Verdict::Refuted
    }

    /// The quotient, where the facts prove that there is no remainder; in the
    /// program's own variables.
    pub fn exact_div(&self, dividend: &Dim, divisor: &Dim) -> Result<Dim, Answer> {
        let (above, below) = (self.solved().reduce(dividend), self.solved().reduce(divisor));
        if let Some(quotient) = above.exact_div(&below) {
            return Ok(self.solved().present(&self.solved().reduce(&quotient)));
        }
        match self.divides(divisor, dividend) {
            Answer::Proven => Ok(self.normalise(&above.floor_div(&below))),
            answer => Err(answer),
        }
    }

    /// Bounds that all sizes keep; either may be missing.
    pub fn range(&self, dim: &Dim) -> (Option<i64>, Option<i64>) {
        let solved = self.solved();
        let reduced = solved.reduce(dim);
        let range = solved.interval_with_facts(&reduced).meet(solved.interval(dim));
        let narrow = |bound: Option<i128>| bound.and_then(|it| i64::try_from(it).ok());
        (narrow(range.low), narrow(range.high))
    }

    /// Whether the facts are known to hold for no sizes at all.
    pub fn contradictory(&self) -> bool {
        self.solved().contradictory
    }

    /// The facts that were given, `D % N == 0` among them as a divisibility.
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.given.iter()
    }

    /// The declared variables with their least and greatest value, by name.
    pub fn declared(&self) -> impl Iterator<Item = (Name, i64, Option<i64>)> {
        self.declared.iter().map(|(name, (min, max))| (*name, *min, *max))
    }

    /// The least and greatest value a variable may have by its declaration.
    pub(crate) fn declared_range(&self, name: Name) -> (i64, Option<i64>) {
        self.declared.get(&name).copied().unwrap_or((1, None))
    }

    pub(crate) fn solved(&self) -> &Solved {
        self.solved.get_or_init(|| Arc::new(Solved::new(&self.declared, &self.given)))
    }

    /// The form that says most is judged first; the other may follow from inequalities.
    pub(crate) fn verdict(&self, question: &Fact, canonical: &Fact) -> Verdict {
        let mut verdict = self.judge(canonical);
        if verdict == Verdict::Unknown && question != canonical {
            verdict = self.judge(question);
        }
        if verdict == Verdict::Unknown && !self.is_seen_open(question) {
            verdict = self.verdict_by_cases(question, canonical);
            if verdict == Verdict::Unknown {
                verdict = self.verdict_by_values(question, canonical);
            }
        }
        verdict
    }

    /// Whether a question is seen to hold at some sizes that satisfy the facts and not to hold
    /// at others, so that it is neither proved nor refuted.
    fn is_seen_open(&self, question: &Fact) -> bool {
        let samples = self.solved().samples().filter(|sample| self.leaves_a_case(sample));
        let mut seen = samples.filter_map(|sample| question.holds(&sample));
        seen.next().is_some_and(|first| seen.any(|it| it != first))
    }

    fn judge(&self, question: &Fact) -> Verdict {
        let solved = self.solved();
        match question {
            Fact::Equal(left, right) => self.judge_zero(&solved.reduce(&(left - right))),
            Fact::AtLeast(left, right) => {
                let difference = solved.reduce(&(left - right));
                if solved.is_nonnegative(&difference) {
                    Verdict::Proven
                } else if solved.is_nonnegative(&(-difference - 1)) {
                    Verdict::Refuted
                } else {
                    Verdict::Unknown
                }
            }
            Fact::Divides { divisor, of } => {
                let (divisor, of) = (solved.reduce(divisor), solved.reduce(of));
                if let Some(value) = divisor.as_constant()
                    && (value <= 0 || reduce_congruence(value, &of).is_none())
                {
                    return Verdict::Refuted;
                }
                if of.exact_div(&divisor).is_some() || solved.is_given_multiple(&divisor, &of) {
                    return Verdict::Proven;
                }
                if let Some(value) = divisor.as_constant() {
                    let verdict = judge_residues(value, &of);
                    if verdict != Verdict::Unknown {
                        return verdict;
                    }
                }
                self.judge_zero(&solved.reduce(&of.rem(&divisor)))
            }
        }
    }

    fn judge_zero(&self, difference: &Dim) -> Verdict {
        let solved = self.solved();
        if difference.as_constant() == Some(0) {
            return Verdict::Proven;
        }
        let content = difference.content();
        let no_multiple = content != 0 && difference.constant_term() % content != 0;
        if difference.as_constant().is_some()
            || no_multiple
            || solved.is_nonnegative(&(difference - 1))
            || solved.is_nonnegative(&(-difference - 1))
        {
            return Verdict::Refuted;
        }
        if solved.is_nonnegative(difference) && solved.is_nonnegative(&-difference) {
            return Verdict::Proven;
        }
        Verdict::Unknown
    }
}

impl Witness {
    /// Sizes at which a fact has the two values that do not go together.
    pub(crate) fn of(question: &Fact, env: &dyn Fn(Name) -> Option<i64>) -> Option<Witness> {
        let (left, right) = question.sides();
        let assignment = question.vars().into_iter().map(|name| Some((name, env(name)?)));
        Some(Witness {
            assignment: assignment.collect::<Option<_>>()?,
            left: left.eval(env)?,
            right: right.eval(env)?,
        })
    }
}
