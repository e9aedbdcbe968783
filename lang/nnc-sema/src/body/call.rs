//! Calls: of functions, of layers, and of what the language itself provides.

use std::collections::BTreeSet;

use nnc_base::{Name, Span};
use nnc_hir::{
    Arg, Base, BinaryOp, Call, ConfigValue, DimOrigin, Elem, Expr, ExprKind, FunctionId, LayerUse,
    Path, Type, UnaryOp,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::bind::{Binding, innermost, with_lens_of};
use super::handed::handed_functions;
use super::place::size_in;
use super::unify::Meeting;
use super::with::with_of;
use super::{Body, Value};
use crate::cx::{Progress, Size};
use crate::dims::{is_dim_function, prove};
use crate::errors::Softmax;
use crate::errors::facts::Asked;
use crate::errors::{
    elements as element_errors, names as name_errors, shapes as errors, sizes as size_errors,
};
use crate::scope::Symbol;

/// What other languages call functions that move elements across axes.
const RESHAPES: [&str; 8] =
    ["reshape", "view", "flatten", "permute", "transpose", "squeeze", "unsqueeze", "swapaxes"];

/// An argument before it is matched with a parameter.
#[expect(clippy::large_enum_variant, reason = "lives as long as one call is looked at")]
pub(super) enum Given<'e> {
    Syntax(&'e ast::Expr),
    Value(Value),
}

impl Given<'_> {
    /// Whether it is written as a function, which has no value of its own.
    fn is_function(&self) -> bool {
        matches!(self, Given::Syntax(ast::Expr { kind: ast::ExprKind::Lambda { .. }, .. }))
    }

    pub(super) fn span(&self) -> Span {
        match self {
            Given::Syntax(expr) => expr.span,
            Given::Value(value) => value.expr.span,
        }
    }
}

impl Body<'_, '_> {
    pub(super) fn pipe(&mut self, value: Value, function: &ast::Expr, span: Span) -> Value {
        match &function.kind {
            ast::ExprKind::Call { function, args } => self.call(function, args, Some(value), span),
            _ => self.call(function, &[], Some(value), span),
        }
    }

    /// A call with an optional first argument from a pipe.
    pub(super) fn call(
        &mut self,
        function: &ast::Expr,
        args: &[ast::Arg],
        first: Option<Value>,
        span: Span,
    ) -> Value {
        if let Some((layer, replaced, method)) = with_of(function) {
            let given = given(first, args);
            return self.call_with(layer, replaced, method, given, span);
        }
        if let Some(place) = self.place(function) {
            return match place {
                Ok(place) => {
                    let given = given(first, args);
                    let who = path_text(function);
                    self.call_place(place, None, given, span, function.span, &who)
                }
                Err(()) => Value::error(span),
            };
        }
        match &function.kind {
            ast::ExprKind::Name(name) => self.call_name(name, args, first, span),
            ast::ExprKind::Field { base, name: Some(name) } => {
                if let Some(place) = self.place(base) {
                    return match place {
                        Ok(place) => {
                            let given = given(first, args);
                            let who = path_text(function);
                            self.call_place(place, Some(name), given, span, function.span, &who)
                        }
                        Err(()) => Value::error(span),
                    };
                }
                if name.as_str() == "append" {
                    return self.append(base, args, span);
                }
                let value = self.expr(base);
                if !value.is_error() {
                    let found = self.show(&value.expr.ty);
                    self.positional(None, args);
                    self.report(match RESHAPES.contains(&name.as_str()) {
                        true => errors::reshape(name),
                        false => name_errors::no_fields(name, &found),
                    });
                }
                Value::error(span)
            }
            ast::ExprKind::Hole => self.hole_call(function.span, args, first, span),
            _ => {
                let value = self.expr(function);
                if !value.is_error() {
                    let found = self.show(&value.expr.ty);
                    self.report(name_errors::not_callable(function.span, &found));
                }
                Value::error(span)
            }
        }
    }

