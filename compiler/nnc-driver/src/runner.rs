//! Runs a model's entries with named tensors, on the evaluator or on compiled code.

use crate::sizes::{self, Known, shape_of};
use crate::{Error, Failure, Params, Tensor, memory};
use nnc_backend::{Instance, Interface, RunError};
use nnc_base::Name;
use nnc_eval::Shared;
use nnc_graph::{Module, TensorType};
use nnc_plan::Plan;
use nnc_runtime::Arena;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A model that can be called.
///
/// State stays here from call to call: a state tensor begins as zeros, a size that no
/// tensor's shape gives (a cache's length) begins as the least that is allowed, and both
/// are what the last call left. Entries whose state has the same name and type share it.
pub struct Runner<'a> {
    engine: Engine<'a>,
    interfaces: Vec<Interface>,
    /// Sizes that calls leave.
    kept: BTreeMap<Name, i64>,
}

enum Engine<'a> {
    Evaluator {
        module: &'a Module,
        params: BTreeMap<String, Shared>,
        states: BTreeMap<String, Shared>,
    },
    Compiled {
        instance: Instance,
        states: BTreeMap<String, Arena>,
        /// Memory of the last call's other tensors, by their place.
        buffers: Vec<Arena>,
    },
}

impl<'a> Runner<'a> {
    /// On the reference evaluator: right before anything else, and slow.
    pub fn evaluator(module: &'a Module, params: &Params<'_>) -> Result<Runner<'a>, Error> {
        let elements: u64 = params.infos().iter().map(|it| it.size().unsigned_abs()).sum();
        memory::check("the evaluator", &[("parameters", elements.saturating_mul(4))])?;
        let mut tensors = BTreeMap::new();
        for info in params.infos() {
            let tensor = params.tensor(&info.name)?.to_eval();
            tensors.insert(info.name.clone(), Arc::new(tensor));
        }
        Ok(Runner {
            interfaces: Interface::of(module),
            engine: Engine::Evaluator { module, params: tensors, states: BTreeMap::new() },
            kept: BTreeMap::new(),
        })
    }

    /// On compiled code.
    pub fn compiled(instance: Instance) -> Runner<'a> {
        Runner {
            interfaces: instance.interfaces().to_vec(),
            engine: Engine::Compiled { instance, states: BTreeMap::new(), buffers: Vec::new() },
            kept: BTreeMap::new(),
        }
    }

    /// What the entries are called with, in order.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The plan of compiled code.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.engine {
            Engine::Evaluator { .. } => None,
            Engine::Compiled { instance, .. } => Some(instance.plan()),
        }
    }

    /// The entry with a name, or the only one.
    pub fn entry(&self, name: Option<&str>) -> Result<usize, Error> {
        entry(&self.interfaces, name)
    }

    /// Forgets all state.
    pub fn reset(&mut self) {
        self.kept.clear();
        match &mut self.engine {
            Engine::Evaluator { states, .. } => states.clear(),
            Engine::Compiled { states, .. } => states.clear(),
        }
    }

    /// The sizes that calls left, such as a cache's length.
    pub fn kept(&self) -> &BTreeMap<Name, i64> {
        &self.kept
    }

    /// The sizes that a call with these inputs has.
    pub fn sizes(
        &self,
        entry: usize,
        inputs: &[(&str, &Tensor)],
        given: &[(Name, i64)],
    ) -> Result<Vec<i64>, Error> {
        let interface = &self.interfaces[entry];
        let shapes: Vec<Option<Vec<usize>>> = (interface.entry.inputs.iter())
            .map(|input| {
                let found = inputs.iter().find(|(name, _)| *name == input.name.as_str());
                found.filter(|_| input.state.is_none()).map(|(_, tensor)| tensor.shape.clone())
            })
            .collect();
        sizes::bind(interface, &Known { shapes: &shapes, given, kept: &self.kept })
    }

    /// Runs an entry; `given` are sizes that no shape gives. The result has all outputs
    /// that are not state.
    pub fn run(
        &mut self,
        entry: usize,
        inputs: &[(&str, &Tensor)],
        given: &[(Name, i64)],
    ) -> Result<Vec<(Name, Tensor)>, Error> {
        let sizes = self.sizes(entry, inputs, given)?;
        let interface = &self.interfaces[entry];
        let mut arguments: Vec<Option<&Tensor>> = Vec::new();
        for (input, ty) in interface.entry.inputs.iter().zip(&interface.inputs) {
            if input.state.is_some() {
                arguments.push(None);
                continue;
            }
            let found = inputs.iter().find(|(name, _)| *name == input.name.as_str());
            let (_, tensor) = found.ok_or_else(|| missing(interface, input.name))?;
            if tensor.elem != ty.elem {
                let message = format!(
                    "`{}` has elements of {}, expected {}",
                    input.name, tensor.elem, ty.elem
                );
                return Err(Error::input(message));
            }
            arguments.push(Some(tensor));
        }
        check_positions(interface, &sizes, &arguments)?;
        if let Some((name, _)) = inputs.iter().find(|(name, _)| {
            !interface.entry.inputs.iter().any(|it| it.name.as_str() == *name && it.state.is_none())
        }) {
            return Err(no_input(interface, name));
        }
        let outputs = match &mut self.engine {
            Engine::Evaluator { module, params, states } => {
                evaluate(module, params, states, interface, &sizes, &arguments)?
            }
            Engine::Compiled { instance, states, buffers } => {
                execute(instance, states, buffers, entry, interface, &sizes, &arguments)?
            }
        };
        let after = interface.updated(&sizes);
        for update in &interface.entry.updates {
            let at = interface.dims.iter().position(|dim| dim.name == update.dim);
            if let Some(at) = at {
                self.kept.insert(update.dim, after[at]);
            }
        }
        Ok(outputs)
    }
}

