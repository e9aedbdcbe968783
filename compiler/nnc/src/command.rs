//! The commands, a file each.

mod build;
mod check;
mod completions;
mod explain;
mod opt;

use crate::args::{Args, Command, Program};
use crate::outcome;
use crate::terminal::Terminal;
use nnc_base::Sources;
use nnc_driver::{Error, Session};

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
        Command::Check(args) => check::run(&mut context, args),
        Command::Build(args) => build::run(&mut context, args),
        Command::Explain(args) => explain::run(&mut context, args),
        Command::Opt(args) => opt::run(&mut context, args),
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
