//! A back end as an engine: plan, load, fill the weights, run.

use super::case::Model;
use super::engine::{Engine, Params};
use nnc_backend::{Backend, Instance, Interface, Options, pack};
use nnc_base::Name;
use nnc_eval::{Data, Outputs, Tensor};
use nnc_graph::{Elem, Literal, Module, TensorType};
use nnc_plan::{Plan, WeightSource};
use nnc_runtime::Blob;
use std::sync::Arc;

/// Compiled code of a model.
pub(crate) struct Compiled {
    instance: Instance,
}

impl Compiled {
    /// Compiles the optimised graph for a machine of a back end.
    pub(crate) fn new(backend: &dyn Backend, cpu: &str, model: &Model) -> Result<Compiled, String> {
        let module = &model.optimised;
        let options = Options { cpu: cpu.to_owned(), name: model.name.to_string() };
        let machine = backend.machine(&options).map_err(|error| error.to_string())?;
        let plan = nnc_plan::plan(module, &machine).map_err(|error| error.to_string())?;
        let refused = backend.check(&plan);
        if !refused.is_empty() {
            let messages: Vec<&str> = refused.iter().map(|it| it.message.as_str()).collect();
            return Err(messages.join("\n"));
        }
        let plan = Arc::new(plan);
        let code = backend.load(&plan, &options).map_err(|error| error.to_string())?;
        let weights = Arc::new(weights(module, &plan, &model.params)?);
        let instance =
            Instance::new(module, plan, code, weights).map_err(|error| error.to_string())?;
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
        let place =
            self.instance.interfaces().iter().position(|it| it.entry.name.as_str() == entry);
        let at = place.ok_or_else(|| format!("the code has no entry `{entry}`"))?;
        let interface: Interface = self.instance.interfaces()[at].clone();
        let sizes: Vec<i64> = dims.iter().map(|it| it.1).collect();
        let size = |name: Name| dims.iter().find(|it| it.0 == name).map(|it| it.1);
        let mut given: Vec<Vec<u8>> = inputs.iter().map(bytes).collect();
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
            tensors.push(tensor(ty.elem, shape(ty, &size)?, &bytes));
        }
        let after = interface.updated(&sizes);
        let dims = dims.iter().zip(after).map(|((name, _), size)| (*name, size)).collect();
        Ok(Outputs { tensors, dims })
    }
}

/// The weights of a plan.
fn weights(module: &Module, plan: &Plan, params: &Params) -> Result<Blob, String> {
    let mut all = vec![0; plan.weights_bytes as usize];
    for slot in &plan.weights {
        let tensor = source(module, &slot.source, &slot.ty, params)?;
        let range = slot.offset as usize..(slot.offset + slot.bytes) as usize;
        pack(&slot.packing, slot.ty.elem.bytes(), &bytes(&tensor), &mut all[range]);
    }
    Blob::from_bytes(&all).map_err(|error| error.to_string())
}

fn source(
    module: &Module,
    from: &WeightSource,
    ty: &TensorType,
    params: &Params,
) -> Result<Tensor, String> {
    match from {
        WeightSource::Stored(name) => {
            params.get(name).cloned().ok_or_else(|| format!("no parameter `{name}`"))
        }
        WeightSource::Param(param) => Err(format!("the weight {param:?} is not resolved")),
        WeightSource::Literal(literal) => {
            let numbers: Vec<f64> = match literal {
                Literal::Floats(it) => it.clone(),
                Literal::Ints(it) => it.iter().map(|&it| it as f64).collect(),
                Literal::Bools(it) => it.iter().map(|&it| f64::from(u8::from(it))).collect(),
            };
            let shape = shape(ty, &|_| None)?;
            Ok(Tensor { elem: Elem::F64, shape, data: Data::F64(numbers) }.cast(ty.elem))
        }
        WeightSource::Derived { graph, from } => {
            let types = &module.graphs[*graph].inputs;
            let inputs = (from.iter().zip(types))
                .map(|(it, ty)| source(module, it, ty, params))
                .collect::<Result<Vec<_>, _>>()?;
            let options = nnc_eval::Options::default();
            let mut outputs = nnc_eval::evaluate_graph(module, *graph, &[], &[], &inputs, &options)
                .map_err(|error| error.to_string())?;
            outputs.pop().ok_or_else(|| "a derived weight without a result".to_owned())
        }
    }
}

fn shape(ty: &TensorType, size: &dyn Fn(Name) -> Option<i64>) -> Result<Vec<usize>, String> {
    let sizes = ty.shape.iter().map(|it| usize::try_from(it.eval(size)?).ok());
    sizes.collect::<Option<_>>().ok_or_else(|| "a shape with an open size".to_owned())
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    macro_rules! bytes {
        ($items:expr) => {
            $items.iter().flat_map(|it| it.to_ne_bytes()).collect()
        };
    }
    match &tensor.data {
        Data::F64(it) => bytes!(it),
        Data::F32(it) => bytes!(it),
        Data::F16(it) => bytes!(it),
        Data::BF16(it) => bytes!(it),
        Data::I64(it) => bytes!(it),
        Data::I32(it) => bytes!(it),
        Data::I8(it) => bytes!(it),
        Data::U8(it) => it.clone(),
        Data::Bool(it) => it.iter().map(|&it| u8::from(it)).collect(),
    }
}

fn tensor(elem: Elem, shape: Vec<usize>, bytes: &[u8]) -> Tensor {
    macro_rules! items {
        ($ty:ty, $size:literal) => {
            bytes.as_chunks::<$size>().0.iter().map(|it| <$ty>::from_ne_bytes(*it)).collect()
        };
    }
    let data = match elem {
        Elem::F64 => Data::F64(items!(f64, 8)),
        Elem::F32 => Data::F32(items!(f32, 4)),
        Elem::F16 => Data::F16(items!(half::f16, 2)),
        Elem::BF16 => Data::BF16(items!(half::bf16, 2)),
        Elem::I64 => Data::I64(items!(i64, 8)),
        Elem::I32 => Data::I32(items!(i32, 4)),
        Elem::I8 => Data::I8(items!(i8, 1)),
        Elem::U8 => Data::U8(bytes.to_vec()),
        Elem::Bool => Data::Bool(bytes.iter().map(|it| *it != 0).collect()),
    };
    Tensor { elem, shape, data }
}
