//! Reductions over the sequence as aggregates.

use super::scalar::zero;
use super::{Extracting, Extractor};
use crate::program::{
    Aggregate, Gather, KEY, OpId, OpKind, Order, QUERY, Selector, moved, read, reads, reads_at,
};
use nnc_graph::{Binary, Elem, Nest, Node, ReduceOp, Reduction, Scalar, Unary, Var};

impl Extractor<'_> {
    pub(super) fn reduction(
        &mut self,
        node: &Node,
        nest: &Nest,
        reduction: &Reduction,
    ) -> Extracting<OpId> {
        let axes = nest.axes.len() as u32;
        let sides = move |var: Var| match var.0 {
            it if it == axes => Some(KEY),
            _ => Some(QUERY),
        };
        let mut conditions = Vec::new();
        if let Some(guard) = &reduction.guard {
            split(self.scalar(node, guard, &sides)?, &mut conditions);
        }
        let value = self.scalar(node, &reduction.value, &sides)?;
        let elem = reduction.accumulator;
        let result = match reduction.op {
            ReduceOp::Sum => self.sum(value, conditions, elem)?,
            ReduceOp::Any => {
                split(value, &mut conditions);
                let any = self.any(conditions);
                read(any, QUERY)
            }
            ReduceOp::All => {
                split(Scalar::unary(Unary::Not, value), &mut conditions);
                let any = self.any(conditions);
                Scalar::unary(Unary::Not, read(any, QUERY))
            }
            ReduceOp::First => {
                let value = self.at_key(value, "the value that `pick` takes")?;
                self.choose(conditions, None, value, zero(elem), elem)
            }
            ReduceOp::Max | ReduceOp::Min => {
                let by = self.at_key(value, "the value that is compared")?;
                let greatest = reduction.op == ReduceOp::Max;
                let otherwise = extreme(elem, !greatest);
                let otherwise = otherwise.ok_or_else(|| self.refuse("a greatest bool"))?;
                let order = Order { by: by.clone(), greatest };
                self.choose(conditions, Some(order), by, otherwise, elem)
            }
            ReduceOp::ArgMax | ReduceOp::ArgMin => {
                let by = self.at_key(value, "the value that is compared")?;
                let order = Order { by, greatest: reduction.op == ReduceOp::ArgMax };
                let value = read(1, KEY);
                self.choose(conditions, Some(order), value, Scalar::int(0), Elem::I32)
            }
            ReduceOp::Product => {
                return Err(self.refuse("a product, which attention cannot compute"));
            }
        };
        if reduction.finish == Scalar::Acc {
            return Ok(self.map(result, nest.elem));
        }
        let finish = self.scalar(node, &reduction.finish, &sides)?;
        Ok(self.map(with_acc(&finish, &result), nest.elem))
    }

    /// A sum: of ones, how many are selected; of a choice whose other branch is 0, the sum
    /// where it is taken.
    fn sum(
        &mut self,
        mut value: Scalar,
        mut conditions: Vec<Scalar>,
        elem: Elem,
    ) -> Extracting<Scalar> {
        while let Scalar::Select { condition, then, otherwise } = &value {
            if reads_at(condition, QUERY).is_empty() {
                break;
            }
            if is_zero(otherwise) {
                split((**condition).clone(), &mut conditions);
                value = (**then).clone();
            } else if is_zero(then) {
                split(Scalar::unary(Unary::Not, (**condition).clone()), &mut conditions);
                value = (**otherwise).clone();
            } else {
                break;
            }
        }
        let one = matches!(value, Scalar::Int { value: 1, .. });
        let gather = if one {
            Gather::Count
        } else {
            Gather::Sum(self.at_key(value, "the value that is summed")?)
        };
        let aggregate = Aggregate { selector: Selector { conditions }, gather };
        Ok(read(self.program.intern(OpKind::Aggregate(aggregate), elem, self.span), QUERY))
    }

    /// Whether any key is selected.
    fn any(&mut self, conditions: Vec<Scalar>) -> OpId {
        let gather = Gather::Choose {
            order: None,
            value: Scalar::Bool(true),
            otherwise: Scalar::Bool(false),
        };
        let aggregate = Aggregate { selector: Selector { conditions }, gather };
        self.program.intern(OpKind::Aggregate(aggregate), Elem::Bool, self.span)
    }

    fn choose(
        &mut self,
        conditions: Vec<Scalar>,
        order: Option<Order>,
        value: Scalar,
        otherwise: Scalar,
        elem: Elem,
    ) -> Scalar {
        let gather = Gather::Choose { order, value, otherwise };
        let aggregate = Aggregate { selector: Selector { conditions }, gather };
        read(self.program.intern(OpKind::Aggregate(aggregate), elem, self.span), QUERY)
    }

    /// A scalar over the key alone.
    fn at_key(&self, value: Scalar, what: &str) -> Extracting<Scalar> {
        if reads(&value).iter().any(|(op, side)| *side == QUERY && !self.known_everywhere(*op)) {
            return Err(self.unseparated(&format!("{what} depends on the query, too")));
        }
        Ok(moved(&value, KEY))
    }
}

/// The conditions that hold if and only if a bool does.
fn split(guard: Scalar, conditions: &mut Vec<Scalar>) {
    match guard {
        Scalar::Bool(true) => {}
        Scalar::Binary(Binary::And, left, right) => {
            split(*left, conditions);
            split(*right, conditions);
        }
        Scalar::Unary(Unary::Not, value) => match *value {
            Scalar::Bool(false) => {}
            Scalar::Unary(Unary::Not, value) => split(*value, conditions),
            Scalar::Binary(Binary::Or, left, right) => {
                split(Scalar::unary(Unary::Not, *left), conditions);
                split(Scalar::unary(Unary::Not, *right), conditions);
            }
            value => keep(Scalar::unary(Unary::Not, value), conditions),
        },
        guard => keep(guard, conditions),
    }
}

fn keep(condition: Scalar, conditions: &mut Vec<Scalar>) {
    if !conditions.contains(&condition) {
        conditions.push(condition);
    }
}

fn with_acc(finish: &Scalar, value: &Scalar) -> Scalar {
    match finish {
        Scalar::Acc => value.clone(),
        other => other.map_children(&mut |child| with_acc(child, value)),
    }
}

fn is_zero(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Int { value, .. } => *value == 0,
        Scalar::Float { value, .. } => *value == 0.0,
        _ => false,
    }
}

/// What an empty `max` gives, or with `greatest` an empty `min`.
fn extreme(elem: Elem, greatest: bool) -> Option<Scalar> {
    let int = |least: i64, most: i64| {
        Some(Scalar::Int { elem, value: if greatest { most } else { least } })
    };
    match elem {
        Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 => {
            let value = if greatest { f64::INFINITY } else { f64::NEG_INFINITY };
            Some(Scalar::Float { elem, value })
        }
        Elem::I64 => int(i64::MIN, i64::MAX),
        Elem::I32 => int(i64::from(i32::MIN), i64::from(i32::MAX)),
        Elem::I8 => int(i64::from(i8::MIN), i64::from(i8::MAX)),
        Elem::U8 => int(0, i64::from(u8::MAX)),
        Elem::Bool => None,
    }
}
