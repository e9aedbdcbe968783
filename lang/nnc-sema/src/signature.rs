//! Signatures of functions: which sizes they quantify over, and what they ask for.

use nnc_base::{Name, Span};
use nnc_hir::{
    AxisSize, Base, CompareOp, Condition, DimOrigin, DimParam, FunctionId, Local, Param, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::cx::{Cx, Scope, VarInfo};
use crate::dims::assume;
use crate::errors::facts::{self as fact_errors, Asked, Unmet};
use crate::errors::{names as name_errors, sizes as errors};
use crate::scope::Symbol;

impl<'a> Cx<'a> {
    /// The syntax of a function; tests have none.
    pub(crate) fn function_ast(&self, id: FunctionId) -> Option<&'a ast::Fn> {
        let place = self.function_places[id.index()];
        let item = self.modules[place.module].ast.items.get(place.item)?;
        let members = match (&item.kind, place.member) {
            (ast::ItemKind::Fn(function), None) => return Some(function),
            (ast::ItemKind::Layer(it), Some(_)) => &it.members,
            (ast::ItemKind::Space(it), Some(_)) => &it.members,
            _ => return None,
        };
        match &members.get(place.member?)?.kind {
            ast::MemberKind::Fn(function) => Some(function),
            _ => None,
        }
    }

    /// Sizes, parameters, result and facts of a function.
    pub(crate) fn signature(&mut self, id: FunctionId) {
        let Some(function) = self.function_ast(id) else { return };
        let place = self.function_places[id.index()];
        let mut scope = match self.function(id).owner {
            Some(owner) => (*self.layer_scopes[owner.index()]).clone(),
            None => Scope::new(place.module),
        };
        if let Some(owner) = self.function(id).owner.filter(|owner| self.layer(*owner).space) {
            // What a space's facts say of sizes holds for those that each function chooses.
            let layer = self.layer(owner);
            let params: Vec<Name> = layer.params.iter().map(|it| it.name).collect();
            let file = &self.modules[scope.module].dims;
            scope.names.retain(|name, _| params.contains(name) || !file.contains_key(name));
        }
        let mut dims: Vec<DimParam> = Vec::new();
        for (i, param) in function.params.iter().enumerate() {
            self.dim_param(&mut scope, i, param, &mut dims);
        }
        for param in &function.params {
            self.quantify_type(&mut scope, &param.ty, &mut dims);
        }
        let bound = dims.len();
        if let Some(result) = &function.result {
            self.quantify_type(&mut scope, result, &mut dims);
        }
        let only_in_result = dims[bound..].to_vec();
        // Bounds such as `past: dim <= S` may name any size of the signature.
        for param in &function.params {
            if let ast::TypeKind::Dim { bound: Some(bound) } = &param.ty.kind {
                let (_, limit) = self.dim_bound(&scope, Some(bound));
                if let Some(limit) = limit {
                    scope.facts.assume_at_least(&limit, &Dim::var(param.name.name));
                }
            }
        }
        // Lengths of state have to be known before the facts that name them.
        for (i, param) in function.params.iter().enumerate() {
            self.lengths(&mut scope, i, param, &mut dims);
        }
        let mut facts = self.space_facts(id, &dims);
        for fact in &function.facts {
            if let Some(fact) = self.condition(&scope, fact) {
                assume(&mut scope, &fact, true);
                facts.push(fact);
            }
        }
        self.limits(&mut scope, function);
        scope.optional =
            function.params.iter().filter(|it| it.optional).map(|it| it.name.name).collect();
        let mut locals = nnc_base::Table::new();
        let mut params: Vec<Param> = Vec::new();
        for param in &function.params {
            let ty = match &param.ty.kind {
                ast::TypeKind::Dim { .. } => Type::Dim(Dim::var(param.name.name)),
                _ => {
                    let ty = self.ty(&scope, &param.ty);
                    with_lengths(ty, param.name.name, &self.program)
                }
            };
            let local =
                locals.push(Local { name: param.name.name, span: param.name.span, ty: ty.clone() });
            let same = |it: &&Param| it.name == param.name.name;
            if let Some(first) = params.iter().find(same).map(|it| it.span) {
                self.report(name_errors::duplicate(&param.name, first));
            }
            params.push(Param {
                name: param.name.name,
                span: param.name.span,
                ty,
                local,
                // The body says which local holds the final value.
                inout: param.inout.then_some(local),
                optional: param.optional,
            });
        }
        let (result, result_names) = match &function.result {
            Some(result) => {
                let names = match &result.kind {
                    ast::TypeKind::Tuple(fields) => {
                        fields.iter().map(|field| field.name.map(|it| it.name)).collect()
                    }
                    _ => Vec::new(),
                };
                let ty = match &result.kind {
                    // What it is shows when it is applied.
                    ast::TypeKind::Dim { .. } => Type::Dim(Dim::constant(0)),
                    _ => self.ty(&scope, result),
                };
                (ty, names)
            }
            None => (Type::unit(), Vec::new()),
        };
        // A parameter that was not understood may have been what gives a size its value, and
        // a layer that has no value for one was told so already.
        let broken = params.iter().any(|param| param.ty.is_error());
        let told = |cx: &Self, name: Name| cx.unknown_dims.contains(&(place.module, name));
        for dim in only_in_result.iter().filter(|_| !broken) {
            if !told(self, dim.name) {
                self.report(errors::only_in_result(dim.name, dim.span, function.signature_span));
            }
        }
        self.check_functions(function, &dims, &mut params, &mut locals);
        self.check_bound(&dims, &params, &scope);
        if let Some(written) = &function.result {
            self.check_result(&scope, written, &result);
        }
        self.check_optional(&dims, &params);
        let types = || params.iter().map(|it| &it.ty).chain([&result]);
        let (pack, float) = (types().any(has_pack), types().any(has_float));
        let facts_of_types = facts;
        let function = &mut self.program.functions[id];
        function.dims = dims;
        function.pack = pack;
        function.float = float;
        function.params = params;
        function.result = result;
        function.result_names = result_names;
        function.facts = facts_of_types;
        function.locals = locals;
        self.function_scopes[id.index()] = Some(scope);
    }

    /// What a space says of the sizes that this function of it chooses, so that its callers
    /// see to it.
    fn space_facts(&self, id: FunctionId, dims: &[DimParam]) -> Vec<Condition> {
        let Some(owner) = self.function(id).owner.filter(|owner| self.layer(*owner).space) else {
            return Vec::new();
        };
        let layer = self.layer(owner);
        let own = |name: &Name| dims.iter().any(|dim| dim.name == *name);
        let known = |name: &Name| own(name) || layer.params.iter().any(|it| it.name == *name);
        let facts = layer.facts.iter().filter(|fact| {
            let vars = fact.vars();
            vars.iter().any(own) && vars.iter().all(known)
        });
        facts.cloned().collect()
    }

    fn dim_param(
        &mut self,
        scope: &mut Scope,
        place: usize,
        param: &ast::Param,
        dims: &mut Vec<DimParam>,
    ) {
        let ast::TypeKind::Dim { bound } = &param.ty.kind else { return };
        let min = match bound {
            Some(bound) if matches!(bound.op, ast::BinaryOp::LessEqual | ast::BinaryOp::Less) => 0,
            bound => self.dim_bound(scope, bound.as_ref()).0,
        };
        let info = VarInfo { kind: None, rate: None, span: param.name.span, quantified: true };
        scope.declare(param.name.name, info, min);
        dims.push(DimParam {
            name: param.name.name,
            kind: None,
            rate: None,
            min,
            origin: DimOrigin::Argument(place as u32),
            span: param.name.span,
        });
    }

    /// Declares the `dims` names in a type as sizes that each call chooses.
    pub(crate) fn quantify_type(
        &mut self,
        scope: &mut Scope,
        ty: &ast::Type,
        dims: &mut Vec<DimParam>,
    ) {
        match &ty.kind {
            ast::TypeKind::Named(named) => self.quantify_named(scope, named, dims),
            ast::TypeKind::Tensor { element, axes } => {
                for axis in axes {
                    if let ast::AxisKind::Dim { size, .. } = &axis.kind {
                        self.quantify(scope, size, dims);
                    }
                }
                self.quantify_named(scope, element, dims);
            }
            ast::TypeKind::Tuple(fields) => {
                for field in fields {
                    self.quantify_type(scope, &field.ty, dims);
                }
            }
            ast::TypeKind::Array { element, count } => {
                self.quantify(scope, count, dims);
                self.quantify_type(scope, element, dims);
            }
            ast::TypeKind::Arrow { inputs, output } => {
                for ty in inputs.iter().chain([&**output]) {
                    self.quantify_type(scope, ty, dims);
                }
            }
            ast::TypeKind::Dim { .. } | ast::TypeKind::Error => {}
        }
    }

    fn quantify_named(
        &mut self,
        scope: &mut Scope,
        named: &ast::NamedType,
        dims: &mut Vec<DimParam>,
    ) {
        for arg in &named.args {
            match &arg.value {
                ast::StaticValue::Expr(expr) => self.quantify(scope, expr, dims),
                ast::StaticValue::Type(ty) => self.quantify_named(scope, ty, dims),
            }
        }
    }

    pub(crate) fn quantify(
        &mut self,
        scope: &mut Scope,
        expr: &ast::Expr,
        dims: &mut Vec<DimParam>,
    ) {
        match &expr.kind {
            ast::ExprKind::Name(name) => {
                let known = scope.names.contains_key(&name.name)
                    || self.symbol(scope.module, name.name).is_some();
                let declared = self.modules[scope.module].dims.get(&name.name).copied();
                let Some(declared) = declared.filter(|_| !known) else { return };
                let info = VarInfo {
                    kind: declared.kind,
                    rate: declared.rate,
                    span: name.span,
                    quantified: true,
                };
                scope.declare(name.name, info, declared.min);
                dims.push(DimParam {
                    name: name.name,
                    kind: info.kind,
                    rate: info.rate,
                    min: declared.min,
                    origin: DimOrigin::Axis,
                    span: name.span,
                });
            }
            ast::ExprKind::Unary { operand, .. } => self.quantify(scope, operand, dims),
            ast::ExprKind::Binary { left, right, .. } => {
                self.quantify(scope, left, dims);
                self.quantify(scope, right, dims);
            }
            ast::ExprKind::Call { args, .. } => {
                for arg in args {
                    self.quantify(scope, &arg.value, dims);
                }
            }
            _ => {}
        }
    }

    /// Variables for the `dim` fields of a parameter that is state.
    fn lengths(
        &mut self,
        scope: &mut Scope,
        place: usize,
        param: &ast::Param,
        dims: &mut Vec<DimParam>,
    ) {
        let Some(id) = self.struct_of(scope.module, &param.ty) else { return };
        let names: Vec<(Name, Span)> =
            self.program.structs[id].lens().map(|field| (field.name, field.span)).collect();
        for (i, (field, span)) in names.into_iter().enumerate() {
            let name = length_name(param.name.name, field);
            let info = VarInfo { kind: None, rate: None, span, quantified: true };
            scope.declare(name, info, 0);
            dims.push(DimParam {
                name,
                kind: None,
                rate: None,
                min: 0,
                origin: DimOrigin::Length { param: place as u32, field: i as u32 },
                span: param.name.span,
            });
        }
    }

    fn struct_of(&self, module: usize, ty: &ast::Type) -> Option<nnc_hir::StructId> {
        match &ty.kind {
            ast::TypeKind::Named(named) => match self.symbol(module, named.name.name) {
                Some(Symbol::Struct(id)) => Some(id),
                _ => None,
            },
            ast::TypeKind::Array { element, .. } => self.struct_of(module, element),
            _ => None,
        }
    }

    /// `len: dim <= S` holds of every value of the struct.
    fn limits(&mut self, scope: &mut Scope, function: &ast::Fn) {
        for param in &function.params {
            let mut element = &param.ty;
            while let ast::TypeKind::Array { element: inner, .. } = &element.kind {
                element = inner;
            }
            if self.struct_of(scope.module, element).is_none() {
                continue;
            }
            let Type::Struct { id, dims, .. } = self.ty(scope, element) else { continue };
            let it = &self.program.structs[id];
            for field in it.lens() {
                let Some(at_most) = &field.at_most else { continue };
                let env = it.params.iter().map(|it| it.name).zip(&dims);
                let env: Vec<_> = env.collect();
                let limit = at_most.substitute(&|name| {
                    env.iter().find(|(it, _)| *it == name).map(|(_, dim)| (*dim).clone())
                });
                let length = Dim::var(length_name(param.name.name, field.name));
                scope.facts.assume_at_least(&limit, &length);
            }
        }
    }

    /// Each size of the signature can be read off some argument.
    fn check_bound(&mut self, dims: &[DimParam], params: &[Param], scope: &Scope) {
        let mut plain: Vec<Name> = Vec::new();
        for param in params {
            if param.ty.is_error() {
                return;
            }
            plain_names(&param.ty, &mut plain);
        }
        for dim in dims {
            if dim.origin == DimOrigin::Axis && !plain.contains(&dim.name) {
                let mentioned = params.iter().any(|param| mentions(&param.ty, dim.name));
                if mentioned {
                    let span = scope.vars.get(&dim.name).map_or(dim.span, |it| it.span);
                    self.report(errors::not_inferred(dim.name, span));
                }
            }
        }
    }

    /// Each axis of a result has a size for all sizes that the facts allow.
    fn check_result(&mut self, scope: &Scope, written: &ast::Type, result: &Type) {
        match (&written.kind, result) {
            (ast::TypeKind::Tuple(fields), Type::Tuple(parts)) => {
                for (field, part) in fields.iter().zip(parts) {
                    self.check_result(scope, &field.ty, part);
                }
            }
            (ast::TypeKind::Tensor { axes, .. }, Type::Tensor(tensor)) => {
                let sized = axes.iter().filter(|axis| !matches!(axis.kind, ast::AxisKind::Rest));
                for (axis, size) in sized.zip(&tensor.axes) {
                    self.not_negative(scope, &size.extent(), axis.span);
                }
            }
            _ => {}
        }
    }

    /// That a size is at least 0 is known here.
    pub(crate) fn not_negative(&mut self, scope: &Scope, size: &Dim, at: Span) {
        let question = nnc_shape::Fact::AtLeast(size.clone(), Dim::constant(0));
        if !scope.facts.contradictory() && !scope.facts.proves(&question) {
            self.report(errors::negative(at, scope, size));
        }
    }

    /// All facts that a callee or a layer asks for hold here; those that do not are one
    /// mistake. Each fact is given as it is here and as it was written.
    pub(crate) fn require(&mut self, scope: &Scope, facts: &[Unmet], asked: &Asked<'_>) -> bool {
        let mut unmet = Vec::new();
        for (here, written) in facts {
            unmet_in(scope, here, written, &mut unmet);
        }
        if let Some(assumed) = &mut self.assumed {
            unmet.retain(|(here, _)| {
                let refuted = crate::dims::refuted(scope, here);
                if !refuted {
                    assumed.push(here.clone());
                }
                refuted
            });
        }
        // A size that cannot be breaks what else is asked of it; that is not told beside it.
        if let Some(at) = unmet.iter().position(|fact| is_impossible(scope, fact)) {
            unmet = vec![unmet.swap_remove(at)];
        }
        let Some((first, others)) = unmet.split_first() else { return true };
        self.report(fact_errors::unmet(scope, first, others, asked));
        false
    }
}

