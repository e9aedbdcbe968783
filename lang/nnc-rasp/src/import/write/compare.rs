//! Comparisons: of numbers, of letters, and of texts of several letters.

use super::super::expr::{Expr, Kind, Level};
use super::super::form::Form;
use super::super::ty::Ty;
use super::Body;
use crate::ast::{Compare, UnaryOp};
use crate::graph::{ClassId, Map};
use crate::value::Atom;

impl Body<'_, '_> {
    /// A comparison of two s-ops, each at its place.
    pub(super) fn compared(
        &mut self,
        compare: Compare,
        (left, at): (ClassId, &str),
        (right, with): (ClassId, &str),
    ) -> Expr {
        if matches!(compare, Compare::Equal | Compare::NotEqual) {
            let constant = |body: &Body<'_, '_>, class| body.forms.constant(class).cloned();
            let found = match (constant(self, left), constant(self, right)) {
                (_, Some(atom)) => Some(self.equals(left, at, &atom)),
                (Some(atom), None) => Some(self.equals(right, with, &atom)),
                (None, None) => self.equal_texts((left, at), (right, with)),
            };
            if let Some(found) = found {
                return if compare == Compare::Equal { found } else { found.not() };
            }
        }
        // Descending order is the opposite of ascending order.
        if let (Some(left), Some(right)) = (self.forms.negated(left), self.forms.negated(right)) {
            return self.compared(turned(compare), (left, at), (right, with));
        }
        let (a, b) = (self.value(left, at), self.value(right, with));
        let (a, b) = match (a.kind, b.kind) {
            (Kind::Bool, Kind::Bool) if matches!(compare, Compare::Equal | Compare::NotEqual) => {
                (a, b)
            }
            (Kind::Float | Kind::FloatLiteral, _) | (_, Kind::Float | Kind::FloatLiteral) => {
                (a.to_float(), b.to_float())
            }
            (Kind::Token, Kind::Token) => (a, b),
            _ => (a.to_int().to_number(), b.to_int().to_number()),
        };
        a.binary(compare.as_str(), &b, Level::Compare, Kind::Bool)
    }

    /// Whether two s-ops are equal of which one at least is a text of several letters or no
    /// text; nothing for others.
    pub(super) fn equal_texts(
        &mut self,
        (left, at): (ClassId, &str),
        (right, with): (ClassId, &str),
    ) -> Option<Expr> {
        let (a, b) = (self.ty(left), self.ty(right));
        if a.is_text() != b.is_text() {
            return Some(Expr::bool(false));
        }
        let length = match (&a, &b) {
            (Ty::Row(length), _) | (_, Ty::Row(length)) => *length,
            _ => return None,
        };
        if a.length() != b.length() {
            return Some(Expr::bool(false));
        }
        let (a, b) = (self.row(left, at, length), self.row(right, with, length));
        Some(a.iter().zip(&b).fold(Expr::bool(true), |all, (a, b)| {
            all.and(&a.binary("==", b, Level::Compare, Kind::Bool))
        }))
    }

    /// Whether an s-op is a value.
    pub(super) fn equals(&mut self, class: ClassId, at: &str, atom: &Atom) -> Expr {
        let ty = self.ty(class);
        let Atom::Text(text) = atom else {
            if ty.is_text() {
                return Expr::bool(false);
            }
            return self.equals_number(class, at, atom);
        };
        let length = text.chars().count();
        match &ty {
            Ty::Row(_) if ty.length() != Some(length) => Expr::bool(false),
            Ty::Row(_) => {
                let row = self.row(class, at, length);
                let mut all = Expr::bool(true);
                for (letter, is) in row.iter().zip(text.chars()) {
                    let is = self.literal(&Atom::text(is.encode_utf8(&mut [0; 4])));
                    all = all.and(&letter.binary("==", &is, Level::Compare, Kind::Bool));
                }
                all
            }
            Ty::Texts { letters, words } if words.contains(text) || (*letters && length == 1) => {
                if let Form::Constant(Atom::Text(known)) = &*self.forms.of(class) {
                    return Expr::bool(known == text);
                }
                let value = self.value(class, at);
                let is = self.literal(atom);
                value.binary("==", &is, Level::Compare, Kind::Bool)
            }
            // It never has this value.
            _ => Expr::bool(false),
        }
    }

    pub(super) fn equals_number(&mut self, class: ClassId, at: &str, atom: &Atom) -> Expr {
        if let Some(known) = self.forms.constant(class) {
            return Expr::bool(known.equals(atom));
        }
        // An indicator is 1 where its condition holds.
        if let Form::Map(Map::Unary(UnaryOp::Indicator), operands) = &*self.forms.of(class)
            && let [condition] = operands.as_slice()
            && !self.plan.values.contains(&class)
        {
            let condition = self.value(*condition, at).truth();
            return is_truth(&condition, atom);
        }
        let value = self.value(class, at);
        match value.kind {
            Kind::Bool => is_truth(&value, atom),
            Kind::Float | Kind::FloatLiteral => {
                let atom = Expr::float(atom.as_f64().unwrap_or(0.0));
                value.binary("==", &atom, Level::Compare, Kind::Bool)
            }
            Kind::Int | Kind::Token | Kind::Number => {
                let number = atom.as_f64().unwrap_or(0.0);
                if number.fract() != 0.0 || number.abs() > f64::from(i32::MAX) {
                    return Expr::bool(false);
                }
                let number = Expr::int(number as i64);
                value.binary("==", &number, Level::Compare, Kind::Bool)
            }
        }
    }
}

/// Whether a condition has the truth value that an atom is equal to.
pub(super) fn is_truth(condition: &Expr, atom: &Atom) -> Expr {
    if atom.equals(&Atom::Int(1)) {
        condition.clone()
    } else if atom.equals(&Atom::Int(0)) {
        condition.not()
    } else {
        Expr::bool(false)
    }
}

pub(super) fn turned(compare: Compare) -> Compare {
    match compare {
        Compare::Equal | Compare::NotEqual => compare,
        Compare::Less => Compare::Greater,
        Compare::LessEqual => Compare::GreaterEqual,
        Compare::Greater => Compare::Less,
        Compare::GreaterEqual => Compare::LessEqual,
    }
}

pub(super) fn opposite(compare: Compare) -> Compare {
    match compare {
        Compare::Equal => Compare::NotEqual,
        Compare::NotEqual => Compare::Equal,
        Compare::Less => Compare::GreaterEqual,
        Compare::LessEqual => Compare::Greater,
        Compare::Greater => Compare::LessEqual,
        Compare::GreaterEqual => Compare::Less,
    }
}
