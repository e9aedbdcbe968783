//! A nest with its index maps turned into addresses.

use crate::{Address, Buffer, BufferId, DataIndex};
use nnc_base::Table;
use nnc_graph::{Affine, Index, Scalar, Var};
use nnc_shape::Dim;

/// One loop of a [`Flat`] nest.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct FlatLoop {
    pub(crate) name: String,
    pub(crate) extent: Dim,
    pub(crate) reduced: bool,
}

/// Loops, addresses over them, and scalars that read the addresses.
///
/// Variable `i` of a scalar is loop `i`. Loops can be dropped, put in another
/// order and merged; scalars that name a loop by its index keep it from being
/// merged.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Flat {
    pub(crate) loops: Vec<FlatLoop>,
    pub(crate) reads: Vec<Address>,
    pub(crate) out: Address,
    pub(crate) scalars: Vec<Scalar>,
}

impl Flat {
    /// Rewrites a scalar's reads as reads of addresses, which are added where they
    /// are new. `operands` gives each operand's buffer, `vars` each variable in
    /// terms of the loops.
    pub(crate) fn add_scalar(
        &mut self,
        scalar: &Scalar,
        operands: &dyn Fn(u32) -> BufferId,
        vars: &dyn Fn(Var) -> Affine,
        buffers: &Table<Buffer>,
    ) {
        let scalar = self.rewrite(scalar, operands, vars, buffers);
        self.scalars.push(scalar);
    }

    fn rewrite(
        &mut self,
        scalar: &Scalar,
        operands: &dyn Fn(u32) -> BufferId,
        vars: &dyn Fn(Var) -> Affine,
        buffers: &Table<Buffer>,
    ) -> Scalar {
        match scalar {
            Scalar::Read { operand, at } => {
                let buffer = operands(*operand);
                let mut address = self.constant_address(buffer, &buffers[buffer].origin);
                for (index, stride) in at.iter().zip(&buffers[buffer].strides) {
                    match index {
                        Index::Affine(affine) => {
                            let affine = affine.substitute(vars, &|_| None);
                            add_affine(&mut address, &affine, stride);
                        }
                        Index::Data(value) => {
                            let value = self.rewrite(value, operands, vars, buffers);
                            address.data.push(DataIndex { stride: stride.clone(), value });
                        }
                    }
                }
                let at = self.reads.iter().position(|it| *it == address).unwrap_or_else(|| {
                    self.reads.push(address);
                    self.reads.len() - 1
                });
                Scalar::read(at as u32, Vec::new())
            }
            Scalar::Index { elem, value } => {
                Scalar::Index { elem: *elem, value: value.substitute(vars, &|_| None) }
            }
            _ => scalar.map_children(&mut |it| self.rewrite(it, operands, vars, buffers)),
        }
    }

    /// An address that no loop moves.
    pub(crate) fn constant_address(&self, buffer: BufferId, offset: &Dim) -> Address {
        Address {
            buffer,
            offset: offset.clone(),
            strides: vec![Dim::constant(0); self.loops.len()],
            data: Vec::new(),
        }
    }

    /// All addresses, the output's last.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.reads.iter().chain([&self.out])
    }

    fn addresses_mut(&mut self) -> impl Iterator<Item = &mut Address> {
        self.reads.iter_mut().chain([&mut self.out])
    }

    /// Puts the loops in another order: loop `order[i]` becomes loop `i`. Loops
    /// that `order` leaves out must have one iteration, and go.
    pub(crate) fn reorder(&mut self, order: &[usize]) {
        let place = |var: Var| match order.iter().position(|&it| it == var.0 as usize) {
            Some(at) => Affine::var(Var(at as u32)),
            None => Affine::constant(0),
        };
        let loops = order.iter().map(|&at| self.loops[at].clone()).collect();
        for address in self.addresses_mut() {
            address.strides = order.iter().map(|&at| address.strides[at].clone()).collect();
        }
        self.loops = loops;
        self.rename_all(&place);
    }

    /// Drops loops of one iteration.
    pub(crate) fn drop_unit_loops(&mut self) {
        let order: Vec<usize> =
            (0..self.loops.len()).filter(|&at| self.loops[at].extent != Dim::constant(1)).collect();
        if order.len() != self.loops.len() {
            self.reorder(&order);
        }
    }

    /// Whether some scalar computes with a loop's counter.
    pub(crate) fn is_pinned(&self, at: usize) -> bool {
        let data = self.addresses().flat_map(|address| address.data.iter().map(|it| &it.value));
        self.scalars.iter().chain(data).any(|scalar| {
            let mut pinned = false;
            scalar.visit(&mut |it| {
                if let Scalar::Index { value, .. } = it {
                    pinned |= value.terms.iter().any(|(var, _)| var.0 as usize == at);
                }
            });
            pinned
        })
    }

    /// Whether loops `at` and `at + 1` walk memory like one loop, everywhere but in
    /// the read `ignored`.
    pub(crate) fn can_merge(&self, at: usize, ignored: Option<usize>) -> bool {
        let [outer, inner] = [&self.loops[at], &self.loops[at + 1]];
        outer.reduced == inner.reduced
            && self.addresses().enumerate().all(|(read, address)| {
                Some(read) == ignored
                    || address.strides[at] == &address.strides[at + 1] * &inner.extent
            })
            && !self.is_pinned(at)
            && !self.is_pinned(at + 1)
    }

    /// Makes loops `at` and `at + 1`, which [`Flat::can_merge`] allowed, one.
    pub(crate) fn merge(&mut self, at: usize) {
        let inner = self.loops.remove(at + 1);
        self.loops[at].extent = &self.loops[at].extent * &inner.extent;
        self.loops[at].name = format!("{}_{}", self.loops[at].name, inner.name);
        for address in self.addresses_mut() {
            address.strides.remove(at);
        }
        let shift =
            |var: Var| Affine::var(Var(if var.0 as usize > at { var.0 - 1 } else { var.0 }));
        self.rename_all(&shift);
    }

    /// Adds a loop of one iteration, as loop `at`.
    pub(crate) fn insert_unit_loop(&mut self, at: usize, reduced: bool) {
        let unit = FlatLoop { name: "one".to_owned(), extent: Dim::constant(1), reduced };
        self.loops.insert(at, unit);
        for address in self.addresses_mut() {
            address.strides.insert(at, Dim::constant(0));
        }
        let shift =
            |var: Var| Affine::var(Var(if var.0 as usize >= at { var.0 + 1 } else { var.0 }));
        self.rename_all(&shift);
    }

    fn rename_all(&mut self, vars: &dyn Fn(Var) -> Affine) {
        for address in self.reads.iter_mut().chain([&mut self.out]) {
            for index in &mut address.data {
                index.value = rename(&index.value, vars);
            }
        }
        for scalar in &mut self.scalars {
            *scalar = rename(scalar, vars);
        }
    }
}

/// Adds `stride · affine` to an address.
pub(crate) fn add_affine(address: &mut Address, affine: &Affine, stride: &Dim) {
    address.offset = &address.offset + &(&affine.offset * stride);
    for (var, coefficient) in &affine.terms {
        let at = var.0 as usize;
        address.strides[at] = &address.strides[at] + &(coefficient * stride);
    }
}

fn rename(scalar: &Scalar, vars: &dyn Fn(Var) -> Affine) -> Scalar {
    match scalar {
        Scalar::Index { elem, value } => {
            Scalar::Index { elem: *elem, value: value.substitute(vars, &|_| None) }
        }
        _ => scalar.map_children(&mut |it| rename(it, vars)),
    }
}
