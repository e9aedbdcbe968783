//! Goes straight to the places that a guard names.
//!
//! ```text
//! %2 = nest (%0, %1) [n: 9, d: 8] sum f32 [e: E] if (%1[e] == i32[n]) { %0[e, d] } : f32[9, 8]
//! =>
//! %2 = scatter sum (%0, %1) into 9 : f32[9, 8]
//! ```
//!
//! ```text
//! %2 = nest (%0, %1) [t: T, d: 8] sum f32 [v: 9] if (%1[t] == i32[v]) { %0[v, d] } : f32[T, 8]
//! =>
//! %2 = nest (%0, %1) [t: T, d: 8] { select(((i32(0) <= %1[t]) && (%1[t] < i32(9))), %0[{%1[t]}, d], f32(0.0)) } : f32[T, 8]
//! ```
//!
//! Where data are equal to an index of the result, each value has one place to go to, and where
//! they are equal to a reduced index, there is one place to read from: so it takes as many steps
//! as there are values, and not times the places. A factor that is 1 where they are equal and 0
//! elsewhere, a one-hot vector, is such a guard. What stays equal: results of finite numbers, up
//! to rounding. What is not finite reaches the place that its index names and no others, as it
//! does where the program has a guard.

mod one_hot;

use crate::compose::{Leaves, as_index, rename_vars, replace_acc, substitute};
use crate::conditions::{all_of, conditions, mentions, partly_reduced, where_all_hold};
use crate::pass::on_each_graph;
use crate::simplify_guards::affine;
use crate::tidy::{sort, tidy_operands};
use crate::{Changed, Pass};
use nnc_graph::{
    Affine, Axis, Binary, Compare, Elem, Graph, Index, Module, Nest, NestKind, NodeId, Op,
    ReduceOp, Reduction, Scalar, TensorType, Value, Var,
};
use nnc_shape::Dim;

pub const FIND_PLACES: Pass = Pass {
    name: "find-places",
    about: "read at, and reduce into, the places that a guard names",
    rewrite: find_places,
};

/// Values that are reduced into fewer places than this, or of which there are fewer, take no
/// longer where each place looks at all of them.
const FEWEST_PLACES: i64 = 4;
const FEWEST_VALUES: i64 = 16;

fn find_places(module: &mut Module) -> Changed {
    on_each_graph(module, |graph| {
        let ids: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        let mut changed = false;
        for id in ids {
            // Each step takes a reduced axis or the reduction away.
            while step(graph, id).is_some() {
                changed = true;
            }
        }
        if changed {
            sort(graph);
        }
        changed
    })
}

fn step(graph: &mut Graph, id: NodeId) -> Option<()> {
    let (nest, operands) = one_hot::guarded(graph, id)?;
    let NestKind::Reduce(reduction) = &nest.kind else { return None };
    if reduction.op.gives_position() {
        return None;
    }
    let all = conditions(reduction.guard.as_ref());
    for at in 0..all.len() {
        for named in names_in(&all[at]) {
            let mut others = all.clone();
            others.remove(at);
            let place = Place { nest: &nest, reduction, named, others };
            if place.named.var.0 >= nest.axes.len() as u32 {
                set(graph, id, place.read(), operands);
                return Some(());
            }
            if let Some(scatter) = place.scatter() {
                let span = graph.node(id).span;
                let value = add(graph, scatter.values, &operands, id);
                let index = add(graph, scatter.index, &operands, id);
                let op = Op::Scatter { op: reduction.op, places: scatter.places };
                let result = graph.add(op, vec![value, index], scatter.ty, span);
                let mut after = nest.clone();
                let read = Scalar::read(operands.len() as u32, scatter.at);
                after.kind = NestKind::Map { value: replace_acc(&reduction.finish, &read) };
                set(graph, id, after, [operands.as_slice(), &[result]].concat());
                return Some(());
            }
        }
    }
    None
}

fn add(graph: &mut Graph, mut nest: Nest, operands: &[Value], like: NodeId) -> Value {
    let mut operands = operands.to_vec();
    tidy_operands(&mut nest, &mut operands);
    let ty = TensorType::new(nest.elem, nest.shape());
    let span = graph.node(like).span;
    graph.add(Op::Nest(nest), operands, ty, span)
}

