//! Where values of several branches become one: it means what all of them mean.

use nnc_base::Span;
use nnc_hir::{Elem, Expr, ExprKind, MeaningUse, Type};

use nnc_shape::{Dim, Fact};

use super::Body;
use crate::errors::{Joined, Meeting, elements as errors};

impl Body<'_, '_> {
    /// The element of a choice between two of one storage; `None` if a mask met its
    /// opposite, which is reported.
    pub(super) fn join_elems(
        &mut self,
        left: &Elem,
        right: &Elem,
        spans: (Span, Span),
    ) -> Option<Elem> {
        let (a, b) = (left.meaning.as_ref(), right.meaning.as_ref());
        match self.cx.join(&self.scope, a, b) {
            Some(meaning) => Some(Elem { base: left.base.clone(), meaning }),
            None => {
                let shown = (self.show_elem(left), self.show_elem(right));
                let meeting = Meeting::new(spans.1, spans.0, "the other branch");
                self.report(errors::mask(&meeting, &shown.1, &shown.0, true, true));
                None
            }
        }
    }

    /// Whether a literal or a size may stand for what elements mean: a position has to be
    /// one of the table's.
    pub(super) fn literal_means(&self, size: Option<&Dim>, elem: &Elem) -> bool {
        let Some(space) = self.cx.space_of(elem) else { return true };
        let (Some(size), Some(places)) = (size, space.args.first()) else { return false };
        let holds = |fact| self.scope.facts.proves(&fact);
        holds(Fact::AtLeast(size.clone(), Dim::constant(0)))
            && holds(Fact::AtLeast(places.clone(), size + &Dim::constant(1)))
    }

    /// Gives two values that become one, at `whole`, the meaning that both have, and
    /// remembers what was forgotten for messages about the whole.
    pub(super) fn join_exprs(&mut self, left: &mut Expr, right: &mut Expr, whole: Span) {
        let meaning =
            |expr: &Expr| -> Option<MeaningUse> { expr.ty.as_tensor()?.elem.meaning.clone() };
        let before = (meaning(left), meaning(right));
        let shown = |body: &Self, expr: &Expr| match &expr.ty {
            Type::Tensor(tensor) => body.show_elem(&tensor.elem),
            other => body.show(other),
        };
        let (a, b) = (shown(self, left), shown(self, right));
        self.cx.join_types(&self.scope, &mut left.ty, &mut right.ty);
        let after = (meaning(left), meaning(right));
        if before != after && before.0 != before.1 {
            let joined = Joined {
                left: (left.span, a.clone()),
                right: (right.span, b),
                // The first of several stays the first.
                meet: shown(self, left),
            };
            let joined = match self.joined.get(&whole) {
                Some(first) => Joined { left: first.left.clone(), ..joined },
                None => joined,
            };
            self.joined.insert(whole, joined);
        }
    }

    /// What a value's meaning was joined of, if branches had several.
    pub(super) fn joined_of(&self, expr: &Expr) -> Option<&Joined> {
        let at = match &expr.kind {
            ExprKind::Local(local) => self.joined_locals.get(local)?,
            _ => &expr.span,
        };
        self.joined.get(at)
    }
}
