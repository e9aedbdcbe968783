//! Runs `test` blocks.

use crate::session::optimise;
use crate::{Error, Params, Runner, Session, instance_error, pack_weights};
use nnc_backend::{Backend, Instance, Options};
use nnc_base::{Code, Diagnostic, Span};
use std::sync::Arc;

/// An assertion that does not hold.
const FAILED: Code = Code("E0701");

/// What a test gave.
#[derive(Clone, PartialEq, Debug)]
pub struct TestResult {
    pub name: String,
    pub span: Span,
    /// Assertions that do not hold; none if the test passed.
    pub failures: Vec<Diagnostic>,
}

impl TestResult {
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs the tests of the root's files whose name has `filter` in it, on a back end or on
/// the evaluator, and hands each result over as it comes.
pub fn run_tests(
    session: &Session,
    backend: Option<(&dyn Backend, &Options)>,
    filter: &str,
    each: &mut dyn FnMut(&TestResult) -> Result<(), Error>,
) -> Result<Vec<TestResult>, Error> {
    let lowered = session.tests()?;
    let roots: Vec<_> = session.modules().iter().filter(|it| it.root).map(|it| it.file).collect();
    let none = Params::initial(&[], 0);
    let mut runner = match backend {
        None => Runner::evaluator(&lowered.module, &none)?,
        Some((backend, options)) => {
            let module = optimise(&lowered.module)?;
            let plan = Arc::new(nnc_plan::plan(&module, &backend.machine(options)?)?);
            let missing = backend.check(&plan);
            if missing.iter().any(Diagnostic::is_error) {
                return Err(Error::Program(missing));
            }
            let code = backend.load(&plan, options)?;
            let weights = Arc::new(pack_weights(&module, &plan, &none, None, &())?);
            let instance = Instance::new(&module, plan, code, weights).map_err(instance_error)?;
            Runner::compiled(instance)
        }
    };
    let mut results = Vec::new();
    for (at, test) in lowered.tests.iter().enumerate() {
        if !roots.contains(&test.span.file) || !test.name.contains(filter) {
            continue;
        }
        let outcomes = runner.run(at, &[], &[])?;
        let failed = outcomes.iter().zip(&test.asserts).filter(|((_, it), _)| it.float(0) == 0.0);
        let failures = failed.map(|(_, span)| failure(*span, &test.name)).collect();
        let result = TestResult { name: test.name.clone(), span: test.span, failures };
        each(&result)?;
        results.push(result);
    }
    Ok(results)
}

fn failure(at: Span, test: &str) -> Diagnostic {
    Diagnostic::error(FAILED, at, format!("an assertion of the test \"{test}\" does not hold"))
        .here("not true of every element")
}

#[cfg(test)]
mod tests {
    use super::run_tests;
    use crate::Session;

    #[test]
    fn assertions_are_told_apart() {
        let text = r#"
test "sums" { assert [1, 2] == [1, 2]; assert [1, 2] == [1, 3]; }
test "others" { assert 1.0 < 2.0; }
"#;
        let session = Session::from_text("t.nn", text);
        let results = run_tests(&session, None, "", &mut |_| Ok(())).unwrap();
        let passed: Vec<(&str, bool)> =
            results.iter().map(|it| (it.name.as_str(), it.passed())).collect();
        assert_eq!(passed, [("sums", false), ("others", true)]);
        let [failure] = results[0].failures.as_slice() else { panic!("one fails") };
        assert_eq!(session.sources().text(failure.span()), "assert [1, 2] == [1, 3];");
        let one = run_tests(&session, None, "oth", &mut |_| Ok(())).unwrap();
        assert_eq!(one.len(), 1);
    }
}
