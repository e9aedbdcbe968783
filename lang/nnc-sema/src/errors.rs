//! The messages: one constructor a mistake, by theme.

pub(crate) mod checkpoints;
pub(crate) mod elements;
pub(crate) mod facts;
pub(crate) mod functions;
pub(crate) mod handed;
pub(crate) mod index;
pub(crate) mod intent;
pub(crate) mod layers;
pub(crate) mod models;
pub(crate) mod names;
pub(crate) mod optional;
pub(crate) mod rewrites;
pub(crate) mod shapes;
pub(crate) mod sizes;
pub(crate) mod spaces;
pub(crate) mod state;
pub(crate) mod weights;

use nnc_base::{Diagnostic, Name, Span};
use nnc_shape::{Answer, Fact, Witness};

/// Where a value and an expectation met.
#[derive(Clone, Copy)]
pub(crate) struct Meeting<'m> {
    /// Where the value is.
    pub(crate) at: Span,
    /// Where the expectation was written.
    pub(crate) expected_at: Span,
    /// What expects it, such as "layer `down`".
    pub(crate) who: &'m str,
    /// What the value is called, if it has a name.
    pub(crate) subject: Option<Name>,
    /// The softmax that made it probabilities, and what it was applied to.
    pub(crate) softmax: Option<Softmax>,
}

/// A softmax over an axis of a value, for messages about what is made of it.
#[derive(Clone, Copy)]
pub(crate) struct Softmax {
    pub(crate) axis: usize,
    pub(crate) at: Span,
    /// What it was applied to, if that has a name.
    pub(crate) scores: Option<Name>,
}

/// Two branches whose meanings met in what both are.
#[derive(Clone, Debug)]
pub(crate) struct Joined {
    /// Where each is, and as what.
    pub(crate) left: (Span, String),
    pub(crate) right: (Span, String),
    /// What both are when something is forgotten.
    pub(crate) meet: String,
}

impl<'m> Meeting<'m> {
    pub(crate) fn new(at: Span, expected_at: Span, who: &'m str) -> Meeting<'m> {
        Meeting { at, expected_at, who, subject: None, softmax: None }
    }

    /// The value in a repair: by its name, or as "…".
    fn subject(&self) -> &'static str {
        self.subject.map_or("…", |name| name.as_str())
    }
}

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
