//! Layers and functions applied one after the other to values of which only the types are
//! known: candidates of holes, and questions about layers.

use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{
    CompareOp, Condition, ExprKind, FunctionId, LayerId, LayerUse, Path, PathRoot, Type,
};
use nnc_shape::Dim;

use super::call::Given;
use super::{Body, Value};
use crate::cx::{Cx, Scope};
use crate::dims::{know, refuted};
use crate::errors::layers as layer_errors;

/// What is applied.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Link {
    /// By its function without a name.
    Layer(LayerUse),
    Function(FunctionId),
}

/// What became of values to which something was applied.
pub(crate) struct Applied {
    /// [`Type::Error`] if it cannot be applied, for the reasons in `diagnostics`.
    pub(crate) output: Type,
    /// What had to be taken as given of the sizes.
    pub(crate) assumed: Vec<Condition>,
    /// With what was taken as given.
    pub(crate) scope: Scope,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Where values are that something is applied to.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) scope: Scope,
    pub(crate) owner: Option<LayerId>,
    /// Whether `float` and `..` stand for something there.
    pub(crate) float: bool,
    pub(crate) pack: bool,
}

/// Applies `links` to values of the types `inputs`, and takes as given what that asks of
/// sizes and what is not known. Nothing is reported.
pub(crate) fn apply(
    cx: &mut Cx<'_>,
    at: &Surroundings,
    links: &[Link],
    inputs: Vec<Type>,
    span: Span,
    who: &str,
) -> Applied {
    let before = cx.diagnostics.len();
    let outer = cx.assumed.replace(Vec::new());
    let table = nnc_base::Table::new();
    let mut body = Body::new(cx, at.scope.clone(), at.owner, at.float, at.pack, table);
    let unit = |ty: Type| Value::new(ExprKind::Tuple(Vec::new()), ty, span);
    let values = inputs.into_iter().map(unit).collect();
    // The layers are nobody's fields.
    let path = |_| Path { root: PathRoot::Owner, steps: Vec::new() };
    let output = body.apply(links, values, span, who, &path).expr.ty;
    let scope = body.scope;
    let assumed = std::mem::replace(&mut cx.assumed, outer).unwrap_or_default();
    let diagnostics = cx.diagnostics.split_off(before);
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let output = if failed { Type::Error } else { output };
    Applied { output, assumed, scope, diagnostics }
}

impl Body<'_, '_> {
    /// The value that is left when all has been applied; `path` says where each layer is.
    pub(super) fn apply(
        &mut self,
        links: &[Link],
        mut values: Vec<Value>,
        at: Span,
        who: &str,
        path: &dyn Fn(usize) -> Path,
    ) -> Value {
        for (place, link) in links.iter().enumerate() {
            let (id, receiver) = match link {
                Link::Function(id) => (*id, None),
                Link::Layer(used) => {
                    let layer = self.cx.layer(used.layer);
                    let Some(main) = layer.main else {
                        let functions = layer.functions.iter();
                        let functions: Vec<Name> =
                            functions.filter_map(|id| self.cx.function(*id).name).collect();
                        let name = layer.name;
                        self.report(layer_errors::no_main(at, name, &functions));
                        return Value::error(at);
                    };
                    (main, Some((path(place), Some(used.clone()))))
                }
            };
            let given = values.drain(..).map(|it| (None, Given::Value(it))).collect();
            values.push(self.call_function(id, receiver, given, at, at, who));
        }
        match <[Value; 1]>::try_from(values) {
            Ok([value]) => value,
            Err(_) => Value::error(at),
        }
    }

    /// Where a question is asked: sizes that may be equal are taken to be so.
    pub(super) fn takes_as_given(&mut self, found: &Dim, expected: &Dim) -> bool {
        let equal = Condition::Compare(CompareOp::Eq, found.clone(), expected.clone());
        if self.cx.assumed.is_none() || refuted(&self.scope, &equal) {
            return false;
        }
        know(&mut self.scope, &equal);
        self.cx.assumed.get_or_insert_default().push(equal);
        true
    }

    /// From here on, what was taken as given is known; `before` things were already.
    pub(super) fn know_from(&mut self, before: usize) {
        let assumed = self.cx.assumed.iter().flatten().skip(before).cloned();
        for condition in assumed.collect::<Vec<_>>() {
            know(&mut self.scope, &condition);
        }
    }
}
