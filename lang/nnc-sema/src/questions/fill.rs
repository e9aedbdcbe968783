//! What fits into a hole.
//!
//! A layer is applied once, with its configs as variables; what it gives then is a formula
//! into which the values of the configs are put. So all convolutions up to a bound cost one
//! application and a comparison for each formula that comes out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nnc_base::{Name, Span};
use nnc_hir::{
    Condition, ConfigKind, ConfigValue, FunctionId, Layer, LayerId, LayerUse, TensorType, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::compare::{Difference, compare};
use super::open::{fresh, least};
use super::parts::{Equal, narrowed};
use crate::body::{Link, Surroundings, apply};
use crate::cx::{Cx, Scope, VarInfo};
use crate::dims::{assume, know, prove, refuted};
use crate::errors::layers as errors;

/// A layer with more settings than these is not looked at, and that is told.
const MOST_SETTINGS: u64 = 40_000;

/// A hole, and all that is known where it stands.
#[derive(Clone)]
pub(crate) struct OpenHole {
    pub(crate) name: Name,
    pub(crate) at: Span,
    pub(crate) owner: Option<LayerId>,
    /// The function in whose body it stands.
    pub(crate) function: Option<FunctionId>,
    pub(crate) surroundings: Surroundings,
    /// None where it stands for a value.
    pub(crate) inputs: Vec<Type>,
    /// The values that have a name where it stands for one.
    pub(crate) locals: Vec<(Name, Type)>,
    /// `None` where any value would do.
    pub(crate) output: Option<Type>,
}

/// How far a candidate's configs are gone through.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The greatest value of a config that is not named in `named`.
    pub most: i64,
    pub named: Vec<(Name, i64)>,
}

/// Whether a candidate fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// For all sizes that the hole has.
    Equal,
    /// Where these conditions hold, too.
    Guarded(Vec<String>),
    /// Nowhere, or nowhere that was found; why, and in how many things it is different.
    Refuted { why: String, distance: usize },
}

/// A layer or function in some setting.
#[derive(Clone, PartialEq, Debug)]
pub struct Fitting {
    /// As one would write it.
    pub text: String,
    /// The module that declares it.
    pub module: Name,
    pub verdict: Verdict,
    /// The values of the configs that were gone through.
    pub settings: Vec<(Name, i64)>,
}

/// All that was tried in a hole, what fits first and the simplest first.
#[derive(Clone, PartialEq, Debug)]
pub struct Filling {
    pub hole: Name,
    pub at: Span,
    pub arrow: String,
    pub fittings: Vec<Fitting>,
    pub families: Vec<Family>,
    /// Layers that were not tried because they have so many settings within the bounds.
    pub too_many: Vec<(Name, u64)>,
    /// Layers of which a parameter is no axis of the hole, and that parameter.
    pub unread: Vec<(Name, Name)>,
}

/// All settings of a layer that fit and have something in common, up to the bounds: those
/// with these values for which a formula over the others has one of these values.
#[derive(Clone, PartialEq, Debug)]
pub struct Family {
    pub layer: Name,
    pub fixed: Vec<(Name, i64)>,
    pub formula: Dim,
    pub values: Vec<i64>,
    pub members: usize,
}

pub(super) fn fill(cx: &mut Cx<'_>, hole: &OpenHole, bounds: &Bounds) -> Filling {
    let program = &cx.program;
    let inputs: Vec<String> = hole.inputs.iter().map(|it| program.show(it).to_string()).collect();
    let output = hole.output.as_ref().map_or("_".to_owned(), |it| program.show(it).to_string());
    let mut filling = Filling {
        hole: hole.name,
        at: hole.at,
        arrow: format!("{} -> {output}", inputs.join(", ")),
        fittings: Vec::new(),
        families: Vec::new(),
        too_many: Vec::new(),
        unread: Vec::new(),
    };
    if hole.inputs.is_empty() {
        values(cx, hole, bounds, &mut filling);
    } else {
        candidates(cx, hole, bounds, &mut filling);
    }
    filling
}

