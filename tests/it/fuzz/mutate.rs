//! Changes a program in a few places.

use crate::run::Random;
use nnc_base::Sources;
use std::ops::Range;

/// Sizes and numbers at the ends of what there is.
const NUMBERS: [&str; 9] = [
    "0",
    "1",
    "-1",
    "2147483648",
    "9223372036854775807",
    "99999999999999999999",
    "1e308",
    "0.0",
    "3",
];

const LETTERS: [&str; 20] = [
    "(", ")", "[", "]", "{", "}", "<", ">", "|", "\"", "#", ";", ",", ":", "\\", "ä", "\u{0}",
    "..", "@", "\n",
];

/// The program of a seed: one of the corpus with one to four changes.
pub(super) fn mutated(corpus: &[String], seed: u64) -> String {
    let mut random = Random(seed);
    // The first outputs of neighbouring seeds are as far apart as any.
    let Some(text) = pick(&mut random, corpus) else { return String::new() };
    let mut text = text.clone();
    for _ in 0..1 + below(&mut random, 4) {
        change(&mut random, &mut text, corpus);
    }
    text
}

fn below(random: &mut Random, end: usize) -> usize {
    (random.next() % end.max(1) as u64) as usize
}

fn pick<'a, T>(random: &mut Random, items: &'a [T]) -> Option<&'a T> {
    items.get(below(random, items.len()))
}

/// The tokens of a text, as ranges of bytes.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let file = Sources::new().add("fuzz.nn", "");
    let lexed = nnc_syntax::lex(file, text);
    lexed.tokens.iter().map(|it| it.span.start as usize..it.span.end as usize).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_alphabetic() || it == '_')
}

fn change(random: &mut Random, text: &mut String, corpus: &[String]) {
    let tokens = tokens(text);
    let (Some(first), Some(second)) = (pick(random, &tokens), pick(random, &tokens)) else {
        return;
    };
    let (first, second) = (first.clone(), second.clone());
    match below(random, 11) {
        // A letter in any place.
        0 => {
            let mut at = below(random, text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let end = text[at..].chars().next().map_or(at, |it| at + it.len_utf8());
            let letter = LETTERS[below(random, LETTERS.len())];
            text.replace_range(at..if below(random, 2) == 0 { at } else { end }, letter);
        }
        // A token less, one twice, two in each other's place.
        1 => text.replace_range(first, ""),
        2 => text.insert_str(first.start, &format!("{} ", &text[first.clone()])),
        3 => {
            let (early, late) =
                if first.start < second.start { (first, second) } else { (second, first) };
            if early.end <= late.start {
                let (left, right) = (text[early.clone()].to_owned(), text[late.clone()].to_owned());
                text.replace_range(late, &left);
                text.replace_range(early, &right);
            }
        }
        // A piece of another program.
        4 | 5 => {
            let Some(other) = pick(random, corpus) else { return };
            let others = self::tokens(other);
            let start = below(random, others.len());
            let end = (start + 1 + below(random, 30)).min(others.len());
            if let (Some(start), Some(end)) = (others.get(start), others.get(end.max(1) - 1)) {
                text.insert_str(first.start, &format!(" {} ", &other[start.start..end.end]));
            }
        }
        // Brackets around a token, many times.
        6 => {
            let depth = [1, 3, 40, 400, 4000][below(random, 5)];
            let around = [("(", ")"), ("[", "]"), ("{", "}"), ("-", ""), ("!", ""), ("max(", ")")];
            let (open, close) = around[below(random, around.len())];
            let inside = text[first.clone()].to_owned();
            text.replace_range(
                first,
                &format!("{}{inside}{}", open.repeat(depth), close.repeat(depth)),
            );
        }
        // Another number, another name.
        7 => {
            let is_number = |it: &&Range<usize>| {
                text[(*it).clone()].starts_with(|it: char| it.is_ascii_digit())
            };
            let numbers: Vec<&Range<usize>> = tokens.iter().filter(is_number).collect();
            if let Some(place) = pick(random, &numbers) {
                text.replace_range((*place).clone(), NUMBERS[below(random, NUMBERS.len())]);
            }
        }
        8 => {
            let names: Vec<&Range<usize>> =
                tokens.iter().filter(|it| is_name(&text[(*it).clone()])).collect();
            if let (Some(place), Some(name)) = (pick(random, &names), pick(random, &names)) {
                let name = text[(*name).clone()].to_owned();
                text.replace_range((*place).clone(), &name);
            }
        }
        // A line moved, or many times.
        9 => {
            let mut lines: Vec<&str> = text.lines().collect();
            let (from, to) = (below(random, lines.len()), below(random, lines.len()));
            if from < lines.len() {
                let line = lines[from];
                let count = [1, 1, 2, 50][below(random, 4)];
                lines.splice(to..to, std::iter::repeat_n(line, count));
                *text = lines.join("\n");
            }
        }
        // The end is missing.
        _ => text.truncate(first.start),
    }
}
