//! `fold` over arrays of layers and state, and over a size.
//!
//! A body that may depend on the place is written down for each place. Else two or more equal
//! layers become one graph that is called once for each; of layers with holes, neighbours are
//! equal where the same stands in them. Its parameters are named from the item on
//! (`attn.wq.weight`), its inputs are the carry, the state that it changes and what it reads
//! from around, and a run-time dim says which item it is, for the place in state that lies
//! stacked.

use std::collections::BTreeMap;

use nnc_base::Name;
use nnc_graph::{Call, Graph, Op, ParamId, RunDim, TensorType};
use nnc_hir::{ArrayItem, Fold, Type};
use nnc_shape::Dim;

use crate::errors;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::path::LayerArray;
use crate::value::{State, Tensor, Val};

/// One of the arrays that are walked along together.
pub(crate) enum Array {
    Layers(LayerArray),
    /// Also a tensor, whose items lie along its first axis.
    State(State),
}

impl<'a> Lowerer<'a> {
    pub(crate) fn fold(&mut self, frame: &mut Frame<'a>, fold: &'a Fold) -> Lowering<Val> {
        if frame.pointwise {
            return Err(Box::new(errors::not_at_a_point(self.span, "`fold`")));
        }
        let count = frame.dim(&fold.count);
        let Some(count) = count.as_constant() else {
            return Err(Box::new(errors::unknown_size(self.span, "the length of a fold", &count)));
        };
        let mut arrays = Vec::new();
        for item in &fold.arrays {
            let value = self.expr(frame, &item.array)?;
            arrays.push(match value {
                Val::Layers(layers) => Array::Layers(layers),
                Val::State(state) => Array::State(state),
                Val::Tensor(tensor) => {
                    let bases = vec![self.stored(&tensor)?];
                    Array::State(State { bases, prefix: Vec::new() })
                }
                Val::Dim(_) | Val::Tuple(_) | Val::Layer(_) | Val::Function(_) => {
                    return Err(self.internal("a fold goes over something that is no array"));
                }
            });
        }
        let init = self.expr(frame, &fold.init)?;
        let init = self.settled_value(init)?;
        let mut value = init;
        value = match self.changed_array(&arrays) {
            Some(array) => self.changed_fold(frame, fold, &mut arrays, value, &array)?,
            None => {
                let items: Vec<i64> = (0..count).collect();
                self.run_items(frame, fold, &mut arrays, value, &items)?
            }
        };
        if let Some(place) = fold.place {
            frame.sizes.remove(&place);
        }
        for (item, array) in fold.arrays.iter().zip(arrays) {
            if let (Some((_, all)), Array::State(state)) = (item.updated, array) {
                frame.locals.insert(all, Val::State(state));
            }
        }
        Ok(value)
    }

    /// The body for items one after the other.
    pub(crate) fn run_items(
        &mut self,
        frame: &mut Frame<'a>,
        fold: &'a Fold,
        arrays: &mut [Array],
        mut value: Val,
        items: &[i64],
    ) -> Lowering<Val> {
        // Steps that may depend on their place are written down one by one.
        let runs = match fold.place {
            Some(_) => items.chunks(1).collect(),
            None => self.equal_runs(arrays, items),
        };
        for run in runs {
            value = match run {
                [only] => self.single(frame, fold, arrays, value, *only)?,
                run => {
                    let count = frame.dim(&fold.count).as_constant().unwrap_or(0);
                    self.calls(frame, fold, arrays, value, count, run)?
                }
            };
        }
        Ok(value)
    }

