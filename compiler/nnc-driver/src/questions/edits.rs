//! A candidate written into the hole that it fits.

use crate::{Error, Failure, Session, write_file};
use nnc_base::{FileId, Span};
use nnc_sema::{Filling, Fitting};
use nnc_syntax::ast;
use std::path::Path;

/// A text in place of another one, by bytes of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    pub start: u32,
    pub end: u32,
    pub text: String,
}

impl Edit {
    fn insert(at: u32, text: String) -> Edit {
        Edit { start: at, end: at, text }
    }
}

/// What is to be written for a candidate to stand in a hole, from the front to the end of the
/// hole's file: a field and its use, or an entry of the hole's list; and an import.
pub fn edits(session: &Session, filling: &Filling, fitting: &Fitting) -> Result<Vec<Edit>, Error> {
    let file = filling.at.file;
    let module = session.modules().iter().find(|it| it.file == file).map(|it| &it.ast);
    let source = session.sources().get(file);
    let (Some(module), Some(source)) = (module, source) else {
        return Err(Error::usage(format!("hole `{}` is in no file", filling.hole)));
    };
    let (front, used) = match fitting.text.split_once(" |> ") {
        Some((front, used)) => (format!("{front} |> "), used),
        None => (String::new(), fitting.text.as_str()),
    };
    let name = used.split(['<', '(']).next().unwrap_or_default();
    let layer = name.starts_with(|it: char| it.is_ascii_uppercase());
    let mut edits = Vec::new();
    let around = module.items.iter().find(|it| holds(it.span, filling.at));
    let members = match around.map(|it| &it.kind) {
        Some(ast::ItemKind::Layer(it)) => it.members.as_slice(),
        Some(ast::ItemKind::Space(it)) => it.members.as_slice(),
        _ => &[],
    };
    let hole = members.iter().find_map(|it| match &it.kind {
        ast::MemberKind::Hole(hole) if hole.name.span == filling.at => Some((hole, it.span)),
        _ => None,
    });
    match (hole, around) {
        (Some(_), _) if !layer => {
            let failure = Failure::new(format!("`{name}` is a function, and a space has layers"));
            return Err(Error::Usage(failure.help("write a layer whose function calls it")));
        }
        (Some((hole, span)), _) => match hole.candidates.last() {
            Some(last) => edits.push(Edit::insert(last.span.end, format!(", {used}"))),
            None => {
                let rest = text(source, hole.output.span.end, span.end);
                let brace = rest.find('{').map_or(span.end, |it| hole.output.span.end + after(it));
                edits.push(Edit::insert(brace, format!(" {used}")));
            }
        },
        (None, Some(item)) if layer => {
            let field = fresh(name, members);
            edits.push(field_edit(source, item, members, &format!("{field}: {used}")));
            edits.push(replaced(filling.at, format!("{front}{field}")));
        }
        _ => edits.push(replaced(filling.at, format!("{front}{used}"))),
    }
    let own =
        session.modules().iter().any(|it| it.file == file && it.path == fitting.module.as_str());
    if !own && !imports(module, fitting.module.as_str(), name) {
        edits.push(import(module, fitting.module.as_str(), name));
    }
    edits.sort_by_key(|it| it.start);
    Ok(edits)
}

/// Writes edits into the file of a hole, and says which file that is.
pub fn write(session: &Session, file: FileId, edits: &[Edit]) -> Result<String, Error> {
    let source = session.sources().get(file);
    let source = source.ok_or_else(|| Error::usage("the hole is in no file"))?;
    let mut text = source.text.clone();
    for edit in edits.iter().rev() {
        text.replace_range(edit.start as usize..edit.end as usize, &edit.text);
    }
    if nnc_syntax::parse(file, &text).diagnostics.iter().any(nnc_base::Diagnostic::is_error) {
        let failure = Failure::new(format!("{} would not parse with the candidate", source.name));
        return Err(Error::Usage(
            failure.help("write it by hand: `nnc fill --json` has the edits"),
        ));
    }
    write_file(Path::new(&source.name), text.as_bytes())?;
    Ok(source.name.clone())
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

fn text(source: &nnc_base::SourceFile, start: u32, end: u32) -> &str {
    source.text.get(start as usize..end as usize).unwrap_or_default()
}

fn after(offset: usize) -> u32 {
    u32::try_from(offset + 1).unwrap_or(u32::MAX)
}

fn replaced(at: Span, text: String) -> Edit {
    Edit { start: at.start, end: at.end, text }
}

/// Behind the last field, or in front of all members.
fn field_edit(
    source: &nnc_base::SourceFile,
    item: &ast::Item,
    members: &[ast::Member],
    field: &str,
) -> Edit {
    let last = members.iter().rfind(|it| matches!(it.kind, ast::MemberKind::Field(_)));
    match last {
        Some(last) => Edit::insert(last.span.end, format!("\n    {field}")),
        None => {
            let brace = text(source, item.span.start, item.span.end).find('{');
            let at = brace.map_or(item.span.end, |it| item.span.start + after(it));
            Edit::insert(at, format!("\n    {field}\n"))
        }
    }
}

/// `LayerNorm` becomes `layer_norm`, or `layer_norm2` if that is taken.
fn fresh(layer: &str, members: &[ast::Member]) -> String {
    let mut wanted = String::new();
    for (at, letter) in layer.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            wanted.push('_');
        }
        wanted.push(letter.to_ascii_lowercase());
    }
    let taken = |name: &str| {
        members.iter().any(|it| match &it.kind {
            ast::MemberKind::Field(field) => field.names.iter().any(|it| it.as_str() == name),
            ast::MemberKind::Fn(it) => it.params.iter().any(|it| it.name.as_str() == name),
            _ => false,
        })
    };
    let numbered = (2..).map(|it| format!("{wanted}{it}"));
    std::iter::once(wanted.clone()).chain(numbered).find(|it| !taken(it)).unwrap_or(wanted)
}

fn path(of: &ast::Use) -> String {
    of.path.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(".")
}

fn uses(module: &ast::Module) -> impl Iterator<Item = (&ast::Item, &ast::Use)> {
    module.items.iter().filter_map(|it| match &it.kind {
        ast::ItemKind::Use(of) => Some((it, of)),
        _ => None,
    })
}

fn imports(module: &ast::Module, from: &str, name: &str) -> bool {
    uses(module).any(|(_, it)| match &it.names {
        Some(names) => path(it) == from && names.iter().any(|it| it.as_str() == name),
        None => path(it) == format!("{from}.{name}"),
    })
}

/// Beside the other names of the module, or as a line of its own.
fn import(module: &ast::Module, from: &str, name: &str) -> Edit {
    let last = uses(module).find_map(|(_, it)| {
        let names = it.names.as_ref().filter(|_| path(it) == from)?;
        names.last().map(|it| it.span.end)
    });
    match last {
        Some(end) => Edit::insert(end, format!(", {name}")),
        None => {
            let line = format!("use {from}.{{{name}}}\n");
            match uses(module).last() {
                Some((item, _)) => Edit::insert(item.span.end, format!("\n{}", line.trim_end())),
                None => {
                    let first = module.items.first().map_or(0, |it| it.span.start);
                    Edit::insert(first, format!("{line}\n"))
                }
            }
        }
    }
}
