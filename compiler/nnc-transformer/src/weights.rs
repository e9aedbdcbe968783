//! Numbers for a circuit: which direction of the residual stream is what, and the rows of
//! all matrices over these directions.
//!
//! The sequence begins with a position of its own, whose residual is the direction `start`
//! alone; every other position has `here` set to 1. Whatever is an offset reads `here`, so
//! that at the beginning everything is 0 and no head takes anything from there by mistake.
//! Lindner et al., Tracr: Compiled Transformers as a Laboratory for Interpretability, 2023,
//! section 3, has such a position, too; there, what is written to it can disturb later
//! heads.
//!
//! All values that a head compares or copies are integers, so that f32 computes scores
//! without rounding: selected keys have equal scores, and the weight of any other is
//! `exp` of a number so small that it is 0.

mod heads;
mod neurons;
mod prune;

pub(crate) use prune::prune;

use crate::analysis::Analysing;
use crate::circuit::{BaseId, Brings, Circuit, Code, Make, View};
use crate::errors;
use crate::value::Value;
use std::collections::BTreeMap;

/// A direction of the residual stream.
pub(crate) type Direction = usize;

pub(crate) const START: Direction = 0;
pub(crate) const HERE: Direction = 1;

/// A linear function of the residual stream: a factor for each direction that matters.
pub(crate) type Row = BTreeMap<Direction, f64>;

/// A transformer with its matrices as lists of what is not 0.
#[derive(Clone, Default, Debug)]
pub(crate) struct Sparse {
    pub directions: usize,
    /// The direction that the beginning of the sequence has; `None` if nothing reads it.
    pub start: Option<Direction>,
    /// For each token, and for each position.
    pub tokens: Vec<Row>,
    pub positions: Vec<Row>,
    pub layers: Vec<Layer>,
    /// For each value of the output, a row that is 1 where it is the value and else 0.
    pub output: Vec<Row>,
    pub values: Vec<Value>,
}

#[derive(Clone, Default, Debug)]
pub(crate) struct Layer {
    pub heads: Vec<Head>,
    pub neurons: Vec<Neuron>,
}

/// One attention head.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Head {
    /// Rows of the query and of the key, whose products are summed.
    pub scores: Vec<(Row, Row)>,
    /// What is read at the key, and the direction that it is written to at the query.
    pub moves: Vec<(Row, Direction)>,
}

/// One hidden unit of an MLP.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Neuron {
    pub reads: Row,
    pub offset: f64,
    pub writes: Row,
}

/// How sharply a head tells keys apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// By how much the score of a key that is not selected is less, at least. At 104 and
    /// more, the exponential of the difference is 0 in f32.
    pub sharpness: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { sharpness: 128.0 }
    }
}

pub(crate) struct Writer<'a> {
    circuit: &'a Circuit,
    options: Options,
    length: usize,
    /// The directions of each base, in the order of its code.
    directions: Vec<Vec<Direction>>,
    sparse: Sparse,
}

/// The matrices of a circuit.
pub(crate) fn write(
    circuit: &Circuit,
    vocab: i64,
    length: i64,
    options: Options,
) -> Analysing<Sparse> {
    let mut writer = Writer {
        circuit,
        options,
        length: length as usize,
        directions: Vec::new(),
        sparse: Sparse { directions: 2, start: Some(START), ..Sparse::default() },
    };
    for base in &circuit.bases {
        let count = match base.code {
            Code::OneHot { default: None } => base.values.len(),
            Code::OneHot { default: Some(_) } | Code::Thermometer => {
                base.values.len().saturating_sub(1)
            }
        };
        let directions = (0..count).map(|_| writer.fresh()).collect();
        writer.directions.push(directions);
    }
    writer.sparse.layers = vec![Layer::default(); circuit.layers];
    writer.sparse.tokens = vec![Row::from([(HERE, 1.0)]); vocab as usize];
    writer.sparse.positions = vec![Row::new(); length as usize];
    for (id, base) in circuit.bases.iter().enumerate() {
        match &base.make {
            Make::Tokens | Make::Position => {
                let rows = if base.make == Make::Tokens {
                    &mut writer.sparse.tokens
                } else {
                    &mut writer.sparse.positions
                };
                for (row, direction) in rows.iter_mut().zip(&writer.directions[id]) {
                    row.insert(*direction, 1.0);
                }
            }
            Make::Head { layer, scores, brings } => writer.head(id, *layer, scores, brings)?,
            Make::Units { layer, operands, units } => {
                for unit in units {
                    writer.unit(id, *layer, operands, unit);
                }
            }
        }
    }
    let output = &circuit.output;
    // A value that no view gives is no output.
    for (at, value) in output.values.iter().enumerate() {
        if output.index.contains(&at) {
            let row = writer.of_view(output, &|class| f64::from(u8::from(class == at)));
            writer.sparse.output.push(row);
            writer.sparse.values.push(*value);
        }
    }
    Ok(writer.sparse)
}

