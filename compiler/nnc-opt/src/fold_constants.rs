//! Computes at once what is known, and drops what changes nothing.
//!
//! ```text
//! %1 = nest (%0) [i: 4] { ((%0[i] * 1.0) + (2.0 * 3.0)) } : f32[4]
//! =>
//! %1 = nest (%0) [i: 4] { (%0[i] + 6.0) } : f32[4]
//! ```
//!
//! Only what is exact for every value goes: `x * 1` and `x - 0` do, `x + 0` does
//! not on floats, where it turns -0 into 0. Constants are computed in their own
//! element type. A conversion that loses nothing and one behind it are one. Index
//! arithmetic becomes affine, division and remainder by a constant included where
//! the range of the index variables allows it.

mod literal;

use crate::compose::{as_index, replace_reads};
use crate::elem_of::Elems;
use crate::inline::{Spaces, map_parts};
use crate::pass::on_each_graph;
use crate::simplify_guards::affine;
use crate::space::Space;
use crate::tidy::{nest, tidy_operands};
use crate::{Changed, Pass};
use literal::{binary, compare, convert, element, unary};
use nnc_graph::{
    Affine, Binary, Elem, Graph, Index, Literal, Module, NodeId, Op, Scalar, Unary, Value,
};

pub const FOLD_CONSTANTS: Pass = Pass {
    name: "fold-constants",
    about: "compute constants, drop neutral operations and make index arithmetic affine",
    rewrite: fold_constants,
};

fn fold_constants(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let mut changed = false;
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in ids {
            let node = graph.node(id);
            let Some(before) = nest(node) else { continue };
            let elems = Elems::of(graph, before, &node.operands);
            let spaces = Spaces::of(graph, before);
            let mut after = before.clone();
            map_parts(&mut after, &mut |part, scalar| {
                let scalar = read_literals(graph, &node.operands, scalar);
                fold_all(&elems, &|| spaces.at(part), &scalar)
            });
            if after == *before {
                continue;
            }
            let mut operands = node.operands.clone();
            tidy_operands(&mut after, &mut operands);
            let node = graph.node_mut(id);
            node.op = Op::Nest(after);
            node.operands = operands;
            changed = true;
        }
        changed
    })
}

/// Puts the element of a literal in place of a read of it, where it is known.
fn read_literals(graph: &Graph, operands: &[Value], scalar: &Scalar) -> Scalar {
    replace_reads(scalar, &|operand, at| {
        let value = operands[operand as usize];
        let Op::Const(literal) = &graph.node(value.node).op else {
            return Scalar::Read { operand, at };
        };
        let ty = graph.ty(value);
        let found = place(&at, &ty.shape).and_then(|place| element(literal, ty.elem, place));
        let found = found.or_else(|| uniform(literal).then(|| element(literal, ty.elem, 0))?);
        found.unwrap_or(Scalar::Read { operand, at })
    })
}

/// The row-major place of constant indices.
fn place(at: &[Index], shape: &[nnc_shape::Dim]) -> Option<usize> {
    let mut place = 0usize;
    for (index, size) in at.iter().zip(shape) {
        let index = usize::try_from(index.as_affine()?.as_dim()?.as_constant()?).ok()?;
        place =
            place.checked_mul(usize::try_from(size.as_constant()?).ok()?)?.checked_add(index)?;
    }
    Some(place)
}

fn uniform(literal: &Literal) -> bool {
    match literal {
        Literal::Floats(items) => items.windows(2).all(|it| it[0].to_bits() == it[1].to_bits()),
        Literal::Ints(items) => items.windows(2).all(|it| it[0] == it[1]),
        Literal::Bools(items) => items.windows(2).all(|it| it[0] == it[1]),
    }
}

fn fold_all<'a>(elems: &Elems<'_>, space: &dyn Fn() -> &'a Space, scalar: &Scalar) -> Scalar {
    let scalar = scalar.map_children(&mut |child| fold_all(elems, space, child));
    match scalar {
        Scalar::Read { operand, at } => {
            let at = at.into_iter().map(|index| match index {
                Index::Data(scalar) => as_index(*scalar),
                index @ Index::Affine(_) => index,
            });
            Scalar::Read { operand, at: at.collect() }
        }
        Scalar::Cast { to, value } => fold_cast(elems, to, *value),
        Scalar::Binary(op @ (Binary::FloorDiv | Binary::Rem), left, right) => {
            fold_division(space, op, *left, *right)
        }
        other => fold(other),
    }
}

