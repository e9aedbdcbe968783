//! `nnc test`.

use super::Context;
use crate::args::Test;
use crate::backends::{self, Target};
use crate::outcome::MISTAKES;
use nnc_backend::Options;
use nnc_driver::{Error, TestResult, run_tests};

pub(super) fn run(context: &mut Context<'_>, args: Test) -> Result<u8, Error> {
    let session = context.session(&args.program)?;
    context.warnings(&session);
    let options = Options { cpu: args.target.cpu.clone(), name: "tests".to_owned() };
    let target = backends::target(args.target.target.as_deref())?;
    let backend = match &target {
        Target::Evaluator => None,
        Target::Compiled(backend) => Some((backend.as_ref(), &options)),
    };
    let terminal = context.terminal;
    let mut each = |result: &TestResult| {
        terminal.diagnostics(session.sources(), &result.failures);
        let verdict = if result.passed() { "ok" } else { "FAILED" };
        terminal.result(&format!("test {:?} ... {verdict}\n", result.name))
    };
    let results = run_tests(&session, backend, &args.filter, &mut each)?;
    let failed = results.iter().filter(|it| !it.passed()).count();
    context.times(&session);
    terminal.result(&format!("{} passed, {failed} failed\n", results.len() - failed))?;
    Ok(if failed > 0 { MISTAKES } else { 0 })
}
