//! Layers that are handed to layers: what a layer takes, and what a use of it gives.
//!
//! Inside, what is taken is a layer of which only the type of its function is known, so that
//! a body is checked once for all that may be handed in. Each use has a function that calls
//! what it gives, with the parameters of that type: it is checked as a call of that would be
//! (see `body/handed.rs`).

use std::rc::Rc;
use std::sync::Arc;

use nnc_base::{Name, Span, Table};
use nnc_hir::{
    Config, ConfigKind, ConfigValue, DimOrigin, DimParam, Field, FieldValue, FunctionId, Layer,
    LayerArg, LayerId, LayerUse, Local, Param, Places, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::body::{Given, Handed, check_handed};
use crate::cx::{Cx, Scope, VarInfo};
use crate::errors::{functions as function_errors, handed as errors, sizes};
use crate::layers::declare_place;
use crate::signature::{has_float, has_pack, mentions, plain_names};

/// What is said of a config that is a layer, where a use is read.
pub(crate) enum Said<'s> {
    Value(&'s ast::Expr),
    Layer(&'s ast::FieldValue),
}

/// What a use says of one config, until its sizes are known.
pub(crate) struct Saying {
    at: usize,
    given: Given,
    span: Span,
    function: FunctionId,
}

/// What a layer takes for a config if nobody says anything else.
pub(crate) struct Default {
    owner: LayerId,
    config: Config,
    value: ast::Expr,
    function: FunctionId,
}

/// The arrow of a config's type, and how many there are of an array.
fn arrow_of(ty: &ast::Type) -> Option<(&[ast::Type], &ast::Type, Option<&ast::Expr>)> {
    match &ty.kind {
        ast::TypeKind::Arrow { inputs, output } => Some((inputs.as_slice(), &**output, None)),
        ast::TypeKind::Array { element, count } => match &element.kind {
            ast::TypeKind::Arrow { inputs, output } => {
                Some((inputs.as_slice(), &**output, Some(&**count)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a config takes a layer.
pub(crate) fn takes_layer(config: &ast::Config) -> bool {
    arrow_of(&config.ty).is_some()
}

impl<'a> Cx<'a> {
    /// The fields that stand for the layers which a layer takes. Each is a layer of its own,
    /// whose function is declared when the sizes of the layer around it are known.
    pub(crate) fn taken_fields(
        &mut self,
        owner: LayerId,
        scope: &Scope,
        configs: &'a [ast::Config],
    ) -> Vec<Field> {
        let mut fields = Vec::new();
        let params = self.all_sizes(owner);
        let dims: Vec<Dim> = params.iter().map(|it| Dim::var(it.name)).collect();
        for config in configs {
            let Some((inputs, output, count)) = arrow_of(&config.ty) else { continue };
            let known = self.layer(owner).configs.iter().any(|it| it.name == config.name.name);
            if !known {
                continue;
            }
            let place = self.layer_places[owner.index()];
            let id = self.program.layers.push(Layer {
                name: config.name.name,
                module: self.modules[place.module].name,
                doc: String::new(),
                span: config.name.span,
                params: params.clone(),
                configs: Vec::new(),
                aliases: Vec::new(),
                facts: Vec::new(),
                fields: Vec::new(),
                functions: Vec::new(),
                main: None,
                space: false,
                taken_by: Some(owner),
            });
            self.layer_places.push(place);
            self.layer_scopes.push(Rc::new(scope.clone()));
            let main = self.declare_function(place, None, config.ty.span, String::new(), Some(id));
            self.program.layers[id].functions.push(main);
            self.program.layers[id].main = Some(main);
            self.arrow_signature(main, scope, config, inputs, output);
            let used = LayerUse {
                layer: id,
                dims: dims.clone(),
                configs: Vec::new(),
                replaced: Vec::new(),
            };
            let value = match count {
                Some(count) => match self.dim(scope, count) {
                    Some(count) => {
                        FieldValue::Array(Box::new(FieldValue::Layer(used)), Places::new(count.dim))
                    }
                    None => FieldValue::Error,
                },
                None => FieldValue::Layer(used),
            };
            let (name, span) = (config.name.name, config.name.span);
            fields.push(Field { name, doc: String::new(), span, value });
        }
        fields
    }

    /// The sizes of a layer as parameters, `dim` and `int` configs among them.
    fn all_sizes(&self, id: LayerId) -> Vec<DimParam> {
        let layer = self.layer(id);
        let sizes = layer.configs.iter();
        let sizes = sizes.filter(|it| matches!(it.kind, ConfigKind::Dim | ConfigKind::Int));
        let sizes = sizes.map(|config| DimParam {
            name: config.name,
            kind: None,
            rate: None,
            min: config.min,
            origin: DimOrigin::Parameter,
            span: config.span,
        });
        layer.params.iter().cloned().chain(sizes).collect()
    }

    /// The function of a layer that is handed in: it takes and gives tensors, and each call
    /// reads its sizes off what it is given, as for any function.
    fn arrow_signature(
        &mut self,
        id: FunctionId,
        scope: &Scope,
        config: &ast::Config,
        inputs: &[ast::Type],
        output: &ast::Type,
    ) {
        let mut scope = scope.clone();
        let mut dims: Vec<DimParam> = Vec::new();
        for input in inputs {
            self.quantify_type(&mut scope, input, &mut dims);
        }
        let bound = dims.len();
        self.quantify_type(&mut scope, output, &mut dims);
        let only_in_result = dims.get(bound).cloned();
        let types: Vec<Type> = inputs.iter().map(|input| self.ty(&scope, input)).collect();
        let result = self.ty(&scope, output);
        if types.iter().chain([&result]).any(Type::is_error) {
            return;
        }
        let tensor = |ty: &Type| matches!(ty, Type::Tensor(_));
        let gives = match &result {
            Type::Tuple(parts) => !parts.is_empty() && parts.iter().all(tensor),
            ty => tensor(ty),
        };
        let mut plain = Vec::new();
        types.iter().for_each(|ty| plain_names(ty, &mut plain));
        let unread = dims.iter().find(|dim| {
            !plain.contains(&dim.name) && types.iter().any(|ty| mentions(ty, dim.name))
        });
        let pack = types.iter().any(has_pack);
        let error = if types.is_empty() || !types.iter().all(tensor) || !gives {
            Some(function_errors::of_tensors(config.ty.span, config.name.name))
        } else if let Some(dim) = only_in_result {
            Some(sizes::only_in_result(dim.name, dim.span, config.ty.span))
        } else if let Some(dim) = unread {
            Some(sizes::not_inferred(dim.name, dim.span))
        } else if has_pack(&result) && !pack {
            Some(function_errors::size_of_function(config.ty.span, config.name.name, "`..`"))
        } else {
            None
        };
        if let Some(error) = error {
            self.report(error);
            return;
        }
        let mut locals = Table::new();
        let mut params = Vec::new();
        for (at, (ty, written)) in types.into_iter().zip(inputs).enumerate() {
            let name =
                Name::new(&if inputs.len() == 1 { "x".to_owned() } else { format!("x{at}") });
            let span = written.span;
            let local = locals.push(Local { name, span, ty: ty.clone() });
            params.push(Param { name, span, ty, local, inout: None, optional: false });
        }
        let float = params.iter().any(|it| has_float(&it.ty)) || has_float(&result);
        let function = &mut self.program.functions[id];
        function.dims = dims;
        function.pack = pack;
        function.float = float;
        function.params = params;
        function.result = result;
        function.locals = locals;
    }

    /// What a use gives for a config that is a layer: a function for it, to be checked when
    /// the sizes of the use are known. `None` if a mistake was reported.
    pub(crate) fn handed_in(
        &mut self,
        owner: Option<LayerId>,
        scope: &Scope,
        at: usize,
        config: &Config,
        said: &Said<'_>,
    ) -> Option<(ConfigValue, Saying)> {
        let (given, span, text) = match said {
            Said::Layer(value) => {
                let made = self.made(owner, scope, value, config)?;
                (Given::Made(made), value.span, String::new())
            }
            Said::Value(value) => {
                if let Some(error) = self.unlike_layer(scope.module, value, config) {
                    self.report(error);
                    return None;
                }
                let text = text_of(value);
                (Given::There((*value).clone()), value.span, text)
            }
        };
        let place = match owner {
            Some(owner) => crate::scope::Place { member: None, ..self.layer_places[owner.index()] },
            None => crate::scope::Place { module: scope.module, item: usize::MAX, member: None },
        };
        let function = self.declare_function(place, None, span, String::new(), owner);
        let value = match &given {
            Given::Made(value) => Some(value.clone()),
            Given::There(_) => None,
        };
        let arg = LayerArg { value, function, text, default: false };
        let saying = Saying { at, given, span, function };
        Some((ConfigValue::Layer(Arc::new(arg)), saying))
    }

    /// What a layer takes where a use says nothing: a function or `|x| …`, of the layer itself.
    pub(crate) fn handed_by_default(
        &mut self,
        owner: LayerId,
        config: &Config,
        value: &ast::Expr,
    ) -> Option<ConfigValue> {
        let module = self.layer_places[owner.index()].module;
        if let Some(error) = self.unlike_layer(module, value, config) {
            self.report(error);
            return None;
        }
        let place = self.layer_places[owner.index()];
        let function = self.declare_function(place, None, value.span, String::new(), Some(owner));
        self.defaults.push(Default {
            owner,
            config: config.clone(),
            value: value.clone(),
            function,
        });
        let text = text_of(value);
        let arg = LayerArg { value: None, function, text, default: true };
        Some(ConfigValue::Layer(Arc::new(arg)))
    }

    /// What layers take by default is handed in by themselves.
    pub(crate) fn hand_defaults(&mut self) {
        for default in std::mem::take(&mut self.defaults) {
            let Default { owner, config, value, function } = default;
            let used = self.own_use(owner);
            let scope = (*self.layer_scopes[owner.index()]).clone();
            let (owner, given, at) = (Some(owner), Given::There(value.clone()), value.span);
            self.handed.push(Handed { owner, scope, used, config, given, at, function });
        }
    }

    /// A layer that is made for the one that it is given to, or an array of them.
    fn made(
        &mut self,
        owner: Option<LayerId>,
        scope: &Scope,
        value: &ast::FieldValue,
        config: &Config,
    ) -> Option<FieldValue> {
        match &value.kind {
            ast::FieldKind::Layer(layer) => {
                let used = self.layer_use(owner, scope, layer)?;
                if let Some(owner) = owner {
                    self.contains(owner, &used, &scope.facts, layer.span);
                }
                Some(FieldValue::Layer(used))
            }
            ast::FieldKind::Array { element, index, count } => {
                let count = self.dim(scope, count)?;
                let mut places = Places::new(count.dim);
                let mut inner = scope.clone();
                inner.facts.assume_at_least(&places.count, &Dim::constant(1));
                if let Some(index) = index {
                    if let Some(first) = scope.vars.get(&index.name) {
                        self.report(crate::errors::names::duplicate(index, first.span));
                        return None;
                    }
                    declare_place(&mut inner, index.name, index.span, &places.count);
                    places.name = Some(index.name);
                }
                match self.made(owner, &inner, element, config)? {
                    item @ FieldValue::Layer(_) => Some(FieldValue::Array(Box::new(item), places)),
                    _ => {
                        self.report(errors::not_one_layer(element.span, config));
                        None
                    }
                }
            }
            ast::FieldKind::Error => None,
            ast::FieldKind::Param { .. }
            | ast::FieldKind::State { .. }
            | ast::FieldKind::With { .. }
            | ast::FieldKind::If { .. } => {
                self.report(errors::not_one_layer(value.span, config));
                None
            }
        }
    }

    /// What is against a value in the place of a layer, as far as its form says.
    fn unlike_layer(
        &self,
        module: usize,
        value: &ast::Expr,
        config: &Config,
    ) -> Option<nnc_base::Diagnostic> {
        let layer = |name: &ast::Ident| match self.symbol(module, name.name) {
            Some(crate::scope::Symbol::Layer(_)) => Some(name.name),
            _ => None,
        };
        let called = match &value.kind {
            ast::ExprKind::Name(name) => layer(name),
            ast::ExprKind::Call { function, .. } => match &function.kind {
                ast::ExprKind::Name(name) => layer(name),
                _ => None,
            },
            _ => None,
        };
        match &value.kind {
            _ if called.is_some() => Some(errors::made_by_value(value.span, config, called)),
            ast::ExprKind::Name(_)
            | ast::ExprKind::Field { .. }
            | ast::ExprKind::Index { .. }
            | ast::ExprKind::Lambda { .. }
            | ast::ExprKind::Error => None,
            ast::ExprKind::Binary { right, .. } if right.kind == ast::ExprKind::Error => None,
            ast::ExprKind::Binary { left, .. } => match &left.kind {
                ast::ExprKind::Name(name) if layer(name).is_some() => {
                    Some(errors::made_by_value(value.span, config, layer(name)))
                }
                _ => Some(errors::no_layer(value.span, config)),
            },
            _ => Some(errors::no_layer(value.span, config)),
        }
    }

    /// Checks what was noted as handed in.
    pub(crate) fn check_handed(&mut self) {
        for handed in std::mem::take(&mut self.handed) {
            check_handed(self, handed);
        }
    }

    /// Notes what a use hands in, with the sizes that the layer has there.
    pub(crate) fn hands_in(
        &mut self,
        owner: Option<LayerId>,
        scope: &Scope,
        used: &LayerUse,
        sayings: Vec<Saying>,
    ) {
        for saying in sayings {
            let Some(config) = self.layer(used.layer).configs.get(saying.at).cloned() else {
                continue;
            };
            self.handed.push(Handed {
                owner,
                scope: scope.clone(),
                used: used.clone(),
                config,
                given: saying.given,
                at: saying.span,
                function: saying.function,
            });
        }
    }
}

/// A value as messages and names write it.
pub(crate) fn text_of(value: &ast::Expr) -> String {
    match &value.kind {
        ast::ExprKind::Name(name) => name.as_str().to_owned(),
        ast::ExprKind::Field { base, name: Some(name) } => {
            format!("{}.{}", text_of(base), name.as_str())
        }
        ast::ExprKind::Index { base, .. } => format!("{}[…]", text_of(base)),
        ast::ExprKind::Lambda { params, .. } => {
            let names: Vec<&str> = params.iter().map(|it| it.name.as_str()).collect();
            format!("|{}| …", names.join(", "))
        }
        _ => "…".to_owned(),
    }
}

/// The sizes of a config's function in a use of the layer that takes it, by the names of the
/// parameters.
pub(crate) fn sizes_in(layer: &Layer, used: &LayerUse) -> Vec<(Name, Dim)> {
    let params = layer.params.iter().map(|it| it.name).zip(used.dims.iter().cloned());
    let configs = layer.configs.iter().zip(&used.configs);
    let configs = configs.filter_map(|(config, value)| match value {
        ConfigValue::Dim(dim) => Some((config.name, dim.clone())),
        ConfigValue::Float(_)
        | ConfigValue::Bool(_)
        | ConfigValue::Config(_)
        | ConfigValue::Layer(_) => None,
    });
    params.chain(configs).collect()
}

/// What is known of a size that a function reads off its inputs.
pub(crate) fn declare_size(scope: &mut Scope, dim: &DimParam) {
    let info = VarInfo { kind: dim.kind, rate: dim.rate, span: dim.span, quantified: true };
    scope.declare(dim.name, info, dim.min);
}