/// A value may be one that has a name, or what something makes of that.
fn values(cx: &mut Cx<'_>, hole: &OpenHole, bounds: &Bounds, filling: &mut Filling) {
    for (name, ty) in &hole.locals {
        let module = cx.modules[hole.surroundings.scope.module].name;
        let verdict = judge(cx, hole, &[], ty);
        let text = name.to_string();
        filling.fittings.push(Fitting { text, module, verdict, settings: Vec::new() });
        if !matches!(ty, Type::Tensor(_)) || hole.output.is_none() {
            continue;
        }
        let applied = OpenHole { inputs: vec![ty.clone()], ..hole.clone() };
        let before = filling.fittings.len();
        candidates(cx, &applied, bounds, filling);
        for fitting in &mut filling.fittings[before..] {
            fitting.text = format!("{name} |> {}", fitting.text);
        }
    }
    sort(&mut filling.fittings);
}

fn candidates(cx: &mut Cx<'_>, hole: &OpenHole, bounds: &Bounds, filling: &mut Filling) {
    let mut own = Filling { fittings: Vec::new(), ..filling.clone() };
    for id in cx.program.layers.ids().collect::<Vec<_>>() {
        if Some(id) != hole.owner && !cx.layer(id).space && is_visible(cx, hole, Thing::Layer(id)) {
            try_layer(cx, hole, id, bounds, &mut own);
        }
    }
    for id in cx.program.functions.ids().collect::<Vec<_>>() {
        let function = cx.function(id);
        let wanted = function.owner.is_none() && function.name.is_some();
        let wanted = wanted && hole.function != Some(id);
        if wanted && is_visible(cx, hole, Thing::Function(id)) {
            try_function(cx, hole, id, &mut own);
        }
    }
    sort(&mut own.fittings);
    let fittings = std::mem::take(&mut filling.fittings);
    *filling = own;
    filling.fittings.splice(0..0, fittings);
}

/// What fits first, then what is in `std.nn` or in the program, then the simplest.
fn sort(fittings: &mut [Fitting]) {
    let rank = |it: &Fitting| match &it.verdict {
        Verdict::Equal => 0,
        Verdict::Guarded(guards) => guards.len(),
        Verdict::Refuted { distance, .. } => 1000 + distance,
    };
    let size = |it: &Fitting| it.settings.iter().map(|(_, value)| *value).sum::<i64>();
    // What most networks are made of comes before what few are.
    let rare =
        |it: &Fitting| it.module.as_str().starts_with("std.") && it.module.as_str() != "std.nn";
    fittings.sort_by_cached_key(|it| {
        (rank(it), rare(it), it.settings.len(), size(it), it.text.clone())
    });
}

/// Numbers the `?` of a program, if there are several: `?1`, `?2`, in the order of the text.
pub(crate) fn number(holes: &mut [OpenHole]) {
    holes.sort_by_key(|it| it.at);
    let unnamed: Vec<&mut OpenHole> = holes.iter_mut().filter(|it| is_unnamed(it)).collect();
    if unnamed.len() > 1 {
        for (number, hole) in (1..).zip(unnamed) {
            hole.name = Name::new(&format!("?{number}"));
        }
    }
}

/// Whether it is a `?`, and none of a space.
fn is_unnamed(hole: &OpenHole) -> bool {
    hole.name.as_str().starts_with('?')
}

/// How many candidates a message names.
const MOST_TOLD: usize = 6;

/// Says of each `?` that is applied what fits there, with the things that the program knows.
pub(crate) fn report(cx: &mut Cx<'_>) {
    let holes = std::mem::take(&mut cx.open_holes);
    let applied = |it: &&OpenHole| {
        let typed = !it.inputs.is_empty() && !it.inputs.iter().any(Type::is_error);
        typed && is_unnamed(it)
    };
    for hole in holes.iter().filter(applied) {
        let filling = fill(cx, hole, &Bounds { most: 3, named: Vec::new() });
        let mut seen: Vec<&str> = Vec::new();
        let mut told: [Vec<String>; 3] = Default::default();
        for fitting in &filling.fittings {
            let layer = fitting.text.split(['<', '(']).next().unwrap_or_default();
            if seen.contains(&layer) {
                continue;
            }
            seen.push(layer);
            let text = format!("`{}`", fitting.text);
            match &fitting.verdict {
                Verdict::Equal => told[0].push(text),
                Verdict::Guarded(guards) => {
                    told[1].push(format!("{text} where {}", guards.join(", ")));
                }
                Verdict::Refuted { why, .. } => told[2].push(format!("{text}: {why}")),
            }
        }
        let fits = !told[0].is_empty() || !told[1].is_empty();
        told[0].truncate(MOST_TOLD);
        told[1].truncate(2);
        told[2].truncate(if fits { 0 } else { 2 });
        let shown = |ty: &Type| cx.program.show(ty).to_string();
        let inputs: Vec<String> = hole.inputs.iter().map(shown).collect();
        let (takes, gives) = (inputs.join(", "), hole.output.as_ref().map(shown));
        cx.report(errors::hole(hole.at, (&takes, gives.as_deref()), told));
    }
    cx.open_holes = holes;
}

