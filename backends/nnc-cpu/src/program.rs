//! A plan as functions: one for each body, which runs its steps, and one for each
//! kernel, which computes an item.
//!
//! ```text
//! body(frame):    nncrt_parallel_for(kernel, frame, items); …; body(frame of the callee); …
//! kernel(frame, item, thread)
//! ```
//!
//! Kernels that differ only in their buffers have one function: see `sharing`.

use crate::context::{FRAME_HEAD, KernelContext};
use crate::sharing::Sharing;
use crate::{Target, attention, border, chain, contraction, sort, stages};
use nnc_base::Name;
use nnc_graph::Compare;
use nnc_mlir::{Builder, Kind, Linkage, Module, Type, Value};
use nnc_plan::{Body, BodyId, BufferId, Kernel, KernelKind, Place, Plan, Step};
use nnc_shape::Dim;

/// What of the runtime compiled code calls.
pub(crate) const PARALLEL_FOR: &str = "nncrt_parallel_for";
pub(crate) const LAUNCH_BEGINS: &str = "nncrt_launch_begins";
pub(crate) const LAUNCH_ENDS: &str = "nncrt_launch_ends";

/// The symbol of an entry, given the program's name and the entry's place in the plan.
pub(crate) fn entry_symbol(name: &str, plan: &Plan, at: usize) -> String {
    format!("{name}_{}_frame", c_name(plan.entries[at].name.as_str()))
}

/// A name as part of a C identifier.
pub(crate) fn c_name(name: &str) -> String {
    name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect()
}

/// Scratch memory of one thread that some kernel of a plan needs at most; `None` where
/// a size has no bound.
pub(crate) fn scratch_bytes(plan: &Plan, target: &Target) -> Option<u64> {
    let mut most = 0;
    for (_, body) in plan.bodies.iter() {
        for step in &body.steps {
            let Step::Launch(kernel) = step else { continue };
            most = most.max(match &kernel.kind {
                KernelKind::Attention(kernel) => attention::scratch_bytes(body, kernel, target)?,
                KernelKind::Chain(chain) => chain::scratch_bytes(body, chain)?,
                KernelKind::Sort(it) => sort::scratch_bytes(body, it)?,
                KernelKind::Contraction(_) | KernelKind::Stages(_) | KernelKind::Border(_) => 0,
            });
        }
    }
    Some(most)
}

/// Builds the module of a plan whose kernels have been checked; where it is to be profiled,
/// with calls around every launch.
pub(crate) fn build(
    plan: &Plan,
    target: &Target,
    name: &str,
    scratch_bytes: u64,
    profile: bool,
) -> Module {
    let module = Module::new(target.emits());
    let function = |symbol: &str, body: &Body, kernel: &Kernel| {
        let parameters = [Type::POINTER, Type::I64, Type::I64];
        module.function(symbol, &parameters, Linkage::Internal, |builder, arguments| {
            let context = KernelContext::new(builder, target, body, arguments, scratch_bytes);
            emit_kernel(&context, &kernel.kind);
        });
    };
    let sharing = Sharing::of(plan);
    for (number, shared) in sharing.kernels.iter().enumerate() {
        function(&shared_symbol(number, &shared.kernel), &shared.body, &shared.kernel);
    }
    let mut first_kernel = 0;
    for (id, body) in plan.bodies.iter() {
        for (at, step) in body.steps.iter().enumerate() {
            if let Step::Launch(kernel) = step
                && sharing.launch(id, at).is_none()
            {
                function(&kernel_symbol(id, at, kernel), body, kernel);
            }
        }
        let entry = plan.entries.iter().position(|it| it.body == id);
        let (symbol, linkage) = match entry {
            Some(at) => (entry_symbol(name, plan, at), Linkage::External),
            None => (body_symbol(id), Linkage::Internal),
        };
        module.function(&symbol, &[Type::POINTER], linkage, |builder, arguments| {
            let context = KernelContext::new(builder, target, body, arguments, scratch_bytes);
            let profile = profile.then_some(first_kernel);
            let (module, context, sharing) = (&module, &context, &sharing);
            let own_frame = shared_frame(context, sharing.most_pointers(id));
            let steps = Steps { plan, module, context, body, id, profile, sharing, own_frame };
            for (at, step) in body.steps.iter().enumerate() {
                steps.emit(at, step);
            }
        });
        first_kernel += launches_before(body, body.steps.len());
    }
    module
}

