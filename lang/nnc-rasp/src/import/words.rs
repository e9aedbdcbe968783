//! Texts in the language: a letter is a token, a text without letters 0, and a word of
//! several letters a constant.

use super::expr::{Expr, Kind, Level};
use super::names::plain;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The first number that is no letter's.
const FIRST: usize = 256;

#[derive(Default)]
pub(super) struct Words {
    /// With their constants, in their order.
    numbers: BTreeMap<Rc<str>, (String, usize)>,
    used: BTreeSet<Rc<str>>,
    /// Letters that are not written in quotes.
    letters: BTreeMap<char, String>,
}

impl Words {
    /// Numbers all words of several letters.
    pub(super) fn new(words: impl Iterator<Item = Rc<str>>) -> Words {
        let words: BTreeSet<Rc<str>> = words.filter(|it| it.chars().count() > 1).collect();
        let mut names = BTreeSet::new();
        let mut numbers = BTreeMap::new();
        for (at, word) in words.into_iter().enumerate() {
            let letters = word.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
            let wanted = if letters { plain(&word) } else { "word".to_owned() };
            let wanted = match wanted.to_ascii_uppercase() {
                // The names of sizes.
                it if it == "T" || it == "V" => format!("{it}_WORD"),
                it => it,
            };
            let mut name = wanted.clone();
            let mut next = 2;
            while !names.insert(name.clone()) {
                name = format!("{wanted}_{next}");
                next += 1;
            }
            numbers.insert(word, (name, FIRST + at));
        }
        Words { numbers, ..Words::default() }
    }

    pub(super) fn literal(&mut self, text: &str) -> Expr {
        if let Some((word, (name, _))) = self.numbers.get_key_value(text) {
            self.used.insert(word.clone());
            return Expr::atom(name, Kind::Number);
        }
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if is_plain(letter) => {
                Expr::new(format!("\"{letter}\""), Level::Atom, Kind::Token)
            }
            (Some(letter), None) => {
                let name = format!("LETTER_{}", letter as u32);
                self.letters.insert(letter, name.clone());
                Expr::atom(name, Kind::Number)
            }
            _ => Expr::atom("0", Kind::Number),
        }
    }

    /// The constants that were used, a line each.
    pub(super) fn declared(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (letter, name) in &self.letters {
            let shown = if letter.is_control() { String::new() } else { format!("  # {letter}") };
            lines.push(format!("const {name} = {}{shown}", *letter as u32));
        }
        if !self.used.is_empty() {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines
                .push("# What has several letters is a number behind those of letters.".to_owned());
            lines.push("elem Word: int".to_owned());
            for (word, (name, number)) in &self.numbers {
                if self.used.contains(word) {
                    let shown = word.escape_debug();
                    lines.push(format!("const {name} = {number}  # \"{shown}\""));
                }
            }
        }
        lines
    }
}

/// Whether a letter can stand in quotes.
fn is_plain(letter: char) -> bool {
    (letter.is_ascii_graphic() || letter == ' ') && letter != '"' && letter != '\\'
}
