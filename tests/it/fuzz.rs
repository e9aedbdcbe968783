//! Bounded fuzzing of all that stands before code generation: whatever the text, there
//! are messages or a graph, soon, and no panic.
//!
//! Inputs are the programs of the repository, changed in ways that a seed decides; seeds
//! are 0, 1, 2, … for as long as there is time, `NNC_FUZZ_SECONDS` or 10 seconds.
//! `NNC_FUZZ_SEED=n` runs one seed alone and prints its input.

mod mutate;

use crate::support::{files, read, root};
use mutate::mutated;
use nnc_driver::Session;
use nnc_driver::render::{Format, Style, message};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// What an input may take of a processor.
const MOST_TIME: Duration = Duration::from_secs(2);

/// After so long on the wall an input is taken to never end.
const PATIENCE: Duration = Duration::from_secs(60);

/// As much as the main thread of a program has.
const STACK: usize = 8 << 20;

/// The programs that are changed.
fn corpus() -> Vec<String> {
    files(&root(), &["nn"]).iter().filter_map(|path| read(path).ok()).collect()
}

/// Takes a text through all phases; what is wrong with how that went.
fn check(text: &str) -> Result<(), String> {
    let before = processor_time();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let session = Session::from_text("fuzz.nn", text);
        let diagnostics = session.check();
        for diagnostic in &diagnostics {
            for label in &diagnostic.labels {
                let (start, end) = (label.span.start as usize, label.span.end as usize);
                let file = session.sources().get(label.span.file);
                if file.is_some_and(|it| it.text.get(start..end).is_none()) {
                    return Err(format!("a label of {} lies outside: {label:?}", diagnostic.code));
                }
            }
        }
        // A snippet is as long as its line, so that many of a long line take their time.
        for diagnostic in diagnostics.iter().take(10) {
            message(session.sources(), diagnostic, Format::Human, Style::PLAIN);
            message(session.sources(), diagnostic, Format::Json, Style::PLAIN);
        }
        match diagnostics.iter().find(|it| it.message.contains("internal error")) {
            Some(broken) => Err(broken.message.clone()),
            None => Ok(()),
        }
    }));
    let time = processor_time().saturating_sub(before);
    match result {
        Ok(Ok(())) if time > MOST_TIME => Err(format!("took {time:?}")),
        Ok(result) => result,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panicked: {}", text.unwrap_or("?")))
        }
    }
}

/// What this thread has had of a processor, which others on the machine do not change;
/// where the system does not say, the time of day.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match stat.split_whitespace().next().and_then(|it| it.parse().ok()) {
        Some(nanoseconds) => Duration::from_nanos(nanoseconds),
        None => std::time::UNIX_EPOCH.elapsed().unwrap_or_default(),
    }
}

fn seconds() -> u64 {
    std::env::var("NNC_FUZZ_SECONDS").ok().and_then(|it| it.parse().ok()).unwrap_or(10)
}

#[test]
fn changed_programs_give_messages_or_a_graph() {
    let corpus = corpus();
    if let Some(seed) = std::env::var("NNC_FUZZ_SEED").ok().and_then(|it| it.parse().ok()) {
        let text = mutated(&corpus, seed);
        println!("{text}\n");
        assert_eq!(check(&text), Ok(()));
        return;
    }
    let (to_worker, seeds) = channel::<u64>();
    let (answer, answers) = channel();
    let texts = corpus.clone();
    let worker = move || {
        for seed in seeds {
            if answer.send(check(&mutated(&texts, seed))).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().stack_size(STACK).spawn(worker).unwrap();
    let end = Instant::now() + Duration::from_secs(seconds());
    let mut failures = Vec::new();
    let mut seed = 0;
    while Instant::now() < end && failures.len() < 20 {
        to_worker.send(seed).unwrap();
        match answers.recv_timeout(PATIENCE) {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push(format!("NNC_FUZZ_SEED={seed}: {failure}")),
            Err(RecvTimeoutError::Timeout) => {
                failures.push(format!("NNC_FUZZ_SEED={seed}: does not end"));
                break;
            }
            Err(RecvTimeoutError::Disconnected) => {
                failures.push(format!("NNC_FUZZ_SEED={seed}: the thread is gone"));
                break;
            }
        }
        seed += 1;
    }
    println!("{seed} programs");
    assert!(failures.is_empty(), "of {seed} programs:\n{}", failures.join("\n"));
    assert!(seed > 20, "only {seed} programs in {} s", seconds());
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let around = [("(", ")"), ("[", "]"), ("{ ", " }"), ("-", ""), ("!", ""), ("f(", ")")];
    let mut programs = Vec::new();
    for depth in [100, 10_000, 200_000] {
        for (open, close) in around {
            let value = format!("{}x{}", open.repeat(depth), close.repeat(depth));
            programs.push(format!("fn f(x: f32[]) -> f32[] = {value}"));
            programs.push(format!("fn f(x: f32[]) -> f32[] = {}x", open.repeat(depth)));
        }
        programs.push(format!("fn f(x: f32[]) -> f32[] = x{}", " + x".repeat(depth)));
        programs.push(format!("fn f(x: f32[]) -> f32[] = x{}", " |> f".repeat(depth)));
        programs.push(format!("fn f(n: dim) -> dim = n{}", " * (n + 1)".repeat(depth / 10)));
        programs.push(format!("layer A {{ a: {}B{} }}", "[".repeat(depth), "; 2]".repeat(depth)));
        let branch = "if x > 0.0 { x } else ";
        programs.push(format!("fn f(x: f32[]) -> f32[] = {}{{ x }}", branch.repeat(depth)));
        let sums = "sum[i: 2] ";
        programs.push(format!(
            "fn f(x: f32[2]) -> f32[] {{ let y[] = {}x[i]; y }}",
            sums.repeat(depth)
        ));
        programs.push(format!("struct A {{ a: {}f32{} }}", "B<".repeat(depth), ">".repeat(depth)));
    }
    let worker = move || {
        let failures: Vec<String> = (programs.iter())
            .filter_map(|it| Some(format!("{}…: {}", &it[..it.len().min(60)], check(it).err()?)))
            .collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(worker).unwrap();
    assert!(thread.join().is_ok());
}
