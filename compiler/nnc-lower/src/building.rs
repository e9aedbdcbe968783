//! The graphs that are being built, one inside another, and what they read.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use nnc_base::Span;
use nnc_graph::{
    Elem, FormalParam, Graph, Op, ParamId, ParamOrigin, ReduceOp, Scalar, TensorType, Value, Var,
};
use nnc_hir::FunctionId;
use nnc_shape::Dim;

use crate::lowerer::{Lowerer, Lowering};
use crate::point;
use crate::value::Val;

/// A graph's number; unlike its depth it is never used again.
pub(crate) type Home = u32;

/// What a scalar reads while the program is being lowered; its place in the
/// lowerer's table is the scalar's operand.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Value { home: Home, value: Value },
    Param { home: Home, name: String },
    Pending(Rc<Pending>),
}

/// A reduction or softmax that has not got a node yet. It is read at an index for
/// each of `free`.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub kind: PendingKind,
    pub free: Vec<Var>,
    pub elem: Elem,
    pub guard: Option<Scalar>,
    pub value: Scalar,
    pub span: Span,
}

impl Pending {
    /// See [`point::delicate_vars`].
    pub(crate) fn delicate_vars(&self) -> BTreeSet<Var> {
        let guard = self.guard.iter().flat_map(point::delicate_vars);
        point::delicate_vars(&self.value).into_iter().chain(guard).collect()
    }
}

#[derive(Clone, Debug)]
pub(crate) enum PendingKind {
    Reduce {
        op: ReduceOp,
        axes: Vec<Var>,
        accumulator: Elem,
    },
    /// The axis is among the free variables.
    Softmax {
        axis: Var,
    },
}

/// One graph that is being built.
pub(crate) struct Building {
    pub home: Home,
    pub graph: Graph,
    pub params: HashMap<String, ParamId>,
    /// Parameters of the graphs around it that were read here: where they live, what
    /// they are called there, and what they are here.
    pub borrowed: Vec<(Home, String, ParamId)>,
    /// Values of the graphs around it that were read here, as further inputs.
    pub captured: Vec<(u32, Value)>,
    param_values: HashMap<ParamId, Value>,
    /// The sources of pending reductions that have got a node here.
    pub emitted: HashMap<u32, u32>,
    /// What calls of functions gave here.
    pub called: HashMap<Called, Val>,
}

/// A call of a function outside layers with whole tensors: equal ones give equal values, so
/// that functions that share others are not as many as there are ways through them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Called {
    pub function: FunctionId,
    pub dims: Vec<Dim>,
    pub float: Elem,
    pub pack: Vec<Dim>,
    /// The sources that the arguments are.
    pub args: Vec<u32>,
}

