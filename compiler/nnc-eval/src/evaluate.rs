//! Runs entries and graphs.

use crate::error::EvalError;
use crate::nest::{self, Context};
use crate::tensor::{Data, Tensor, strides};
use nnc_base::Name;
use nnc_graph::{
    Call, Elem, Graph, GraphId, Module, Node, NodeId, Op, ParamId, ParamOrigin, ScanOp, TensorType,
    Value,
};
use nnc_shape::Dim;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Precision {
    /// Every float operation is rounded to its declared type.
    #[default]
    Declared,
    /// Floats are computed and kept as f64 from the first operation on, to measure
    /// what rounding does.
    Wide,
}

/// Called with every value as it is computed.
pub type Trace<'a> = dyn Fn(&Graph, NodeId, &Tensor) + 'a;

/// How to run.
#[derive(Default)]
pub struct Options<'a> {
    pub precision: Precision,
    pub trace: Option<&'a Trace<'a>>,
}

/// What a run gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Outputs {
    pub tensors: Vec<Tensor>,
    /// The run-time dims afterwards.
    pub dims: Vec<(Name, i64)>,
}

/// Runs an entry, its arguments checked. `params` gives the stored parameters by
/// path.
pub fn evaluate(
    module: &Module,
    entry: &str,
    dims: &[(Name, i64)],
    params: &dyn Fn(&str) -> Option<Tensor>,
    inputs: &[Tensor],
    options: &Options<'_>,
) -> Result<Outputs, EvalError> {
    let found = module.entry(entry).ok_or_else(|| {
        let known: Vec<&str> = module.entries.iter().map(|it| it.name.as_str()).collect();
        EvalError::Argument(format!("no entry `{entry}`; there are: {}", known.join(", ")))
    })?;
    let graph = &module.graphs[found.graph];
    check_dims(graph, dims)?;
    let size = lookup(dims);
    if inputs.len() != graph.inputs.len() {
        return Err(EvalError::Argument(format!(
            "`{entry}` takes {} inputs, {} were given",
            graph.inputs.len(),
            inputs.len()
        )));
    }
    for ((input, ty), tensor) in found.inputs.iter().zip(&graph.inputs).zip(inputs) {
        check_input(input.name, ty, tensor, &size)?;
        if let Some(bound) = input.index_bound.as_ref().and_then(|bound| bound.eval(&size)) {
            let wrong = (0..tensor.len()).find(|&at| !(0..bound).contains(&tensor.data.int(at)));
            if let Some(at) = wrong {
                return Err(EvalError::Argument(format!(
                    "input `{}` has {} at position {at}; it must lie in 0..{bound}",
                    input.name,
                    tensor.data.int(at)
                )));
            }
        }
    }
    let mut stored: Vec<Tensor> = Vec::new();
    for param in graph.params.values().filter(|it| it.origin == ParamOrigin::Stored) {
        let tensor = params(&param.name)
            .ok_or_else(|| EvalError::Argument(format!("no parameter `{}`", param.name)))?;
        check_input(Name::new(&param.name), &param.ty, &tensor, &size)?;
        stored.push(tensor);
    }
    let tensors = evaluate_graph(module, found.graph, dims, &stored, inputs, options)?;
    let mut after = dims.to_vec();
    for update in &found.updates {
        let value = update.value.eval(&size);
        if let (Some(dim), Some(value)) = (after.iter_mut().find(|it| it.0 == update.dim), value) {
            dim.1 = value;
        }
    }
    Ok(Outputs { tensors, dims: after })
}

fn lookup(dims: &[(Name, i64)]) -> impl Fn(Name) -> Option<i64> {
    move |name| dims.iter().find(|it| it.0 == name).map(|it| it.1)
}

fn check_dims(graph: &Graph, dims: &[(Name, i64)]) -> Result<(), EvalError> {
    let size = lookup(dims);
    for dim in &graph.dims {
        let Some(value) = size(dim.name) else {
            return Err(EvalError::Argument(format!("the size `{}` is not given", dim.name)));
        };
        if value < dim.min || dim.max.is_some_and(|max| value > max) {
            let max = dim.max.map_or_else(String::new, |max| format!(" and at most {max}"));
            return Err(EvalError::Argument(format!(
                "{} = {value}; it must be at least {}{max}",
                dim.name, dim.min
            )));
        }
    }
    for fact in graph.facts.iter() {
        if fact.holds(&size) == Some(false) {
            return Err(EvalError::Argument(format!("the sizes given do not satisfy {fact}")));
        }
    }
    Ok(())
}

fn check_input(
    name: Name,
    ty: &TensorType,
    tensor: &Tensor,
    size: &dyn Fn(Name) -> Option<i64>,
) -> Result<(), EvalError> {
    let shape: Option<Vec<usize>> =
        ty.shape.iter().map(|dim| dim.eval(size).and_then(|it| usize::try_from(it).ok())).collect();
    if tensor.elem != ty.elem || shape.as_ref() != Some(&tensor.shape) {
        return Err(EvalError::Argument(format!(
            "`{name}` must be {}{:?}, is {}{:?}",
            ty.elem,
            shape.unwrap_or_default(),
            tensor.elem,
            tensor.shape
        )));
    }
    Ok(())
}

