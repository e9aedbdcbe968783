//! `nnc cost`.

use super::{Context, params};
use crate::args::Cost;
use crate::backends::{self, Target};
use crate::table::{Side, table};
use nnc_backend::Options;
use nnc_base::{Diagnostic, Name, Sources, Span};
use nnc_driver::cost::{self, EntryCost, ParamCount, Peak, Row};
use nnc_driver::numbers::{amount, bytes, count};
use nnc_driver::transformer::{self, Transformer};
use nnc_driver::{Error, Failure, ModelId, Session};
use nnc_plan::Machine;
use nnc_shape::Dim;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// What tables say is counted.
const CONVENTION: &str = "a multiply-add of a contraction is 2 FLOPs, every other operation on \
    floats is 1; windows at borders and masked positions count in full";

pub(super) fn run(context: &mut Context<'_>, args: Cost) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    if let Some(name) = function(&session, &args)? {
        return of_function(context, &session, name, &args);
    }
    let model = context.model(&mut session, &args.model)?;
    context.warnings(&session);
    let machine = match backends::target(args.target.target.as_deref())? {
        Target::Evaluator => Machine::AVX2,
        Target::Compiled(backend) => {
            let name = session.declaration(model).name.to_string();
            backend.machine(&Options::new(&args.target.cpu, &name))?
        }
    };
    let costs = session.costs(model)?;
    let plan = session.plan(model, &machine)?;
    let total = ParamCount::of(&session.lowered(model)?.params);
    known_sizes(&costs, &args.size)?;
    let mut reports = Vec::new();
    for (at, cost) in costs.iter().enumerate() {
        if args.entry.as_deref().is_some_and(|name| name != cost.name.as_str()) {
            continue;
        }
        let sizes = sizes(cost, &args.size)?;
        let made = transformer::of_entry(&session, model, cost.name.as_str(), &sizes)?;
        reports.push(Report { cost, sizes, peak: cost::peak(&plan, at), transformer: made });
    }
    if let (Some(name), true) = (&args.entry, reports.is_empty()) {
        let names: Vec<&str> = costs.iter().map(|it| it.name.as_str()).collect();
        let failure = Failure::new(format!("the model has no entry `{name}`"));
        return Err(Error::Usage(failure.names(name, "its entries", &names)));
    }
    let name = session.declaration(model).name;
    let text = if args.json {
        let entries: Vec<Value> = reports.iter().map(Report::json).collect();
        let value = json!({
            "model": name.as_str(),
            "convention": CONVENTION,
            "parameters": total.trained,
            "statistics": total.statistics,
            "parameter_formula": total.formula.to_string(),
            "parameter_bytes": total.bytes,
            "packed_bytes": plan.weights_bytes,
            "entries": entries,
        });
        format!("{value:#}\n")
    } else {
        let mut text = format!("{name}: {}", params::summary(&total));
        let _ = write!(text, "; as the kernels want them {}", bytes(plan.weights_bytes as f64));
        let _ = writeln!(text, "{}", params::formula_of(&total, &session.layer_sizes(model)));
        for report in &reports {
            text.push('\n');
            text.push_str(&report.text(session.sources(), args.all));
        }
        let _ = writeln!(text, "\n{CONVENTION}");
        text
    };
    context.terminal.result(&text)?;
    Ok(0)
}

/// The function outside models that is asked for: what `--entry` names, where no model has
/// an entry of that name.
fn function<'a>(session: &Session, args: &'a Cost) -> Result<Option<&'a str>, Error> {
    let Some(name) = args.entry.as_deref() else { return Ok(None) };
    let is_entry = |id: &ModelId| {
        session.declaration(*id).entries.iter().any(|entry| entry.name.as_str() == name)
    };
    let models = session.models()?;
    let unknown = !models.iter().any(is_entry);
    Ok(Some(name).filter(|name| unknown && transformer::is_function(session, name)))
}

