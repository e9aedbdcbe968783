//! `nnc search`: what it finds, and that it goes on where it was ended.

use super::{Folder, example};
use insta::assert_snapshot;
use std::time::{Duration, Instant};

/// A hundred and twenty-five members, of which the smallest and the largest are known.
const SPACE: &str = "use std.nn.{Linear, Identity, relu}
dims B: batch, D: feat, L

layer Two<D>(e: dim = 1) {
    up:   Linear<D, e*D>
    down: Linear<e*D, D>
    fn (x: f32[B, D]) -> f32[B, D] = down(relu(up(x)))
}

space Cell<D> {
    hole mix: f32[B, D] -> f32[B, D] in {
        Two<D>(e=e) for e in [2, 1, 4],
        Identity,
        Linear<D, D> >> Two<D>,
    }
    fn (x: f32[B, D]) -> f32[B, D] = x + mix(x)
}

layer Net<D, L> {
    cells: [Cell<D>; L]
    fn (x: f32[B, D]) -> f32[B, D] = fold(cells, x, |h, cell| cell(h))
    fn spread(x: f32[B, D]) -> f32[] {
        let y = fold(cells, x, |h, cell| cell(h));
        sum[b, d] y[b, d] * y[b, d]
    }
    fn pair(x: f32[B, D]) -> f32[B] { let y[b] = sum[d] x[b, d]; y }
}

model net = Net<8, 3> {
    entry run with { B <= 4 }
    entry spread = spread with { B == 4 }
    entry pair = pair with { B == 4 }
}
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("space.nn", SPACE);
    folder
}

fn search<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["search", "space.nn", "--entry=run", "--target=evaluator"], arguments].concat()
}

