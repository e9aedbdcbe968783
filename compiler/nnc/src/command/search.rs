//! `nnc search`.

use super::Context;
use crate::args::{Program, Search};
use crate::backends::{self, Target};
use crate::progress::Bar;
use crate::table::{Side, table};
use nnc_driver::search::{
    self, Asked, Direction, Exploration, Explored, Journal, Metric, Settings,
};
use nnc_driver::{Error, write_file};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::PathBuf;

pub(super) fn run(context: &mut Context<'_>, args: Search) -> Result<u8, Error> {
    let resumed = match &args.resume {
        Some(path) => Some(Journal::resume(path)?),
        None => None,
    };
    let asked = asked(&args);
    let settings = Settings::new(&asked, resumed.as_ref().and_then(Journal::header))?;
    let Some(path) = settings.program().map(|it| it.to_path_buf()) else {
        return Err(Error::usage("no program is named")
            .help("name a .nn file, or a log to go on with: `--resume LOG`"));
    };
    let session = context.session(&Program { path })?;
    let model = session.model(settings.model())?;
    context.warnings(&session);
    let name = session.declaration(model).name;
    let backend;
    let target = match backends::target(settings.target())? {
        Target::Evaluator => search::Target::Evaluator,
        Target::Compiled(it) => {
            backend = it;
            search::Target::Compiled(backend.as_ref())
        }
    };
    let exploration = Exploration::new(&session, settings, target)?;
    let journal = match resumed {
        Some(journal) => journal,
        None => {
            let usual = || PathBuf::from(format!("{name}.search.jsonl"));
            let path = args.log.clone().unwrap_or_else(usual);
            let journal = Journal::create(&path)?;
            context.terminal.note(&format!("the log is {}", path.display()));
            journal
        }
    };
    let found = exploration.run(journal, &Bar::new(context.terminal))?;
    if let Some(path) = &args.svg {
        write_file(path, found.picture.as_bytes())?;
        context.terminal.detail(&format!("wrote {}", path.display()));
    }
    let text = if args.json {
        format!("{:#}\n", as_json(&found, args.top))
    } else {
        report(&found, args.top)
    };
    context.terminal.result(&text)?;
    Ok(0)
}

fn asked(args: &Search) -> Asked {
    Asked {
        program: args.program.as_ref().map(|it| it.display().to_string()),
        model: args.model.model.clone(),
        entry: args.entry.clone(),
        sizes: args.size.clone(),
        minimize: args.minimize.clone(),
        maximize: args.maximize.clone(),
        at_most: args.at_most.clone(),
        at_least: args.at_least.clone(),
        strategy: args.strategy.clone(),
        members: args.members.map(|it| it as usize),
        population: args.population.map(|it| it as usize),
        tournament: args.tournament.map(|it| it as usize),
        seed: args.seed,
        threads: args.threads.map(usize::from),
        target: args.target.clone(),
        cpu: args.cpu.clone(),
    }
}

fn value(found: &Explored, at: usize, metric: usize) -> Option<f64> {
    found.found[at].worth.metrics.get(metric).copied().flatten()
}

/// What was found, as text.
fn report(found: &Explored, top: usize) -> String {
    let mut text = String::new();
    let failed = found.found.iter().filter(|it| it.worth.failure.is_some()).count();
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{} of {} members, {} from the log; {} keep the limits, {failed} failed or were left \
         early",
        found.found.len(),
        found.size,
        found.known,
        found.best.len(),
    );
    for (limit, bound) in &found.limits {
        let metric = &found.metrics[limit.metric];
        let word = match limit.direction {
            Direction::Minimize => "at most",
            Direction::Maximize => "at least",
        };
        let _ = writeln!(text, "{} {word} {}", metric.name(), metric.show(*bound));
    }
    failures(&mut text, found);
    if found.best.is_empty() {
        let _ = writeln!(text, "\nno member keeps the limits; loosen one, or look at more members");
        return text;
    }
    if found.front.len() > 1 {
        let _ = writeln!(text, "\nnone is better than these in all goals");
        text.push_str(&rows(found, &found.front));
    }
    let best: Vec<usize> = found.best.iter().copied().take(top).collect();
    let _ = writeln!(text, "\nthe best");
    text.push_str(&rows(found, &best));
    if let (Some(it), Some(best)) = (&found.comparison, found.winner) {
        let _ = writeln!(
            text,
            "\nmember {best} timed again beside member {}, the median by latency of the {} that \
             the search began with:\n{} and {}, {:.2} times as fast (quartiles {:.2} \
             to {:.2}, {} rounds in turns)",
            it.other,
            found.sample,
            Metric::Latency.show(it.member_ms),
            Metric::Latency.show(it.other_ms),
            1.0 / it.ratio,
            1.0 / it.quartiles.1,
            1.0 / it.quartiles.0,
            it.rounds,
        );
        let flops = found.metrics.iter().position(|it| *it == Metric::Flops);
        let both = flops.and_then(|at| Some((value(found, best, at)?, median(found, at)?)));
        if let Some((own, median)) = both {
            let _ = writeln!(
                text,
                "it has {} FLOPs, the median of these {}",
                Metric::Flops.show(own),
                Metric::Flops.show(median)
            );
        }
    }
    if let Some(model) = &found.text {
        let _ = write!(text, "\n{model}");
    }
    text
}

