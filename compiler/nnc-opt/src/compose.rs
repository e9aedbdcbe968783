//! Puts expressions in place of index variables, reads and the reduced value.

use nnc_graph::{Affine, Binary, Elem, Index, Scalar, Var};
use nnc_shape::Dim;

/// What stands for the leaves of an expression.
pub(crate) struct Leaves<'a> {
    pub(crate) var: &'a dyn Fn(Var) -> Index,
    /// For a read, by operand and indices; these are already rewritten.
    pub(crate) read: &'a dyn Fn(u32, Vec<Index>) -> Scalar,
    pub(crate) acc: &'a dyn Fn() -> Scalar,
}

/// Rewrites all leaves of an expression.
pub(crate) fn substitute(scalar: &Scalar, leaves: &Leaves<'_>) -> Scalar {
    match scalar {
        Scalar::Read { operand, at } => {
            let at = at.iter().map(|index| substitute_index(index, leaves)).collect();
            (leaves.read)(*operand, at)
        }
        Scalar::Acc => (leaves.acc)(),
        Scalar::Index { elem, value } => match substitute_affine(value, leaves) {
            Index::Affine(value) => Scalar::Index { elem: *elem, value },
            Index::Data(value) => Scalar::cast(*elem, *value),
        },
        Scalar::Float { .. }
        | Scalar::Int { .. }
        | Scalar::Bool(_)
        | Scalar::Unary(..)
        | Scalar::Binary(..)
        | Scalar::Compare(..)
        | Scalar::Select { .. }
        | Scalar::Cast { .. } => scalar.map_children(&mut |child| substitute(child, leaves)),
    }
}

/// Puts other index variables in place of an expression's.
pub(crate) fn rename_vars(scalar: &Scalar, var: &dyn Fn(Var) -> Affine) -> Scalar {
    substitute(
        scalar,
        &Leaves {
            var: &|it| Index::Affine(var(it)),
            read: &|operand, at| Scalar::Read { operand, at },
            acc: &|| Scalar::Acc,
        },
    )
}

/// Puts expressions in place of an expression's reads.
pub(crate) fn replace_reads(scalar: &Scalar, read: &dyn Fn(u32, Vec<Index>) -> Scalar) -> Scalar {
    substitute(scalar, &Leaves { var: &|var| Index::var(var), read, acc: &|| Scalar::Acc })
}

/// Puts an expression in place of the reduced value.
pub(crate) fn replace_acc(scalar: &Scalar, acc: &Scalar) -> Scalar {
    substitute(
        scalar,
        &Leaves {
            var: &|var| Index::var(var),
            read: &|operand, at| Scalar::Read { operand, at },
            acc: &|| acc.clone(),
        },
    )
}

fn substitute_index(index: &Index, leaves: &Leaves<'_>) -> Index {
    match index {
        Index::Affine(affine) => substitute_affine(affine, leaves),
        Index::Data(scalar) => as_index(substitute(scalar, leaves)),
    }
}

fn substitute_affine(affine: &Affine, leaves: &Leaves<'_>) -> Index {
    let mut plain = Affine::constant(affine.offset.clone());
    let mut data: Vec<(Scalar, &Dim)> = Vec::new();
    for (var, coefficient) in &affine.terms {
        match (leaves.var)(*var) {
            Index::Affine(value) => plain = plain.plus(&value.times(coefficient)),
            Index::Data(value) => data.push((*value, coefficient)),
        }
    }
    let constant =
        |value: &Dim| Scalar::Index { elem: Elem::I64, value: Affine::constant(value.clone()) };
    let zero = Affine::constant(0);
    match data.as_slice() {
        [] => Index::Affine(plain),
        [(value, one)] if **one == Dim::constant(1) && plain == zero => {
            Index::Data(Box::new(value.clone()))
        }
        _ => {
            let start = (plain != zero).then_some(Scalar::Index { elem: Elem::I64, value: plain });
            let sum = data.into_iter().fold(start, |sum, (value, coefficient)| {
                let value = Scalar::cast(Elem::I64, value);
                let term = if *coefficient == Dim::constant(1) {
                    value
                } else {
                    Scalar::binary(Binary::Mul, value, constant(coefficient))
                };
                Some(match sum {
                    Some(sum) => Scalar::binary(Binary::Add, sum, term),
                    None => term,
                })
            });
            Index::Data(Box::new(sum.unwrap_or_else(|| constant(&Dim::constant(0)))))
        }
    }
}

/// An index that is affine where the expression is.
pub(crate) fn as_index(scalar: Scalar) -> Index {
    fn affine(scalar: &Scalar) -> Option<&Affine> {
        match scalar {
            Scalar::Index { value, .. } => Some(value),
            Scalar::Cast { to, value } if to.is_int() && to.bytes() >= 4 => affine(value),
            _ => None,
        }
    }
    match affine(&scalar) {
        Some(affine) => Index::Affine(affine.clone()),
        None => Index::Data(Box::new(scalar)),
    }
}
