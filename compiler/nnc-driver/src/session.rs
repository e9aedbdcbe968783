//! The phases in order, each run once.

use crate::load::{self, Loaded, Module};
use crate::{Error, Failure, Params, params};
use nnc_backend::Backend;
use nnc_base::{Diagnostic, Severity, Sources};
use nnc_hir::{Model, Program};
use nnc_lower::{Lowered, LoweredTests, TracePoint, Traces};
use nnc_plan::{Machine, Plan};
use nnc_sema::{Analysis, ModuleInput};
use nnc_syntax::ast;
use std::cell::{OnceCell, RefCell};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The code of a message of lowering that is about the compiler.
const LOWERING_BROKE: &str = "E0599";

/// The code of a message about a model that does not choose for all of its holes.
const OPEN_HOLE: &str = "E0509";

/// A program on its way: what has been computed of it stays here.
///
/// A phase that fails gives [`Error::Program`] with all its messages, and the phases
/// behind it give the same.
#[derive(Debug)]
pub struct Session {
    loaded: Loaded,
    analysis: OnceCell<Analysis>,
    models: OnceCell<Vec<ModelState>>,
    tests: OnceCell<Result<LoweredTests, Vec<Diagnostic>>>,
    times: RefCell<Vec<(&'static str, Duration)>>,
}

/// One of [`Session::models`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ModelId(usize);

#[derive(Debug)]
struct ModelState {
    model: Model,
    traces: Traces,
    lowered: OnceCell<Result<Lowered, Vec<Diagnostic>>>,
    optimised: OnceCell<nnc_graph::Module>,
    plan: OnceCell<(Machine, Arc<Plan>)>,
}

impl ModelState {
    /// What was made of the model no longer holds.
    fn forget(&mut self) {
        (self.lowered, self.optimised, self.plan) =
            (OnceCell::new(), OnceCell::new(), OnceCell::new());
    }
}

impl Session {
    /// Reads a file with what it uses, or all files of a folder.
    pub fn open(root: &Path) -> Result<Session, Error> {
        let start = Instant::now();
        let session = Session::of(load::load(root)?);
        session.took("parse", start);
        Ok(session)
    }

    /// A program that is one text, which can use the library alone.
    pub fn from_text(name: &str, text: &str) -> Session {
        Session::of(load::load_text(name, text))
    }

    fn of(loaded: Loaded) -> Session {
        Session {
            loaded,
            analysis: OnceCell::new(),
            models: OnceCell::new(),
            tests: OnceCell::new(),
            times: RefCell::default(),
        }
    }

    /// The texts that messages point into.
    pub fn sources(&self) -> &Sources {
        &self.loaded.sources
    }

    /// How long each phase took, in the order in which they were run.
    pub fn times(&self) -> Vec<(&'static str, Duration)> {
        self.times.borrow().clone()
    }

    fn took(&self, phase: &'static str, start: Instant) {
        self.times.borrow_mut().push((phase, start.elapsed()));
    }

    pub(crate) fn modules(&self) -> &[Module] {
        &self.loaded.modules
    }

    fn inputs(&self) -> Vec<ModuleInput<'_>> {
        let modules = self.loaded.modules.iter();
        modules.map(|it| ModuleInput { path: &it.path, ast: &it.ast, file: it.file }).collect()
    }

