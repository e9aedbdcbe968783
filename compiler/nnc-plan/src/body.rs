//! Plans one graph: which kernels, in which order, over which memory.

use crate::attention::{self, Match};
use crate::contraction::{self, RightForm};
use crate::flat::{Flat, FlatLoop, add_affine};
use crate::layout::{self, Layout, Layouts};
use crate::memory::{self, Request};
use crate::plan::{PlanError, packed_elements};
use crate::stage;
use crate::{
    Address, Body, BodyId, Buffer, BufferId, Kernel, KernelKind, Machine, Matrix, Packing, Place,
    Stage, Stages, Step, WeightSlot, WeightSource,
};
use nnc_base::{Span, Table};
use nnc_graph::{
    Affine, Axis, Binary, Call, Compare, Elem, Entry, Graph, GraphId, Index, Module, Nest,
    NestKind, NodeId, Op, ReduceOp, Scalar, ScanOp, TensorType, Value, Var,
};
use nnc_shape::{Dim, Facts};
use std::collections::BTreeMap;

pub(crate) fn plan_body(
    module: &Module,
    id: GraphId,
    entry: Option<&Entry>,
    bodies: &Table<Body>,
    of_graph: &BTreeMap<GraphId, BodyId>,
    machine: &Machine,
) -> Result<Body, PlanError> {
    let graph = &module.graphs[id];
    let mut facts = graph.facts.clone();
    for dim in &graph.dims {
        facts.declare(dim.name, dim.min, dim.max);
    }
    let mut planner = Planner {
        graph,
        entry,
        bodies,
        of_graph,
        machine,
        facts,
        layouts: Layouts::default(),
        attentions: BTreeMap::new(),
        last_use: BTreeMap::new(),
        written_by: BTreeMap::new(),
        buffers: Table::new(),
        bytes: Vec::new(),
        roots: Vec::new(),
        of_value: BTreeMap::new(),
        converted: BTreeMap::new(),
        weights: Vec::new(),
        pointers: Vec::new(),
        overwrites: vec![false; graph.inputs.len()],
        steps: Vec::new(),
    };
    planner.prepare();
    for (node, _) in graph.nodes() {
        planner.node(node)?;
    }
    let outputs = planner.outputs()?;
    planner.finish(id, outputs)
}

struct Planner<'a> {
    graph: &'a Graph,
    entry: Option<&'a Entry>,
    bodies: &'a Table<Body>,
    of_graph: &'a BTreeMap<GraphId, BodyId>,
    machine: &'a Machine,
    facts: Facts,
    layouts: Layouts,
    attentions: BTreeMap<NodeId, Match>,
    last_use: BTreeMap<Value, NodeId>,
    /// For an output that its node can write straight to the caller, its place.
    written_by: BTreeMap<Value, usize>,
    buffers: Table<Buffer>,
    /// Greatest size of each buffer.
    bytes: Vec<u64>,
    /// The buffer whose memory each buffer is.
    roots: Vec<BufferId>,
    of_value: BTreeMap<Value, BufferId>,
    converted: BTreeMap<(Value, Vec<usize>), BufferId>,
    weights: Vec<(BufferId, WeightSlot)>,
    pointers: Vec<BufferId>,
    overwrites: Vec<bool>,
    steps: Vec<Step>,
}

