//! Single values, of which every operation has finitely many.

use nnc_eval::{Data, Tensor};
use nnc_graph::{Elem, Scalar};
use std::cmp::Ordering;
use std::fmt;

/// A value of an operation, as the reference evaluator computes it in the operation's
/// element type. Floats are ordered as numbers, -0 before 0 and NaN last.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
}

impl Value {
    /// As a number; exact for integers below 2^53.
    pub fn number(self) -> f64 {
        match self {
            Value::Bool(value) => f64::from(u8::from(value)),
            Value::Int(value) => value as f64,
            Value::Float(value) => value,
        }
    }

    pub(crate) fn of_tensor(tensor: &Tensor, at: usize) -> Value {
        match tensor.elem {
            Elem::Bool => Value::Bool(tensor.data.int(at) != 0),
            elem if elem.is_int() => Value::Int(tensor.data.int(at)),
            _ => Value::Float(tensor.data.float(at)),
        }
    }

    /// The value of a literal, if a scalar is one.
    pub(crate) fn of_literal(scalar: &Scalar) -> Option<Value> {
        match scalar {
            Scalar::Bool(value) => Some(Value::Bool(*value)),
            Scalar::Int { value, .. } => Some(Value::Int(*value)),
            Scalar::Float { value, .. } => Some(Value::Float(*value)),
            _ => None,
        }
    }

    fn rank(self) -> u8 {
        match self {
            Value::Bool(_) => 0,
            Value::Int(_) => 1,
            Value::Float(_) => 2,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::Int(left), Value::Int(right)) => left.cmp(right),
            (Value::Float(left), Value::Float(right)) => left.total_cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Value) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value}"),
        }
    }
}

/// Values in ascending order, each once.
pub(crate) fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort();
    values.dedup();
    values
}

/// A tensor with one axis that holds the values.
pub(crate) fn tensor(elem: Elem, values: &[Value]) -> Tensor {
    let shape = vec![values.len()];
    if elem.is_float() {
        let data = Data::F64(values.iter().map(|it| it.number()).collect());
        return Tensor { elem: Elem::F64, shape, data }.cast(elem);
    }
    let ints = values.iter().map(|it| match it {
        Value::Bool(value) => i64::from(*value),
        Value::Int(value) => *value,
        Value::Float(value) => *value as i64,
    });
    Tensor { elem: Elem::I64, shape, data: Data::I64(ints.collect()) }.cast(elem)
}