impl Writer<'_> {
    pub(crate) fn fresh(&mut self) -> Direction {
        self.sparse.directions += 1;
        self.sparse.directions - 1
    }

    /// A number for each class of a view, as a linear function of the residual stream.
    pub(crate) fn of_view(&self, view: &View, number: &dyn Fn(usize) -> f64) -> Row {
        match view.base {
            Some(base) => self.of_base(base, &|value| number(view.index[value])),
            None => nonzero([(HERE, number(view.index[0]))]),
        }
    }

    fn of_base(&self, base: BaseId, number: &dyn Fn(usize) -> f64) -> Row {
        let directions = &self.directions[base];
        match self.circuit.bases[base].code {
            Code::OneHot { default: None } => {
                nonzero(directions.iter().enumerate().map(|(at, it)| (*it, number(at))))
            }
            Code::OneHot { default: Some(default) } => {
                let others = (0..=directions.len()).filter(|it| *it != default);
                let parts = others.zip(directions);
                let parts = parts.map(|(at, it)| (*it, number(at) - number(default)));
                nonzero(parts.chain([(HERE, number(default))]))
            }
            Code::Thermometer => {
                let parts = directions.iter().enumerate();
                let parts = parts.map(|(at, it)| (*it, number(at + 1) - number(at)));
                nonzero(parts.chain([(HERE, number(0))]))
            }
        }
    }

    /// The direction that is 1 for a value of a base with one-hot code; `None` for the
    /// default.
    pub(crate) fn direction(&self, base: BaseId, value: usize) -> Option<Direction> {
        match self.circuit.bases[base].code {
            Code::OneHot { default: Some(default) } if value == default => None,
            Code::OneHot { default: Some(default) } => {
                let at = if value > default { value - 1 } else { value };
                self.directions[base].get(at).copied()
            }
            Code::OneHot { default: None } => self.directions[base].get(value).copied(),
            Code::Thermometer => None,
        }
    }

    fn head(
        &mut self,
        id: BaseId,
        layer: usize,
        scores: &crate::circuit::Scores,
        brings: &Brings,
    ) -> Analysing<()> {
        let (rows, greatest) = self.scores(scores);
        // Integers beyond are not all f32 numbers.
        if greatest >= 2f64.powi(24) {
            let span = self.circuit.bases[id].span;
            return Err(Box::new(errors::scores_too_large(span, greatest)));
        }
        let moves = self.brought(id, layer, brings);
        let heads = &mut self.sparse.layers[layer].heads;
        // Heads that attend alike are one.
        match heads.iter_mut().find(|head| head.scores == rows) {
            Some(head) => {
                for step in moves {
                    if !head.moves.contains(&step) {
                        head.moves.push(step);
                    }
                }
            }
            None => heads.push(Head { scores: rows, moves }),
        }
        Ok(())
    }
}

/// A row without its zeros.
pub(crate) fn nonzero(parts: impl IntoIterator<Item = (Direction, f64)>) -> Row {
    parts.into_iter().filter(|it| it.1 != 0.0).collect()
}