/// `(4*n + d) // 4` is `n` where `d` lies in `0..4`.
fn fold_division<'a>(
    space: &dyn Fn() -> &'a Space,
    op: Binary,
    left: Scalar,
    right: Scalar,
) -> Scalar {
    if let Scalar::Index { elem, .. } = &left
        && let (Some(above), Some(below)) = (affine(&left), affine(&right))
        && let Some(size) = below.as_dim()
        && size.as_constant().is_none_or(|it| it > 0)
        && let Some((quotient, remainder)) = space().divide(&above, size)
    {
        let value = if op == Binary::FloorDiv { quotient } else { remainder };
        return Scalar::Index { elem: *elem, value };
    }
    fold(Scalar::binary(op, left, right))
}

fn fold_cast(elems: &Elems<'_>, to: Elem, value: Scalar) -> Scalar {
    if elems.elem(&value) == Some(to) {
        return value;
    }
    if let Scalar::Cast { to: middle, value: inner } = &value
        && let Some(from) = elems.elem(inner)
    {
        let one_kind = from.is_float() == middle.is_float() && from != Elem::Bool;
        let same_either_way = one_kind || !(to.is_int() && from.is_int());
        if is_exact(from, *middle) && same_either_way {
            return fold_cast(elems, to, (**inner).clone());
        }
    }
    match &value {
        Scalar::Index { value, .. } if to.is_int() && to.bytes() >= 4 => {
            Scalar::Index { elem: to, value: value.clone() }
        }
        _ => convert(to, &value).unwrap_or_else(|| Scalar::cast(to, value)),
    }
}

/// Whether every value of one type is one of the other.
fn is_exact(from: Elem, to: Elem) -> bool {
    use Elem::{BF16, Bool, F16, F32, F64, I8, I32, I64, U8};
    match from {
        Bool => to != Bool,
        I8 => matches!(to, F64 | F32 | F16 | BF16 | I64 | I32),
        U8 => matches!(to, F64 | F32 | F16 | BF16 | I64 | I32),
        I32 => matches!(to, F64 | I64),
        F16 | BF16 => matches!(to, F64 | F32),
        F32 => to == F64,
        F64 | I64 => false,
    }
}

/// Simplifies the outermost operation of an expression whose parts are simple.
pub(crate) fn fold(scalar: Scalar) -> Scalar {
    match scalar {
        Scalar::Unary(op, value) => match (op, *value) {
            (Unary::Neg, Scalar::Unary(Unary::Neg, inner))
            | (Unary::Not, Scalar::Unary(Unary::Not, inner)) => *inner,
            (op, value) => unary(op, &value).unwrap_or_else(|| Scalar::unary(op, value)),
        },
        Scalar::Binary(op, left, right) => fold_binary(op, *left, *right),
        Scalar::Compare(op, left, right) => {
            compare(op, &left, &right).unwrap_or(Scalar::Compare(op, left, right))
        }
        Scalar::Select { condition, then, otherwise } => match *condition {
            Scalar::Bool(true) => *then,
            Scalar::Bool(false) => *otherwise,
            Scalar::Unary(Unary::Not, condition) => Scalar::select(*condition, *otherwise, *then),
            _ if then == otherwise => *then,
            condition => Scalar::select(condition, *then, *otherwise),
        },
        Scalar::Index { elem, value } => match value.as_dim().and_then(|it| it.as_constant()) {
            Some(constant) => literal::int(elem, constant).unwrap_or(Scalar::Index { elem, value }),
            None => Scalar::Index { elem, value },
        },
        Scalar::Read { .. }
        | Scalar::Acc
        | Scalar::Float { .. }
        | Scalar::Int { .. }
        | Scalar::Bool(_)
        | Scalar::Cast { .. } => scalar,
    }
}

