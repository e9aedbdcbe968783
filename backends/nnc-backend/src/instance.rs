//! Code with its weights and memory, called through checks.

use crate::{Code, RunError};
use nnc_base::Name;
use nnc_graph::{Elem, Entry, Module, RunDim, TensorType};
use nnc_plan::{Body, Plan};
use nnc_runtime::{Arena, Blob, HeldThreads, hold_threads};
use nnc_shape::{Dim, Fact};
use std::sync::Arc;

/// What an entry is called with.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Names, state and index bounds.
    pub entry: Entry,
    /// Types of the inputs and of the outputs, in order.
    pub inputs: Vec<TensorType>,
    pub outputs: Vec<TensorType>,
    /// The sizes that a caller gives, in order.
    pub dims: Vec<RunDim>,
    /// What must hold of them.
    pub facts: Vec<Fact>,
}

impl Interface {
    /// Of each entry of a module, in order.
    pub fn of(module: &Module) -> Vec<Interface> {
        let entries = module.entries.iter();
        entries
            .map(|entry| {
                let graph = &module.graphs[entry.graph];
                Interface {
                    entry: entry.clone(),
                    inputs: graph.inputs.clone(),
                    outputs: graph.outputs.iter().map(|it| graph.ty(*it).clone()).collect(),
                    dims: graph.dims.clone(),
                    facts: graph.facts.iter().cloned().collect(),
                }
            })
            .collect()
    }

    /// The value of an expression where the sizes are `dims`.
    pub fn eval(&self, dim: &Dim, dims: &[i64]) -> Option<i64> {
        dim.eval(&|name| {
            let at = self.dims.iter().position(|it| it.name == name)?;
            dims.get(at).copied()
        })
    }

    /// How many bytes a tensor of a type has where the sizes are `dims`.
    pub fn bytes(&self, ty: &TensorType, dims: &[i64]) -> Option<u64> {
        let elements = u64::try_from(self.eval(&ty.size(), dims)?).ok()?;
        elements.checked_mul(ty.elem.bytes() as u64)
    }

    /// The sizes after a run with `dims`.
    pub fn updated(&self, dims: &[i64]) -> Vec<i64> {
        let mut after = dims.to_vec();
        for update in &self.entry.updates {
            let at = self.dims.iter().position(|it| it.name == update.dim);
            if let (Some(at), Some(value)) = (at, self.eval(&update.value, dims)) {
                after[at] = value;
            }
        }
        after
    }

    /// Whether sizes are ones that the entry was compiled for.
    pub fn check_dims(&self, dims: &[i64]) -> Result<(), RunError> {
        if dims.len() != self.dims.len() {
            return Err(RunError::DimCount { expected: self.dims.len(), found: dims.len() });
        }
        for (dim, &value) in self.dims.iter().zip(dims) {
            if value < dim.min || dim.max.is_some_and(|max| value > max) {
                let (name, min, max) = (dim.name, dim.min, dim.max);
                return Err(RunError::Dim { name, value, min, max });
            }
        }
        let size = |name: Name| {
            let at = self.dims.iter().position(|it| it.name == name)?;
            dims.get(at).copied()
        };
        match self.facts.iter().find(|fact| fact.holds(&size) == Some(false)) {
            Some(fact) => Err(RunError::Fact { text: fact.to_string() }),
            None => Ok(()),
        }
    }

    fn check_input(&self, at: usize, dims: &[i64], bytes: &[u8]) -> Result<(), RunError> {
        let (input, ty) = (&self.entry.inputs[at], &self.inputs[at]);
        self.check_size(input.name, ty, dims, bytes.len())?;
        let Some(bound) = input.index_bound.as_ref().and_then(|it| self.eval(it, dims)) else {
            return Ok(());
        };
        let wrong = integers(ty.elem, bytes).enumerate().find(|(_, it)| !(0..bound).contains(it));
        match wrong {
            Some((at, value)) => Err(RunError::Index { name: input.name, at, value, bound }),
            None => Ok(()),
        }
    }

    fn check_size(
        &self,
        name: Name,
        ty: &TensorType,
        dims: &[i64],
        found: usize,
    ) -> Result<(), RunError> {
        // A size that overflows is no buffer's.
        let expected = self.bytes(ty, dims).unwrap_or(u64::MAX);
        let found = found as u64;
        if expected == found { Ok(()) } else { Err(RunError::Buffer { name, expected, found }) }
    }
}

/// The elements of an integer tensor; none of any other type.
fn integers(elem: Elem, bytes: &[u8]) -> Box<dyn Iterator<Item = i64> + '_> {
    macro_rules! read {
        ($ty:ty, $size:literal) => {
            Box::new(
                bytes.as_chunks::<$size>().0.iter().map(|it| i64::from(<$ty>::from_ne_bytes(*it))),
            )
        };
    }
    match elem {
        Elem::I64 => read!(i64, 8),
        Elem::I32 => read!(i32, 4),
        Elem::I8 => read!(i8, 1),
        Elem::U8 => read!(u8, 1),
        Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16 | Elem::Bool => Box::new(std::iter::empty()),
    }
}

