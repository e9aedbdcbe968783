//! Layers: parameters, configs, facts and fields.

use std::collections::HashMap;
use std::rc::Rc;

use nnc_base::{Name, Span};
use nnc_hir as hir;
use nnc_hir::{
    Alias, Config, ConfigKind, ConfigValue, Field, FieldValue, Init, LayerId, Places, Replaced,
    SpaceHole, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::body::{Candidate, Replacing};
use crate::cx::{Cx, Scope, VarInfo};
use crate::dims::assume;
use crate::errors::names as name_errors;
use crate::errors::{layers as errors, sizes, spaces as space_errors};
use crate::handed::takes_layer;
use crate::questions::fill::{OpenHole, space_surroundings};
use crate::types::constant_float;

/// What a layer or a space consists of.
struct Parts<'a> {
    params: &'a [ast::DimDecl],
    configs: &'a [ast::Config],
    facts: &'a [ast::Expr],
    members: &'a [ast::Member],
}

impl<'a> Cx<'a> {
    fn layer_parts(&self, id: LayerId) -> Option<(usize, Parts<'a>)> {
        if self.layer(id).taken_by.is_some() {
            return None;
        }
        let place = self.layer_places[id.index()];
        let item = &self.modules[place.module].ast.items[place.item];
        let parts = match &item.kind {
            ast::ItemKind::Layer(it) => Parts {
                params: &it.params,
                configs: &it.configs,
                facts: &it.facts,
                members: &it.members,
            },
            ast::ItemKind::Test(it) => {
                Parts { params: &[], configs: &[], facts: &[], members: &it.layers }
            }
            ast::ItemKind::Space(it) => {
                Parts { params: &it.params, configs: &[], facts: &it.facts, members: &it.members }
            }
            _ => return None,
        };
        Some((place.module, parts))
    }

    /// Parameters, configs, facts and constants.
    pub(crate) fn layer_header(&mut self, id: LayerId) {
        let Some((module, parts)) = self.layer_parts(id) else { return };
        self.header = true;
        let mut scope = Scope::new(module);
        let params = self.params(&mut scope, parts.params);
        if self.layer(id).space {
            // A space's facts speak of the sizes of its holes.
            for fact in parts.facts {
                self.quantify(&mut scope, fact, &mut Vec::new());
            }
        }
        let mut configs = Vec::new();
        for config in parts.configs {
            if let Some(config) = self.config(id, &mut scope, config) {
                configs.push(config);
            }
        }
        let mut facts = Vec::new();
        for fact in parts.facts {
            if let Some(fact) = self.condition(&scope, fact) {
                assume(&mut scope, &fact, true);
                facts.push(fact);
            }
        }
        let mut aliases = Vec::new();
        for member in parts.members {
            let ast::MemberKind::Const(constant) = &member.kind else { continue };
            let kind = self.kind(constant.kind);
            let Some(mut size) = self.dim(&scope, &constant.value) else { continue };
            size.kind = kind;
            aliases.push(Alias { name: constant.name.name, value: size.dim.clone() });
            scope.aliases.push((constant.name.name, size.dim.clone()));
            scope.names.insert(constant.name.name, size);
        }
        let layer = &mut self.program.layers[id];
        (layer.params, layer.configs) = (params, configs);
        (layer.facts, layer.aliases) = (facts, aliases);
        self.header = false;
        self.layer_scopes[id.index()] = Rc::new(scope);
    }