#[derive(Clone, Copy)]
enum Thing {
    Layer(LayerId),
    Function(FunctionId),
}

/// Whether the hole's module could name it: its own things, and what is public elsewhere.
fn is_visible(cx: &Cx<'_>, hole: &OpenHole, thing: Thing) -> bool {
    let place = match thing {
        Thing::Layer(id) => cx.layer_places.get(id.index()),
        Thing::Function(id) => cx.function_places.get(id.index()),
    };
    let Some(place) = place else { return false };
    let item = cx.modules.get(place.module).and_then(|it| it.ast.items.get(place.item));
    let Some(item) = item else { return false };
    let declares = match thing {
        Thing::Layer(_) => matches!(item.kind, ast::ItemKind::Layer(_)),
        Thing::Function(_) => matches!(item.kind, ast::ItemKind::Fn(_)),
    };
    declares && (item.public || place.module == hole.surroundings.scope.module)
}

fn try_function(cx: &mut Cx<'_>, hole: &OpenHole, id: FunctionId, filling: &mut Filling) {
    let function = cx.function(id);
    let tensors = function.params.iter().all(|it| matches!(it.ty, Type::Tensor(_)));
    if !tensors || function.params.len() != hole.inputs.len() {
        return;
    }
    let (name, module) = (function.name, function.module);
    let Some(name) = name else { return };
    let applied = apply(
        cx,
        &hole.surroundings,
        &[Link::Function(id)],
        hole.inputs.clone(),
        hole.at,
        &format!("`{name}`"),
    );
    let verdict = match applied.diagnostics.first() {
        Some(first) if applied.output.is_error() => {
            Verdict::Refuted { why: first.message.clone(), distance: 50 }
        }
        _ if applied.output.is_error() => return,
        _ => judge(cx, hole, &applied.assumed, &applied.output),
    };
    filling.fittings.push(Fitting {
        text: name.to_string(),
        module,
        verdict,
        settings: Vec::new(),
    });
}

