//! Tests of the crate as a whole.

mod consequences;
mod normal_form;
mod obligations;
mod soundness;

use crate::{Dim, Fact, Facts};

fn dim(text: &str) -> Dim {
    Dim::parse(text).unwrap()
}

/// Reads a fact as its `Display` writes it.
fn fact(text: &str) -> Fact {
    if let Some((left, right)) = text.split_once(">=") {
        return Fact::AtLeast(dim(left), dim(right));
    }
    let (left, right) = text.split_once("==").unwrap();
    match left.rsplit_once('%') {
        Some((of, divisor)) if right.trim() == "0" => {
            Fact::Divides { divisor: dim(divisor), of: dim(of) }
        }
        _ => Fact::Equal(dim(left), dim(right)),
    }
}

/// Reads facts divided by semicolons.
fn facts(text: &str) -> Facts {
    let mut facts = Facts::new();
    for part in text.split(';').filter(|part| !part.trim().is_empty()) {
        facts.assume(fact(part));
    }
    facts
}
