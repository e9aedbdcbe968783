//! Calls: of functions, of layers, and of what the language itself provides.

use std::collections::{BTreeSet, HashMap};

use nnc_base::{Name, Span};
use nnc_hir::{
    Arg, Axis, AxisSize, Base, Call, ConfigValue, DimOrigin, Elem, Expr, ExprKind, FieldValue,
    FunctionId, LayerUse, PackBinding, Path, TensorType, Type, UnaryOp,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::place::{Place, size_in};
use super::unify::Meeting;
use super::{Body, Value};
use crate::cx::{Progress, Size};
use crate::dims::is_dim_function;
use crate::errors::Softmax;
use crate::errors::facts::Asked;
use crate::errors::{
    elements as element_errors, layers as layer_errors, names as name_errors, shapes as errors,
    sizes as size_errors,
};
use crate::scope::Symbol;

/// An argument before it is matched with a parameter.
#[expect(clippy::large_enum_variant, reason = "lives as long as one call is looked at")]
pub(super) enum Given<'e> {
    Syntax(&'e ast::Expr),
    Value(Value),
}

impl Given<'_> {
    fn span(&self) -> Span {
        match self {
            Given::Syntax(expr) => expr.span,
            Given::Value(value) => value.expr.span,
        }
    }
}

/// What the sizes of a callee stand for.
#[derive(Default)]
pub(super) struct Binding {
    pub(super) sizes: HashMap<Name, Size>,
    /// The arguments that sizes were read off.
    pub(super) origins: Vec<(Name, Span)>,
    pub(super) pack: Option<PackBinding>,
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
                    self.report(name_errors::no_fields(name, &found));
                }
                Value::error(span)
            }
            ast::ExprKind::Hole => self.hole_call(args, first, span),
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
        match name.as_str() {
            "max" | "min" | "pow" => self.binary_builtin(name, args, first, span),
            "split" => self.split(args, first, span),
            "concat" => self.concat(args, first, span),
            "top_k" => self.top_k(args, first, span),
            "fold" => self.fold(args, span),
            "tokens" => self.tokens(args, span),
            "reshape" | "view" | "flatten" | "permute" | "transpose" => {
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
            let dim = match name.as_str() {
                "max" => Some(a.max(b)),
                "min" => Some(a.min(b)),
                _ => None,
            };
            if let Some(dim) = dim {
                return Value::new(ExprKind::Dim(dim.clone()), Type::Dim(dim), span);
            }
        }
        let op = match name.as_str() {
            "max" => nnc_hir::BinaryOp::Max,
            "min" => nnc_hir::BinaryOp::Min,
            _ => nnc_hir::BinaryOp::Pow,
        };
        let (left, right) = self.meet(left, right);
        self.combine(super::elementwise::Operator::Arithmetic(op), left, right, span)
    }

    // ---- layers -----------------------------------------------------------

    /// Calls the layer at a place, or a function of it.
    fn call_place(
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
        let mut names = Vec::new();
        crate::signature::plain_names(&hole.input, &mut names);
        let fixed: Vec<Name> = match self.owner {
            Some(owner) => self.cx.layer(owner).params.iter().map(|it| it.name).collect(),
            None => Vec::new(),
        };
        names.retain(|name| !fixed.contains(name));
        let dims: Vec<nnc_hir::DimParam> = names
            .into_iter()
            .map(|name| nnc_hir::DimParam {
                name,
                kind: self.cx.modules[self.scope.module].dims.get(&name).and_then(|it| it.kind),
                rate: None,
                min: 1,
                origin: DimOrigin::Axis,
                span: at,
            })
            .collect();
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
        Value::new(ExprKind::SpaceHole { path, value: Box::new(value) }, ty, span)
    }

    fn given_value(&mut self, given: Given<'_>) -> Value {
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
        self.cx.calls.extend(self.id.map(|caller| (caller, id, at)));
        let function = self.cx.function(id);
        let params = function.params.clone();
        let declared = function.span;
        let idents: Vec<ast::Ident> =
            params.iter().map(|it| ast::Ident { name: it.name, span: it.span }).collect();
        let Some(bound) = self.cx.match_args(&idents, &given, at) else {
            for (_, it) in given {
                self.given_value(it);
            }
            return Value::error(span);
        };
        if params.iter().any(|param| param.inout.is_some()) {
            // It calls itself, which is reported of all functions at the end.
            if self.cx.progress[id.index()] == Progress::Running {
                return Value::error(span);
            }
            // How far the callee moves lengths is known when its body is.
            super::check_function(self.cx, id);
        }
        let used = receiver.as_ref().and_then(|(_, used)| used.clone());
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
        let mut ok = true;
        for (param, index) in params.iter().zip(&bound) {
            let it = index.and_then(|index| given[index].take());
            let Some(it) = it else {
                let ident = ast::Ident { name: param.name, span: param.span };
                self.report(name_errors::missing_argument(at, who, &ident));
                ok = false;
                values.push(None);
                inouts.push(None);
                continue;
            };
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
            let value = self.given_value(it);
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
        let values: Vec<Value> = values.into_iter().flatten().collect();
        self.finish_call(id, receiver, &params, values, inouts, binding, span, at, who, declared)
    }

    #[expect(clippy::too_many_arguments, reason = "the second half of `call_function`")]
    fn finish_call(
        &mut self,
        id: FunctionId,
        receiver: Option<(Path, Option<LayerUse>)>,
        params: &[nnc_hir::Param],
        values: Vec<Value>,
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
            let meeting = Meeting::new(value.expr.span, param.span, who);
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
            let fitted = self.fit(value, &expected, meeting);
            if fitted.ty.is_error() {
                self.add_labels(before, origins);
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
        if !self.check_facts(id, receiver.as_ref(), &binding, &dims, at, who, declared) {
            return Value::error(span);
        }
        let result = self.cx.function(id).result.clone();
        let ty = self.instantiate(&result, &binding, float.as_ref(), &dims);
        let bound: Vec<Dim> = dims
            .iter()
            .map(|dim| binding.sizes.get(&dim.name).map_or(Dim::constant(1), |it| it.dim.clone()))
            .collect();
        let call = Call {
            function: id,
            receiver: receiver.map(|(path, _)| path),
            dims: bound,
            pack: binding.pack.unwrap_or_default(),
            float,
            args,
        };
        Value::new(ExprKind::Call(call), ty, span)
    }

    /// What `float` stands for: the float type of an argument, or else the caller's.
    fn bind_float(
        &self,
        id: FunctionId,
        params: &[nnc_hir::Param],
        values: &[Value],
    ) -> Option<Base> {
        let mut fixed = None;
        for (param, value) in params.iter().zip(values) {
            let (Type::Tensor(formal), Type::Tensor(actual)) = (&param.ty, &value.expr.ty) else {
                continue;
            };
            let float = actual.elem.base.is_float();
            if formal.elem.base == Base::Float && !value.flex && float && fixed.is_none() {
                fixed = Some(actual.elem.base.clone());
            }
        }
        self.cx.function(id).float.then(|| fixed.unwrap_or_else(|| self.default_float()))
    }

    /// Binds the plain names of a parameter's type by the argument's.
    fn bind_type(
        &mut self,
        formal: &Type,
        actual: &Type,
        dims: &[nnc_hir::DimParam],
        binding: &mut Binding,
        meeting: Meeting<'_>,
    ) -> bool {
        match (formal, actual) {
            (Type::Tensor(formal), Type::Tensor(actual)) => {
                self.bind_tensor(formal, actual, dims, binding, meeting)
            }
            (
                Type::Struct { id, dims: formal_dims, .. },
                Type::Struct { id: actual_id, dims: actual_dims, .. },
            ) if id == actual_id => {
                for (formal, actual) in formal_dims.iter().zip(actual_dims) {
                    self.bind_plain(
                        formal,
                        self.scope.size(actual.clone()),
                        dims,
                        binding,
                        meeting.at,
                    );
                }
                true
            }
            (Type::Array(formal, count), Type::Array(actual, actual_count)) => {
                self.bind_plain(
                    count,
                    self.scope.size(actual_count.clone()),
                    dims,
                    binding,
                    meeting.at,
                );
                self.bind_type(formal, actual, dims, binding, meeting)
            }
            (Type::Tuple(formal), Type::Tuple(actual)) => formal
                .iter()
                .zip(actual)
                .all(|(formal, actual)| self.bind_type(formal, actual, dims, binding, meeting)),
            _ => true,
        }
    }

    fn bind_plain(
        &self,
        formal: &Dim,
        actual: Size,
        dims: &[nnc_hir::DimParam],
        binding: &mut Binding,
        at: Span,
    ) {
        if let Some(name) = formal.as_var()
            && dims.iter().any(|dim| dim.name == name && dim.origin == DimOrigin::Axis)
        {
            binding.sizes.entry(name).or_insert(actual);
            binding.origins.push((name, at));
        }
    }

    fn bind_tensor(
        &mut self,
        formal: &TensorType,
        actual: &TensorType,
        dims: &[nnc_hir::DimParam],
        binding: &mut Binding,
        meeting: Meeting<'_>,
    ) -> bool {
        let (needed, there) = (formal.axes.len(), actual.axes.len());
        let fits = if formal.pack { there >= needed } else { there == needed && !actual.pack };
        if !fits {
            let shown = (
                self.show(&Type::Tensor(actual.clone())),
                self.show(&Type::Tensor(formal.clone())),
            );
            self.report(errors::rank(
                meeting.at,
                &shown.0,
                &shown.1,
                meeting.expected_at,
                meeting.who,
                there > needed,
            ));
            return false;
        }
        let leading = there - needed;
        if formal.pack {
            let pack = PackBinding { outer: actual.pack, axes: actual.axes[..leading].to_vec() };
            match &binding.pack {
                None => binding.pack = Some(pack),
                Some(before) => {
                    let same = before.outer == pack.outer && before.axes.len() == pack.axes.len();
                    if !same {
                        let text = |pack: &PackBinding| {
                            let outer = pack.outer.then(|| "..".to_owned());
                            let axes = pack.axes.iter().map(|axis| axis.to_string());
                            outer.into_iter().chain(axes).collect::<Vec<_>>().join(", ")
                        };
                        let (before, pack) = (text(before), text(&pack));
                        self.report(errors::packs(
                            meeting.at,
                            &before,
                            &pack,
                            meeting.expected_at,
                            meeting.who,
                        ));
                        return false;
                    }
                    let before = before.axes.clone();
                    if !self.axes_fit(&pack.axes, &before, meeting) {
                        return false;
                    }
                }
            }
        }
        // Kinds of all axes at once: a swap shows best when both are seen.
        let expected: Vec<Axis> =
            formal.axes.iter().map(|axis| self.expected_axis(axis, dims, binding)).collect();
        let actual_axes = &actual.axes[leading..];
        if let Some(at) =
            actual_axes.iter().zip(&expected).position(|(a, b)| !super::unify::kinds_match(a, b))
        {
            self.report(errors::kinds(
                at,
                actual_axes,
                &expected,
                meeting.at,
                meeting.expected_at,
                meeting.who,
            ));
            return false;
        }
        for ((formal, actual), expected) in formal.axes.iter().zip(actual_axes).zip(&expected) {
            if let (Some(wanted), Some(found)) = (expected.rate, actual.rate)
                && wanted != found
            {
                self.report(errors::rates(
                    actual,
                    expected,
                    meeting.at,
                    meeting.expected_at,
                    meeting.who,
                ));
                return false;
            }
            if let AxisSize::Dim(size) = &formal.size {
                let bound = Size {
                    dim: actual.extent(),
                    kind: actual.kind.or(expected.kind),
                    rate: actual.rate.or(expected.rate),
                };
                self.bind_plain(size, bound, dims, binding, meeting.at);
            }
        }
        if let (Some(formal), Some(actual)) = (&formal.elem.meaning, &actual.elem.meaning)
            && formal.id == actual.id
        {
            for (formal, actual) in formal.args.iter().zip(&actual.args) {
                self.bind_plain(formal, self.scope.size(actual.clone()), dims, binding, meeting.at);
            }
        }
        true
    }

    /// An axis of a parameter with the kind and rate it asks for.
    fn expected_axis(&self, axis: &Axis, dims: &[nnc_hir::DimParam], binding: &Binding) -> Axis {
        let AxisSize::Dim(size) = &axis.size else { return axis.clone() };
        let Some(name) = size.as_var() else {
            return Axis { kind: None, ..axis.clone() };
        };
        match dims.iter().find(|dim| dim.name == name) {
            Some(dim) => Axis { kind: dim.kind, rate: dim.rate, ..axis.clone() },
            None => match binding.sizes.get(&name) {
                Some(size) => Axis { kind: size.kind, rate: size.rate, ..axis.clone() },
                None => axis.clone(),
            },
        }
    }

    /// A callee's type in the caller's terms.
    fn instantiate(
        &self,
        ty: &Type,
        binding: &Binding,
        float: Option<&Base>,
        dims: &[nnc_hir::DimParam],
    ) -> Type {
        let sizes = |name: Name| binding.sizes.get(&name).map(|size| size.dim.clone());
        match ty {
            Type::Tensor(tensor) => {
                let mut result = tensor.substitute(&sizes);
                if let (Base::Float, Some(float)) = (&tensor.elem.base, float) {
                    result.elem.base = float.clone();
                }
                for (axis, formal) in result.axes.iter_mut().zip(&tensor.axes) {
                    let AxisSize::Dim(size) = &formal.size else { continue };
                    match size.as_var().and_then(|name| binding.sizes.get(&name)) {
                        Some(bound) => (axis.kind, axis.rate) = (bound.kind, bound.rate),
                        None => {
                            let size = axis.extent();
                            let fixed =
                                formal.rate.filter(|_| !size_has_dims(&formal.extent(), dims));
                            (axis.kind, axis.rate) =
                                (self.scope.kind_of(&size), self.scope.rate_of(&size).or(fixed));
                        }
                    }
                }
                if tensor.pack
                    && let Some(pack) = &binding.pack
                {
                    result.pack = pack.outer;
                    result.axes.splice(0..0, pack.axes.iter().cloned());
                }
                Type::Tensor(result)
            }
            Type::Tuple(parts) => Type::Tuple(
                parts.iter().map(|part| self.instantiate(part, binding, float, dims)).collect(),
            ),
            Type::Array(element, count) => Type::Array(
                Box::new(self.instantiate(element, binding, float, dims)),
                count.substitute(&sizes),
            ),
            ty => ty.substitute(&sizes),
        }
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
                        ConfigValue::Dim(_) | ConfigValue::Float(_) | ConfigValue::Config(_) => {
                            None
                        }
                    });
            }
            names.extend(fact.vars());
            asked_for.push((here, fact));
        }
        let sizes: Vec<(Name, Dim)> =
            names.into_iter().filter_map(|name| Some((name, size(self, name)?))).collect();
        let asked = Asked { who, at, declared, sizes: &sizes, origins: &binding.origins };
        self.cx.require(&scope, &asked_for, &asked)
    }

    /// Probabilities that sum to one along another axis than the callee's last.
    fn wrong_axis(&self, expr: &Expr, expected: &Type) -> Option<nnc_base::Diagnostic> {
        let Type::Tensor(wanted) = expected else { return None };
        let builtins = self.cx.builtins;
        let meaning = wanted.elem.meaning.as_ref()?;
        if meaning.id != builtins.prob && meaning.id != builtins.log_prob {
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
        Some(errors::flatten(&self.scope, &found, &wanted, expr.span, span, who))
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

fn size_has_dims(size: &Dim, dims: &[nnc_hir::DimParam]) -> bool {
    let vars = size.vars();
    dims.iter().any(|dim| vars.contains(&dim.name))
}

pub(super) fn innermost(ty: &Type) -> &Type {
    match ty {
        Type::Array(element, _) => innermost(element),
        ty => ty,
    }
}

/// Lengths are values: an expected struct has those that the argument has.
fn with_lens_of(expected: Type, actual: &Type) -> Type {
    match (expected, actual) {
        (Type::Struct { id, dims, .. }, Type::Struct { lens, .. }) => {
            Type::Struct { id, dims, lens: lens.clone() }
        }
        (Type::Array(expected, count), Type::Array(actual, _)) => {
            Type::Array(Box::new(with_lens_of(*expected, actual)), count)
        }
        (expected, _) => expected,
    }
}

/// A path as one would say it: "layer `down`".
fn path_text(expr: &ast::Expr) -> String {
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
