//! Facts as they are written, all small sizes that satisfy them, and statements about those.

use std::fmt;

use super::written::{NAMES, Operator, Random, Written};
use crate::{Dim, Fact, Facts};

/// Something said of sizes, as it is written.
#[derive(Clone, Debug)]
pub(super) enum Claim {
    AtLeast(Written, Written),
    Equal(Written, Written),
    Divides { divisor: Written, of: Written },
    Not(Box<Claim>),
    Either(Box<Claim>, Box<Claim>),
}

impl Claim {
    /// Whether it holds, if all that stands in it has a value.
    pub(super) fn holds(&self, values: &[i64; 4]) -> Option<bool> {
        Some(match self {
            Claim::AtLeast(left, right) => left.value(values)? >= right.value(values)?,
            Claim::Equal(left, right) => left.value(values)? == right.value(values)?,
            Claim::Divides { divisor, of } => {
                let divisor = divisor.value(values).filter(|it| *it > 0)?;
                of.value(values)? % divisor == 0
            }
            Claim::Not(inner) => !inner.holds(values)?,
            Claim::Either(left, right) => left.holds(values)? || right.holds(values)?,
        })
    }

    /// The question whether it holds, if its quotients are known to be exact.
    pub(super) fn fact(&self, facts: &Facts) -> Option<Fact> {
        Some(match self {
            Claim::AtLeast(left, right) => {
                Fact::AtLeast(left.dim_under(facts)?, right.dim_under(facts)?)
            }
            Claim::Equal(left, right) => {
                Fact::Equal(left.dim_under(facts)?, right.dim_under(facts)?)
            }
            Claim::Divides { divisor, of } => {
                Fact::Divides { divisor: divisor.dim_under(facts)?, of: of.dim_under(facts)? }
            }
            Claim::Not(_) | Claim::Either(..) => return None,
        })
    }

    /// Whether something in it is divided by a variable, which has to be at least 1 then.
    fn divides_by(&self, index: usize) -> bool {
        match self {
            Claim::AtLeast(left, right) | Claim::Equal(left, right) => {
                left.divides_by(index) || right.divides_by(index)
            }
            Claim::Divides { divisor, of } => divisor.mentions(index) || of.divides_by(index),
            Claim::Not(inner) => inner.divides_by(index),
            Claim::Either(left, right) => left.divides_by(index) || right.divides_by(index),
        }
    }

    fn assume(&self, facts: &mut Facts) {
        match self {
            Claim::Not(inner) => {
                let Some(fact) = inner.fact(facts) else { return };
                let one = Dim::constant(1);
                match fact {
                    Fact::AtLeast(left, right) => facts.assume_at_least(&right, &(left + one)),
                    Fact::Divides { divisor, of } => facts.assume_at_least(&of.rem(&divisor), &one),
                    Fact::Equal(left, right) => {
                        let cases = [(&left, &right), (&right, &left)].map(|(more, less)| {
                            let mut case = facts.clone();
                            case.assume_at_least(more, &(less + &one));
                            case
                        });
                        facts.assume_either(&cases);
                    }
                }
            }
            Claim::Either(left, right) => {
                let cases = [left, right].map(|claim| {
                    let mut case = facts.clone();
                    claim.assume(&mut case);
                    case
                });
                facts.assume_either(&cases);
            }
            simple => {
                if let Some(fact) = simple.fact(facts) {
                    facts.assume(fact);
                }
            }
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claim::AtLeast(left, right) => write!(f, "{left} >= {right}"),
            Claim::Equal(left, right) => write!(f, "{left} == {right}"),
            Claim::Divides { divisor, of } => write!(f, "{of} % {divisor} == 0"),
            Claim::Not(inner) => write!(f, "!({inner})"),
            Claim::Either(left, right) => write!(f, "({left} || {right})"),
        }
    }
}

/// What an expression is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Sums,
    Products,
    Floors,
    NestedFloors,
    FloorsBySizes,
    Remainders,
    Extrema,
    Quotients,
    Mixed,
}

pub(super) const KINDS: [Kind; 9] = [
    Kind::Sums,
    Kind::Products,
    Kind::Floors,
    Kind::NestedFloors,
    Kind::FloorsBySizes,
    Kind::Remainders,
    Kind::Extrema,
    Kind::Quotients,
    Kind::Mixed,
];

impl Random {
    fn var(&mut self) -> Written {
        // The last is rare, so that the others meet more often.
        let among = if self.below(8) == 0 { NAMES.len() } else { NAMES.len() - 1 };
        Written::Var(self.below(among))
    }