impl Planner<'_> {
    /// Layouts, attentions, last uses, and the pointers for inputs and outputs.
    fn prepare(&mut self) {
        let mut counts: BTreeMap<Value, usize> = BTreeMap::new();
        for (id, node) in self.graph.nodes() {
            for &operand in &node.operands {
                self.last_use.insert(operand, id);
                *counts.entry(operand).or_default() += 1;
            }
        }
        for &output in &self.graph.outputs {
            *counts.entry(output).or_default() += 1;
        }
        self.attentions = attention::find(self.graph, &counts);
        let mut fixed: BTreeMap<Value, Layout> = BTreeMap::new();
        for (id, node) in self.graph.nodes() {
            match &node.op {
                Op::Call(call) => {
                    for (at, order) in self.callee(call.callee).output_orders.iter().enumerate() {
                        let value = Value { node: id, result: at as u32 };
                        fixed.insert(value, Layout::ordered(order.clone()));
                    }
                }
                Op::Scan(scan) => {
                    for (at, order) in self.callee(scan.body).output_orders.iter().enumerate() {
                        let value = Value { node: id, result: at as u32 };
                        let stacked = at as u32 >= scan.carried;
                        let order = if stacked {
                            [0].into_iter().chain(order.iter().map(|axis| axis + 1)).collect()
                        } else {
                            order.clone()
                        };
                        fixed.insert(value, Layout::ordered(order));
                    }
                }
                _ => {}
            }
        }
        let first = layout::choose(self.graph, &self.facts, &fixed);
        for (id, node) in self.graph.nodes() {
            if let (Op::Input(_), None) = (&node.op, self.entry)
                && let Some(wanted) = first.wanted.get(&Value::of(id))
            {
                fixed.insert(Value::of(id), Layout::ordered(wanted.order.clone()));
            }
        }
        self.layouts = layout::choose(self.graph, &self.facts, &fixed);
        for (id, node) in self.graph.nodes() {
            if let Op::Input(_) = node.op {
                let layout = self.own_layout(Value::of(id));
                let place = Place::Pointer(self.pointers.len() as u32);
                let buffer = self.buffer(Value::of(id), &layout, place);
                self.pointers.push(buffer);
                self.of_value.insert(Value::of(id), buffer);
            }
        }
        for (at, &output) in self.graph.outputs.iter().enumerate() {
            self.written_by.entry(output).or_insert(at);
        }
    }

    fn callee(&self, graph: GraphId) -> &Body {
        &self.bodies[self.of_graph[&graph]]
    }

    fn own_layout(&self, value: Value) -> Layout {
        let rank = self.graph.ty(value).rank();
        self.layouts.own.get(&value).cloned().unwrap_or_else(|| Layout::row_major(rank))
    }

    /// The layout in which an output leaves.
    fn output_layout(&self, value: Value) -> Layout {
        let own = self.own_layout(value);
        match self.entry {
            Some(_) => Layout::row_major(own.order.len()),
            None => Layout::ordered(own.order),
        }
    }

    // ---- buffers ----

    fn add_buffer(
        &mut self,
        name: String,
        ty: &TensorType,
        layout: &Layout,
        place: Place,
    ) -> BufferId {
        let (strides, origin, elements) = layout.place(&ty.shape);
        let id = self.buffers.next_id();
        // Until memory is placed, an offset that no other buffer has tells arenas apart.
        let place = match place {
            Place::Arena { .. } => Place::Arena { offset: u64::from(id.raw()) },
            other => other,
        };
        self.bytes.push(0);
        self.roots.push(id);
        self.buffers.push(Buffer {
            name,
            elem: ty.elem,
            shape: ty.shape.clone(),
            strides,
            origin,
            elements,
            place,
        })
    }

    fn buffer(&mut self, value: Value, layout: &Layout, place: Place) -> BufferId {
        let ty = self.graph.ty(value).clone();
        let name = match value.result {
            0 => format!("v{}", value.node.raw()),
            result => format!("v{}_{result}", value.node.raw()),
        };
        self.add_buffer(name, &ty, layout, place)
    }

    const ARENA: Place = Place::Arena { offset: 0 };

    /// Where a node's result goes: to the caller if it can, else to the arena.
    fn result(&mut self, value: Value) -> BufferId {
        let layout = self.own_layout(value);
        let direct = self.written_by.contains_key(&value) && layout == self.output_layout(value);
        let place = if direct { Place::Pointer(self.pointers.len() as u32) } else { Self::ARENA };
        let buffer = self.buffer(value, &layout, place);
        if direct {
            self.pointers.push(buffer);
        }
        self.of_value.insert(value, buffer);
        if layout.has_border() {
            let name = format!("border_{}", self.buffers[buffer].name);
            self.launch(name, KernelKind::Zero { buffer }, value.node);
        }
        buffer
    }

    /// The buffer that holds a value.
    fn value(&self, value: Value) -> BufferId {
        self.of_value[&value]
    }

    /// The buffer of a value in a given layout; copied there where it lies otherwise.
    fn value_in(&mut self, value: Value, layout: &Layout, at: NodeId) -> BufferId {
        let own = self.own_layout(value);
        let wide_enough = own.order == layout.order
            && own.border.iter().zip(&layout.border).all(|(a, b)| a.0 >= b.0 && a.1 >= b.1);
        if wide_enough && (layout.has_border() || !own.has_border()) {
            return self.value(value);
        }
        let key = (value, layout.order.clone());
        if let Some(&buffer) = self.converted.get(&key) {
            return buffer;
        }
        let buffer = self.buffer(value, layout, Self::ARENA);
        if layout.has_border() {
            let name = format!("border_{}", self.buffers[buffer].name);
            self.launch(name, KernelKind::Zero { buffer }, at);
        }
        self.copy_elements(self.value(value), buffer, at);
        self.converted.insert(key, buffer);
        buffer
    }

    /// Copies a tensor from one layout to another.
    fn copy_elements(&mut self, from: BufferId, to: BufferId, at: NodeId) {
        let shape = self.buffers[from].shape.clone();
        let nest = identity_nest(&shape, self.buffers[from].elem);
        let out = Address {
            buffer: to,
            offset: self.buffers[to].origin.clone(),
            strides: self.buffers[to].strides.clone(),
            data: Vec::new(),
        };
        let name = format!("copy_{}", self.buffers[to].name);
        self.nest_stage(name, &nest, &|_| from, out, false, at);
    }

    fn launch(&mut self, name: String, kind: KernelKind, at: NodeId) {
        let span = self.graph.node(at).span;
        if let KernelKind::Stages(next) = &kind
            && let Some(Step::Launch(last)) = self.steps.last_mut()
            && let KernelKind::Stages(kernel) = &mut last.kind
            && stage::try_join(kernel, next, &self.buffers)
        {
            return;
        }
        self.steps.push(Step::Launch(Box::new(Kernel {
            name: format!("{name}_{}", self.steps.len()),
            kind,
            span,
        })));
    }

    // ---- weights ----

    fn weight(&mut self, source: WeightSource, ty: &TensorType, packing: Packing) -> BufferId {
        let known = self
            .weights
            .iter()
            .find(|(_, slot)| slot.source == source && slot.packing == packing && slot.ty == *ty);
        if let Some((buffer, _)) = known {
            return *buffer;
        }
        let elements = packed_elements(&packing, ty);
        let shape = match &packing {
            Packing::Plain => ty.shape.clone(),
            Packing::Strided { .. } | Packing::Panels { .. } => {
                vec![Dim::constant(elements as i64)]
            }
        };
        let packed = TensorType::new(ty.elem, shape);
        let rank = packed.rank();
        let at = self.weights.len() as u64;
        let name = format!("w{at}");
        let place = Place::Weights { offset: at };
        let buffer = self.add_buffer(name, &packed, &Layout::row_major(rank), place);
        let bytes = elements * ty.elem.bytes() as u64;
        self.weights
            .push((buffer, WeightSlot { source, ty: ty.clone(), offset: 0, bytes, packing }));
        buffer
    }

    /// The source behind a value that is filled before the program runs.
    fn weight_source(&self, value: Value) -> Option<WeightSource> {
        match &self.graph.node(value.node).op {
            Op::Param(param) => Some(WeightSource::Param(*param)),
            Op::Const(literal) => Some(WeightSource::Literal(literal.clone())),
            _ => None,
        }
    }

    fn is_weight(&self, buffer: BufferId) -> Option<usize> {
        self.weights.iter().position(|(id, _)| *id == buffer)
    }

    // ---- nodes ----

    fn node(&mut self, id: NodeId) -> Result<(), PlanError> {
        let graph = self.graph;
        let node = graph.node(id);
        let absorbed = self.attentions.values().any(|it| it.scores == id || it.softmax == id);
        match &node.op {
            Op::Input(_) => {}
            Op::Param(_) | Op::Const(_) => {
                if let Some(source) = self.weight_source(Value::of(id)) {
                    let buffer = self.weight(source, &node.types[0], Packing::Plain);
                    self.of_value.insert(Value::of(id), buffer);
                }
            }
            Op::Nest(_) if absorbed => {}
            Op::Nest(nest) => self.nest(id, nest),
            Op::Write { offset } => self.write(id, offset),
            Op::TopK { k } => self.top_k(id, k)?,
            Op::Reshape => self.reshape(id),
            Op::Scan(scan) => self.scan(id, scan),
            Op::Call(call) => self.call(id, call),
        }
        Ok(())
    }

    fn operand(&self, id: NodeId, operand: u32) -> BufferId {
        self.value(self.graph.node(id).operands[operand as usize])
    }

    fn nest(&mut self, id: NodeId, nest: &Nest) {
        if let Some(found) = self.attentions.get(&id).copied() {
            if self.attention(id, nest, &found) {
                return;
            }
            // Of another form after all: its parts become kernels of their own.
            self.attentions.remove(&id);
            for part in [found.scores, found.softmax] {
                if let Op::Nest(nest) = &self.graph.node(part).op {
                    self.nest(part, nest);
                }
            }
        }
        let unguarded = self.layouts.unguarded.contains(&id);
        let operands: Vec<BufferId> = self
            .graph
            .node(id)
            .operands
            .clone()
            .into_iter()
            .map(|value| match self.layouts.wanted.get(&value).cloned() {
                Some(wanted) if unguarded => self.value_in(value, &wanted, id),
                _ => self.value(value),
            })
            .collect();
        let out = self.result(Value::of(id));
        let out_address = self.address_of_result(out, nest);
        if let NestKind::Reduce(reduction) = &nest.kind
            && reduction.op == ReduceOp::Sum
            && reduction.accumulator == Elem::F32
            && (reduction.guard.is_none() || unguarded)
        {
            let scalars = [&reduction.value, &reduction.finish];
            let flat = self.flat(nest, &scalars, &|it| operands[it as usize], out_address.clone());
            if self.contraction(id, &flat) {
                return;
            }
        }
        let name = match &nest.kind {
            NestKind::Map { .. } => "map",
            NestKind::Reduce(reduction) => reduction.op.name(),
            NestKind::Softmax { .. } => "softmax",
        };
        let operand = |it: u32| operands[it as usize];
        self.nest_stage(name.to_owned(), nest, &operand, out_address, unguarded, id);
    }

    /// The address of a nest's result over its axes (merged axes of a result step
    /// together).
    fn address_of_result(&self, out: BufferId, nest: &Nest) -> Address {
        let buffer = &self.buffers[out];
        Address {
            buffer: out,
            offset: buffer.origin.clone(),
            strides: axis_strides(nest, &buffer.strides),
            data: Vec::new(),
        }
    }

    fn flat(
        &self,
        nest: &Nest,
        scalars: &[&Scalar],
        operands: &dyn Fn(u32) -> BufferId,
        out: Address,
    ) -> Flat {
        let loops: Vec<FlatLoop> = nest
            .axes
            .iter()
            .map(|it| (it, false))
            .chain(nest.reduction_axes().iter().map(|it| (it, true)))
            .map(|(axis, reduced)| FlatLoop {
                name: axis.name.to_string(),
                extent: axis.extent.clone(),
                reduced,
            })
            .collect();
        let mut out = out;
        out.strides.resize(loops.len(), Dim::constant(0));
        let mut flat = Flat { loops, reads: Vec::new(), out, scalars: Vec::new() };
        for scalar in scalars {
            flat.add_scalar(scalar, operands, &|var| Affine::var(var), &self.buffers);
        }
        flat
    }

    fn nest_stage(
        &mut self,
        name: String,
        nest: &Nest,
        operands: &dyn Fn(u32) -> BufferId,
        out: Address,
        unguarded: bool,
        at: NodeId,
    ) {
        let flat = self.flat(nest, &nest.scalars(), operands, out);
        let mut stage = stage::build(flat, nest, unguarded, self.machine);
        self.repack_weights(&mut stage);
        self.launch(name, KernelKind::Stages(stage::alone(stage)), at);
    }

    /// Parameters that a stage walks across lanes get a copy in which lanes are
    /// neighbours.
    fn repack_weights(&mut self, stage: &mut Stage) {
        for read in 0..stage.reads.len() {
            let Some(slot) = self.is_weight(stage.reads[read].buffer) else { continue };
            if self.weights[slot].1.packing != Packing::Plain
                || stage.reads[read].offset != Dim::constant(0)
            {
                continue;
            }
            let Some((extents, strides, own)) = stage::parameter_layout(stage, read) else {
                continue;
            };
            let (source, ty) =
                (self.weights[slot].1.source.clone(), self.weights[slot].1.ty.clone());
            let buffer = self.weight(source, &ty, Packing::Strided { extents, strides });
            stage.reads[read].buffer = buffer;
            stage.reads[read].strides =
                own.into_iter().map(|it| Dim::constant(it as i64)).collect();
        }
    }

    fn contraction(&mut self, id: NodeId, flat: &Flat) -> bool {
        let Some(found) = contraction::recognise(flat, &self.buffers, self.machine) else {
            return false;
        };
        let source = flat.reads[found.right].clone();
        let right = match &found.form {
            RightForm::Packed { packing, width } => {
                let Some(slot) = self.is_weight(source.buffer) else { return false };
                let slot = &self.weights[slot].1;
                if slot.packing != Packing::Plain {
                    return false;
                }
                let (from, ty) = (slot.source.clone(), slot.ty.clone());
                let (packing, width) = (packing.clone(), *width);
                let panels = self.weight(from, &ty, packing);
                Matrix::Panels { start: found.panel_start(panels, width), width }
            }
            RightForm::Strided => Matrix::Strided(found.flat.reads[found.right].clone()),
            RightForm::PackedOnTheWay => {
                let Some((panels, width)) = self.pack_on_the_way(id, &found) else { return false };
                Matrix::Panels { start: found.panel_start(panels, width), width }
            }
        };
        let out = found.flat.out.buffer;
        let out_holds_sums = self.buffers[out].elem == Elem::F32
            && found
                .flat
                .reads
                .iter()
                .all(|it| self.roots[it.buffer.index()] != self.roots[out.index()]);
        let kernel = found.finish(right, self.machine, out_holds_sums);
        self.launch("contraction".to_owned(), KernelKind::Contraction(kernel), id);
        true
    }

    /// A kernel that packs the right operand of a contraction into panels.
    fn pack_on_the_way(
        &mut self,
        id: NodeId,
        found: &contraction::Found,
    ) -> Option<(BufferId, u32)> {
        use crate::LoopRole;
        let width = 2 * self.machine.lanes;
        let lanes = i64::from(width);
        let zero = Dim::constant(0);
        let read = &found.flat.reads[found.right];
        let elem = self.buffers[read.buffer].elem;
        let column = found.roles.iter().position(|it| *it == LoopRole::Column)?;
        let columns = found.flat.loops[column].extent.clone();
        let panels = (&columns + (lanes - 1)).floor_div(&Dim::constant(lanes));
        // Loops of the copy: batch…, panel, inner…, lane.
        let kept: Vec<usize> = (0..found.roles.len())
            .filter(|&at| match found.roles[at] {
                LoopRole::Batch => read.strides[at] != zero,
                LoopRole::Row | LoopRole::Key => false,
                LoopRole::Column | LoopRole::Inner => true,
            })
            .collect();
        let mut axes: Vec<(String, Dim, Dim)> = kept
            .iter()
            .map(|&at| {
                let it = &found.flat.loops[at];
                if at == column {
                    ("panel".to_owned(), panels.clone(), &read.strides[at] * lanes)
                } else {
                    (it.name.clone(), it.extent.clone(), read.strides[at].clone())
                }
            })
            .collect();
        axes.push(("lane".to_owned(), Dim::constant(lanes), read.strides[column].clone()));
        let shape: Vec<Dim> = axes.iter().map(|it| it.1.clone()).collect();
        let ty = TensorType::new(elem, shape.clone());
        let layout = Layout::row_major(shape.len());
        let buffer = self.add_buffer(format!("panels{}", id.raw()), &ty, &layout, Self::ARENA);
        let panel_at = kept.iter().position(|&at| at == column)?;
        let lane_at = axes.len() - 1;
        let position = Affine::var(Var(panel_at as u32))
            .times(&Dim::constant(lanes))
            .plus(&Affine::var(Var(lane_at as u32)));
        let inside = Scalar::compare(
            Compare::Lt,
            Scalar::Index { elem: Elem::I64, value: position },
            Scalar::Index { elem: Elem::I64, value: Affine::constant(columns) },
        );
        let padding = Scalar::Float { elem, value: 0.0 };
        let value = Scalar::select(inside, Scalar::read(0, Vec::new()), padding);
        let nest = Nest {
            axes: axes
                .iter()
                .map(|it| Axis { name: it.0.as_str().into(), extent: it.1.clone() })
                .collect(),
            groups: vec![1; axes.len()],
            elem,
            kind: NestKind::Map { value: value.clone() },
        };
        let out = self.address_of_result(buffer, &nest);
        let source = Address {
            buffer: read.buffer,
            offset: read.offset.clone(),
            strides: axes.iter().map(|it| it.2.clone()).collect(),
            data: Vec::new(),
        };
        let loops = axes
            .iter()
            .map(|it| FlatLoop { name: it.0.clone(), extent: it.1.clone(), reduced: false })
            .collect();
        let flat = Flat { loops, reads: vec![source], out, scalars: vec![value] };
        let stage = stage::build(flat, &nest, false, self.machine);
        self.launch("pack".to_owned(), KernelKind::Stages(stage::alone(stage)), id);
        Some((buffer, width))
    }

    fn attention(&mut self, id: NodeId, nest: &Nest, found: &Match) -> bool {
        let out = self.result(Value::of(id));
        let out_strides = axis_strides(nest, &self.buffers[out].strides);
        let operand = |node: NodeId, at: u32| {
            let value = self.graph.node(node).operands[at as usize];
            self.of_value.get(&value).copied().unwrap_or(out)
        };
        let memory =
            attention::Memory { buffers: &self.buffers, operand: &operand, out, out_strides };
        let Some(kernel) = attention::build(self.graph, found, &memory) else { return false };
        self.launch("attention".to_owned(), KernelKind::Attention(kernel), id);
        true
    }

    /// Whether a value's memory may be written over by its last user `at`.
    fn is_ours(&mut self, value: Value, at: NodeId) -> bool {
        if self.last_use.get(&value) != Some(&at) || self.graph.outputs.contains(&value) {
            return false;
        }
        let users = self.graph.node(at).operands.iter().filter(|it| **it == value).count();
        let buffer = self.value(value);
        let root = self.roots[buffer.index()];
        // Other values in the same memory must be dead as well.
        let shared = self.of_value.iter().any(|(&other, &it)| {
            other != value
                && self.roots[it.index()] == root
                && self.last_use.get(&other).is_some_and(|&last| last >= at)
        });
        if users != 1 || shared {
            return false;
        }
        match self.buffers[root].place {
            Place::Arena { .. } => true,
            Place::Weights { .. } => false,
            Place::Pointer(pointer) => {
                let Some(overwrites) = self.overwrites.get_mut(pointer as usize) else {
                    return true;
                };
                let allowed =
                    self.entry.is_none_or(|entry| entry.inputs[pointer as usize].state.is_some());
                *overwrites |= allowed;
                allowed
            }
        }
    }

    /// A buffer with a value's contents that may be written over.
    fn own_copy(&mut self, value: Value, layout: &Layout, at: NodeId) -> BufferId {
        let fits = self.own_layout(value) == *layout;
        if fits && self.is_ours(value, at) {
            return self.value(value);
        }
        let buffer = self.buffer(value, layout, Self::ARENA);
        self.copy_elements(self.value(value), buffer, at);
        buffer
    }

    fn write(&mut self, id: NodeId, offset: &[Dim]) {
        let [target, source] = [0, 1].map(|at| self.graph.node(id).operands[at]);
        let layout = Layout::row_major(self.graph.ty(target).rank());
        let into = self.own_copy(target, &layout, id);
        self.of_value.insert(Value::of(id), into);
        let buffer = &self.buffers[into];
        let mut out = Address {
            buffer: into,
            offset: buffer.origin.clone(),
            strides: buffer.strides.clone(),
            data: Vec::new(),
        };
        for (at, stride) in offset.iter().zip(&buffer.strides.clone()) {
            add_affine(&mut out, &Affine::constant(at.clone()), stride);
        }
        let from = self.value(source);
        let nest = identity_nest(&self.buffers[from].shape.clone(), self.buffers[from].elem);
        self.nest_stage("write".to_owned(), &nest, &|_| from, out, false, id);
    }

    fn reshape(&mut self, id: NodeId) {
        let source = self.graph.node(id).operands[0];
        let row_major = Layout::row_major(self.graph.ty(source).rank());
        let from = self.value_in(source, &row_major, id);
        let layout = Layout::row_major(self.graph.ty(Value::of(id)).rank());
        let place = self.buffers[from].place.clone();
        let view = self.buffer(Value::of(id), &layout, Self::ARENA);
        self.buffers[view].place = place;
        self.roots[view.index()] = self.roots[from.index()];
        self.of_value.insert(Value::of(id), view);
    }

    /// The k greatest by k searches, each past what the ones before have found.
    fn top_k(&mut self, id: NodeId, k: &Dim) -> Result<(), PlanError> {
        let span = self.graph.node(id).span;
        let Some(k) = k.as_constant() else {
            return Err(PlanError {
                span,
                message: format!("top_k needs a number for k on this target; here k = {k}"),
                help: "fix k in the model".to_owned(),
            });
        };
        let source = self.operand(id, 0);
        let values = self.result(Value::of(id));
        let positions = self.result(Value { node: id, result: 1 });
        let shape = self.buffers[source].shape.clone();
        let elem = self.buffers[source].elem;
        let Some((last, leading)) = shape.split_last() else { return Ok(()) };
        let axes: Vec<Axis> = leading
            .iter()
            .enumerate()
            .map(|(at, extent)| Axis {
                name: format!("i{at}").as_str().into(),
                extent: extent.clone(),
            })
            .collect();
        let plain: Vec<Index> = (0..axes.len()).map(|at| Index::var(Var(at as u32))).collect();
        let at_position = |index: Index| [plain.clone(), vec![index]].concat();
        let operand = |it: u32| if it == 0 { source } else { positions };
        for step in 0..k {
            let candidate = Var(axes.len() as u32);
            let guard = (0..step)
                .map(|earlier| {
                    let found = Scalar::read(1, at_position(Affine::constant(earlier).into()));
                    let here = Scalar::Index { elem: Elem::I32, value: Affine::var(candidate) };
                    Scalar::compare(Compare::Ne, here, found)
                })
                .reduce(|left, right| Scalar::binary(Binary::And, left, right));
            let search = Nest {
                axes: axes.clone(),
                groups: vec![1; axes.len()],
                elem: Elem::I32,
                kind: NestKind::Reduce(nnc_graph::Reduction {
                    op: ReduceOp::ArgMax,
                    axes: vec![Axis { name: "candidate".into(), extent: last.clone() }],
                    guard,
                    value: Scalar::read(0, at_position(Index::var(candidate))),
                    accumulator: elem,
                    finish: Scalar::Acc,
                }),
            };
            let fetch = Nest {
                axes: axes.clone(),
                groups: vec![1; axes.len()],
                elem,
                kind: NestKind::Map {
                    value: Scalar::read(
                        0,
                        at_position(Index::Data(Box::new(Scalar::read(
                            1,
                            at_position(Affine::constant(step).into()),
                        )))),
                    ),
                },
            };
            for (nest, into) in [(&search, positions), (&fetch, values)] {
                let buffer = &self.buffers[into];
                let (stride, leading) = match buffer.strides.split_last() {
                    Some((stride, leading)) => (stride.clone(), leading.to_vec()),
                    None => continue,
                };
                let out = Address {
                    buffer: into,
                    offset: &buffer.origin + &(stride * step),
                    strides: leading,
                    data: Vec::new(),
                };
                self.nest_stage("top_k".to_owned(), nest, &operand, out, false, id);
            }
        }
        Ok(())
    }

    /// Arguments of a callee in the order of its pointers, and the results that go
    /// with them.
    fn call(&mut self, id: NodeId, call: &Call) {
        let callee = self.callee(call.callee).clone();
        let node = self.graph.node(id);
        let mut pointers: Vec<Option<BufferId>> = vec![None; callee.pointers.len()];
        for (at, &operand) in node.operands.iter().enumerate() {
            let layout = Layout::ordered(callee.input_orders[at].clone());
            let buffer = if callee.overwrites[at] {
                self.own_copy(operand, &layout, id)
            } else {
                self.value_in(operand, &layout, id)
            };
            pointers[at] = Some(buffer);
        }
        for (at, &pointer) in callee.outputs.iter().enumerate() {
            let value = Value { node: id, result: at as u32 };
            if let Some(buffer) = pointers[pointer as usize] {
                self.of_value.insert(value, buffer);
            } else {
                pointers[pointer as usize] = Some(self.result(value));
            }
        }
        let pointers = pointers.into_iter().flatten().collect();
        self.steps.push(Step::Call {
            body: self.of_graph[&call.callee],
            dims: call.dims.clone(),
            pointers,
            arena_offset: 0,
            weights_offset: 0,
            params: call.params.clone(),
        });
    }

    fn scan(&mut self, id: NodeId, scan: &ScanOp) {
        let callee = self.callee(scan.body).clone();
        let node = self.graph.node(id);
        let carried = scan.carried as usize;
        let zero = Dim::constant(0);
        let mut pointers: Vec<Option<(BufferId, Dim)>> = vec![None; callee.pointers.len()];
        for (at, &operand) in node.operands.iter().enumerate() {
            let layout = Layout::ordered(callee.input_orders[at].clone());
            let buffer = if at < carried {
                // The carry is written over at each step.
                self.own_copy(operand, &layout, id)
            } else {
                self.value_in(operand, &layout, id)
            };
            pointers[at] = Some((buffer, zero.clone()));
        }
        let mut carries = Vec::new();
        for (at, &pointer) in callee.outputs.iter().enumerate() {
            let value = Value { node: id, result: at as u32 };
            let place = pointer as usize;
            if let Some((current, _)) = pointers[at].clone().filter(|_| at < carried) {
                self.of_value.insert(value, current);
                let next = match &pointers[place] {
                    Some((in_place, _)) => *in_place,
                    None => {
                        let layout = Layout::ordered(callee.output_orders[at].clone());
                        let next = self.buffer(value, &layout, Self::ARENA);
                        pointers[place] = Some((next, zero.clone()));
                        next
                    }
                };
                if next != current {
                    carries.push((next, current));
                }
            } else {
                let stacked = self.result(value);
                let step =
                    self.buffers[stacked].strides.first().cloned().unwrap_or_else(|| zero.clone());
                pointers[place] = Some((stacked, step));
            }
        }
        let pointers = pointers.into_iter().flatten().collect();
        let dims = callee.dims.iter().map(|it| Dim::var(it.name)).collect();
        self.steps.push(Step::Repeat {
            body: self.of_graph[&scan.body],
            variable: scan.variable,
            extent: scan.extent.clone(),
            dims,
            pointers,
            carries,
            arena_offset: 0,
            weights_offset: 0,
            params: scan.params.clone(),
        });
    }

    // ---- the end ----

    /// The pointer of each output, copies made where a value is not yet there.
    fn outputs(&mut self) -> Result<Vec<u32>, PlanError> {
        let mut outputs = Vec::new();
        let mut taken: Vec<u32> = Vec::new();
        for &value in &self.graph.outputs {
            let layout = self.output_layout(value);
            let buffer = self.value(value);
            let inputs = self.graph.inputs.len() as u32;
            let direct = match self.buffers[buffer].place {
                Place::Pointer(at) if self.own_layout(value) == layout => {
                    // An input is an output's place only once it has been written over.
                    let owned = at >= inputs || self.overwrites[at as usize];
                    (owned && !taken.contains(&at)).then_some(at)
                }
                Place::Pointer(_) | Place::Arena { .. } | Place::Weights { .. } => None,
            };
            let pointer = match direct {
                Some(at) => at,
                None => {
                    let at = self.pointers.len() as u32;
                    let to = self.buffer(value, &layout, Place::Pointer(at));
                    self.pointers.push(to);
                    self.copy_elements(buffer, to, value.node);
                    at
                }
            };
            taken.push(pointer);
            outputs.push(pointer);
        }
        Ok(outputs)
    }

    fn finish(mut self, id: GraphId, outputs: Vec<u32>) -> Result<Body, PlanError> {
        let used = self.used_buffers();
        for at in self.buffers.ids().collect::<Vec<_>>() {
            if matches!(self.buffers[at].place, Place::Arena { .. }) && used[at.index()].is_some() {
                self.bytes[at.index()] = self.greatest_bytes(at)?;
            }
        }
        // Weights first: what is read as it lies and what is packed, in order of use.
        let mut weights = Vec::new();
        let mut weights_bytes = 0;
        for (buffer, slot) in std::mem::take(&mut self.weights) {
            if used[buffer.index()].is_none() {
                continue;
            }
            self.buffers[buffer].place = Place::Weights { offset: weights_bytes };
            weights.push(WeightSlot { offset: weights_bytes, ..slot.clone() });
            weights_bytes += slot.bytes.next_multiple_of(64);
        }
        // One request for each piece of memory, live from its first to its last step.
        let mut requests: Vec<Request> = Vec::new();
        let mut of_root: BTreeMap<BufferId, usize> = BTreeMap::new();
        for buffer in self.buffers.ids() {
            let root = self.roots[buffer.index()];
            let Some((first, last)) = used[buffer.index()] else { continue };
            if !matches!(self.buffers[root].place, Place::Arena { .. }) {
                continue;
            }
            let bytes = self.bytes[buffer.index()];
            match of_root.get(&root) {
                Some(&at) => {
                    let request = &mut requests[at];
                    request.first = request.first.min(first);
                    request.last = request.last.max(last);
                    request.bytes = request.bytes.max(bytes);
                }
                None => {
                    of_root.insert(root, requests.len());
                    requests.push(Request { bytes, first, last });
                }
            }
        }
        let mut callee_requests: Vec<(usize, usize)> = Vec::new();
        let mut callee_bound = 0;
        for (at, step) in self.steps.iter().enumerate() {
            if let Step::Call { body, .. } | Step::Repeat { body, .. } = step {
                let callee = &self.bodies[*body];
                callee_requests.push((at, requests.len()));
                requests.push(Request { bytes: callee.arena_bytes, first: at, last: at });
                callee_bound = callee_bound.max(callee.arena_bytes - callee.arena_lower_bound);
            }
        }
        let placement = memory::place(&requests);
        for buffer in self.buffers.ids() {
            let root = self.roots[buffer.index()];
            if let Some(&at) = of_root.get(&root) {
                self.buffers[buffer].place = Place::Arena { offset: placement.offsets[at] };
            }
        }
        for (step, request) in callee_requests {
            if let Step::Call { arena_offset, weights_offset, body, .. }
            | Step::Repeat { arena_offset, weights_offset, body, .. } = &mut self.steps[step]
            {
                *arena_offset = placement.offsets[request];
                *weights_offset = weights_bytes;
                weights_bytes += self.bodies[*body].weights_bytes.next_multiple_of(64);
            }
        }
        let input_values: Vec<Value> = self
            .graph
            .nodes()
            .filter(|(_, node)| matches!(node.op, Op::Input(_)))
            .map(|(id, _)| Value::of(id))
            .collect();
        let input_orders = input_values.iter().map(|&it| self.own_layout(it).order).collect();
        let output_orders =
            self.graph.outputs.iter().map(|&it| self.output_layout(it).order).collect();
        let mut body = Body {
            name: self.graph.name.clone(),
            graph: id,
            dims: self.graph.dims.clone(),
            pointers: self.pointers,
            outputs,
            buffers: self.buffers,
            steps: self.steps,
            arena_bytes: placement.bytes,
            arena_lower_bound: placement.lower_bound.saturating_sub(callee_bound),
            weights_bytes,
            weights,
            input_orders,
            output_orders,
            overwrites: self.overwrites,
        };
        drop_unused_buffers(&mut body, &used);
        Ok(body)
    }

    /// The first and the last step that touch each buffer.
    fn used_buffers(&self) -> Vec<Option<(usize, usize)>> {
        let mut used: Vec<Option<(usize, usize)>> = vec![None; self.buffers.len()];
        for (at, step) in self.steps.iter().enumerate() {
            for buffer in step_buffers(step) {
                let range = used[buffer.index()].get_or_insert((at, at));
                range.1 = at;
            }
        }
        for &pointer in &self.pointers {
            used[pointer.index()].get_or_insert((0, 0));
        }
        used
    }

    fn greatest_bytes(&self, buffer: BufferId) -> Result<u64, PlanError> {
        let buffer = &self.buffers[buffer];
        let elements = self.facts.range(&buffer.elements).1;
        let bytes = elements.and_then(|it| it.checked_mul(buffer.elem.bytes() as i64));
        bytes.and_then(|it| u64::try_from(it).ok()).ok_or_else(|| {
            let open: Vec<String> = buffer
                .elements
                .vars()
                .into_iter()
                .filter(|&var| self.facts.range(&Dim::var(var)).1.is_none())
                .map(|var| format!("`{var}`"))
                .collect();
            PlanError {
                span: Span::NONE,
                message: format!(
                    "memory for {} elements has no bound: {} of `{}` is open",
                    buffer.elements,
                    open.join(", "),
                    self.graph.name
                ),
                help: "bound it in the entry: `entry … with { … <= … }`".to_owned(),
            }
        })
    }
}