/// Whether a fact is the least value of a size, `k >= 1`, and what is given is less for certain.
pub(crate) fn is_impossible(scope: &Scope, (here, written): &Unmet) -> bool {
    let Condition::Compare(CompareOp::Ge, size, least) = written else { return false };
    let is_bound = size.as_var().is_some() && least.as_constant().is_some();
    is_bound && crate::dims::refuted(scope, here)
}

/// The parts of a fact that are not known to hold.
fn unmet_in(scope: &Scope, here: &Condition, written: &Condition, unmet: &mut Vec<Unmet>) {
    if let (Condition::And(a, b), Condition::And(a_written, b_written)) = (here, written) {
        unmet_in(scope, a, a_written, unmet);
        unmet_in(scope, b, b_written, unmet);
    } else if crate::dims::prove(scope, here) != Some(true) {
        unmet.push((here.clone(), written.clone()));
    }
}

pub(crate) fn length_name(param: Name, field: Name) -> Name {
    Name::new(&format!("{param}.{field}"))
}

/// A struct's lengths on entry are variables named after the parameter.
fn with_lengths(ty: Type, param: Name, program: &nnc_hir::Program) -> Type {
    match ty {
        Type::Struct { id, dims, .. } => {
            let lens = program.structs[id]
                .lens()
                .map(|field| Dim::var(length_name(param, field.name)))
                .collect();
            Type::Struct { id, dims, lens }
        }
        Type::Array(element, count) => {
            Type::Array(Box::new(with_lengths(*element, param, program)), count)
        }
        ty => ty,
    }
}