/// That integers which are positions in a table lie within it.
fn check_positions(
    interface: &Interface,
    sizes: &[i64],
    arguments: &[Option<&Tensor>],
) -> Result<(), Error> {
    for (input, tensor) in interface.entry.inputs.iter().zip(arguments) {
        let bound = input.index_bound.as_ref().and_then(|it| interface.eval(it, sizes));
        let (Some(bound), Some(tensor)) = (bound, tensor) else { continue };
        let values = tensor.to_eval().data;
        let wrong = (0..tensor.len()).find(|at| !(0..bound).contains(&values.int(*at)));
        if let Some(at) = wrong {
            let failure = Failure::new(format!(
                "`{}` is {} at {}; its table has {bound} rows, 0..{bound}",
                input.name,
                values.int(at),
                position(&tensor.shape, at)
            ));
            return Err(Error::Input(
                failure.help(format!("give numbers below {bound}, such as this model's tokens")),
            ));
        }
    }
    Ok(())
}

/// `[0, 3]`, of a row-major number.
pub(crate) fn position(shape: &[usize], at: usize) -> String {
    let mut rest = at;
    let mut index: Vec<String> = Vec::new();
    for size in shape.iter().rev() {
        index.insert(0, (rest % size).to_string());
        rest /= size;
    }
    format!("[{}]", index.join(", "))
}

/// Refuses a plan whose state and values on the way do not fit into the machine's
/// memory. Weights are not counted, since they are mapped from a file.
pub fn check_memory(module: &Module, plan: &Plan, model: &str) -> Result<(), Error> {
    let bodies = plan.entries.iter().map(|entry| &plan.bodies[entry.body]);
    let arena = bodies.map(|body| body.arena_bytes).max().unwrap_or(0);
    let mut state = 0u64;
    for interface in Interface::of(module) {
        let greatest: Vec<i64> =
            interface.dims.iter().map(|dim| dim.max.unwrap_or(dim.min)).collect();
        let inputs = interface.entry.inputs.iter().zip(&interface.inputs);
        for (_, ty) in inputs.filter(|(input, _)| input.state.is_some()) {
            state = state.saturating_add(interface.bytes(ty, &greatest).unwrap_or(u64::MAX));
        }
    }
    memory::check(model, &[("values on the way", arena), ("state", state)])
}

/// The entry with a name, or the only one.
pub(crate) fn entry(interfaces: &[Interface], name: Option<&str>) -> Result<usize, Error> {
    let names: Vec<&str> = interfaces.iter().map(|it| it.entry.name.as_str()).collect();
    let list = names.join(", ");
    match name {
        Some(name) => names.iter().position(|it| *it == name).ok_or_else(|| {
            let failure = Failure::new(format!("the model has no entry `{name}`"));
            Error::Usage(failure.names(name, "its entries", &names))
        }),
        None if names.len() == 1 => Ok(0),
        None if names.is_empty() => Err(Error::usage("the model has no entries")
            .help("add one to its declaration: `entry main with { B <= 8 }`")),
        None => Err(Error::usage(format!("the model has {} entries", names.len()))
            .help(format!("choose one with `--entry`: {list}"))),
    }
}

