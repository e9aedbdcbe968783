//! `heads` and `write_heads`: attentions with fewer heads, on the graph.
//!
//! What an attention is, the graph says: a softmax of products. Its heads are an axis of the
//! softmax that leads from parameters to parameters (`heads/spread.rs`), wherever that axis lies
//! in theirs (`heads/segments.rs`).
//!
//! - `heads` keeps some: Michel, Levy and Neubig, "Are sixteen heads really better than one?",
//!   2019. What is computed is what was, with 0 for what the maps behind the others are
//!   multiplied by.
//! - `write_heads` leaves keys and values one head, the mean of theirs: Shazeer, "Fast
//!   transformer decoding: one write-head is all you need", 2019, section 3; by the mean as in
//!   Ainslie et al., "GQA", 2023, section 2.1.

mod segments;
mod spread;

use std::collections::BTreeMap;

use nnc_base::Diagnostic;
use nnc_graph::{
    Graph, GraphId, Index, Module, NestKind, NodeId, Op, Scalar, TensorType, Value, Var,
};
use nnc_shape::Dim;

use self::segments::{Place, Scheme, new_len};
use self::spread::{Readers, Spread, Stays, extent, reads};
use super::{HeadsOf, errors};
use crate::params::{Made, ParamInfo, Segment};

/// Changes the attentions of a layer in all entries.
pub(crate) fn rewrite(
    module: &mut Module,
    params: &mut [ParamInfo],
    heads: &HeadsOf,
) -> Result<(), Box<Diagnostic>> {
    let mut changed: BTreeMap<(String, usize), Scheme> = BTreeMap::new();
    let mut failure: Option<Stays> = None;
    let graphs: Vec<GraphId> = module.graphs.iter().map(|(id, _)| id).collect();
    for id in graphs {
        let found = attentions(&module.graphs[id], heads, &mut failure)?;
        for spread in found {
            for ((param, axis), scheme) in &spread.params {
                let name = module.graphs[id].params[*param].name.clone();
                changed.insert((name, *axis), scheme.clone());
            }
            apply(&mut module.graphs[id], &spread);
        }
    }
    if changed.is_empty() {
        return Err(Box::new(match failure {
            Some((at, why)) => errors::heads_stay(heads.span, &heads.place, at, why),
            None => errors::no_attention(heads.span, &heads.place),
        }));
    }
    for ((name, axis), segments) in changed {
        let Some(info) = params.iter_mut().find(|it| it.name == name) else { continue };
        let len = new_len(info.shape[axis], &segments);
        let of = Box::new(info.clone());
        info.shape[axis] = len;
        info.formulas[axis] = Dim::constant(len);
        info.made = Some(Made::Heads { of, axis, segments });
        let ty = info.tensor_type();
        for (_, graph) in module.graphs.iter_mut() {
            let found = graph.params.iter_mut().find(|(_, it)| it.name == name);
            if let Some((_, param)) = found {
                param.ty = ty.clone();
            }
        }
    }
    Ok(())
}

/// What counts the heads of each attention of a layer.
fn attentions(
    graph: &Graph,
    heads: &HeadsOf,
    failure: &mut Option<Stays>,
) -> Result<Vec<Spread>, Box<Diagnostic>> {
    let readers = Readers::new(graph);
    let inside = format!("{}.", heads.names);
    let is_ours = |spread: &Spread| {
        let mut names = spread.params.keys().map(|(param, _)| graph.params[*param].name.as_str());
        names.any(|name| name.starts_with(&inside))
    };
    let mut found: Vec<Spread> = Vec::new();
    for (id, node) in graph.nodes() {
        let Op::Nest(nest) = &node.op else { continue };
        let NestKind::Softmax { axis, .. } = &nest.kind else { continue };
        if found.iter().any(|it| it.vars.keys().any(|(node, _)| *node == id)) {
            continue;
        }
        let tries = match &heads.kept {
            Some(kept) => kept_heads(graph, &readers, id, *axis, kept),
            None => one_head(graph, &readers, id, *axis),
        };
        let mut best: Option<Spread> = None;
        for (spread, result) in tries {
            if !is_ours(&spread) {
                continue;
            }
            match result {
                Err(stays) => {
                    failure.get_or_insert(stays);
                }
                Ok(()) if best.as_ref().is_none_or(|it| it.params.len() < spread.params.len()) => {
                    best = Some(spread);
                }
                Ok(()) => {}
            }
        }
        let Some(best) = best else { continue };
        if let Some(kept) = &heads.kept {
            let count = count_of_heads(&best, id);
            if let Some(outside) = kept.iter().find(|it| **it >= count) {
                let error = errors::no_head(heads.span, &heads.place, *outside, count);
                return Err(Box::new(error));
            }
        }
        found.push(best);
    }
    Ok(found)
}

