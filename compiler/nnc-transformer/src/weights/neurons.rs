//! Hidden units: thresholds that decode what heads bring, and functions of several bases.
//!
//! A threshold is the difference of two units, `relu(u) - relu(u - 1)`. Both compute the
//! same `u` and then add an offset; where `u` is at least 1 or at most 0, their difference
//! is 1 or 0 without any error, however `u` was rounded.

use super::{Direction, HERE, Neuron, Row, START, Writer, nonzero};
use crate::circuit::{BaseId, Unit, View};
use crate::sums::Mean;

impl Writer<'_> {
    /// Width `w` from the weight of the beginning, `x = 1 / (w + 1)`:
    /// `w >= j` where `(w + 1/2 - j) / (w + 1) = 1 - (j + 1/2) x` is positive.
    pub(super) fn decode_width(&mut self, id: BaseId, layer: usize, share: Direction) {
        let widths = self.numbers(id);
        for (at, pair) in widths.windows(2).enumerate() {
            let middle = f64::midpoint(pair[0], pair[1]);
            let row = [(HERE, 1.0), (share, -(middle + 1.0))];
            self.threshold(id, layer, at, &row, 0.0, 0.5 / (self.length as f64 + 1.0));
        }
    }

    /// A sum `s` from `x = 1 / (w + 1)` and `y = s / (w + 1)`: `s >= m` where `y - m x`,
    /// which is `(s - m) / (w + 1)`, is positive.
    pub(super) fn decode_sum(
        &mut self,
        id: BaseId,
        layer: usize,
        share: Direction,
        sum: Direction,
    ) {
        let count = self.circuit.bases[id].values.len();
        let least = self.steps_of_least(id);
        for at in 0..count.saturating_sub(1) {
            let middle = least + at as f64 + 0.5;
            let row = [(sum, 1.0), (share, -middle)];
            self.threshold(id, layer, at, &row, 0.0, 0.5 / (self.length as f64 + 1.0));
        }
    }

    /// A mean: thresholds lie between those that can occur.
    pub(super) fn decode_mean(
        &mut self,
        id: BaseId,
        layer: usize,
        mean: Direction,
        means: &[Mean],
    ) {
        let gap = means.windows(2).map(|it| it[1].above_least - it[0].above_least);
        let gap = gap.fold(f64::INFINITY, f64::min);
        // Few binary digits, so that nothing is rounded where a threshold is taken off.
        let greatest = means.last().map_or(1.0, |it| it.above_least).max(1.0);
        let grid = 2f64.powi(greatest.log2().ceil() as i32 - 20);
        for (at, pair) in means.windows(2).enumerate() {
            let middle = f64::midpoint(pair[0].above_least, pair[1].above_least);
            let middle = (middle / grid).round() * grid;
            self.threshold(id, layer, at, &[(mean, 1.0)], -middle, gap / 2.0);
        }
    }

    /// The numbers that a base's values are.
    fn numbers(&self, id: BaseId) -> Vec<f64> {
        self.circuit.bases[id].values.iter().map(|it| it.number()).collect()
    }

    /// The least sum, in steps between neighbouring sums.
    fn steps_of_least(&self, id: BaseId) -> f64 {
        match self.numbers(id).as_slice() {
            [first, second, ..] => (first / (second - first)).round(),
            _ => 0.0,
        }
    }

    /// Direction `at` of a thermometer: 1 where `row + offset` is positive, given that it
    /// is never nearer to 0 than `margin`.
    fn threshold(
        &mut self,
        id: BaseId,
        layer: usize,
        at: usize,
        row: &[(Direction, f64)],
        offset: f64,
        margin: f64,
    ) {
        // A power of two, by which no factor is rounded.
        let scale = 2f64.powi((1.5 / margin).log2().ceil() as i32);
        let mut reads: Row = nonzero(row.iter().map(|(it, factor)| (*it, factor * scale)));
        // At the beginning of the sequence nothing is written.
        let most: f64 = row.iter().map(|it| it.1.abs()).sum::<f64>() + offset.abs();
        reads.insert(START, -scale * (most + 1.0));
        let direction = self.directions[id][at];
        for (less, sign) in [(0.0, 1.0), (1.0, -1.0)] {
            let offset = offset * scale - less;
            let writes = nonzero([(direction, sign)]);
            let neurons = &mut self.sparse.layers[layer].neurons;
            neurons.push(Neuron { reads: reads.clone(), offset, writes });
        }
    }

    /// `relu(Σ (operand in its classes) - (operands - 1))`.
    pub(super) fn unit(&mut self, id: BaseId, layer: usize, operands: &[View], unit: &Unit) {
        let Some(direction) = self.direction(id, unit.value) else { return };
        let mut reads = Row::new();
        for (view, classes) in operands.iter().zip(&unit.classes) {
            for (direction, factor) in
                self.of_view(view, &|class| f64::from(u8::from(classes.contains(&class))))
            {
                *reads.entry(direction).or_default() += factor;
            }
        }
        reads.retain(|_, factor| *factor != 0.0);
        let offset = 1.0 - operands.len() as f64;
        let writes = nonzero([(direction, 1.0)]);
        self.sparse.layers[layer].neurons.push(Neuron { reads, offset, writes });
    }
}
