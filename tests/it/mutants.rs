//! Mutation tests of the checker.

mod operators;
mod places;
mod programs;

use operators::Mutant;
use programs::{Source, Subject, check, said, subjects};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Verdict {
    Unreadable,
    Killed,
    Equal,
    Survived,
}

fn verdict(subject: &Subject, mutant: &Mutant) -> Verdict {
    let text = mutant.apply(&subject.module.text);
    let file = if subject.is_library() { 900 } else { 0 };
    let Some(module) = Source::new(&subject.module.path, &text, file) else {
        return Verdict::Unreadable;
    };
    let mut modules = vec![&module];
    modules.extend(&subject.others);
    let (program, diagnostics) = check(&modules);
    let said = said(&diagnostics);
    if said.iter().any(|(code, count)| subject.said.get(code).is_none_or(|it| it < count)) {
        return Verdict::Killed;
    }
    if program.to_string() == subject.program { Verdict::Equal } else { Verdict::Survived }
}

#[test]
fn mistakes_are_found() {
    let subjects = subjects();
    for it in &subjects {
        if !it.said.is_empty() {
            println!("{}: {:?}", it.name, it.said);
        }
    }
    let every: usize =
        std::env::var("NNC_MUTANTS_EVERY").ok().and_then(|it| it.parse().ok()).unwrap_or(1);
    let mut work: Vec<(&Subject, Mutant)> = Vec::new();
    for subject in &subjects {
        let mutants = operators::mutants(&subject.module.text, &subject.module.ast);
        work.extend(mutants.into_iter().map(|it| (subject, it)));
    }
    let work: Vec<_> =
        work.into_iter().enumerate().filter(|(at, _)| at % every == 0).map(|it| it.1).collect();
    println!("{} mutants", work.len());
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![None; work.len()]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            std::thread::Builder::new()
                .stack_size(8 << 20)
                .spawn_scoped(scope, || {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((subject, mutant)) = work.get(at) else { return };
                        let verdict = verdict(subject, mutant);
                        results.lock().unwrap()[at] = Some(verdict);
                    }
                })
                .unwrap();
        }
    });
    let results = results.into_inner().unwrap();
    let mut table: BTreeMap<&str, BTreeMap<Verdict, usize>> = BTreeMap::new();
    let mut list = String::new();
    for ((subject, mutant), verdict) in work.iter().zip(&results) {
        let verdict = verdict.unwrap();
        *table.entry(mutant.operator).or_default().entry(verdict).or_default() += 1;
        if verdict == Verdict::Survived || verdict == Verdict::Unreadable {
            let (line, before, after) = mutant.line(&subject.module.text);
            list.push_str(&format!(
                "{verdict:?} {} {}:{line}\n  - {before}\n  + {after}\n",
                mutant.operator, subject.name
            ));
        }
    }
    for (operator, counts) in &table {
        println!("{operator:<20} {counts:?}");
    }
    std::fs::write("/tmp/mutate-survivors.txt", list).unwrap();
}
