//! Five of the PyTorch models that Pyrefly's authors annotated with the shapes of their
//! tensors, written in this language: each type that they assert is inferred.
//!
//! `tests/pyrefly/assertions.txt` lists what they assert, by model and line. In the programs
//! beside it a line `reveal(q);  # revealed: f32[B, T, D]   at 128` answers the assertion of
//! line 128. `# names: NEmbedding = D, F = 64` says what the original calls by another name,
//! and which sizes it has where the program takes any; `# at 97, 99: …` and `# from 240: …`
//! say so of some lines.

use std::collections::BTreeMap;
use std::fmt::Write;

use nnc_base::Name;
use nnc_shape::Dim;

use super::{check, render};

const ASSERTIONS: &str = include_str!("../../../../tests/pyrefly/assertions.txt");

/// A type as far as it is compared: not the elements of tensors, nor the configs of layers.
#[derive(Debug)]
enum Shape {
    /// A tensor, of whatever shape.
    Tensor,
    /// `None` is a size that is not known.
    Sizes(Vec<Option<Dim>>, Rest),
    Dim(Dim),
    Layer(String, Vec<Option<Dim>>),
    Tuple(Vec<Shape>),
    /// Python's `None`.
    Nothing,
}

/// Whether sizes begin with `..`.
type Rest = bool;

/// The parts between commas or semicolons that no bracket holds.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, it) in text.char_indices() {
        match it {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' | '>' => depth -= 1,
            _ if it == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + it.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|it| !it.is_empty()).collect()
}

fn size(text: &str) -> Option<Dim> {
    (text != "_").then(|| Dim::parse(text).unwrap())
}

impl Shape {
    fn parse(text: &str) -> Shape {
        let text = text.trim();
        if text == "tensor" {
            return Shape::Tensor;
        }
        if text == "none" {
            return Shape::Nothing;
        }
        if let Some(dim) = text.strip_prefix("dim ") {
            return Shape::Dim(Dim::parse(dim).unwrap());
        }
        if let Some(inner) = text.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
            let separator = if inner.contains(';') { ';' } else { ',' };
            return Shape::Tuple(parts(inner, separator).into_iter().map(Shape::parse).collect());
        }
        // An element may have sizes of its own, in other brackets.
        if let Some(inner) = text.strip_suffix(']') {
            let sizes = parts(&inner[inner.rfind('[').unwrap() + 1..], ',');
            let rest = sizes.first() == Some(&"..");
            let sizes = sizes.into_iter().filter(|it| *it != "..").map(size).collect();
            return Shape::Sizes(sizes, rest);
        }
        match text.split_once('<') {
            Some((name, inner)) => {
                let inner = &inner[..inner.rfind('>').unwrap()];
                Shape::Layer(name.to_owned(), parts(inner, ',').into_iter().map(size).collect())
            }
            None => Shape::Sizes(Vec::new(), false),
        }
    }

    fn sizes(&mut self) -> Vec<&mut Dim> {
        match self {
            Shape::Tensor | Shape::Nothing => Vec::new(),
            Shape::Sizes(sizes, _) | Shape::Layer(_, sizes) => sizes.iter_mut().flatten().collect(),
            Shape::Dim(dim) => vec![dim],
            Shape::Tuple(parts) => parts.iter_mut().flat_map(Shape::sizes).collect(),
        }
    }

    fn knows_all(&self) -> bool {
        match self {
            Shape::Tensor => false,
            Shape::Sizes(sizes, _) | Shape::Layer(_, sizes) => sizes.iter().all(Option::is_some),
            Shape::Tuple(parts) => parts.iter().all(Shape::knows_all),
            Shape::Dim(_) | Shape::Nothing => true,
        }
    }

    /// Whether something of the `found` type is what this asserts.
    fn asserts(&self, found: &Shape) -> bool {
        let same = |wanted: &[Option<Dim>], found: &[Option<Dim>]| {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|(wanted, found)| wanted.is_none() || wanted == found)
        };
        match (self, found) {
            (Shape::Tensor, Shape::Sizes(..)) => true,
            (Shape::Sizes(wanted, rest), Shape::Sizes(found, other)) => {
                rest == other && same(wanted, found)
            }
            (Shape::Dim(wanted), Shape::Dim(found)) => wanted == found,
            (Shape::Layer(name, wanted), Shape::Layer(other, found)) => {
                name == other && same(wanted, found)
            }
            (Shape::Tuple(wanted), Shape::Tuple(found)) => {
                wanted.len() == found.len()
                    && wanted.iter().zip(found).all(|(wanted, found)| wanted.asserts(found))
            }
            _ => false,
        }
    }
}

/// What a name of the original stands for, on which of its lines.
struct Renaming {
    from: String,
    to: String,
    lines: Lines,
}

enum Lines {
    All,
    From(u32),
    These(Vec<u32>),
}

impl Lines {
    fn contain(&self, line: u32) -> bool {
        match self {
            Lines::All => true,
            Lines::From(first) => line >= *first,
            Lines::These(lines) => lines.contains(&line),
        }
    }
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(',').map(|it| it.trim().parse().unwrap()).collect()
}

