//! Facts of which one holds, such as those of `D % 4 == 0 || D % 6 == 0`.
//!
//! What follows in each case follows; a case that contradicts the other facts is none.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use nnc_base::Name;

use crate::fact::Fact;
use crate::facts::{Facts, Verdict};
use crate::values::MOST_ASSUMED;

/// More choices than this are not told apart: each doubles the work.
const MOST_CHOICES: usize = 3;

/// What is known in each case beyond what is known anyway.
pub(crate) type Choice = Vec<Vec<Fact>>;

impl Facts {
    /// Assumes what is known in one of these cases, each of which also knows these facts.
    pub fn assume_either(&mut self, cases: &[Facts]) {
        let possible = cases.iter().filter(|case| !case.contradictory());
        let more = |case: &Facts| -> Vec<Fact> {
            case.iter().filter(|fact| self.iter().all(|it| it != *fact)).cloned().collect()
        };
        let choice: Choice = possible.map(more).collect();
        match choice.as_slice() {
            [only] => only.iter().for_each(|fact| self.assume(fact.clone())),
            _ if choice.iter().any(Vec::is_empty) || self.choices.len() == MOST_CHOICES => {}
            _ => {
                Arc::make_mut(&mut self.choices).push(choice);
                self.cases = OnceLock::new();
            }
        }
    }

    /// What is the same in all cases of some choice.
    pub(crate) fn verdict_by_cases(&self, question: &Fact, canonical: &Fact) -> Verdict {
        for cases in self.cases() {
            let mut verdicts = cases.iter().map(|case| case.verdict(question, canonical));
            let Some(first) = verdicts.next() else { continue };
            if first != Verdict::Unknown && verdicts.all(|it| it == first) {
                return first;
            }
        }
        Verdict::Unknown
    }

    /// For each choice what is known in each case that is possible.
    fn cases(&self) -> &[Vec<Facts>] {
        if self.choices.is_empty() {
            return &[];
        }
        self.cases.get_or_init(|| {
            let in_cases = |(index, choice): (usize, &Choice)| {
                let mut others = self.choices.to_vec();
                others.remove(index);
                let others = Arc::new(others);
                let in_case = |case: &Vec<Fact>| {
                    let mut here = self.clone();
                    here.cases = OnceLock::new();
                    here.choices = others.clone();
                    here.values_assumed = MOST_ASSUMED;
                    case.iter().for_each(|fact| here.assume(fact.clone()));
                    here
                };
                let cases = choice.iter().map(in_case);
                cases.filter(|case| !case.contradictory()).collect()
            };
            Arc::new(self.choices.iter().enumerate().map(in_cases).collect())
        })
    }

    /// Whether sizes leave a case open in each choice.
    pub(crate) fn leaves_a_case(&self, env: &dyn Fn(Name) -> Option<i64>) -> bool {
        // A choice among sizes that were not asked for is left open.
        let asked =
            |case: &Vec<Fact>| case.iter().flat_map(Fact::vars).all(|name| env(name).is_some());
        let possible = |case: &Vec<Fact>| case.iter().all(|fact| fact.holds(env) == Some(true));
        let open = |choice: &Choice| !choice.iter().all(asked) || choice.iter().any(possible);
        self.choices.iter().all(open)
    }

    /// The variables of each choice.
    pub(crate) fn choice_vars(&self) -> impl Iterator<Item = BTreeSet<Name>> {
        self.choices.iter().map(|choice| choice.iter().flatten().flat_map(Fact::vars).collect())
    }
}
