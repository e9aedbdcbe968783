//! Functions as tables: a scalar computed by the reference evaluator for all combinations
//! of the values that it reads, so that no arithmetic is written twice.

use crate::program::{KEY, OpId, QUERY, as_read, reads_at};
use crate::value::{Value, tensor};
use nnc_base::{Name, Span};
use nnc_eval::{Options, Tensor, evaluate_graph};
use nnc_graph::{
    Axis, Elem, Graph, Index, Module, Nest, NestKind, Op, Scalar, TensorType, Value as GraphValue,
    Var,
};
use nnc_shape::Dim;

/// All combinations of the values of some operations, the last of which changes fastest.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Grid {
    pub ops: Vec<OpId>,
    pub sizes: Vec<usize>,
}

impl Grid {
    pub(crate) fn new(ops: Vec<OpId>, size: &dyn Fn(OpId) -> usize) -> Grid {
        let sizes = ops.iter().map(|op| size(*op)).collect();
        Grid { ops, sizes }
    }

    /// How many combinations, as a float since it may be out of all bounds.
    pub(crate) fn count(&self) -> f64 {
        self.sizes.iter().map(|it| *it as f64).product()
    }

    pub(crate) fn len(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Which value the operation at a place has in a combination.
    pub(crate) fn digit(&self, combination: usize, place: usize) -> usize {
        let step: usize = self.sizes[place + 1..].iter().product();
        combination / step % self.sizes[place]
    }
}

/// Results of a scalar over two grids: for each combination at the query, one for each
/// combination at the key.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub query: Grid,
    pub key: Grid,
    pub values: Vec<Value>,
}

impl Table {
    pub(crate) fn at(&self, query: usize, key: usize) -> Value {
        self.values[query * self.key.len() + key]
    }
}

/// What the evaluator could not do, in its words.
pub(crate) type Reason = String;

/// Tabulates a scalar; `values` and `elem` are of each operation that it reads.
pub(crate) fn tabulate(
    scalar: &Scalar,
    values: &dyn Fn(OpId) -> Vec<Value>,
    elem: &dyn Fn(OpId) -> Elem,
) -> Result<Table, Reason> {
    let size = |op: OpId| values(op).len();
    let query = Grid::new(reads_at(scalar, QUERY), &size);
    let key = Grid::new(reads_at(scalar, KEY), &size);
    let sides = [(QUERY, &query), (KEY, &key)];
    let mut graph = Graph::new("table");
    let (mut operands, mut inputs): (Vec<GraphValue>, Vec<Tensor>) = (Vec::new(), Vec::new());
    let mut places: Vec<(OpId, Var)> = Vec::new();
    for (side, grid) in sides {
        for (place, op) in grid.ops.iter().enumerate() {
            let of_op = values(*op);
            let column: Vec<Value> =
                (0..grid.len()).map(|at| of_op[grid.digit(at, place)]).collect();
            let shape = vec![Dim::constant(grid.len() as i64)];
            operands.push(graph.add_input(TensorType::new(elem(*op), shape), Span::NONE));
            inputs.push(tensor(elem(*op), &column));
            places.push((*op, side));
        }
    }
    let value = localised(scalar, &places);
    let types: Vec<&TensorType> = operands.iter().map(|it| graph.ty(*it)).collect();
    let result = value.elem(&types, None).map_err(|error| error.0)?;
    let axis = |name: &str, grid: &Grid| Axis {
        name: Name::new(name),
        extent: Dim::constant(grid.len() as i64),
    };
    let nest = Nest {
        axes: vec![axis("q", &query), axis("k", &key)],
        groups: vec![1, 1],
        elem: result,
        kind: NestKind::Map { value },
    };
    let ty = TensorType::new(result, nest.shape());
    let output = graph.add(Op::Nest(nest), operands, ty, Span::NONE);
    graph.outputs = vec![output];
    let mut module = Module::default();
    let id = module.graphs.push(graph);
    let results = evaluate_graph(&module, id, &[], &[], &inputs, &Options::default())
        .map_err(|error| error.to_string())?;
    let results = results.first().ok_or("nothing came out")?;
    let values = (0..results.len()).map(|at| Value::of_tensor(results, at)).collect();
    Ok(Table { query, key, values })
}

/// The scalar with the inputs of the table in place of the operations.
fn localised(scalar: &Scalar, places: &[(OpId, Var)]) -> Scalar {
    match as_read(scalar) {
        Some((op, side)) => {
            let place = places.iter().position(|it| *it == (op, side)).unwrap_or_default();
            Scalar::read(place as u32, vec![Index::var(side)])
        }
        None => scalar.map_children(&mut |child| localised(child, places)),
    }
}
