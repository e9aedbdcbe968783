//! The s-ops and selectors of a program as a graph.
//!
//! A [`Node`] is one s-op or selector as the program made it: `select(a, b, ==)` written
//! twice is two nodes, and in the authors' count two heads. Nodes that must have equal
//! values share a *class*, so that each is evaluated once, and so that a count with equal
//! selectors as one head can be given, too. Operands always come before what is made of
//! them.

use crate::ast::{BinaryOp, Compare, UnaryOp};
use crate::call::CallId;
use crate::value::Atom;
use nnc_base::{Id, Span, Table};
use std::collections::HashMap;
use std::rc::Rc;

pub type NodeId = Id<Node>;

/// The class of all nodes that have equal values, as the first of them.
pub type ClassId = Id<Node>;

/// How the input is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reading {
    Text,
    Int,
    Float,
    Bool,
    AsIs,
}

impl Reading {
    pub const ALL: [Reading; 5] =
        [Reading::Text, Reading::Int, Reading::Float, Reading::Bool, Reading::AsIs];

    /// The name of the s-op.
    pub fn as_str(self) -> &'static str {
        match self {
            Reading::Text => "tokens_str",
            Reading::Int => "tokens_int",
            Reading::Float => "tokens_float",
            Reading::Bool => "tokens_bool",
            Reading::AsIs => "tokens_asis",
        }
    }
}

/// What a node computes, over ids of nodes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    Tokens(Reading),
    Indices,
    /// The same value at each place.
    Constant(Atom),
    /// Place by place.
    Map(Map, Vec<NodeId>),
    /// For each place the mean of the values that the selector selects, or the one value
    /// if it is one; the default, or 0, where nothing is selected.
    Aggregate {
        selector: NodeId,
        value: NodeId,
        default: Option<Atom>,
    },
    Select {
        key: NodeId,
        query: NodeId,
        compare: Compare,
    },
    Not(NodeId),
    And(NodeId, NodeId),
    Or(NodeId, NodeId),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Map {
    Unary(UnaryOp),
    Binary(BinaryOp),
    /// Of a condition and two values.
    If,
    /// Whether the value is one of these.
    In(Rc<[Atom]>),
    /// An entry of a list or a text, by position.
    Entry(Rc<[Atom]>),
    /// An entry of a dict, by key.
    Key(Rc<[(Atom, Atom)]>),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub op: Op,
    pub class: ClassId,
    /// The layer at whose end its value is there; for a selector, the layer whose heads can
    /// use it. 0 for what is there before the first layer.
    pub depth: u32,
    pub name: String,
    /// Whether a program gave it the name by an assignment.
    pub named: bool,
    /// The expression that made it.
    pub span: Span,
    /// The call of a function that made it.
    pub call: Option<CallId>,
}

impl Node {
    pub fn is_selector(&self) -> bool {
        self.op.is_selector()
    }
}

impl Op {
    pub fn is_selector(&self) -> bool {
        matches!(self, Op::Select { .. } | Op::Not(_) | Op::And(..) | Op::Or(..))
    }

    /// What it is made of, in order.
    pub fn operands(&self) -> Vec<NodeId> {
        match self {
            Op::Tokens(_) | Op::Indices | Op::Constant(_) => Vec::new(),
            Op::Map(_, operands) => operands.clone(),
            Op::Aggregate { selector, value, .. } => vec![*selector, *value],
            Op::Select { key, query, .. } => vec![*key, *query],
            Op::Not(operand) => vec![*operand],
            Op::And(left, right) | Op::Or(left, right) => vec![*left, *right],
        }
    }

    fn with_operands(&self, map: impl Fn(NodeId) -> NodeId) -> Op {
        match self {
            Op::Tokens(_) | Op::Indices | Op::Constant(_) => self.clone(),
            Op::Map(op, operands) => {
                Op::Map(op.clone(), operands.iter().map(|it| map(*it)).collect())
            }
            Op::Aggregate { selector, value, default } => Op::Aggregate {
                selector: map(*selector),
                value: map(*value),
                default: default.clone(),
            },
            Op::Select { key, query, compare } => {
                Op::Select { key: map(*key), query: map(*query), compare: *compare }
            }
            Op::Not(operand) => Op::Not(map(*operand)),
            Op::And(left, right) => Op::And(map(*left), map(*right)),
            Op::Or(left, right) => Op::Or(map(*left), map(*right)),
        }
    }
}

/// The longest name of a node; what is longer says nothing in a picture.
const LONGEST_NAME: usize = 30;

/// All nodes of a program, in the order in which they were made.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Table<Node>,
    classes: HashMap<Op, ClassId>,
}

impl Graph {
    pub fn nodes(&self) -> &Table<Node> {
        &self.nodes
    }

    pub(crate) fn push(
        &mut self,
        op: Op,
        name: impl Into<String>,
        span: Span,
        call: Option<CallId>,
    ) -> NodeId {
        let depth = self.depth(&op);
        let key = op.with_operands(|operand| self.nodes[operand].class);
        let id = self.nodes.next_id();
        let class = *self.classes.entry(key).or_insert(id);
        let name = shortened(name.into(), &op);
        self.nodes.push(Node { op, class, depth, name, named: false, span, call })
    }

    /// Selecting and aggregating need a layer of attention; all else happens at the end
    /// of the layer that its operands need.
    fn depth(&self, op: &Op) -> u32 {
        let deepest = |operands: &[NodeId]| {
            operands.iter().map(|it| self.nodes[*it].depth).max().unwrap_or(0)
        };
        match op {
            Op::Select { key, query, .. } => deepest(&[*key, *query]) + 1,
            Op::Aggregate { selector, value, .. } => {
                (deepest(&[*value]) + 1).max(self.nodes[*selector].depth)
            }
            Op::Map(..) | Op::Not(_) | Op::And(..) | Op::Or(..) => deepest(&op.operands()),
            Op::Tokens(_) | Op::Indices | Op::Constant(_) => 0,
        }
    }

    pub(crate) fn rename(&mut self, id: NodeId, name: &str, named: bool) {
        let node = &mut self.nodes[id];
        node.name = shortened(name.to_owned(), &node.op);
        node.named |= named;
    }

    /// The node and all that it is made of, in order.
    pub fn ancestors(&self, id: NodeId) -> Vec<NodeId> {
        let mut needed = vec![false; id.index() + 1];
        needed[id.index()] = true;
        for at in (0..=id.index()).rev() {
            if needed[at] {
                for operand in self.nodes[NodeId::from_raw(at as u32)].op.operands() {
                    needed[operand.index()] = true;
                }
            }
        }
        (0..=id.raw()).map(NodeId::from_raw).filter(|it| needed[it.index()]).collect()
    }
}

impl std::ops::Index<NodeId> for Graph {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }
}

fn shortened(name: String, op: &Op) -> String {
    match name.chars().count() {
        0..=LONGEST_NAME => name,
        _ if op.is_selector() => "selector".to_owned(),
        _ => "s-op".to_owned(),
    }
}
