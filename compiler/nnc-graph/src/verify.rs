//! What always holds of a module.

use crate::typing::substitute;
use crate::{
    Affine, Call, Elem, Graph, GraphId, Index, Module, Nest, NestKind, Node, NodeId, Op, ParamId,
    ParamOrigin, ReduceOp, Scalar, ScanOp, TensorType,
};
use nnc_base::Name;
use nnc_shape::{Dim, Facts};
use std::collections::BTreeSet;
use std::fmt;

/// A rule that a module breaks: a bug of the pass that ran last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    pub graph: String,
    pub node: Option<NodeId>,
    pub message: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            Some(node) => write!(f, "@{} %{}: {}", self.graph, node.raw(), self.message),
            None => write!(f, "@{}: {}", self.graph, self.message),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Checks what every pass may rely on and must leave true:
///
/// - callees, and the graphs of derived parameters, stand before their users;
/// - operands are earlier nodes, and there are as many as the operation takes;
/// - a node's types are those its operation gives for its operands, with sizes
///   proved equal under the graph's facts;
/// - a nest's groups add up to its axes, its variables are its own, and affine
///   indices have one term a variable, in order, none of them zero;
/// - every variable of a size is a run-time dim of the graph, and parameters have
///   constant sizes;
/// - calls and scans bind every dim, parameter and input of the callee;
/// - entries name as many inputs and outputs as their graph has, and a state's
///   output has its input's type.
///
/// An error here is a bug in the pass that ran last, never a user's mistake.
pub fn verify(module: &Module) -> Result<(), VerifyError> {
    for (id, graph) in module.graphs.iter() {
        let mut facts = graph.facts.clone();
        for dim in &graph.dims {
            facts.declare(dim.name, dim.min, dim.max);
        }
        let checker = Checker { module, id, graph, facts };
        let blame = |node: Option<NodeId>| {
            move |message: String| VerifyError { graph: graph.name.clone(), node, message }
        };
        checker.params().map_err(blame(None))?;
        for (node_id, node) in graph.nodes() {
            checker.node(node_id, node).map_err(blame(Some(node_id)))?;
        }
        checker.outputs().map_err(blame(None))?;
    }
    for entry in &module.entries {
        let blame = |message: String| VerifyError {
            graph: format!("entry {}", entry.name),
            node: None,
            message,
        };
        let graph = module
            .graphs
            .get(entry.graph)
            .ok_or_else(|| blame("its graph does not exist".to_owned()))?;
        if entry.inputs.len() != graph.inputs.len() || entry.outputs.len() != graph.outputs.len() {
            return Err(blame(format!(
                "{} inputs and {} outputs for a graph with {} and {}",
                entry.inputs.len(),
                entry.outputs.len(),
                graph.inputs.len(),
                graph.outputs.len()
            )));
        }
        for (input, ty) in entry.inputs.iter().zip(&graph.inputs) {
            let Some(state) = input.state else { continue };
            let output = graph.outputs.get(state as usize).map(|it| graph.ty(*it));
            if output != Some(ty) {
                return Err(blame(format!("state {} is not replaced by its like", input.name)));
            }
        }
    }
    Ok(())
}

struct Checker<'a> {
    module: &'a Module,
    id: GraphId,
    graph: &'a Graph,
    facts: Facts,
}

type Checked = Result<(), String>;

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(message()) }
}

