//! Operators between values: on atoms they compute, on s-ops and selectors they make a
//! node.

use super::{MOST_ENTRIES, Machine, Result, Value};
use crate::ast::{BinaryOp, Compare, UnaryOp};
use crate::errors;
use crate::graph::{Map, NodeId, Op};
use crate::value::Atom;
use nnc_base::Span;

impl Machine<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, value: Value, span: Span) -> Result<Value> {
        match value {
            Value::Sop(id) => {
                let inner = &self.graph[id].name;
                let name = match op {
                    UnaryOp::Indicator => format!("I({inner})"),
                    op => format!("({} {inner})", op.as_str()),
                };
                self.push(Op::Map(Map::Unary(op), vec![id]), name, span)
            }
            Value::Selector(id) if op == UnaryOp::Not => self.push(Op::Not(id), "select", span),
            Value::Selector(_) => Err(self.fault(errors::selector_in(op.as_str()), span)),
            value if op == UnaryOp::Not => Ok(Value::Atom(Atom::Bool(!value.is_true()))),
            Value::Atom(atom) if op != UnaryOp::Indicator => {
                atom.unary(op).map(Value::Atom).map_err(|it| self.fault(it, span))
            }
            other => {
                let found = other.described();
                let fault = match op {
                    UnaryOp::Indicator => errors::wrong_kind("`indicator`", "an s-op", &found),
                    op => errors::no_meta_unary(op.as_str(), &found),
                };
                Err(self.fault(fault, span))
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: Value,
        right: Value,
        span: Span,
    ) -> Result<Value> {
        let logic = matches!(op, BinaryOp::And | BinaryOp::Or);
        match (left, right) {
            (Value::Selector(left), Value::Selector(right)) if logic => {
                let op = match op {
                    BinaryOp::And => Op::And(left, right),
                    _ => Op::Or(left, right),
                };
                self.push(op, "select", span)
            }
            (Value::Selector(_), other) | (other, Value::Selector(_)) if logic => {
                let fault = errors::selector_with_other(op.as_str(), &other.described());
                Err(self.fault(fault, span))
            }
            (Value::Selector(_), _) | (_, Value::Selector(_)) => {
                Err(self.fault(errors::selector_in(op.as_str()), span))
            }
            (Value::Sop(left), right @ (Value::Sop(_) | Value::Atom(_))) => {
                let right = self.sop(right, span)?;
                self.map_binary(op, left, right, span)
            }
            (left @ Value::Atom(_), Value::Sop(right)) => {
                let left = self.sop(left, span)?;
                self.map_binary(op, left, right, span)
            }
            (left, right) => self.atoms_binary(op, left, right, span),
        }
    }

    fn map_binary(
        &mut self,
        op: BinaryOp,
        left: NodeId,
        right: NodeId,
        span: Span,
    ) -> Result<Value> {
        let (a, b) = (&self.graph[left].name, &self.graph[right].name);
        let name = format!("({a} {} {b})", op.as_str());
        self.push(Op::Map(Map::Binary(op), vec![left, right]), name, span)
    }

    /// Between values that are no s-ops or selectors.
    fn atoms_binary(
        &mut self,
        op: BinaryOp,
        left: Value,
        right: Value,
        span: Span,
    ) -> Result<Value> {
        match (op, left, right) {
            // They give one of the two, as it is.
            (BinaryOp::And, left, right) => Ok(if left.is_true() { right } else { left }),
            (BinaryOp::Or, left, right) => Ok(if left.is_true() { left } else { right }),
            (op, Value::Atom(left), Value::Atom(right)) => {
                left.binary(op, &right).map(Value::Atom).map_err(|it| self.fault(it, span))
            }
            (BinaryOp::Compare(Compare::Equal), left, right) => {
                Ok(Value::Atom(Atom::Bool(left.equals(&right))))
            }
            (BinaryOp::Plus, Value::List(left), Value::List(right)) => {
                if left.len() + right.len() > MOST_ENTRIES {
                    return Err(self.fault(errors::too_large("the list", MOST_ENTRIES), span));
                }
                Ok(Value::list(left.iter().chain(right.iter()).cloned().collect()))
            }
            (BinaryOp::Times, Value::List(list), Value::Atom(times))
            | (BinaryOp::Times, Value::Atom(times), Value::List(list))
                if times.as_int().is_some() =>
            {
                let times = times.as_int().and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
                if list.len().saturating_mul(times) > MOST_ENTRIES {
                    return Err(self.fault(errors::too_large("the list", MOST_ENTRIES), span));
                }
                let items = std::iter::repeat_n(list.iter(), times).flatten().cloned();
                Ok(Value::list(items.collect()))
            }
            (op, left, right) => {
                let (left, right) = (left.described(), right.described());
                Err(self.fault(errors::no_meta_operation(op.as_str(), &left, &right), span))
            }
        }
    }
}
