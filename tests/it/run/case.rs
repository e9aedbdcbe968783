//! One program: loaded, and run on engines.

use super::TOLERANCE;
use super::arguments::arguments;
use super::compare::{compare, finite, worst};
use super::compiled::Compiled;
use super::directive::{Call, Directives, parse};
use super::engine::{Engine, Evaluator, Params};
use super::expected::{Asked, Expected, read_asked, read_expected};
use super::traced::Traced;
use super::value::Value;
use super::weights::Weights;
use crate::support;
use nnc_backend::Backend;
use nnc_base::Name;
use nnc_driver::Session;
use nnc_driver::render::{Format, Style, error};
use nnc_eval::{Outputs, Tensor};
use nnc_graph::{Entry, Graph, Module};
use nnc_lower::{LoweredTests, Use};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A program with what the evaluator makes of it.
pub(crate) struct Case {
    directives: Directives,
    models: Vec<Model>,
    tests: Option<Tests>,
    expected: Expected,
    /// The parameters that the transcription asked for.
    asked: Asked,
    /// The program itself.
    text: String,
    /// What each call gives.
    results: Vec<Outputs>,
}

/// For each call how far it is off, where something is expected of it; or why there are no
/// results.
pub(crate) type CallErrors = Result<Vec<Option<Result<f64, String>>>, String>;

pub(crate) struct Model {
    pub(crate) name: Name,
    /// As lowered.
    pub(crate) module: Module,
    /// After the passes.
    pub(crate) optimised: Module,
    pub(crate) weights: Weights,
    /// What the weights say, as the evaluator takes it.
    pub(crate) params: Params,
    /// What the entries call.
    pub(crate) uses: Vec<Use>,
    /// Whether its weight file has names of its own.
    pub(crate) renamed: bool,
    traced: Option<Traced>,
}

/// Makes an engine for a model.
type Make<'a> = &'a dyn for<'m> Fn(&'m Model) -> Result<Box<dyn Engine + 'm>, String>;

fn as_lowered(model: &Model) -> Result<Box<dyn Engine + '_>, String> {
    Ok(Evaluator::boxed(&model.module, &model.params))
}

/// The `test` blocks of a program and of the library, if it uses that.
struct Tests {
    lowered: LoweredTests,
    model: Model,
}

impl Case {
    /// Checks and lowers a program, and runs its calls on the evaluator.
    pub(crate) fn load(path: &Path) -> Result<Case, String> {
        let text = support::read(path)?;
        let directives = parse(&text)?;
        let told = |session: &Session, failure: nnc_driver::Error| {
            error(session.sources(), &failure, Format::Human, Style::PLAIN)
        };
        let session = Session::open(path).map_err(|failure| failure.to_string())?;
        // An answer to `reveal` is none.
        let warnings: Vec<_> =
            session.diagnostics().into_iter().filter(|it| it.code.0 != "E0190").collect();
        if !warnings.is_empty() {
            return Err(told(&session, nnc_driver::Error::Program(warnings)));
        }
        let models = models(&session, &directives).map_err(|failure| match failure {
            Failed::Driver(failure) => told(&session, failure),
            Failed::Here(message) => message,
        })?;
        let program = session.best_program();
        let own = |it: &nnc_hir::Test| it.span.file.raw() == 0;
        let tests = match program.tests.iter().any(own) {
            true => Some(Tests::of(program).map_err(|failure| told(&session, failure))?),
            false => None,
        };
        if directives.calls.is_empty() && tests.is_none() {
            return Err("neither a `# run:` nor a `test`".to_owned());
        }
        let (expected, asked) = (read_expected(path)?, read_asked(path)?);
        let results = Vec::new();
        let mut case = Case { directives, models, tests, expected, asked, text, results };
        case.results = case.run(&as_lowered)?;
        Ok(case)
    }

    /// Holds the evaluator against what the comments say, and runs tests.
    pub(crate) fn check_expected(&self) -> Result<(), String> {
        let tolerance = self.tolerance("expected");
        let mut failures = Vec::new();
        let mut used = 0;
        for (at, (call, outputs)) in self.directives.calls.iter().zip(&self.results).enumerate() {
            let (_, entry, _) = self.entry(call)?;
            for (name, value) in &call.results {
                let failed = self.check_result(at + 1, entry, outputs, name, value, tolerance);
                used += usize::from(*value == Value::Expected);
                if let Err(failure) = failed {
                    failures.push(format!("  line {}: {name}: {failure}", call.line));
                }
            }
        }
        if used != self.expected.len() {
            let there = self.expected.len();
            failures.push(format!("  {used} expected tensors are named, {there} are there"));
        }
        failures.extend(self.run_tests(&as_lowered));
        told(failures)
    }

