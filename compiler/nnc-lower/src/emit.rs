//! From scalars to nodes: what is a node of its own, and the node itself.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use nnc_graph::{
    Affine, Axis, Binary, Elem, Index, Nest, NestKind, Op, Reduction, Scalar, TensorType, Unary,
    Value, Var,
};

use crate::building::{Pending, PendingKind};
use crate::contract::replace_acc;
use crate::lowerer::{Lowerer, Lowering};
use crate::point;

impl Lowerer<'_> {
    /// Stores `value` for each point of `axes`, of which `groups` makes the result's.
    pub(crate) fn emit(
        &mut self,
        axes: &[Var],
        groups: &[u32],
        elem: Elem,
        value: &Scalar,
    ) -> Lowering<u32> {
        if let Some((pending, finish)) = self.root_pending(axes, value) {
            return self.emit_pending(&pending, axes, groups, elem, finish);
        }
        let value = self.settle(value, &[])?;
        // Only the shape changes where a stored tensor is read in order.
        if let Some(whole) = self.read_in_order(axes, &value)
            && groups.iter().any(|count| *count != 1)
            && self.source_type(whole).elem == elem
        {
            let ty = TensorType::new(elem, self.grouped(axes, groups));
            let operand = self.resolve(whole)?;
            return self.add_node(Op::Reshape, vec![operand], ty);
        }
        self.add_nest(axes, &[], groups, elem, NestKind::Map { value })
    }

    /// The only reduction in a scalar that reads nothing else, has a value for each of
    /// `axes`, and rests on no condition of the scalar; and what is done with it.
    fn root_pending(&self, axes: &[Var], value: &Scalar) -> Option<(Rc<Pending>, Scalar)> {
        let mut reads = Vec::new();
        value.visit(&mut |it| {
            if let Scalar::Read { operand, at } = it {
                reads.push((*operand, at.clone()));
            }
        });
        let (first, at) = reads.first()?;
        if reads.iter().any(|(operand, _)| operand != first) {
            return None;
        }
        let pending = self.pending(*first)?;
        let as_it_is = is_identity(at, &pending.free);
        let covers =
            axes.len() == pending.free.len() && axes.iter().all(|axis| pending.free.contains(axis));
        let finish = replace_reads(value);
        let finish_fits = match &pending.kind {
            PendingKind::Reduce { .. } => true,
            PendingKind::Softmax { .. } => finish == Scalar::Acc,
        };
        let free_of_conditions = !rests_on_condition(value, &pending.delicate_vars());
        (as_it_is && covers && finish_fits && free_of_conditions).then_some((pending, finish))
    }

    fn read_in_order(&self, axes: &[Var], value: &Scalar) -> Option<u32> {
        let Scalar::Read { operand, at } = value else { return None };
        let ty = self.source_type(*operand);
        let same_extents = ty.shape.len() == axes.len()
            && ty.shape.iter().zip(axes).all(|(size, axis)| size == self.extent(*axis));
        (is_identity(at, axes) && same_extents).then_some(*operand)
    }

    /// The result's shape.
    fn grouped(&self, axes: &[Var], groups: &[u32]) -> Vec<nnc_shape::Dim> {
        let mut axes = axes.iter();
        groups
            .iter()
            .map(|count| {
                let start = nnc_shape::Dim::constant(1);
                axes.by_ref()
                    .take(*count as usize)
                    .fold(start, |size, axis| &size * self.extent(*axis))
            })
            .collect()
    }

    /// Gives reductions in a scalar nodes of their own and reads these. `guards` are
    /// the conditions under which the scalar is evaluated.
    pub(crate) fn settle(&mut self, scalar: &Scalar, guards: &[Scalar]) -> Lowering<Scalar> {
        Ok(match scalar {
            Scalar::Read { operand, at } => {
                let mut places = Vec::with_capacity(at.len());
                for index in at {
                    places.push(match index {
                        Index::Affine(affine) => Index::Affine(affine.clone()),
                        Index::Data(value) => Index::Data(Box::new(self.settle(value, guards)?)),
                    });
                }
                match self.pending(*operand) {
                    None => Scalar::read(*operand, places),
                    Some(pending) => self.settle_pending(*operand, &pending, places, guards)?,
                }
            }
            Scalar::Select { condition, then, otherwise } => {
                let condition = self.settle(condition, guards)?;
                let not = Scalar::unary(Unary::Not, condition.clone());
                let then = self.settle(then, &extended(guards, &condition))?;
                let otherwise = self.settle(otherwise, &extended(guards, &not))?;
                Scalar::select(condition, then, otherwise)
            }
            Scalar::Binary(op @ (Binary::And | Binary::Or), left, right) => {
                let left = self.settle(left, guards)?;
                let condition = match op {
                    Binary::Or => Scalar::unary(Unary::Not, left.clone()),
                    _ => left.clone(),
                };
                let right = self.settle(right, &extended(guards, &condition))?;
                Scalar::binary(*op, left, right)
            }
            Scalar::Binary(op, left, right) => {
                let left = self.settle(left, guards)?;
                Scalar::binary(*op, left, self.settle(right, guards)?)
            }
            Scalar::Compare(op, left, right) => {
                let left = self.settle(left, guards)?;
                Scalar::compare(*op, left, self.settle(right, guards)?)
            }
            Scalar::Unary(op, value) => Scalar::unary(*op, self.settle(value, guards)?),
            Scalar::Cast { to, value } => Scalar::cast(*to, self.settle(value, guards)?),
            Scalar::Acc
            | Scalar::Float { .. }
            | Scalar::Int { .. }
            | Scalar::Bool(_)
            | Scalar::Index { .. } => scalar.clone(),
        })
    }

    fn settle_pending(
        &mut self,
        operand: u32,
        pending: &Rc<Pending>,
        at: Vec<Index>,
        guards: &[Scalar],
    ) -> Lowering<Scalar> {
        // A read that is in bounds only under a condition needs it in its own node too.
        let delicate = pending.delicate_vars();
        let needed: Vec<&Scalar> = guards
            .iter()
            .filter(|guard| point::free_vars(guard).iter().any(|var| delicate.contains(var)))
            .collect();
        if needed.is_empty() || !is_identity(&at, &pending.free) {
            let known = self.building()?.emitted.get(&operand).copied();
            let source = match known {
                Some(source) => source,
                None => {
                    let (free, groups) = (pending.free.clone(), vec![1; pending.free.len()]);
                    let source =
                        self.emit_pending(pending, &free, &groups, pending.elem, Scalar::Acc)?;
                    self.building()?.emitted.insert(operand, source);
                    source
                }
            };
            return Ok(Scalar::read(source, at));
        }
        let guard = needed
            .into_iter()
            .fold(pending.guard.clone(), |all, guard| point::and(Some(guard.clone()), all));
        let read = self.pend(pending.kind.clone(), pending.elem, guard, pending.value.clone());
        self.settle(&read, &[])
    }

    /// The node of a reduction or softmax over `axes`, which are its free variables.
    fn emit_pending(
        &mut self,
        pending: &Rc<Pending>,
        axes: &[Var],
        groups: &[u32],
        elem: Elem,
        finish: Scalar,
    ) -> Lowering<u32> {
        let outer = std::mem::replace(&mut self.span, pending.span);
        let guard = match &pending.guard {
            Some(guard) => Some(self.settle(guard, &[])?),
            None => None,
        };
        let inside: Vec<Scalar> = guard.iter().cloned().collect();
        let result = match &pending.kind {
            PendingKind::Softmax { axis } => {
                let value = self.settle(&pending.value, &inside)?;
                let kind = NestKind::Softmax { axis: *axis, guard, value };
                self.add_nest(axes, &[], groups, elem, kind)
            }
            PendingKind::Reduce { op, axes: over, accumulator } => {
                let value = self.settle(&pending.value, &inside)?;
                let mut reduction = Reduction {
                    op: *op,
                    axes: Vec::new(),
                    guard,
                    value,
                    accumulator: *accumulator,
                    finish,
                };
                let mut over = over.clone();
                self.contract(&mut reduction, &mut over)?;
                let kind = if over.is_empty() {
                    whole_sum(reduction)
                } else {
                    NestKind::Reduce(reduction)
                };
                self.add_nest(axes, &over, groups, elem, kind)
            }
        };
        self.span = outer;
        result
    }

    /// A nest whose scalars are over sources and variables of the lowerer's tables.
    pub(crate) fn add_nest(
        &mut self,
        axes: &[Var],
        over: &[Var],
        groups: &[u32],
        elem: Elem,
        mut kind: NestKind,
    ) -> Lowering<u32> {
        let axis = |lowerer: &Self, var: &Var| {
            let (name, extent) = lowerer.vars[var.0 as usize].clone();
            Axis { name, extent }
        };
        let places: HashMap<Var, Var> =
            axes.iter().chain(over).enumerate().map(|(i, var)| (*var, Var(i as u32))).collect();
        match &mut kind {
            NestKind::Reduce(reduction) => {
                reduction.axes = over.iter().map(|var| axis(self, var)).collect();
            }
            NestKind::Softmax { axis, .. } => {
                *axis =
                    *places.get(axis).ok_or_else(|| self.internal("a softmax lost its axis"))?;
            }
            NestKind::Map { .. } => {}
        }
        let mut nest = Nest {
            axes: axes.iter().map(|var| axis(self, var)).collect(),
            groups: groups.to_vec(),
            elem,
            kind,
        };

        let mut sources = Vec::new();
        let mut lost = None;
        for scalar in nest.scalars() {
            scalar.visit(&mut |it| {
                if let Scalar::Read { operand, .. } = it
                    && !sources.contains(operand)
                {
                    sources.push(*operand);
                }
            });
            lost =
                lost.or(point::free_vars(scalar).into_iter().find(|var| !places.contains_key(var)));
        }
        if let Some(var) = lost {
            let name = self.vars[var.0 as usize].0;
            return Err(self.internal(format!("the index `{name}` is not bound")));
        }
        let mut operands: Vec<Value> = Vec::new();
        let mut operand_of = HashMap::new();
        for source in sources {
            let value = self.resolve(source)?;
            let at = operands.iter().position(|it| *it == value).unwrap_or_else(|| {
                operands.push(value);
                operands.len() - 1
            });
            operand_of.insert(source, at as u32);
        }
        nest.map_scalars(&mut |scalar| {
            let local =
                point::substitute(scalar, &|var| places.get(&var).map(|it| Index::var(*it)));
            renumber(&local, &operand_of)
        });
        let ty = TensorType::new(elem, nest.shape());
        self.add_node(Op::Nest(nest), operands, ty)
    }
}

