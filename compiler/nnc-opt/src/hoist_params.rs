//! Computes what depends on parameters alone once, before the program runs.
//!
//! ```text
//! param 0 "scale" : f32[8]
//! %1 = param 0 : f32[8]
//! %2 = nest (%0, %1) [t: T, d: 8] { (%0[t, d] * exp(%1[d])) } : f32[T, 8]
//! =>
//! param 0 "scale" : f32[8]
//! param 1 "scale.derived1" = @g_derived1(0) : f32[8]
//! %1 = param 1 : f32[8]
//! %2 = nest (%0, %1) [t: T, d: 8] { (%0[t, d] * %1[d]) } : f32[T, 8]
//! ```
//!
//! A derived parameter is the result of a graph of its own, of parameters of the
//! same graph; a callee's derived parameters follow from what each call binds.
//! Sub-expressions over parameters become nodes first. What only moves or widens
//! elements stays where it is, since packing does that anyway, and so does what
//! would take much more memory than what it is made from.

use crate::absorb_views::is_turned_param;
use crate::compose::rename_vars;
use crate::cost::{Cost, vars_of_scalar};
use crate::elem_of::Elems;
use crate::graphs::arrange;
use crate::inline::{Part, Spaces, map_parts, parts};
use crate::space::Space;
use crate::tidy::{nest, sort, tidy_operands};
use crate::{Changed, Pass};
use nnc_graph::{
    Affine, Axis, FormalParam, Graph, GraphId, Index, Module, Nest, NestKind, Node, NodeId, Op,
    ParamOrigin, Scalar, TensorType, Value, Var,
};
use nnc_shape::Dim;
use std::collections::{BTreeMap, BTreeSet};

pub const HOIST_PARAMS: Pass = Pass {
    name: "hoist-params",
    about: "compute what depends on parameters alone before the program runs",
    rewrite: hoist_params,
};

/// Elements that a derived parameter may have however few it is made from.
const FREE_ELEMENTS: i64 = 1 << 16;
/// How often a derived parameter may have as many elements as it is made from: windows whose
/// size a stride does not divide are filled up.
const MOST_GROWTH: i64 = 2;

fn hoist_params(module: &mut Module) -> Changed {
    let before = module.graphs.len();
    let derived = derived_graphs(module);
    let mut names: BTreeSet<String> =
        module.graphs.values().map(|graph| graph.name.clone()).collect();
    let mut changed = false;
    let ids: Vec<GraphId> = module.graphs.ids().filter(|id| !derived.contains(id)).collect();
    for id in ids {
        let mut graph = std::mem::take(&mut module.graphs[id]);
        changed |= extract(&mut graph);
        for node in frontier(&graph) {
            hoist(module, &mut graph, node, &mut names);
            changed = true;
        }
        module.graphs[id] = graph;
    }
    // They call nothing, so that they may all stand in front.
    let fresh = (before..module.graphs.len()).map(|at| GraphId::from_raw(at as u32));
    let order: Vec<GraphId> =
        fresh.chain((0..before).map(|at| GraphId::from_raw(at as u32))).collect();
    if order.len() > before {
        arrange(module, &order);
    }
    Changed::when(changed)
}

fn derived_graphs(module: &Module) -> BTreeSet<GraphId> {
    let params = module.graphs.values().flat_map(|graph| graph.params.values());
    params
        .filter_map(|param| match param.origin {
            ParamOrigin::Derived { graph, .. } => Some(graph),
            ParamOrigin::Stored => None,
        })
        .collect()
}

