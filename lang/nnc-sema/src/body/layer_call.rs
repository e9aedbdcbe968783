//! Calls of layers by their fields: the function without a name or a named one, either
//! branch of an `if` field, and holes of spaces.

use nnc_base::{Name, Span};
use nnc_hir::{ExprKind, FieldValue, Path, Type};
use nnc_syntax::ast;

use super::bind::Binding;
use super::call::Given;
use super::holes::arrow_dims;
use super::place::Place;
use super::unify::Meeting;
use super::{Body, Value};
use crate::errors::{layers as layer_errors, names as name_errors};

impl Body<'_, '_> {
    /// Calls the layer at a place, or a function of it.
    pub(super) fn call_place(
        &mut self,
        place: Place,
        function: Option<&ast::Ident>,
        given: Vec<(Option<ast::Ident>, Given<'_>)>,
        span: Span,
        at: Span,
        who: &str,
    ) -> Value {
        match place.value {
            FieldValue::Layer(used) => {
                let layer = self.cx.layer(used.layer);
                let id = match function {
                    None => layer.main,
                    Some(name) => layer
                        .functions
                        .iter()
                        .copied()
                        .find(|id| self.cx.function(*id).name == Some(name.name)),
                };
                match (id, function) {
                    (Some(id), _) => {
                        let receiver = Some((place.path, Some(used)));
                        self.call_function(id, receiver, given, span, at, who)
                    }
                    (None, Some(name)) => {
                        self.unknown_field(&used, name);
                        Value::error(span)
                    }
                    (None, None) => {
                        let name = layer.name;
                        let functions = layer.functions.iter();
                        let functions: Vec<Name> =
                            functions.filter_map(|id| self.cx.function(*id).name).collect();
                        self.report(layer_errors::no_main(at, name, &functions));
                        Value::error(span)
                    }
                }
            }
            FieldValue::If { condition, then, otherwise } => {
                // Arguments are checked once and used in either branch.
                let values: Vec<(Option<ast::Ident>, Value)> =
                    given.into_iter().map(|(name, it)| (name, self.given_value(it))).collect();
                let path = place.path;
                let copy = |values: &[(Option<ast::Ident>, Value)]| {
                    values
                        .iter()
                        .map(|(name, value)| {
                            let value = Value { expr: value.expr.clone(), flex: value.flex };
                            (*name, Given::Value(value))
                        })
                        .collect::<Vec<_>>()
                };
                let (for_then, for_otherwise) = (copy(&values), copy(&values));
                let then_place = Place { path: path.clone(), value: *then };
                let otherwise_place = Place { path, value: *otherwise };
                self.if_sizes(
                    condition,
                    span,
                    |body| body.call_place(then_place, function, for_then, span, at, who),
                    |body| body.call_place(otherwise_place, function, for_otherwise, span, at, who),
                )
            }
            FieldValue::Hole(hole) => {
                let mut given = given;
                if given.len() != 1 {
                    self.report(name_errors::argument_count(span, Name::new(who), 1, given.len()));
                    return Value::error(span);
                }
                let Some((_, value)) = given.pop() else { return Value::error(span) };
                let value = self.given_value(value);
                let value = Value { expr: self.as_tensor(value), flex: false };
                self.call_hole(place.path, hole, value, span, at, who)
            }
            FieldValue::Error => {
                for (_, it) in given {
                    self.given_value(it);
                }
                Value::error(span)
            }
            FieldValue::Absent => {
                let declared = self.conditional_field(&place.path);
                self.report(layer_errors::absent_field(at, declared));
                Value::error(span)
            }
            FieldValue::Param { ty, .. } => {
                let found = self.show(&Type::Tensor(ty));
                self.report(name_errors::not_callable(at, &found));
                Value::error(span)
            }
            FieldValue::Array(..) => {
                self.report(layer_errors::array_called(at, who));
                Value::error(span)
            }
        }
    }

    /// A space's hole applied to a value: its arrow is its type, for all sizes in it.
    fn call_hole(
        &mut self,
        path: Path,
        hole: nnc_hir::SpaceHole,
        value: Value,
        span: Span,
        at: Span,
        who: &str,
    ) -> Value {
        if value.is_error() || hole.input.is_error() || hole.output.is_error() {
            return Value::error(span);
        }
        let dims = arrow_dims(self.cx, self.owner, self.scope.module, &hole.input, at);
        let mut binding = Binding::default();
        let meeting = Meeting::new(value.expr.span, at, who);
        if !self.bind_type(&hole.input, &value.expr.ty, &dims, &mut binding, meeting) {
            return Value::error(span);
        }
        let expected = self.instantiate(&hole.input, &binding, None, &dims);
        let value = self.fit(value, &expected, meeting);
        if value.ty.is_error() {
            return Value::error(span);
        }
        let ty = self.instantiate(&hole.output, &binding, None, &dims);
        let sizes = dims.iter().filter_map(|it| Some((it.name, binding.sizes.get(&it.name)?)));
        let dims = sizes.map(|(name, size)| (name, size.dim.clone())).collect();
        let pack = binding.pack.unwrap_or_default();
        Value::new(ExprKind::SpaceHole { path, value: Box::new(value), dims, pack }, ty, span)
    }
}
