//! Axes whose parts stand in one order here and in another there.

use nnc_base::{Diagnostic, Name, Span};
use nnc_syntax::ast::{Expr, ExprKind, SplitPart};

use super::reading::{Nest, letter, split_parts};
use crate::errors::intent as errors;

/// A split or a merge: `(n:N d)`.
#[derive(Clone)]
struct Group {
    parts: Vec<Name>,
    at: Span,
}

/// The splits and merges of a layer's functions, by their letters.
#[derive(Default)]
pub(super) struct Orders {
    seen: Vec<Group>,
}

impl Orders {
    /// Warns of the first split or merge of a function that has two letters the other way
    /// around than one before: features that were cut as `(n:N d)` and are put together as
    /// `(d n)` are mixed. A `let` that does nothing but bring the parts of one axis into
    /// another order, as in `let y[(i r)] = x[(r:2 i)]`, is for just that; other letters, as
    /// in `(d m)`, say that the order is another.
    pub(super) fn other_than_before(&mut self, nests: &[Nest<'_>]) -> Option<Diagnostic> {
        let mut told = None;
        for nest in nests {
            let left: Vec<Group> =
                nest.indices.iter().filter_map(|it| group(split_parts(it))).collect();
            let mut right = Vec::new();
            for expr in &nest.exprs {
                if let ExprKind::Index { indices, .. } = &expr.kind {
                    right.extend(indices.iter().filter_map(|it| group(split_parts(it))));
                }
            }
            let rearranges =
                left.iter().any(|one| right.iter().any(|it| one.other_order(it).is_some()));
            if rearranges && is_read(nest.value) {
                continue;
            }
            for group in left.into_iter().chain(right) {
                let before = self.seen.iter().find_map(|it| Some((it, it.other_order(&group)?)));
                if let (Some((before, letters)), None) = (before, &told) {
                    told = Some(errors::other_order(group.at, before.at, letters));
                }
                self.seen.push(group);
            }
        }
        told
    }
}

/// Warns of an axis that is merged of two letters in the other order than that in which they
/// are read: `let y[(j i)] = x[i, j]` flattens column by column. Where it sums something, the
/// order in which a factor has its axes is its own.
pub(super) fn merged_otherwise(nest: &Nest<'_>) -> Option<Diagnostic> {
    if nest.exprs.iter().any(|it| matches!(it.kind, ExprKind::Reduce(_))) {
        return None;
    }
    let groups = nest.indices.iter().filter_map(|it| group(split_parts(it)));
    let mut reads: Vec<Group> = Vec::new();
    for expr in &nest.exprs {
        if let ExprKind::Index { indices, .. } = &expr.kind {
            reads.push(Group { parts: indices.iter().filter_map(letter).collect(), at: expr.span });
        }
    }
    for group in groups {
        let other = reads.iter().find_map(|it| Some((it.at, group.other_order(it)?)));
        if let Some((read, letters)) = other
            && !reads.iter().any(|it| it.has_in_order(letters))
        {
            return Some(errors::merged_otherwise(group.at, read, letters));
        }
    }
    None
}

impl Group {
    fn has_in_order(&self, (one, two): (Name, Name)) -> bool {
        let place = |name: Name| self.parts.iter().position(|it| *it == name);
        matches!((place(one), place(two)), (Some(one), Some(two)) if one < two)
    }

    /// Two letters of both that stand in another order here than there.
    fn other_order(&self, other: &Group) -> Option<(Name, Name)> {
        let place = |name: &Name| other.parts.iter().position(|it| it == name);
        for (at, one) in self.parts.iter().enumerate() {
            for two in &self.parts[at + 1..] {
                if let (Some(first), Some(second)) = (place(one), place(two))
                    && second < first
                {
                    return Some((*one, *two));
                }
            }
        }
        None
    }
}

fn group(parts: &[SplitPart]) -> Option<Group> {
    let at = parts.first()?.span.to(parts.last()?.span);
    Some(Group { parts: parts.iter().map(|it| it.name.name).collect(), at })
}

/// Whether an expression is a read and nothing else.
fn is_read(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Index { .. })
}
