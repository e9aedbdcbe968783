//! The messages: one constructor a mistake, by theme.

pub(crate) mod checkpoints;
pub(crate) mod elements;
pub(crate) mod index;
pub(crate) mod layers;
pub(crate) mod models;
pub(crate) mod names;
pub(crate) mod shapes;
pub(crate) mod sizes;
pub(crate) mod state;

use nnc_base::Diagnostic;
use nnc_shape::{Answer, Fact, Witness};

/// "did you mean `x`?", if there is such a name.
fn suggest(diagnostic: Diagnostic, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

/// Sizes for which a claim fails, and what would prove it.
fn explain(mut diagnostic: Diagnostic, answer: &Answer) -> Diagnostic {
    if let Some(witness) = witness(answer) {
        diagnostic = diagnostic.note(format!("witness: {witness}"));
    }
    match guard(answer) {
        Some(guard) => {
            diagnostic.help(format!("add `where {guard}`, or check it with `assert {guard};`"))
        }
        None => diagnostic,
    }
}

fn witness(answer: &Answer) -> Option<&Witness> {
    match answer {
        Answer::Proven => None,
        Answer::Refuted(witness) | Answer::Unproven { witness, .. } => {
            witness.as_ref().filter(|it| !it.assignment.is_empty())
        }
    }
}

fn guard(answer: &Answer) -> Option<&Fact> {
    match answer {
        Answer::Proven | Answer::Refuted(_) => None,
        Answer::Unproven { guard, .. } => guard.as_ref(),
    }
}