fn try_layer(
    cx: &mut Cx<'_>,
    hole: &OpenHole,
    id: LayerId,
    bounds: &Bounds,
    filling: &mut Filling,
) {
    let layer = cx.layer(id).clone();
    let Some(main) = layer.main else { return };
    let function = cx.function(main).clone();
    let state = function.params.iter().any(|it| it.inout.is_some());
    if state || function.params.len() != hole.inputs.len() {
        return;
    }
    let mut sizes: HashMap<Name, Dim> = HashMap::new();
    for (param, input) in function.params.iter().zip(&hole.inputs) {
        read_off(&layer, &param.ty, input, &mut sizes);
    }
    if let Some(output) = &hole.output {
        read_off(&layer, &function.result, output, &mut sizes);
    }
    let mut dims = Vec::new();
    for param in &layer.params {
        let Some(dim) = sizes.get(&param.name) else {
            filling.unread.push((layer.name, param.name));
            return;
        };
        dims.push(dim.clone());
    }
    if let Some(why) = no_field(cx, hole, &dims) {
        let verdict = Verdict::Refuted { why, distance: 3 };
        let (text, module) = (layer.name.to_string(), layer.module);
        filling.fittings.push(Fitting { text, module, verdict, settings: Vec::new() });
        return;
    }
    let mut shaping = BTreeSet::new();
    super::map::vars_of(&function.result, &mut shaping);
    function.facts.iter().for_each(|it| shaping.extend(it.vars()));
    let mut surroundings = hole.surroundings.clone();
    let mut configs = Vec::new();
    let mut open: Vec<(Name, Name, i64)> = Vec::new();
    for config in &layer.configs {
        let is_size = matches!(config.kind, ConfigKind::Dim | ConfigKind::Int);
        let of_another = match &config.default {
            Some(ConfigValue::Dim(dim)) => dim.as_var().is_some_and(|name| {
                layer.configs.iter().any(|it| it.name == name && it.default.is_some())
            }),
            _ => false,
        };
        let asked = bounds.named.iter().any(|(name, _)| *name == config.name);
        let goes_through = is_size
            && (config.default.is_none()
                || asked
                || (shaping.contains(&config.name) && !of_another));
        let value = match &config.default {
            Some(default) if !goes_through => default.substitute(&|name| sizes.get(&name).cloned()),
            _ if is_size => {
                let var = fresh(&surroundings.scope, config.name);
                let info = VarInfo { kind: None, rate: None, span: hole.at, quantified: true };
                let least = least(cx, id, config.name);
                surroundings.scope.declare(var, info, least);
                open.push((config.name, var, least));
                ConfigValue::Dim(Dim::var(var))
            }
            _ => return,
        };
        if let ConfigValue::Dim(dim) = &value {
            sizes.insert(config.name, dim.clone());
        }
        configs.push(value);
    }
    let count = count_settings(&open, bounds);
    if count > MOST_SETTINGS {
        filling.too_many.push((layer.name, count));
        return;
    }
    let used = LayerUse { layer: id, dims, configs, replaced: Vec::new() };
    let who = format!("`{}`", layer.name);
    let asked: Vec<Condition> =
        (layer.facts.iter()).map(|it| it.substitute(&|name| sizes.get(&name).cloned())).collect();
    for condition in &asked {
        know(&mut surroundings.scope, condition);
    }
    let links = [Link::Layer(used.clone())];
    let applied = apply(cx, &surroundings, &links, hole.inputs.clone(), hole.at, &who);
    if applied.output.is_error() {
        if let Some(first) = applied.diagnostics.first() {
            let verdict = Verdict::Refuted { why: first.message.clone(), distance: 50 };
            let text = layer.name.to_string();
            let module = layer.module;
            filling.fittings.push(Fitting { text, module, verdict, settings: Vec::new() });
        }
        return;
    }
    let conditions: Vec<Condition> = asked.into_iter().chain(applied.assumed).collect();
    let mut verdicts: Vec<(Type, Vec<Condition>, Verdict)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for setting in settings(&open, bounds) {
        let put = |name: Name| {
            let at = open.iter().position(|(_, var, _)| *var == name)?;
            Some(Dim::constant(setting[at]))
        };
        let output = applied.output.substitute(&put);
        let conditions: Vec<Condition> = conditions.iter().map(|it| it.substitute(&put)).collect();
        let key = format!("{} {conditions:?}", cx.program.show(&output));
        let at = *known.entry(key).or_insert_with(|| {
            let verdict = judge(cx, hole, &conditions, &output);
            verdicts.push((output, conditions, verdict));
            verdicts.len() - 1
        });
        let configs = used.configs.iter().map(|it| it.substitute(&put)).collect();
        let chain = [LayerUse { configs, ..used.clone() }];
        let text = cx.program.written(&chain);
        let values = open.iter().map(|it| it.0).zip(setting.iter().copied()).collect();
        let verdict = verdicts[at].2.clone();
        filling.fittings.push(Fitting { text, module: layer.module, verdict, settings: values });
    }
    let own = filling.fittings.iter().filter(|it| it.module == layer.module);
    let prefix = layer.name.to_string();
    let own: Vec<&Fitting> =
        own.filter(|it| it.settings.len() == open.len() && is_of(&it.text, &prefix)).collect();
    let families = families(&layer, &conditions, &open, &own, hole);
    filling.families.extend(families);
}

/// Why a layer in place of a `?` cannot be a field of the layer that the hole is in.
fn no_field(cx: &Cx<'_>, hole: &OpenHole, dims: &[Dim]) -> Option<String> {
    if !is_unnamed(hole) {
        return None;
    }
    let Some(owner) = hole.owner else {
        return Some("a layer is a field of another one, and this function is of none".to_owned());
    };
    let scope = &cx.layer_scopes[owner.index()];
    let vars: BTreeSet<Name> = dims.iter().flat_map(Dim::vars).collect();
    let chosen = vars.into_iter().find(|it| !scope.vars.contains_key(it))?;
    Some(format!("it is a field, and each call chooses another `{chosen}`"))
}

fn is_of(text: &str, layer: &str) -> bool {
    text.strip_prefix(layer).is_some_and(|rest| !rest.starts_with(|it: char| it.is_alphanumeric()))
}

