//! What runs programs.

use nnc_base::Name;
use nnc_eval::{Options, Outputs, Tensor, evaluate};
use nnc_graph::Module;
use std::collections::BTreeMap;

/// The parameters of a model by path.
pub(crate) type Params = BTreeMap<String, Tensor>;

/// A model that can be called. Sizes, inputs and outputs are in the order of the entry.
pub(crate) trait Engine {
    fn call(
        &mut self,
        entry: &str,
        dims: &[(Name, i64)],
        inputs: &[Tensor],
    ) -> Result<Outputs, String>;
}

/// The reference evaluator on a graph.
pub(crate) struct Evaluator<'a> {
    module: &'a Module,
    params: &'a Params,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn boxed(module: &'a Module, params: &'a Params) -> Box<dyn Engine + 'a> {
        Box::new(Evaluator { module, params })
    }
}

impl Engine for Evaluator<'_> {
    fn call(
        &mut self,
        entry: &str,
        dims: &[(Name, i64)],
        inputs: &[Tensor],
    ) -> Result<Outputs, String> {
        let params = |name: &str| self.params.get(name).cloned();
        evaluate(self.module, entry, dims, &params, inputs, &Options::default())
            .map_err(|error| error.to_string())
    }
}