/// The nodes that depend on parameters, literals and constant sizes alone, and
/// whether on a parameter at all.
pub(crate) fn known_before(graph: &Graph) -> BTreeMap<NodeId, bool> {
    let mut known: BTreeMap<NodeId, bool> = BTreeMap::new();
    for (id, node) in graph.nodes() {
        let fixed = node.types.iter().all(|ty| ty.shape.iter().all(is_fixed));
        let (can, is_param) = match &node.op {
            Op::Param(_) => (true, true),
            Op::Const(_) | Op::Reshape | Op::Order { .. } | Op::Running(_) | Op::Scatter { .. } => {
                (fixed, false)
            }
            Op::Nest(nest) => (fixed && is_fixed_nest(nest), false),
            Op::Write { offset } => (fixed && offset.iter().all(is_fixed), false),
            Op::Input(_) | Op::Scan(_) | Op::Call(_) => (false, false),
        };
        let operands: Option<Vec<bool>> =
            node.operands.iter().map(|it| known.get(&it.node).copied()).collect();
        if let (true, Some(operands)) = (can, operands) {
            known.insert(id, is_param || operands.contains(&true));
        }
    }
    known
}

fn is_fixed(dim: &Dim) -> bool {
    dim.as_constant().is_some()
}

fn is_fixed_affine(affine: &Affine) -> bool {
    is_fixed(&affine.offset) && affine.terms.iter().all(|(_, dim)| is_fixed(dim))
}

fn is_fixed_nest(nest: &Nest) -> bool {
    nest.axes.iter().chain(nest.reduction_axes()).all(|axis| is_fixed(&axis.extent))
        && nest.scalars().into_iter().all(is_fixed_scalar)
}

fn is_fixed_scalar(scalar: &Scalar) -> bool {
    let mut fixed = true;
    scalar.visit(&mut |it| match it {
        Scalar::Index { value, .. } => fixed &= is_fixed_affine(value),
        Scalar::Read { at, .. } => {
            fixed &= at.iter().filter_map(Index::as_affine).all(is_fixed_affine);
        }
        _ => {}
    });
    fixed
}

/// The nodes to hoist: known before, needed by something that is not, and worth it.
fn frontier(graph: &Graph) -> Vec<NodeId> {
    let known = known_before(graph);
    let mut needed: BTreeSet<NodeId> = graph.outputs.iter().map(|it| it.node).collect();
    for (id, node) in graph.nodes() {
        if !known.contains_key(&id) {
            needed.extend(node.operands.iter().map(|it| it.node));
        }
    }
    let is_worthwhile = |id: &NodeId| {
        let node = graph.node(*id);
        let Some(&of_params) = known.get(id) else { return false };
        let work = works(graph, *id);
        let source: i64 = sources(graph, *id).iter().map(|id| elements(graph, *id)).sum();
        node.types.len() == 1
            && work.is_some_and(|heavy| of_params || heavy)
            && elements(graph, *id) <= source.saturating_mul(MOST_GROWTH).max(FREE_ELEMENTS)
    };
    needed.into_iter().filter(is_worthwhile).collect()
}

/// Whether a node or what it is made from computes anything or turns a parameter round, and
/// if so, whether it takes long.
fn works(graph: &Graph, id: NodeId) -> Option<bool> {
    let mut work = None;
    for id in made_from(graph, id) {
        let heavy = match &graph.node(id).op {
            Op::Nest(_) if is_turned_param(graph, graph.node(id)) => Some(false),
            Op::Nest(Nest { kind: NestKind::Map { value }, .. }) => {
                let cost = Cost::of(value);
                (cost.flops > 0).then_some(cost.transcendentals > 0)
            }
            Op::Nest(_) | Op::Order { .. } | Op::Running(_) | Op::Scatter { .. } => Some(true),
            Op::Input(_)
            | Op::Param(_)
            | Op::Const(_)
            | Op::Write { .. }
            | Op::Reshape
            | Op::Scan(_)
            | Op::Call(_) => None,
        };
        work = work.max(heavy);
    }
    work
}

/// A node and all that it needs.
fn made_from(graph: &Graph, id: NodeId) -> BTreeSet<NodeId> {
    let mut needed = BTreeSet::new();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        if needed.insert(id) {
            open.extend(graph.node(id).operands.iter().map(|it| it.node));
        }
    }
    needed
}

