//! What a template emits in: the builder, the frame's contents, addresses.

use crate::Target;
use nnc_base::Name;
use nnc_mlir::{Builder, Kind, Type, Value};
use nnc_plan::{Address, Body, BufferId, Place};
use nnc_shape::{Algebra, Dim, Facts};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Words of a frame before its dims: addresses of arena, weights and scratch.
pub(crate) const FRAME_HEAD: usize = 3;

/// The most that a size of a body can be.
pub(crate) fn greatest(body: &Body, dim: &Dim) -> Option<i64> {
    let mut facts = Facts::new();
    for dim in &body.dims {
        facts.declare(dim.name, dim.min, dim.max);
    }
    facts.range(dim).1
}

/// A kernel being emitted.
///
/// The frame's words are loaded at the function's start, each when it is first asked
/// for; sizes and strides that are numbers fold away.
pub(crate) struct KernelContext<'a> {
    pub(crate) builder: &'a Builder<'a>,
    pub(crate) target: &'a Target,
    pub(crate) body: &'a Body,
    pub(crate) frame: Value,
    /// Which item to compute, and on which thread; zero in bodies.
    pub(crate) item: Value,
    pub(crate) thread: Value,
    /// Bytes of scratch memory of one thread.
    pub(crate) scratch_bytes: u64,
    words: RefCell<BTreeMap<usize, Value>>,
    /// Where buffers start of which some rows alone are kept.
    windows: RefCell<BTreeMap<BufferId, Value>>,
}

impl<'a> KernelContext<'a> {
    pub(crate) fn new(
        builder: &'a Builder<'a>,
        target: &'a Target,
        body: &'a Body,
        arguments: &[Value],
        scratch_bytes: u64,
    ) -> KernelContext<'a> {
        let argument = |at: usize| arguments.get(at).copied().unwrap_or_else(|| builder.int(0));
        KernelContext {
            builder,
            target,
            body,
            frame: arguments[0],
            item: argument(1),
            thread: argument(2),
            scratch_bytes,
            words: RefCell::default(),
            windows: RefCell::default(),
        }
    }

    /// 32-bit lanes of a vector register.
    pub(crate) fn lanes(&self) -> u32 {
        self.target.lanes()
    }

    /// A word of the frame, loaded at the function's start.
    fn word(&self, at: usize, ty: Type) -> Value {
        *self
            .words
            .borrow_mut()
            .entry(at)
            .or_insert_with(|| self.builder.load_at_start(self.frame, at as i64, ty))
    }

    /// A size as an i64.
    pub(crate) fn dim(&self, dim: &Dim) -> Value {
        dim.fold(&mut DimValues(self))
    }

    /// A run-time dim of the body.
    fn run_dim(&self, name: Name) -> Value {
        match self.body.dims.iter().position(|it| it.name == name) {
            Some(at) => self.word(FRAME_HEAD + at, Type::I64),
            // Plans speak of their body's dims alone.
            None => unreachable!("`{name}` is not a dim of `{}`", self.body.name),
        }
    }

    /// Where a buffer starts.
    pub(crate) fn base(&self, buffer: BufferId) -> Value {
        if let Some(start) = self.windows.borrow().get(&buffer) {
            return *start;
        }
        self.place(&self.body.buffers[buffer].place)
    }

    /// From now on a buffer starts elsewhere: of its rows some are in memory, which `start` has
    /// at their places.
    pub(crate) fn look_through(&self, buffer: BufferId, start: Value) {
        self.windows.borrow_mut().insert(buffer, start);
    }

    /// The address of a place.
    pub(crate) fn place(&self, place: &Place) -> Value {
        let (word, bytes) = match *place {
            Place::Arena { offset } => (0, offset),
            Place::Weights { offset } => (1, offset),
            Place::Pointer(at) => (FRAME_HEAD + self.body.dims.len() + at as usize, 0),
            Place::Scratch { offset } => {
                return self.builder.offset(
                    self.scratch(),
                    Kind::I8,
                    self.builder.int(offset as i64),
                );
            }
        };
        let start = self.word(word, Type::POINTER);
        self.builder.offset(start, Kind::I8, self.builder.int(bytes as i64))
    }

    /// This thread's scratch memory.
    pub(crate) fn scratch(&self) -> Value {
        let bytes = self.builder.int(self.scratch_bytes as i64);
        let own = self.builder.mul(self.thread, bytes);
        self.builder.offset(self.scratch_start(), Kind::I8, own)
    }

    /// The scratch memory of all threads.
    pub(crate) fn scratch_start(&self) -> Value {
        self.word(2, Type::POINTER)
    }

    /// How a buffer's elements lie in memory.
    pub(crate) fn kind(&self, buffer: BufferId) -> Kind {
        Kind::of_memory(self.body.buffers[buffer].elem)
    }

    /// The element that an address names where its loops stand at `counters`; data
    /// indices are left out. Loops without a counter stand at 0.
    pub(crate) fn pointer(&self, address: &Address, counters: &[Option<Value>]) -> Value {
        let position = self.position(address, counters);
        let base = self.base(address.buffer);
        let kind = self.kind(address.buffer);
        // The constant part goes last, into the instruction.
        let constant = address.offset.as_constant();
        let pointer = self.builder.offset(base, kind, position);
        match constant {
            Some(offset) => self.builder.offset(pointer, kind, self.builder.int(offset)),
            None => pointer,
        }
    }

    /// `Σ stride · counter` in elements, and the offset if it is no number.
    fn position(&self, address: &Address, counters: &[Option<Value>]) -> Value {
        let start = match address.offset.as_constant() {
            Some(_) => self.builder.int(0),
            None => self.dim(&address.offset),
        };
        address.strides.iter().zip(counters).fold(start, |sum, (stride, counter)| match counter {
            Some(counter) if *stride != Dim::constant(0) => {
                let step = self.builder.mul(*counter, self.dim(stride));
                self.builder.add(sum, step)
            }
            _ => sum,
        })
    }
}

/// Dims become i64 arithmetic.
struct DimValues<'c, 'a>(&'c KernelContext<'a>);

impl Algebra for DimValues<'_, '_> {
    type Value = Value;

    fn constant(&mut self, value: i64) -> Value {
        self.0.builder.int(value)
    }

    fn var(&mut self, name: Name) -> Value {
        self.0.run_dim(name)
    }

    fn add(&mut self, left: Value, right: Value) -> Value {
        self.0.builder.add(left, right)
    }

    fn mul(&mut self, left: Value, right: Value) -> Value {
        self.0.builder.mul(left, right)
    }

    fn floor_div(&mut self, dividend: Value, divisor: Value) -> Value {
        self.0.builder.div_floor(dividend, divisor)
    }

    fn min(&mut self, left: Value, right: Value) -> Value {
        self.0.builder.min_int(left, right)
    }

    fn max(&mut self, left: Value, right: Value) -> Value {
        self.0.builder.max_int(left, right)
    }
}
