//! Runs entries and graphs.

use crate::along;
use crate::error::EvalError;
use crate::nest::{self, Context};
use crate::tensor::{Data, Tensor, strides};
use nnc_base::Name;
use nnc_graph::{
    Call, Graph, GraphId, Module, Node, NodeId, Op, ParamId, ParamOrigin, ScanOp, TensorType, Value,
};
use nnc_shape::Dim;
use std::collections::BTreeMap;
use std::sync::Arc;

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

/// A tensor that several hold; whoever is the last to need it may write into it.
pub type Shared = Arc<Tensor>;

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
    let params = |name: &str| params(name).map(Arc::new);
    let mut inputs = inputs.iter().cloned().map(Arc::new).collect();
    let tensors = evaluate_shared(module, entry, dims, &params, &mut inputs, options)?;
    let size = lookup(dims);
    let mut after = dims.to_vec();
    for update in module.entry(entry).iter().flat_map(|it| &it.updates) {
        let value = update.value.eval(&size);
        if let (Some(dim), Some(value)) = (after.iter_mut().find(|it| it.0 == update.dim), value) {
            dim.1 = value;
        }
    }
    let tensors = tensors.into_iter().map(Arc::unwrap_or_clone).collect();
    Ok(Outputs { tensors, dims: after })
}

