//! Index notation: the variables of a nest, their ranges, and reads of tensors.
//!
//! While a nest is checked, its index variables are variables of sizes, so that the
//! solver of facts proves reads to be in bounds. Ranges become known on the way, by
//! the first axis that a variable runs over; proofs wait until the nest ends.

use nnc_base::{Name, Span};
use nnc_hir::{
    Affine, Axis, AxisSize, CompareOp, Expr, ExprKind, IndexVar, IndexVarId, LocalId, Nest,
    NestAxis, ScalarKind, TensorType, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::bounds::Obligation;
use super::unify::sizes_equal;
use super::{Body, Value};
use crate::cx::VarInfo;
use crate::errors::Softmax;
use crate::errors::index as errors;

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
    pub(super) ended: Vec<Var>,
    pub(super) obligations: Vec<Obligation>,
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
        self.cx.not_negative(&self.scope, &size.dim, extent.span);
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
    pub(super) fn symbol(&self, name: Name) -> Name {
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
