//! The parts of a transformer and the layer of each, before there are any weights.
//!
//! A [`Base`] has directions of its own in the residual stream: tokens, positions, what
//! heads bring, and functions of several bases, which are hidden units of an MLP. A
//! function of one base costs nothing: it is a [`View`], another reading of the same
//! directions. Each base stands in the earliest layer in which what it needs is there.

mod build;
mod units;

pub(crate) use build::build;

use crate::sums::Mean;
use crate::value::Value;
use nnc_base::Span;

/// The place of a base in [`Circuit::bases`].
pub(crate) type BaseId = usize;

#[derive(Clone, Debug)]
pub(crate) struct Circuit {
    pub bases: Vec<Base>,
    pub output: View,
    pub layers: usize,
}

/// An operation that is stored in the residual stream.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Base {
    pub make: Make,
    /// Its values; an index into them is what is encoded.
    pub values: Vec<Value>,
    pub code: Code,
    /// After how many half layers it is there: attention of layer `l` reads what is there
    /// at `2*l` and writes at `2*l + 1`, which the layer's MLP reads, to write at `2*l + 2`.
    pub ready: usize,
    pub span: Span,
}

/// How an index into a base's values is a vector of zeros and ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// A direction for each value but `default`, which is the zero vector.
    OneHot { default: Option<usize> },
    /// Direction `j` of 1, 2, … is 1 from value `j` on.
    Thermometer,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Make {
    Tokens,
    Position,
    /// Read off a head of layer `layer`.
    Head {
        layer: usize,
        scores: Scores,
        brings: Brings,
    },
    /// Hidden units of layer `layer`'s MLP.
    Units {
        layer: usize,
        operands: Vec<View>,
        units: Vec<Unit>,
    },
}

/// Another reading of a base: the index of a class for each of the base's values.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct View {
    pub base: Option<BaseId>,
    /// One index for each value of the base; a single one if there is no base.
    pub index: Vec<usize>,
    /// What the indices stand for.
    pub values: Vec<Value>,
}

/// Which keys a head attends to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Scores {
    pub conditions: Vec<Match>,
    pub pattern: Pattern,
}

/// Keys whose class goes with the query's.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Match {
    pub query: View,
    pub key: View,
    /// For each class of the query, whether each class of the key is selected.
    pub selected: Vec<Vec<bool>>,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Pattern {
    /// To all selected keys and the beginning of the sequence alike.
    WithStart,
    /// To all selected keys alike, of which there is at least one.
    Evenly,
    /// To one selected key, the first in order of rank and position; to the beginning if
    /// there is none.
    First { rank: Option<Ranked> },
}

/// Keys are ordered by the rank of their class, the least first.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Ranked {
    pub by: View,
    pub rank: Vec<usize>,
    pub ranks: usize,
}

/// What is taken from where a head attends to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Brings {
    /// The selector's width, from the weight of the beginning of the sequence.
    Width,
    /// The sum of numbers, in steps, for each of the view's classes. `thresholds[j]` lies
    /// between values `j` and `j + 1`.
    Sum { of: View, steps: Vec<f64> },
    /// The mean of numbers, in steps above the least.
    Mean { of: View, steps: Vec<f64>, means: Vec<Mean> },
    /// The class of the key; the base's default value where none is selected.
    Choice { of: View, value: Vec<usize> },
}

/// A hidden unit that is 1 where each operand is in a set of its classes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Unit {
    /// For each operand, its classes.
    pub classes: Vec<Vec<usize>>,
    /// The value that the base has then.
    pub value: usize,
}

impl View {
    pub(crate) fn constant(value: Value) -> View {
        View { base: None, index: vec![0], values: vec![value] }
    }
}
