//! How many layers and heads a transformer needs for an s-op.
//!
//! The counts are those of the authors' own tool: every s-op is computed in the first
//! layer at whose end it can be there, and each selector that something aggregates with in
//! a layer is a head of it. What only works place by place costs no layer. A selector that
//! the program makes twice counts twice; [`Layer::distinct`] counts equal ones once.

use crate::graph::{Graph, NodeId, Op};
use std::collections::{BTreeMap, BTreeSet};

/// One layer of a schedule.
#[derive(Clone, Default, Debug)]
pub struct Layer {
    /// The selectors that are used in it, in the order in which they were made.
    pub heads: Vec<NodeId>,
    /// How many of them differ in what they select.
    pub distinct: usize,
    /// The s-ops that are there at its end first, in the order in which they were made.
    pub sops: Vec<NodeId>,
}

/// The schedule of an s-op or selector: all that it needs, by layer.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The first is what is there before any attention.
    pub layers: Vec<Layer>,
}

impl Layers {
    pub fn of(graph: &Graph, node: NodeId) -> Layers {
        let mut by_depth: BTreeMap<u32, Layer> = BTreeMap::new();
        let mut heads: BTreeMap<u32, BTreeSet<NodeId>> = BTreeMap::new();
        for id in graph.ancestors(node) {
            let it = &graph[id];
            if it.is_selector() {
                continue;
            }
            by_depth.entry(it.depth).or_default().sops.push(id);
            if let Op::Aggregate { selector, .. } = &it.op {
                heads.entry(it.depth).or_default().insert(*selector);
            }
        }
        let depth = by_depth.keys().next_back().copied().unwrap_or(0);
        let mut layers: Vec<Layer> =
            (0..=depth).map(|at| by_depth.remove(&at).unwrap_or_default()).collect();
        for (at, selectors) in heads {
            let classes: BTreeSet<NodeId> = selectors.iter().map(|it| graph[*it].class).collect();
            if let Some(layer) = layers.get_mut(at as usize) {
                layer.distinct = classes.len();
                layer.heads = selectors.into_iter().collect();
            }
        }
        Layers { layers }
    }

    /// How many layers of attention there are.
    pub fn depth(&self) -> usize {
        self.layers.len().saturating_sub(1)
    }

    /// The most heads that one layer has.
    pub fn width(&self) -> usize {
        self.layers.iter().map(|it| it.heads.len()).max().unwrap_or(0)
    }

    /// The most heads that one layer has where equal selectors are one.
    pub fn distinct_width(&self) -> usize {
        self.layers.iter().map(|it| it.distinct).max().unwrap_or(0)
    }

    /// How many heads each layer of attention has.
    pub fn widths(&self) -> Vec<usize> {
        self.layers.iter().skip(1).map(|it| it.heads.len()).collect()
    }
}
