//! Arguments in each other's places, by their names.

use nnc_base::{Diagnostic, Name};
use nnc_hir::LayerId;
use nnc_syntax::ast::{Arg, Expr, ExprKind, LayerUse, Member, MemberKind};

use super::reading::layers_of;
use crate::cx::Cx;
use crate::errors::intent as errors;
use crate::scope::Symbol;

/// What the names in calls of a layer's functions stand for.
pub(super) struct Callees<'a> {
    module: usize,
    /// The layer's fields that are layers, alone or many.
    fields: Vec<(Name, &'a LayerUse)>,
    /// The parameters of functions that are given to `fold`, with the field that each runs over.
    items: Vec<(Name, Name)>,
}

impl<'a> Callees<'a> {
    pub(super) fn new(module: usize, members: &'a [Member], exprs: &[&Expr]) -> Callees<'a> {
        let fields = members.iter().filter_map(|it| match &it.kind {
            MemberKind::Field(field) => Some(field),
            _ => None,
        });
        let fields = fields
            .filter_map(|it| Some((it, *layers_of(&it.value).first()?)))
            .flat_map(|(field, layer)| field.names.iter().map(move |it| (it.name, layer)))
            .collect();
        let items = exprs.iter().flat_map(|it| items_of(it)).collect();
        Callees { module, fields, items }
    }

    fn field(&self, name: Name) -> Option<&'a LayerUse> {
        let item = self.items.iter().find(|it| it.0 == name);
        let field = item.map_or(name, |it| it.1);
        self.fields.iter().find(|it| it.0 == field).map(|it| it.1)
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
        exchanged(&self.params_of(callees, function)?, args)
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
                let used = callees.field(plain(base)?)?;
                let mut functions = self.layer(self.used(callees.module, used)?).functions.iter();
                *functions.find(|id| self.function(**id).name == Some(name.name))?
            }
            _ => return None,
        };
        Some(self.function_ast(id)?.params.iter().map(|it| it.name.name).collect())
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
        exchanged(&params, &used.configs)
    }
}

/// Each argument with the parameter that it is for.
fn matched<'a>(params: &[Name], args: &'a [Arg]) -> Vec<(Name, &'a Arg)> {
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
        given.extend(param.map(|it| (it, arg)));
    }
    given
}

fn exchanged(params: &[Name], args: &[Arg]) -> Option<Diagnostic> {
    let given: Vec<(Name, Name, &Arg)> = (matched(params, args).into_iter())
        .filter_map(|(param, arg)| Some((param, plain(&arg.value)?, arg)))
        .collect();
    for (at, (param, value, arg)) in given.iter().enumerate() {
        for (other_param, other_value, other) in &given[at + 1..] {
            let crossed = named_for(*value, *other_param) && named_for(*other_value, *param);
            // A value that its own parameter has, too, was given twice on purpose.
            let straight = given
                .iter()
                .any(|(param, it, _)| (it == value || it == other_value) && named_for(*it, *param));
            if crossed && !straight {
                let names = ((*param, *value), (*other_param, *other_value));
                return Some(errors::exchanged_arguments(arg.span, other.span, names));
            }
        }
    }
    misnamed(params, args)
}

/// `s=0, p=s`: a value has the name of another parameter, which gets something else.
fn misnamed(params: &[Name], args: &[Arg]) -> Option<Diagnostic> {
    let given = matched(params, args);
    for (param, arg) in &given {
        let Some(value) = plain(&arg.value).filter(|it| it != param) else { continue };
        let own = given.iter().find(|(it, _)| *it == value);
        let straight = given.iter().any(|(param, it)| {
            plain(&it.value).is_some_and(|it| it == value && named_for(it, *param))
        });
        if let Some((_, own)) = own.filter(|(_, it)| plain(&it.value).is_none() && !straight) {
            return Some(errors::misnamed_argument(arg.span, *param, value, own.span));
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
