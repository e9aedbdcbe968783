//! Where the time of a call goes, from launches that [`nnc_runtime::profile`] recorded.

use crate::numbers::median;
use nnc_base::{Name, Span};
use nnc_plan::{Body, Kernel, KernelKind, Loop, Plan, Stage};
use nnc_runtime::profile::Launch;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// A kernel, or all kernels of a line of the source.
#[derive(Clone, Debug)]
pub struct Row {
    /// The kernel's name after its body's; empty where several are one row.
    pub name: String,
    /// What the kernel is and over how many turns of its loops: `contraction 56x56x64x576`.
    pub what: String,
    pub span: Span,
    /// Launches in one call.
    pub launches: usize,
    /// Of all launches of one call; the median over the calls.
    pub seconds: f64,
    pub operations: u64,
    pub bytes: u64,
}

/// The launches of several calls of one entry with the same inputs.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The slowest first.
    pub rows: Vec<Row>,
    /// Of a call from its first launch to its last, median. Where other programs run beside
    /// it, that is more than its kernels' medians together: each is rarely disturbed, and the
    /// call nearly always.
    pub seconds: f64,
    /// What is between the launches, median.
    pub between: f64,
    names: Vec<String>,
    last: Vec<Launch>,
}

impl Profile {
    /// `sizes` are the entry's, for what is said of its own kernels' loops.
    pub fn new(plan: &Plan, sizes: &[(Name, i64)], calls: Vec<Vec<Launch>>) -> Profile {
        let kernels: Vec<(&Body, &Kernel)> =
            plan.launches().map(|(body, _, kernel)| (&plan.bodies[body], kernel)).collect();
        let mut times: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        let mut whole = Vec::new();
        let mut between = Vec::new();
        for call in &calls {
            let mut own: BTreeMap<usize, Duration> = BTreeMap::new();
            for launch in call {
                *own.entry(launch.kernel).or_default() += launch.end.saturating_sub(launch.begin);
            }
            let busy: Duration = own.values().sum();
            let ends = call.first().zip(call.last());
            let all = ends.map_or(Duration::ZERO, |(first, last)| last.end - first.begin);
            whole.push(all.as_secs_f64());
            between.push(all.saturating_sub(busy).as_secs_f64());
            for (kernel, time) in own {
                times.entry(kernel).or_default().push(time.as_secs_f64());
            }
        }
        let last = calls.into_iter().next_back().unwrap_or_default();
        let mut rows = Vec::new();
        for (number, seconds) in times {
            let Some((body, kernel)) = kernels.get(number) else { continue };
            let own = || last.iter().filter(|it| it.kernel == number);
            rows.push(Row {
                name: format!("{}.{}", body.name, kernel.name),
                what: described(&kernel.kind, sizes),
                span: kernel.span,
                launches: own().count(),
                seconds: median(seconds),
                operations: own().map(|it| it.operations).sum(),
                bytes: own().map(|it| it.bytes).sum(),
            });
        }
        slowest_first(&mut rows);
        Profile {
            rows,
            seconds: median(whole),
            between: median(between),
            names: kernels.iter().map(|(body, it)| format!("{}.{}", body.name, it.name)).collect(),
            last,
        }
    }

    /// All kernels of one call together.
    pub fn busy(&self) -> f64 {
        self.rows.iter().map(|it| it.seconds).sum()
    }

    /// The kernels that come from one place of the source as one row.
    pub fn by_line(&self) -> Vec<Row> {
        let mut lines: BTreeMap<Span, Row> = BTreeMap::new();
        for row in &self.rows {
            let one = lines.entry(row.span).or_insert_with(|| Row {
                name: String::new(),
                what: row.what.split(' ').next().unwrap_or_default().to_owned(),
                launches: 0,
                seconds: 0.0,
                operations: 0,
                bytes: 0,
                ..*row
            });
            one.launches += row.launches;
            one.seconds += row.seconds;
            one.operations += row.operations;
            one.bytes += row.bytes;
        }
        let mut rows: Vec<Row> = lines.into_values().collect();
        slowest_first(&mut rows);
        rows
    }

    /// The last call in the trace event format, which Chrome and Perfetto show.
    pub fn trace(&self) -> String {
        let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
        let events: Vec<Value> = (self.last.iter())
            .map(|launch| {
                json!({
                    "name": self.names.get(launch.kernel),
                    "ph": "X",
                    "pid": 1,
                    "tid": 1,
                    "ts": microseconds(launch.begin),
                    "dur": microseconds(launch.end.saturating_sub(launch.begin)),
                    "args": { "operations": launch.operations, "bytes": launch.bytes },
                })
            })
            .collect();
        format!("{:#}\n", json!({ "traceEvents": events, "displayTimeUnit": "ms" }))
    }
}

fn slowest_first(rows: &mut [Row]) {
    rows.sort_by(|left, right| right.seconds.total_cmp(&left.seconds));
}

fn described(kernel: &KernelKind, sizes: &[(Name, i64)]) -> String {
    let (what, loops) = match kernel {
        KernelKind::Contraction(it) => ("contraction", turns(&it.loops, sizes)),
        KernelKind::Attention(it) => ("attention", turns(&it.loops, sizes)),
        KernelKind::Stages(it) => {
            let all: Vec<String> =
                it.stages.iter().map(|it: &Stage| turns(&it.loops, sizes)).collect();
            ("stages", all.join(", "))
        }
        KernelKind::Sort(it) => ("sort", turns(&it.loops, sizes)),
        KernelKind::Border(_) => ("border", String::new()),
        KernelKind::Chain(it) => {
            let all: Vec<String> = it.parts.iter().map(|it| described(&it.kind, sizes)).collect();
            ("chain", all.join(", "))
        }
    };
    format!("{what} {loops}").trim_end().to_owned()
}

/// The extents that are not 1; one that is not known as its formula.
fn turns(loops: &[Loop], sizes: &[(Name, i64)]) -> String {
    let mut text = String::new();
    for it in loops {
        let value =
            it.extent.eval(&|name| sizes.iter().find(|size| size.0 == name).map(|size| size.1));
        let between = if text.is_empty() { "" } else { "x" };
        // Writing to a string does not fail.
        let _ = match value {
            Some(1) => Ok(()),
            Some(value) => write!(text, "{between}{value}"),
            None => write!(text, "{between}({})", it.extent),
        };
    }
    text
}
