//! Functions of several operands as hidden units.

use super::Unit;
use crate::table::Grid;
use std::collections::BTreeMap;

/// For each operand, the class of each of its values: values are in one class if the
/// results are the same whatever the other operands are.
pub(super) fn classes(grid: &Grid, results: &[usize]) -> Vec<Vec<usize>> {
    (0..grid.sizes.len())
        .map(|place| {
            let mut seen: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
            let mut rows: Vec<Vec<usize>> = vec![Vec::new(); grid.sizes[place]];
            for (combination, result) in results.iter().enumerate() {
                rows[grid.digit(combination, place)].push(*result);
            }
            rows.into_iter()
                .map(|row| {
                    let next = seen.len();
                    *seen.entry(row).or_insert(next)
                })
                .collect()
        })
        .collect()
}

/// How many classes an operand has.
pub(super) fn count(classes: &[usize]) -> usize {
    classes.iter().max().map_or(0, |most| most + 1)
}

/// The units of a function of operands whose classes are numbered, and the value that it
/// has where no unit is 1.
///
/// Classes of the operand that has most of them share a unit where the result is the same.
/// `None` if there would be more than `most` units.
pub(super) fn units(grid: &Grid, results: &[usize], most: usize) -> Option<(Vec<Unit>, usize)> {
    let mut times: BTreeMap<usize, usize> = BTreeMap::new();
    results.iter().for_each(|result| *times.entry(*result).or_default() += 1);
    let default = times.iter().max_by_key(|it| it.1).map_or(0, |it| *it.0);
    let widest = (0..grid.sizes.len()).max_by_key(|place| grid.sizes[*place])?;
    let mut merged: BTreeMap<(Vec<usize>, usize), Vec<usize>> = BTreeMap::new();
    for (combination, result) in results.iter().enumerate().filter(|it| *it.1 != default) {
        let mut others: Vec<usize> =
            (0..grid.sizes.len()).map(|place| grid.digit(combination, place)).collect();
        let class = others.remove(widest);
        merged.entry((others, *result)).or_default().push(class);
        if merged.len() > most {
            return None;
        }
    }
    let units = merged
        .into_iter()
        .map(|((others, value), of_widest)| {
            let mut classes: Vec<Vec<usize>> = others.into_iter().map(|it| vec![it]).collect();
            classes.insert(widest, of_widest);
            Unit { classes, value }
        })
        .collect();
    Some((units, default))
}

#[cfg(test)]
mod tests {
    use super::{classes, units};
    use crate::table::Grid;

    #[test]
    fn values_that_make_no_difference_are_in_one_class() {
        // min(a, 1) + b for a in 0..3, b in 0..2
        let grid = Grid { ops: vec![0, 1], sizes: vec![3, 2] };
        let results = [0, 1, 1, 2, 1, 2];
        assert_eq!(classes(&grid, &results), [vec![0, 1, 1], vec![0, 1]]);
    }

    #[test]
    fn the_most_frequent_result_needs_no_unit() {
        // a && b
        let grid = Grid { ops: vec![0, 1], sizes: vec![2, 2] };
        let (found, default) = units(&grid, &[0, 0, 0, 1], 9).unwrap();
        assert_eq!(default, 0);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].classes.as_slice(), found[0].value),
            ([vec![1], vec![1]].as_slice(), 1)
        );
        assert!(units(&grid, &[0, 1, 2, 3], 2).is_none());
    }
}
