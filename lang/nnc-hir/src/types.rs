//! Types of values.

use nnc_base::Name;
use nnc_shape::Dim;

use crate::{LayerUse, MeaningId, StructId};

/// The type of a value.
#[derive(Clone, PartialEq, Debug)]
pub enum Type {
    /// A tensor; a scalar is one without axes.
    Tensor(TensorType),
    /// A size: its value is known as an expression, so it has no storage.
    Dim(Dim),
    Tuple(Vec<Type>),
    /// State: the struct's parameters, and the current values of its `dim` fields
    /// in the order of the fields.
    Struct {
        id: StructId,
        dims: Vec<Dim>,
        lens: Vec<Dim>,
    },
    Array(Box<Type>, Places),
    /// A sub-layer, as an item of a fold or in a list of layers.
    Layer(LayerUse),
    /// A parameter that is a function.
    Function(Box<Arrow>),
    /// The type of something that was reported already; it matches everything.
    Error,
}

/// The places of an array: `L`, or `i in L` where what stands at place `i` depends on it.
#[derive(Clone, PartialEq, Debug)]
pub struct Places {
    pub count: Dim,
    /// What the place is called in the sizes of an item; it stands for 0 up to `count - 1`.
    pub name: Option<Name>,
}

/// `(f32[B, D], f32[]) -> f32[B, D]`, for the sizes of the function whose parameter has it.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrow {
    pub inputs: Vec<Type>,
    pub output: Type,
}

/// `f32[.., T, D]`.
#[derive(Clone, PartialEq, Debug)]
pub struct TensorType {
    pub elem: Elem,
    /// Whether the function's `..` stands before the axes.
    pub pack: bool,
    pub axes: Vec<Axis>,
}

/// One axis of a tensor.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    pub size: AxisSize,
    /// Such as `time`; `None` matches every kind.
    pub kind: Option<Name>,
    /// Steps in a second; `None` matches every rate.
    pub rate: Option<Rate>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum AxisSize {
    Dim(Dim),
    /// `_`: of size 1 in memory, and as long as the other side in elementwise code.
    Broadcast,
}

/// An exact rate in Hz, `numerator / denominator` in lowest terms.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rate {
    pub numerator: u64,
    pub denominator: u64,
}

/// The type of one element: how it is stored and what it means.
#[derive(Clone, PartialEq, Debug)]
pub struct Elem {
    pub base: Base,
    /// `None` where the numbers mean nothing in particular.
    pub meaning: Option<MeaningUse>,
}

/// `Logits`, `Token<V>`, `Index<E>`.
#[derive(Clone, PartialEq, Debug)]
pub struct MeaningUse {
    pub id: MeaningId,
    /// Sizes, such as the `V` of `Token<V>`.
    pub args: Vec<Dim>,
}

/// How an element is stored.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Base {
    F64,
    F32,
    F16,
    BF16,
    F8,
    I64,
    I32,
    I8,
    U8,
    Bool,
    /// `float` in a signature: each call binds it, see [`crate::Call::float`]. In
    /// a parameter's type it is f32 in the checkpoint and converted where it is read.
    Float,
    /// `q4<I / 32>`: groups of `bits`-wide integers with a scale for each.
    Quantised {
        bits: u8,
        groups: Dim,
    },
    /// `fix<16, 6>`: fixed point.
    Fixed {
        bits: u8,
        integer: u8,
    },
}

impl Type {
    pub fn scalar(elem: Elem) -> Type {
        Type::Tensor(TensorType { elem, pack: false, axes: Vec::new() })
    }

    pub fn unit() -> Type {
        Type::Tuple(Vec::new())
    }

    pub fn is_unit(&self) -> bool {
        matches!(self, Type::Tuple(parts) if parts.is_empty())
    }

    pub fn as_tensor(&self) -> Option<&TensorType> {
        match self {
            Type::Tensor(tensor) => Some(tensor),
            Type::Dim(_)
            | Type::Tuple(_)
            | Type::Struct { .. }
            | Type::Array(..)
            | Type::Layer(_)
            | Type::Function(_)
            | Type::Error => None,
        }
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Type::Error)
    }
}

impl Places {
    pub fn new(count: Dim) -> Places {
        Places { count, name: None }
    }
}

impl TensorType {
    pub fn is_scalar(&self) -> bool {
        self.axes.is_empty() && !self.pack
    }
}

impl Axis {
    pub fn new(size: Dim) -> Axis {
        Axis { size: AxisSize::Dim(size), kind: None, rate: None }
    }

    pub fn broadcast() -> Axis {
        Axis { size: AxisSize::Broadcast, kind: None, rate: None }
    }

    /// The size in memory.
    pub fn extent(&self) -> Dim {
        match &self.size {
            AxisSize::Dim(dim) => dim.clone(),
            AxisSize::Broadcast => Dim::constant(1),
        }
    }
}

impl Rate {
    /// `numerator / denominator` Hz; `None` for a denominator of 0.
    pub fn new(numerator: u64, denominator: u64) -> Option<Rate> {
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (denominator != 0 && a != 0)
            .then(|| Rate { numerator: numerator / a, denominator: denominator / a })
    }
}

impl Elem {
    pub fn plain(base: Base) -> Elem {
        Elem { base, meaning: None }
    }
}

impl Base {
    /// As written in a program; `None` for the bases that take arguments.
    pub fn from_name(name: &str) -> Option<Base> {
        Some(match name {
            "f64" => Base::F64,
            "f32" => Base::F32,
            "f16" => Base::F16,
            "bf16" => Base::BF16,
            "f8" => Base::F8,
            "i64" => Base::I64,
            "i32" | "int" => Base::I32,
            "i8" => Base::I8,
            "u8" => Base::U8,
            "bool" => Base::Bool,
            "float" => Base::Float,
            _ => return None,
        })
    }

    pub fn is_float(&self) -> bool {
        match self {
            Base::F64 | Base::F32 | Base::F16 | Base::BF16 | Base::F8 | Base::Float => true,
            Base::Quantised { .. } | Base::Fixed { .. } => true,
            Base::I64 | Base::I32 | Base::I8 | Base::U8 | Base::Bool => false,
        }
    }

    pub fn is_int(&self) -> bool {
        matches!(self, Base::I64 | Base::I32 | Base::I8 | Base::U8)
    }
}
