//! Rows for many parameters at once, and for some rows of a tensor.

use nnc_base::{Name, Span};
use nnc_hir::{CheckpointRow, FieldValue, LayerUse, Path, PathRoot};
use nnc_shape::Dim;
use nnc_syntax::ast;

use super::{Leaf, indices};
use crate::cx::{Cx, Scope};
use crate::errors::checkpoints as errors;

/// `"layer{i}.*" = blocks[i].*`
pub(super) struct Below {
    /// The path with `[*]` for arrays.
    path: String,
    span: Span,
}

impl Below {
    /// Whether a parameter lies there.
    pub(super) fn covers(&self, leaf: &str) -> bool {
        let rest = leaf.strip_prefix(&self.path);
        self.path.is_empty() || rest.is_some_and(|rest| rest.starts_with(['.', '[']))
    }
}

impl Cx<'_> {
    /// A row for all parameters of a layer or an array that no other row names; `None` for a
    /// mistake.
    pub(super) fn below(
        &mut self,
        scope: &Scope,
        own: &LayerUse,
        row: &ast::CheckpointRow,
        (path, cast): (&ast::ParamPath, Option<&ast::NamedType>),
        leaves: &[Leaf],
        before: &mut Vec<Below>,
    ) -> Option<CheckpointRow> {
        if !row.pattern.contains(&ast::PatternPart::Rest) {
            self.report(errors::rest_missing(row.stored.span, &row.stored.value));
            return None;
        }
        if let Some(rows) = &row.rows {
            self.report(errors::rows_of_rest(rows.span));
            return None;
        }
        let (value, steps, ranges, text) = self.follow(own, path, leaves)?;
        let pattern: Vec<ast::Ident> = indices(&row.pattern).collect();
        let mut found: Vec<(Name, Dim)> = Vec::new();
        self.index_ranges(&pattern, &ranges, &mut found)?;
        self.all_indices(&pattern, &found)?;
        if !matches!(value, FieldValue::Layer(_) | FieldValue::Array(..) | FieldValue::Hole(_)) {
            self.report(errors::nothing_below(path.span, &text));
            return None;
        }
        if let Some(first) = before.iter().find(|it| it.path == text) {
            self.report(errors::twice(path.span, &format!("{text}.*"), first.span));
            return None;
        }
        if let Some(named) = cast {
            self.elem(scope, named)?;
        }
        before.push(Below { path: text, span: path.span });
        Some(CheckpointRow {
            span: row.span,
            pattern: row.stored.value.clone(),
            indices: found,
            targets: vec![Path { root: PathRoot::Owner, steps }],
            below: true,
            rows: None,
            axes: None,
            converts: cast.is_some(),
        })
    }

    /// Which rows of the tensor a row of the block is about; the outer `None` is a mistake.
    pub(super) fn row_slice(
        &mut self,
        scope: &Scope,
        row: &ast::CheckpointRow,
    ) -> Option<Option<(Dim, Dim)>> {
        let Some(rows) = &row.rows else { return Some(None) };
        let mut scope = scope.clone();
        for name in indices(&row.pattern) {
            let size = scope.size(Dim::var(name.name));
            scope.names.insert(name.name, size);
        }
        let from = self.dim(&scope, &rows.from)?.dim;
        let to = self.dim(&scope, &rows.to)?.dim;
        let length = &to - &from;
        let least = Dim::constant(1);
        let empty = nnc_shape::Fact::AtLeast(Dim::constant(0), length.clone());
        if length.as_constant().is_some_and(|length| length < 1) || scope.facts.proves(&empty) {
            self.report(errors::no_rows(rows.span, &scope.show(&from), &scope.show(&to)));
            return None;
        }
        let negative = nnc_shape::Fact::AtLeast(Dim::constant(0), &from + &least);
        if from.as_constant().is_some_and(|from| from < 0) || scope.facts.proves(&negative) {
            self.report(errors::no_rows(rows.span, &scope.show(&from), &scope.show(&to)));
            return None;
        }
        Some(Some((from, to)))
    }
}
