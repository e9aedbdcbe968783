//! The library in the table of the zoo: every public function and layer of `std` beside what
//! holds it.
//!
//! The programs of [`crate::run`] are those that hold the library: their expected numbers are
//! transcriptions in numpy, which torch's own layers are held against in turn, or were worked
//! out by hand. A call of such a program holds all that it calls on the way, as lowering says.
//! A layer's parameters are those that the transcription asks for under the same path, name by
//! name and shape by shape. A formula of sizes is inlined where it stands, and is held by those
//! items that mention it.

use super::{ENGINES, Tally, Verdict, compiled};
use crate::run::case::{CallErrors, Case, Model};
use crate::run::cases;
use nnc_base::FileId;
use nnc_syntax::ast::{ItemKind, TypeKind};
use nnc_syntax::{Tok, lex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A module's name and an item's.
type Name = (String, String);

/// A public item of the library.
pub(crate) struct Item {
    pub(crate) name: Name,
    pub(crate) docs: String,
    /// Whether it is a formula of sizes.
    pub(crate) size: bool,
    /// The names that stand in it.
    mentions: BTreeSet<String>,
}

/// All of them, in the order of the texts.
pub(crate) fn items() -> Vec<Item> {
    let mut items = Vec::new();
    for (module, text) in nnc_stdlib::modules() {
        for item in nnc_syntax::parse(FileId::from_raw(0), text).module.items {
            let (name, size) = match &item.kind {
                ItemKind::Fn(function) => {
                    let result = function.result.as_ref().map(|it| &it.kind);
                    let size = matches!(result, Some(TypeKind::Dim { .. }));
                    (function.name.map(|it| it.as_str()), size)
                }
                ItemKind::Layer(layer) => (Some(layer.name.as_str()), false),
                _ => (None, false),
            };
            let Some(name) = name.filter(|_| item.public) else { continue };
            items.push(Item {
                name: ((*module).to_owned(), name.to_owned()),
                docs: item.docs.unwrap_or_default(),
                size,
                mentions: names(&text[item.span.start as usize..item.span.end as usize]),
            });
        }
    }
    items
}

/// The names that stand in a text.
fn names(text: &str) -> BTreeSet<String> {
    let tokens = lex(FileId::from_raw(0), text).tokens;
    let name = |tok| match tok {
        Tok::Lower(name) | Tok::Upper(name) => Some(name.to_owned()),
        _ => None,
    };
    tokens.into_iter().filter_map(|it| name(it.tok)).collect()
}

/// What holds an item.
#[derive(Clone, Default)]
struct Held {
    programs: BTreeSet<String>,
    /// For each engine, how far it is off at the worst.
    errors: Option<[f64; ENGINES.len()]>,
    /// Of the calls that `errors` is of; calls that are allowed more count where there are no
    /// others.
    tolerance: f64,
    /// The numbers of the greatest of a layer's instances that a transcription asks for.
    asked: Option<usize>,
    /// The same of all instances.
    own: usize,
    wrong: BTreeSet<String>,
}

impl Held {
    fn verdict(&self) -> Verdict {
        match &self.errors {
            Some(_) if self.wrong.is_empty() && (self.own == 0 || self.asked.is_some()) => {
                Verdict::Passed
            }
            Some(_) | None => Verdict::Failed,
        }
    }

    fn line(&self, (module, item): &Name) -> String {
        let name = format!("{}.{item}", module.trim_start_matches("std."));
        let parameters = match (self.asked, self.own) {
            (None, 0) => "-".to_owned(),
            (Some(count), _) if self.wrong.is_empty() => format!("{count} =="),
            (_, count) => format!("{count} !="),
        };
        let errors = match &self.errors {
            Some(errors) => errors.map(|it| format!("{it:>10.1e}")).join("  "),
            None => format!("{:>34}", "held against nothing"),
        };
        let failed = if self.verdict() == Verdict::Failed { "  FAILED" } else { "" };
        let mut programs = self.programs.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
        if self.programs.len() > 2 {
            programs.push_str(&format!(" and {} more", self.programs.len() - 2));
        }
        format!("{name:<34} {parameters:>18}  {errors}{failed}  {programs}")
    }

    /// What went wrong, in sentences.
    fn failures(&self, (module, item): &Name) -> String {
        let mut text = format!("== {module}.{item}\n");
        for wrong in &self.wrong {
            text.push_str(&format!("  {wrong}\n"));
        }
        if self.errors.is_none() {
            text.push_str("  no program in tests/run holds it against another implementation\n");
        } else if self.own > 0 && self.asked.is_none() {
            text.push_str("  no transcription asks for its parameters\n");
        }
        text
    }

    /// Another call, which some program holds.
    fn join(&mut self, program: &str, errors: [f64; ENGINES.len()], tolerance: f64) {
        self.programs.insert(program.to_owned());
        let before = self.errors.filter(|_| self.tolerance <= tolerance.max(super::TOLERANCE));
        match before {
            // What is allowed more says nothing beside what is not.
            Some(_) if tolerance > self.tolerance.max(super::TOLERANCE) => {}
            Some(before) => {
                self.tolerance = self.tolerance.max(tolerance);
                self.errors = Some(std::array::from_fn(|at| before[at].max(errors[at])));
            }
            None => (self.errors, self.tolerance) = (Some(errors), tolerance),
        }
    }

    /// All of what holds another item.
    fn merge(&mut self, from: &Held) {
        for program in &from.programs {
            if let Some(errors) = from.errors {
                self.join(program, errors, from.tolerance);
            }
        }
        self.wrong.extend(from.wrong.iter().cloned());
    }
}

/// How many numbers a layer has at a place of a model, and those that the transcription asks
/// for: a count, and what differs, or nothing where it asks for none.
fn parameters(case: &Case, model: &Model, place: &str) -> (usize, Option<Vec<String>>) {
    let below = |name: &str| name.strip_prefix(place).is_some_and(|it| it.starts_with('.'));
    let ours = model.params.iter().filter(|it| below(it.0)).map(|it| (it.0, &it.1.shape));
    let ours: BTreeSet<(&String, &Vec<usize>)> = ours.collect();
    let count = ours.iter().map(|it| it.1.iter().product::<usize>()).sum();
    let theirs = case.asked(model);
    if theirs.is_empty() || model.renamed {
        return (count, None);
    }
    let theirs: BTreeSet<_> = theirs.into_iter().filter(|it| below(it.0)).collect();
    let unasked = ours.difference(&theirs);
    let unasked =
        unasked.map(|(name, shape)| format!("`{name}` {shape:?} is asked for by no transcription"));
    let unknown = theirs.difference(&ours);
    let unknown = unknown.map(|(name, shape)| format!("`{name}` {shape:?} is no parameter"));
    (count, Some(unasked.chain(unknown).collect()))
}

/// Adds what a program holds.
fn hold(program: &str, case: &Case, items: &[Item], held: &mut BTreeMap<Name, Held>) {
    let engines: [CallErrors; ENGINES.len()] =
        [case.errors(), case.errors_optimised(), compiled(case)];
    let tolerance = case.stated_tolerance().unwrap_or(super::TOLERANCE);
    let mut whole = Held::default();
    for (at, uses) in case.uses().into_iter().enumerate() {
        let mut errors = [0.0; ENGINES.len()];
        let mut any = false;
        for ((engine, calls), error) in ENGINES.iter().zip(&engines).zip(&mut errors) {
            let off = match calls {
                Ok(calls) => calls.get(at).cloned().flatten(),
                Err(wrong) => Some(Err(wrong.clone())),
            };
            let wrong = match off {
                // Nothing is expected of this call.
                None => continue,
                Some(Ok(off)) if off <= tolerance && tolerance <= super::MOST_TOLERANCE => {
                    (any, *error) = (true, off);
                    continue;
                }
                Some(Ok(off)) => format!("{program}: {engine}: off by {off:.1e}"),
                Some(Err(wrong)) => format!("{program}: {engine}: {wrong}"),
            };
            for (it, _) in &uses {
                let name = (it.module.to_string(), it.item.to_string());
                held.entry(name).or_default().wrong.insert(wrong.clone());
            }
        }
        if !any {
            continue;
        }
        whole.join(program, errors, tolerance);
        for (it, model) in uses.into_iter().filter(|it| it.0.module.as_str().starts_with("std.")) {
            let name = (it.module.to_string(), it.item.to_string());
            let entry = held.entry(name).or_default();
            entry.join(program, errors, tolerance);
            if it.place.is_empty() {
                continue;
            }
            let (count, wrong) = parameters(case, model, &it.place);
            entry.own = entry.own.max(count);
            if let Some(wrong) = wrong.filter(|it| count > 0 || !it.is_empty()) {
                entry.asked = entry.asked.max(Some(count));
                entry.wrong.extend(wrong.iter().map(|it| format!("{program}: {it}")));
            }
        }
    }
    let mentioned = names(case.text());
    for size in items.iter().filter(|it| it.size && mentioned.contains(&it.name.1)) {
        held.entry(size.name.clone()).or_default().merge(&whole);
    }
}

/// The rows of the items whose names contain the text.
pub(super) fn table(filter: &str, tally: &mut Tally) {
    let items = items();
    let shown = |item: &Item| format!("{}.{}", item.name.0, item.name.1).contains(filter);
    if !items.iter().any(shown) {
        return;
    }
    let all = Mutex::new(BTreeMap::<Name, Held>::new());
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((program, case)) = cases().get(next.fetch_add(1, Relaxed)) {
                    // A program that could not be loaded fails in `run`.
                    let Ok(case) = case else { continue };
                    let mut own = BTreeMap::new();
                    hold(program, case, &items, &mut own);
                    let mut all = all.lock().unwrap();
                    for (name, from) in own {
                        let into = all.entry(name).or_default();
                        into.merge(&from);
                        into.own = into.own.max(from.own);
                        into.asked = into.asked.max(from.asked);
                    }
                }
            });
        }
    });
    let mut held = all.into_inner().unwrap();
    for size in items.iter().filter(|it| it.size) {
        let around = items.iter().filter(|it| !it.size && it.mentions.contains(&size.name.1));
        for from in around.filter_map(|it| held.get(&it.name).cloned()).collect::<Vec<_>>() {
            held.entry(size.name.clone()).or_default().merge(&from);
        }
    }
    let heads = ENGINES.map(|it| format!("{it:>10}")).join("  ");
    println!("\n{:<34} {:>18}  {heads}  held by", "library", "parameters");
    for item in items.iter().filter(|it| shown(it)) {
        let held = held.get(&item.name).cloned().unwrap_or_default();
        println!("{}", held.line(&item.name));
        tally.add(held.verdict(), || held.failures(&item.name));
    }
}