fn set(graph: &mut Graph, id: NodeId, mut nest: Nest, mut operands: Vec<Value>) {
    tidy_operands(&mut nest, &mut operands);
    let node = graph.node_mut(id);
    node.op = Op::Nest(nest);
    node.operands = operands;
}

/// An index variable, and the only value that it has where a condition holds.
struct Named {
    var: Var,
    value: Scalar,
    /// The integer type of the value.
    elem: Elem,
}

/// The variables that an equation names values for: data, or another variable.
fn names_in(condition: &Scalar) -> Vec<Named> {
    let Scalar::Compare(Compare::Eq, left, right) = condition else { return Vec::new() };
    let named = |index: &Scalar, value: &Scalar| {
        let elem = match index {
            Scalar::Index { elem, .. } | Scalar::Cast { to: elem, .. } => *elem,
            _ => return None,
        };
        let index = affine(index)?;
        let [(var, one)] = index.terms.as_slice() else { return None };
        let plain = affine(value).is_none_or(|it| it.terms.len() <= 1);
        if *one != Dim::constant(1) || mentions(value, *var) || !plain {
            return None;
        }
        let value = match index.offset == Dim::constant(0) {
            true => value.clone(),
            false => Scalar::binary(Binary::Sub, value.clone(), size(elem, &index.offset)),
        };
        Some(Named { var: *var, value, elem })
    };
    [named(left, right), named(right, left)].into_iter().flatten().collect()
}

/// A size as a number.
fn size(elem: Elem, dim: &Dim) -> Scalar {
    match dim.as_constant() {
        Some(value) => Scalar::Int { elem, value },
        None => Scalar::Index { elem, value: Affine::constant(dim.clone()) },
    }
}

/// A reduction in whose guard a variable has a name.
struct Place<'a> {
    nest: &'a Nest,
    reduction: &'a Reduction,
    named: Named,
    /// What else must hold.
    others: Vec<Scalar>,
}

/// What a reduction becomes that goes to places: the values, where each goes, the type of the
/// result, and where the nest reads it.
struct Scattered {
    values: Nest,
    index: Nest,
    places: Dim,
    ty: TensorType,
    at: Vec<Index>,
}