/// How many heads the variable of a node counts; none where no variable does.
fn count_of_heads(spread: &Spread, node: NodeId) -> i64 {
    let mut vars = spread.vars.iter().filter(|((it, _), _)| *it == node);
    vars.next().and_then(|(_, scheme)| scheme.first()).map_or(0, |it| it.count)
}

type Try = (Spread, Result<(), Stays>);

/// The axes of a softmax, each as if it counted the heads.
fn kept_heads(
    graph: &Graph,
    readers: &Readers<'_>,
    id: NodeId,
    softmax: Var,
    kept: &[i64],
) -> Vec<Try> {
    let Op::Nest(nest) = &graph.node(id).op else { return Vec::new() };
    let mut tries = Vec::new();
    for var in (0..nest.axes.len() as u32).map(Var).filter(|it| *it != softmax) {
        let Some(count) = extent(nest, var).filter(|it| *it > 1) else { continue };
        let segment = Segment { start: 0, len: count, inner: 1, count, kept: Some(kept.to_vec()) };
        let mut spread = Spread::default();
        let result = readers.spread_var(&mut spread, id, var, vec![segment]);
        tries.push((spread, result));
    }
    tries
}

/// A read of keys or values: the node, the operand's value, and the places along its axes.
struct KeyRead<'g> {
    node: NodeId,
    value: Value,
    at: &'g [Index],
    /// The variable that goes along what is attended to.
    along: Var,
}

/// Keys and values with one head, for each way in which their axes may count heads.
fn one_head(graph: &Graph, readers: &Readers<'_>, id: NodeId, softmax: Var) -> Vec<Try> {
    let (keys, values) = (keys(graph, id, softmax), values(graph, readers, id, softmax));
    if keys.is_empty() || values.is_empty() {
        return Vec::new();
    }
    let mut start = Spread::default();
    start.cut.extend(keys.iter().chain(&values).map(|it| it.node));
    let mut tries: Vec<Try> = vec![(start, Ok(()))];
    for read in keys.iter().chain(&values) {
        let mut next = Vec::new();
        for (spread, result) in tries {
            if result.is_err() {
                next.push((spread, result));
                continue;
            }
            for (axis, scheme) in heads_of(graph, read) {
                let mut spread = spread.clone();
                let result = readers.spread_axis(&mut spread, read.value, axis, scheme);
                next.push((spread, result));
            }
        }
        tries = next;
    }
    tries
}

/// The axes of what is read that may count heads, each with where they are.
fn heads_of(graph: &Graph, read: &KeyRead<'_>) -> Vec<(usize, Scheme)> {
    let Op::Nest(nest) = &graph.node(read.node).op else { return Vec::new() };
    let mut found = Vec::new();
    for (axis, index) in read.at.iter().enumerate() {
        let Index::Affine(index) = index else { continue };
        let Some(place) = Place::of(index, &|var| extent(nest, var)) else { continue };
        for term in &place.terms {
            let summed = term.var.0 as usize >= nest.axes.len();
            if term.var == read.along || summed || term.extent < 2 {
                continue;
            }
            let count = term.extent;
            let one = Segment { start: 0, len: count, inner: 1, count, kept: None };
            found.extend(place.outside(term.var, &[one]).map(|scheme| (axis, scheme)));
        }
    }
    found
}

/// The reads of keys: in the products that a softmax is of, what goes along its axis.
fn keys(graph: &Graph, id: NodeId, softmax: Var) -> Vec<KeyRead<'_>> {
    let mut found = Vec::new();
    let mut waiting = vec![(id, softmax)];
    while let Some((id, along)) = waiting.pop() {
        let node = graph.node(id);
        let Op::Nest(nest) = &node.op else { continue };
        for (operand, at) in nest.scalars().into_iter().flat_map(reads) {
            let Some(axis) = at.iter().position(|it| is_var(it, along)) else { continue };
            let Some(value) = node.operands.get(operand as usize) else { continue };
            match &nest.kind {
                NestKind::Reduce(_) => {
                    found.push(KeyRead { node: id, value: *value, at, along });
                }
                NestKind::Map { .. } | NestKind::Softmax { .. } => {
                    let Op::Nest(inner) = &graph.node(value.node).op else { continue };
                    if inner.is_ungrouped() {
                        waiting.push((value.node, Var(axis as u32)));
                    }
                }
            }
        }
    }
    found
}

