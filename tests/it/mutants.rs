//! Mutation tests of the checker: mistakes that a person makes, put into every valid program
//! of the repository, and whether the checker says something.
//!
//! A *mutant* is a program with one change that [`operators`] makes on the syntax tree: two
//! axes, indices, sizes or arguments in each other's place, another index of those in scope,
//! a number of a size or a position one more or less, a fact or the bound of a guard left out
//! or weakened, `/` for `//`, a `..`, `_`, `as` or reduction left out, another element or
//! kind, the axes of a row of a checkpoint.
//!
//! - It is *killed* if the checker gives a message, error or warning, of which the program
//!   as it was has fewer. A mutant of the library is checked with what uses it in the library.
//! - It is *equal* if the typed program is the same but for the names of meanings, which say
//!   what numbers are for and not which they are: quotients that are exact, the names of kinds,
//!   a fact that was said twice, a result that forgets that it is tokens. Programs are compared
//!   in one form, see [`canonical`]: a sum over all of three axes is the same in whichever order
//!   its indices stand. (The rows of checkpoints are no part of that text; their mutants have a
//!   file of weights to be held against, and are counted as survivors.)
//! - It is *wider* if it differs in the facts alone that a layer or a function asks for, tokens
//!   being numbers with such a fact: it computes the same for all that the program as it was
//!   takes, and what it takes besides is proved to be in bounds as well. The program asks for
//!   more than it needs.
//! - It *survived* otherwise. Survivors are listed in `tests/mutants/survivors.txt`, by
//!   the operator, with the reason that [`REASONS`] gives.
//!
//! The rate is of the killed to all that are neither equal nor wider; that in which those that
//! are wider count as survivors stands beside it. What no operator does, because no
//! type and no fact could be against it: numbers that are values, `+` for `-`, the numbers of
//! a `model` line and the ranges of its entries, defaults of a layer, facts and guards that
//! are narrower than they need be, guards that only choose which points count, the order of
//! the arguments of `max` and `min`, and anything in a `test`.
//!
//! `cargo test -p nnc-tests mutants` takes one mutant of [`SAMPLE`]; `NNC_MUTANTS_STEP=1`
//! takes all, and with `UPDATE_UI=1` the list of those taken is written. What a mutant is
//! decides whether it is taken, so that a program that grows changes nothing for another, and
//! what one of 120 takes is among what one of 40 does. A survivor that the list does not have
//! fails the test if its program is as it was when the list was written; other programs count
//! in the rate alone.

mod canonical;
mod operators;
mod places;
mod programs;

use crate::support::root;
use nnc_base::Diagnostic;
use operators::Mutant;
use programs::{Source, Subject, check, said, subjects, values};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One mutant of so many is looked at, unless all are.
const SAMPLE: u64 = 120;

/// The rate must not fall below this; a better one stands in the list, which is of more
/// mutants. What is missing to 0.98 is what the list shows.
const LEAST_RATE: f64 = 0.95;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Verdict {
    /// The change made a text that is no program, which says nothing.
    Unreadable,
    Killed,
    Equal,
    Wider,
    Survived,
}

/// Why mutants of an operator survive.
const REASONS: [(&str, &str); 19] = [
    ("change-division", "the sizes of the result are not compared with others"),
    ("change-element", "what is done with the value is defined for the other element, too"),
    ("drop-as", "the value has the element already where it is used"),
    ("drop-axis-map", "the sizes are those of the weights' file, which is not there"),
    ("drop-conjunct", "the read is in bounds for another reason"),
    ("drop-fact", "a size that would be less than 1 without the fact is in no read"),
    ("drop-reduction", "the index is bound outside, or takes no axis as a whole"),
    ("drop-rest", "the function is as right for a single row"),
    ("flip-comparison", "no read is out of bounds: the guard only chooses points"),
    ("replace-index", "both indices are of one kind and one size, and stand elsewhere, too"),
    ("shift-number", "the other size or position is in bounds, and no type says which"),
    ("swap-arguments", "both arguments have one type, and no name says which is which"),
    ("swap-axes", "the axes are reduced or read alike"),
    ("swap-left-indices", "both indices are of one kind and one size"),
    ("swap-map-axes", "the sizes are those of the weights' file, which is not there"),
    ("swap-read-indices", "both axes are of one kind and one size, or their order is free"),
    ("swap-sizes", "both sizes are free, or of one kind"),
    ("swap-split", "nothing else in the layer says in which order the parts are"),
    ("weaken-fact", "a size that is less than 1 is in no read"),
];

