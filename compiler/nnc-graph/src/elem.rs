//! Element types of tensors, and literal tensors.

use std::fmt;

/// The type of one element in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Elem {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I8,
    U8,
    /// One byte, 0 or 1.
    Bool,
}

impl Elem {
    pub const ALL: [Elem; 9] = [
        Elem::F64,
        Elem::F32,
        Elem::F16,
        Elem::BF16,
        Elem::I64,
        Elem::I32,
        Elem::I8,
        Elem::U8,
        Elem::Bool,
    ];

    /// As written in IR text.
    pub fn name(self) -> &'static str {
        match self {
            Elem::F64 => "f64",
            Elem::F32 => "f32",
            Elem::F16 => "f16",
            Elem::BF16 => "bf16",
            Elem::I64 => "i64",
            Elem::I32 => "i32",
            Elem::I8 => "i8",
            Elem::U8 => "u8",
            Elem::Bool => "bool",
        }
    }

    pub fn from_name(name: &str) -> Option<Elem> {
        Elem::ALL.into_iter().find(|elem| elem.name() == name)
    }

    /// Size of one element in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Elem::F64 | Elem::I64 => 8,
            Elem::F32 | Elem::I32 => 4,
            Elem::F16 | Elem::BF16 => 2,
            Elem::I8 | Elem::U8 | Elem::Bool => 1,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Elem::F64 | Elem::F32 | Elem::F16 | Elem::BF16)
    }

    pub fn is_int(self) -> bool {
        matches!(self, Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8)
    }

    /// The type in which sums over elements of this type are accumulated: at
    /// least f32 for floats, at least i32 for integers.
    pub fn accumulator(self) -> Elem {
        match self {
            Elem::F16 | Elem::BF16 => Elem::F32,
            Elem::I8 | Elem::U8 => Elem::I32,
            Elem::F64 | Elem::F32 | Elem::I64 | Elem::I32 | Elem::Bool => self,
        }
    }
}

impl fmt::Display for Elem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A small tensor written out in the program, row-major.
///
/// Floats are kept as `f64` and integers as `i64`; they are rounded to the
/// element type when they are read.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    Floats(Vec<f64>),
    Ints(Vec<i64>),
    Bools(Vec<bool>),
}

impl Literal {
    pub fn len(&self) -> usize {
        match self {
            Literal::Floats(items) => items.len(),
            Literal::Ints(items) => items.len(),
            Literal::Bools(items) => items.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
