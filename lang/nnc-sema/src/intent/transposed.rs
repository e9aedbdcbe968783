//! Reads that take two axes the other way around than the tensor was made.

use std::collections::HashMap;

use nnc_base::{Diagnostic, Name, Span};
use nnc_syntax::ast::{ExprKind, Index};

use super::reading::{Nest, letter};
use crate::errors::intent as errors;

/// The letters of a tensor's axes, where each is one.
struct Made {
    letters: Vec<Option<Name>>,
    at: Span,
}

/// Warns where a tensor that was made as `s[i, j]` is read as `s[j, i]`, unless the nest reads
/// it as it was made, too, as in `s[i, j] + s[j, i]`. Letters of another name, as in
/// `let t[p, q] = s[q, p]`, say that a transpose is meant.
pub(super) fn reads(nests: &[Nest<'_>]) -> Vec<Diagnostic> {
    let mut made: HashMap<Name, Made> = HashMap::new();
    let mut found = Vec::new();
    for nest in nests {
        // One crossed read of a tensor is told.
        let mut crossed: Vec<(Name, Diagnostic)> = Vec::new();
        let mut straight: Vec<Name> = Vec::new();
        for expr in &nest.exprs {
            let ExprKind::Index { base, indices } = &expr.kind else { continue };
            let ExprKind::Name(name) = &base.kind else { continue };
            let Some(it) = made.get(&name.name).filter(|it| it.letters.len() == indices.len())
            else {
                continue;
            };
            match exchanged(&it.letters, indices) {
                Some((a, b)) => {
                    if !crossed.iter().any(|(of, _)| *of == name.name) {
                        let letters = (it.letters[a], it.letters[b]);
                        let told = errors::transposed(expr.span, name.name, it.at, letters);
                        crossed.push((name.name, told));
                    }
                }
                None => straight.push(name.name),
            }
        }
        crossed.retain(|(name, _)| !straight.contains(name));
        found.extend(crossed.into_iter().map(|(_, told)| told));
        let letters = nest.indices.iter().map(letter).collect();
        made.insert(nest.target.name, Made { letters, at: nest.target.span });
    }
    found
}

/// Two places of a read with each other's letters.
fn exchanged(made: &[Option<Name>], read: &[Index]) -> Option<(usize, usize)> {
    let read: Vec<Option<Name>> = read.iter().map(letter).collect();
    for a in 0..made.len() {
        for b in a + 1..made.len() {
            let both = made[a].is_some() && made[b].is_some() && made[a] != made[b];
            if both && read[a] == made[b] && read[b] == made[a] {
                return Some((a, b));
            }
        }
    }
    None
}
