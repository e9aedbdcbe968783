//! What is handed to a layer that takes layers: it takes and gives what the config's type
//! says, for all sizes that this leaves open.

use nnc_base::{Name, Span};
use nnc_hir::{
    Block, Config, ConfigValue, DimParam, ExprKind, FieldValue, FunctionId, LayerId, LayerUse,
    LocalId, Param, Path, PathRoot, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::bind::Binding;
use super::call::{Given as Argument, path_text};
use super::place::Place;
use super::unify::{Meeting, sizes_equal};
use super::{Body, Value};
use crate::cx::{Cx, Scope};
use crate::errors::handed as errors;
use crate::handed::{declare_size, sizes_in};

/// What a use gives for a config.
#[derive(Clone)]
pub(crate) enum Given {
    /// A layer, or an array of layers, with parameters of its own.
    Made(FieldValue),
    /// What is there already.
    There(ast::Expr),
}

/// What a use hands in, to be checked when all signatures are known.
pub(crate) struct Handed {
    /// The layer whose field says so; `None` for a model.
    pub(crate) owner: Option<LayerId>,
    pub(crate) scope: Scope,
    /// The layer that takes it, with its sizes.
    pub(crate) used: LayerUse,
    pub(crate) config: Config,
    pub(crate) given: Given,
    pub(crate) at: Span,
    /// Is given the call as its body.
    pub(crate) function: FunctionId,
}

/// Checks what is handed in against the config's type, and makes the function that calls it.
pub(crate) fn check_handed(cx: &mut Cx<'_>, handed: Handed) {
    let Handed { owner, mut scope, used, config, given, at, function } = handed;
    let taker = cx.layer(used.layer);
    let Some(field) = taker.fields.iter().find(|it| it.name == config.name) else { return };
    let sizes = sizes_in(taker, &used);
    let size = |name: Name| sizes.iter().find(|(it, _)| *it == name).map(|(_, dim)| dim.clone());
    let (taken, count) = match &field.value {
        FieldValue::Layer(taken) => (taken, None),
        FieldValue::Array(item, places) => match &**item {
            FieldValue::Layer(taken) => (taken, Some(places.count.substitute(&size))),
            _ => return,
        },
        _ => return,
    };
    let taken = taken.substitute(&size);
    let Some(main) = cx.layer(taken.layer).main else { return };
    let declared = cx.function(main).clone();
    if declared.params.is_empty() {
        // Its type was not understood.
        return;
    }
    let given = match (given, &count) {
        (Given::Made(FieldValue::Array(item, places)), Some(count)) => {
            if !sizes_equal(&scope, count, &places.count) {
                let shown = (scope.show(count), scope.show(&places.count));
                cx.report(errors::wrong_count(at, &config, &shown.0, &shown.1));
                return;
            }
            scope.facts.assume_at_least(&places.count, &Dim::constant(1));
            if let Some(name) = places.name {
                crate::layers::declare_place(&mut scope, name, at, &places.count);
            }
            Given::Made(*item)
        }
        (Given::Made(FieldValue::Array(..)), None) => {
            cx.report(errors::array_or_not(at, &config, false));
            return;
        }
        (Given::Made(_), Some(_)) => {
            cx.report(errors::array_or_not(at, &config, true));
            return;
        }
        (Given::There(_), Some(_)) => {
            cx.report(errors::array_there(at, &config));
            return;
        }
        (given, None) => given,
    };
    // The sizes that the type leaves open have names that nothing here has.
    let mut binding = Binding::default();
    let mut dims: Vec<DimParam> = Vec::new();
    for dim in &declared.dims {
        let dim = DimParam { name: free_name(&scope, dim.name), ..dim.clone() };
        declare_size(&mut scope, &dim);
        dims.push(dim);
    }
    for (name, dim) in &sizes {
        binding.sizes.insert(*name, scope.size(dim.clone()));
    }
    for (dim, here) in declared.dims.iter().zip(&dims) {
        binding.sizes.insert(dim.name, scope.size(Dim::var(here.name)));
    }
    let before = cx.diagnostics.len();
    let table = nnc_base::Table::new();
    let mut body = Body::new(cx, scope, owner, declared.float, declared.pack, table);
    body.id = Some(function);
    let layer = match &given {
        Given::Made(FieldValue::Layer(used)) => {
            Some(body.new_local(config.name, Type::Layer(used.clone()), at))
        }
        _ => None,
    };
    let mut params = Vec::new();
    for (place, param) in declared.params.iter().enumerate() {
        // Names that nothing else can have.
        let name = Name::new(&format!("#{place}"));
        let ty = body.instantiate(&param.ty, &binding, None, &declared.dims);
        let local = body.new_local(Name::new("x"), ty.clone(), at);
        body.bind(name, local);
        params.push(Param { name, span: param.span, ty, local, inout: None, optional: false });
    }
    let result = body.instantiate(&declared.result, &binding, None, &declared.dims);
    let (value, who) = match (&given, layer) {
        (Given::Made(value), Some(layer)) => body.made(value, layer, &params, at),
        (Given::There(written), _) => {
            let who = match &written.kind {
                ast::ExprKind::Lambda { .. } => format!("`{}`", config.name),
                _ => path_text(written),
            };
            (body.there(written, &params, &config), who)
        }
        (Given::Made(_), None) => return,
    };
    let gave = body.show(&value.expr.ty);
    let failed = value.is_error();
    let value = body.fit(value, &result, Meeting::new(at, config.span, &who));
    body.report_holes();
    if value.ty.is_error() {
        let inputs = params.iter().map(|param| param.ty.clone()).collect();
        let arrow = Type::Function(Box::new(nnc_hir::Arrow { inputs, output: result }));
        let label = format!("`{}` is declared here", config.name);
        body.add_labels(before, vec![(config.span, label), (at, "handed in here".to_owned())]);
        let taken = format!("`{}` is taken as {}", config.name, body.show(&arrow));
        let note = match failed {
            true => taken,
            false => format!("{taken}; what is handed in gives {gave}"),
        };
        for diagnostic in &mut body.cx.diagnostics[before..] {
            *diagnostic = diagnostic.clone().note(note.clone());
        }
        return;
    }
    let block = Block { stmts: std::mem::take(&mut body.stmts), value };
    let (locals, index_vars) =
        (std::mem::take(&mut body.locals), std::mem::take(&mut body.index_vars));
    let it = &mut cx.program.functions[function];
    it.dims = dims;
    it.pack = declared.pack;
    it.float = declared.float;
    it.params = params;
    it.result = result;
    it.locals = locals;
    it.index_vars = index_vars;
    it.body = block;
}

/// A name like this one that no size in a scope has.
fn free_name(scope: &Scope, name: Name) -> Name {
    let mut free = name;
    while scope.vars.contains_key(&free) {
        free = Name::new(&format!("{free}'"));
    }
    free
}

impl Body<'_, '_> {
    /// A layer that is made here, called with the parameters.
    fn made(
        &mut self,
        value: &FieldValue,
        layer: LocalId,
        params: &[Param],
        at: Span,
    ) -> (Value, String) {
        let who = match value {
            FieldValue::Layer(used) => format!("layer `{}`", self.cx.layer(used.layer).name),
            _ => "what is handed in".to_owned(),
        };
        let path = Path { root: PathRoot::Local(layer), steps: Vec::new() };
        let place = Place { path, value: value.clone() };
        let given = params.iter().map(|param| {
            let value = Value::new(ExprKind::Local(param.local), param.ty.clone(), at);
            (None, Argument::Value(value))
        });
        let value = self.call_place(place, None, given.collect(), at, at, &who);
        (value, who)
    }

    /// A field, a function or `|x| …`, called with the parameters.
    fn there(&mut self, written: &ast::Expr, params: &[Param], config: &Config) -> Value {
        if let ast::ExprKind::Lambda { params: names, body } = &written.kind {
            if params.len() != names.len() {
                let counts = (params.len(), names.len());
                self.report(errors::lambda_params(written.span, config, counts));
                return Value::error(written.span);
            }
            for (name, param) in names.iter().zip(params) {
                self.bind(name.name.name, param.local);
            }
            return self.expr(body);
        }
        let args: Vec<ast::Arg> = (params.iter())
            .map(|param| {
                let name = ast::Ident { name: param.name, span: written.span };
                let value = ast::Expr { kind: ast::ExprKind::Name(name), span: name.span };
                ast::Arg { name: None, value, span: name.span }
            })
            .collect();
        self.call(written, &args, None, written.span)
    }
}

/// The functions that a use of a layer may call: what it hands in.
pub(super) fn handed_functions(used: &LayerUse) -> Vec<FunctionId> {
    let args = used.configs.iter().filter_map(|value| match value {
        ConfigValue::Layer(arg) => Some(arg.function),
        ConfigValue::Dim(_)
        | ConfigValue::Float(_)
        | ConfigValue::Bool(_)
        | ConfigValue::Config(_) => None,
    });
    args.collect()
}
