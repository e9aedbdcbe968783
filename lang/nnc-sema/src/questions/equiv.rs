//! Whether two dimension functions are the same.

use std::collections::BTreeSet;

use nnc_base::Name;
use nnc_hir::{Condition, Program, Type};
use nnc_shape::{Dim, Fact, Facts};

use super::NoAnswer;
use super::compare::{Comparison, Difference, compare};
use super::map::{Map, in_words, instance, vars_of};
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
    /// At some sizes.
    Instant,
    /// Nowhere that was found.
    Different,
}

/// What is to be said of two layers.
#[derive(Clone)]
pub struct Equivalence {
    pub answer: Answer,
    pub first: Map,
    pub second: Map,
    /// What makes sizes equal that are not so everywhere, as a `where` clause says it.
    pub guards: Vec<String>,
    /// Whether the sizes are equal nowhere else.
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
    /// What the layer asks whose inputs these are not, beyond what the other asks.
    extra: Vec<Condition>,
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
    match (&forward, &backward) {
        (Ok(forward), Ok(backward)) => {
            asks[1] = in_words(&without(forward, &forward.first_domain), &forward.extra);
            asks[0] = in_words(&without(backward, &backward.second_domain), &backward.extra);
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
    let comparison = compare(&cx.program, &common.scope, &common.first, &common.second);
    decide(&cx.program, &common, &comparison, &mut equivalence);
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
        extra,
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
        let mut facts = facts.clone();
        for (name, value) in known {
            facts.assume_equal(&Dim::var(*name), &Dim::constant(*value));
        }
        let mut sizes = instance(&facts, self.vars())?;
        sizes.sort_by_key(|(name, _)| *name);
        Some(sizes)
    }
}

/// In what the inputs of the two differ besides their sizes.
fn inputs_differ(
    program: &Program,
    forward: &Common,
    backward: &Common,
    differences: &mut Vec<String>,
) {
    for (first, second) in forward.inputs.iter().zip(&backward.inputs) {
        for difference in compare(program, &forward.scope, first, second).differences {
            if !matches!(difference, Difference::Size { .. }) {
                differences.push(format!("inputs: {difference}"));
            }
        }
    }
}

fn decide(
    program: &Program,
    common: &Common,
    comparison: &Comparison,
    equivalence: &mut Equivalence,
) {
    let mut form = false;
    for difference in &comparison.differences {
        match difference {
            Difference::Size { .. } => {}
            Difference::Form(..) => {
                form = true;
                equivalence.differences.push(format!("outputs: {difference}"));
            }
            Difference::Kind { .. } | Difference::Rate { .. } | Difference::Element(..) => {
                equivalence.differences.push(format!("outputs: {difference}"));
            }
        }
    }
    let sizes: Vec<&Difference> = (comparison.differences.iter())
        .filter(|it| matches!(it, Difference::Size { .. }))
        .collect();
    equivalence.different_at = counterexample(program, common, &sizes, equivalence);
    if form {
        return;
    }
    match &comparison.guards {
        Some(guards) if guards.iter().all(|it| is_condition(it, &own_sizes(equivalence))) => {
            equivalence.guards = guards.iter().map(Fact::to_string).collect();
            equivalence.exactly = comparison.exactly;
            let asks = equivalence.first_asks.is_empty() && equivalence.second_asks.is_empty();
            let same = sizes.is_empty() && asks && equivalence.differences.is_empty();
            equivalence.answer = if same { Answer::Complete } else { Answer::Type };
        }
        _ => {
            let mut facts = common.scope.facts.clone();
            for difference in sizes {
                if let Difference::Size { first, second, .. } = difference {
                    facts.assume_equal(first, second);
                }
            }
            let found = common.instance(&facts, &[]).map(|sizes| common.at(program, sizes));
            let found = found.filter(|it| it.first.is_ok() && it.first == it.second);
            if found.is_some() {
                equivalence.answer = Answer::Instant;
                equivalence.same_at = found;
            }
        }
    }
}

/// The sizes that are given with the layers.
fn own_sizes(equivalence: &Equivalence) -> BTreeSet<Name> {
    let sizes = equivalence.first.sizes.iter().chain(&equivalence.second.sizes);
    sizes.filter(|it| !it.of_input).map(|it| it.name).collect()
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

/// Sizes at which the two are not the same: a size of the output, or only one takes them.
fn counterexample(
    program: &Program,
    common: &Common,
    sizes: &[&Difference],
    equivalence: &Equivalence,
) -> Option<Instance> {
    for difference in sizes {
        let Difference::Size { answer, .. } = difference else { continue };
        let witness = match answer {
            nnc_shape::Answer::Refuted(witness) | nnc_shape::Answer::Unproven { witness, .. } => {
                witness.as_ref()
            }
            nnc_shape::Answer::Proven => None,
        };
        let known = witness.map_or(&[][..], |it| it.assignment.as_slice());
        if let Some(sizes) = common.instance(&common.scope.facts, known) {
            let found = common.at(program, sizes);
            if found.first != found.second {
                return Some(found);
            }
        }
    }
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
    equivalence.same_at = None;
    let fixed = |facts: &Facts| {
        let mut facts = facts.clone();
        for (name, value) in at {
            facts.assume_equal(&Dim::var(*name), &Dim::constant(*value));
        }
        facts
    };
    let mut scope = common.scope.clone();
    scope.facts = fixed(&scope.facts);
    let comparison = compare(program, &scope, &common.first, &common.second);
    let different = comparison.differences.iter().find_map(|it| match it {
        Difference::Size { answer, .. } => match answer {
            nnc_shape::Answer::Refuted(witness) | nnc_shape::Answer::Unproven { witness, .. } => {
                witness.clone()
            }
            nnc_shape::Answer::Proven => None,
        },
        _ => None,
    });
    let known = different.map_or_else(Vec::new, |it| it.assignment);
    let known: Vec<(Name, i64)> = at.iter().copied().chain(known).collect();
    match common.instance(&scope.facts, &known) {
        Some(sizes) => {
            let found = common.at(program, sizes);
            let same = found.first.is_ok() && found.first == found.second;
            if same && comparison.differences.is_empty() {
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
            let mut free = common.free.facts.clone();
            free = fixed(&free);
            equivalence.different_at =
                common.instance(&free, at).map(|sizes| common.at(program, sizes));
        }
    }
}
