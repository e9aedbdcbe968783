//! `nnc completions`.

use super::Context;
use crate::args::{Args, Completions};
use clap::CommandFactory;
use nnc_driver::Error;

pub(super) fn run(context: &mut Context<'_>, args: Completions) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "nnc", &mut script);
    context.terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
