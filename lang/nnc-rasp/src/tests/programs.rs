//! Programs run, against what the authors' interpreter gives and against loops in Rust.
//!
//! `tests/rasp/expected.py` wrote what is expected. If `NNC_RASP_REFERENCE` names a
//! checkout of the authors' repository (and `NNC_RASP_PYTHON` a Python that has what it
//! needs, where that is not `python3`), their own files are compared, too.

use super::support::{Files, escaped, mistakes, named, root, shown, unescaped};
use crate::ast::StatementKind;
use crate::{Input, Layers, Machine, parse};
use nnc_base::Sources;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compares a machine with lines of `expected.py`; how many values were compared.
fn compare(machine: &mut Machine, expected: &str) -> usize {
    let mut compared = 0;
    let mut input = None;
    for line in expected.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        match parts.as_slice() {
            ["layers", name, depth, width, widths] => {
                let node = named(machine, name);
                let layers = Layers::of(machine.graph(), node);
                let found: Vec<String> = layers.widths().iter().map(usize::to_string).collect();
                assert_eq!(layers.depth().to_string(), *depth, "layers of {name}");
                assert_eq!(layers.width().to_string(), *width, "heads of {name}");
                assert_eq!(found.join(","), *widths, "heads of {name} by layer");
            }
            ["on", word] => {
                let word: String = word.split(' ').map(unescaped).collect();
                input = Input::text(&word);
            }
            [name, values] => {
                let node = named(machine, name);
                let input = input.as_ref().expect("an input comes before its values");
                let found = match machine.evaluate(node, input) {
                    Ok(value) => shown(&value),
                    Err(_) => "!".to_owned(),
                };
                assert_eq!(found, *values, "{name} on {}", input.written());
                compared += 1;
            }
            _ => panic!("a line of another form: {line:?}"),
        }
    }
    compared
}

#[test]
fn our_programs_give_what_the_authors_interpreter_gives() {
    let folder = root().join("tests/rasp");
    let mut programs = 0;
    let mut values = 0;
    for path in super::support::programs() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let mut machine = Machine::new(Files::new(&folder));
        assert_eq!(mistakes(&machine.load(name)), Vec::<String>::new(), "{name}");
        let expected = folder.join("expected").join(format!("{name}.txt"));
        let expected = std::fs::read_to_string(&expected).unwrap();
        assert!(expected.lines().filter(|it| it.starts_with("on")).count() >= 120, "{name}");
        values += compare(&mut machine, &expected);
        programs += 1;
    }
    assert!(programs >= 9 && values > 9 * 120, "{programs} programs, {values} values");
}

/// The authors' files, with letters that mean something to them and further inputs.
const REFERENCE: [(&str, &str, &[&str]); 3] = [
    ("paper_examples", "ab(){}[]", &["§hello", "(){()}", "{[()]}"]),
    ("long_addition", "0123456789", &["1+2", "12+39", "999+001", "5643+7388", "0000+0000"]),
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
];

#[test]
fn the_authors_files_give_what_their_interpreter_gives() {
    let Some(checkout) = std::env::var_os("NNC_RASP_REFERENCE").map(PathBuf::from) else {
        println!("NNC_RASP_REFERENCE is not set, so the authors' files are not compared");
        return;
    };
    for (file, alphabet, more) in REFERENCE {
        let expected = reference(&checkout, file, alphabet, more);
        let mut machine = Machine::new(Files::new(&checkout));
        assert_eq!(mistakes(&machine.load(file)), Vec::<String>::new(), "{file}");
        let layers = expected.lines().filter(|it| it.starts_with("layers")).count();
        let compared = compare(&mut machine, &expected);
        println!("{file}: layers and heads of {layers} s-ops and {compared} results agree");
        assert!(compared >= 120 * layers && layers > 0);
    }
    // Their library has the names of ours, which are kept; what `library.rasp` compares
    // is how they behave.
    let library = std::fs::read_to_string(checkout.join("RASP_support/rasplib.rasp")).unwrap();
    let parsed = parse(Sources::new().add("rasplib.rasp", library.clone()), &library);
    assert!(parsed.diagnostics.is_empty());
    let machine = Machine::new(Files::new(&checkout));
    let mut names = 0;
    for statement in &parsed.statements {
        let defined = match &statement.kind {
            StatementKind::Def(def) => def.name.name,
            StatementKind::Assign { names, .. } => names[0].name,
            _ => continue,
        };
        assert!(machine.get(defined.as_str()).is_some(), "{defined}");
        names += 1;
    }
    println!("rasplib: the library has its {names} names");
}

fn reference(checkout: &Path, file: &str, alphabet: &str, more: &[&str]) -> String {
    let python = std::env::var("NNC_RASP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = root().join("tests/rasp/expected.py");
    let output = Command::new(python)
        .arg(script)
        .arg(checkout)
        .args(["--all", file, alphabet, "120", "7"])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn escapes_are_undone() {
    for text in ["", " ", "\\", "a\tb", "\\e", "x y", "*!", "\\x"] {
        assert_eq!(unescaped(&escaped(text)), text);
    }
}
