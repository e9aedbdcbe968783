//! Models and their entries.

use std::rc::Rc;

use nnc_base::{Diagnostic, Name, Span};
use nnc_graph::{
    Entry, EntryInput, EntryOutput, Graph, Module, RunDim, StateUpdate, TensorType, Value,
};
use nnc_hir as hir;
use nnc_hir::{DimOrigin, DimParam, Function, LayerUse, Model, Program, Type};
use nnc_shape::Dim;

use crate::condition::{decide, facts_of};
use crate::errors;
use crate::fold::leaves;
use crate::frame::Frame;
use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};
use crate::params::ParamInfo;
use crate::rewrite;
use crate::space;
use crate::trace::{TracePoint, Traces};
use crate::uses::Use;
use crate::value::{State, Val};

/// A model as a graph program.
#[derive(Clone, Debug)]
pub struct Lowered {
    pub module: Module,
    /// All parameters, also those no entry reads, in the order of the fields.
    pub params: Vec<ParamInfo>,
    /// Those of the network as it is written, without the model's rewrites: what a checkpoint
    /// holds.
    pub written: Vec<ParamInfo>,
    /// The trace points of its entries, if it is traced.
    pub points: Vec<TracePoint>,
    /// What the entries call, in the order of the names.
    pub uses: Vec<Use>,
}

/// Lowers all entries of a model.
///
/// The messages are about the model's numbers; a program that was checked without
/// errors gives no others.
pub fn lower(program: &Program, model: &Model) -> Result<Lowered, Vec<Diagnostic>> {
    lower_traced(program, model, &Traces::default())
}

