//! The whole pipeline on generated modules, and on networks' parts.

use super::{generate, rewritten_module};
use crate::{PASSES, Pass, pipeline};
use nnc_graph::verify;

const SEEDS: u64 = 2000;

#[test]
fn the_pipeline_keeps_what_generated_modules_compute() {
    for seed in 0..SEEDS {
        let module = generate::module(seed);
        verify(&module).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{module}"));
        rewritten_module(pipeline(), &module);
    }
}

#[test]
fn each_pass_alone_keeps_what_generated_modules_compute() {
    for seed in 0..SEEDS {
        let module = generate::module(1_000_000 + seed);
        let pass: Pass = PASSES[seed as usize % PASSES.len()];
        rewritten_module(&[pass], &module);
    }
}

#[test]
fn passes_in_any_order_keep_what_generated_modules_compute() {
    let mut random = super::values::Random(7);
    for seed in 0..SEEDS {
        let module = generate::module(2_000_000 + seed);
        let passes: Vec<Pass> =
            (0..12).map(|_| PASSES[random.below(PASSES.len() as u64) as usize]).collect();
        rewritten_module(&passes, &module);
    }
}

#[test]
fn the_pipeline_finds_nothing_to_do_the_second_time() {
    for seed in 0..20 {
        let mut module = generate::module(seed);
        let options = crate::Options::default();
        for _ in 0..2 {
            crate::run(&mut module, pipeline(), &options, &mut |_| {}).unwrap();
        }
        let text = module.to_string();
        crate::run(&mut module, pipeline(), &options, &mut |_| {}).unwrap();
        assert_eq!(module.to_string(), text, "seed {seed}");
    }
}