    /// What is checked, if there are no errors in it: for questions about the program.
    pub(crate) fn module_inputs(&self) -> Result<Vec<ModuleInput<'_>>, Error> {
        self.program()?;
        Ok(self.inputs())
    }

    /// What is checked, if it could be read: for questions about a program that is not done.
    pub(crate) fn read_inputs(&self) -> Result<Vec<ModuleInput<'_>>, Error> {
        let errors = self.loaded.diagnostics.iter().filter(|it| it.is_error());
        let errors: Vec<Diagnostic> = errors.cloned().collect();
        if errors.is_empty() { Ok(self.inputs()) } else { Err(Error::Program(errors)) }
    }

    fn analysis(&self) -> &Analysis {
        self.analysis.get_or_init(|| {
            let start = Instant::now();
            let analysis = nnc_sema::analyze(&self.inputs());
            self.took("analyze", start);
            analysis
        })
    }

    /// The messages of parsing and checking, file by file.
    ///
    /// What could not be parsed is missing from the program, so that most of what checking
    /// would find is only that: names and sizes that were lost. It is left out then.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = self.loaded.diagnostics.clone();
        if all.iter().any(Diagnostic::is_error) {
            all.sort_by_key(Diagnostic::span);
            return all;
        }
        all.extend(self.analysis().diagnostics.iter().cloned());
        all.sort_by_key(Diagnostic::span);
        all
    }

    /// Those of [`Session::diagnostics`] that are no errors.
    pub fn warnings(&self) -> Vec<Diagnostic> {
        self.diagnostics().into_iter().filter(|it| !it.is_error()).collect()
    }

    /// All that is wrong with the program, the numbers of all its models included.
    pub fn check(&self) -> Vec<Diagnostic> {
        let mut all = self.diagnostics();
        if all.iter().any(Diagnostic::is_error) {
            return all;
        }
        for state in self.states(self.analysis()) {
            match self.lowered_state(state) {
                Ok(_) => {}
                Err(diagnostics) => match self.checked_space(state, diagnostics) {
                    Some(of_space) => all.extend(of_space),
                    None => all.extend(diagnostics.iter().cloned()),
                },
            }
        }
        let root = |file| self.modules().iter().any(|it| it.root && it.file == file);
        all.extend(nnc_lower::check_tests(&self.analysis().program, &root));
        all
    }

    /// What is to be said of a model that leaves holes open: it is no mistake, since a search
    /// begins with it, if its first member has none.
    fn checked_space(
        &self,
        state: &ModelState,
        diagnostics: &[Diagnostic],
    ) -> Option<Vec<Diagnostic>> {
        let [open] = diagnostics else { return None };
        if open.code.0 != OPEN_HOLE {
            return None;
        }
        let program = &self.analysis().program;
        let holes = nnc_lower::holes(program, &state.model).ok()?;
        let first = crate::search::first_member(&holes, &state.model)?;
        let mut all = vec![Diagnostic { severity: Severity::Warning, ..open.clone() }];
        all.extend(nnc_lower::lower(program, &first).err().into_iter().flatten());
        Some(all)
    }

    /// The typed program, as far as it could be understood.
    pub fn best_program(&self) -> &Program {
        &self.analysis().program
    }

    /// The typed program, if it has no errors.
    pub fn program(&self) -> Result<&Program, Error> {
        let diagnostics = self.diagnostics();
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Error::Program(diagnostics));
        }
        Ok(&self.analysis().program)
    }

    /// The models that can be run: those of the root's files, or if these have none, of
    /// all files.
    fn states(&self, analysis: &Analysis) -> &[ModelState] {
        self.models.get_or_init(|| {
            let program = &analysis.program;
            let exports =
                program.exports.iter().filter_map(|it| nnc_lower::model_of_export(program, it));
            let mut models = program.models.to_vec();
            for export in exports {
                // Exports of one layer are entries of one model.
                let same = |it: &&mut Model| {
                    it.checkpoint.is_none()
                        && it.layer == export.layer
                        && it.name == export.name
                        && it.module == export.module
                };
                match models.iter_mut().find(same) {
                    Some(model) => model.entries.extend(export.entries),
                    None => models.push(export),
                }
            }
            let of_root = |model: &Model| {
                let mut modules = self.loaded.modules.iter();
                modules.any(|it| it.root && it.path == model.module.as_str())
            };
            if models.iter().any(of_root) {
                models.retain(of_root);
            }
            models
                .into_iter()
                .map(|model| ModelState {
                    model,
                    traces: Traces::default(),
                    lowered: OnceCell::new(),
                    optimised: OnceCell::new(),
                    plan: OnceCell::new(),
                })
                .collect()
        })
    }

    /// The models of the program that can be run.
    pub fn models(&self) -> Result<Vec<ModelId>, Error> {
        self.program()?;
        Ok((0..self.states(self.analysis()).len()).map(ModelId).collect())
    }

    /// The model with a name, or the only one.
    pub fn model(&self, name: Option<&str>) -> Result<ModelId, Error> {
        self.program()?;
        let states = self.states(self.analysis());
        let names: Vec<&str> = states.iter().map(|it| it.model.name.as_str()).collect();
        let found: Vec<usize> =
            (0..names.len()).filter(|at| name.is_none_or(|name| name == names[*at])).collect();
        match (found.as_slice(), name) {
            ([at], _) => Ok(ModelId(*at)),
            ([], None) => Err(no_model(self.best_program())),
            ([], Some(name)) => {
                Err(Error::Usage(Failure::new(format!("there is no model `{name}`")).names(
                    name,
                    "the models",
                    &names,
                )))
            }
            (_, Some(name)) => Err(Error::usage(format!("several models are called `{name}`"))
                .help("give them different names, or name the file that declares one")),
            (_, None) => Err(Error::usage(format!("the program has {} models", names.len()))
                .help(format!("choose one with `--model`: {}", names.join(", ")))),
        }
    }

    /// Leaves out all entries of a model but one, which later phases then need not carry.
    pub fn keep_entry(&mut self, model: ModelId, entry: &str) {
        let states = self.models.get_mut().map(Vec::as_mut_slice).unwrap_or_default();
        let Some(state) = states.get_mut(model.0) else { return };
        if state.model.entries.iter().any(|it| it.name.as_str() == entry) {
            state.model.entries.retain(|it| it.name.as_str() == entry);
            state.forget();
        }
    }

    /// Makes values on the way of a model's entries further outputs and inputs. What is
    /// asked for has to be there.
    pub fn trace(&mut self, model: ModelId, traces: Traces) -> Result<&[TracePoint], Error> {
        let states = self.models.get_mut().map(Vec::as_mut_slice).unwrap_or_default();
        if let Some(state) = states.get_mut(model.0) {
            state.traces = traces;
            state.forget();
        }
        let points = &self.lowered(model)?.points;
        let traces = &self.state(model).traces;
        for pattern in traces.read.iter().chain(&traces.replaced) {
            if !points.iter().any(|point| point.is(pattern)) {
                return Err(no_point(pattern, points));
            }
        }
        for pattern in &traces.replaced {
            if let Some(point) = points.iter().find(|it| it.in_scan && it.is(pattern)) {
                let why = "it has a value for each step of a scan, and can only be read";
                return Err(Error::usage(format!("`{}` cannot be replaced", point.name)).note(why));
            }
        }
        Ok(points)
    }

    /// Adds rewrites to a model, in the words of a `rewrite` line: `blocks: drop [3]`, with or
    /// without quotes around the place.
    pub fn rewrite(&mut self, model: ModelId, lines: &[String]) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        let state = self.state(model);
        let (name, layer) = (state.model.name, state.model.layer.layer);
        let layer = self.program()?.layers[layer].name;
        let mut rewrites = Vec::new();
        for line in lines {
            let text = format!("model {name} = {layer} {{\n    rewrite {}\n}}\n", quoted(line));
            let file = self.loaded.sources.add("--rewrite", text.as_str());
            let parsed = nnc_syntax::parse(file, &text);
            if parsed.diagnostics.iter().any(Diagnostic::is_error) {
                return Err(Error::Program(parsed.diagnostics));
            }
            for item in &parsed.module.items {
                let ast::ItemKind::Model(written) = &item.kind else { continue };
                for written in &written.rewrites {
                    let rewrite = nnc_sema::rewrite(written);
                    rewrites.push(rewrite.map_err(|it| Error::Program(vec![*it]))?);
                }
            }
        }
        let states = self.models.get_mut().map(Vec::as_mut_slice).unwrap_or_default();
        if let Some(state) = states.get_mut(model.0) {
            state.model.rewrites.extend(rewrites);
            state.forget();
        }
        Ok(())
    }

    pub fn declaration(&self, model: ModelId) -> &Model {
        &self.state(model).model
    }

    fn state(&self, model: ModelId) -> &ModelState {
        &self.states(self.analysis())[model.0]
    }

    fn lowered_state<'a>(&self, state: &'a ModelState) -> Result<&'a Lowered, &'a Vec<Diagnostic>> {
        let lowered = state.lowered.get_or_init(|| {
            let start = Instant::now();
            let program = &self.analysis().program;
            let lowered = nnc_lower::lower_traced(program, &state.model, &state.traces);
            self.took("lower", start);
            lowered
        });
        lowered.as_ref()
    }

    /// The model as a graph, as the program says it.
    pub fn lowered(&self, model: ModelId) -> Result<&Lowered, Error> {
        let lowered = self.lowered_state(self.state(model));
        lowered.map_err(|diagnostics| program_error(diagnostics))
    }

    /// The parameters of a model: from a weight file, or as they start.
    pub fn params(
        &self,
        model: ModelId,
        weights: Option<&Path>,
        seed: u64,
    ) -> Result<Params<'_>, Error> {
        let lowered = self.lowered(model)?;
        let Some(path) = weights else {
            return Ok(Params::initial(&lowered.written, seed).rewritten(&lowered.params));
        };
        let start = Instant::now();
        let declared = self.declaration(model);
        let params = Params::open(self.program()?, declared, &lowered.written, path)?;
        self.took("checkpoint", start);
        Ok(params.rewritten(&lowered.params))
    }

    /// What of a weight file does not fit a model; its header is read and no tensor.
    pub fn check_weights(&self, model: ModelId, path: &Path) -> Result<Vec<Diagnostic>, Error> {
        let infos = &self.lowered(model)?.written;
        let (_, _, diagnostics) =
            params::compare(self.program()?, self.declaration(model), infos, path)?;
        Ok(diagnostics)
    }

    /// The graph after all passes.
    pub fn optimised(&self, model: ModelId) -> Result<&nnc_graph::Module, Error> {
        let state = self.state(model);
        if let Some(module) = state.optimised.get() {
            return Ok(module);
        }
        let start = Instant::now();
        let module = optimise(&self.lowered(model)?.module)?;
        self.took("optimise", start);
        Ok(state.optimised.get_or_init(|| module))
    }

    /// The kernels for a machine. A session plans for one machine.
    pub fn plan(&self, model: ModelId, machine: &Machine) -> Result<Arc<Plan>, Error> {
        let state = self.state(model);
        if let Some((_, plan)) = state.plan.get().filter(|(planned, _)| planned == machine) {
            return Ok(plan.clone());
        }
        let module = self.optimised(model)?;
        let start = Instant::now();
        let plan = Arc::new(nnc_plan::plan(module, machine)?);
        self.took("plan", start);
        let (planned, kept) = state.plan.get_or_init(|| (machine.clone(), plan.clone()));
        Ok(if planned == machine { kept.clone() } else { plan })
    }

    /// The plan for a back end, which can take it.
    pub fn plan_for(
        &self,
        model: ModelId,
        backend: &dyn Backend,
        options: &nnc_backend::Options,
    ) -> Result<Arc<Plan>, Error> {
        let plan = self.plan(model, &backend.machine(options)?)?;
        let diagnostics = backend.check(&plan);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Error::Program(diagnostics));
        }
        Ok(plan)
    }

    /// A form of the compiled model.
    pub fn compile(
        &self,
        model: ModelId,
        backend: &dyn Backend,
        options: &nnc_backend::Options,
        form: nnc_backend::Form,
    ) -> Result<nnc_backend::Artifact, Error> {
        let plan = self.plan_for(model, backend, options)?;
        let start = Instant::now();
        let artifact = backend.compile(self.optimised(model)?, &plan, options, form)?;
        self.took("compile", start);
        Ok(artifact)
    }

    /// The compiled model in this process.
    pub fn load(
        &self,
        model: ModelId,
        backend: &dyn Backend,
        options: &nnc_backend::Options,
    ) -> Result<(Arc<Plan>, Box<dyn nnc_backend::Code>), Error> {
        let plan = self.plan_for(model, backend, options)?;
        let start = Instant::now();
        let code = backend.load(&plan, options)?;
        self.took("compile", start);
        Ok((plan, code))
    }

    /// The names of the tests of the root's files, examples of doc comments included.
    pub fn test_names(&self) -> Result<Vec<String>, Error> {
        let root = |file| self.modules().iter().any(|it| it.root && it.file == file);
        let tests = self.program()?.tests.iter().filter(|it| root(it.span.file));
        Ok(tests.map(|it| it.name.clone()).collect())
    }

    /// The `test` blocks as graphs without inputs.
    pub fn tests(&self) -> Result<&LoweredTests, Error> {
        let program = self.program()?;
        let tests = self.tests.get_or_init(|| {
            let start = Instant::now();
            let tests = nnc_lower::lower_tests(program);
            self.took("lower", start);
            tests
        });
        tests.as_ref().map_err(|diagnostics| program_error(diagnostics))
    }
}

