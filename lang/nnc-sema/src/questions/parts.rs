//! Where sizes are equal, apart for sizes that have nothing to do with one another.
//!
//! The rows of two images depend on the rows of what came in, the columns on the columns, and
//! no fact ties the two. So each is asked about alone. Where one variable is all there is, and
//! the sizes are made of it by sums, multiples and floors, the answer is exact: see
//! [`SizeSet`]. Otherwise the solver answers, which may know too little.

use std::collections::BTreeSet;

use nnc_base::Name;
use nnc_hir::Condition;
use nnc_shape::{Answer, Dim, Fact, Facts, SizeSet};

use super::compare::Pair;
use crate::cx::Scope;
use crate::dims::follows;

/// Sizes that are not equal everywhere and that the same variables decide.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) pairs: Vec<Pair>,
    pub(super) equal: Equal,
    /// Values of the variables at which all are equal, if that is somewhere.
    pub(super) same_at: Option<Vec<(Name, i64)>>,
    /// And at which one is not.
    pub(super) different_at: Option<Vec<(Name, i64)>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Equal {
    /// Under these conditions, and nowhere else if it is `exactly` there.
    Where {
        conditions: Vec<String>,
        exactly: bool,
    },
    /// At some sizes: these and no others if they are listed.
    At(Option<String>),
    Nowhere,
    /// At none that were found.
    Unknown,
}

/// The parts of sizes that are not equal wherever the facts hold.
pub(super) fn parts(facts: &Facts, own: &BTreeSet<Name>, pairs: Vec<Pair>) -> Vec<Part> {
    let mut groups: Vec<(BTreeSet<Name>, Vec<Pair>)> = Vec::new();
    for pair in pairs {
        let equal = Fact::Equal(pair.1.clone(), pair.2.clone());
        if facts.proves(&equal) {
            continue;
        }
        let mut vars = facts.linked(&equal.vars());
        let mut together = vec![pair];
        let mut at = 0;
        while at < groups.len() {
            if groups[at].0.is_disjoint(&vars) {
                at += 1;
            } else {
                let (others, mut before) = groups.remove(at);
                vars.extend(others);
                before.append(&mut together);
                together = before;
            }
        }
        groups.push((vars, together));
    }
    let part = |(vars, pairs): (BTreeSet<Name>, Vec<Pair>)| {
        let only = vars.first().copied().filter(|_| vars.len() == 1);
        let exact = only.map(|name| exact(facts, own, name, &pairs));
        match exact.flatten() {
            Some(part) => part,
            None => Some(by_solver(facts, own, &vars, pairs)),
        }
    };
    groups.into_iter().filter_map(part).collect()
}

/// What is so for each value of one variable; none inside if the sizes are equal everywhere.
fn exact(facts: &Facts, own: &BTreeSet<Name>, name: Name, pairs: &[Pair]) -> Option<Option<Part>> {
    let all = facts.sizes_of(name)?;
    let least = facts.declared().find(|it| it.0 == name).map_or(1, |it| it.1);
    let mut same = all.clone();
    for (_, first, second) in pairs {
        let equal = Fact::Equal(first.clone(), second.clone());
        same = same.and(&SizeSet::of(&equal, name, least)?)?;
    }
    let different = all.without(&same)?;
    if different.is_empty() {
        return Some(None);
    }
    let equal = if same.is_empty() {
        Equal::Nowhere
    } else {
        let words = same.in_words(&all, name);
        let pinned = same.is_finite() && !all.is_finite() && !own.contains(&name);
        match words {
            Some(conditions) if !pinned => Equal::Where { conditions, exactly: true },
            words => Equal::At(words.map(|it| it.join(", "))),
        }
    };
    let at = |sizes: &SizeSet| sizes.first().map(|size| vec![(name, size)]);
    let (same_at, different_at) = (at(&same), at(&different));
    Some(Some(Part { pairs: pairs.to_vec(), equal, same_at, different_at }))
}

