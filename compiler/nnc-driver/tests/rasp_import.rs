//! Imported RASP programs are held against RASP: each function of a file against the s-op that
//! it is, on the inputs whose results the authors' interpreter gave, on others at random, and
//! on a single letter.
//!
//! `UPDATE_IMPORTED=1` writes `tests/rasp/imported` anew. If `NNC_RASP_REFERENCE` names a
//! checkout of the authors' repository, their own files are imported, too.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "all of this is tests")]

use nnc_base::{Diagnostic, FileId, Sources};
use nnc_driver::{Params, Runner, Session, Tensor, render, transformer};
use nnc_graph::{Elem, Module};
use nnc_rasp::graph::Reading;
use nnc_rasp::{Atom, Evaluated, Event, Imported, Input, Loader, Machine, Sequence, parse};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// No file is loaded by another here.
struct Alone;

impl Loader for Alone {
    fn load(&mut self, path: &str) -> Result<(FileId, String), String> {
        Err(format!("{path} is not here"))
    }
}

fn ran(name: &str, text: &str) -> (Machine<'static>, Imported) {
    let parsed = parse(Sources::new().add(name, text), text);
    assert!(parsed.diagnostics.is_empty(), "{name}");
    let mut machine = Machine::for_program(Alone, &parsed);
    for event in machine.run(&parsed) {
        assert!(!matches!(event, Event::Mistake(_)), "{name}: {event:?}");
    }
    let imported = nnc_rasp::import(&machine, name, text, &parsed).unwrap();
    let told: Vec<&String> = imported.left_out.iter().map(|it| &it.message).collect();
    assert!(told.is_empty(), "{name}: {told:?}");
    (machine, imported)
}

fn checked(name: &str, text: &str) -> Session {
    let session = Session::from_text(name, text);
    let found: Vec<Diagnostic> = session.check();
    let told: String = (found.iter())
        .map(|it| {
            render::message(session.sources(), it, render::Format::Human, render::Style::PLAIN)
        })
        .collect();
    assert!(told.is_empty(), "{told}\n{text}");
    session
}

/// What numbers of several letters stand for.
fn words(text: &str) -> HashMap<i64, String> {
    let word = |line: &str| {
        let (number, word) =
            line.strip_prefix("const ")?.split_once(" = ")?.1.split_once("  # \"")?;
        Some((number.parse().ok()?, word.strip_suffix('"')?.to_owned()))
    };
    text.lines().filter_map(word).collect()
}

fn lowered(session: &Session, name: &str, length: usize) -> Module {
    let function = session.program().unwrap().functions.values();
    let function = function.into_iter().find(|it| it.name.is_some_and(|it| it.as_str() == name));
    let sizes: Vec<(String, i64)> = (function.unwrap().dims.iter())
        .map(|dim| {
            let size = if dim.name.as_str() == "T" { length as i64 } else { 256 };
            (dim.name.to_string(), size)
        })
        .collect();
    transformer::lowered(session, name, &sizes).unwrap_or_else(|error| {
        let style = render::Style::PLAIN;
        panic!("{}", render::error(session.sources(), &error, render::Format::Human, style))
    })
}

/// Whether the tensor has the values of an s-op.
fn same(found: &Tensor, expected: &Sequence, words: &HashMap<i64, String>) -> bool {
    let length = expected.values.len();
    let columns = found.shape.get(1).copied().unwrap_or(1);
    let at = |place: usize| found.float(place);
    found.shape[0] == length
        && expected.values.iter().enumerate().all(|(place, value)| match value {
            Atom::Text(text) => {
                let numbers = (0..columns).map(|column| at(place * columns + column) as i64);
                let written: String = numbers
                    .map(|number| match words.get(&number) {
                        Some(word) => word.clone(),
                        None if number == 0 => String::new(),
                        None => char::from_u32(number as u32).unwrap().to_string(),
                    })
                    .collect();
                written == **text
            }
            value => {
                let (found, value) = (at(place), value.as_f64().unwrap());
                found == value || (found - value).abs() <= 1e-12 * value.abs()
            }
        })
}

fn tensor(reading: Reading, input: &[char]) -> Tensor {
    let shape = vec![input.len()];
    let digits = || input.iter().map(|it| i64::from(it.to_digit(10).unwrap()));
    match reading {
        Reading::Text | Reading::AsIs => {
            let letters: Vec<i64> = input.iter().map(|it| i64::from(u32::from(*it))).collect();
            Tensor::from_ints(Elem::I32, shape, &letters)
        }
        Reading::Int => Tensor::from_ints(Elem::I32, shape, &digits().collect::<Vec<i64>>()),
        Reading::Float => {
            let values: Vec<f64> = digits().map(|it| it as f64).collect();
            Tensor::from_floats(Elem::F64, shape, &values)
        }
        // Every text of a letter is true.
        Reading::Bool => Tensor::from_ints(Elem::Bool, shape, &vec![1; input.len()]),
    }
}

