//! When kernels begin and end.
//!
//! Code that was compiled to be profiled tells of every launch on the thread that runs the
//! program; where nobody records ([`record`]), nothing is kept.

use std::cell::RefCell;
use std::time::{Duration, Instant};

/// One launch of a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Launch {
    /// The kernel's number, as its code says it.
    pub kernel: usize,
    /// Since the recording began.
    pub begin: Duration,
    pub end: Duration,
    /// What the kernel's code says of its work at the sizes of this launch.
    pub operations: u64,
    pub bytes: u64,
}

struct Recording {
    start: Instant,
    begin: Duration,
    launches: Vec<Launch>,
}

thread_local! {
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

/// What `run` gives, and the launches on this thread while it ran, in order. A recording in
/// another takes the launches to itself.
pub fn record<T>(run: impl FnOnce() -> T) -> (T, Vec<Launch>) {
    let recording =
        Recording { start: Instant::now(), begin: Duration::ZERO, launches: Vec::new() };
    let outer = RECORDING.replace(Some(recording));
    let result = run();
    let launches = RECORDING.replace(outer).map(|it| it.launches);
    (result, launches.unwrap_or_default())
}

/// A kernel is about to be launched.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "compiled code calls this by name")]
pub extern "C" fn nncrt_launch_begins() {
    RECORDING.with_borrow_mut(|recording| {
        if let Some(recording) = recording {
            recording.begin = recording.start.elapsed();
        }
    });
}

/// All items of the kernel that was launched last are done.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "compiled code calls this by name")]
pub extern "C" fn nncrt_launch_ends(kernel: i64, operations: i64, bytes: i64) {
    RECORDING.with_borrow_mut(|recording| {
        if let Some(Recording { start, begin, launches }) = recording {
            launches.push(Launch {
                kernel: usize::try_from(kernel).unwrap_or(usize::MAX),
                begin: *begin,
                end: start.elapsed(),
                operations: u64::try_from(operations).unwrap_or(0),
                bytes: u64::try_from(bytes).unwrap_or(0),
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{nncrt_launch_begins, nncrt_launch_ends, record};

    fn launch(kernel: i64) {
        nncrt_launch_begins();
        nncrt_launch_ends(kernel, 2 * kernel, 3 * kernel);
    }

    #[test]
    fn launches_are_kept_while_somebody_records() {
        launch(1);
        let (inner, outer) = record(|| {
            launch(2);
            let (result, inner) = record(|| {
                launch(3);
                "result"
            });
            assert_eq!(result, "result");
            launch(4);
            inner
        });
        let numbers = |launches: &[super::Launch]| {
            launches.iter().map(|it| (it.kernel, it.operations, it.bytes)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&inner), [(3, 6, 9)]);
        assert_eq!(numbers(&outer), [(2, 4, 6), (4, 8, 12)]);
        assert!(outer[0].begin <= outer[0].end && outer[0].end <= outer[1].begin);
    }
}
