//! Computes an operand of a nest where it is read.

use crate::compose::{Leaves, replace_reads, substitute};
use crate::space::{Parts, Space};
use crate::split::{Split, split};
use crate::tidy::tidy_operands;
use nnc_graph::{Affine, Graph, Index, Nest, NestKind, NodeId, Op, Scalar, Value, Var};
use nnc_shape::Dim;
use std::cell::{Cell, OnceCell};

/// The place of an expression in a nest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Guard,
    Value,
    Finish,
}

/// The expressions of a nest with their places.
pub(crate) fn parts(nest: &Nest) -> Vec<(Part, &Scalar)> {
    match &nest.kind {
        NestKind::Map { value } => vec![(Part::Value, value)],
        NestKind::Softmax { guard, value, .. } => {
            let guard = guard.iter().map(|it| (Part::Guard, it));
            guard.chain([(Part::Value, value)]).collect()
        }
        NestKind::Reduce(reduction) => {
            let guard = reduction.guard.iter().map(|it| (Part::Guard, it));
            let rest = [(Part::Value, &reduction.value), (Part::Finish, &reduction.finish)];
            guard.chain(rest).collect()
        }
    }
}

/// Rewrites the expressions of a nest.
pub(crate) fn map_parts(nest: &mut Nest, map: &mut dyn FnMut(Part, &Scalar) -> Scalar) {
    let places: Vec<Part> = parts(nest).iter().map(|(part, _)| *part).collect();
    let mut places = places.into_iter();
    nest.map_scalars(&mut |scalar| match places.next() {
        Some(part) => map(part, scalar),
        None => scalar.clone(),
    });
}

/// The reads of an operand: where, and at which indices.
pub(crate) fn reads_of(nest: &Nest, operand: u32) -> Vec<(Part, &[Index])> {
    let mut reads = Vec::new();
    for (part, scalar) in parts(nest) {
        scalar.visit(&mut |it| {
            if let Scalar::Read { operand: its, at } = it
                && *its == operand
            {
                reads.push((part, at.as_slice()));
            }
        });
    }
    reads
}

/// The index spaces of a nest's parts, made when first asked for.
pub(crate) struct Spaces<'a> {
    graph: &'a Graph,
    nest: &'a Nest,
    points: OnceCell<Space>,
    result: OnceCell<Space>,
}

impl<'a> Spaces<'a> {
    pub(crate) fn of(graph: &'a Graph, nest: &'a Nest) -> Spaces<'a> {
        Spaces { graph, nest, points: OnceCell::new(), result: OnceCell::new() }
    }

    pub(crate) fn at(&self, part: Part) -> &Space {
        match part {
            Part::Guard | Part::Value => {
                self.points.get_or_init(|| Space::of_points(self.graph, self.nest))
            }
            Part::Finish => self.result.get_or_init(|| Space::of_result(self.graph, self.nest)),
        }
    }
}

/// How the indices of a result lead to those of what it is made from.
pub(crate) enum Layout<'a> {
    /// To the nest's index variables.
    Nest(&'a Nest),
    /// To the indices of a reshape's operand.
    Reshape { from: &'a [Dim], to: &'a [Dim] },
}

pub(crate) enum Positions {
    Found(Vec<Index>),
    /// They would be found were it not for an axis of the reader that runs over
    /// several axes here.
    Split(Split),
    Unknown,
}

impl Layout<'_> {
    pub(crate) fn positions(&self, spaces: &Spaces<'_>, part: Part, at: &[Index]) -> Positions {
        match self {
            Layout::Nest(nest) => {
                let mut positions = Vec::with_capacity(nest.axes.len());
                let mut axes = nest.axes.iter();
                for (index, &count) in at.iter().zip(&nest.groups) {
                    let sizes: Vec<Dim> =
                        axes.by_ref().take(count as usize).map(|it| it.extent.clone()).collect();
                    if count == 1 {
                        positions.push(index.clone());
                        continue;
                    }
                    let Index::Affine(index) = index else { return Positions::Unknown };
                    match decompose(spaces.at(part), index, &sizes) {
                        Positions::Found(found) => positions.extend(found),
                        other => return other,
                    }
                }
                Positions::Found(positions)
            }
            Layout::Reshape { from, to } => {
                let mut place = Affine::constant(0);
                for (index, size) in at.iter().zip(*to) {
                    let Index::Affine(index) = index else { return Positions::Unknown };
                    place = place.times(size).plus(index);
                }
                decompose(spaces.at(part), &place, from)
            }
        }
    }
}

