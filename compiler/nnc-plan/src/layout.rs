//! How the axes of a value lie in memory, and which order each value gets.
//!
//! Everything is row-major but for images: a convolution's output has its channels
//! innermost, its input likewise with a border of zeros as wide as the padding, and
//! elementwise code between them follows. Then every vector the kernels touch has
//! unit stride and no kernel looks at an edge.

use crate::window::{Window, product_of_reads, window_of};
use nnc_graph::{Graph, Index, Nest, NestKind, NodeId, Op, Scalar, Value, Var};
use nnc_shape::{Dim, Facts};
use std::collections::{BTreeMap, BTreeSet};

/// The order of a tensor's axes in memory and the border around them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// Axes, outermost first.
    pub(crate) order: Vec<usize>,
    /// Elements before and after each axis (not in `order`'s order).
    pub(crate) border: Vec<(i64, i64)>,
}

impl Layout {
    pub(crate) fn row_major(rank: usize) -> Layout {
        Layout::ordered((0..rank).collect())
    }

    pub(crate) fn ordered(order: Vec<usize>) -> Layout {
        let border = vec![(0, 0); order.len()];
        Layout { order, border }
    }

    pub(crate) fn has_border(&self) -> bool {
        self.border.iter().any(|&border| border != (0, 0))
    }

    /// Strides of each axis, the position of element 0, and the elements spanned.
    pub(crate) fn place(&self, shape: &[Dim]) -> (Vec<Dim>, Dim, Dim) {
        let mut strides = vec![Dim::constant(0); shape.len()];
        let mut origin = Dim::constant(0);
        let mut span = Dim::constant(1);
        for &axis in self.order.iter().rev() {
            let (before, after) = self.border[axis];
            origin = origin + &span * before;
            strides[axis] = span.clone();
            span = span * (&shape[axis] + (before + after));
        }
        (strides, origin, span)
    }

    /// Widens the border to hold another's.
    fn widen(&mut self, other: &Layout) {
        for (mine, theirs) in self.border.iter_mut().zip(&other.border) {
            *mine = (mine.0.max(theirs.0), mine.1.max(theirs.1));
        }
    }
}

/// What was decided for a graph.
#[derive(Default)]
pub(crate) struct Layouts {
    /// The layout each value is produced in; row-major where absent.
    pub(crate) own: BTreeMap<Value, Layout>,
    /// The layout in which windows want to read a value.
    pub(crate) wanted: BTreeMap<Value, Layout>,
    /// Windows whose guard only keeps reads inside the image, which the border
    /// makes needless.
    pub(crate) unguarded: BTreeSet<NodeId>,
}

/// Chooses layouts; `fixed` says those of values that other bodies hand over.
pub(crate) fn choose(graph: &Graph, facts: &Facts, fixed: &BTreeMap<Value, Layout>) -> Layouts {
    let mut layouts = Layouts::default();
    let mut windows: BTreeMap<NodeId, Window> = BTreeMap::new();
    let mut summed: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for (id, node) in graph.nodes() {
        let Op::Nest(nest) = &node.op else { continue };
        let shape = |operand: u32| graph.ty(node.operands[operand as usize]).shape.as_slice();
        let is_weight = |operand: u32| {
            let value = node.operands[operand as usize];
            matches!(graph.node(value.node).op, Op::Param(_) | Op::Const(_))
        };
        let Some(window) = window_of(nest, facts, &shape, &is_weight) else {
            if let Some((operand, order)) = summed_last(nest, &is_weight) {
                summed.entry(node.operands[operand as usize]).or_insert(order);
            }
            continue;
        };
        let image = node.operands[window.image as usize];
        let rank = graph.ty(image).rank();
        let mut layout = Layout::ordered(axis_last(rank, window.channel_axis));
        if let Some(border) = &window.border {
            layout.border.clone_from(border);
            layouts.unguarded.insert(id);
        }
        match layouts.wanted.get_mut(&image) {
            Some(wanted) if wanted.order == layout.order => wanted.widen(&layout),
            // Two windows that disagree on the channel axis: the first decides, and
            // the second keeps its guard.
            Some(_) => {
                layouts.unguarded.remove(&id);
            }
            None => {
                layouts.wanted.insert(image, layout);
            }
        }
        windows.insert(id, window);
    }
    for (id, node) in graph.nodes() {
        // Each result of a call or a loop, of which there may be several.
        for result in 0..node.types.len() as u32 {
            let value = Value { node: id, result };
            if let Some(layout) = fixed.get(&value) {
                layouts.own.insert(value, layout.clone());
            }
        }
        let value = Value::of(id);
        if layouts.own.contains_key(&value) {
            continue;
        }
        let Op::Nest(nest) = &node.op else { continue };
        let rank = node.types[0].rank();
        let mut layout = match windows.get(&id) {
            Some(window) => Layout::ordered(axis_last(rank, window.result_axis)),
            None => Layout::ordered(
                inherited_order(graph, &layouts, nest, &node.operands)
                    .or_else(|| {
                        // A sum's own loops may stand in any order but for its columns.
                        let order = summed.get(&value)?;
                        let is_sum = !nest.reduction_axes().is_empty();
                        (is_sum && order.last() == Some(&(rank - 1))).then(|| order.clone())
                    })
                    .or_else(|| {
                        let elementwise = nest.reduction_axes().is_empty();
                        layouts
                            .wanted
                            .get(&value)
                            .filter(|_| elementwise)
                            .map(|it| it.order.clone())
                    })
                    .unwrap_or_else(|| (0..rank).collect()),
            ),
        };
        if let Some(wanted) = layouts.wanted.get(&value).filter(|it| it.order == layout.order) {
            layout.border.clone_from(&wanted.border);
        }
        layouts.own.insert(value, layout);
    }
    layouts
}

