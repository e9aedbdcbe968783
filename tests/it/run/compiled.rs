//! A back end as an engine: plan, load, fill the weights, run.

use super::case::Model;
use super::engine::Engine;
use nnc_backend::{Backend, Instance, Interface, Options};
use nnc_base::Name;
use nnc_driver::pack_weights;
use nnc_eval::{Outputs, Tensor};
use nnc_graph::TensorType;
use std::sync::Arc;

/// Compiled code of a model.
pub(crate) struct Compiled {
    instance: Instance,
}

impl Compiled {
    /// Compiles the optimised graph for a machine of a back end.
    pub(crate) fn new(backend: &dyn Backend, cpu: &str, model: &Model) -> Result<Compiled, String> {
        let module = &model.optimised;
        let options = Options::new(cpu, model.name.as_str());
        let machine = backend.machine(&options).map_err(|error| error.to_string())?;
        let plan = nnc_plan::plan(module, &machine).map_err(|error| error.to_string())?;
        let refused = backend.check(&plan);
        if !refused.is_empty() {
            let messages: Vec<&str> = refused.iter().map(|it| it.message.as_str()).collect();
            return Err(messages.join("\n"));
        }
        let plan = Arc::new(plan);
        let code = backend.load(&plan, &options).map_err(|error| error.to_string())?;
        let params = model.weights.params().map_err(|error| error.to_string())?;
        let weights =
            pack_weights(module, &plan, &params, None, &()).map_err(|error| error.to_string())?;
        let instance = Instance::new(module, plan, code, Arc::new(weights))
            .map_err(|error| error.to_string())?;
        Ok(Compiled { instance })
    }
}

impl Engine for Compiled {
    fn call(
        &mut self,
        entry: &str,
        dims: &[(Name, i64)],
        inputs: &[Tensor],
    ) -> Result<Outputs, String> {
        let mut interfaces = self.instance.interfaces().iter();
        let place = interfaces.position(|it| it.entry.name.as_str() == entry);
        let at = place.ok_or_else(|| format!("the code has no entry `{entry}`"))?;
        let interface: Interface = self.instance.interfaces()[at].clone();
        let sizes: Vec<i64> = dims.iter().map(|it| it.1).collect();
        let mut given: Vec<Vec<u8>> =
            inputs.iter().map(|it| nnc_driver::Tensor::from_eval(it).bytes).collect();
        let in_place = self.instance.in_place(at);
        let mut fresh: Vec<Vec<u8>> = Vec::new();
        for (ty, place) in interface.outputs.iter().zip(&in_place) {
            if place.is_none() {
                let count = interface.bytes(ty, &sizes).ok_or("an output without a size")?;
                // What is not written must not look like a result.
                fresh.push(vec![0xa5; count as usize]);
            }
        }
        {
            let mut inputs: Vec<&mut [u8]> = given.iter_mut().map(Vec::as_mut_slice).collect();
            let mut outputs: Vec<&mut [u8]> = fresh.iter_mut().map(Vec::as_mut_slice).collect();
            self.instance
                .run(at, &sizes, &mut inputs, &mut outputs)
                .map_err(|error| error.to_string())?;
        }
        let mut fresh = fresh.into_iter();
        let mut tensors = Vec::new();
        for (ty, place) in interface.outputs.iter().zip(&in_place) {
            let bytes = match place {
                Some(input) => given[*input].clone(),
                None => fresh.next().ok_or("an output without a buffer")?,
            };
            let shape = shape(&interface, ty, &sizes)?;
            tensors.push(nnc_driver::Tensor { elem: ty.elem, shape, bytes }.to_eval());
        }
        let after = interface.updated(&sizes);
        let dims = dims.iter().zip(after).map(|((name, _), size)| (*name, size)).collect();
        Ok(Outputs { tensors, dims })
    }
}

fn shape(interface: &Interface, ty: &TensorType, sizes: &[i64]) -> Result<Vec<usize>, String> {
    let extents = ty.shape.iter().map(|it| usize::try_from(interface.eval(it, sizes)?).ok());
    extents.collect::<Option<_>>().ok_or_else(|| "a shape with an open size".to_owned())
}
