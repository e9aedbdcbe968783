//! Values in comments, and the numbers that look random.
//!
//! `random(SEED, SHAPE, LOW, HIGH)` is SplitMix64 (Steele, Lea and Flood, 2014) started at
//! SEED: the upper 24 bits of each output, as a fraction u of 2^24, give
//! `LOW + (HIGH - LOW) * u`, computed in f64 and rounded to f32. `integers(SEED, SHAPE, LOW,
//! END)` is `LOW + output % (END - LOW)`. A parameter's seed is the seed of `params` xor the
//! FNV-1a hash (64 bits) of its name. `expected.py` has the same in Python.

use nnc_eval::{Data, Tensor};
use nnc_graph::Elem;

/// What stands in a comment for a tensor.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    Random {
        range: Range,
        shape: Vec<usize>,
    },
    Integers {
        seed: u64,
        shape: Vec<usize>,
        low: i64,
        end: i64,
    },
    /// Numbers as written; `true` is 1.
    Literal {
        shape: Vec<usize>,
        numbers: Vec<f64>,
    },
    /// What `expected.py` computed.
    Expected,
    /// Any numbers of this shape that are neither infinite nor NaN.
    Finite {
        shape: Vec<usize>,
    },
}

/// Where random numbers come from and lie.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Range {
    pub(crate) seed: u64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Range {
    pub(crate) fn tensor(self, elem: Elem, shape: &[usize]) -> Tensor {
        let mut random = Random(self.seed);
        let number = |_| {
            let fraction = (random.next() >> 40) as f64 / f64::from(1 << 24);
            (self.low + (self.high - self.low) * fraction) as f32
        };
        let numbers = (0..shape.iter().product()).map(number).collect();
        Tensor::f32(shape, numbers).cast(elem)
    }

    /// The range for a parameter.
    pub(crate) fn of_param(self, name: &str) -> Range {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Range { seed: self.seed ^ hash, ..self }
    }
}

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Value {
    /// The tensor of this element type; `None` where the comment does not hold its numbers.
    pub(crate) fn tensor(&self, elem: Elem) -> Option<Tensor> {
        Some(match self {
            Value::Random { range, shape } => range.tensor(elem, shape),
            Value::Integers { seed, shape, low, end } => {
                let mut random = Random(*seed);
                let span = end.abs_diff(*low).max(1);
                let number = |_| low + (random.next() % span) as i64;
                let numbers = (0..shape.iter().product()).map(number).collect();
                let data = Data::I64(numbers);
                Tensor { elem: Elem::I64, shape: shape.clone(), data }.cast(elem)
            }
            Value::Literal { shape, numbers } => {
                let data = Data::F64(numbers.clone());
                Tensor { elem: Elem::F64, shape: shape.clone(), data }.cast(elem)
            }
            Value::Expected | Value::Finite { .. } => return None,
        })
    }

    pub(crate) fn shape(&self) -> Option<&[usize]> {
        match self {
            Value::Random { shape, .. }
            | Value::Integers { shape, .. }
            | Value::Literal { shape, .. }
            | Value::Finite { shape } => Some(shape),
            Value::Expected => None,
        }
    }
}

#[test]
fn the_generator_is_splitmix64() {
    // The first outputs for seed 1234567, as published with the algorithm's C code.
    let mut random = Random(1_234_567);
    let outputs = [random.next(), random.next(), random.next()];
    assert_eq!(outputs, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
}
