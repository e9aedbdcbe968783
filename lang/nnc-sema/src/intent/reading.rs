//! The expressions and nests of a function, in the order of the text.

use nnc_base::Name;
use nnc_syntax::ast::{
    Axis, AxisKind, Block, Expr, ExprKind, FieldKind, FieldValue, Fn, FnBody, Ident, Index,
    IndexKind, Layer, LayerUse, Member, MemberKind, PatternKind, SplitPart, StaticValue, Stmt,
    StmtKind, Type, TypeKind,
};

/// `target[indices] = value`, of a `let`, a carry, an update or a `yield`; without indices for a
/// tensor as a whole.
pub(super) struct Nest<'a> {
    pub(super) target: Ident,
    pub(super) indices: &'a [Index],
    pub(super) value: &'a Expr,
    /// Whether it is a `let`, whose tensor is new.
    pub(super) is_let: bool,
    /// All expressions of the value, from the outside in.
    pub(super) exprs: Vec<&'a Expr>,
}

#[derive(Default)]
pub(super) struct Reading<'a> {
    /// All expressions, those of nests and of sizes among them.
    pub(super) exprs: Vec<&'a Expr>,
    /// Those of them that are sizes and positions, or in one.
    pub(super) sizes: Vec<&'a Expr>,
    pub(super) nests: Vec<Nest<'a>>,
    in_size: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn of(function: &'a Fn) -> Reading<'a> {
        let mut reading = Reading::default();
        for param in &function.params {
            reading.ty(&param.ty);
        }
        if let Some(result) = &function.result {
            reading.ty(result);
        }
        for fact in &function.facts {
            reading.expr(fact);
        }
        match &function.body {
            FnBody::Block(block) => reading.block(block),
            FnBody::Expr(value) => {
                let dim = |ty: &Type| matches!(ty.kind, TypeKind::Dim { .. });
                match function.result.as_ref().is_some_and(dim) {
                    true => reading.size(value),
                    false => reading.expr(value),
                }
            }
            FnBody::Error(_) => {}
        }
        reading
    }

    /// The sizes and conditions of a layer outside its functions.
    pub(super) fn of_layer(layer: &'a Layer) -> Reading<'a> {
        let mut reading = Reading::of_members(&layer.members);
        layer.configs.iter().filter_map(|it| it.default.as_ref()).for_each(|it| reading.size(it));
        layer.facts.iter().for_each(|it| reading.size(it));
        reading
    }

    /// The sizes and conditions of fields.
    pub(super) fn of_members(members: &'a [Member]) -> Reading<'a> {
        let mut reading = Reading::default();
        for member in members {
            match &member.kind {
                MemberKind::Field(field) => reading.field(&field.value),
                MemberKind::Const(it) => reading.size(&it.value),
                MemberKind::Hole(hole) => {
                    let layers = hole.candidates.iter().flat_map(|it| &it.chain);
                    layers.for_each(|it| reading.layer(it));
                }
                MemberKind::Fn(_) | MemberKind::Error => {}
            }
        }
        reading
    }

    fn field(&mut self, value: &'a FieldValue) {
        match &value.kind {
            FieldKind::Param { ty, .. } | FieldKind::State { ty, .. } => self.ty(ty),
            FieldKind::Layer(layer) => self.layer(layer),
            FieldKind::With { layer, replaced } => {
                self.layer(layer);
                replaced.iter().for_each(|it| self.expr(&it.value));
            }
            FieldKind::Array { element, count, .. } => {
                self.field(element);
                self.size(count);
            }
            FieldKind::If { condition, then, otherwise } => {
                self.size(condition);
                self.field(then);
                otherwise.iter().for_each(|it| self.field(it));
            }
            FieldKind::Error => {}
        }
    }

    fn layer(&mut self, layer: &'a LayerUse) {
        for arg in &layer.args {
            if let StaticValue::Expr(value) = &arg.value {
                self.size(value);
            }
        }
        layer.configs.iter().for_each(|it| self.size(&it.value));
    }

    fn ty(&mut self, ty: &'a Type) {
        match &ty.kind {
            TypeKind::Tensor { axes, .. } => axes.iter().for_each(|axis| self.axis(axis)),
            TypeKind::Tuple(fields) => fields.iter().for_each(|field| self.ty(&field.ty)),
            TypeKind::Array { element, count } => {
                self.ty(element);
                self.size(count);
            }
            TypeKind::Arrow { inputs, output } => {
                inputs.iter().for_each(|input| self.ty(input));
                self.ty(output);
            }
            TypeKind::Named(_) | TypeKind::Dim { .. } | TypeKind::Error => {}
        }
    }

    fn axis(&mut self, axis: &'a Axis) {
        if let AxisKind::Dim { size, .. } = &axis.kind {
            self.size(size);
        }
    }

    fn block(&mut self, block: &'a Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
        if let Some(value) = &block.value {
            self.expr(value);
        }
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Let { pattern, ty, value } => {
                if let Some(ty) = ty {
                    self.ty(ty);
                }
                match &pattern.kind {
                    PatternKind::Indexed { name, indices } => {
                        self.nest(*name, indices, value, true);
                    }
                    PatternKind::Name(name) => self.nest(*name, &[], value, true),
                    PatternKind::Tuple(names) => {
                        self.expr(value);
                        names.iter().for_each(|name| self.rebound(*name, value));
                    }
                    PatternKind::Error => self.expr(value),
                }
            }
            StmtKind::Update { target, indices, value }
            | StmtKind::Yield { target, indices, value } => {
                self.nest(*target, indices, value, false);
            }
            StmtKind::Assert(value) | StmtKind::Expr(value) => self.expr(value),
            StmtKind::Scan(scan) => {
                self.size(&scan.extent);
                if let Some(condition) = &scan.condition {
                    self.expr(condition);
                }
                for carry in &scan.carries {
                    self.nest(carry.name, &carry.indices, &carry.init, false);
                }
                for stmt in &scan.body {
                    self.stmt(stmt);
                }
            }
            StmtKind::Layer { .. } | StmtKind::Error => {}
        }
    }

    fn nest(&mut self, target: Ident, indices: &'a [Index], value: &'a Expr, is_let: bool) {
        for index in indices {
            self.index(index);
        }
        let from = self.exprs.len();
        self.expr(value);
        let exprs = self.exprs[from..].to_vec();
        self.nests.push(Nest { target, indices, value, is_let, exprs });
    }

    /// A name that stands for something else from here on.
    fn rebound(&mut self, target: Ident, value: &'a Expr) {
        let exprs = Vec::new();
        self.nests.push(Nest { target, indices: &[], value, is_let: true, exprs });
    }

    fn index(&mut self, index: &'a Index) {
        match &index.kind {
            IndexKind::Expr(expr) => self.size(expr),
            IndexKind::Split(parts) => {
                for size in parts.iter().filter_map(|it| it.size.as_ref()) {
                    self.size(size);
                }
            }
            IndexKind::Extent { extent, .. } => self.size(extent),
            IndexKind::Rest | IndexKind::Broadcast => {}
        }
    }

    fn size(&mut self, expr: &'a Expr) {
        let outer = std::mem::replace(&mut self.in_size, true);
        self.expr(expr);
        self.in_size = outer;
    }

    fn expr(&mut self, expr: &'a Expr) {
        self.exprs.push(expr);
        if self.in_size {
            self.sizes.push(expr);
        }
        match &expr.kind {
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Pipe { value, function } => {
                self.expr(value);
                self.expr(function);
            }
            ExprKind::Cast { value, .. } | ExprKind::Field { base: value, .. } => self.expr(value),
            ExprKind::Call { function, args } => {
                self.expr(function);
                args.iter().for_each(|arg| self.expr(&arg.value));
            }
            ExprKind::Index { base, indices } => {
                self.expr(base);
                indices.iter().for_each(|index| self.index(index));
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                items.iter().for_each(|item| self.expr(item));
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expr(condition);
                self.block(then);
                self.expr(otherwise);
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Lambda { body, .. } => self.expr(body),
            ExprKind::Reduce(reduce) => {
                for extent in reduce.binders.iter().filter_map(|it| it.extent.as_ref()) {
                    self.size(extent);
                }
                if let Some(guard) = &reduce.guard {
                    self.expr(guard);
                }
                self.expr(&reduce.body);
                if let Some(otherwise) = &reduce.otherwise {
                    self.expr(otherwise);
                }
            }
            ExprKind::With { layer, replaced } => {
                self.expr(layer);
                replaced.iter().for_each(|it| self.expr(&it.value));
            }
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
}

/// An expression and all in it.
pub(super) fn parts_of(expr: &Expr) -> Vec<&Expr> {
    let mut reading = Reading::default();
    reading.expr(expr);
    reading.exprs
}

/// The names in an expression, letters of splits among them.
pub(super) fn names(expr: &Expr) -> Vec<Name> {
    let mut names = Vec::new();
    for expr in parts_of(expr) {
        match &expr.kind {
            ExprKind::Name(name) => names.push(name.name),
            ExprKind::Index { indices, .. } => {
                names.extend(indices.iter().flat_map(split_parts).map(|it| it.name.name));
            }
            _ => {}
        }
    }
    names
}

/// The parts of an index that is a split; none of another.
pub(super) fn split_parts(index: &Index) -> &[SplitPart] {
    match &index.kind {
        IndexKind::Split(parts) => parts,
        _ => &[],
    }
}

/// The letter of an index that takes an axis alone.
pub(super) fn letter(index: &Index) -> Option<Name> {
    match &index.kind {
        IndexKind::Expr(Expr { kind: ExprKind::Name(name), .. }) => Some(name.name),
        IndexKind::Extent { name, .. } => Some(name.name),
        _ => None,
    }
}

/// The layers that a layer's fields and holes are.
pub(super) fn layer_uses(members: &[Member]) -> Vec<&LayerUse> {
    let uses = members.iter().flat_map(|member| match &member.kind {
        MemberKind::Field(field) => layers_of(&field.value),
        MemberKind::Hole(hole) => hole.candidates.iter().flat_map(|it| &it.chain).collect(),
        MemberKind::Const(_) | MemberKind::Fn(_) | MemberKind::Error => Vec::new(),
    });
    uses.collect()
}

/// The layers that a field is, in one branch or the other.
pub(super) fn layers_of(value: &FieldValue) -> Vec<&LayerUse> {
    match &value.kind {
        FieldKind::Layer(layer) | FieldKind::With { layer, .. } => {
            let made = layer.layers.iter().flat_map(|given| layers_of(&given.value));
            std::iter::once(layer).chain(made).collect()
        }
        FieldKind::Array { element, .. } => layers_of(element),
        FieldKind::If { then, otherwise, .. } => {
            let mut found = layers_of(then);
            found.extend(otherwise.iter().flat_map(|it| layers_of(it)));
            found
        }
        FieldKind::Param { .. } | FieldKind::State { .. } | FieldKind::Error => Vec::new(),
    }
}
