//! Measures how many lines a minute are parsed:
//! `cargo run --release -p nnc-syntax --example throughput -- FILE…`

use nnc_base::Sources;
use std::io::Write;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    for path in std::env::args().skip(1) {
        text.push_str(&std::fs::read_to_string(path)?);
        text.push('\n');
    }
    let text = text.repeat(200_000 / text.lines().count().max(1) + 1);
    let file = Sources::new().add("all.nn", "");
    let start = Instant::now();
    let parsed = nnc_syntax::parse(file, &text);
    let seconds = start.elapsed().as_secs_f64();
    let lines = text.lines().count();
    writeln!(
        std::io::stdout(),
        "{lines} lines in {seconds:.3} s, {:.1} million lines a minute, {} items, {} messages",
        lines as f64 / seconds * 60.0 / 1e6,
        parsed.module.items.len(),
        parsed.diagnostics.len(),
    )
}
