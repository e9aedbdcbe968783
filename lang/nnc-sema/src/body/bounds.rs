//! Proofs that reads lie within their axes, under the guards around them.

use std::collections::BTreeSet;

use nnc_base::{Name, Span};
use nnc_hir::CompareOp;
use nnc_shape::{Dim, Fact, Facts};

use super::Body;
use super::index::NestState;
use crate::dims::assume_comparison;
use crate::errors::index as errors;

/// `0 <= index < size` has to hold where the guards do.
pub(super) struct Obligation {
    index: Dim,
    size: Dim,
    guards: Vec<(CompareOp, Dim, Dim)>,
    at: Span,
}

impl Body<'_, '_> {
    pub(super) fn must_be_in_bounds(&mut self, index: Dim, size: Dim, at: Span) {
        if let Some(nest) = &mut self.nest {
            let guards = nest.guards.clone();
            nest.obligations.push(Obligation { index, size, guards, at });
        }
    }

    /// A position outside nests.
    pub(super) fn in_bounds(&mut self, index: &Dim, size: &Dim, at: Span) -> bool {
        let zero = Dim::constant(0);
        let low = Fact::AtLeast(index.clone(), zero);
        let high = Fact::AtLeast(size - &Dim::constant(1), index.clone());
        for (low, question) in [(true, low), (false, high)] {
            if !self.scope.facts.proves(&question) {
                let answer = self.scope.facts.ask(&question);
                let position = errors::Position { index, size, low };
                let diagnostic = errors::out_of_bounds(&self.scope, at, &position, &answer, &[]);
                self.report(diagnostic);
                return false;
            }
        }
        true
    }

    /// Proves all reads of a nest to be in bounds, now that all ranges are known.
    pub(super) fn discharge(&mut self, state: &NestState) {
        let mut before: Option<(&Obligation, Known)> = None;
        for it in &state.obligations {
            let known = match before.take() {
                // Reads of one term have the same guards, whose variables are most of theirs.
                Some((other, known)) if known.knows(it) && other.guards == it.guards => known,
                _ => self.known(state, it),
            };
            let facts = &known.facts;
            let low = Fact::AtLeast(it.index.clone(), Dim::constant(0));
            let high = Fact::AtLeast(&it.size - &Dim::constant(1), it.index.clone());
            let questions = [(true, low), (false, high)];
            let open = |(_, question): &&(bool, Fact)| !facts.proves(question);
            if !facts.contradictory()
                && let Some((low, question)) = questions.iter().find(open)
            {
                let answer = facts.ask(question);
                let position = errors::Position { index: &it.index, size: &it.size, low: *low };
                // Only what the read is made of is told.
                let told = it.vars();
                let mut ranges = known.ranges.clone();
                ranges.retain(|(name, _)| told.contains(name));
                let diagnostic =
                    errors::out_of_bounds(&self.scope, it.at, &position, &answer, &ranges);
                self.report(diagnostic);
            }
            before = Some((it, known));
        }
    }

    /// What holds where a read stands: the facts of the function, the ranges of the indices
    /// that the read and its guards are made of, and the guards.
    fn known(&self, state: &NestState, it: &Obligation) -> Known {
        let mut facts = self.scope.facts.clone();
        let vars = it.vars();
        let mut ranges = Vec::new();
        for var in state.ended.iter().chain(&self.vars) {
            let Some(extent) = &var.extent else { continue };
            if vars.contains(&var.symbol) {
                facts.declare(var.symbol, 0, None);
                let last = extent - &Dim::constant(1);
                facts.assume_at_least(&last, &Dim::var(var.symbol));
                ranges.push((var.symbol, extent.clone()));
            }
        }
        for (op, left, right) in &it.guards {
            assume_comparison(&mut facts, *op, left, right);
        }
        Known { facts, vars, ranges }
    }
}

/// See [`Body::known`].
struct Known {
    facts: Facts,
    /// The variables of the read and its guards.
    vars: BTreeSet<Name>,
    ranges: Vec<(Name, Dim)>,
}

impl Known {
    fn knows(&self, it: &Obligation) -> bool {
        it.index.vars().is_subset(&self.vars)
    }
}

impl Obligation {
    fn vars(&self) -> BTreeSet<Name> {
        let mut vars = self.index.vars();
        for (_, left, right) in &self.guards {
            vars.extend(left.vars());
            vars.extend(right.vars());
        }
        vars
    }
}
