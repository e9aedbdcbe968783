//! Which results of a reduction are computed together.
//!
//! A depthwise convolution or a pooling reads, for neighbouring results along a row, mostly
//! the same elements, and the same weights for all of them. One result at a time loads two
//! vectors for each multiply-add; a tile of seven loads about half a vector.

use crate::{Address, LoopRole, Machine, Stage, StageKind, Tile};
use nnc_graph::{Binary, ReduceOp, Scalar};

/// Windows that reach further are left to loops: all taps of a tile are written out.
const MOST_TAPS: i64 = 16;

pub(crate) fn choose(stage: &Stage, machine: &Machine) -> Option<Tile> {
    let StageKind::Reduce { op, guard: None, value, .. } = &stage.kind else { return None };
    let ordered = matches!(op, ReduceOp::First | ReduceOp::ArgMax | ReduceOp::ArgMin);
    if ordered || !reads_always(value) {
        return None;
    }
    let vector = stage.vector.filter(|&at| stage.loops[at].role != LoopRole::Inner)?;
    let tap = stage.loops.iter().rposition(|it| it.role == LoopRole::Inner)?;
    let taps = stage.loops[tap].extent.as_constant()?;
    if !(2..=MOST_TAPS).contains(&taps) || !stage.reads.iter().all(|it| it.data.is_empty()) {
        return None;
    }
    let is_row = |at: &usize| *at != vector && stage.loops[*at].role == LoopRole::Row;
    let row = (1..stage.loops.len()).rev().filter(is_row).find(|&at| {
        let known = |it: &Address| it.stride(at).zip(it.stride(tap));
        stage.reads.iter().all(|it| known(it).is_some())
            && stage.reads.iter().filter_map(known).any(|(row, tap)| are_shared(row, tap, taps))
    })?;
    // Half of the registers are for sums.
    let most = i64::from(machine.registers / 2).min(8);
    let rows = match stage.loops[row].extent.as_constant() {
        Some(0 | 1) => return None,
        Some(extent) => {
            let tiles = (extent + most - 1) / most;
            (extent + tiles - 1) / tiles
        }
        None => most / 2,
    };
    let count = |it: i64| u32::try_from(it).ok();
    Some(Tile { row, rows: count(rows)?, tap, taps: count(taps)? })
}

/// Whether an expression reads all that it names whatever the values are, so that what one
/// result has loaded is there for the others.
fn reads_always(value: &Scalar) -> bool {
    let mut always = true;
    value.visit(&mut |it| {
        let chooses =
            matches!(it, Scalar::Select { .. } | Scalar::Binary(Binary::And | Binary::Or, ..));
        always &= !chooses;
    });
    always
}

/// Whether neighbours along a loop read a place that another one reads: weights, or windows
/// that overlap.
fn are_shared(row: i64, tap: i64, taps: i64) -> bool {
    row == 0 && tap != 0 || tap != 0 && row % tap == 0 && (row / tap).abs() < taps
}
