//! State: `inout` values, appending to a cache, folds over layers, and scans.

use nnc_base::{Name, Span};
use nnc_hir::{
    Axis, AxisSize, Base, Binding, Expr, ExprKind, LocalId, Scan, ScanCarry, ScanYield, Stmt, Type,
};
use nnc_shape::{Dim, Fact};
use nnc_syntax::ast;

use super::call::Given;
use super::function::enclosed;
use super::unify::{Meeting, kinds_match, sizes_equal};
use super::{Body, Value};
use crate::errors::{index as index_errors, names as name_errors, state as errors};

impl Body<'_, '_> {
    /// The local that an argument for an `inout` parameter names.
    pub(super) fn inout_argument(
        &mut self,
        given: &Given<'_>,
        param: Name,
        others: &[(Option<LocalId>, Span)],
    ) -> Option<LocalId> {
        let Given::Syntax(ast::Expr { kind: ast::ExprKind::Name(name), span }) = given else {
            let span = match given {
                Given::Syntax(expr) => expr.span,
                Given::Value(value) => value.expr.span,
            };
            self.report(errors::inout_not_a_name(span, param));
            return None;
        };
        let Some(&local) = self.names.get(&name.name) else {
            self.unknown_name(name);
            return None;
        };
        if let Some(&(moved, now)) = self.moved.get(&local) {
            self.report(errors::used_up(*span, name.name, moved, now));
            return None;
        }
        if let Some((_, first)) = others.iter().find(|(other, _)| *other == Some(local)) {
            self.report(errors::two_aliases(*span, name.name, *first));
            return None;
        }
        // A value of one's own may be changed too; it starts a new line of versions.
        if *self.root.entry(local).or_insert(local) == local {
            self.current.entry(local).or_insert(local);
        }
        Some(local)
    }

    /// The local that holds a state's value after a change.
    pub(super) fn next_version(&mut self, before: LocalId, ty: Type, at: Span) -> LocalId {
        self.check_captured(before, at);
        if self.branches > 0 {
            self.report(errors::change_in_branch(at));
        }
        let name = self.locals[before].name;
        let after = self.new_local(name, ty, at);
        let root = self.root.get(&before).copied().unwrap_or(before);
        self.root.insert(after, root);
        self.current.insert(root, after);
        if self.names.get(&name) == Some(&before) {
            self.bind(name, after);
        }
        after
    }

    /// `h[d] = …` outside of a scan: the next value of an `inout` tensor.
    pub(super) fn update_state(
        &mut self,
        target: &ast::Ident,
        indices: &[ast::Index],
        value: &ast::Expr,
    ) {
        let before = self.names.get(&target.name).copied().filter(|local| {
            self.root.contains_key(local) && matches!(self.locals[*local].ty, Type::Tensor(_))
        });
        let Some(before) = before else {
            self.report(errors::update_outside(target));
            return;
        };
        let (ty, declared) = (self.locals[before].ty.clone(), self.locals[before].span);
        let value = self.scan_value(indices, value, target.span);
        let at = value.span;
        let value = self.fit_result(Value { expr: value, flex: false }, &ty, at, declared);
        if !value.ty.is_error() {
            let after = self.next_version(before, ty, target.span);
            self.assign(after, value);
        }
    }

