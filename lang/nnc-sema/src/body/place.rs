//! Fields of layers: parameters, sub-layers and arrays of them, by path.

use nnc_base::{Name, Span};
use nnc_hir::{
    Candidate, Condition, ConfigValue, FieldValue, Init, Layer, LayerUse, Path, PathRoot, PathStep,
    SpaceHole, TensorType, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::Body;
use crate::cx::Scope;
use crate::dims::prove;
use crate::errors::{layers as errors, names as name_errors};
use crate::scope::nearest;

/// What a path leads to.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) path: Path,
    pub(super) value: FieldValue,
}

/// The value of a layer's field in terms of whoever uses the layer.
pub(crate) fn field_in(layer: &Layer, used: &LayerUse, name: Name) -> Option<FieldValue> {
    let field = layer.fields.iter().find(|field| field.name == name)?;
    Some(substitute(&field.value, layer, used))
}

/// What a size variable of a layer stands for in a use of it.
pub(crate) fn size_in(layer: &Layer, used: &LayerUse, name: Name) -> Option<Dim> {
    if let Some(at) = layer.params.iter().position(|param| param.name == name) {
        return used.dims.get(at).cloned();
    }
    match crate::layers::config_of(layer, used, name)? {
        ConfigValue::Dim(dim) => Some(dim.clone()),
        ConfigValue::Float(_) | ConfigValue::Bool(_) | ConfigValue::Config(_) => None,
    }
}

pub(crate) fn condition_in(layer: &Layer, used: &LayerUse, condition: &Condition) -> Condition {
    condition.substitute(&|name| size_in(layer, used, name)).with_configs(&|name| {
        match crate::layers::config_of(layer, used, name)? {
            ConfigValue::Bool(condition) => Some(condition.clone()),
            ConfigValue::Dim(_) | ConfigValue::Float(_) | ConfigValue::Config(_) => None,
        }
    })
}

pub(crate) fn layer_in(layer: &Layer, used: &LayerUse, inner: &LayerUse) -> LayerUse {
    let sizes = |name| size_in(layer, used, name);
    let configs = inner
        .configs
        .iter()
        .map(|value| match value {
            ConfigValue::Config(name) => crate::layers::config_of(layer, used, *name)
                .cloned()
                .unwrap_or_else(|| value.clone()),
            ConfigValue::Bool(condition) => ConfigValue::Bool(condition_in(layer, used, condition)),
            ConfigValue::Dim(dim) => ConfigValue::Dim(dim.substitute(&sizes)),
            ConfigValue::Float(_) => value.clone(),
        })
        .collect();
    LayerUse {
        layer: inner.layer,
        dims: inner.dims.iter().map(|dim| dim.substitute(&sizes)).collect(),
        configs,
    }
}

fn substitute(value: &FieldValue, layer: &Layer, used: &LayerUse) -> FieldValue {
    let sizes = |name| size_in(layer, used, name);
    match value {
        FieldValue::Param { ty, init } => FieldValue::Param {
            ty: ty.substitute(&sizes),
            init: Init { name: init.name, args: init.args.clone() },
        },
        FieldValue::Layer(inner) => FieldValue::Layer(layer_in(layer, used, inner)),
        FieldValue::Array(element, count) => {
            FieldValue::Array(Box::new(substitute(element, layer, used)), count.substitute(&sizes))
        }
        FieldValue::If { condition, then, otherwise } => FieldValue::If {
            condition: condition_in(layer, used, condition),
            then: Box::new(substitute(then, layer, used)),
            otherwise: Box::new(substitute(otherwise, layer, used)),
        },
        FieldValue::Hole(hole) => FieldValue::Hole(SpaceHole {
            input: hole.input.substitute(&sizes),
            output: hole.output.substitute(&sizes),
            candidates: hole
                .candidates
                .iter()
                .map(|candidate| Candidate {
                    chain: candidate.chain.iter().map(|it| layer_in(layer, used, it)).collect(),
                    text: candidate.text.clone(),
                    function: candidate.function,
                })
                .collect(),
        }),
        FieldValue::Absent => FieldValue::Absent,
        FieldValue::Error => FieldValue::Error,
    }
}

/// Takes the branch of an `if` field that is known to be taken.
pub(super) fn decided(value: FieldValue, scope: &Scope) -> FieldValue {
    match value {
        FieldValue::If { condition, then, otherwise } => match prove(scope, &condition) {
            Some(true) => decided(*then, scope),
            Some(false) => decided(*otherwise, scope),
            None => FieldValue::If { condition, then, otherwise },
        },
        value => value,
    }
}