/// The values that a config is gone through.
fn range(name: Name, least: i64, bounds: &Bounds) -> std::ops::RangeInclusive<i64> {
    let named = bounds.named.iter().find(|(it, _)| *it == name).map(|it| it.1);
    least.max(0)..=named.unwrap_or(bounds.most)
}

fn count_settings(open: &[(Name, Name, i64)], bounds: &Bounds) -> u64 {
    let counts = open.iter().map(|(name, _, least)| {
        let values = range(*name, *least, bounds);
        u64::try_from(values.end().saturating_sub(*values.start()).saturating_add(1)).unwrap_or(0)
    });
    counts.fold(1, u64::saturating_mul)
}

/// All values of the configs that are gone through.
fn settings(open: &[(Name, Name, i64)], bounds: &Bounds) -> Vec<Vec<i64>> {
    let mut all: Vec<Vec<i64>> = vec![Vec::new()];
    for (name, _, least) in open {
        let values = range(*name, *least, bounds);
        all = (all.into_iter())
            .flat_map(|front| {
                values.clone().map(move |value| {
                    let mut setting = front.clone();
                    setting.push(value);
                    setting
                })
            })
            .collect();
    }
    all
}

/// Reads parameters of a layer off the axes of a value that stand for them alone.
fn read_off(layer: &Layer, formal: &Type, actual: &Type, sizes: &mut HashMap<Name, Dim>) {
    let (Type::Tensor(formal), Type::Tensor(actual)) = (formal, actual) else { return };
    let mut bind = |formal: &Dim, actual: &Dim| {
        let name = formal.as_var().filter(|name| layer.params.iter().any(|it| it.name == *name));
        if let Some(name) = name {
            sizes.entry(name).or_insert_with(|| actual.clone());
        }
    };
    let same_rank = |a: &TensorType, b: &TensorType| {
        if a.pack { a.axes.len() <= b.axes.len() } else { a.axes.len() == b.axes.len() }
    };
    if same_rank(formal, actual) {
        let rest = actual.axes.len() - formal.axes.len();
        for (formal, actual) in formal.axes.iter().zip(&actual.axes[rest..]) {
            bind(&formal.extent(), &actual.extent());
        }
    }
    if let (Some(formal), Some(actual)) = (&formal.elem.meaning, &actual.elem.meaning) {
        formal.args.iter().zip(&actual.args).for_each(|(formal, actual)| bind(formal, actual));
    }
}

/// Whether an output under conditions is what the hole gives.
fn judge(cx: &Cx<'_>, hole: &OpenHole, conditions: &[Condition], output: &Type) -> Verdict {
    let before = &hole.surroundings.scope;
    let mut scope = before.clone();
    let mut open: Vec<Condition> = Vec::new();
    for condition in conditions {
        if prove(&scope, condition) == Some(true) {
            continue;
        }
        if refuted(&scope, condition) {
            let why = format!("it needs {condition}, which never holds here");
            return Verdict::Refuted { why, distance: 10 };
        }
        assume(&mut scope, condition, true);
        open.push(condition.clone());
    }
    let own = &before.parameters.iter().copied().collect();
    let asked = narrowed(before, &scope.facts, own, &open);
    if let Some((name, words)) = asked.pinned {
        let why = match words {
            Some(words) => format!("it takes only {words}"),
            None => format!("it takes no `{name}`"),
        };
        return Verdict::Refuted { why, distance: 10 };
    }
    let mut guards = asked.words;
    let Some(wanted) = &hole.output else { return verdict(guards) };
    let comparison = compare(&cx.program, &scope, own, output, wanted);
    let mut why = Vec::new();
    let mut distance = guards.len();
    for difference in &comparison.differences {
        distance += match difference {
            Difference::Form(..) => 50,
            Difference::Kind { .. } | Difference::Rate { .. } => 10,
            Difference::Element(..) => 1,
        };
        why.push(told(difference));
    }
    for part in &comparison.parts {
        let only = match &part.equal {
            Equal::Where { conditions, .. } => {
                guards.extend(conditions.iter().cloned());
                continue;
            }
            Equal::At(Some(sizes)) => format!(", equal only where {sizes}"),
            Equal::At(None) => ", equal at some sizes only".to_owned(),
            Equal::Nowhere | Equal::Unknown => String::new(),
        };
        distance += 5;
        let Some((axis, first, second)) = part.pairs.first() else { continue };
        let at = part.different_at.iter().flatten().map(|(name, size)| format!("{name} = {size}"));
        let at: Vec<String> = at.collect();
        let at = if at.is_empty() { String::new() } else { format!(" (at {})", at.join(", ")) };
        why.push(format!("axis {axis} of what it gives is {first}, wanted is {second}{only}{at}"));
    }
    if !why.is_empty() {
        return Verdict::Refuted { why: why.join("; "), distance };
    }
    verdict(guards)
}

