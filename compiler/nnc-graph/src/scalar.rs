//! What is computed at one point of an index space.

use crate::Elem;
use nnc_shape::Dim;

/// An index variable of a [`crate::Nest`]: its place in the list of result axes
/// followed by the reduction axes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Var(pub u32);

/// `offset + Σ coefficient · variable`, over the nest's index variables.
///
/// Terms are sorted by variable, with no zero coefficients.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Affine {
    pub terms: Vec<(Var, Dim)>,
    pub offset: Dim,
}

/// The position along one axis of an operand.
#[derive(Clone, PartialEq, Debug)]
pub enum Index {
    Affine(Affine),
    /// An integer computed from data (a gather), or from index variables by
    /// division or remainder.
    Data(Box<Scalar>),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Unary {
    Neg,
    /// Logical, on bool.
    Not,
    Exp,
    Log,
    Sqrt,
    /// `1 / sqrt(x)`, exact (no estimate).
    Rsqrt,
    Tanh,
    Sin,
    Cos,
    Erf,
    Abs,
    Floor,
    Ceil,
    /// To the nearest, ties to even.
    Round,
    /// -1, 0 or 1; NaN stays NaN.
    Sign,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    /// True division on floats.
    Div,
    /// Division rounding towards minus infinity, on integers.
    FloorDiv,
    /// `a - b * floor(a / b)`, on integers.
    Rem,
    Pow,
    /// NaN if either is NaN.
    Max,
    /// NaN if either is NaN.
    Min,
    /// Of bools.
    And,
    Or,
    /// Of the bits of integers.
    BitAnd,
    BitOr,
    BitXor,
    /// Zeros move in; by less than 0 or as many bits as there are, 0.
    ShiftLeft,
    /// Zeros move in from above, whatever the sign; like [`Binary::ShiftLeft`].
    ShiftRight,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// A scalar expression over index variables and elements of operands.
///
/// Both sides of an operation have one element type; only [`Scalar::Cast`]
/// changes it. [`Scalar::Select`], `And` and `Or` evaluate lazily: a branch that
/// is not taken reads nothing, so its reads need not be in bounds.
#[derive(Clone, PartialEq, Debug)]
pub enum Scalar {
    /// The element of an operand (by its place in the node's operand list), one
    /// index an axis.
    Read {
        operand: u32,
        at: Vec<Index>,
    },
    /// The reduced value, or the value before: only in [`crate::Reduction::finish`].
    Acc,
    Float {
        elem: Elem,
        value: f64,
    },
    Int {
        elem: Elem,
        value: i64,
    },
    Bool(bool),
    /// The value of an affine expression in index variables and dims.
    Index {
        elem: Elem,
        value: Affine,
    },
    Unary(Unary, Box<Scalar>),
    Binary(Binary, Box<Scalar>, Box<Scalar>),
    Compare(Compare, Box<Scalar>, Box<Scalar>),
    Select {
        condition: Box<Scalar>,
        then: Box<Scalar>,
        otherwise: Box<Scalar>,
    },
    /// Float to int truncates towards zero and saturates (NaN gives 0); int to
    /// float rounds to nearest even; anything to bool is `!= 0`.
    Cast {
        to: Elem,
        value: Box<Scalar>,
    },
}

impl Affine {
    pub fn constant(offset: impl Into<Dim>) -> Affine {
        Affine { terms: Vec::new(), offset: offset.into() }
    }

    pub fn var(var: Var) -> Affine {
        Affine { terms: vec![(var, Dim::constant(1))], offset: Dim::constant(0) }
    }

    /// The variable, if this is nothing but one.
    pub fn as_var(&self) -> Option<Var> {
        match self.terms.as_slice() {
            [(var, one)] if *one == Dim::constant(1) && self.offset == Dim::constant(0) => {
                Some(*var)
            }
            _ => None,
        }
    }

    /// The dim, if no variable occurs.
    pub fn as_dim(&self) -> Option<&Dim> {
        self.terms.is_empty().then_some(&self.offset)
    }

    /// The factor of a variable; 0 if it does not occur.
    pub fn coefficient(&self, var: Var) -> Dim {
        self.terms.iter().find(|(it, _)| *it == var).map_or(Dim::constant(0), |(_, c)| c.clone())
    }

    pub fn plus(&self, other: &Affine) -> Affine {
        let mut sum = Affine { terms: self.terms.clone(), offset: &self.offset + &other.offset };
        for (var, coefficient) in &other.terms {
            match sum.terms.binary_search_by_key(var, |(it, _)| *it) {
                Ok(at) => sum.terms[at].1 = &sum.terms[at].1 + coefficient,
                Err(at) => sum.terms.insert(at, (*var, coefficient.clone())),
            }
        }
        sum.terms.retain(|(_, coefficient)| *coefficient != Dim::constant(0));
        sum
    }

    pub fn times(&self, factor: &Dim) -> Affine {
        let mut terms: Vec<_> =
            self.terms.iter().map(|(var, coefficient)| (*var, coefficient * factor)).collect();
        terms.retain(|(_, coefficient)| *coefficient != Dim::constant(0));
        Affine { terms, offset: &self.offset * factor }
    }

    /// Puts an affine expression in place of each variable, and a dim in place of
    /// each run-time variable that `dims` knows.
    pub fn substitute(
        &self,
        vars: &dyn Fn(Var) -> Affine,
        dims: &dyn Fn(nnc_base::Name) -> Option<Dim>,
    ) -> Affine {
        let start = Affine::constant(self.offset.substitute(dims));
        self.terms.iter().fold(start, |sum, (var, coefficient)| {
            sum.plus(&vars(*var).times(&coefficient.substitute(dims)))
        })
    }
}

impl From<Affine> for Index {
    fn from(affine: Affine) -> Index {
        Index::Affine(affine)
    }
}

impl Index {
    pub fn var(var: Var) -> Index {
        Index::Affine(Affine::var(var))
    }

    pub fn as_affine(&self) -> Option<&Affine> {
        match self {
            Index::Affine(affine) => Some(affine),
            Index::Data(_) => None,
        }
    }
}

impl Scalar {
    pub fn float(value: f64) -> Scalar {
        Scalar::Float { elem: Elem::F32, value }
    }

    pub fn int(value: i64) -> Scalar {
        Scalar::Int { elem: Elem::I32, value }
    }

    pub fn read(operand: u32, at: Vec<Index>) -> Scalar {
        Scalar::Read { operand, at }
    }

    pub fn unary(op: Unary, value: Scalar) -> Scalar {
        Scalar::Unary(op, Box::new(value))
    }

    pub fn binary(op: Binary, left: Scalar, right: Scalar) -> Scalar {
        Scalar::Binary(op, Box::new(left), Box::new(right))
    }

    pub fn compare(op: Compare, left: Scalar, right: Scalar) -> Scalar {
        Scalar::Compare(op, Box::new(left), Box::new(right))
    }

    pub fn select(condition: Scalar, then: Scalar, otherwise: Scalar) -> Scalar {
        Scalar::Select {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        }
    }

    pub fn cast(to: Elem, value: Scalar) -> Scalar {
        Scalar::Cast { to, value: Box::new(value) }
    }

    /// The direct sub-expressions, those inside data-dependent indices included.
    pub fn children(&self) -> Vec<&Scalar> {
        match self {
            Scalar::Read { at, .. } => at
                .iter()
                .filter_map(|index| match index {
                    Index::Affine(_) => None,
                    Index::Data(scalar) => Some(&**scalar),
                })
                .collect(),
            Scalar::Acc
            | Scalar::Float { .. }
            | Scalar::Int { .. }
            | Scalar::Bool(_)
            | Scalar::Index { .. } => Vec::new(),
            Scalar::Unary(_, value) | Scalar::Cast { value, .. } => vec![value],
            Scalar::Binary(_, left, right) | Scalar::Compare(_, left, right) => vec![left, right],
            Scalar::Select { condition, then, otherwise } => vec![condition, then, otherwise],
        }
    }

    /// Calls `visit` on this expression and all below it, outermost first.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Scalar)) {
        visit(self);
        for child in self.children() {
            child.visit(visit);
        }
    }

    /// Rebuilds the expression with each direct sub-expression replaced.
    pub fn map_children(&self, map: &mut dyn FnMut(&Scalar) -> Scalar) -> Scalar {
        match self {
            Scalar::Read { operand, at } => Scalar::Read {
                operand: *operand,
                at: at
                    .iter()
                    .map(|index| match index {
                        Index::Affine(affine) => Index::Affine(affine.clone()),
                        Index::Data(scalar) => Index::Data(Box::new(map(scalar))),
                    })
                    .collect(),
            },
            Scalar::Acc
            | Scalar::Float { .. }
            | Scalar::Int { .. }
            | Scalar::Bool(_)
            | Scalar::Index { .. } => self.clone(),
            Scalar::Unary(op, value) => Scalar::unary(*op, map(value)),
            Scalar::Cast { to, value } => Scalar::cast(*to, map(value)),
            Scalar::Binary(op, left, right) => Scalar::binary(*op, map(left), map(right)),
            Scalar::Compare(op, left, right) => Scalar::compare(*op, map(left), map(right)),
            Scalar::Select { condition, then, otherwise } => {
                Scalar::select(map(condition), map(then), map(otherwise))
            }
        }
    }
}