/// What a function of a sequence costs as a transformer.
fn of_function(
    context: &Context<'_>,
    session: &Session,
    name: &str,
    args: &Cost,
) -> Result<u8, Error> {
    context.warnings(session);
    let options = transformer::Options::default();
    let made = transformer::transformer(session, name, &args.size, options)?;
    let text = if args.json {
        format!("{:#}\n", json!({ "function": name, "transformer": of_transformer(&made) }))
    } else {
        let sizes = made.sizes;
        format!(
            "{name} as a transformer over {} tokens, for a length of at most {}\n  {}\n",
            sizes.vocab,
            sizes.length,
            made.summary()
        )
    };
    context.terminal.result(&text)?;
    Ok(0)
}

fn of_transformer(made: &Transformer) -> Value {
    json!({
        "layers": made.heads.len(),
        "heads": made.heads,
        "hidden_units": made.units,
        "width": made.sizes.width,
        "parameters": made.parameters(),
    })
}

/// That each size that is asked for is one of an entry.
fn known_sizes(costs: &[EntryCost], given: &[(String, i64)]) -> Result<(), Error> {
    let dims = costs.iter().flat_map(|cost| &cost.dims);
    let known: BTreeSet<&str> = dims.map(|dim| dim.name.as_str()).collect();
    let known: Vec<&str> = known.into_iter().collect();
    match given.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((wrong, _)) => {
            let failure = Failure::new(format!("no entry has a size `{wrong}`"));
            Err(Error::Usage(failure.names(wrong, "the sizes", &known)))
        }
        None => Ok(()),
    }
}

/// The sizes that numbers are for: as asked, else the greatest.
fn sizes(cost: &EntryCost, given: &[(String, i64)]) -> Result<Vec<(Name, i64)>, Error> {
    let mut sizes = Vec::new();
    for dim in &cost.dims {
        let asked = given.iter().find(|(name, _)| *name == dim.name.as_str());
        let value = asked.map_or(dim.max.unwrap_or(dim.min), |it| it.1);
        if value < dim.min || dim.max.is_some_and(|max| value > max) {
            let most = dim.max.map_or_else(String::new, |max| format!(" and at most {max}"));
            return Err(Error::usage(format!(
                "{}: {} = {value}; it must be at least {}{most}",
                cost.name, dim.name, dim.min
            )));
        }
        sizes.push((dim.name, value));
    }
    Ok(sizes)
}

struct Report<'a> {
    cost: &'a EntryCost,
    sizes: Vec<(Name, i64)>,
    peak: Option<Peak>,
    /// For an entry that selects and aggregates.
    transformer: Option<Result<Transformer, Diagnostic>>,
}