    /// `cache.append(k, v)`: writes behind what is there and moves the length on.
    pub(super) fn append(&mut self, base: &ast::Expr, args: &[ast::Arg], span: Span) -> Value {
        let state = self.expr(base);
        let values: Vec<Value> = args.iter().map(|arg| self.expr(&arg.value)).collect();
        if state.is_error() || values.iter().any(Value::is_error) {
            return Value::error(span);
        }
        let Type::Struct { id, dims, lens } = state.expr.ty.clone() else {
            let found = self.show(&state.expr.ty);
            self.report(errors::append_to(base.span, &found));
            return Value::error(span);
        };
        let it = self.cx.program.structs[id].clone();
        let (Some(length), [len]) = (it.lens().next(), lens.as_slice()) else {
            self.report(errors::append_to(base.span, it.name.as_str()));
            return Value::error(span);
        };
        let sizes = |name: Name| {
            let at = it.params.iter().position(|param| param.name == name)?;
            dims.get(at).cloned()
        };
        let Some(limit) = length.at_most.as_ref() else {
            self.report(errors::append_to(base.span, it.name.as_str()));
            return Value::error(span);
        };
        let fields: Vec<_> =
            it.fields.iter().filter(|field| matches!(field.ty, Type::Tensor(_))).collect();
        if fields.len() != values.len() {
            self.report(name_errors::argument_count(
                span,
                Name::new("append"),
                fields.len(),
                values.len(),
            ));
            return Value::error(span);
        }
        let mut count: Option<Dim> = None;
        let mut axes = Vec::new();
        let mut fitted = Vec::new();
        for (field, value) in fields.iter().zip(values) {
            let Type::Tensor(declared) = &field.ty else { continue };
            let along = declared.axes.iter().position(|axis| axis.extent() == *limit);
            let Some(along) = along else {
                self.report(errors::append_axis(field.span, field.name, length.name));
                return Value::error(span);
            };
            let value = self.as_tensor(value);
            let Type::Tensor(found) = &value.ty else {
                self.not_a_tensor(value.span, &value.ty);
                return Value::error(span);
            };
            let Type::Tensor(mut expected) = self.with_kinds(field.ty.substitute(&sizes)) else {
                continue;
            };
            if let (Some(axis), Some(new)) = (expected.axes.get_mut(along), found.axes.get(along)) {
                let size = count.clone().unwrap_or_else(|| new.extent());
                axis.size = AxisSize::Dim(size.clone());
                axis.kind = new.kind.or(axis.kind);
                count = Some(size);
            }
            let at = value.span;
            let who = format!("field `{}`", field.name);
            let meeting = Meeting::new(at, field.span, &who);
            let value =
                self.fit(Value { expr: value, flex: false }, &Type::Tensor(expected), meeting);
            if value.ty.is_error() {
                return Value::error(span);
            }
            axes.push(along);
            fitted.push(value);
        }
        let Some(count) = count else { return Value::error(span) };
        let size = limit.substitute(&sizes);
        let after = len + &count;
        let question = Fact::AtLeast(size.clone(), after.clone());
        if !self.scope.facts.proves(&question) {
            let answer = self.scope.facts.ask(&question);
            let name = match &base.kind {
                ast::ExprKind::Name(name) => name.as_str(),
                _ => "cache",
            };
            self.report(errors::overflow(
                &self.scope,
                span,
                name,
                &count,
                &after,
                &size,
                &answer,
                it.span,
            ));
            return Value::error(span);
        }
        let at = len.clone();
        let ty = Type::Struct { id, dims, lens: vec![after] };
        let before = match state.expr.kind {
            ExprKind::Local(local) => Some(local),
            _ => None,
        };
        let kind =
            ExprKind::Append { state: Box::new(state.expr), values: fitted, axes, at, count };
        let value = Expr { kind, ty: ty.clone(), span };
        let Some(before) = before else {
            return Value { expr: value, flex: false };
        };
        if self.root.contains_key(&before) {
            self.check_captured(before, span);
        }
        if self.branches > 0 && self.root.contains_key(&before) {
            self.report(errors::change_in_branch(span));
        }
        let name = self.locals[before].name;
        let local = self.new_local(name, ty.clone(), span);
        let root = self.root.get(&before).copied().unwrap_or(before);
        self.root.insert(local, root);
        self.current.insert(root, local);
        self.moved.insert(before, (span, name));
        self.assign(local, value);
        Value::new(ExprKind::Local(local), ty, span)
    }

    // ---- scans ------------------------------------------------------------

