//! A scale of a contraction's result.

use super::reweight;
use crate::compose::replace_reads;
use crate::tidy::nest;
use crate::weights::Weights;
use nnc_graph::{Binary, Graph, Index, NestKind, NodeId, Scalar, Unary, Value, Var};
use std::cell::Cell;

/// Moves a scale that is known before from a contraction's `finish` into its weight.
pub(super) fn fold(cx: &mut Weights, graph: &mut Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let Some(before) = nest(node) else { return false };
    let NestKind::Reduce(reduction) = &before.kind else { return false };
    if reduction.finish == Scalar::Acc {
        return false;
    }
    let Some(weighted) = cx.weighted(graph, id) else { return false };
    let operands = node.operands.clone();
    let mut peel = Peel { cx, operands: &operands, scale: None, failed: false };
    let finish = peel.rewrite(&reduction.finish);
    let (Some(scale), false) = (peel.scale, peel.failed) else { return false };
    let Some(scale) = on_weight(graph, &operands, &scale, weighted.weight, &weighted.at) else {
        return false;
    };
    let mut after = before.clone();
    if let NestKind::Reduce(reduction) = &mut after.kind {
        reduction.finish = finish;
    }
    reweight(cx, graph, id, weighted.weight, scale, operands);
    let operands = graph.node(id).operands.clone();
    cx.set(graph, id, Some(after), operands);
    true
}

/// An expression that reads parameters at places where the weight is read, over the
/// weight's axes.
fn on_weight(
    graph: &Graph,
    operands: &[Value],
    scale: &Scalar,
    weight: u32,
    at: &[Index],
) -> Option<Scalar> {
    let failed = Cell::new(false);
    let shape = &graph.ty(operands[weight as usize]).shape;
    let moved = replace_reads(scale, &|operand, places| {
        let sizes = &graph.ty(operands[operand as usize]).shape;
        let places = places.iter().zip(sizes).map(|(place, size)| {
            let axis = (0..at.len()).find(|&axis| at[axis] == *place && shape[axis] == *size);
            failed.set(failed.get() || axis.is_none());
            axis.map_or_else(|| place.clone(), |axis| Index::var(Var(axis as u32)))
        });
        Scalar::Read { operand, at: places.collect() }
    });
    (!failed.get()).then_some(moved)
}

/// `scale * acc + offset`.
struct Linear {
    /// `None` for 1.
    scale: Option<Scalar>,
    offset: Option<Scalar>,
}

/// Takes the scale off the reduced value, wherever it occurs.
struct Peel<'a> {
    cx: &'a Weights,
    operands: &'a [Value],
    /// What has been taken off so far: the same everywhere.
    scale: Option<Scalar>,
    failed: bool,
}

impl Peel<'_> {
    fn rewrite(&mut self, scalar: &Scalar) -> Scalar {
        if !has_acc(scalar) {
            return scalar.clone();
        }
        let Some(linear) = self.linear(scalar) else {
            return scalar.map_children(&mut |child| self.rewrite(child));
        };
        match linear.scale {
            Some(scale) => {
                self.failed |= self.scale.as_ref().is_some_and(|known| *known != scale);
                self.scale = Some(scale);
            }
            None => self.failed = true,
        }
        match linear.offset {
            Some(offset) => Scalar::binary(Binary::Add, Scalar::Acc, offset),
            None => Scalar::Acc,
        }
    }

    /// The largest linear form: `None` where a factor is not known before.
    fn linear(&self, scalar: &Scalar) -> Option<Linear> {
        match scalar {
            Scalar::Acc => Some(Linear { scale: None, offset: None }),
            Scalar::Binary(op, left, right) => {
                let (of_left, of_right) = (has_acc(left), has_acc(right));
                match (op, of_left, of_right) {
                    (Binary::Add, true, false) => Some(self.linear(left)?.plus(right)),
                    (Binary::Add, false, true) => Some(self.linear(right)?.plus(left)),
                    (Binary::Sub, true, false) => {
                        Some(self.linear(left)?.plus(&Scalar::unary(Unary::Neg, (**right).clone())))
                    }
                    (Binary::Mul, true, false) => self.scaled(left, Binary::Mul, right),
                    (Binary::Mul, false, true) => self.scaled(right, Binary::Mul, left),
                    (Binary::Div, true, false) => self.scaled(left, Binary::Div, right),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn scaled(&self, inner: &Scalar, op: Binary, factor: &Scalar) -> Option<Linear> {
        let inner = self.linear(inner)?;
        if !self.cx.decides(self.operands, factor) {
            return None;
        }
        let apply = |it: Scalar| Scalar::binary(op, it, factor.clone());
        let scale = match (inner.scale, op) {
            (None, Binary::Mul) => factor.clone(),
            (None, _) => apply(Scalar::float(1.0)),
            (Some(scale), _) => apply(scale),
        };
        Some(Linear { scale: Some(scale), offset: inner.offset.map(apply) })
    }
}

impl Linear {
    fn plus(self, other: &Scalar) -> Linear {
        let offset = match self.offset {
            Some(offset) => Scalar::binary(Binary::Add, offset, other.clone()),
            None => other.clone(),
        };
        Linear { offset: Some(offset), ..self }
    }
}

fn has_acc(scalar: &Scalar) -> bool {
    let mut found = false;
    scalar.visit(&mut |it| found |= *it == Scalar::Acc);
    found
}
