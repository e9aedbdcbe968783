//! Recognises a softmax between two contractions and makes it one kernel.

use crate::contraction::Renumbered;
use crate::flat::{Flat, FlatLoop};
use crate::window::{collect_bounds, product_of_reads, variables};
use crate::{Attention, Buffer, BufferId, Loop, LoopRole};
use nnc_base::Table;
use nnc_graph::{
    Affine, Graph, Index, Nest, NestKind, NodeId, Op, ReduceOp, Reduction, Scalar, Value, Var,
};
use nnc_shape::Dim;
use std::collections::BTreeMap;

/// The three nests of an attention.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Match {
    pub(crate) scores: NodeId,
    pub(crate) softmax: NodeId,
    pub(crate) output: NodeId,
    /// Operands: query and key of `scores`, value of `output`.
    pub(crate) query: u32,
    pub(crate) key: u32,
    pub(crate) value: u32,
}

/// Finds all attentions, by their output node. `uses` counts the users of a value.
pub(crate) fn find(graph: &Graph, uses: &BTreeMap<Value, usize>) -> BTreeMap<NodeId, Match> {
    let single = |node: NodeId| uses.get(&Value::of(node)) == Some(&1);
    graph
        .nodes()
        .filter_map(|(output, node)| {
            let (_, reduction) = sum(&node.op)?;
            let reads = product_of_reads(&reduction.value)?;
            if reduction.guard.is_some() || reduction.axes.len() != 1 {
                return None;
            }
            let softmax_side = reads.iter().position(|(operand, _)| {
                let producer = graph.node(node.operands[*operand as usize].node);
                matches!(&producer.op, Op::Nest(Nest { kind: NestKind::Softmax { .. }, .. }))
            })?;
            let softmax = node.operands[reads[softmax_side].0 as usize].node;
            let soft_node = graph.node(softmax);
            let Op::Nest(soft_nest) = &soft_node.op else { return None };
            let NestKind::Softmax { value, axis, .. } = &soft_nest.kind else { return None };
            let mut scores = None;
            let mut plain = true;
            value.visit(&mut |it| {
                if let Scalar::Read { operand, at } = it {
                    let producer = soft_node.operands[*operand as usize].node;
                    if sum(&graph.node(producer).op).is_some() {
                        plain &= scores.is_none_or(|(known, _)| known == producer);
                        scores = Some((producer, at));
                    }
                }
            });
            let (scores, scores_at) = scores.filter(|_| plain)?;
            let (inner, score_sum) = sum(&graph.node(scores).op)?;
            if score_sum.guard.is_some() || !single(scores) || !single(softmax) {
                return None;
            }
            if !inner.is_ungrouped() || !soft_nest.is_ungrouped() {
                return None;
            }
            let key_axis = plain_vars(scores_at)?.iter().position(|var| *var == Some(*axis))?;
            let products = product_of_reads(&score_sum.value)?;
            let has_key = |side: usize| {
                variables(products[side].1).map(|vars| vars.contains(&Var(key_axis as u32)))
            };
            let key_side = match (has_key(0)?, has_key(1)?) {
                (true, false) => 0,
                (false, true) => 1,
                _ => return None,
            };
            Some((
                output,
                Match {
                    scores,
                    softmax,
                    output,
                    query: products[1 - key_side].0,
                    key: products[key_side].0,
                    value: reads[1 - softmax_side].0,
                },
            ))
        })
        .collect()
}

fn sum(op: &Op) -> Option<(&Nest, &Reduction)> {
    match op {
        Op::Nest(nest) => match &nest.kind {
            NestKind::Reduce(reduction) if reduction.op == ReduceOp::Sum => Some((nest, reduction)),
            NestKind::Reduce(_) | NestKind::Map { .. } | NestKind::Softmax { .. } => None,
        },
        _ => None,
    }
}

/// The variable that walks along each axis of a read; none along an axis at whose
/// start the read stays, such as one of a single place.
fn plain_vars(at: &[Index]) -> Option<Vec<Option<Var>>> {
    let start = Affine::constant(0);
    let var = |index: &Index| match index.as_affine()? {
        affine if *affine == start => Some(None),
        affine => affine.as_var().map(Some),
    };
    at.iter().map(var).collect()
}

