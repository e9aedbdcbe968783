//! One mistake gives one message: what repeats another message of the same declaration is
//! left out.

use std::collections::{HashMap, HashSet};

use nnc_base::{Diagnostic, Span};
use nnc_shape::{Fact, Facts};

use crate::ModuleInput;
use crate::errors::names::REVEAL;

/// Leaves out messages that say again what one of the same declaration said, and those for
/// which a fact is missing that follows from those that messages before it miss, or from the
/// stronger ones that a later message misses. They are in the order of the text.
pub(crate) fn once(modules: &[ModuleInput<'_>], diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut said: HashSet<(Place, String)> = HashSet::new();
    let mut missed: HashMap<Place, Facts> = HashMap::new();
    let mut kept = Vec::new();
    let all: Vec<(Place, Vec<Fact>)> = (diagnostics.iter())
        .map(|it| {
            // A warning stands in for no error.
            let helps = it.helps.iter().filter(|_| it.is_error());
            let missing = { helps }.find_map(|help| missing_facts(help));
            (declaration(modules, it.span()), missing.unwrap_or_default())
        })
        .collect();
    for (at, diagnostic) in diagnostics.into_iter().enumerate() {
        if diagnostic.code == REVEAL {
            kept.push(diagnostic);
            continue;
        }
        let (place, missing) = all[at].clone();
        let new = said.insert((place, format!("{} {}", diagnostic.code, diagnostic.message)));
        let facts = missed.entry(place).or_default();
        // The least values of sizes are not known here, so that what they decide is no repeat.
        let repeats = |fact: &Fact| {
            facts.iter().any(|it| it == fact) || facts.proves(fact) && !Facts::new().proves(fact)
        };
        let follows = !missing.is_empty() && missing.iter().all(repeats);
        let later = all[at + 1..].iter().filter(|(other, _)| *other == place);
        let weaker = !missing.is_empty() && { later }.any(|(_, facts)| stronger(facts, &missing));
        if new && !follows && !weaker {
            missing.into_iter().for_each(|fact| facts.assume(fact));
            kept.push(diagnostic);
        }
    }
    kept
}

/// Whether the second facts follow from the first, and not the other way around.
fn stronger(facts: &[Fact], than: &[Fact]) -> bool {
    let proves = |from: &[Fact], to: &[Fact]| {
        let mut known = Facts::new();
        from.iter().for_each(|it| known.assume(it.clone()));
        to.iter().all(|it| known.proves(it) && !Facts::new().proves(it))
    };
    !facts.is_empty() && proves(facts, than) && !proves(than, facts)
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

/// What a help asks to be added after `where`, if it is facts that can be read back.
fn missing_facts(help: &str) -> Option<Vec<Fact>> {
    let (_, rest) = help.split_once("`where ")?;
    let (facts, _) = rest.split_once('`')?;
    facts.split(", ").map(|fact| Fact::parse(fact).ok()).collect()
}
