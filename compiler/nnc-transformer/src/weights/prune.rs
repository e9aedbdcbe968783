//! Removes what nothing reads: directions of the residual stream, and the heads and hidden
//! units that write to these alone.

use super::{Direction, Row, Sparse};
use std::collections::{BTreeMap, BTreeSet};

/// Leaves the directions that something reads, numbered anew in their order.
pub(crate) fn prune(sparse: &mut Sparse) {
    loop {
        let read = read(sparse);
        let before = size(sparse);
        for layer in &mut sparse.layers {
            for head in &mut layer.heads {
                head.moves.retain(|(_, direction)| read.contains(direction));
            }
            layer.heads.retain(|head| !head.moves.is_empty());
            for neuron in &mut layer.neurons {
                neuron.writes.retain(|direction, _| read.contains(direction));
            }
            layer.neurons.retain(|neuron| !neuron.writes.is_empty());
        }
        if size(sparse) == before {
            renumber(sparse, &read);
            return;
        }
    }
}

fn size(sparse: &Sparse) -> usize {
    let layers = sparse.layers.iter();
    layers
        .map(|it| it.neurons.len() + it.heads.iter().map(|it| it.moves.len()).sum::<usize>())
        .sum()
}

fn read(sparse: &Sparse) -> BTreeSet<Direction> {
    let mut read = BTreeSet::new();
    let mut add = |row: &Row| read.extend(row.keys().copied());
    for layer in &sparse.layers {
        for head in &layer.heads {
            for (query, key) in &head.scores {
                add(query);
                add(key);
            }
            head.moves.iter().for_each(|(row, _)| add(row));
        }
        layer.neurons.iter().for_each(|neuron| add(&neuron.reads));
    }
    sparse.output.iter().for_each(add);
    read
}

fn renumber(sparse: &mut Sparse, read: &BTreeSet<Direction>) {
    let new: BTreeMap<Direction, Direction> =
        read.iter().enumerate().map(|(at, direction)| (*direction, at)).collect();
    let moved = |row: &Row| -> Row {
        row.iter().filter_map(|(it, factor)| Some((*new.get(it)?, *factor))).collect()
    };
    let all = |rows: &mut Vec<Row>| rows.iter_mut().for_each(|row| *row = moved(row));
    all(&mut sparse.tokens);
    all(&mut sparse.positions);
    all(&mut sparse.output);
    for layer in &mut sparse.layers {
        for head in &mut layer.heads {
            for (query, key) in &mut head.scores {
                (*query, *key) = (moved(query), moved(key));
            }
            for (row, direction) in &mut head.moves {
                *row = moved(row);
                *direction = new.get(direction).copied().unwrap_or_default();
            }
        }
        for neuron in &mut layer.neurons {
            neuron.reads = moved(&neuron.reads);
            neuron.writes = moved(&neuron.writes);
        }
    }
    sparse.start = new.get(&super::START).copied();
    sparse.directions = read.len();
}