fn decompose(space: &Space, position: &Affine, sizes: &[Dim]) -> Positions {
    match space.decompose(position, sizes) {
        Parts::Found(parts) => Positions::Found(parts.into_iter().map(Index::Affine).collect()),
        Parts::Split { var, outer, inner } => Positions::Split(Split { var, outer, inner }),
        Parts::Unknown => Positions::Unknown,
    }
}

/// The reader with its axes split until every read of an operand has positions
/// in the operand's own axes. `None` where that cannot be.
pub(crate) fn expose(
    graph: &Graph,
    reader: &Nest,
    operand: u32,
    layout: &Layout<'_>,
) -> Option<Nest> {
    /// More splits than a nest has axes.
    const MOST_SPLITS: usize = 16;
    let mut nest = reader.clone();
    for _ in 0..MOST_SPLITS {
        match first_obstacle(graph, &nest, operand, layout) {
            Positions::Found(_) => return Some(nest),
            Positions::Split(at) => nest = split(&nest, &at)?,
            Positions::Unknown => return None,
        }
    }
    None
}

fn first_obstacle(graph: &Graph, nest: &Nest, operand: u32, layout: &Layout<'_>) -> Positions {
    let spaces = Spaces::of(graph, nest);
    for (part, at) in reads_of(nest, operand) {
        match layout.positions(&spaces, part, at) {
            Positions::Found(_) => {}
            other => return other,
        }
    }
    Positions::Found(Vec::new())
}

/// What a reader becomes when it computes an operand, a map or a reshape, itself.
pub(crate) fn inline(graph: &Graph, reader: NodeId, operand: u32) -> Option<(Nest, Vec<Value>)> {
    let node = graph.node(reader);
    let Op::Nest(nest) = &node.op else { return None };
    let value = node.operands[operand as usize];
    let producer = graph.node(value.node);
    let (layout, computed) = match &producer.op {
        Op::Nest(producer) => match &producer.kind {
            NestKind::Map { value } => (Layout::Nest(producer), Some(value)),
            NestKind::Reduce(_) | NestKind::Softmax { .. } => return None,
        },
        Op::Reshape => {
            let from = &graph.ty(producer.operands[0]).shape;
            (Layout::Reshape { from, to: &graph.ty(value).shape }, None)
        }
        Op::Input(_)
        | Op::Param(_)
        | Op::Const(_)
        | Op::Write { .. }
        | Op::Order { .. }
        | Op::Running(_)
        | Op::Scatter { .. }
        | Op::Scan(_)
        | Op::Call(_) => return None,
    };
    let exposed = expose(graph, nest, operand, &layout)?;
    let spaces = Spaces::of(graph, &exposed);
    let first = node.operands.len() as u32;
    let mut inlined = exposed.clone();
    let failed = Cell::new(false);
    map_parts(&mut inlined, &mut |part, scalar| {
        replace_reads(scalar, &|its, at| {
            if its != operand {
                return Scalar::Read { operand: its, at };
            }
            let Positions::Found(at) = layout.positions(&spaces, part, &at) else {
                failed.set(true);
                return Scalar::Read { operand: its, at };
            };
            match computed {
                None => Scalar::Read { operand: first, at },
                Some(value) => substitute(
                    value,
                    &Leaves {
                        var: &|Var(var)| at[var as usize].clone(),
                        read: &|its, at| Scalar::Read { operand: first + its, at },
                        acc: &|| Scalar::Acc,
                    },
                ),
            }
        })
    });
    if failed.get() {
        return None;
    }
    let mut operands = node.operands.clone();
    operands.extend_from_slice(&producer.operands);
    tidy_operands(&mut inlined, &mut operands);
    Some((inlined, operands))
}
