//! Scalar expressions made ready to be run at many points: types decided, sizes
//! filled in, positions as plain integers.
//!
//! Floats are computed as f64 and rounded to their type after each operation. For
//! `+ - * / sqrt` on f32, f16 and bf16 that is exactly what the type's own
//! arithmetic gives, since an f64 has more than twice as many bits.

use crate::math::{erf, round_to, saturate_to, wrap_to};
use crate::tensor::{Tensor, strides};
use nnc_base::Name;
use nnc_graph::{Affine, Binary, Compare, Elem, Index, Scalar, TensorType, Unary};

/// What a point is computed from.
pub(crate) struct Point<'a> {
    /// The index variables.
    pub(crate) at: &'a [i64],
    pub(crate) operands: &'a [&'a Tensor],
    /// The running value, as the type that the expression expects.
    pub(crate) acc_float: f64,
    pub(crate) acc_int: i64,
}

/// A read past the end of an operand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct OutOfRange {
    pub(crate) operand: usize,
    pub(crate) axis: usize,
    pub(crate) position: i64,
    pub(crate) extent: usize,
}

type Run<T> = Result<T, OutOfRange>;

/// A position: `offset + Σ coefficient · variable`.
#[derive(Clone, Debug)]
pub(crate) struct Position {
    pub(crate) terms: Vec<(usize, i64)>,
    pub(crate) offset: i64,
}

impl Position {
    pub(crate) fn at(&self, point: &[i64]) -> i64 {
        self.terms.iter().fold(self.offset, |sum, &(var, factor)| sum + factor * point[var])
    }

    pub(crate) fn coefficient(&self, var: usize) -> i64 {
        self.terms.iter().find(|it| it.0 == var).map_or(0, |it| it.1)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Position(Position),
    Data(Box<Int>),
}

/// An element of an operand, one place an axis.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) operand: usize,
    pub(crate) places: Vec<Place>,
    pub(crate) extents: Vec<usize>,
    pub(crate) strides: Vec<usize>,
}

impl Read {
    fn offset(&self, point: &Point<'_>) -> Run<usize> {
        let mut offset = 0;
        for (axis, place) in self.places.iter().enumerate() {
            let position = match place {
                Place::Position(position) => position.at(point.at),
                Place::Data(value) => value.run(point)?,
            };
            let extent = self.extents[axis];
            if position < 0 || position >= extent as i64 {
                return Err(OutOfRange { operand: self.operand, axis, position, extent });
            }
            offset += position as usize * self.strides[axis];
        }
        Ok(offset)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Float {
    Constant(f64),
    Acc,
    Read(Read),
    Unary(Unary, Elem, Box<Float>),
    Binary(Binary, Elem, Box<Float>, Box<Float>),
    Select(Box<Int>, Box<Float>, Box<Float>),
    CastFloats(Elem, Box<Float>),
    CastInts(Elem, Box<Int>),
}

#[derive(Clone, Debug)]
pub(crate) enum Int {
    Constant(i64),
    Acc,
    Read(Read),
    Position(Position, Elem),
    Unary(Unary, Elem, Box<Int>),
    Binary(Binary, Elem, Box<Int>, Box<Int>),
    CompareFloats(Compare, Box<Float>, Box<Float>),
    CompareInts(Compare, Box<Int>, Box<Int>),
    Select(Box<Int>, Box<Int>, Box<Int>),
    CastFloats(Elem, Box<Float>),
    CastInts(Elem, Box<Int>),
}

/// An expression of either kind.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Float(Float),
    Int(Int),
}

/// Fills in what a nest's scalars need from outside.
pub(crate) struct Compiler<'a> {
    pub(crate) types: &'a [&'a TensorType],
    pub(crate) operands: &'a [&'a Tensor],
    pub(crate) acc: Option<Elem>,
    pub(crate) dims: &'a dyn Fn(Name) -> Option<i64>,
    /// Whether floats stay f64.
    pub(crate) wide: bool,
}

