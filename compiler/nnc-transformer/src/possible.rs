//! Which combinations of operations' values can occur at one position.
//!
//! Every operation has its set of values, and most combinations of them occur for some
//! input. Not so a position past the sequence's length; and not so aggregates over one
//! selector that would need it to have different widths: of three selected positions, the
//! mean of bits is no half.

use crate::program::{Gather, OpId, OpKind, Program, Selector};
use crate::sums::{Terms, means};
use crate::table::Grid;
use crate::value::Value;
use nnc_graph::Elem;
use std::collections::BTreeMap;

/// Widths are told apart up to this length.
const MOST_LENGTH: i64 = 127;

/// What is known of the values of the operations in a table.
#[derive(Default, Debug)]
pub(crate) struct Possible {
    numbers: BTreeMap<OpId, (Role, Vec<f64>)>,
    widths: BTreeMap<OpId, (Selector, Vec<u128>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Position,
    Length,
}

impl Possible {
    /// Notes an operation with its values; `terms` are those of a sum or mean.
    pub(crate) fn note(
        &mut self,
        program: &Program,
        id: OpId,
        values: &[Value],
        terms: Option<&Terms>,
    ) {
        let op = program.op(id);
        let role = match &op.kind {
            OpKind::Position => Some(Role::Position),
            OpKind::Aggregate(aggregate)
                if aggregate.gather == Gather::Count
                    && aggregate.selector.conditions.is_empty() =>
            {
                Some(Role::Length)
            }
            _ => None,
        };
        if let Some(role) = role {
            self.numbers.insert(id, (role, values.iter().map(|it| it.number()).collect()));
        }
        let OpKind::Aggregate(aggregate) = &op.kind else { return };
        if program.length > MOST_LENGTH {
            return;
        }
        let fits: Option<Vec<u128>> = match (&aggregate.gather, terms) {
            (Gather::Count, _) => {
                Some(values.iter().map(|it| 1u128 << (it.number() as u32)).collect())
            }
            (Gather::Sum(_), Some(terms)) => {
                Some(values.iter().map(|it| widths_of_sum(terms, *it, program.length)).collect())
            }
            (Gather::Mean(_), Some(terms)) => Some(widths_of_means(terms, op.elem, program.length))
                .filter(|masks| masks.len() == values.len()),
            _ => None,
        };
        if let Some(fits) = fits {
            self.widths.insert(id, (aggregate.selector.clone(), fits));
        }
    }

    /// Whether a combination of a grid can occur.
    pub(crate) fn holds(&self, grid: &Grid, combination: usize) -> bool {
        let (mut position, mut length) = (None, None);
        let mut widths: Vec<(&Selector, u128)> = Vec::new();
        for (place, op) in grid.ops.iter().enumerate() {
            let digit = grid.digit(combination, place);
            match self.numbers.get(op) {
                Some((Role::Position, numbers)) => position = numbers.get(digit),
                Some((Role::Length, numbers)) => length = numbers.get(digit),
                None => {}
            }
            if let Some((selector, masks)) = self.widths.get(op) {
                let mask = masks.get(digit).copied().unwrap_or(u128::MAX);
                match widths.iter_mut().find(|it| it.0 == selector) {
                    Some(known) => known.1 &= mask,
                    None => widths.push((selector, mask)),
                }
            }
        }
        position.zip(length).is_none_or(|(position, length)| position < length)
            && widths.iter().all(|it| it.1 != 0)
    }

    /// Whether any two operations of a grid are known to go together or not.
    pub(crate) fn concerns(&self, grid: &Grid) -> bool {
        let known = |op: &&OpId| self.numbers.contains_key(op) || self.widths.contains_key(op);
        grid.ops.iter().filter(known).count() > 1
    }
}

/// A bit for each width with which a sum can occur.
fn widths_of_sum(terms: &Terms, sum: Value, length: i64) -> u128 {
    let steps = terms.steps(sum);
    let (least, greatest) =
        ((terms.least / terms.step) as f64, (terms.greatest / terms.step) as f64);
    let fits = |width: i64| {
        let width = width as f64;
        width * least <= steps && steps <= width * greatest
    };
    (0..=length).filter(|it| fits(*it)).fold(0, |mask, width| mask | 1 << width)
}

/// A bit for each width with which a mean can occur, for each mean in ascending order.
fn widths_of_means(terms: &Terms, elem: Elem, length: i64) -> Vec<u128> {
    let mut found: BTreeMap<Value, u128> = BTreeMap::new();
    for mean in means(terms, length as usize, elem) {
        let whole = |width: i64| {
            let sum = mean.above_least * width as f64;
            (sum - sum.round()).abs() < 1e-6
        };
        let mask = (1..=length).filter(|it| whole(*it)).fold(0, |mask, width| mask | 1 << width);
        *found.entry(mean.value).or_default() |= mask;
    }
    found.into_values().collect()
}