    /// `scan t in T with h[b, d] = h0 { … }`.
    pub(super) fn scan(&mut self, scan: &ast::Scan, span: Span) {
        let Some((extent, kind, _)) = self.extent(&scan.extent) else {
            // What the scan would have given is not missing by a mistake of its own.
            for name in scan_results(scan) {
                let local = self.new_local(name.name, Type::Error, name.span);
                self.bind(name.name, local);
            }
            return;
        };
        if let Some(carry) = scan.carries.iter().find(|it| it.name.name == scan.index.name) {
            self.report(name_errors::duplicate(&carry.name, scan.index.span));
        }
        let mark = self.undo.len();
        let mut carries: Vec<(ScanCarry, Option<LocalId>, ast::Ident, Vec<Name>)> = Vec::new();
        let mut ok = true;
        for carry in &scan.carries {
            let init = self.expr(&carry.init);
            let flex = init.flex || matches!(init.expr.ty, Type::Dim(_));
            let init = self.carry_init(init, carry, flex);
            if init.ty.is_error() {
                // Its uses are not mistakes of their own.
                let local = self.new_local(carry.name.name, Type::Error, carry.name.span);
                self.bind(carry.name.name, local);
                ok = false;
                continue;
            }
            let state = match init.kind {
                ExprKind::Local(local) if self.root.contains_key(&local) => Some(local),
                _ => None,
            };
            let before = self.new_local(carry.name.name, init.ty.clone(), carry.name.span);
            self.bind(carry.name.name, before);
            let names = index_names(&carry.indices);
            let it = ScanCarry { init, before, after: before, last: before };
            carries.push((it, state, carry.name, names));
        }
        let condition = match &scan.condition {
            Some(condition) => {
                let checked = self.scan_condition(scan, condition, ok);
                ok &= checked.is_some();
                checked
            }
            None => None,
        };
        let var = self.push_scan_var(&scan.index, extent.clone(), kind);
        let outer = std::mem::take(&mut self.stmts);
        let outer_branches = std::mem::take(&mut self.branches);
        let mut yields: Vec<(ast::Ident, ScanYield, Type)> = Vec::new();
        for stmt in &scan.body {
            match &stmt.kind {
                ast::StmtKind::Update { target, indices, value } => {
                    let Some(at) =
                        carries.iter().position(|(_, _, name, _)| name.name == target.name)
                    else {
                        if ok {
                            self.report(errors::not_a_carry(target));
                        }
                        continue;
                    };
                    let expr = self.scan_value(indices, value, target.span);
                    if expr.ty.is_error() {
                        ok = false;
                        continue;
                    }
                    let (carry, _, name, _) = &carries[at];
                    let (before, entered) = (carry.before, carry.init.span);
                    let declared = self.locals[before].ty.clone();
                    if let Some(differences) = self.carry_changes(&declared, &expr.ty) {
                        let shown = (self.show(&declared), self.show(&expr.ty));
                        let diagnostic = errors::carry(
                            target.span,
                            name.name,
                            &shown.0,
                            entered,
                            &shown.1,
                            &differences,
                        );
                        self.report(diagnostic);
                        ok = false;
                        continue;
                    }
                    let local = self.new_local(target.name, declared, target.span);
                    self.assign(local, expr);
                    carries[at].0.after = local;
                    self.bind(target.name, local);
                }
                ast::StmtKind::Yield { target, .. } if scan.condition.is_some() => {
                    if ok {
                        let condition = scan.condition.as_ref().map(|it| it.span);
                        self.report(errors::yield_in_while(target, condition));
                    }
                    ok = false;
                }
                ast::StmtKind::Yield { target, indices, value } => {
                    match self.scan_yield(scan, target, indices, value, &extent, kind) {
                        Some(it) => yields.push(it),
                        None => ok = false,
                    }
                }
                _ => self.stmt(stmt),
            }
        }
        self.branches = outer_branches;
        let body = std::mem::replace(&mut self.stmts, outer);
        self.vars.retain(|it| it.id != var);
        self.unbind_to(mark);
        let mut finished = Vec::new();
        for (mut carry, state, name, _) in carries {
            let ty = self.locals[carry.before].ty.clone();
            carry.last = match state {
                Some(state) => self.next_version(state, ty, name.span),
                None => self.new_local(name.name, ty, name.span),
            };
            self.bind(name.name, carry.last);
            finished.push(carry);
        }
        let mut results = Vec::new();
        for (name, mut it, ty) in yields {
            it.all = self.new_local(name.name, ty, name.span);
            self.bind(name.name, it.all);
            results.push(it);
        }
        if !ok {
            // Uses of what the scan would have given are not mistakes of their own.
            let yielded = scan.body.iter().filter_map(|stmt| match &stmt.kind {
                ast::StmtKind::Yield { target, .. } => Some(*target),
                _ => None,
            });
            for name in scan.carries.iter().map(|carry| carry.name).chain(yielded) {
                let local = self.new_local(name.name, Type::Error, name.span);
                self.bind(name.name, local);
            }
            return;
        }
        self.stmts.push(Stmt::Scan(Scan {
            var,
            extent,
            condition,
            carries: finished,
            body,
            yields: results,
            span,
        }));
    }