impl Checker<'_> {
    fn params(&self) -> Checked {
        for (id, param) in self.graph.params.iter() {
            let constant = param.ty.shape.iter().all(|dim| dim.as_constant().is_some());
            ensure(constant, || format!("parameter {:?} has an open size", param.name))?;
            let ParamOrigin::Derived { graph, from } = &param.origin else { continue };
            ensure(*graph < self.id, || {
                format!("parameter {:?} comes from a later graph", param.name)
            })?;
            let how = &self.module.graphs[*graph];
            let inputs: Vec<&TensorType> = from
                .iter()
                .filter(|it| **it < id)
                .filter_map(|it| self.graph.params.get(*it))
                .map(|it| &it.ty)
                .collect();
            let fits = inputs.len() == from.len()
                && inputs.iter().copied().eq(&how.inputs)
                && how.params.is_empty()
                && matches!(how.outputs.as_slice(), [output] if *how.ty(*output) == param.ty);
            ensure(fits, || format!("parameter {:?} does not fit its graph", param.name))?;
        }
        Ok(())
    }

    fn outputs(&self) -> Checked {
        for output in &self.graph.outputs {
            let exists = output.node.index() < self.graph.len()
                && (output.result as usize) < self.graph.node(output.node).types.len();
            ensure(exists, || "returns a value that does not exist".to_owned())?;
        }
        let inputs: Vec<u32> = self
            .graph
            .nodes()
            .filter_map(|(_, node)| if let Op::Input(at) = node.op { Some(at) } else { None })
            .collect();
        let all: Vec<u32> = (0..self.graph.inputs.len() as u32).collect();
        ensure(inputs == all, || format!("inputs {inputs:?} where {} are declared", all.len()))
    }

    fn dims<'d>(&self, dims: impl IntoIterator<Item = &'d Dim>) -> Checked {
        for dim in dims {
            for var in dim.vars() {
                let known = self.graph.dims.iter().any(|it| it.name == var);
                ensure(known, || format!("`{var}` in {dim} is no run-time dim of the graph"))?;
            }
        }
        Ok(())
    }

    fn equal(&self, left: &TensorType, right: &TensorType) -> bool {
        left.elem == right.elem
            && left.rank() == right.rank()
            && left.shape.iter().zip(&right.shape).all(|(a, b)| self.same(a, b))
    }

    fn same(&self, left: &Dim, right: &Dim) -> bool {
        left == right || self.facts.equal(left, right).is_proven()
    }

    fn types(&self, found: &[TensorType], wanted: &[TensorType]) -> Checked {
        let fits = found.len() == wanted.len()
            && found.iter().zip(wanted).all(|(found, wanted)| self.equal(found, wanted));
        ensure(fits, || format!("declares {} and gives {}", list(found), list(wanted)))
    }

    fn node(&self, id: NodeId, node: &Node) -> Checked {
        for operand in &node.operands {
            let earlier = operand.node < id
                && (operand.result as usize) < self.graph.node(operand.node).types.len();
            ensure(earlier, || format!("operand %{} is not an earlier value", operand.node.raw()))?;
        }
        for ty in &node.types {
            self.dims(&ty.shape)?;
        }
        let operands: Vec<&TensorType> =
            node.operands.iter().map(|it| self.graph.ty(*it)).collect();
        let arity = |count: usize| {
            ensure(operands.len() == count, || {
                format!("{} operands where {count} are taken", operands.len())
            })
        };
        match &node.op {
            Op::Input(at) => {
                arity(0)?;
                let declared = self.graph.inputs.get(*at as usize).cloned();
                self.types(&node.types, declared.as_slice())
            }
            Op::Param(param) => {
                arity(0)?;
                let declared = self.graph.params.get(*param).map(|it| it.ty.clone());
                self.types(&node.types, declared.as_slice())
            }
            Op::Const(literal) => {
                arity(0)?;
                let [ty] = node.types.as_slice() else {
                    return Err("a literal of no type".to_owned());
                };
                let size = ty.size().as_constant();
                ensure(size == Some(literal.len() as i64), || {
                    format!("{} literal elements for {ty}", literal.len())
                })
            }
            Op::Nest(nest) => {
                self.nest(nest, &operands)?;
                let ty = nest.result_type(&operands).map_err(|error| error.0)?;
                self.types(&node.types, &[ty])
            }
            Op::Write { offset } => {
                arity(2)?;
                self.dims(offset)?;
                let fits = operands[0].elem == operands[1].elem
                    && operands[0].rank() == operands[1].rank()
                    && offset.len() == operands[0].rank();
                ensure(fits, || format!("writes {} into {}", operands[1], operands[0]))?;
                self.types(&node.types, &[operands[0].clone()])
            }
            Op::Order { k, .. } => {
                arity(1)?;
                self.dims([k])?;
                let mut values = operands[0].clone();
                let Some(last) = values.shape.last_mut() else {
                    return Err("a scalar is sorted".to_owned());
                };
                *last = k.clone();
                let positions = TensorType::new(Elem::I32, values.shape.clone());
                self.types(&node.types, &[values, positions])
            }
            Op::Running(it) => {
                arity(1)?;
                let ty = operands[0];
                ensure((it.axis as usize) < ty.rank(), || format!("no axis {} of {ty}", it.axis))?;
                self.reduces(
                    it.op,
                    ty.elem,
                    &[ReduceOp::First, ReduceOp::ArgMax, ReduceOp::ArgMin],
                )?;
                self.types(&node.types, std::slice::from_ref(ty))
            }
            Op::Scatter { op, places } => {
                arity(2)?;
                self.dims([places])?;
                let (ty, at) = (operands[0], operands[1]);
                let fits = at.elem == Elem::I32
                    && (1..=ty.rank()).contains(&at.rank())
                    && at.shape.iter().zip(&ty.shape).all(|(a, b)| self.same(a, b));
                ensure(fits, || format!("{ty} goes to the places of {at}"))?;
                self.reduces(*op, ty.elem, &[ReduceOp::ArgMax, ReduceOp::ArgMin])?;
                let mut ty = ty.clone();
                ty.shape[at.rank() - 1] = places.clone();
                self.types(&node.types, &[ty])
            }
            Op::Reshape => {
                arity(1)?;
                let [ty] = node.types.as_slice() else { return Err("no result".to_owned()) };
                let fits =
                    ty.elem == operands[0].elem && self.same(&ty.size(), &operands[0].size());
                ensure(fits, || format!("reshapes {} to {ty}", operands[0]))
            }
            Op::Scan(scan) => self.scan(node, scan, &operands),
            Op::Call(call) => self.call(node, call, &operands),
        }
    }

    /// Whether an operation that is none of `refused` reduces elements of a type.
    fn reduces(&self, op: ReduceOp, elem: Elem, refused: &[ReduceOp]) -> Checked {
        let fits = match op {
            ReduceOp::Any | ReduceOp::All => elem == Elem::Bool,
            ReduceOp::First => true,
            _ => elem != Elem::Bool,
        };
        ensure(fits && !refused.contains(&op), || format!("{} of {elem}", op.name()))
    }

    fn bound_params(&self, callee: &Graph, params: &[ParamId]) -> Checked {
        let stored: Vec<&TensorType> = callee
            .params
            .values()
            .filter(|it| it.origin == ParamOrigin::Stored)
            .map(|it| &it.ty)
            .collect();
        let given: Vec<&TensorType> =
            params.iter().filter_map(|it| self.graph.params.get(*it)).map(|it| &it.ty).collect();
        ensure(stored == given, || {
            format!("binds {} parameters where @{} has {}", params.len(), callee.name, stored.len())
        })
    }

    fn call(&self, node: &Node, call: &Call, operands: &[&TensorType]) -> Checked {
        ensure(call.callee < self.id, || "calls a graph that does not stand before".to_owned())?;
        let callee = &self.module.graphs[call.callee];
        self.dims(&call.dims)?;
        ensure(call.dims.len() == callee.dims.len(), || {
            format!(
                "binds {} dims where @{} has {}",
                call.dims.len(),
                callee.name,
                callee.dims.len()
            )
        })?;
        self.bound_params(callee, &call.params)?;
        let bind = |name: Name| {
            let at = callee.dims.iter().position(|it| it.name == name);
            at.map(|at| call.dims[at].clone())
        };
        let inputs: Vec<TensorType> =
            callee.inputs.iter().map(|ty| substitute(ty, &bind)).collect();
        let given: Vec<TensorType> = operands.iter().map(|ty| (*ty).clone()).collect();
        self.types(&given, &inputs)?;
        let outputs: Vec<TensorType> =
            callee.outputs.iter().map(|it| substitute(callee.ty(*it), &bind)).collect();
        self.types(&node.types, &outputs)
    }

    fn scan(&self, node: &Node, scan: &ScanOp, operands: &[&TensorType]) -> Checked {
        ensure(scan.body < self.id, || "its body does not stand before".to_owned())?;
        let body = &self.module.graphs[scan.body];
        self.dims([&scan.extent])?;
        for dim in &body.dims {
            let known =
                dim.name == scan.variable || self.graph.dims.iter().any(|it| it.name == dim.name);
            ensure(known, || format!("its body's dim `{}` is not bound", dim.name))?;
        }
        self.bound_params(body, &scan.params)?;
        let given: Vec<TensorType> = operands.iter().map(|ty| (*ty).clone()).collect();
        self.types(&given, &body.inputs)?;
        let carried = scan.carried as usize;
        ensure(carried <= operands.len() && carried <= body.outputs.len(), || {
            format!("carries {carried} values of {}", operands.len())
        })?;
        if let Some(at) = scan.condition {
            let ty = operands[..carried].get(at as usize);
            let holds = ty.is_some_and(|ty| ty.elem == Elem::Bool && ty.shape.is_empty());
            ensure(holds, || format!("its condition {at} is no carried bool"))?;
        }
        let outputs: Vec<TensorType> = body
            .outputs
            .iter()
            .enumerate()
            .map(|(at, output)| {
                let mut ty = body.ty(*output).clone();
                if at >= carried {
                    ty.shape.insert(0, scan.extent.clone());
                }
                ty
            })
            .collect();
        self.types(&outputs[..carried], &given[..carried])?;
        self.types(&node.types, &outputs)
    }

    fn nest(&self, nest: &Nest, operands: &[&TensorType]) -> Checked {
        let grouped: u32 = nest.groups.iter().sum();
        ensure(grouped as usize == nest.axes.len(), || {
            format!("groups of {grouped} axes where there are {}", nest.axes.len())
        })?;
        self.dims(nest.axes.iter().chain(nest.reduction_axes()).map(|axis| &axis.extent))?;
        let results = nest.axes.len() as u32;
        let all = results + nest.reduction_axes().len() as u32;
        match &nest.kind {
            NestKind::Map { value } => self.scalar(value, all, operands),
            NestKind::Softmax { axis, guard, value } => {
                ensure(axis.0 < results, || "softmax along no axis".to_owned())?;
                guard.iter().chain([value]).try_for_each(|it| self.scalar(it, all, operands))
            }
            NestKind::Reduce(reduction) => {
                let positions = !reduction.op.gives_position() || reduction.axes.len() == 1;
                ensure(positions, || "a position along several axes".to_owned())?;
                reduction
                    .guard
                    .iter()
                    .chain([&reduction.value])
                    .try_for_each(|it| self.scalar(it, all, operands))?;
                self.scalar(&reduction.finish, results, operands)
            }
        }
    }

    fn scalar(&self, scalar: &Scalar, vars: u32, operands: &[&TensorType]) -> Checked {
        let mut result = Ok(());
        scalar.visit(&mut |it| {
            let checked = match it {
                Scalar::Read { operand, at } => {
                    let rank = operands.get(*operand as usize).map(|ty| ty.rank());
                    ensure(rank == Some(at.len()), || {
                        format!("{} indices into operand {operand}", at.len())
                    })
                    .and_then(|()| {
                        at.iter()
                            .filter_map(Index::as_affine)
                            .try_for_each(|it| self.affine(it, vars))
                    })
                }
                Scalar::Index { value, .. } => self.affine(value, vars),
                _ => Ok(()),
            };
            if result.is_ok() {
                result = checked;
            }
        });
        result
    }

    fn affine(&self, affine: &Affine, vars: u32) -> Checked {
        self.dims(affine.terms.iter().map(|(_, dim)| dim).chain([&affine.offset]))?;
        let order: BTreeSet<u32> = affine.terms.iter().map(|(var, _)| var.0).collect();
        let sorted = order.iter().copied().eq(affine.terms.iter().map(|(var, _)| var.0));
        ensure(sorted, || "terms out of order".to_owned())?;
        ensure(order.last().is_none_or(|&last| last < vars), || {
            format!("variable {:?} of {vars}", order.last())
        })?;
        let zero = affine.terms.iter().any(|(_, dim)| *dim == Dim::constant(0));
        ensure(!zero, || "a term that is zero".to_owned())
    }
}

