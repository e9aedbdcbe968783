//! Graph passes of nnc, their order and their runner.
//!
//! A [`Pass`] rewrites a [`nnc_graph::Module`] and leaves it computing what it
//! computed. Start with [`pipeline()`], the order with its reasons; each pass is a
//! file, whose head shows a graph before and after. [`run()`] runs passes, times and
//! verifies them, and hands out what they leave.
//!
//! After the pipeline a contraction is still a sum of a product of two plain reads,
//! with everything that follows it elementwise in `finish`; views are index maps of
//! what reads them; and what parameters alone decide is a derived parameter.
//!
//! This crate does not know kernels, memory or machines, and writes no files.

mod absorb_views;
mod compose;
mod conditions;
mod cost;
mod drop_dead;
mod elem_of;
mod find_places;
mod find_prefixes;
mod fold_constants;
mod fold_norms;
mod fuse_into_consumer;
mod fuse_into_producer;
mod graphs;
mod hoist_params;
mod inline;
mod merge_sums;
mod move_before_views;
mod pass;
mod pipeline;
mod run;
mod share_common;
mod share_graphs;
mod simplify_guards;
mod space;
mod split;
mod tidy;
mod uses;
mod weights;

pub use absorb_views::ABSORB_VIEWS;
pub use drop_dead::DROP_DEAD;
pub use find_places::FIND_PLACES;
pub use find_prefixes::FIND_PREFIXES;
pub use fold_constants::FOLD_CONSTANTS;
pub use fold_norms::FOLD_NORMS;
pub use fuse_into_consumer::FUSE_INTO_CONSUMER;
pub use fuse_into_producer::FUSE_INTO_PRODUCER;
pub use hoist_params::HOIST_PARAMS;
pub use merge_sums::MERGE_SUMS;
pub use move_before_views::MOVE_BEFORE_VIEWS;
pub use pass::{Changed, Pass};
pub use pipeline::{PASSES, UnknownPass, by_name, by_names, pipeline};
pub use run::{BrokenPass, Dump, Options, PassReport, Report, run};

pub use share_common::SHARE_COMMON;
pub use share_graphs::SHARE_GRAPHS;
pub use simplify_guards::SIMPLIFY_GUARDS;

#[cfg(test)]
mod tests;