fn verdict(subject: &Subject, mutant: &Mutant) -> Verdict {
    let text = mutant.apply(&subject.module.text);
    let Some(module) = subject.module.changed(&text) else { return Verdict::Unreadable };
    let more = |(code, count): (&String, &usize)| {
        subject.said.get(code).is_none_or(|before| before < count)
    };
    let found = |diagnostics: &[Diagnostic]| said(diagnostics).iter().any(more);
    let (needed, _) = subject.others.split_at(subject.needed);
    if needed.len() < subject.others.len() {
        // Most are found in the module itself; the others are not looked at then.
        let modules: Vec<&Source> = std::iter::once(&module).chain(needed).collect();
        if found(&check(&modules).1) {
            return Verdict::Killed;
        }
    }
    let modules: Vec<&Source> = std::iter::once(&module).chain(&subject.others).collect();
    let (program, diagnostics) = check(&modules);
    if found(&diagnostics) {
        Verdict::Killed
    } else if mutant.is_of_checkpoint() {
        Verdict::Survived
    } else if values(&program, true) == subject.program {
        Verdict::Equal
    } else if values(&program, false) == subject.without_facts {
        Verdict::Wider
    } else {
        Verdict::Survived
    }
}

/// The verdicts of all, found on every processor.
fn verdicts(work: &[(&Subject, Mutant)]) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(vec![Verdict::Unreadable; work.len()]);
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((subject, mutant)) = work.get(at) else { return };
            let verdict = verdict(subject, mutant);
            found.lock().unwrap()[at] = verdict;
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            std::thread::Builder::new().stack_size(8 << 20).spawn_scoped(scope, worker).unwrap();
        }
    });
    found.into_inner().unwrap()
}

/// What was found, as the list and the test print it.
struct Outcome {
    /// By operator, how many there are of each verdict.
    table: BTreeMap<&'static str, BTreeMap<Verdict, usize>>,
    /// By operator and program.
    survivors: BTreeMap<(&'static str, String), Vec<String>>,
}

impl Outcome {
    fn of(work: &[(&Subject, Mutant)]) -> Outcome {
        let mut outcome = Outcome { table: BTreeMap::new(), survivors: BTreeMap::new() };
        for ((subject, mutant), verdict) in work.iter().zip(verdicts(work)) {
            let counts = outcome.table.entry(mutant.operator).or_default();
            *counts.entry(verdict).or_default() += 1;
            if verdict == Verdict::Survived {
                let key = (mutant.operator, subject.key());
                let lines = outcome.survivors.entry(key).or_default();
                lines.push(mutant.shown(&subject.module.text));
            }
        }
        outcome
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.table.values().filter_map(|counts| counts.get(&verdict)).sum()
    }

    fn rate(&self) -> f64 {
        let (killed, survived) = (self.count(Verdict::Killed), self.count(Verdict::Survived));
        killed as f64 / (killed + survived).max(1) as f64
    }

    /// The rate if those that are wider count as survivors.
    fn strict_rate(&self) -> f64 {
        let killed = self.count(Verdict::Killed);
        let others = self.count(Verdict::Survived) + self.count(Verdict::Wider);
        killed as f64 / (killed + others).max(1) as f64
    }

    fn summary(&self) -> String {
        let all: usize = self.table.values().flat_map(BTreeMap::values).sum();
        format!(
            "{all} mutants: {} killed, {} equal, {} wider, {} survived, {} unreadable; kill rate {:.3}, {:.3} with the wider as survivors",
            self.count(Verdict::Killed),
            self.count(Verdict::Equal),
            self.count(Verdict::Wider),
            self.count(Verdict::Survived),
            self.count(Verdict::Unreadable),
            self.rate(),
            self.strict_rate()
        )
    }

    fn operators(&self) -> String {
        let line = |(operator, counts): (&&str, &BTreeMap<Verdict, usize>)| {
            let of = |verdict| counts.get(&verdict).copied().unwrap_or(0);
            format!(
                "{operator:<18} killed {:>5}, equal {:>5}, wider {:>4}, survived {:>4}\n",
                of(Verdict::Killed),
                of(Verdict::Equal),
                of(Verdict::Wider),
                of(Verdict::Survived)
            )
        };
        self.table.iter().map(line).collect()
    }

