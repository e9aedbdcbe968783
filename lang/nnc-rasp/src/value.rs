//! The values of a sequence: whole numbers, floats, truth values and texts, with the
//! arithmetic of the language.
//!
//! The language was defined by a program in Python, and inherits its arithmetic: a truth
//! value counts as 0 or 1, `/` gives a float, `%` has the sign of its right side, and `+`
//! joins texts. Whole numbers have 64 bits here, and leaving them is an error.

use crate::ast::{BinaryOp, Compare, UnaryOp};
use crate::errors::{self, Fault};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// One value of a sequence.
///
/// Equality is of representation: `1`, `1.0` and `True` differ. [`Atom::equals`] is the
/// language's own `==`.
#[derive(Clone, Debug)]
pub enum Atom {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(Rc<str>),
}

/// The type of a sequence's values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AtomType {
    Text,
    Bool,
    Int,
    Float,
}

impl AtomType {
    pub fn as_str(self) -> &'static str {
        match self {
            AtomType::Text => "string",
            AtomType::Bool => "bool",
            AtomType::Int => "int",
            AtomType::Float => "float",
        }
    }

    /// The one type of some values: numbers of several types count as floats, truth values
    /// among whole numbers as whole numbers. Texts do not mix.
    pub fn of(values: &[Atom]) -> Option<AtomType> {
        let all = |is: fn(&Atom) -> bool| values.iter().all(is);
        if all(|it| matches!(it, Atom::Text(_))) {
            Some(AtomType::Text)
        } else if all(|it| matches!(it, Atom::Bool(_))) {
            Some(AtomType::Bool)
        } else if all(|it| matches!(it, Atom::Bool(_) | Atom::Int(_))) {
            Some(AtomType::Int)
        } else if all(|it| !matches!(it, Atom::Text(_))) {
            Some(AtomType::Float)
        } else {
            None
        }
    }
}

impl PartialEq for Atom {
    fn eq(&self, other: &Atom) -> bool {
        match (self, other) {
            (Atom::Int(a), Atom::Int(b)) => a == b,
            (Atom::Float(a), Atom::Float(b)) => a.to_bits() == b.to_bits(),
            (Atom::Bool(a), Atom::Bool(b)) => a == b,
            (Atom::Text(a), Atom::Text(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Atom {}

impl Hash for Atom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Atom::Int(it) => it.hash(state),
            Atom::Float(it) => it.to_bits().hash(state),
            Atom::Bool(it) => it.hash(state),
            Atom::Text(it) => it.hash(state),
        }
    }
}

/// A number as arithmetic sees it.
#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    fn float(self) -> f64 {
        match self {
            Number::Int(it) => it as f64,
            Number::Float(it) => it,
        }
    }
}

impl Atom {
    pub fn text(text: &str) -> Atom {
        Atom::Text(Rc::from(text))
    }

    pub fn ty(&self) -> AtomType {
        match self {
            Atom::Int(_) => AtomType::Int,
            Atom::Float(_) => AtomType::Float,
            Atom::Bool(_) => AtomType::Bool,
            Atom::Text(_) => AtomType::Text,
        }
    }

    fn number(&self) -> Option<Number> {
        match self {
            Atom::Int(it) => Some(Number::Int(*it)),
            Atom::Bool(it) => Some(Number::Int(i64::from(*it))),
            Atom::Float(it) => Some(Number::Float(*it)),
            Atom::Text(_) => None,
        }
    }

