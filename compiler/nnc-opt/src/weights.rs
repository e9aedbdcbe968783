//! What passes that change weights ask of a graph.

use crate::cost::product_of_reads;
use crate::hoist_params::known_before;
use crate::inline::reads_of;
use crate::tidy::{nest, tidy_operands};
use crate::uses::Uses;
use nnc_graph::{Graph, Index, Nest, NestKind, Node, NodeId, Op, Scalar, TensorType, Value};
use std::collections::BTreeMap;

/// Who reads what, and which values are known before the program runs; kept up to date as
/// nodes are added at the graph's end.
pub(crate) struct Weights {
    pub(crate) uses: Uses,
    pub(crate) known: BTreeMap<NodeId, bool>,
}

/// A sum of products with a weight that may be changed.
#[derive(Clone, Debug)]
pub(crate) struct Weighted {
    /// The operand that is the weight, and where it is read.
    pub(crate) weight: u32,
    pub(crate) at: Vec<Index>,
    /// The other factor.
    pub(crate) input: u32,
    pub(crate) input_at: Vec<Index>,
}

impl Weights {
    pub(crate) fn of(graph: &Graph) -> Weights {
        Weights { uses: Uses::of(graph), known: known_before(graph) }
    }

    /// Sees a sum of products with a factor that is known before the program runs,
    /// is read here alone, and has the accumulator's type.
    pub(crate) fn weighted(&self, graph: &Graph, id: NodeId) -> Option<Weighted> {
        let node = graph.node(id);
        let nest = nest(node)?;
        let NestKind::Reduce(reduction) = &nest.kind else { return None };
        let [a, b] = product_of_reads(nest)?;
        let ((weight, at), (input, input_at)) =
            [(a, b), (b, a)].into_iter().find(|((weight, _), _)| {
                let value = node.operands[*weight as usize];
                self.known.get(&value.node) == Some(&true)
                    && graph.ty(value).elem == reduction.accumulator
                    && self.uses.is_single(value)
                    && reads_of(nest, *weight).len() == 1
            })?;
        let (at, input_at) = (at.to_vec(), input_at.to_vec());
        Some(Weighted { weight, at, input, input_at })
    }

    /// Whether an expression reads something, and only what is known before.
    pub(crate) fn decides(&self, operands: &[Value], scalar: &Scalar) -> bool {
        let (mut reads, mut known) = (false, true);
        scalar.visit(&mut |it| match it {
            Scalar::Read { operand, at } => {
                reads = true;
                known &= self.known.contains_key(&operands[*operand as usize].node)
                    && at.iter().all(|it| matches!(it, Index::Affine(_)));
            }
            Scalar::Acc | Scalar::Index { .. } => known = false,
            _ => {}
        });
        reads && known
    }

    /// Adds a node that is made from parameters.
    pub(crate) fn add(
        &mut self,
        graph: &mut Graph,
        mut nest: Nest,
        mut operands: Vec<Value>,
        of: NodeId,
    ) -> Value {
        tidy_operands(&mut nest, &mut operands);
        let ty = TensorType::new(nest.elem, nest.shape());
        let span = graph.node(of).span;
        let value = graph.add(Op::Nest(nest), operands.clone(), ty, span);
        self.known.insert(value.node, true);
        self.uses.replace(value.node, &[], &operands);
        value
    }

    /// Gives a node other operands and, if there is one, another nest.
    pub(crate) fn set(
        &mut self,
        graph: &mut Graph,
        id: NodeId,
        nest: Option<Nest>,
        mut operands: Vec<Value>,
    ) {
        let node: &mut Node = graph.node_mut(id);
        if let Some(nest) = nest {
            node.op = Op::Nest(nest);
        }
        if let Op::Nest(nest) = &mut node.op {
            tidy_operands(nest, &mut operands);
        }
        self.uses.replace(id, &node.operands, &operands);
        node.operands = operands;
    }
}
