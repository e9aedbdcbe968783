//! The fork-join pool.
//!
//! A fork publishes a job and one packed word, `threads << 32 | remaining`. Whoever
//! lowers `remaining` by one with a compare-and-swap has claimed the next item, in
//! ascending order. The forking thread claims items like every worker and leaves when
//! as many items are done as the job has; it never waits for a worker that has not
//! claimed one, so that a core taken by somebody else costs parallelism and no more.
//!
//! A claim pins the job: its fields change only after every claimed item is done, so
//! they are read after the claim, without a lock. For the same reason the word needs no
//! count of jobs: a worker that slept between reading the word and claiming meets either
//! another word, or an equal one, whose claim is as good for the job that is current.
//! The thread count is in the word so that a worker cannot claim under an old count.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::thread::Thread;

/// Computes one item of a job on the thread of this number, which is below [`threads`]
/// as it was when the job began. No two items of a job run at once on one number.
pub type Body = unsafe extern "C" fn(frame: *mut u64, item: i64, thread: i64);

/// More threads than this are never used.
pub const MAX_THREADS: usize = 256;

/// Pauses before an idle worker parks: in the order of 100 µs, the gap between two
/// operations of one program and then some.
const SPINS_BEFORE_PARKING: u32 = 20_000;

/// Pauses before the forking thread gives its core away while the last items finish.
const SPINS_BEFORE_YIELDING: u32 = 20_000;

/// Runs `body(frame, item, thread)` for every item in `0..items` and returns when all
/// are done. Items start in ascending order.
///
/// A call from inside a body runs its items on the spot, under the body's thread
/// number; a call while another thread has forked runs them under number 0.
///
/// # Safety
///
/// `body` must be safe to call with `frame` for distinct items from several threads at
/// once, and must not unwind.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "compiled code calls this by name")]
pub unsafe extern "C" fn nncrt_parallel_for(body: Body, frame: *mut u64, items: i64) {
    let threads = threads();
    // SAFETY: as promised by the caller.
    unsafe {
        let alone = items <= 1 || threads == 1 || CURRENT.get().is_some();
        if alone || POOL.forked.0.swap(true, Acquire) {
            serial(body, frame, items);
        } else {
            POOL.fork(body, frame, items, threads);
            POOL.forked.0.store(false, Release);
        }
    }
}

/// The number of threads that a program started now may use: what [`set_threads`] said,
/// else the environment's `NNC_THREADS`, else one for each core of this process.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "compiled code calls this by name")]
pub extern "C" fn nncrt_threads() -> i64 {
    threads() as i64
}

/// See [`nncrt_threads`].
pub fn threads() -> usize {
    match THREADS.load(Relaxed) {
        0 => {
            let threads = default_threads();
            // Whoever was first has decided, be it by `set_threads`.
            match THREADS.compare_exchange(0, threads, Relaxed, Relaxed) {
                Ok(_) => threads,
                Err(set) => set,
            }
        }
        threads => threads,
    }
}

/// Sets the number of threads, counting the one that calls, for the jobs that start from
/// now on; at least 1 and at most [`MAX_THREADS`]. A job that is running keeps its own.
///
/// Waits while anybody holds the number (see [`hold_threads`]).
pub fn set_threads(threads: usize) {
    let _alone = HOLDERS.write().unwrap_or_else(PoisonError::into_inner);
    THREADS.store(threads.clamp(1, MAX_THREADS), Relaxed);
}

/// A number of threads that stays as it is while this lives.
///
/// Whoever runs a program holds it from laying out scratch memory, a part for each
/// thread, to the program's end. Holding it twice on one thread may wait for ever.
#[derive(Debug)]
pub struct HeldThreads {
    threads: usize,
    _reader: RwLockReadGuard<'static, ()>,
}

impl HeldThreads {
    pub fn count(&self) -> usize {
        self.threads
    }
}

/// Keeps the number of threads as it is: [`set_threads`] waits until this is dropped.
pub fn hold_threads() -> HeldThreads {
    let reader = HOLDERS.read().unwrap_or_else(PoisonError::into_inner);
    HeldThreads { threads: threads(), _reader: reader }
}

/// Read by those who need the number of threads not to change, written to change it.
static HOLDERS: RwLock<()> = RwLock::new(());

/// Calls `body(item, thread)` for every item in `0..items`, as [`nncrt_parallel_for`]
/// does. A panic in `body` ends the process.
pub fn parallel_for<F: Fn(usize, usize) + Sync>(items: usize, body: F) {
    #[expect(unsafe_code, reason = "the frame is a reference in disguise")]
    unsafe extern "C" fn call<F: Fn(usize, usize) + Sync>(frame: *mut u64, item: i64, thread: i64) {
        // SAFETY: the frame is the `body` below, which outlives the job and is `Sync`.
        let body = unsafe { &*frame.cast::<F>() };
        body(item as usize, thread as usize);
    }
    let frame = (&raw const body).cast::<u64>().cast_mut();
    let items = i64::try_from(items).unwrap_or(i64::MAX);
    // SAFETY: `call` only reads the frame, and unwinding out of it ends the process.
    #[expect(unsafe_code, reason = "the frame is a reference in disguise")]
    unsafe {
        nncrt_parallel_for(call::<F>, frame, items);
    }
}

fn default_threads() -> usize {
    let asked = std::env::var("NNC_THREADS").ok().and_then(|it| it.trim().parse().ok());
    let threads = asked
        .filter(|it| *it > 0)
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    threads.min(MAX_THREADS)
}

thread_local! {
    /// The thread number of the body that runs here.
    static CURRENT: Cell<Option<i64>> = const { Cell::new(None) };
}

/// 0 until somebody asked or set it.
static THREADS: AtomicUsize = AtomicUsize::new(0);

