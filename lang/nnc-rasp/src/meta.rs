//! Running a program: statements with names, functions, lists and loops are executed, and
//! what s-ops and selectors they make is a graph.
//!
//! Each s-op and selector is evaluated on the running example as soon as it is made, so
//! that a mistake is told where it was made and not where its result is used.

mod env;
mod expr;
mod operators;
mod value;

pub use value::{Dict, Function, Value};

use crate::ast::{Expr, Ident, Statement, StatementKind, Which};
use crate::call::{CallId, Calls};
use crate::errors::{self, Fault};
use crate::graph::{Graph, NodeId, Op, Reading};
use crate::object::{Evaluated, Input, ObjectFault, Run};
use crate::parse::{Parsed, parse};
use crate::value::Atom;
use env::Env;
use nnc_base::{Diagnostic, FileId, Name, Span};
use std::rc::Rc;

/// The library, whose names every program has.
const LIBRARY: &str = include_str!("library.rasp");

/// The longest list or dict.
const MOST_ENTRIES: usize = 1 << 20;

/// How deeply expressions and calls may be nested in each other.
const DEEPEST: usize = 1500;

/// How many graph nodes a program may make.
const MOST_NODES: usize = 1 << 20;

/// Where the texts of files come from.
pub trait Loader {
    /// The text behind `load "path"`, and the file that its places are in; or why there is
    /// none.
    fn load(&mut self, path: &str) -> std::result::Result<(FileId, String), String>;
}

/// Something that a statement did, to be shown.
#[derive(Clone, Debug)]
pub enum Event {
    /// A name was given a value.
    Bound {
        name: Name,
        value: Value,
    },
    /// An expression was evaluated; `name` is what it is called, if it is a name.
    Shown {
        name: Option<Name>,
        value: Value,
    },
    /// A picture is wanted.
    Drawn {
        node: NodeId,
        input: Rc<Input>,
        result: Rc<Evaluated>,
    },
    /// The running example is wanted.
    Example(Which),
    /// A file was loaded, and gave these names their values.
    Loaded {
        path: Rc<str>,
        bound: Vec<(Name, Value)>,
    },
    /// A mistake; the statement had no effect.
    Mistake(Box<Diagnostic>),
    Exit,
}

/// How much of results is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shows {
    pub sops: bool,
    pub selectors: bool,
    /// Whether a sequence stands below its input, letter by letter.
    pub full: bool,
}

type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// Where an expression is evaluated.
#[derive(Clone)]
struct Cx {
    env: Rc<Env>,
    /// The input that the expression's value is going to be run on. A value that the
    /// running example does not suit may still be right for it.
    backup: Option<Rc<Input>>,
}

/// A program while it runs.
pub struct Machine<'l> {
    graph: Graph,
    calls: Calls,
    console: Rc<Env>,
    /// What loaded files begin with.
    base: Rc<Env>,
    /// The selector of everything that the language itself uses.
    everything: NodeId,
    sop_example: Rc<Input>,
    selector_example: Rc<Input>,
    shows: Shows,
    /// The values on the inputs that were used last.
    runs: Vec<Run>,
    loader: Box<dyn Loader + 'l>,
    loading: Vec<Rc<str>>,
    call: Option<CallId>,
    in_library: bool,
    depth: usize,
    events: Vec<Event>,
}

/// On how many inputs values are remembered.
const MOST_RUNS: usize = 4;

