//! Expressions as text that [`Dim::parse`] reads back.

use std::fmt;

use crate::dim::{Atom, Dim, Monomial};

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut terms: Vec<(String, bool)> = Vec::new();
        let (rest, remainders) = take_remainders(self);
        for (monomial, value) in &rest.terms {
            terms.push((term_text(monomial, value.unsigned_abs(), None), *value < 0));
        }
        let constant_at = if rest.constant_term() == 0 { terms.len() } else { terms.len() - 1 };
        for (monomial, value, remainder) in &remainders {
            let text = term_text(monomial, value.unsigned_abs(), Some(remainder));
            terms.insert(constant_at, (text, *value < 0));
        }
        // `5 - H` reads better than `-H + 5`.
        if let Some(first) = terms.iter().position(|(_, negative)| !negative) {
            let term = terms.remove(first);
            terms.insert(0, term);
        }
        if terms.is_empty() {
            return f.write_str("0");
        }
        for (index, (text, negative)) in terms.iter().enumerate() {
            match (index, negative) {
                (0, false) => {}
                // A sign binds to the first operand only.
                (0, true) if is_quotient(text) => {
                    write!(f, "-({text})")?;
                    continue;
                }
                (0, true) => f.write_str("-")?,
                (_, false) => f.write_str(" + ")?,
                (_, true) => f.write_str(" - ")?,
            }
            f.write_str(text)?;
        }
        Ok(())
    }
}

/// Whether a term is a bare quotient or remainder; in a product they stand in parentheses.
fn is_quotient(term: &str) -> bool {
    let mut depth = 0;
    for letter in term.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            '/' | '%' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// Finds `p - q*(p // q)` in a sum, to be written `p % q`.
///
/// A remainder is taken out only where that leaves fewer terms.
fn take_remainders(dim: &Dim) -> (Dim, Vec<(Monomial, i64, String)>) {
    let mut rest = dim.clone();
    let mut taken = Vec::new();
    let floors: Vec<Atom> = dim
        .terms
        .iter()
        .flat_map(|(monomial, _)| &monomial.factors)
        .filter(|(atom, exponent)| matches!(atom, Atom::Floor(..)) && *exponent == 1)
        .map(|(atom, _)| atom.clone())
        .collect();
    for floor in floors {
        let Atom::Floor(above, below) = &floor else { continue };
        let mut beside = Dim::zero();
        for (monomial, value) in &rest.terms {
            if let Some((others, 1)) = monomial.without(&floor) {
                beside.add_term(others, *value);
            }
        }
        let Some(factor) = beside.exact_div(&-&**below) else { continue };
        let remainder = &**above - &**below * Dim::atom(floor.clone());
        let without = &rest - &factor * remainder;
        if factor.terms.is_empty() || without.terms.len() + factor.terms.len() >= rest.terms.len() {
            continue;
        }
        rest = without;
        let text = format!("{} % {}", Operand(above), Operand(below));
        taken.extend(factor.terms.into_iter().map(|(m, value)| (m, value, text.clone())));
    }
    (rest, taken)
}

/// One product; `remainder` is one more factor.
fn term_text(monomial: &Monomial, value: u64, remainder: Option<&String>) -> String {
    let count = monomial.factors.len() + usize::from(remainder.is_some());
    if count == 0 {
        return value.to_string();
    }
    let alone = count == 1 && value == 1;
    let mut factors = Vec::new();
    if value != 1 {
        factors.push(value.to_string());
    }
    for (atom, exponent) in &monomial.factors {
        let text = match atom {
            Atom::Floor(..) if !alone || *exponent > 1 => format!("({atom})"),
            _ => atom.to_string(),
        };
        factors.push(if *exponent > 1 { format!("{text}^{exponent}") } else { text });
    }
    if let Some(text) = remainder {
        factors.push(if alone { text.clone() } else { format!("({text})") });
    }
    factors.join("*")
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Var(name) => write!(f, "{name}"),
            Atom::Floor(dividend, divisor) => {
                write!(f, "{}//{}", Operand(dividend), Operand(divisor))
            }
            Atom::Min(items) => write_call(f, "min", items),
            Atom::Max(items) => write_call(f, "max", items),
            Atom::Group(inner) => write!(f, "({inner})"),
        }
    }
}

fn write_call(f: &mut fmt::Formatter<'_>, name: &str, items: &[Dim]) -> fmt::Result {
    write!(f, "{name}(")?;
    for (index, item) in items.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{item}")?;
    }
    f.write_str(")")
}

impl Dim {
    /// The text to stand beside an operator that binds closely.
    pub(crate) fn operand(&self) -> impl fmt::Display {
        Operand(self)
    }
}

/// An expression with parentheses unless it is one word.
struct Operand<'a>(&'a Dim);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operand(dim) = self;
        let word = match (dim.as_constant(), dim.as_atom()) {
            (Some(value), _) => value >= 0,
            (None, Some(Atom::Floor(..))) | (None, None) => false,
            (None, Some(Atom::Var(_) | Atom::Min(_) | Atom::Max(_) | Atom::Group(_))) => true,
        };
        if word { write!(f, "{dim}") } else { write!(f, "({dim})") }
    }
}
