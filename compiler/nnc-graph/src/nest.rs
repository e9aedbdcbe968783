//! The operation in index form.

use crate::{Elem, Scalar, Var};
use nnc_base::Name;
use nnc_shape::Dim;

/// One dimension of an index space: `name` is for people and need not be unique.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Axis {
    pub name: Name,
    pub extent: Dim,
}

/// One value for each point of an index space.
///
/// ```text
/// y = nest [m: T, n: 64] sum [k: 32] { x[m, k] * w[n, k] } : f32[T, 64]
/// ```
///
/// Matrix products, convolutions, attention scores, norms, poolings, gathers,
/// transposes and elementwise code are all nests; they differ in their index
/// maps, which is what passes and planners look at.
///
/// The result's axes are `axes` in order, except that `groups` merges runs of
/// neighbouring axes into one (`[c, h, w]` with groups `[1, 2]` gives a result
/// of shape `[c, h*w]`, laid out as if they were not merged).
#[derive(Clone, PartialEq, Debug)]
pub struct Nest {
    pub axes: Vec<Axis>,
    /// How many of `axes` make up each axis of the result; the sum is `axes.len()`.
    pub groups: Vec<u32>,
    /// The type in which the value is computed and stored.
    pub elem: Elem,
    pub kind: NestKind,
}

#[derive(Clone, PartialEq, Debug)]
pub enum NestKind {
    /// `value` at each point.
    Map {
        value: Scalar,
    },
    Reduce(Reduction),
    /// `exp(value - max) / Σ exp(value - max)` along one of the result axes, over
    /// the points where `guard` holds; 0 elsewhere. A row with no point that
    /// satisfies the guard is all 0. Computed in f32 at least.
    Softmax {
        axis: Var,
        guard: Option<Scalar>,
        value: Scalar,
    },
}

/// A reduction of `value` over `axes`, whose variables follow those of the result.
#[derive(Clone, PartialEq, Debug)]
pub struct Reduction {
    pub op: ReduceOp,
    pub axes: Vec<Axis>,
    /// Points where it is false contribute nothing, and their reads do not happen.
    pub guard: Option<Scalar>,
    pub value: Scalar,
    /// The type of `value` and of the running result. Sums have no promised
    /// order, but one that depends on sizes alone.
    pub accumulator: Elem,
    /// What is stored, from the reduced value [`Scalar::Acc`] and the result's
    /// index variables.
    pub finish: Scalar,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ReduceOp {
    /// Empty: 0.
    Sum,
    /// Empty: 1.
    Product,
    /// Empty: minus infinity, or the least integer. NaN wins.
    Max,
    /// Empty: infinity, or the greatest integer. NaN wins.
    Min,
    /// Logical or; empty: false.
    Any,
    /// Logical and; empty: true.
    All,
    /// The value at the first point, in row-major order; empty: 0.
    First,
    /// The position, along the only reduction axis, of the first greatest value
    /// (as an integer of type `accumulator`'s finish, i32); empty: 0.
    ArgMax,
    /// Likewise for the least.
    ArgMin,
}

impl ReduceOp {
    pub const ALL: [ReduceOp; 9] = [
        ReduceOp::Sum,
        ReduceOp::Product,
        ReduceOp::Max,
        ReduceOp::Min,
        ReduceOp::Any,
        ReduceOp::All,
        ReduceOp::First,
        ReduceOp::ArgMax,
        ReduceOp::ArgMin,
    ];

    /// As written in IR text.
    pub fn name(self) -> &'static str {
        match self {
            ReduceOp::Sum => "sum",
            ReduceOp::Product => "product",
            ReduceOp::Max => "max",
            ReduceOp::Min => "min",
            ReduceOp::Any => "any",
            ReduceOp::All => "all",
            ReduceOp::First => "first",
            ReduceOp::ArgMax => "argmax",
            ReduceOp::ArgMin => "argmin",
        }
    }

    pub fn from_name(name: &str) -> Option<ReduceOp> {
        ReduceOp::ALL.into_iter().find(|op| op.name() == name)
    }

    /// What a reduction of nothing gives, in the type of its running result.
    pub fn of_nothing(self, elem: Elem) -> Scalar {
        let number = |float: f64, int: i64| match elem {
            Elem::Bool => Scalar::Bool(int != 0),
            _ if elem.is_float() => Scalar::Float { elem, value: float },
            _ => Scalar::Int { elem, value: int },
        };
        let (least, greatest) = match elem {
            Elem::I8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
            Elem::U8 => (0, i64::from(u8::MAX)),
            Elem::I64 => (i64::MIN, i64::MAX),
            _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
        };
        match self {
            ReduceOp::Product | ReduceOp::All => number(1.0, 1),
            ReduceOp::Max => number(f64::NEG_INFINITY, least),
            ReduceOp::Min => number(f64::INFINITY, greatest),
            ReduceOp::Sum
            | ReduceOp::Any
            | ReduceOp::First
            | ReduceOp::ArgMax
            | ReduceOp::ArgMin => number(0.0, 0),
        }
    }

    /// Whether the reduced value ([`Scalar::Acc`]) is a position (i32) and not a value.
    pub fn gives_position(self) -> bool {
        matches!(self, ReduceOp::ArgMax | ReduceOp::ArgMin)
    }
}

impl Nest {
    /// The result's shape.
    pub fn shape(&self) -> Vec<Dim> {
        let mut axes = self.axes.iter();
        self.groups
            .iter()
            .map(|&count| {
                axes.by_ref()
                    .take(count as usize)
                    .fold(Dim::constant(1), |size, axis| &size * &axis.extent)
            })
            .collect()
    }

    /// The reduction's axes; none for a map or a softmax.
    pub fn reduction_axes(&self) -> &[Axis] {
        match &self.kind {
            NestKind::Map { .. } | NestKind::Softmax { .. } => &[],
            NestKind::Reduce(reduction) => &reduction.axes,
        }
    }

    /// The axis of an index variable.
    pub fn axis(&self, var: Var) -> Option<&Axis> {
        let at = var.0 as usize;
        self.axes.get(at).or_else(|| self.reduction_axes().get(at - self.axes.len()))
    }

    /// All scalar expressions: guard, value, finish.
    pub fn scalars(&self) -> Vec<&Scalar> {
        match &self.kind {
            NestKind::Map { value } => vec![value],
            NestKind::Softmax { guard, value, .. } => guard.iter().chain([value]).collect(),
            NestKind::Reduce(reduction) => {
                reduction.guard.iter().chain([&reduction.value, &reduction.finish]).collect()
            }
        }
    }

    /// Rewrites all scalar expressions.
    pub fn map_scalars(&mut self, map: &mut dyn FnMut(&Scalar) -> Scalar) {
        match &mut self.kind {
            NestKind::Map { value } => *value = map(value),
            NestKind::Softmax { guard, value, .. } => {
                if let Some(guard) = guard {
                    *guard = map(guard);
                }
                *value = map(value);
            }
            NestKind::Reduce(reduction) => {
                if let Some(guard) = &mut reduction.guard {
                    *guard = map(guard);
                }
                reduction.value = map(&reduction.value);
                reduction.finish = map(&reduction.finish);
            }
        }
    }

    /// Whether the result has one axis for each of `axes`.
    pub fn is_ungrouped(&self) -> bool {
        self.groups.iter().all(|&count| count == 1)
    }
}
