//! The places of a program at which it can be changed, found on its syntax tree.

use nnc_base::{Name, Span};
use nnc_syntax::ast::{
    Arg, Axis, AxisKind, AxisMap, BinaryOp, Block, DimDecl, Expr, ExprKind, FieldKind, FieldValue,
    Fn, FnBody, Index, IndexKind, Item, ItemKind, LayerUse, Member, MemberKind, Module, NamedType,
    PatternKind, Reduce, RowTarget, SplitPart, StaticArg, StaticValue, Stmt, StmtKind, Type,
    TypeKind, UnaryOp,
};

/// An index in a read, with the indices that it could be instead.
pub(super) struct Use {
    pub(super) span: Span,
    pub(super) others: Vec<Name>,
}

/// The condition of a reduction or a choice, and what it guards.
pub(super) struct Guard<'a> {
    pub(super) condition: &'a Expr,
    /// The computed positions that are read where the condition holds.
    pub(super) positions: Vec<&'a Expr>,
    /// Whether it can be left out as a whole: that of a reduction.
    pub(super) reduction: Option<&'a Reduce>,
}

/// Facts after `where` or in `with { … }`.
pub(super) struct Facts<'a> {
    pub(super) facts: &'a [Expr],
    /// Whether `where` stands in front, which goes with the last fact.
    pub(super) keyword: bool,
}

#[derive(Default)]
pub(super) struct Places<'a> {
    /// Axis lists of types.
    pub(super) axes: Vec<&'a [Axis]>,
    pub(super) elements: Vec<&'a NamedType>,
    /// Index lists on the left of `let`, of an update, a carry and a `yield`.
    pub(super) lefts: Vec<&'a [Index]>,
    pub(super) reads: Vec<&'a [Index]>,
    pub(super) uses: Vec<Use>,
    /// Numbers in sizes and positions.
    pub(super) numbers: Vec<&'a Expr>,
    /// `/` and `//` in sizes and positions.
    pub(super) divisions: Vec<&'a Expr>,
    pub(super) guards: Vec<Guard<'a>>,
    pub(super) facts: Vec<Facts<'a>>,
    pub(super) casts: Vec<&'a Expr>,
    /// Arguments of calls, with the name that is called.
    pub(super) calls: Vec<(Option<Name>, &'a [Arg])>,
    pub(super) statics: Vec<&'a [StaticArg]>,
    pub(super) reductions: Vec<&'a Reduce>,
    pub(super) dims: Vec<&'a DimDecl>,
    pub(super) maps: Vec<(Span, &'a AxisMap)>,
    /// Indices in scope.
    scope: Vec<Name>,
}

/// What an expression stands for.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Value,
    /// A size or a position, whose numbers matter to the checker.
    Size,
}

