//! Holes: `?` in an expression, and the candidates of a space's holes.

use nnc_base::{Name, Span};
use nnc_hir::{
    Block, DimOrigin, DimParam, Expr, ExprKind, FieldValue, LayerId, LayerUse, Param, Path,
    PathRoot, PathStep, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::apply::{Link, Surroundings};
use super::unify::Meeting;
use super::{Body, Value};
use crate::cx::{Cx, Scope};
use crate::errors::layers as layer_errors;
use crate::questions::fill::OpenHole;

/// A `?` that stands for a value, or for what is applied to some.
pub(super) struct OpenValue {
    at: Span,
    /// The `?` alone, where it is applied, and what it is applied to.
    applied: Option<(Span, Vec<Type>)>,
    scope: Scope,
    /// What it has to be, where that is known.
    expected: Option<Type>,
    /// The values that have a name where it stands.
    locals: Vec<(Name, Type)>,
}

/// A candidate of a space's hole, to be checked when all signatures are known.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) owner: LayerId,
    pub(crate) hole: Name,
    pub(crate) hole_at: Span,
    /// Its place among those of the hole.
    pub(crate) place: usize,
    /// With the sizes that the hole's arrow quantifies over.
    pub(crate) scope: Scope,
    pub(crate) input: Type,
    pub(crate) output: Type,
    pub(crate) chain: Vec<LayerUse>,
    /// As one would write it, with its choices.
    pub(crate) text: String,
    pub(crate) at: Span,
}

/// A candidate takes what the hole takes and gives what it gives, for all its sizes. Makes
/// the function that calls its chain.
pub(crate) fn check_candidate(cx: &mut Cx<'_>, candidate: Candidate) {
    let Candidate { owner, hole, hole_at, place, scope, .. } = candidate;
    let Candidate { input, output, chain, text, at, .. } = candidate;
    if input.is_error() || output.is_error() {
        return;
    }
    let pack = matches!(&input, Type::Tensor(it) if it.pack);
    let mut body = Body::new(cx, scope, Some(owner), false, pack, nnc_base::Table::new());
    let before = body.cx.diagnostics.len();
    let argument = body.new_local(hole, input.clone(), at);
    let value = Value::new(ExprKind::Local(argument), input.clone(), at);
    let who = format!("candidate `{text}`");
    let links: Vec<Link> = chain.into_iter().map(Link::Layer).collect();
    let path = |link: usize| {
        let steps = vec![PathStep::Field(hole), PathStep::Index(Dim::constant(link as i64))];
        Path { root: PathRoot::Owner, steps }
    };
    let value = body.apply(&links, vec![value], at, &who, &path);
    if value.is_error() {
        return;
    }
    let who = format!("hole `{hole}`");
    let found = body.show(&value.expr.ty);
    let value = body.fit(value, &output, Meeting::new(at, hole_at, &who));
    if value.ty.is_error() {
        let note = format!("candidate `{text}` gives {found}");
        for diagnostic in &mut body.cx.diagnostics[before..] {
            *diagnostic = diagnostic.clone().note(note.clone());
        }
        return;
    }
    let block = Block { stmts: std::mem::take(&mut body.stmts), value };
    let (locals, index_vars) =
        (std::mem::take(&mut body.locals), std::mem::take(&mut body.index_vars));
    let declared = cx.layer_places[owner.index()];
    let dims = arrow_dims(cx, Some(owner), declared.module, &input, at);
    let id = cx.declare_function(declared, None, at, String::new(), Some(owner));
    let function = &mut cx.program.functions[id];
    function.dims = dims;
    function.pack = pack;
    function.params = vec![Param {
        name: hole,
        span: at,
        ty: input,
        local: argument,
        inout: None,
        optional: false,
    }];
    function.result = output;
    function.locals = locals;
    function.index_vars = index_vars;
    function.body = block;
    let mut fields = cx.program.layers[owner].fields.iter_mut();
    if let Some(FieldValue::Hole(it)) =
        fields.find(|field| field.name == hole).map(|field| &mut field.value)
        && let Some(it) = it.candidates.get_mut(place)
    {
        it.function = Some(id);
    }
}