/// Loaded code with its weights and memory; runs one call at a time.
pub struct Instance {
    plan: Arc<Plan>,
    interfaces: Vec<Interface>,
    code: Box<dyn Code>,
    weights: Arc<Blob>,
    arena: Arena,
    scratch: Arena,
    /// How many threads `scratch` is for.
    threads: usize,
}

impl Instance {
    /// An instance of code that was made from `plan`, which was made from `module`.
    pub fn new(
        module: &Module,
        plan: Arc<Plan>,
        code: Box<dyn Code>,
        weights: Arc<Blob>,
    ) -> Result<Instance, RunError> {
        let found = weights.as_bytes().len() as u64;
        if found < plan.weights_bytes {
            return Err(RunError::Weights { expected: plan.weights_bytes, found });
        }
        let bytes =
            plan.entries.iter().map(|it| plan.bodies[it.body].arena_bytes).max().unwrap_or(0);
        let arena = memory(bytes)?;
        let interfaces = Interface::of(module);
        let mut instance =
            Instance { plan, interfaces, code, weights, arena, scratch: memory(0)?, threads: 0 };
        instance.reserve_scratch(&hold_threads())?;
        Ok(instance)
    }

    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// For each output of an entry, the input whose memory it takes over, if it does.
    pub fn in_place(&self, entry: usize) -> Vec<Option<usize>> {
        let Some(body) = self.body(entry) else { return Vec::new() };
        let inputs = self.interfaces[entry].inputs.len();
        body.outputs.iter().map(|&at| Some(at as usize).filter(|at| *at < inputs)).collect()
    }

    fn body(&self, entry: usize) -> Option<&Body> {
        Some(&self.plan.bodies[self.plan.entries.get(entry)?.body])
    }

    /// Threads may have been added since the last run.
    fn reserve_scratch(&mut self, held: &HeldThreads) -> Result<(), RunError> {
        let threads = held.count();
        if threads <= self.threads {
            return Ok(());
        }
        let entries = 0..self.plan.entries.len();
        let bytes = entries
            .filter_map(|at| self.code.entry(at))
            .map(|it| it.scratch_bytes)
            .max()
            .unwrap_or(0);
        self.scratch = memory(bytes.saturating_mul(threads as u64))?;
        self.threads = threads;
        Ok(())
    }

    /// Runs an entry. `inputs` are its tensors in order, row-major; those that an output
    /// takes over ([`Instance::in_place`]) hold that output afterwards. `outputs` are the
    /// others, in order.
    pub fn run(
        &mut self,
        entry: usize,
        dims: &[i64],
        inputs: &mut [&mut [u8]],
        outputs: &mut [&mut [u8]],
    ) -> Result<(), RunError> {
        let held = hold_threads();
        self.reserve_scratch(&held)?;
        let entries = self.interfaces.len();
        let no_entry = || RunError::NoEntry { at: entry, entries };
        let interface = self.interfaces.get(entry).ok_or_else(no_entry)?;
        let code = self.code.entry(entry).ok_or_else(no_entry)?;
        let body = &self.plan.bodies[self.plan.entries[entry].body];
        interface.check_dims(dims)?;
        let others: Vec<usize> = (0..interface.outputs.len())
            .filter(|&at| body.outputs[at] as usize >= interface.inputs.len())
            .collect();
        if (inputs.len(), outputs.len()) != (interface.inputs.len(), others.len()) {
            return Err(RunError::BufferCount {
                expected: interface.inputs.len() + others.len(),
                found: inputs.len() + outputs.len(),
            });
        }
        for (at, input) in inputs.iter().enumerate() {
            interface.check_input(at, dims, input)?;
        }
        for (&at, output) in others.iter().zip(&*outputs) {
            let name = interface.entry.outputs[at].name;
            interface.check_size(name, &interface.outputs[at], dims, output.len())?;
        }
        let mut pointers: Vec<u64> = vec![0; body.pointers.len()];
        for (at, input) in inputs.iter_mut().enumerate() {
            pointers[at] = input.as_mut_ptr() as u64;
        }
        for (&at, output) in others.iter().zip(outputs) {
            pointers[body.outputs[at] as usize] = output.as_mut_ptr() as u64;
        }
        let head = [
            self.arena.as_mut_ptr() as u64,
            self.weights.as_ptr() as u64,
            self.scratch.as_mut_ptr() as u64,
        ];
        let dims = dims.iter().map(|&it| it as u64);
        let mut frame: Vec<u64> = head.into_iter().chain(dims).chain(pointers).collect();
        // SAFETY: the frame is as the body says: arena, weights and scratch have the
        // planned sizes for the number of threads that is held, and every pointer's buffer
        // has been checked.
        #[expect(unsafe_code, reason = "compiled code")]
        unsafe {
            (code.run)(frame.as_mut_ptr());
        }
        drop(held);
        Ok(())
    }
}

fn memory(bytes: u64) -> Result<Arena, RunError> {
    let failure = |_| RunError::Memory { bytes };
    let bytes = usize::try_from(bytes).map_err(|_| RunError::Memory { bytes })?;
    Arena::zeroed(bytes).map_err(failure)
}
