//! Arguments in each other's places, by their names.

use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{LayerId, Type};
use nnc_syntax::ast::{
    self, Arg, Expr, ExprKind, LayerUse, Member, MemberKind, StaticValue, TypeKind,
};

use super::reading::layers_of;
use crate::cx::Cx;
use crate::errors::intent as errors;
use crate::scope::Symbol;
use crate::signature::mentions;

/// What the names in calls of a layer's functions stand for.
pub(super) struct Callees<'a> {
    module: usize,
    /// The layer's fields that are layers, alone or many.
    fields: Vec<(Name, &'a LayerUse)>,
    /// The parameters of functions that are given to `fold`, with what each runs over.
    items: Vec<(Name, Name)>,
    /// The function's parameters that are state or many of it, with the struct of each.
    states: Vec<(Name, Name)>,
}

impl<'a> Callees<'a> {
    /// What can be called in these expressions: of a function, or in the head of a layer.
    pub(super) fn new(
        module: usize,
        members: &'a [Member],
        function: Option<&ast::Fn>,
        exprs: &[&Expr],
    ) -> Callees<'a> {
        let fields = members.iter().filter_map(|it| match &it.kind {
            MemberKind::Field(field) => Some(field),
            _ => None,
        });
        let fields = fields
            .filter_map(|it| Some((it, *layers_of(&it.value).first()?)))
            .flat_map(|(field, layer)| field.names.iter().map(move |it| (it.name, layer)))
            .collect();
        let items = exprs.iter().flat_map(|it| items_of(it)).collect();
        let params = function.map_or(&[][..], |it| &it.params);
        let states = params.iter().filter_map(|it| {
            let ty = match &it.ty.kind {
                TypeKind::Array { element, .. } => &element.kind,
                ty => ty,
            };
            match ty {
                TypeKind::Named(ty) => Some((it.name.name, ty.name.name)),
                _ => None,
            }
        });
        Callees { module, fields, items, states: states.collect() }
    }

    /// What a name is an item of, or itself.
    fn whole(&self, name: Name) -> Name {
        self.items.iter().find(|it| it.0 == name).map_or(name, |it| it.1)
    }

    fn field(&self, name: Name) -> Option<&'a LayerUse> {
        let field = self.whole(name);
        self.fields.iter().find(|it| it.0 == field).map(|it| it.1)
    }

    fn state(&self, name: Name) -> Option<Name> {
        let state = self.whole(name);
        self.states.iter().find(|it| it.0 == state).map(|it| it.1)
    }

    /// What a value is called: its name, or that of the sub-layer that gives it.
    fn about(&self, value: &Expr) -> Option<Name> {
        let called = match &value.kind {
            ExprKind::Call { function, .. } | ExprKind::Pipe { function, .. } => plain(function),
            _ => return plain(value),
        };
        called.filter(|it| self.field(*it).is_some())
    }
}

/// In `fold((blocks, caches), x, |h, block, cache| …)` a block is of `blocks`.
fn items_of(expr: &Expr) -> Vec<(Name, Name)> {
    let ExprKind::Call { function, args } = &expr.kind else { return Vec::new() };
    let (Some("fold"), [over, _, with]) = (plain(function).map(|it| it.as_str()), args.as_slice())
    else {
        return Vec::new();
    };
    let ExprKind::Lambda { params, .. } = &with.value.kind else { return Vec::new() };
    let over: Vec<Option<Name>> = match &over.value.kind {
        ExprKind::Tuple(items) => items.iter().map(plain).collect(),
        _ => vec![plain(&over.value)],
    };
    let params = params.iter().skip(1).zip(over);
    params.filter_map(|(param, field)| Some((param.name.name, field?))).collect()
}

