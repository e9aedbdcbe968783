//! Modules made at random, compiled and held against the evaluator.

#[path = "../../../../compiler/nnc-opt/src/tests/generate.rs"]
mod generate;
#[path = "../../../../compiler/nnc-opt/src/tests/values.rs"]
#[expect(dead_code, reason = "shared with the tests of passes, which use all of it")]
mod values;

use super::support::{ready, targets};
use nnc_base::Name;
use nnc_graph::{Entry, EntryInput, EntryOutput, Module};

/// The module with its last graph as an entry.
fn with_entry(mut module: Module) -> Module {
    let Some(graph) = module.graphs.ids().last() else { return module };
    let name = |prefix: &str, at: usize| Name::new(&format!("{prefix}{at}"));
    let inputs = 0..module.graphs[graph].inputs.len();
    let outputs = 0..module.graphs[graph].outputs.len();
    module.entries.push(Entry {
        name: Name::new("run"),
        graph,
        inputs: inputs
            .map(|at| EntryInput {
                name: name("x", at),
                state: None,
                // Integers of generated modules are positions along axes of three or more.
                index_bound: module.graphs[graph].inputs[at]
                    .elem
                    .is_int()
                    .then(|| nnc_shape::Dim::constant(3)),
            })
            .collect(),
        outputs: outputs.map(|at| EntryOutput { name: name("y", at) }).collect(),
        updates: Vec::new(),
    });
    module
}

/// 16-bit values may round to either neighbour.
fn tolerance(module: &Module) -> f64 {
    if module.to_string().contains("f16") { 2e-2 } else { 1e-5 }
}

#[test]
fn generated_modules_compute_what_the_evaluator_says() {
    for target in targets() {
        let seeds = if target == "host" { 0..30 } else { 1000..1006 };
        for seed in seeds {
            let module = with_entry(generate::module(seed));
            let tolerance = tolerance(&module);
            let mut optimised = module.clone();
            let options = nnc_opt::Options::default();
            nnc_opt::run(&mut optimised, nnc_opt::pipeline(), &options, &mut |_| {}).unwrap();
            for module in [module, optimised] {
                let mut ready = ready(module, target, seed);
                for size in [1, 4, 9] {
                    ready.check(0, &[size], seed + 1, tolerance);
                }
            }
        }
    }
}