    /// As a float, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        self.number().map(Number::float)
    }

    /// As a position: a whole number or a truth value.
    pub fn as_int(&self) -> Option<i64> {
        match self.number()? {
            Number::Int(it) => Some(it),
            Number::Float(_) => None,
        }
    }

    /// Whether a condition holds that is this value: it does unless it is 0 or empty.
    pub fn is_true(&self) -> bool {
        match self {
            Atom::Int(it) => *it != 0,
            Atom::Float(it) => *it != 0.0,
            Atom::Bool(it) => *it,
            Atom::Text(it) => !it.is_empty(),
        }
    }

    /// The language's `==`: numbers by value, and a text equals no number.
    pub fn equals(&self, other: &Atom) -> bool {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => order(a, b) == Some(Ordering::Equal),
            (None, None) => self == other,
            _ => false,
        }
    }

    pub(crate) fn compare(&self, compare: Compare, other: &Atom) -> Result<bool, Fault> {
        let order = match (compare, self, other) {
            (Compare::Equal, ..) => return Ok(self.equals(other)),
            (Compare::NotEqual, ..) => return Ok(!self.equals(other)),
            // By Unicode's numbers of the letters, which is the order of UTF-8's bytes.
            (_, Atom::Text(a), Atom::Text(b)) => Some(a.cmp(b)),
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => order(a, b),
                _ => return Err(errors::no_operation(compare.as_str(), self, other)),
            },
        };
        Ok(holds(compare, order))
    }

    pub(crate) fn unary(&self, op: UnaryOp) -> Result<Atom, Fault> {
        Ok(match (op, self.number()) {
            (UnaryOp::Not, _) => Atom::Bool(!self.is_true()),
            (UnaryOp::Indicator, _) => Atom::Int(i64::from(self.is_true())),
            (UnaryOp::Plus, Some(Number::Int(it))) => Atom::Int(it),
            (UnaryOp::Plus | UnaryOp::Minus | UnaryOp::Round, None) => {
                return Err(errors::no_unary(op, self));
            }
            (UnaryOp::Plus, Some(Number::Float(it))) => Atom::Float(it),
            (UnaryOp::Minus, Some(Number::Int(it))) => {
                Atom::Int(it.checked_neg().ok_or_else(|| errors::overflow(op.as_str()))?)
            }
            (UnaryOp::Minus, Some(Number::Float(it))) => Atom::Float(-it),
            (UnaryOp::Round, Some(Number::Int(it))) => Atom::Int(it),
            (UnaryOp::Round, Some(Number::Float(it))) => {
                let rounded = it.round_ties_even();
                // 2^63, which is the first float that is too large.
                if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded) {
                    return Err(errors::unroundable(it));
                }
                Atom::Int(rounded as i64)
            }
        })
    }

    /// `and` and `or` give a truth value, as they do between sequences.
    pub(crate) fn binary(&self, op: BinaryOp, other: &Atom) -> Result<Atom, Fault> {
        match op {
            BinaryOp::Compare(compare) => return self.compare(compare, other).map(Atom::Bool),
            BinaryOp::And => return Ok(Atom::Bool(self.is_true() && other.is_true())),
            BinaryOp::Or => return Ok(Atom::Bool(self.is_true() || other.is_true())),
            _ => {}
        }
        match (op, self, other) {
            (BinaryOp::Plus, Atom::Text(a), Atom::Text(b)) => {
                return Ok(Atom::Text(Rc::from(format!("{a}{b}"))));
            }
            (BinaryOp::Times, Atom::Text(text), times)
            | (BinaryOp::Times, times, Atom::Text(text)) => {
                let times = times.as_int().ok_or_else(|| errors::no_operation("*", self, other))?;
                return repeat(text, times);
            }
            _ => {}
        }
        let (Some(a), Some(b)) = (self.number(), other.number()) else {
            return Err(errors::no_operation(op.as_str(), self, other));
        };
        arithmetic(op, a, b)
    }
}

/// How long a text may become by `*`.
const LONGEST_TEXT: usize = 1 << 20;

fn repeat(text: &Rc<str>, times: i64) -> Result<Atom, Fault> {
    let times = usize::try_from(times).unwrap_or(0);
    match text.len().checked_mul(times) {
        Some(length) if length <= LONGEST_TEXT => Ok(Atom::Text(Rc::from(text.repeat(times)))),
        _ => Err(errors::overflow("*")),
    }
}

fn arithmetic(op: BinaryOp, a: Number, b: Number) -> Result<Atom, Fault> {
    let overflow = || errors::overflow(op.as_str());
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let result = match op {
            BinaryOp::Plus => a.checked_add(b),
            BinaryOp::Minus => a.checked_sub(b),
            BinaryOp::Times => a.checked_mul(b),
            BinaryOp::Modulo if b == 0 => return Err(errors::division_by_zero("%")),
            BinaryOp::Modulo => Some(if b == -1 { 0 } else { (a % b + b) % b }),
            BinaryOp::Power if b >= 0 => match a {
                0 | 1 => Some(if b == 0 { 1 } else { a }),
                -1 => Some(if b % 2 == 0 { 1 } else { -1 }),
                _ => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            },
            _ => return float_arithmetic(op, a as f64, b as f64),
        };
        return result.map(Atom::Int).ok_or_else(overflow);
    }
    float_arithmetic(op, a.float(), b.float())
}

fn float_arithmetic(op: BinaryOp, a: f64, b: f64) -> Result<Atom, Fault> {
    let value = match op {
        BinaryOp::Plus => a + b,
        BinaryOp::Minus => a - b,
        BinaryOp::Times => a * b,
        BinaryOp::Divide | BinaryOp::Modulo if b == 0.0 => {
            return Err(errors::division_by_zero(op.as_str()));
        }
        BinaryOp::Divide => a / b,
        BinaryOp::Modulo => {
            let rest = a % b;
            // The sign is the divisor's.
            if rest == 0.0 {
                0.0f64.copysign(b)
            } else if (rest < 0.0) == (b < 0.0) {
                rest
            } else {
                rest + b
            }
        }
        BinaryOp::Power if a == 0.0 && b < 0.0 => return Err(errors::division_by_zero("^")),
        BinaryOp::Power if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 => {
            return Err(errors::complex_power(a, b));
        }
        BinaryOp::Power => {
            let value = a.powf(b);
            if value.is_infinite() && a.is_finite() && b.is_finite() {
                return Err(errors::overflow("^"));
            }
            value
        }
        BinaryOp::Compare(_) | BinaryOp::And | BinaryOp::Or => {
            return Err(errors::no_operation(op.as_str(), &Atom::Float(a), &Atom::Float(b)));
        }
    };
    Ok(Atom::Float(value))
}