    /// What a scan goes on for, of the carries as they are before a step.
    fn scan_condition(
        &mut self,
        scan: &ast::Scan,
        condition: &ast::Expr,
        whole: bool,
    ) -> Option<Expr> {
        let known = self.is_known(scan.index.name);
        if !known && names_in(condition, scan.index.name) {
            self.report(errors::while_of_the_step(condition.span, &scan.index));
            return None;
        }
        let outer = std::mem::take(&mut self.stmts);
        let value = self.expr(condition);
        let value = self.as_tensor(value);
        let stmts = std::mem::replace(&mut self.stmts, outer);
        let value = enclosed(stmts, value);
        if value.ty.is_error() || !whole {
            return None;
        }
        let holds = value.ty.as_tensor();
        if !holds.is_some_and(|it| it.is_scalar() && it.elem.base == Base::Bool) {
            let found = self.show(&value.ty);
            self.report(errors::while_condition(value.span, &found));
            return None;
        }
        let reads = |carry: &ast::Carry| names_in(condition, carry.name.name);
        if !scan.carries.iter().any(reads) {
            self.report(errors::while_without_carry(value.span, &scan.carries));
            return None;
        }
        Some(value)
    }

    /// The value that a carry starts with; a number is repeated over the carry's axes.
    fn carry_init(&mut self, init: Value, carry: &ast::Carry, flex: bool) -> Expr {
        let init = match init.expr.ty {
            // An integer stays one: a carry that becomes a float is a mistake to be shown.
            Type::Dim(_) => self.as_tensor(init),
            _ => self.settle(init),
        };
        let Type::Tensor(tensor) = &init.ty else {
            if !init.ty.is_error() {
                self.not_a_tensor(init.span, &init.ty);
            }
            return Expr::error(init.span);
        };
        let is_rest = |index: &&ast::Index| matches!(index.kind, ast::IndexKind::Rest);
        let rest = carry.indices.iter().filter(is_rest).count();
        let given = carry.indices.len() - rest;
        // Without indices a carry is as it starts.
        let whole = carry.indices.is_empty() || (rest == 1) == tensor.pack;
        if tensor.axes.len() == given && whole {
            return init;
        }
        if !(flex && tensor.is_scalar()) {
            let found = self.show(&init.ty);
            let found_axes = tensor.axes.len();
            self.report(index_errors::index_count(carry.span, &found, found_axes, given));
            return Expr::error(init.span);
        }
        // `h[b: B, d: D] = 0.0`
        self.nest(&carry.indices, &carry.init, carry.name.span)
    }

    /// The right side of an update or a yield: in index form if it has an index list.
    fn scan_value(&mut self, indices: &[ast::Index], value: &ast::Expr, at: Span) -> Expr {
        if indices.is_empty() {
            let value = self.expr(value);
            return self.as_tensor(value);
        }
        self.nest(indices, value, at)
    }

    fn scan_yield(
        &mut self,
        scan: &ast::Scan,
        target: &ast::Ident,
        indices: &[ast::Index],
        value: &ast::Expr,
        extent: &Dim,
        kind: Option<Name>,
    ) -> Option<(ast::Ident, ScanYield, Type)> {
        let names = index_names(indices);
        let Some(axis) = names.iter().position(|name| *name == scan.index.name) else {
            self.report(errors::yield_without_index(target, &scan.index));
            return None;
        };
        let mut step_indices = indices.to_vec();
        step_indices.remove(axis);
        let expr = if step_indices.is_empty() {
            self.nest(&[], value, target.span)
        } else {
            self.nest(&step_indices, value, target.span)
        };
        let Type::Tensor(step) = &expr.ty else { return None };
        let mut all = step.clone();
        let rate = self.scope.rate_of(extent);
        all.axes.insert(axis, Axis { size: AxisSize::Dim(extent.clone()), kind, rate });
        let local = self.new_local(target.name, expr.ty.clone(), target.span);
        self.stmts.push(Stmt::Let(Binding { locals: vec![local], tuple: false, value: expr }));
        Some((*target, ScanYield { step: local, all: local, axis }, Type::Tensor(all)))
    }

