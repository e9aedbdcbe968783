//! Which axes of a graph count the heads of an attention.
//!
//! From an axis on, whatever reads it and whatever it is made of is followed, until everything
//! that counts the same heads is known. What has to hold for heads to be left out is asked on
//! the way: that they lead from parameters to parameters, and that what adds them up multiplies
//! each by a parameter of its own, so that leaving heads out is as if these parameters were 0.

use std::collections::{BTreeMap, BTreeSet};

use nnc_base::Span;
use nnc_graph::{
    Binary, Graph, Index, Nest, NestKind, NodeId, Op, ParamId, ReduceOp, Scalar, Value, Var,
};

use super::segments::{Place, Scheme};

/// Why the heads cannot be changed, and where.
pub(super) type Stays = (Span, &'static str);

/// All that counts the heads.
#[derive(Clone, Default)]
pub(super) struct Spread {
    /// By value and axis.
    pub axes: BTreeMap<(Value, usize), Scheme>,
    /// By node and index variable.
    pub vars: BTreeMap<(NodeId, Var), Scheme>,
    pub params: BTreeMap<(ParamId, usize), Scheme>,
    /// Nodes whose heads stay as many, though what they read has one.
    pub cut: BTreeSet<NodeId>,
}

/// What has been found out and not been followed.
enum Found {
    Axis(Value, usize),
    Var(NodeId, Var),
}

/// A graph with its readers.
pub(super) struct Readers<'g> {
    graph: &'g Graph,
    readers: BTreeMap<NodeId, Vec<NodeId>>,
}

/// The extent of a variable, if it is a number.
pub(super) fn extent(nest: &Nest, var: Var) -> Option<i64> {
    nest.axis(var)?.extent.as_constant()
}

/// Each read of a scalar: the operand and the places along its axes.
pub(super) fn reads(scalar: &Scalar) -> Vec<(u32, &[Index])> {
    let mut found = Vec::new();
    scalar.visit(&mut |it| {
        if let Scalar::Read { operand, at } = it {
            found.push((*operand, at.as_slice()));
        }
    });
    found
}

/// The result axis that a variable belongs to, and its place there.
fn result_place(nest: &Nest, var: Var) -> Option<(usize, Place)> {
    let mut first = 0;
    for (axis, count) in nest.groups.iter().enumerate() {
        let vars = first..first + *count;
        if vars.contains(&var.0) {
            return Some((axis, group_place(nest, vars)?));
        }
        first += count;
    }
    None
}

/// A result axis as an index over the variables that it is made of.
fn group_place(nest: &Nest, vars: std::ops::Range<u32>) -> Option<Place> {
    let mut terms = Vec::new();
    let mut by = 1;
    for var in vars.rev().map(Var) {
        let extent = extent(nest, var)?;
        if extent != 1 {
            terms.push(super::segments::Term { var, by, extent, back: false });
        }
        by *= extent;
    }
    Some(Place { offset: 0, terms })
}

fn axis_vars(nest: &Nest, axis: usize) -> std::ops::Range<u32> {
    let first: u32 = nest.groups.iter().take(axis).sum();
    first..first + nest.groups.get(axis).copied().unwrap_or(0)
}

