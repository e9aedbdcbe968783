//! Folds: over arrays of layers, state or tensors, and over a size.
//!
//! Where the carry has a written type, that may depend on the place of a step, and what a
//! fold gives is proved by induction: what is folded has the type at 0, and a step takes the
//! type at `i` to that at `i + 1`; so the result has the type at the number of steps.

use nnc_base::{Name, Span};
use nnc_hir::{ArrayItem, Expr, ExprKind, Fold, LocalId, Places, TensorType, Type};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::unify::{Meeting, sizes_equal};
use super::{Body, Value};
use crate::errors::{names as name_errors, state as errors};
use crate::layers::declare_place;

/// One of the arrays that are walked along together.
struct Opened {
    array: Expr,
    item: LocalId,
    /// The local that holds the array, if that is state.
    state: Option<LocalId>,
}

impl Body<'_, '_> {
    /// `fold(blocks, x, |h, block| block(h))`, `fold(L, x, |h, i| block(h))`.
    pub(super) fn fold(&mut self, args: &[ast::Arg], span: Span) -> Value {
        let [arrays, init, lambda] = args else {
            self.report(name_errors::argument_count(span, Name::new("fold"), 3, args.len()));
            return Value::error(span);
        };
        let ast::ExprKind::Lambda { params, body } = &lambda.value.kind else {
            self.report(errors::fold_lambda(lambda.span));
            return Value::error(span);
        };
        let sources: Vec<&ast::Expr> = match &arrays.value.kind {
            ast::ExprKind::Tuple(items) => items.iter().collect(),
            _ => vec![&arrays.value],
        };
        let mut items = Vec::new();
        for source in sources {
            items.push((source.span, self.expr(source)));
        }
        let init = self.expr(&init.value);
        if init.is_error() || items.iter().any(|(_, value)| value.is_error()) {
            return Value::error(span);
        }
        let [carry, names @ ..] = params.as_slice() else {
            self.report(errors::fold_lambda(lambda.span));
            return Value::error(span);
        };
        // A size is folded over without items.
        let mut count = None;
        if let [(at, Value { expr: Expr { ty: Type::Dim(size), .. }, .. })] = items.as_slice() {
            self.cx.not_negative(&self.scope, size, *at);
            count = Some(size.clone());
            items.clear();
        }
        if names.len() < items.len() || names.len() > items.len() + 1 {
            self.report(errors::fold_params(lambda.span, items.len() + 1, params.len()));
            return Value::error(span);
        }
        let (names, place) = names.split_at(items.len());
        let place = place.first();
        if let Some(typed) = names.iter().chain(place).find(|it| it.ty.is_some()) {
            self.report(errors::fold_typed(typed.name.span, typed.name.name));
            return Value::error(span);
        }
        let mut ranges = Vec::new();
        for (at, value) in &items {
            let Some(places) = self.places(*at, &value.expr.ty) else { return Value::error(span) };
            match &count {
                Some(count) if !sizes_equal(&self.scope, count, &places.count) => {
                    let shown = (self.scope.show(count), self.scope.show(&places.count));
                    let first = items.first().map_or(*at, |(_, value)| value.expr.span);
                    self.report(errors::fold_lengths((first, &shown.0), (*at, &shown.1)));
                    return Value::error(span);
                }
                Some(_) => {}
                None => count = Some(places.count.clone()),
            }
            ranges.push(places);
        }
        let Some(count) = count else { return Value::error(span) };

        // What a step knows of its place.
        let mut inner = self.scope.clone();
        let depends = ranges.iter().find_map(|places| places.name);
        let called = place.map(|it| it.name.name).or(depends);
        let called = called.or(carry.ty.as_ref().map(|_| Name::new("i")));
        let symbol = called.map(|name| self.symbol(name));
        if let Some(symbol) = symbol {
            let before = inner.names.get(&symbol).cloned();
            declare_place(&mut inner, symbol, place.map_or(span, |it| it.name.span), &count);
            inner.names.remove(&symbol);
            inner.names.extend(before.map(|size| (symbol, size)));
        }
        if let (Some(place), Some(symbol)) = (place, symbol) {
            let size = inner.size(Dim::var(symbol));
            inner.names.insert(place.name.name, size);
        }
        let (init, ty) = match &carry.ty {
            Some(written) => {
                let ty = self.cx.ty(&inner, written);
                if ty.is_error() {
                    return Value::error(span);
                }
                let first = self.carry_at(&ty, symbol, &Dim::constant(0));
                let meeting = Meeting::new(init.expr.span, written.span, "the carry at place 0");
                (self.fit(init, &first, meeting), ty)
            }
            None => {
                let init = self.as_tensor(init);
                let ty = init.ty.clone();
                (init, ty)
            }
        };
        if init.ty.is_error() {
            return Value::error(span);
        }

        let mark = self.undo.len();
        let outer_branches = std::mem::take(&mut self.branches);
        let outer_scope = std::mem::replace(&mut self.scope, inner);
        let mut opened = Vec::new();
        for ((_, value), name) in items.into_iter().zip(names) {
            opened.push(self.opened(value.expr, &name.name, symbol));
        }
        if let (Some(place), Some(symbol)) = (place, symbol) {
            let local =
                self.new_local(place.name.name, Type::Dim(Dim::var(symbol)), place.name.span);
            self.bind(place.name.name, local);
        }
        let carry_local = self.new_local(carry.name.name, ty.clone(), carry.name.span);
        self.bind(carry.name.name, carry_local);
        let outer = std::mem::take(&mut self.stmts);
        let result = self.expr(body);
        let next = match symbol {
            Some(symbol) => self.carry_at(&ty, Some(symbol), &(Dim::var(symbol) + 1)),
            None => ty.clone(),
        };
        let declared = carry.ty.as_ref().map_or(init.span, |it| it.span);
        let before = self.cx.diagnostics.len();
        let gave = !result.is_error();
        let meeting = Meeting::new(body.span, declared, "the next step of `fold`");
        let result = self.fit(result, &next, meeting);
        if gave && result.ty.is_error() && carry.ty.is_none() {
            for diagnostic in &mut self.cx.diagnostics[before..] {
                *diagnostic = errors::carry_grows(diagnostic.clone(), carry.name.name);
            }
        }
        let stmts = std::mem::replace(&mut self.stmts, outer);
        self.unbind_to(mark);
        self.branches = outer_branches;
        self.scope = outer_scope;
        let mut arrays = Vec::new();
        for Opened { array, item, state } in opened {
            let last = self.current.get(&item).copied().filter(|last| *last != item);
            let updated = match (state, last) {
                (Some(state), Some(last)) => {
                    let element = self.locals[last].ty.clone();
                    let ty = Type::Array(Box::new(element), Places::new(count.clone()));
                    Some((last, self.next_version(state, ty, span)))
                }
                _ => None,
            };
            arrays.push(ArrayItem { array, item, updated });
        }
        if result.ty.is_error() {
            return Value::error(span);
        }
        let ty = match &carry.ty {
            Some(_) => self.carry_at(&ty, symbol, &count),
            None => result.ty.clone(),
        };
        let body = if stmts.is_empty() {
            result
        } else {
            let span = result.span;
            let ty = result.ty.clone();
            let block = nnc_hir::Block { stmts, value: result };
            Expr { kind: ExprKind::Block(Box::new(block)), ty, span }
        };
        let fold = Fold { count, place: symbol, arrays, init, carry: carry_local, body };
        Value::new(ExprKind::Fold(Box::new(fold)), ty, span)
    }

