//! Checks `nn` programs: names, types, shapes, facts and meanings.
//!
//! [`analyze`] takes the trees of all modules and gives the typed program and the
//! messages. It goes on after a mistake; one mistake gives one message. A layer or a
//! function is checked once, for all values of its sizes, from what its signature and
//! its `where` facts say.
//!
//! Read `scope` (what names stand for), `dims` (sizes and conditions), `signature`,
//! and then `body`, which checks what functions do; `body/index.rs` is index notation.
//! Then what no type is against: `recursion` asks whether layers and functions that contain
//! themselves end, and `intent` warns of what can hardly be meant.
//! [`Questions`] answers what a program is asked: the type of a layer, whether two are
//! equivalent, what fits into a hole; see `questions`.
//! The language's reference is `spec/*.md`; its examples are tests.
//!
//! This crate opens no files, prints nothing, and does not know how programs run.

mod body;
mod checkpoints;
mod choices;
mod collect;
mod cx;
mod dims;
mod effects;
mod errors;
mod explain;
mod functions;
mod handed;
mod intent;
mod layers;
mod meanings;
mod models;
mod once;
mod optional;
mod questions;
mod recursion;
pub mod relation;
mod rewrites;
mod scope;
mod signature;
mod types;

#[cfg(test)]
mod tests;

use nnc_base::{Diagnostic, FileId};
use nnc_hir::Program;
use nnc_syntax::ast;

pub use effects::effects;
pub use explain::{codes, explain};
pub use questions::{
    Answer, Bounds, Chain, Difference, Equivalence, Family, Filling, Fitting, Input, Instance, Map,
    MapSize, NoAnswer, Questions, Verdict,
};
pub use rewrites::rewrite;

/// A module to be checked.
#[derive(Clone, Copy)]
pub struct ModuleInput<'a> {
    /// As in `use`: `std.nn`, or `mlp` for a file `1_mlp.nn`.
    pub path: &'a str,
    pub ast: &'a ast::Module,
    pub file: FileId,
}

/// What checking gives.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// All that could be understood; whole if no message is an error.
    pub program: Program,
    /// In the order of the files and of the text in them.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks all modules of a program together.
pub fn analyze(modules: &[ModuleInput<'_>]) -> Analysis {
    let mut cx = checked(modules);
    questions::fill::report(&mut cx);
    let mut diagnostics = cx.diagnostics;
    diagnostics.sort_by_key(|it| it.span());
    Analysis { program: cx.program, diagnostics: once::once(modules, diagnostics) }
}

/// The analysis when all has been looked at.
fn checked<'a>(modules: &'a [ModuleInput<'a>]) -> cx::Cx<'a> {
    let mut cx = cx::Cx::declare(modules);
    cx.redeclared();
    cx.headers();
    cx.unused_main();
    for id in cx.program.functions.ids().collect::<Vec<_>>() {
        body::check_function(&mut cx, id);
    }
    for candidate in std::mem::take(&mut cx.candidates) {
        body::check_candidate(&mut cx, candidate);
    }
    for replacing in std::mem::take(&mut cx.replacements) {
        body::check_replacement(&mut cx, replacing);
    }
    cx.check_handed();
    cx.endless_calls();
    for id in cx.program.checkpoints.ids().collect::<Vec<_>>() {
        cx.checkpoint(id);
    }
    cx.finish_items();
    // Of models.
    cx.check_handed();
    questions::fill::number(&mut cx.open_holes);
    cx.intent();
    cx
}
