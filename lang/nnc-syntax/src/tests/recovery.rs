//! How much of a program is kept while it is being typed: every prefix, every
//! program with one token missing, and half-typed lines.

use super::accept::{PROGRAMS, file};
use crate::ast::{Block, FnBody, ItemKind, MemberKind, Module, StmtKind};
use crate::{lex, parse};

/// What is left of some edited programs.
#[derive(Default, Debug)]
struct Kept {
    edits: usize,
    definitions: usize,
    statements: usize,
    messages: usize,
    /// Edits that gave a message.
    wrong: usize,
}

impl Kept {
    fn add(&mut self, text: &str) {
        let parsed = parse(file(), text);
        self.edits += 1;
        self.messages += parsed.diagnostics.len();
        self.wrong += usize::from(!parsed.diagnostics.is_empty());
        let (definitions, statements) = count(&parsed.module);
        self.definitions += definitions;
        self.statements += statements;
    }
}

/// The definitions and statements of a tree, values of blocks included.
fn count(module: &Module) -> (usize, usize) {
    let mut definitions = 0;
    let mut statements = 0;
    let mut body = |body: &FnBody| {
        definitions += 1;
        match body {
            FnBody::Block(block) => statements += count_block(block),
            FnBody::Expr(_) => statements += 1,
            FnBody::Error(_) => {}
        }
    };
    let mut other = 0;
    for item in &module.items {
        match &item.kind {
            ItemKind::Fn(function) => body(&function.body),
            ItemKind::Layer(layer) => {
                other += 1;
                for member in &layer.members {
                    match &member.kind {
                        MemberKind::Fn(function) => body(&function.body),
                        MemberKind::Const(_) | MemberKind::Field(_) | MemberKind::Hole(_) => {
                            other += 1;
                        }
                        MemberKind::Error => {}
                    }
                }
            }
            ItemKind::Space(space) => {
                other += 1;
                for member in &space.members {
                    match &member.kind {
                        MemberKind::Fn(function) => body(&function.body),
                        MemberKind::Const(_) | MemberKind::Field(_) | MemberKind::Hole(_) => {
                            other += 1;
                        }
                        MemberKind::Error => {}
                    }
                }
            }
            ItemKind::Error => {}
            _ => other += 1,
        }
    }
    (definitions + other, statements)
}

fn count_block(block: &Block) -> usize {
    let stmts = block.stmts.iter().filter(|stmt| stmt.kind != StmtKind::Error);
    let inner: usize = block
        .stmts
        .iter()
        .map(|stmt| match &stmt.kind {
            StmtKind::Scan(scan) => scan.body.len(),
            _ => 0,
        })
        .sum();
    stmts.count() + inner + usize::from(block.value.is_some())
}

#[test]
fn every_prefix_has_a_tree_and_keeps_what_was_typed() {
    let mut kept = Kept::default();
    // What a prefix could keep: all definitions that have begun.
    let mut begun = (0, 0);
    for (_, text) in PROGRAMS {
        let tokens = lex(file(), text).tokens;
        let mut last = (0, 0);
        for token in &tokens {
            let prefix = &text[..token.span.end as usize];
            kept.add(prefix);
            let (definitions, statements) = count(&parse(file(), prefix).module);
            last = (last.0.max(definitions), last.1.max(statements));
            begun = (begun.0 + last.0, begun.1 + last.1);
        }
    }
    assert!(kept.definitions * 100 >= begun.0 * 98, "{kept:?} of {begun:?}");
    assert!(kept.statements * 100 >= begun.1 * 98, "{kept:?} of {begun:?}");
    assert!(kept.messages * 10 <= kept.wrong * 12, "{kept:?}");
}

#[test]
fn a_missing_token_costs_little() {
    let mut kept = Kept::default();
    let mut full = (0, 0);
    for (_, text) in PROGRAMS {
        let whole = count(&parse(file(), text).module);
        for token in &lex(file(), text).tokens {
            let span = token.span;
            let edited = format!("{}{}", &text[..span.start as usize], &text[span.end as usize..]);
            kept.add(&edited);
            full = (full.0 + whole.0, full.1 + whole.1);
        }
    }
    assert!(kept.definitions * 100 >= full.0 * 98, "{kept:?} of {full:?}");
    assert!(kept.statements * 100 >= full.1 * 96, "{kept:?} of {full:?}");
    assert!(kept.messages * 10 <= kept.wrong * 11, "{kept:?}");
}

#[test]
fn a_half_typed_statement_costs_nothing() {
    let halves = [
        "let q",
        "let q =",
        "let q[",
        "let q[b,",
        "let q[b, t] = ",
        "let q = x.",
        "let q = f(",
        "let q = f(a,",
        "let q = sum[",
        "let q = sum[d] ",
        "let q = a +",
        "let (a, ",
        "let q: f32[",
        "let q = if a {",
        "let",
    ];
    let mut kept = Kept::default();
    let mut full = (0, 0);
    for (_, text) in PROGRAMS {
        let whole = count(&parse(file(), text).module);
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            if !lines[at].trim_start().starts_with("let ") {
                continue;
            }
            for half in halves {
                let mut edited = lines.clone();
                let indented = format!("        {half}");
                edited.insert(at, &indented);
                kept.add(&edited.join("\n"));
                full = (full.0 + whole.0, full.1 + whole.1);
            }
        }
    }
    assert_eq!(kept.wrong, kept.edits);
    assert!(kept.definitions == full.0, "{kept:?} of {full:?}");
    // The half-typed statement itself comes on top.
    assert!(kept.statements >= full.1, "{kept:?} of {full:?}");
    assert!(kept.messages * 100 <= kept.edits * 105, "{kept:?}");
}
