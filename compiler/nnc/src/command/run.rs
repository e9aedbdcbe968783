//! `nnc run`.

use super::Context;
use crate::args::Run;
use crate::show;
use nnc_base::Name;
use nnc_driver::{Error, Runner, Tensor, random_input, read_inputs, write_outputs};
use std::time::Instant;

pub(super) fn run(context: &mut Context<'_>, args: Run) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    let model = session.model(args.model.model.as_deref())?;
    context.warnings(&session);
    if let Some(entry) = &args.entry {
        session.keep_entry(model, entry);
    }
    let mut runner = context.runner(&session, model, &args.target, &args.weights)?;
    let entry = runner.entry(args.entry.as_deref())?;
    let given: Vec<(Name, i64)> =
        args.size.iter().map(|(name, value)| (Name::new(name), *value)).collect();
    let inputs = inputs(&runner, entry, &args.input, args.random, &given, args.weights.seed)?;
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

/// The inputs of an entry that are not state, from what was given, or random where that
/// is wanted.
pub(super) fn inputs(
    runner: &Runner<'_>,
    entry: usize,
    specs: &[String],
    random: bool,
    given: &[(Name, i64)],
    seed: u64,
) -> Result<Vec<(String, Tensor)>, Error> {
    let interface = runner.interfaces()[entry].clone();
    let mut inputs = read_inputs(&interface, specs)?;
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

/// As runs take them.
pub(super) fn borrowed(inputs: &[(String, Tensor)]) -> Vec<(&str, &Tensor)> {
    inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect()
}
