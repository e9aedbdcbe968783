//! Factors that are 1 where data are equal to an index and 0 elsewhere, as guards.

use crate::conditions::{all_of, conditions};
use crate::inline::inline;
use crate::tidy::nest;
use nnc_graph::{
    Binary, Compare, Elem, Graph, Nest, NestKind, NodeId, ReduceOp, Reduction, Scalar, Value,
};

/// A reduction with what its value asks moved into its guard, and its operands.
pub(super) fn guarded(graph: &Graph, id: NodeId) -> Option<(Nest, Vec<Value>)> {
    let node = graph.node(id);
    let own = nest(node)?;
    let NestKind::Reduce(reduction) = &own.kind else { return None };
    let (mut after, operands) = factor_elsewhere(graph, id, reduction)
        .unwrap_or_else(|| (own.clone(), node.operands.clone()));
    let NestKind::Reduce(reduction) = &mut after.kind else { return None };
    let mut all = conditions(reduction.guard.as_ref());
    if let Some((condition, value)) = asked(reduction) {
        all.extend(conditions(Some(&condition)));
        reduction.value = value;
    }
    reduction.guard = all_of(all);
    Some((after, operands))
}

/// The nest that computes such a factor itself, where a map before it does.
fn factor_elsewhere(
    graph: &Graph,
    id: NodeId,
    reduction: &Reduction,
) -> Option<(Nest, Vec<Value>)> {
    if reduction.op != ReduceOp::Sum {
        return None;
    }
    let operands = &graph.node(id).operands;
    factors(&reduction.value).into_iter().find_map(|factor| {
        let Scalar::Read { operand, .. } = factor else { return None };
        let map = nest(graph.node(operands[*operand as usize].node))?;
        let NestKind::Map { value } = &map.kind else { return None };
        one_or_nothing(value)?;
        inline(graph, id, *operand)
    })
}

fn factors(value: &Scalar) -> Vec<&Scalar> {
    match value {
        Scalar::Binary(Binary::Mul, left, right) => [factors(left), factors(right)].concat(),
        other => vec![other],
    }
}

/// The condition without which a value adds nothing to its reduction, and the value under it.
fn asked(reduction: &Reduction) -> Option<(Scalar, Scalar)> {
    let elem = reduction.accumulator;
    if let Scalar::Select { condition, then, otherwise } = &reduction.value
        && has_equation(condition)
        && **otherwise == reduction.op.of_nothing(elem)
    {
        return Some(((**condition).clone(), (**then).clone()));
    }
    if reduction.op != ReduceOp::Sum {
        return None;
    }
    let all = factors(&reduction.value);
    let (at, (condition, then)) =
        all.iter().enumerate().find_map(|(at, it)| Some((at, one_or_nothing(it)?)))?;
    let rest = all.iter().enumerate().filter(|(other, _)| *other != at).map(|it| (*it.1).clone());
    let value =
        then.into_iter().chain(rest).reduce(|product, it| Scalar::binary(Binary::Mul, product, it));
    Some((condition, value.unwrap_or_else(|| one(elem))))
}

/// The condition under which a factor is not 0, and what it is then if that is not 1.
fn one_or_nothing(factor: &Scalar) -> Option<(Scalar, Option<Scalar>)> {
    match factor {
        Scalar::Select { condition, then, otherwise }
            if has_equation(condition) && is_number(otherwise, 0.0) =>
        {
            let then = (!is_number(then, 1.0)).then(|| (**then).clone());
            Some(((**condition).clone(), then))
        }
        Scalar::Cast { to, value } if *to != Elem::Bool && has_equation(value) => {
            Some(((**value).clone(), None))
        }
        Scalar::Cast { to, value } => {
            let (condition, then) = one_or_nothing(value)?;
            Some((condition, then.map(|it| Scalar::cast(*to, it))))
        }
        _ => None,
    }
}

/// Whether some condition is an equation.
fn has_equation(condition: &Scalar) -> bool {
    conditions(Some(condition)).iter().any(|it| matches!(it, Scalar::Compare(Compare::Eq, ..)))
}

fn one(elem: Elem) -> Scalar {
    match elem.is_float() {
        true => Scalar::Float { elem, value: 1.0 },
        false => Scalar::Int { elem, value: 1 },
    }
}

fn is_number(scalar: &Scalar, number: f64) -> bool {
    match scalar {
        Scalar::Float { value, .. } => *value == number,
        Scalar::Int { value, .. } => *value as f64 == number,
        _ => false,
    }
}
