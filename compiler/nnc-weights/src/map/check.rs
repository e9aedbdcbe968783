//! Comparing a map with the header of a file.

use std::collections::BTreeSet;

use nnc_base::{Diagnostic, nearest};

use super::{FileTensor, Map};
use crate::convert::{Conversion, conversion};
use crate::errors::{self, Misfit};
use crate::{Entry, WeightFile};

impl Map {
    /// Compares the map with what a file says of its tensors, which reads none of them:
    /// names, shapes and element types. A map without errors can be loaded, as far as
    /// the values fit their types.
    ///
    /// Tensors of one row give one message.
    pub fn check(&self, file: &WeightFile) -> Vec<Diagnostic> {
        let found: Vec<(&FileTensor, Option<&Entry>)> =
            self.tensors.iter().map(|tensor| (tensor, file.entry(&tensor.name))).collect();
        let unread: Vec<&str> = file
            .entries()
            .iter()
            .map(|entry| entry.name.as_str())
            .filter(|name| !self.by_name.contains_key(*name) && !self.is_ignored(name))
            .collect();
        if let Some((first, _)) = found.first()
            && found.iter().all(|(_, entry)| entry.is_none())
        {
            let names: Vec<&str> = file.entries().iter().map(|it| it.name.as_str()).collect();
            let at = self.home.block.map_or(self.home.model_span, |(_, span)| span);
            let (count, example) = (self.tensors.len(), first.name.as_str());
            return vec![errors::another_file(at, file.path(), count, example, &names)];
        }
        let mut diagnostics = Vec::new();
        let misfits = self.misfits(&found, &mut diagnostics);
        let missing = self.missing(file, &found, &unread, &mut diagnostics);
        if !unread.is_empty() {
            let (block, at) = match self.home.block {
                Some((name, span)) => (Some(name), span),
                None => (None, self.home.model_span),
            };
            let patterns = patterns(&unread);
            diagnostics.push(errors::unexpected(at, file.path(), block, &unread, &patterns));
        }
        if let Some(first) = diagnostics.first_mut() {
            let (all, unexpected) = (self.tensors.len(), unread.len());
            first.notes.push(format!(
                "{misfits} of {all} tensors differ, {missing} missing, {unexpected} unexpected"
            ));
        }
        self.elements(&found, &mut diagnostics);
        diagnostics
    }

    /// Tensors of another shape; how many.
    fn misfits(
        &self,
        found: &[(&FileTensor, Option<&Entry>)],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> usize {
        let misfits: Vec<(&FileTensor, &Entry)> = found
            .iter()
            .filter_map(|(tensor, entry)| Some((*tensor, (*entry)?)))
            .filter(|(tensor, entry)| tensor.shape != entry.shape)
            .collect();
        for group in by_row(&misfits, |(tensor, _)| tensor) {
            let (tensor, entry) = group[0];
            diagnostics.push(errors::shape(&Misfit {
                at: tensor.span,
                block: self.home.block.map(|(name, _)| name).filter(|_| tensor.row.is_some()),
                tensor: &tensor.name,
                found: &entry.shape,
                wanted: &tensor.shape,
                axes: tensor.axes.as_deref(),
                param: &self.params[tensor.parts[0].param],
                params: tensor.parts.len(),
                others: group.len() - 1,
                model: self.home.model,
                model_span: self.home.model_span,
                sizes: &self.home.sizes,
            }));
        }
        misfits.len()
    }

    /// Tensors that the file does not have; how many.
    fn missing(
        &self,
        file: &WeightFile,
        found: &[(&FileTensor, Option<&Entry>)],
        unread: &[&str],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> usize {
        let missing: Vec<&FileTensor> =
            found.iter().filter(|(_, entry)| entry.is_none()).map(|(tensor, _)| *tensor).collect();
        for group in by_row(&missing, |tensor| tensor) {
            let names: Vec<&str> = group.iter().map(|tensor| tensor.name.as_str()).collect();
            // A name that is like it, or the same one behind a prefix.
            let behind = |name: &&str| {
                let before = name.strip_suffix(names[0]);
                before.is_some_and(|before| before.ends_with('.'))
            };
            let near = unread
                .iter()
                .copied()
                .find(behind)
                .or_else(|| nearest(names[0], unread.iter().copied()));
            let param = &self.params[group[0].parts[0].param];
            diagnostics.push(errors::missing(group[0].span, file.path(), &names, param, near));
        }
        missing.len()
    }

    /// Tensors whose elements do not become ours without loss.
    fn elements(&self, found: &[(&FileTensor, Option<&Entry>)], diagnostics: &mut Vec<Diagnostic>) {
        let mut rounded = Vec::new();
        let mut impossible = Vec::new();
        for (tensor, entry) in found {
            let Some(entry) = entry else { continue };
            match conversion(entry.stored, tensor.elem) {
                Conversion::Exact | Conversion::Checked => {}
                Conversion::Rounding if tensor.converts => {}
                Conversion::Rounding => rounded.push((*tensor, *entry, None)),
                Conversion::Impossible { help } => impossible.push((*tensor, *entry, Some(help))),
            }
        }
        // Rounding has one reason, and so one message for the whole file.
        let rounded = (!rounded.is_empty()).then_some(rounded.as_slice());
        for group in by_row(&impossible, |(tensor, ..)| tensor).into_iter().chain(rounded) {
            let (tensor, entry, help) = group[0];
            let param = &self.params[tensor.parts[0].param];
            let others = group.len() - 1;
            let (at, stored) = (tensor.span, entry.stored);
            diagnostics.push(errors::element(at, &tensor.name, stored, param, others, help));
        }
    }
}

/// Neighbours that come from one row together; others alone.
fn by_row<T>(items: &[T], tensor: impl Fn(&T) -> &FileTensor) -> Vec<&[T]> {
    items
        .chunk_by(|left, right| {
            let (left, right) = (tensor(left).row, tensor(right).row);
            left.is_some() && left == right
        })
        .collect()
}

/// Names with `{i}`, `{j}` … for their numbers where several names differ in them alone.
fn patterns(names: &[&str]) -> Vec<String> {
    let mut general: Vec<(String, Vec<&str>)> = Vec::new();
    for name in names {
        let mut pattern = String::new();
        let mut letters = 'i'..='z';
        for (at, part) in name.split('.').enumerate() {
            let separator = if at > 0 { "." } else { "" };
            let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            match number.then(|| letters.next()).flatten() {
                Some(letter) => pattern.push_str(&format!("{separator}{{{letter}}}")),
                None => pattern.push_str(&format!("{separator}{part}")),
            }
        }
        match general.iter_mut().find(|(it, _)| *it == pattern) {
            Some((_, names)) => names.push(name),
            None => general.push((pattern, vec![name])),
        }
    }
    let mut patterns = BTreeSet::new();
    for (pattern, names) in general {
        patterns.insert(match names.as_slice() {
            [one] => (*one).to_owned(),
            _ => pattern,
        });
    }
    patterns.into_iter().collect()
}