static POOL: Pool = Pool {
    word: Line(AtomicU64::new(0)),
    done: Line(AtomicU32::new(0)),
    forked: Line(AtomicBool::new(false)),
    body: AtomicPtr::new(std::ptr::null_mut()),
    frame: AtomicPtr::new(std::ptr::null_mut()),
    first: AtomicI64::new(0),
    items: AtomicU32::new(0),
    workers: [const { Worker { parked: AtomicBool::new(false), thread: OnceLock::new() } };
        MAX_THREADS],
};

/// Two cache lines, since they are fetched in pairs.
#[repr(align(128))]
struct Line<T>(T);

struct Pool {
    /// `threads << 32 | items not yet claimed`
    word: Line<AtomicU64>,
    /// Items of the current job that are finished.
    done: Line<AtomicU32>,
    /// Whether a job is running.
    forked: Line<AtomicBool>,
    // The job, read after a claim.
    body: AtomicPtr<c_void>,
    frame: AtomicPtr<u64>,
    /// Its first item.
    first: AtomicI64,
    /// Its number of items.
    items: AtomicU32,
    /// By thread number; number 0 is whoever forks.
    workers: [Worker; MAX_THREADS],
}

#[repr(align(128))]
struct Worker {
    parked: AtomicBool,
    /// Absent until a job wanted this worker.
    thread: OnceLock<Thread>,
}

#[expect(unsafe_code, reason = "a job is two pointers")]
unsafe fn serial(body: Body, frame: *mut u64, items: i64) {
    let outer = CURRENT.get();
    let thread = outer.unwrap_or(0);
    CURRENT.set(Some(thread));
    for item in 0..items {
        // SAFETY: as promised by the caller of `nncrt_parallel_for`.
        unsafe { body(frame, item, thread) };
    }
    CURRENT.set(outer);
}

impl Pool {
    /// Runs a job; the caller has set `forked`.
    #[expect(unsafe_code, reason = "a job is two pointers")]
    unsafe fn fork(&'static self, body: Body, frame: *mut u64, items: i64, threads: usize) {
        self.start_workers(threads);
        self.body.store(body as *mut c_void, Relaxed);
        self.frame.store(frame, Relaxed);
        let mut first = 0;
        while first < items {
            let round = u32::try_from(items - first).unwrap_or(u32::MAX);
            self.first.store(first, Relaxed);
            self.items.store(round, Relaxed);
            self.done.0.store(0, Relaxed);
            // Sequentially consistent, as is a worker's mark that it parks: either it
            // sees this word, or we see the mark.
            self.word.0.store(((threads as u64) << 32) | u64::from(round), SeqCst);
            self.wake(threads.min(round as usize));
            self.claim_items(0);
            self.wait_for(round);
            first += i64::from(round);
        }
    }

    fn start_workers(&'static self, threads: usize) {
        for (number, worker) in self.workers.iter().enumerate().take(threads).skip(1) {
            if worker.thread.get().is_some() {
                continue;
            }
            let run = move || self.run_worker(number);
            let name = format!("nnc-{number}");
            // No thread to be had is no failure: the others take its items.
            if let Ok(handle) = std::thread::Builder::new().name(name).spawn(run) {
                worker.thread.get_or_init(|| handle.thread().clone());
            }
        }
    }

    fn wake(&self, threads: usize) {
        for worker in self.workers.iter().take(threads).skip(1) {
            if worker.parked.load(SeqCst)
                && let Some(thread) = worker.thread.get()
            {
                thread.unpark();
            }
        }
    }

    fn wait_for(&self, items: u32) {
        let mut spins = 0;
        while self.done.0.load(Acquire) != items {
            spins += 1;
            if spins < SPINS_BEFORE_YIELDING {
                std::hint::spin_loop();
            } else {
                // The worker that has the item may want this very core.
                std::thread::yield_now();
            }
        }
    }

    fn run_worker(&self, number: usize) {
        let Some(worker) = self.workers.get(number) else { return };
        let mut spins = 0;
        loop {
            if has_work(self.word.0.load(Relaxed), number) {
                self.claim_items(number);
                spins = 0;
            } else if spins < SPINS_BEFORE_PARKING {
                spins += 1;
                std::hint::spin_loop();
            } else {
                worker.parked.store(true, SeqCst);
                if !has_work(self.word.0.load(SeqCst), number) {
                    std::thread::park();
                }
                worker.parked.store(false, SeqCst);
                spins = 0;
            }
        }
    }

    /// Claims and runs items until none is left for this thread.
    fn claim_items(&self, number: usize) {
        CURRENT.set(Some(number as i64));
        let mut word = self.word.0.load(Relaxed);
        while has_work(word, number) {
            if let Err(newer) = self.word.0.compare_exchange_weak(word, word - 1, AcqRel, Relaxed) {
                word = newer;
                continue;
            }
            let position = self.items.load(Relaxed) - remaining(word);
            let item = self.first.load(Relaxed) + i64::from(position);
            // SAFETY: `fork` stored a `Body` before the word that was claimed from, and
            // the claim pins it. The call is as promised to `nncrt_parallel_for`.
            #[expect(unsafe_code, reason = "a job is two pointers")]
            unsafe {
                let body = std::mem::transmute::<*mut c_void, Body>(self.body.load(Relaxed));
                body(self.frame.load(Relaxed), item, number as i64);
            }
            self.done.0.fetch_add(1, Release);
            word = self.word.0.load(Relaxed);
        }
        CURRENT.set(None);
    }
}

/// Items not yet claimed: the low half.
fn remaining(word: u64) -> u32 {
    word as u32
}

fn has_work(word: u64, number: usize) -> bool {
    remaining(word) != 0 && (number as u64) < word >> 32
}

#[cfg(test)]
mod tests;