/// What tells state apart. Sizes are part of it: state that was made for a batch of two
/// is not that of a batch of three.
fn state_key(interface: &Interface, at: usize, sizes: &[i64]) -> Result<String, Error> {
    let (input, ty) = (&interface.entry.inputs[at], &interface.inputs[at]);
    let shape = shape_of(interface, ty, sizes).ok_or_else(|| too_large(input.name, ty))?;
    Ok(format!("{}: {}", input.name, crate::tensor::describe(ty.elem, &shape)))
}

fn evaluate(
    module: &Module,
    params: &BTreeMap<String, Shared>,
    states: &mut BTreeMap<String, Shared>,
    interface: &Interface,
    sizes: &[i64],
    arguments: &[Option<&Tensor>],
) -> Result<Vec<(Name, Tensor)>, Error> {
    let mut tensors = Vec::new();
    let mut keys = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let ty = &interface.inputs[at];
        let (tensor, key) = match argument {
            Some(tensor) => (Arc::new(tensor.to_eval()), None),
            None => {
                let key = state_key(interface, at, sizes)?;
                let shape = shape_of(interface, ty, sizes).unwrap_or_default();
                // Taken and not copied: it comes back as an output.
                let before = states.remove(&key);
                let zeros = || Arc::new(Tensor::zeros(ty.elem, shape).to_eval());
                (before.unwrap_or_else(zeros), Some(key))
            }
        };
        tensors.push(tensor);
        keys.push(key);
    }
    let dims: Vec<(Name, i64)> =
        interface.dims.iter().map(|dim| dim.name).zip(sizes.iter().copied()).collect();
    let options = nnc_eval::Options::default();
    let lookup = |name: &str| params.get(name).cloned();
    let name = interface.entry.name.as_str();
    let results = nnc_eval::evaluate_shared(module, name, &dims, &lookup, &mut tensors, &options);
    let results = match results {
        Ok(results) => results,
        Err(error) => {
            // The call has not happened.
            for (key, tensor) in keys.into_iter().zip(tensors) {
                states.extend(key.map(|key| (key, tensor)));
            }
            return Err(match error {
                nnc_eval::EvalError::Argument(message) => Error::input(message),
                nnc_eval::EvalError::Graph { .. } => Error::internal(error.to_string()),
            });
        }
    };
    let state_of: BTreeMap<usize, String> = (interface.entry.inputs.iter())
        .zip(keys)
        .filter_map(|(input, key)| Some((input.state? as usize, key?)))
        .collect();
    let mut outputs = Vec::new();
    for (at, tensor) in results.into_iter().enumerate() {
        match state_of.get(&at) {
            Some(key) => {
                states.insert(key.clone(), tensor);
            }
            None => {
                outputs.push((interface.entry.outputs[at].name, Tensor::from_eval(&tensor)));
            }
        }
    }
    Ok(outputs)
}