/// What the builder needs to know of memory.
pub(crate) struct Memory<'a> {
    pub(crate) buffers: &'a Table<Buffer>,
    /// The buffer of a node's operand.
    pub(crate) operand: &'a dyn Fn(NodeId, u32) -> BufferId,
    pub(crate) out: BufferId,
    /// For each axis of the output's nest, its stride in the out buffer.
    pub(crate) out_strides: Vec<Dim>,
}

/// The kernel of a match, or `None` where the index maps are of another form.
pub(crate) fn build(graph: &Graph, found: &Match, memory: &Memory<'_>) -> Option<Attention> {
    let (scores, score_sum) = sum(&graph.node(found.scores).op)?;
    let (outer, output_sum) = sum(&graph.node(found.output).op)?;
    let Op::Nest(soft) = &graph.node(found.softmax).op else { return None };
    let NestKind::Softmax { guard, value, axis } = &soft.kind else { return None };

    // Every variable is named by the axis of the scores it stands for; what is left
    // are the inner sum's and the output's own column.
    let axes = scores.axes.len();
    let mut soft_at = None;
    value.visit(&mut |it| {
        if let Scalar::Read { operand, at } = it
            && graph.node(found.softmax).operands[*operand as usize].node == found.scores
        {
            soft_at = Some(at);
        }
    });
    let soft_vars = plain_vars(soft_at?)?;
    // Where a read stays at the start of an axis, it must be all of the axis.
    let whole = |vars: &[Option<Var>], nest: &Nest| {
        let unit = Dim::constant(1);
        vars.len() == nest.axes.len()
            && vars.iter().zip(&nest.axes).all(|(var, it)| var.is_some() || it.extent == unit)
    };
    if soft_vars.len() != soft.axes.len() || !whole(&soft_vars, scores) {
        return None;
    }
    let of_soft = |var: Var| soft_vars.iter().position(|it| *it == Some(var));
    let key = of_soft(*axis)?;
    let probabilities = product_of_reads(&output_sum.value)?
        .into_iter()
        .find(|(operand, _)| {
            graph.node(found.output).operands[*operand as usize].node == found.softmax
        })?
        .1;
    let out_vars = plain_vars(probabilities)?;
    if !whole(&out_vars, soft) {
        return None;
    }
    let of_out = |var: Var| {
        let at = out_vars.iter().position(|it| *it == Some(var))?;
        of_soft(Var(at as u32))
    };
    let columns: Vec<u32> =
        (0..outer.axes.len() as u32).filter(|&at| !out_vars.contains(&Some(Var(at)))).collect();
    let [first, second] = product_of_reads(&score_sum.value)?;
    let (query_at, key_at) = if first.0 == found.query && second.0 == found.key {
        (first.1, second.1)
    } else {
        (second.1, first.1)
    };
    let key_vars = variables(key_at)?;
    let batch: Vec<usize> =
        (0..axes).filter(|&at| at != key && key_vars.contains(&Var(at as u32))).collect();
    let rows: Vec<usize> =
        (0..axes).filter(|&at| at != key && !key_vars.contains(&Var(at as u32))).collect();
    let inner = score_sum.axes.len();

    // Loops: batch, rows, key, inner, column.
    let mut loops = Vec::new();
    let mut place = vec![0usize; axes];
    for &at in batch.iter().chain(&rows).chain([&key]) {
        place[at] = loops.len();
        loops.push(FlatLoop {
            name: scores.axes[at].name.to_string(),
            extent: scores.axes[at].extent.clone(),
            reduced: at == key,
        });
    }
    let inner_start = loops.len();
    for it in &score_sum.axes {
        loops.push(FlatLoop {
            name: it.name.to_string(),
            extent: it.extent.clone(),
            reduced: true,
        });
    }
    let column_start = loops.len();
    for &at in &columns {
        let it = &outer.axes[at as usize];
        loops.push(FlatLoop {
            name: it.name.to_string(),
            extent: it.extent.clone(),
            reduced: false,
        });
    }
    let score_var = |var: Var| {
        let at = var.0 as usize;
        Affine::var(Var(if at < axes { place[at] } else { inner_start + at - axes } as u32))
    };
    let soft_var =
        |var: Var| of_soft(var).map_or(Affine::constant(0), |at| score_var(Var(at as u32)));
    let out_var = |var: Var| match columns.iter().position(|&it| it == var.0) {
        Some(at) => Affine::var(Var((column_start + at) as u32)),
        None => of_out(var).map_or(Affine::constant(0), |at| score_var(Var(at as u32))),
    };
    // The one reduced variable of the output is the key.
    let value_at = product_of_reads(&output_sum.value)?
        .into_iter()
        .find(|(operand, _)| *operand == found.value)?
        .1;
    if of_out(Var(outer.axes.len() as u32)) != Some(key) {
        return None;
    }
    let count = loops.len();
    let mut flat = Flat {
        loops,
        reads: Vec::new(),
        out: crate::Address {
            buffer: memory.out,
            offset: memory.buffers[memory.out].origin.clone(),
            strides: vec![Dim::constant(0); count],
            data: Vec::new(),
        },
        scalars: Vec::new(),
    };
    for (at, stride) in memory.out_strides.iter().enumerate() {
        crate::flat::add_affine(&mut flat.out, &out_var(Var(at as u32)), stride);
    }
    let scores_operand = |it: u32| (memory.operand)(found.scores, it);
    let soft_operand = |it: u32| (memory.operand)(found.softmax, it);
    let out_operand = |it: u32| (memory.operand)(found.output, it);
    let read = |operand: u32, at: &[Index]| Scalar::read(operand, at.to_vec());
    flat.add_scalar(&read(found.query, query_at), &scores_operand, &score_var, memory.buffers);
    flat.add_scalar(&read(found.key, key_at), &scores_operand, &score_var, memory.buffers);
    flat.add_scalar(&read(found.value, value_at), &out_operand, &out_var, memory.buffers);
    flat.add_scalar(&score_sum.finish, &scores_operand, &score_var, memory.buffers);
    let score = flat.scalars.pop()?;
    // The softmax's own arithmetic goes around the score.
    let is_scores =
        |operand: u32| graph.node(found.softmax).operands[operand as usize].node == found.scores;
    let around = replace_reads(value, &is_scores);
    flat.add_scalar(&around, &soft_operand, &soft_var, memory.buffers);
    let around = flat.scalars.pop()?;
    flat.scalars.push(replace_acc(&around, &score));
    flat.add_scalar(
        guard.as_ref().unwrap_or(&Scalar::Bool(true)),
        &soft_operand,
        &soft_var,
        memory.buffers,
    );
    flat.add_scalar(&output_sum.finish, &out_operand, &out_var, memory.buffers);

    shape_loops(&mut flat, [batch.len(), rows.len(), inner, columns.len()])
        .map(|roles| assemble(flat, &roles))?
}

