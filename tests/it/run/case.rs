//! One program: loaded, and run on an engine.

use super::TOLERANCE;
use super::compare::compare;
use super::compiled::Compiled;
use super::directive::{Call, Directives, parse};
use super::engine::{Engine, Evaluator, Params};
use super::value::Value;
use crate::support;
use nnc_backend::Backend;
use nnc_base::Name;
use nnc_eval::{Outputs, Tensor};
use nnc_graph::{Entry, Graph, Module};
use nnc_lower::{LoweredTests, ParamInfo, lower, lower_tests};
use std::collections::BTreeMap;
use std::path::Path;

/// A program with what the evaluator makes of it.
pub(crate) struct Case {
    directives: Directives,
    models: Vec<Model>,
    tests: Option<(LoweredTests, Module)>,
    /// Numbers in `expected/PROGRAM.txt`, by call (from 1) and name.
    expected: BTreeMap<(usize, String), Tensor>,
    /// What each call gives.
    results: Vec<Outputs>,
}

pub(crate) struct Model {
    pub(crate) name: Name,
    /// As lowered.
    pub(crate) module: Module,
    /// After the passes.
    pub(crate) optimised: Module,
    pub(crate) params: Params,
}

impl Case {
    /// Checks and lowers a program, and runs its calls on the evaluator.
    pub(crate) fn load(path: &Path) -> Result<Case, String> {
        let text = support::read(path)?;
        let directives = parse(&text)?;
        let (sources, analysis) = support::check(&[("main", &text)]);
        if !analysis.diagnostics.is_empty() {
            return Err(support::messages(&sources, &analysis.diagnostics));
        }
        let program = &analysis.program;
        let messages = |it: Vec<nnc_base::Diagnostic>| support::messages(&sources, &it);
        let mut models = Vec::new();
        for model in &program.models {
            let lowered = lower(program, model).map_err(messages)?;
            let params = fill(&directives, &lowered.params)?;
            let optimised = optimise(&lowered.module)?;
            models.push(Model { name: model.name, module: lowered.module, optimised, params });
        }
        let tests = lower_tests(program).map_err(messages)?;
        let own = program
            .tests
            .iter()
            .any(|it| sources.get(it.span.file).is_some_and(|file| file.name == "main"));
        let tests = match own {
            true => {
                let optimised = optimise(&tests.module)?;
                Some((tests, optimised))
            }
            false => None,
        };
        if directives.calls.is_empty() && tests.is_none() {
            return Err("neither a `# run:` nor a `test`".to_owned());
        }
        let expected = read_expected(path)?;
        let mut case = Case { directives, models, tests, expected, results: Vec::new() };
        case.results = case.run(|model| {
            Ok(Box::new(Evaluator { module: &model.module, params: &model.params }))
        })?;
        Ok(case)
    }

    /// Holds the evaluator against what the comments say, and its tests' asserts.
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
        if let Some((tests, _)) = &self.tests {
            failures.extend(run_tests(tests, &tests.module));
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
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
        let Some(at) = output_of(entry, name) else {
            let (Some((_, found)), Value::Literal { numbers, .. }) =
                (outputs.dims.iter().find(|it| it.0.as_str() == name), value)
            else {
                return Err(format!("neither an output nor a length: {}", names(entry)));
            };
            let same = numbers.as_slice() == [*found as f64];
            return if same { Ok(()) } else { Err(format!("is {found}, should be {numbers:?}")) };
        };
        let found = &outputs.tensors[at];
        let wanted = match value.tensor(found.elem) {
            Some(wanted) => wanted,
            None => {
                let wanted = self.expected.get(&(call, name.to_owned()));
                wanted.ok_or("there are no expected numbers: run expected.py")?.cast(found.elem)
            }
        };
        compare(&wanted, found, tolerance)
    }