fn execute(
    instance: &mut Instance,
    states: &mut BTreeMap<String, Arena>,
    buffers: &mut Vec<Arena>,
    entry: usize,
    interface: &Interface,
    sizes: &[i64],
    arguments: &[Option<&Tensor>],
) -> Result<Vec<(Name, Tensor)>, Error> {
    let bytes = |name: Name, ty: &TensorType| {
        let bytes = interface.bytes(ty, sizes).and_then(|it| usize::try_from(it).ok());
        bytes.ok_or_else(|| too_large(name, ty))
    };
    let mut inputs: Vec<Arena> = Vec::new();
    let mut keys: Vec<Option<String>> = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let (name, ty) = (interface.entry.inputs[at].name, &interface.inputs[at]);
        match argument {
            Some(tensor) => {
                let mut buffer = take(buffers, tensor.bytes.len())?;
                buffer.as_bytes_mut().copy_from_slice(&tensor.bytes);
                inputs.push(buffer);
                keys.push(None);
            }
            None => {
                let key = state_key(interface, at, sizes)?;
                let state = match states.remove(&key) {
                    Some(state) => state,
                    None => Arena::zeroed(bytes(name, ty)?).map_err(no_memory)?,
                };
                inputs.push(state);
                keys.push(Some(key));
            }
        }
    }
    let in_place = instance.in_place(entry);
    let mut others: Vec<Arena> = Vec::new();
    for (at, ty) in interface.outputs.iter().enumerate() {
        if in_place.get(at).copied().flatten().is_none() {
            others.push(take(buffers, bytes(interface.entry.outputs[at].name, ty)?)?);
        }
    }
    let result = {
        let mut inputs: Vec<&mut [u8]> = inputs.iter_mut().map(Arena::as_bytes_mut).collect();
        let mut others: Vec<&mut [u8]> = others.iter_mut().map(Arena::as_bytes_mut).collect();
        instance.run(entry, sizes, &mut inputs, &mut others)
    };
    if let Err(error) = result {
        // The call has not happened.
        for (key, state) in keys.into_iter().zip(inputs) {
            states.extend(key.map(|key| (key, state)));
        }
        return Err(run_error(error));
    }
    let mut outputs = Vec::new();
    let mut others: Vec<Option<Arena>> = others.into_iter().map(Some).collect();
    let mut fresh = 0;
    for (at, ty) in interface.outputs.iter().enumerate() {
        let place = in_place.get(at).copied().flatten();
        let other = fresh;
        fresh += usize::from(place.is_none());
        let state = interface.entry.inputs.iter().position(|it| it.state == Some(at as u32));
        match (state, place) {
            // It holds its next value already.
            (Some(state), Some(place)) if state == place => {}
            (Some(state), Some(place)) => {
                let next = inputs[place].as_bytes().to_vec();
                inputs[state].as_bytes_mut().copy_from_slice(&next);
            }
            (Some(state), None) => {
                if let Some(next) = others.get_mut(other).and_then(Option::take) {
                    buffers.push(std::mem::replace(&mut inputs[state], next));
                }
            }
            (None, place) => {
                let found = match place {
                    Some(place) => inputs.get(place),
                    None => others.get(other).and_then(Option::as_ref),
                };
                let bytes = found.map_or_else(Vec::new, |it| it.as_bytes().to_vec());
                let shape = shape_of(interface, ty, sizes).unwrap_or_default();
                let name = interface.entry.outputs[at].name;
                outputs.push((name, Tensor { elem: ty.elem, shape, bytes }));
            }
        }
    }
    for (key, input) in keys.into_iter().zip(inputs) {
        match key {
            Some(key) => {
                states.insert(key, input);
            }
            None => buffers.push(input),
        }
    }
    buffers.extend(others.into_iter().flatten());
    Ok(outputs)
}

/// Memory of an earlier call with as many bytes, or new memory.
fn take(buffers: &mut Vec<Arena>, bytes: usize) -> Result<Arena, Error> {
    match buffers.iter().position(|it| it.as_bytes().len() == bytes) {
        Some(at) => Ok(buffers.swap_remove(at)),
        None => {
            // Sizes have changed; what is of no use is given back.
            if buffers.len() > 16 {
                buffers.clear();
            }
            Arena::zeroed(bytes).map_err(no_memory)
        }
    }
}

pub(crate) fn no_memory(error: nnc_runtime::Error) -> Error {
    Error::input(error.to_string()).help("choose smaller sizes, or a machine with more memory")
}

/// What a failure to run means to a person.
pub fn run_error(error: RunError) -> Error {
    match error {
        RunError::Memory { .. } => Error::input(error.to_string())
            .help("choose smaller sizes, or a machine with more memory"),
        RunError::Dim { .. } | RunError::Fact { .. } | RunError::Index { .. } => {
            Error::input(error.to_string())
        }
        // All others are checked before.
        _ => Error::internal(error.to_string()),
    }
}

fn too_large(name: Name, ty: &TensorType) -> Error {
    Error::input(format!("`{name}`, {ty}, is larger than any memory"))
}

fn missing(interface: &Interface, name: Name) -> Error {
    Error::Input(
        Failure::new(format!("`{}` needs the input `{name}`", interface.entry.name))
            .help(inputs_of(interface)),
    )
}

fn no_input(interface: &Interface, name: &str) -> Error {
    Error::Input(
        Failure::new(format!("`{}` has no input `{name}`", interface.entry.name))
            .help(inputs_of(interface)),
    )
}

/// What an entry takes, for messages.
pub(crate) fn inputs_of(interface: &Interface) -> String {
    let inputs = interface.entry.inputs.iter().zip(&interface.inputs);
    let list: Vec<String> = inputs
        .filter(|(input, _)| input.state.is_none())
        .map(|(input, ty)| format!("{}: {ty}", input.name))
        .collect();
    if list.is_empty() {
        "it takes no inputs".to_owned()
    } else {
        format!("its inputs are {}", list.join(", "))
    }
}