    fn number(&mut self, low: i64, high: i64) -> Written {
        Written::Number(low + self.below((high - low + 1) as usize) as i64)
    }

    fn sum(&mut self) -> Written {
        let mut sum = self.var();
        if self.below(4) == 0 {
            sum = Written::binary(Operator::Mul, self.number(2, 4), sum);
        }
        for _ in 0..self.below(3) {
            let operator = [Operator::Add, Operator::Sub][self.below(2)];
            let term = if self.below(2) == 0 { self.var() } else { self.number(1, 6) };
            sum = Written::binary(operator, sum, term);
        }
        sum
    }

    fn floor(&mut self) -> Written {
        Written::binary(Operator::Floor, self.sum(), self.number(2, 5))
    }

    /// An expression of a kind.
    pub(super) fn expression(&mut self, kind: Kind) -> Written {
        let core = match kind {
            Kind::Sums => return self.sum(),
            Kind::Products => {
                let right = if self.below(2) == 0 { self.var() } else { self.sum() };
                Written::binary(Operator::Mul, self.var(), right)
            }
            Kind::Floors => self.floor(),
            Kind::NestedFloors => {
                let inner = self.floor();
                let inner = if self.below(2) == 0 {
                    inner
                } else {
                    Written::binary(Operator::Add, inner, self.sum())
                };
                let divisor = if self.below(3) == 0 { self.var() } else { self.number(2, 4) };
                Written::binary(Operator::Floor, inner, divisor)
            }
            Kind::FloorsBySizes => {
                let above = match self.below(3) {
                    0 => Written::binary(Operator::Mul, self.var(), self.sum()),
                    _ => self.sum(),
                };
                Written::binary(Operator::Floor, above, self.var())
            }
            Kind::Remainders => {
                let divisor = if self.below(2) == 0 { self.var() } else { self.number(2, 5) };
                Written::binary(Operator::Rem, self.sum(), divisor)
            }
            Kind::Extrema => {
                let operator = [Operator::Min, Operator::Max][self.below(2)];
                let right = if self.below(3) == 0 { self.number(0, 6) } else { self.sum() };
                Written::binary(operator, self.sum(), right)
            }
            Kind::Quotients => {
                let above = match self.below(3) {
                    0 => Written::binary(Operator::Mul, self.var(), self.var()),
                    1 => self.sum(),
                    _ => self.var(),
                };
                let below = if self.below(2) == 0 { self.var() } else { self.number(2, 4) };
                Written::binary(Operator::Exact, above, below)
            }
            Kind::Mixed => {
                let mut kind = || KINDS[self.below(KINDS.len() - 1)];
                let (left, right) = (kind(), kind());
                let operators = [Operator::Add, Operator::Sub, Operator::Mul, Operator::Min];
                let operator = operators[self.below(operators.len())];
                Written::binary(operator, self.expression(left), self.expression(right))
            }
        };
        match self.below(4) {
            0 => {
                let operator = [Operator::Add, Operator::Sub][self.below(2)];
                Written::binary(operator, core, self.sum())
            }
            1 => Written::binary(Operator::Mul, self.var(), core),
            _ => core,
        }
    }

    fn simple_claim(&mut self) -> Claim {
        let var = self.var();
        match self.below(12) {
            0 => Claim::AtLeast(var, self.number(2, 5)),
            1 => Claim::AtLeast(self.number(3, 9), var),
            2 => Claim::AtLeast(var, self.var()),
            3 => Claim::AtLeast(self.sum(), self.sum()),
            4 | 5 => Claim::Divides { divisor: self.number(2, 6), of: var },
            6 | 7 => Claim::Divides { divisor: self.var(), of: var },
            8 => Claim::Divides { divisor: self.number(2, 4), of: self.sum() },
            9 => Claim::Equal(var, self.sum()),
            10 => {
                let kind = KINDS[self.below(KINDS.len() - 2)];
                Claim::Equal(var, self.expression(kind))
            }
            _ => {
                let kind = KINDS[self.below(KINDS.len() - 2)];
                Claim::AtLeast(self.expression(kind), self.sum())
            }
        }
    }

    fn claim(&mut self) -> Claim {
        match self.below(8) {
            0 => Claim::Not(Box::new(self.simple_claim())),
            1 => Claim::Either(Box::new(self.simple_claim()), Box::new(self.simple_claim())),
            _ => self.simple_claim(),
        }
    }
}