impl<'a> Places<'a> {
    pub(super) fn of(module: &'a Module) -> Places<'a> {
        let mut places = Places::default();
        for item in &module.items {
            places.item(item);
        }
        places
    }

    fn item(&mut self, item: &'a Item) {
        match &item.kind {
            ItemKind::Dims(dims) => self.dims.extend(dims),
            ItemKind::Type(alias) => self.ty(&alias.ty),
            ItemKind::Const(constant) => self.size(&constant.value),
            ItemKind::Fn(function) => self.function(function),
            ItemKind::Struct(it) => {
                self.facts(&it.facts);
                for field in &it.fields {
                    self.ty(&field.ty);
                }
            }
            ItemKind::Layer(layer) => {
                for config in &layer.configs {
                    self.ty(&config.ty);
                    // A number alone is what the layer is when nothing is said.
                    if let Some(default) = &config.default
                        && !matches!(default.kind, ExprKind::Int(_))
                    {
                        self.size(default);
                    }
                }
                self.facts(&layer.facts);
                self.members(&layer.members);
            }
            ItemKind::Space(space) => {
                self.facts(&space.facts);
                self.members(&space.members);
            }
            ItemKind::Checkpoint(checkpoint) => {
                for row in &checkpoint.rows {
                    if let RowTarget::Params { axes: Some(map), .. } = &row.target {
                        self.maps.push((row.span, map));
                    }
                }
            }
            ItemKind::Export(export) => self.bounds(&export.facts),
            ItemKind::Model(model) => {
                // Its numbers are free: any that satisfy the facts are right.
                for entry in &model.entries {
                    self.bounds(&entry.facts);
                }
            }
            // A test is an example of what is right; a wrong one fails when it is run.
            ItemKind::Use(_)
            | ItemKind::Kinds(_)
            | ItemKind::Elem(_)
            | ItemKind::Test(_)
            | ItemKind::Error => {}
        }
    }

    fn bounds(&mut self, facts: &'a [Expr]) {
        self.facts.push(Facts { facts, keyword: false });
    }

    fn facts(&mut self, facts: &'a [Expr]) {
        self.facts.push(Facts { facts, keyword: true });
        for fact in facts {
            self.divisions(fact);
        }
    }

    fn members(&mut self, members: &'a [Member]) {
        for member in members {
            match &member.kind {
                MemberKind::Const(constant) => self.size(&constant.value),
                MemberKind::Field(field) => self.field(&field.value),
                MemberKind::Hole(hole) => {
                    self.ty(&hole.input);
                    self.ty(&hole.output);
                    for candidate in &hole.candidates {
                        for layer in &candidate.chain {
                            self.layer(layer);
                        }
                    }
                }
                MemberKind::Fn(function) => self.function(function),
                MemberKind::Error => {}
            }
        }
    }

    fn field(&mut self, value: &'a FieldValue) {
        match &value.kind {
            FieldKind::Param { ty, .. } | FieldKind::State { ty, .. } => self.ty(ty),
            FieldKind::Layer(layer) => self.layer(layer),
            FieldKind::With { layer, replaced } => {
                self.layer(layer);
                replaced.iter().for_each(|it| self.expr(&it.value, Role::Value));
            }
            FieldKind::Array { element, index: _, count } => {
                self.field(element);
                self.size(count);
            }
            FieldKind::If { condition, then, otherwise } => {
                self.divisions(condition);
                self.field(then);
                if let Some(otherwise) = otherwise {
                    self.field(otherwise);
                }
            }
            FieldKind::Error => {}
        }
    }

    fn layer(&mut self, layer: &'a LayerUse) {
        self.static_args(&layer.args);
        for config in &layer.configs {
            self.size(&config.value);
        }
        if layer.configs.len() > 1 {
            self.calls.push((None, &layer.configs));
        }
    }

    fn static_args(&mut self, args: &'a [StaticArg]) {
        self.statics.push(args);
        for arg in args {
            match &arg.value {
                StaticValue::Expr(expr) => self.size(expr),
                StaticValue::Type(named) => self.static_args(&named.args),
            }
        }
    }

    fn function(&mut self, function: &'a Fn) {
        for param in &function.params {
            self.ty(&param.ty);
        }
        let sizes =
            function.result.as_ref().is_some_and(|it| matches!(it.kind, TypeKind::Dim { .. }));
        if let Some(result) = &function.result {
            self.ty(result);
        }
        self.facts(&function.facts);
        match &function.body {
            FnBody::Block(block) => self.block(block),
            FnBody::Expr(value) if sizes => self.size(value),
            FnBody::Expr(value) => self.expr(value, Role::Value),
            FnBody::Error(_) => {}
        }
    }

    fn ty(&mut self, ty: &'a Type) {
        match &ty.kind {
            TypeKind::Named(named) => self.static_args(&named.args),
            TypeKind::Tensor { element, axes } => {
                self.elements.push(element);
                self.static_args(&element.args);
                self.axes.push(axes);
                for axis in axes {
                    if let AxisKind::Dim { size, .. } = &axis.kind {
                        self.size(size);
                    }
                }
            }
            TypeKind::Dim { bound } => {
                if let Some(bound) = bound {
                    self.divisions(&bound.value);
                }
            }
            TypeKind::Tuple(fields) => {
                for field in fields {
                    self.ty(&field.ty);
                }
            }
            TypeKind::Array { element, count } => {
                self.ty(element);
                self.size(count);
            }
            TypeKind::Arrow { inputs, output } => {
                for ty in inputs.iter().chain([&**output]) {
                    self.ty(ty);
                }
            }
            TypeKind::Error => {}
        }
    }

    fn block(&mut self, block: &'a Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
        if let Some(value) = &block.value {
            self.expr(value, Role::Value);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Let { pattern, ty, value } => {
                if let Some(ty) = ty {
                    self.ty(ty);
                }
                match &pattern.kind {
                    PatternKind::Indexed { indices, .. } => self.nest(indices, value),
                    PatternKind::Name(_) | PatternKind::Tuple(_) | PatternKind::Error => {
                        self.expr(value, Role::Value);
                    }
                }
            }
            StmtKind::Update { indices, value, .. } | StmtKind::Yield { indices, value, .. } => {
                self.nest(indices, value);
            }
            StmtKind::Assert(value) => self.divisions(value),
            StmtKind::Scan(scan) => {
                self.size(&scan.extent);
                for carry in &scan.carries {
                    self.nest(&carry.indices, &carry.init);
                }
                self.scope.push(scan.index.name);
                for stmt in &scan.body {
                    self.stmt(stmt);
                }
                self.scope.pop();
            }
            StmtKind::Expr(value) => self.expr(value, Role::Value),
            StmtKind::Layer { .. } | StmtKind::Error => {}
        }
    }

    /// `[indices] = value`
    fn nest(&mut self, indices: &'a [Index], value: &'a Expr) {
        self.lefts.push(indices);
        let before = self.scope.len();
        for index in indices {
            match &index.kind {
                IndexKind::Expr(Expr { kind: ExprKind::Name(name), .. }) => {
                    self.scope.push(name.name);
                }
                IndexKind::Extent { name, extent } => {
                    self.scope.push(name.name);
                    self.size(extent);
                }
                IndexKind::Split(parts) => {
                    self.split(parts);
                    self.scope.extend(parts.iter().map(|it| it.name.name));
                }
                IndexKind::Expr(_) | IndexKind::Rest | IndexKind::Broadcast => {}
            }
        }
        self.expr(value, Role::Value);
        self.scope.truncate(before);
    }

    fn split(&mut self, parts: &'a [SplitPart]) {
        for size in parts.iter().filter_map(|it| it.size.as_ref()) {
            self.size(size);
        }
    }

    fn size(&mut self, expr: &'a Expr) {
        self.expr(expr, Role::Size);
    }

    /// Only the divisions of an expression.
    fn divisions(&mut self, expr: &'a Expr) {
        let numbers = self.numbers.len();
        self.size(expr);
        self.numbers.truncate(numbers);
    }

    fn read(&mut self, indices: &'a [Index]) {
        self.reads.push(indices);
        for index in indices {
            match &index.kind {
                IndexKind::Expr(expr) => self.expr(expr, Role::Size),
                IndexKind::Split(parts) => {
                    self.split(parts);
                    for part in parts {
                        self.index_use(part.name.name, part.name.span);
                    }
                }
                IndexKind::Rest | IndexKind::Broadcast | IndexKind::Extent { .. } => {}
            }
        }
    }

    fn index_use(&mut self, name: Name, span: Span) {
        if !self.scope.contains(&name) {
            return;
        }
        let mut others: Vec<Name> = self.scope.iter().copied().filter(|it| *it != name).collect();
        others.sort();
        others.dedup();
        self.uses.push(Use { span, others });
    }

    fn expr(&mut self, expr: &'a Expr, role: Role) {
        match &expr.kind {
            ExprKind::Int(_) if role == Role::Size => self.numbers.push(expr),
            ExprKind::Name(name) if role == Role::Size => self.index_use(name.name, name.span),
            ExprKind::Unary { operand, .. } => self.expr(operand, role),
            ExprKind::Binary { op, left, right, .. } => {
                if role == Role::Size && matches!(op, BinaryOp::Divide | BinaryOp::FloorDivide) {
                    self.divisions.push(expr);
                }
                self.expr(left, role);
                self.expr(right, role);
            }
            ExprKind::Pipe { value, function } => {
                self.expr(value, role);
                self.expr(function, role);
            }
            ExprKind::Cast { value, .. } => {
                self.casts.push(expr);
                self.expr(value, role);
            }
            ExprKind::Field { base, .. } => self.expr(base, Role::Value),
            ExprKind::Call { function, args } => {
                let name = match &function.kind {
                    ExprKind::Name(name) => Some(name.name),
                    _ => None,
                };
                self.calls.push((name, args));
                self.expr(function, Role::Value);
                for arg in args {
                    let number = matches!(arg.value.kind, ExprKind::Int(_));
                    self.expr(&arg.value, if number { Role::Size } else { role });
                }
            }
            ExprKind::Index { base, indices } => {
                self.expr(base, Role::Value);
                self.read(indices);
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                for item in items {
                    self.expr(item, role);
                }
            }
            ExprKind::If { condition, then, otherwise } => {
                let positions = positions_of_block(then);
                self.guards.push(Guard { condition, positions, reduction: None });
                self.expr(condition, Role::Value);
                self.block(then);
                self.expr(otherwise, role);
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Lambda { body, .. } => self.expr(body, role),
            ExprKind::With { replaced, .. } => {
                replaced.iter().for_each(|it| self.expr(&it.value, Role::Value));
            }
            ExprKind::Reduce(reduce) => self.reduce(reduce),
            ExprKind::Name(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Text(_)
            | ExprKind::Quantity { .. }
            | ExprKind::Hole
            | ExprKind::Error => {}
        }
    }

    fn reduce(&mut self, reduce: &'a Reduce) {
        self.reductions.push(reduce);
        let before = self.scope.len();
        for binder in &reduce.binders {
            if let Some(extent) = &binder.extent {
                self.size(extent);
            }
            if !self.scope.contains(&binder.name.name) {
                self.scope.push(binder.name.name);
            }
        }
        if let Some(guard) = &reduce.guard {
            let mut positions = Vec::new();
            positions_of(&reduce.body, &mut positions);
            self.guards.push(Guard { condition: guard, positions, reduction: Some(reduce) });
            self.expr(guard, Role::Value);
        }
        self.expr(&reduce.body, Role::Value);
        self.scope.truncate(before);
        if let Some(otherwise) = &reduce.otherwise {
            self.expr(otherwise, Role::Value);
        }
    }
}

fn positions_of_block(block: &Block) -> Vec<&Expr> {
    let mut positions = Vec::new();
    if let Some(value) = &block.value {
        positions_of(value, &mut positions);
    }
    positions
}

/// The computed positions at which an expression reads tensors.
fn positions_of<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    match &expr.kind {
        ExprKind::Index { base, indices } => {
            positions_of(base, found);
            for index in indices {
                if let IndexKind::Expr(position) = &index.kind {
                    found.push(position);
                    positions_of(position, found);
                }
            }
        }
        ExprKind::Unary { operand, .. } => positions_of(operand, found),
        ExprKind::Cast { value, .. } | ExprKind::Field { base: value, .. } => {
            positions_of(value, found);
        }
        ExprKind::Binary { left, right, .. } => {
            positions_of(left, found);
            positions_of(right, found);
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|it| positions_of(&it.value, found)),
        ExprKind::Tuple(items) | ExprKind::List(items) => {
            items.iter().for_each(|it| positions_of(it, found));
        }
        ExprKind::If { condition, then, otherwise } => {
            positions_of(condition, found);
            found.extend(positions_of_block(then));
            positions_of(otherwise, found);
        }
        ExprKind::Block(block) => found.extend(positions_of_block(block)),
        ExprKind::Reduce(reduce) => {
            if let Some(guard) = &reduce.guard {
                positions_of(guard, found);
            }
            positions_of(&reduce.body, found);
        }
        ExprKind::Pipe { .. }
        | ExprKind::Lambda { .. }
        | ExprKind::With { .. }
        | ExprKind::Name(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Bool(_)
        | ExprKind::Text(_)
        | ExprKind::Quantity { .. }
        | ExprKind::Hole
        | ExprKind::Error => {}
    }
}

impl Guard<'_> {
    /// The parts of the condition that must all hold, if they speak of a computed position
    /// that is read where they do: the guard is there for the read's sake.
    pub(super) fn bounds(&self) -> Vec<&Expr> {
        let mut conjuncts = Vec::new();
        conjuncts_of(self.condition, &mut conjuncts);
        conjuncts.retain(|it| self.is_bound(it));
        conjuncts
    }

    /// Whether it says where an index lies from which a position is computed.
    fn is_bound(&self, conjunct: &Expr) -> bool {
        let ExprKind::Binary { op, left, right, .. } = &conjunct.kind else { return false };
        let order = matches!(
            op,
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual
        );
        let (mut said, mut read) = (Vec::new(), Vec::new());
        if !order || !indices_of(left, &mut said) || !indices_of(right, &mut said) {
            return false;
        }
        for position in &self.positions {
            if matches!(position.kind, ExprKind::Binary { .. }) {
                indices_of(position, &mut read);
            }
        }
        said.iter().any(|it| read.contains(it))
    }
}

fn conjuncts_of<'a>(condition: &'a Expr, found: &mut Vec<&'a Expr>) {
    match &condition.kind {
        ExprKind::Binary { op: BinaryOp::And, left, right, .. } => {
            conjuncts_of(left, found);
            conjuncts_of(right, found);
        }
        _ => found.push(condition),
    }
}

/// The indices in a position; no if it is made of other things.
fn indices_of(expr: &Expr, found: &mut Vec<Name>) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => {
            if !name.is_capital() {
                found.push(name.name);
            }
            true
        }
        ExprKind::Int(_) => true,
        ExprKind::Unary { op: UnaryOp::Negate, operand } => indices_of(operand, found),
        ExprKind::Binary { op, left, right, .. } if !op.is_comparison() => {
            indices_of(left, found) && indices_of(right, found)
        }
        _ => false,
    }
}
