//! What a layer or a function asks of sizes, and does not get.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::{CompareOp, Condition};
use nnc_shape::{Answer, Dim, Remainder};

use super::sizes::specialised;
use super::{guard, witness};
use crate::cx::Scope;
use crate::dims::question;

const DIVIDES: Code = Code("E0220");
const EQUAL_WHEN: Code = Code("E0221");
const ORDER: Code = Code("E0222");
const SPECIALISED: Code = Code("E0230");
const OVERFLOW: Code = Code("E0250");

/// Who asks, and with which sizes.
pub(crate) struct Asked<'a> {
    /// Such as "layer `Attention`".
    pub(crate) who: &'a str,
    pub(crate) at: Span,
    pub(crate) declared: Span,
    /// All sizes of who asks, with their values here.
    pub(crate) sizes: &'a [(Name, Dim)],
    /// The arguments that sizes were read off.
    pub(crate) origins: &'a [(Name, Span)],
}

impl Asked<'_> {
    fn size(&self, name: Name) -> Option<&Dim> {
        self.sizes.iter().find(|(it, _)| *it == name).map(|(_, size)| size)
    }

    fn number(&self, name: Name) -> Option<i64> {
        self.size(name)?.as_constant()
    }

    /// "D = 1600, N = 48", of the sizes that a fact names.
    fn values(&self, fact: &Condition) -> String {
        let vars = fact.vars();
        let named = self.sizes.iter().filter(|(name, _)| vars.contains(name));
        let values = named.filter(|(name, size)| size.as_var() != Some(*name));
        values.map(|(name, size)| format!("{name} = {size}")).collect::<Vec<_>>().join(", ")
    }
}

/// A fact that is not known to hold: as it is here, and as it was written.
pub(crate) type Unmet = (Condition, Condition);

/// One message about all facts that a use does not meet.
pub(crate) fn unmet(
    scope: &Scope,
    first: &Unmet,
    others: &[Unmet],
    asked: &Asked<'_>,
) -> Diagnostic {
    let mut diagnostic = message(scope, first, asked);
    let mut origins: Vec<(Name, Span)> = Vec::new();
    for (name, span) in asked.origins.iter().filter(|(name, _)| first.1.vars().contains(name)) {
        let seen = origins.iter().any(|(it, at)| it == name || at == span);
        let size = asked.size(*name).filter(|size| size.as_var() != Some(*name));
        if let Some(size) = size.filter(|_| !seen && *span != asked.at) {
            diagnostic = diagnostic.label(*span, format!("here {name} is {}", scope.show(size)));
            origins.push((*name, *span));
        }
    }
    for (_, written) in others {
        diagnostic = diagnostic.note(format!("nor is `{written}` known to hold"));
    }
    let guards: Vec<String> =
        [first].into_iter().chain(others).filter_map(|(here, _)| repair(scope, here)).collect();
    match guards.as_slice() {
        [] => diagnostic,
        guards => diagnostic.help(format!("add `where {}`", guards.join(", "))),
    }
}

/// The fact that the caller may add; `None` if the fact fails for all sizes.
fn repair(scope: &Scope, here: &Condition) -> Option<String> {
    let Condition::Compare(op, left, right) = here else { return Some(here.to_string()) };
    let written = format!("{} {} {}", scope.show(left), op.symbol(), scope.show(right));
    let Some(question) = question(*op, left, right) else { return Some(written) };
    match scope.facts.ask(&question) {
        Answer::Refuted(_) => None,
        // What is asked for reads better as it was asked than turned around.
        _ if left.as_var().is_some() && right.as_constant().is_some() => Some(written),
        answer => Some(guard(&answer).map_or(written, |guard| guard.to_string())),
    }
}

fn message(scope: &Scope, (here, written): &Unmet, asked: &Asked<'_>) -> Diagnostic {
    match (here, written) {
        (Condition::Compare(CompareOp::Eq, left, right), Condition::Compare(_, a, b)) => {
            match (a - b).as_remainder() {
                Some(remainder) => divides(scope, (left, right), written, &remainder, asked),
                None => equal(scope, (left, right), written, asked),
            }
        }
        _ => order(scope, here, written, asked),
    }
}

