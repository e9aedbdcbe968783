//! Closed rules that fill schedules.
//!
//! The numbers come from measuring register tiles of 4 to 14 rows and 1 to 4
//! vectors on an AVX-512 machine: the best tile was never more than 3 % ahead of
//! what these rules give.

use crate::{ContractionSchedule, Loop, LoopRole, Machine};

/// Tiles of rows that one thread does at once where their number is not known.
const TILES_PER_ITEM: u32 = 8;

/// Columns of a packed panel for a matrix with so many columns: the widest of up
/// to four vectors among those that pad least.
pub(crate) fn panel_width(columns: u64, machine: &Machine) -> u32 {
    let lanes = u64::from(machine.lanes);
    let widest = if machine.registers >= 32 { 4 } else { 2 };
    let padded = |vectors: u64| columns.div_ceil(vectors * lanes) * vectors * lanes;
    let least = (1..=widest).map(padded).min().unwrap_or(lanes);
    // Up to 3 % of padding is worth a wider tile.
    let vectors =
        (1..=widest).rev().find(|&vectors| padded(vectors) * 32 <= least * 33).unwrap_or(1);
    (vectors * lanes) as u32
}

/// Rows of a tile beside so many vectors: accumulators, one vector of the right
/// operand each and one broadcast must fit the register file.
fn tile_rows(vectors: u32, machine: &Machine) -> u32 {
    ((machine.registers - 1 - vectors) / vectors).clamp(1, 14)
}

pub(crate) fn contraction(
    loops: &[Loop],
    vectors: u32,
    machine: &Machine,
    out_holds_sums: bool,
) -> ContractionSchedule {
    let extent = |role: LoopRole| {
        loops
            .iter()
            .filter(|it| it.role == role)
            .try_fold(1u64, |size, it| Some(size * it.extent.as_constant()? as u64))
    };
    let rows = extent(LoopRole::Row);
    let columns = extent(LoopRole::Column);
    let batch = extent(LoopRole::Batch).unwrap_or(1);
    let last_inner = loops
        .iter()
        .rev()
        .find(|it| it.role == LoopRole::Inner)
        .and_then(|it| it.extent.as_constant());
    // Few rows read the panels once: far ahead, so that the stream never waits.
    let prefetch = if rows == Some(1) { 64 } else { 128 / vectors.max(1) };
    let inner_block = match last_inner {
        Some(inner) if inner > 1024 && out_holds_sums && rows != Some(1) => {
            let blocks = (inner as u64).div_ceil(1024);
            let block = (inner as u64).div_ceil(blocks).next_multiple_of(4);
            Some(block as u32)
        }
        _ => None,
    };
    // Enough items for several threads: panels first, then slices of the rows.
    let width = u64::from(vectors * machine.lanes);
    let panels = columns.map_or(1, |columns| columns.div_ceil(width)) * batch;
    let outer_row = loops.iter().find(|it| it.role == LoopRole::Row);
    let rows_per_item = match outer_row.and_then(|it| it.extent.as_constant()) {
        // However many there will be: enough to be worth a fork.
        None if panels < 8 => Some(TILES_PER_ITEM * tile_rows(vectors, machine)),
        Some(outer) if panels < 8 && outer > 1 => {
            let slices = 8u64.div_ceil(panels).min(outer as u64);
            let single = loops.iter().filter(|it| it.role == LoopRole::Row).count() == 1;
            let per_item = (outer as u64).div_ceil(slices);
            let tile = u64::from(tile_rows(vectors, machine));
            Some(if single { per_item.next_multiple_of(tile) } else { per_item } as u32)
        }
        _ => None,
    };
    ContractionSchedule {
        tile_rows: tile_rows(vectors, machine),
        tile_vectors: vectors,
        unroll: 2,
        prefetch,
        inner_block,
        rows_per_item,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_are_wide_and_pad_little() {
        let widths: Vec<u32> =
            [768, 192, 48, 96, 1000, 10, 24].map(|n| panel_width(n, &Machine::AVX512)).to_vec();
        assert_eq!(widths, [64, 64, 48, 48, 64, 16, 32]);
        assert_eq!(panel_width(768, &Machine::AVX2), 16);
    }

    #[test]
    fn tiles_fit_the_register_file() {
        for machine in [Machine::AVX512, Machine::AVX2, Machine::SSE2] {
            for vectors in 1..=4 {
                let rows = tile_rows(vectors, &machine);
                assert!(rows * vectors + vectors < machine.registers || rows == 1);
            }
        }
        assert_eq!(tile_rows(4, &Machine::AVX512), 6);
        assert_eq!(tile_rows(2, &Machine::AVX2), 6);
    }
}