impl Compiler<'_> {
    pub(crate) fn value(&self, scalar: &Scalar) -> Result<Value, String> {
        let elem = scalar.elem(self.types, self.acc).map_err(|error| error.0)?;
        if elem.is_float() {
            self.float(scalar).map(Value::Float)
        } else {
            self.int(scalar).map(Value::Int)
        }
    }

    fn elem(&self, scalar: &Scalar) -> Result<Elem, String> {
        scalar.elem(self.types, self.acc).map_err(|error| error.0)
    }

    /// The type to which results of a type are rounded.
    fn rounded(&self, elem: Elem) -> Elem {
        if self.wide { Elem::F64 } else { elem }
    }

    fn float(&self, scalar: &Scalar) -> Result<Float, String> {
        let elem = self.rounded(self.elem(scalar)?);
        let boxed = |scalar: &Scalar| self.float(scalar).map(Box::new);
        Ok(match scalar {
            Scalar::Acc => Float::Acc,
            Scalar::Float { value, .. } => Float::Constant(round_to(elem, *value)),
            Scalar::Read { operand, at } => Float::Read(self.read(*operand, at)?),
            Scalar::Unary(op, value) => Float::Unary(*op, elem, boxed(value)?),
            Scalar::Binary(op, left, right) => {
                Float::Binary(*op, elem, boxed(left)?, boxed(right)?)
            }
            Scalar::Select { condition, then, otherwise } => {
                Float::Select(Box::new(self.int(condition)?), boxed(then)?, boxed(otherwise)?)
            }
            Scalar::Cast { value, .. } => match self.value(value)? {
                Value::Float(value) => Float::CastFloats(elem, Box::new(value)),
                Value::Int(value) => Float::CastInts(elem, Box::new(value)),
            },
            Scalar::Int { .. } | Scalar::Bool(_) | Scalar::Index { .. } | Scalar::Compare(..) => {
                return Err("an integer where a float is declared".to_owned());
            }
        })
    }

    fn int(&self, scalar: &Scalar) -> Result<Int, String> {
        let elem = self.elem(scalar)?;
        let boxed = |scalar: &Scalar| self.int(scalar).map(Box::new);
        Ok(match scalar {
            Scalar::Acc => Int::Acc,
            Scalar::Int { value, .. } => Int::Constant(wrap_to(elem, *value)),
            Scalar::Bool(value) => Int::Constant(i64::from(*value)),
            Scalar::Read { operand, at } => Int::Read(self.read(*operand, at)?),
            Scalar::Index { value, .. } => Int::Position(self.position(value)?, elem),
            Scalar::Unary(op, value) => Int::Unary(*op, elem, boxed(value)?),
            Scalar::Binary(op, left, right) => Int::Binary(*op, elem, boxed(left)?, boxed(right)?),
            Scalar::Compare(op, left, right) => match (self.value(left)?, self.value(right)?) {
                (Value::Float(left), Value::Float(right)) => {
                    Int::CompareFloats(*op, Box::new(left), Box::new(right))
                }
                (Value::Int(left), Value::Int(right)) => {
                    Int::CompareInts(*op, Box::new(left), Box::new(right))
                }
                _ => return Err("a comparison of a float and an integer".to_owned()),
            },
            Scalar::Select { condition, then, otherwise } => {
                Int::Select(boxed(condition)?, boxed(then)?, boxed(otherwise)?)
            }
            Scalar::Cast { value, .. } => match self.value(value)? {
                Value::Float(value) => Int::CastFloats(elem, Box::new(value)),
                Value::Int(value) => Int::CastInts(elem, Box::new(value)),
            },
            Scalar::Float { .. } => return Err("a float where an integer is declared".to_owned()),
        })
    }

    fn read(&self, operand: u32, at: &[Index]) -> Result<Read, String> {
        let operand = operand as usize;
        let shape = self.operands[operand].shape.clone();
        let places = at
            .iter()
            .map(|index| match index {
                Index::Affine(affine) => self.position(affine).map(Place::Position),
                Index::Data(scalar) => self.int(scalar).map(|it| Place::Data(Box::new(it))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Read { operand, places, strides: strides(&shape), extents: shape })
    }

    pub(crate) fn position(&self, affine: &Affine) -> Result<Position, String> {
        let size =
            |dim: &nnc_shape::Dim| dim.eval(self.dims).ok_or_else(|| format!("no value for {dim}"));
        let terms = affine
            .terms
            .iter()
            .map(|(var, dim)| Ok((var.0 as usize, size(dim)?)))
            .collect::<Result<_, String>>()?;
        Ok(Position { terms, offset: size(&affine.offset)? })
    }
}

impl Float {
    pub(crate) fn run(&self, point: &Point<'_>) -> Run<f64> {
        Ok(match self {
            Float::Constant(value) => *value,
            Float::Acc => point.acc_float,
            Float::Read(read) => point.operands[read.operand].data.float(read.offset(point)?),
            Float::Unary(op, elem, value) => round_to(*elem, unary(*op, value.run(point)?)),
            Float::Binary(op, elem, left, right) => {
                round_to(*elem, binary(*op, left.run(point)?, right.run(point)?))
            }
            Float::Select(condition, then, otherwise) => {
                if condition.run(point)? != 0 {
                    then.run(point)?
                } else {
                    otherwise.run(point)?
                }
            }
            Float::CastFloats(elem, value) => round_to(*elem, value.run(point)?),
            Float::CastInts(elem, value) => round_to(*elem, value.run(point)? as f64),
        })
    }
}

fn unary(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Exp => x.exp(),
        Unary::Log => x.ln(),
        Unary::Sqrt => x.sqrt(),
        Unary::Rsqrt => 1.0 / x.sqrt(),
        Unary::Tanh => x.tanh(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Erf => erf(x),
        Unary::Abs => x.abs(),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Round => x.round_ties_even(),
        Unary::Sign if x == 0.0 || x.is_nan() => x,
        Unary::Sign => x.signum(),
        // Typing keeps logical negation to bools.
        Unary::Not => f64::NAN,
    }
}

fn binary(op: Binary, left: f64, right: f64) -> f64 {
    match op {
        Binary::Add => left + right,
        Binary::Sub => left - right,
        Binary::Mul => left * right,
        Binary::Div => left / right,
        Binary::Pow => left.powf(right),
        Binary::Max if left.is_nan() || right.is_nan() => f64::NAN,
        Binary::Max => left.max(right),
        Binary::Min if left.is_nan() || right.is_nan() => f64::NAN,
        Binary::Min => left.min(right),
        // Typing keeps these to integers and bools.
        Binary::FloorDiv
        | Binary::Rem
        | Binary::And
        | Binary::Or
        | Binary::BitAnd
        | Binary::BitOr
        | Binary::BitXor
        | Binary::ShiftLeft
        | Binary::ShiftRight => f64::NAN,
    }
}

impl Int {
    pub(crate) fn run(&self, point: &Point<'_>) -> Run<i64> {
        Ok(match self {
            Int::Constant(value) => *value,
            Int::Acc => point.acc_int,
            Int::Read(read) => point.operands[read.operand].data.int(read.offset(point)?),
            Int::Position(position, elem) => wrap_to(*elem, position.at(point.at)),
            Int::Unary(op, elem, value) => {
                let value = value.run(point)?;
                let result = match op {
                    Unary::Neg => value.wrapping_neg(),
                    Unary::Not => i64::from(value == 0),
                    Unary::Abs => value.wrapping_abs(),
                    Unary::Sign => value.signum(),
                    _ => value,
                };
                wrap_to(*elem, result)
            }
            Int::Binary(Binary::And, _, left, right) => {
                i64::from(left.run(point)? != 0 && right.run(point)? != 0)
            }
            Int::Binary(Binary::Or, _, left, right) => {
                i64::from(left.run(point)? != 0 || right.run(point)? != 0)
            }
            Int::Binary(op, elem, left, right) => {
                wrap_to(*elem, int_binary(*op, *elem, left.run(point)?, right.run(point)?))
            }
            Int::CompareFloats(op, left, right) => {
                let (left, right) = (left.run(point)?, right.run(point)?);
                i64::from(match op {
                    Compare::Eq => left == right,
                    Compare::Ne => left != right,
                    Compare::Lt => left < right,
                    Compare::Le => left <= right,
                    Compare::Gt => left > right,
                    Compare::Ge => left >= right,
                })
            }
            Int::CompareInts(op, left, right) => {
                let (left, right) = (left.run(point)?, right.run(point)?);
                i64::from(match op {
                    Compare::Eq => left == right,
                    Compare::Ne => left != right,
                    Compare::Lt => left < right,
                    Compare::Le => left <= right,
                    Compare::Gt => left > right,
                    Compare::Ge => left >= right,
                })
            }
            Int::Select(condition, then, otherwise) => {
                if condition.run(point)? != 0 {
                    then.run(point)?
                } else {
                    otherwise.run(point)?
                }
            }
            Int::CastFloats(elem, value) => saturate_to(*elem, value.run(point)?),
            Int::CastInts(elem, value) => wrap_to(*elem, value.run(point)?),
        })
    }
}

fn int_binary(op: Binary, elem: Elem, left: i64, right: i64) -> i64 {
    let bits = 8 * elem.bytes() as u32;
    let distance = u32::try_from(right).ok().filter(|it| *it < bits);
    match op {
        Binary::Add => left.wrapping_add(right),
        Binary::Sub => left.wrapping_sub(right),
        Binary::Mul => left.wrapping_mul(right),
        // Division by zero has no value; like a back end, it must not stop the program.
        Binary::FloorDiv if right == 0 => 0,
        Binary::FloorDiv => {
            left.wrapping_sub(int_binary(Binary::Rem, elem, left, right)).wrapping_div(right)
        }
        Binary::Rem if right == 0 => 0,
        Binary::Rem => {
            let rest = left.wrapping_rem(right);
            if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }
        }
        Binary::Max => left.max(right),
        Binary::Min => left.min(right),
        Binary::BitAnd => left & right,
        Binary::BitOr => left | right,
        Binary::BitXor => left ^ right,
        Binary::ShiftLeft => distance.map_or(0, |it| left.wrapping_shl(it)),
        Binary::ShiftRight => {
            // The bits of the type alone, without those of its sign in i64.
            let own = (left as u64) & (u64::MAX >> (64 - bits));
            distance.map_or(0, |it| (own >> it) as i64)
        }
        Binary::Pow | Binary::Div | Binary::And | Binary::Or => 0,
    }
}