/// [`lower`] with further outputs and inputs for what is traced.
pub fn lower_traced(
    program: &Program,
    model: &Model,
    traces: &Traces,
) -> Result<Lowered, Vec<Diagnostic>> {
    let mut lowerer = Lowerer::new(program);
    lowerer.tracing.asked = traces.clone();
    lowerer.span = model.span;
    let holes = space::holes(program, model)?;
    let open = space::open(&holes, model);
    if !open.is_empty() {
        return Err(vec![errors::open_holes(model, &holes, &open)]);
    }
    lowerer.choices = model.chosen.iter().map(|it| (it.hole.clone(), it.candidate)).collect();
    if !model.rewrites.is_empty() {
        lowerer.rewrites = Rc::new(rewrite::resolve(program, model)?);
    }
    let params = lowerer.root(model).and_then(|root| lowerer.params_of(&root, model.span));
    let mut params = params.map_err(|diagnostic| vec![*diagnostic])?;
    let written = written_params(program, model, &params)?;
    let mut diagnostics = Vec::new();
    for entry in &model.entries {
        if let Err(diagnostic) = lowerer.entry(Some(model), entry) {
            diagnostics.push(*diagnostic);
        }
    }
    if diagnostics.is_empty() {
        diagnostics.extend(rewrite::unmet(&lowerer.rewrites, &lowerer.rewritten, model));
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut module = lowerer.module;
    for heads in &lowerer.rewrites.heads {
        rewrite::heads::rewrite(&mut module, &mut params, heads)
            .map_err(|diagnostic| vec![*diagnostic])?;
    }
    let module = verified(module, model.span)?;
    let (points, uses) = (lowerer.tracing.points, lowerer.uses.sorted());
    Ok(Lowered { module, params, written, points, uses })
}

/// The parameters of a model without its rewrites; `params` are those with them.
fn written_params(
    program: &Program,
    model: &Model,
    params: &[ParamInfo],
) -> Result<Vec<ParamInfo>, Vec<Diagnostic>> {
    if model.rewrites.is_empty() {
        return Ok(params.to_vec());
    }
    let mut lowerer = Lowerer::new(program);
    lowerer.choices = model.chosen.iter().map(|it| (it.hole.clone(), it.candidate)).collect();
    let params = lowerer.root(model).and_then(|root| lowerer.params_of(&root, model.span));
    params.map_err(|diagnostic| vec![*diagnostic])
}

/// Lowers a function outside layers as if it were an entry of a model.
pub fn lower_function(program: &Program, entry: &hir::Entry) -> Result<Module, Vec<Diagnostic>> {
    let mut lowerer = Lowerer::new(program);
    lowerer.entry(None, entry).map_err(|diagnostic| vec![*diagnostic])?;
    verified(lowerer.module, entry.span)
}

/// The module, which must be well-formed.
fn verified(module: Module, at: Span) -> Result<Module, Vec<Diagnostic>> {
    if cfg!(debug_assertions)
        && let Err(error) = nnc_graph::verify(&module)
    {
        let text = format!("the graph is not well-formed: {error}\n{module}");
        return Err(vec![errors::internal(at, &text)]);
    }
    Ok(module)
}

/// An `export` of a layer without open parameters, or with defaults for all of its
/// configs, as a model of its own.
pub fn model_of_export(program: &Program, export: &hir::Export) -> Option<Model> {
    let layer_id = export.layer?;
    let layer = &program.layers[layer_id];
    if !layer.params.is_empty() {
        return None;
    }
    let configs: Option<Vec<_>> =
        layer.configs.iter().map(|config| config.default.clone()).collect();
    Some(Model {
        name: layer.name,
        module: export.module,
        span: export.entry.span,
        layer: LayerUse {
            layer: layer_id,
            dims: Vec::new(),
            configs: configs?,
            replaced: Vec::new(),
        },
        checkpoint: None,
        chosen: Vec::new(),
        rewrites: Vec::new(),
        entries: vec![export.entry.clone()],
    })
}

impl<'a> Lowerer<'a> {
    /// The model's layer, at home in the graph that is started next.
    pub(crate) fn root(&self, model: &Model) -> Lowering<Rc<Instance>> {
        let home = self.next_home;
        let outside = Instance::outside(model.layer.layer, home);
        let paths = (String::new(), String::new());
        let root = self.instantiate(&outside, &model.layer, home, paths, model.span)?;
        // Formulas are in terms of the layer's own parameters.
        let mut root = Rc::unwrap_or_clone(root);
        for param in &self.program.layers[model.layer.layer].params {
            root.formulas.insert(param.name, Dim::var(param.name));
        }
        Ok(Rc::new(root))
    }

    /// An entry of a model, or of a function outside layers.
    fn entry(&mut self, model: Option<&Model>, entry: &hir::Entry) -> Lowering<()> {
        self.stack.clear();
        self.asserted.clear();
        self.outcomes.clear();
        self.open.clear();
        self.undecided.clear();
        self.calls = 0;
        self.span = entry.span;
        self.entry = entry.name;
        let program = self.program;
        let function: &'a Function = &program.functions[entry.function];
        let root = model.map(|model| self.root(model)).transpose()?;
        let mut frame = Frame::called(function, root.clone(), "");
        self.begin_graph(Graph::new(entry.name.as_str()));
        let optional = function.params.iter().filter(|param| param.optional);
        let absent = optional.filter(|param| !entry.facts.iter().any(|it| gives(it, param.name)));
        frame.absent = absent.map(|param| param.local).collect();
        self.declare_sizes(&mut frame, entry)?;
        if let (Some(root), Some(model)) = (root, model) {
            self.declare_params(&root, model.span)?;
        }
        self.span = entry.span;

        let mut inputs = Vec::new();
        let mut inout = Vec::new();
        for param in function.params.iter().filter(|it| !frame.absent.contains(&it.local)) {
            let ty = param.ty.clone();
            let first = inputs.len();
            let value = self.input(&frame, &mut inputs, param.name.to_string(), &ty)?;
            frame.locals.insert(param.local, value);
            if let Some(last) = param.inout {
                inout.push((param, last, first..inputs.len()));
            }
        }

        let names = function.result_names.iter().flatten().copied();
        let names = names.chain(inputs.iter().map(|it: &EntryInput| it.name));
        self.tracing.begin(names.map(|name| name.to_string()));
        let result = self.enter(&mut frame)?;
        self.span = entry.span;
        let mut values: Vec<Value> = Vec::new();
        let mut outputs = Vec::new();
        for (name, source) in self.named_results(function, &result)? {
            values.push(self.resolve(source)?);
            outputs.push(EntryOutput { name });
        }
        for (name, value) in self.traced_in_body()? {
            values.push(value);
            outputs.push(EntryOutput { name: Name::new(&name) });
        }
        inputs.append(&mut self.tracing.replaced);
        let mut updates = Vec::new();
        for (param, last, range) in inout {
            let sources = match self.local(&frame, last)? {
                Val::State(state) => state.bases,
                Val::Tensor(tensor) => vec![self.stored(&tensor)?],
                Val::Dim(_) | Val::Tuple(_) | Val::Layer(_) | Val::Layers(_) | Val::Function(_) => {
                    Vec::new()
                }
            };
            for (at, source) in range.zip(sources) {
                let name = inputs[at].name;
                inputs[at].state = Some(outputs.len() as u32);
                values.push(self.resolve(source)?);
                outputs.push(EntryOutput { name });
            }
            self.state_updates(&frame, param, &function.locals[last].ty, &mut updates);
        }

        let mut building = self.finish_graph()?;
        building.graph.outputs = values;
        for condition in std::mem::take(&mut self.asserted) {
            for fact in facts_of(&condition) {
                building.graph.facts.assume(fact);
            }
        }
        let graph = self.module.graphs.push(building.graph);
        self.module.entries.push(Entry { name: entry.name, graph, inputs, outputs, updates });
        Ok(())
    }

    /// Run-time dims, numbers for those that are fixed, and what is known of them.
    fn declare_sizes(&mut self, frame: &mut Frame<'a>, entry: &hir::Entry) -> Lowering<()> {
        let function = frame.function;
        if function.pack {
            return Err(Box::new(errors::open_axes(entry.span, entry.name, function.span)));
        }
        // Lengths last: their bounds are in terms of the others.
        let is_length = |param: &&DimParam| matches!(param.origin, DimOrigin::Length { .. });
        let (lengths, plain): (Vec<&DimParam>, Vec<&DimParam>) =
            function.dims.iter().partition(is_length);
        for param in plain.into_iter().chain(lengths) {
            let bound = entry.bounds.iter().find(|bound| bound.dim == param.name);
            let min = bound.map_or(param.min, |bound| bound.min.max(param.min));
            let at_most = self.length_bound(frame, param);
            let facts = &mut self.building()?.graph.facts;
            let capacity = at_most.as_ref().and_then(|most| facts.range(most).1);
            let max = match (bound.and_then(|bound| bound.max), capacity) {
                (Some(left), Some(right)) => Some(left.min(right)),
                (left, right) => left.or(right),
            };
            let Some(max) = max else {
                return Err(Box::new(errors::unbounded(entry.span, entry.name, param)));
            };
            if max < min {
                return Err(Box::new(errors::empty_range(entry.span, entry.name, param, min, max)));
            }
            if min == max {
                frame.sizes.insert(param.name, Dim::constant(min));
                continue;
            }
            facts.declare(param.name, min, Some(max));
            if let Some(most) = at_most {
                facts.assume_at_least(&most, &Dim::var(param.name));
            }
            frame.sizes.insert(param.name, Dim::var(param.name));
            let dim = RunDim { name: param.name, min, max: Some(max) };
            self.building()?.graph.dims.push(dim);
        }
        for (written, at) in (function.facts.iter().map(|it| (it, function.span)))
            .chain(entry.facts.iter().map(|it| (it, entry.span)))
        {
            let condition = self.condition(frame, written);
            let facts = &mut self.building()?.graph.facts;
            match decide(facts, &condition) {
                Some(true) => {}
                Some(false) => {
                    let sizes = |name: Name| frame.sizes.get(&name).cloned();
                    let span = entry.span;
                    return Err(Box::new(errors::entry_fact_fails(span, at, written, &sizes)));
                }
                None => facts_of(&condition).into_iter().for_each(|fact| facts.assume(fact)),
            }
        }
        Ok(())
    }

    /// The greatest value of a `dim` field of a state parameter.
    fn length_bound(&self, frame: &Frame<'a>, param: &DimParam) -> Option<Dim> {
        let DimOrigin::Length { param: place, field } = param.origin else { return None };
        let (id, dims) = struct_of(&frame.function.params.get(place as usize)?.ty)?;
        let record = &self.program.structs[id];
        let most = record.lens().nth(field as usize)?.at_most.as_ref()?;
        Some(frame.dim(&in_struct(record, dims, most)))
    }

    /// The inputs that a parameter of the function is.
    fn input(
        &mut self,
        frame: &Frame<'a>,
        inputs: &mut Vec<EntryInput>,
        name: String,
        ty: &Type,
    ) -> Lowering<Val> {
        match ty {
            Type::Tensor(tensor) => {
                let ty = TensorType::new(self.elem(frame, &tensor.elem.base)?, frame.shape(tensor));
                let index_bound = self.index_bound(frame, tensor);
                inputs.push(EntryInput { name: Name::new(&name), state: None, index_bound });
                let source = self.add_input(ty)?;
                Ok(Val::Tensor(self.tensor_of(source)))
            }
            Type::Dim(dim) => Ok(Val::Dim(frame.dim(dim))),
            Type::Tuple(parts) => {
                let parts = parts.iter().enumerate();
                let parts =
                    parts.map(|(i, part)| self.input(frame, inputs, format!("{name}.{i}"), part));
                Ok(Val::Tuple(parts.collect::<Lowering<_>>()?))
            }
            Type::Struct { .. } | Type::Array(..) => {
                let mut bases = Vec::new();
                self.state_inputs(frame, inputs, &name, ty, &mut Vec::new(), &mut bases)?;
                Ok(Val::State(State { bases, prefix: Vec::new() }))
            }
            Type::Layer(_) | Type::Function(_) | Type::Error => {
                Err(self.internal(format!("`{name}` cannot be given by a caller")))
            }
        }
    }

    /// One input for each tensor field, with an axis for each array around it.
    fn state_inputs(
        &mut self,
        frame: &Frame<'a>,
        inputs: &mut Vec<EntryInput>,
        name: &str,
        ty: &Type,
        around: &mut Vec<Dim>,
        bases: &mut Vec<u32>,
    ) -> Lowering<()> {
        match ty {
            Type::Array(item, count) => {
                around.push(frame.dim(&count.count));
                self.state_inputs(frame, inputs, name, item, around, bases)
            }
            Type::Tensor(tensor) => {
                let mut shape = around.clone();
                shape.extend(frame.shape(tensor));
                let ty = TensorType::new(self.elem(frame, &tensor.elem.base)?, shape);
                let index_bound = self.index_bound(frame, tensor);
                inputs.push(EntryInput { name: Name::new(name), state: None, index_bound });
                bases.push(self.add_input(ty)?);
                Ok(())
            }
            Type::Struct { id, dims, .. } => {
                let record = &self.program.structs[*id];
                for field in &record.fields {
                    let sizes = |name: Name| in_struct_size(record, dims, name);
                    let ty = field.ty.substitute(&sizes);
                    let name = format!("{name}.{}", field.name);
                    self.state_inputs(frame, inputs, &name, &ty, &mut around.clone(), bases)?;
                }
                Ok(())
            }
            Type::Dim(_) => Ok(()),
            Type::Tuple(_) | Type::Layer(_) | Type::Function(_) | Type::Error => {
                Err(self.internal(format!("`{name}` cannot be kept as state")))
            }
        }
    }

    /// The size of the table that an index points into.
    pub(crate) fn index_bound(&self, frame: &Frame<'a>, ty: &hir::TensorType) -> Option<Dim> {
        let mut above = self.program.lineage(ty.elem.meaning.as_ref()?);
        let meaning = above
            .find(|it| matches!(self.program.meanings[it.id].name.as_str(), "Token" | "Index"))?;
        Some(frame.dim(meaning.args.first()?))
    }

    fn named_results(&mut self, function: &Function, result: &Val) -> Lowering<Vec<(Name, u32)>> {
        let mut named = Vec::new();
        match result {
            Val::Tuple(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    let name = function.result_names.get(i).copied().flatten();
                    let name = name.unwrap_or_else(|| Name::new(&format!("output{i}")));
                    for tensor in leaves(part) {
                        named.push((name, self.stored(tensor)?));
                    }
                }
            }
            Val::Dim(_) | Val::Tensor(_) => {
                let tensor = self.tensor(result.clone())?;
                let name = function.result_names.first().copied().flatten();
                named.push((name.unwrap_or_else(|| Name::new("output")), self.stored(&tensor)?));
            }
            Val::State(_) | Val::Layer(_) | Val::Layers(_) | Val::Function(_) => {
                return Err(self.internal("the entry's result cannot be given to a caller"));
            }
        }
        Ok(named)
    }

    /// What a state's lengths are when the entry has run.
    fn state_updates(
        &self,
        frame: &Frame<'a>,
        param: &hir::Param,
        last: &Type,
        updates: &mut Vec<StateUpdate>,
    ) {
        let place = frame.function.params.iter().position(|it| it.local == param.local);
        let lens = lens_of(last);
        for dim in &frame.function.dims {
            let DimOrigin::Length { param: of, field } = dim.origin else { continue };
            let (Some(place), Some(value)) = (place, lens.get(field as usize)) else { continue };
            let (before, after) = (frame.dim(&Dim::var(dim.name)), frame.dim(value));
            if place == of as usize && before != after {
                updates.push(StateUpdate { dim: dim.name, value: after });
            }
        }
    }
}

