//! Values on the way, read and replaced: neither changes what a program computes.

use super::case::Model;
use super::compare::compare;
use super::engine::{Engine, Evaluator};
use nnc_base::Name;
use nnc_eval::{Outputs, Tensor};
use nnc_graph::{Entry, Module};
use nnc_lower::Traces;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A model lowered with all of its trace points as outputs, and with one as an input.
pub(crate) struct Traced {
    read: Module,
    replaced: Module,
}

/// How often another value in the place of a trace point changed the outputs, and how often
/// it was there in vain.
pub(crate) static CHANGES: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

impl Traced {
    /// `pick` gives any number below another.
    pub(crate) fn of(
        program: &nnc_hir::Program,
        model: &nnc_hir::Model,
        pick: &mut dyn FnMut(usize) -> usize,
    ) -> Result<Traced, nnc_driver::Error> {
        let lower = |traces: &Traces| {
            nnc_lower::lower_traced(program, model, traces).map_err(nnc_driver::Error::Program)
        };
        let read = lower(&Traces { read: vec!["*".to_owned()], replaced: Vec::new() })?;
        let mut points: Vec<&str> =
            (read.points.iter()).filter(|it| !it.in_scan).map(|it| it.name.as_str()).collect();
        // Of two, one might not let through what the other changes.
        let one = (!points.is_empty()).then(|| points.swap_remove(pick(points.len())).to_owned());
        let replaced = one.into_iter().collect();
        let replaced = lower(&Traces { read: Vec::new(), replaced })?;
        Ok(Traced { read: read.module, replaced: replaced.module })
    }

    pub(crate) fn engine<'a>(&'a self, model: &'a Model) -> Box<dyn Engine + 'a> {
        Box::new(Tracing { traced: self, model })
    }
}

/// Runs a model three times: with its trace points as outputs, with its own value in the place
/// of one of them, and with other numbers there.
struct Tracing<'a> {
    traced: &'a Traced,
    model: &'a Model,
}

impl Engine for Tracing<'_> {
    fn call(
        &mut self,
        entry: &str,
        dims: &[(Name, i64)],
        inputs: &[Tensor],
    ) -> Result<Outputs, String> {
        let plain = found(&self.model.module, entry)?;
        let read = found(&self.traced.read, entry)?;
        let replaced = found(&self.traced.replaced, entry)?;
        let params = &self.model.params;
        let mut outputs = Evaluator::boxed(&self.traced.read, params).call(entry, dims, inputs)?;
        // They stand between the results and the state.
        let states = plain.inputs.iter().filter(|it| it.state.is_some()).count();
        let results = plain.outputs.len() - states;
        let further = read.outputs.len() - plain.outputs.len();
        let values: Vec<Tensor> = outputs.tensors.drain(results..results + further).collect();
        let names = || read.outputs[results..].iter().map(|it| it.name);

        let mut engine = Evaluator::boxed(&self.traced.replaced, params);
        let given: Vec<Tensor> = (replaced.inputs[plain.inputs.len()..].iter())
            .map(|input| {
                let at = names().position(|name| name == input.name);
                at.and_then(|at| values.get(at)).cloned().ok_or("a value was not read")
            })
            .collect::<Result<_, _>>()?;
        let same = engine.call(entry, dims, &[inputs, &given].concat())?;
        for (wanted, found) in outputs.tensors.iter().zip(&same.tensors) {
            compare(wanted, found, 0.0).map_err(|it| format!("with its own values: {it}"))?;
        }
        for at in (0..given.len()).filter(|at| given[*at].elem.is_float()) {
            let mut given = given.clone();
            let numbers = given[at].to_f64().iter().map(|it| it + 1.0).collect();
            let data = nnc_eval::Data::F64(numbers);
            let (elem, shape) = (given[at].elem, given[at].shape.clone());
            given[at] = Tensor { elem: nnc_graph::Elem::F64, shape, data }.cast(elem);
            let other = engine.call(entry, dims, &[inputs, &given].concat())?;
            let mut pairs = outputs.tensors.iter().zip(&other.tensors);
            let changed = pairs.any(|(a, b)| a.to_f64() != b.to_f64());
            CHANGES[usize::from(!changed)].fetch_add(1, Relaxed);
        }
        Ok(outputs)
    }
}

fn found<'a>(module: &'a Module, entry: &str) -> Result<&'a Entry, String> {
    let mut entries = module.entries.iter();
    entries.find(|it| it.name.as_str() == entry).ok_or_else(|| format!("no entry `{entry}`"))
}
