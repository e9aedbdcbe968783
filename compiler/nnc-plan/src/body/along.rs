//! What runs along an axis, and what is scattered along one.

use super::Planner;
use super::buffers::identity_nest;
use crate::flat::{Flat, FlatLoop};
use crate::stage::Form;
use crate::{Address, BufferId};
use nnc_graph::{Affine, Index, NestKind, NodeId, ReduceOp, Running, Scalar, Value, Var};
use nnc_shape::Dim;

impl Planner<'_> {
    pub(super) fn running(&mut self, id: NodeId, how: Running) {
        let source = self.operand(id, 0);
        let out = self.result(Value::of(id));
        let buffer = &self.buffers[source];
        let (shape, elem) = (buffer.shape.clone(), buffer.elem);
        let address = self.whole(out);
        let mut flat = flat(&shape, shape.len(), address);
        let value = Scalar::read(0, plain(shape.len()));
        flat.add_scalar(&value, &|_| source, &|var| Affine::var(var), &self.buffers);
        self.stage(format!("running_{}", how.op.name()), flat, Form::Running { how, elem }, id);
    }

    /// Every place begins as a reduction of nothing, and takes in what goes there.
    pub(super) fn scatter(&mut self, id: NodeId, op: ReduceOp, places: &Dim) {
        let (source, index) = (self.operand(id, 0), self.operand(id, 1));
        let out = self.result(Value::of(id));
        let elem = self.buffers[out].elem;
        let mut start = identity_nest(&self.buffers[out].shape.clone(), elem);
        start.kind = NestKind::Map { value: op.of_nothing(elem) };
        let address = self.whole(out);
        self.nest_stage("scatter".to_owned(), &start, &|_| source, address.clone(), false, id);

        // The axis that is scattered is walked behind all others.
        let shape = self.buffers[source].shape.clone();
        let axis = self.buffers[index].shape.len() - 1;
        let last = shape.len() - 1;
        let place = |at: usize| match at.cmp(&axis) {
            std::cmp::Ordering::Less => at,
            std::cmp::Ordering::Equal => last,
            std::cmp::Ordering::Greater => at - 1,
        };
        let mut extents = shape.clone();
        let walked = extents.remove(axis);
        extents.push(walked);
        let mut address = address;
        let stride = address.strides.remove(axis);
        let mut flat = flat(&extents, last, address);
        let at = |rank: usize| (0..rank).map(|at| Index::var(Var(place(at) as u32))).collect();
        let value = Scalar::read(0, at(shape.len()));
        let to = Scalar::read(1, at(axis + 1));
        let operand = |it: u32| if it == 0 { source } else { index };
        for scalar in [&value, &to] {
            flat.add_scalar(scalar, &operand, &|var| Affine::var(var), &self.buffers);
        }
        let form = Form::Scatter { op, elem, places, stride: &stride };
        self.stage(format!("scatter_{}", op.name()), flat, form, id);
    }

    /// A buffer's elements over its axes.
    pub(super) fn whole(&self, buffer: BufferId) -> Address {
        let it = &self.buffers[buffer];
        let (offset, strides) = (it.origin.clone(), it.strides.clone());
        Address { buffer, offset, strides, data: Vec::new() }
    }
}

fn plain(rank: usize) -> Vec<Index> {
    (0..rank).map(|at| Index::var(Var(at as u32))).collect()
}

/// Loops of these extents, those from `results` on reduced.
fn flat(extents: &[Dim], results: usize, mut out: Address) -> Flat {
    out.strides.resize(extents.len(), Dim::constant(0));
    let loops = extents.iter().enumerate().map(|(at, extent)| FlatLoop {
        name: format!("i{at}"),
        extent: extent.clone(),
        reduced: at >= results,
    });
    Flat { loops: loops.collect(), reads: Vec::new(), out, scalars: Vec::new() }
}
