//! A layer with its numbers.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use nnc_base::{Name, Span};
use nnc_hir::{
    Condition, ConfigKind, ConfigValue, Field, FieldValue, FunctionId, LayerArg, LayerId, LayerUse,
    Places,
};
use nnc_shape::Dim;

use crate::building::Home;
use crate::errors;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::Val;

/// A layer whose parameters and configs are known, at its place in the model.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub layer: LayerId,
    /// Parameters and `dim` and `int` configs; constants.
    pub sizes: HashMap<Name, Dim>,
    /// The same in terms of the parameters of the model's layer.
    pub formulas: HashMap<Name, Dim>,
    pub floats: HashMap<Name, f64>,
    pub bools: HashMap<Name, bool>,
    /// What stands in the place of parameters: the fields that lead to each, and how it is
    /// come by.
    pub replaced: Vec<(Vec<Name>, Replacement)>,
    /// What it was handed for its configs that are layers.
    pub handed: Vec<(Name, Handed)>,
    /// For a layer that was handed in, where it is: how it is called.
    pub called_by: Option<Handed>,
    /// The graph that declares its parameters, under names that start with `path`.
    pub home: Home,
    pub path: String,
    /// The path in the model's layer, whatever graph its parameters are of and without the
    /// names of candidates: what choices are for.
    pub place: String,
}

/// What a layer was handed.
#[derive(Clone, Debug)]
pub(crate) struct Handed {
    pub arg: Arc<LayerArg>,
    /// In the terms of which it is written; `None` for the layer that has it as a default.
    pub around: Option<Rc<Instance>>,
}

impl Handed {
    /// The same in the terms of an instance.
    pub(crate) fn within(&self, around: &Rc<Instance>) -> Handed {
        Handed { arg: Arc::clone(&self.arg), around: Some(Rc::clone(around)) }
    }
}

/// A tensor in the place of a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Replacement {
    /// Computed by who calls the layer.
    Value(Val),
    /// Computed where it is read, by a function of a layer around.
    Function(FunctionId, Rc<Instance>),
}

impl Instance {
    /// What stands in the place of a field that is a parameter.
    pub(crate) fn replacement(&self, field: &str) -> Option<&Replacement> {
        let is = |path: &[Name]| matches!(path, [name] if name.as_str() == field);
        self.replaced.iter().find(|(path, _)| is(path)).map(|(_, it)| it)
    }

    /// The value of a field with the instance in the terms of which it is; `None` where it is
    /// something that is somewhere else.
    pub(crate) fn field_value<'i>(
        &'i self,
        field: &'i Field,
    ) -> Option<(&'i Instance, &'i FieldValue)> {
        let Some(handed) = self.handed(field.name) else { return Some((self, &field.value)) };
        Some((handed.around.as_deref().unwrap_or(self), handed.arg.value.as_ref()?))
    }

    /// What was handed in for a config.
    pub(crate) fn handed(&self, config: Name) -> Option<&Handed> {
        self.handed.iter().find(|(name, _)| *name == config).map(|(_, it)| it)
    }

    /// Something that is outside all layers.
    pub(crate) fn outside(layer: LayerId, home: Home) -> Instance {
        Instance {
            layer,
            sizes: HashMap::new(),
            formulas: HashMap::new(),
            floats: HashMap::new(),
            bools: HashMap::new(),
            replaced: Vec::new(),
            handed: Vec::new(),
            called_by: None,
            home,
            path: String::new(),
            place: String::new(),
        }
    }

    pub(crate) fn dim(&self, dim: &Dim) -> Dim {
        dim.substitute(&|name| self.sizes.get(&name).cloned())
    }

    pub(crate) fn formula(&self, dim: &Dim) -> Dim {
        dim.substitute(&|name| self.formulas.get(&name).cloned())
    }

    /// The owner of an array as the item at a place sees it.
    pub(crate) fn at_place(&self, places: &Places, at: &Dim) -> Instance {
        let mut here = self.clone();
        if let Some(name) = places.name {
            here.sizes.insert(name, at.clone());
            here.formulas.insert(name, at.clone());
        }
        here
    }

    /// Whether a condition on sizes and configs holds.
    pub(crate) fn holds(&self, condition: &Condition) -> Option<bool> {
        condition.eval(&|name| self.sizes.get(&name)?.as_constant(), &|name| {
            self.bools.get(&name).copied()
        })
    }

    /// The name of a field's parameter or the start of its sub-layer's names.
    pub(crate) fn field_path(&self, field: Name) -> String {
        below(&self.path, field)
    }

    /// The place of a field.
    pub(crate) fn field_place(&self, field: Name) -> String {
        below(&self.place, field)
    }
}