/// Runs a graph with its stored parameters in order.
pub fn evaluate_graph(
    module: &Module,
    id: GraphId,
    dims: &[(Name, i64)],
    stored: &[Tensor],
    inputs: &[Tensor],
    options: &Options<'_>,
) -> Result<Vec<Tensor>, EvalError> {
    let graph = &module.graphs[id];
    let mut runner =
        Runner { module, graph, dims, options, params: BTreeMap::new(), values: BTreeMap::new() };
    runner.bind_params(stored)?;
    let last_use = last_uses(graph);
    for (node_id, node) in graph.nodes() {
        let results = runner.node(node, inputs).map_err(|message| match message {
            Failure::Here(message) => {
                EvalError::Graph { graph: graph.name.clone(), node: Some(node_id), message }
            }
            Failure::Inside(error) => error,
        })?;
        for (result, tensor) in results.into_iter().enumerate() {
            if let Some(trace) = options.trace {
                trace(graph, node_id, &tensor);
            }
            runner.values.insert(Value { node: node_id, result: result as u32 }, tensor);
        }
        for operand in &node.operands {
            if last_use.get(operand) == Some(&Some(node_id)) {
                runner.values.remove(operand);
            }
        }
    }
    graph
        .outputs
        .iter()
        .map(|output| {
            runner.values.get(output).cloned().ok_or_else(|| EvalError::Graph {
                graph: graph.name.clone(),
                node: Some(output.node),
                message: "an output that was never computed".to_owned(),
            })
        })
        .collect()
}

/// The last node that reads each value; `None` for outputs, which stay.
fn last_uses(graph: &Graph) -> BTreeMap<Value, Option<NodeId>> {
    let mut last = BTreeMap::new();
    for (id, node) in graph.nodes() {
        for &operand in &node.operands {
            last.insert(operand, Some(id));
        }
    }
    for &output in &graph.outputs {
        last.insert(output, None);
    }
    last
}

enum Failure {
    Here(String),
    Inside(EvalError),
}

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::Here(message)
    }
}

struct Runner<'a> {
    module: &'a Module,
    graph: &'a Graph,
    dims: &'a [(Name, i64)],
    options: &'a Options<'a>,
    params: BTreeMap<ParamId, Tensor>,
    values: BTreeMap<Value, Tensor>,
}