    /// Holds the evaluator on the optimised graphs against that on those as lowered.
    pub(crate) fn check_optimised(&self) -> Result<(), String> {
        let results = self.run(|model| {
            Ok(Box::new(Evaluator { module: &model.optimised, params: &model.params }))
        })?;
        let mut failures = self.differences(&results, self.tolerance("optimised"));
        if let Some((tests, optimised)) = &self.tests {
            failures.extend(run_tests(tests, optimised));
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
    }

    /// Holds code that a back end makes for a machine against the evaluator.
    pub(crate) fn check_compiled(&self, backend: &dyn Backend, cpu: &str) -> Result<(), String> {
        let results = self.run(|model| Ok(Box::new(Compiled::new(backend, cpu, model)?)))?;
        let failures = self.differences(&results, self.tolerance("compiled"));
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
    }

    /// Where an engine's results are not the evaluator's.
    pub(crate) fn differences(&self, results: &[Outputs], tolerance: f64) -> Vec<String> {
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

    pub(crate) fn tolerance(&self, what: &str) -> f64 {
        self.directives.tolerances.get(what).copied().unwrap_or(TOLERANCE)
    }

    /// Runs all calls, each model on an engine of its own.
    pub(crate) fn run<'a>(
        &'a self,
        engine: impl Fn(&'a Model) -> Result<Box<dyn Engine + 'a>, String>,
    ) -> Result<Vec<Outputs>, String> {
        let mut engines: Vec<Box<dyn Engine + 'a>> =
            self.models.iter().map(engine).collect::<Result<_, _>>()?;
        let mut state: BTreeMap<String, Tensor> = BTreeMap::new();
        let mut sizes: Vec<(Name, i64)> = Vec::new();
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
                let updated = entry.updates.iter().any(|it| it.dim == *name);
                let unknown = sizes.iter().all(|it| it.0 != *name);
                match sizes.iter_mut().find(|it| it.0 == *name) {
                    Some(known) if updated => known.1 = *size,
                    Some(_) => {}
                    None if unknown && (updated || is_given(call, *name)) => {
                        sizes.push((*name, *size));
                    }
                    None => {}
                }
            }
            results.push(outputs);
        }
        Ok(results)
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

fn is_given(call: &Call, dim: Name) -> bool {
    call.dims.iter().any(|it| it.0 == dim.as_str())
}

fn optimise(module: &Module) -> Result<Module, String> {
    let mut module = module.clone();
    let options = nnc_opt::Options::default();
    nnc_opt::run(&mut module, nnc_opt::pipeline(), &options, &mut |_| {})
        .map_err(|error| error.to_string())?;
    Ok(module)
}

/// The model's parameters as the comments say.
fn fill(directives: &Directives, params: &[ParamInfo]) -> Result<Params, String> {
    let mut filled = Params::new();
    for param in params {
        let shape: Vec<usize> =
            param.shape.iter().filter_map(|it| usize::try_from(*it).ok()).collect();
        let own = directives.param.iter().find(|it| it.0 == param.name);
        let tensor = match (own, directives.params) {
            (Some((_, value)), _) => value
                .tensor(param.elem)
                .filter(|it| it.shape == shape)
                .ok_or_else(|| format!("parameter `{}` is {}{shape:?}", param.name, param.elem))?,
            (None, Some(range)) => range.of_param(&param.name).tensor(param.elem, &shape),
            (None, None) => return Err(format!("nothing fills the parameter `{}`", param.name)),
        };
        filled.insert(param.name.clone(), tensor);
    }
    match directives.param.iter().find(|it| !filled.contains_key(&it.0)) {
        Some((name, _)) => {
            let known: Vec<&String> = filled.keys().collect();
            Err(format!("no parameter `{name}`; there are {known:?}"))
        }
        None => Ok(filled),
    }
}

/// Sizes and inputs of a call, in the order of the entry.
fn arguments(
    call: &Call,
    entry: &Entry,
    graph: &Graph,
    state: &BTreeMap<String, Tensor>,
    sizes: &[(Name, i64)],
) -> Result<(Vec<(Name, i64)>, Vec<Tensor>), String> {
    let given = |name: Name| call.inputs.iter().find(|it| it.0 == name.as_str()).map(|it| &it.1);
    let mut known: BTreeMap<Name, i64> = sizes.iter().copied().collect();
    for (input, ty) in entry.inputs.iter().zip(&graph.inputs) {
        let before = state.get(input.name.as_str()).map(|it| it.shape.as_slice());
        let Some(shape) = given(input.name).and_then(Value::shape).or(before) else { continue };
        for (dim, size) in ty.shape.iter().zip(shape) {
            if let Some(name) = dim.as_var() {
                known.insert(name, *size as i64);
            }
        }
    }
    for (name, size) in &call.dims {
        known.insert(Name::new(name), *size);
    }
    let mut dims = Vec::new();
    for dim in &graph.dims {
        let size = known.get(&dim.name);
        let size = size.ok_or_else(|| format!("the size `{}` is needed", dim.name))?;
        dims.push((dim.name, *size));
    }
    let mut inputs = Vec::new();
    for (input, ty) in entry.inputs.iter().zip(&graph.inputs) {
        let value = given(input.name).and_then(|value| value.tensor(ty.elem));
        let tensor = match value.or_else(|| state.get(input.name.as_str()).cloned()) {
            Some(tensor) => tensor,
            None if input.state.is_some() => {
                let size = |name: Name| known.get(&name).copied();
                let shape: Option<Vec<usize>> =
                    (ty.shape.iter()).map(|dim| usize::try_from(dim.eval(&size)?).ok()).collect();
                let shape = shape.ok_or_else(|| format!("`{}` has an open size", input.name))?;
                let numbers = vec![0.0; shape.iter().product()];
                Tensor::f32(&shape, numbers).cast(ty.elem)
            }
            None => return Err(format!("the input `{}` is needed", input.name)),
        };
        inputs.push(tensor);
    }
    let wrong = call.inputs.iter().find(|it| entry.inputs.iter().all(|i| i.name.as_str() != it.0));
    match wrong {
        Some((name, _)) => Err(format!("no input `{name}`: {}", names(entry))),
        None => Ok((dims, inputs)),
    }
}

fn names(entry: &Entry) -> String {
    let inputs: Vec<&str> = entry.inputs.iter().map(|it| it.name.as_str()).collect();
    let outputs: Vec<&str> = entry.outputs.iter().map(|it| it.name.as_str()).collect();
    format!("inputs {inputs:?}, outputs {outputs:?}")
}

/// The place of an output, or of what a state is afterwards.
fn output_of(entry: &Entry, name: &str) -> Option<usize> {
    entry.outputs.iter().position(|it| it.name.as_str() == name)
}

/// The asserts that do not hold.
fn run_tests(tests: &LoweredTests, module: &Module) -> Vec<String> {
    let mut failures = Vec::new();
    for (test, entry) in tests.tests.iter().zip(&module.entries) {
        let options = nnc_eval::Options::default();
        match nnc_eval::evaluate_graph(module, entry.graph, &[], &[], &[], &options) {
            Ok(outputs) => {
                for (at, output) in outputs.iter().enumerate() {
                    if output.data.int(0) == 0 {
                        failures.push(format!("  test {:?}: assert {} fails", test.name, at + 1));
                    }
                }
            }
            Err(error) => failures.push(format!("  test {:?}: {error}", test.name)),
        }
    }
    failures
}

/// `CALL NAME [SHAPE]` and then the numbers, row by row.
fn read_expected(program: &Path) -> Result<BTreeMap<(usize, String), Tensor>, String> {
    let name = program.file_stem().unwrap_or_default();
    let mut path = program.with_file_name("expected");
    path.push(name);
    path.set_extension("txt");
    let mut tensors = BTreeMap::new();
    if !path.exists() {
        return Ok(tensors);
    }
    let text = support::read(&path)?;
    let wrong = |at: &str| format!("{}: `{at}`", support::shown(&path));
    let mut lines = text.lines().peekable();
    while let Some(head) = lines.next() {
        let (front, shape) = head.split_once('[').ok_or_else(|| wrong(head))?;
        let mut words = front.split_whitespace();
        let (call, name) = (words.next().and_then(|it| it.parse().ok()), words.next());
        let (Some(call), Some(name)) = (call, name) else { return Err(wrong(head)) };
        let shape: Option<Vec<usize>> = (shape.trim_end_matches(']').split(','))
            .filter(|it| !it.trim().is_empty())
            .map(|it| it.trim().parse().ok())
            .collect();
        let shape = shape.ok_or_else(|| wrong(head))?;
        let mut numbers: Vec<f64> = Vec::new();
        while let Some(row) = lines.next_if(|line| !line.contains('[')) {
            for number in row.split_whitespace() {
                numbers.push(number.parse().map_err(|_| wrong(number))?);
            }
        }
        if numbers.len() != shape.iter().product::<usize>() {
            return Err(wrong(head));
        }
        let data = nnc_eval::Data::F64(numbers);
        let tensor = Tensor { elem: nnc_graph::Elem::F64, shape, data };
        tensors.insert((call, name.to_owned()), tensor);
    }
    Ok(tensors)
}
