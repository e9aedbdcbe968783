//! Computes and packs every slot of a plan's weights.

use crate::{Error, Params, Progress, Tensor};
use nnc_graph::{Literal, Module, TensorType};
use nnc_plan::{Packing, Plan, WeightSlot, WeightSource};
use std::sync::Mutex;

/// A slot and its bytes.
type Work<'p, 'b> = (&'p WeightSlot, &'b mut [u8]);

/// Fills `out`, which is zeroed and as long as the plan's weights.
pub(super) fn fill(
    module: &Module,
    plan: &Plan,
    params: &Params<'_>,
    out: &mut [u8],
    progress: &dyn Progress,
) -> Result<(), Error> {
    let total = plan.weights.iter().map(|slot| slot.bytes).sum();
    progress.begin("packing weights", total);
    let mut work = cut(plan, out)?;
    // The longest last, which is where threads take from: so they end together.
    work.sort_by_key(|(slot, _)| slot.bytes);
    let work = Mutex::new(work);
    let failure: Mutex<Option<Error>> = Mutex::new(None);
    let next = || lock(&work).pop();
    let worker = || {
        while let Some((slot, out)) = next() {
            match fill_slot(module, params, slot, out) {
                Ok(()) => progress.advance(slot.bytes),
                Err(error) => {
                    lock(&failure).get_or_insert(error);
                    lock(&work).clear();
                }
            }
        }
    };
    let threads = nnc_runtime::threads().min(plan.weights.len()).max(1);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(worker);
        }
        worker();
    });
    progress.end();
    let failed = lock(&failure).take();
    failed.map_or(Ok(()), Err)
}

/// A panic elsewhere leaves the list as it was.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The bytes of each slot; slots do not overlap.
fn cut<'p, 'b>(plan: &'p Plan, out: &'b mut [u8]) -> Result<Vec<Work<'p, 'b>>, Error> {
    let mut slots: Vec<&WeightSlot> = plan.weights.iter().collect();
    slots.sort_by_key(|slot| slot.offset);
    let mut work = Vec::new();
    let mut rest = out;
    let mut at = 0;
    for slot in slots {
        let broken = || Error::internal(format!("weights overlap at byte {}", slot.offset));
        let skip = slot.offset.checked_sub(at).and_then(|it| usize::try_from(it).ok());
        let bytes = usize::try_from(slot.bytes).ok();
        let (skip, bytes) = skip.zip(bytes).ok_or_else(broken)?;
        let (_, after) = rest.split_at_mut_checked(skip).ok_or_else(broken)?;
        let (mine, after) = after.split_at_mut_checked(bytes).ok_or_else(broken)?;
        work.push((slot, mine));
        rest = after;
        at = slot.offset + slot.bytes;
    }
    Ok(work)
}

fn fill_slot(
    module: &Module,
    params: &Params<'_>,
    slot: &WeightSlot,
    out: &mut [u8],
) -> Result<(), Error> {
    let size = slot.ty.elem.bytes();
    if let (WeightSource::Stored(name), Packing::Plain) = (&slot.source, &slot.packing) {
        return params.read_into(name, slot.ty.elem, out);
    }
    let tensor = tensor_of(module, params, &slot.source, Some(&slot.ty))?;
    let bytes = if tensor.elem == slot.ty.elem {
        tensor.bytes
    } else {
        Tensor::from_eval(&tensor.to_eval().cast(slot.ty.elem)).bytes
    };
    nnc_backend::pack(&slot.packing, size, &bytes, out);
    Ok(())
}

/// The tensor that a source gives; a literal has the type of its slot.
fn tensor_of(
    module: &Module,
    params: &Params<'_>,
    source: &WeightSource,
    ty: Option<&TensorType>,
) -> Result<Tensor, Error> {
    match source {
        WeightSource::Stored(name) => params.tensor(name),
        WeightSource::Derived { graph, from } => {
            let mut inputs = Vec::new();
            for source in from {
                inputs.push(tensor_of(module, params, source, None)?.to_eval());
            }
            let options = nnc_eval::Options::default();
            let results = nnc_eval::evaluate_graph(module, *graph, &[], &[], &inputs, &options)
                .map_err(|error| Error::internal(format!("a derived weight: {error}")))?;
            match results.as_slice() {
                [result] => Ok(Tensor::from_eval(result)),
                _ => Err(Error::internal("a derived weight that is not one tensor")),
            }
        }
        WeightSource::Literal(literal) => {
            let shape = ty.and_then(constant_shape);
            let (Some(ty), Some(shape)) = (ty, shape) else {
                return Err(Error::internal("a literal weight without a type"));
            };
            Ok(match literal {
                Literal::Floats(items) => Tensor::from_floats(ty.elem, shape, items),
                Literal::Ints(items) => Tensor::from_ints(ty.elem, shape, items),
                Literal::Bools(items) => {
                    let items: Vec<i64> = items.iter().map(|it| i64::from(*it)).collect();
                    Tensor::from_ints(ty.elem, shape, &items)
                }
            })
        }
        WeightSource::Param(param) => {
            Err(Error::internal(format!("weight {} of no model", param.raw())))
        }
    }
}

fn constant_shape(ty: &TensorType) -> Option<Vec<usize>> {
    ty.shape.iter().map(|dim| usize::try_from(dim.as_constant()?).ok()).collect()
}
