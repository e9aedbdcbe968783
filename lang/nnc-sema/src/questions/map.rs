//! The type of layers: a dimension function with its domain.

use std::fmt::Write as _;

use nnc_base::{Name, Span};
use nnc_hir::{AxisSize, CompareOp, Condition, ConfigValue, DimOrigin, Program, Type};
use nnc_shape::{Dim, Fact};
use nnc_syntax::ast;

use super::NoAnswer;
use super::open::{fresh, place};
use crate::body::{Link, Surroundings, apply};
use crate::cx::{Cx, Scope, VarInfo};
use crate::dims::{assume, know, prove, shorter};
use crate::errors::layers as errors;

/// What layers that are called one after the other take and give.
#[derive(Clone)]
pub struct Map {
    /// As it was written.
    pub text: String,
    /// The sizes that the types are made of, those of the inputs last.
    pub sizes: Vec<MapSize>,
    pub inputs: Vec<Input>,
    pub output: Type,
    /// What holds of the sizes of all inputs that it takes.
    pub domain: Vec<Condition>,
    /// Those of `domain` that the layers ask of their parameters.
    pub(super) asked_of_parameters: Vec<Condition>,
    pub(super) links: Vec<Link>,
    /// With the domain.
    pub(super) scope: Scope,
    pub(super) at: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    pub name: Name,
    pub ty: Type,
}

/// A variable in the types of a [`Map`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MapSize {
    pub name: Name,
    /// The least value that it may have.
    pub least: i64,
    /// Whether it is the size of an axis of an input, and not given with the layers.
    pub of_input: bool,
}

impl Map {
    /// `f32[B, H] -> f32[B, H//2]`.
    pub fn arrow(&self, program: &Program) -> String {
        let inputs: Vec<String> =
            self.inputs.iter().map(|it| program.show(&it.ty).to_string()).collect();
        let inputs = match inputs.as_slice() {
            [only] => only.clone(),
            all => format!("({})", all.join(", ")),
        };
        format!("{inputs} -> {}", program.show(&self.output))
    }

    /// [`Map::arrow`] and the domain, in the fewest words.
    pub fn show(&self, program: &Program) -> String {
        let mut text = self.arrow(program);
        let domain = self.domain_in_words();
        if !domain.is_empty() {
            let _ = write!(text, " where {}", domain.join(", "));
        }
        text
    }

    /// The domain as a `where` clause would say it.
    pub fn domain_in_words(&self) -> Vec<String> {
        let mut scope = self.scope.clone();
        scope.facts = nnc_shape::Facts::new();
        for size in &self.sizes {
            scope.facts.declare(size.name, size.least, None);
        }
        in_words(&scope, &self.domain)
    }
}

/// Conditions as a `where` clause would say them, in few words; what follows from the others
/// is left out.
pub(super) fn in_words(scope: &Scope, conditions: &[Condition]) -> Vec<String> {
    let mut words: Vec<(Condition, Option<Fact>)> = Vec::new();
    let mut known = scope.clone();
    for condition in conditions {
        if prove(&known, condition) != Some(true) {
            let short = shorter(&known.facts, condition);
            know(&mut known, condition);
            words.push((condition.clone(), short));
        }
    }
    for at in (0..words.len()).rev() {
        let mut others = scope.clone();
        for (_, (condition, short)) in words.iter().enumerate().filter(|(it, _)| *it != at) {
            assume(&mut others, condition, true);
            short.iter().for_each(|it| others.facts.assume(it.clone()));
        }
        if prove(&others, &words[at].0) == Some(true) {
            words.remove(at);
        }
    }
    let text = |(condition, short): (Condition, Option<Fact>)| {
        short.map_or_else(|| condition.to_string(), |it| it.to_string())
    };
    words.into_iter().map(text).collect()
}

/// The dimension function of layers whose sizes are known in `base`.
pub(super) fn map(
    cx: &mut Cx<'_>,
    base: &Scope,
    layers: &[ast::LayerUse],
    text: &str,
) -> Result<Map, NoAnswer> {
    let before = cx.diagnostics.len();
    let outer = cx.assumed.replace(Vec::new());
    cx.unknown_dims.clear();
    let links: Option<Vec<Link>> =
        layers.iter().map(|layer| cx.layer_use(None, base, layer).map(Link::Layer)).collect();
    cx.check_handed();
    let asked = std::mem::replace(&mut cx.assumed, outer).unwrap_or_default();
    let diagnostics = cx.diagnostics.split_off(before);
    let failed = diagnostics.iter().any(nnc_base::Diagnostic::is_error);
    let links = match links {
        Some(links) if !failed && !links.is_empty() => links,
        _ => return Err(NoAnswer::Mistakes(diagnostics)),
    };
    let mut scope = base.clone();
    for condition in &asked {
        know(&mut scope, condition);
    }
    let at = place(layers);
    let mut sizes = sizes_of(&scope);
    let inputs = inputs(cx, &mut scope, &links[0], at)?;
    for size in sizes_of(&scope) {
        if sizes.iter().all(|it| it.name != size.name) {
            sizes.push(MapSize { of_input: true, ..size });
        }
    }
    let surroundings = Surroundings { scope, owner: None, float: true, pack: true };
    let types = inputs.iter().map(|it| it.ty.clone()).collect();
    let who = format!("`{text}`");
    let applied = apply(cx, &surroundings, &links, types, at, &who);
    if applied.output.is_error() {
        return Err(NoAnswer::Mistakes(applied.diagnostics));
    }
    let (mut inputs, mut output, mut domain) = (inputs, applied.output, asked.clone());
    domain.extend(applied.assumed);
    let of_inputs: Vec<Name> = sizes.iter().filter(|it| it.of_input).map(|it| it.name).collect();
    while let Some((at, name, dim)) = fixed(&domain, &of_inputs) {
        domain.remove(at);
        let put = |it: Name| (it == name).then(|| dim.clone());
        inputs.iter_mut().for_each(|it| it.ty = it.ty.substitute(&put));
        output = output.substitute(&put);
        domain.iter_mut().for_each(|it| *it = it.substitute(&put));
    }
    let mut used = std::collections::BTreeSet::new();
    for ty in inputs.iter().map(|it| &it.ty).chain([&output]) {
        vars_of(ty, &mut used);
    }
    for condition in &domain {
        used.extend(condition.vars());
    }
    sizes.retain(|it| used.contains(&it.name));
    Ok(Map {
        text: text.to_owned(),
        sizes,
        inputs,
        output,
        domain,
        asked_of_parameters: asked,
        links,
        scope: applied.scope,
        at,
    })
}

