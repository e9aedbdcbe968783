//! Optional parameters: `mask: Mask[B, T]?`, which a call may leave out.
//!
//! Whether one is given is decided at each call, so that nothing is decided while the
//! program runs: `given(mask)` is a condition like those on sizes, and only one of the
//! branches that it chooses between is there.

use nnc_base::{Name, Span};
use nnc_hir::{Condition, DimOrigin, DimParam, Param, Type};
use nnc_syntax::ast;

use crate::cx::{Cx, Scope};
use crate::errors::optional as errors;
use crate::scope::nearest;
use crate::signature::plain_names;

/// The function that asks whether an optional parameter is given.
pub(crate) const GIVEN: &str = "given";

impl Cx<'_> {
    /// Whether a call asks if an optional parameter is given: no other `given` is declared.
    pub(crate) fn asks_given(&self, scope: &Scope, function: &ast::Expr) -> bool {
        let ast::ExprKind::Name(name) = &function.kind else { return false };
        name.as_str() == GIVEN && self.symbol(scope.module, name.name).is_none()
    }

    /// `given(mask)`.
    pub(crate) fn given(
        &mut self,
        scope: &Scope,
        args: &[ast::Arg],
        at: Span,
    ) -> Option<Condition> {
        let [ast::Arg { name: None, value, .. }] = args else {
            self.report(errors::one_name(at));
            return None;
        };
        let ast::ExprKind::Name(name) = &value.kind else {
            self.report(errors::one_name(value.span));
            return None;
        };
        if scope.optional.contains(&name.name) {
            return Some(Condition::Given(name.name));
        }
        let mut known: Vec<&str> = scope.optional.iter().map(|it| it.as_str()).collect();
        known.sort_unstable();
        let near = nearest(name.as_str(), known);
        self.report(errors::not_optional(name, near));
        None
    }

    /// What cannot be left out is said where it is declared.
    pub(crate) fn check_optional(&mut self, dims: &[DimParam], params: &[Param]) {
        let mut broken = params.iter().any(|param| param.ty.is_error());
        for param in params.iter().filter(|param| param.optional) {
            if param.inout.is_some() || !matches!(param.ty, Type::Tensor(_) | Type::Error) {
                let ty = self.program.show(&param.ty).to_string();
                self.report(errors::cannot_be_left_out(param, &ty));
                broken = true;
            }
        }
        if broken {
            return;
        }
        let names = |optional: bool| {
            let mut names: Vec<Name> = Vec::new();
            for param in params.iter().filter(|param| param.optional == optional) {
                plain_names(&param.ty, &mut names);
            }
            names
        };
        let (always, sometimes) = (names(false), names(true));
        for dim in dims.iter().filter(|dim| dim.origin == DimOrigin::Axis) {
            if sometimes.contains(&dim.name) && !always.contains(&dim.name) {
                let of = params.iter().filter(|param| param.optional).find(|param| {
                    let mut own = Vec::new();
                    plain_names(&param.ty, &mut own);
                    own.contains(&dim.name)
                });
                if let Some(param) = of {
                    self.report(errors::size_of_optional(dim, param));
                }
            }
        }
    }
}
