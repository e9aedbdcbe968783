//! Facts of which one holds, such as those of `D % 4 == 0 || D % 6 == 0`.
//!
//! What follows in each case follows; a case that contradicts the other facts is none.

use std::sync::Arc;

use nnc_base::Name;

use crate::fact::Fact;
use crate::facts::{Facts, Verdict};

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
            _ => Arc::make_mut(&mut self.choices).push(choice),
        }
    }

    /// What is the same in all cases of some choice.
    pub(crate) fn verdict_by_cases(&self, question: &Fact, canonical: &Fact) -> Verdict {
        for (index, choice) in self.choices.iter().enumerate() {
            let mut verdicts = choice.iter().filter_map(|case| {
                let mut here = self.clone();
                Arc::make_mut(&mut here.choices).remove(index);
                case.iter().for_each(|fact| here.assume(fact.clone()));
                (!here.contradictory()).then(|| here.verdict(question, canonical))
            });
            let Some(first) = verdicts.next() else { continue };
            if first != Verdict::Unknown && verdicts.all(|it| it == first) {
                return first;
            }
        }
        Verdict::Unknown
    }

    /// Whether sizes leave a case open in each choice.
    pub(crate) fn leaves_a_case(&self, env: &dyn Fn(Name) -> Option<i64>) -> bool {
        let possible = |case: &Vec<Fact>| case.iter().all(|fact| fact.holds(env) != Some(false));
        self.choices.iter().all(|choice| choice.iter().any(possible))
    }
}
