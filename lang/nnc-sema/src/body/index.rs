//! Index notation: the variables of a nest, their ranges, and reads of tensors.
//!
//! While a nest is checked, its index variables are variables of sizes, so that the
//! solver of facts proves reads to be in bounds. Ranges become known on the way, by
//! the first axis that a variable runs over; proofs wait until the nest ends.

use nnc_base::{Name, Span};
use nnc_hir::{
    Affine, Axis, AxisSize, CompareOp, Elem, Expr, ExprKind, Index, IndexVar, IndexVarId, LocalId,
    Nest, NestAxis, ScalarKind, TensorType, Type,
};
use nnc_shape::{Dim, Fact};
use nnc_syntax::ast;

use super::scalar::Sv;
use super::unify::sizes_equal;
use super::{Body, Value};
use crate::cx::VarInfo;
use crate::dims::assume_comparison;
use crate::errors::Softmax;
use crate::errors::{elements as element_errors, index as errors, shapes};

/// An index variable in scope.
#[derive(Clone)]
pub(super) struct Var {
    pub(super) id: IndexVarId,
    pub(super) name: Name,
    /// What it is called in sizes.
    pub(super) symbol: Name,
    pub(super) span: Span,
    pub(super) extent: Option<Dim>,
    pub(super) kind: Option<Name>,
    pub(super) rate: Option<nnc_hir::Rate>,
    /// Where the range became known.
    pub(super) extent_at: Span,
    /// Whether the range is written out, so that reads of longer axes are offsets.
    pub(super) explicit: bool,
    /// Whether its value was used.
    pub(super) used: bool,
}

/// What is collected while a nest is checked.
pub(super) struct NestState {
    /// How many variables were in scope outside.
    base: usize,
    pub(super) pack: bool,
    /// Comparisons that hold where the walk is.
    pub(super) guards: Vec<(CompareOp, Dim, Dim)>,
    /// Variables of reductions that ended.
    ended: Vec<Var>,
    obligations: Vec<Obligation>,
}

/// `0 <= index < size` has to hold where the guards do.
struct Obligation {
    index: Dim,
    size: Dim,
    guards: Vec<(CompareOp, Dim, Dim)>,
    at: Span,
}

impl Body<'_, '_> {
    // ---- nests ------------------------------------------------------------

    /// `[indices] = value`: a tensor in index form.
    pub(super) fn nest(&mut self, indices: &[ast::Index], value: &ast::Expr, at: Span) -> Expr {
        let base = self.vars.len();
        let outer = self.nest.replace(NestState {
            base,
            pack: false,
            guards: Vec::new(),
            ended: Vec::new(),
            obligations: Vec::new(),
        });
        let Some(groups) = self.left_indices(indices) else {
            // What is on the right would be read with other indices than were meant.
            self.nest = outer;
            self.vars.truncate(base);
            return Expr::error(at.to(value.span));
        };
        let value = self.scalar(value);
        let scalar = self.settle_scalar(value);
        let state = std::mem::replace(&mut self.nest, outer);
        let mut vars = self.vars.split_off(base);
        let span = at.to(scalar.span);
        let Some(mut state) = state else { return Expr::error(span) };
        let mut known = !matches!(scalar.kind, ScalarKind::Error);
        self.only_range(&mut vars, &state);
        for var in &vars {
            if var.extent.is_none() && known {
                self.report(errors::no_range(var.name, var.span));
                known = false;
            }
        }
        state.ended.extend(vars.iter().cloned());
        if known {
            self.discharge(&state);
        }
        if !known {
            return Expr::error(span);
        }
        let axes: Vec<NestAxis> = vars
            .iter()
            .filter_map(|var| Some(NestAxis { var: var.id, extent: var.extent.clone()? }))
            .collect();
        let mut result = Vec::new();
        let mut rest = vars.as_slice();
        for &count in &groups {
            let (group, after) = rest.split_at(count as usize);
            rest = after;
            result.push(match group {
                [var] => Axis {
                    size: AxisSize::Dim(var.extent.clone().unwrap_or(Dim::constant(1))),
                    kind: var.kind,
                    rate: var.rate,
                },
                group => {
                    let size = group.iter().fold(Dim::constant(1), |size, var| {
                        &size * var.extent.as_ref().unwrap_or(&Dim::constant(1))
                    });
                    let size = self.scope.shortest(&size);
                    let (kind, rate) = (self.merged_kind(&size, group), self.scope.rate_of(&size));
                    Axis { size: AxisSize::Dim(size), kind, rate }
                }
            });
        }
        let ty = TensorType { elem: scalar.elem.clone(), pack: state.pack, axes: result };
        let nest = Nest { pack: state.pack, axes, groups, value: scalar };
        Expr { kind: ExprKind::Nest(nest), ty: Type::Tensor(ty), span }
    }

