//! `nnc profile`.

use super::Context;
use super::bench::{Prepared, READ_BYTES, rounds};
use super::cost::place;
use crate::args::{By, Profile as Args};
use crate::table::{Side, table};
use nnc_base::Sources;
use nnc_cpu::Measure;
use nnc_driver::numbers::median;
use nnc_driver::profile::{Profile, Row};
use nnc_driver::{Error, write_file};
use nnc_runtime::profile::record;
use serde_json::{Value, json};

/// Rows below this part of the time are left out of the table.
const LEAST_SHARE: f64 = 0.005;

/// What the machine can do at most, a second.
struct Limits {
    operations: f64,
    bytes: f64,
}

pub(super) fn run(context: &mut Context<'_>, args: Args) -> Result<u8, Error> {
    let mut session = context.session(&args.bench.program)?;
    let model = context.model(&mut session, &args.bench.model)?;
    context.warnings(&session);
    let mut prepared = Prepared::new(context, &session, model, &args.bench, true)?;
    let mut measure = Measure::new(READ_BYTES)?;
    let (mut calls, mut operations, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    rounds(&args.bench, || {
        let (result, launches) = record(|| prepared.run());
        result?;
        calls.push(launches);
        operations.push(measure.multiply_add());
        bytes.push(measure.read());
        Ok(())
    })?;
    let Some(plan) = prepared.runner().plan() else {
        return Err(Error::usage("the evaluator has no kernels to time")
            .help("leave out `--target evaluator`"));
    };
    let profile = Profile::new(plan, &prepared.sizes, calls);
    if let Some(path) = &args.trace {
        write_file(path, profile.trace().as_bytes())?;
    }
    let limits = Limits { operations: median(operations), bytes: median(bytes) };
    let rows = match args.by {
        By::Kernel => profile.rows.clone(),
        By::Line => profile.by_line(),
    };
    let text = if args.json {
        json_of(&profile, &rows, &limits, session.sources())
    } else {
        report(&profile, &rows, &limits, session.sources(), args.all)
    };
    context.terminal.result(&text)?;
    Ok(0)
}

fn report(
    profile: &Profile,
    rows: &[Row],
    limits: &Limits,
    sources: &Sources,
    all: bool,
) -> String {
    let head = ["%", "ms", "launches", "GFLOP/s", "of peak", "GB/s", "of read", "kernel", "line"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    let whole = profile.busy();
    for row in rows.iter().filter(|it| all || it.seconds >= LEAST_SHARE * whole) {
        let operations = row.operations as f64 / row.seconds;
        let bytes = row.bytes as f64 / row.seconds;
        let what = match row.name.as_str() {
            "" => row.what.clone(),
            name => format!("{name}: {}", row.what),
        };
        lines.push(vec![
            format!("{:.1}", 100.0 * row.seconds / whole),
            format!("{:.3}", row.seconds * 1e3),
            row.launches.to_string(),
            format!("{:.1}", operations / 1e9),
            format!("{:.3}", operations / limits.operations),
            format!("{:.1}", bytes / 1e9),
            format!("{:.2}", bytes / limits.bytes),
            what,
            place(row.span, sources),
        ]);
    }
    let mut sides = vec![Side::Right; 7];
    sides.extend([Side::Left; 2]);
    format!(
        "{}\n{} thread(s): {:.3} ms in kernels, {:.3} ms between them, {:.3} ms a call; \
         the machine multiplies and adds {:.0} GFLOP/s and reads {:.1} GB/s\n",
        table(&sides, &lines),
        nnc_runtime::threads(),
        whole * 1e3,
        profile.between * 1e3,
        profile.seconds * 1e3,
        limits.operations / 1e9,
        limits.bytes / 1e9
    )
}

fn json_of(profile: &Profile, rows: &[Row], limits: &Limits, sources: &Sources) -> String {
    let rows: Vec<Value> = (rows.iter())
        .map(|row| {
            json!({
                "kernel": row.name,
                "what": row.what,
                "line": place(row.span, sources),
                "launches": row.launches,
                "seconds": row.seconds,
                "operations": row.operations,
                "bytes": row.bytes,
            })
        })
        .collect();
    let value = json!({
        "threads": nnc_runtime::threads(),
        "seconds": profile.seconds,
        "between_launches": profile.between,
        "peak_operations": limits.operations,
        "read_bandwidth": limits.bytes,
        "rows": rows,
    });
    format!("{value:#}\n")
}
