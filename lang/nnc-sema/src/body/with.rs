//! Replaced weights: a layer with another tensor in the place of one of its parameters.
//!
//! `with` behind a field's layer takes the parameter away for good: what stands there is
//! computed from the fields beside it. `(map with { weight = w })(x)` does so for one call,
//! from whatever is at hand.

use nnc_base::{Name, Span};
use nnc_hir::{
    Base, Block, Elem, Expr, ExprKind, FieldValue, FunctionId, LayerId, LayerUse, TensorType, Type,
};
use nnc_syntax::ast;

use super::call::{Given, path_text};
use super::place::{decided, field_in};
use super::unify::Meeting;
use super::{Body, Value};
use crate::cx::{Cx, Scope};
use crate::errors::weights as errors;

/// What stands in the place of a parameter, to be checked when all signatures are known.
pub(crate) struct Replacing<'a> {
    /// The layer whose field says so.
    pub(crate) owner: LayerId,
    pub(crate) scope: Scope,
    /// The field's layer with all of its parameters.
    pub(crate) used: LayerUse,
    pub(crate) written: &'a ast::Replacement,
    /// Those of the field together.
    pub(crate) all: &'a [ast::Replacement],
    /// Is given the value as its body.
    pub(crate) function: FunctionId,
}

/// A layer with its replacements, and the named function of it that is called.
pub(super) fn with_of(
    function: &ast::Expr,
) -> Option<(&ast::Expr, &[ast::Replacement], Option<&ast::Ident>)> {
    match &function.kind {
        ast::ExprKind::With { layer, replaced } => Some((&**layer, replaced.as_slice(), None)),
        ast::ExprKind::Field { base, name: Some(name) } => match &base.kind {
            ast::ExprKind::With { layer, replaced } => {
                Some((&**layer, replaced.as_slice(), Some(name)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The value has the parameter's type. Makes the function that computes it.
pub(crate) fn check_replacement(cx: &mut Cx<'_>, replacing: Replacing<'_>) {
    let Replacing { owner, scope, used, written, all, function } = replacing;
    let mut body = Body::new(cx, scope, Some(owner), false, false, nnc_base::Table::new());
    body.id = Some(function);
    let Some((_, value)) = body.replacement(&used, written, all) else { return };
    body.report_holes();
    let stmts = std::mem::take(&mut body.stmts);
    let (locals, index_vars) =
        (std::mem::take(&mut body.locals), std::mem::take(&mut body.index_vars));
    let function = &mut cx.program.functions[function];
    function.result = value.ty.clone();
    function.body = Block { stmts, value };
    function.locals = locals;
    function.index_vars = index_vars;
}

impl Body<'_, '_> {
    /// `(map with { weight = w })(x)`, or a named function of it.
    pub(super) fn call_with(
        &mut self,
        layer: &ast::Expr,
        replaced: &[ast::Replacement],
        method: Option<&ast::Ident>,
        given: Vec<(Option<ast::Ident>, Given<'_>)>,
        span: Span,
    ) -> Value {
        let place = match self.place(layer) {
            Some(Ok(place)) => place,
            Some(Err(())) => return Value::error(span),
            None => {
                self.report(errors::not_a_layer(layer.span));
                return Value::error(span);
            }
        };
        let FieldValue::Layer(used) = &place.value else {
            self.report(errors::not_a_layer(layer.span));
            return Value::error(span);
        };
        // What the field replaces may be replaced again for a call.
        let used = LayerUse { replaced: Vec::new(), ..used.clone() };
        let mut values = Vec::new();
        for written in replaced {
            values.push(self.replacement(&used, written, replaced));
        }
        let who = path_text(layer);
        let mut value = self.call_place(place, method, given, span, layer.span, &who);
        let Some(values) = values.into_iter().collect::<Option<Vec<_>>>() else {
            return Value::error(span);
        };
        if let ExprKind::Call(call) = &mut value.expr.kind {
            call.replaced = values;
        }
        value
    }

    /// A replaced parameter's fields and its value; `None` for a mistake.
    fn replacement(
        &mut self,
        used: &LayerUse,
        written: &ast::Replacement,
        all: &[ast::Replacement],
    ) -> Option<(Vec<Name>, Expr)> {
        let text = written.path.to_string();
        let first = all.iter().find(|it| it.path.to_string() == text)?;
        if first.span != written.span {
            self.report(errors::twice(written.path.span, &text, first.path.span));
            return None;
        }
        let (path, ty, declared) = self.replaced_param(used, &written.path)?;
        let value = self.expr(&written.value);
        if value.is_error() {
            return None;
        }
        if let Type::Tensor(found) = &value.expr.ty
            && (found.pack || found.axes.len() > ty.axes.len())
        {
            let (found, wanted) = (self.show(&value.expr.ty), self.show(&Type::Tensor(ty)));
            self.report(errors::batched(written.value.span, &text, &found, &wanted, declared));
            return None;
        }
        let who = format!("parameter `{text}`");
        let meeting = Meeting::new(value.expr.span, declared, &who);
        let value = self.fit(value, &Type::Tensor(ty), meeting);
        (!value.ty.is_error()).then_some((path, value))
    }

    /// The type of the parameter that a path leads to, and where it is declared.
    fn replaced_param(
        &mut self,
        used: &LayerUse,
        path: &ast::ParamPath,
    ) -> Option<(Vec<Name>, TensorType, Span)> {
        let mut value = FieldValue::Layer(used.clone());
        let mut declared = path.span;
        let mut names: Vec<Name> = Vec::new();
        // What the layers on the way do not have.
        let mut gone: Vec<Vec<Name>> = Vec::new();
        for step in &path.steps {
            let ast::PathStep::Field(name) = step else {
                self.report(errors::no_param(path.span, &path.to_string(), "an item of an array"));
                return None;
            };
            let FieldValue::Layer(inner) = &value else {
                self.report(errors::no_param(path.span, &path.to_string(), "not in a layer"));
                return None;
            };
            gone.extend(inner.replaced.iter().map(|it| [&names[..], &it.path].concat()));
            let layer = self.cx.layer(inner.layer);
            let Some(next) = field_in(layer, inner, name.name) else {
                let inner = inner.clone();
                self.unknown_field(&inner, name);
                return None;
            };
            let field = layer.fields.iter().find(|field| field.name == name.name);
            declared = field.map_or(declared, |field| field.span);
            names.push(name.name);
            value = decided(next, &self.scope);
        }
        let text = path.to_string();
        if gone.contains(&names) {
            self.report(errors::no_param(path.span, &text, "replaced already"));
            return None;
        }
        match value {
            FieldValue::Param { ty, .. } => {
                let mut ty = self.param_type(&ty, false);
                if ty.elem.base == Base::Float {
                    ty.elem = Elem { base: self.default_float(), ..ty.elem };
                }
                Some((names, ty, declared))
            }
            FieldValue::Error => None,
            FieldValue::If { condition, .. } => {
                self.report(crate::errors::layers::undecided_field(path.span, &condition));
                None
            }
            FieldValue::Absent => {
                self.report(crate::errors::layers::absent_field(path.span, None));
                None
            }
            FieldValue::Layer(inner) => {
                let layer = self.cx.layer(inner.layer);
                let below =
                    layer.fields.iter().find(|it| matches!(it.value, FieldValue::Param { .. }));
                let below = below.map(|field| format!("{text}.{}", field.name));
                self.report(errors::layer_replaced(path.span, &text, below.as_deref()));
                None
            }
            FieldValue::Array(..) | FieldValue::Hole(_) => {
                self.report(errors::no_param(path.span, &text, "not one tensor"));
                None
            }
        }
    }
}
