//! A RASP program as a file of the language.
//!
//! A program has been run by a [`Machine`], so that its functions, lists and loops are gone.
//! Each s-op that has a name then becomes a function of the input; `form` says what its nodes
//! are in terms of reductions, `ty` which types their values have, `plan` what is a function
//! and what is written in one, and `write` writes it.

mod expr;
mod form;
mod names;
mod plan;
mod ty;
mod words;
mod wrap;
mod write;

use crate::ast::{Statement, StatementKind};
use crate::errors;
use crate::graph::{NodeId, Reading};
use crate::meta::{Machine, Value};
use crate::parse::Parsed;
use form::Forms;
use names::Names;
use nnc_base::{Diagnostic, Span};
use plan::{Function, Plan, Root};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use ty::{Ty, Types};
use words::Words;
use wrap::wrapped;
use write::{Body, Signature, input};

/// A file of the language, and what of the program it has.
#[derive(Clone, Debug)]
pub struct Imported {
    pub text: String,
    /// In the order of the file.
    pub functions: Vec<ImportedFunction>,
    /// What could not be imported, with the reasons; nothing if it was all.
    pub left_out: Vec<Diagnostic>,
}

/// A function and the s-op that it is.
#[derive(Clone, Debug)]
pub struct ImportedFunction {
    pub name: String,
    /// As RASP says it: `known[a]`.
    pub of: String,
    pub node: NodeId,
    /// The names of its inputs and how each is read.
    pub inputs: Vec<(&'static str, Reading)>,
}

/// Writes the s-ops that a program has named.
///
/// `title` is what the program is called, `text` what was read. Nothing can be written of a
/// program that names no s-op.
pub fn import(
    machine: &Machine<'_>,
    title: &str,
    text: &str,
    parsed: &Parsed,
) -> Result<Imported, Diagnostic> {
    let comments = Comments::new(text, parsed);
    let mut roots = Vec::new();
    for (name, value) in machine.defined() {
        let name = name.as_str();
        if name != "tokens" && !name.starts_with('_') {
            collect(machine, name, name, &value, &comments, &mut roots);
        }
    }
    if roots.is_empty() {
        let at = parsed.statements.first().map_or(Span::NONE, |it| it.span);
        return Err(errors::nothing_to_import(title).at(at));
    }
    let graph = machine.graph();
    let mut forms = Forms::new(graph);
    let classes = plan::needed(&mut forms, roots.iter().map(|it| it.class));
    let types = Types::of(&mut forms, &classes);
    let left_out = left_out(machine, &mut forms, &types, &roots);
    roots.retain(|it| types.get(it.class).is_some());

    let mut names = Names::new();
    let plan = plan::plan((graph, machine.calls()), &mut forms, &types, &roots, &mut names);
    let mut words = Words::new(classes.iter().flat_map(|it| match types.get(*it) {
        Some(Ty::Texts { words, .. }) => words.iter().cloned().collect(),
        _ => Vec::<Rc<str>>::new(),
    }));
    let mut signatures = HashMap::new();
    let mut functions = Vec::new();
    let mut written = Vec::new();
    for function in &plan.functions {
        let mut body =
            Body::new(&mut forms, &types, &plan, &mut words, &signatures, function.class);
        let value = body.write();
        let (lets, signature) = (std::mem::take(&mut body.lets), body.signature.clone());
        written.push(function_text(
            (&plan, &types, &roots, title),
            function,
            &signature,
            (&lets, &value),
        ));
        for root in &function.roots {
            let inputs = inputs(&signature).into_iter().map(|it| (input(it), it)).collect();
            functions.push(ImportedFunction {
                name: if *root == function.roots[0] {
                    function.name.clone()
                } else {
                    alias(
                        &mut names,
                        &mut written,
                        &roots[*root],
                        function,
                        &signature,
                        &types,
                        title,
                    )
                },
                of: roots[*root].path.clone(),
                node: roots[*root].class,
                inputs,
            });
        }
        signatures.insert(function.class, signature);
    }
    let letters = signatures.values().any(|it| !it.bytes);
    let text = head(title, &comments, &words, letters) + &written.join("\n");
    Ok(Imported { text, functions, left_out })
}

/// The s-ops behind a name, those in lists and dicts included.
fn collect(
    machine: &Machine<'_>,
    name: &str,
    path: &str,
    value: &Value,
    comments: &Comments,
    roots: &mut Vec<Root>,
) {
    match value {
        Value::Sop(node) => roots.push(Root {
            path: path.to_owned(),
            class: machine.graph()[*node].class,
            docs: comments.of(name),
        }),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(machine, name, &format!("{path}[{at}]"), item, comments, roots);
            }
        }
        Value::Dict(dict) => {
            for (key, item) in dict.entries() {
                let key = crate::object::plain(key);
                collect(machine, name, &format!("{path}[{key}]"), item, comments, roots);
            }
        }
        Value::Atom(_) | Value::Selector(_) | Value::Function(_) | Value::Result(..) => {}
    }
}