pub(crate) fn plain_names(ty: &Type, names: &mut Vec<Name>) {
    match ty {
        Type::Tensor(tensor) => {
            for axis in &tensor.axes {
                if let AxisSize::Dim(dim) = &axis.size {
                    names.extend(dim.as_var());
                }
            }
            if let Some(meaning) = &tensor.elem.meaning {
                names.extend(meaning.args.iter().filter_map(Dim::as_var));
            }
        }
        Type::Struct { dims, .. } => names.extend(dims.iter().filter_map(Dim::as_var)),
        Type::Array(element, count) => {
            names.extend(count.count.as_var());
            plain_names(element, names);
        }
        Type::Tuple(parts) => {
            for part in parts {
                plain_names(part, names);
            }
        }
        // A function says of no size what it is.
        Type::Dim(_) | Type::Layer(_) | Type::Function(_) | Type::Error => {}
    }
}

pub(crate) fn mentions(ty: &Type, name: Name) -> bool {
    match ty {
        Type::Tensor(tensor) => tensor.axes.iter().any(|axis| axis.extent().vars().contains(&name)),
        Type::Struct { dims, .. } => dims.iter().any(|dim| dim.vars().contains(&name)),
        Type::Array(element, count) => {
            count.count.vars().contains(&name) || mentions(element, name)
        }
        Type::Tuple(parts) => parts.iter().any(|part| mentions(part, name)),
        Type::Function(arrow) => {
            arrow.inputs.iter().chain([&arrow.output]).any(|ty| mentions(ty, name))
        }
        Type::Dim(_) | Type::Layer(_) | Type::Error => false,
    }
}

pub(crate) fn has_pack(ty: &Type) -> bool {
    match ty {
        Type::Tensor(tensor) => tensor.pack,
        Type::Tuple(parts) => parts.iter().any(has_pack),
        Type::Array(element, _) => has_pack(element),
        Type::Function(arrow) => arrow.inputs.iter().chain([&arrow.output]).any(has_pack),
        Type::Dim(_) | Type::Struct { .. } | Type::Layer(_) | Type::Error => false,
    }
}

pub(crate) fn has_float(ty: &Type) -> bool {
    match ty {
        Type::Tensor(tensor) => tensor.elem.base == Base::Float,
        Type::Tuple(parts) => parts.iter().any(has_float),
        Type::Array(element, _) => has_float(element),
        Type::Function(arrow) => arrow.inputs.iter().chain([&arrow.output]).any(has_float),
        Type::Dim(_) | Type::Struct { .. } | Type::Layer(_) | Type::Error => false,
    }
}