/// The strides of a nest's axes in its result, whose merged axes step together.
fn axis_strides(nest: &Nest, strides: &[Dim]) -> Vec<Dim> {
    let mut result = Vec::new();
    let mut start = 0;
    for (&count, stride) in nest.groups.iter().zip(strides) {
        let end = start + count as usize;
        let mut step = stride.clone();
        let mut group: Vec<Dim> = nest.axes[start..end]
            .iter()
            .rev()
            .map(|axis| {
                let own = step.clone();
                step = &step * &axis.extent;
                own
            })
            .collect();
        group.reverse();
        result.extend(group);
        start = end;
    }
    result
}

/// `y[i, j, …] = x[i, j, …]`.
fn identity_nest(shape: &[Dim], elem: Elem) -> Nest {
    Nest {
        axes: shape
            .iter()
            .enumerate()
            .map(|(at, extent)| Axis {
                name: format!("i{at}").as_str().into(),
                extent: extent.clone(),
            })
            .collect(),
        groups: vec![1; shape.len()],
        elem,
        kind: NestKind::Map {
            value: Scalar::read(0, (0..shape.len()).map(|at| Index::var(Var(at as u32))).collect()),
        },
    }
}

/// Every buffer that a step names.
pub(crate) fn step_buffers(step: &Step) -> Vec<BufferId> {
    let mut buffers = Vec::new();
    let mut step = step.clone();
    visit_buffers(&mut step, &mut |it| buffers.push(*it));
    buffers
}

