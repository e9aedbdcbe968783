//! Whether two dimension functions are the same.

use std::collections::BTreeSet;

use nnc_base::Name;
use nnc_hir::{Condition, Program, Type};
use nnc_shape::{Dim, Facts};

use super::NoAnswer;
use super::compare::{Comparison, Difference, compare, forms};
use super::map::{Map, vars_of};
use super::parts::{Equal, Narrowed, narrowed};
use crate::body::{Surroundings, apply};
use crate::cx::{Cx, Scope};
use crate::dims::{know, question, refuted};

/// Where two layers have the same dimension function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Everywhere, and they take the same inputs, with the same elements and kinds.
    Complete,
    /// On all inputs that both take and for which the conditions hold.
    Type,
    /// At some sizes, few of an axis.
    Instant,
    /// Nowhere, or if that is not `exactly` so, nowhere that was found.
    Different,
}

/// What is to be said of two layers.
#[derive(Clone)]
pub struct Equivalence {
    pub answer: Answer,
    pub first: Map,
    pub second: Map,
    /// What makes sizes equal that are not so everywhere, as a `where` clause says it: a
    /// condition on sizes, or the sizes themselves where they are few.
    pub guards: Vec<String>,
    /// Whether it is proved that the sizes are equal nowhere else.
    pub exactly: bool,
    /// What the first asks of inputs and the second does not.
    pub first_asks: Vec<String>,
    pub second_asks: Vec<String>,
    /// In what else they differ, in inputs and outputs.
    pub differences: Vec<String>,
    /// Sizes at which they are the same: those asked for, or some that were found.
    pub same_at: Option<Instance>,
    /// Sizes at which they are not.
    pub different_at: Option<Instance>,
}

/// What two layers give for inputs of some sizes.
#[derive(Clone, PartialEq, Debug)]
pub struct Instance {
    pub sizes: Vec<(Name, i64)>,
    /// The output's type, or the condition that the input does not meet.
    pub first: Result<String, String>,
    pub second: Result<String, String>,
}

/// Inputs of one of two layers, with what both make of them.
struct Common {
    inputs: Vec<Type>,
    first: Type,
    second: Type,
    first_domain: Vec<Condition>,
    second_domain: Vec<Condition>,
    /// Before any of the domains.
    free: Scope,
    /// Where both domains hold.
    scope: Scope,
}

pub(super) fn equiv(
    cx: &mut Cx<'_>,
    first: Map,
    second: Map,
    at: &[(Name, i64)],
) -> Result<Equivalence, NoAnswer> {
    let forward = on_inputs_of(cx, &first, &second);
    let backward = on_inputs_of(cx, &second, &first).map(|it| Common {
        first: it.second,
        second: it.first,
        first_domain: it.second_domain,
        second_domain: it.first_domain,
        ..it
    });
    let mut differences = Vec::new();
    let mut asks = [Vec::new(), Vec::new()];
    let mut excluded = None;
    match (&forward, &backward) {
        (Ok(forward), Ok(backward)) => {
            let second = forward.asks(&forward.first_domain, &forward.second_domain);
            let first = backward.asks(&backward.second_domain, &backward.first_domain);
            excluded = forward.at_excluded(&cx.program, &second, &forward.first_domain);
            excluded = excluded
                .or_else(|| backward.at_excluded(&cx.program, &first, &backward.second_domain));
            asks = [first.words, second.words];
            inputs_differ(&cx.program, forward, backward, &mut differences);
        }
        (Ok(_), Err(reason)) => {
            differences.push(format!("the first does not take all inputs of the second: {reason}"))
        }
        (Err(reason), Ok(_)) => {
            differences.push(format!("the second does not take all inputs of the first: {reason}"))
        }
        (Err(reason), Err(_)) => {
            differences.push(format!("no input goes into both: {reason}"));
        }
    }
    let common = forward.or(backward);
    let mut equivalence = Equivalence {
        answer: Answer::Different,
        guards: Vec::new(),
        exactly: true,
        first_asks: std::mem::take(&mut asks[0]),
        second_asks: std::mem::take(&mut asks[1]),
        differences,
        same_at: None,
        different_at: None,
        first,
        second,
    };
    let Ok(common) = common else { return Ok(equivalence) };
    let vars = common.vars();
    if let Some((name, _)) = at.iter().find(|(name, _)| !vars.contains(name)) {
        return Err(NoAnswer::UnknownSize { name: *name, known: vars.into_iter().collect() });
    }
    let own = own_sizes(&equivalence);
    let comparison = compare(&cx.program, &common.scope, &own, &common.first, &common.second);
    decide(&cx.program, &common, &comparison, excluded, &mut equivalence);
    if !at.is_empty() {
        at_sizes(&cx.program, &common, at, &mut equivalence);
    }
    Ok(equivalence)
}

