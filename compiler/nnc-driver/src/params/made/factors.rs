//! The nearest product of a rank to a matrix, by its singular value decomposition.
//!
//! One-sided Jacobi rotations make the columns of the thinner side orthogonal; their lengths
//! are the singular values (Hestenes, 1958; Golub and Van Loan, "Matrix computations", section
//! 8.6). It converges for every matrix and finds small values to high relative accuracy.

/// `matrix ≈ left · right`, with the root of each singular value in both.
#[derive(Debug)]
pub(super) struct Factors {
    /// Rows by rank.
    pub left: Vec<f64>,
    /// Rank by columns.
    pub right: Vec<f64>,
}

/// Sweeps over all pairs; some ten are enough for what computers can tell.
const MOST_SWEEPS: usize = 60;

/// The factors of a row-major matrix.
pub(super) fn factors(matrix: &[f64], rows: usize, columns: usize, rank: usize) -> Factors {
    // Vectors are turned against each other: the shorter side's, of the longer side's length.
    let tall = rows >= columns;
    let (count, length) = if tall { (columns, rows) } else { (rows, columns) };
    let mut vectors: Vec<Vec<f64>> = (0..count)
        .map(|it| {
            let at = |along: usize| {
                if tall { matrix[along * columns + it] } else { matrix[it * columns + along] }
            };
            (0..length).map(at).collect()
        })
        .collect();
    let mut turns: Vec<Vec<f64>> = (0..count)
        .map(|it| (0..count).map(|other| if it == other { 1.0 } else { 0.0 }).collect())
        .collect();
    for _ in 0..MOST_SWEEPS {
        if !sweep(&mut vectors, &mut turns) {
            break;
        }
    }
    let mut order: Vec<(f64, usize)> =
        vectors.iter().enumerate().map(|(at, it)| (dot(it, it).sqrt(), at)).collect();
    order.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    order.truncate(rank);
    // `vectors[k]` is a singular value times a unit vector of the long side, and `turns[k]`
    // the unit vector of the short side.
    let long: Vec<Vec<f64>> =
        order.iter().map(|(value, at)| scaled(&vectors[*at], inverse_root(*value))).collect();
    let short: Vec<Vec<f64>> =
        order.iter().map(|(value, at)| scaled(&turns[*at], value.sqrt())).collect();
    let (down, across) = if tall { (&long, &short) } else { (&short, &long) };
    let left = (0..rows).flat_map(|row| down.iter().map(move |it| it[row])).collect();
    let right = across.iter().flatten().copied().collect();
    Factors { left, right }
}

/// Turns each pair of vectors until it is orthogonal; whether any was not.
fn sweep(vectors: &mut [Vec<f64>], turns: &mut [Vec<f64>]) -> bool {
    let mut turned = false;
    for first in 0..vectors.len() {
        for second in first + 1..vectors.len() {
            let (a, b) = pair(vectors, first, second);
            let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
            if ab.abs() <= f64::EPSILON * (aa * bb).sqrt() || ab == 0.0 {
                continue;
            }
            turned = true;
            let zeta = (bb - aa) / (2.0 * ab);
            let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
            let cosine = 1.0 / tangent.hypot(1.0);
            let sine = cosine * tangent;
            rotate(a, b, cosine, sine);
            let (a, b) = pair(turns, first, second);
            rotate(a, b, cosine, sine);
        }
    }
    turned
}

fn pair(vectors: &mut [Vec<f64>], first: usize, second: usize) -> (&mut [f64], &mut [f64]) {
    let (before, from) = vectors.split_at_mut(second);
    (&mut before[first], &mut from[0])
}

fn rotate(a: &mut [f64], b: &mut [f64], cosine: f64, sine: f64) {
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Several sums at a time, which a machine adds up at once.
    let mut sums = [0.0; 8];
    let (a_chunks, b_chunks) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a_chunks.0.iter().zip(b_chunks.0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_chunks.1.iter().zip(b_chunks.1).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

fn scaled(vector: &[f64], by: f64) -> Vec<f64> {
    vector.iter().map(|it| it * by).collect()
}

fn inverse_root(value: f64) -> f64 {
    if value > 0.0 { 1.0 / value.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{Factors, factors};
    use crate::Random;

    fn product(it: &Factors, rows: usize, columns: usize, rank: usize) -> Vec<f64> {
        let mut out = vec![0.0; rows * columns];
        for row in 0..rows {
            for column in 0..columns {
                let terms =
                    (0..rank).map(|k| it.left[row * rank + k] * it.right[k * columns + column]);
                out[row * columns + column] = terms.sum();
            }
        }
        out
    }

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    #[test]
    fn at_full_rank_the_product_is_the_matrix_and_below_no_product_is_nearer() {
        for (seed, (rows, columns)) in
            [(1, (7, 4)), (2, (4, 9)), (3, (5, 5)), (4, (1, 6)), (5, (13, 11))]
        {
            let mut random = Random::new(seed, "matrix");
            let matrix: Vec<f64> = (0..rows * columns).map(|_| random.normal()).collect();
            let full = rows.min(columns);
            let mut left_over = 0.0;
            for rank in (1..=full).rev() {
                let near = product(&factors(&matrix, rows, columns, rank), rows, columns, rank);
                let error = distance(&matrix, &near);
                assert!(error + 1e-9 >= left_over, "{rows}x{columns} at {rank}");
                if rank == full {
                    assert!(error < 1e-12, "{rows}x{columns}: {error}");
                }
                left_over = error;
                // Other products of the rank: what is nearest is nearer than its neighbours.
                for _ in 0..20 {
                    let mut other = factors(&matrix, rows, columns, rank);
                    other.left.iter_mut().for_each(|it| *it += 1e-3 * random.normal());
                    let other = product(&other, rows, columns, rank);
                    assert!(distance(&matrix, &other) >= error - 1e-12);
                }
            }
        }
    }

    #[test]
    fn singular_values_of_a_known_matrix() {
        // [[3, 0], [4, 5]] has the singular values √45 and √5.
        let all = factors(&[3.0, 0.0, 4.0, 5.0], 2, 2, 1);
        let length = |it: &[f64]| it.iter().map(|it| it * it).sum::<f64>();
        assert!((length(&all.left) * length(&all.right) - 45.0).abs() < 1e-12);
        assert!((length(&all.left) - length(&all.right)).abs() < 1e-12);
    }

    #[test]
    fn a_matrix_of_less_rank_is_itself_at_its_rank() {
        let (a, b) = ([1.0, -2.0, 0.5], [3.0, 0.0, 1.0, -1.0]);
        let matrix: Vec<f64> = a.iter().flat_map(|a| b.iter().map(move |b| a * b)).collect();
        let near = product(&factors(&matrix, 3, 4, 1), 3, 4, 1);
        assert!(distance(&matrix, &near) < 1e-12);
        let near = product(&factors(&matrix, 3, 4, 3), 3, 4, 3);
        assert!(distance(&matrix, &near) < 1e-12);
        assert!(product(&factors(&[0.0; 6], 2, 3, 2), 2, 3, 2).iter().all(|it| *it == 0.0));
    }
}