/// Drops, merges and adds loops until there are one or two rows, one key, one
/// inner and one column loop; the roles of what is left.
fn shape_loops(flat: &mut Flat, counts: [usize; 4]) -> Option<Vec<LoopRole>> {
    let [batch, rows, inner, columns] = counts;
    let mut roles: Vec<LoopRole> = std::iter::repeat_n(LoopRole::Batch, batch)
        .chain(std::iter::repeat_n(LoopRole::Row, rows))
        .chain([LoopRole::Key])
        .chain(std::iter::repeat_n(LoopRole::Inner, inner))
        .chain(std::iter::repeat_n(LoopRole::Column, columns))
        .collect();
    let unit = Dim::constant(1);
    let kept: Vec<usize> = (0..roles.len())
        .filter(|&at| roles[at] == LoopRole::Key || flat.loops[at].extent != unit)
        .collect();
    flat.reorder(&kept);
    roles = kept.iter().map(|&at| roles[at]).collect();
    for role in [LoopRole::Row, LoopRole::Inner, LoopRole::Column] {
        let mut at = 0;
        while at + 1 < roles.len() {
            if roles[at] == role && roles[at + 1] == role && flat.can_merge(at, None) {
                flat.merge(at);
                roles.remove(at);
            } else {
                at += 1;
            }
        }
        if !roles.contains(&role) {
            let before = match role {
                LoopRole::Row => roles.iter().position(|it| *it == LoopRole::Key)?,
                LoopRole::Inner => roles.iter().position(|it| *it == LoopRole::Key)? + 1,
                _ => roles.len(),
            };
            flat.insert_unit_loop(before, role == LoopRole::Inner);
            roles.insert(before, role);
        }
    }
    let count = |role: LoopRole| roles.iter().filter(|it| **it == role).count();
    let fits =
        count(LoopRole::Row) <= 2 && count(LoopRole::Inner) == 1 && count(LoopRole::Column) == 1;
    fits.then_some(roles)
}

