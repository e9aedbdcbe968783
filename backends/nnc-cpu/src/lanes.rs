//! Reads and writes of a kernel, for one element or for lanes of neighbours.

use crate::context::KernelContext;
use nnc_graph::{Elem, Scalar, Var};
use nnc_mlir::{Active, Counter, Emitter, Kind, Scope, Typed, Value};
use nnc_plan::Address;
use nnc_shape::Dim;

/// The loops of a kernel at some place inside them: `None` for loops further in.
pub(crate) type Counters = Vec<Option<Counter>>;

/// A place in a kernel's loops, with the reads that its scalars name.
pub(crate) struct Place<'a> {
    pub(crate) context: &'a KernelContext<'a>,
    pub(crate) reads: &'a [Address],
    pub(crate) counters: Counters,
    pub(crate) accumulator: Option<Typed>,
    /// How many lanes a moving counter has.
    pub(crate) lanes: u32,
}

impl Place<'_> {
    pub(crate) fn emitter(&self) -> Emitter<'_> {
        Emitter::new(self.context.builder, self, self.lanes)
    }

    /// The value of an expression, in every lane.
    pub(crate) fn vector(&self, scalar: &Scalar, active: Active) -> Typed {
        let typed = self.emitter().emit(scalar, active);
        let value = self.context.builder.broadcast(typed.value, self.lanes);
        Typed { value, elem: typed.elem }
    }

    /// The loop that lanes move along.
    fn moving(&self) -> Option<usize> {
        self.counters.iter().position(|it| it.is_some_and(|it| it.moves))
    }

    /// What lane 0 stands at.
    fn starts(&self) -> Vec<Option<Value>> {
        self.counters.iter().map(|it| it.map(|it| it.start)).collect()
    }

    /// The address of lane 0, data indices left out.
    pub(crate) fn pointer(&self, address: &Address) -> Value {
        self.context.pointer(address, &self.starts())
    }

    fn lane_stride<'b>(&self, address: &'b Address) -> Option<&'b Dim> {
        let at = self.moving()?;
        let stride = address.strides.get(at)?;
        (*stride != Dim::constant(0)).then_some(stride)
    }

    fn varies(&self, scalar: &Scalar) -> bool {
        match scalar {
            Scalar::Read { operand, .. } => self.read_varies(*operand),
            Scalar::Index { value, .. } => {
                let moves = |var: &Var| self.counter(*var).is_some_and(|counter| counter.moves);
                value.terms.iter().any(|(var, _)| moves(var))
            }
            _ => scalar.children().into_iter().any(|it| self.varies(it)),
        }
    }

    fn is_known(&self, scalar: &Scalar) -> bool {
        match scalar {
            Scalar::Read { operand, .. } => self.read_is_known(*operand),
            Scalar::Index { value, .. } => {
                value.terms.iter().all(|(var, _)| self.counter(*var).is_some())
            }
            _ => scalar.children().into_iter().all(|it| self.is_known(it)),
        }
    }

    /// Loads what an address names in the active lanes, in its memory form: one lane
    /// if all lanes name the same element.
    pub(crate) fn load(&self, address: &Address, active: Active, emitter: &Emitter<'_>) -> Value {
        let builder = self.context.builder;
        let kind = self.context.kind(address.buffer);
        let mut pointer = self.pointer(address);
        let mut lanes_apart: Option<Value> = None;
        for index in &address.data {
            let position = emitter.emit(&index.value, active);
            let position = builder.cast(position.value, position.elem, Elem::I64);
            let position = builder.mul(position, self.context.dim(&index.stride));
            if position.ty.is_vector() {
                lanes_apart = Some(match lanes_apart {
                    Some(sum) => builder.add(sum, position),
                    None => position,
                });
            } else {
                pointer = builder.offset(pointer, kind, position);
            }
        }
        let stride = if self.lanes > 1 { self.lane_stride(address) } else { None };
        let ty = kind.lanes(self.lanes);
        match (stride, lanes_apart) {
            (None, None) => {
                // Some lane may want it or none: then any readable address will do.
                let pointer = match active.mask {
                    Some(mask) if !active.some => {
                        builder.select(builder.any(mask), pointer, self.context.frame)
                    }
                    _ => pointer,
                };
                builder.load(pointer, kind.one())
            }
            (Some(stride), None) if stride.as_constant() == Some(1) => match active.mask {
                Some(mask) => builder.masked_load(pointer, mask, builder.zero(ty)),
                None => builder.load(pointer, ty),
            },
            (Some(stride), None) if active.mask.is_none() && stride.as_constant() == Some(2) => {
                self.every_other(pointer, kind)
            }
            (Some(stride), None) if active.mask.is_none() => {
                let stride = self.context.dim(stride);
                let loaded: Vec<Value> = (0..self.lanes)
                    .map(|lane| {
                        let step = builder.mul(stride, builder.int(i64::from(lane)));
                        builder.load(builder.offset(pointer, kind, step), kind.one())
                    })
                    .collect();
                builder.gather_lanes(&loaded)
            }
            (stride, apart) => {
                let mut positions = match stride {
                    Some(stride) => {
                        let lanes = builder.iota(Kind::I64.lanes(self.lanes));
                        builder.mul(lanes, self.context.dim(stride))
                    }
                    None => builder.constant(Kind::I64.lanes(self.lanes), 0),
                };
                if let Some(apart) = apart {
                    positions = builder.add(positions, apart);
                }
                let pointers = builder.offset(pointer, kind, positions);
                let all = || builder.constant(Kind::I1.lanes(self.lanes), 1);
                let mask = active.mask.unwrap_or_else(all);
                builder.masked_gather(pointers, mask, builder.zero(ty))
            }
        }
    }

    /// Stores a value, converted to the buffer's element type, to where an address
    /// names, in the active lanes. Data indices are those of one place for all lanes.
    pub(crate) fn store(&self, address: &Address, value: Typed, active: Active) {
        let builder = self.context.builder;
        let elem = self.context.body.buffers[address.buffer].elem;
        let kind = Kind::of_memory(elem);
        let value = builder.cast(value.value, value.elem, elem);
        let value = builder.to_memory(value, elem);
        let mut pointer = self.pointer(address);
        for index in &address.data {
            let position = self.emitter().emit(&index.value, active);
            let position = builder.cast(position.value, position.elem, Elem::I64);
            let position = builder.mul(position, self.context.dim(&index.stride));
            pointer = builder.offset(pointer, kind, builder.extract(position, 0));
        }
        let stride = if self.lanes > 1 { self.lane_stride(address) } else { None };
        let Some(stride) = stride else {
            // One element; of lanes that all go there the first is as good as any.
            builder.store(builder.extract(value, 0), pointer);
            return;
        };
        let value = builder.broadcast(value, self.lanes);
        match (stride.as_constant(), active.mask) {
            (Some(1), Some(mask)) => builder.masked_store(value, pointer, mask),
            (Some(1), None) => builder.store(value, pointer),
            (Some(step @ 2..=4), None) => self.store_apart(value, pointer, kind, step),
            (_, Some(mask)) => {
                let lanes = builder.iota(Kind::I64.lanes(self.lanes));
                let positions = builder.mul(lanes, self.context.dim(stride));
                let pointers = builder.offset(pointer, kind, positions);
                builder.masked_scatter(value, pointers, mask);
            }
            (_, None) => {
                let stride = self.context.dim(stride);
                for lane in 0..self.lanes {
                    let step = builder.mul(stride, builder.int(i64::from(lane)));
                    let to = builder.offset(pointer, kind, step);
                    builder.store(builder.extract(value, lane), to);
                }
            }
        }
    }
}