/// What the solver knows of sizes that several variables decide.
fn by_solver(facts: &Facts, own: &BTreeSet<Name>, vars: &BTreeSet<Name>, pairs: Vec<Pair>) -> Part {
    let mut known = facts.clone();
    let mut conditions = Some(Vec::new());
    let (mut exactly, mut nowhere) = (true, false);
    let mut different_at = None;
    for (_, first, second) in &pairs {
        let question = Fact::Equal(first.clone(), second.clone());
        let (witness, guard) = match known.ask(&question) {
            Answer::Proven => continue,
            Answer::Refuted(witness) => {
                nowhere |= true;
                (witness, None)
            }
            Answer::Unproven { witness, guard } => (witness, guard),
        };
        if different_at.is_none() {
            different_at = witness.and_then(|it| {
                let mut here = facts.clone();
                for (name, value) in &it.assignment {
                    here.assume_equal(&Dim::var(*name), &Dim::constant(*value));
                }
                here.example(vars)
            });
        }
        match guard.filter(|it| is_condition(it, own)) {
            Some(guard) => {
                exactly &= follows(&known, &question, &guard);
                known.assume(guard.clone());
                conditions.iter_mut().for_each(|it| it.push(guard.to_string()));
            }
            None => conditions = None,
        }
    }
    let mut equal = facts.clone();
    for (_, first, second) in &pairs {
        equal.assume_equal(first, second);
    }
    let same_at = if nowhere { None } else { equal.example(vars) };
    let equal = match conditions {
        _ if nowhere => Equal::Nowhere,
        Some(conditions) => Equal::Where { conditions, exactly },
        None if same_at.is_some() => Equal::At(None),
        None => Equal::Unknown,
    };
    Part { pairs, equal, same_at, different_at }
}

/// Whether a fact is a condition on sizes, and not a list of some: it fixes no size of an
/// input, and is more than the question in other words.
fn is_condition(fact: &Fact, own: &BTreeSet<Name>) -> bool {
    let Fact::Equal(left, right) = fact else { return true };
    let difference = left - right;
    let vars = difference.vars();
    let linear = vars.iter().all(|name| {
        let parts = difference.affine_in(*name);
        parts.is_some_and(|(coefficient, _)| coefficient.as_constant().is_some())
    });
    linear && (vars.len() > 1 || vars.iter().all(|name| own.contains(name)))
}

/// What conditions add to what is known.
pub(super) struct Narrowed {
    /// In few words, without what is known anyway.
    pub(super) words: Vec<String>,
    /// A size that they leave no value, or no more than some few.
    pub(super) pinned: Option<(Name, Option<String>)>,
    /// Values that are known to be possible and that the conditions exclude.
    pub(super) excluded: Option<Vec<(Name, i64)>>,
}

/// What `conditions`, which `after` knows, add to what `before` knows.
pub(super) fn narrowed(
    before: &Scope,
    after: &Facts,
    own: &BTreeSet<Name>,
    conditions: &[Condition],
) -> Narrowed {
    let mut narrowed = Narrowed { words: Vec::new(), pinned: None, excluded: None };
    let mut decided: BTreeSet<Name> = BTreeSet::new();
    let vars: BTreeSet<Name> = conditions.iter().flat_map(Condition::vars).collect();
    for name in vars {
        let sets = (before.facts.sizes_of(name), after.sizes_of(name));
        let (Some(possible), Some(left)) = sets else { continue };
        let (Some(excluded), Some(words)) =
            (possible.without(&left), words(&left, &possible, name))
        else {
            continue;
        };
        decided.insert(name);
        let finite = left.is_finite() && !possible.is_finite() && !own.contains(&name);
        if left.is_empty() || finite {
            narrowed.pinned = Some((name, (!left.is_empty()).then(|| words.join(", "))));
        }
        narrowed.words.extend(words);
        if let (None, Some(size)) = (&narrowed.excluded, excluded.first()) {
            narrowed.excluded = Some(vec![(name, size)]);
        }
    }
    let rest: Vec<Condition> = (conditions.iter())
        .filter(|it| it.vars().is_empty() || !it.vars().is_subset(&decided))
        .cloned()
        .collect();
    narrowed.words.extend(super::map::in_words(before, &rest));
    narrowed
}

fn words(left: &SizeSet, possible: &SizeSet, name: Name) -> Option<Vec<String>> {
    if left.is_empty() { Some(Vec::new()) } else { left.in_words(possible, name) }
}