    fn list(&self) -> String {
        let mut text = format!("{}\n\n{}", self.summary(), self.operators());
        for (operator, reason) in REASONS {
            let survivors = self.survivors.iter().filter(|(key, _)| key.0 == operator);
            for (at, ((_, program), lines)) in survivors.enumerate() {
                if at == 0 {
                    text.push_str(&format!("\n== {operator}: {reason}\n"));
                }
                text.push_str(&format!("-- {program}\n{}", lines.concat()));
            }
        }
        text
    }
}

/// The same number for equal things, in every build.
fn number(what: &impl std::fmt::Debug) -> u64 {
    // FNV-1a.
    let byte = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let hash = format!("{what:?}").bytes().fold(0xcbf2_9ce4_8422_2325, byte);
    hash ^ (hash >> 32)
}

/// Survivors that the list does not have, of programs that it knows as they are.
fn unlisted(outcome: &Outcome, list: &str) -> Vec<String> {
    let (mut operator, mut program) = ("", "");
    let mut programs = BTreeSet::new();
    let mut listed = BTreeSet::new();
    for line in list.lines() {
        if let Some(head) = line.strip_prefix("== ") {
            operator = head.split(':').next().unwrap_or("");
        } else if let Some(name) = line.strip_prefix("-- ") {
            program = name;
            programs.insert(name);
        } else {
            listed.insert((operator, program, line));
        }
    }
    let mut found = Vec::new();
    for ((operator, program), lines) in &outcome.survivors {
        for line in lines.iter().filter(|_| programs.contains(program.as_str())) {
            if !listed.contains(&(*operator, program.as_str(), line.trim_end())) {
                found.push(format!("{operator} {program}\n{line}"));
            }
        }
    }
    found
}

#[test]
fn mistakes_are_found() {
    let given = std::env::var("NNC_MUTANTS_STEP").ok().and_then(|it| it.parse().ok());
    // Texts are updated for other tests, too, which look at fewer.
    let update = given.is_some() && std::env::var("UPDATE_UI").is_ok_and(|it| it == "1");
    let step = given.unwrap_or(SAMPLE).max(1);
    let subjects = subjects();
    let mutants = subjects.iter().flat_map(|subject| {
        let mutants = operators::mutants(&subject.module.text, &subject.module.ast);
        mutants.into_iter().map(move |it| (subject, it))
    });
    let taken = |(subject, mutant): &(&Subject, Mutant)| {
        let what = (&subject.name, mutant.operator, mutant.shown(&subject.module.text));
        number(&what).is_multiple_of(step)
    };
    let work: Vec<(&Subject, Mutant)> = mutants.filter(taken).collect();
    let outcome = Outcome::of(&work);
    println!("{}\n{}", outcome.summary(), outcome.operators());
    let path = root().join("tests/mutants/survivors.txt");
    if update {
        let list = format!("One mutant of {step}.\n{}", outcome.list());
        std::fs::write(&path, list).unwrap();
    }
    let list = std::fs::read_to_string(&path).unwrap_or_default();
    let listed = list.lines().next().and_then(|it| it.split(' ').next_back());
    let listed: u64 = listed.and_then(|it| it.trim_end_matches('.').parse().ok()).unwrap();
    assert!(step.is_multiple_of(listed), "the list is of one mutant of {listed}");
    let unlisted = unlisted(&outcome, &list);
    assert!(unlisted.is_empty(), "{} new survivors:\n{}", unlisted.len(), unlisted.join("\n"));
    assert!(work.len() as u64 * step >= 10_000, "only {} mutants", work.len());
    assert!(outcome.count(Verdict::Unreadable) * 200 <= work.len(), "{}", outcome.summary());
    assert!(outcome.rate() >= LEAST_RATE, "{}", outcome.summary());
    for operator in outcome.table.keys() {
        let killed = outcome.table[operator].contains_key(&Verdict::Killed);
        let known = killed || REASONS.iter().any(|it| it.0 == *operator);
        assert!(known, "no mutant of {operator} is ever killed, and no reason is given");
    }
}