    fn call_name(
        &mut self,
        name: &ast::Ident,
        args: &[ast::Arg],
        first: Option<Value>,
        span: Span,
    ) -> Value {
        if let Some((local, arrow)) = self.function_local(name.name) {
            return self.apply_local(local, name, &arrow, given(first, args), span);
        }
        if let Some(owner) = self.owner {
            let sibling = self.cx.layer(owner).functions.iter().copied();
            let sibling =
                sibling.into_iter().find(|id| self.cx.function(*id).name == Some(name.name));
            if let Some(id) = sibling {
                let path = Path { root: nnc_hir::PathRoot::Owner, steps: Vec::new() };
                let who = format!("function `{name}`", name = name.as_str());
                return self.call_function(
                    id,
                    Some((path, None)),
                    given(first, args),
                    span,
                    name.span,
                    &who,
                );
            }
        }
        if let Some(&local) = self.names.get(&name.name) {
            let value = self.local(local, name.span);
            if !value.is_error() {
                let found = self.show(&value.expr.ty);
                self.report(name_errors::not_callable(name.span, &found));
            }
            return Value::error(span);
        }
        match self.cx.symbol(self.scope.module, name.name) {
            Some(Symbol::Function(id)) => {
                if self.cx.function_ast(id).is_some_and(is_dim_function) && first.is_none() {
                    return self.dim_call(name, args, span);
                }
                let who = format!("function `{name}`", name = name.as_str());
                self.call_function(id, None, given(first, args), span, name.span, &who)
            }
            Some(Symbol::Alias(usize::MAX, _)) => Value::error(span),
            Some(Symbol::Layer(_)) => {
                self.report(name_errors::layer_called(name));
                Value::error(span)
            }
            Some(_) => {
                self.report(name_errors::not_callable(name.span, "something that is no function"));
                Value::error(span)
            }
            None => self.call_builtin(name, args, first, span),
        }
    }

    fn dim_call(&mut self, name: &ast::Ident, args: &[ast::Arg], span: Span) -> Value {
        let scope = self.scope.clone();
        let mut sizes = Vec::new();
        for arg in args {
            let value = self.expr(&arg.value);
            match value.expr.ty {
                Type::Dim(dim) => sizes.push((arg.name, scope.size(dim))),
                Type::Error => return Value::error(span),
                other => {
                    let found = self.show(&other);
                    self.report(size_errors::not_a_dim(arg.span, &found));
                    return Value::error(span);
                }
            }
        }
        match self.cx.dim_function(&scope, name, sizes, span) {
            Some(size) => Value::new(ExprKind::Dim(size.dim.clone()), Type::Dim(size.dim), span),
            None => Value::error(span),
        }
    }

    fn call_builtin(
        &mut self,
        name: &ast::Ident,
        args: &[ast::Arg],
        first: Option<Value>,
        span: Span,
    ) -> Value {
        if let Some(op) = UnaryOp::from_name(name.as_str()) {
            let mut values = self.positional(first, args);
            if values.len() != 1 {
                self.report(name_errors::argument_count(span, name.name, 1, values.len()));
                return Value::error(span);
            }
            return match values.pop() {
                Some(value) => self.unary(op, value, span),
                None => Value::error(span),
            };
        }
        if let Some(op) = BinaryOp::from_name(name.as_str()) {
            return self.binary_builtin(op, name, args, first, span);
        }
        match name.as_str() {
            "split" => self.split(args, first, span),
            "concat" => self.concat(args, first, span),
            "top_k" | "sort" => self.sort(name, args, first, span),
            "fold" => self.fold(args, span),
            "tokens" => self.tokens(args, span),
            "given" if first.is_none() => {
                let scope = self.scope.clone();
                match self.cx.given(&scope, args, span) {
                    Some(condition) => {
                        let ty = Type::scalar(Elem::plain(Base::Bool));
                        Value::new(ExprKind::Condition(condition), ty, span)
                    }
                    None => Value::error(span),
                }
            }
            it if RESHAPES.contains(&it) => {
                self.positional(first, args);
                self.report(errors::reshape(name));
                Value::error(span)
            }
            _ => {
                self.positional(first, args);
                self.unknown_name(name);
                Value::error(span)
            }
        }
    }

    pub(super) fn positional(&mut self, first: Option<Value>, args: &[ast::Arg]) -> Vec<Value> {
        let mut values: Vec<Value> = first.into_iter().collect();
        for arg in args {
            values.push(self.expr(&arg.value));
        }
        values
    }