    fn check_result(
        &self,
        call: usize,
        entry: &Entry,
        outputs: &Outputs,
        name: &str,
        value: &Value,
        tolerance: f64,
    ) -> Result<(), String> {
        let Some(at) = entry.outputs.iter().position(|it| it.name.as_str() == name) else {
            let (Some((_, found)), Value::Literal { numbers, .. }) =
                (outputs.dims.iter().find(|it| it.0.as_str() == name), value)
            else {
                let known: Vec<&str> = entry.outputs.iter().map(|it| it.name.as_str()).collect();
                return Err(format!("neither an output nor a length; outputs are {known:?}"));
            };
            let same = numbers.as_slice() == [*found as f64];
            return if same { Ok(()) } else { Err(format!("is {found}, should be {numbers:?}")) };
        };
        let found = &outputs.tensors[at];
        if let Value::Finite { shape } = value {
            return finite(found, shape);
        }
        compare(&self.wanted(call, name, value, found)?, found, tolerance)
    }

    /// What a result should be.
    fn wanted(
        &self,
        call: usize,
        name: &str,
        value: &Value,
        found: &Tensor,
    ) -> Result<Tensor, String> {
        if let Some(wanted) = value.tensor(found.elem) {
            return Ok(wanted);
        }
        let wanted = self.expected.get(&(call, name.to_owned()));
        Ok(wanted.ok_or("there are no expected numbers: run expected.py")?.cast(found.elem))
    }

    /// How far the evaluator is off what is expected, relatively.
    pub(crate) fn errors(&self) -> CallErrors {
        Ok(self.errors_of(&self.results))
    }

    /// [`Case::errors`] on the optimised graphs.
    pub(crate) fn errors_optimised(&self) -> CallErrors {
        let engine: Make<'_> = &|it| Ok(Evaluator::boxed(&it.optimised, &it.params));
        Ok(self.errors_of(&self.run(engine)?))
    }

    /// [`Case::errors`] of code that a back end makes for a machine.
    #[cfg(feature = "llvm")]
    pub(crate) fn errors_compiled(&self, backend: &dyn Backend, cpu: &str) -> CallErrors {
        let engine: Make<'_> = &|it| Ok(Box::new(Compiled::new(backend, cpu, it)?));
        Ok(self.errors_of(&self.run(engine)?))
    }

    fn errors_of(&self, results: &[Outputs]) -> Vec<Option<Result<f64, String>>> {
        let calls = self.directives.calls.iter().zip(results).enumerate();
        calls
            .map(|(at, (call, outputs))| self.error_of(at + 1, call, outputs).transpose())
            .collect()
    }

    /// `None` where nothing is expected of a call.
    fn error_of(&self, at: usize, call: &Call, outputs: &Outputs) -> Result<Option<f64>, String> {
        let (_, entry, _) = self.entry(call)?;
        let mut error = None;
        for (name, value) in &call.results {
            let output = entry.outputs.iter().position(|it| it.name.as_str() == name);
            let Some(output) = output else {
                self.check_result(at, entry, outputs, name, value, 0.0)?;
                continue;
            };
            if matches!(value, Value::Finite { .. }) {
                continue;
            }
            let found = &outputs.tensors[output];
            let off = worst(&self.wanted(at, name, value, found)?, found);
            let off = off.map_err(|wrong| format!("{name}: {wrong}"))?;
            error = Some(off.max(error.unwrap_or(0.0)));
        }
        Ok(error)
    }

    /// What each call uses, and of which model.
    pub(crate) fn uses(&self) -> Vec<Vec<(&Use, &Model)>> {
        let of_call = |call: &Call| {
            let Ok((model, entry, _)) = self.entry(call) else { return Vec::new() };
            let model = &self.models[model];
            let uses = model.uses.iter().filter(|it| it.entry == entry.name);
            uses.map(|it| (it, model)).collect()
        };
        self.directives.calls.iter().map(of_call).collect()
    }

