//! Texts of several letters: rows of letters, and words one behind the other.

use super::super::expr::{Expr, Kind, Level, choice};
use super::super::form::Form;
use super::super::ty::Ty;
use super::{Body, alike, reduction};
use crate::ast::BinaryOp;
use crate::graph::{ClassId, Map};
use crate::value::Atom;
use std::collections::BTreeSet;

impl Body<'_, '_> {
    /// The letters of a text by their column.
    pub(super) fn letters(&mut self, class: ClassId, length: usize) -> Expr {
        let letters = self.row(class, "q", length);
        let number = letters.iter().any(|it| it.kind == Kind::Number);
        let letters = letters.into_iter().map(|it| if number { it.to_number() } else { it });
        let column = Expr::atom("c", Kind::Int);
        let here =
            |at: usize| column.binary("==", &Expr::int(at as i64), Level::Compare, Kind::Bool);
        let mut cases: Vec<(Expr, Expr)> =
            letters.enumerate().map(|(at, letter)| (here(at), letter)).collect();
        let last = cases.pop().map_or_else(|| Expr::int(0), |it| it.1);
        choice(cases, last)
    }

    /// The letters of a text that has so many at each place.
    pub(super) fn row(&mut self, class: ClassId, at: &str, length: usize) -> Vec<Expr> {
        let form = self.forms.of(class);
        let is_row = matches!(self.ty(class), Ty::Row(_));
        if is_row && self.plan.values.contains(&class) && class != self.root {
            return self.columns(class, at, length);
        }
        match &*form {
            Form::Constant(Atom::Text(text)) => {
                let letters: Vec<Atom> =
                    text.chars().map(|it| Atom::text(it.encode_utf8(&mut [0; 4]))).collect();
                letters.iter().map(|it| self.literal(it)).collect()
            }
            Form::Map(Map::Binary(op), operands) if is_row => match operands.as_slice() {
                [left, right] if *op == BinaryOp::Plus => {
                    let first = self.ty(*left).length().unwrap_or(0);
                    let mut letters = self.row(*left, at, first);
                    letters.extend(self.row(*right, at, length.saturating_sub(first)));
                    letters
                }
                [left, right] => {
                    let text = if self.ty(*left).is_text() { *left } else { *right };
                    let part = self.ty(text).length().unwrap_or(1).max(1);
                    let letters = self.row(text, at, part);
                    letters.iter().cloned().cycle().take(length).collect()
                }
                _ => Vec::new(),
            },
            Form::Map(Map::If, operands) if is_row => match operands.as_slice() {
                [condition, yes, no] => {
                    let condition = self.value(*condition, at).truth();
                    let yes = self.row(*yes, at, length);
                    let no = self.row(*no, at, length);
                    let choose = |(yes, no)| {
                        let [yes, no] = alike([yes, no]);
                        choice(vec![(condition.clone(), yes)], no)
                    };
                    yes.into_iter().zip(no).map(choose).collect()
                }
                _ => Vec::new(),
            },
            Form::Aggregate { selector, value, default } if is_row => {
                let picked = self.row(*value, "k", length);
                let guard = self.selected(*selector, at, "k");
                let default = match default {
                    Some(Atom::Text(text)) => text.chars().map(Some).collect(),
                    _ => vec![None; length],
                };
                let mut letters = Vec::new();
                for (letter, default) in picked.into_iter().zip(default) {
                    let mut pick = reduction("pick", Some(guard.clone()), &letter, letter.kind);
                    if let Some(default) = default {
                        let default = Atom::text(default.encode_utf8(&mut [0; 4]));
                        let default = self.literal(&default);
                        pick.text =
                            format!("{} else {}", pick.text, default.at_least(Level::Unary));
                    }
                    letters.push(Expr::atom(format!("({})", pick.text), pick.kind));
                }
                letters
            }
            Form::At { value, last } if is_row => {
                let place = if *last { "T - 1" } else { "0" };
                self.row(*value, place, length)
            }
            _ if length <= 1 => vec![self.value(class, at)],
            // One of some known words, letter by letter.
            _ => {
                let Ty::Texts { words, .. } = self.ty(class) else { return Vec::new() };
                let mut letters = Vec::new();
                for column in 0..length {
                    let mut cases = Vec::new();
                    for word in &words {
                        let letter = word.chars().nth(column).unwrap_or('\0');
                        let letter = self.literal(&Atom::text(letter.encode_utf8(&mut [0; 4])));
                        cases.push((self.equals(class, at, &Atom::Text(word.clone())), letter));
                    }
                    let last = cases.pop().map_or_else(|| Expr::int(0), |it| it.1);
                    letters.push(choice(cases, last));
                }
                letters
            }
        }
    }

    pub(super) fn columns(&mut self, class: ClassId, at: &str, length: usize) -> Vec<Expr> {
        let name = self.named(class);
        (0..length).map(|it| Expr::atom(format!("{name}[{at}, {it}]"), Kind::Token)).collect()
    }

    /// Texts of which all that there are are known, one behind the other.
    pub(super) fn joined_texts(
        &mut self,
        class: ClassId,
        op: BinaryOp,
        left: ClassId,
        right: ClassId,
        at: &str,
    ) -> Expr {
        let ty = self.ty(class);
        let words = |ty: Ty| match ty {
            Ty::Texts { words, .. } => words,
            _ => BTreeSet::new(),
        };
        let mut cases = Vec::new();
        if op == BinaryOp::Plus {
            let (first, second) = (words(self.ty(left)), words(self.ty(right)));
            for a in &first {
                for b in &second {
                    let is_a = self.equals(left, at, &Atom::Text(a.clone()));
                    let is_b = self.equals(right, at, &Atom::Text(b.clone()));
                    cases.push((is_a.and(&is_b), Atom::text(&format!("{a}{b}"))));
                }
            }
        } else {
            let text = if self.ty(left).is_text() { left } else { right };
            let times = if text == left { right } else { left };
            let times = self.forms.constant(times).and_then(Atom::as_int).unwrap_or(0);
            for a in &words(self.ty(text)) {
                let is_a = self.equals(text, at, &Atom::Text(a.clone()));
                let times = usize::try_from(times).unwrap_or(0);
                cases.push((is_a, Atom::text(&a.repeat(times))));
            }
        }
        self.entries(cases, &ty)
    }
}