/// What has no type, with the s-ops that need it.
fn left_out(
    machine: &Machine<'_>,
    forms: &mut Forms<'_>,
    types: &Types,
    roots: &[Root],
) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    for (class, fault) in &types.faults {
        let needs = roots.iter().filter(|it| types.get(it.class).is_none());
        let needs: Vec<&str> = needs
            .filter(|it| plan::needed(forms, std::iter::once(it.class)).contains(class))
            .map(|it| it.path.as_str())
            .collect();
        let node = &machine.graph()[*class];
        let mut diagnostic = fault.clone().at(node.span).here("made here");
        let shown: Vec<String> = needs.iter().take(6).map(|it| format!("`{it}`")).collect();
        let more =
            if needs.len() > 6 { format!(" and {} more", needs.len() - 6) } else { String::new() };
        diagnostic = diagnostic.note(format!("needed for {}{more}", shown.join(", ")));
        told.push(diagnostic);
    }
    told
}

fn inputs(signature: &Signature) -> Vec<Reading> {
    let mut inputs: Vec<Reading> = signature.inputs.iter().copied().collect();
    inputs.dedup_by_key(|it| input(*it));
    // The length is that of an input.
    if inputs.is_empty() { vec![Reading::Text] } else { inputs }
}

fn parameters(signature: &Signature) -> String {
    let vocab = if signature.bytes { "256" } else { "V" };
    let parameter = |reading: Reading| match reading {
        Reading::Text | Reading::AsIs => format!("tok: Token<{vocab}>[T]"),
        Reading::Int => "ints: int[T]".to_owned(),
        Reading::Float => "floats: f64[T]".to_owned(),
        Reading::Bool => "bools: bool[T]".to_owned(),
    };
    let parameters: Vec<String> = inputs(signature).into_iter().map(parameter).collect();
    parameters.join(", ")
}

fn result(ty: &Ty, signature: &Signature) -> String {
    match ty {
        Ty::Bool => "bool[T]".to_owned(),
        Ty::Int => "int[T]".to_owned(),
        Ty::Float => "f64[T]".to_owned(),
        Ty::Selector => "Mask[T, T]".to_owned(),
        ty if ty.is_word() => "Word[T]".to_owned(),
        Ty::Texts { .. } if signature.bytes => "Token<256>[T]".to_owned(),
        Ty::Texts { .. } => "Token<V>[T]".to_owned(),
        Ty::Row(length) if signature.bytes => format!("Token<256>[T, {length}]"),
        Ty::Row(length) => format!("Token<V>[T, {length}]"),
    }
}

fn doc(root: &Root, name: &str, title: &str) -> String {
    let mut lines: Vec<String> = root.docs.iter().map(|it| format!("## {it}\n")).collect();
    if root.docs.is_empty() {
        lines.push(format!("## `{}` of {title}.\n", root.path));
    } else if name != root.path {
        lines.push(format!("## In {title} it is `{}`.\n", root.path));
    }
    lines.concat()
}

