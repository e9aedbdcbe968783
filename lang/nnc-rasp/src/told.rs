//! What is said to a person of what statements did.

use crate::ast::Which;
use crate::graph::NodeId;
use crate::layers::Layers;
use crate::meta::{Event, Machine, Value};
use crate::object::{Evaluated, Input, Sequence};
use crate::picture;
use nnc_base::Diagnostic;

/// What there is to say of an event.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Told {
    /// Lines, each of which ends.
    pub text: String,
    pub mistakes: Vec<Diagnostic>,
}

const INDENT: &str = "    ";

/// Says what an event is; s-ops and selectors are shown on the running example.
pub fn told(machine: &mut Machine<'_>, event: &Event) -> Told {
    let mut told = Told::default();
    match event {
        Event::Bound { name, value } => value_told(machine, Some(name.as_str()), value, &mut told),
        Event::Shown { name, value } => {
            value_told(machine, name.map(|it| it.as_str()), value, &mut told);
        }
        Event::Drawn { node, input, result } => {
            let name = &machine.graph()[*node].name;
            told.text = match &**result {
                Evaluated::Sequence(it) => format!("{}\n", on_input(name, input, it)),
                Evaluated::Selector(matrix) => picture::selector(matrix, input),
            };
            told.text.push_str(&format!("{INDENT}{}\n", counted(machine, *node)));
        }
        Event::Example(which) => {
            if *which != Which::Selector {
                told.text
                    .push_str(&format!("s-op example: {}\n", machine.example(false).written()));
            }
            if *which != Which::Sop {
                let example = machine.example(true).written();
                told.text.push_str(&format!("selector example: {example}\n"));
            }
        }
        Event::Loaded { path, bound } => {
            let names: Vec<String> = bound.iter().map(|(name, _)| name.to_string()).collect();
            told.text = match names.as_slice() {
                [] => format!("\"{path}\" defines nothing\n"),
                names => format!("\"{path}\" defines {}\n", names.join(", ")),
            };
        }
        Event::Mistake(mistake) => told.mistakes.push((**mistake).clone()),
        Event::Exit => {}
    }
    told
}

/// `2 layers x 3 heads (1 + 3)`: the layers, and the most heads of one.
pub(crate) fn counted(machine: &Machine<'_>, node: NodeId) -> String {
    described(&Layers::of(machine.graph(), node))
}

/// The counts of an analysis in words.
pub(crate) fn described(layers: &Layers) -> String {
    let plural = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let (depth, width) = (layers.depth(), layers.width());
    let mut text = format!("{} x {}", plural(depth, "layer"), plural(width, "head"));
    if depth > 0 {
        let widths: Vec<String> = layers.widths().iter().map(usize::to_string).collect();
        text.push_str(&format!(" ({})", widths.join(" + ")));
    }
    if layers.distinct_width() < width {
        let distinct = layers.distinct_width();
        text.push_str(&format!(", {distinct} where equal selectors are one head"));
    }
    text
}

fn value_told(machine: &mut Machine<'_>, name: Option<&str>, value: &Value, told: &mut Told) {
    let equals = name.map_or(String::new(), |name| format!("{name} = "));
    match value {
        Value::Sop(node) => {
            let name = name.map_or_else(|| machine.graph()[*node].name.clone(), str::to_owned);
            told.text.push_str(&format!("s-op: {name}\n"));
            if machine.shows().sops {
                let example = machine.example(false).clone();
                evaluated(machine, &name, *node, &example, told);
            }
        }
        Value::Selector(node) => {
            let name = name.map_or_else(|| machine.graph()[*node].name.clone(), str::to_owned);
            told.text.push_str(&format!("selector: {name}\n"));
            if machine.shows().selectors {
                let example = machine.example(true).clone();
                evaluated(machine, &name, *node, &example, told);
            }
        }
        Value::Result(result, input) => match &**result {
            Evaluated::Sequence(it) if machine.shows().full => {
                told.text.push_str(&indented(&picture::sequence(it, input)));
            }
            Evaluated::Sequence(it) => told.text.push_str(&format!("= {}\n", listed(it))),
            Evaluated::Selector(matrix) => told.text.push_str(&picture::selector(matrix, input)),
        },
        Value::Function(function) => {
            let parameters: Vec<&str> =
                function.def.parameters.iter().map(|it| it.name.as_str()).collect();
            let name = name.unwrap_or(function.def.name.name.as_str());
            told.text.push_str(&format!("function: {name}({})\n", parameters.join(", ")));
        }
        Value::Atom(atom) => told.text.push_str(&format!("value: {equals}{atom}\n")),
        Value::List(items) => match items.iter().map(flat).collect::<Option<Vec<String>>>() {
            Some(items) => told.text.push_str(&format!("list: {equals}[{}]\n", items.join(", "))),
            None => {
                told.text.push_str(&format!("list: {equals}[\n"));
                for item in items.iter() {
                    nested(machine, item, told);
                }
                told.text.push_str("]\n");
            }
        },
        Value::Dict(dict) => {
            let flat = |(key, value): &(_, _)| Some(format!("{key}: {}", flat(value)?));
            match dict.entries().iter().map(flat).collect::<Option<Vec<String>>>() {
                Some(items) => {
                    told.text.push_str(&format!("dict: {equals}{{{}}}\n", items.join(", ")));
                }
                None => {
                    told.text.push_str(&format!("dict: {equals}{{\n"));
                    for (key, item) in dict.entries() {
                        told.text.push_str(&format!("{INDENT}{key}:\n"));
                        nested(machine, item, told);
                    }
                    told.text.push_str("}\n");
                }
            }
        }
    }
}

/// An entry of a list or dict, further to the right.
fn nested(machine: &mut Machine<'_>, item: &Value, told: &mut Told) {
    let mut inner = Told::default();
    value_told(machine, None, item, &mut inner);
    told.text.push_str(&indented(&inner.text));
    told.mistakes.append(&mut inner.mistakes);
}

/// A value in one line, if it has no picture and is not made of several lines.
fn flat(value: &Value) -> Option<String> {
    match value {
        Value::Atom(atom) => Some(atom.to_string()),
        Value::List(_)
        | Value::Dict(_)
        | Value::Sop(_)
        | Value::Selector(_)
        | Value::Function(_)
        | Value::Result(..) => None,
    }
}

fn evaluated(machine: &mut Machine<'_>, name: &str, node: NodeId, input: &Input, told: &mut Told) {
    let text = match machine.evaluate(node, input) {
        Ok(result) => match &*result {
            Evaluated::Sequence(it) if machine.shows().full => picture::sequence(it, input),
            Evaluated::Sequence(it) => format!("{}\n", on_input(name, input, it)),
            Evaluated::Selector(matrix) => picture::selector(matrix, input),
        },
        Err(mistake) => {
            told.mistakes.push(*mistake);
            return;
        }
    };
    told.text.push_str(&indented(&text));
}

fn on_input(name: &str, input: &Input, result: &Sequence) -> String {
    format!("{name}({}) = {}", input.written(), listed(result))
}

fn listed(sequence: &Sequence) -> String {
    let values: Vec<String> = sequence.values.iter().map(ToString::to_string).collect();
    format!("[{}] ({}s)", values.join(", "), sequence.ty.as_str())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("{INDENT}{line}\n")).collect()
}
