//! Our programs beside plain loops that say what they compute, on texts that differ each
//! time.

use super::support::{Files, mistakes, named, root};
use crate::{Atom, Evaluated, Input, Machine};

/// A sequence of pseudorandom numbers; SplitMix64, Steele, Lea and Flood 2014.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        println!("seed {}", now.as_nanos() as u64);
        Random(now.as_nanos() as u64)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn text(&mut self, alphabet: &str) -> Vec<char> {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..1 + self.below(17)).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }
}

/// Holds an s-op of a program against a function, on 200 texts.
fn compare(program: &str, name: &str, alphabet: &str, oracle: impl Fn(&[char]) -> Vec<Atom>) {
    let mut random = Random::new();
    let mut machine = Machine::new(Files::new(&root().join("tests/rasp")));
    assert_eq!(mistakes(&machine.load(program)), Vec::<String>::new());
    let node = named(&machine, name);
    for _ in 0..200 {
        let text = random.text(alphabet);
        let written: String = text.iter().collect();
        let value = machine.evaluate(node, &Input::text(&written).unwrap()).unwrap();
        let Evaluated::Sequence(found) = &*value else { panic!("{name} is a selector") };
        assert_eq!(found.values, oracle(&text), "{name} on {written:?}");
    }
}

fn letters(text: &[char]) -> Vec<Atom> {
    text.iter().map(|it| Atom::text(&it.to_string())).collect()
}

#[test]
fn histogram_counts_each_letter() {
    let count = |text: &[char], letter: char| text.iter().filter(|it| **it == letter).count();
    compare("histogram", "histogram", "abcde", |text| {
        text.iter().map(|letter| Atom::Int(count(text, *letter) as i64)).collect()
    });
}

#[test]
fn reverse_turns_and_a_palindrome_is_its_own_reverse() {
    let turned = |text: &[char]| text.iter().rev().copied().collect::<Vec<char>>();
    compare("reverse", "reverse", "abcdefgh", |text| letters(&turned(text)));
    compare("reverse", "is_palindrome", "ab", |text| {
        vec![Atom::Bool(turned(text) == text); text.len()]
    });
}

#[test]
fn sorting_keeps_the_order_of_equals() {
    let sorted = |text: &[char]| {
        let mut text = text.to_vec();
        text.sort_unstable();
        letters(&text)
    };
    compare("sort", "sorted", "aabcdEF-z", sorted);
    compare("sort", "ranked", "aabcdEF-z", sorted);
}

#[test]
fn the_most_frequent_letters_come_first() {
    compare("most_frequent", "most_frequent", "abbbccd", |text| {
        let mut once: Vec<char> = Vec::new();
        for letter in text {
            if !once.contains(letter) {
                once.push(*letter);
            }
        }
        once.sort_by_key(|it| std::cmp::Reverse(text.iter().filter(|other| *other == it).count()));
        once.resize(text.len(), '-');
        letters(&once)
    });
}

/// The verdict on each beginning of a text, by a stack.
fn dyck(text: &[char], pairs: &[(char, char)]) -> Vec<Atom> {
    let mut stack = Vec::new();
    let mut wrong = false;
    let mut verdicts = Vec::new();
    for letter in text {
        if pairs.iter().any(|it| it.0 == *letter) {
            stack.push(*letter);
        } else if let Some((open, _)) = pairs.iter().find(|it| it.1 == *letter) {
            wrong |= stack.pop() != Some(*open);
        }
        let verdict = match (wrong, stack.is_empty()) {
            (true, _) => "F",
            (false, true) => "T",
            (false, false) => "P",
        };
        verdicts.push(Atom::text(verdict));
    }
    verdicts
}

#[test]
fn brackets_of_one_kind_and_of_two_are_balanced_as_by_a_stack() {
    compare("dyck", "dyck1_round", "((){}", |text| dyck(text, &[('(', ')')]));
    compare("dyck", "dyck2", "(((){{}", |text| dyck(text, &[('(', ')'), ('{', '}')]));
}