/// The operand of a product with a weight whose axes are summed over in several loops,
/// and the order of its axes in which these are innermost and walk like one loop.
fn summed_last(nest: &Nest, is_weight: &dyn Fn(u32) -> bool) -> Option<(u32, Vec<usize>)> {
    let NestKind::Reduce(reduction) = &nest.kind else { return None };
    let reads = product_of_reads(&reduction.value)?;
    let (operand, at) = *reads.iter().find(|(operand, _)| !is_weight(*operand))?;
    let results = nest.axes.len() as u32;
    if reads.iter().filter(|(operand, _)| is_weight(*operand)).count() != 1 {
        return None;
    }
    let vars: Vec<u32> =
        at.iter().map(|it| Some(it.as_affine()?.as_var()?.0)).collect::<Option<_>>()?;
    let (mut inner, outer): (Vec<usize>, Vec<usize>) =
        (0..vars.len()).partition(|&axis| vars[axis] >= results);
    inner.sort_by_key(|&axis| vars[axis]);
    (inner.len() > 1).then(|| (operand, [outer, inner].concat()))
}

/// The order of axes with one of them moved innermost.
fn axis_last(rank: usize, last: usize) -> Vec<usize> {
    (0..rank).filter(|&axis| axis != last).chain([last]).collect()
}

/// The order that a nest's result takes over from the largest operand that is not
/// row-major, by which variable walks along which of its axes. An axis that a weight alone
/// brings, the features of a linear layer, is innermost, where its panels have their lanes.
fn inherited_order(
    graph: &Graph,
    layouts: &Layouts,
    nest: &Nest,
    operands: &[Value],
) -> Option<Vec<usize>> {
    if !nest.is_ungrouped() {
        return None;
    }
    let mut best: Option<Vec<usize>> = None;
    for scalar in nest.scalars() {
        scalar.visit(&mut |it| {
            let Scalar::Read { operand, at } = it else { return };
            let value = operands[*operand as usize];
            let Some(layout) = layouts.own.get(&value) else { return };
            if layout.order.iter().enumerate().all(|(at, &axis)| at == axis) || best.is_some() {
                return;
            }
            // Axes of the result in the order in which the operand's axes lie in memory.
            let mut order: Vec<usize> = Vec::new();
            for &axis in &layout.order {
                let Some(affine) = at[axis].as_affine() else { return };
                for (Var(var), _) in &affine.terms {
                    let var = *var as usize;
                    if var < nest.axes.len() && !order.contains(&var) {
                        order.push(var);
                    }
                }
            }
            if graph.ty(value).rank() < nest.axes.len() || order.is_empty() {
                return;
            }
            let (brought, others): (Vec<usize>, Vec<usize>) = (0..nest.axes.len())
                .filter(|axis| !order.contains(axis))
                .partition(|axis| brought_by_weights(graph, nest, operands, *axis));
            best = Some([others, order, brought].concat());
        });
    }
    best
}

/// Whether a sum's result axis is read from weights and from nothing else.
fn brought_by_weights(graph: &Graph, nest: &Nest, operands: &[Value], axis: usize) -> bool {
    let NestKind::Reduce(reduction) = &nest.kind else { return false };
    let Some(reads) = product_of_reads(&reduction.value) else { return false };
    let walks = |at: &[Index]| {
        let affine = at.iter().filter_map(Index::as_affine);
        affine.flat_map(|it| &it.terms).any(|(var, _)| var.0 as usize == axis)
    };
    let is_weight = |operand: u32| {
        matches!(graph.node(operands[operand as usize].node).op, Op::Param(_) | Op::Const(_))
    };
    let mut readers = reads.iter().filter(|(_, at)| walks(at)).peekable();
    readers.peek().is_some() && readers.all(|(operand, _)| is_weight(*operand))
}