/// A sum over no axes that are left: its only term, or 0 where its guard fails.
fn whole_sum(reduction: Reduction) -> NestKind {
    let zero = Scalar::Float { elem: reduction.accumulator, value: 0.0 };
    let value = match reduction.guard {
        Some(guard) => Scalar::select(guard, reduction.value, zero),
        None => reduction.value,
    };
    NestKind::Map { value: replace_acc(&reduction.finish, &value) }
}

/// Whether anything is read only where a condition on one of these variables holds.
fn rests_on_condition(scalar: &Scalar, delicate: &BTreeSet<Var>) -> bool {
    let asks = |condition: &Scalar| !point::free_vars(condition).is_disjoint(delicate);
    let mut found = false;
    scalar.visit(&mut |it| {
        found |= match it {
            Scalar::Select { condition, then, otherwise } => {
                asks(condition) && (point::reads(then) || point::reads(otherwise))
            }
            Scalar::Binary(Binary::And | Binary::Or, condition, right) => {
                asks(condition) && point::reads(right)
            }
            _ => false,
        };
    });
    found
}

fn extended(guards: &[Scalar], guard: &Scalar) -> Vec<Scalar> {
    guards.iter().chain([guard]).cloned().collect()
}

fn is_identity(at: &[Index], vars: &[Var]) -> bool {
    at.len() == vars.len()
        && at
            .iter()
            .zip(vars)
            .all(|(index, var)| index.as_affine().and_then(Affine::as_var) == Some(*var))
}

fn replace_reads(scalar: &Scalar) -> Scalar {
    match scalar {
        Scalar::Read { .. } => Scalar::Acc,
        other => other.map_children(&mut replace_reads),
    }
}

fn renumber(scalar: &Scalar, operand_of: &HashMap<u32, u32>) -> Scalar {
    let scalar = scalar.map_children(&mut |child| renumber(child, operand_of));
    match scalar {
        Scalar::Read { operand, at } => {
            Scalar::read(operand_of.get(&operand).copied().unwrap_or(operand), at)
        }
        other => other,
    }
}