fn verdict(guards: Vec<String>) -> Verdict {
    if guards.is_empty() { Verdict::Equal } else { Verdict::Guarded(guards) }
}

/// What is given and what is wanted.
fn told(difference: &Difference) -> String {
    match difference {
        Difference::Form(found, wanted) => format!("it gives {found}, wanted is {wanted}"),
        Difference::Kind { axis, first, second } | Difference::Rate { axis, first, second } => {
            format!("axis {axis} of what it gives is {first}, wanted is {second}")
        }
        Difference::Element(found, wanted) => {
            format!("its elements are {found}, wanted is {wanted}: claim it with `as {wanted}`")
        }
    }
}

/// For each value of a formula, how many settings do not fit and how many do.
type Counts = BTreeMap<i64, [usize; 2]>;

/// Describes the settings that fit by the formula that a window's condition has.
fn families(
    layer: &Layer,
    conditions: &[Condition],
    open: &[(Name, Name, i64)],
    own: &[&Fitting],
    hole: &OpenHole,
) -> Vec<Family> {
    let mut inputs = BTreeSet::new();
    hole.inputs.iter().for_each(|it| super::map::vars_of(it, &mut inputs));
    // `H + 2*p >= d*(k - 1) + 1` has the formula `2*p - d*(k - 1) - 1`.
    let formula = conditions.iter().find_map(|condition| {
        let Condition::Compare(nnc_hir::CompareOp::Ge, left, right) = condition else {
            return None;
        };
        let difference = left - right;
        let var = difference.vars().into_iter().find(|it| inputs.contains(it))?;
        let (one, rest) = difference.affine_in(var)?;
        let own = rest.vars().iter().all(|it| open.iter().any(|(_, open, _)| open == it));
        (one.as_constant() == Some(1) && own && !rest.vars().is_empty()).then_some(rest)
    });
    let Some(formula) = formula else { return Vec::new() };
    let vars = formula.vars();
    let value = |fitting: &Fitting| {
        formula.eval(&|var| {
            let at = open.iter().position(|(_, it, _)| *it == var)?;
            fitting.settings.get(at).map(|it| it.1)
        })
    };
    let fixed = |fitting: &Fitting| -> Vec<(Name, i64)> {
        let settings = fitting.settings.iter().zip(open);
        settings.filter(|(_, it)| !vars.contains(&it.1)).map(|(it, _)| *it).collect()
    };
    let mut groups: BTreeMap<Vec<(Name, i64)>, Counts> = BTreeMap::new();
    for fitting in own {
        let Some(value) = value(fitting) else { continue };
        let counts = groups.entry(fixed(fitting)).or_default().entry(value).or_default();
        counts[usize::from(fitting.verdict == Verdict::Equal)] += 1;
    }
    let named = formula.substitute(&|var| {
        open.iter().find(|(_, it, _)| *it == var).map(|(name, ..)| Dim::var(*name))
    });
    (groups.into_iter())
        .filter_map(|(fixed, values)| {
            // Only what fits for each setting of the formula's value.
            let fits = values.iter().filter(|(_, [not, fits])| *not == 0 && *fits > 0);
            let fits: Vec<(i64, usize)> = fits.map(|(value, [_, fits])| (*value, *fits)).collect();
            let members = fits.iter().map(|it| it.1).sum();
            let values = fits.into_iter().map(|it| it.0).collect::<Vec<_>>();
            let family =
                Family { layer: layer.name, fixed, formula: named.clone(), values, members };
            (members > 1).then_some(family)
        })
        .collect()
}

/// The scope and what else is known where a hole of a space is.
pub(crate) fn space_surroundings(scope: Scope, owner: LayerId, input: &Type) -> Surroundings {
    let pack = matches!(input, Type::Tensor(it) if it.pack);
    Surroundings { scope, owner: Some(owner), float: false, pack }
}