    fn config(
        &mut self,
        owner: LayerId,
        scope: &mut Scope,
        config: &ast::Config,
    ) -> Option<Config> {
        let (kind, min, bound) = match &config.ty.kind {
            _ if takes_layer(config) => (ConfigKind::Layer, 1, None),
            ast::TypeKind::Dim { bound } => {
                let (min, bound) = self.dim_bound(scope, bound.as_ref());
                (ConfigKind::Dim, min, bound)
            }
            ast::TypeKind::Named(named) => match named.name.as_str() {
                "int" => (ConfigKind::Int, i64::MIN + 1, None),
                "float" | "f32" | "f64" | "f16" | "bf16" => (ConfigKind::Float, 1, None),
                "bool" => (ConfigKind::Bool, 1, None),
                _ => {
                    self.report(errors::config_type(config.ty.span));
                    return None;
                }
            },
            _ => {
                self.report(errors::config_type(config.ty.span));
                return None;
            }
        };
        let mut result = Config {
            name: config.name.name,
            kind,
            default: None,
            min,
            at_most: bound,
            span: config.name.span,
        };
        if let Some(default) = &config.default {
            result.default = match kind {
                ConfigKind::Layer => self.handed_by_default(owner, &result, default),
                _ => self.config_value(scope, &result, default),
            };
        }
        match kind {
            ConfigKind::Dim | ConfigKind::Int => {
                let info =
                    VarInfo { kind: None, rate: None, span: config.name.span, quantified: true };
                scope.declare(config.name.name, info, min);
                if let Some(bound) = &result.at_most {
                    scope.facts.assume_at_least(bound, &Dim::var(config.name.name));
                }
            }
            ConfigKind::Layer => {}
            ConfigKind::Float | ConfigKind::Bool => {
                scope.configs.insert(config.name.name, kind);
            }
        }
        Some(result)
    }

    /// `dim >= 0` gives a least value, `dim <= S` a greatest.
    pub(crate) fn dim_bound(
        &mut self,
        scope: &Scope,
        bound: Option<&ast::DimBound>,
    ) -> (i64, Option<Dim>) {
        let Some(bound) = bound else { return (1, None) };
        let Some(limit) = self.dim(scope, &bound.value).map(|it| it.dim) else { return (1, None) };
        match (bound.op, limit.as_constant()) {
            (ast::BinaryOp::GreaterEqual, Some(least)) => (least, None),
            (ast::BinaryOp::Greater, Some(least)) => (least + 1, None),
            (ast::BinaryOp::LessEqual, _) => (0, Some(limit)),
            (ast::BinaryOp::Less, _) => (0, Some(&limit - &Dim::constant(1))),
            _ => {
                self.report(sizes::dim_bound(bound.value.span));
                (1, None)
            }
        }
    }

    /// Parameters, sub-layers and holes.
    pub(crate) fn layer_fields(&mut self, id: LayerId) {
        let Some((_, parts)) = self.layer_parts(id) else { return };
        let scope = (*self.layer_scopes[id.index()]).clone();
        self.header = true;
        let mut fields: Vec<Field> = Vec::new();
        let mut names: HashMap<Name, Span> = HashMap::new();
        for field in self.taken_fields(id, &scope, parts.configs) {
            names.insert(field.name, field.span);
            fields.push(field);
        }
        for member in parts.members {
            let (declared, value) = match &member.kind {
                ast::MemberKind::Field(field) => {
                    (field.names.as_slice(), self.field_value(id, &scope, &field.value))
                }
                ast::MemberKind::Hole(hole) => {
                    (std::slice::from_ref(&hole.name), self.space_hole(id, &scope, hole))
                }
                ast::MemberKind::Const(_) | ast::MemberKind::Fn(_) | ast::MemberKind::Error => {
                    continue;
                }
            };
            for name in declared {
                if let Some(first) = names.insert(name.name, name.span) {
                    self.report(name_errors::duplicate(name, first));
                    continue;
                }
                fields.push(Field {
                    name: name.name,
                    doc: member.docs.clone().unwrap_or_default(),
                    span: name.span,
                    value: value.clone(),
                });
            }
        }
        self.program.layers[id].fields = fields;
        self.header = false;
    }