impl Body<'_, '_> {
    /// What a path of fields leads to; `None` if the expression is no such path. The
    /// outer `Option` of the result is `Err` where a mistake was reported.
    pub(super) fn place(&mut self, expr: &ast::Expr) -> Option<Result<Place, ()>> {
        match &expr.kind {
            ast::ExprKind::Name(name) => {
                if let Some(&local) = self.names.get(&name.name) {
                    let Type::Layer(used) = &self.locals[local].ty else { return None };
                    let path = Path { root: PathRoot::Local(local), steps: Vec::new() };
                    return Some(Ok(Place { path, value: FieldValue::Layer(used.clone()) }));
                }
                let owner = self.owner?;
                let layer = self.cx.layer(owner);
                let field = layer.fields.iter().find(|field| field.name == name.name)?;
                let path = Path { root: PathRoot::Owner, steps: vec![PathStep::Field(name.name)] };
                let value = decided(field.value.clone(), &self.scope);
                Some(Ok(Place { path, value }))
            }
            ast::ExprKind::Field { base, name: Some(name) } => {
                let place = match self.place(base)? {
                    Ok(place) => place,
                    Err(()) => return Some(Err(())),
                };
                match &place.value {
                    FieldValue::Layer(used) => {
                        let layer = self.cx.layer(used.layer);
                        let value = field_in(layer, used, name.name)?;
                        let mut path = place.path;
                        path.steps.push(PathStep::Field(name.name));
                        Some(Ok(Place { path, value: decided(value, &self.scope) }))
                    }
                    FieldValue::Error => Some(Err(())),
                    FieldValue::Param { .. }
                    | FieldValue::Array(..)
                    | FieldValue::If { .. }
                    | FieldValue::Hole(_)
                    | FieldValue::Absent => {
                        self.report(errors::no_fields(name));
                        Some(Err(()))
                    }
                }
            }
            ast::ExprKind::Index { base, indices } => {
                let place = match self.place(base)? {
                    Ok(place) => place,
                    Err(()) => return Some(Err(())),
                };
                let FieldValue::Array(element, count) = place.value else { return None };
                let [ast::Index { kind: ast::IndexKind::Expr(index), span }] = indices.as_slice()
                else {
                    self.report(crate::errors::index::array_index(expr.span));
                    return Some(Err(()));
                };
                let Some(at) = self.size(index) else { return Some(Err(())) };
                if !self.in_bounds(&at.dim, &count, *span) {
                    return Some(Err(()));
                }
                let mut path = place.path;
                path.steps.push(PathStep::Index(at.dim));
                Some(Ok(Place { path, value: decided(*element, &self.scope) }))
            }
            _ => None,
        }
    }

    /// Where the last field of a path is declared, and when it is there.
    pub(super) fn conditional_field(&self, path: &Path) -> Option<(Span, Condition)> {
        let mut layer = match path.root {
            PathRoot::Owner => self.owner?,
            PathRoot::Local(local) => match &self.locals[local].ty {
                Type::Layer(used) => used.layer,
                _ => return None,
            },
        };
        let mut found = None;
        for step in &path.steps {
            let PathStep::Field(name) = step else { continue };
            let field = self.cx.layer(layer).fields.iter().find(|it| it.name == *name)?;
            found = match &field.value {
                FieldValue::If { condition, .. } => Some((field.span, condition.clone())),
                _ => None,
            };
            let mut value = &field.value;
            while let FieldValue::Array(element, _) = value {
                value = element;
            }
            if let FieldValue::Layer(used) = value {
                layer = used.layer;
            }
        }
        found
    }

    /// The type of a parameter as an expression here: kinds follow from the sizes.
    pub(super) fn param_type(&self, ty: &TensorType, own: bool) -> TensorType {
        let mut ty = ty.clone();
        if own {
            return ty;
        }
        for axis in &mut ty.axes {
            let size = axis.extent();
            axis.kind = self.scope.kind_of(&size);
            axis.rate = self.scope.rate_of(&size);
        }
        ty
    }

    /// A field that does not exist.
    pub(super) fn unknown_field(&mut self, used: &LayerUse, name: &ast::Ident) {
        let layer = self.cx.layer(used.layer);
        let fields = layer.fields.iter().map(|field| field.name.as_str());
        let functions = layer
            .functions
            .iter()
            .filter_map(|id| self.cx.function(*id).name)
            .map(|it| it.as_str());
        let near = nearest(name.as_str(), fields.chain(functions).collect::<Vec<_>>());
        let main = layer.main.is_some();
        let (layer, span): (Name, Span) = (layer.name, layer.span);
        let diagnostic = name_errors::unknown_field(name, layer, span, near);
        self.report(match near.is_none() && main {
            true => diagnostic.help("the layer itself is called by its name, as in `map(x)`"),
            false => diagnostic,
        });
    }
}
