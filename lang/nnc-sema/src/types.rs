//! Types and uses of layers: from syntax to their resolved form.

use std::collections::HashMap;

use nnc_base::Name;
use nnc_hir::{
    Arrow, Axis, AxisSize, Base, Condition, Config, ConfigKind, ConfigValue, Elem, LayerId,
    LayerUse, MeaningUse, Places, TensorType, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::cx::{Cx, Scope};
use crate::errors::facts::Asked;
use crate::errors::{elements, handed, names as name_errors, sizes};
use crate::handed::{Said, Saying};
use crate::scope::{Symbol, nearest};
use crate::signature::is_impossible;

impl Cx<'_> {
    /// A type as written; [`Type::Error`] where that was reported.
    pub(crate) fn ty(&mut self, scope: &Scope, ty: &ast::Type) -> Type {
        match &ty.kind {
            ast::TypeKind::Named(named) => self.named_type(scope, named),
            ast::TypeKind::Tensor { element, axes } => {
                match self.tensor_type(scope, element, axes) {
                    Some(tensor) => Type::Tensor(tensor),
                    None => Type::Error,
                }
            }
            // Who declares the name gives it a variable.
            ast::TypeKind::Dim { .. } => Type::Dim(Dim::constant(0)),
            ast::TypeKind::Tuple(fields) => {
                Type::Tuple(fields.iter().map(|field| self.ty(scope, &field.ty)).collect())
            }
            ast::TypeKind::Array { element, count } => {
                let element = self.ty(scope, element);
                match self.dim(scope, count) {
                    Some(count) if !element.is_error() => {
                        Type::Array(Box::new(element), Places::new(count.dim))
                    }
                    _ => Type::Error,
                }
            }
            ast::TypeKind::Arrow { inputs, output } => {
                let inputs: Vec<Type> = inputs.iter().map(|it| self.ty(scope, it)).collect();
                let output = self.ty(scope, output);
                if inputs.iter().chain([&output]).any(Type::is_error) {
                    return Type::Error;
                }
                Type::Function(Box::new(Arrow { inputs, output }))
            }
            ast::TypeKind::Error => Type::Error,
        }
    }

    /// A name with parameters in the place of a type.
    fn named_type(&mut self, scope: &Scope, named: &ast::NamedType) -> Type {
        match self.symbol(scope.module, named.name.name) {
            Some(Symbol::Struct(id)) => {
                let expected = self.program.structs[id].params.len();
                let Some(dims) = self.static_dims(scope, &named.args) else { return Type::Error };
                if dims.len() != expected {
                    self.report(name_errors::parameter_count(
                        named.span,
                        named.name.name,
                        expected,
                        dims.len(),
                    ));
                    return Type::Error;
                }
                // Lengths are filled in by whoever declares a value of this type.
                let lens = self.program.structs[id].lens().map(|_| Dim::constant(0)).collect();
                Type::Struct { id, dims, lens }
            }
            Some(Symbol::Alias(module, item)) if module != usize::MAX => {
                self.alias(scope, named, module, item)
            }
            Some(Symbol::Alias(..)) => Type::Error,
            _ => match self.elem(scope, named) {
                Some(elem) => Type::scalar(elem),
                None => Type::Error,
            },
        }
    }

    /// `type Image<H, W> = …`: its type with the parameters put in.
    fn alias(&mut self, scope: &Scope, named: &ast::NamedType, module: usize, item: usize) -> Type {
        let ast::ItemKind::Type(alias) = &self.modules[module].ast.items[item].kind else {
            return Type::Error;
        };
        if self.aliases_open.contains(&(module, item)) {
            self.report(name_errors::recursion(named.span, name_errors::Endless::Type));
            return Type::Error;
        }
        let Some(dims) = self.static_dims(scope, &named.args) else { return Type::Error };
        if dims.len() != alias.params.len() {
            self.report(name_errors::parameter_count(
                named.span,
                named.name.name,
                alias.params.len(),
                dims.len(),
            ));
            return Type::Error;
        }
        let mut inner = Scope::new(module);
        inner.facts = scope.facts.clone();
        inner.vars = scope.vars.clone();
        for (param, dim) in alias.params.iter().zip(dims) {
            inner.names.insert(param.name.name, scope.size(dim));
        }
        self.aliases_open.push((module, item));
        let ty = self.ty(&inner, &alias.ty);
        self.aliases_open.pop();
        ty
    }

    pub(crate) fn tensor_type(
        &mut self,
        scope: &Scope,
        element: &ast::NamedType,
        axes: &[ast::Axis],
    ) -> Option<TensorType> {
        let elem = self.elem(scope, element);
        let mut pack = false;
        let mut result = Some(Vec::new());
        for (i, axis) in axes.iter().enumerate() {
            let next = match &axis.kind {
                ast::AxisKind::Rest => {
                    if i != 0 {
                        self.report(sizes::rest_not_first(axis.span));
                        result = None;
                    }
                    pack = true;
                    continue;
                }
                ast::AxisKind::Broadcast => Some(Axis::broadcast()),
                ast::AxisKind::Dim { size, rate } => self.dim(scope, size).map(|size| Axis {
                    size: AxisSize::Dim(size.dim),
                    kind: size.kind,
                    rate: rate.as_ref().and_then(|rate| self.rate(rate)).or(size.rate),
                }),
            };
            match (next, &mut result) {
                (Some(next), Some(result)) => result.push(next),
                _ => result = None,
            }
        }
        Some(TensorType { elem: elem?, pack, axes: result? })
    }

    /// An element type; `None` if a mistake was reported.
    pub(crate) fn elem(&mut self, scope: &Scope, named: &ast::NamedType) -> Option<Elem> {
        let text = named.name.as_str();
        if let Some(base) = Base::from_name(text) {
            if !named.args.is_empty() {
                self.report(name_errors::parameter_count(
                    named.span,
                    named.name.name,
                    0,
                    named.args.len(),
                ));
            }
            return Some(Elem::plain(base));
        }
        if let Some(bits) = text.strip_prefix('q').and_then(|bits| bits.parse::<u8>().ok()) {
            let dims = self.static_dims(scope, &named.args)?;
            let [groups] = dims.as_slice() else {
                self.report(name_errors::parameter_count(
                    named.span,
                    named.name.name,
                    1,
                    dims.len(),
                ));
                return None;
            };
            return Some(Elem::plain(Base::Quantised { bits, groups: groups.clone() }));
        }
        if text == "fix" {
            let dims = self.static_dims(scope, &named.args)?;
            let parts: Vec<Option<u8>> = dims
                .iter()
                .map(|dim| dim.as_constant().and_then(|value| u8::try_from(value).ok()))
                .collect();
            let [Some(bits), Some(integer)] = parts.as_slice() else {
                self.report(name_errors::parameter_count(
                    named.span,
                    named.name.name,
                    2,
                    dims.len(),
                ));
                return None;
            };
            return Some(Elem::plain(Base::Fixed { bits: *bits, integer: *integer }));
        }
        let id = match self.symbol(scope.module, named.name.name) {
            Some(Symbol::Meaning(id)) => id,
            Some(Symbol::Alias(module, item)) if module != usize::MAX => {
                return match self.alias(scope, named, module, item) {
                    Type::Tensor(tensor) if tensor.is_scalar() => Some(tensor.elem),
                    Type::Error => None,
                    _ => {
                        self.report(elements::not_an_element(named));
                        None
                    }
                };
            }
            Some(Symbol::Alias(..)) => return None,
            Some(_) => {
                self.report(elements::not_an_element(named));
                return None;
            }
            None => match self.meanings.get(&named.name.name) {
                Some(&id) => id,
                None => {
                    let symbols = &self.modules[scope.module].symbols;
                    let meanings = symbols.iter().filter(|(_, (symbol, _))| {
                        matches!(symbol, Symbol::Meaning(_) | Symbol::Struct(_) | Symbol::Alias(..))
                    });
                    let known = meanings
                        .map(|(name, _)| name.as_str())
                        .chain(self.meanings.keys().map(|it| it.as_str()))
                        .chain([
                            "f32", "f16", "bf16", "f64", "i8", "i32", "i64", "u8", "int", "bool",
                            "float",
                        ]);
                    let near = elsewhere(text).or_else(|| nearest(text, known.collect::<Vec<_>>()));
                    self.report(name_errors::unknown_type(&named.name, near));
                    return None;
                }
            },
        };
        self.meaning_use(scope, named, id)
    }

    /// `Token<V>`, `Audio<f32>`: the parameters of a meaning.
    fn meaning_use(
        &mut self,
        scope: &Scope,
        named: &ast::NamedType,
        id: nnc_hir::MeaningId,
    ) -> Option<Elem> {
        let mut base = self.program.meanings[id].base.base.clone();
        let params = self.program.meanings[id].params.clone();
        let expected = params.len();
        let mut args = Vec::new();
        for arg in &named.args {
            match &arg.value {
                ast::StaticValue::Type(ty) => base = self.elem(scope, ty)?.base,
                ast::StaticValue::Expr(expr) => {
                    let param = params.get(args.len());
                    args.push(self.meaning_arg(scope, param, expr)?);
                }
            }
        }
        if args.len() != expected {
            self.report(name_errors::parameter_count(
                named.span,
                named.name.name,
                expected,
                args.len(),
            ));
            return None;
        }
        Some(Elem { base, meaning: Some(MeaningUse { id, args }) })
    }

    /// Sizes in `<…>`, by place.
    fn static_dims(&mut self, scope: &Scope, args: &[ast::StaticArg]) -> Option<Vec<Dim>> {
        let mut dims = Some(Vec::new());
        for arg in args {
            let dim = match &arg.value {
                ast::StaticValue::Expr(expr) => self.dim(scope, expr),
                ast::StaticValue::Type(ty) => {
                    self.report(sizes::not_a_size(ty.span, "this is a type"));
                    None
                }
            };
            match (dim, &mut dims) {
                (Some(dim), Some(dims)) => dims.push(dim.dim),
                _ => dims = None,
            }
        }
        dims
    }

    /// `Linear<D, F>(bias=false)`, its facts proved; `None` if a mistake was reported.
    /// What it hands in is of `owner`.
    pub(crate) fn layer_use(
        &mut self,
        owner: Option<LayerId>,
        scope: &Scope,
        layer: &ast::LayerUse,
    ) -> Option<LayerUse> {
        let id = match self.symbol(scope.module, layer.name.name) {
            Some(Symbol::Layer(id)) => id,
            Some(Symbol::Alias(usize::MAX, _)) => return None,
            Some(_) => {
                self.report(name_errors::not_a_layer(&layer.name));
                return None;
            }
            None => {
                let symbols = &self.modules[scope.module].symbols;
                let layers =
                    symbols.iter().filter(|(_, (symbol, _))| matches!(symbol, Symbol::Layer(_)));
                let near = nearest(layer.name.as_str(), layers.map(|(name, _)| name.as_str()));
                let module = self.exported(layer.name.name);
                self.report(name_errors::unknown_layer(&layer.name, near, module));
                return None;
            }
        };
        let params: Vec<ast::Ident> = self
            .layer(id)
            .params
            .iter()
            .map(|it| ast::Ident { name: it.name, span: it.span })
            .collect();
        let given: Vec<_> = layer.args.iter().map(|arg| (arg.name, &arg.value)).collect();
        let bound = self.match_args(&params, &given, layer.span)?;
        if bound.iter().any(|it| it.is_none()) {
            let count = bound.iter().flatten().count();
            let name = layer.name.name;
            self.report(name_errors::missing_parameter(layer.span, name, &params, count));
            return None;
        }
        let mut dims = Vec::new();
        for index in bound.into_iter().flatten() {
            match given[index].1 {
                ast::StaticValue::Expr(expr) => dims.push(self.dim(scope, expr)?.dim),
                ast::StaticValue::Type(ty) => {
                    self.report(sizes::not_a_size(ty.span, "this is a type"));
                    return None;
                }
            }
        }
        let (configs, sayings) = self.configs(owner, scope, id, layer, &dims)?;
        let used = LayerUse { layer: id, dims, configs, replaced: Vec::new() };
        if !self.check_layer_facts(scope, &used, layer) {
            return None;
        }
        self.hands_in(owner, scope, &used, sayings);
        Some(used)
    }

    /// The values of the configs, and what is said of those that are layers.
    fn configs(
        &mut self,
        owner: Option<LayerId>,
        scope: &Scope,
        id: LayerId,
        layer: &ast::LayerUse,
        dims: &[Dim],
    ) -> Option<(Vec<ConfigValue>, Vec<Saying>)> {
        let declared: Vec<Config> = self.layer(id).configs.clone();
        let params: Vec<ast::Ident> =
            declared.iter().map(|it| ast::Ident { name: it.name, span: it.span }).collect();
        let values = layer.configs.iter().map(|arg| (arg.name, Said::Value(&arg.value)));
        let layers = layer.layers.iter().map(|arg| (Some(arg.name), Said::Layer(&arg.value)));
        let given: Vec<(Option<ast::Ident>, Said<'_>)> = values.chain(layers).collect();
        let bound = self.match_args(&params, &given, layer.span)?;
        let mut values: Vec<ConfigValue> = Vec::new();
        let mut sayings = Vec::new();
        for (at, (config, index)) in declared.iter().zip(bound).enumerate() {
            let default = self.layer(id).default_of(at, dims, &values);
            let value = match (index.map(|index| &given[index].1), default) {
                (Some(said), _) if config.kind == ConfigKind::Layer => {
                    let (value, saying) = self.handed_in(owner, scope, at, config, said)?;
                    sayings.push(saying);
                    value
                }
                (Some(Said::Value(value)), _) => self.config_value(scope, config, value)?,
                (Some(Said::Layer(value)), _) => {
                    self.report(handed::no_value(value.span, config));
                    return None;
                }
                (None, Some(default)) => default,
                (None, None) if config.kind == ConfigKind::Layer => {
                    self.report(handed::missing(layer.span, layer.name.name, config));
                    return None;
                }
                (None, None) => {
                    self.report(name_errors::missing_argument(
                        layer.span,
                        &format!("`{}`", layer.name.as_str()),
                        &ast::Ident { name: config.name, span: config.span },
                    ));
                    return None;
                }
            };
            values.push(value);
        }
        Some((values, sayings))
    }

    /// A value given to a config, or its default.
    pub(crate) fn config_value(
        &mut self,
        scope: &Scope,
        config: &Config,
        value: &ast::Expr,
    ) -> Option<ConfigValue> {
        match config.kind {
            ConfigKind::Dim | ConfigKind::Int => {
                Some(ConfigValue::Dim(self.dim(scope, value)?.dim))
            }
            ConfigKind::Bool => {
                if matches!(value.kind, ast::ExprKind::Int(_) | ast::ExprKind::Float(_)) {
                    self.report(sizes::not_a_bool(value.span, config.name, config.span));
                    return None;
                }
                Some(ConfigValue::Bool(self.condition(scope, value)?))
            }
            ConfigKind::Float => self.float_value(scope, value),
            // What is handed in is no value: see [`Cx::handed_in`].
            ConfigKind::Layer => None,
        }
    }

    fn float_value(&mut self, scope: &Scope, value: &ast::Expr) -> Option<ConfigValue> {
        if let ast::ExprKind::Name(name) = &value.kind
            && scope.configs.get(&name.name) == Some(&ConfigKind::Float)
        {
            return Some(ConfigValue::Config(name.name));
        }
        match constant_float(value) {
            Some(value) => Some(ConfigValue::Float(value)),
            None => {
                self.report(elements::not_a_float(value.span));
                None
            }
        }
    }

    /// The `where` facts of a layer hold for the sizes that a use gives. False if there can be no
    /// such layer, because a size is less than it can be.
    fn check_layer_facts(&mut self, scope: &Scope, used: &LayerUse, at: &ast::LayerUse) -> bool {
        let layer = &self.program.layers[used.layer];
        let mut env: HashMap<Name, Dim> = HashMap::new();
        for (param, dim) in layer.params.iter().zip(&used.dims) {
            env.insert(param.name, dim.clone());
        }
        let mut conditions: HashMap<Name, Condition> = HashMap::new();
        for (config, value) in layer.configs.iter().zip(&used.configs) {
            match value {
                ConfigValue::Dim(dim) => {
                    env.insert(config.name, dim.clone());
                }
                ConfigValue::Bool(condition) => {
                    conditions.insert(config.name, condition.clone());
                }
                ConfigValue::Float(_) | ConfigValue::Config(_) | ConfigValue::Layer(_) => {}
            }
        }
        let (name, span) = (layer.name, layer.span);
        let mut facts = layer.facts.clone();
        if layer.space {
            // What speaks of other sizes is asked of those who call its functions.
            facts.retain(|fact| fact.vars().iter().all(|name| env.contains_key(name)));
        }
        for param in &layer.params {
            facts.push(Condition::Compare(
                nnc_hir::CompareOp::Ge,
                Dim::var(param.name),
                Dim::constant(param.min),
            ));
        }
        for config in layer.configs.iter().filter(|it| it.kind == ConfigKind::Dim) {
            let value = Dim::var(config.name);
            let least = Dim::constant(config.min);
            facts.push(Condition::Compare(nnc_hir::CompareOp::Ge, value.clone(), least));
            if let Some(most) = &config.at_most {
                facts.push(Condition::Compare(nnc_hir::CompareOp::Le, value, most.clone()));
            }
        }
        let here = |fact: &Condition| {
            fact.substitute(&|name| env.get(&name).cloned())
                .with_configs(&|name| conditions.get(&name).cloned())
        };
        let facts: Vec<_> = facts.into_iter().map(|fact| (here(&fact), fact)).collect();
        let layer = &self.program.layers[used.layer];
        let names = layer.params.iter().map(|it| it.name);
        let names = names.chain(layer.configs.iter().map(|it| it.name));
        let sizes: Vec<(Name, Dim)> =
            names.filter_map(|name| Some((name, env.get(&name)?.clone()))).collect();
        let who = format!("layer `{name}`");
        let asked = Asked { who: &who, at: at.span, declared: span, sizes: &sizes, origins: &[] };
        self.require(scope, &facts, &asked);
        !facts.iter().any(|fact| is_impossible(scope, fact))
    }
}

/// Puts the values of earlier configs in place of their names.
/// The value of a number that is written out, with arithmetic on such numbers.
pub(crate) fn constant_float(expr: &ast::Expr) -> Option<f64> {
    match &expr.kind {
        ast::ExprKind::Int(value) => Some(*value as f64),
        ast::ExprKind::Float(value) => Some(*value),
        ast::ExprKind::Unary { op: ast::UnaryOp::Negate, operand } => {
            constant_float(operand).map(|it| -it)
        }
        ast::ExprKind::Binary { op, left, right, .. } => {
            let (left, right) = (constant_float(left)?, constant_float(right)?);
            match op {
                ast::BinaryOp::Add => Some(left + right),
                ast::BinaryOp::Subtract => Some(left - right),
                ast::BinaryOp::Multiply => Some(left * right),
                ast::BinaryOp::Divide => Some(left / right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an element type of another language is called here.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "float32" | "single" => "f32",
        "float16" | "half" | "fp16" => "f16",
        "bfloat16" => "bf16",
        "float64" | "double" => "f64",
        "int32" => "i32",
        "int64" | "long" => "i64",
        "int8" => "i8",
        "uint8" | "byte" => "u8",
        "boolean" => "bool",
        _ => return None,
    })
}
