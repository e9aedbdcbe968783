//! Holes: `?` in an expression, and the candidates of a space's holes.

use nnc_base::{Name, Span};
use nnc_hir::{Base, Expr, ExprKind, LayerId, LayerUse, Path, PathRoot, Type};
use nnc_syntax::ast;

use super::call::Given;
use super::unify::Meeting;
use super::{Body, Value};
use crate::cx::{Cx, Scope};
use crate::errors::layers as layer_errors;
use crate::scope::Symbol;

/// A `?` that stands for a value.
pub(super) struct OpenValue {
    at: Span,
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
    /// With the sizes that the hole's arrow quantifies over.
    pub(crate) scope: Scope,
    pub(crate) input: Type,
    pub(crate) output: Type,
    pub(crate) chain: Vec<LayerUse>,
    /// As it was written, with its choice.
    pub(crate) text: String,
    pub(crate) at: Span,
}

/// A candidate takes what the hole takes and gives what it gives, for all its sizes.
pub(crate) fn check_candidate(cx: &mut Cx<'_>, candidate: Candidate) {
    let Candidate { owner, hole, hole_at, scope, input, output, chain, text, at } = candidate;
    if input.is_error() || output.is_error() {
        return;
    }
    let mut body = Body::new(cx, scope, Some(owner), false, false, nnc_base::Table::new());
    let before = body.cx.diagnostics.len();
    // Only its type is looked at.
    let mut value = Value::new(ExprKind::Tuple(Vec::new()), input, at);
    for used in chain {
        let layer = body.cx.layer(used.layer);
        let (name, functions) = (layer.name, layer.functions.clone());
        let Some(main) = layer.main else {
            let functions: Vec<Name> =
                functions.iter().filter_map(|id| body.cx.function(*id).name).collect();
            body.report(layer_errors::no_main(at, name, &functions));
            return;
        };
        let path = Path { root: PathRoot::Owner, steps: Vec::new() };
        let who = format!("candidate `{text}`");
        let given = vec![(None, Given::Value(value))];
        value = body.call_function(main, Some((path, Some(used))), given, at, at, &who);
    }
    if !value.is_error() {
        let who = format!("hole `{hole}`");
        let found = body.show(&value.expr.ty);
        let types = (value.expr.ty, output);
        if !body.fits(&types.0, &types.1, Meeting::new(at, hole_at, &who)) {
            let note = format!("candidate `{text}` gives {found}");
            for diagnostic in &mut body.cx.diagnostics[before..] {
                *diagnostic = diagnostic.clone().note(note.clone());
            }
        }
    }
}

impl Body<'_, '_> {
    /// `?` as a value: what it has to be shows where it is used.
    pub(super) fn open_value(&mut self, at: Span) -> Value {
        let locals = self.names.iter().map(|(name, local)| (*name, self.locals[*local].ty.clone()));
        let mut locals: Vec<(Name, Type)> = locals.collect();
        locals.sort_by_key(|(name, _)| *name);
        self.holes.push(OpenValue { at, expected: None, locals });
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

    pub(super) fn report_holes(&mut self) {
        for hole in std::mem::take(&mut self.holes) {
            let expected = hole.expected.filter(|ty| !ty.is_error());
            let fitting: Vec<String> = match &expected {
                Some(wanted) => {
                    let fits = hole.locals.iter().filter(|(_, ty)| ty == wanted);
                    fits.map(|(name, _)| format!("`{name}`")).collect()
                }
                None => Vec::new(),
            };
            let expected = expected.map(|ty| self.show(&ty));
            self.report(layer_errors::open_value(hole.at, expected.as_deref(), &fitting));
        }
    }

    pub(super) fn hole_call(
        &mut self,
        args: &[ast::Arg],
        first: Option<Value>,
        span: Span,
    ) -> Value {
        let values = self.positional(first, args);
        if values.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let types: Vec<Type> = values.iter().map(|value| value.expr.ty.clone()).collect();
        let shown: Vec<String> = types.iter().map(|ty| self.show(ty)).collect();
        let fitting = self.fitting_layers(&types);
        self.report(layer_errors::hole(span, &format!("({})", shown.join(", ")), &fitting));
        Value::error(span)
    }

    /// Functions in scope that take values of these types, for a hole's answer.
    fn fitting_layers(&self, types: &[Type]) -> Vec<String> {
        let mut names = Vec::new();
        let symbols = &self.cx.modules[self.scope.module].symbols;
        let mut sorted: Vec<_> = symbols.iter().map(|(name, (symbol, _))| (name, symbol)).collect();
        sorted.sort_by_key(|(name, _)| **name);
        for (name, symbol) in sorted {
            let id = match symbol {
                Symbol::Function(id) => *id,
                Symbol::Layer(id) => match self.cx.layer(*id).main {
                    Some(main) => main,
                    None => continue,
                },
                _ => continue,
            };
            let params = &self.cx.function(id).params;
            let fits = params.len() == types.len()
                && params.iter().zip(types).all(|(param, ty)| match (&param.ty, ty) {
                    (Type::Tensor(formal), Type::Tensor(actual)) => {
                        let rank = if formal.pack {
                            actual.axes.len() >= formal.axes.len()
                        } else {
                            actual.axes.len() == formal.axes.len()
                        };
                        let base = formal.elem.base == actual.elem.base
                            || (formal.elem.base == Base::Float && actual.elem.base.is_float());
                        rank && base && formal.elem.meaning.is_none()
                    }
                    _ => false,
                });
            if fits {
                names.push(name.to_string());
            }
        }
        names
    }
}