/// The tensors that [`evaluate`] gives, without copies: an input that nobody else holds is written
/// over where the program writes into it, such as a cache. The inputs are taken when all
/// arguments have been checked.
pub fn evaluate_shared(
    module: &Module,
    entry: &str,
    dims: &[(Name, i64)],
    params: &dyn Fn(&str) -> Option<Shared>,
    inputs: &mut Vec<Shared>,
    options: &Options<'_>,
) -> Result<Vec<Shared>, EvalError> {
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
    for ((input, ty), tensor) in found.inputs.iter().zip(&graph.inputs).zip(&*inputs) {
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
    let mut stored: Vec<Shared> = Vec::new();
    for param in graph.params.values().filter(|it| it.origin == ParamOrigin::Stored) {
        let tensor = params(&param.name)
            .ok_or_else(|| EvalError::Argument(format!("no parameter `{}`", param.name)))?;
        check_input(Name::new(&param.name), &param.ty, &tensor, &size)?;
        stored.push(tensor);
    }
    run_graph(module, found.graph, dims, &stored, std::mem::take(inputs), options)
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
    let stored: Vec<Shared> = stored.iter().cloned().map(Arc::new).collect();
    let inputs = inputs.iter().cloned().map(Arc::new).collect();
    let tensors = run_graph(module, id, dims, &stored, inputs, options)?;
    Ok(tensors.into_iter().map(Arc::unwrap_or_clone).collect())
}

fn run_graph(
    module: &Module,
    id: GraphId,
    dims: &[(Name, i64)],
    stored: &[Shared],
    inputs: Vec<Shared>,
    options: &Options<'_>,
) -> Result<Vec<Shared>, EvalError> {
    let graph = &module.graphs[id];
    let mut runner =
        Runner { module, graph, dims, options, params: BTreeMap::new(), values: BTreeMap::new() };
    runner.bind_params(stored)?;
    let last_use = last_uses(graph);
    let mut inputs = Inputs::new(graph, inputs);
    for (node_id, node) in graph.nodes() {
        let in_graph = |message: String| EvalError::Graph {
            graph: graph.name.clone(),
            node: Some(node_id),
            message,
        };
        let operands: Option<Vec<Shared>> =
            node.operands.iter().map(|it| runner.values.get(it).cloned()).collect();
        let operands =
            operands.ok_or_else(|| in_graph("an operand that was never computed".to_owned()))?;
        // Before the node runs, so that it alone holds what nobody reads again.
        for operand in &node.operands {
            if last_use.get(operand) == Some(&Some(node_id)) {
                runner.values.remove(operand);
            }
        }
        let results = match node.op {
            Op::Input(at) => inputs
                .take(at, node_id)
                .map(|tensor| vec![tensor])
                .ok_or_else(|| in_graph("an input that is not given".to_owned()))?,
            _ => runner.node(node, operands).map_err(|failure| match failure {
                Failure::Here(message) => in_graph(message),
                Failure::Inside(error) => error,
            })?,
        };
        for (result, tensor) in results.into_iter().enumerate() {
            if let Some(trace) = options.trace {
                trace(graph, node_id, &tensor);
            }
            runner.values.insert(Value { node: node_id, result: result as u32 }, tensor);
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

/// The arguments of a graph, each given away where it is read last.
struct Inputs {
    tensors: Vec<Option<Shared>>,
    last: BTreeMap<u32, NodeId>,
}

impl Inputs {
    fn new(graph: &Graph, tensors: Vec<Shared>) -> Inputs {
        let reads = graph.nodes().filter_map(|(id, node)| match node.op {
            Op::Input(at) => Some((at, id)),
            _ => None,
        });
        Inputs { tensors: tensors.into_iter().map(Some).collect(), last: reads.collect() }
    }

    fn take(&mut self, at: u32, node: NodeId) -> Option<Shared> {
        let slot = self.tensors.get_mut(at as usize)?;
        if self.last.get(&at) == Some(&node) { slot.take() } else { slot.clone() }
    }
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
    params: BTreeMap<ParamId, Shared>,
    values: BTreeMap<Value, Shared>,
}

impl Runner<'_> {
    fn bind_params(&mut self, stored: &[Shared]) -> Result<(), EvalError> {
        let mut stored = stored.iter();
        for (id, param) in self.graph.params.iter() {
            let tensor = match &param.origin {
                ParamOrigin::Stored => stored.next().cloned(),
                ParamOrigin::Derived { graph, from } => {
                    let inputs: Vec<Shared> =
                        from.iter().filter_map(|it| self.params.get(it).cloned()).collect();
                    let plain = Options { precision: self.options.precision, trace: None };
                    run_graph(self.module, *graph, &[], &[], inputs, &plain)?.pop()
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

    fn node(&self, node: &Node, mut operands: Vec<Shared>) -> Result<Vec<Shared>, Failure> {
        let tensor = match &node.op {
            Op::Input(_) => return Err("an input among operations".to_owned().into()),
            Op::Param(param) => {
                let tensor = self.params.get(param).cloned();
                let tensor = tensor.ok_or_else(|| "a parameter that is not bound".to_owned())?;
                return Ok(vec![tensor]);
            }
            Op::Const(literal) => {
                Tensor::from_literal(node.types[0].elem, self.shape(&node.types[0])?, literal)
            }
            Op::Nest(nest) => {
                let types: Vec<&TensorType> =
                    node.operands.iter().map(|it| self.graph.ty(*it)).collect();
                let dims = lookup(self.dims);
                let operands: Vec<&Tensor> = operands.iter().map(|it| &**it).collect();
                let context =
                    Context { types: &types, operands: &operands, dims: &dims, wide: self.wide() };
                let data = nest::run(nest, &context)?;
                Tensor { elem: nest.elem, shape: self.shape(&node.types[0])?, data }
            }
            Op::Write { offset } => {
                let source = operands.remove(1);
                let target = Arc::unwrap_or_clone(operands.remove(0));
                self.write(target, &source, offset)?
            }
            Op::Reshape => {
                let source = Arc::unwrap_or_clone(operands.remove(0));
                Tensor { shape: self.shape(&node.types[0])?, ..source }
            }
            Op::Order { descending, k } => {
                let results = along::sort(&operands[0], *descending, self.size(k)?);
                return Ok(results.into_iter().map(Arc::new).collect());
            }
            Op::Running(running) => along::running(&operands[0], *running),
            Op::Scatter { op, places } => {
                along::scatter(&operands[0], &operands[1], *op, self.size(places)?)
            }
            Op::Scan(scan) => return self.scan(node, scan, operands),
            Op::Call(call) => return self.call(call, operands),
        };
        Ok(vec![Arc::new(tensor)])
    }

    fn write(&self, mut target: Tensor, source: &Tensor, offset: &[Dim]) -> Result<Tensor, String> {
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
            target.data.copy_from(place, &source.data, at);
        }
        Ok(target)
    }

    fn bound(&self, params: &[ParamId]) -> Vec<Shared> {
        params.iter().filter_map(|it| self.params.get(it).cloned()).collect()
    }

    fn call(&self, call: &Call, operands: Vec<Shared>) -> Result<Vec<Shared>, Failure> {
        let callee = &self.module.graphs[call.callee];
        let dims = callee
            .dims
            .iter()
            .zip(&call.dims)
            .map(|(dim, value)| Ok((dim.name, self.size(value)? as i64)))
            .collect::<Result<Vec<_>, String>>()?;
        let params = self.bound(&call.params);
        run_graph(self.module, call.callee, &dims, &params, operands, self.options)
            .map_err(Failure::Inside)
    }

    fn scan(
        &self,
        node: &Node,
        scan: &ScanOp,
        operands: Vec<Shared>,
    ) -> Result<Vec<Shared>, Failure> {
        let carried = scan.carried as usize;
        let mut inputs = operands;
        let params = self.bound(&scan.params);
        let extent = self.size(&scan.extent)?;
        let mut stacked: Vec<Tensor> = Vec::new();
        for ty in &node.types[carried..] {
            let shape = self.shape(ty)?;
            let data = Data::zeros(ty.elem, self.wide(), shape.iter().product());
            stacked.push(Tensor { elem: ty.elem, shape, data });
        }
        for step in 0..extent {
            if let Some(at) = scan.condition
                && inputs.get(at as usize).is_some_and(|it| it.data == Data::Bool(vec![false]))
            {
                break;
            }
            let mut dims = self.dims.to_vec();
            dims.retain(|it| it.0 != scan.variable);
            dims.push((scan.variable, step as i64));
            // What is carried is the step's to write over.
            let others = inputs.split_off(carried);
            inputs.extend(others.iter().cloned());
            let results = run_graph(self.module, scan.body, &dims, &params, inputs, self.options)
                .map_err(Failure::Inside)?;
            inputs = Vec::new();
            for (at, result) in results.into_iter().enumerate() {
                if at < carried {
                    inputs.push(result);
                } else {
                    let whole = &mut stacked[at - carried];
                    for index in 0..result.len() {
                        whole.data.copy_from(step * result.len() + index, &result.data, index);
                    }
                }
            }
            inputs.extend(others);
        }
        inputs.truncate(carried);
        inputs.extend(stacked.into_iter().map(Arc::new));
        Ok(inputs)
    }
}