    /// The kind of an axis that is made of several: that of the size, if that has a name, or
    /// the one kind of the parts that are not constants.
    fn merged_kind(&self, size: &Dim, group: &[Var]) -> Option<Name> {
        if size.as_var().is_some() {
            return self.scope.kind_of(size);
        }
        let constant =
            |var: &&Var| var.extent.as_ref().is_some_and(|it| it.as_constant().is_some());
        let mut kinds = group.iter().filter(|var| !constant(var)).map(|var| var.kind);
        let first = kinds.next()??;
        kinds.all(|kind| kind == Some(first)).then_some(first)
    }

    /// An index that takes no axis as a whole ranges as all the others do, if those have
    /// one range: `let rank[q] = count[k | x[k] < …] 1`, as in a selector.
    fn only_range(&self, vars: &mut [Var], state: &NestState) {
        if state.ended.is_empty() {
            return;
        }
        let known: Vec<Var> = state
            .ended
            .iter()
            .chain(vars.iter())
            .filter(|var| var.extent.is_some())
            .cloned()
            .collect();
        let Some((first, others)) = known.split_first() else { return };
        let Some(range) = &first.extent else { return };
        let one = others.iter().all(|var| {
            let equal = |extent: &Dim| sizes_equal(&self.scope, extent, range);
            var.kind == first.kind && var.extent.as_ref().is_some_and(equal)
        });
        if !one {
            return;
        }
        for var in vars.iter_mut().filter(|var| var.extent.is_none() && var.used) {
            var.extent = Some(range.clone());
            (var.kind, var.rate, var.extent_at) = (first.kind, first.rate, first.extent_at);
        }
    }

    /// The local of `let y[…] = …`, with what is remembered of it for messages.
    pub(super) fn nest_local(&mut self, name: &ast::Ident, expr: Expr) -> LocalId {
        let local = self.new_local(name.name, expr.ty.clone(), name.span);
        if let ExprKind::Nest(nest) = &expr.kind {
            if let Some(axis) = nest.groups.iter().position(|&count| count > 1) {
                self.merged.insert(local, (axis, name.span));
            }
            if let ScalarKind::Softmax { var, value, .. } = &nest.value.kind
                && let Some(axis) = nest.axes.iter().position(|axis| axis.var == *var)
            {
                let softmax =
                    Softmax { axis, at: nest.value.span, scores: self.scalar_subject(value) };
                self.normalised.insert(local, softmax);
            }
        }
        if !expr.ty.is_error() {
            self.assign(local, expr);
        }
        local
    }

    /// Declares the variables on the left; how many there are in each axis.
    fn left_indices(&mut self, indices: &[ast::Index]) -> Option<Vec<u32>> {
        let mut groups = Vec::new();
        let mut ok = true;
        for (place, index) in indices.iter().enumerate() {
            match &index.kind {
                ast::IndexKind::Rest => {
                    if place != 0 || !self.pack {
                        self.report(errors::rest(index.span, self.pack));
                        ok = false;
                    }
                    if let Some(nest) = &mut self.nest {
                        nest.pack = true;
                    }
                }
                ast::IndexKind::Expr(ast::Expr { kind: ast::ExprKind::Name(name), .. }) => {
                    ok &= self.declare_var(name, None);
                    groups.push(1);
                }
                ast::IndexKind::Extent { name, extent } => {
                    let extent = self.extent(extent);
                    ok &= extent.is_some() && self.declare_var(name, extent);
                    groups.push(1);
                }
                ast::IndexKind::Split(parts) => {
                    for part in parts {
                        let size = match &part.size {
                            Some(size) => match self.extent(size) {
                                Some(size) => Some(size),
                                None => {
                                    ok = false;
                                    continue;
                                }
                            },
                            None => None,
                        };
                        ok &= self.declare_var(&part.name, size);
                    }
                    groups.push(parts.len() as u32);
                }
                ast::IndexKind::Expr(_) | ast::IndexKind::Broadcast => {
                    self.report(errors::left_index(index.span));
                    ok = false;
                }
            }
        }
        ok.then_some(groups)
    }

