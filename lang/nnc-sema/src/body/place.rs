//! Fields of layers: parameters, sub-layers and arrays of them, by path.

use nnc_base::{Name, Span};
use nnc_hir::{
    Condition, ConfigValue, FieldValue, Layer, LayerUse, Path, PathRoot, PathStep, TensorType, Type,
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
    if let Some(ConfigValue::Layer(arg)) = crate::layers::config_of(layer, used, name)
        && let Some(made) = &arg.value
    {
        return Some(made.clone());
    }
    let field = layer.fields.iter().find(|field| field.name == name)?;
    let sizes = |name| size_in(layer, used, name);
    Some(field.value.substitute(&sizes, &|name| config_in(layer, used, name)))
}

/// What a size variable of a layer stands for in a use of it.
pub(crate) fn size_in(layer: &Layer, used: &LayerUse, name: Name) -> Option<Dim> {
    if let Some(at) = layer.params.iter().position(|param| param.name == name) {
        return used.dims.get(at).cloned();
    }
    match crate::layers::config_of(layer, used, name)? {
        ConfigValue::Dim(dim) => Some(dim.clone()),
        ConfigValue::Float(_)
        | ConfigValue::Bool(_)
        | ConfigValue::Config(_)
        | ConfigValue::Layer(_) => None,
    }
}

pub(crate) fn condition_in(layer: &Layer, used: &LayerUse, condition: &Condition) -> Condition {
    condition.put(&|name| size_in(layer, used, name), &|name| config_in(layer, used, name))
}

fn config_in(layer: &Layer, used: &LayerUse, name: Name) -> Option<ConfigValue> {
    crate::layers::config_of(layer, used, name).cloned()
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
                        let replaced = used.replaced.iter().find(|it| it.path == [name.name]);
                        let computed = replaced.map(|it| it.value);
                        if let Some(call) = self.id.zip(computed) {
                            // Reading what is computed computes it.
                            self.cx.calls(call, &[], &self.scope.facts, expr.span);
                        }
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
                let FieldValue::Array(_, places) = &place.value else { return None };
                let count = places.count.clone();
                let [ast::Index { kind: ast::IndexKind::Expr(index), span }] = indices.as_slice()
                else {
                    self.report(crate::errors::index::array_index(expr.span));
                    return Some(Err(()));
                };
                let Some(at) = self.size(index) else { return Some(Err(())) };
                if !self.in_bounds(&at.dim, &count, *span) {
                    return Some(Err(()));
                }
                let value = place.value.item(&at.dim)?;
                let mut path = place.path;
                path.steps.push(PathStep::Index(at.dim));
                Some(Ok(Place { path, value: decided(value, &self.scope) }))
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