impl Place<'_> {
    /// Elements 0, 2, 4, … from two loads that reach no further than the last of them.
    fn every_other(&self, pointer: Value, kind: Kind) -> Value {
        let builder = self.context.builder;
        let lanes = self.lanes;
        let ty = kind.lanes(lanes);
        let second = builder.offset(pointer, kind, builder.int(i64::from(lanes) - 1));
        let (low, high) = (builder.load(pointer, ty), builder.load(second, ty));
        // Behind the lanes of `low`, lane 0 of `high` is element `lanes - 1`.
        let place = |lane: u32| if 2 * lane < lanes { 2 * lane } else { 2 * lane + 1 };
        builder.shuffle(low, high, &(0..lanes).map(place).collect::<Vec<_>>())
    }

    /// Stores lanes `step` elements apart, what lies between them untouched.
    fn store_apart(&self, value: Value, pointer: Value, kind: Kind, step: i64) {
        let builder = self.context.builder;
        let lanes = i64::from(self.lanes);
        for part in 0..step {
            let first = part * lanes;
            let holds: Vec<i64> =
                (first..first + lanes).map(|at| i64::from(at % step == 0)).collect();
            let from: Vec<u32> = (first..first + lanes).map(|at| (at / step) as u32).collect();
            let spread = builder.shuffle(value, value, &from);
            let mask = builder.lanes(Kind::I1, &holds);
            builder.masked_store(spread, builder.offset(pointer, kind, builder.int(first)), mask);
        }
    }
}

impl Scope for Place<'_> {
    fn elem(&self, read: u32) -> Elem {
        self.context.body.buffers[self.reads[read as usize].buffer].elem
    }

    fn read(&self, read: u32, active: Active, emitter: &Emitter<'_>) -> Value {
        self.load(&self.reads[read as usize], active, emitter)
    }

    fn read_varies(&self, read: u32) -> bool {
        let address = &self.reads[read as usize];
        self.lanes > 1
            && (self.lane_stride(address).is_some()
                || address.data.iter().any(|it| self.varies(&it.value)))
    }

    fn read_is_known(&self, read: u32) -> bool {
        let address = &self.reads[read as usize];
        address
            .strides
            .iter()
            .zip(&self.counters)
            .all(|(stride, counter)| counter.is_some() || *stride == Dim::constant(0))
            && address.data.iter().all(|it| self.is_known(&it.value))
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