    /// A range that is written out.
    pub(super) fn extent(&mut self, extent: &ast::Expr) -> Option<(Dim, Option<Name>, Span)> {
        let size = self.size(extent)?;
        Some((size.dim, size.kind, extent.span))
    }

    pub(super) fn declare_var(
        &mut self,
        name: &ast::Ident,
        extent: Option<(Dim, Option<Name>, Span)>,
    ) -> bool {
        let base = self.nest.as_ref().map_or(0, |nest| nest.base);
        if let Some(first) = self.vars[base..].iter().find(|var| var.name == name.name) {
            let first = first.span;
            self.report(errors::index_twice(name, first));
            return false;
        }
        let id = self.index_vars.push(IndexVar { name: name.name, span: name.span });
        let symbol = self.symbol(name.name);
        let (extent, kind, extent_at) = match extent {
            Some((extent, kind, at)) => (Some(extent), kind, at),
            None => (None, None, name.span),
        };
        let rate = extent.as_ref().and_then(|extent| self.scope.rate_of(extent));
        let explicit = extent.is_some();
        self.vars.push(Var {
            id,
            name: name.name,
            symbol,
            span: name.span,
            extent,
            kind,
            rate,
            extent_at,
            explicit,
            used: false,
        });
        true
    }

    /// A name for a variable that no size and no other variable has.
    fn symbol(&self, name: Name) -> Name {
        let taken = |symbol: Name| {
            self.scope.vars.contains_key(&symbol)
                || self.vars.iter().any(|var| var.symbol == symbol)
                || self
                    .nest
                    .as_ref()
                    .is_some_and(|nest| nest.ended.iter().any(|var| var.symbol == symbol))
        };
        let mut symbol = name;
        while taken(symbol) {
            symbol = Name::new(&format!("{symbol}'"));
        }
        symbol
    }

    /// Ends the scope of a reduction's variables.
    pub(super) fn end_vars(&mut self, from: usize) -> Option<Vec<NestAxis>> {
        let vars = self.vars.split_off(from);
        let mut axes = Some(Vec::new());
        for var in &vars {
            match (&var.extent, &mut axes) {
                (Some(extent), Some(axes)) => {
                    axes.push(NestAxis { var: var.id, extent: extent.clone() });
                }
                (Some(_), None) => {}
                (None, _) => {
                    if axes.is_some() {
                        self.report(errors::no_range(var.name, var.span));
                    }
                    axes = None;
                }
            }
        }
        if let Some(nest) = &mut self.nest {
            nest.ended.extend(vars);
        }
        axes
    }

    /// Checks something at tensor level inside a nest, whose variables it cannot see.
    pub(super) fn hoist(&mut self, check: impl FnOnce(&mut Self) -> Value) -> Value {
        let Some(nest) = self.nest.take() else { return check(self) };
        let hidden = self.vars.split_off(nest.base);
        let before = self.cx.diagnostics.len();
        let value = check(self);
        // A name that is not found may be an index variable that cannot be used here.
        for diagnostic in &mut self.cx.diagnostics[before..] {
            if diagnostic.code == crate::errors::names::UNKNOWN_NAME
                && hidden.iter().any(|var| diagnostic.message.contains(&format!("`{}`", var.name)))
            {
                *diagnostic = errors::hoisted(diagnostic.span());
            }
        }
        self.vars.extend(hidden);
        self.nest = Some(nest);
        value
    }

    // ---- reads ------------------------------------------------------------

