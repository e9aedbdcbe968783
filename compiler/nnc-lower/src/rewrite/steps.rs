//! `order`, `drop`, `loop` and `average`: what the folds over an array run.
//!
//! Which items a fold runs, in which order, how often and side by side: Sun et al.,
//! "Transformer layers as painters", 2024, section 3, where those side by side read one value
//! and what they give is averaged. `average` gives each step a weighted sum of what entered the
//! fold and of all that the steps so far have given: Pagliardini et al., "DenseFormer", 2024,
//! equation 3.

use nnc_base::Name;
use nnc_graph::{Affine, Binary, Elem, Index, Scalar, TensorType};
use nnc_hir::{ExprKind, Fold, Init, Joined, Rewrite, RewriteKind, Step};
use nnc_shape::Dim;

use super::parallel::{Stage, branches};
use super::spots::{Spot, What};
use super::{Order, errors, items};
use crate::building::Source;
use crate::fold::{Array, leaves, rebuilt};
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::params::{Made, ParamInfo};
use crate::path::LayerArray;
use crate::value::{Tensor, Val};

/// What a line makes of the folds over an array.
pub(super) fn order(rewrite: &Rewrite, spot: &Spot) -> Lowering<Order> {
    let What::Array { count, .. } = spot.what else {
        return Err(Box::new(errors::wrong_place(rewrite, spot, "array of layers")));
    };
    let all = |from: i64, to: i64| (from..to).map(Step::Item);
    let (steps, joined) = match &rewrite.kind {
        RewriteKind::Order { steps, joined } => (steps.clone(), *joined),
        RewriteKind::Drop(dropped) => {
            for at in dropped {
                in_range(rewrite, spot, *at, count)?;
            }
            (
                all(0, count)
                    .filter(|it| !dropped.iter().any(|at| *it == Step::Item(*at)))
                    .collect(),
                Joined::Mean,
            )
        }
        RewriteKind::Loop { from, to, times } => {
            in_range(rewrite, spot, *to - 1, count)?;
            let times = usize::try_from(*times).unwrap_or(0);
            let looped = std::iter::repeat_n(*from..*to, times).flatten().map(Step::Item);
            (all(0, *from).chain(looped).chain(all(*to, count)).collect(), Joined::Mean)
        }
        RewriteKind::Tie(_)
        | RewriteKind::Average(_)
        | RewriteKind::AverageOff
        | RewriteKind::Parallel
        | RewriteKind::Rank(_)
        | RewriteKind::Heads(_)
        | RewriteKind::OneWriteHead => (all(0, count).collect(), Joined::Mean),
    };
    let mut outside = None;
    items(&steps, &mut |at| {
        if at >= count {
            outside.get_or_insert(at);
        }
    });
    match outside {
        Some(at) => Err(Box::new(errors::out_of_range(rewrite, spot, at, count))),
        None => Ok(Order { steps, joined, span: rewrite.args_span }),
    }
}

pub(super) fn in_range(rewrite: &Rewrite, spot: &Spot, at: i64, count: i64) -> Lowering<()> {
    if (0..count).contains(&at) {
        return Ok(());
    }
    Err(Box::new(errors::out_of_range(rewrite, spot, at, count)))
}

/// The weights of the sums of an array with so many steps, as they start: each sum takes the
/// last value.
pub(crate) fn weights(array: &str, steps: usize, at: nnc_base::Span) -> Vec<ParamInfo> {
    let of_step = |step: usize| {
        let mut weights = vec![0.0; step + 2];
        weights[step + 1] = 1.0;
        let count = weights.len() as i64;
        ParamInfo {
            name: weights_name(array, step),
            elem: Elem::F32,
            shape: vec![count],
            formulas: vec![Dim::constant(count)],
            init: Init { name: Name::new("zeros"), args: Vec::new() },
            span: at,
            made: Some(Made::Numbers(weights)),
        }
    };
    (0..steps).map(of_step).collect()
}

fn weights_name(array: &str, step: usize) -> String {
    format!("{array}.average.{step}")
}

/// How many of an array's steps are summed up to.
pub(crate) fn averaged_steps(order: Option<&Order>, count: i64) -> usize {
    order.map_or(usize::try_from(count).unwrap_or(0), |order| order.steps.len())
}

