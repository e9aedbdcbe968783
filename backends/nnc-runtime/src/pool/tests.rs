use super::*;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The number of threads belongs to the process; tests that set it take turns.
static TURN: Mutex<()> = Mutex::new(());

fn with_threads(threads: usize, check: impl FnOnce()) {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    set_threads(threads);
    check();
}

/// Runs a job and returns how often each item ran.
fn counts(items: usize) -> Vec<u32> {
    let counts: Vec<AtomicU32> = (0..items).map(|_| AtomicU32::new(0)).collect();
    let threads = threads();
    parallel_for(items, |item, thread| {
        assert!(thread < threads, "thread {thread} of {threads}");
        counts[item].fetch_add(1, Relaxed);
    });
    counts.into_iter().map(AtomicU32::into_inner).collect()
}

#[test]
fn every_item_runs_once() {
    for threads in [1, 2, 3, 4, 9] {
        with_threads(threads, || {
            for items in [0, 1, 2, 3, 7, 64, 1000] {
                assert_eq!(counts(items), vec![1; items], "{threads} threads, {items} items");
            }
        });
    }
}

#[test]
fn a_negative_number_of_items_is_none() {
    #[expect(unsafe_code, reason = "the interface of compiled code")]
    unsafe extern "C" fn never(_frame: *mut u64, _item: i64, _thread: i64) {
        std::process::abort();
    }
    with_threads(2, || {
        // SAFETY: the body uses no frame.
        #[expect(unsafe_code, reason = "the interface of compiled code")]
        unsafe {
            nncrt_parallel_for(never, std::ptr::null_mut(), -3);
        }
    });
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let compute = || {
        let out: Vec<AtomicU64> = (0..257).map(|_| AtomicU64::new(0)).collect();
        parallel_for(out.len(), |item, _| {
            let sum = (0..200).fold(item as f64, |sum, k| (sum + f64::from(k)).sin());
            out[item].store(sum.to_bits(), Relaxed);
        });
        out.into_iter().map(AtomicU64::into_inner).collect::<Vec<_>>()
    };
    let mut results = Vec::new();
    for threads in 1..=4 {
        with_threads(threads, || results.push(compute()));
    }
    assert!(results.iter().all(|it| *it == results[0]));
}

#[test]
fn items_start_in_ascending_order() {
    with_threads(1, || {
        let order = Mutex::new(Vec::new());
        parallel_for(20, |item, _| order.lock().unwrap().push(item));
        assert_eq!(order.into_inner().unwrap(), (0..20).collect::<Vec<_>>());
    });
    with_threads(3, || {
        // On each thread the items ascend.
        let last: Vec<AtomicI64> = (0..3).map(|_| AtomicI64::new(-1)).collect();
        parallel_for(500, |item, thread| {
            let before = last[thread].swap(item as i64, Relaxed);
            assert!(before < item as i64);
        });
    });
}

#[test]
fn a_nested_call_runs_on_its_thread() {
    for threads in 1..=4 {
        with_threads(threads, || {
            let total = AtomicUsize::new(0);
            parallel_for(13, |_, outer| {
                parallel_for(11, |_, inner| {
                    assert_eq!(outer, inner);
                    parallel_for(2, |_, innermost| assert_eq!(outer, innermost));
                    total.fetch_add(1, Relaxed);
                });
            });
            assert_eq!(total.into_inner(), 13 * 11);
        });
    }
}

#[test]
fn a_thread_number_is_used_by_one_item_at_a_time() {
    with_threads(4, || {
        let used: Vec<AtomicBool> = (0..4).map(|_| AtomicBool::new(false)).collect();
        for _ in 0..200 {
            parallel_for(40, |_, thread| {
                assert!(!used[thread].swap(true, SeqCst));
                std::hint::spin_loop();
                used[thread].store(false, SeqCst);
            });
        }
    });
}

#[test]
fn the_number_of_threads_grows_and_shrinks() {
    with_threads(1, || {
        for threads in [5, 2, 1, 3, 8, 1, 8, 2] {
            set_threads(threads);
            assert_eq!(super::threads(), threads);
            assert_eq!(counts(300), vec![1; 300]);
        }
        set_threads(0);
        assert_eq!(super::threads(), 1);
        set_threads(usize::MAX);
        assert_eq!(super::threads(), MAX_THREADS);
    });
}

#[test]
fn several_threads_may_call_while_the_number_changes() {
    with_threads(3, || {
        let until = Instant::now() + Duration::from_millis(700);
        std::thread::scope(|scope| {
            for caller in 0..4 {
                scope.spawn(move || {
                    let mut items = caller;
                    while Instant::now() < until {
                        items = (items * 7 + 3) % 61;
                        let counts: Vec<_> = (0..items).map(|_| AtomicU32::new(0)).collect();
                        parallel_for(items, |item, _| {
                            counts[item].fetch_add(1, Relaxed);
                        });
                        assert!(counts.iter().all(|it| it.load(Relaxed) == 1));
                    }
                });
            }
            let mut threads = 1;
            while Instant::now() < until {
                threads = threads % 6 + 1;
                set_threads(threads);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    });
}

#[test]
fn parked_workers_wake_up_again() {
    with_threads(3, || {
        let until = Instant::now() + Duration::from_millis(500);
        let mut rounds = 0;
        while Instant::now() < until {
            assert_eq!(counts(5), vec![1; 5]);
            // Around the time after which workers park.
            std::thread::sleep(Duration::from_micros(rounds * 37 % 900));
            rounds += 1;
        }
    });
}

#[test]
fn far_more_threads_than_cores_do_no_harm() {
    with_threads(32, || {
        let until = Instant::now() + Duration::from_millis(800);
        while Instant::now() < until {
            assert_eq!(counts(100), vec![1; 100]);
        }
    });
}