    /// `tensor[indices]` in a nest.
    pub(super) fn read(&mut self, base: &ast::Expr, indices: &[ast::Index], at: Span) -> Sv {
        let tensor = self.hoist(|body| body.expr(base));
        if tensor.is_error() {
            // Still look at the indices, whose mistakes are others.
            return Sv::error(at);
        }
        let Type::Tensor(ty) = tensor.expr.ty.clone() else {
            self.not_a_tensor(base.span, &tensor.expr.ty);
            return Sv::error(at);
        };
        let pack = matches!(indices.first(), Some(ast::Index { kind: ast::IndexKind::Rest, .. }));
        let places = if pack { &indices[1..] } else { indices };
        let nest_pack = self.nest.as_ref().is_some_and(|nest| nest.pack);
        if pack != ty.pack || (pack && !nest_pack) {
            let shown = self.show(&tensor.expr.ty);
            self.report(errors::rest_in_read(at, &shown, ty.pack, nest_pack));
            return Sv::error(at);
        }
        if places.len() != ty.axes.len() {
            let shown = self.show(&tensor.expr.ty);
            self.report(errors::index_count(at, &shown, ty.axes.len(), places.len()));
            return Sv::error(at);
        }
        let mut result = Vec::new();
        let mut ok = true;
        for (index, axis) in places.iter().zip(&ty.axes) {
            match self.index(index, axis) {
                Some(index) => result.push(index),
                None => ok = false,
            }
        }
        if !ok {
            return Sv::error(at);
        }
        Sv::read(tensor, pack, result, ty.elem, at)
    }

    fn index(&mut self, index: &ast::Index, axis: &Axis) -> Option<Index> {
        match &index.kind {
            ast::IndexKind::Expr(ast::Expr { kind: ast::ExprKind::Name(name), span })
                if self.find_var(name.name).is_some() =>
            {
                let var = self.find_var(name.name)?;
                self.runs_over(var, axis, *span)?;
                Some(Index::Affine(Affine::var(self.vars[var].id)))
            }
            ast::IndexKind::Expr(expr) => self.computed_index(expr, axis),
            ast::IndexKind::Split(parts) => self.split_index(parts, axis, index.span),
            ast::IndexKind::Rest | ast::IndexKind::Broadcast | ast::IndexKind::Extent { .. } => {
                self.report(errors::read_index(index.span));
                None
            }
        }
    }

    pub(super) fn find_var(&self, name: Name) -> Option<usize> {
        self.vars.iter().rposition(|var| var.name == name)
    }

    /// A variable takes all places of an axis: that is its range.
    fn runs_over(&mut self, var: usize, axis: &Axis, at: Span) -> Option<()> {
        let size = axis.extent();
        let known = self.vars[var].clone();
        let Some(extent) = &known.extent else {
            let it = &mut self.vars[var];
            it.extent = Some(size);
            (it.kind, it.rate, it.extent_at) = (axis.kind, axis.rate, at);
            return Some(());
        };
        if let (Some(left), Some(right)) = (known.kind, axis.kind)
            && left != right
        {
            self.report(errors::index_kinds(known.name, left, known.extent_at, right, at));
            return None;
        }
        let equal = sizes_equal(&self.scope, extent, &size);
        if !equal && known.explicit {
            self.must_be_in_bounds(Dim::var(known.symbol), size, at);
            return Some(());
        }
        if !equal {
            let answer = self.scope.facts.equal(extent, &size);
            self.report(errors::index_sizes(
                &self.scope,
                known.name,
                extent,
                known.extent_at,
                &size,
                at,
                known.kind.or(axis.kind),
                &answer,
            ));
            return None;
        }
        if let (Some(left), Some(right)) = (known.rate, axis.rate)
            && left != right
        {
            let other =
                Axis { size: AxisSize::Dim(extent.clone()), kind: known.kind, rate: known.rate };
            self.report(shapes::rates(axis, &other, at, known.extent_at, "the same index"));
            return None;
        }
        let it = &mut self.vars[var];
        it.kind = it.kind.or(axis.kind);
        it.rate = it.rate.or(axis.rate);
        Some(())
    }