/// Facts, and sizes that satisfy them.
pub(super) struct World {
    pub(super) given: Vec<Claim>,
    ranges: Vec<(usize, i64, Option<i64>)>,
    pub(super) facts: Facts,
    /// All small sizes that satisfy the facts.
    pub(super) small: Vec<[i64; 4]>,
}

impl World {
    /// A world with small sizes up to `end`.
    pub(super) fn random(random: &mut Random, end: i64) -> World {
        let given: Vec<Claim> = (0..random.below(4)).map(|_| random.claim()).collect();
        let mut facts = Facts::new();
        let mut ranges = Vec::new();
        for (index, name) in NAMES.into_iter().enumerate() {
            if random.below(6) == 0 {
                let least = i64::from(given.iter().any(|it| it.divides_by(index)));
                let low = least + random.below(4) as i64;
                let high = (random.below(2) == 0).then(|| low + random.below(6) as i64);
                ranges.push((index, low, high));
                facts.declare(name.into(), low, high);
            }
        }
        for claim in &given {
            claim.assume(&mut facts);
        }
        let mut world = World { given, ranges, facts, small: Vec::new() };
        let mut values = [0; 4];
        world.small = world.within(&mut values, 0, end);
        world
    }

    fn within(&self, values: &mut [i64; 4], index: usize, end: i64) -> Vec<[i64; 4]> {
        if index == values.len() {
            return if self.allows(values) { vec![*values] } else { Vec::new() };
        }
        let end = if index + 1 == values.len() { end / 2 } else { end };
        let mut found = Vec::new();
        for value in 0..=end {
            values[index] = value;
            found.extend(self.within(values, index + 1, end));
        }
        found
    }

    /// Whether sizes are in their ranges and satisfy the facts.
    pub(super) fn allows(&self, values: &[i64; 4]) -> bool {
        let in_range = |(index, value): (usize, &i64)| {
            let range = self.ranges.iter().find(|it| it.0 == index);
            let (low, high) = range.map_or((1, None), |it| (it.1, it.2));
            *value >= low && high.is_none_or(|high| *value <= high)
        };
        values.iter().enumerate().all(in_range)
            && self.given.iter().all(|claim| claim.holds(values) == Some(true))
    }

    /// Scattered sizes that satisfy the facts, of so many that are tried.
    pub(super) fn scattered(&self, random: &mut Random, tries: usize) -> Vec<[i64; 4]> {
        let mut found = Vec::new();
        for _ in 0..tries {
            let mut values = [0; 4];
            for (index, value) in values.iter_mut().enumerate() {
                let range = self.ranges.iter().find(|it| it.0 == index);
                let (low, high) = range.map_or((1, None), |it| (it.1, it.2));
                let end = [2, 6, 12, 30, 200][random.below(5)];
                let end = high.map_or(end, |high| end.min((high - low + 1) as usize));
                *value = low + random.below(end) as i64;
            }
            if self.allows(&values) {
                found.push(values);
            }
        }
        found
    }

    /// A statement that is likely to hold, or to miss by little.
    pub(super) fn statement(&self, random: &mut Random, kind: Kind) -> Claim {
        let left = random.expression(kind);
        let values: Vec<i64> = self.small.iter().filter_map(|it| left.value(it)).collect();
        let near = |random: &mut Random| random.below(3) as i64 - 1;
        let least = values.iter().min().copied().unwrap_or(0);
        let most = values.iter().max().copied().unwrap_or(0);
        match random.below(8) {
            0 | 1 => {
                let low = least + [0, 0, near(random)][random.below(3)];
                Claim::AtLeast(left, Written::Number(low))
            }
            2 => Claim::AtLeast(Written::Number(most + near(random).max(0)), left),
            3 => Claim::AtLeast(left, random.expression(Kind::Sums)),
            4 => Claim::AtLeast(left, random.expression(kind)),
            5 => Claim::Divides { divisor: random.number(2, 4), of: left },
            6 => Claim::Divides { divisor: random.var(), of: left },
            _ => {
                // The same in other words, more or less.
                let right = random.expression(kind);
                let number = random.number(0, 2);
                Claim::Equal(Written::binary(Operator::Add, left, number), right)
            }
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, low, high) in &self.ranges {
            write!(f, "{} in {low}..{high:?}; ", NAMES[*index])?;
        }
        let given: Vec<String> = self.given.iter().map(ToString::to_string).collect();
        f.write_str(&given.join("; "))
    }
}