#[test]
fn all_members_are_looked_at_and_the_best_is_a_model() {
    let folder = folder();
    let out = folder.nnc(&search(&["--strategy=exhaustive", "--minimize=params", "--top=2"])).ok();
    assert_snapshot!(out, @"
    125 of 125 members, 0 from the log; 125 keep the limits, 0 failed or were left early

    the best
      member  params   flops  memory  choices
          93       0      96   256 B  3 3 3
          43     144  1.22 k   256 B  1 3 3

    model net_found = Net<8, 3> {
        choose cells[0].mix = Identity
        choose cells[1].mix = Identity
        choose cells[2].mix = Identity
        entry run with { B <= 4 }
        entry spread = spread with { B == 4 }
        entry pair = pair with { B == 4 }
    }
    ");
    let out = folder
        .nnc(&search(&[
            "--strategy=exhaustive",
            "--maximize=flops",
            "--minimize=memory",
            "--at-most=params=1k",
            "--log=other.jsonl",
            "--svg=front.svg",
        ]))
        .ok();
    assert_snapshot!(out, @"
    125 of 125 members, 0 from the log; 103 keep the limits, 22 failed or were left early
    params at most 1.00 k
      22 beyond the limit of params

    none is better than these in all goals
      member  params   flops  memory  choices
          96     360  2.88 k   256 B  3 4 1
          20     776  6.18 k   384 B  0 4 0
           0     840  6.72 k   512 B  0 0 0
           7     976  7.81 k   640 B  0 1 2

    the best
      member  params   flops  memory  choices
          96     360  2.88 k   256 B  3 4 1
         108     360  2.88 k   256 B  4 1 3
         116     360  2.88 k   256 B  4 3 1
          41     288  2.34 k   256 B  1 3 1
          98     216  1.76 k   256 B  3 4 3
         118     216  1.76 k   256 B  4 3 3
          43     144  1.22 k   256 B  1 3 3
          83     144  1.22 k   256 B  3 1 3
          91     144  1.22 k   256 B  3 3 1
          93       0      96   256 B  3 3 3

    model net_found = Net<8, 3> {
        choose cells[0].mix = Identity
        choose cells[1].mix = Linear<D, D> >> Two<D>
        choose cells[2].mix = Two<D>
        entry run with { B <= 4 }
        entry spread = spread with { B == 4 }
        entry pair = pair with { B == 4 }
    }
    ");
    assert!(String::from_utf8(folder.read("front.svg")).unwrap().contains("flops"));
    assert_eq!(folder.names(), ["front.svg", "net.search.jsonl", "other.jsonl", "space.nn"]);

    // What was found is a program.
    let model = out.split_once("\nmodel ").unwrap().1;
    folder.write("found.nn", format!("{SPACE}\nmodel {model}"));
    let list = folder.nnc(&["params", "found.nn", "--model=net_found"]).ok();
    assert!(list.contains("cells.1.mix.Linear<D, D> >> Two<D>.1.up.weight"), "{list}");
    folder.nnc(&["run", "found.nn", "--model=net_found", "--entry=run", "--random"]).ok();
}

#[test]
fn a_space_is_no_mistake_and_not_yet_a_model() {
    let folder = folder();
    let checked = folder.nnc(&["check", "space.nn"]);
    assert_eq!(checked.code, Some(0));
    assert_snapshot!(checked.err, @"
    warning[E0509]: model `net` leaves 3 holes open, `cells[0].mix` first
        ╭─[space.nn:11:10]
     10 │ space Cell<D> {
     11 │     hole mix: f32[B, D] -> f32[B, D] in {
        ·          ─┬─
        ·           ╰── one of `Two<D>(e=2)`, `Two<D>`, `Two<D>(e=4)`, `Identity`, `Linear<D, D> >> Two<D>`
     12 │         Two<D>(e=e) for e in [2, 1, 4],
        ╰────
        ╭─[space.nn:29:1]
     28 │
     29 │ ╭─▶ model net = Net<8, 3> {
     30 │ │       entry run with { B <= 4 }
     31 │ │       entry spread = spread with { B == 4 }
     32 │ │       entry pair = pair with { B == 4 }
     33 │ ├─▶ }
        · ╰──── a space of 125 members
     34 │
        ╰────
      help: choose in the model's block: `choose cells[0].mix = Two<D>(e=2)`
      help: or find members that are good: `nnc search` with `--model net`

    1 warning
    ");
    for command in ["params", "cost", "build"] {
        let message = folder.nnc(&[command, "space.nn"]).fails(1);
        assert!(message.contains("error[E0509]"), "{message}");
        assert!(message.contains("a space of 125 members"), "{message}");
    }
}

#[test]
fn an_entry_that_gives_a_number_is_a_metric() {
    let folder = folder();
    let find = |log: &str, target: &str| {
        let log = format!("--log={log}");
        let arguments = ["search", "space.nn", "--entry=run", "--maximize=spread", "--members=12"];
        let more = ["--strategy=random", "--json", log.as_str(), "--target", target];
        folder.nnc(&[&arguments[..], &more].concat()).ok()
    };
    let evaluated: serde_json::Value = serde_json::from_str(&find("a.jsonl", "evaluator")).unwrap();
    let compiled: serde_json::Value = serde_json::from_str(&find("b.jsonl", "cpu")).unwrap();
    let spread =
        |found: &serde_json::Value| found["best"][0]["metrics"]["spread"].as_f64().unwrap();
    assert_eq!(evaluated["best"][0]["member"], compiled["best"][0]["member"]);
    assert!((spread(&evaluated) / spread(&compiled) - 1.0).abs() < 1e-5);
    let message = folder.nnc(&search(&["--maximize=pair"])).fails(2);
    assert_snapshot!(message, @"
    error: `pair` gives f32[B], and a metric is one number
      help: write an entry whose function gives `f32[]`
    ");
}

/// A search that ends by itself, and one that is killed again and again.
#[test]
fn a_search_that_is_killed_goes_on_to_the_same_log() {
    let folder = folder();
    let flags = ["--minimize=params", "--maximize=spread", "--members=60", "--population=12"];
    let whole = [&search(&flags)[..], &["--log=whole.jsonl"]].concat();
    let out = folder.nnc(&whole).ok();
    let log = folder.read("whole.jsonl");
    assert_eq!(log.iter().filter(|it| **it == b'\n').count(), 61);

    let first = [&search(&flags)[..], &["--log=cut.jsonl"]].concat();
    let mut lines = 0;
    for round in 0..100 {
        let again = ["search", "--resume=cut.jsonl"];
        let mut command = folder.command(if round == 0 { &first } else { &again });
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let start = Instant::now();
        // Until it has gone on by a few members.
        while start.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none() {
            let text = std::fs::read(folder.path("cut.jsonl")).unwrap_or_default();
            if text.iter().filter(|it| **it == b'\n').count() > lines + 7 {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        child.wait().unwrap();
        let text = folder.read("cut.jsonl");
        lines = text.iter().filter(|it| **it == b'\n').count();
        if lines == 61 {
            break;
        }
        // As if it had been killed within a line.
        let torn = [&text[..], &b"{\"member\":[0,1"[..]].concat();
        folder.write("cut.jsonl", &torn[..torn.len() - round % 13]);
    }
    let resumed = folder.nnc(&["search", "--resume=cut.jsonl"]).ok();
    assert_eq!(String::from_utf8(folder.read("cut.jsonl")), String::from_utf8(log));
    let rest = |out: &str| out.split_once('\n').unwrap().1.to_owned();
    assert_eq!(rest(&resumed), rest(&out));
}

#[test]
fn a_log_of_something_else_is_told_by_the_difference() {
    let folder = folder();
    let flags = ["--minimize=params", "--members=5", "--seed=3", "--log=a.jsonl"];
    folder.nnc(&search(&flags)).ok();
    let message = |arguments: &[&str]| folder.nnc(arguments).fails(2);
    assert_snapshot!(message(&search(&flags)), @"
    error: a.jsonl is there already
      help: go on with it, `--resume a.jsonl`, or name another `--log`
    ");
    assert_snapshot!(message(&["search", "--resume=a.jsonl", "--seed=4"]), @"
    error: the log is of another search: --seed was `3`, and is `4`
      help: ask for what the log was asked, or begin another log
    ");
    assert_snapshot!(message(&["search", "--resume=a.jsonl", "--minimize=flops"]), @"
    error: the log is of another search: --minimize was `params`, and is `flops`
      help: ask for what the log was asked, or begin another log
    ");
    assert_snapshot!(message(&["search", "--resume=a.jsonl", "--at-most=flops=1k"]), @"
    error: the log is of another search: --at-most was not given, and is `flops=1k`
      help: ask for what the log was asked, or begin another log
    ");
    folder.write("other.nn", SPACE.replace("Net<8, 3>", "Net<8, 3> "));
    folder.write("same.nn", SPACE);
    assert_snapshot!(message(&["search", "other.nn", "--resume=a.jsonl"]), @"
    error: the program has changed since a.jsonl was begun
      help: begin another log: members of another program cannot be compared
    ");
    folder.nnc(&["search", "same.nn", "--resume=a.jsonl", "--seed=3"]).ok();

    let log = String::from_utf8(folder.read("a.jsonl")).unwrap();
    let swapped = log.replace("\"number\":2", "\"number\":9");
    folder.write("b.jsonl", swapped);
    assert_snapshot!(folder.nnc(&["search", "--resume=b.jsonl"]).fails(1), @"
    error: b.jsonl: line 4: member 2 is expected here
      help: give a log that `nnc search` has written, or begin another with `--log`
    ");
    let lines: Vec<&str> = log.lines().collect();
    let second = lines[2].replace("\"number\":1", "\"number\":0");
    folder.write("c.jsonl", format!("{}\n{second}\n", lines[0]));
    let message = folder.nnc(&["search", "--resume=c.jsonl"]).fails(1);
    assert!(message.contains("c.jsonl: line 2: this search would look at another"), "{message}");
    assert_snapshot!(folder.nnc(&["search", "--resume=space.nn"]).fails(1), @"
    error: space.nn: line 1: this is no JSON from column 1 on
      help: give a log that `nnc search` has written, or begin another with `--log`
    ");
    assert_snapshot!(folder.nnc(&["search", "--resume=none.jsonl"]).fails(1), @"error: cannot read none.jsonl: no such file or directory");
}

#[test]
fn what_cannot_be_searched_says_why() {
    let folder = folder();
    let message = |arguments: &[&str]| folder.nnc(&search(arguments)).fails(2);
    assert_snapshot!(message(&[]), @"
    error: nothing says which members are good
      help: add a goal, such as `--minimize latency` or `--maximize ENTRY` for an entry that gives one
            number
    ");
    assert_snapshot!(message(&["--minimize=parms"]), @"
    error: there is no metric `parms`
      note: every entry of the model that gives one number is a metric
      help: did you mean `params`?
    ");
    assert_snapshot!(message(&["--minimize=latency"]), @"
    error: latency is that of compiled code, and this is the evaluator
      help: choose a `--target` that compiles, or other metrics
    ");
    assert_snapshot!(message(&["--minimize=params", "--at-most=latency=3"]), @"
    error: `3` is no amount of latency
      help: write a time, such as latency=2.5ms, or latency=median
    ");
    assert_snapshot!(message(&["--minimize=params", "--strategy=evolve"]), @"
    error: there is no strategy `evolve`
      help: the strategies are exhaustive, random, evolution
    ");
    assert_snapshot!(message(&["--minimize=params", "--minimize=params"]), @"error: params is a goal twice");
    assert_snapshot!(message(&["--minimize=params", "--size=T=3"]), @"
    error: no entry has a size `T`
      help: the sizes are B
    ");
    let two = folder.nnc(&["search", "space.nn", "--minimize=params"]).fails(2);
    assert_snapshot!(two, @"
    error: `net` has 3 entries
      help: choose the one to count and time with `--entry`: run, spread, pair
    ");
    std::fs::copy(example("mobile_space.nn"), folder.path("mobile.nn")).unwrap();
    let all = ["search", "mobile.nn", "--entry=classify", "--minimize=params"];
    let all = folder.nnc(&[&all[..], &["--strategy=exhaustive"]].concat()).fails(2);
    assert_snapshot!(all, @"
    the log is mobile.search.jsonl
    error: the space has 12054108858048 members
      help: choose some of them with `--strategy evolution` or `random`, or say with `--members` where
            to stop
    ");
    let one = SPACE.replace(
        "entry run",
        "choose cells[0].mix = Identity choose cells[1].mix = Two<D>
        choose cells[2].mix = Identity entry run",
    );
    folder.write("one.nn", one);
    assert_snapshot!(folder.nnc(&["search", "one.nn", "--minimize=params"]).fails(2), @"
    error: `net` leaves no hole open, so it has one member
      help: search a model of a `space`, or of a layer that has spaces in it, and leave out the `choose`
            lines of the holes that are to be searched
    ");
}

#[test]
fn members_that_cannot_be_run_are_in_the_log_with_the_reason() {
    let folder = folder();
    let huge = SPACE.replace("[2, 1, 4]", "[2, 1000000000, 1000000000000]");
    folder.write("space.nn", huge.replace("Net<8, 3>", "Net<8, 1>"));
    let out = folder.nnc(&search(&["--strategy=exhaustive", "--maximize=spread"])).ok();
    assert!(
        out.starts_with("5 of 5 members, 0 from the log; 3 keep the limits, 2 failed"),
        "{out}"
    );
    let log = String::from_utf8(folder.read("net.search.jsonl")).unwrap();
    let failures: Vec<String> = (log.lines().skip(1))
        .filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["failure"].as_str().map(str::to_owned)
        })
        .collect();
    assert_eq!(failures.len(), 2);
    assert!(failures[0].starts_with("`the evaluator` needs "), "{failures:?}");
    assert!(failures[1].contains("is too big"), "{failures:?}");
}

#[test]
fn holes_that_the_model_chooses_for_are_left_as_they_are() {
    let folder = folder();
    let fixed = SPACE.replace("entry run", "choose cells[1].mix = Two<D>(e=4) entry run");
    folder.write("space.nn", fixed);
    let out = folder.nnc(&search(&["--strategy=exhaustive", "--minimize=flops", "--top=1"])).ok();
    assert_snapshot!(out, @"
    25 of 25 members, 0 from the log; 25 keep the limits, 0 failed or were left early

    the best
      member  params   flops  memory  choices
          18     552  4.48 k   640 B  3 0 3

    model net_found = Net<8, 3> {
        choose cells[0].mix = Identity
        choose cells[2].mix = Identity
        choose cells[1].mix = Two<D>(e=4) entry run with { B <= 4 }
        entry spread = spread with { B == 4 }
        entry pair = pair with { B == 4 }
    }
    ");
}

#[test]
fn compiled_members_are_timed_and_not_again_by_a_search_that_goes_on() {
    let folder = folder();
    let flags = ["search", "space.nn", "--entry=run", "--minimize=latency", "--members=8"];
    let more = ["--at-least=flops=median", "--population=5", "--log=a.jsonl", "--json"];
    let out = folder.nnc(&[&flags[..], &more].concat()).ok();
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(found["comparison"]["times_as_fast"].as_f64().unwrap() > 0.0, "{out}");
    let log = String::from_utf8(folder.read("a.jsonl")).unwrap();
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 9);
    for kept in [1, 4, 8] {
        let start: String = lines[..kept].concat();
        folder.write("b.jsonl", format!("{start}{{\"mem"));
        folder.nnc(&["search", "--resume=b.jsonl"]).ok();
        let again = String::from_utf8(folder.read("b.jsonl")).unwrap();
        assert!(again.starts_with(&start), "{again}");
        assert_eq!(again.lines().count(), 9);
        // The random ones do not depend on times.
        let member = |line: &str| line.split("\"metrics\"").next().unwrap_or("").to_owned();
        for (left, right) in log.lines().zip(again.lines()).take(6).skip(1) {
            assert_eq!(member(left), member(right));
        }
    }
}
