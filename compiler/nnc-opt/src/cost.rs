//! What an expression costs to compute once.

use nnc_graph::{Binary, Index, Nest, NestKind, ReduceOp, Scalar, Unary, Var};
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Cost {
    /// Operations other than conversions.
    pub(crate) flops: u32,
    /// Those among them that take dozens of instructions.
    pub(crate) transcendentals: u32,
    pub(crate) reads: u32,
    /// Reads at positions that come from data.
    pub(crate) gathers: u32,
    /// Sub-expressions of any kind.
    pub(crate) size: u32,
}

impl Cost {
    pub(crate) fn of(scalar: &Scalar) -> Cost {
        let mut cost = Cost::default();
        scalar.visit(&mut |it| {
            cost.size += 1;
            match it {
                Scalar::Read { at, .. } => {
                    cost.reads += 1;
                    cost.gathers += u32::from(at.iter().any(|it| matches!(it, Index::Data(_))));
                }
                Scalar::Unary(op, _) => {
                    cost.flops += 1;
                    cost.transcendentals += u32::from(is_costly(*op));
                }
                Scalar::Binary(op, ..) => {
                    cost.flops += 1;
                    cost.transcendentals += u32::from(matches!(op, Binary::Pow));
                }
                Scalar::Compare(..) | Scalar::Select { .. } => cost.flops += 1,
                Scalar::Acc
                | Scalar::Float { .. }
                | Scalar::Int { .. }
                | Scalar::Bool(_)
                | Scalar::Index { .. }
                | Scalar::Cast { .. } => {}
            }
        });
        cost
    }

    /// So cheap that computing it again is no worse than loading it.
    pub(crate) fn is_trivial(self) -> bool {
        self.flops <= 2 && self.transcendentals == 0 && self.gathers == 0
    }
}

fn is_costly(op: Unary) -> bool {
    match op {
        Unary::Exp
        | Unary::Log
        | Unary::Sqrt
        | Unary::Rsqrt
        | Unary::Tanh
        | Unary::Sin
        | Unary::Cos
        | Unary::Erf => true,
        Unary::Neg
        | Unary::Not
        | Unary::Abs
        | Unary::Floor
        | Unary::Ceil
        | Unary::Round
        | Unary::Sign => false,
    }
}

/// A read, looked at through conversions.
pub(crate) fn plain_read(scalar: &Scalar) -> Option<(u32, &[Index])> {
    match scalar {
        Scalar::Read { operand, at } => Some((*operand, at)),
        Scalar::Cast { value, .. } => plain_read(value),
        _ => None,
    }
}

/// The two reads of a sum of products.
pub(crate) fn product_of_reads(nest: &Nest) -> Option<[(u32, &[Index]); 2]> {
    let NestKind::Reduce(reduction) = &nest.kind else { return None };
    let Scalar::Binary(Binary::Mul, left, right) = &reduction.value else { return None };
    if reduction.op != ReduceOp::Sum {
        return None;
    }
    Some([plain_read(left)?, plain_read(right)?])
}

/// Whether a nest is a sum of products that reads elements more than once: a
/// matrix product or a convolution, whose operands stay plain reads.
pub(crate) fn is_contraction(nest: &Nest) -> bool {
    let Some(reads) = product_of_reads(nest) else { return false };
    let count = nest.axes.len() + nest.reduction_axes().len();
    let long: BTreeSet<Var> = (0..count as u32)
        .map(Var)
        .filter(|var| nest.axis(*var).is_some_and(|it| it.extent.as_constant() != Some(1)))
        .collect();
    reads.iter().any(|(_, at)| !long.is_subset(&vars_of(at)))
}

/// The variables of indices, those inside data-dependent ones included.
pub(crate) fn vars_of(at: &[Index]) -> BTreeSet<Var> {
    let mut vars = BTreeSet::new();
    for index in at {
        match index {
            Index::Affine(affine) => vars.extend(affine.terms.iter().map(|(var, _)| *var)),
            Index::Data(scalar) => vars.extend(vars_of_scalar(scalar)),
        }
    }
    vars
}

/// All index variables of an expression.
pub(crate) fn vars_of_scalar(scalar: &Scalar) -> BTreeSet<Var> {
    let mut vars = BTreeSet::new();
    scalar.visit(&mut |it| match it {
        Scalar::Index { value, .. } => vars.extend(value.terms.iter().map(|(var, _)| *var)),
        Scalar::Read { at, .. } => vars.extend(
            at.iter().filter_map(Index::as_affine).flat_map(|it| it.terms.iter().map(|it| it.0)),
        ),
        _ => {}
    });
    vars
}