/// Whether an entry's promises say that it takes an optional parameter.
fn gives(fact: &hir::Condition, name: Name) -> bool {
    match fact {
        hir::Condition::Given(it) => *it == name,
        hir::Condition::And(left, right) => gives(left, name) || gives(right, name),
        hir::Condition::Const(_)
        | hir::Condition::Config(_)
        | hir::Condition::Compare(..)
        | hir::Condition::Not(_)
        | hir::Condition::Or(..) => false,
    }
}

/// The struct that a state parameter is or that its array holds.
fn struct_of(ty: &Type) -> Option<(hir::StructId, &[Dim])> {
    match ty {
        Type::Struct { id, dims, .. } => Some((*id, dims)),
        Type::Array(item, _) => struct_of(item),
        Type::Tensor(_)
        | Type::Dim(_)
        | Type::Tuple(_)
        | Type::Layer(_)
        | Type::Function(_)
        | Type::Error => None,
    }
}

fn lens_of(ty: &Type) -> &[Dim] {
    match ty {
        Type::Struct { lens, .. } => lens,
        Type::Array(item, _) => lens_of(item),
        Type::Tensor(_)
        | Type::Dim(_)
        | Type::Tuple(_)
        | Type::Layer(_)
        | Type::Function(_)
        | Type::Error => &[],
    }
}

fn in_struct(record: &hir::Struct, dims: &[Dim], dim: &Dim) -> Dim {
    dim.substitute(&|name| in_struct_size(record, dims, name))
}

fn in_struct_size(record: &hir::Struct, dims: &[Dim], name: Name) -> Option<Dim> {
    let at = record.params.iter().position(|param| param.name == name)?;
    dims.get(at).cloned()
}
