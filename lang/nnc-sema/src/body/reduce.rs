//! Reductions and softmax in index notation, with their guards.

use nnc_base::Span;
use nnc_hir::{Base, Elem, MeaningUse, ReduceOp, Reduction, Scalar, ScalarKind};
use nnc_syntax::ast;

use super::Body;
use super::scalar::Sv;
use crate::effects::{Gives, Operation, effect};
use crate::errors::{elements as element_errors, index as errors};

impl Body<'_, '_> {
    pub(super) fn reduce(&mut self, reduce: &ast::Reduce, span: Span) -> Sv {
        let op = match reduce.op {
            ast::ReduceOp::Softmax => return self.softmax(reduce, span),
            ast::ReduceOp::Sum => ReduceOp::Sum,
            ast::ReduceOp::Product => ReduceOp::Product,
            ast::ReduceOp::Max => ReduceOp::Max,
            ast::ReduceOp::Min => ReduceOp::Min,
            ast::ReduceOp::Mean => ReduceOp::Mean,
            ast::ReduceOp::Any => ReduceOp::Any,
            ast::ReduceOp::All => ReduceOp::All,
            ast::ReduceOp::Count => ReduceOp::Count,
            ast::ReduceOp::Pick => ReduceOp::Pick,
            ast::ReduceOp::ArgMax => ReduceOp::ArgMax,
            ast::ReduceOp::ArgMin => ReduceOp::ArgMin,
        };
        let from = self.vars.len();
        let mut ok = true;
        for binder in &reduce.binders {
            let extent = match &binder.extent {
                Some(extent) => match self.extent(extent) {
                    Some(extent) => Some(extent),
                    None => {
                        ok = false;
                        continue;
                    }
                },
                None => None,
            };
            ok &= self.declare_var(&binder.name, extent);
        }
        if !ok {
            self.vars.truncate(from);
            return Sv::error(span);
        }
        let mark = self.guard_mark();
        let guard = reduce.guard.as_ref().map(|guard| self.scalar(guard));
        if let Some(guard) = &guard {
            self.push_guards(&guard.facts);
        }
        let value = self.scalar(&reduce.body);
        let size = value.size.clone();
        let value = self.settle_scalar(value);
        self.pop_guards(mark);
        let failed =
            matches!(value.kind, ScalarKind::Error) || guard.as_ref().is_some_and(Sv::is_error);
        if failed {
            self.vars.truncate(from);
            return Sv::error(span);
        }
        let Some(axes) = self.end_vars(from) else { return Sv::error(span) };
        let otherwise = reduce.otherwise.as_ref().map(|it| self.scalar(it));
        if otherwise.as_ref().is_some_and(Sv::is_error) {
            return Sv::error(span);
        }
        let guard = match guard {
            Some(guard) if guard.scalar.elem.base != Base::Bool => {
                let found = self.show_elem(&guard.scalar.elem);
                self.report(errors::not_bool(guard.scalar.span, &found));
                return Sv::error(span);
            }
            Some(guard) => Some(guard.scalar),
            None => None,
        };
        let builtins = self.cx.builtins;
        let is_pad = |scalar: &Scalar| self.cx.seen_as(&scalar.elem, builtins.pad_mask).is_some();
        if let Some(guard) = guard.as_ref().filter(|guard| is_pad(guard)) {
            let meeting = self.guard_meeting(guard, reduce);
            self.report(element_errors::mask(&meeting, "PadMask", "Mask", true, true));
            return Sv::error(span);
        }
        let base = value.elem.base.clone();
        let operation = Operation::Reduce(op);
        let it = effect(operation);
        if !it.takes.takes(&base) {
            self.refuse(operation, &value.elem, value.span, it.why);
            return Sv::error(span);
        }
        if op == ReduceOp::Pick && guard.is_none() {
            self.report(errors::pick_without_guard(span));
        }
        let mut spans = (value.span, value.span);
        let otherwise = match (otherwise, op) {
            (Some(otherwise), ReduceOp::Pick) => {
                let adapts = otherwise.flex && base.is_float() || otherwise.size.is_some();
                let literal = otherwise.size.clone();
                let mut scalar =
                    if adapts { self.in_base(otherwise, &base) } else { otherwise.scalar };
                if adapts && self.literal_means(literal.as_ref(), &value.elem) {
                    scalar.elem.meaning.clone_from(&value.elem.meaning);
                }
                if scalar.elem.base != base {
                    let spans = (value.span, scalar.span);
                    self.other_bases("else", &value.elem, &scalar.elem, spans, (None, None));
                    return Sv::error(span);
                }
                spans = (value.span, scalar.span);
                Some(scalar)
            }
            (Some(otherwise), _) => {
                self.report(errors::otherwise_without_pick(otherwise.scalar.span));
                None
            }
            (None, _) => None,
        };
        let accumulate = match &reduce.accumulator {
            Some(named) => {
                let scope = self.scope.clone();
                match self.cx.elem(&scope, named) {
                    Some(elem) => elem.base,
                    None => return Sv::error(span),
                }
            }
            None => accumulator(&base),
        };
        let elem = match op {
            ReduceOp::ArgMax | ReduceOp::ArgMin => {
                let [axis] = axes.as_slice() else {
                    self.report(errors::one_axis(span, op.name()));
                    return Sv::error(span);
                };
                let meaning = MeaningUse { id: builtins.index, args: vec![axis.extent.clone()] };
                Elem { base: Base::I32, meaning: Some(meaning) }
            }
            _ if it.gives == Gives::Bool => Elem::plain(Base::Bool),
            _ => {
                let other = otherwise.as_ref().map(|it| &it.elem);
                let meaning = it.gives.meaning(&self.cx.program, builtins, &value.elem, None);
                match other {
                    Some(other) => {
                        let Some(elem) = self.join_elems(&value.elem, other, spans) else {
                            return Sv::error(span);
                        };
                        elem
                    }
                    None => Elem { base, meaning },
                }
            }
        };
        // A position that was picked or a sum of sizes is data like any other.
        drop(size);
        let reduction = Reduction { op, axes, guard, value, accumulate, otherwise };
        Sv::typed(ScalarKind::Reduce(Box::new(reduction)), elem, span)
    }