impl Place<'_> {
    fn mentions(&self, var: Var) -> bool {
        self.others.iter().chain([&self.reduction.value]).any(|it| mentions(it, var))
    }

    /// That the value lies in the variable's axis.
    fn range(&self, value: &Scalar) -> Vec<Scalar> {
        let elem = self.named.elem;
        let extent = self.nest.axis(self.named.var).map(|it| size(elem, &it.extent));
        let low = Scalar::compare(Compare::Le, Scalar::Int { elem, value: 0 }, value.clone());
        let high = extent.map(|it| Scalar::compare(Compare::Lt, value.clone(), it));
        [low].into_iter().chain(high).collect()
    }

    /// An expression with the value in the variable's place and other variables renamed.
    fn with_value(&self, scalar: &Scalar, var: &dyn Fn(Var) -> Affine) -> Scalar {
        let named = rename_vars(&self.named.value, var);
        substitute(
            scalar,
            &Leaves {
                var: &|it| match it == self.named.var {
                    true => as_index(named.clone()),
                    false => Index::Affine(var(it)),
                },
                read: &|operand, at| Scalar::Read { operand, at },
                acc: &|| Scalar::Acc,
            },
        )
    }

    /// The nest where the variable is a reduced one: it reads at one place of it.
    fn read(&self) -> Nest {
        let gone = self.named.var;
        let var = |it: Var| Affine::var(if it > gone { Var(it.0 - 1) } else { it });
        let mut left = self.reduction.axes.clone();
        left.remove(gone.0 as usize - self.nest.axes.len());
        let mut all = self.range(&rename_vars(&self.named.value, &var));
        all.extend(self.others.iter().map(|it| self.with_value(it, &var)));
        let value = self.with_value(&self.reduction.value, &var);
        let mut after = self.nest.clone();
        after.kind = if left.is_empty() {
            let none = self.reduction.op.of_nothing(self.reduction.accumulator);
            let value = where_all_hold(all, value, none);
            NestKind::Map { value: replace_acc(&self.reduction.finish, &value) }
        } else {
            let guard = all_of(all);
            NestKind::Reduce(Reduction { axes: left, guard, value, ..self.reduction.clone() })
        };
        after
    }

    /// What the nest becomes where the variable is one of the result.
    fn scatter(&self) -> Option<Scattered> {
        let to = self.named.var;
        let results = self.nest.axes.len() as u32;
        let reduced = results..results + self.reduction.axes.len() as u32;
        let decides = |it: &Var| mentions(&self.named.value, *it);
        let others = || (0..results).map(Var).filter(|it| *it != to);
        let batch: Vec<Var> = others().filter(decides).collect();
        let rest: Vec<Var> = others().filter(|it| !decides(it)).collect();
        let walked: Vec<Var> = reduced.clone().map(Var).filter(decides).collect();
        let left: Vec<Var> = reduced.map(Var).filter(|it| !decides(it)).collect();
        let extent = |it: &Var| Some(self.nest.axis(*it)?.extent.clone());
        let places = extent(&to)?;
        let count = walked.iter().filter_map(extent).fold(Dim::constant(1), |all, it| &all * &it);
        let few = |dim: &Dim, least: i64| dim.as_constant().is_some_and(|it| it < least);
        if walked.is_empty() || few(&places, FEWEST_PLACES) || few(&count, FEWEST_VALUES) {
            return None;
        }
        // The values' nest has the batch's axes, those that are walked, merged, and the rest.
        let order: Vec<Var> = [batch.as_slice(), &walked, &rest, &left].concat();
        let var = |it: Var| {
            let at = order.iter().position(|other| *other == it);
            at.map_or(Affine::constant(0), |at| Affine::var(Var(at as u32)))
        };
        let axes = |vars: &[Var]| -> Vec<Axis> {
            vars.iter().filter_map(|it| self.nest.axis(*it).cloned()).collect()
        };
        let first = (batch.len() + walked.len()) as u32;
        let (mut here, mut there) = (Vec::new(), Vec::new());
        // Where the value is read with, and where it may not fit 32 bits.
        if self.mentions(to) || self.named.elem == Elem::I64 {
            there.extend(self.range(&rename_vars(&self.named.value, &var)));
        }
        for it in &self.others {
            let it = self.with_value(it, &var);
            let depends = (first..order.len() as u32).any(|at| mentions(&it, Var(at)));
            // Behind a condition that is asked with the value, none is asked without.
            if depends || !here.is_empty() { here.push(it) } else { there.push(it) }
        }
        let value = self.with_value(&self.reduction.value, &var);
        if self.reduction.op == ReduceOp::First && !(here.is_empty() && left.is_empty()) {
            return None;
        }
        // A value whose index is of no place is computed all the same.
        let mut asked = there.clone();
        asked.append(&mut here);
        let groups = |rest: usize| {
            let mut groups = vec![1; batch.len()];
            groups.push(walked.len() as u32);
            groups.resize(batch.len() + 1 + rest, 1);
            groups
        };
        let index = Scalar::cast(Elem::I32, rename_vars(&self.named.value, &var));
        let index = where_all_hold(there, index, Scalar::int(-1));
        let index = Nest {
            axes: axes(&order[..first as usize]),
            groups: groups(0),
            elem: Elem::I32,
            kind: NestKind::Map { value: index },
        };
        let shown = axes(&order[..first as usize + rest.len()]);
        let values =
            partly_reduced(self.reduction, shown, groups(rest.len()), axes(&left), asked, value);
        let mut ty = TensorType::new(values.elem, values.shape());
        ty.shape[batch.len()] = places.clone();
        let at = [batch.as_slice(), &[to], &rest].concat().into_iter().map(Index::var).collect();
        Some(Scattered { values, index, places, ty, at })
    }
}

#[cfg(test)]
mod tests;