fn below(path: &str, field: Name) -> String {
    if path.is_empty() { field.to_string() } else { format!("{path}.{field}") }
}

impl Lowerer<'_> {
    /// The layer that a field of `owner` (or a model) uses, with its path and its place.
    pub(crate) fn instantiate(
        &self,
        owner: &Instance,
        layer_use: &LayerUse,
        home: Home,
        paths: (String, String),
        at: Span,
    ) -> Lowering<Rc<Instance>> {
        self.instantiate_in(owner, owner, layer_use, home, paths, at)
    }

    /// A layer in a field of `around`, in the terms of `owner`: another one where the layer
    /// was handed in.
    pub(crate) fn instantiate_in(
        &self,
        around: &Instance,
        owner: &Instance,
        layer_use: &LayerUse,
        home: Home,
        (path, place): (String, String),
        at: Span,
    ) -> Lowering<Rc<Instance>> {
        let layer = &self.program.layers[layer_use.layer];
        let mut instance = Instance::outside(layer_use.layer, home);
        (instance.path, instance.place) = (path, place);
        for (param, dim) in layer.params.iter().zip(&layer_use.dims) {
            instance.sizes.insert(param.name, owner.dim(dim));
            instance.formulas.insert(param.name, owner.formula(dim));
        }
        for (config, value) in layer.configs.iter().zip(&layer_use.configs) {
            match (value, config.kind) {
                (ConfigValue::Dim(dim), ConfigKind::Float) => {
                    if let Some(value) = owner.dim(dim).as_constant() {
                        instance.floats.insert(config.name, value as f64);
                    }
                }
                (
                    ConfigValue::Dim(dim),
                    ConfigKind::Dim | ConfigKind::Int | ConfigKind::Bool | ConfigKind::Layer,
                ) => {
                    instance.sizes.insert(config.name, owner.dim(dim));
                    instance.formulas.insert(config.name, owner.formula(dim));
                }
                (ConfigValue::Layer(arg), _) => {
                    let around = (!arg.default).then(|| Rc::new(owner.clone()));
                    let handed = Handed { arg: Arc::clone(arg), around };
                    instance.handed.push((config.name, handed));
                }
                (ConfigValue::Float(value), _) => {
                    instance.floats.insert(config.name, *value);
                }
                (ConfigValue::Bool(condition), _) => {
                    let value =
                        owner.holds(condition).ok_or_else(|| self.undecided(at, condition))?;
                    instance.bools.insert(config.name, value);
                }
                (ConfigValue::Config(name), _) => {
                    if let Some(value) = owner.floats.get(name) {
                        instance.floats.insert(config.name, *value);
                    }
                    if let Some(value) = owner.bools.get(name) {
                        instance.bools.insert(config.name, *value);
                    }
                }
            }
        }
        for it in &layer_use.replaced {
            let value = Replacement::Function(it.value, Rc::new(owner.clone()));
            instance.replaced.push((it.path.clone(), value));
        }
        // What is replaced further in by who uses the owner.
        let inside = instance.place.strip_prefix(&around.place).unwrap_or(&instance.place);
        let inside: Vec<&str> = inside.split('.').filter(|it| !it.is_empty()).collect();
        for (path, value) in &around.replaced {
            let (way, rest) = path.split_at(inside.len().min(path.len()));
            if !rest.is_empty() && way.iter().map(|it| it.as_str()).eq(inside.iter().copied()) {
                instance.replaced.push((rest.to_vec(), value.clone()));
            }
        }
        Ok(Rc::new(instance))
    }

    pub(crate) fn undecided(&self, at: Span, condition: &Condition) -> Box<nnc_base::Diagnostic> {
        Box::new(errors::internal(
            at,
            &format!("`{condition}` is not decided by the model's numbers"),
        ))
    }
}