/// The parameter nodes that a node is made from, by parameter.
fn sources(graph: &Graph, id: NodeId) -> Vec<NodeId> {
    let is_param = |id: &NodeId| matches!(graph.node(*id).op, Op::Param(_));
    made_from(graph, id).into_iter().filter(is_param).collect()
}

fn elements(graph: &Graph, id: NodeId) -> i64 {
    graph.node(id).types[0].size().as_constant().unwrap_or(i64::MAX)
}

/// Makes a node a derived parameter.
fn hoist(module: &mut Module, graph: &mut Graph, id: NodeId, names: &mut BTreeSet<String>) {
    let needed = made_from(graph, id);
    let mut outlined = Graph::default();
    let mut moved: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut from = Vec::new();
    for &old in &needed {
        if let Op::Param(param) = graph.node(old).op {
            let node = graph.node(old);
            // One input a parameter, whichever nodes stand for it.
            if let Some(at) = from.iter().position(|it| *it == param) {
                moved.insert(old, NodeId::from_raw(at as u32));
            } else {
                from.push(param);
                moved.insert(old, outlined.add_input(node.types[0].clone(), node.span).node);
            }
        }
    }
    for &old in &needed {
        if moved.contains_key(&old) {
            continue;
        }
        let mut node = graph.node(old).clone();
        for operand in &mut node.operands {
            operand.node = moved[&operand.node];
        }
        moved.insert(old, outlined.push(node));
    }
    outlined.outputs = vec![Value::of(moved[&id])];
    outlined.name = fresh_name(names, &format!("{}_derived", graph.name));
    names.insert(outlined.name.clone());
    let node = graph.node(id);
    let base = from.first().map_or("constant", |it| graph.params[*it].name.as_str()).to_owned();
    let taken: BTreeSet<String> = graph.params.values().map(|it| it.name.clone()).collect();
    let param = FormalParam {
        name: fresh_name(&taken, &format!("{base}.derived")),
        ty: node.types[0].clone(),
        origin: ParamOrigin::Derived { graph: module.graphs.push(outlined), from },
        span: node.span,
    };
    let param = graph.params.push(param);
    let node = graph.node_mut(id);
    node.op = Op::Param(param);
    node.operands = Vec::new();
}

fn fresh_name(taken: &BTreeSet<String>, base: &str) -> String {
    let mut count = 1;
    loop {
        let name = format!("{base}{count}");
        if !taken.contains(&name) {
            return name;
        }
        count += 1;
    }
}

/// Makes nodes of sub-expressions that depend on parameters alone.
fn extract(graph: &mut Graph) -> bool {
    let known = known_before(graph);
    let ids: Vec<NodeId> =
        graph.nodes().map(|(id, _)| id).filter(|id| !known.contains_key(id)).collect();
    let mut changed = false;
    for id in ids {
        let Some(nest) = nest(graph.node(id)) else { continue };
        let nest = nest.clone();
        let mut operands = graph.node(id).operands.clone();
        let mut found: Vec<Extracted> = Vec::new();
        {
            let spaces = Spaces::of(graph, &nest);
            let finder = Finder { graph, nest: &nest, node: graph.node(id), known: &known };
            for (part, scalar) in parts(&nest) {
                finder.find(&spaces, part, scalar, &mut found);
            }
        }
        if found.is_empty() {
            continue;
        }
        let mut nest = nest;
        for one in found {
            let added = graph.push(one.node);
            let place = operands.len() as u32;
            operands.push(Value::of(added));
            let read = Scalar::read(place, one.vars.iter().copied().map(Index::var).collect());
            map_parts(&mut nest, &mut |_, scalar| replace_all(scalar, &one.scalar, &read));
        }
        tidy_operands(&mut nest, &mut operands);
        let node = graph.node_mut(id);
        node.op = Op::Nest(nest);
        node.operands = operands;
        changed = true;
    }
    if changed {
        sort(graph);
    }
    changed
}

