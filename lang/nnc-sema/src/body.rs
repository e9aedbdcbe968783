//! Bodies of functions: statements and blocks.
//!
//! One [`Body`] checks one function. It walks the syntax once, front to back; what
//! it finds wrong is reported and becomes [`Type::Error`], which fits everywhere.

mod apply;
mod bind;
mod bounds;
mod call;
mod elementwise;
mod expr;
mod fold;
mod function;
mod handed;
mod holes;
mod index;
mod join;
mod layer_call;
mod origins;
mod place;
mod read;
mod reduce;
mod scalar;
mod scalar_call;
mod shape;
mod sort;
mod state;
mod story;
mod unify;
mod with;

pub(crate) use apply::{Link, Surroundings, apply};
pub(crate) use handed::{Given, Handed, check_handed};
pub(crate) use holes::{Candidate, check_candidate};
pub(crate) use place::{condition_in as condition_of, field_in as place_in};
pub(crate) use with::{Replacing, check_replacement};

use std::collections::HashMap;

use nnc_base::{Diagnostic, Name, Span, Table};
use nnc_hir::{
    AxisSize, Base, Binding, Block, Elem, Expr, ExprKind, FunctionId, IndexVar, LayerId, Local,
    LocalId, Stmt, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::cx::{Cx, Progress, Scope};
use crate::dims::{assume, is_dim_function};
use crate::errors::{Joined, Meeting, Softmax};
use crate::errors::{
    index as index_errors, layers as layer_errors, names as name_errors, shapes as shape_errors,
    state as state_errors,
};
use index::{NestState, Var};

/// A checked expression.
pub(crate) struct Value {
    pub(crate) expr: Expr,
    /// Made of literals, sizes and `float` parameters only, so that it takes the float
    /// type of what it meets.
    pub(crate) flex: bool,
}

/// The check of one function's body.
pub(crate) struct Body<'c, 'a> {
    cx: &'c mut Cx<'a>,
    /// `None` for a test.
    id: Option<FunctionId>,
    scope: Scope,
    owner: Option<LayerId>,
    /// Whether `float` and `..` occur in the signature.
    float: bool,
    pack: bool,
    locals: Table<Local>,
    index_vars: Table<IndexVar>,
    names: HashMap<Name, LocalId>,
    /// What names stood for before the blocks that are open shadowed them.
    undo: Vec<(Name, Option<LocalId>)>,
    stmts: Vec<Stmt>,
    /// Index variables in scope, innermost last.
    vars: Vec<Var>,
    nest: Option<NestState>,
    /// Which local holds the present value of each `inout` parameter or item.
    current: HashMap<LocalId, LocalId>,
    /// The `inout` parameter or item that a local is a version of.
    root: HashMap<LocalId, LocalId>,
    /// Used up, where, and by which name its value goes now.
    moved: HashMap<LocalId, (Span, Name)>,
    /// Along which axis a local's probabilities sum to one.
    normalised: HashMap<LocalId, Softmax>,
    /// What the value at a place was joined of, and the place that a local's value has.
    joined: HashMap<Span, Joined>,
    joined_locals: HashMap<LocalId, Span>,
    /// Which axis of a local was merged from several.
    merged: HashMap<LocalId, (usize, Span)>,
    /// How many branches are open in which state may not change.
    branches: usize,
    /// Inside a function that is an argument: how many locals there were outside.
    captured: Option<usize>,
    /// Whether a `reveal` is answered.
    test: bool,
    /// Whether a part could not be parsed: names that are not found may be from there.
    broken: bool,
    /// The holes of the body that stand for values.
    holes: Vec<holes::OpenValue>,
}

impl Value {
    fn error(span: Span) -> Value {
        Value { expr: Expr::error(span), flex: false }
    }

    fn new(kind: ExprKind, ty: Type, span: Span) -> Value {
        Value { expr: Expr { kind, ty, span }, flex: false }
    }

    fn is_error(&self) -> bool {
        self.expr.ty.is_error()
    }

    fn is_unit(&self) -> bool {
        self.expr.ty.is_unit()
    }
}

/// Checks the body of a function, unless that is done or being done.
pub(crate) fn check_function(cx: &mut Cx<'_>, id: FunctionId) {
    if cx.progress[id.index()] != Progress::Waiting {
        return;
    }
    let Some(function) = cx.function_ast(id) else { return };
    cx.progress[id.index()] = Progress::Running;
    let Some(scope) = cx.function_scopes[id.index()].take() else { return };
    cx.entry_facts.insert(id, scope.facts.clone());
    if is_dim_function(function) {
        check_dim_function(cx, id, function, &scope);
        cx.progress[id.index()] = Progress::Done;
        return;
    }
    let block;
    let (stmts, value, span) = match &function.body {
        ast::FnBody::Block(body) => (body.stmts.as_slice(), body.value.as_deref(), body.span),
        ast::FnBody::Expr(value) => {
            block = value;
            ([].as_slice(), Some(block), value.span)
        }
        ast::FnBody::Error(_) => {
            cx.progress[id.index()] = Progress::Done;
            return;
        }
    };
    let declared = cx.function(id);
    let (owner, float, pack) = (declared.owner, declared.float, declared.pack);
    let (locals, params, result) =
        (declared.locals.clone(), declared.params.clone(), declared.result.clone());
    let mut body = Body::new(cx, scope, owner, float, pack, locals);
    body.id = Some(id);
    for param in &params {
        body.names.insert(param.name, param.local);
        if param.inout.is_some() {
            body.current.insert(param.local, param.local);
            body.root.insert(param.local, param.local);
        }
    }
    for stmt in stmts {
        body.stmt(stmt);
    }
    let value = match value {
        Some(value) => body.expr(value),
        None => Value::new(ExprKind::Tuple(Vec::new()), Type::unit(), span),
    };
    let at = value.expr.span;
    let signature = function.result.as_ref().map_or(function.signature_span, |it| it.span);
    // A body that was not understood to its end gives nothing to compare.
    let unknown = body.broken && value.is_unit();
    let missing = !unknown && !stmts.is_empty() && value.is_unit() && !result.is_unit();
    if missing && !result.is_error() {
        let end = Span::new(span.file, span.end.saturating_sub(1), span.end);
        let expected = body.show(&result);
        body.report(shape_errors::no_value(end, &expected, signature));
    }
    let value = if unknown || missing { Value::error(at) } else { value };
    let value = body.fit(value, &result, Meeting::new(at, signature, "the declared result"));
    body.report_holes();
    let stmts = std::mem::take(&mut body.stmts);
    let finals: Vec<Option<LocalId>> =
        params.iter().map(|param| body.current.get(&param.local).copied()).collect();
    let (locals, index_vars) =
        (std::mem::take(&mut body.locals), std::mem::take(&mut body.index_vars));
    let function = &mut cx.program.functions[id];
    function.body = Block { stmts, value };
    function.locals = locals;
    function.index_vars = index_vars;
    for (param, last) in function.params.iter_mut().zip(finals) {
        if param.inout.is_some() {
            param.inout = last;
        }
    }
    cx.progress[id.index()] = Progress::Done;
}

/// The body of a function of sizes is an expression over sizes.
fn check_dim_function(cx: &mut Cx<'_>, id: FunctionId, function: &ast::Fn, scope: &Scope) {
    let value = match &function.body {
        ast::FnBody::Expr(value) => Some(value),
        ast::FnBody::Block(block) => block.value.as_deref(),
        ast::FnBody::Error(_) => None,
    };
    let Some(value) = value else { return };
    if let Some(size) = cx.dim(scope, value) {
        let span = value.span;
        let function = &mut cx.program.functions[id];
        function.result = Type::Dim(size.dim.clone());
        function.body.value =
            Expr { kind: ExprKind::Dim(size.dim.clone()), ty: Type::Dim(size.dim), span };
    }
}

/// Checks the block of a test as a function without parameters, of the layer that has the
/// test's layers for fields, if it has any.
pub(crate) fn check_test(cx: &mut Cx<'_>, module: usize, id: FunctionId, block: &ast::Block) {
    let owner = cx.function(id).owner;
    let scope = match owner {
        Some(owner) => (*cx.layer_scopes[owner.index()]).clone(),
        None => Scope::new(module),
    };
    let mut body = Body::new(cx, scope, owner, false, false, Table::new());
    body.test = true;
    for stmt in &block.stmts {
        body.stmt(stmt);
    }
    if let Some(value) = &block.value {
        let value = body.expr(value);
        if !value.is_error() {
            body.report(name_errors::unused_value(value.expr.span));
        }
    }
    body.report_holes();
    let stmts = std::mem::take(&mut body.stmts);
    let (locals, index_vars) =
        (std::mem::take(&mut body.locals), std::mem::take(&mut body.index_vars));
    let function = &mut cx.program.functions[id];
    function.body.stmts = stmts;
    function.locals = locals;
    function.index_vars = index_vars;
    function.result = Type::unit();
    cx.progress[id.index()] = Progress::Done;
}

impl<'c, 'a> Body<'c, 'a> {
    fn new(
        cx: &'c mut Cx<'a>,
        scope: Scope,
        owner: Option<LayerId>,
        float: bool,
        pack: bool,
        locals: Table<Local>,
    ) -> Body<'c, 'a> {
        Body {
            cx,
            id: None,
            scope,
            owner,
            float,
            pack,
            locals,
            index_vars: Table::new(),
            names: HashMap::new(),
            undo: Vec::new(),
            stmts: Vec::new(),
            vars: Vec::new(),
            nest: None,
            current: HashMap::new(),
            root: HashMap::new(),
            moved: HashMap::new(),
            normalised: HashMap::new(),
            joined: HashMap::new(),
            joined_locals: HashMap::new(),
            merged: HashMap::new(),
            branches: 0,
            captured: None,
            test: false,
            broken: false,
            holes: Vec::new(),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.cx.report(diagnostic);
    }

    /// Says that a value of this type stands where a tensor is wanted.
    fn not_a_tensor(&mut self, at: Span, ty: &Type) {
        let diagnostic = match ty {
            Type::Layer(used) => shape_errors::layer_as_tensor(at, self.cx.layer(used.layer).name),
            ty => shape_errors::not_a_tensor(at, &self.show(ty)),
        };
        self.report(diagnostic);
    }

    /// A type as messages write it.
    fn show(&self, ty: &Type) -> String {
        self.cx.program.show(ty).to_string()
    }

    fn show_elem(&self, elem: &Elem) -> String {
        self.cx.program.show(elem).to_string()
    }

    /// The float type of literals that meet nothing else.
    fn default_float(&self) -> Base {
        if self.float { Base::Float } else { Base::F32 }
    }

    // ---- names ------------------------------------------------------------

    fn new_local(&mut self, name: Name, ty: Type, span: Span) -> LocalId {
        self.locals.push(Local { name, span, ty })
    }

    /// Makes a name stand for a local until the block ends.
    fn bind(&mut self, name: Name, local: LocalId) {
        let before = self.names.insert(name, local);
        self.undo.push((name, before));
        match bind::innermost(&self.locals[local].ty).clone() {
            Type::Dim(dim) => {
                let size = self.scope.size(dim);
                self.scope.names.insert(name, size);
            }
            Type::Struct { id, lens, .. } => {
                let fields: Vec<Name> =
                    self.cx.program.structs[id].lens().map(|field| field.name).collect();
                for (field, len) in fields.into_iter().zip(lens) {
                    let size = self.scope.size(len);
                    self.scope.names.insert(crate::signature::length_name(name, field), size);
                }
            }
            Type::Tensor(_)
            | Type::Tuple(_)
            | Type::Array(..)
            | Type::Layer(_)
            | Type::Function(_)
            | Type::Error => {}
        }
    }

    fn unbind_to(&mut self, mark: usize) {
        while self.undo.len() > mark {
            let Some((name, before)) = self.undo.pop() else { return };
            match before {
                Some(local) => self.names.insert(name, local),
                None => self.names.remove(&name),
            };
        }
    }

    fn assign(&mut self, local: LocalId, value: Expr) {
        self.stmts.push(Stmt::Let(Binding { locals: vec![local], tuple: false, value }));
    }

    // ---- statements -------------------------------------------------------

    fn stmt(&mut self, stmt: &ast::Stmt) {
        match &stmt.kind {
            ast::StmtKind::Let { pattern, ty, value } => self.let_stmt(pattern, ty.as_ref(), value),
            ast::StmtKind::Update { target, indices, value } => {
                self.update_state(target, indices, value);
            }
            ast::StmtKind::Yield { target, .. } => {
                self.report(state_errors::yield_outside(target));
                let local = self.new_local(target.name, Type::Error, target.span);
                self.bind(target.name, local);
            }
            ast::StmtKind::Assert(value) => self.assert_stmt(value, stmt.span),
            ast::StmtKind::Scan(scan) => self.scan(scan, stmt.span),
            ast::StmtKind::Expr(value) => self.expr_stmt(value),
            ast::StmtKind::Layer { name, .. } => {
                self.report(layer_errors::layer_in_body(name.span));
                let local = self.new_local(name.name, Type::Error, name.span);
                self.bind(name.name, local);
            }
            ast::StmtKind::Error => self.broken = true,
        }
    }

    fn let_stmt(&mut self, pattern: &ast::Pattern, ty: Option<&ast::Type>, value: &ast::Expr) {
        match &pattern.kind {
            ast::PatternKind::Name(name) => {
                let mut value = self.expr(value);
                if let Some(ty) = ty {
                    let expected = self.cx.ty(&self.scope, ty);
                    let span = value.expr.span;
                    value = Value {
                        expr: self.fit_result(value, &expected, span, ty.span),
                        flex: false,
                    };
                }
                self.let_name(name, value);
            }
            ast::PatternKind::Tuple(names) => self.let_tuple(names, value),
            ast::PatternKind::Indexed { name, indices } => {
                let expr = self.nest(indices, value, name.span);
                let local = self.nest_local(name, expr);
                self.bind(name.name, local);
            }
            ast::PatternKind::Error => {
                self.broken = true;
                self.expr(value);
            }
        }
    }

    fn let_name(&mut self, name: &ast::Ident, value: Value) {
        // State that is already a local of its own only gets another name.
        if let ExprKind::Local(local) = value.expr.kind
            && self.root.contains_key(&local)
        {
            let old = self.locals[local].name;
            if old != name.name {
                let mut renamed = self.locals[local].clone();
                renamed.name = name.name;
                self.locals[local].name = name.name;
                self.names.retain(|_, it| *it != local);
            }
            self.bind(name.name, local);
            return;
        }
        let value = self.settle(value);
        let local = self.new_local(name.name, value.ty.clone(), name.span);
        if let Some(normalised) = self.normalised_axis(&value) {
            self.normalised.insert(local, normalised);
        }
        if self.joined.contains_key(&value.span) {
            self.joined_locals.insert(local, value.span);
        }
        if !matches!(value.ty, Type::Dim(_) | Type::Layer(_)) {
            self.assign(local, value);
        }
        self.bind(name.name, local);
    }

    fn let_tuple(&mut self, names: &[ast::Ident], value: &ast::Expr) {
        let value = self.expr(value);
        let span = value.expr.span;
        let parts = match &value.expr.ty {
            Type::Tuple(parts) if parts.len() == names.len() => parts.clone(),
            Type::Error => vec![Type::Error; names.len()],
            other => {
                let found = self.show(other);
                self.report(name_errors::not_a_tuple(span, names.len(), &found));
                vec![Type::Error; names.len()]
            }
        };
        let locals: Vec<LocalId> = names
            .iter()
            .zip(parts)
            .map(|(name, ty)| self.new_local(name.name, ty, name.span))
            .collect();
        if !value.is_error() {
            let binding = Binding { locals: locals.clone(), tuple: true, value: value.expr };
            self.stmts.push(Stmt::Let(binding));
        }
        for (name, local) in names.iter().zip(locals) {
            if name.as_str() != "_" {
                self.bind(name.name, local);
            }
        }
    }

    fn assert_stmt(&mut self, value: &ast::Expr, span: Span) {
        if self.is_static(value) {
            if let Some(condition) = self.cx.condition(&self.scope, value) {
                assume(&mut self.scope, &condition, true);
                self.stmts.push(Stmt::AssertSizes { condition, span });
            }
            return;
        }
        let value = self.expr(value);
        match &value.expr.ty {
            Type::Tensor(tensor) if tensor.elem.base == Base::Bool => {
                if !self.test {
                    self.report(state_errors::assert_on_values(span));
                }
                self.stmts.push(Stmt::Assert { value: value.expr, span });
            }
            Type::Error => {}
            other => {
                let found = self.show(other);
                self.report(index_errors::not_bool(value.expr.span, &found));
            }
        }
    }

    fn expr_stmt(&mut self, value: &ast::Expr) {
        if self.reveal(value) {
            return;
        }
        let value = self.expr(value);
        let used = match &value.expr.kind {
            ExprKind::Local(local) => self.root.contains_key(local),
            ExprKind::Call(_) => matches!(&value.expr.ty, Type::Tuple(parts) if parts.is_empty()),
            _ => false,
        };
        if matches!(value.expr.kind, ExprKind::Call(_)) {
            let local = self.new_local(Name::new("_"), value.expr.ty.clone(), value.expr.span);
            self.assign(local, value.expr);
        } else if !used && !value.is_error() {
            self.report(name_errors::unused_value(value.expr.span));
        }
    }

    /// `reveal(x);` answers with the type of `x`.
    fn reveal(&mut self, value: &ast::Expr) -> bool {
        let ast::ExprKind::Call { function, args } = &value.kind else { return false };
        let ast::ExprKind::Name(name) = &function.kind else { return false };
        let known = self.cx.symbol(self.scope.module, name.name).is_some();
        let ([arg], "reveal", false) = (args.as_slice(), name.as_str(), known) else {
            return false;
        };
        let shown = self.expr(&arg.value);
        if !shown.is_error() {
            let ty = self.show(&self.simplest(&shown.expr.ty));
            self.report(name_errors::revealed(value.span, &ty));
        }
        true
    }

    /// A type whose sizes are written as simply as the facts allow.
    fn simplest(&self, ty: &Type) -> Type {
        let simple = |dim: &Dim| {
            let normal = self.scope.facts.normalise(dim);
            if normal.to_string().len() < dim.to_string().len() { normal } else { dim.clone() }
        };
        match ty {
            Type::Tensor(tensor) => {
                let mut tensor = tensor.clone();
                for axis in &mut tensor.axes {
                    if let AxisSize::Dim(size) = &mut axis.size {
                        *size = simple(size);
                    }
                }
                Type::Tensor(tensor)
            }
            Type::Tuple(parts) => Type::Tuple(parts.iter().map(|it| self.simplest(it)).collect()),
            Type::Dim(dim) => Type::Dim(simple(dim)),
            other => other.clone(),
        }
    }

    /// The statements of a block and its value, in a scope of their own.
    fn block(&mut self, block: &ast::Block) -> Value {
        let mark = self.undo.len();
        let outer = std::mem::take(&mut self.stmts);
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
        let value = match &block.value {
            Some(value) => self.expr(value),
            None => Value::new(ExprKind::Tuple(Vec::new()), Type::unit(), block.span),
        };
        let stmts = std::mem::replace(&mut self.stmts, outer);
        self.unbind_to(mark);
        if stmts.is_empty() {
            return value;
        }
        let value = self.settle(value);
        let ty = value.ty.clone();
        Value::new(ExprKind::Block(Box::new(Block { stmts, value })), ty, block.span)
    }

    /// Runs `check` in a copy of the scope in which a condition is known.
    fn under<T>(
        &mut self,
        condition: &nnc_hir::Condition,
        holds: bool,
        check: impl FnOnce(&mut Self) -> T,
    ) -> (T, Scope) {
        let outer = self.scope.clone();
        assume(&mut self.scope, condition, holds);
        self.branches += 1;
        let result = check(self);
        self.branches -= 1;
        let inner = std::mem::replace(&mut self.scope, outer);
        (result, inner)
    }
}
