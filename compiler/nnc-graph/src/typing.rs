//! Types of scalar expressions and of operations' results.

use crate::{Compare, Elem, Index, Nest, NestKind, Scalar, TensorType, Unary};
use nnc_shape::Dim;

/// Why a scalar has no type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeError(pub String);

fn wrong<T>(message: impl Into<String>) -> Result<T, TypeError> {
    Err(TypeError(message.into()))
}

impl Scalar {
    /// The type of the value, given the operands' types and the type of
    /// [`Scalar::Acc`] where there is one.
    pub fn elem(&self, operands: &[&TensorType], acc: Option<Elem>) -> Result<Elem, TypeError> {
        let of = |scalar: &Scalar| scalar.elem(operands, acc);
        match self {
            Scalar::Read { operand, at } => {
                let Some(ty) = operands.get(*operand as usize) else {
                    return wrong(format!("a read of operand {operand}, of {}", operands.len()));
                };
                if at.len() != ty.rank() {
                    return wrong(format!("{} indices into {ty}", at.len()));
                }
                for index in at {
                    if let Index::Data(scalar) = index
                        && !of(scalar)?.is_int()
                    {
                        return wrong("an index that is not an integer");
                    }
                }
                Ok(ty.elem)
            }
            Scalar::Acc => acc.map_or_else(|| wrong("`acc` outside of finish"), Ok),
            Scalar::Float { elem, .. } if elem.is_float() => Ok(*elem),
            Scalar::Int { elem, .. } | Scalar::Index { elem, .. } if elem.is_int() => Ok(*elem),
            Scalar::Float { elem, .. } | Scalar::Int { elem, .. } | Scalar::Index { elem, .. } => {
                wrong(format!("a literal of type {elem}"))
            }
            Scalar::Bool(_) => Ok(Elem::Bool),
            Scalar::Unary(op, value) => {
                let elem = of(value)?;
                let fits = match op {
                    Unary::Not => elem == Elem::Bool,
                    Unary::Neg | Unary::Abs | Unary::Sign => elem != Elem::Bool,
                    Unary::Exp
                    | Unary::Log
                    | Unary::Sqrt
                    | Unary::Rsqrt
                    | Unary::Tanh
                    | Unary::Sin
                    | Unary::Cos
                    | Unary::Erf
                    | Unary::Floor
                    | Unary::Ceil
                    | Unary::Round => elem.is_float(),
                };
                if fits { Ok(elem) } else { wrong(format!("{} of {elem}", op.name())) }
            }
            Scalar::Binary(op, left, right) => {
                use crate::Binary as B;
                let (left, right) = (of(left)?, of(right)?);
                let fits = match op {
                    B::And | B::Or => left == Elem::Bool,
                    B::Div | B::Pow => left.is_float(),
                    B::FloorDiv
                    | B::Rem
                    | B::BitAnd
                    | B::BitOr
                    | B::BitXor
                    | B::ShiftLeft
                    | B::ShiftRight => left.is_int(),
                    B::Add | B::Sub | B::Mul | B::Max | B::Min => left != Elem::Bool,
                };
                if left == right && fits {
                    Ok(left)
                } else {
                    wrong(format!("{} of {left} and {right}", op.name()))
                }
            }
            Scalar::Compare(op, left, right) => {
                let (left, right) = (of(left)?, of(right)?);
                let ordered = !matches!(op, Compare::Eq | Compare::Ne);
                if left == right && !(ordered && left == Elem::Bool) {
                    Ok(Elem::Bool)
                } else {
                    wrong(format!("comparison of {left} and {right}"))
                }
            }
            Scalar::Select { condition, then, otherwise } => {
                if of(condition)? != Elem::Bool {
                    return wrong("a condition that is not bool");
                }
                let (then, otherwise) = (of(then)?, of(otherwise)?);
                if then == otherwise {
                    Ok(then)
                } else {
                    wrong(format!("select of {then} and {otherwise}"))
                }
            }
            Scalar::Cast { to, value } => of(value).map(|_| *to),
        }
    }
}

impl Nest {
    /// The type of the result, if all scalars have the types they must.
    pub fn result_type(&self, operands: &[&TensorType]) -> Result<TensorType, TypeError> {
        let guard = match &self.kind {
            NestKind::Map { value } => {
                expect(self.elem, value.elem(operands, None)?)?;
                None
            }
            NestKind::Softmax { guard, value, .. } => {
                expect(self.elem, value.elem(operands, None)?)?;
                if !self.elem.is_float() {
                    return wrong(format!("softmax of {}", self.elem));
                }
                guard.as_ref()
            }
            NestKind::Reduce(reduction) => {
                expect(reduction.accumulator, reduction.value.elem(operands, None)?)?;
                let acc =
                    if reduction.op.gives_position() { Elem::I32 } else { reduction.accumulator };
                expect(self.elem, reduction.finish.elem(operands, Some(acc))?)?;
                reduction.guard.as_ref()
            }
        };
        if let Some(guard) = guard {
            expect(Elem::Bool, guard.elem(operands, None)?)?;
        }
        Ok(TensorType::new(self.elem, self.shape()))
    }
}

fn expect(wanted: Elem, found: Elem) -> Result<(), TypeError> {
    if wanted == found { Ok(()) } else { wrong(format!("{found} where {wanted} is declared")) }
}

/// A shape with a size in place of each of some variables.
pub(crate) fn substitute(
    ty: &TensorType,
    dims: &dyn Fn(nnc_base::Name) -> Option<Dim>,
) -> TensorType {
    TensorType::new(ty.elem, ty.shape.iter().map(|dim| dim.substitute(dims)).collect())
}