/// Holds all functions of an import against their s-ops; how many values were compared.
fn compare(name: &str, text: &str, inputs: &[Vec<char>]) -> (Imported, usize) {
    let (mut machine, imported) = ran(name, text);
    let session = checked(name, &imported.text);
    let words = words(&imported.text);
    let longest = inputs.iter().map(Vec::len).max().unwrap();
    let mut compared = 0;
    for function in &imported.functions {
        let module = lowered(&session, &function.name, longest);
        let none = Params::initial(&[], 0);
        let mut runner = Runner::evaluator(&module, &none).unwrap();
        let mut own = 0;
        for input in inputs {
            let letters: String = input.iter().collect();
            let Ok(expected) = machine.evaluate(function.node, &Input::text(&letters).unwrap())
            else {
                // The input does not suit the s-op.
                continue;
            };
            let Evaluated::Sequence(expected) = &*expected else { panic!("{}", function.of) };
            let tensors: Vec<(&str, Tensor)> =
                function.inputs.iter().map(|it| (it.0, tensor(it.1, input))).collect();
            let given: Vec<(&str, &Tensor)> = tensors.iter().map(|it| (it.0, &it.1)).collect();
            let outputs = runner.run(0, &given, &[]).unwrap();
            let found = &outputs[0].1;
            assert!(
                same(found, expected, &words),
                "{name}: {} on {letters:?} is {:?}, expected {:?}\n{}",
                function.of,
                (0..found.len()).map(|it| found.float(it)).collect::<Vec<f64>>(),
                expected.values,
                imported.text
            );
            own += 1;
        }
        assert!(own > 0, "{name}: {} has no value on any input", function.of);
        compared += own;
    }
    (imported, compared)
}

/// Texts at random.
struct Texts(nnc_driver::Random);

impl Texts {
    fn new() -> Texts {
        let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        println!("seed {seed}");
        Texts(nnc_driver::Random::new(seed, "texts"))
    }

    fn below(&mut self, end: usize) -> usize {
        self.0.below(end as i64) as usize
    }

    /// Texts of odd and even lengths, a single letter first.
    fn texts(&mut self, count: usize, letters: &[char], longest: usize) -> Vec<Vec<char>> {
        (0..count)
            .map(|at| {
                let length = if at == 0 { 1 } else { 1 + self.below(longest) };
                (0..length).map(|_| letters[self.below(letters.len())]).collect()
            })
            .collect()
    }
}

/// The inputs that `expected.py` made.
fn stored(path: &Path) -> Vec<Vec<char>> {
    let text = std::fs::read_to_string(path).unwrap();
    let words = text.lines().filter_map(|it| it.strip_prefix("on\t"));
    words.map(|it| it.split(' ').map(|it| it.chars().next().unwrap()).collect()).collect()
}

#[test]
fn our_programs_are_imported_and_give_what_rasp_gives() {
    let folder = root().join("tests/rasp");
    let mut random = Texts::new();
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "rasp"));
    paths.sort();
    assert!(paths.len() >= 10);
    for path in paths {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = format!("{stem}.rasp");
        let mut inputs = stored(&folder.join("expected").join(format!("{stem}.txt")));
        let letters: Vec<char> = inputs.iter().flatten().copied().collect();
        inputs.extend(random.texts(60, &letters, 17));
        let text = std::fs::read_to_string(&path).unwrap();
        let (imported, compared) = compare(&name, &text, &inputs);
        println!("{name}: {} functions, {compared} results agree", imported.functions.len());
        let kept = folder.join("imported").join(format!("{stem}.nn"));
        if std::env::var_os("UPDATE_IMPORTED").is_some() {
            std::fs::write(&kept, &imported.text).unwrap();
        }
        let kept = std::fs::read_to_string(&kept).unwrap_or_default();
        assert!(
            kept == imported.text,
            "tests/rasp/imported/{stem}.nn is another; the text is\n{}",
            imported.text
        );
    }
}

/// The authors' files with letters that mean something to them, and further inputs.
const REFERENCE: [(&str, &str, &[&str]); 4] = [
    ("paper_examples", "ab(){}[]", &["§hello", "§abracadabra", "(){()}", "{[()]}"]),
    ("long_addition", "0123456789+", &["1+2", "12+39", "999+001", "5643+7388", "0000+0000"]),
    (
        "rover",
        "abcABCxX<#:,?",
        &[
            "a<A,a<A?",
            "a<A,a#A?",
            "a<A,x<A:x<B,a<B?",
            "x<A:x<B,x#B:x<C,b#B,b<C?",
            "a#A,a#X:b<X,b<A?",
            "a<A,a<X:b<X,x<A:x<C,b<C?",
        ],
    ),
    ("RASP_support/rasplib", "abc", &[]),
];

#[test]
fn the_authors_files_are_imported_and_give_what_rasp_gives() {
    let Some(checkout) = std::env::var_os("NNC_RASP_REFERENCE").map(PathBuf::from) else {
        println!("NNC_RASP_REFERENCE is not set, so the authors' files are not imported");
        return;
    };
    let mut random = Texts::new();
    for (file, alphabet, more) in REFERENCE {
        let text = std::fs::read_to_string(checkout.join(format!("{file}.rasp"))).unwrap();
        let letters: Vec<char> = alphabet.chars().collect();
        let mut inputs = random.texts(120, &letters, 15);
        inputs.extend(more.iter().map(|it| it.chars().collect::<Vec<char>>()));
        let (imported, compared) = compare(&format!("{file}.rasp"), &text, &inputs);
        println!("{file}: {} functions, {compared} results agree", imported.functions.len());
    }
}
