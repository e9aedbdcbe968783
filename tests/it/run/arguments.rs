//! Sizes and inputs of a call.

use super::directive::Call;
use super::value::Value;
use nnc_base::Name;
use nnc_eval::Tensor;
use nnc_graph::{Entry, Graph};
use std::collections::BTreeMap;

/// What an entry is called with: its sizes and its inputs, each in its order.
pub(crate) type Arguments = (Vec<(Name, i64)>, Vec<Tensor>);

/// The arguments that a comment and the state of the calls before give.
pub(crate) fn arguments(
    call: &Call,
    entry: &Entry,
    graph: &Graph,
    state: &BTreeMap<String, Tensor>,
    sizes: &BTreeMap<Name, i64>,
) -> Result<Arguments, String> {
    let given = |name: Name| call.inputs.iter().find(|it| it.0 == name.as_str()).map(|it| &it.1);
    let mut known = sizes.clone();
    for (input, ty) in entry.inputs.iter().zip(&graph.inputs) {
        let before = state.get(input.name.as_str()).map(|it| it.shape.as_slice());
        let Some(shape) = given(input.name).and_then(Value::shape).or(before) else { continue };
        for (dim, size) in ty.shape.iter().zip(shape) {
            if let Some(name) = dim.as_var() {
                known.insert(name, *size as i64);
            }
        }
    }
    known.extend(call.dims.iter().map(|(name, size)| (Name::new(name), *size)));
    let mut dims = Vec::new();
    for dim in &graph.dims {
        let size = known.get(&dim.name);
        let size = size.ok_or_else(|| format!("the size `{}` is needed", dim.name))?;
        dims.push((dim.name, *size));
    }
    let mut inputs = Vec::new();
    for (input, ty) in entry.inputs.iter().zip(&graph.inputs) {
        let value = given(input.name).and_then(|value| value.tensor(ty.elem));
        let tensor = match value.or_else(|| state.get(input.name.as_str()).cloned()) {
            Some(tensor) => tensor,
            None if input.state.is_some() => {
                let size = |name: Name| known.get(&name).copied();
                let shape: Option<Vec<usize>> =
                    (ty.shape.iter()).map(|dim| usize::try_from(dim.eval(&size)?).ok()).collect();
                let shape = shape.ok_or_else(|| format!("`{}` has an open size", input.name))?;
                let numbers = vec![0.0; shape.iter().product()];
                Tensor::f32(&shape, numbers).cast(ty.elem)
            }
            None => return Err(format!("the input `{}` is needed", input.name)),
        };
        inputs.push(tensor);
    }
    let wrong = call.inputs.iter().find(|it| entry.inputs.iter().all(|i| i.name.as_str() != it.0));
    match wrong {
        Some((name, _)) => {
            let known: Vec<&str> = entry.inputs.iter().map(|it| it.name.as_str()).collect();
            Err(format!("no input `{name}`; inputs are {known:?}"))
        }
        None => Ok((dims, inputs)),
    }
}
