//! Tensors of the evaluator.

use half::{bf16, f16};
use nnc_graph::{Elem, Literal};

/// A tensor, row-major.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    pub elem: Elem,
    pub shape: Vec<usize>,
    /// As many elements as the shape says. Floats may be held as f64, whatever
    /// `elem` is, when they were computed so (see [`crate::Precision::Wide`]).
    pub data: Data,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Data {
    F64(Vec<f64>),
    F32(Vec<f32>),
    F16(Vec<f16>),
    BF16(Vec<bf16>),
    I64(Vec<i64>),
    I32(Vec<i32>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    Bool(Vec<bool>),
}

impl Data {
    pub fn len(&self) -> usize {
        match self {
            Data::F64(it) => it.len(),
            Data::F32(it) => it.len(),
            Data::F16(it) => it.len(),
            Data::BF16(it) => it.len(),
            Data::I64(it) => it.len(),
            Data::I32(it) => it.len(),
            Data::I8(it) => it.len(),
            Data::U8(it) => it.len(),
            Data::Bool(it) => it.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Zeros; floats as f64 if `wide`.
    pub(crate) fn zeros(elem: Elem, wide: bool, len: usize) -> Data {
        match elem {
            Elem::F64 => Data::F64(vec![0.0; len]),
            Elem::F32 | Elem::F16 | Elem::BF16 if wide => Data::F64(vec![0.0; len]),
            Elem::F32 => Data::F32(vec![0.0; len]),
            Elem::F16 => Data::F16(vec![f16::ZERO; len]),
            Elem::BF16 => Data::BF16(vec![bf16::ZERO; len]),
            Elem::I64 => Data::I64(vec![0; len]),
            Elem::I32 => Data::I32(vec![0; len]),
            Elem::I8 => Data::I8(vec![0; len]),
            Elem::U8 => Data::U8(vec![0; len]),
            Elem::Bool => Data::Bool(vec![false; len]),
        }
    }

    /// An element as a number; integers and bools convert exactly below 2^53.
    pub fn float(&self, at: usize) -> f64 {
        match self {
            Data::F64(it) => it[at],
            Data::F32(it) => f64::from(it[at]),
            Data::F16(it) => it[at].to_f64(),
            Data::BF16(it) => it[at].to_f64(),
            Data::I64(_) | Data::I32(_) | Data::I8(_) | Data::U8(_) | Data::Bool(_) => {
                self.int(at) as f64
            }
        }
    }

    /// An element as an integer; floats truncate.
    pub fn int(&self, at: usize) -> i64 {
        match self {
            Data::I64(it) => it[at],
            Data::I32(it) => i64::from(it[at]),
            Data::I8(it) => i64::from(it[at]),
            Data::U8(it) => i64::from(it[at]),
            Data::Bool(it) => i64::from(it[at]),
            Data::F64(_) | Data::F32(_) | Data::F16(_) | Data::BF16(_) => self.float(at) as i64,
        }
    }

    pub(crate) fn set_float(&mut self, at: usize, value: f64) {
        match self {
            Data::F64(it) => it[at] = value,
            Data::F32(it) => it[at] = value as f32,
            Data::F16(it) => it[at] = f16::from_f64(value),
            Data::BF16(it) => it[at] = bf16::from_f64(value),
            Data::I64(_) | Data::I32(_) | Data::I8(_) | Data::U8(_) | Data::Bool(_) => {
                self.set_int(at, value as i64);
            }
        }
    }

    pub(crate) fn set_int(&mut self, at: usize, value: i64) {
        match self {
            Data::I64(it) => it[at] = value,
            Data::I32(it) => it[at] = value as i32,
            Data::I8(it) => it[at] = value as i8,
            Data::U8(it) => it[at] = value as u8,
            Data::Bool(it) => it[at] = value != 0,
            Data::F64(_) | Data::F32(_) | Data::F16(_) | Data::BF16(_) => {
                self.set_float(at, value as f64);
            }
        }
    }

    /// Copies one element from data of the same kind.
    pub(crate) fn copy_from(&mut self, at: usize, source: &Data, from: usize) {
        match source {
            Data::F64(_) | Data::F32(_) | Data::F16(_) | Data::BF16(_) => {
                self.set_float(at, source.float(from));
            }
            Data::I64(_) | Data::I32(_) | Data::I8(_) | Data::U8(_) | Data::Bool(_) => {
                self.set_int(at, source.int(from));
            }
        }
    }
}

impl Tensor {
    pub fn f32(shape: &[usize], data: Vec<f32>) -> Tensor {
        Tensor { elem: Elem::F32, shape: shape.to_vec(), data: Data::F32(data) }
    }

    pub fn i32(shape: &[usize], data: Vec<i32>) -> Tensor {
        Tensor { elem: Elem::I32, shape: shape.to_vec(), data: Data::I32(data) }
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All elements as f64.
    pub fn to_f64(&self) -> Vec<f64> {
        (0..self.len()).map(|at| self.data.float(at)).collect()
    }

    /// The same values in another element type, rounded as a cast rounds.
    pub fn cast(&self, elem: Elem) -> Tensor {
        let mut data = Data::zeros(elem, false, self.len());
        for at in 0..self.len() {
            data.copy_from(at, &self.data, at);
        }
        Tensor { elem, shape: self.shape.clone(), data }
    }

    pub(crate) fn from_literal(elem: Elem, shape: Vec<usize>, literal: &Literal) -> Tensor {
        let mut data = Data::zeros(elem, false, literal.len());
        match literal {
            Literal::Floats(items) => {
                items.iter().enumerate().for_each(|(at, it)| data.set_float(at, *it));
            }
            Literal::Ints(items) => {
                items.iter().enumerate().for_each(|(at, it)| data.set_int(at, *it));
            }
            Literal::Bools(items) => {
                items.iter().enumerate().for_each(|(at, it)| data.set_int(at, i64::from(*it)));
            }
        }
        Tensor { elem, shape, data }
    }
}

/// Steps from one element to the next along each axis of a row-major shape.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at] * shape[at];
    }
    strides
}
