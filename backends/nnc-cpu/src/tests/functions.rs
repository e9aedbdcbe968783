//! How far elementary functions are from the truth, in units of the last place.

use super::support::{bytes_of, ready, targets, tensor_of};
use nnc_eval::{Data, Tensor};
use nnc_graph::Elem;

struct Function {
    name: &'static str,
    truth: fn(f64) -> f64,
    /// Units in the last place that are allowed.
    ulps: f64,
    /// What may be lost besides, where results are near 0.
    floor: f64,
}

const FUNCTIONS: [Function; 12] = [
    Function { name: "exp", truth: f64::exp, ulps: 2.0, floor: 1e-44 },
    Function { name: "log", truth: f64::ln, ulps: 2.0, floor: 0.0 },
    Function { name: "sqrt", truth: f64::sqrt, ulps: 0.51, floor: 0.0 },
    Function { name: "rsqrt", truth: |x| 1.0 / x.sqrt(), ulps: 1.5, floor: 0.0 },
    Function { name: "tanh", truth: f64::tanh, ulps: 4.0, floor: 1e-44 },
    Function { name: "erf", truth: nnc_eval::erf, ulps: 8.0, floor: 1e-7 },
    Function { name: "sin", truth: f64::sin, ulps: 2.0, floor: 1e-7 },
    Function { name: "cos", truth: f64::cos, ulps: 2.0, floor: 1e-7 },
    Function { name: "floor", truth: f64::floor, ulps: 0.0, floor: 0.0 },
    Function { name: "ceil", truth: f64::ceil, ulps: 0.0, floor: 0.0 },
    Function { name: "round", truth: f64::round_ties_even, ulps: 0.0, floor: 0.0 },
    Function { name: "abs", truth: f64::abs, ulps: 0.0, floor: 0.0 },
];

const COUNT: usize = 40_013;

/// Special values, steps through the ranges where functions bend, and random bits.
fn arguments() -> Vec<f32> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MIN_POSITIVE,
        1e-45,
        -1e-45,
        f32::MAX,
        f32::MIN,
        88.0,
        88.72,
        88.73,
        -87.3,
        -103.9,
        -104.0,
        0.5,
        1.5,
        2.5,
        -2.5,
        8_388_607.5,
        16_777_216.0,
    ];
    let mut all: Vec<f32> = special.to_vec();
    all.extend((0..20_000).map(|it| (it as f32 - 10_000.0) * 0.0123));
    let mut bits = 0x9e37_79b9u32;
    while all.len() < COUNT {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        all.push(f32::from_bits(bits));
    }
    all
}

/// From one f32 to the next beyond it.
fn ulp(x: f64) -> f64 {
    let x = (x as f32).abs();
    if x < f32::MIN_POSITIVE || !x.is_finite() {
        return f64::from(f32::from_bits(1));
    }
    f64::from(f32::from_bits(x.to_bits() + 1)) - f64::from(x)
}

#[test]
fn functions_err_by_a_few_units_in_the_last_place() {
    let arguments = arguments();
    for target in targets() {
        for function in &FUNCTIONS {
            let text = format!(
                "graph @g() {{
                   %0 = input : f32[{COUNT}]
                   %1 = nest (%0) [i: {COUNT}] {{ {}(%0[i]) }} : f32[{COUNT}]
                   return %1
                 }}
                 entry run = @g {{ input x output y }}",
                function.name
            );
            let mut ready = ready(nnc_graph::parse(&text).unwrap(), target, 1);
            let input = Tensor::f32(&[COUNT], arguments.clone());
            let (mut given, mut result) = (bytes_of(&input), vec![0; COUNT * 4]);
            ready.instance.run(0, &[], &mut [&mut given], &mut [&mut result]).unwrap();
            let Data::F32(found) = tensor_of(Elem::F32, vec![COUNT], &result).data else {
                panic!("not f32");
            };
            for (&x, &found) in arguments.iter().zip(&found) {
                // Beyond this an f32's neighbours are whole turns apart.
                if matches!(function.name, "sin" | "cos") && x.abs() > 1e7 {
                    continue;
                }
                let truth = (function.truth)(f64::from(x));
                let rounded = truth as f32;
                let error = (f64::from(found) - truth).abs();
                let close = found == rounded
                    || (found.is_nan() && rounded.is_nan())
                    || error <= function.ulps * ulp(truth) + function.floor;
                assert!(
                    close,
                    "{target}: {}({x:?}) = {found:?}, expected {rounded:?}; {} ulps",
                    function.name,
                    error / ulp(truth)
                );
            }
        }
    }
}