fn assemble(flat: Flat, roles: &[LoopRole]) -> Option<Attention> {
    let [query, key, value, score, guard, finish] = flat.scalars.as_slice() else { return None };
    let address = |scalar: &Scalar| match scalar {
        Scalar::Read { operand, .. } => Some(flat.reads[*operand as usize].clone()),
        _ => None,
    };
    let (query, key, value) = (address(query)?, address(key)?, address(value)?);
    let at = |role: LoopRole| roles.iter().position(|it| *it == role);
    let column = at(LoopRole::Column)?;
    let walks_rows = |address: &crate::Address| {
        roles
            .iter()
            .zip(&address.strides)
            .any(|(role, stride)| *role == LoopRole::Row && *stride != Dim::constant(0))
    };
    if value.stride(column) != Some(1)
        || flat.out.stride(column) != Some(1)
        || walks_rows(&value)
        || walks_rows(&key)
        || [&query, &key, &value].iter().any(|it| !it.data.is_empty())
    {
        return None;
    }
    let places = vec![None; flat.reads.len()];
    let mut used = Renumbered { all: &flat.reads, used: Vec::new(), places };
    let score = used.scalar(score);
    let guard = Some(used.scalar(guard)).filter(|it| *it != Scalar::Bool(true));
    let finish = used.scalar(finish);
    let key_limit = guard.as_ref().and_then(|guard| limit(guard, Var(at(LoopRole::Key)? as u32)));
    let loops = flat
        .loops
        .iter()
        .zip(roles)
        .map(|(it, role)| Loop { name: it.name.clone(), extent: it.extent.clone(), role: *role })
        .collect();
    Some(Attention {
        loops,
        query,
        key,
        value,
        out: flat.out,
        score,
        guard,
        reads: used.used,
        key_limit,
        finish,
    })
}

/// The bound that a conjunct `key <= …` of the guard puts on the key.
fn limit(guard: &Scalar, key: Var) -> Option<Affine> {
    let mut conjuncts = vec![guard];
    while let Some(conjunct) = conjuncts.pop() {
        if let Scalar::Binary(nnc_graph::Binary::And, left, right) = conjunct {
            conjuncts.extend([&**left, &**right]);
            continue;
        }
        let mut bounds = Vec::new();
        if collect_bounds(conjunct, &mut bounds).is_some()
            && let [bound] = bounds.as_slice()
            && bound.coefficient(key) == Dim::constant(-1)
        {
            return Some(bound.plus(&Affine::var(key)).plus(&Affine::constant(1)));
        }
    }
    None
}

fn replace_reads(scalar: &Scalar, which: &dyn Fn(u32) -> bool) -> Scalar {
    match scalar {
        Scalar::Read { operand, .. } if which(*operand) => Scalar::Acc,
        _ => scalar.map_children(&mut |it| replace_reads(it, which)),
    }
}

fn replace_acc(scalar: &Scalar, by: &Scalar) -> Scalar {
    match scalar {
        Scalar::Acc => by.clone(),
        _ => scalar.map_children(&mut |it| replace_acc(it, by)),
    }
}