fn replace_all(scalar: &Scalar, from: &Scalar, to: &Scalar) -> Scalar {
    if scalar == from {
        return to.clone();
    }
    scalar.map_children(&mut |child| replace_all(child, from, to))
}

/// A sub-expression as a node over the index variables that it needs.
struct Extracted {
    scalar: Scalar,
    vars: Vec<Var>,
    node: Node,
}

struct Finder<'a> {
    graph: &'a Graph,
    nest: &'a Nest,
    node: &'a Node,
    known: &'a BTreeMap<NodeId, bool>,
}

impl Finder<'_> {
    fn find(&self, spaces: &Spaces<'_>, part: Part, scalar: &Scalar, found: &mut Vec<Extracted>) {
        if found.iter().any(|it| it.scalar == *scalar) {
            return;
        }
        match self.extracted(spaces, part, scalar) {
            Some(extracted) => found.push(extracted),
            // Positions are integers that a load waits for; they stay with it.
            None if matches!(scalar, Scalar::Read { .. }) => {}
            None => {
                for child in scalar.children() {
                    self.find(spaces, part, child, found);
                }
            }
        }
    }

    fn extracted(&self, spaces: &Spaces<'_>, part: Part, scalar: &Scalar) -> Option<Extracted> {
        if Cost::of(scalar).flops == 0 || !is_fixed_scalar(scalar) {
            return None;
        }
        let mut known = true;
        let mut largest = 0;
        scalar.visit(&mut |it| match it {
            Scalar::Acc => known = false,
            Scalar::Read { operand, .. } => {
                let value = self.node.operands[*operand as usize];
                if self.known.get(&value.node) == Some(&true) {
                    let size = self.graph.ty(value).size().as_constant();
                    largest = largest.max(size.unwrap_or(0));
                } else {
                    known = false;
                }
            }
            _ => {}
        });
        if !known || largest == 0 || !self.is_in_bounds(spaces.at(part), scalar) {
            return None;
        }
        let vars: Vec<Var> = vars_of_scalar(scalar).into_iter().collect();
        let axes: Vec<Axis> =
            vars.iter().map(|var| self.nest.axis(*var).cloned()).collect::<Option<_>>()?;
        let size = axes.iter().fold(Dim::constant(1), |size, axis| &size * &axis.extent);
        if size.as_constant()? > largest {
            return None;
        }
        let elem = Elems::of(self.graph, self.nest, &self.node.operands).elem(scalar)?;
        let value = rename_vars(scalar, &|var| {
            let at = vars.iter().position(|it| *it == var);
            Affine::var(at.map_or(var, |at| Var(at as u32)))
        });
        let shape = axes.iter().map(|axis| axis.extent.clone()).collect();
        let mut nest =
            Nest { groups: vec![1; axes.len()], axes, elem, kind: NestKind::Map { value } };
        let mut operands = self.node.operands.clone();
        tidy_operands(&mut nest, &mut operands);
        let node = Node {
            op: Op::Nest(nest),
            operands,
            types: vec![TensorType::new(elem, shape)],
            span: self.node.span,
        };
        Some(Extracted { scalar: scalar.clone(), vars, node })
    }

    /// Whether every read stays in its tensor even where a guard or a condition
    /// kept it from happening.
    fn is_in_bounds(&self, space: &Space, scalar: &Scalar) -> bool {
        let mut inside = true;
        scalar.visit(&mut |it| {
            let Scalar::Read { operand, at } = it else { return };
            let shape = &self.graph.ty(self.node.operands[*operand as usize]).shape;
            inside &= at.iter().zip(shape).all(|(index, size)| match index {
                Index::Affine(index) => space.is_within(index, size),
                Index::Data(_) => false,
            });
        });
        inside
    }
}

#[cfg(test)]
mod tests;
