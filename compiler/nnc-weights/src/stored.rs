//! How the elements of a tensor are stored in files.

use std::fmt;

use nnc_graph::Elem;

/// The type of the elements of a stored tensor.
///
/// The `Q…` types are ggml's blocks: a few numbers share a scale, and are read as
/// floats.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stored {
    F64,
    F32,
    F16,
    BF16,
    /// 8-bit floats of the OCP formats: E4M3 has no infinities.
    F8E4M3,
    F8E5M2,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    /// One byte, 0 or 1.
    Bool,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    /// A type whose size is known and whose elements are not read.
    Opaque {
        name: &'static str,
        /// Elements in a block.
        elements: u32,
        /// Bytes in a block.
        bytes: u32,
    },
}

impl Stored {
    pub fn name(self) -> &'static str {
        match self {
            Stored::F64 => "f64",
            Stored::F32 => "f32",
            Stored::F16 => "f16",
            Stored::BF16 => "bf16",
            Stored::F8E4M3 => "f8_e4m3",
            Stored::F8E5M2 => "f8_e5m2",
            Stored::I64 => "i64",
            Stored::I32 => "i32",
            Stored::I16 => "i16",
            Stored::I8 => "i8",
            Stored::U64 => "u64",
            Stored::U32 => "u32",
            Stored::U16 => "u16",
            Stored::U8 => "u8",
            Stored::Bool => "bool",
            Stored::Q4_0 => "q4_0",
            Stored::Q4_1 => "q4_1",
            Stored::Q5_0 => "q5_0",
            Stored::Q5_1 => "q5_1",
            Stored::Q8_0 => "q8_0",
            Stored::Q2K => "q2_K",
            Stored::Q3K => "q3_K",
            Stored::Q4K => "q4_K",
            Stored::Q5K => "q5_K",
            Stored::Q6K => "q6_K",
            Stored::Opaque { name, .. } => name,
        }
    }

    /// How many elements a block has, and how many bytes; 1 and the element's size for
    /// what is not in blocks.
    pub fn block(self) -> (usize, usize) {
        match self {
            Stored::F64 | Stored::I64 | Stored::U64 => (1, 8),
            Stored::F32 | Stored::I32 | Stored::U32 => (1, 4),
            Stored::F16 | Stored::BF16 | Stored::I16 | Stored::U16 => (1, 2),
            Stored::F8E4M3 | Stored::F8E5M2 | Stored::I8 | Stored::U8 | Stored::Bool => (1, 1),
            Stored::Q4_0 => (32, 18),
            Stored::Q4_1 => (32, 20),
            Stored::Q5_0 => (32, 22),
            Stored::Q5_1 => (32, 24),
            Stored::Q8_0 => (32, 34),
            Stored::Q2K => (256, 84),
            Stored::Q3K => (256, 110),
            Stored::Q4K => (256, 144),
            Stored::Q5K => (256, 176),
            Stored::Q6K => (256, 210),
            Stored::Opaque { elements, bytes, .. } => (elements as usize, bytes as usize),
        }
    }

    /// Whether elements are stored in blocks with a scale.
    pub fn is_quantised(self) -> bool {
        self.block().0 > 1
    }

    /// Whether elements are read as floats.
    pub fn is_float(self) -> bool {
        match self {
            Stored::I64
            | Stored::I32
            | Stored::I16
            | Stored::I8
            | Stored::U64
            | Stored::U32
            | Stored::U16
            | Stored::U8
            | Stored::Bool
            | Stored::Opaque { .. } => false,
            Stored::F64
            | Stored::F32
            | Stored::F16
            | Stored::BF16
            | Stored::F8E4M3
            | Stored::F8E5M2
            | Stored::Q4_0
            | Stored::Q4_1
            | Stored::Q5_0
            | Stored::Q5_1
            | Stored::Q8_0
            | Stored::Q2K
            | Stored::Q3K
            | Stored::Q4K
            | Stored::Q5K
            | Stored::Q6K => true,
        }
    }
}

impl From<Elem> for Stored {
    fn from(elem: Elem) -> Stored {
        match elem {
            Elem::F64 => Stored::F64,
            Elem::F32 => Stored::F32,
            Elem::F16 => Stored::F16,
            Elem::BF16 => Stored::BF16,
            Elem::I64 => Stored::I64,
            Elem::I32 => Stored::I32,
            Elem::I8 => Stored::I8,
            Elem::U8 => Stored::U8,
            Elem::Bool => Stored::Bool,
        }
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