    /// `t + k`, `0` or a gather `ids[b, t]`.
    fn computed_index(&mut self, expr: &ast::Expr, axis: &Axis) -> Option<Index> {
        if let Some(name) = self.unbound_index(expr) {
            self.report(errors::unbound(&name));
            return None;
        }
        let value = self.scalar(expr);
        if value.is_error() {
            return None;
        }
        if let Some(index) = value.size.clone() {
            self.must_be_in_bounds(index.clone(), axis.extent(), expr.span);
            return Some(match self.affine(&index) {
                Some(affine) => Index::Affine(affine),
                None => Index::Data(Box::new(value.scalar)),
            });
        }
        let elem: Elem = value.scalar.elem.clone();
        let builtins = self.cx.builtins;
        let space = elem
            .meaning
            .as_ref()
            .filter(|it| it.id == builtins.token || it.id == builtins.index)
            .and_then(|it| it.args.first().cloned());
        let size = axis.extent();
        let shown = self.show_elem(&elem);
        match space {
            Some(space) => {
                let inside = sizes_equal(&self.scope, &space, &size)
                    || self.scope.facts.proves(&Fact::AtLeast(size.clone(), space.clone()));
                if !inside {
                    self.report(element_errors::table_rows(
                        &self.scope,
                        expr.span,
                        &shown,
                        &space,
                        &size,
                    ));
                    return None;
                }
            }
            None => {
                self.report(element_errors::gather(expr.span, &shown, &self.scope.show(&size)));
                return None;
            }
        }
        Some(Index::Data(Box::new(value.scalar)))
    }

    /// `(n:N d)`: several variables share an axis; the first is the slowest.
    fn split_index(&mut self, parts: &[ast::SplitPart], axis: &Axis, at: Span) -> Option<Index> {
        let total = axis.extent();
        let mut vars = Vec::new();
        let mut sizes: Vec<Option<Dim>> = Vec::new();
        for part in parts {
            let Some(var) = self.find_var(part.name.name) else {
                self.report(errors::unbound(&part.name));
                return None;
            };
            let given = match &part.size {
                Some(size) => Some(self.extent(size)?),
                None => None,
            };
            if let Some((size, kind, span)) = given {
                let axis = Axis { size: AxisSize::Dim(size.clone()), kind, rate: None };
                self.runs_over(var, &axis, span)?;
                sizes.push(Some(size));
            } else {
                sizes.push(self.vars[var].extent.clone());
            }
            vars.push(var);
        }
        let unknown: Vec<usize> =
            sizes.iter().enumerate().filter(|(_, it)| it.is_none()).map(|(i, _)| i).collect();
        let product = sizes.iter().flatten().fold(Dim::constant(1), |all, it| &all * it);
        match unknown.as_slice() {
            [] => {
                if !sizes_equal(&self.scope, &product, &total) {
                    let answer = self.scope.facts.equal(&product, &total);
                    self.report(errors::split_sizes(&self.scope, at, &product, &total, &answer));
                    return None;
                }
            }
            [one] => {
                let positive = Fact::AtLeast(product.clone(), Dim::constant(1));
                if !self.scope.facts.proves(&positive) {
                    self.report(crate::errors::sizes::divisor_not_positive(
                        at,
                        &self.scope,
                        &product,
                    ));
                    return None;
                }
                let quotient = match self.scope.facts.exact_div(&total, &product) {
                    Ok(quotient) => quotient,
                    Err(answer) => {
                        self.report(errors::split_inexact(
                            &self.scope,
                            at,
                            &total,
                            &product,
                            &answer,
                        ));
                        return None;
                    }
                };
                // A part of an axis is of its kind, unless its size says another.
                let kind = self.scope.kind_of(&quotient).or(axis.kind);
                let size = Axis { kind, ..Axis::new(quotient.clone()) };
                self.runs_over(vars[*one], &size, parts[*one].span)?;
                sizes[*one] = Some(quotient);
            }
            _ => {
                self.report(errors::split_unknown(at));
                return None;
            }
        }
        let mut stride = Dim::constant(1);
        let mut index = Affine::constant(Dim::constant(0));
        for (var, size) in vars.iter().zip(&sizes).rev() {
            index = index.plus(&Affine::var(self.vars[*var].id).times(&stride));
            stride = &stride * size.as_ref()?;
        }
        Some(Index::Affine(index))
    }

    /// A name in an index that stands for nothing: an index that nothing binds.
    fn unbound_index(&self, expr: &ast::Expr) -> Option<ast::Ident> {
        match &expr.kind {
            ast::ExprKind::Name(name) if !self.is_known(name.name) => Some(*name),
            ast::ExprKind::Unary { operand, .. } => self.unbound_index(operand),
            ast::ExprKind::Binary { left, right, .. } => {
                self.unbound_index(left).or_else(|| self.unbound_index(right))
            }
            _ => None,
        }
    }

