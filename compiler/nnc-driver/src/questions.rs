//! Questions about the layers of a program, asked in words and answered with texts.

use crate::{Error, Failure, Session};
use nnc_base::{FileId, Name, Sources};
use nnc_sema::{Bounds, Chain, Equivalence, Filling, Map, ModuleInput, NoAnswer, Questions};
use nnc_syntax::ast;

/// The sizes that a question about the library alone may name, as the library names them.
const SIZES: &str = "dims B: batch, T: time, S: time, N: head, G: head, V: vocab, E: expert\n\
    dims C: chan, K: chan, M: chan, H: row, W: col, D: feat, F: feat, I: feat, O: feat\n";

/// The type of a layer.
#[derive(Clone)]
pub struct LayerType {
    pub map: Map,
    /// `float[B, C, H, W] -> float[B, C, H//2, W//2]`.
    pub arrow: String,
    /// What inputs must satisfy, as a `where` clause says it.
    pub domain: Vec<String>,
}

/// Whether two layers have the same type.
#[derive(Clone)]
pub struct Comparison {
    pub first: LayerType,
    pub second: LayerType,
    pub equivalence: Equivalence,
}

/// A program that is only there to be asked about the library.
pub fn library_session() -> Session {
    let all = nnc_stdlib::modules().iter().map(|(path, _)| format!("use {path}\n"));
    let library = Session::from_text("library", &all.collect::<String>());
    let mut names: Vec<&str> = Vec::new();
    let mut text = String::new();
    for module in library.modules().iter().filter(|it| !it.root) {
        let public = module.ast.items.iter().filter(|it| it.public);
        let layers: Vec<&str> = public.filter_map(layer_name).collect();
        let new: Vec<&str> = layers.into_iter().filter(|it| !names.contains(it)).collect();
        if !new.is_empty() {
            text.push_str(&format!("use {}.{{{}}}\n", module.path, new.join(", ")));
        }
        names.extend(new);
    }
    Session::from_text("library", &format!("{text}{SIZES}"))
}

fn layer_name(item: &ast::Item) -> Option<&'static str> {
    match &item.kind {
        ast::ItemKind::Layer(layer) => Some(layer.name.as_str()),
        ast::ItemKind::Space(space) => Some(space.name.as_str()),
        _ => None,
    }
}

/// The type of a layer, or of layers that are called one after the other, with the names of
/// the program's first file. The question's text is added to `sources`, for messages.
pub fn layer_type(
    session: &Session,
    sources: &mut Sources,
    text: &str,
) -> Result<LayerType, Error> {
    let layers = parsed(sources, "question", text)?;
    let modules = session.module_inputs()?;
    let mut questions = Questions::new(&modules);
    let map = questions.map(root(session), Chain { layers: &layers, text }).map_err(error)?;
    Ok(shown(&questions, map))
}

/// Whether two layers have the same type; with `at`, whether they have at these sizes.
pub fn compare(
    session: &Session,
    sources: &mut Sources,
    [first, second]: [&str; 2],
    at: &[(String, i64)],
) -> Result<Comparison, Error> {
    let first_layers = parsed(sources, "first", first)?;
    let second_layers = parsed(sources, "second", second)?;
    let modules = session.module_inputs()?;
    let mut questions = Questions::new(&modules);
    let chains = (
        Chain { layers: &first_layers, text: first },
        Chain { layers: &second_layers, text: second },
    );
    let at: Vec<(Name, i64)> = at.iter().map(|(name, size)| (Name::new(name), *size)).collect();
    let equivalence = questions.equiv(root(session), chains.0, chains.1, &at).map_err(error)?;
    Ok(Comparison {
        first: shown(&questions, equivalence.first.clone()),
        second: shown(&questions, equivalence.second.clone()),
        equivalence,
    })
}

/// What fits into the holes of the program's spaces, or into those of one name. A program with
/// mistakes, such as a hole without candidates, may have holes to fill.
pub fn fill(
    session: &Session,
    sources: &mut Sources,
    hole: Option<&str>,
    bounds: &Bounds,
) -> Result<Vec<Filling>, Error> {
    let mut modules = session.read_inputs()?;
    // All of the library may fit, and not only what the program uses.
    let there = |path: &str| modules.iter().any(|it| it.path == path);
    let others: Vec<(&str, FileId, ast::Module)> = (nnc_stdlib::modules().iter())
        .filter(|(path, _)| !there(path))
        .map(|(path, text)| {
            let file = sources.add(*path, *text);
            (*path, file, nnc_syntax::parse(file, text).module)
        })
        .collect();
    modules.extend(others.iter().map(|(path, file, ast)| ModuleInput { path, ast, file: *file }));
    let mut questions = Questions::new(&modules);
    let fillings = questions.fill(hole.map(Name::new), bounds);
    if !fillings.is_empty() {
        return Ok(fillings);
    }
    let names = questions.holes();
    let names: Vec<&str> = names.iter().map(|it| it.as_str()).collect();
    Err(Error::Usage(match hole {
        // It is there, and what goes into it is not understood.
        _ if hole.map_or(!names.is_empty(), |hole| names.contains(&hole)) => {
            let hole = hole.or(names.first().copied()).unwrap_or("?");
            Failure::new(format!("what goes into hole `{hole}` has no type, because of a mistake"))
                .help("`nnc check` shows the mistake")
        }
        Some(hole) => Failure::new(format!("the program has no hole `{hole}`")).names(
            hole,
            "its holes",
            &names,
        ),
        None => Failure::new("the program has no holes").help(
            "write `?` where something is missing, as in `x |> ?`, or a space: \
             `hole mix: f32[B, D] -> f32[B, D] in { Identity }`",
        ),
    }))
}

fn shown(questions: &Questions<'_>, map: Map) -> LayerType {
    LayerType { arrow: map.arrow(questions.program()), domain: map.domain_in_words(), map }
}

/// The file whose names a question may use.
fn root(session: &Session) -> FileId {
    let first = session.modules().iter().find(|it| it.root);
    first.map_or(FileId::from_raw(0), |it| it.file)
}

fn parsed(sources: &mut Sources, name: &str, text: &str) -> Result<Vec<ast::LayerUse>, Error> {
    let file = sources.add(name, text);
    let (layers, diagnostics) = nnc_syntax::parse_chain(file, text);
    layers.ok_or(Error::Program(diagnostics))
}

fn error(reason: NoAnswer) -> Error {
    match reason {
        NoAnswer::Mistakes(diagnostics) => Error::Program(diagnostics),
        NoAnswer::UnknownSize { name, known } => {
            let known: Vec<&str> = known.iter().map(|it| it.as_str()).collect();
            let failure = Failure::new(format!("the layers have no size `{name}`"));
            Error::Usage(failure.names(name.as_str(), "their sizes", &known))
        }
    }
}

mod edits;

pub use edits::{Edit, edits, write};

#[cfg(test)]
mod tests;