impl<'g> Readers<'g> {
    pub(super) fn new(graph: &'g Graph) -> Readers<'g> {
        let mut readers: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for (id, node) in graph.nodes() {
            for operand in &node.operands {
                let of = readers.entry(operand.node).or_default();
                if of.last() != Some(&id) {
                    of.push(id);
                }
            }
        }
        Readers { graph, readers }
    }

    /// The nodes that read a value.
    pub(super) fn of(&self, node: NodeId) -> &[NodeId] {
        self.readers.get(&node).map(Vec::as_slice).unwrap_or_default()
    }

    /// Follows the heads from a variable on.
    pub(super) fn spread_var(
        &self,
        spread: &mut Spread,
        node: NodeId,
        var: Var,
        scheme: Scheme,
    ) -> Result<(), Stays> {
        let mut waiting = Vec::new();
        self.note_var(spread, &mut waiting, (node, var), scheme)?;
        self.follow(spread, waiting)
    }

    /// Follows the heads from an axis of a value on.
    pub(super) fn spread_axis(
        &self,
        spread: &mut Spread,
        value: Value,
        axis: usize,
        scheme: Scheme,
    ) -> Result<(), Stays> {
        let mut waiting = Vec::new();
        self.note_axis(spread, &mut waiting, (value, axis), scheme)?;
        self.follow(spread, waiting)
    }

    fn follow(&self, spread: &mut Spread, mut waiting: Vec<Found>) -> Result<(), Stays> {
        // Goes on behind the first reason, so that one knows whose heads they are.
        let mut result = Ok(());
        while let Some(found) = waiting.pop() {
            let followed = match found {
                Found::Axis(value, axis) => self.follow_axis(spread, &mut waiting, value, axis),
                Found::Var(node, var) => self.follow_var(spread, &mut waiting, node, var),
            };
            result = result.and(followed);
        }
        result
    }

    fn note_var(
        &self,
        spread: &mut Spread,
        waiting: &mut Vec<Found>,
        (node, var): (NodeId, Var),
        scheme: Scheme,
    ) -> Result<(), Stays> {
        match spread.vars.get(&(node, var)) {
            Some(known) if *known == scheme => Ok(()),
            Some(known) => {
                // More of the axis is known than before.
                let merged = merged(known, &scheme)
                    .ok_or((self.span(node), "two of its axes count other heads"))?;
                if merged != *known {
                    spread.vars.insert((node, var), merged);
                    waiting.push(Found::Var(node, var));
                }
                Ok(())
            }
            None => {
                spread.vars.insert((node, var), scheme);
                waiting.push(Found::Var(node, var));
                Ok(())
            }
        }
    }

    fn note_axis(
        &self,
        spread: &mut Spread,
        waiting: &mut Vec<Found>,
        (value, axis): (Value, usize),
        scheme: Scheme,
    ) -> Result<(), Stays> {
        let known = spread.axes.get(&(value, axis)).cloned().unwrap_or_default();
        let merged = merged(&known, &scheme)
            .ok_or((self.span(value.node), "two of its axes count other heads"))?;
        if merged != known {
            spread.axes.insert((value, axis), merged);
            waiting.push(Found::Axis(value, axis));
        }
        Ok(())
    }

    fn span(&self, node: NodeId) -> Span {
        self.graph.node(node).span
    }

    fn follow_axis(
        &self,
        spread: &mut Spread,
        waiting: &mut Vec<Found>,
        value: Value,
        axis: usize,
    ) -> Result<(), Stays> {
        let scheme = spread.axes.get(&(value, axis)).cloned().unwrap_or_default();
        let node = self.graph.node(value.node);
        let stays = |why| Err((node.span, why));
        match &node.op {
            Op::Param(param) => {
                spread.params.insert((*param, axis), scheme.clone());
            }
            Op::Nest(nest) => {
                let unclear = (node.span, "an axis is made of heads and of something else");
                let place = group_place(nest, axis_vars(nest, axis)).ok_or(unclear)?;
                for (var, scheme) in place.inside(&scheme).ok_or(unclear)? {
                    self.note_var(spread, waiting, (value.node, var), scheme)?;
                }
            }
            Op::Input(_) => return stays("they come from the caller"),
            Op::Const(_) => return stays("a literal has a number for each of them"),
            Op::Write { .. } => return stays("they are kept in state"),
            Op::Order { .. }
            | Op::Running(_)
            | Op::Scatter { .. }
            | Op::Reshape
            | Op::Scan(_)
            | Op::Call(_) => {
                return stays("they go through a loop or a choice");
            }
        }
        if self.graph.outputs.contains(&value) {
            return stays("they are given to the caller");
        }
        for reader in self.of(value.node) {
            let reading = self.graph.node(*reader);
            let Op::Nest(nest) = &reading.op else {
                return Err((reading.span, "they are read by something that is no sum or map"));
            };
            for (operand, at) in nest.scalars().into_iter().flat_map(reads) {
                if reading.operands.get(operand as usize) != Some(&value) {
                    continue;
                }
                let unclear = (reading.span, "they are read otherwise than head by head");
                let Some(Index::Affine(index)) = at.get(axis) else { return Err(unclear) };
                let place = Place::of(index, &|var| extent(nest, var)).ok_or(unclear)?;
                for (var, scheme) in place.inside(&scheme).ok_or(unclear)? {
                    let is_cut = spread.cut.contains(reader);
                    if is_cut && scheme.iter().all(|it| it.inner == 1 && it.len == it.count) {
                        continue;
                    }
                    self.note_var(spread, waiting, (*reader, var), scheme)?;
                }
            }
        }
        Ok(())
    }

    fn follow_var(
        &self,
        spread: &mut Spread,
        waiting: &mut Vec<Found>,
        id: NodeId,
        var: Var,
    ) -> Result<(), Stays> {
        let scheme = spread.vars.get(&(id, var)).cloned().unwrap_or_default();
        let node = self.graph.node(id);
        let Op::Nest(nest) = &node.op else { return Ok(()) };
        let mut result = Ok(());
        let mut stays = |why| {
            result = result.and(Err((node.span, why)));
        };
        if spread.cut.contains(&id) {
            stays("queries and keys are made of one thing");
        }
        match &nest.kind {
            NestKind::Softmax { axis, .. } if *axis == var => {
                stays("a softmax goes over them");
            }
            NestKind::Reduce(reduction) if var.0 as usize >= nest.axes.len() => {
                let one = scheme.iter().any(|it| it.kept.is_none());
                if one || reduction.op != ReduceOp::Sum {
                    stays("they are put together by something that is no sum");
                } else if !self.weighted(node, &reduction.value, var) {
                    stays("they are added up without a parameter for each");
                }
            }
            NestKind::Map { .. } | NestKind::Softmax { .. } | NestKind::Reduce(_) => {}
        }
        if (var.0 as usize) < nest.axes.len() {
            let unclear = (node.span, "an axis is made of heads and of something else");
            let (axis, place) = result_place(nest, var).ok_or(unclear)?;
            let outside = place.outside(var, &scheme).ok_or(unclear)?;
            self.note_axis(spread, waiting, (Value::of(id), axis), outside)?;
        }
        let mut counted = false;
        for scalar in nest.scalars() {
            scalar.visit(&mut |it| {
                if let Scalar::Index { value, .. } = it {
                    counted |= value.terms.iter().any(|term| term.0 == var);
                }
            });
            for (operand, at) in reads(scalar) {
                for (axis, index) in at.iter().enumerate() {
                    let Index::Affine(index) = index else { continue };
                    if !index.terms.iter().any(|term| term.0 == var) {
                        continue;
                    }
                    let unclear = (node.span, "they are read otherwise than head by head");
                    let place = Place::of(index, &|var| extent(nest, var)).ok_or(unclear)?;
                    let outside = place.outside(var, &scheme).ok_or(unclear)?;
                    let Some(value) = node.operands.get(operand as usize) else { continue };
                    self.note_axis(spread, waiting, (*value, axis), outside)?;
                }
            }
        }
        if counted {
            stays("something is computed from the number of the head");
        }
        result
    }

    /// Whether a value is a product one of whose factors is a parameter at `var`.
    fn weighted(&self, node: &nnc_graph::Node, value: &Scalar, var: Var) -> bool {
        match value {
            Scalar::Binary(Binary::Mul, left, right) => {
                self.weighted(node, left, var) || self.weighted(node, right, var)
            }
            Scalar::Cast { value, .. } => self.weighted(node, value, var),
            Scalar::Read { operand, at } => {
                let of = node.operands.get(*operand as usize);
                let is_param =
                    of.is_some_and(|it| matches!(self.graph.node(it.node).op, Op::Param(_)));
                let along = |index: &Index| match index {
                    Index::Affine(index) => index.terms.iter().any(|term| term.0 == var),
                    Index::Data(_) => false,
                };
                is_param && at.iter().any(along)
            }
            _ => false,
        }
    }
}

/// The segments of both, which are the same where they overlap.
fn merged(left: &Scheme, right: &Scheme) -> Option<Scheme> {
    let mut all = left.clone();
    for segment in right {
        if all.contains(segment) {
            continue;
        }
        let end = segment.start + segment.len;
        if all.iter().any(|it| it.start < end && segment.start < it.start + it.len) {
            return None;
        }
        all.push(segment.clone());
    }
    all.sort_by_key(|it| it.start);
    Some(all)
}