/// A size of an input that the layers ask to be some other: which condition says so, and what
/// it has to be.
fn fixed(domain: &[Condition], of_inputs: &[Name]) -> Option<(usize, Name, Dim)> {
    domain.iter().enumerate().find_map(|(at, condition)| {
        let Condition::Compare(CompareOp::Eq, left, right) = condition else { return None };
        let sides = [(left, right), (right, left)];
        sides.into_iter().find_map(|(var, dim)| {
            let name = var.as_var().filter(|it| of_inputs.contains(it))?;
            (!dim.vars().contains(&name)).then(|| (at, name, dim.clone()))
        })
    })
}

/// The variables of a scope, by name.
fn sizes_of(scope: &Scope) -> Vec<MapSize> {
    let declared = scope.facts.declared();
    declared.map(|(name, least, _)| MapSize { name, least, of_input: false }).collect()
}

/// The inputs of the first of some layers, their sizes made variables of `scope`.
fn inputs(
    cx: &mut Cx<'_>,
    scope: &mut Scope,
    first: &Link,
    at: Span,
) -> Result<Vec<Input>, NoAnswer> {
    let Link::Layer(used) = first else { return Ok(Vec::new()) };
    let layer = cx.layer(used.layer).clone();
    let Some(main) = layer.main else {
        let functions = layer.functions.iter().filter_map(|id| cx.function(*id).name);
        let functions: Vec<Name> = functions.collect();
        return Err(NoAnswer::Mistakes(vec![errors::no_main(at, layer.name, &functions)]));
    };
    let function = cx.function(main).clone();
    if let Some(state) = function.params.iter().find(|param| param.inout.is_some()) {
        let diagnostic = errors::not_a_map(at, layer.name, state.name, state.span);
        return Err(NoAnswer::Mistakes(vec![diagnostic]));
    }
    let mut sizes: Vec<(Name, Dim)> = Vec::new();
    for (param, dim) in layer.params.iter().zip(&used.dims) {
        sizes.push((param.name, dim.clone()));
    }
    for (config, value) in layer.configs.iter().zip(&used.configs) {
        if let ConfigValue::Dim(dim) = value {
            sizes.push((config.name, dim.clone()));
        }
    }
    for dim in &function.dims {
        if matches!(dim.origin, DimOrigin::Parameter | DimOrigin::Length { .. }) {
            continue;
        }
        let name = fresh(scope, dim.name);
        let info = VarInfo { kind: dim.kind, rate: dim.rate, span: at, quantified: true };
        scope.declare(name, info, dim.min);
        sizes.push((dim.name, Dim::var(name)));
    }
    let size = |name: Name| sizes.iter().find(|(it, _)| *it == name).map(|(_, dim)| dim.clone());
    let input = |param: &nnc_hir::Param| {
        let mut ty = param.ty.substitute(&size);
        if let Type::Tensor(tensor) = &mut ty {
            for axis in &mut tensor.axes {
                if let AxisSize::Dim(dim) = &axis.size {
                    axis.kind = axis.kind.or(scope.kind_of(dim));
                }
            }
        }
        Input { name: param.name, ty }
    };
    Ok(function.params.iter().map(input).collect())
}

/// The variables in the sizes of a type.
pub(super) fn vars_of(ty: &Type, vars: &mut std::collections::BTreeSet<Name>) {
    match ty {
        Type::Tensor(tensor) => {
            for axis in &tensor.axes {
                vars.extend(axis.extent().vars());
            }
            for arg in tensor.elem.meaning.iter().flat_map(|it| &it.args) {
                vars.extend(arg.vars());
            }
        }
        Type::Dim(dim) => vars.extend(dim.vars()),
        Type::Tuple(parts) => parts.iter().for_each(|part| vars_of(part, vars)),
        Type::Array(element, count) => {
            vars.extend(count.count.vars());
            vars_of(element, vars);
        }
        Type::Struct { dims, lens, .. } => {
            vars.extend(dims.iter().chain(lens).flat_map(Dim::vars));
        }
        Type::Function(arrow) => {
            arrow.inputs.iter().chain([&arrow.output]).for_each(|ty| vars_of(ty, vars));
        }
        Type::Layer(_) | Type::Error => {}
    }
}
