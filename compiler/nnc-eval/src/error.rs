//! Why a run stops.

use nnc_graph::NodeId;
use std::fmt;

#[derive(Clone, PartialEq, Debug)]
pub enum EvalError {
    /// The caller's arguments do not fit the entry: names what, and both values.
    Argument(String),
    /// A rule of the graph is broken at a node: a bug of the compiler.
    Graph { graph: String, node: Option<NodeId>, message: String },
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvalError::Argument(message) => f.write_str(message),
            EvalError::Graph { graph, node: Some(node), message } => {
                write!(f, "@{graph} %{}: {message}", node.raw())
            }
            EvalError::Graph { graph, node: None, message } => write!(f, "@{graph}: {message}"),
        }
    }
}

impl std::error::Error for EvalError {}