    fn binary_builtin(
        &mut self,
        op: BinaryOp,
        name: &ast::Ident,
        args: &[ast::Arg],
        first: Option<Value>,
        span: Span,
    ) -> Value {
        let values = self.positional(first, args);
        let count = values.len();
        let Ok([left, right]) = <[Value; 2]>::try_from(values) else {
            self.report(name_errors::argument_count(span, name.name, 2, count));
            return Value::error(span);
        };
        if left.is_error() || right.is_error() {
            return Value::error(span);
        }
        if let (Type::Dim(a), Type::Dim(b)) = (&left.expr.ty, &right.expr.ty) {
            let dim = match op {
                BinaryOp::Max => Some(a.max(b)),
                BinaryOp::Min => Some(a.min(b)),
                _ => None,
            };
            if let Some(dim) = dim {
                return Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), span);
            }
        }
        let (left, right) = self.meet(left, right);
        self.combine(super::elementwise::Operator::Arithmetic(op), left, right, span)
    }

    pub(super) fn given_value(&mut self, given: Given<'_>) -> Value {
        match given {
            Given::Syntax(expr) => self.expr(expr),
            Given::Value(value) => value,
        }
    }

    // ---- functions --------------------------------------------------------

    /// Calls a function: binds its sizes by its arguments, left to right, checks the
    /// rest of the axes and then its facts.
    pub(super) fn call_function(
        &mut self,
        id: FunctionId,
        receiver: Option<(Path, Option<LayerUse>)>,
        given: Vec<(Option<ast::Ident>, Given<'_>)>,
        span: Span,
        at: Span,
        who: &str,
    ) -> Value {
        let function = self.cx.function(id);
        let params = function.params.clone();
        let declared = function.span;
        let idents: Vec<ast::Ident> =
            params.iter().map(|it| ast::Ident { name: it.name, span: it.span }).collect();
        let Some(bound) = self.cx.match_args(&idents, &given, at) else {
            for (_, it) in given {
                if !it.is_function() {
                    self.given_value(it);
                }
            }
            return Value::error(span);
        };
        if params.iter().any(|param| param.inout.is_some()) {
            if self.cx.progress[id.index()] == Progress::Running {
                self.report(name_errors::endless_state(at));
                return Value::error(span);
            }
            // How far the callee moves lengths is known when its body is.
            super::check_function(self.cx, id);
        }
        let used = receiver.as_ref().and_then(|(_, used)| used.clone());
        if let (Some(caller), Some(used)) = (self.id, &used) {
            for it in &used.replaced {
                self.cx.calls((caller, it.value), &[], &self.scope.facts, at);
            }
            for handed in handed_functions(used) {
                self.cx.calls((caller, handed), &[], &self.scope.facts, at);
            }
        }
        let mut binding = Binding::default();
        if let Some(used) = &used {
            let layer = self.cx.layer(used.layer);
            for (param, dim) in layer.params.iter().zip(&used.dims) {
                binding.sizes.insert(param.name, self.scope.size(dim.clone()));
            }
            for (config, value) in layer.configs.iter().zip(&used.configs) {
                if let ConfigValue::Dim(dim) = value {
                    binding.sizes.insert(config.name, self.scope.size(dim.clone()));
                }
            }
        }
        // Arguments in the order of the parameters.
        let mut given: Vec<Option<Given<'_>>> = given.into_iter().map(|(_, it)| Some(it)).collect();
        let mut values: Vec<Option<Value>> = Vec::new();
        let mut inouts: Vec<Option<nnc_hir::LocalId>> = Vec::new();
        let mut functions: Vec<(usize, Given<'_>)> = Vec::new();
        let mut ok = true;
        for (param, index) in params.iter().zip(&bound) {
            let it = index.and_then(|index| given[index].take());
            if it.is_none() && param.optional {
                values.push(None);
                inouts.push(None);
                continue;
            }
            let Some(it) = it else {
                let ident = ast::Ident { name: param.name, span: param.span };
                self.report(name_errors::missing_argument(at, who, &ident));
                ok = false;
                values.push(None);
                inouts.push(None);
                continue;
            };
            // What it is asked to be shows when the sizes are bound.
            if let Type::Function(_) = param.ty {
                functions.push((values.len(), it));
                values.push(None);
                inouts.push(None);
                continue;
            }
            if param.inout.is_some() {
                let spans = values.iter().map(|it| it.as_ref().map_or(at, |it| it.expr.span));
                let others: Vec<_> = inouts.iter().copied().zip(spans).collect();
                let local = self.inout_argument(&it, param.name, &others);
                ok &= local.is_some();
                let value = local.map(|local| {
                    let ty = self.locals[local].ty.clone();
                    Value::new(ExprKind::Local(local), ty, it.span())
                });
                values.push(value);
                inouts.push(local);
                continue;
            }
            let value = match self.passed_on(param, &it) {
                Some(value) => value,
                None => self.given_value(it),
            };
            ok &= !value.is_error();
            if let (Type::Dim(_), Type::Dim(dim)) = (&param.ty, &value.expr.ty) {
                binding.sizes.insert(param.name, self.scope.size(dim.clone()));
            }
            values.push(Some(value));
            inouts.push(None);
        }
        if !ok || params.iter().any(|param| param.ty.is_error()) {
            return Value::error(span);
        }
        let given = (values, functions);
        self.finish_call(id, receiver, &params, given, inouts, binding, span, at, who, declared)
    }

    /// An optional parameter that is an argument for another one: left out if it was.
    fn passed_on(&self, param: &nnc_hir::Param, given: &Given<'_>) -> Option<Value> {
        let Given::Syntax(expr) = given else { return None };
        let ast::ExprKind::Name(name) = &expr.kind else { return None };
        let local = *self.names.get(&name.name)?;
        let untested = prove(&self.scope, &nnc_hir::Condition::Given(name.name)).is_none();
        let passes = param.optional && untested && self.optional_span(local).is_some();
        let ty = self.locals[local].ty.clone();
        passes.then(|| Value::new(ExprKind::Local(local), ty, expr.span))
    }

    /// Where the optional parameter is declared that a local is.
    pub(super) fn optional_span(&self, local: nnc_hir::LocalId) -> Option<Span> {
        let params = &self.cx.function(self.id?).params;
        params.iter().find(|it| it.optional && it.local == local).map(|it| it.span)
    }

    #[expect(clippy::too_many_arguments, reason = "the second half of `call_function`")]
    fn finish_call(
        &mut self,
        id: FunctionId,
        receiver: Option<(Path, Option<LayerUse>)>,
        params: &[nnc_hir::Param],
        (values, mut functions): (Vec<Option<Value>>, Vec<(usize, Given<'_>)>),
        inouts: Vec<Option<nnc_hir::LocalId>>,
        mut binding: Binding,
        span: Span,
        at: Span,
        who: &str,
        declared: Span,
    ) -> Value {
        let dims = self.cx.function(id).dims.clone();
        // What can be bound by plain names, first.
        for (i, (param, value)) in params.iter().zip(&values).enumerate() {
            let Some(value) = value else { continue };
            let subject = self.subject(&value.expr);
            let meeting = Meeting { subject, ..Meeting::new(value.expr.span, param.span, who) };
            let before = self.cx.diagnostics.len();
            if !self.bind_type(&param.ty, &value.expr.ty, &dims, &mut binding, meeting) {
                let origins = self.origins(&value.expr, receiver.as_ref().map(|(path, _)| path));
                self.add_labels(before, origins);
                return Value::error(span);
            }
            if let Type::Struct { lens, .. } = innermost(&value.expr.ty) {
                for dim in &dims {
                    if let DimOrigin::Length { param, field } = dim.origin
                        && param as usize == i
                        && let Some(len) = lens.get(field as usize)
                    {
                        binding
                            .sizes
                            .insert(dim.name, Size { dim: len.clone(), kind: None, rate: None });
                    }
                }
            }
        }
        let float = self.bind_float(id, params, &values);
        let mut args = Vec::new();
        for (i, (param, value)) in params.iter().zip(values).enumerate() {
            if let Some(place) = functions.iter().position(|(place, _)| *place == i) {
                let (_, given) = functions.swap_remove(place);
                let expected = self.instantiate(&param.ty, &binding, float.as_ref(), &dims);
                match self.function_argument(given, &expected, param) {
                    Some(closure) => args.push(Arg::Value(closure)),
                    None => return Value::error(span),
                }
                continue;
            }
            let Some(value) = value else {
                args.push(Arg::Absent);
                continue;
            };
            let value_span = value.expr.span;
            let meeting = Meeting::new(value_span, param.span, who);
            if let Type::Dim(_) = param.ty {
                match value.expr.ty {
                    Type::Dim(dim) => args.push(Arg::Dim(dim)),
                    other => {
                        let found = self.show(&other);
                        self.report(size_errors::not_a_dim(value_span, &found));
                        return Value::error(span);
                    }
                }
                continue;
            }
            let expected = self.instantiate(&param.ty, &binding, float.as_ref(), &dims);
            let expected = with_lens_of(expected, &value.expr.ty);
            if let Some(diagnostic) = self.wrong_axis(&value.expr, &expected) {
                self.report(diagnostic);
                return Value::error(span);
            }
            if let Some(diagnostic) = self.flattened(&value.expr, &expected, who) {
                self.report(diagnostic);
                return Value::error(span);
            }
            let origins = self.origins(&value.expr, receiver.as_ref().map(|(path, _)| path));
            let before = self.cx.diagnostics.len();
            let width = self.width_repair(&value.expr, &expected);
            let fitted = self.fit(value, &expected, meeting);
            if fitted.ty.is_error() {
                self.add_labels(before, origins);
                for diagnostic in &mut self.cx.diagnostics[before..] {
                    *diagnostic = errors::with_width(diagnostic.clone(), width.as_deref());
                }
                return Value::error(span);
            }
            match inouts[i] {
                Some(before) => {
                    let last = param.inout.map(|last| self.cx.function(id).locals[last].ty.clone());
                    let ty = match last {
                        Some(last) => {
                            let last = self.instantiate(&last, &binding, float.as_ref(), &dims);
                            with_lens_of(expected.clone(), &last)
                        }
                        None => expected.clone(),
                    };
                    let after = self.next_version(before, ty, value_span);
                    args.push(Arg::InOut { before, after });
                }
                None => args.push(Arg::Value(fitted)),
            }
        }
        let before = self.cx.diagnostics.len();
        if !self.check_facts(id, receiver.as_ref(), &binding, &dims, at, who, declared) {
            self.tell_history(before, id, &args);
            return Value::error(span);
        }
        let result = self.cx.function(id).result.clone();
        let ty = self.instantiate(&result, &binding, float.as_ref(), &dims);
        let bound: Vec<Dim> = dims
            .iter()
            .map(|dim| binding.sizes.get(&dim.name).map_or(Dim::constant(1), |it| it.dim.clone()))
            .collect();
        // A field lies deeper in the model, and models end.
        let field = receiver.as_ref().is_some_and(|(_, used)| used.is_some());
        if let Some(caller) = self.id.filter(|_| !field) {
            self.cx.calls((caller, id), &bound, &self.scope.facts, at);
        }
        let call = Call {
            function: id,
            receiver: receiver.map(|(path, _)| path),
            dims: bound,
            pack: binding.pack.unwrap_or_default(),
            float,
            args,
            replaced: Vec::new(),
        };
        Value::new(ExprKind::Call(call), ty, span)
    }

    /// The callee's facts, and the least values of its sizes, hold here.
    #[expect(clippy::too_many_arguments, reason = "what a message about a fact shows")]
    fn check_facts(
        &mut self,
        id: FunctionId,
        receiver: Option<&(Path, Option<LayerUse>)>,
        binding: &Binding,
        dims: &[nnc_hir::DimParam],
        at: Span,
        who: &str,
        declared: Span,
    ) -> bool {
        let scope = self.scope.clone();
        let mut facts = self.cx.function(id).facts.clone();
        for dim in dims {
            if matches!(dim.origin, DimOrigin::Argument(_)) {
                let least = Dim::constant(dim.min);
                facts.push(nnc_hir::Condition::Compare(
                    nnc_hir::CompareOp::Ge,
                    Dim::var(dim.name),
                    least,
                ));
            }
        }
        let used = receiver.and_then(|(_, used)| used.as_ref());
        let size = |body: &Self, name: Name| {
            let bound = binding.sizes.get(&name).map(|size| size.dim.clone());
            bound.or_else(|| used.and_then(|used| size_in(body.cx.layer(used.layer), used, name)))
        };
        let mut asked_for = Vec::new();
        let mut names = BTreeSet::new();
        for fact in facts {
            let mut here = fact.substitute(&|name| size(self, name));
            if let Some(used) = used {
                let layer = self.cx.layer(used.layer);
                here =
                    here.with_configs(&|name| match crate::layers::config_of(layer, used, name)? {
                        ConfigValue::Bool(condition) => Some(condition.clone()),
                        ConfigValue::Dim(_)
                        | ConfigValue::Float(_)
                        | ConfigValue::Config(_)
                        | ConfigValue::Layer(_) => None,
                    });
            }
            names.extend(fact.vars());
            asked_for.push((here, fact));
        }
        let sizes: Vec<(Name, Dim)> =
            names.into_iter().filter_map(|name| Some((name, size(self, name)?))).collect();
        let asked = Asked { who, at, declared, sizes: &sizes, origins: &binding.origins };
        let before = self.cx.assumed.as_ref().map_or(0, Vec::len);
        let met = self.cx.require(&scope, &asked_for, &asked);
        self.know_from(before);
        met
    }

    /// Probabilities that sum to one along another axis than the callee's last.
    fn wrong_axis(&self, expr: &Expr, expected: &Type) -> Option<nnc_base::Diagnostic> {
        let Type::Tensor(wanted) = expected else { return None };
        let builtins = self.cx.builtins;
        let is = |id| self.cx.seen_as(&wanted.elem, id).is_some();
        if !is(builtins.prob) && !is(builtins.log_prob) {
            return None;
        }
        let Softmax { axis, at, .. } = self.normalised_axis(expr)?;
        let Type::Tensor(found) = &expr.ty else { return None };
        (axis + 1 != found.axes.len()).then(|| errors::loss_axis(expr.span, &found.axes, axis, at))
    }

    /// A flattened image that does not have the size a head takes.
    fn flattened(&self, expr: &Expr, expected: &Type, who: &str) -> Option<nnc_base::Diagnostic> {
        let ExprKind::Local(local) = expr.kind else { return None };
        let &(axis, span) = self.merged.get(&local)?;
        let (Type::Tensor(found), Type::Tensor(wanted)) = (&expr.ty, expected) else { return None };
        if found.axes.len() != wanted.axes.len() {
            return None;
        }
        let (found, wanted) = (found.axes.get(axis)?.extent(), wanted.axes.get(axis)?.extent());
        if super::unify::sizes_equal(&self.scope, &found, &wanted) {
            return None;
        }
        let parts = self.merged_parts(local, axis).unwrap_or_default();
        let of = self.merged_of(local);
        Some(errors::flatten(&self.scope, (&found, &parts), &wanted, (expr.span, span), of, who))
    }

    /// The element of a `..`-function's argument in index notation.
    pub(super) fn scalar_elem_fits(
        &mut self,
        found: &Elem,
        expected: &Elem,
        at: Span,
        declared: Span,
        who: &str,
    ) -> bool {
        if expected.base == Base::Float && found.base.is_float() && expected.meaning.is_none() {
            return true;
        }
        if !found.base.is_float() && expected.base == Base::Float {
            let shown = (self.show_elem(found), self.show_elem(expected));
            let meeting = Meeting::new(at, declared, who);
            self.report(element_errors::base(&meeting, &shown.0, &shown.1));
            return false;
        }
        self.elem_fits(found, expected, Meeting::new(at, declared, who))
    }
}

pub(super) fn given<'e>(
    first: Option<Value>,
    args: &'e [ast::Arg],
) -> Vec<(Option<ast::Ident>, Given<'e>)> {
    let first = first.map(|value| (None, Given::Value(value)));
    let rest = args.iter().map(|arg| (arg.name, Given::Syntax(&arg.value)));
    first.into_iter().chain(rest).collect()
}

/// A path as one would say it: "layer `down`".
pub(super) fn path_text(expr: &ast::Expr) -> String {
    fn path(expr: &ast::Expr) -> String {
        match &expr.kind {
            ast::ExprKind::Name(name) => name.as_str().to_owned(),
            ast::ExprKind::Field { base, name: Some(name) } => {
                format!("{}.{}", path(base), name.as_str())
            }
            ast::ExprKind::Index { base, .. } => format!("{}[..]", path(base)),
            _ => "?".to_owned(),
        }
    }
    format!("layer `{}`", path(expr))
}
