//! Whatever the text, there is a tree and no panic. The seeds are fixed.

use super::accept::{PROGRAMS, file};
use crate::{lex, parse};

/// A small generator of numbers (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

fn check(text: &str) {
    let parsed = parse(file(), text);
    for diagnostic in &parsed.diagnostics {
        for label in &diagnostic.labels {
            let span = label.span;
            assert!(span.start <= span.end && span.end as usize <= text.len(), "{text}");
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text}");
        }
        assert!(!diagnostic.helps.is_empty(), "{diagnostic:?}");
    }
    // Without messages nothing may have been lost, and with a loss there is a message.
    if parsed.diagnostics.is_empty() {
        let dump = parsed.module.to_string();
        assert!(!dump.lines().any(|line| line.trim() == "error"), "{text}\n{dump}");
    }
}

#[test]
fn token_soup() {
    let words: Vec<&str> = PROGRAMS
        .iter()
        .flat_map(|(_, text)| {
            lex(file(), text)
                .tokens
                .iter()
                .map(|token| &text[token.span.start as usize..token.span.end as usize])
                .collect::<Vec<_>>()
        })
        .collect();
    let mut random = Random(0x5eed);
    for _ in 0..1_500 {
        let mut text = String::new();
        for _ in 0..1 + random.below(60) {
            text.push_str(words[random.below(words.len())]);
            text.push_str(["", " ", " ", "\n"][random.below(4)]);
        }
        check(&text);
    }
}

#[test]
fn mutations() {
    let mut random = Random(0xfeed);
    for _ in 0..150 {
        for (_, text) in PROGRAMS {
            let mut letters: Vec<char> = text.chars().collect();
            for _ in 0..1 + random.below(4) {
                let at = random.below(letters.len());
                match random.below(4) {
                    0 => {
                        letters.remove(at);
                    }
                    1 => letters
                        .insert(at, ['(', '}', '"', 'ä', '|', '<', '\\', ';'][random.below(8)]),
                    2 => {
                        let other = random.below(letters.len());
                        letters.swap(at, other);
                    }
                    _ => {
                        let end = (at + random.below(30)).min(letters.len());
                        let piece: Vec<char> = letters[at..end].to_vec();
                        let to = random.below(letters.len());
                        letters.splice(to..to, piece);
                    }
                }
            }
            check(&letters.iter().collect::<String>());
        }
    }
}

#[test]
fn random_letters() {
    let mut random = Random(0xbeef);
    for _ in 0..500 {
        let text: String = (0..random.below(80))
            .map(|_| char::from_u32(random.below(0x180) as u32).unwrap_or(' '))
            .collect();
        check(&text);
    }
}