/// The sizes that a hole's arrow is open in: a call of the hole binds them.
pub(super) fn arrow_dims(
    cx: &Cx<'_>,
    owner: Option<LayerId>,
    module: usize,
    input: &Type,
    at: Span,
) -> Vec<DimParam> {
    let mut names = Vec::new();
    crate::signature::plain_names(input, &mut names);
    let fixed = |name: &Name| {
        owner.is_some_and(|owner| cx.layer(owner).params.iter().any(|param| param.name == *name))
    };
    names.retain(|name| !fixed(name));
    names
        .into_iter()
        .map(|name| DimParam {
            name,
            kind: cx.modules[module].dims.get(&name).and_then(|it| it.kind),
            rate: None,
            min: 1,
            origin: DimOrigin::Axis,
            span: at,
        })
        .collect()
}

impl Body<'_, '_> {
    /// `?` as a value: what it has to be shows where it is used.
    pub(super) fn open_value(&mut self, at: Span) -> Value {
        let locals = self.names.iter().map(|(name, local)| (*name, self.locals[*local].ty.clone()));
        let mut locals: Vec<(Name, Type)> = locals.collect();
        locals.sort_by_key(|(name, _)| *name);
        self.open(at, None, locals)
    }

    fn open(
        &mut self,
        at: Span,
        applied: Option<(Span, Vec<Type>)>,
        locals: Vec<(Name, Type)>,
    ) -> Value {
        let scope = self.scope.clone();
        self.holes.push(OpenValue { at, applied, scope, expected: None, locals });
        let open = nnc_hir::Hole { args: Vec::new(), candidates: Vec::new() };
        let expr = Expr { kind: ExprKind::Hole(open), ty: Type::Error, span: at };
        Value { expr, flex: false }
    }

    /// Notes what a hole has to be.
    pub(super) fn fill(&mut self, hole: &Expr, expected: &Type) {
        for it in self.holes.iter_mut().filter(|it| it.at == hole.span) {
            it.expected.get_or_insert_with(|| expected.clone());
        }
    }

    /// Notes the body's holes, which are answered when all of the program is known.
    pub(super) fn report_holes(&mut self) {
        for hole in std::mem::take(&mut self.holes) {
            let expected = hole.expected.filter(|ty| !ty.is_error());
            if hole.applied.is_none() {
                let fitting: Vec<String> = match &expected {
                    Some(wanted) => {
                        let fits = hole.locals.iter().filter(|(_, ty)| ty == wanted);
                        fits.map(|(name, _)| format!("`{name}`")).collect()
                    }
                    None => Vec::new(),
                };
                let shown = expected.as_ref().map(|ty| self.show(ty));
                self.report(layer_errors::open_value(hole.at, shown.as_deref(), &fitting));
            }
            let (at, inputs) = hole.applied.clone().unwrap_or((hole.at, Vec::new()));
            let surroundings = Surroundings {
                scope: hole.scope,
                owner: self.owner,
                float: self.float,
                pack: self.pack,
            };
            self.cx.open_holes.push(OpenHole {
                name: Name::new("?"),
                at,
                owner: self.owner,
                function: self.id,
                surroundings,
                inputs,
                locals: if hole.applied.is_none() { hole.locals } else { Vec::new() },
                output: expected,
            });
        }
    }

    /// A `?` that is applied: what it gives shows where that is used.
    pub(super) fn hole_call(
        &mut self,
        hole: Span,
        args: &[ast::Arg],
        first: Option<Value>,
        span: Span,
    ) -> Value {
        let values = self.positional(first, args);
        let types: Vec<Type> = values.iter().map(|value| value.expr.ty.clone()).collect();
        self.open(span, Some((hole, types)), Vec::new())
    }
}
