//! Types of values in kernels.

use mlir_sys::{
    MlirContext, MlirType, mlirBF16TypeGet, mlirF16TypeGet, mlirF32TypeGet, mlirF64TypeGet,
    mlirIntegerTypeGet, mlirLLVMPointerTypeGet, mlirVectorTypeGet,
};
use nnc_graph::Elem;

/// What a lane holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    I1,
    I8,
    I16,
    I32,
    I64,
    F16,
    BF16,
    F32,
    F64,
    Pointer,
}

/// A kind and how many of it: one lane is a plain scalar, more are a vector.
///
/// Lane counts are powers of two, so that a vector wider than the machine's
/// registers splits into whole ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Type {
    pub kind: Kind,
    pub lanes: u32,
}

impl Kind {
    pub const fn lanes(self, lanes: u32) -> Type {
        Type { kind: self, lanes }
    }

    /// One of it.
    pub const fn one(self) -> Type {
        self.lanes(1)
    }

    pub fn is_float(self) -> bool {
        matches!(self, Kind::F16 | Kind::BF16 | Kind::F32 | Kind::F64)
    }

    /// Bits of one lane.
    pub fn bits(self) -> u32 {
        match self {
            Kind::I1 => 1,
            Kind::I8 => 8,
            Kind::I16 | Kind::F16 | Kind::BF16 => 16,
            Kind::I32 | Kind::F32 => 32,
            Kind::I64 | Kind::F64 | Kind::Pointer => 64,
        }
    }

    /// Bytes of one lane in memory.
    pub fn bytes(self) -> i64 {
        i64::from(self.bits().div_ceil(8))
    }

    /// The integer as wide as this.
    pub fn as_int(self) -> Kind {
        match self.bits() {
            1 => Kind::I1,
            8 => Kind::I8,
            16 => Kind::I16,
            32 => Kind::I32,
            _ => Kind::I64,
        }
    }

    /// How elements are loaded and stored: 16-bit floats as their bits, a bool as a
    /// byte.
    pub fn of_memory(elem: Elem) -> Kind {
        match elem {
            Elem::F64 => Kind::F64,
            Elem::F32 => Kind::F32,
            Elem::F16 | Elem::BF16 => Kind::I16,
            Elem::I64 => Kind::I64,
            Elem::I32 => Kind::I32,
            Elem::I8 | Elem::U8 | Elem::Bool => Kind::I8,
        }
    }

    /// In what elements are computed: 16-bit floats as f32, a bool as one bit.
    pub fn of_register(elem: Elem) -> Kind {
        match elem {
            Elem::F64 => Kind::F64,
            Elem::F32 | Elem::F16 | Elem::BF16 => Kind::F32,
            Elem::I64 => Kind::I64,
            Elem::I32 => Kind::I32,
            Elem::I8 | Elem::U8 => Kind::I8,
            Elem::Bool => Kind::I1,
        }
    }
}

impl Type {
    pub const POINTER: Type = Kind::Pointer.one();
    pub const I64: Type = Kind::I64.one();
    pub const I1: Type = Kind::I1.one();

    pub fn is_vector(self) -> bool {
        self.lanes > 1
    }

    /// Of the same number of lanes.
    pub fn with(self, kind: Kind) -> Type {
        Type { kind, lanes: self.lanes }
    }

    pub(crate) fn raw(self, context: MlirContext) -> MlirType {
        // SAFETY: the context is alive, and every kind here may stand in a vector.
        #[expect(unsafe_code, reason = "MLIR's C interface")]
        unsafe {
            let lane = match self.kind {
                Kind::I1 | Kind::I8 | Kind::I16 | Kind::I32 | Kind::I64 => {
                    mlirIntegerTypeGet(context, self.kind.bits())
                }
                Kind::F16 => mlirF16TypeGet(context),
                Kind::BF16 => mlirBF16TypeGet(context),
                Kind::F32 => mlirF32TypeGet(context),
                Kind::F64 => mlirF64TypeGet(context),
                Kind::Pointer => mlirLLVMPointerTypeGet(context, 0),
            };
            if self.lanes == 1 {
                return lane;
            }
            mlirVectorTypeGet(1, &i64::from(self.lanes), lane)
        }
    }
}