    /// What of a carry is different at the end of a step; `None` if nothing is.
    fn carry_changes(&self, before: &Type, after: &Type) -> Option<Vec<String>> {
        let (Type::Tensor(before), Type::Tensor(after)) = (before, after) else { return None };
        let mut differences = Vec::new();
        if before.elem.base != after.elem.base {
            let shown = (self.show_elem(&before.elem), self.show_elem(&after.elem));
            differences.push(format!("the element changes from {} to {}", shown.0, shown.1));
        }
        if before.axes.len() != after.axes.len() {
            differences.push(format!(
                "the number of axes changes from {} to {}",
                before.axes.len(),
                after.axes.len()
            ));
        }
        for (place, (a, b)) in before.axes.iter().zip(&after.axes).enumerate() {
            if !kinds_match(a, b) || !sizes_equal(&self.scope, &a.extent(), &b.extent()) {
                let shown = (self.scope.show(&a.extent()), self.scope.show(&b.extent()));
                differences.push(format!("axis {place} changes from {} to {}", shown.0, shown.1));
            }
        }
        (!differences.is_empty()).then_some(differences)
    }
}

fn index_names(indices: &[ast::Index]) -> Vec<Name> {
    indices
        .iter()
        .map(|index| match &index.kind {
            ast::IndexKind::Expr(ast::Expr { kind: ast::ExprKind::Name(name), .. })
            | ast::IndexKind::Extent { name, .. } => name.name,
            _ => Name::new("_"),
        })
        .collect()
}

/// Whether a name occurs in an expression.
fn names_in(expr: &ast::Expr, name: Name) -> bool {
    let within = |expr: &ast::Expr| names_in(expr, name);
    match &expr.kind {
        ast::ExprKind::Name(it) => it.name == name,
        ast::ExprKind::Unary { operand, .. } => within(operand),
        ast::ExprKind::Binary { left, right, .. } => within(left) || within(right),
        ast::ExprKind::Pipe { value, function } => within(value) || within(function),
        ast::ExprKind::Cast { value, .. } => within(value),
        ast::ExprKind::Field { base, .. } => within(base),
        ast::ExprKind::Call { function, args } => {
            within(function) || args.iter().any(|arg| within(&arg.value))
        }
        ast::ExprKind::Index { base, indices } => {
            let index = |index: &ast::Index| match &index.kind {
                ast::IndexKind::Expr(expr) => within(expr),
                _ => false,
            };
            within(base) || indices.iter().any(index)
        }
        ast::ExprKind::Tuple(items) | ast::ExprKind::List(items) => items.iter().any(within),
        ast::ExprKind::If { condition, then, otherwise } => {
            within(condition) || block_names(then, name) || within(otherwise)
        }
        ast::ExprKind::Block(block) => block_names(block, name),
        ast::ExprKind::Lambda { body, .. } => within(body),
        ast::ExprKind::With { layer, replaced } => {
            within(layer) || replaced.iter().any(|it| within(&it.value))
        }
        ast::ExprKind::Reduce(reduce) => {
            let guard = reduce.guard.iter().chain(&reduce.otherwise);
            within(&reduce.body) || guard.map(|it| &**it).any(within)
        }
        ast::ExprKind::Int(_)
        | ast::ExprKind::Float(_)
        | ast::ExprKind::Bool(_)
        | ast::ExprKind::Text(_)
        | ast::ExprKind::Quantity { .. }
        | ast::ExprKind::Hole
        | ast::ExprKind::Error => false,
    }
}

fn block_names(block: &ast::Block, name: Name) -> bool {
    let value = |stmt: &ast::Stmt| match &stmt.kind {
        ast::StmtKind::Let { value, .. } | ast::StmtKind::Expr(value) => names_in(value, name),
        _ => false,
    };
    block.stmts.iter().any(value) || block.value.as_ref().is_some_and(|it| names_in(it, name))
}

/// What a scan leaves behind: its carries and what it yields.
fn scan_results(scan: &ast::Scan) -> impl Iterator<Item = &ast::Ident> {
    let yielded = scan.body.iter().filter_map(|stmt| match &stmt.kind {
        ast::StmtKind::Yield { target, .. } => Some(target),
        _ => None,
    });
    scan.carries.iter().map(|it| &it.name).chain(yielded)
}