    fn field_value(
        &mut self,
        owner: LayerId,
        scope: &Scope,
        value: &'a ast::FieldValue,
    ) -> FieldValue {
        match &value.kind {
            ast::FieldKind::Param { ty, init } => {
                let ty = match self.ty(scope, ty) {
                    Type::Tensor(ty) if !ty.pack => ty,
                    Type::Error => return FieldValue::Error,
                    _ => {
                        self.report(errors::param_type(ty.span));
                        return FieldValue::Error;
                    }
                };
                let init = match init {
                    Some(init) => self.init(init),
                    None => Some(Init { name: Name::new("zeros"), args: Vec::new() }),
                };
                match init {
                    Some(init) => FieldValue::Param { ty, init },
                    None => FieldValue::Error,
                }
            }
            ast::FieldKind::State { ty, .. } => {
                self.report(errors::state_field(ty.span));
                FieldValue::Error
            }
            ast::FieldKind::Layer(layer) => match self.layer_use(Some(owner), scope, layer) {
                Some(used) => {
                    self.contains(owner, &used, &scope.facts, layer.span);
                    FieldValue::Layer(used)
                }
                None => FieldValue::Error,
            },
            ast::FieldKind::With { layer, replaced } => {
                match self.layer_use(Some(owner), scope, layer) {
                    Some(used) => {
                        self.contains(owner, &used, &scope.facts, layer.span);
                        FieldValue::Layer(self.replaced_in(owner, scope, used, replaced))
                    }
                    None => FieldValue::Error,
                }
            }
            ast::FieldKind::Array { element, index, count } => {
                let Some(count) = self.dim(scope, count) else { return FieldValue::Error };
                let mut places = Places::new(count.dim);
                // What is said of an item is said where there is one.
                let mut inner = scope.clone();
                inner.facts.assume_at_least(&places.count, &Dim::constant(1));
                if let Some(index) = index {
                    if scope.names.contains_key(&index.name) {
                        let first = scope.vars.get(&index.name).map_or(index.span, |it| it.span);
                        self.report(name_errors::duplicate(index, first));
                        return FieldValue::Error;
                    }
                    declare_place(&mut inner, index.name, index.span, &places.count);
                    places.name = Some(index.name);
                }
                let element = self.field_value(owner, &inner, element);
                FieldValue::Array(Box::new(element), places)
            }
            ast::FieldKind::If { condition, then, otherwise } => {
                let Some(condition) = self.condition(scope, condition) else {
                    return FieldValue::Error;
                };
                let mut inner = scope.clone();
                assume(&mut inner, &condition, true);
                let then = Box::new(self.field_value(owner, &inner, then));
                let otherwise = match otherwise {
                    Some(otherwise) => {
                        let mut inner = scope.clone();
                        assume(&mut inner, &condition, false);
                        Box::new(self.field_value(owner, &inner, otherwise))
                    }
                    None => Box::new(FieldValue::Absent),
                };
                FieldValue::If { condition, then, otherwise }
            }
            ast::FieldKind::Error => FieldValue::Error,
        }
    }

    /// A use of a layer without the parameters that are computed instead.
    fn replaced_in(
        &mut self,
        owner: LayerId,
        scope: &Scope,
        used: hir::LayerUse,
        replaced: &'a [ast::Replacement],
    ) -> hir::LayerUse {
        let mut without = used.clone();
        for written in replaced {
            let place = self.layer_places[owner.index()];
            let id = self.declare_function(place, None, written.span, String::new(), Some(owner));
            let fields = written.path.steps.iter().filter_map(|step| match step {
                ast::PathStep::Field(name) => Some(name.name),
                ast::PathStep::Index(_) | ast::PathStep::At(..) => None,
            });
            without.replaced.push(Replaced { path: fields.collect(), value: id });
            self.replacements.push(Replacing {
                owner,
                scope: scope.clone(),
                used: used.clone(),
                written,
                all: replaced,
                function: id,
            });
        }
        without
    }

    fn init(&mut self, init: &ast::Expr) -> Option<Init> {
        let (name, args, span) = match &init.kind {
            ast::ExprKind::Name(name) => (name, [].as_slice(), init.span),
            ast::ExprKind::Call { function, args } => match &function.kind {
                ast::ExprKind::Name(name) => (name, args.as_slice(), init.span),
                _ => {
                    self.report(errors::unknown_init(init.span));
                    return None;
                }
            },
            _ => {
                let Some(value) = constant_float(init) else {
                    self.report(errors::unknown_init(init.span));
                    return None;
                };
                return Some(Init { name: Name::new("constant"), args: vec![value] });
            }
        };
        let expected = match name.as_str() {
            "zeros" | "ones" | "kaiming" | "xavier" => 0,
            "normal" | "constant" => 1,
            "uniform" => 2,
            _ => {
                self.report(errors::unknown_init(name.span));
                return None;
            }
        };
        let values: Option<Vec<f64>> = args.iter().map(|arg| constant_float(&arg.value)).collect();
        match values {
            Some(values) if values.len() == expected => {
                Some(Init { name: name.name, args: values })
            }
            _ => {
                self.report(errors::init_arguments(span, name.name, expected));
                None
            }
        }
    }

