//! `min` and `max` and the rules of their normal form.
//!
//! Nested ones merge, arguments that differ by a constant collapse, and what
//! all arguments share leaves: the least constant and a common positive factor.

use std::cmp::Ordering;

use crate::dim::{Atom, Dim};
use crate::floor::gcd;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Least,
    Greatest,
}

impl Dim {
    /// The lesser of the two.
    pub fn min(&self, other: &Dim) -> Dim {
        extremum(Side::Least, [self, other])
    }

    /// The greater of the two.
    pub fn max(&self, other: &Dim) -> Dim {
        extremum(Side::Greatest, [self, other])
    }
}

/// An order of expressions as data, for sorted collections; it says nothing of
/// sizes. `min` and `max` alone mean the sizes here too, because a call on an
/// owned expression finds these and not the inherent ones.
impl Ord for Dim {
    fn cmp(&self, other: &Dim) -> Ordering {
        self.terms.cmp(&other.terms)
    }

    fn min(self, other: Dim) -> Dim {
        extremum(Side::Least, [&self, &other])
    }

    fn max(self, other: Dim) -> Dim {
        extremum(Side::Greatest, [&self, &other])
    }
}

impl PartialOrd for Dim {
    fn partial_cmp(&self, other: &Dim) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub(crate) fn extremum<'a>(side: Side, items: impl IntoIterator<Item = &'a Dim>) -> Dim {
    let mut kept: Vec<Dim> = Vec::new();
    for item in items {
        insert(side, &mut kept, item);
    }
    kept.sort();
    if let [only] = kept.as_slice() {
        return only.clone();
    }

    let least = kept.iter().map(Dim::constant_term).min().unwrap_or(0);
    let shift = Dim::constant(least);
    let mut items: Vec<Dim> = kept.iter().map(|item| item - &shift).collect();
    let common = items.iter().flat_map(|item| &item.terms).fold(0, |all, (_, it)| gcd(all, *it));
    let common = common.max(1);
    for item in &mut items {
        for (_, value) in &mut item.terms {
            *value /= common;
        }
    }
    items.sort();
    let atom = match side {
        Side::Least => Atom::Min(items),
        Side::Greatest => Atom::Max(items),
    };
    Dim::atom(atom).scaled(common) + shift
}

fn insert(side: Side, kept: &mut Vec<Dim>, item: &Dim) {
    let (offset, inner) = (item.constant_term(), item - item.constant_term());
    match (side, inner.as_atom()) {
        (Side::Least, Some(Atom::Min(items))) | (Side::Greatest, Some(Atom::Max(items))) => {
            for item in items {
                insert(side, kept, &(item + offset));
            }
            return;
        }
        _ => {}
    }
    for other in kept.iter_mut() {
        if let Some(difference) = (item - &*other).as_constant() {
            if (side == Side::Least && difference < 0) || (side == Side::Greatest && difference > 0)
            {
                *other = item.clone();
            }
            return;
        }
    }
    kept.push(item.clone());
}
