//! The operations.

use crate::{Call, GraphId, Literal, Nest, ParamId, ReduceOp};
use nnc_base::Name;
use nnc_shape::Dim;

/// What a node does with its operands.
///
/// Every operation but [`Op::Call`], [`Op::Scan`] and [`Op::Order`] has one result.
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
    /// The first `k` along the last axis in order of size, equals by lower position: results
    /// are the values and their positions (i32). NaN is beyond every number.
    Order { descending: bool, k: Dim },
    /// What a reduction of all up to each place gives.
    Running(Running),
    /// Operand 0, `[batch…, n, rest…]`, reduced into the places that operand 1, i32
    /// `[batch…, n]`, names: the result is `[batch…, places, rest…]`. A place that nothing
    /// names has what the reduction of nothing gives, positions that are no places take no part,
    /// and what meets in one place meets in the order of `n`.
    Scatter { op: ReduceOp, places: Dim },
    /// The same elements in another shape, row-major.
    Reshape,
    /// A loop over time with carried values.
    Scan(ScanOp),
    /// Another graph, run with these operands.
    Call(Call),
}

/// `y[.., i, ..]` is the reduction of `x[.., j, ..]` over `j <= i` along one axis.
///
/// The operation is a sum, a product, a maximum, a minimum, any or all; the running result has
/// the operand's element type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Running {
    pub op: ReduceOp,
    pub axis: u32,
    /// Over `j >= i`, from the end.
    pub backwards: bool,
    /// Without `j == i`.
    pub exclusive: bool,
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
