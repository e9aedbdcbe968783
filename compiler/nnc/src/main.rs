//! The command line of the nnc compiler.
//!
//! [`args`] says what there is to ask for, and each file under `command` answers one
//! question with the driver's help. Results go to standard output, messages to standard
//! error. The exit code is 0 if all is well, 1 if a program or another input has
//! mistakes, 2 if what was asked for or the machine is at fault, and 101 for a mistake of
//! the compiler.

mod args;
mod backends;
mod command;
mod outcome;
mod progress;
mod show;
mod table;
mod terminal;

use clap::Parser;
use std::process::ExitCode;
use terminal::Terminal;

/// Programs may be nested deeply; the usual 8 MiB are few for the phases' recursions.
const STACK_BYTES: usize = 256 << 20;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let terminal = Terminal::new(&args.common);
    outcome::report_panics(terminal.format());
    let work = std::thread::Builder::new()
        .name("nnc".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || command::run(args, &terminal));
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => ExitCode::from(code),
        // The hook has said what happened.
        Ok(Err(_)) => ExitCode::from(outcome::BROKEN),
        Err(error) => {
            eprintln!("error: cannot start a thread: {error}");
            ExitCode::from(outcome::ENVIRONMENT)
        }
    }
}
