//! `nnc run`.

use super::Context;
use crate::args::Run;
use crate::show;
use crate::table::{Side, table};
use nnc_backend::Interface;
use nnc_base::Name;
use nnc_driver::{
    Error, ModelId, Runner, Session, Tensor, TracePoint, Traces, filled_input, random_input,
    read_inputs, write_outputs,
};
use std::time::Instant;

pub(super) fn run(context: &mut Context<'_>, args: Run) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    let model = context.model(&mut session, &args.model)?;
    context.warnings(&session);
    if let Some(entry) = &args.entry {
        session.keep_entry(model, entry);
    }
    let traced = traced(&mut session, model, &args)?;
    if args.trace_points {
        context.terminal.result(&listed(&traced, args.entry.is_none()))?;
        return Ok(0);
    }
    let mut runner = context.runner(&session, model, &args.target, &args.weights, false)?;
    let entry = runner.entry(args.entry.as_deref())?;
    let given: Vec<(Name, i64)> =
        args.size.iter().map(|(name, value)| (Name::new(name), *value)).collect();
    let specs = [args.input.clone(), replaced(&runner, entry, &args.replace)].concat();
    let inputs = inputs(&runner, entry, &specs, args.random, &given, args.weights.seed)?;
    let start = Instant::now();
    let outputs = runner.run(entry, &borrowed(&inputs), &given)?;
    let time = start.elapsed().as_secs_f64() * 1e3;
    context.times(&session);
    context.terminal.detail(&format!("{:<10} {time:>9.3} ms", "run"));
    let outputs: Vec<(String, Tensor)> =
        outputs.into_iter().map(|(name, tensor)| (name.to_string(), tensor)).collect();
    match &args.output {
        Some(path) => {
            for file in write_outputs(path, &outputs)? {
                context.terminal.detail(&format!("wrote {}", file.display()));
            }
        }
        None => {
            let text: String =
                outputs.iter().map(|(name, tensor)| show::tensor(name, tensor)).collect();
            context.terminal.result(&text)?;
        }
    }
    Ok(0)
}

/// Asks for the values on the way that the command line names.
fn traced(session: &mut Session, model: ModelId, args: &Run) -> Result<Vec<TracePoint>, Error> {
    let all = args.trace_points.then(|| "*".to_owned());
    let mut replaced = Vec::new();
    for spec in &args.replace {
        let Some((name, _)) = spec.split_once('=') else {
            let why = format!("`--replace {spec}` does not say by what");
            return Err(Error::usage(why).help(format!("write `--replace {spec}=FILE`")));
        };
        replaced.push(name.to_owned());
    }
    let traces = Traces { read: args.trace.iter().cloned().chain(all).collect(), replaced };
    if traces.is_empty() {
        return Ok(Vec::new());
    }
    session.trace(model, traces).map(<[TracePoint]>::to_vec)
}

/// The trace points, a line each.
fn listed(points: &[TracePoint], entries: bool) -> String {
    let mut rows = Vec::new();
    for point in points {
        let entry = if entries { point.entry.to_string() } else { String::new() };
        let steps = if point.in_scan { "of each step of a scan" } else { "" };
        rows.push(vec![entry, point.name.clone(), point.ty.to_string(), steps.to_owned()]);
    }
    if !entries {
        rows.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    table(&[Side::Left; 4][usize::from(!entries)..], &rows)
}

/// What replaces values on the way, as inputs: each that a pattern stands for.
fn replaced(runner: &Runner<'_>, entry: usize, specs: &[String]) -> Vec<String> {
    let inputs = &runner.interfaces()[entry].entry.inputs;
    let each = specs.iter().filter_map(|spec| spec.split_once('=')).flat_map(|(pattern, value)| {
        let named = inputs.iter().filter(|it| Traces::matches(pattern, it.name.as_str()));
        named.map(move |it| format!("{}={value}", it.name))
    });
    each.collect()
}

/// The inputs of an entry that are not state, from what was given, or random where that
/// is wanted. A number alone is the same everywhere.
pub(super) fn inputs(
    runner: &Runner<'_>,
    entry: usize,
    specs: &[String],
    random: bool,
    given: &[(Name, i64)],
    seed: u64,
) -> Result<Vec<(String, Tensor)>, Error> {
    let interface = runner.interfaces()[entry].clone();
    let mut filled = Vec::new();
    let mut others = Vec::new();
    for spec in specs {
        match filling(&interface, spec) {
            Some(filling) => filled.push(filling),
            None => others.push(spec.clone()),
        }
    }
    let mut inputs = read_inputs(&interface, &others)?;
    if !filled.is_empty() {
        let sizes = runner.sizes(entry, &borrowed(&inputs), given)?;
        for (at, value) in filled {
            let tensor = filled_input(&interface, at, &sizes, value)?;
            inputs.push((interface.entry.inputs[at].name.to_string(), tensor));
        }
    }
    let missing: Vec<usize> = (0..interface.inputs.len())
        .filter(|at| {
            let input = &interface.entry.inputs[*at];
            input.state.is_none() && !inputs.iter().any(|(name, _)| name == input.name.as_str())
        })
        .collect();
    if random && !missing.is_empty() {
        let sizes = runner.sizes(entry, &borrowed(&inputs), given)?;
        for at in missing {
            let tensor = random_input(&interface, at, &sizes, seed)?;
            inputs.push((interface.entry.inputs[at].name.to_string(), tensor));
        }
    } else if let Some(at) = missing.first() {
        let (name, ty) = (interface.entry.inputs[*at].name, &interface.inputs[*at]);
        return Err(Error::usage(format!("the input `{name}: {ty}` is missing"))
            .help(format!("give it: `--input {name}=FILE`, or `--random` for random numbers")));
    }
    Ok(inputs)
}

/// An input with axes for which a spec gives a single number.
fn filling(interface: &Interface, spec: &str) -> Option<(usize, f64)> {
    let (name, value) = spec.split_once('=')?;
    let at = interface.entry.inputs.iter().position(|it| it.name.as_str() == name)?;
    let given =
        interface.entry.inputs[at].state.is_none() && !interface.inputs[at].shape.is_empty();
    Some((at, value.trim().parse().ok().filter(|_| given)?))
}

/// As runs take them.
pub(super) fn borrowed(inputs: &[(String, Tensor)]) -> Vec<(&str, &Tensor)> {
    inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect()
}