/// How many kernels a body launches by the steps before one.
fn launches_before(body: &Body, at: usize) -> usize {
    body.steps[..at].iter().filter(|it| matches!(it, Step::Launch(_))).count()
}

fn kernel_symbol(body: BodyId, at: usize, kernel: &Kernel) -> String {
    format!("k{}_{at}_{}", body.raw(), c_name(&kernel.name))
}

fn shared_symbol(number: usize, kernel: &Kernel) -> String {
    format!("s{number}_{}", c_name(&kernel.name))
}

/// A frame for the shared kernels of a body, one after the other, with room for so many pointers:
/// their sizes and scratch memory are the body's.
fn shared_frame(context: &KernelContext<'_>, pointers: usize) -> Option<Value> {
    if pointers == 0 {
        return None;
    }
    let b = context.builder;
    let dims = &context.body.dims;
    let frame = b.stack(Kind::I64, (FRAME_HEAD + dims.len() + pointers) as i64);
    set(b, frame, 2, context.scratch_start());
    for (at, dim) in dims.iter().enumerate() {
        set(b, frame, FRAME_HEAD + at, context.dim(&Dim::var(dim.name)));
    }
    Some(frame)
}

fn set(b: &Builder<'_>, frame: Value, word: usize, value: Value) {
    b.store(value, b.offset(frame, Kind::I64, b.int(word as i64)));
}

fn body_symbol(body: BodyId) -> String {
    format!("body{}", body.raw())
}

fn emit_kernel(context: &KernelContext<'_>, kernel: &KernelKind) {
    match kernel {
        KernelKind::Contraction(it) => contraction::emit(context, it),
        KernelKind::Attention(it) => attention::emit(context, it),
        KernelKind::Stages(it) => stages::emit(context, it),
        KernelKind::Sort(it) => sort::emit(context, it),
        KernelKind::Border(it) => border::emit(context, it),
        KernelKind::Chain(it) => chain::emit(context, it),
    }
}

fn items(context: &KernelContext<'_>, kernel: &Kernel) -> Value {
    match &kernel.kind {
        KernelKind::Contraction(it) => contraction::items(context, it),
        KernelKind::Attention(it) => attention::items(context, it),
        KernelKind::Stages(it) => context.dim(&stages::items(it)),
        KernelKind::Sort(it) => context.dim(&sort::items(it)),
        KernelKind::Border(it) => context.dim(&border::items(it)),
        KernelKind::Chain(it) => context.dim(&chain::items(it)),
    }
}

/// The steps of one body.
struct Steps<'a> {
    plan: &'a Plan,
    module: &'a Module,
    context: &'a KernelContext<'a>,
    body: &'a Body,
    id: BodyId,
    /// The number of the body's first kernel (see [`Plan::launches`]), if launches are told.
    profile: Option<usize>,
    sharing: &'a Sharing,
    /// What shared kernels are launched with, if there are any.
    own_frame: Option<Value>,
}

/// What a callee is run with.
struct Callee<'s> {
    body: BodyId,
    dims: &'s [Dim],
    arena_offset: u64,
    weights_offset: u64,
}