impl Lowerer<'_> {
    /// Starts a graph inside the one that is being built.
    pub(crate) fn begin_graph(&mut self, graph: Graph) -> Home {
        let home = self.next_home;
        self.next_home += 1;
        self.stack.push(Building {
            home,
            graph,
            params: HashMap::new(),
            borrowed: Vec::new(),
            captured: Vec::new(),
            param_values: HashMap::new(),
            emitted: HashMap::new(),
            called: HashMap::new(),
        });
        home
    }

    pub(crate) fn finish_graph(&mut self) -> Lowering<Building> {
        match self.stack.pop() {
            Some(building) => Ok(building),
            None => Err(self.internal("no graph is being built")),
        }
    }

    pub(crate) fn building(&mut self) -> Lowering<&mut Building> {
        if self.stack.is_empty() {
            return Err(self.internal("no graph is being built"));
        }
        let last = self.stack.len() - 1;
        Ok(&mut self.stack[last])
    }

    /// Declares a parameter of the innermost graph.
    pub(crate) fn declare_param(
        &mut self,
        name: &str,
        ty: TensorType,
        span: Span,
    ) -> Lowering<ParamId> {
        let building = self.building()?;
        let param = FormalParam { name: name.to_owned(), ty, origin: ParamOrigin::Stored, span };
        let id = building.graph.params.push(param);
        building.params.insert(name.to_owned(), id);
        Ok(id)
    }

    /// A node with one result in the innermost graph.
    pub(crate) fn add_node(
        &mut self,
        op: Op,
        operands: Vec<Value>,
        ty: TensorType,
    ) -> Lowering<u32> {
        let span = self.span;
        let building = self.building()?;
        let home = building.home;
        let value = building.graph.add(op, operands, ty.clone(), span);
        Ok(self.source(Source::Value { home, value }, ty))
    }

    /// The next input of the innermost graph.
    pub(crate) fn add_input(&mut self, ty: TensorType) -> Lowering<u32> {
        let span = self.span;
        let building = self.building()?;
        let home = building.home;
        let value = building.graph.add_input(ty.clone(), span);
        Ok(self.source(Source::Value { home, value }, ty))
    }

    pub(crate) fn source(&mut self, source: Source, ty: TensorType) -> u32 {
        let id = self.sources.len() as u32;
        self.sources.push((source, ty));
        id
    }

    pub(crate) fn source_type(&self, source: u32) -> &TensorType {
        &self.sources[source as usize].1
    }

    pub(crate) fn is_pending(&self, source: u32) -> bool {
        matches!(self.sources[source as usize].0, Source::Pending(_))
    }

    pub(crate) fn is_param(&self, source: u32) -> bool {
        matches!(self.sources[source as usize].0, Source::Param { .. })
    }

    pub(crate) fn pending(&self, source: u32) -> Option<Rc<Pending>> {
        match &self.sources[source as usize].0 {
            Source::Pending(pending) => Some(pending.clone()),
            Source::Value { .. } | Source::Param { .. } => None,
        }
    }

    /// The value of a source in the innermost graph.
    pub(crate) fn resolve(&mut self, source: u32) -> Lowering<Value> {
        let last = self.stack.len().wrapping_sub(1);
        self.resolve_in(last, source)
    }

    /// The value of a source in the graph at this depth, which takes it from the
    /// graph around it if it is not its own.
    pub(crate) fn resolve_in(&mut self, depth: usize, source: u32) -> Lowering<Value> {
        let (place, ty) = self.sources[source as usize].clone();
        let span = self.span;
        match place {
            Source::Value { home, value } => {
                let Some(building) = self.stack.get_mut(depth) else {
                    return Err(self.internal("a value is read outside its graph"));
                };
                if building.home == home {
                    return Ok(value);
                }
                if depth == 0 {
                    return Err(self.internal("a value is read after its graph was finished"));
                }
                if let Some((_, inner)) = building.captured.iter().find(|(it, _)| *it == source) {
                    return Ok(*inner);
                }
                let inner = building.graph.add_input(ty, span);
                building.captured.push((source, inner));
                Ok(inner)
            }
            Source::Param { home, name } => {
                let id = self.param_in(depth, home, &name, &ty)?;
                let building = &mut self.stack[depth];
                if let Some(value) = building.param_values.get(&id) {
                    return Ok(*value);
                }
                let span = building.graph.params[id].span;
                let value = building.graph.add(Op::Param(id), Vec::new(), ty, span);
                building.param_values.insert(id, value);
                Ok(value)
            }
            Source::Pending(_) => Err(self.internal("a reduction has no node")),
        }
    }

    /// A parameter in the graph at this depth, passed down from the graph it belongs to.
    pub(crate) fn param_in(
        &mut self,
        depth: usize,
        home: Home,
        name: &str,
        ty: &TensorType,
    ) -> Lowering<ParamId> {
        let Some(building) = self.stack.get_mut(depth) else {
            return Err(self.internal(format!("the parameter `{name}` is read outside its graph")));
        };
        if building.home == home {
            if let Some(id) = building.params.get(name) {
                return Ok(*id);
            }
            return Err(self.internal(format!("the parameter `{name}` was not declared")));
        }
        if let Some((.., id)) =
            building.borrowed.iter().find(|(it, theirs, _)| *it == home && theirs == name)
        {
            return Ok(*id);
        }
        let mut formal = format!("outer.{name}");
        while building.params.contains_key(&formal) {
            formal.insert_str(0, "outer.");
        }
        let param = FormalParam {
            name: formal.clone(),
            ty: ty.clone(),
            origin: ParamOrigin::Stored,
            span: Span::NONE,
        };
        let id = building.graph.params.push(param);
        building.params.insert(formal, id);
        building.borrowed.push((home, name.to_owned(), id));
        Ok(id)
    }
}
