//! The sizes of the library's convolutions and pools are PyTorch's, where that takes the
//! input, and mistakes where it does not: `tests/convolution/sizes.txt`, which
//! `torch_sizes.py` beside it wrote.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{check, render};

const SIZES: &str = include_str!("../../../../tests/convolution/sizes.txt");

/// One layer of the table, with its output size for 1, 2, … pixels.
struct Row {
    layer: String,
    /// Its relative in two dimensions, where the library has one.
    square: Option<String>,
    sizes: Vec<Option<u32>>,
}

fn rows() -> Vec<Row> {
    let row = |line: &str| {
        let (how, sizes) = line.split_once(": ").unwrap();
        let (kind, numbers) = how.split_once(' ').unwrap();
        let numbers = numbers.replace(' ', ", ");
        let named = |name: &str| format!("{name}({})", numbers.replace("e=", "extra="));
        let (layer, square) = match kind {
            "conv" => (named("Conv1d<1, 1>"), Some(named("Conv2d<1, 1>"))),
            "transposed" => (named("ConvTranspose1d<1, 1>"), Some(named("ConvTranspose2d<1, 1>"))),
            "pool" => (named("MaxPool1d"), Some(named("MaxPool"))),
            "mean" => (named("AvgPool1d"), Some(named("AvgPool"))),
            "ceil" => (named("CeilMaxPool1d"), Some(named("CeilAvgPool"))),
            "same" => (named("SameConv2d<1, 1>"), None),
            other => panic!("{other} is no layer of the table"),
        };
        let sizes = sizes.split(' ').map(|it| it.parse().ok()).collect();
        Row { layer, square, sizes }
    };
    SIZES.lines().map(row).collect()
}

/// A program that claims sizes of all rows, one a line, and for each line of a claim
/// whether it holds.
struct Claims {
    program: String,
    lines: BTreeMap<usize, bool>,
}

impl Claims {
    fn new() -> Claims {
        let names = "Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, MaxPool, MaxPool1d, AvgPool, \
                     AvgPool1d, CeilMaxPool1d, CeilAvgPool, SameConv2d";
        Claims {
            program: format!("use std.nn.{{{names}}}\ndims B: batch\n"),
            lines: BTreeMap::new(),
        }
    }

    fn line(&mut self, text: &str) {
        writeln!(self.program, "{text}").unwrap();
    }

    fn claim(&mut self, name: &str, from: &str, to: &str, call: &str, holds: bool) {
        self.line(&format!("  fn {name}(x: f32[B, 1, {from}]) -> f32[B, 1, {to}] = {call}(x)"));
        self.lines.insert(self.program.lines().count(), holds);
    }

    fn row(&mut self, number: usize, row: &Row) {
        let square = row.square.as_ref().map(|it| format!("  square: {it}\n")).unwrap_or_default();
        self.line(&format!("layer Row{number} {{\n  line: {}\n{square}", row.layer));
        let most = row.sizes.len();
        let last = row.sizes[most - 1];
        for (n, size) in (1..).zip(&row.sizes) {
            // What is refused is refused whatever is said to come out.
            let (to, holds) = (size.unwrap_or(1), size.is_some());
            if row.layer.starts_with("Same") {
                self.claim(
                    &format!("n{n}"),
                    &format!("{n}, {n}"),
                    &format!("{to}, {to}"),
                    "line",
                    holds,
                );
                continue;
            }
            self.claim(&format!("n{n}"), &n.to_string(), &to.to_string(), "line", holds);
            if row.square.is_some()
                && let Some(last) = last
            {
                let (from, to) = (format!("{n}, {most}"), format!("{to}, {last}"));
                self.claim(&format!("s{n}"), &from, &to, "square", holds);
            }
        }
        let last = last.unwrap() + 1;
        let (from, to) = match row.layer.starts_with("Same") {
            true => (format!("{most}, {most}"), format!("{last}, {last}")),
            false => (most.to_string(), last.to_string()),
        };
        self.claim("wrong", &from, &to, "line", false);
        self.line("}");
    }
}

#[test]
fn sizes_are_those_of_torch() {
    let mut claims = Claims::new();
    for (number, row) in rows().iter().enumerate() {
        claims.row(number, row);
    }
    assert!(claims.lines.len() > 15_000, "{} claims", claims.lines.len());
    let (sources, analysis) = check(&[("main", &claims.program)]);
    let mut report = String::new();
    let mut refused = BTreeMap::new();
    for diagnostic in analysis.diagnostics.iter().filter(|it| it.is_error()) {
        let file = sources.get(diagnostic.span().file).unwrap();
        let line = file.position(diagnostic.span().start).line as usize;
        refused.insert(line, render(&sources, diagnostic));
    }
    for (line, message) in &refused {
        if claims.lines.get(line) != Some(&false) {
            report.push_str(message);
        }
    }
    for (line, _) in
        claims.lines.iter().filter(|(line, holds)| !**holds && !refused.contains_key(line))
    {
        let text = claims.program.lines().nth(line - 1).unwrap_or("");
        writeln!(report, "{line}: `{text}` was not refused").unwrap();
    }
    assert!(report.is_empty(), "{report}");
}