impl Cx<'_> {
    /// Warns of a call of a function with two arguments that are named for each other's
    /// parameters.
    pub(super) fn exchanged_arguments(
        &self,
        callees: &Callees<'_>,
        expr: &Expr,
    ) -> Option<Diagnostic> {
        let ExprKind::Call { function, args } = &expr.kind else { return None };
        let given = matched(&self.params_of(callees, function)?, args, |it| callees.about(it));
        exchanged(&given, named_for).or_else(|| misnamed(&given))
    }

    /// The parameters of what is called.
    fn params_of(&self, callees: &Callees<'_>, function: &Expr) -> Option<Vec<Name>> {
        let id = match &function.kind {
            ExprKind::Name(name) => match callees.field(name.name) {
                Some(used) => self.layer(self.used(callees.module, used)?).main?,
                None => match self.symbol(callees.module, name.name)? {
                    Symbol::Function(id) => id,
                    _ => return None,
                },
            },
            ExprKind::Field { base, name: Some(name) } => {
                if let Some(state) = plain(base).and_then(|it| callees.state(it)) {
                    return self.fields_of(callees.module, state, name.name);
                }
                let used = callees.field(plain(base)?)?;
                let mut functions = self.layer(self.used(callees.module, used)?).functions.iter();
                *functions.find(|id| self.function(**id).name == Some(name.name))?
            }
            _ => return None,
        };
        Some(self.function_ast(id)?.params.iter().map(|it| it.name.name).collect())
    }

    /// `cache.append(k, v)` takes values for the tensors of the struct, in order.
    fn fields_of(&self, module: usize, state: Name, called: Name) -> Option<Vec<Name>> {
        let Symbol::Struct(id) = self.symbol(module, state)? else { return None };
        let fields = self.program.structs[id].fields.iter();
        let tensors = fields.filter(|it| matches!(it.ty, Type::Tensor(_)));
        (called.as_str() == "append").then(|| tensors.map(|it| it.name).collect())
    }

    fn used(&self, module: usize, used: &LayerUse) -> Option<LayerId> {
        match self.symbol(module, used.name.name)? {
            Symbol::Layer(id) => Some(id),
            _ => None,
        }
    }

    /// Warns of a layer's settings that are named for each other.
    pub(super) fn exchanged_configs(&self, module: usize, used: &LayerUse) -> Option<Diagnostic> {
        let layer = self.layer(self.used(module, used)?);
        let params: Vec<Name> = layer.configs.iter().map(|it| it.name).collect();
        let given = matched(&params, &used.configs, plain);
        exchanged(&given, named_for).or_else(|| misnamed(&given))
    }

    /// Warns of sizes inside a layer that are named for each other. Sizes of what it takes and
    /// gives are held against the values by their types, so that `Linear<O, I>` may be meant in
    /// a layer from `I` to `O`; and what a layer passes to itself is for the next one.
    pub(super) fn exchanged_sizes(
        &self,
        module: usize,
        owner: Name,
        used: &LayerUse,
    ) -> Option<Diagnostic> {
        if owner == used.name.name {
            return None;
        }
        let layer = self.layer(self.used(module, used)?);
        let main = self.function(layer.main?);
        let outside = |name: Name| {
            let types = main.params.iter().map(|it| &it.ty).chain([&main.result]);
            types.into_iter().any(|it| mentions(it, name))
        };
        let mut params = layer.params.iter().map(|it| it.name);
        let mut given = Vec::new();
        for arg in &used.args {
            let param = match arg.name {
                Some(name) => name.name,
                None => params.next()?,
            };
            let StaticValue::Expr(value) = &arg.value else { continue };
            if !outside(param) {
                given.push(Given { param, value: plain(value), about: plain(value), at: arg.span });
            }
        }
        let same = |value: Name, param: Name| value == param;
        exchanged(&given, same).or_else(|| misnamed(&given))
    }
}

/// What is given for a parameter.
struct Given {
    param: Name,
    /// Its name, if it is one.
    value: Option<Name>,
    /// What it is called otherwise, too.
    about: Option<Name>,
    at: Span,
}

/// Each argument with the parameter that it is for, and what it is called.
fn matched(params: &[Name], args: &[Arg], about: impl Fn(&Expr) -> Option<Name>) -> Vec<Given> {
    let mut place = 0;
    let mut given = Vec::new();
    for arg in args {
        let param = match arg.name {
            Some(name) => Some(name.name),
            None => {
                place += 1;
                params.get(place - 1).copied()
            }
        };
        let (value, about) = (plain(&arg.value), about(&arg.value));
        given.extend(param.map(|param| Given { param, value, about, at: arg.span }));
    }
    given
}

/// Two values that are named for each other's parameters.
fn exchanged(given: &[Given], named_for: impl Fn(Name, Name) -> bool) -> Option<Diagnostic> {
    for (at, one) in given.iter().enumerate() {
        for other in &given[at + 1..] {
            let (Some(value), Some(other_value)) = (one.about, other.about) else { continue };
            let crossed = named_for(value, other.param) && named_for(other_value, one.param);
            // A value that its own parameter has, too, was given twice on purpose.
            let straight = given.iter().any(|it| {
                let own = it.about.filter(|own| *own == value || *own == other_value);
                own.is_some_and(|own| named_for(own, it.param))
            });
            if crossed && !straight {
                let names = ((one.param, value), (other.param, other_value));
                return Some(errors::exchanged_arguments(one.at, other.at, names));
            }
        }
    }
    None
}

/// `s=0, p=s`: a value has the name of another parameter, which gets something else.
fn misnamed(given: &[Given]) -> Option<Diagnostic> {
    for one in given {
        let Some(value) = one.value.filter(|it| *it != one.param) else { continue };
        let own = given.iter().find(|it| it.param == value);
        let straight = given.iter().any(|it| it.value == Some(value) && named_for(value, it.param));
        // A letter is any value's name, as in a call `f(y, z)` of a function of `x` and `y`.
        let said = |own: &&Given| own.value.is_none() || value.as_str().len() > 2;
        if let Some(own) = own.filter(|it| said(it) && !straight) {
            return Some(errors::misnamed_argument(one.at, one.param, value, own.at));
        }
    }
    None
}

fn plain(expr: &Expr) -> Option<Name> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.name),
        _ => None,
    }
}

/// Whether one of the names begins with the other, as `kw` and `cosines` do with `k` and `c`.
fn named_for(value: Name, param: Name) -> bool {
    let (value, param) = (value.as_str(), param.as_str());
    value.starts_with(param) || param.starts_with(value)
}