/// The reads of values: beside the weights, in the sums over what is attended to.
fn values<'g>(
    graph: &'g Graph,
    readers: &Readers<'_>,
    id: NodeId,
    softmax: Var,
) -> Vec<KeyRead<'g>> {
    let mut found = Vec::new();
    for reader in readers.of(id) {
        let node = graph.node(*reader);
        let Op::Nest(nest) = &node.op else { continue };
        let NestKind::Reduce(_) = &nest.kind else { continue };
        let all: Vec<(u32, &[Index])> = nest.scalars().into_iter().flat_map(reads).collect();
        let of_softmax =
            |operand: &u32| node.operands.get(*operand as usize) == Some(&Value::of(id));
        let along = all.iter().filter(|(operand, _)| of_softmax(operand)).find_map(|(_, at)| {
            let Some(Index::Affine(index)) = at.get(softmax.0 as usize) else { return None };
            index.as_var()
        });
        let Some(along) = along.filter(|it| it.0 as usize >= nest.axes.len()) else { continue };
        for (operand, at) in all.iter().filter(|(operand, _)| !of_softmax(operand)) {
            let Some(value) = node.operands.get(*operand as usize) else { continue };
            if at.iter().any(|it| is_var(it, along)) {
                found.push(KeyRead { node: *reader, value: *value, at, along });
            }
        }
    }
    found
}

fn is_var(index: &Index, var: Var) -> bool {
    index.as_affine().and_then(nnc_graph::Affine::as_var) == Some(var)
}

/// Makes the axes shorter.
fn apply(graph: &mut Graph, spread: &Spread) {
    let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    for id in ids {
        let node = graph.node(id).clone();
        let mut next = node.clone();
        if let Op::Nest(nest) = &node.op {
            let mut nest = nest.clone();
            let before = nest.clone();
            let is_cut = spread.cut.contains(&id);
            nest.map_scalars(&mut |scalar| {
                rewritten(scalar, &mut |operand, axis, index| {
                    let value = *node.operands.get(operand as usize)?;
                    let scheme = spread.axes.get(&(value, axis))?;
                    let place = Place::of(index, &|var| extent(&before, var))?;
                    Some(place.rewritten(scheme, is_cut))
                })
            });
            let outer = nest.axes.len();
            for ((_, var), scheme) in spread.vars.iter().filter(|it| it.0.0 == id) {
                let at = var.0 as usize;
                let axis = match &mut nest.kind {
                    _ if at < outer => &mut nest.axes[at],
                    NestKind::Reduce(reduction) => &mut reduction.axes[at - outer],
                    NestKind::Map { .. } | NestKind::Softmax { .. } => continue,
                };
                if let Some(len) = axis.extent.as_constant() {
                    axis.extent = Dim::constant(new_len(len, scheme));
                }
            }
            next.op = Op::Nest(nest);
        }
        for (result, ty) in next.types.iter_mut().enumerate() {
            let value = Value { node: id, result: result as u32 };
            shorten(ty, |axis| spread.axes.get(&(value, axis)));
        }
        *graph.node_mut(id) = next;
    }
}

fn shorten<'s>(ty: &mut TensorType, scheme: impl Fn(usize) -> Option<&'s Scheme>) {
    for (axis, size) in ty.shape.iter_mut().enumerate() {
        if let (Some(scheme), Some(len)) = (scheme(axis), size.as_constant()) {
            *size = Dim::constant(new_len(len, scheme));
        }
    }
}

/// A scalar with other places in its reads.
fn rewritten(
    scalar: &Scalar,
    index: &mut dyn FnMut(u32, usize, &nnc_graph::Affine) -> Option<nnc_graph::Affine>,
) -> Scalar {
    let scalar = scalar.map_children(&mut |child| rewritten(child, index));
    match scalar {
        Scalar::Read { operand, at } => {
            let at = at.into_iter().enumerate().map(|(axis, it)| match it {
                Index::Affine(affine) => {
                    Index::Affine(index(operand, axis, &affine).unwrap_or(affine))
                }
                Index::Data(value) => Index::Data(Box::new(rewritten(&value, index))),
            });
            Scalar::read(operand, at.collect())
        }
        other => other,
    }
}
