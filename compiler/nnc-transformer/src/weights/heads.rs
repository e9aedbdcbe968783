//! Scores of heads, and what they bring.
//!
//! A key's score is the sum over the selector's conditions of a strength for each that
//! holds, so that selected keys, and no others, have the greatest sum there is.

use super::{Direction, HERE, Row, START, Writer, nonzero};
use crate::circuit::{BaseId, Brings, Make, Match, Pattern, Scores};

impl Writer<'_> {
    /// The rows of query and key, and how large scores may become.
    pub(super) fn scores(&self, scores: &Scores) -> (Vec<(Row, Row)>, f64) {
        let sharpness = self.options.sharpness;
        let conditions = scores.conditions.len() as f64;
        // Places in order that keys may have, where one is to be the first.
        let places = match &scores.pattern {
            Pattern::WithStart | Pattern::Evenly => 0.0,
            Pattern::First { rank } => {
                (rank.as_ref().map_or(1, |rank| rank.ranks) * self.length) as f64
            }
        };
        let strength = sharpness * (places + 1.0);
        let mut rows = Vec::new();
        for condition in &scores.conditions {
            self.condition(condition, strength, &mut rows);
        }
        // The beginning of the sequence: with the selected keys, with those that are not,
        // or between them.
        let start = match &scores.pattern {
            Pattern::WithStart => conditions * strength,
            Pattern::Evenly => (conditions - 1.0) * strength,
            Pattern::First { .. } => conditions * strength - sharpness * places,
        };
        if let Pattern::First { rank } = &scores.pattern {
            let mut order = Row::new();
            let mut add = |row: Row| {
                for (direction, factor) in row {
                    *order.entry(direction).or_default() -= sharpness * factor;
                }
            };
            let position = self.position();
            if let Some(position) = position {
                add(self.of_base(position, &|value| value as f64));
            }
            if let Some(rank) = rank {
                let length = self.length;
                add(self.of_view(&rank.by, &|class| (rank.rank[class] * length) as f64));
            }
            order.retain(|_, factor| *factor != 0.0);
            rows.push((nonzero([(HERE, 1.0)]), order));
        }
        // At the beginning itself, a head attends to nothing else.
        rows.push((nonzero([(HERE, start), (START, strength)]), nonzero([(START, 1.0)])));
        (rows, conditions * strength + sharpness * places)
    }

    fn position(&self) -> Option<BaseId> {
        self.circuit.bases.iter().position(|base| base.make == Make::Position)
    }

    /// A product for each class of the side that has fewer.
    fn condition(&self, condition: &Match, strength: f64, rows: &mut Vec<(Row, Row)>) {
        let selected = &condition.selected;
        let keys = selected.first().map_or(0, Vec::len);
        let is = |wanted: usize| move |class: usize| f64::from(u8::from(class == wanted));
        let holds = |query: usize, key: usize| f64::from(u8::from(selected[query][key]));
        if selected.len() <= keys {
            for query in 0..selected.len() {
                let of_query = self.of_view(&condition.query, &|it| strength * is(query)(it));
                let of_key = self.of_view(&condition.key, &|key| holds(query, key));
                rows.push((of_query, of_key));
            }
        } else {
            for key in 0..keys {
                let of_query =
                    self.of_view(&condition.query, &|query| strength * holds(query, key));
                let of_key = self.of_view(&condition.key, &is(key));
                rows.push((of_query, of_key));
            }
        }
        rows.retain(|(query, key)| !query.is_empty() && !key.is_empty());
    }

    /// What a head moves for a base, and the hidden units that decode it.
    pub(super) fn brought(
        &mut self,
        id: BaseId,
        layer: usize,
        brings: &Brings,
    ) -> Vec<(Row, Direction)> {
        match brings {
            Brings::Choice { of, value } => {
                let mut moves = Vec::new();
                for result in 0..self.circuit.bases[id].values.len() {
                    let Some(direction) = self.direction(id, result) else { continue };
                    let row =
                        self.of_view(of, &|class| f64::from(u8::from(value[class] == result)));
                    if !row.is_empty() {
                        moves.push((row, direction));
                    }
                }
                moves
            }
            Brings::Width => {
                let share = self.fresh();
                self.decode_width(id, layer, share);
                vec![(nonzero([(START, 1.0)]), share)]
            }
            Brings::Sum { of, steps } => {
                let (share, sum) = (self.fresh(), self.fresh());
                self.decode_sum(id, layer, share, sum);
                let row = self.of_view(of, &|class| steps[class]);
                vec![(nonzero([(START, 1.0)]), share), (row, sum)]
            }
            Brings::Mean { of, steps, means } => {
                let mean = self.fresh();
                self.decode_mean(id, layer, mean, means);
                vec![(self.of_view(of, &|class| steps[class]), mean)]
            }
        }
    }
}
