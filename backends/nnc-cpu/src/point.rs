//! The place of a tile at which a kernel's scalars are computed.

use crate::context::KernelContext;
use nnc_graph::{Elem, Scalar, Var};
use nnc_mlir::{Active, Counter, Emitter, Kind, Scope, Typed, Value};
use nnc_plan::Address;
use nnc_shape::Dim;

/// A vector's worth of points: one of each loop, neighbours of the loop that moves.
pub(crate) struct Point<'a, 'b> {
    pub(crate) context: &'a KernelContext<'b>,
    pub(crate) reads: &'a [Address],
    /// One for each loop; `None` for loops that are not open here.
    pub(crate) counters: Vec<Option<Counter>>,
    /// The lanes that count; `None` for all.
    pub(crate) mask: Option<Value>,
    pub(crate) accumulator: Option<Typed>,
}

impl Point<'_, '_> {
    /// The value of an expression, in all lanes.
    pub(crate) fn emit(&self, scalar: &Scalar) -> Typed {
        let lanes = self.context.lanes();
        let emitter = Emitter::new(self.context.builder, self, lanes);
        let active = Active { mask: self.mask, some: true };
        let typed = emitter.emit(scalar, active);
        Typed { value: self.context.builder.broadcast(typed.value, lanes), elem: typed.elem }
    }

    fn starts(&self) -> Vec<Option<Value>> {
        self.counters.iter().map(|it| it.map(|it| it.start)).collect()
    }

    /// Elements from one lane to the next.
    fn lane_step(&self, address: &Address) -> Dim {
        self.counters
            .iter()
            .zip(&address.strides)
            .filter(|(counter, _)| counter.is_some_and(|it| it.moves))
            .fold(Dim::constant(0), |sum, (_, stride)| sum + stride)
    }
}

impl Scope for Point<'_, '_> {
    fn elem(&self, read: u32) -> Elem {
        self.context.body.buffers[self.reads[read as usize].buffer].elem
    }

    fn read(&self, read: u32, active: Active, emitter: &Emitter<'_>) -> Value {
        let context = self.context;
        let b = context.builder;
        let address = &self.reads[read as usize];
        let kind = context.kind(address.buffer);
        let lanes = context.lanes();
        let start = context.pointer(address, &self.starts());
        let gathered = address
            .data
            .iter()
            .map(|index| {
                let position = emitter.emit(&index.value, active).value;
                let position = match position.ty.kind {
                    Kind::I64 => position,
                    _ => b.extend(position, Kind::I64),
                };
                b.mul(position, context.dim(&index.stride))
            })
            .reduce(|left, right| b.add(left, right));
        let step = self.lane_step(address);
        let varies = gathered.is_some_and(|it| it.ty.is_vector());
        match step.as_constant() {
            Some(0) if !varies => {
                let pointer = gathered.map_or(start, |offset| b.offset(start, kind, offset));
                match active.mask {
                    Some(mask) if !active.some => {
                        let load = || vec![b.load(pointer, kind.one())];
                        b.branch(b.any(mask), load, || vec![b.zero(kind.one())])[0]
                    }
                    _ => b.load(pointer, kind.one()),
                }
            }
            Some(1) if !varies => {
                let pointer = gathered.map_or(start, |offset| b.offset(start, kind, offset));
                let ty = kind.lanes(lanes);
                match active.mask {
                    Some(mask) => b.masked_load(pointer, mask, b.zero(ty)),
                    None => b.load(pointer, ty),
                }
            }
            _ => {
                let wide = Kind::I64.lanes(lanes);
                let along = b.mul(b.iota(wide), context.dim(&step));
                let offsets = gathered.map_or(along, |offset| b.add(along, offset));
                let pointers = b.offset(b.broadcast(start, lanes), kind, offsets);
                let all = b.constant(Kind::I1.lanes(lanes), 1);
                let mask = active.mask.map_or(all, |mask| b.broadcast(mask, lanes));
                b.masked_gather(pointers, mask, b.zero(kind.lanes(lanes)))
            }
        }
    }

    fn read_varies(&self, read: u32) -> bool {
        let address = &self.reads[read as usize];
        // A data index is looked at when it is emitted; here it is taken to vary.
        self.lane_step(address) != Dim::constant(0) || !address.data.is_empty()
    }

    fn read_is_known(&self, read: u32) -> bool {
        let address = &self.reads[read as usize];
        let zero = Dim::constant(0);
        address.data.is_empty()
            && address.strides.iter().zip(&self.counters).all(|(stride, counter)| {
                *stride == zero || counter.is_some()
            })
    }

    fn counter(&self, var: Var) -> Option<Counter> {
        self.counters.get(var.0 as usize).copied().flatten()
    }

    fn dim(&self, dim: &Dim) -> Value {
        self.context.dim(dim)
    }

    fn accumulator(&self) -> Option<Typed> {
        self.accumulator
    }
}
