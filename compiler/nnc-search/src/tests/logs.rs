use super::{Seeded, Sums, cheap, flat, search};
use crate::{Axis, Header, Record, Search, Strategy, picture, read, run};
use serde_json::{Map, Value, json};

const NAMES: [&str; 2] = ["cost", "gain"];

fn names() -> Vec<String> {
    NAMES.map(str::to_owned).to_vec()
}

fn header(seed: u64) -> Header {
    let Value::Object(settings) = json!({ "program": "p", "seed": seed }) else {
        return Header::new(Map::new());
    };
    Header::new(settings)
}

fn start(strategy: Strategy) -> (Search<'static>, Sums) {
    let space = flat(&[3, 3, 2, 4]);
    let mut sums = Sums::new(&space, 77);
    sums.odd_fail = true;
    (search(&space, &cheap(), strategy, 40, 5), sums)
}

/// Goes on from a log until the end, or until as many members are there.
fn go_on(log: &mut String, strategy: Strategy) -> usize {
    let (mut search, mut sums) = start(strategy);
    let found = read(log, |_| Ok(names())).unwrap();
    log.truncate(found.bytes);
    if found.header.is_none() {
        log.push_str(&header(5).to_line());
    }
    for (choices, worth) in found.records {
        let member = search.propose().unwrap();
        assert_eq!(member.choices(), choices);
        search.record(member, worth);
    }
    run(&mut search, &mut sums, &mut |record: &Record| {
        log.push_str(&record.to_line(&names()));
        Ok(())
    })
    .unwrap();
    sums.asked.len()
}

#[test]
fn a_log_that_is_cut_anywhere_goes_on_to_the_same_end() {
    for strategy in [
        Strategy::Exhaustive,
        Strategy::Random,
        Strategy::Evolution { population: 8, tournament: 3 },
    ] {
        let mut whole = String::new();
        assert_eq!(go_on(&mut whole, strategy), 40);
        assert_eq!(whole.lines().count(), 41);
        let ends: Vec<usize> = whole.match_indices('\n').map(|(at, _)| at + 1).collect();
        let mut dice = Seeded(3);
        let mut cuts = vec![0, 1];
        for end in &ends {
            // Behind a line, and somewhere within it.
            cuts.extend([*end, end - 1, end - 2 - crate::Dice::below(&mut dice, 20)]);
        }
        for cut in cuts {
            let mut log = whole[..cut].to_owned();
            let kept = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
            assert_eq!(go_on(&mut log, strategy), 40 - kept, "cut at {cut}");
            assert_eq!(log, whole, "cut at {cut}");
        }
    }
}

#[test]
fn lines_that_are_wrong_are_named() {
    let mut log = String::new();
    go_on(&mut log, Strategy::Random);
    let lines: Vec<&str> = log.lines().collect();
    let message = |lines: &[&str]| {
        let text = format!("{}\n", lines.join("\n"));
        read(&text, |_| Ok(names())).unwrap_err().to_string()
    };
    insta::assert_snapshot!(message(&["search"]), @"line 1: this is no JSON from column 1 on");
    insta::assert_snapshot!(message(&["[]"]), @"line 1: a JSON object is expected");
    insta::assert_snapshot!(message(&[lines[0], lines[2]]), @"line 2: member 0 is expected here");
    insta::assert_snapshot!(message(&[lines[0], lines[1], "{\"number\":1}"]), @"line 3: this is no member");
    insta::assert_snapshot!(message(&[lines[0], lines[1], "\0\0"]), @"line 3: this is no JSON from column 1 on");
}

#[test]
fn a_header_tells_what_differs() {
    assert_eq!(header(1).difference(&header(1)), None);
    let (name, left, right) = header(1).difference(&header(2)).unwrap();
    assert_eq!((name.as_str(), left.as_str(), right.as_str()), ("seed", "1", "2"));
    let none = Header::new(Map::new());
    let (name, left, right) = header(1).difference(&none).unwrap();
    assert_eq!((name.as_str(), left.as_str(), right.as_str()), ("program", "p", "nothing"));
}

#[test]
fn a_picture_has_axes_with_round_numbers_and_the_front_as_a_line() {
    let axes = (
        Axis { name: "latency", unit: "ms", scale: 1.0 },
        Axis { name: "a<b", unit: "", scale: 1e6 },
    );
    let points = [(1.25, 3.0e6), (2.5, 7.0e6), (2.0, 1.0e6), (3.9, 7.5e6)];
    let svg = picture("what was found", axes, &points, &[0, 1, 3]);
    let texts: Vec<&str> = svg.lines().filter(|line| line.starts_with("<text")).collect();
    let inner =
        |line: &&str| line.split('>').nth(1).unwrap_or("").trim_end_matches("</text").to_owned();
    let texts: Vec<String> = texts.iter().map(inner).collect();
    insta::assert_snapshot!(texts.join(" | "), @"what was found | 1.0 | 1.5 | 2.0 | 2.5 | 3.0 | 3.5 | 4.0 | 0 | 2 | 4 | 6 | 8 | latency (ms) | a&lt;b");
    assert_eq!(svg.matches("<circle").count(), 4);
    let line = svg.lines().find(|line| line.starts_with("<polyline")).unwrap();
    insta::assert_snapshot!(line, @r##"<polyline points="135.0,279.0 390.0,91.0 675.6,67.5" fill="none" stroke="#b3261e" stroke-width="1.5"/>"##);
    // One point and no front is a picture, too.
    assert!(picture("", axes, &[(2.0, 2.0)], &[]).contains("<circle"));
    assert!(picture("", axes, &[], &[]).ends_with("</svg>\n"));
}
