//! The work of one operation.

use nnc_graph::{
    Axis, Binary, Elem, Graph, Nest, NestKind, Node, Op, ReduceOp, Reduction, Scalar, TensorType,
    Value, Var,
};
use nnc_shape::Dim;
use std::collections::BTreeSet;

/// Floating-point work; see the module's head for what counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Count {
    pub multiply_adds: Dim,
    /// Operations that are no part of a multiply-add.
    pub other: Dim,
}

impl Count {
    pub fn zero() -> Count {
        Count { multiply_adds: Dim::constant(0), other: Dim::constant(0) }
    }

    /// All floating-point operations.
    pub fn flops(&self) -> Dim {
        &self.multiply_adds * 2 + &self.other
    }

    pub fn is_zero(&self) -> bool {
        *self == Count::zero()
    }

    pub fn add(&mut self, other: &Count) {
        self.multiply_adds = &self.multiply_adds + &other.multiply_adds;
        self.other = &self.other + &other.other;
    }

    /// With every formula changed.
    pub(crate) fn map(&self, change: impl Fn(&Dim) -> Dim) -> Count {
        Count { multiply_adds: change(&self.multiply_adds), other: change(&self.other) }
    }

    /// The work of a node; that of what it calls is not part of it.
    pub(crate) fn of(graph: &Graph, node: &Node) -> Count {
        match &node.op {
            Op::Nest(nest) => nest_count(graph, nest, &node.operands),
            Op::Input(_)
            | Op::Param(_)
            | Op::Const(_)
            | Op::Write { .. }
            | Op::Order { .. }
            | Op::Running(_)
            | Op::Scatter { .. }
            | Op::Reshape
            | Op::Scan(_)
            | Op::Call(_) => Count::zero(),
        }
    }
}

fn nest_count(graph: &Graph, nest: &Nest, operands: &[Value]) -> Count {
    let types: Vec<&TensorType> = operands.iter().map(|it| graph.ty(*it)).collect();
    let params = operands.iter().map(|it| matches!(graph.node(it.node).op, Op::Param(_)));
    let fixed: Vec<bool> = params.collect();
    let work = |scalar: &Scalar, acc: Option<Elem>| work(scalar, &types, &fixed, acc);
    let points = extent(&nest.axes);
    let each = |work: u32| &points * i64::from(work);
    match &nest.kind {
        NestKind::Map { value } => {
            Count { multiply_adds: Dim::constant(0), other: each(work(value, None)) }
        }
        NestKind::Softmax { value, .. } => {
            // The greatest, the difference, its exponential, the sum, the quotient.
            let other = each(work(value, None) + 5);
            Count { multiply_adds: Dim::constant(0), other }
        }
        NestKind::Reduce(reduction) => {
            let terms = &points * &extent(&reduction.axes);
            let after = each(work(&reduction.finish, Some(accumulated(reduction))));
            if is_contraction(nest, reduction) {
                return Count { multiply_adds: terms, other: after };
            }
            let step = u32::from(reduction.accumulator.is_float() && combines(reduction.op));
            let term = work(&reduction.value, None) + step;
            let other = terms * i64::from(term) + after;
            Count { multiply_adds: Dim::constant(0), other }
        }
    }
}

fn accumulated(reduction: &Reduction) -> Elem {
    if reduction.op.gives_position() { Elem::I32 } else { reduction.accumulator }
}

fn combines(op: ReduceOp) -> bool {
    match op {
        ReduceOp::Sum
        | ReduceOp::Product
        | ReduceOp::Max
        | ReduceOp::Min
        | ReduceOp::ArgMax
        | ReduceOp::ArgMin => true,
        ReduceOp::Any | ReduceOp::All | ReduceOp::First => false,
    }
}

fn extent(axes: &[Axis]) -> Dim {
    axes.iter().fold(Dim::constant(1), |size, axis| &size * &axis.extent)
}

/// A sum of products of two reads, one of which does not depend on every loop.
fn is_contraction(nest: &Nest, reduction: &Reduction) -> bool {
    let Scalar::Binary(Binary::Mul, left, right) = &reduction.value else { return false };
    if reduction.op != ReduceOp::Sum || !reduction.accumulator.is_float() {
        return false;
    }
    let (Some(left), Some(right)) = (variables(left), variables(right)) else { return false };
    let long = |var: &Var| nest.axis(*var).is_some_and(|axis| axis.extent.as_constant() != Some(1));
    let count = (nest.axes.len() + reduction.axes.len()) as u32;
    let loops: Vec<Var> = (0..count).map(Var).filter(long).collect();
    loops.iter().any(|var| !left.contains(var) || !right.contains(var))
}

/// The loops that a read's place depends on; `None` for what is no read.
fn variables(scalar: &Scalar) -> Option<BTreeSet<Var>> {
    match scalar {
        Scalar::Cast { value, .. } => variables(value),
        Scalar::Read { at, .. } => {
            let mut vars = BTreeSet::new();
            for index in at {
                match index {
                    nnc_graph::Index::Affine(affine) => {
                        vars.extend(affine.terms.iter().map(|(var, _)| *var));
                    }
                    nnc_graph::Index::Data(value) => value.visit(&mut |it| {
                        if let Scalar::Index { value, .. } = it {
                            vars.extend(value.terms.iter().map(|(var, _)| *var));
                        }
                        if let Scalar::Read { at, .. } = it {
                            let inner = at.iter().filter_map(nnc_graph::Index::as_affine);
                            vars.extend(inner.flat_map(|it| it.terms.iter().map(|it| it.0)));
                        }
                    }),
                }
            }
            Some(vars)
        }
        Scalar::Acc
        | Scalar::Float { .. }
        | Scalar::Int { .. }
        | Scalar::Bool(_)
        | Scalar::Index { .. }
        | Scalar::Unary(..)
        | Scalar::Binary(..)
        | Scalar::Compare(..)
        | Scalar::Select { .. } => None,
    }
}

/// Operations on floats in an expression. What constants and parameters alone decide, the
/// `fixed` operands, is computed before the program runs.
fn work(scalar: &Scalar, types: &[&TensorType], fixed: &[bool], acc: Option<Elem>) -> u32 {
    if is_fixed(scalar, fixed) {
        return 0;
    }
    let is_float = |it: &Scalar| it.elem(types, acc).is_ok_and(Elem::is_float);
    let own = match scalar {
        Scalar::Unary(_, value) => is_float(value),
        Scalar::Binary(_, left, _) | Scalar::Compare(_, left, _) => is_float(left),
        Scalar::Acc
        | Scalar::Float { .. }
        | Scalar::Int { .. }
        | Scalar::Bool(_)
        | Scalar::Index { .. }
        | Scalar::Cast { .. }
        | Scalar::Read { .. }
        | Scalar::Select { .. } => false,
    };
    let inner: u32 = scalar.children().into_iter().map(|it| work(it, types, fixed, acc)).sum();
    inner + u32::from(own)
}

fn is_fixed(scalar: &Scalar, fixed: &[bool]) -> bool {
    let inner = || scalar.children().into_iter().all(|it| is_fixed(it, fixed));
    match scalar {
        Scalar::Float { .. } | Scalar::Int { .. } | Scalar::Bool(_) => true,
        Scalar::Acc | Scalar::Index { .. } => false,
        Scalar::Read { operand, .. } => {
            fixed.get(*operand as usize).is_some_and(|it| *it) && inner()
        }
        Scalar::Unary(..)
        | Scalar::Binary(..)
        | Scalar::Compare(..)
        | Scalar::Select { .. }
        | Scalar::Cast { .. } => inner(),
    }
}
