//! The passes by name, and their order.

use crate::Pass;
use crate::absorb_views::ABSORB_VIEWS;
use crate::drop_dead::DROP_DEAD;
use crate::find_places::FIND_PLACES;
use crate::find_prefixes::FIND_PREFIXES;
use crate::fold_constants::FOLD_CONSTANTS;
use crate::fold_norms::FOLD_NORMS;
use crate::fuse_into_consumer::FUSE_INTO_CONSUMER;
use crate::fuse_into_producer::FUSE_INTO_PRODUCER;
use crate::hoist_params::HOIST_PARAMS;
use crate::merge_sums::MERGE_SUMS;
use crate::move_before_views::MOVE_BEFORE_VIEWS;
use crate::share_common::SHARE_COMMON;
use crate::share_graphs::SHARE_GRAPHS;
use crate::simplify_guards::SIMPLIFY_GUARDS;
use std::fmt;

/// Every pass once, in the order of first use.
pub const PASSES: &[Pass] = &[
    FOLD_CONSTANTS,
    SIMPLIFY_GUARDS,
    SHARE_COMMON,
    DROP_DEAD,
    ABSORB_VIEWS,
    FIND_PREFIXES,
    FIND_PLACES,
    FUSE_INTO_PRODUCER,
    MOVE_BEFORE_VIEWS,
    FOLD_NORMS,
    MERGE_SUMS,
    HOIST_PARAMS,
    FUSE_INTO_CONSUMER,
    SHARE_GRAPHS,
];

/// What is run unless something else is asked for.
pub fn pipeline() -> &'static [Pass] {
    const PIPELINE: &[Pass] = &[
        // First, so that index arithmetic is affine where it can be and equal nodes look equal.
        FOLD_CONSTANTS,
        // Once indices are affine, ranges tell which windows never leave the image.
        SIMPLIFY_GUARDS,
        // Before use counts matter: a value computed twice looks like two single uses.
        SHARE_COMMON,
        // Every later pass asks who uses a value; the dead must not count.
        DROP_DEAD,
        // Producers and consumers meet only when no view stands between them.
        ABSORB_VIEWS,
        // Two views of one tensor may have become one index map, so equal nodes appear.
        SHARE_COMMON,
        DROP_DEAD,
        // Guards read plain operands now; what is left of them is a map or a contraction that
        // others may yet join.
        FIND_PREFIXES,
        FIND_PLACES,
        // Before maps are joined with each other: what follows a contraction belongs
        // into it, where the value still is in a register.
        FUSE_INTO_PRODUCER,
        DROP_DEAD,
        // A scale behind a split into heads; what it leaves is a view.
        MOVE_BEFORE_VIEWS,
        ABSORB_VIEWS,
        DROP_DEAD,
        // Needs a norm to stand in the contraction's `finish` or right before it.
        FOLD_NORMS,
        // Of branches, once the scale behind each is in its weight.
        MERGE_SUMS,
        DROP_DEAD,
        // After folding, whose new weights it computes once; before maps are joined,
        // so that work on parameters is not copied into work on inputs.
        HOIST_PARAMS,
        DROP_DEAD,
        // What is left are maps beside each other or before reductions.
        FUSE_INTO_CONSUMER,
        DROP_DEAD,
        // A map that took its operands' maps in may now belong into a reduction.
        FUSE_INTO_PRODUCER,
        // Joined expressions have constants and casts that met.
        FOLD_CONSTANTS,
        SIMPLIFY_GUARDS,
        SHARE_COMMON,
        DROP_DEAD,
        // Last, when graphs that can become equal have.
        SHARE_GRAPHS,
    ];
    PIPELINE
}

/// A pass name that is not one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownPass {
    pub name: String,
    /// The pass that is spelled most alike, if one is close.
    pub similar: Option<&'static str>,
}

/// The passes of a list such as `fold-constants,drop-dead`.
pub fn by_names(list: &str) -> Result<Vec<Pass>, UnknownPass> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(by_name).collect()
}

/// The pass with a name.
pub fn by_name(name: &str) -> Result<Pass, UnknownPass> {
    PASSES.iter().find(|pass| pass.name == name).copied().ok_or_else(|| {
        let nearest = PASSES.iter().map(|pass| (distance(name, pass.name), pass.name)).min();
        let similar = nearest.filter(|(distance, _)| *distance <= 1 + name.len() / 3);
        UnknownPass { name: name.to_owned(), similar: similar.map(|(_, name)| name) }
    })
}

/// How many letters must be put in, taken out or changed to make one of the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

impl fmt::Display for UnknownPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no pass `{}`", self.name)?;
        match self.similar {
            Some(similar) => write!(f, "; did you mean `{similar}`?"),
            None => {
                let names: Vec<_> = PASSES.iter().map(|pass| pass.name).collect();
                write!(f, "; the passes are {}", names.join(", "))
            }
        }
    }
}

impl std::error::Error for UnknownPass {}

#[cfg(test)]
mod tests {
    use super::{PASSES, by_name, by_names, pipeline};

    #[test]
    fn every_pass_is_in_the_pipeline_and_every_name_is_found() {
        for pass in PASSES {
            assert!(pipeline().iter().any(|it| it.name == pass.name), "{}", pass.name);
            assert_eq!(by_name(pass.name).unwrap().name, pass.name);
        }
        assert!(pipeline().iter().all(|it| by_name(it.name).is_ok()));
    }

    #[test]
    fn a_misspelled_pass_gets_a_suggestion() {
        let message = by_names("drop-dead, fuse-in-producer").unwrap_err().to_string();
        insta::assert_snapshot!(message, @"there is no pass `fuse-in-producer`; did you mean `fuse-into-producer`?");
    }
}
