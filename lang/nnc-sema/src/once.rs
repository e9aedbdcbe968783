//! One mistake gives one message: what repeats another message of the same declaration is
//! left out.

use std::collections::HashSet;

use nnc_base::{Diagnostic, Span};

use crate::ModuleInput;
use crate::errors::names::REVEAL;

/// Leaves out messages that say again what one of the same declaration said, and those for
/// which the same fact is missing. They are in the order of the text.
pub(crate) fn once(modules: &[ModuleInput<'_>], diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut said: HashSet<(Place, String)> = HashSet::new();
    let mut kept = Vec::new();
    for diagnostic in diagnostics {
        if diagnostic.code == REVEAL {
            kept.push(diagnostic);
            continue;
        }
        let place = declaration(modules, diagnostic.span());
        let mut keys = vec![format!("{} {}", diagnostic.code, diagnostic.message)];
        keys.extend(diagnostic.helps.iter().find_map(|help| missing_fact(help)));
        let new = !keys.iter().any(|key| said.contains(&(place, key.clone())));
        said.extend(keys.into_iter().map(|key| (place, key)));
        if new {
            kept.push(diagnostic);
        }
    }
    kept
}

/// A file, and the number of a declaration in it.
type Place = (Option<usize>, Option<usize>);

fn declaration(modules: &[ModuleInput<'_>], at: Span) -> Place {
    let module = modules.iter().position(|module| module.file == at.file);
    let item = module.and_then(|module| {
        let items = &modules[module].ast.items;
        items.iter().position(|item| item.span.start <= at.start && at.start < item.span.end)
    });
    (module, item)
}

/// What a help asks to be added after `where`.
fn missing_fact(help: &str) -> Option<String> {
    let (_, rest) = help.split_once("`where ")?;
    let (fact, _) = rest.split_once('`')?;
    Some(format!("where {fact}"))
}
