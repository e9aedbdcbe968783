//! `nnc opt`.

use super::Context;
use crate::args::Opt;
use nnc_driver::{Error, parse_graph, run_passes, write_file};
use nnc_opt::{Dump, Options, PASSES};
use std::io::Read;
use std::path::Path;

pub(super) fn run(context: &mut Context<'_>, args: Opt) -> Result<u8, Error> {
    if args.list {
        let line = |pass: &nnc_opt::Pass| format!("{:<20} {}\n", pass.name, pass.about);
        context.terminal.result(&PASSES.iter().map(line).collect::<String>())?;
        return Ok(0);
    }
    let path = args.graph.unwrap_or_default();
    let mut module = parse_graph(&path.display().to_string(), &read(&path)?)?;
    let passes = match &args.passes {
        Some(names) => nnc_opt::by_names(names).map_err(|error| Error::usage(error.to_string()))?,
        None => nnc_opt::pipeline().to_vec(),
    };
    for name in &args.dump_after {
        nnc_opt::by_name(name).map_err(|error| Error::usage(error.to_string()))?;
    }
    if let Some(folder) = &args.dump_dir {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::environment(format!("cannot make the folder {}: {error}", folder.display()))
        })?;
    }
    let options = Options {
        stop_after: args.stop_after,
        dump_after: args.dump_after.clone(),
        dump_all: args.dump_dir.is_some(),
        ..Options::default()
    };
    let mut dumps = String::new();
    let mut failure = Ok(());
    let report = run_passes(&mut module, &passes, &options, &mut |dump: Dump<'_>| {
        let text = dump.module.to_string();
        if args.dump_after.iter().any(|it| it == dump.pass) {
            dumps.push_str(&format!("# after {} {}\n{text}\n", dump.at + 1, dump.pass));
        }
        if let (Some(folder), Ok(())) = (&args.dump_dir, &failure) {
            let file = folder.join(format!("{:02}-{}.graph", dump.at + 1, dump.pass));
            failure = write_file(&file, text.as_bytes());
        }
    });
    // What was seen before a pass broke the graph is what one looks for then.
    context.terminal.result(&dumps)?;
    let report = report?;
    failure?;
    if args.report || context.terminal.verbose() {
        context.terminal.note(report.to_string().trim_end());
    }
    context.terminal.result(&module.to_string())?;
    Ok(0)
}

fn read(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map(|_| text).map_err(|error| Error::reading(path, &error))
}