fn function_text(
    (plan, types, roots, title): (&Plan, &Types, &[Root], &str),
    function: &Function,
    signature: &Signature,
    (lets, value): (&[String], &str),
) -> String {
    let _ = plan;
    let ty = types.get(function.class).cloned().unwrap_or(Ty::Int);
    let name = &function.name;
    let (docs, public) = match function.roots.first() {
        Some(root) => (doc(&roots[*root], name, title), "pub "),
        None => (String::new(), ""),
    };
    let mut text = docs;
    let signature_text =
        format!("{public}fn {name}({}) -> {}", parameters(signature), result(&ty, signature));
    if lets.is_empty() {
        text.push_str(&format!("{signature_text} = {value}\n"));
        return text;
    }
    text.push_str(&format!("{signature_text} {{\n"));
    for line in lets {
        text.push_str(&wrapped(line, 4));
    }
    text.push_str(&format!("    {value}\n}}\n"));
    text
}

/// A further name of a function.
fn alias(
    names: &mut Names,
    written: &mut Vec<String>,
    root: &Root,
    function: &Function,
    signature: &Signature,
    types: &Types,
    title: &str,
) -> String {
    let name = names.function(&names::plain(&root.path));
    let ty = types.get(function.class).cloned().unwrap_or(Ty::Int);
    written.push(format!(
        "{}pub fn {name}({}) -> {} = {}({})\n",
        doc(root, &name, title),
        parameters(signature),
        result(&ty, signature),
        function.name,
        write::arguments(signature),
    ));
    name
}

fn head(title: &str, comments: &Comments, words: &Words, letters: bool) -> String {
    let mut text = format!("# Imported from {title}.\n");
    if !comments.head.is_empty() {
        text.push_str("#\n");
        for line in &comments.head {
            text.push_str(format!("# {line}").trim_end());
            text.push('\n');
        }
    }
    text.push('\n');
    text.push_str(if letters { "dims T: time, V: vocab\n\n" } else { "dims T: time\n\n" });
    let declared = words.declared();
    if !declared.is_empty() {
        text.push_str(&declared.join("\n"));
        text.push_str("\n\n");
    }
    text
}

/// What a program's comments say.
struct Comments {
    head: Vec<String>,
    of: HashMap<String, Vec<String>>,
}

impl Comments {
    fn new(text: &str, parsed: &Parsed) -> Comments {
        let line = |at: u32| text.get(..at as usize).map_or(0, |it| it.matches('\n').count());
        let mut lines: HashMap<usize, String> = HashMap::new();
        for comment in parsed.comments.iter().filter(|it| it.starts_line) {
            let (start, end) = (comment.span.start as usize, comment.span.end as usize);
            let words = text.get(start..end).unwrap_or_default().trim_start_matches('#');
            let words = words.strip_prefix(' ').unwrap_or(words).trim_end();
            lines.insert(line(comment.span.start), words.to_owned());
        }
        let starts: HashSet<usize> =
            parsed.statements.iter().map(|it| line(it.span.start)).collect();
        let mut head = Vec::new();
        while let Some(words) = lines.get(&head.len()) {
            head.push(words.clone());
        }
        // What stands directly above a statement is about it.
        if starts.contains(&head.len()) {
            head.clear();
        }
        let mut of = HashMap::new();
        for statement in &parsed.statements {
            let mut at = line(statement.span.start);
            let mut said = Vec::new();
            while at > 0
                && let Some(words) = lines.get(&(at - 1))
            {
                said.insert(0, words.clone());
                at -= 1;
            }
            let rule = |it: &String| it.chars().all(|it| "#-= ".contains(it));
            said.retain(|it| !rule(it));
            for name in assigned(statement) {
                of.insert(name, said.clone());
            }
        }
        Comments { head, of }
    }

    fn of(&self, name: &str) -> Vec<String> {
        self.of.get(name).cloned().unwrap_or_default()
    }
}

fn assigned(statement: &Statement) -> Vec<String> {
    match &statement.kind {
        StatementKind::Assign { names, .. } => names.iter().map(|it| it.name.to_string()).collect(),
        _ => Vec::new(),
    }
}
