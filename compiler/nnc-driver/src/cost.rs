//! What a model costs, as formulas in the run-time sizes.
//!
//! Work is counted in the graph as the program says it, before any pass:
//!
//! - a *multiply-add* is one term of a contraction, a sum of products of two tensors
//!   that reads elements of one of them more than once: matrix products, convolutions,
//!   attention. It is two floating-point operations. Published tables of networks count
//!   these alone, with windows at borders as whole ones and masks as if all were let in;
//!   so does this.
//! - every other operation on floats is one: sums and comparisons of values, functions
//!   such as `exp`, and the steps of reductions. A softmax has five for each element.
//! - conversions and arithmetic on positions are free, and so is what parameters alone
//!   decide within one expression, such as `scale * rsqrt(running_var + eps)`. Sums over
//!   parameters alone are counted, although they are computed once before the program runs.
//!
//! Memory is that of the plan, after all passes.

mod count;
mod peak;
mod walk;

pub use count::Count;
pub use peak::{Peak, peak};

use crate::{Error, ModelId, Session};
use nnc_base::{Name, Span};
use nnc_graph::{Module, RunDim, TensorType};
use nnc_lower::ParamInfo;
use nnc_shape::Dim;

/// What one call of an entry costs.
#[derive(Clone, Debug)]
pub struct EntryCost {
    pub name: Name,
    /// The sizes that the formulas are in.
    pub dims: Vec<RunDim>,
    /// In the order in which they run; parts that cost nothing and have no parameters
    /// are left out.
    pub rows: Vec<Row>,
    pub total: Count,
    /// Bytes of the tensors that a caller hands over and gets back.
    pub input_bytes: Dim,
    pub output_bytes: Dim,
    /// Bytes of what is kept from call to call.
    pub state_bytes: Dim,
}

/// A layer with parameters, or a line of the program.
#[derive(Clone, Debug)]
pub struct Row {
    /// The path of the layer with `*` for the positions in arrays, if it is one.
    pub layer: Option<String>,
    pub span: Span,
    /// How often it runs.
    pub times: Dim,
    /// All runs together.
    pub count: Count,
    /// Elements of parameters that no row before it has.
    pub params: u64,
    /// The type of what its last operation gives.
    pub output: TensorType,
    /// Bytes of all results, all runs together.
    pub bytes: Dim,
}

/// The parameters of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParamCount {
    /// Elements that training changes.
    pub trained: u64,
    /// Elements of running statistics: parameters whose own name begins with `running_`,
    /// which published counts leave out.
    pub statistics: u64,
    pub bytes: u64,
    /// How many elements training changes, in the sizes of the model's layer.
    pub formula: Dim,
}

impl ParamCount {
    pub fn of(params: &[ParamInfo]) -> ParamCount {
        let mut count =
            ParamCount { trained: 0, statistics: 0, bytes: 0, formula: Dim::constant(0) };
        for param in params {
            let elements = param.size().unsigned_abs();
            let own = param.name.rsplit('.').next().unwrap_or_default();
            if own.starts_with("running_") {
                count.statistics += elements;
            } else {
                count.trained += elements;
                let own = param.formulas.iter().fold(Dim::constant(1), |size, axis| &size * axis);
                count.formula = &count.formula + own;
            }
            count.bytes += elements * param.elem.bytes() as u64;
        }
        count
    }
}

impl Session {
    /// The sizes of a model's layer with their values.
    pub fn layer_sizes(&self, model: ModelId) -> Vec<(Name, i64)> {
        let used = &self.declaration(model).layer;
        let params = &self.best_program().layers[used.layer].params;
        let values = params.iter().map(|it| it.name).zip(&used.dims);
        values.filter_map(|(name, dim)| Some((name, dim.as_constant()?))).collect()
    }

    /// What the entries of a model cost, in order.
    pub fn costs(&self, model: ModelId) -> Result<Vec<EntryCost>, Error> {
        entries(&self.lowered(model)?.module)
    }
}

/// What the entries of a graph program cost, in order.
pub(crate) fn entries(module: &Module) -> Result<Vec<EntryCost>, Error> {
    module.entries.iter().map(|entry| walk::entry_cost(module, entry)).collect()
}

/// A formula's value where the sizes are `sizes`.
pub fn value(formula: &Dim, sizes: &[(Name, i64)]) -> Option<i64> {
    formula.eval(&|name| sizes.iter().find(|it| it.0 == name).map(|it| it.1))
}

#[cfg(test)]
mod tests;
