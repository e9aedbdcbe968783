//! Parameters that a model's rewrites make of those of the network as it is written.

mod factors;

use super::Params;
use crate::{Error, Tensor};
use factors::{Factors, factors};
use nnc_lower::{Made, ParamInfo, Segment};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The parameters of a rewritten network.
#[derive(Debug)]
pub(super) struct Rewritten<'a> {
    pub infos: &'a [ParamInfo],
    by_name: HashMap<&'a str, usize>,
    /// What has been decomposed, by matrix and rank: both factors are asked for.
    factors: Mutex<HashMap<(String, i64), Arc<Factors>>>,
}

impl<'a> Rewritten<'a> {
    pub(super) fn new(infos: &'a [ParamInfo]) -> Rewritten<'a> {
        let by_name = infos.iter().enumerate().map(|(at, it)| (it.name.as_str(), at)).collect();
        Rewritten { infos, by_name, factors: Mutex::default() }
    }

    pub(super) fn info(&self, name: &str) -> Option<&'a ParamInfo> {
        self.by_name.get(name).map(|at| &self.infos[*at])
    }
}

impl Params<'_> {
    /// What a rewrite makes, from what the network as it is written has.
    pub(super) fn made(
        &self,
        rewritten: &Rewritten<'_>,
        info: &ParamInfo,
        made: &Made,
    ) -> Result<Tensor, Error> {
        let shape = sizes(&info.shape);
        match made {
            Made::Numbers(values) => Ok(Tensor::from_floats(info.elem, shape, values)),
            Made::Factor { of, rank, is_left } => {
                let factors = self.factors(rewritten, of, *rank)?;
                let values = if *is_left { &factors.left } else { &factors.right };
                Ok(Tensor::from_floats(info.elem, shape, values))
            }
            Made::Heads { of, axis, segments } => {
                let whole = match &of.made {
                    Some(made) => self.made(rewritten, of, made)?,
                    None => self.written(&of.name)?,
                };
                let values = whole.to_eval().to_f64();
                let values = along(&values, &sizes(&of.shape), *axis, segments);
                Ok(Tensor::from_floats(info.elem, shape, &values))
            }
        }
    }

    fn factors(
        &self,
        rewritten: &Rewritten<'_>,
        of: &str,
        rank: i64,
    ) -> Result<Arc<Factors>, Error> {
        let key = (of.to_owned(), rank);
        // A panic elsewhere leaves whole factors.
        let known = rewritten.factors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&key) {
            return Ok(found.clone());
        }
        drop(known);
        let matrix = self.written(of)?;
        let [rows, columns] = matrix.shape[..] else {
            return Err(Error::internal(format!("`{of}` is factored and no matrix")));
        };
        let rank = usize::try_from(rank).unwrap_or(0);
        let found = Arc::new(factors(&matrix.to_eval().to_f64(), rows, columns, rank));
        let mut known = rewritten.factors.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, found.clone());
        Ok(found)
    }
}

fn sizes(shape: &[i64]) -> Vec<usize> {
    shape.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect()
}

/// A tensor of which one axis has lost heads.
fn along(values: &[f64], shape: &[usize], axis: usize, segments: &[Segment]) -> Vec<f64> {
    let before: usize = shape[..axis].iter().product();
    let size = shape[axis];
    let after: usize = shape[axis + 1..].iter().product();
    let sources = sources(size, segments);
    let mut out = Vec::with_capacity(before * sources.len() * after);
    for block in 0..before {
        for places in &sources {
            for within in 0..after {
                let at = |place: &usize| values[(block * size + place) * after + within];
                out.push(places.iter().map(at).sum::<f64>() / places.len() as f64);
            }
        }
    }
    out
}

/// For each place of the new axis, the places of the old one whose mean is there.
fn sources(size: usize, segments: &[Segment]) -> Vec<Vec<usize>> {
    let of = |value: i64| usize::try_from(value).unwrap_or(0);
    let mut sources = Vec::new();
    let mut at = 0;
    while at < size {
        let Some(segment) = segments.iter().find(|it| of(it.start) == at) else {
            sources.push(vec![at]);
            at += 1;
            continue;
        };
        let (inner, count) = (of(segment.inner), of(segment.count));
        let outer = of(segment.len) / (inner * count).max(1);
        for block in 0..outer {
            let place = |head: usize, within: usize| at + (block * count + head) * inner + within;
            match &segment.kept {
                Some(kept) => {
                    for head in kept {
                        sources.extend((0..inner).map(|within| vec![place(of(*head), within)]));
                    }
                }
                None => sources.extend(
                    (0..inner).map(|within| (0..count).map(|head| place(head, within)).collect()),
                ),
            }
        }
        at += of(segment.len).max(1);
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::{along, sources};
    use nnc_lower::Segment;

    #[test]
    fn heads_are_picked_and_averaged_where_a_segment_says() {
        let kept = Segment { start: 0, len: 6, inner: 2, count: 3, kept: Some(vec![2, 0]) };
        let mean = Segment { start: 6, len: 4, inner: 1, count: 2, kept: None };
        let segments = [kept, mean];
        let expected = vec![vec![4], vec![5], vec![0], vec![1], vec![6, 7], vec![8, 9], vec![10]];
        assert_eq!(sources(11, &segments), expected);
        let values: Vec<f64> = (0..22).map(f64::from).collect();
        let rows = along(&values, &[2, 11], 1, &segments);
        assert_eq!(rows[..7], [4.0, 5.0, 0.0, 1.0, 6.5, 8.5, 10.0]);
        assert_eq!(rows[7], 15.0);
        let columns = along(&values, &[11, 2], 0, &segments);
        assert_eq!(columns[8..12], [13.0, 14.0, 17.0, 18.0]);
    }
}