impl Runner<'_> {
    fn bind_params(&mut self, stored: &[Tensor]) -> Result<(), EvalError> {
        let mut stored = stored.iter();
        for (id, param) in self.graph.params.iter() {
            let tensor = match &param.origin {
                ParamOrigin::Stored => stored.next().cloned(),
                ParamOrigin::Derived { graph, from } => {
                    let inputs: Vec<Tensor> =
                        from.iter().filter_map(|it| self.params.get(it).cloned()).collect();
                    let plain = Options { precision: self.options.precision, trace: None };
                    evaluate_graph(self.module, *graph, &[], &[], &inputs, &plain)?.pop()
                }
            };
            let Some(tensor) = tensor else {
                return Err(EvalError::Graph {
                    graph: self.graph.name.clone(),
                    node: None,
                    message: format!("parameter {:?} is not bound", param.name),
                });
            };
            self.params.insert(id, tensor);
        }
        Ok(())
    }

    fn size(&self, dim: &Dim) -> Result<usize, String> {
        let value = dim.eval(&lookup(self.dims)).and_then(|it| usize::try_from(it).ok());
        value.ok_or_else(|| format!("{dim} is no size here"))
    }

    fn shape(&self, ty: &TensorType) -> Result<Vec<usize>, String> {
        ty.shape.iter().map(|dim| self.size(dim)).collect()
    }

    fn wide(&self) -> bool {
        self.options.precision == Precision::Wide
    }

    fn node(&self, node: &Node, inputs: &[Tensor]) -> Result<Vec<Tensor>, Failure> {
        let operands: Vec<&Tensor> =
            node.operands.iter().filter_map(|it| self.values.get(it)).collect();
        if operands.len() != node.operands.len() {
            return Err("an operand that was never computed".to_owned().into());
        }
        let tensor = match &node.op {
            Op::Input(at) => inputs
                .get(*at as usize)
                .cloned()
                .ok_or_else(|| "an input that is not given".to_owned())?,
            Op::Param(param) => self
                .params
                .get(param)
                .cloned()
                .ok_or_else(|| "a parameter that is not bound".to_owned())?,
            Op::Const(literal) => {
                Tensor::from_literal(node.types[0].elem, self.shape(&node.types[0])?, literal)
            }
            Op::Nest(nest) => {
                let types: Vec<&TensorType> =
                    node.operands.iter().map(|it| self.graph.ty(*it)).collect();
                let dims = lookup(self.dims);
                let context =
                    Context { types: &types, operands: &operands, dims: &dims, wide: self.wide() };
                let data = nest::run(nest, &context)?;
                Tensor { elem: nest.elem, shape: self.shape(&node.types[0])?, data }
            }
            Op::Write { offset } => self.write(operands[0], operands[1], offset)?,
            Op::Reshape => Tensor { shape: self.shape(&node.types[0])?, ..operands[0].clone() },
            Op::TopK { k } => return Ok(top_k(operands[0], self.size(k)?)),
            Op::Scan(scan) => return self.scan(node, scan, &operands),
            Op::Call(call) => return self.call(call, &operands),
        };
        Ok(vec![tensor])
    }

    fn write(&self, target: &Tensor, source: &Tensor, offset: &[Dim]) -> Result<Tensor, String> {
        let mut result = target.clone();
        let offsets: Vec<usize> =
            offset.iter().map(|dim| self.size(dim)).collect::<Result<_, _>>()?;
        for (axis, (&offset, (&extent, &room))) in
            offsets.iter().zip(source.shape.iter().zip(&target.shape)).enumerate()
        {
            if offset + extent > room {
                return Err(format!(
                    "writes {extent} at {offset} along axis {axis}, which has {room}"
                ));
            }
        }
        let (from, to) = (strides(&source.shape), strides(&target.shape));
        for at in 0..source.len() {
            let place: usize = source
                .shape
                .iter()
                .zip(&from)
                .zip(to.iter().zip(&offsets))
                .map(|((&extent, &step), (&stride, &offset))| {
                    (at / step % extent + offset) * stride
                })
                .sum();
            result.data.copy_from(place, &source.data, at);
        }
        Ok(result)
    }

    fn bound(&self, params: &[ParamId]) -> Vec<Tensor> {
        params.iter().filter_map(|it| self.params.get(it).cloned()).collect()
    }

    fn call(&self, call: &Call, operands: &[&Tensor]) -> Result<Vec<Tensor>, Failure> {
        let callee = &self.module.graphs[call.callee];
        let dims = callee
            .dims
            .iter()
            .zip(&call.dims)
            .map(|(dim, value)| Ok((dim.name, self.size(value)? as i64)))
            .collect::<Result<Vec<_>, String>>()?;
        let inputs: Vec<Tensor> = operands.iter().map(|it| (*it).clone()).collect();
        let params = self.bound(&call.params);
        evaluate_graph(self.module, call.callee, &dims, &params, &inputs, self.options)
            .map_err(Failure::Inside)
    }

    fn scan(
        &self,
        node: &Node,
        scan: &ScanOp,
        operands: &[&Tensor],
    ) -> Result<Vec<Tensor>, Failure> {
        let carried = scan.carried as usize;
        let mut inputs: Vec<Tensor> = operands.iter().map(|it| (*it).clone()).collect();
        let params = self.bound(&scan.params);
        let extent = self.size(&scan.extent)?;
        let mut stacked: Vec<Tensor> = Vec::new();
        for ty in &node.types[carried..] {
            let shape = self.shape(ty)?;
            let data = Data::zeros(ty.elem, self.wide(), shape.iter().product());
            stacked.push(Tensor { elem: ty.elem, shape, data });
        }
        for step in 0..extent {
            let mut dims = self.dims.to_vec();
            dims.retain(|it| it.0 != scan.variable);
            dims.push((scan.variable, step as i64));
            let results =
                evaluate_graph(self.module, scan.body, &dims, &params, &inputs, self.options)
                    .map_err(Failure::Inside)?;
            for (at, result) in results.into_iter().enumerate() {
                if at < carried {
                    inputs[at] = result;
                } else {
                    let whole = &mut stacked[at - carried];
                    for index in 0..result.len() {
                        whole.data.copy_from(step * result.len() + index, &result.data, index);
                    }
                }
            }
        }
        inputs.truncate(carried);
        inputs.extend(stacked);
        Ok(inputs)
    }
}

/// The greatest along the last axis; ties by lower position, NaN before all.
fn top_k(source: &Tensor, k: usize) -> Vec<Tensor> {
    let extent = source.shape.last().copied().unwrap_or(1);
    let rows = source.len().checked_div(extent).unwrap_or(0);
    let mut shape = source.shape.clone();
    if let Some(last) = shape.last_mut() {
        *last = k;
    }
    let mut values = Data::zeros(source.elem, matches!(source.data, Data::F64(_)), rows * k);
    let mut positions = vec![0i32; rows * k];
    for row in 0..rows {
        let mut order: Vec<usize> = (0..extent).collect();
        let key = |at: &usize| source.data.float(row * extent + at);
        order.sort_by(|a, b| key(b).total_cmp(&key(a)));
        for (slot, &at) in order.iter().take(k).enumerate() {
            values.copy_from(row * k + slot, &source.data, row * extent + at);
            positions[row * k + slot] = at as i32;
        }
    }
    vec![
        Tensor { elem: source.elem, shape: shape.clone(), data: values },
        Tensor { elem: Elem::I32, shape, data: Data::I32(positions) },
    ]
}