/// Makes one tensor of several.
type Make<'m, 'a> = dyn FnMut(&mut Lowerer<'a>, &Tensor, &[&Tensor]) -> Lowering<Tensor> + 'm;

impl<'a> Lowerer<'a> {
    /// The array of a fold whose steps a rewrite changes.
    pub(crate) fn changed_array(&self, arrays: &[Array]) -> Option<LayerArray> {
        let mut layers = arrays.iter().filter_map(|array| match array {
            Array::Layers(layers) => Some(layers),
            Array::State(_) => None,
        });
        let changed = |it: &&LayerArray| {
            self.rewrites.orders.contains_key(&it.place)
                || self.rewrites.averages.contains_key(&it.place)
        };
        layers.find(changed).cloned()
    }

    /// A fold over an array whose steps are changed.
    pub(crate) fn changed_fold(
        &mut self,
        frame: &mut Frame<'a>,
        fold: &'a Fold,
        arrays: &mut [Array],
        init: Val,
        array: &LayerArray,
    ) -> Lowering<Val> {
        let place = array.place.clone();
        self.rewritten.insert(place.clone());
        let count = frame.dim(&fold.count).as_constant().unwrap_or(0);
        let order = self.rewrites.orders.get(&place).cloned();
        let average = self.rewrites.averages.get(&place).cloned();
        let span = order.as_ref().map(|it| it.span).or(average.as_ref().map(|it| it.1));
        let line = span.unwrap_or(self.span);
        if let Some(at) = fold.place {
            let ty = &frame.function.locals[fold.carry].ty;
            let there = |value| ty.substitute(&move |it| (it == at).then(|| Dim::constant(value)));
            if there(0) != there(1) {
                return Err(Box::new(errors::grows(line, &place, self.span)));
            }
        }
        let (steps, joined) = match order {
            Some(order) => (order.steps, order.joined),
            None => ((0..count).map(Step::Item).collect(), Joined::Mean),
        };
        if fold.arrays.iter().any(|it| it.updated.is_some()) {
            let mut met = std::collections::BTreeSet::new();
            let mut again = None;
            items(&steps, &mut |at| {
                if !met.insert(at) {
                    again.get_or_insert(at);
                }
            });
            if let Some(item) = again {
                return Err(Box::new(errors::state(line, &place, item, self.span)));
            }
        }
        let Some((given, _)) = average else {
            return self.way(frame, fold, arrays, &steps, joined, init, line);
        };
        if let Some(given) = &given {
            fitting_weights(given, steps.len())
                .map_err(|why| errors::wrong_weights(line, &place, self.span, &why))?;
        }
        let mut states = vec![init.clone()];
        let mut value = init;
        for (at, step) in steps.iter().enumerate() {
            let step = std::slice::from_ref(step);
            let next = self.way(frame, fold, arrays, step, joined, value, line)?;
            states.push(next);
            let row = given.as_ref().and_then(|rows| rows.get(at));
            let weights = match row {
                Some(row) => row.iter().map(|it| Weight::Number(*it)).collect(),
                None => self.new_weights(array, at),
            };
            value = self.weighted(&states, &weights, line)?;
        }
        Ok(value)
    }

    /// Steps one after the other.
    #[expect(clippy::too_many_arguments, reason = "a fold is walked with all that it has")]
    fn way(
        &mut self,
        frame: &mut Frame<'a>,
        fold: &'a Fold,
        arrays: &mut [Array],
        steps: &[Step],
        joined: Joined,
        mut value: Val,
        line: nnc_base::Span,
    ) -> Lowering<Val> {
        let mut run = Vec::new();
        for step in steps {
            match step {
                Step::Item(at) => run.push(*at),
                Step::Side(ways) if joined == Joined::Branches => {
                    let items = std::mem::take(&mut run);
                    value = self.run_items(frame, fold, arrays, value, &items)?;
                    value = self.branches(frame, fold, arrays, ways, value, line)?;
                }
                Step::Side(ways) => {
                    value =
                        self.run_items(frame, fold, arrays, value, &std::mem::take(&mut run))?;
                    let mut given = Vec::new();
                    for way in ways {
                        let entered = value.clone();
                        given.push(self.way(frame, fold, arrays, way, joined, entered, line)?);
                    }
                    value = self.joined(&value, &given, joined, line)?;
                }
            }
        }
        self.run_items(frame, fold, arrays, value, &run)
    }

    /// Items side by side, branch by branch: Touvron et al., 2022, section 3.1.
    fn branches(
        &mut self,
        frame: &mut Frame<'a>,
        fold: &'a Fold,
        arrays: &mut [Array],
        ways: &[Vec<Step>],
        entered: Val,
        line: nnc_base::Span,
    ) -> Lowering<Val> {
        let none = |lowerer: &Self| Box::new(errors::not_by_branches(line, lowerer.span));
        let ExprKind::Call(call) = &fold.body.kind else { return Err(none(self)) };
        let count = branches(&self.program.functions[call.function].body);
        let place = arrays.iter().find_map(|array| match array {
            Array::Layers(layers) => Some(layers.place.clone()),
            Array::State(_) => None,
        });
        let keeps = fold.arrays.iter().any(|it| it.updated.is_some());
        let (Some(array), false, false) = (place, count == 0, keeps) else {
            return Err(none(self));
        };
        let mut sums: Vec<Val> = Vec::new();
        for _ in 0..count {
            let stream = sums.last().unwrap_or(&entered).clone();
            let mut given = Vec::new();
            for way in ways {
                let [Step::Item(at)] = way.as_slice() else { return Err(none(self)) };
                let place = format!("{array}.{at}");
                self.stage = Some(Stage { place, sums: sums.clone() });
                let next = self.single(frame, fold, arrays, entered.clone(), *at)?;
                if self.stage.take().is_some() {
                    return Err(none(self));
                }
                given.push(next);
            }
            sums.push(self.joined(&stream, &given, Joined::Branches, line)?);
        }
        Ok(sums.pop().unwrap_or(entered))
    }

    /// What is made of values that steps side by side give.
    fn joined(
        &mut self,
        entered: &Val,
        given: &[Val],
        joined: Joined,
        line: nnc_base::Span,
    ) -> Lowering<Val> {
        if let [only] = given {
            return Ok(only.clone());
        }
        let count = given.len() as f64;
        self.each_leaf(entered, given, line, &mut |lowerer, entered, given| {
            let tensors: Vec<&Tensor> =
                std::iter::once(entered).chain(given.iter().copied()).collect();
            lowerer.combined(&tensors, &mut |_, parts| {
                let (entered, given) = (&parts[0], &parts[1..]);
                let add = |sum, it| Scalar::binary(Binary::Add, sum, it);
                Ok(match joined {
                    Joined::Mean => {
                        let sum = given[1..].iter().cloned().fold(given[0].clone(), add);
                        let count = number_like(tensors[0].elem, count);
                        Scalar::binary(Binary::Div, sum, count)
                    }
                    Joined::Sum | Joined::Branches => {
                        given.iter().cloned().fold(entered.clone(), |sum, it| {
                            add(sum, Scalar::binary(Binary::Sub, it, entered.clone()))
                        })
                    }
                })
            })
        })
    }

    /// A weighted sum of values.
    fn weighted(
        &mut self,
        states: &[Val],
        weights: &[Weight],
        line: nnc_base::Span,
    ) -> Lowering<Val> {
        let Some((first, rest)) = states.split_first() else {
            return Err(self.internal("an average of nothing"));
        };
        self.each_leaf(first, rest, line, &mut |lowerer, first, rest| {
            let tensors: Vec<&Tensor> =
                std::iter::once(first).chain(rest.iter().copied()).collect();
            let elem = tensors[0].elem;
            lowerer.combined(&tensors, &mut |lowerer, parts| {
                let mut sum: Option<Scalar> = None;
                for (part, weight) in parts.iter().zip(weights) {
                    let term = match weight {
                        Weight::Number(0.0) => continue,
                        Weight::Number(1.0) => part.clone(),
                        Weight::Number(value) => {
                            Scalar::binary(Binary::Mul, number_like(elem, *value), part.clone())
                        }
                        Weight::Param(read) => Scalar::binary(
                            Binary::Mul,
                            lowerer.cast(elem, read.clone()),
                            part.clone(),
                        ),
                    };
                    sum = Some(match sum {
                        Some(sum) => Scalar::binary(Binary::Add, sum, term),
                        None => term,
                    });
                }
                Ok(sum.unwrap_or_else(|| number_like(elem, 0.0)))
            })
        })
    }

    /// The weights of a step as parameters.
    fn new_weights(&mut self, array: &LayerArray, step: usize) -> Vec<Weight> {
        let count = step + 2;
        let ty = TensorType::new(Elem::F32, vec![Dim::constant(count as i64)]);
        let name = weights_name(&array.path, step);
        let source = self.source(Source::Param { home: array.around.home, name }, ty);
        let at = |it: usize| Index::Affine(Affine::constant(it as i64));
        (0..count).map(|it| Weight::Param(Scalar::read(source, vec![at(it)]))).collect()
    }

    /// The tensors of a value, each with those of others at its place, made one.
    fn each_leaf(
        &mut self,
        first: &Val,
        others: &[Val],
        line: nnc_base::Span,
        make: &mut Make<'_, 'a>,
    ) -> Lowering<Val> {
        let firsts = leaves(first);
        let others: Vec<Vec<&Tensor>> = others.iter().map(leaves).collect();
        let mut made = Vec::new();
        for (at, tensor) in firsts.iter().enumerate() {
            let beside: Vec<&Tensor> = others.iter().filter_map(|it| it.get(at).copied()).collect();
            if !tensor.elem.is_float() || beside.len() != others.len() {
                return Err(Box::new(errors::not_joined(line, self.span)));
            }
            let tensor = make(self, tensor, &beside)?;
            made.push(self.settled(tensor)?);
        }
        if made.is_empty() {
            return Err(Box::new(errors::not_joined(line, self.span)));
        }
        Ok(rebuilt(first, &mut made.into_iter()))
    }
}

/// A weight of a sum.
enum Weight {
    Number(f64),
    Param(Scalar),
}

fn number_like(elem: Elem, value: f64) -> Scalar {
    Scalar::Float { elem, value }
}

/// Whether there is a list for each step, of a weight for each value up to there.
fn fitting_weights(given: &[Vec<f64>], steps: usize) -> Result<(), String> {
    if given.len() != steps {
        return Err(format!("there are {} lists for {steps} steps", given.len()));
    }
    for (at, row) in given.iter().enumerate() {
        if row.len() != at + 2 {
            let (has, wants) = (row.len(), at + 2);
            return Err(format!("the list of step {at} has {has} weights and not {wants}"));
        }
    }
    Ok(())
}