fn fold_binary(op: Binary, left: Scalar, right: Scalar) -> Scalar {
    if let Some(known) = binary(op, &left, &right) {
        return known;
    }
    if let Some(index) = index_arithmetic(op, &left, &right) {
        return fold(index);
    }
    match op {
        Binary::And | Binary::Or => {
            let (neutral, final_) = (op == Binary::And, op == Binary::Or);
            match (&left, &right) {
                (Scalar::Bool(it), _) if *it == neutral => right,
                (_, Scalar::Bool(it)) if *it == neutral => left,
                (Scalar::Bool(it), _) | (_, Scalar::Bool(it)) if *it == final_ => {
                    Scalar::Bool(final_)
                }
                _ if left == right => left,
                _ => Scalar::binary(op, left, right),
            }
        }
        Binary::Mul if is_number(&right, 1.0) => left,
        Binary::Mul if is_number(&left, 1.0) => right,
        Binary::Mul if is_int(&right, 0) => right,
        Binary::Mul if is_int(&left, 0) => left,
        Binary::Div if is_number(&right, 1.0) => left,
        Binary::Pow if is_number(&right, 1.0) => left,
        Binary::FloorDiv if is_int(&right, 1) => left,
        Binary::Add | Binary::Sub if is_int(&right, 0) => left,
        Binary::Add if is_int(&left, 0) => right,
        Binary::Add if is_zero(&right, true) => left,
        Binary::Add if is_zero(&left, true) => right,
        Binary::Sub if is_zero(&right, false) => left,
        Binary::Div => match &right {
            // The reciprocal of a power of two is exact, and so is what it gives.
            Scalar::Float { elem, value } if is_power_of_two(*elem, *value) => Scalar::binary(
                Binary::Mul,
                left,
                Scalar::Float { elem: *elem, value: value.recip() },
            ),
            _ => Scalar::binary(op, left, right),
        },
        Binary::Add
        | Binary::Sub
        | Binary::Mul
        | Binary::FloorDiv
        | Binary::Rem
        | Binary::Pow
        | Binary::Max
        | Binary::Min
        | Binary::BitAnd
        | Binary::BitOr
        | Binary::BitXor
        | Binary::ShiftLeft
        | Binary::ShiftRight => Scalar::binary(op, left, right),
    }
}

/// Sums and multiples of index values are index values.
fn index_arithmetic(op: Binary, left: &Scalar, right: &Scalar) -> Option<Scalar> {
    let elem = match (left, right) {
        (Scalar::Index { elem, .. }, _) | (_, Scalar::Index { elem, .. }) if elem.is_int() => *elem,
        _ => return None,
    };
    // A conversion here would be one to this same type: the sides have one.
    let (left, right): (Affine, Affine) = (affine(left)?, affine(right)?);
    let value = match op {
        Binary::Add => left.plus(&right),
        Binary::Sub => left.plus(&right.times(&nnc_shape::Dim::constant(-1))),
        Binary::Mul => match (left.as_dim(), right.as_dim()) {
            (_, Some(factor)) => left.times(factor),
            (Some(factor), _) => right.times(factor),
            (None, None) => return None,
        },
        Binary::Div
        | Binary::FloorDiv
        | Binary::Rem
        | Binary::Pow
        | Binary::Max
        | Binary::Min
        | Binary::And
        | Binary::Or
        | Binary::BitAnd
        | Binary::BitOr
        | Binary::BitXor
        | Binary::ShiftLeft
        | Binary::ShiftRight => return None,
    };
    Some(Scalar::Index { elem, value })
}

fn is_number(scalar: &Scalar, number: f64) -> bool {
    match scalar {
        Scalar::Float { value, .. } => *value == number,
        Scalar::Int { value, .. } => *value as f64 == number,
        _ => false,
    }
}

fn is_int(scalar: &Scalar, number: i64) -> bool {
    matches!(scalar, Scalar::Int { value, .. } if *value == number)
}

fn is_zero(scalar: &Scalar, negative: bool) -> bool {
    matches!(scalar, Scalar::Float { value, .. }
        if *value == 0.0 && value.is_sign_negative() == negative)
}

/// Whether a number and its reciprocal are normal powers of two in a type.
fn is_power_of_two(elem: Elem, value: f64) -> bool {
    let most: f64 = match elem {
        Elem::F16 => 14.0,
        _ => 126.0,
    };
    let exponent = value.abs().log2();
    value.is_finite() && value.abs() == exponent.round().exp2() && exponent.abs() <= most
}

#[cfg(test)]
mod tests;