fn visit_buffers(step: &mut Step, visit: &mut dyn FnMut(&mut BufferId)) {
    let mut all = |addresses: Vec<&mut Address>| {
        for address in addresses {
            visit(&mut address.buffer);
        }
    };
    match step {
        Step::Launch(kernel) => match &mut kernel.kind {
            KernelKind::Contraction(it) => {
                all(it.reads.iter_mut().chain([&mut it.left, &mut it.out]).collect());
                match &mut it.right {
                    Matrix::Panels { start, .. } | Matrix::Strided(start) => all(vec![start]),
                }
            }
            KernelKind::Attention(it) => all(it
                .reads
                .iter_mut()
                .chain([&mut it.query, &mut it.key, &mut it.value, &mut it.out])
                .collect()),
            KernelKind::Stages(Stages { stages, .. }) => {
                for stage in stages {
                    all(stage.reads.iter_mut().chain([&mut stage.out]).collect());
                }
            }
            KernelKind::Zero { buffer } => visit(buffer),
        },
        Step::Call { pointers, .. } => pointers.iter_mut().for_each(visit),
        Step::Repeat { pointers, carries, .. } => {
            for (buffer, _) in pointers {
                visit(buffer);
            }
            for (from, to) in carries {
                visit(from);
                visit(to);
            }
        }
        Step::Copy { from, to } => {
            visit(from);
            visit(to);
        }
    }
}

/// Leaves out buffers that no step names, such as parameters read in packed form alone.
fn drop_unused_buffers(body: &mut Body, used: &[Option<(usize, usize)>]) {
    let mut kept = Table::new();
    let mut moved: BTreeMap<BufferId, BufferId> = BTreeMap::new();
    for (id, buffer) in body.buffers.iter() {
        if used[id.index()].is_some() {
            moved.insert(id, kept.push(buffer.clone()));
        }
    }
    body.buffers = kept;
    for step in &mut body.steps {
        visit_buffers(step, &mut |it| *it = moved[it]);
    }
    for pointer in &mut body.pointers {
        *pointer = moved[pointer];
    }
}
