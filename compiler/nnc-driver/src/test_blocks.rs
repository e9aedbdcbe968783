//! Runs `test` blocks.

use crate::session::optimise;
use crate::{Error, Params, Runner, Session, Tensor, instance_error, pack_weights};
use nnc_backend::{Backend, Instance, Options};
use nnc_base::{Code, Diagnostic, Span};
use nnc_graph::Elem;
use nnc_hir::CompareOp;
use nnc_lower::{LoweredAssert, LoweredTests, lower_comparisons};
use std::cell::OnceCell;
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
    let mut runner = runner(lowered, backend)?;
    // Made when an assertion fails: the same tests with both sides of their comparisons.
    let comparisons: OnceCell<LoweredTests> = OnceCell::new();
    let mut comparing: Option<Runner<'_>> = None;
    let mut results = Vec::new();
    for (at, test) in lowered.tests.iter().enumerate() {
        if !roots.contains(&test.span.file) || !test.name.contains(filter) {
            continue;
        }
        let outcomes = runner.run(at, &[], &[])?;
        let failed: Vec<usize> =
            (0..test.asserts.len()).filter(|it| outcomes[*it].1.float(0) == 0.0).collect();
        let mut failures = Vec::new();
        if !failed.is_empty() {
            let tests = match comparisons.get() {
                Some(tests) => tests,
                None => {
                    let tests = lower_comparisons(session.program()?).map_err(Error::Program)?;
                    comparisons.get_or_init(|| tests)
                }
            };
            let runner = match &mut comparing {
                Some(runner) => runner,
                none => none.insert(self::runner(tests, backend)?),
            };
            let values = runner.run(at, &[], &[])?;
            let values: Vec<&Tensor> = values.iter().map(|(_, value)| value).collect();
            let asserts = &tests.tests[at].asserts;
            failures.extend(failed.iter().map(|it| failure(&asserts[*it], &test.name, &values)));
        }
        let result = TestResult { name: test.name.clone(), span: test.span, failures };
        each(&result)?;
        results.push(result);
    }
    Ok(results)
}

/// What runs the tests: a back end, or the evaluator.
fn runner<'l>(
    lowered: &'l LoweredTests,
    backend: Option<(&dyn Backend, &Options)>,
) -> Result<Runner<'l>, Error> {
    let none = Params::initial(&[], 0);
    let Some((backend, options)) = backend else {
        return Runner::evaluator(&lowered.module, &none);
    };
    let module = optimise(&lowered.module)?;
    let plan = Arc::new(nnc_plan::plan(&module, &backend.machine(options)?)?);
    let missing = backend.check(&plan);
    if missing.iter().any(Diagnostic::is_error) {
        return Err(Error::Program(missing));
    }
    let code = backend.load(&plan, options)?;
    let weights = Arc::new(pack_weights(&module, &plan, &none, None, &())?);
    let instance = Instance::new(&module, plan, code, weights).map_err(instance_error)?;
    Ok(Runner::compiled(instance))
}

fn failure(assert: &LoweredAssert, test: &str, values: &[&Tensor]) -> Diagnostic {
    let text = format!("an assertion of the test \"{test}\" does not hold");
    let diagnostic = Diagnostic::error(FAILED, assert.span, text).here("not true of every element");
    match assert.sides.and_then(|sides| difference(sides, values)) {
        Some(difference) => diagnostic.note(difference),
        None => diagnostic,
    }
}

/// The first place at which a comparison does not hold, and what is there.
fn difference((op, left, right): (CompareOp, usize, usize), values: &[&Tensor]) -> Option<String> {
    let (left, right) = (values.get(left)?, values.get(right)?);
    let count = left.len().max(right.len());
    let place = |side: &Tensor, at: usize| match side.len() {
        1 => Some(0),
        length => (length == count).then_some(at),
    };
    let mut wrong = (0..count).filter(|at| {
        let sides = place(left, *at).zip(place(right, *at));
        sides.is_some_and(|(a, b)| !holds(op, left.float(a), right.float(b)))
    });
    let first = wrong.next()?;
    let others = wrong.count();
    let (a, b) = (place(left, first)?, place(right, first)?);
    let shape = if left.len() == count { &left.shape } else { &right.shape };
    let (a, b) = (shown(left, a), shown(right, b));
    let mut text = match shape.as_slice() {
        [] => format!("the left side is {a} and the right side is {b}"),
        shape => {
            format!("at {} the left side is {a} and the right side is {b}", index(shape, first))
        }
    };
    if others > 0 {
        let places = if others == 1 { "place" } else { "places" };
        text.push_str(&format!("; it fails at {others} more {places} of {count}"));
    }
    Some(text)
}

fn holds(op: CompareOp, left: f64, right: f64) -> bool {
    match op {
        CompareOp::Eq => left == right,
        CompareOp::Ne => left != right,
        CompareOp::Lt => left < right,
        CompareOp::Le => left <= right,
        CompareOp::Gt => left > right,
        CompareOp::Ge => left >= right,
    }
}

/// `[1, 0]`: the indices of a place in a row-major tensor.
fn index(shape: &[usize], mut at: usize) -> String {
    let mut indices: Vec<String> = Vec::new();
    for size in shape.iter().rev() {
        indices.push((at % (*size).max(1)).to_string());
        at /= (*size).max(1);
    }
    indices.reverse();
    format!("[{}]", indices.join(", "))
}

fn shown(tensor: &Tensor, at: usize) -> String {
    let value = tensor.float(at);
    match tensor.elem {
        Elem::Bool => (value != 0.0).to_string(),
        Elem::F64 => value.to_string(),
        Elem::F32 | Elem::F16 | Elem::BF16 | Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 => {
            (value as f32).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::run_tests;
    use crate::Session;

    #[test]
    fn the_library_does_what_its_examples_say() {
        let mut examples = 0;
        for (name, text) in nnc_stdlib::modules() {
            let session = Session::from_text(name, text);
            let results = run_tests(&session, None, "", &mut |_| Ok(())).unwrap();
            for result in &results {
                assert!(result.passed(), "{name}: {:?}", result.failures);
                examples += usize::from(result.name.starts_with("example of "));
            }
        }
        assert!(examples >= 20, "{examples} examples only");
    }

    #[test]
    fn an_example_of_a_doc_comment_is_a_test() {
        let text = "
dims B: batch
## ```nn
## assert twice([1.0, 2.0, 3.0]) == [2.0, 5.0, 7.0];
## ```
fn twice(x: f32[B]) -> f32[B] = 2.0 * x
";
        let session = Session::from_text("t.nn", text);
        let results = run_tests(&session, None, "example", &mut |_| Ok(())).unwrap();
        let [result] = results.as_slice() else { panic!("one test: {results:?}") };
        assert_eq!(result.name, "example of `twice`");
        assert_eq!(
            result.failures[0].notes,
            ["at [1] the left side is 4 and the right side is 5; it fails at 1 more place of 3"]
        );
    }

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
        assert_eq!(failure.notes, ["at [1] the left side is 2 and the right side is 3"]);
        let one = run_tests(&session, None, "oth", &mut |_| Ok(())).unwrap();
        assert_eq!(one.len(), 1);
    }
}