impl Steps<'_> {
    fn builder(&self) -> &Builder<'_> {
        self.context.builder
    }

    fn emit(&self, at: usize, step: &Step) {
        let b = self.builder();
        match step {
            Step::Launch(kernel) => match self.profile {
                None => self.launch(at, kernel),
                Some(first) => {
                    self.module.declare(LAUNCH_BEGINS, &[], None);
                    self.module.declare(LAUNCH_ENDS, &[Type::I64; 3], None);
                    b.call(LAUNCH_BEGINS, &[], None);
                    self.launch(at, kernel);
                    let number = b.int((first + launches_before(self.body, at)) as i64);
                    let work = kernel.kind.work(self.body);
                    let [operations, bytes] =
                        [&work.operations, &work.bytes].map(|it| self.context.dim(it));
                    b.call(LAUNCH_ENDS, &[number, operations, bytes], None);
                }
            },
            Step::Call { body, dims, pointers, arena_offset, weights_offset, .. } => {
                let callee = Callee {
                    body: *body,
                    dims,
                    arena_offset: *arena_offset,
                    weights_offset: *weights_offset,
                };
                let frame = self.frame(&callee, None);
                for (place, &buffer) in pointers.iter().enumerate() {
                    self.set_pointer(frame, dims.len() + place, self.context.base(buffer));
                }
                self.run(*body, frame);
            }
            Step::Repeat {
                body,
                variable,
                extent,
                condition,
                dims,
                pointers,
                carries,
                arena_offset,
                weights_offset,
                ..
            } => {
                let callee = Callee {
                    body: *body,
                    dims,
                    arena_offset: *arena_offset,
                    weights_offset: *weights_offset,
                };
                let frame = self.frame(&callee, Some(*variable));
                let counted =
                    self.plan.bodies[*body].dims.iter().position(|it| it.name == *variable);
                let run_step = |step: Value| {
                    if let Some(place) = counted {
                        self.set(frame, FRAME_HEAD + place, step);
                    }
                    for (place, (buffer, stride)) in pointers.iter().enumerate() {
                        let distance = b.mul(step, self.context.dim(stride));
                        let kind = self.context.kind(*buffer);
                        let pointer = b.offset(self.context.base(*buffer), kind, distance);
                        self.set_pointer(frame, dims.len() + place, pointer);
                    }
                    self.run(*body, frame);
                    for (from, to) in carries {
                        self.copy(*from, *to);
                    }
                };
                let Some(condition) = condition else {
                    return b.each(b.int(0), self.context.dim(extent), 1, run_step);
                };
                // What is stacked of steps that do not run is zeros.
                for (buffer, _) in pointers.iter().filter(|(_, stride)| *stride != Dim::constant(0))
                {
                    let bytes = self.bytes(*buffer);
                    b.zero_bytes(self.context.base(*buffer), bytes);
                }
                let goes_on = || {
                    let holds = b.load(self.context.base(*condition), Kind::I8.one());
                    b.compare(Compare::Ne, holds, b.constant(Kind::I8.one(), 0))
                };
                b.each_while(self.context.dim(extent), goes_on, run_step);
            }
            Step::Copy { from, to } => self.copy(*from, *to),
        }
    }

    fn launch(&self, at: usize, kernel: &Kernel) {
        let b = self.builder();
        let (symbol, frame) = match (self.sharing.launch(self.id, at), self.own_frame) {
            (Some(shared), Some(frame)) => {
                let first = self.body.dims.len();
                for (place, &buffer) in shared.pointers.iter().enumerate() {
                    self.set_pointer(frame, first + place, self.context.base(buffer));
                }
                (shared_symbol(shared.kernel, &self.sharing.kernels[shared.kernel].kernel), frame)
            }
            _ => (kernel_symbol(self.id, at, kernel), self.context.frame),
        };
        let items = items(self.context, kernel);
        if items.as_constant() == Some(1) {
            b.call(&symbol, &[frame, b.int(0), b.int(0)], None);
            return;
        }
        self.module.declare(PARALLEL_FOR, &[Type::POINTER, Type::POINTER, Type::I64], None);
        let address = b.function_address(&symbol);
        b.call(PARALLEL_FOR, &[address, frame, items], None);
    }

    /// A callee's frame, all but its pointers; the dim `open` is left to the caller.
    fn frame(&self, callee: &Callee<'_>, open: Option<Name>) -> Value {
        let b = self.builder();
        let body = &self.plan.bodies[callee.body];
        let frame = b.stack(Kind::I64, (FRAME_HEAD + body.dims.len() + body.pointers.len()) as i64);
        let moved = |place: &Place| self.context.place(place);
        self.set(frame, 0, moved(&Place::Arena { offset: callee.arena_offset }));
        self.set(frame, 1, moved(&Place::Weights { offset: callee.weights_offset }));
        self.set(frame, 2, self.context.scratch_start());
        for (at, (dim, known)) in callee.dims.iter().zip(&body.dims).enumerate() {
            if open != Some(known.name) {
                self.set(frame, FRAME_HEAD + at, self.context.dim(dim));
            }
        }
        frame
    }

    fn set(&self, frame: Value, word: usize, value: Value) {
        set(self.builder(), frame, word, value);
    }

    /// Sets a word behind the frame's head.
    fn set_pointer(&self, frame: Value, word: usize, pointer: Value) {
        self.set(frame, FRAME_HEAD + word, pointer);
    }

    fn run(&self, body: BodyId, frame: Value) {
        self.builder().call(&body_symbol(body), &[frame], None);
    }

    fn bytes(&self, buffer: BufferId) -> Value {
        let buffer = &self.body.buffers[buffer];
        self.context.dim(&(&buffer.elements * buffer.elem.bytes() as i64))
    }

    fn copy(&self, from: BufferId, to: BufferId) {
        let b = self.builder();
        let bytes = self.bytes(from);
        b.copy_bytes(self.context.base(to), self.context.base(from), bytes);
    }
}
