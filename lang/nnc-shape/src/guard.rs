//! The search for a fact that would prove what is not proved.
//!
//! Candidates come from the expressions themselves: divisibilities from their
//! floors, orders from their `min` and `max`, and the question itself, written
//! simply. The weakest come first, and one counts only if the question follows
//! from it and some sizes satisfy it.

use std::collections::BTreeSet;

use nnc_base::Name;

use crate::dim::{Atom, Dim};
use crate::fact::Fact;
use crate::facts::Facts;
use crate::search::{is_satisfiable, search};
use crate::solve::reduce_congruence;
use crate::values::MOST_ASSUMED;

/// How many candidates are tried.
const MOST_TRIED: usize = 8;
/// How many counterexamples they are held against.
const MOST_COUNTEREXAMPLES: usize = 48;
/// The largest remainder that a guard speaks of.
const LARGEST_REMAINDER: i64 = 8;

/// The weakest fact found from which the question would follow.
pub(crate) fn find_guard(facts: &Facts, question: &Fact) -> Option<Fact> {
    let vars = question.vars();
    let counterexamples = counterexamples(facts, question);
    let excludes_all = |candidate: &Fact| {
        counterexamples.iter().all(|sizes| {
            let size = |name| sizes.iter().find(|(other, _)| *other == name).map(|it| it.1);
            candidate.holds(&size) != Some(true)
        })
    };
    let candidates = candidates(facts, question).into_iter().filter(excludes_all);
    candidates.take(MOST_TRIED).find(|candidate| {
        let mut guarded = facts.clone();
        // Many guards are tried: none is looked for that takes long to follow from.
        guarded.values_assumed = MOST_ASSUMED;
        guarded.assume(candidate.clone());
        !guarded.contradictory() && guarded.proves(question) && is_satisfiable(&guarded, &vars)
    })
}

/// Some sizes that satisfy the facts but not the question; a guard has to
/// exclude them, and trying that is cheaper than trying to prove.
fn counterexamples(facts: &Facts, question: &Fact) -> Vec<Vec<(Name, i64)>> {
    let vars = question.vars();
    let mut found = Vec::new();
    search(facts, &vars, &mut |env| {
        if question.holds(env) == Some(false) {
            found.push(vars.iter().filter_map(|name| Some((*name, env(*name)?))).collect());
        }
        found.len() == MOST_COUNTEREXAMPLES
    });
    found
}

fn candidates(facts: &Facts, question: &Fact) -> Vec<Fact> {
    let mut candidates = Vec::new();
    let (left, right) = question.sides();
    let (left_normal, right_normal) = (facts.normalise(left), facts.normalise(right));
    let difference = facts.normalise(&(left - right));
    match question {
        Fact::Equal(..) => {
            let sides = [left, right, &left_normal, &right_normal];
            candidates.extend(divisibilities(&sides, &difference.vars()));
            candidates.extend(orders(&sides));
            candidates.push(equality(&difference));
            candidates.push(Fact::Equal(left.clone(), right.clone()));
        }
        Fact::AtLeast(..) => {
            let sides = [left, right, &left_normal, &right_normal];
            candidates.extend(orders(&sides));
            candidates.extend(dividends(&difference));
            candidates.extend(divisibilities(&sides, &difference.vars()));
            candidates.push(inequality(&difference));
            candidates.push(Fact::AtLeast(left.clone(), right.clone()));
        }
        Fact::Divides { divisor, of } => {
            candidates.extend(simple_divisibility(&right_normal, &left_normal));
            candidates.push(Fact::Divides { divisor: divisor.clone(), of: of.clone() });
        }
    }
    candidates
}

/// That the divisors of the floors divide what stands above them, or a
/// variable in it, the smaller divisors first.
fn divisibilities(sides: &[&Dim], vars: &BTreeSet<Name>) -> Vec<Fact> {
    let mut pairs: BTreeSet<(i64, usize, Dim, Dim)> = BTreeSet::new();
    let mut add = |divisor: &Dim, of: Dim| {
        let size = divisor.as_constant().unwrap_or(i64::MAX);
        pairs.insert((size, of.terms.len(), divisor.clone(), of));
    };
    for side in sides {
        side.visit_atoms(&mut |atom| {
            let Atom::Floor(above, below) = atom else { return };
            add(below, (**above).clone());
            for name in above.vars().into_iter().chain(vars.iter().copied()) {
                if !below.vars().contains(&name) {
                    add(below, Dim::var(name));
                }
            }
            let Some(divisor) = below.as_constant() else { return };
            let varying = &**above - above.constant_term();
            for remainder in 0..divisor.min(LARGEST_REMAINDER) {
                add(below, &varying + remainder);
            }
        });
    }
    let facts = pairs.into_iter().map(|(_, _, divisor, of)| simple_divisibility(&divisor, &of));
    facts.flatten().collect()
}

/// A divisibility without what both sides share, unless it never holds.
fn simple_divisibility(divisor: &Dim, of: &Dim) -> Option<Fact> {
    let Some(value) = divisor.as_constant() else {
        return Some(Fact::Divides { divisor: divisor.clone(), of: of.clone() });
    };
    if value <= 0 {
        return None;
    }
    let (value, of) = reduce_congruence(value, of)?;
    (value > 1).then(|| Fact::Divides { divisor: Dim::constant(value), of })
}

/// That one argument of a `min` or `max` is at least another.
fn orders(sides: &[&Dim]) -> Vec<Fact> {
    let mut orders = Vec::new();
    for side in sides {
        side.visit_atoms(&mut |atom| {
            let (Atom::Min(items) | Atom::Max(items)) = atom else { return };
            for left in items {
                for right in items.iter().filter(|right| *right != left) {
                    let fact = inequality(&(left - right));
                    if !orders.contains(&fact) {
                        orders.push(fact);
                    }
                }
            }
        });
    }
    orders
}

/// That what stands above a divisor is as large as it has to be, for a sum
/// with a floor to be at least zero.
fn dividends(dim: &Dim) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (monomial, value) in &dim.terms {
        if let ([(Atom::Floor(above, below), 1)], 1) = (monomial.factors.as_slice(), value) {
            let mut rest = dim.clone();
            rest.add_term(monomial.clone(), -1);
            facts.push(inequality(&(&**above + &**below * rest)));
        }
    }
    facts
}

fn inequality(dim: &Dim) -> Fact {
    let (left, right) = balanced(&dim.without_content());
    Fact::AtLeast(left, right)
}

fn equality(dim: &Dim) -> Fact {
    let content = Dim::constant(dim.content_with_constant());
    let (left, right) = balanced(&dim.exact_div(&content).unwrap_or_else(|| dim.clone()));
    if left.as_constant().is_some() { Fact::Equal(right, left) } else { Fact::Equal(left, right) }
}

/// Two sums without negative terms whose difference it is.
fn balanced(dim: &Dim) -> (Dim, Dim) {
    let (mut left, mut right) = (Dim::zero(), Dim::zero());
    for (monomial, value) in &dim.terms {
        if *value > 0 {
            left.add_term(monomial.clone(), *value);
        } else {
            right.add_term(monomial.clone(), -value);
        }
    }
    (left, right)
}