/// Applies both to the inputs of `own`; the reason if `other` does not take them.
fn on_inputs_of(cx: &mut Cx<'_>, own: &Map, other: &Map) -> Result<Common, String> {
    let mut scope = own.scope.clone();
    let mut extra = Vec::new();
    for condition in &other.asked_of_parameters {
        if refuted(&scope, condition) {
            return Err(format!("`{}` wants {condition}", other.text));
        }
        if crate::dims::prove(&scope, condition) != Some(true) {
            extra.push(condition.clone());
            know(&mut scope, condition);
        }
    }
    let inputs: Vec<Type> = own.inputs.iter().map(|it| it.ty.clone()).collect();
    let mut surroundings = Surroundings { scope, owner: None, float: true, pack: true };
    let who = format!("`{}`", other.text);
    let applied = apply(cx, &surroundings, &other.links, inputs.clone(), other.at, &who);
    if applied.output.is_error() {
        let reason = applied.diagnostics.first().map(|it| it.message.clone());
        return Err(reason.unwrap_or_else(|| format!("{who} does not take them")));
    }
    extra.extend(applied.assumed);
    // All that the other asks, whether or not the first asks it too.
    let mut free = own.scope.clone();
    free.facts = Facts::new();
    for (name, least, most) in own.scope.facts.declared() {
        free.facts.declare(name, least, most);
    }
    surroundings.scope = free.clone();
    let alone = apply(cx, &surroundings, &other.links, inputs.clone(), other.at, &who);
    let asked = other.asked_of_parameters.iter().cloned();
    let second_domain =
        if alone.output.is_error() { extra.clone() } else { asked.chain(alone.assumed).collect() };
    Ok(Common {
        inputs,
        first: own.output.clone(),
        second: applied.output,
        first_domain: own.domain.clone(),
        second_domain,
        free,
        scope: applied.scope,
    })
}

/// The scope of common inputs in which one of the domains holds.
fn without(common: &Common, domain: &[Condition]) -> Scope {
    let mut scope = common.free.clone();
    for condition in domain {
        know(&mut scope, condition);
    }
    scope
}

impl Common {
    fn vars(&self) -> BTreeSet<Name> {
        let mut vars = BTreeSet::new();
        for ty in self.inputs.iter().chain([&self.first, &self.second]) {
            vars_of(ty, &mut vars);
        }
        for condition in self.first_domain.iter().chain(&self.second_domain) {
            vars.extend(condition.vars());
        }
        vars
    }

    /// What both give for inputs of these sizes.
    fn at(&self, program: &Program, sizes: Vec<(Name, i64)>) -> Instance {
        let size = |name: Name| sizes.iter().find(|(it, _)| *it == name).map(|it| it.1);
        let result = |domain: &[Condition], output: &Type| {
            let broken = domain.iter().find(|it| it.eval(&size, &|_| None) == Some(false));
            match broken {
                Some(condition) => Err(condition.to_string()),
                None => {
                    let output = output.substitute(&|name| size(name).map(Dim::constant));
                    Ok(program.show(&output).to_string())
                }
            }
        };
        Instance {
            first: result(&self.first_domain, &self.first),
            second: result(&self.second_domain, &self.second),
            sizes,
        }
    }

    /// All sizes where some are these and a scope's facts hold.
    fn instance(&self, facts: &Facts, known: &[(Name, i64)]) -> Option<Vec<(Name, i64)>> {
        fixed(facts, known).example(&self.vars())
    }

    /// What the conditions of one of the layers ask beyond those of the other.
    fn asks(&self, given: &[Condition], asked: &[Condition]) -> Narrowed {
        let before = without(self, given);
        let mut after = before.clone();
        for condition in asked {
            know(&mut after, condition);
        }
        // Who gives the sizes is of no matter here: all are named in the answer.
        narrowed(&before, &after.facts, &self.vars(), asked)
    }

    /// What both give for a size that only one of them takes, where `given` holds.
    fn at_excluded(
        &self,
        program: &Program,
        asks: &Narrowed,
        given: &[Condition],
    ) -> Option<Instance> {
        let known = asks.excluded.as_deref()?;
        let sizes = self.instance(&without(self, given).facts, known)?;
        let found = self.at(program, sizes);
        (found.first != found.second).then_some(found)
    }
}

/// Facts of which some sizes have these values.
fn fixed(facts: &Facts, known: &[(Name, i64)]) -> Facts {
    let mut facts = facts.clone();
    for (name, value) in known {
        facts.assume_equal(&Dim::var(*name), &Dim::constant(*value));
    }
    facts
}

/// In what the inputs of the two differ besides their sizes.
fn inputs_differ(
    program: &Program,
    forward: &Common,
    backward: &Common,
    differences: &mut Vec<String>,
) {
    for (first, second) in forward.inputs.iter().zip(&backward.inputs) {
        let forms = forms(program, first, second);
        differences.extend(forms.iter().map(|it| format!("inputs: {it}")));
    }
}

