//! Recursion: a layer may contain itself, and a function may call itself, where a choice by
//! sizes ends it.
//!
//! What is called in a field of a layer lies deeper in the model, so that calls of fields end
//! if layers do: only calls of a layer's own functions, and those of modules, are looked at.

mod circles;
mod ends;

use std::collections::HashSet;

use nnc_base::{Name, Span};
use nnc_hir::{ConfigKind, ConfigValue, FieldValue, FunctionId, LayerId, LayerUse};
use nnc_shape::{Dim, Facts};

use crate::cx::Cx;
use crate::errors::names::{self as errors, Becomes};
use crate::handed::sizes_in;
use circles::circles;

/// More sizes than these are not compared with each other.
const MOST_COMPARED: usize = 8;

/// A layer that another one contains, or a call.
pub(crate) struct Step {
    from: usize,
    to: usize,
    at: Span,
    /// What the sizes of where it leads to are, in terms of where it comes from.
    sizes: Vec<(Name, Dim)>,
    /// What is known where it is taken.
    facts: Facts,
}

/// A layer or a function with what may become less in it.
#[derive(Clone, Default)]
struct Node {
    /// Sizes and differences of sizes that are bounded from below.
    measures: Vec<Dim>,
}

impl Node {
    fn new(sizes: &[Name], facts: &Facts) -> Node {
        let bounded = |size: &Dim| facts.range(size).0.is_some();
        let mut measures: Vec<Dim> = sizes.iter().copied().map(Dim::var).filter(bounded).collect();
        if sizes.len() <= MOST_COMPARED {
            for left in sizes {
                let others = sizes.iter().filter(|right| *right != left);
                measures
                    .extend(others.map(|right| Dim::var(*left) - Dim::var(*right)).filter(bounded));
            }
        }
        Node { measures }
    }
}

impl Cx<'_> {
    /// Notes that a layer contains another one.
    pub(crate) fn contains(&mut self, owner: LayerId, used: &LayerUse, facts: &Facts, at: Span) {
        let layer = self.layer(used.layer);
        let sizes = sizes_in(layer, used);
        let (from, to) = (owner.index(), used.layer.index());
        self.contained.push(Step { from, to, at, sizes, facts: facts.clone() });
    }

    /// Notes that a function calls another one: that of a module, or one of its own layer.
    pub(crate) fn calls(
        &mut self,
        (caller, callee): (FunctionId, FunctionId),
        dims: &[Dim],
        facts: &Facts,
        at: Span,
    ) {
        let declared = self.function(callee).dims.iter().map(|it| it.name);
        let sizes = declared.zip(dims.iter().cloned()).collect();
        let (from, to) = (caller.index(), callee.index());
        self.called.push(Step { from, to, at, sizes, facts: facts.clone() });
    }

    /// The sizes of a layer, `int` configs among them.
    fn layer_sizes(&self, id: LayerId) -> Vec<Name> {
        let layer = self.layer(id);
        let configs = layer.configs.iter();
        let configs = configs.filter(|it| matches!(it.kind, ConfigKind::Dim | ConfigKind::Int));
        layer.params.iter().map(|it| it.name).chain(configs.map(|it| it.name)).collect()
    }

    /// Layers that contain themselves do so with smaller sizes.
    pub(crate) fn endless_layers(&mut self) {
        let steps = std::mem::take(&mut self.contained);
        let count = self.program.layers.len();
        let circles = circles(count, &steps);
        let inside: Vec<&Step> = inside(&steps, &circles);
        let mut nodes = vec![Node::default(); count];
        for step in &inside {
            let id = LayerId::from_raw(step.from as u32);
            nodes[step.from] =
                Node::new(&self.layer_sizes(id), &self.layer_scopes[id.index()].facts);
        }
        for circle in members(&inside, &circles) {
            let Some(step) = ends::endless(&circle, &nodes) else { continue };
            let id = LayerId::from_raw(step.from as u32);
            let name = self.layer(id).name;
            let sizes = self.layer_sizes(LayerId::from_raw(step.to as u32));
            let becomes = becomes(step, &sizes);
            self.report(errors::endless_layer(step.at, name, &becomes));
            // Nothing goes down these fields.
            for step in circle {
                let layer = &mut self.program.layers[LayerId::from_raw(step.from as u32)];
                for field in &mut layer.fields {
                    if leads_to(&field.value, step.to) {
                        field.value = FieldValue::Error;
                    }
                }
            }
        }
    }

    /// Functions that call themselves do so with smaller sizes.
    pub(crate) fn endless_calls(&mut self) {
        let steps = std::mem::take(&mut self.called);
        let count = self.program.functions.len();
        let circles = circles(count, &steps);
        let inside = inside(&steps, &circles);
        let mut nodes = vec![Node::default(); count];
        for step in &inside {
            let id = FunctionId::from_raw(step.from as u32);
            let sizes = self.function_sizes(id);
            if let Some(facts) = self.entry_facts.get(&id) {
                nodes[step.from] = Node::new(&sizes, facts);
            }
        }
        for circle in members(&inside, &circles) {
            let Some(step) = ends::endless(&circle, &nodes) else { continue };
            let name = self.function(FunctionId::from_raw(step.from as u32)).name;
            let sizes = self.function_sizes(FunctionId::from_raw(step.to as u32));
            let becomes = becomes(step, &sizes);
            self.report(errors::endless_function(step.at, name, &becomes));
        }
    }

    /// The sizes of a function that its calls choose.
    fn function_sizes(&self, id: FunctionId) -> Vec<Name> {
        self.function(id).dims.iter().map(|it| it.name).collect()
    }
}

