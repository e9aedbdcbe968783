//! What the tests share.

use crate::{Atom, Evaluated, Event, Input, Loader, Machine, NodeId, Value, float_text, parse};
use nnc_base::{FileId, Sources};
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Our programs, in alphabetical order.
pub(crate) fn programs() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("tests/rasp")).unwrap();
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "rasp"));
    paths.sort();
    paths
}

/// Files of a folder.
pub(crate) struct Files {
    folder: PathBuf,
    sources: Sources,
}

impl Files {
    pub(crate) fn new(folder: &Path) -> Files {
        Files { folder: folder.to_owned(), sources: Sources::new() }
    }
}

impl Loader for Files {
    fn load(&mut self, path: &str) -> Result<(FileId, String), String> {
        let path = self.folder.join(format!("{path}.rasp"));
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        Ok((self.sources.add(path.display().to_string(), text.clone()), text))
    }
}

/// A machine that has run a text, which has no mistakes.
pub(crate) fn machine(text: &str) -> Machine<'static> {
    let mut machine = Machine::new(Files::new(&root().join("tests/rasp")));
    let parsed = parse(Sources::new().add("test.rasp", text), text);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    assert_eq!(mistakes(&machine.run(&parsed)), Vec::<String>::new());
    machine
}

/// What `it` is on an input, behind a text.
pub(crate) fn evaluated(text: &str, input: &Input) -> Rc<Evaluated> {
    let mut machine = machine(text);
    let node = named(&machine, "it");
    machine.evaluate(node, input).unwrap()
}

pub(crate) fn mistakes(events: &[Event]) -> Vec<String> {
    let text = |event: &Event| match event {
        Event::Mistake(mistake) => Some(format!("{}: {}", mistake.code, mistake.message)),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

/// The s-op behind `name`, `list[1]` or `dict[a][b]`.
pub(crate) fn named(machine: &Machine, name: &str) -> NodeId {
    let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut value = machine.get(first).unwrap_or_else(|| panic!("{first} is not defined"));
    for key in rest.split('[').skip(1).map(|it| it.trim_end_matches(']')) {
        value = match &value {
            Value::List(items) => items[key.parse::<usize>().unwrap()].clone(),
            Value::Dict(dict) => dict.get(&Atom::text(key)).unwrap().clone(),
            other => panic!("{other:?} has no entries"),
        };
    }
    value.node().unwrap_or_else(|| panic!("{name} is no s-op"))
}

/// The values as `expected.py` writes them.
pub(crate) fn shown(value: &Evaluated) -> String {
    let Evaluated::Sequence(sequence) = value else { panic!("no sequence: {value:?}") };
    let text = |atom: &Atom| match atom {
        Atom::Text(text) => escaped(text),
        Atom::Float(it) => float_text(*it),
        atom => atom.to_string(),
    };
    let values: Vec<String> = sequence.values.iter().map(text).collect();
    match values.as_slice() {
        [first, _, ..] if values.iter().all(|it| it == first) => format!("* {first}"),
        values => values.join(" "),
    }
}

const ESCAPES: [(&str, &str); 6] =
    [("\\", "\\\\"), (" ", "\\s"), ("\t", "\\t"), ("\n", "\\n"), ("*", "\\x"), ("!", "\\b")];

pub(crate) fn escaped(text: &str) -> String {
    if text.is_empty() {
        return "\\e".to_owned();
    }
    ESCAPES.iter().fold(text.to_owned(), |text, (letter, name)| text.replace(letter, name))
}

pub(crate) fn unescaped(text: &str) -> String {
    let mut result = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            ('\\', Some('e')) => {}
            ('\\', Some('s')) => result.push(' '),
            ('\\', Some('t')) => result.push('\t'),
            ('\\', Some('n')) => result.push('\n'),
            ('\\', Some('x')) => result.push('*'),
            ('\\', Some('b')) => result.push('!'),
            ('\\', Some(other)) => result.push(other),
            (letter, _) => result.push(letter),
        }
    }
    result
}