    // ---- proofs -----------------------------------------------------------

    fn must_be_in_bounds(&mut self, index: Dim, size: Dim, at: Span) {
        if let Some(nest) = &mut self.nest {
            let guards = nest.guards.clone();
            nest.obligations.push(Obligation { index, size, guards, at });
        }
    }

    /// A position outside nests.
    pub(super) fn in_bounds(&mut self, index: &Dim, size: &Dim, at: Span) -> bool {
        let zero = Dim::constant(0);
        let low = Fact::AtLeast(index.clone(), zero);
        let high = Fact::AtLeast(size - &Dim::constant(1), index.clone());
        for (low, question) in [(true, low), (false, high)] {
            if !self.scope.facts.proves(&question) {
                let answer = self.scope.facts.ask(&question);
                let position = errors::Position { index, size, low };
                let diagnostic = errors::out_of_bounds(&self.scope, at, &position, &answer, &[]);
                self.report(diagnostic);
                return false;
            }
        }
        true
    }

    /// Proves all reads of a nest to be in bounds, now that all ranges are known.
    fn discharge(&mut self, state: &NestState) {
        for it in &state.obligations {
            let mut facts = self.scope.facts.clone();
            let mut vars = it.index.vars();
            for (_, left, right) in &it.guards {
                vars.extend(left.vars());
                vars.extend(right.vars());
            }
            let mut ranges = Vec::new();
            for var in state.ended.iter().chain(&self.vars) {
                let Some(extent) = &var.extent else { continue };
                if vars.contains(&var.symbol) {
                    facts.declare(var.symbol, 0, None);
                    let last = extent - &Dim::constant(1);
                    facts.assume_at_least(&last, &Dim::var(var.symbol));
                    ranges.push((var.symbol, extent.clone()));
                }
            }
            for (op, left, right) in &it.guards {
                assume_comparison(&mut facts, *op, left, right);
            }
            if facts.contradictory() {
                continue;
            }
            let low = Fact::AtLeast(it.index.clone(), Dim::constant(0));
            let high = Fact::AtLeast(&it.size - &Dim::constant(1), it.index.clone());
            for (low, question) in [(true, low), (false, high)] {
                if !facts.proves(&question) {
                    let answer = facts.ask(&question);
                    let position = errors::Position { index: &it.index, size: &it.size, low };
                    let diagnostic =
                        errors::out_of_bounds(&self.scope, it.at, &position, &answer, &ranges);
                    self.report(diagnostic);
                    break;
                }
            }
        }
    }

    /// A size with index variables in it as a sum of multiples of them.
    pub(super) fn affine(&self, dim: &Dim) -> Option<Affine> {
        let mut rest = dim.clone();
        let mut terms = Vec::new();
        let mentioned = dim.vars();
        for var in &self.vars {
            if !mentioned.contains(&var.symbol) {
                continue;
            }
            let (coefficient, without) = rest.affine_in(var.symbol)?;
            terms.push((var.id, coefficient));
            rest = without;
        }
        terms.retain(|(_, coefficient)| coefficient.as_constant() != Some(0));
        let index_free = |dim: &Dim| {
            let vars = dim.vars();
            !self.vars.iter().any(|var| vars.contains(&var.symbol))
        };
        if !index_free(&rest) || !terms.iter().all(|(_, coefficient)| index_free(coefficient)) {
            return None;
        }
        terms.sort_by_key(|(id, _)| *id);
        Some(Affine { terms, offset: rest })
    }

    /// The variable of a scan, visible to the nests of its body.
    pub(super) fn push_scan_var(
        &mut self,
        name: &ast::Ident,
        extent: Dim,
        kind: Option<Name>,
    ) -> IndexVarId {
        let id = self.index_vars.push(IndexVar { name: name.name, span: name.span });
        let symbol = self.symbol(name.name);
        let rate = self.scope.rate_of(&extent);
        let info = VarInfo { kind: None, rate: None, span: name.span, quantified: false };
        self.scope.vars.entry(symbol).or_insert(info);
        self.vars.push(Var {
            id,
            name: name.name,
            symbol,
            span: name.span,
            extent: Some(extent),
            kind,
            rate,
            extent_at: name.span,
            explicit: false,
            used: true,
        });
        id
    }
}