/// What the sizes are after a step, for a message.
fn becomes(step: &Step, sizes: &[Name]) -> Vec<Becomes> {
    let find = |name: &Name| step.sizes.iter().find(|(it, _)| it == name);
    let values = sizes.iter().filter_map(|name| Some((*name, find(name)?.1.clone())));
    let becomes = values.map(|(name, value)| {
        let less = step.facts.at_least(&(Dim::var(name) - 1), &value);
        Becomes { name, value, less }
    });
    becomes.collect()
}

fn leads_to(value: &FieldValue, layer: usize) -> bool {
    match value {
        FieldValue::Layer(used) => {
            let made = used.configs.iter().filter_map(|value| match value {
                ConfigValue::Layer(arg) => arg.value.as_ref(),
                ConfigValue::Dim(_)
                | ConfigValue::Float(_)
                | ConfigValue::Bool(_)
                | ConfigValue::Config(_) => None,
            });
            used.layer.index() == layer || made.into_iter().any(|value| leads_to(value, layer))
        }
        FieldValue::Array(item, _) => leads_to(item, layer),
        FieldValue::If { then, otherwise, .. } => {
            leads_to(then, layer) || leads_to(otherwise, layer)
        }
        FieldValue::Hole(hole) => {
            let chains = hole.candidates.iter().flat_map(|candidate| &candidate.chain);
            chains.into_iter().any(|used| used.layer.index() == layer)
        }
        FieldValue::Param { .. } | FieldValue::Absent | FieldValue::Error => false,
    }
}

/// The steps that stay in their circle and that may be taken.
fn inside<'s>(steps: &'s [Step], circles: &[usize]) -> Vec<&'s Step> {
    let stays = |step: &&Step| circles[step.from] == circles[step.to];
    steps.iter().filter(stays).filter(|step| !step.facts.contradictory()).collect()
}

/// The steps of each circle.
fn members<'s>(steps: &[&'s Step], circles: &[usize]) -> Vec<Vec<&'s Step>> {
    let mut seen = HashSet::new();
    let firsts = steps.iter().filter(|step| seen.insert(circles[step.from]));
    let firsts: Vec<usize> = firsts.map(|step| circles[step.from]).collect();
    let of =
        |circle: usize| steps.iter().copied().filter(|step| circles[step.from] == circle).collect();
    firsts.into_iter().map(of).collect()
}