/// Of the members that the search began with.
fn median(found: &Explored, metric: usize) -> Option<f64> {
    let mut values: Vec<f64> =
        (0..found.sample).filter_map(|at| value(found, at, metric)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// Why members failed, the most frequent reasons first.
fn failures(text: &mut String, found: &Explored) {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for it in &found.found {
        let Some(failure) = &it.worth.failure else { continue };
        // What is beyond a limit is told by the limit's name.
        let reason = match failure.split_once(' ') {
            Some((name, _)) if found.metrics.iter().any(|it| it.name() == name) => name,
            _ => failure.as_str(),
        };
        match reasons.iter_mut().find(|it| it.0 == reason) {
            Some(known) => known.1 += 1,
            None => reasons.push((reason, 1)),
        }
    }
    reasons.sort_by_key(|it| std::cmp::Reverse(it.1));
    for (reason, count) in reasons.iter().take(5) {
        let limit = found.metrics.iter().any(|it| it.name() == *reason);
        let reason =
            if limit { format!("beyond the limit of {reason}") } else { (*reason).to_owned() };
        let _ = writeln!(text, "  {count} {reason}");
    }
}

fn rows(found: &Explored, places: &[usize]) -> String {
    let mut head = vec!["  member".to_owned()];
    head.extend(found.metrics.iter().map(|it| it.name().to_owned()));
    head.push("choices".to_owned());
    let mut rows = vec![head];
    for at in places {
        let mut row = vec![at.to_string()];
        for (metric, it) in found.metrics.iter().enumerate() {
            row.push(value(found, *at, metric).map_or_else(String::new, |value| it.show(value)));
        }
        row.push(search::choices(&found.found[*at].member));
        rows.push(row);
    }
    let mut sides = vec![Side::Right; found.metrics.len() + 1];
    sides.push(Side::Left);
    table(&sides, &rows)
}

fn as_json(found: &Explored, top: usize) -> Value {
    let member = |at: &usize| {
        let metrics: Map<String, Value> = (found.metrics.iter().enumerate())
            .filter_map(|(metric, it)| {
                Some((it.name().to_owned(), json!(value(found, *at, metric)?)))
            })
            .collect();
        json!({
            "number": at,
            "member": found.found[*at].member.choices(),
            "metrics": metrics,
        })
    };
    let limits: Vec<Value> = (found.limits.iter())
        .map(|(limit, bound)| {
            let most = limit.direction == Direction::Minimize;
            json!({
                "metric": found.metrics[limit.metric].name(),
                "limit": if most { "at-most" } else { "at-least" },
                "bound": bound,
            })
        })
        .collect();
    let failed = found.found.iter().filter(|it| it.worth.failure.is_some()).count();
    json!({
        "space": found.size.to_string(),
        "members": found.found.len(),
        "from_log": found.known,
        "failed": failed,
        "limits": limits,
        "front": found.front.iter().map(member).collect::<Vec<_>>(),
        "best": found.best.iter().take(top).map(member).collect::<Vec<_>>(),
        "winner": found.winner,
        "comparison": found.comparison.map(|it| json!({
            "member": found.winner,
            "other": it.other,
            "member_ms": it.member_ms,
            "other_ms": it.other_ms,
            "times_as_fast": 1.0 / it.ratio,
            "rounds": it.rounds,
        })),
        "model": found.text,
    })
}
