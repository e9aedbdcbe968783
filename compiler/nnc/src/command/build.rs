//! `nnc build`.

use super::Context;
use crate::args::Build;
use crate::backends::{Target, target};
use crate::progress::Bar;
use nnc_backend::{Form, Options};
use nnc_driver::{
    Cache, Error, Failure, ModelId, Session, Stage, pack_weights, transformer, write_file,
};
use nnc_plan::Machine;
use nnc_runtime::Blob;
use std::path::{Path, PathBuf};

pub(super) fn run(context: &mut Context<'_>, args: Build) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    if let Some(name) = &args.as_transformer {
        return as_transformer(context, &session, name, &args);
    }
    if !args.model.rewrite.is_empty() {
        context.model(&mut session, &args.model)?;
    }
    let target = target(args.target.target.as_deref())?;
    let stages = stages(&args.emit, &target)?;
    let mut made = Vec::new();
    for stage in stages {
        made.push((stage, make(&session, &args, &target, stage)?));
    }
    let packed = match &args.weights {
        Some(path) => Some(weights(context, &session, &args, &target, path)?),
        None => None,
    };
    context.warnings(&session);
    context.times(&session);
    let name = match &args.model.model {
        Some(name) => name.clone(),
        None => match session.model(None) {
            Ok(model) => session.declaration(model).name.to_string(),
            Err(_) => args.program.path.file_stem().unwrap_or_default().to_string_lossy().into(),
        },
    };
    let several = made.len() + usize::from(packed.is_some()) > 1;
    if let Some(packed) = packed {
        let file = PathBuf::from(format!("{name}.weights"));
        let path = args.output.as_deref().map_or(file.clone(), |folder| folder.join(file));
        write_file(&path, packed.as_bytes())?;
        context.terminal.detail(&format!("wrote {}", path.display()));
    }
    for (stage, bytes) in made {
        match place(args.output.as_deref(), stage, &name, several) {
            Some(path) => {
                write_file(&path, &bytes)?;
                context.terminal.detail(&format!("wrote {}", path.display()));
            }
            None => context.terminal.result(&String::from_utf8_lossy(&bytes))?,
        }
    }
    Ok(0)
}

/// A function as a model and its weights.
fn as_transformer(
    context: &Context<'_>,
    session: &Session,
    name: &str,
    args: &Build,
) -> Result<u8, Error> {
    context.warnings(session);
    let made =
        transformer::transformer(session, name, &args.size, transformer::Options::default())?;
    let folder = args.output.clone().unwrap_or_else(|| PathBuf::from(name));
    let [model, weights] = transformer::write(&folder, &made)?;
    context.terminal.result(&format!("{name}: {}\n", made.summary()))?;
    context.terminal.note(&format!("wrote {} and {}", model.display(), weights.display()));
    Ok(0)
}

/// What to make: as asked, or what the target makes for use.
fn stages(emit: &[String], target: &Target) -> Result<Vec<Stage>, Error> {
    if !emit.is_empty() {
        return Ok(emit.iter().filter_map(|name| Stage::from_name(name)).collect());
    }
    match target {
        Target::Compiled(backend) => {
            let mut stages: Vec<Stage> =
                backend.forms().iter().take(1).map(|form| Stage::Form(*form)).collect();
            if backend.forms().contains(&Form::Header) {
                stages.push(Stage::Form(Form::Header));
            }
            Ok(stages)
        }
        Target::Evaluator => Err(Error::Usage(
            Failure::new("the evaluator makes no files")
                .help("show a stage with `--emit`, or choose a back end with `--target`"),
        )),
    }
}

fn make(session: &Session, args: &Build, target: &Target, stage: Stage) -> Result<Vec<u8>, Error> {
    let model = || session.model(args.model.model.as_deref());
    let text = match stage {
        Stage::Ast => session.emit_ast(),
        Stage::Hir => session.emit_hir()?,
        Stage::Graph => session.emit_graph(model()?)?,
        Stage::Picture => session.emit_picture(model()?, None)?,
        Stage::GraphOpt => session.emit_graph_opt(model()?)?,
        Stage::Plan => match target {
            Target::Evaluator => session.emit_plan(model()?, &Machine::AVX2)?,
            Target::Compiled(backend) => {
                let options = options(session, args, model()?);
                session.emit_plan(model()?, &backend.machine(&options)?)?
            }
        },
        Stage::Form(form) => match target {
            Target::Evaluator => {
                return Err(Error::usage(format!("the evaluator makes no {}", form.name()))
                    .help("choose a back end with `--target`"));
            }
            Target::Compiled(backend) => {
                let model = model()?;
                let options = options(session, args, model);
                return Ok(session.compile(model, backend.as_ref(), &options, form)?.bytes);
            }
        },
    };
    Ok(text.into_bytes())
}

/// The parameters of a file as the compiled code wants them.
fn weights(
    context: &Context<'_>,
    session: &Session,
    args: &Build,
    target: &Target,
    path: &Path,
) -> Result<Blob, Error> {
    let Target::Compiled(backend) = target else {
        return Err(Error::usage("the evaluator takes weight files as they are"));
    };
    let model = session.model(args.model.model.as_deref())?;
    let options = options(session, args, model);
    let plan = session.plan_for(model, backend.as_ref(), &options)?;
    let params = session.params(model, Some(path), 0)?;
    context.terminal.diagnostics(session.sources(), params.warnings());
    let bar = Bar::new(context.terminal);
    let cache = Cache::of_environment();
    pack_weights(session.optimised(model)?, &plan, &params, cache.as_ref(), &bar)
}

fn options(session: &Session, args: &Build, model: ModelId) -> Options {
    Options::new(&args.target.cpu, session.declaration(model).name.as_str())
}

/// The file that a stage goes to; `None` for standard output.
fn place(output: Option<&Path>, stage: Stage, name: &str, several: bool) -> Option<PathBuf> {
    let file = format!("{name}.{}", stage.extension());
    let binary = matches!(stage, Stage::Form(Form::Object | Form::Library | Form::Header));
    match output {
        Some(path) if path == Path::new("-") => None,
        Some(path) if several || path.is_dir() => Some(path.join(file)),
        Some(path) => Some(path.to_path_buf()),
        None if binary => Some(PathBuf::from(file)),
        None => None,
    }
}
