//! The search for sizes that satisfy the facts.
//!
//! It walks through the solver's free variables, so that equalities and
//! divisibilities hold by construction, from small values to large ones, and
//! then tries some scattered ones. It always tries the same.

use std::collections::BTreeSet;

use nnc_base::Name;

use crate::dim::Dim;
use crate::fact::{Fact, Witness};
use crate::facts::Facts;

/// How many assignments are tried in order, and how many scattered ones after them.
const MOST_ORDERED: usize = 1200;
const MOST_SCATTERED: usize = 300;
/// How far from the least value the ordered search goes in one variable.
const FARTHEST: usize = 96;

/// Whether the sizes that the argument gives for names are the wanted ones.
pub(crate) type Accept<'a> = dyn FnMut(&dyn Fn(Name) -> Option<i64>) -> bool + 'a;

/// Sizes that satisfy the facts but not the question.
pub(crate) fn find_witness(facts: &Facts, question: &Fact) -> Option<Witness> {
    let mut witness = None;
    search(facts, &question.vars(), &mut |env| {
        if question.holds(env) == Some(false) {
            witness = Witness::of(question, env);
        }
        witness.is_some()
    });
    witness
}

/// Whether some sizes satisfy the facts that bear on these variables.
pub(crate) fn is_satisfiable(facts: &Facts, vars: &BTreeSet<Name>) -> bool {
    search(facts, vars, &mut |_| true)
}

/// Calls `accept` for assignments that satisfy the facts until it says yes.
pub(crate) fn search(facts: &Facts, vars: &BTreeSet<Name>, accept: &mut Accept<'_>) -> bool {
    if facts.contradictory() {
        return false;
    }
    let mut walk = Walk::new(facts, vars);
    let width = walk.free.len();
    let mut tried = 0;
    let mut steps = vec![0; width];
    for level in 0..=FARTHEST.saturating_mul(width.min(4)) {
        if !first_of_level(&mut steps, level) {
            return walk.try_steps(&steps, accept);
        }
        loop {
            if steps.iter().all(|step| *step <= FARTHEST) && walk.try_steps(&steps, accept) {
                return true;
            }
            tried += 1;
            if tried > MOST_ORDERED || !next_of_level(&mut steps) {
                break;
            }
        }
        if tried > MOST_ORDERED {
            break;
        }
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..MOST_SCATTERED {
        for step in &mut steps {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let spread = [4, 32, 256, 2048][(state >> 60) as usize % 4];
            *step = (state >> 33) as usize % spread;
        }
        if walk.try_steps(&steps, accept) {
            return true;
        }
    }
    false
}

/// Puts the first list of numbers with this sum; no if there are no numbers.
fn first_of_level(steps: &mut [usize], level: usize) -> bool {
    steps.fill(0);
    match steps.last_mut() {
        Some(last) => {
            *last = level;
            true
        }
        None => false,
    }
}

/// Puts the next list of numbers with the same sum, if there is one.
fn next_of_level(steps: &mut [usize]) -> bool {
    let Some(last) = steps.iter().rposition(|step| *step > 0) else { return false };
    if last == 0 {
        return false;
    }
    let rest = steps[last] - 1;
    steps[last] = 0;
    steps[last - 1] += 1;
    let end = steps.len() - 1;
    steps[end] += rest;
    true
}

struct Walk<'a> {
    facts: &'a Facts,
    relevant: Vec<&'a Fact>,
    /// The program's variables, and what they are in the solver's.
    vars: Vec<(Name, Dim)>,
    free: Vec<Name>,
}

impl<'a> Walk<'a> {
    fn new(facts: &'a Facts, asked: &BTreeSet<Name>) -> Walk<'a> {
        let mut vars = asked.clone();
        let mut relevant: Vec<&Fact> = Vec::new();
        let mut others: Vec<&Fact> = facts.iter().collect();
        loop {
            let (linked, apart): (Vec<&Fact>, Vec<&Fact>) =
                others.into_iter().partition(|fact| !fact.vars().is_disjoint(&vars));
            others = apart;
            let before = vars.len();
            for fact in linked {
                vars.extend(fact.vars());
                relevant.push(fact);
            }
            for choice in facts.choice_vars() {
                if !choice.is_disjoint(&vars) {
                    vars.extend(choice);
                }
            }
            if vars.len() == before {
                break;
            }
        }
        let solved = facts.solved();
        let meaning = |name: Name| {
            let replaced = solved.replaced.get(&name);
            (name, replaced.cloned().unwrap_or_else(|| Dim::var(name)))
        };
        let vars: Vec<(Name, Dim)> = vars.into_iter().map(meaning).collect();
        let free: BTreeSet<Name> = vars.iter().flat_map(|(_, dim)| dim.vars()).collect();
        Walk { facts, relevant, vars, free: free.into_iter().collect() }
    }

    /// Tries the values so many steps from the least of each free variable.
    fn try_steps(&mut self, steps: &[usize], accept: &mut Accept<'_>) -> bool {
        let mut free = Vec::with_capacity(steps.len());
        for (name, step) in self.free.iter().zip(steps) {
            let Some(value) = self.value(*name, *step) else { return false };
            free.push((*name, value));
        }
        let in_free = |name| look_up(&free, name);
        let mut values = Vec::with_capacity(self.vars.len());
        for (name, meaning) in &self.vars {
            let Some(value) = meaning.eval(&in_free) else { return false };
            let (min, max) = self.facts.declared_range(*name);
            if value < min || max.is_some_and(|max| value > max) {
                return false;
            }
            values.push((*name, value));
        }
        let env = |name| look_up(&values, name);
        self.relevant.iter().all(|fact| fact.holds(&env) == Some(true))
            && self.facts.leaves_a_case(&env)
            && accept(&env)
    }

    fn value(&self, name: Name, step: usize) -> Option<i64> {
        let step = i128::try_from(step).ok()?;
        let range = self.facts.solved().range_of_var(name);
        let value = match (range.low, range.high) {
            (Some(low), _) => low.checked_add(step)?,
            (None, Some(high)) => high.checked_sub(step)?,
            // 0, 1, -1, 2, -2, ...
            (None, None) if step % 2 == 0 => -(step / 2),
            (None, None) => step / 2 + 1,
        };
        if range.high.is_some_and(|high| value > high) {
            return None;
        }
        i64::try_from(value).ok()
    }
}

fn look_up(values: &[(Name, i64)], name: Name) -> Option<i64> {
    values.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
}
