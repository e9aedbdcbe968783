//! Facts, answers and witnesses as data, and how messages write them.

use std::collections::BTreeSet;
use std::fmt;

use nnc_base::Name;

use crate::dim::Dim;
use crate::floor::Remainder;

/// Something said of sizes, displayed as a `where` clause writes it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Fact {
    Equal(Dim, Dim),
    /// The first is at least the second.
    AtLeast(Dim, Dim),
    Divides {
        divisor: Dim,
        of: Dim,
    },
}

/// What the facts say of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It holds wherever the facts do.
    Proven,
    /// It holds nowhere that the facts do.
    Refuted(Option<Witness>),
    /// Neither is known.
    Unproven {
        /// Sizes that satisfy the facts and for which it does not hold.
        witness: Option<Witness>,
        /// What would prove it if it were known.
        guard: Option<Fact>,
    },
}

/// Sizes, and the two values that should have gone together.
///
/// For a question of divisibility they are the dividend and the divisor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    pub assignment: Vec<(Name, i64)>,
    pub left: i64,
    pub right: i64,
}

impl Answer {
    pub fn is_proven(&self) -> bool {
        matches!(self, Answer::Proven)
    }
}

impl Fact {
    /// The same fact in the form that says most: `D % N == 0` is a divisibility, and so is
    /// `k % 2 == 1`, of `k - 1`.
    pub(crate) fn canonical(self) -> Fact {
        let Fact::Equal(left, right) = &self else { return self };
        match (left - right).as_remainder().or_else(|| (right - left).as_remainder()) {
            Some(Remainder { dividend, divisor, remainder }) => {
                Fact::Divides { divisor, of: dividend - remainder }
            }
            None => self,
        }
    }

    /// Whether it holds where `env` gives the variables, if it has a value there.
    pub fn holds(&self, env: &dyn Fn(Name) -> Option<i64>) -> Option<bool> {
        Some(match self {
            Fact::Equal(left, right) => left.eval(env)? == right.eval(env)?,
            Fact::AtLeast(left, right) => left.eval(env)? >= right.eval(env)?,
            Fact::Divides { divisor, of } => {
                let (divisor, of) = (divisor.eval(env)?, of.eval(env)?);
                if divisor <= 0 {
                    return None;
                }
                of % divisor == 0
            }
        })
    }

    pub fn vars(&self) -> BTreeSet<Name> {
        let (left, right) = self.sides();
        &left.vars() | &right.vars()
    }

    /// What stands left and right of the comparison or the `%`.
    pub(crate) fn sides(&self) -> (&Dim, &Dim) {
        match self {
            Fact::Equal(left, right) | Fact::AtLeast(left, right) => (left, right),
            Fact::Divides { divisor, of } => (of, divisor),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Equal(left, right) => write!(f, "{left} == {right}"),
            Fact::AtLeast(left, right) => write!(f, "{left} >= {right}"),
            Fact::Divides { divisor, of } => {
                write!(f, "{} % {} == 0", of.operand(), divisor.operand())
            }
        }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.assignment.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name} = {value}")?;
        }
        match self.assignment.len() {
            0 => write!(f, "the values are {} and {}", self.left, self.right),
            1 => write!(f, " gives {} and {}", self.left, self.right),
            _ => write!(f, " give {} and {}", self.left, self.right),
        }
    }
}