/// The order of two numbers by their exact values; none if one is not a number.
fn order(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        (Number::Int(a), Number::Float(b)) => int_with_float(a, b),
        (Number::Float(a), Number::Int(b)) => int_with_float(b, a).map(Ordering::reverse),
    }
}

fn int_with_float(a: i64, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    // Out of the range of 64 bits, the sign decides.
    if b >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if b < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    Some(a.cmp(&(whole as i64)).then_with(|| 0.0f64.total_cmp(&(b - whole + 0.0))))
}

fn holds(compare: Compare, order: Option<Ordering>) -> bool {
    match compare {
        Compare::Equal => order == Some(Ordering::Equal),
        Compare::NotEqual => order != Some(Ordering::Equal),
        Compare::Less => order == Some(Ordering::Less),
        Compare::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Compare::Greater => order == Some(Ordering::Greater),
        Compare::GreaterEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// As a program writes it, texts in quotes.
impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Int(it) => write!(f, "{it}"),
            Atom::Float(it) => f.write_str(&float_text(*it)),
            Atom::Bool(true) => f.write_str("True"),
            Atom::Bool(false) => f.write_str("False"),
            Atom::Text(it) => write!(f, "\"{it}\""),
        }
    }
}

/// The shortest digits that give the float again, with a point or an exponent.
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let exponent = format!("{value:e}");
    let (digits, power) = exponent.split_once('e').unwrap_or((&exponent, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    if (-4..16).contains(&power) || value == 0.0 {
        let text = format!("{value}");
        if text.contains('.') { text } else { text + ".0" }
    } else {
        let sign = if power < 0 { '-' } else { '+' };
        format!("{digits}e{sign}{:02}", power.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(left: Atom, op: BinaryOp, right: Atom) -> String {
        left.binary(op, &right).map_or_else(|fault| fault.message, |it| it.to_string())
    }

    #[test]
    fn arithmetic_is_that_of_the_language() {
        let (int, float) = (Atom::Int, Atom::Float);
        assert_eq!(op(int(-7), BinaryOp::Modulo, int(3)), "2");
        assert_eq!(op(int(7), BinaryOp::Modulo, int(-3)), "-2");
        assert_eq!(op(float(-7.5), BinaryOp::Modulo, int(2)), "0.5");
        assert_eq!(op(int(1), BinaryOp::Divide, int(4)), "0.25");
        assert_eq!(op(int(4), BinaryOp::Divide, int(2)), "2.0");
        assert_eq!(op(int(2), BinaryOp::Power, int(-1)), "0.5");
        assert_eq!(op(Atom::Bool(true), BinaryOp::Plus, Atom::Bool(true)), "2");
        assert_eq!(op(Atom::text("ab"), BinaryOp::Times, int(2)), "\"abab\"");
        assert_eq!(op(int(i64::MAX), BinaryOp::Compare(Compare::Less), float(9.3e18)), "True");
        assert_eq!(op(int(3), BinaryOp::Compare(Compare::Less), float(3.25)), "True");
        assert_eq!(op(int(-3), BinaryOp::Compare(Compare::Less), float(-3.25)), "False");
        assert!(Atom::Int(1).equals(&Atom::Bool(true)) && Atom::Int(1) != Atom::Bool(true));
    }

    #[test]
    fn halves_are_rounded_to_the_even_number() {
        let round = |value: f64| Atom::Float(value).unary(UnaryOp::Round).map_err(|it| it.message);
        assert_eq!(round(0.5), Ok(Atom::Int(0)));
        assert_eq!(round(1.5), Ok(Atom::Int(2)));
        assert_eq!(round(-2.5), Ok(Atom::Int(-2)));
        assert!(round(f64::INFINITY).is_err() && round(1e300).is_err());
    }

    #[test]
    fn floats_are_written_in_their_shortest_form() {
        let written: Vec<String> =
            [0.1, 1.0, 1e16, 1.5e-5, 123456789012345.0, -0.0, 1e22].map(float_text).to_vec();
        assert_eq!(
            written,
            ["0.1", "1.0", "1e+16", "1.5e-05", "123456789012345.0", "-0.0", "1e+22"]
        );
    }
}
