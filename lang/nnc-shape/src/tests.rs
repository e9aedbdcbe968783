//! Tests of the crate as a whole.

mod completeness;
mod consequences;
mod normal_form;
mod obligations;
mod soundness;
mod truth;
mod worlds;
mod written;

use crate::{Dim, Fact, Facts};

fn dim(text: &str) -> Dim {
    Dim::parse(text).unwrap()
}

fn fact(text: &str) -> Fact {
    Fact::parse(text).unwrap()
}

/// Reads facts divided by semicolons.
fn facts(text: &str) -> Facts {
    let mut facts = Facts::new();
    for part in text.split(';').filter(|part| !part.trim().is_empty()) {
        facts.assume(fact(part));
    }
    facts
}
