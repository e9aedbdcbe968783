//! The commands, a file each.

#[cfg(feature = "llvm")]
mod bench;
mod build;
mod check;
mod completions;
mod cost;
mod equiv;
mod explain;
mod fill;
mod generate;
mod import;
mod opt;
mod params;
#[cfg(feature = "llvm")]
mod profile;
mod rasp;
mod run;
mod search;
mod test;
mod zoo;

use crate::args::{self, Args, Command, Program};
use crate::backends::{self, Target};
use crate::outcome;
use crate::progress::Bar;
use crate::terminal::Terminal;
use nnc_backend::{Instance, Options};
use nnc_base::Sources;
use nnc_driver::{
    Cache, Error, ModelId, Runner, Session, check_memory, instance_error, pack_weights,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// What a command needs of the world.
pub(crate) struct Context<'a> {
    pub terminal: &'a Terminal,
    /// For messages that come when the program is loaded.
    sources: Sources,
}

/// Does what was asked for and tells the exit code.
pub(crate) fn run(args: Args, terminal: &Terminal) -> u8 {
    let mut context = Context { terminal, sources: Sources::new() };
    let result = match args.command {
        #[cfg(feature = "llvm")]
        Command::Bench(args) => bench::run(&mut context, args),
        #[cfg(feature = "llvm")]
        Command::Profile(args) => profile::run(&mut context, args),
        Command::Check(args) => check::run(&mut context, args),
        Command::Build(args) => build::run(&mut context, args),
        Command::Run(args) => run::run(&mut context, args),
        Command::Generate(args) => generate::run(&mut context, args),
        Command::Search(args) => search::run(&mut context, args),
        Command::Params(args) => params::run(&mut context, args),
        Command::Cost(args) => cost::run(&mut context, args),
        Command::Type(args) => equiv::layer_type(&mut context, args),
        Command::Equiv(args) => equiv::run(&mut context, args),
        Command::Fill(args) => fill::run(&mut context, args),
        Command::Explain(args) => explain::run(&mut context, args),
        Command::Import(args) => import::run(&mut context, args),
        Command::Rasp(args) => rasp::run(&mut context, args),
        Command::Opt(args) => opt::run(&mut context, args),
        Command::Test(args) => test::run(&mut context, args),
        Command::Zoo(args) => zoo::run(&mut context, args),
        Command::Completions(args) => completions::run(&mut context, args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            terminal.error(&context.sources, &error);
            outcome::code_of(&error)
        }
    }
}

impl Context<'_> {
    /// Loads a program, so that messages can show its code, and tells its warnings.
    fn session(&mut self, program: &Program) -> Result<Session, Error> {
        let session = Session::open(&program.path)?;
        self.sources = session.sources().clone();
        Ok(session)
    }

    /// The model that is meant, with what is changed of it.
    fn model(&mut self, session: &mut Session, args: &args::Network) -> Result<ModelId, Error> {
        let model = session.model(args.model.as_deref())?;
        let rewritten = session.rewrite(model, &args.rewrite);
        self.sources = session.sources().clone();
        rewritten.map(|()| model)
    }

    /// The program that a question is about, or the library.
    fn questioned(&mut self, program: Option<&str>) -> Result<Session, Error> {
        let session = match program {
            Some(path) => Session::open(Path::new(path))?,
            None => nnc_driver::questions::library_session(),
        };
        self.sources = session.sources().clone();
        Ok(session)
    }

    /// A model with its parameters on a target, ready to be called.
    fn runner<'s>(
        &self,
        session: &'s Session,
        model: ModelId,
        target: &args::Target,
        weights: &args::Weights,
        profile: bool,
    ) -> Result<Runner<'s>, Error> {
        if let Some(threads) = weights.threads {
            nnc_runtime::set_threads(usize::from(threads));
        }
        let params = session.params(model, weights.weights.as_deref(), weights.seed)?;
        if weights.weights.is_none() && !params.infos().is_empty() {
            let seed = weights.seed;
            self.terminal.note(&format!(
                "without `--weights` the parameters are as they start, by seed {seed}"
            ));
        }
        self.terminal.diagnostics(&self.sources, params.warnings());
        match backends::target(target.target.as_deref())? {
            Target::Evaluator => Runner::evaluator(&session.lowered(model)?.module, &params),
            Target::Compiled(backend) => {
                let name = session.declaration(model).name;
                let options = Options { profile, ..Options::new(&target.cpu, name.as_str()) };
                let (plan, code) = session.load(model, backend.as_ref(), &options)?;
                let module = session.optimised(model)?;
                check_memory(module, &plan, options.name.as_str())?;
                let start = Instant::now();
                let cache = Cache::of_environment();
                let bar = Bar::new(self.terminal);
                let blob = pack_weights(module, &plan, &params, cache.as_ref(), &bar)?;
                self.time("weights", start);
                let instance = Instance::new(module, plan, code, Arc::new(blob));
                Ok(Runner::compiled(instance.map_err(instance_error)?))
            }
        }
    }

    fn time(&self, phase: &str, start: Instant) {
        let time = start.elapsed().as_secs_f64() * 1e3;
        self.terminal.detail(&format!("{phase:<10} {time:>9.3} ms"));
    }

    /// What is not worth stopping for.
    fn warnings(&self, session: &Session) {
        self.terminal.diagnostics(&self.sources, &session.warnings());
    }

    /// How long the phases took, for those who asked.
    fn times(&self, session: &Session) {
        for (phase, time) in session.times() {
            self.terminal.detail(&format!("{phase:<10} {:>9.3} ms", time.as_secs_f64() * 1e3));
        }
    }
}
