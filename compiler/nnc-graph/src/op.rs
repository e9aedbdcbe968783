//! The operations.

use crate::{Call, GraphId, Literal, Nest, ParamId};
use nnc_base::Name;
use nnc_shape::Dim;

/// What a node does with its operands.
///
/// Every operation but [`Op::Call`], [`Op::Scan`] and [`Op::TopK`] has one result.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    /// An argument of the graph, by its place in [`crate::Graph::inputs`].
    Input(u32),
    /// A parameter of the graph.
    Param(ParamId),
    /// A literal; its size is the type's.
    Const(Literal),
    /// Index form. The operands are what its reads name.
    Nest(Nest),
    /// Operand 0 with operand 1 (of the same rank) written over it at `offset`,
    /// one dim an axis. In place where nothing else needs the old value.
    Write { offset: Vec<Dim> },
    /// The `k` greatest along the last axis, greatest first, ties by lower
    /// position: results are the values and their positions (i32).
    TopK { k: Dim },
    /// The same elements in another shape, row-major.
    Reshape,
    /// A loop over time with carried values.
    Scan(ScanOp),
    /// Another graph, run with these operands.
    Call(Call),
}

/// Runs `body` for `variable` = 0, 1, …, `extent` - 1.
///
/// Operands are the carried values' start, then `body`'s other inputs (the same
/// at every step). `body`'s run-time dims are this graph's, by name, and
/// `variable`. Its inputs are the carried values and then those others, its
/// outputs the carried values' next and then what the step yields. The results
/// are the carried values at the end, then each yield stacked along a new
/// leading axis of size `extent`.
///
/// With a condition the loop ends before the first step for which the carried value at that
/// place is false. What the steps that did not run would have yielded is zeros.
#[derive(Clone, PartialEq, Debug)]
pub struct ScanOp {
    pub body: GraphId,
    pub variable: Name,
    pub extent: Dim,
    /// How many operands are carried.
    pub carried: u32,
    /// The place of a carried bool without axes.
    pub condition: Option<u32>,
    /// This graph's parameters, for the body's in order.
    pub params: Vec<ParamId>,
}