    /// Items of the arrays, cut into runs of neighbours that are equal: that have the same
    /// candidates in the holes of their spaces, and the same rewrites.
    fn equal_runs<'i>(&self, arrays: &[Array], items: &'i [i64]) -> Vec<&'i [i64]> {
        let layers = || {
            arrays.iter().filter_map(|array| match array {
                Array::Layers(layers) => Some(layers.place.as_str()),
                Array::State(_) => None,
            })
        };
        // What was handed in may depend on its place where the layer that folds does not know.
        let differ = |array: &Array| match array {
            Array::Layers(layers) => layers.places.name.is_some(),
            Array::State(_) => false,
        };
        let alone = self.tracing.is_on() || self.test_layer.is_some();
        let in_place = layers().any(|it| self.rewrites.in_place(it));
        if alone || in_place || arrays.iter().any(differ) {
            // Each item has trace points, constants, or heads of its own.
            return items.chunks(1).collect();
        }
        let said = |at: &i64| -> Vec<_> {
            let below = |place: &str| {
                let place = format!("{place}.{at}");
                let chosen: BTreeMap<&str, usize> = self
                    .choices
                    .iter()
                    .filter_map(|(it, chosen)| {
                        Some((it.strip_prefix(&place).filter(|it| it.starts_with('.'))?, *chosen))
                    })
                    .collect();
                (chosen, self.rewrites.below(&place))
            };
            layers().map(below).collect()
        };
        let cut = |left: &i64, right: &i64| said(left) == said(right);
        items.chunk_by(cut).collect()
    }

    /// The body for one item, in place.
    pub(crate) fn single(
        &mut self,
        frame: &mut Frame<'a>,
        fold: &'a Fold,
        arrays: &mut [Array],
        init: Val,
        at: i64,
    ) -> Lowering<Val> {
        frame.locals.insert(fold.carry, init);
        if let Some(place) = fold.place {
            frame.sizes.insert(place, Dim::constant(at));
        }
        for (item, array) in fold.arrays.iter().zip(arrays.iter()) {
            let value = match array {
                Array::Layers(layers) => {
                    let paths = self.item_paths(&layers.path, &layers.place, at);
                    let home = layers.around.home;
                    Val::Layer(self.array_item(layers, Some(&Dim::constant(at)), home, paths)?)
                }
                Array::State(state) => self.item(frame, item, state, Dim::constant(at))?,
            };
            frame.locals.insert(item.item, value);
        }
        let result = self.expr(frame, &fold.body)?;
        for (item, array) in fold.arrays.iter().zip(arrays) {
            if let (Some((after, _)), Array::State(state)) = (item.updated, array) {
                state.bases = self.bases(frame, after)?;
            }
        }
        self.settled_value(result)
    }

    /// The part of an array at one place.
    fn item(
        &mut self,
        frame: &Frame<'a>,
        item: &ArrayItem,
        array: &State,
        at: Dim,
    ) -> Lowering<Val> {
        let mut part = array.clone();
        part.prefix.push(at);
        match &frame.function.locals[item.item].ty {
            Type::Tensor(_) => match self.field_of(&part, 0) {
                Some(tensor) => Ok(Val::Tensor(tensor)),
                None => Err(self.internal("an array of tensors is not stored")),
            },
            Type::Dim(_)
            | Type::Tuple(_)
            | Type::Struct { .. }
            | Type::Array(..)
            | Type::Layer(_)
            | Type::Function(_)
            | Type::Error => Ok(Val::State(part)),
        }
    }

    fn bases(&self, frame: &Frame<'a>, local: nnc_hir::LocalId) -> Lowering<Vec<u32>> {
        match self.local(frame, local)? {
            Val::State(state) => Ok(state.bases),
            Val::Tensor(_)
            | Val::Dim(_)
            | Val::Tuple(_)
            | Val::Layer(_)
            | Val::Layers(_)
            | Val::Function(_) => Err(self.internal("an item of a fold is no state after it")),
        }
    }

    /// The items of a run: one graph for the body, and a call of it for each.
    fn calls(
        &mut self,
        frame: &mut Frame<'a>,
        fold: &'a Fold,
        arrays: &mut [Array],
        init: Val,
        count: i64,
        run: &[i64],
    ) -> Lowering<Val> {
        let mut carried = Vec::new();
        for tensor in leaves(&init) {
            carried.push(self.stored(tensor)?);
        }

        // The graph of one iteration.
        let (graph, index) = self.iteration_graph(arrays, count, run)?;
        let home = self.begin_graph(graph);
        let mut inner = frame.clone();
        let layers = arrays.iter().filter(|array| matches!(array, Array::Layers(_))).count();
        let mut formals = Vec::new();
        for (item, array) in fold.arrays.iter().zip(arrays.iter()) {
            if let Array::Layers(array) = array {
                let name = inner.function.locals[item.item].name;
                let path = if layers == 1 { String::new() } else { name.to_string() };
                let place = format!("{}.{}", array.place, run.first().copied().unwrap_or(0));
                let instance = self.array_item(array, None, home, (path, place))?;
                formals.push((
                    array.clone(),
                    instance.path.clone(),
                    self.declare_params(&instance, self.span)?,
                ));
                inner.locals.insert(item.item, Val::Layer(instance));
            }
        }
        let mut inputs = Vec::new();
        for source in &carried {
            let ty = self.source_type(*source).clone();
            let input = self.add_input(ty)?;
            inputs.push(self.tensor_of(input));
        }
        inner.locals.insert(fold.carry, rebuilt(&init, &mut inputs.into_iter()));
        let mut changed: Vec<u32> = Vec::new();
        for (item, array) in fold.arrays.iter().zip(arrays.iter()) {
            let Array::State(state) = array else { continue };
            let mut state = state.clone();
            if item.updated.is_some() {
                changed.extend(&state.bases);
                for base in &mut state.bases {
                    let ty = self.source_type(*base).clone();
                    *base = self.add_input(ty)?;
                }
            }
            let value = self.item(&inner, item, &state, Dim::var(index))?;
            inner.locals.insert(item.item, value);
        }

        let result = self.expr(&mut inner, &fold.body)?;
        let result = self.settled_value(result)?;
        let mut outputs = Vec::new();
        for (tensor, source) in leaves(&result).into_iter().zip(&carried) {
            let elem = self.source_type(*source).elem;
            let source = self.stored_as(tensor, elem)?;
            outputs.push(self.resolve(source)?);
        }
        for item in &fold.arrays {
            if let Some((after, _)) = item.updated {
                for base in self.bases(&inner, after)? {
                    outputs.push(self.resolve(base)?);
                }
            }
        }
        let mut building = self.finish_graph()?;
        building.graph.outputs = outputs;
        let types: Vec<TensorType> =
            building.graph.outputs.iter().map(|value| building.graph.ty(*value).clone()).collect();
        let borrowed_from = building.graph.params.len() - building.borrowed.len();
        let dims_before: Vec<Dim> =
            building.graph.dims.iter().map(|dim| Dim::var(dim.name)).collect();
        let formal_types: Vec<TensorType> =
            building.graph.params.values().map(|param| param.ty.clone()).collect();
        let callee = self.module.graphs.push(building.graph);

        // One call for each item.
        let top = self.stack.len() - 1;
        for &at in run {
            let mut params: Vec<ParamId> = Vec::new();
            for (array, path, names) in &formals {
                for name in names {
                    let inside = name.strip_prefix(path.as_str()).unwrap_or(name);
                    let inside = inside.strip_prefix('.').unwrap_or(inside);
                    let (item, _) = self.item_paths(&array.path, &array.place, at);
                    let name = format!("{item}.{inside}");
                    let ty = &formal_types[params.len()];
                    params.push(self.param_in(top, array.around.home, &name, ty)?);
                }
            }
            for (i, (home, name, _)) in building.borrowed.iter().enumerate() {
                params.push(self.param_in(top, *home, name, &formal_types[borrowed_from + i])?);
            }
            let mut operands = Vec::new();
            for source in carried.iter().chain(&changed) {
                operands.push(self.resolve(*source)?);
            }
            for (source, _) in &building.captured {
                operands.push(self.resolve(*source)?);
            }
            let mut dims = dims_before.clone();
            if let Some(last) = dims.last_mut() {
                *last = Dim::constant(at);
            }
            let call = Op::Call(Call { callee, dims, params });
            let mut results = self.add_results(call, operands, types.clone())?;
            changed = results.split_off(carried.len());
            carried = results;
        }

        let mut rest = changed.into_iter();
        for (item, array) in fold.arrays.iter().zip(arrays) {
            if let (Some(_), Array::State(state)) = (item.updated, array) {
                state.bases = rest.by_ref().take(state.bases.len()).collect();
            }
        }
        let results: Vec<Tensor> =
            carried.into_iter().map(|source| self.tensor_of(source)).collect();
        Ok(rebuilt(&init, &mut results.into_iter()))
    }

    /// An empty graph with the sizes of the one around and the item's number, last.
    fn iteration_graph(
        &mut self,
        arrays: &[Array],
        count: i64,
        run: &[i64],
    ) -> Lowering<(Graph, Name)> {
        let around = &self.building()?.graph;
        let field = arrays.iter().find_map(|array| match array {
            Array::Layers(layers) => Some(layers.path.as_str()),
            Array::State(_) => None,
        });
        let mut name = format!("{}.{}", around.name, field.unwrap_or("fold"));
        if !run.iter().copied().eq(0..count) {
            name.push_str(&format!(".{}", run.first().copied().unwrap_or(0)));
        }
        let mut graph = Graph::new(name);
        graph.dims = around.dims.clone();
        graph.facts = around.facts.clone();
        let index = new_dim(&graph, "layer");
        graph.dims.push(RunDim { name: index, min: 0, max: Some(count - 1) });
        graph.facts.declare(index, 0, Some(count - 1));
        Ok((graph, index))
    }

    /// A stored tensor with elements of this type.
    pub(crate) fn stored_as(&mut self, tensor: &Tensor, elem: nnc_graph::Elem) -> Lowering<u32> {
        if tensor.elem == elem {
            return self.stored(tensor);
        }
        let value = self.cast(elem, tensor.value.clone());
        self.stored(&Tensor { elem, value, ..tensor.clone() })
    }

    /// A node with several results.
    pub(crate) fn add_results(
        &mut self,
        op: Op,
        operands: Vec<nnc_graph::Value>,
        types: Vec<TensorType>,
    ) -> Lowering<Vec<u32>> {
        let span = self.span;
        let building = self.building()?;
        let home = building.home;
        let node = nnc_graph::Node { op, operands, types: types.clone(), span };
        let node = building.graph.push(node);
        let results = types.into_iter().enumerate().map(|(result, ty)| {
            let value = nnc_graph::Value { node, result: result as u32 };
            self.source(crate::building::Source::Value { home, value }, ty)
        });
        Ok(results.collect())
    }
}

