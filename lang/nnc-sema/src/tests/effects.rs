//! The table of effects against what the checker does.

use nnc_hir::{Base, ReduceOp, UnaryOp};

use super::{check, render};
use crate::effects::{Axes, Effect, Gives, Operation, Takes, effect, effects};
use crate::scope::BUILTIN_FUNCTIONS;

#[test]
fn the_reference_has_the_table() {
    let page = include_str!("../../spec/effects.md");
    // `UPDATE_SPEC=1` writes it; read what it wrote.
    if std::env::var("UPDATE_SPEC").is_ok_and(|it| it == "1") {
        let prose: String =
            page.lines().filter(|it| !it.starts_with('|')).map(|it| format!("{it}\n")).collect();
        std::fs::write("spec/effects.md", prose + &effects()).unwrap();
        return;
    }
    let table: String =
        page.lines().filter(|it| it.starts_with('|')).map(|it| format!("{it}\n")).collect();
    assert!(table == effects(), "the table of spec/effects.md should be\n{}", effects());
}

#[test]
fn every_function_of_the_language_has_a_row() {
    let names: Vec<&str> = Operation::all().into_iter().map(Operation::name).collect();
    let missing: Vec<_> = BUILTIN_FUNCTIONS.iter().filter(|it| !names.contains(it)).collect();
    assert!(missing.is_empty(), "without an effect: {missing:?}");
}

/// Elements to try: how they are written, their storage, and what `log`, `exp`, `!` and a
/// sum with themselves make of them.
const ELEMENTS: [(&str, Base); 9] = [
    ("f32", Base::F32),
    ("Logits", Base::F32),
    ("Prob", Base::F32),
    ("LogProb", Base::F32),
    ("bool", Base::Bool),
    ("Mask", Base::Bool),
    ("PadMask", Base::Bool),
    ("int", Base::I32),
    ("Token<7>", Base::I32),
];

/// The type that the table gives for an operation on one element, over `T`; `None` if it
/// is refused.
fn expected(it: Effect, name: &str, base: &Base) -> Option<String> {
    let plain = match base {
        Base::F32 => "f32",
        Base::Bool => "bool",
        _ => "int",
    };
    if !it.takes.takes(base) {
        return None;
    }
    let elem = match it.gives {
        Gives::Plain => plain.to_owned(),
        Gives::Same | Gives::Either | Gives::Joined => name.to_owned(),
        Gives::Closed(kept) => {
            let known = kept.iter().any(|it| format!("{it:?}") == name);
            if known { name.to_owned() } else { plain.to_owned() }
        }
        Gives::Turns(pairs) => {
            let pair = pairs.iter().find(|(from, _)| format!("{from:?}") == name);
            pair.map_or_else(|| plain.to_owned(), |(_, to)| format!("{to:?}"))
        }
        Gives::Normalised if name == "Prob" || name == "LogProb" => return None,
        Gives::Normalised => "Prob".to_owned(),
        Gives::Bool => "bool".to_owned(),
        Gives::Position => "Index<T>".to_owned(),
        _ => return None,
    };
    let axes = if it.axes == Axes::Reduced { "" } else { "[T]" };
    Some(format!("{elem}{axes}"))
}

/// A program that reveals the operation on `x: elem[T]`; `None` where an operation needs
/// more than that.
fn program(operation: Operation, elem: &str) -> Option<String> {
    let value = match operation {
        Operation::Unary(op @ (UnaryOp::Neg | UnaryOp::Not)) => format!("{}x", op.name()),
        Operation::Unary(op) => format!("{}(x)", op.name()),
        Operation::Binary(op) if op.is_function() => {
            format!("{}(x, x)", op.name())
        }
        Operation::Binary(op) => format!("x {} x", op.name()),
        Operation::Compare(op) => format!("x {} x", op.symbol()),
        Operation::If => "if T == 3 { x } else { x }".to_owned(),
        Operation::Reduce(ReduceOp::Pick) => "pick[t | t == 0] x[t]".to_owned(),
        Operation::Reduce(op) => format!("{}[t] x[t]", op.name()),
        Operation::Softmax | Operation::Read => {
            let of = if operation == Operation::Softmax { "softmax[t] " } else { "" };
            return Some(format!(
                "dims T: time\nfn f(x: {elem}[T]) -> f32[] {{\n let y[t] = {of}x[t];\n reveal(y);\n 0.0\n}}\n"
            ));
        }
        _ => return None,
    };
    Some(format!(
        "dims T: time\nfn f(x: {elem}[T]) -> f32[] {{\n let y = {value};\n reveal(y);\n 0.0\n}}\n"
    ))
}

#[test]
fn operations_do_what_the_table_says() {
    let mut tried = 0;
    let mut report = String::new();
    for operation in Operation::all() {
        for (name, base) in &ELEMENTS {
            let Some(text) = program(operation, name) else { continue };
            tried += 1;
            let (sources, analysis) = check(&[("main", &text)]);
            let answer = analysis.diagnostics.iter().find(|it| it.code.0 == "E0190");
            let answer = answer.map(|it| it.message.clone());
            let wanted = expected(effect(operation), name, base);
            if answer != wanted {
                let said: String =
                    analysis.diagnostics.iter().map(|it| render(&sources, it)).collect();
                report.push_str(&format!(
                    "`{}` of {name}: the table says {wanted:?}, the checker {answer:?}\n{said}",
                    operation.written()
                ));
            }
        }
    }
    assert!(report.is_empty(), "{report}");
    assert!(tried > 400, "{tried} programs only");
}

#[test]
fn rows_that_refuse_say_why() {
    for operation in Operation::all() {
        let it = effect(operation);
        let silent = matches!(it.takes, Takes::Any | Takes::Text | Takes::Positions);
        assert_eq!(it.why.is_empty(), silent, "{operation:?}");
    }
}
