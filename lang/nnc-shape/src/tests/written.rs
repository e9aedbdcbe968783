//! Expressions as they are written, which are evaluated without the normal form, and random ones.

use std::sync::LazyLock;

use nnc_base::Name;

use crate::{Dim, Fact, Facts};

/// An expression as written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    Number(i64),
    Var(usize),
    Binary(Operator, Box<Written>, Box<Written>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operator {
    Add,
    Sub,
    Mul,
    Floor,
    Rem,
    Min,
    Max,
    /// Has a value where nothing is left over, and a size where the facts say so.
    Exact,
}

pub(super) const OPERATORS: [Operator; 7] = [
    Operator::Add,
    Operator::Sub,
    Operator::Mul,
    Operator::Floor,
    Operator::Rem,
    Operator::Min,
    Operator::Max,
];
pub(super) const NAMES: [&str; 4] = ["a", "b", "c", "d"];

pub(super) fn names() -> [Name; 4] {
    static INTERNED: LazyLock<[Name; 4]> = LazyLock::new(|| NAMES.map(Name::new));
    *INTERNED
}

impl Written {
    pub(super) fn binary(operator: Operator, left: Written, right: Written) -> Written {
        Written::Binary(operator, Box::new(left), Box::new(right))
    }

    /// Whether something in it is divided by a variable.
    pub(super) fn divides_by(&self, index: usize) -> bool {
        let Written::Binary(operator, left, right) = self else { return false };
        let divides = matches!(operator, Operator::Floor | Operator::Rem | Operator::Exact);
        divides && right.mentions(index) || left.divides_by(index) || right.divides_by(index)
    }

    pub(super) fn mentions(&self, index: usize) -> bool {
        match self {
            Written::Number(_) => false,
            Written::Var(var) => *var == index,
            Written::Binary(_, left, right) => left.mentions(index) || right.mentions(index),
        }
    }

    /// The normal form; quotients are floors.
    pub(super) fn dim(&self) -> Dim {
        self.dim_by(&|left, right| Some(left.floor_div(right))).unwrap()
    }

    /// The normal form where the facts prove all quotients to be exact.
    pub(super) fn dim_under(&self, facts: &Facts) -> Option<Dim> {
        self.dim_by(&|left, right| facts.exact_div(left, right).ok())
    }

    fn dim_by(&self, divide: &dyn Fn(&Dim, &Dim) -> Option<Dim>) -> Option<Dim> {
        Some(match self {
            Written::Number(value) => Dim::constant(*value),
            Written::Var(index) => Dim::var(names()[*index]),
            Written::Binary(operator, left, right) => {
                let (left, right) = (left.dim_by(divide)?, right.dim_by(divide)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Sub => left - right,
                    Operator::Mul => left * right,
                    Operator::Floor => left.floor_div(&right),
                    Operator::Rem => left.rem(&right),
                    Operator::Min => left.min(right),
                    Operator::Max => left.max(right),
                    Operator::Exact => divide(&left, &right)?,
                }
            }
        })
    }

    pub(super) fn value(&self, values: &[i64; 4]) -> Option<i64> {
        Some(match self {
            Written::Number(value) => *value,
            Written::Var(index) => values[*index],
            Written::Binary(operator, left, right) => {
                let (left, right) = (left.value(values)?, right.value(values)?);
                match operator {
                    Operator::Add => left.checked_add(right)?,
                    Operator::Sub => left.checked_sub(right)?,
                    Operator::Mul => left.checked_mul(right)?,
                    Operator::Floor if right > 0 => left.div_euclid(right),
                    Operator::Rem if right > 0 => left.rem_euclid(right),
                    Operator::Exact if right > 0 && left % right == 0 => left / right,
                    Operator::Floor | Operator::Rem | Operator::Exact => return None,
                    Operator::Min => left.min(right),
                    Operator::Max => left.max(right),
                }
            }
        })
    }
}

/// A source of numbers that gives the same ones in every run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % end
    }

    pub(super) fn written(&mut self, depth: usize) -> Written {
        if depth == 0 || self.below(5) == 0 {
            return match self.below(5) {
                0 | 1 => Written::Number(self.below(9) as i64 - 2),
                2 if self.below(4) == 0 => Written::Number(1 << self.below(63)),
                _ => Written::Var(self.below(NAMES.len())),
            };
        }
        let operator = OPERATORS[self.below(OPERATORS.len())];
        let left = self.written(depth - 1);
        let right = self.written(depth - 1);
        Written::binary(operator, left, right)
    }

    /// An expression like those that programs have.
    pub(super) fn size(&mut self) -> Written {
        let var = |random: &mut Random| Box::new(Written::Var(random.below(NAMES.len())));
        let number = |random: &mut Random| Box::new(Written::Number(random.below(6) as i64 + 1));
        let leaf = |random: &mut Random| {
            if random.below(3) == 0 { number(random) } else { var(random) }
        };
        let inner = Written::Binary(OPERATORS[self.below(3)], leaf(self), leaf(self));
        let inner = if self.below(2) == 0 { inner } else { *leaf(self) };
        let outer = OPERATORS[self.below(OPERATORS.len())];
        let outer = Written::Binary(outer, Box::new(inner), leaf(self));
        match self.below(3) {
            0 => *leaf(self),
            1 => outer,
            _ => Written::Binary(OPERATORS[self.below(3)], Box::new(outer), leaf(self)),
        }
    }

    pub(super) fn fact(&mut self) -> Fact {
        let (left, right) = (self.size().dim(), self.size().dim());
        match self.below(5) {
            0 => Fact::Equal(left, right),
            1 | 2 => Fact::AtLeast(left, right),
            _ => {
                let divisor = match self.below(3) {
                    0 => Dim::var(names()[self.below(NAMES.len())]),
                    _ => Dim::constant(self.below(6) as i64 + 1),
                };
                let of = if self.below(2) == 0 {
                    Dim::var(names()[self.below(NAMES.len())])
                } else {
                    left
                };
                Fact::Divides { divisor, of }
            }
        }
    }

    pub(super) fn values(&mut self, end: usize) -> [i64; 4] {
        [(); 4].map(|()| self.below(end) as i64 + 1)
    }
}

pub(super) fn env(values: &[i64; 4]) -> impl Fn(Name) -> Option<i64> {
    let (names, values) = (names(), *values);
    move |name| names.iter().position(|it| *it == name).map(|index| values[index])
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Written::Number(value) => write!(f, "{value}"),
            Written::Var(index) => f.write_str(NAMES[*index]),
            Written::Binary(Operator::Min, left, right) => write!(f, "min({left}, {right})"),
            Written::Binary(Operator::Max, left, right) => write!(f, "max({left}, {right})"),
            Written::Binary(operator, left, right) => {
                let sign = match operator {
                    Operator::Add => "+",
                    Operator::Sub => "-",
                    Operator::Mul => "*",
                    Operator::Floor => "//",
                    Operator::Rem => "%",
                    Operator::Exact => "/",
                    Operator::Min | Operator::Max => unreachable!("calls"),
                };
                write!(f, "({left} {sign} {right})")
            }
        }
    }
}