    /// The parameters that transcriptions of a model's entries asked for.
    pub(crate) fn asked(&self, model: &Model) -> BTreeSet<(&String, &Vec<usize>)> {
        let of_model = |name: &String| {
            let call = self.directives.calls.iter().find(|it| it.entry == *name);
            let place = call.and_then(|it| self.entry(it).ok()).map(|it| it.0);
            place.is_some_and(|it| self.models[it].name == model.name)
        };
        let asked = self.asked.iter().filter(|it| of_model(&it.0));
        asked.map(|it| (&it.1, &it.2)).collect()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What may be between results and what is expected, where a comment says so.
    pub(crate) fn stated_tolerance(&self) -> Option<f64> {
        self.directives.tolerances.get("expected").copied()
    }

    /// Holds the evaluator on the optimised graphs against that on those as lowered.
    pub(crate) fn check_optimised(&self) -> Result<(), String> {
        self.agrees("optimised", &|model| Ok(Evaluator::boxed(&model.optimised, &model.params)))
    }

    /// Holds code that a back end makes for a machine against the evaluator.
    pub(crate) fn check_compiled(&self, backend: &dyn Backend, cpu: &str) -> Result<(), String> {
        self.agrees("compiled", &|model| Ok(Box::new(Compiled::new(backend, cpu, model)?)))
    }

    /// Holds the evaluator on graphs whose values on the way are read and replaced against
    /// that on those as lowered.
    pub(crate) fn check_traced(&self) -> Result<(), String> {
        let results = self.run(&|model| match &model.traced {
            Some(traced) => Ok(traced.engine(model)),
            None => as_lowered(model),
        })?;
        told(self.differences(&results, 0.0))
    }

    fn agrees(&self, what: &str, engine: Make<'_>) -> Result<(), String> {
        let results = self.run(engine)?;
        let mut failures = self.differences(&results, self.tolerance(what));
        failures.extend(self.run_tests(engine));
        told(failures)
    }

    /// Where an engine's results are not the evaluator's.
    fn differences(&self, results: &[Outputs], tolerance: f64) -> Vec<String> {
        let mut failures = Vec::new();
        for (call, (wanted, found)) in
            self.directives.calls.iter().zip(self.results.iter().zip(results))
        {
            let Ok((_, entry, _)) = self.entry(call) else { continue };
            let line = call.line;
            if wanted.dims != found.dims {
                failures.push(format!("  line {line}: sizes {:?} {:?}", wanted.dims, found.dims));
            }
            for (output, (wanted, found)) in
                entry.outputs.iter().zip(wanted.tensors.iter().zip(&found.tensors))
            {
                if let Err(failure) = compare(wanted, found, tolerance) {
                    failures.push(format!("  line {line}: {}: {failure}", output.name));
                }
            }
        }
        failures
    }

    fn tolerance(&self, what: &str) -> f64 {
        self.directives.tolerances.get(what).copied().unwrap_or(TOLERANCE)
    }

    /// Runs all calls, each model on an engine of its own.
    fn run(&self, engine: Make<'_>) -> Result<Vec<Outputs>, String> {
        let mut engines = self.models.iter().map(engine).collect::<Result<Vec<_>, _>>()?;
        let mut state: BTreeMap<String, Tensor> = BTreeMap::new();
        let mut sizes: BTreeMap<Name, i64> = BTreeMap::new();
        let mut results = Vec::new();
        for call in &self.directives.calls {
            if call.fresh {
                state.clear();
                sizes.clear();
            }
            let at_line = |error: String| format!("line {}: {error}", call.line);
            let (model, entry, graph) = self.entry(call).map_err(at_line)?;
            let (dims, inputs) = arguments(call, entry, graph, &state, &sizes).map_err(at_line)?;
            let outputs =
                engines[model].call(entry.name.as_str(), &dims, &inputs).map_err(at_line)?;
            for input in &entry.inputs {
                if let Some(output) = input.state {
                    state.insert(input.name.to_string(), outputs.tensors[output as usize].clone());
                }
            }
            for (name, size) in &outputs.dims {
                let given = call.dims.iter().any(|it| it.0 == name.as_str());
                if given || entry.updates.iter().any(|it| it.dim == *name) {
                    sizes.insert(*name, *size);
                }
            }
            results.push(outputs);
        }
        Ok(results)
    }

    /// The asserts that do not hold on an engine.
    fn run_tests(&self, engine: Make<'_>) -> Vec<String> {
        self.tests.as_ref().map_or_else(Vec::new, |tests| tests.run(engine))
    }

    /// The model (by place) and the entry that a call names.
    fn entry(&self, call: &Call) -> Result<(usize, &Entry, &Graph), String> {
        let mut found = Vec::new();
        for (at, model) in self.models.iter().enumerate() {
            for entry in &model.module.entries {
                let long = format!("{}.{}", model.name, entry.name);
                if call.entry == long || call.entry == entry.name.as_str() {
                    found.push((at, entry, &model.module.graphs[entry.graph]));
                }
            }
        }
        match found.as_slice() {
            [it] => Ok(*it),
            [] => Err(format!("no entry `{}`", call.entry)),
            _ => Err(format!("several models have an entry `{}`", call.entry)),
        }
    }
}

fn told(failures: Vec<String>) -> Result<(), String> {
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

impl Tests {
    fn of(program: &nnc_hir::Program) -> Result<Tests, nnc_driver::Error> {
        let lowered = nnc_lower::lower_tests(program).map_err(nnc_driver::Error::Program)?;
        let module = lowered.module.clone();
        let optimised = optimised(&module)?;
        let (weights, params) = (Weights::none(), Params::new());
        let name = Name::new("tests");
        let model = Model {
            name,
            module,
            optimised,
            weights,
            params,
            uses: Vec::new(),
            renamed: false,
            traced: None,
        };
        Ok(Tests { lowered, model })
    }

    fn run(&self, engine: Make<'_>) -> Vec<String> {
        let mut engine = match engine(&self.model) {
            Ok(engine) => engine,
            Err(error) => return vec![format!("  tests: {error}")],
        };
        let mut failures = Vec::new();
        for (test, entry) in self.lowered.tests.iter().zip(&self.model.module.entries) {
            match engine.call(entry.name.as_str(), &[], &[]) {
                Ok(outputs) => {
                    // What comparisons compare comes behind the asserts.
                    let asserts = outputs.tensors.iter().take(test.asserts.len());
                    for (at, output) in asserts.enumerate() {
                        if output.data.int(0) == 0 {
                            failures.push(format!("  test {:?}: assert {at} fails", test.name));
                        }
                    }
                }
                Err(error) => failures.push(format!("  test {:?}: {error}", test.name)),
            }
        }
        failures
    }
}

/// The tests of the library hold on an engine.
pub(crate) fn library_tests() -> Result<Case, String> {
    let all = nnc_stdlib::modules().iter().map(|(path, _)| format!("use {path}\n"));
    let session = Session::from_text("main.nn", &all.collect::<String>());
    let told = |failure| error(session.sources(), &failure, Format::Human, Style::PLAIN);
    let tests = Tests::of(session.program().map_err(told)?).map_err(told)?;
    Ok(Case {
        directives: Directives::default(),
        models: Vec::new(),
        tests: Some(tests),
        expected: Expected::new(),
        asked: Asked::new(),
        text: String::new(),
        results: Vec::new(),
    })
}

enum Failed {
    Driver(nnc_driver::Error),
    Here(String),
}

impl From<nnc_driver::Error> for Failed {
    fn from(failure: nnc_driver::Error) -> Failed {
        Failed::Driver(failure)
    }
}

fn models(session: &Session, directives: &Directives) -> Result<Vec<Model>, Failed> {
    let mut models = Vec::new();
    // A program of tests alone has none.
    if session.program()?.models.is_empty() {
        return Ok(models);
    }
    let mut pick = |below: usize| {
        use std::hash::{BuildHasher, Hasher};
        std::hash::RandomState::new().build_hasher().finish() as usize % below
    };
    for id in session.models()? {
        let lowered = session.lowered(id)?;
        let declaration = session.declaration(id);
        let weights = Weights::of(session.program()?, declaration, &lowered.params, directives)
            .map_err(Failed::Here)?;
        let params = weights.params()?;
        let mut tensors = Params::new();
        for info in params.infos() {
            tensors.insert(info.name.clone(), params.tensor(&info.name)?.to_eval());
        }
        drop(params);
        models.push(Model {
            name: declaration.name,
            module: lowered.module.clone(),
            optimised: session.optimised(id)?.clone(),
            weights,
            params: tensors,
            uses: lowered.uses.clone(),
            renamed: declaration.checkpoint.is_some(),
            traced: Some(Traced::of(session.program()?, declaration, &mut pick)?),
        });
    }
    Ok(models)
}

fn optimised(module: &Module) -> Result<Module, nnc_driver::Error> {
    let mut module = module.clone();
    nnc_opt::run(&mut module, nnc_opt::pipeline(), &nnc_opt::Options::default(), &mut |_| {})
        .map_err(|broken| nnc_driver::Error::internal(broken.to_string()))?;
    Ok(module)
}
