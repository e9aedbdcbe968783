//! Graphs and the module that holds them.

use crate::{Elem, Op};
use nnc_base::{Id, Name, Span, Table};
use nnc_shape::{Dim, Facts};

pub type GraphId = Id<Graph>;
pub type NodeId = Id<Node>;
pub type ParamId = Id<FormalParam>;

/// A whole program: one model and its entry points.
#[derive(Clone, Default, Debug)]
pub struct Module {
    /// Callees stand before their callers.
    pub graphs: Table<Graph>,
    pub entries: Vec<Entry>,
}

/// A graph that the world may run.
///
/// All entries of a module share parameters by name.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Name,
    pub graph: GraphId,
    /// The graph's inputs in order.
    pub inputs: Vec<EntryInput>,
    /// The graph's outputs in order.
    pub outputs: Vec<EntryOutput>,
    /// Run-time dims that change when the entry has run, such as a cache's length.
    pub updates: Vec<StateUpdate>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct EntryInput {
    pub name: Name,
    /// Kept by the caller from run to run; the output that replaces it.
    pub state: Option<u32>,
    /// Integers of this input must lie in `0..bound`; checked when the entry is called.
    pub index_bound: Option<Dim>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct EntryOutput {
    pub name: Name,
}

/// `dim` becomes `value` after a run.
#[derive(Clone, PartialEq, Debug)]
pub struct StateUpdate {
    pub dim: Name,
    pub value: Dim,
}

/// A size that is known when the program runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunDim {
    pub name: Name,
    pub min: i64,
    /// `None` while nothing bounds it; a back end needs a bound.
    pub max: Option<i64>,
}

/// Operations in an order in which operands stand before their users.
#[derive(Clone, Default, Debug)]
pub struct Graph {
    pub name: String,
    /// The variables that may occur in dims.
    pub dims: Vec<RunDim>,
    /// What else is known of them.
    pub facts: Facts,
    pub params: Table<FormalParam>,
    /// Types of the arguments.
    pub inputs: Vec<TensorType>,
    pub outputs: Vec<Value>,
    pub(crate) nodes: Table<Node>,
}

/// A tensor that a checkpoint fills, or that is computed from such tensors once,
/// before the program runs.
#[derive(Clone, PartialEq, Debug)]
pub struct FormalParam {
    /// The field path; relative to the layer in a callee.
    pub name: String,
    /// Its dims are constants.
    pub ty: TensorType,
    pub origin: ParamOrigin,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ParamOrigin {
    Stored,
    /// The only output of `graph`, whose inputs are these parameters of the same
    /// graph as the derived one.
    Derived {
        graph: GraphId,
        from: Vec<ParamId>,
    },
}

/// Runs `callee`.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    pub callee: GraphId,
    /// The callee's run-time dims in order, in terms of this graph's.
    pub dims: Vec<Dim>,
    /// This graph's parameters for the callee's stored parameters in order;
    /// derived parameters of the callee follow from them.
    pub params: Vec<ParamId>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TensorType {
    pub elem: Elem,
    pub shape: Vec<Dim>,
}

impl TensorType {
    pub fn new(elem: Elem, shape: Vec<Dim>) -> TensorType {
        TensorType { elem, shape }
    }

    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// How many elements.
    pub fn size(&self) -> Dim {
        self.shape.iter().fold(Dim::constant(1), |size, dim| &size * dim)
    }
}

/// One operation with its operands.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    pub op: Op,
    pub operands: Vec<Value>,
    /// One type a result.
    pub types: Vec<TensorType>,
    /// Where in the program it comes from.
    pub span: Span,
}

/// A result of a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Value {
    pub node: NodeId,
    pub result: u32,
}

impl Value {
    /// The only (or first) result.
    pub fn of(node: NodeId) -> Value {
        Value { node, result: 0 }
    }
}

impl Graph {
    pub fn new(name: impl Into<String>) -> Graph {
        Graph { name: name.into(), ..Graph::default() }
    }

    /// Appends a node whose operands all exist.
    pub fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node)
    }

    /// Appends a node with one result.
    pub fn add(&mut self, op: Op, operands: Vec<Value>, ty: TensorType, span: Span) -> Value {
        Value::of(self.push(Node { op, operands, types: vec![ty], span }))
    }

    /// Declares the next argument and the node that stands for it.
    pub fn add_input(&mut self, ty: TensorType, span: Span) -> Value {
        let at = self.inputs.len() as u32;
        self.inputs.push(ty.clone());
        self.add(Op::Input(at), Vec::new(), ty, span)
    }

    /// The nodes in order.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> {
        self.nodes.iter()
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// For rewriting a node in place; operands must stay earlier nodes.
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id]
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub fn ty(&self, value: Value) -> &TensorType {
        &self.nodes[value.node].types[value.result as usize]
    }
}

impl Module {
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name.as_str() == name)
    }
}
