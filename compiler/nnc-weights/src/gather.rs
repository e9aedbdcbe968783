//! Copying elements from where they lie to where they belong in row-major order, and
//! back.

/// Elements picked out of a row-major sequence: axes in order, each with its size and
/// with the distance of neighbours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct View {
    pub(crate) base: u64,
    pub(crate) axes: Vec<(u64, u64)>,
}

impl View {
    /// Axes of size 1 left out, and axes joined that one step runs through.
    pub(crate) fn simplified(&self) -> View {
        let mut axes: Vec<(u64, u64)> = Vec::new();
        for (size, stride) in self.axes.iter().copied().filter(|(size, _)| *size != 1) {
            match axes.last_mut() {
                Some(last) if last.1 == size * stride => *last = (last.0 * size, stride),
                _ => axes.push((size, stride)),
            }
        }
        View { base: self.base, axes }
    }

    pub(crate) fn len(&self) -> u64 {
        self.axes.iter().map(|(size, _)| size).product()
    }

    /// The first element, if the elements follow each other without a gap.
    pub(crate) fn run(&self) -> Option<u64> {
        match self.simplified().axes.as_slice() {
            [] | [(_, 1)] => Some(self.base),
            _ => None,
        }
    }

    /// Copies elements `start ..` of the view, as many as fill `out`.
    pub(crate) fn gather(&self, source: &[u8], size: usize, start: u64, out: &mut [u8]) {
        let view = self.simplified();
        let mut at = 0;
        let count = (out.len() / size) as u64;
        view.runs(start, count, &mut |from, length, stride| {
            let bytes = length as usize * size;
            let target = &mut out[at..at + bytes];
            let source = &source[from as usize * size..];
            if stride == 1 {
                target.copy_from_slice(&source[..bytes]);
            } else {
                let step = stride as usize * size;
                match size {
                    1 => pick::<1>(source, step, target),
                    2 => pick::<2>(source, step, target),
                    4 => pick::<4>(source, step, target),
                    8 => pick::<8>(source, step, target),
                    _ => {
                        for (i, target) in target.chunks_exact_mut(size).enumerate() {
                            target.copy_from_slice(&source[i * step..i * step + size]);
                        }
                    }
                }
            }
            at += bytes;
        });
    }

    /// Writes `source`, which is row-major and whole, to where the view says.
    pub(crate) fn scatter(&self, source: &[u8], size: usize, out: &mut [u8]) {
        let view = self.simplified();
        let mut at = 0;
        view.runs(0, view.len(), &mut |from, length, stride| {
            for i in 0..length {
                let target = (from + i * stride) as usize * size;
                out[target..target + size].copy_from_slice(&source[at..at + size]);
                at += size;
            }
        });
    }

    /// The elements `start .. start + count` as runs along the last axis: the first
    /// element, how many, and their distance.
    fn runs(&self, start: u64, count: u64, each: &mut dyn FnMut(u64, u64, u64)) {
        if count == 0 {
            return;
        }
        let Some((&(length, stride), outer)) = self.axes.split_last() else {
            each(self.base, 1, 1);
            return;
        };
        let mut index = vec![0; outer.len()];
        let mut row = start / length;
        let mut from = self.base;
        for (at, (size, stride)) in index.iter_mut().zip(outer).rev() {
            *at = row % size;
            row /= size;
            from += *at * stride;
        }
        let mut skip = start % length;
        let mut left = count;
        loop {
            let run = (length - skip).min(left);
            each(from + skip * stride, run, stride);
            left -= run;
            skip = 0;
            if left == 0 {
                return;
            }
            for (at, (size, stride)) in index.iter_mut().zip(outer).rev() {
                *at += 1;
                from += stride;
                if *at < *size {
                    break;
                }
                from -= *at * stride;
                *at = 0;
            }
        }
    }
}

fn pick<const SIZE: usize>(source: &[u8], step: usize, target: &mut [u8]) {
    for (i, target) in target.chunks_exact_mut(SIZE).enumerate() {
        target.copy_from_slice(&source[i * step..i * step + SIZE]);
    }
}

#[cfg(test)]
mod tests {
    use super::View;

    #[test]
    fn a_transpose_is_gathered_and_scattered_back() {
        let source: Vec<u8> = (0..24).collect();
        let view = View { base: 0, axes: vec![(3, 1), (2, 12), (4, 3)] };
        let mut ours = vec![0; 24];
        view.gather(&source, 1, 0, &mut ours);
        assert_eq!(&ours[..8], [0, 3, 6, 9, 12, 15, 18, 21]);
        let mut back = vec![0; 24];
        view.scatter(&ours, 1, &mut back);
        assert_eq!(back, source);
    }

    #[test]
    fn a_part_is_the_part_of_the_whole() {
        let source: Vec<u8> = (0..48).collect();
        let view = View { base: 1, axes: vec![(3, 1), (2, 12), (1, 99), (3, 4)] };
        let mut whole = vec![0; 18 * 2];
        view.gather(&source, 2, 0, &mut whole);
        for start in 0..18 {
            for count in 0..18 - start {
                let mut part = vec![0; count * 2];
                view.gather(&source, 2, start as u64, &mut part);
                assert_eq!(part, whole[start * 2..(start + count) * 2]);
            }
        }
    }

    #[test]
    fn runs_are_found() {
        let run = |axes: &[(u64, u64)]| View { base: 5, axes: axes.to_vec() }.run();
        assert_eq!(run(&[]), Some(5));
        assert_eq!(run(&[(2, 12), (3, 4), (1, 7), (4, 1)]), Some(5));
        assert_eq!(run(&[(2, 13), (3, 4), (4, 1)]), None);
        assert_eq!(run(&[(2, 1), (3, 2)]), None);
    }
}
