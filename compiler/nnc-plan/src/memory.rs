//! Places buffers in one arena.
//!
//! Greedy by size: the largest buffer first, each at the lowest offset where it
//! overlaps no buffer that lives at the same time (Pisarchyk and Lee, "Efficient
//! Memory Management for Deep Neural Net Inference", section 5.2).

/// A request for memory from one step to another, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    pub(crate) bytes: u64,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Offsets for the requests in order, how many bytes they span, and the greatest
/// sum that lives at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Placement {
    pub(crate) offsets: Vec<u64>,
    pub(crate) bytes: u64,
    pub(crate) lower_bound: u64,
}

const ALIGNMENT: u64 = 64;

pub(crate) fn place(requests: &[Request]) -> Placement {
    let size = |at: usize| requests[at].bytes.next_multiple_of(ALIGNMENT);
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|&at| (std::cmp::Reverse(size(at)), at));
    let mut offsets = vec![0; requests.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut bytes = 0;
    for &at in &order {
        let mut taken: Vec<(u64, u64)> = placed
            .iter()
            .filter(|&&other| overlap(&requests[at], &requests[other]))
            .map(|&other| (offsets[other], offsets[other] + size(other)))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if offset + size(at) <= start {
                break;
            }
            offset = offset.max(end);
        }
        offsets[at] = offset;
        bytes = bytes.max(offset + size(at));
        placed.push(at);
    }
    let steps = requests.iter().map(|it| it.last + 1).max().unwrap_or(0);
    let mut live = vec![0i128; steps + 1];
    for (at, request) in requests.iter().enumerate() {
        live[request.first] += i128::from(size(at));
        live[request.last + 1] -= i128::from(size(at));
    }
    let lower_bound = live
        .iter()
        .scan(0, |sum, change| {
            *sum += change;
            Some(*sum)
        })
        .max()
        .unwrap_or(0) as u64;
    Placement { offsets, bytes, lower_bound }
}

fn overlap(left: &Request, right: &Request) -> bool {
    left.first <= right.last && right.first <= left.last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: u64, first: usize, last: usize) -> Request {
        Request { bytes, first, last }
    }

    #[test]
    fn buffers_that_never_live_together_share_memory() {
        let placement = place(&[request(640, 0, 1), request(128, 1, 2), request(640, 2, 3)]);
        assert_eq!(placement.offsets, [0, 640, 0]);
        assert_eq!((placement.bytes, placement.lower_bound), (768, 768));
    }

    #[test]
    fn live_buffers_never_overlap() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        for _ in 0..200 {
            let requests: Vec<Request> = (0..30)
                .map(|_| {
                    let first = next(20) as usize;
                    request(next(5000) + 1, first, first + next(6) as usize)
                })
                .collect();
            let placement = place(&requests);
            assert!(placement.bytes >= placement.lower_bound);
            for (i, a) in requests.iter().enumerate() {
                for (j, b) in requests.iter().enumerate().skip(i + 1) {
                    let apart = placement.offsets[i] + a.bytes <= placement.offsets[j]
                        || placement.offsets[j] + b.bytes <= placement.offsets[i];
                    assert!(apart || !overlap(a, b), "{a:?} and {b:?} overlap");
                }
            }
        }
    }
}
