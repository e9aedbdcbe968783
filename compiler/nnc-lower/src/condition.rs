//! Conditions on sizes: decided now, or facts about run-time sizes.

use nnc_hir::{CompareOp, Condition};
use nnc_shape::{Dim, Fact, Facts};

use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};

/// The facts that a condition states, as far as facts can state it.
pub(crate) fn facts_of(condition: &Condition) -> Vec<Fact> {
    match condition {
        Condition::Const(_) | Condition::Config(_) | Condition::Given(_) | Condition::Or(..) => {
            Vec::new()
        }
        Condition::Not(inner) => match &**inner {
            Condition::Compare(op, left, right) => {
                facts_of(&Condition::Compare(op.negated(), left.clone(), right.clone()))
            }
            Condition::Not(inner) => facts_of(inner),
            Condition::Const(_)
            | Condition::Config(_)
            | Condition::Given(_)
            | Condition::And(..)
            | Condition::Or(..) => Vec::new(),
        },
        Condition::And(left, right) => {
            let mut facts = facts_of(left);
            facts.extend(facts_of(right));
            facts
        }
        Condition::Compare(op, left, right) => match op {
            CompareOp::Eq => vec![Fact::Equal(left.clone(), right.clone())],
            CompareOp::Ne => Vec::new(),
            CompareOp::Lt => vec![Fact::AtLeast(right.clone(), left + 1)],
            CompareOp::Le => vec![Fact::AtLeast(right.clone(), left.clone())],
            CompareOp::Gt => vec![Fact::AtLeast(left.clone(), right + 1)],
            CompareOp::Ge => vec![Fact::AtLeast(left.clone(), right.clone())],
        },
    }
}

/// Whether a condition holds for all sizes or for none; `None` where it depends.
pub(crate) fn decide(facts: &Facts, condition: &Condition) -> Option<bool> {
    match condition {
        Condition::Const(value) => Some(*value),
        Condition::Config(_) | Condition::Given(_) => None,
        Condition::Not(inner) => decide(facts, inner).map(|value| !value),
        Condition::And(left, right) => match (decide(facts, left), decide(facts, right)) {
            (Some(true), Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => None,
        },
        Condition::Or(left, right) => match (decide(facts, left), decide(facts, right)) {
            (Some(false), Some(false)) => Some(false),
            (Some(true), _) | (_, Some(true)) => Some(true),
            _ => None,
        },
        Condition::Compare(op, left, right) => {
            if let (Some(left), Some(right)) = (left.as_constant(), right.as_constant()) {
                return Some(op.holds(left, right));
            }
            let at_least =
                |left: &Dim, right: &Dim| facts.proves(&Fact::AtLeast(left.clone(), right.clone()));
            let equal = facts.proves(&Fact::Equal(left.clone(), right.clone()));
            let (yes, no) = match op {
                CompareOp::Eq => {
                    (equal, at_least(left, &(right + 1)) || at_least(right, &(left + 1)))
                }
                CompareOp::Ne => {
                    (at_least(left, &(right + 1)) || at_least(right, &(left + 1)), equal)
                }
                CompareOp::Lt => (at_least(right, &(left + 1)), at_least(left, right)),
                CompareOp::Le => (at_least(right, left), at_least(left, &(right + 1))),
                CompareOp::Gt => (at_least(left, &(right + 1)), at_least(right, left)),
                CompareOp::Ge => (at_least(left, right), at_least(right, &(left + 1))),
            };
            if yes { Some(true) } else { no.then_some(false) }
        }
    }
}

impl<'a> Lowerer<'a> {
    /// A condition in the terms of the graph that is being built.
    pub(crate) fn condition(&self, frame: &Frame<'a>, condition: &Condition) -> Condition {
        let sizes = condition.substitute(&|name| frame.sizes.get(&name).cloned());
        let sizes = sizes.with_given(&|name| frame.given(name));
        match &frame.instance {
            Some(instance) => sizes
                .with_configs(&|name| instance.bools.get(&name).map(|it| Condition::Const(*it))),
            None => sizes,
        }
    }

    /// Whether a condition holds, if the model's numbers and facts decide it.
    pub(crate) fn decided(
        &mut self,
        frame: &Frame<'a>,
        condition: &Condition,
    ) -> Lowering<Option<bool>> {
        let condition = self.condition(frame, condition);
        Ok(decide(&self.building()?.graph.facts, &condition))
    }
}
