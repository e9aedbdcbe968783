//! Parameters that are functions: what may stand in their types.

use nnc_base::{Name, Span, Table};
use nnc_hir::{DimOrigin, DimParam, FunctionId, Local, Param, Type};
use nnc_syntax::ast;

use crate::cx::Cx;
use crate::errors::functions as errors;
use crate::signature::{has_pack, mentions, plain_names};

impl Cx<'_> {
    /// A function that is given takes and gives tensors, and its sizes are those that the
    /// other arguments bind: it is checked at each call, and nothing is solved for it.
    pub(crate) fn check_functions(
        &mut self,
        function: &ast::Fn,
        dims: &[DimParam],
        params: &mut [Param],
        locals: &mut Table<Local>,
    ) {
        let is_function = |param: &Param| matches!(param.ty, Type::Function(_));
        if params.iter().any(|param| param.ty.is_error()) {
            return;
        }
        let mut bound: Vec<Name> = Vec::new();
        params.iter().for_each(|param| plain_names(&param.ty, &mut bound));
        let of_values = |it: &&Param| !is_function(it) && !it.optional;
        let packed = params.iter().filter(of_values).any(|param| has_pack(&param.ty));
        for (param, written) in params.iter_mut().zip(&function.params) {
            let Type::Function(arrow) = &param.ty else { continue };
            let at = written.ty.span;
            let tensor = |ty: &Type| matches!(ty, Type::Tensor(_));
            let gives = match &arrow.output {
                Type::Tuple(parts) => !parts.is_empty() && parts.iter().all(tensor),
                ty => tensor(ty),
            };
            let free = dims.iter().find(|dim| {
                let axis = dim.origin == DimOrigin::Axis && !bound.contains(&dim.name);
                axis && mentions(&param.ty, dim.name)
            });
            let open = has_pack(&param.ty) && !packed;
            let error = if written.inout || written.optional {
                Some(errors::function_changed(written.span, param.name, written.inout))
            } else if arrow.inputs.is_empty() || !arrow.inputs.iter().all(tensor) || !gives {
                Some(errors::of_tensors(at, param.name))
            } else if let Some(free) = free {
                Some(errors::size_of_function(at, param.name, &format!("`{}`", free.name)))
            } else if open {
                Some(errors::size_of_function(at, param.name, "`..`"))
            } else {
                None
            };
            if let Some(error) = error {
                self.report(error);
                param.ty = Type::Error;
                locals[param.local].ty = Type::Error;
            }
        }
    }

    /// The first parameter that is a function.
    pub(crate) fn function_param(&self, id: FunctionId) -> Option<(Name, Span)> {
        let params = &self.function(id).params;
        let found = params.iter().find(|it| matches!(it.ty, Type::Function(_)));
        found.map(|it| (it.name, it.span))
    }
}