/// A rewrite as a line of a model has it, its place in quotes.
fn quoted(line: &str) -> String {
    let line = line.trim();
    let line = line.strip_prefix("rewrite ").unwrap_or(line).trim_start();
    match line.split_once(':') {
        Some((place, rest)) if !line.starts_with('"') => format!("\"{}\":{rest}", place.trim()),
        _ => line.to_owned(),
    }
}

/// The module after all passes.
pub(crate) fn optimise(module: &nnc_graph::Module) -> Result<nnc_graph::Module, Error> {
    let mut module = module.clone();
    let options = nnc_opt::Options::default();
    nnc_opt::run(&mut module, nnc_opt::pipeline(), &options, &mut |_| ())
        .map_err(|broken| broken_pass(&broken))?;
    Ok(module)
}

pub(crate) fn broken_pass(broken: &nnc_opt::BrokenPass) -> Error {
    let what = match broken.pass {
        Some(pass) => format!("pass `{pass}` broke the graph: {}", broken.error),
        None => format!("the graph is not well-formed: {}", broken.error),
    };
    Error::Internal { what, ir: broken.dump.clone() }
}

/// Messages about a program, unless one of them is about the compiler.
pub(crate) fn program_error(diagnostics: &[Diagnostic]) -> Error {
    match diagnostics.iter().find(|it| it.code.0 == LOWERING_BROKE) {
        Some(broken) => Error::internal(broken.message.clone()),
        None => Error::Program(diagnostics.to_vec()),
    }
}