fn list(types: &[TensorType]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::{parse, verify};

    fn broken(body: &str) -> String {
        let text = format!("graph @g(T in 1..=8, S in 1..=8) {{\n{body}\n}}\n");
        match verify(&parse(&text).unwrap()) {
            Ok(()) => "nothing is wrong".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn sizes_must_be_proved_equal() {
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[T, 4]
               %1 = nest (%0) [s: S, i: 4] { %0[s, i] } : f32[T, 4]
               return %1"
        ), @"@g %1: declares f32[T, 4] and gives f32[S, 4]");
    }

    #[test]
    fn element_types_of_both_sides_agree() {
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[T]
               %1 = input : i32[T]
               %2 = nest (%0, %1) [t: T] { (%0[t] + %1[t]) } : f32[T]
               return %2"
        ), @"@g %2: add of f32 and i32");
    }

    #[test]
    fn what_runs_along_an_axis_has_it() {
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[T]
               %1 = running sum (%0) axis 1 : f32[T]
               return %1"
        ), @"@g %1: no axis 1 of f32[T]");
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[T]
               %1 = running first (%0) axis 0 : f32[T]
               return %1"
        ), @"@g %1: first of f32");
    }

    #[test]
    fn what_is_scattered_has_a_place_each() {
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[T, 4]
               %1 = input : i32[S]
               %2 = scatter sum (%0, %1) into 3 : f32[3, 4]
               return %2"
        ), @"@g %2: f32[T, 4] goes to the places of i32[S]");
    }

    #[test]
    fn an_index_for_each_axis() {
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[T, 4]
               %1 = nest (%0) [t: T] { %0[t] } : f32[T]
               return %1"
        ), @"@g %1: 1 indices into operand 0");
    }

    #[test]
    fn dims_are_declared() {
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[R]
               return %0"
        ), @"@g %0: `R` in R is no run-time dim of the graph");
    }

    #[test]
    fn the_running_value_is_for_finish_alone() {
        insta::assert_snapshot!(broken(
            "  %0 = input : f32[T]
               %1 = nest (%0) [] sum f32 [t: T] { (%0[t] * acc) } : f32[]
               return %1"
        ), @"@g %1: `acc` outside of finish");
    }
}
