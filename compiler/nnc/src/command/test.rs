//! `nnc test`.

use super::Context;
use crate::args::Test;
use crate::backends::{self, Target};
use crate::outcome::MISTAKES;
use nnc_backend::Options;
use nnc_driver::render::Format;
use nnc_driver::{Error, Failure, TestResult, run_tests};

pub(super) fn run(context: &mut Context<'_>, args: Test) -> Result<u8, Error> {
    let session = context.session(&args.program)?;
    context.warnings(&session);
    let options = Options::new(&args.cpu, "tests");
    let targets = backends::targets(Some(&args.target))?;
    let several = targets.len() > 1;
    let terminal = context.terminal;
    let tools = terminal.format() == Format::Json;
    let (mut passed, mut failed) = (0, 0);
    for target in &targets {
        let name = target.name();
        let backend = match target {
            Target::Evaluator => None,
            Target::Compiled(backend) => Some((backend.as_ref(), &options)),
        };
        let mut each = |result: &TestResult| {
            let failures: Vec<_> = (result.failures.iter())
                .map(|it| it.clone().note(format!("on the target `{name}`")))
                .collect();
            terminal.diagnostics(session.sources(), &failures);
            if tools {
                let result = serde_json::json!({
                    "test": result.name,
                    "target": name,
                    "passed": result.passed(),
                    "failures": result.failures.len(),
                });
                return terminal.result(&format!("{result}\n"));
            }
            let verdict = if result.passed() { "ok" } else { "FAILED" };
            let on = if several { format!(" on {name}") } else { String::new() };
            terminal.result(&format!("test {:?}{on} ... {verdict}\n", result.name))
        };
        let results = run_tests(&session, backend, &args.filter, &mut each)?;
        let broken = results.iter().filter(|it| !it.passed()).count();
        failed += broken;
        passed += results.len() - broken;
    }
    if passed + failed == 0 && !args.filter.is_empty() {
        let names: Vec<String> = session.test_names()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = format!("no test has `{}` in its name", args.filter);
        return Err(Error::Usage(Failure::new(text).names(&args.filter, "the tests", &names)));
    }
    context.times(&session);
    if !tools {
        terminal.result(&format!("{passed} passed, {failed} failed\n"))?;
    }
    Ok(if failed > 0 { MISTAKES } else { 0 })
}