/// A pattern that stands for no trace point.
fn no_point(pattern: &str, points: &[TracePoint]) -> Error {
    let names: Vec<&str> = points.iter().map(|it| it.name.as_str()).collect();
    let failure = Failure::new(format!("no value on the way is called `{pattern}`"));
    let failure = match nnc_base::nearest(pattern, names.iter().copied()) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`nnc run --trace-points` lists their names"),
    };
    Error::Usage(failure)
}

fn no_model(program: &Program) -> Error {
    let mut layers = program.layers.values();
    let open = layers.rfind(|layer| layer.main.is_some() && layer.span.file.raw() == 0);
    let (name, sizes) = match open {
        Some(layer) => {
            let sizes: Vec<&str> = layer.params.iter().map(|it| it.name.as_str()).collect();
            (layer.name.as_str(), sizes)
        }
        None => ("Layer", vec!["D"]),
    };
    let sizes = if sizes.is_empty() { String::new() } else { format!("<{}>", sizes.join(", ")) };
    let sure = if sizes.is_empty() { "" } else { ", with numbers for the sizes" };
    Error::usage("the program declares no model, so there is nothing to run").help(format!(
        "add one that says which layer and what may call it: `model m = {name}{sizes} {{ entry \
         main with {{ B <= 8 }} }}`{sure}"
    ))
}

#[cfg(test)]
mod tests;