/// Decides by the parts of the outputs' sizes; `excluded` is what both give for inputs that
/// only one of them takes.
fn decide(
    program: &Program,
    common: &Common,
    comparison: &Comparison,
    excluded: Option<Instance>,
    equivalence: &mut Equivalence,
) {
    let mut form = false;
    for difference in &comparison.differences {
        form |= matches!(difference, Difference::Form(..));
        equivalence.differences.push(format!("outputs: {difference}"));
    }
    let facts = &common.scope.facts;
    let different = comparison.parts.iter().find_map(|part| {
        let sizes = common.instance(facts, part.different_at.as_deref()?)?;
        let found = common.at(program, sizes);
        (found.first != found.second).then_some(found)
    });
    equivalence.different_at =
        different.or(excluded).or_else(|| counterexample(program, common, equivalence));
    if form {
        return;
    }
    let (mut pinned, mut listed, mut found) = (false, true, true);
    let mut same: Vec<(Name, i64)> = Vec::new();
    for part in &comparison.parts {
        match &part.equal {
            Equal::Where { conditions, exactly } => {
                equivalence.guards.extend(conditions.iter().cloned());
                equivalence.exactly &= exactly;
            }
            Equal::At(words) => {
                pinned = true;
                listed &= words.is_some();
                equivalence.guards.extend(words.iter().cloned());
            }
            Equal::Nowhere => {
                equivalence.guards.clear();
                equivalence.exactly = true;
                return;
            }
            Equal::Unknown => found = false,
        }
        same.extend(part.same_at.iter().flatten());
    }
    let sizes = if pinned && found { common.instance(facts, &same) } else { None };
    let at = sizes.map(|it| common.at(program, it));
    let at = at.filter(|it| it.first.is_ok() && it.first == it.second);
    if !found || (pinned && at.is_none()) {
        equivalence.guards.clear();
        equivalence.exactly = false;
        return;
    }
    if pinned {
        if !listed {
            equivalence.guards.clear();
            equivalence.exactly = false;
        }
        equivalence.answer = Answer::Instant;
        equivalence.same_at = at;
        return;
    }
    let asks = equivalence.first_asks.is_empty() && equivalence.second_asks.is_empty();
    let same = comparison.parts.is_empty() && asks && equivalence.differences.is_empty();
    equivalence.answer = if same { Answer::Complete } else { Answer::Type };
}

/// The sizes that are given with the layers.
fn own_sizes(equivalence: &Equivalence) -> BTreeSet<Name> {
    let sizes = equivalence.first.sizes.iter().chain(&equivalence.second.sizes);
    sizes.filter(|it| !it.of_input).map(|it| it.name).collect()
}

/// Sizes that only one of the two takes, as the solver finds them.
fn counterexample(
    program: &Program,
    common: &Common,
    equivalence: &Equivalence,
) -> Option<Instance> {
    if equivalence.first_asks.is_empty() && equivalence.second_asks.is_empty() {
        return None;
    }
    let domains = [&common.first_domain, &common.second_domain];
    for (own, other) in [(0, 1), (1, 0)] {
        let scope = without(common, domains[own]);
        for condition in domains[other] {
            let Condition::Compare(op, left, right) = condition else { continue };
            let Some(question) = question(*op, left, right) else { continue };
            let witness = match scope.facts.ask(&question) {
                nnc_shape::Answer::Refuted(witness)
                | nnc_shape::Answer::Unproven { witness, .. } => witness,
                nnc_shape::Answer::Proven => None,
            };
            let Some(witness) = witness else { continue };
            let Some(sizes) = common.instance(&scope.facts, &witness.assignment) else { continue };
            return Some(common.at(program, sizes));
        }
    }
    None
}

/// Answers for some sizes, the others being open.
fn at_sizes(program: &Program, common: &Common, at: &[(Name, i64)], equivalence: &mut Equivalence) {
    let mut scope = common.scope.clone();
    scope.facts = fixed(&scope.facts, at);
    let own = own_sizes(equivalence);
    let comparison = compare(program, &scope, &own, &common.first, &common.second);
    let form = comparison.differences.iter().any(|it| matches!(it, Difference::Form(..)));
    let different = comparison.parts.iter().find_map(|it| it.different_at.clone());
    equivalence.same_at = None;
    equivalence.guards.clear();
    let known: Vec<(Name, i64)> = at.iter().copied().chain(different.unwrap_or_default()).collect();
    match common.instance(&scope.facts, &known) {
        Some(sizes) => {
            let found = common.at(program, sizes);
            let same = found.first.is_ok() && found.first == found.second;
            if same && !form && comparison.parts.is_empty() {
                if equivalence.answer != Answer::Complete {
                    equivalence.answer = Answer::Instant;
                }
                equivalence.same_at = Some(found);
            } else {
                equivalence.answer = Answer::Different;
                equivalence.different_at = Some(found);
            }
        }
        // One of them, or both, does not take such inputs.
        None => {
            equivalence.answer = Answer::Different;
            let sizes = common.instance(&common.free.facts, at);
            equivalence.different_at = sizes.map(|sizes| common.at(program, sizes));
        }
    }
}