    /// The places of something that is folded over: an array, or a tensor along its first axis.
    fn places(&mut self, at: Span, ty: &Type) -> Option<Places> {
        match ty {
            Type::Array(_, places) => Some(places.clone()),
            Type::Tensor(tensor) if !tensor.pack && !tensor.axes.is_empty() => {
                Some(Places::new(tensor.axes[0].extent()))
            }
            other => {
                let found = self.show(other);
                self.report(errors::fold_over(at, &found));
                None
            }
        }
    }

    /// Gives the item of an array its name.
    fn opened(&mut self, array: Expr, name: &ast::Ident, place: Option<Name>) -> Opened {
        let at = place.map_or(Dim::constant(0), Dim::var);
        let element = match &array.ty {
            Type::Tensor(tensor) => {
                let rest = TensorType { axes: tensor.axes[1..].to_vec(), ..tensor.clone() };
                Some(Type::Tensor(rest))
            }
            array => array.item(&at),
        };
        let item = self.new_local(name.name, element.unwrap_or(Type::Error), name.span);
        let state = match array.kind {
            ExprKind::Local(local)
                if self.root.contains_key(&local) && matches!(array.ty, Type::Array(..)) =>
            {
                self.root.insert(item, item);
                self.current.insert(item, item);
                Some(local)
            }
            _ => None,
        };
        self.bind(name.name, item);
        Opened { array, item, state }
    }

    /// The type of a carry at a place. An axis whose size had no kind there may have one now.
    fn carry_at(&self, ty: &Type, place: Option<Name>, at: &Dim) -> Type {
        let put = |name: Name| (place == Some(name)).then(|| at.clone());
        match ty {
            Type::Tensor(tensor) => {
                let mut tensor = tensor.substitute(&put);
                for axis in &mut tensor.axes {
                    axis.kind = axis.kind.or(self.scope.kind_of(&axis.extent()));
                }
                Type::Tensor(tensor)
            }
            Type::Tuple(parts) => {
                Type::Tuple(parts.iter().map(|part| self.carry_at(part, place, at)).collect())
            }
            other => other.substitute(&put),
        }
    }
}