/// The renamings that a program's head declares; later ones go before earlier ones.
fn renamings(program: &str) -> Vec<Renaming> {
    let mut renamings = Vec::new();
    for line in program.lines().filter_map(|it| it.strip_prefix("# ")) {
        let Some((what, pairs)) = line.split_once(": ") else { continue };
        let lines = || match what.split_once(' ') {
            None if what == "names" => Some(Lines::All),
            Some(("from", first)) => first.parse().ok().map(Lines::From),
            Some(("at", lines)) => Some(Lines::These(numbers(lines))),
            _ => None,
        };
        for pair in pairs.split(", ").filter_map(|it| it.split_once(" = ")) {
            let Some(lines) = lines() else { break };
            renamings.push(Renaming { from: pair.0.to_owned(), to: pair.1.to_owned(), lines });
        }
    }
    renamings.reverse();
    renamings
}

fn renamed(shape: &mut Shape, renamings: &[Renaming], line: u32) {
    let find = |name: &str| renamings.iter().find(|it| it.from == name && it.lines.contain(line));
    if let Shape::Layer(name, _) = shape
        && let Some(renaming) = find(name)
    {
        *name = renaming.to.clone();
    }
    let put = |name: Name| find(name.as_str()).map(|it| Dim::parse(&it.to).unwrap());
    for size in shape.sizes() {
        *size = size.substitute(&put);
    }
}

/// The sizes that the original has where the program takes any.
fn numbered(shape: &mut Shape, renamings: &[Renaming]) {
    let put = |name: Name| {
        let renaming = renamings.iter().find(|it| it.from == name.as_str())?;
        Some(Dim::constant(renaming.to.parse().ok()?))
    };
    for size in shape.sizes() {
        *size = size.substitute(&put);
    }
}

/// How many assertions a program answers, and of how many the original knows all sizes.
fn answered(model: &str, program: &str) -> (usize, usize) {
    let renamings = renamings(program);
    let mut open: BTreeMap<u32, &str> = (ASSERTIONS.lines())
        .filter_map(|row| {
            let (line, asserted) = row.strip_prefix(model)?.strip_prefix(' ')?.split_once(' ')?;
            Some((line.parse().unwrap(), asserted))
        })
        .collect();
    let count = open.len();
    let mut report = String::new();
    let mut known = 0;
    let (sources, analysis) = check(&[("main", program)]);
    let mut said = BTreeMap::new();
    for diagnostic in &analysis.diagnostics {
        let file = sources.get(diagnostic.span().file).unwrap();
        let line = file.position(diagnostic.span().start).line as usize;
        match diagnostic.code.0 {
            "E0190" => _ = said.insert(line, diagnostic.message.clone()),
            _ => report.push_str(&render(&sources, diagnostic)),
        }
    }
    for (number, line) in (1..).zip(program.lines()) {
        let Some((_, claim)) = line.split_once("# revealed: ") else { continue };
        let (ty, lines) = claim.split_once("   at ").unwrap();
        if said.remove(&number).as_deref() != Some(ty) {
            writeln!(report, "{model}.nn:{number}: `{ty}` was not said").unwrap();
        }
        let mut found = Shape::parse(ty);
        numbered(&mut found, &renamings);
        for original in numbers(lines) {
            let Some(text) = open.remove(&original) else {
                writeln!(report, "{model}.nn:{number}: nothing is left to answer at {original}")
                    .unwrap();
                continue;
            };
            let alternatives = text.split(" | ").map(|it| {
                let mut shape = Shape::parse(it);
                renamed(&mut shape, &renamings, original);
                shape
            });
            let alternatives: Vec<Shape> = alternatives.collect();
            known += usize::from(alternatives.iter().all(Shape::knows_all));
            if !alternatives.iter().any(|it| it.asserts(&found)) {
                writeln!(report, "{model}.nn:{number}: `{ty}` is not {text}, line {original}")
                    .unwrap();
            }
        }
    }
    for (line, message) in said {
        writeln!(report, "{model}.nn:{line}: `{message}` answers nothing").unwrap();
    }
    for (line, asserted) in open {
        writeln!(report, "{model}: {asserted} at {line} is not answered").unwrap();
    }
    assert!(report.is_empty(), "{report}");
    (count, known)
}

macro_rules! answered {
    ($model:literal) => {
        answered($model, include_str!(concat!("../../../../tests/pyrefly/", $model, ".nn")))
    };
}

#[test]
fn every_type_that_the_originals_assert_is_inferred() {
    // How many there are, and in how many the original knows every size.
    assert_eq!(answered!("dcgan"), (10, 10));
    assert_eq!(answered!("mixtral_moe"), (50, 42));
    assert_eq!(answered!("nanogpt"), (59, 56));
    assert_eq!(answered!("unet"), (24, 24));
    assert_eq!(answered!("wavernn"), (74, 44));
    assert_eq!(ASSERTIONS.lines().count(), 217);
}

#[test]
fn what_is_asserted_is_told_from_what_is_not() {
    let asserts = |wanted: &str, found: &str| Shape::parse(wanted).asserts(&Shape::parse(found));
    assert!(asserts("[B, 1 + L - K, 2 * D]", "f32[B, L - K + 1, D + D]"));
    assert!(asserts("[B, _]", "Token<V>[B, min(S, T)]"));
    assert!(asserts("Linear<D, 3 * D>", "Linear<D, 3*D>(bias=true)"));
    assert!(asserts("([B]; [B, T])", "(f32[B], Prob[B, T])"));
    assert!(!asserts("[B, T]", "f32[T, B]"));
    assert!(!asserts("[B, T]", "f32[B, T, 1]"));
    assert!(!asserts("[B, H // 2]", "f32[B, (H + 1)//2]"));
    assert!(!asserts("Linear<D, V>", "Linear<V, D>(bias=true)"));
    assert!(!asserts("[.., D]", "f32[D]"));
}