    fn softmax(&mut self, reduce: &ast::Reduce, span: Span) -> Sv {
        let [binder] = reduce.binders.as_slice() else {
            self.report(errors::one_axis(span, "softmax"));
            return Sv::error(span);
        };
        let Some(var) = self.find_var(binder.name.name) else {
            self.report(errors::softmax_index(&binder.name));
            return Sv::error(span);
        };
        let id = self.vars[var].id;
        if let Some(extent) = &binder.extent {
            let Some((size, kind, at)) = self.extent(extent) else { return Sv::error(span) };
            let it = &mut self.vars[var];
            if it.extent.is_none() {
                (it.extent, it.kind, it.extent_at) = (Some(size), kind, at);
            }
        }
        let mark = self.guard_mark();
        let guard = reduce.guard.as_ref().map(|guard| self.scalar(guard));
        if let Some(guard) = &guard {
            self.push_guards(&guard.facts);
        }
        let value = self.scalar(&reduce.body);
        let value = self.settle_scalar(value);
        self.pop_guards(mark);
        if matches!(value.kind, ScalarKind::Error) || guard.as_ref().is_some_and(Sv::is_error) {
            return Sv::error(span);
        }
        let builtins = self.cx.builtins;
        if let Some(guard) = &guard {
            if guard.scalar.elem.base != Base::Bool {
                let found = self.show_elem(&guard.scalar.elem);
                self.report(errors::not_bool(guard.scalar.span, &found));
                return Sv::error(span);
            }
            if self.cx.seen_as(&guard.scalar.elem, builtins.pad_mask).is_some() {
                let meeting = self.guard_meeting(&guard.scalar, reduce);
                self.report(element_errors::mask(&meeting, "PadMask", "Mask", true, true));
                return Sv::error(span);
            }
        }
        let it = effect(Operation::Softmax);
        if !it.takes.takes(&value.elem.base) {
            self.refuse(Operation::Softmax, &value.elem, value.span, it.why);
            return Sv::error(span);
        }
        let is = |id| self.cx.seen_as(&value.elem, id).is_some();
        if is(builtins.prob) || is(builtins.log_prob) {
            let shown = self.show_elem(&value.elem);
            let before = self.scalar_softmax(&value);
            let at = (value.span, reduce.op_span);
            self.report(element_errors::double_softmax(at, &shown, before.as_ref()));
            return Sv::error(span);
        }
        let meaning = it.gives.meaning(&self.cx.program, builtins, &value.elem, None);
        let elem = Elem { base: value.elem.base.clone(), meaning };
        let kind = ScalarKind::Softmax {
            var: id,
            guard: guard.map(|guard| Box::new(guard.scalar)),
            value: Box::new(value),
        };
        Sv::typed(kind, elem, span)
    }
}

/// Sums of 16-bit floats are kept in f32, of small integers in int.
fn accumulator(base: &Base) -> Base {
    match base {
        Base::F16 | Base::BF16 | Base::F8 | Base::Quantised { .. } | Base::Fixed { .. } => {
            Base::F32
        }
        Base::I8 | Base::U8 => Base::I32,
        Base::F64 | Base::F32 | Base::I64 | Base::I32 | Base::Bool | Base::Float => base.clone(),
    }
}