/// A name that no size of the graph has.
pub(crate) fn new_dim(graph: &Graph, base: &str) -> Name {
    let mut name = Name::new(base);
    let mut count = 2;
    while graph.dims.iter().any(|dim| dim.name == name) {
        name = Name::new(&format!("{base}{count}"));
        count += 1;
    }
    name
}

/// The tensors in a carry.
pub(crate) fn leaves(value: &Val) -> Vec<&Tensor> {
    match value {
        Val::Tensor(tensor) => vec![tensor],
        Val::Tuple(parts) => parts.iter().flat_map(leaves).collect(),
        Val::Dim(_) | Val::State(_) | Val::Layer(_) | Val::Layers(_) | Val::Function(_) => {
            Vec::new()
        }
    }
}

/// A carry with other tensors in the places of its own.
pub(crate) fn rebuilt(like: &Val, tensors: &mut dyn Iterator<Item = Tensor>) -> Val {
    match like {
        Val::Tensor(tensor) => Val::Tensor(tensors.next().unwrap_or_else(|| tensor.clone())),
        Val::Tuple(parts) => Val::Tuple(parts.iter().map(|part| rebuilt(part, tensors)).collect()),
        other @ (Val::Dim(_)
        | Val::State(_)
        | Val::Layer(_)
        | Val::Layers(_)
        | Val::Function(_)) => other.clone(),
    }
}