    /// A hole of a space with its candidates, each for all values of its choice.
    fn space_hole(&mut self, owner: LayerId, scope: &Scope, hole: &ast::Hole) -> FieldValue {
        let mut inner = scope.clone();
        let mut dims = Vec::new();
        self.quantify_type(&mut inner, &hole.input, &mut dims);
        self.quantify_type(&mut inner, &hole.output, &mut dims);
        let input = self.ty(&inner, &hole.input);
        let output = self.ty(&inner, &hole.output);
        if !input.is_error() && !output.is_error() {
            self.open_holes.push(OpenHole {
                name: hole.name.name,
                at: hole.name.span,
                owner: Some(owner),
                function: None,
                locals: Vec::new(),
                surroundings: space_surroundings(inner.clone(), owner, &input),
                inputs: vec![input.clone()],
                output: Some(output.clone()),
            });
        }
        let mut candidates: Vec<hir::Candidate> = Vec::new();
        if hole.candidates.is_empty() {
            self.report(space_errors::no_candidates(&hole.name));
        }
        for candidate in &hole.candidates {
            let mut scopes = vec![inner.clone()];
            for choice in &candidate.choices {
                scopes = self.chosen_values(scopes, choice);
            }
            for chosen in scopes {
                let chain: Option<Vec<_>> = candidate
                    .chain
                    .iter()
                    .map(|layer| self.layer_use(Some(owner), &chosen, layer))
                    .collect();
                let Some(chain) = chain else { continue };
                for used in &chain {
                    self.contains(owner, used, &chosen.facts, candidate.span);
                }
                let text = self.program.written(&chain);
                if candidates.iter().any(|it| it.chain == chain) {
                    self.report(space_errors::same_candidate(
                        candidate.span,
                        hole.name.name,
                        &text,
                    ));
                    continue;
                }
                self.candidates.push(Candidate {
                    owner,
                    hole: hole.name.name,
                    hole_at: hole.output.span,
                    place: candidates.len(),
                    scope: inner.clone(),
                    input: input.clone(),
                    output: output.clone(),
                    chain: chain.clone(),
                    text: text.clone(),
                    at: candidate.span,
                });
                candidates.push(hir::Candidate { chain, text, function: None });
            }
        }
        FieldValue::Hole(SpaceHole { input, output, candidates })
    }

    /// Each scope with each value of a choice in it.
    fn chosen_values(&mut self, scopes: Vec<Scope>, choice: &ast::Choice) -> Vec<Scope> {
        let ast::ExprKind::List(items) = &choice.values.kind else {
            self.report(errors::choice_values(choice.values.span));
            return Vec::new();
        };
        let mut chosen = Vec::new();
        for scope in scopes {
            for item in items {
                let Some(size) = self.dim(&scope, item) else { return Vec::new() };
                let mut inner = scope.clone();
                inner.names.insert(choice.name.name, size);
                chosen.push(inner);
            }
        }
        chosen
    }
}

/// Makes a name stand for a place of an array with so many items.
pub(crate) fn declare_place(scope: &mut Scope, name: Name, span: Span, count: &Dim) {
    let info = VarInfo { kind: None, rate: None, span, quantified: false };
    scope.declare(name, info, 0);
    scope.facts.assume_at_least(count, &(Dim::var(name) + 1));
}

/// The value of a config in a use of the layer.
pub(crate) fn config_of<'u>(
    layer: &nnc_hir::Layer,
    used: &'u nnc_hir::LayerUse,
    name: Name,
) -> Option<&'u ConfigValue> {
    let at = layer.configs.iter().position(|config| config.name == name)?;
    used.configs.get(at)
}