impl Report<'_> {
    fn value(&self, formula: &Dim) -> f64 {
        cost::value(formula, &self.sizes).unwrap_or(i64::MAX) as f64
    }

    fn text(&self, sources: &Sources, all: bool) -> String {
        let at: Vec<String> =
            self.sizes.iter().map(|(name, size)| format!("{name} = {size}")).collect();
        let at = if at.is_empty() { String::new() } else { format!(" at {}", at.join(", ")) };
        let mut text = format!("{}{at}\n", self.cost.name);
        let total = &self.cost.total;
        let mut rows = vec![
            self.line("multiply-adds", &total.multiply_adds, amount),
            self.line("other FLOPs", &total.other, amount),
            self.line("FLOPs", &total.flops(), amount),
            self.line("inputs", &self.cost.input_bytes, bytes),
            self.line("outputs", &self.cost.output_bytes, bytes),
        ];
        if self.cost.state_bytes != Dim::constant(0) {
            rows.push(self.line("state", &self.cost.state_bytes, bytes));
        }
        if let Some(peak) = &self.peak {
            rows.push(self.line("peak memory", &peak.formula, bytes));
            rows.push(vec![
                "  set aside".to_owned(),
                bytes(peak.arena_bytes as f64),
                format!("for the greatest sizes, at least {}", bytes(peak.lower_bound as f64)),
            ]);
        }
        text.push_str(&table(&[Side::Left, Side::Right, Side::Left], &rows));
        match &self.transformer {
            Some(Ok(made)) => {
                let _ = writeln!(text, "  as a transformer: {}", made.summary());
            }
            Some(Err(reason)) => {
                let _ = writeln!(text, "  no transformer of this length: {}", reason.message);
            }
            None => {}
        }
        text.push('\n');
        text.push_str(&self.rows(sources, all));
        text
    }

    fn line(&self, what: &str, formula: &Dim, show: fn(f64) -> String) -> Vec<String> {
        let constant = formula.as_constant().is_some();
        let text = if constant { String::new() } else { format!("= {formula}") };
        vec![format!("  {what}"), show(self.value(formula)), text]
    }

    /// A table of layers and lines; those below one in a thousand only if asked for.
    fn rows(&self, sources: &Sources, all: bool) -> String {
        let head = ["  layer or line", "runs", "output", "parameters", "FLOPs", "share", "written"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let total = self.value(&self.cost.total.flops()).max(1.0);
        let mut rest = (0, 0.0);
        for row in &self.cost.rows {
            let flops = self.value(&row.count.flops());
            if !all && row.params == 0 && flops / total < 1e-3 {
                rest = (rest.0 + 1, rest.1 + flops);
                continue;
            }
            rows.push(vec![
                format!("  {}", label(row, sources)),
                amount(self.value(&row.times)),
                row.output.to_string(),
                if row.params > 0 { count(row.params) } else { String::new() },
                amount(flops),
                format!("{:.1} %", 100.0 * flops / total),
                bytes(self.value(&row.bytes)),
            ]);
        }
        let sides = [Side::Left, Side::Right, Side::Left].into_iter();
        let sides: Vec<Side> = sides.chain([Side::Right; 4]).collect();
        let mut text = table(&sides, &rows);
        if rest.0 > 0 {
            let share = 100.0 * rest.1 / total;
            let _ = writeln!(text, "  and {} lines of less (`--all`): {share:.2} %", rest.0);
        }
        text
    }

    fn json(&self) -> Value {
        let amount = |formula: &Dim| {
            json!({
                "formula": formula.to_string(),
                "value": cost::value(formula, &self.sizes),
            })
        };
        let row = |row: &Row| {
            json!({
                "layer": row.layer,
                "runs": amount(&row.times),
                "output": row.output.to_string(),
                "parameters": row.params,
                "multiply_adds": amount(&row.count.multiply_adds),
                "flops": amount(&row.count.flops()),
                "written_bytes": amount(&row.bytes),
            })
        };
        let cost = self.cost;
        let sizes = self.sizes.iter().map(|(name, size)| (name.to_string(), json!(size)));
        json!({
            "entry": cost.name.as_str(),
            "sizes": serde_json::Map::from_iter(sizes),
            "multiply_adds": amount(&cost.total.multiply_adds),
            "other_flops": amount(&cost.total.other),
            "flops": amount(&cost.total.flops()),
            "input_bytes": amount(&cost.input_bytes),
            "output_bytes": amount(&cost.output_bytes),
            "state_bytes": amount(&cost.state_bytes),
            "peak_bytes": self.peak.as_ref().map(|it| amount(&it.formula)),
            "arena_bytes": self.peak.as_ref().map(|it| it.arena_bytes),
            "arena_lower_bound": self.peak.as_ref().map(|it| it.lower_bound),
            "transformer": self.transformer.as_ref().and_then(|it| it.as_ref().ok()).map(of_transformer),
            "rows": cost.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

/// The layer's path, or where the code is and how it begins.
fn label(row: &Row, sources: &Sources) -> String {
    row.layer.clone().unwrap_or_else(|| place(row.span, sources))
}

/// The line of a place, and how the code there begins.
pub(super) fn place(span: Span, sources: &Sources) -> String {
    let Some(file) = sources.get(span.file) else { return "(made by the compiler)".to_owned() };
    let name = file.name.rsplit('/').next().unwrap_or(&file.name);
    let line = file.position(span.start).line;
    let code: String = sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = code.chars().take(32).collect();
    let dots = if short.len() < code.len() { "…" } else { "" };
    format!("{name}:{line} {short}{dots}")
}
