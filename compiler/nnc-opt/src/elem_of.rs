//! The element types of a nest's expressions.

use nnc_graph::{Elem, Graph, Nest, NestKind, Scalar, TensorType, Value};

/// What a nest's expressions have for leaves.
pub(crate) struct Elems<'a> {
    operands: Vec<&'a TensorType>,
    acc: Option<Elem>,
}

impl<'a> Elems<'a> {
    pub(crate) fn of(graph: &'a Graph, nest: &Nest, operands: &[Value]) -> Elems<'a> {
        let acc = match &nest.kind {
            NestKind::Reduce(reduction) if reduction.op.gives_position() => Some(Elem::I32),
            NestKind::Reduce(reduction) => Some(reduction.accumulator),
            NestKind::Map { .. } | NestKind::Softmax { .. } => None,
        };
        Elems { operands: operands.iter().map(|value| graph.ty(*value)).collect(), acc }
    }

    /// `None` for an expression that is not well-typed.
    pub(crate) fn elem(&self, scalar: &Scalar) -> Option<Elem> {
        scalar.elem(&self.operands, self.acc).ok()
    }
}