impl<'l> Machine<'l> {
    /// A machine that has the library and the running example "hello".
    pub fn new(loader: impl Loader + 'l) -> Machine<'l> {
        let mut machine = Machine::without_library(loader);
        machine.load_library();
        machine
    }

    /// A machine for a program: with the library, unless the program is one, which defines
    /// all of its names.
    pub fn for_program(loader: impl Loader + 'l, program: &Parsed) -> Machine<'l> {
        let mut machine = Machine::without_library(loader);
        let defined = top_names(program);
        let library = top_names(&parse(Span::NONE.file, LIBRARY));
        if library.iter().all(|it| defined.contains(it)) {
            machine.in_library = false;
            machine.name_tokens();
        } else {
            machine.load_library();
        }
        machine
    }

    fn without_library(loader: impl Loader + 'l) -> Machine<'l> {
        let mut graph = Graph::default();
        let mut constants = vec![
            (Name::new("True"), Value::Atom(Atom::Bool(true))),
            (Name::new("False"), Value::Atom(Atom::Bool(false))),
        ];
        for reading in Reading::ALL {
            let id = graph.push(Op::Tokens(reading), reading.as_str(), Span::NONE, None);
            constants.push((Name::new(reading.as_str()), Value::Sop(id)));
        }
        let indices = graph.push(Op::Indices, "indices", Span::NONE, None);
        constants.push((Name::new("indices"), Value::Sop(indices)));
        let one = graph.push(Op::Constant(Atom::Int(0)), "0", Span::NONE, None);
        let all = Op::Select { key: one, query: one, compare: crate::ast::Compare::Equal };
        let everything = graph.push(all, "full average", Span::NONE, None);
        let example = Rc::new(hello());
        let console = Rc::new(Env::outermost(constants));
        Machine {
            graph,
            calls: Calls::default(),
            base: console.snapshot(),
            console,
            everything,
            sop_example: example.clone(),
            selector_example: example,
            shows: Shows { sops: true, selectors: true, full: false },
            runs: Vec::new(),
            loader: Box::new(loader),
            loading: Vec::new(),
            call: None,
            in_library: true,
            depth: 0,
            events: Vec::new(),
        }
    }

    fn load_library(&mut self) {
        let parsed = parse(Span::NONE.file, LIBRARY);
        let env = Env::file(&self.base, &self.console);
        self.run_file(&parsed, &env);
        self.console.reserve_all();
        self.base = self.console.snapshot();
        self.in_library = false;
        self.name_tokens();
    }

    fn name_tokens(&mut self) {
        // A name like any other, which a program may give another meaning.
        let tokens = Name::new("tokens");
        if let Ok(text) = self.console.get(Name::new(Reading::Text.as_str())) {
            // Nothing has defined the name.
            let _ = self.console.set(tokens, text);
        }
        self.base = self.console.snapshot();
    }

    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    pub fn shows(&self) -> Shows {
        self.shows
    }

    pub fn example(&self, selectors: bool) -> &Input {
        if selectors { &self.selector_example } else { &self.sop_example }
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.console.get(Name::new(name)).ok()
    }

    /// All names that are known, for completion.
    pub fn names(&self) -> Vec<Name> {
        self.console.known()
    }

    /// What was defined since the library, in the order of the first definition.
    pub fn defined(&self) -> Vec<(Name, Value)> {
        let library = self.base.defined().len();
        self.console.defined().into_iter().skip(library).collect()
    }

    /// Runs statements one after the other; a mistake ends its own statement only.
    pub fn run(&mut self, parsed: &Parsed) -> Vec<Event> {
        self.events.clear();
        let cx = Cx { env: self.console.clone(), backup: None };
        for statement in &parsed.statements {
            match self.top_statement(statement, &cx) {
                Ok(true) => {}
                Ok(false) => {
                    self.events.push(Event::Exit);
                    break;
                }
                Err(mistake) => self.mistaken(mistake, statement.span),
            }
        }
        std::mem::take(&mut self.events)
    }

    /// Runs a file as `load` does.
    pub fn load(&mut self, path: &str) -> Vec<Event> {
        self.events.clear();
        let cx = Cx { env: self.console.clone(), backup: None };
        if let Err(mistake) = self.load_into(&Rc::from(path), Span::NONE, &cx) {
            self.events.push(Event::Mistake(mistake));
        }
        std::mem::take(&mut self.events)
    }

    /// The value of an s-op or selector on an input.
    pub fn evaluate(&mut self, node: NodeId, input: &Input) -> Result<Rc<Evaluated>> {
        self.value_on(node, input).map_err(|fault| self.object_mistake(fault, input))
    }

    /// Notes a mistake; one about what no user wrote is about the statement.
    fn mistaken(&mut self, mut mistake: Box<Diagnostic>, statement: Span) {
        if let Some(first) = mistake.labels.first_mut()
            && first.span.is_none()
        {
            first.span = statement;
        }
        self.events.push(Event::Mistake(mistake));
    }

    /// A statement that stands in no block; whether to go on.
    fn top_statement(&mut self, statement: &Statement, cx: &Cx) -> Result<bool> {
        match &statement.kind {
            StatementKind::Expr(expr) => {
                let value = self.expr(expr, cx)?;
                let name = match &expr.kind {
                    crate::ast::ExprKind::Name(name) => Some(*name),
                    _ => None,
                };
                self.events.push(Event::Shown { name, value });
            }
            StatementKind::Assign { names, values } => {
                for (name, value) in self.assign(names, values, cx)? {
                    self.events.push(Event::Bound { name, value });
                }
            }
            StatementKind::Def(def) => {
                self.statement(statement, cx)?;
                let value =
                    cx.env.get(def.name.name).map_err(|it| Box::new(it.at(def.name.span)))?;
                self.events.push(Event::Bound { name: def.name.name, value });
            }
            StatementKind::SetExample { which, example } => {
                let value = self.expr(example, cx)?;
                let input = Rc::new(input(&value).map_err(|it| Box::new(it.at(example.span)))?);
                if *which != Which::Selector {
                    self.sop_example = input.clone();
                }
                if *which != Which::Sop {
                    self.selector_example = input;
                }
            }
            StatementKind::ShowExample(which) => self.events.push(Event::Example(*which)),
            StatementKind::Examples { which, on } => {
                if *which != Which::Selector {
                    self.shows.sops = *on;
                }
                if *which != Which::Sop {
                    self.shows.selectors = *on;
                }
            }
            StatementKind::FullDisplay(on) => self.shows.full = *on,
            StatementKind::Exit => return Ok(false),
            StatementKind::For(_)
            | StatementKind::Draw { .. }
            | StatementKind::Load { .. }
            | StatementKind::Error => self.statement(statement, cx)?,
        }
        Ok(true)
    }

    /// A statement for what it does, of which nothing is shown but pictures.
    fn statement(&mut self, statement: &Statement, cx: &Cx) -> Result<()> {
        match &statement.kind {
            StatementKind::Expr(expr) => self.expr(expr, cx).map(drop),
            StatementKind::Assign { names, values } => self.assign(names, values, cx).map(drop),
            StatementKind::Def(def) => {
                let function =
                    Function { def: def.clone(), env: cx.env.clone(), library: self.in_library };
                self.set(cx, def.name, Value::Function(Rc::new(function)))
            }
            StatementKind::For(all) => {
                let items = self.expr(&all.items, cx)?;
                let items = items.items().ok_or_else(|| {
                    let found = items.described();
                    Box::new(
                        errors::wrong_kind("`for`", "a list or a dict", &found).at(all.items.span),
                    )
                })?;
                for item in items {
                    self.set_names(&all.names, item, cx)?;
                    for statement in &all.body {
                        self.statement(statement, cx)?;
                    }
                }
                Ok(())
            }
            StatementKind::Draw { what, input } => self.draw(what, input.as_ref(), cx),
            StatementKind::Load { path, at } => self.load_into(path, *at, cx),
            // Said to the console, which is not where this is.
            StatementKind::SetExample { .. }
            | StatementKind::ShowExample(_)
            | StatementKind::Examples { .. }
            | StatementKind::FullDisplay(_)
            | StatementKind::Exit
            | StatementKind::Error => Ok(()),
        }
    }

    fn set(&mut self, cx: &Cx, ident: Ident, value: Value) -> Result<()> {
        cx.env.set(ident.name, value).map_err(|it| Box::new(it.at(ident.span)))
    }

    fn assign(&mut self, names: &[Ident], values: &[Expr], cx: &Cx) -> Result<Vec<(Name, Value)>> {
        let mut found = Vec::with_capacity(values.len());
        for value in values {
            found.push(self.expr(value, cx)?);
        }
        let span = values.first().map_or(Span::NONE, |it| it.span);
        let mut found = match (found.len(), names.len()) {
            (1, 1) => found,
            (1, wanted) => match found.remove(0) {
                value if value.parts().is_none() => {
                    let found = value.described();
                    return Err(Box::new(errors::no_values(wanted, &found).at(span)));
                }
                value => value.parts().unwrap_or_default(),
            },
            (_, 1) => vec![Value::list(found)],
            _ => found,
        };
        if found.len() != names.len() {
            return Err(Box::new(errors::value_count(names.len(), found.len()).at(span)));
        }
        let mut bound = Vec::with_capacity(names.len());
        for (name, value) in names.iter().zip(found.drain(..)) {
            self.set(cx, *name, value.clone())?;
            if let Some(node) = value.node() {
                self.graph.rename(node, name.name.as_str(), true);
            }
            bound.push((name.name, value));
        }
        Ok(bound)
    }

    /// Gives the names of a loop the next value, or its parts.
    fn set_names(&mut self, names: &[Ident], value: Value, cx: &Cx) -> Result<()> {
        let span = names.first().map_or(Span::NONE, |it| it.span);
        let values = match names {
            [_] => vec![value],
            _ => value.parts().ok_or_else(|| {
                Box::new(errors::no_values(names.len(), &value.described()).at(span))
            })?,
        };
        if values.len() != names.len() {
            return Err(Box::new(errors::value_count(names.len(), values.len()).at(span)));
        }
        for (name, value) in names.iter().zip(values) {
            self.set(cx, *name, value)?;
        }
        Ok(())
    }

    fn draw(&mut self, what: &Expr, on: Option<&Expr>, cx: &Cx) -> Result<()> {
        let example = match on {
            Some(expr) => {
                let value = self.expr(expr, cx)?;
                Rc::new(input(&value).map_err(|it| Box::new(it.at(expr.span)))?)
            }
            None => self.sop_example.clone(),
        };
        let inside = Cx { env: cx.env.clone(), backup: Some(example.clone()) };
        let value = self.expr(what, &inside)?;
        let Value::Sop(node) = value else {
            let found = value.described();
            return Err(Box::new(errors::wrong_kind("`draw`", "an s-op", &found).at(what.span)));
        };
        let result = self.evaluate(node, &example)?;
        self.events.push(Event::Drawn { node, input: example, result });
        Ok(())
    }

    fn load_into(&mut self, path: &Rc<str>, at: Span, cx: &Cx) -> Result<()> {
        if self.loading.contains(path) {
            return Err(Box::new(errors::load_circle(path).at(at)));
        }
        let loaded = self.loader.load(path);
        let (file, text) = loaded.map_err(|why| Box::new(errors::not_loaded(path, &why).at(at)))?;
        let parsed = parse(file, &text);
        for mistake in &parsed.diagnostics {
            self.events.push(Event::Mistake(Box::new(mistake.clone())));
        }
        self.loading.push(path.clone());
        let env = Env::file(&self.base, &cx.env);
        let bound = self.run_file(&parsed, &env);
        self.loading.pop();
        self.events.push(Event::Loaded { path: path.clone(), bound });
        Ok(())
    }

    /// Runs a file's statements with names of its own, and gives what others see of them.
    fn run_file(&mut self, parsed: &Parsed, env: &Rc<Env>) -> Vec<(Name, Value)> {
        let cx = Cx { env: env.clone(), backup: None };
        for statement in &parsed.statements {
            let before = self.events.len();
            let outcome = self.top_statement(statement, &cx);
            // Of what it did, its mistakes and its pictures are of interest.
            let mut at = 0;
            self.events.retain(|event| {
                at += 1;
                at <= before || !matches!(event, Event::Bound { .. } | Event::Shown { .. })
            });
            match outcome {
                Ok(true) => {}
                Ok(false) => break,
                Err(mistake) => self.mistaken(mistake, statement.span),
            }
        }
        env.defined().into_iter().filter(|(name, _)| !name.as_str().starts_with('_')).collect()
    }

    fn value_on(
        &mut self,
        node: NodeId,
        input: &Input,
    ) -> std::result::Result<Rc<Evaluated>, ObjectFault> {
        let at = match self.runs.iter().position(|run| run.input() == input) {
            Some(at) => at,
            None => {
                if self.runs.len() >= MOST_RUNS {
                    self.runs.remove(0);
                }
                self.runs.push(Run::new(input.clone()));
                self.runs.len() - 1
            }
        };
        match self.runs.get_mut(at) {
            Some(run) => run.value(&self.graph, node),
            None => Err(ObjectFault { fault: errors::not_evaluated(), node }),
        }
    }

    /// Makes a message of what could not be computed.
    fn object_mistake(&self, fault: ObjectFault, input: &Input) -> Box<Diagnostic> {
        let node = &self.graph[fault.node];
        let mean = fault.fault.is_mean();
        let mut diagnostic = fault.fault.at(node.span).here("evaluated here");
        if let (true, Op::Aggregate { selector, .. }) = (mean, &node.op) {
            let selector = &self.graph[*selector];
            diagnostic = diagnostic.label(selector.span, "this selector selects them");
        }
        Box::new(diagnostic.note(format!("this is on the input {}", input.written())))
    }
}

/// The names that a program defines outside functions and loops.
fn top_names(program: &Parsed) -> Vec<Name> {
    let of = |statement: &Statement| match &statement.kind {
        StatementKind::Def(def) => vec![def.name.name],
        StatementKind::Assign { names, .. } => names.iter().map(|it| it.name).collect(),
        _ => Vec::new(),
    };
    program.statements.iter().flat_map(of).collect()
}

/// The running example of a new machine.
fn hello() -> Input {
    Input::letters('h', "ello")
}

/// What a value is as an input.
fn input(value: &Value) -> std::result::Result<Input, Fault> {
    if let Value::Atom(Atom::Text(text)) = value {
        return Input::text(text).ok_or_else(errors::empty_input);
    }
    let items = value.items().ok_or_else(|| errors::no_input(&value.described()))?;
    let mut atoms = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Value::Atom(atom) => atoms.push(atom),
            item => {
                return Err(errors::no_input(&format!("{} in it", item.described())));
            }
        }
    }
    Input::values(atoms).ok_or_else(errors::empty_input)
}