/// "`D % N == 0` fails: 1600 % 48 = 16".
fn divides(
    scope: &Scope,
    (left, right): (&Dim, &Dim),
    written: &Condition,
    remainder: &Remainder,
    asked: &Asked<'_>,
) -> Diagnostic {
    let value = |dim: &Dim| dim.eval(&|name| asked.number(name));
    let numbers = (value(&remainder.dividend), value(&remainder.divisor));
    let (Some(dividend), Some(divisor)) = numbers else {
        let text = format!("`{written}` is not known to hold");
        let diagnostic = Diagnostic::error(DIVIDES, asked.at, text)
            .here(format!("{} needs it", asked.who))
            .label(asked.declared, "asked for here");
        return match witness(&scope.facts.equal(left, right)) {
            Some(witness) => diagnostic.note(format!("witness: {witness}")),
            None => diagnostic,
        };
    };
    let rest = dividend.checked_rem_euclid(divisor).unwrap_or(0);
    let text = format!("`{written}` fails: {dividend} % {divisor} = {rest}");
    let diagnostic = Diagnostic::error(DIVIDES, asked.at, text)
        .here(format!("{} with {}", asked.who, asked.values(written)))
        .label(asked.declared, format!("asked for here: `{written}`"));
    if remainder.remainder != 0 {
        return diagnostic.help("choose sizes with this remainder");
    }
    if remainder.divisor.as_constant().is_some() {
        let least = divisor.saturating_mul(dividend / divisor);
        let near = [least, least.saturating_add(divisor)];
        let near: Vec<String> = near.iter().filter(|it| **it > 0).map(i64::to_string).collect();
        return diagnostic.help(format!(
            "choose {} among the multiples of {divisor}, such as {}",
            remainder.dividend,
            near.join(" or ")
        ));
    }
    let divisors = divisors(dividend, divisor);
    let diagnostic = diagnostic.note(format!("{dividend} is divisible by {divisors}"));
    // The size that was meant may stand beside the one that was given.
    let of = remainder.divisor.as_var();
    let swapped = asked.sizes.iter().find(|(name, size)| {
        let other = size.as_constant().filter(|it| *it > 1 && dividend % *it == 0);
        other.is_some_and(|other| other != dividend) && Some(*name) != of
    });
    match (of, swapped) {
        (Some(name), Some((other, size))) => {
            diagnostic.help(format!("did you swap {name} = {divisor} and {other} = {size}?"))
        }
        _ => diagnostic.help(format!(
            "choose {} among the divisors of {dividend}, or another {}",
            remainder.divisor, remainder.dividend
        )),
    }
}

/// The divisors that are nearest to a number, in order.
fn divisors(of: i64, near: i64) -> String {
    let mut all: Vec<i64> = (1..=of.min(1 << 20)).filter(|by| of % by == 0).collect();
    all.sort_by_key(|by| (by - near).abs());
    all.truncate(5);
    all.sort_unstable();
    all.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

fn equal(
    scope: &Scope,
    (left, right): (&Dim, &Dim),
    written: &Condition,
    asked: &Asked<'_>,
) -> Diagnostic {
    let who = asked.who;
    let asked_for = format!("asked for here: `{written}`");
    let value = right.as_constant().or(left.as_constant());
    if let (Some(var), Some(value)) = (specialised(scope, left, right), value) {
        let text = format!("{who} requires {var} == {value}, but {var} may be any size here");
        return Diagnostic::error(SPECIALISED, asked.at, text)
            .label(asked.declared, asked_for)
            .note("a size that each call chooses may not be fixed inside the function");
    }
    let (a, b) = (scope.show(left), scope.show(right));
    let text = match (left.as_constant(), right.as_constant()) {
        (Some(_), Some(_)) => format!("{who} needs `{written}`, and {a} is not {b}"),
        _ => format!("{who} needs {a} == {b}, which is not known"),
    };
    let diagnostic = Diagnostic::error(EQUAL_WHEN, asked.at, text).label(asked.declared, asked_for);
    match witness(&scope.facts.equal(left, right)) {
        Some(witness) => diagnostic.note(format!("witness: {witness}")),
        None => diagnostic,
    }
}

/// An inequality, or something composed.
fn order(scope: &Scope, here: &Condition, written: &Condition, asked: &Asked<'_>) -> Diagnostic {
    let lengths = written.to_string().contains(".len");
    let code = if lengths { OVERFLOW } else { ORDER };
    let shown = match here {
        Condition::Compare(op, left, right) => {
            format!("{} {} {}", scope.show(left), op.symbol(), scope.show(right))
        }
        other => other.to_string(),
    };
    let who = asked.who;
    let text = match here {
        Condition::Compare(op, left, right) => match (left.as_constant(), right.as_constant()) {
            (Some(left), Some(right)) => {
                format!("{who} needs `{written}`, and {left} {} {right} does not hold", op.symbol())
            }
            _ if shown == written.to_string() => {
                format!("{who} needs `{written}`, which is not known")
            }
            _ => format!("{who} needs `{written}`; here that is {shown}, which is not known"),
        },
        _ => format!("{who} needs `{written}`, which is not known"),
    };
    let diagnostic =
        Diagnostic::error(code, asked.at, text).label(asked.declared, "asked for here");
    let Condition::Compare(op, left, right) = here else { return diagnostic };
    let Some(question) = question(*op, left, right) else { return diagnostic };
    let answer = scope.facts.ask(&question);
    let diagnostic = match witness(&answer) {
        Some(witness) => diagnostic.note(format!("witness: {witness}")),
        None => diagnostic,
    };
    match answer {
        Answer::Refuted(_) => diagnostic.help("choose sizes for which it holds"),
        Answer::Proven | Answer::Unproven { .. } => diagnostic,
    }
}
