//! A bar for work that takes longer than half a second, where a person looks on.

use crate::terminal::Terminal;
use indicatif::{ProgressBar, ProgressStyle};
use nnc_driver::Progress;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_millis(500);

/// Shows the work that goes on, if it lasts.
pub(crate) struct Bar {
    watched: bool,
    work: Mutex<Option<Work>>,
}

struct Work {
    what: String,
    start: Instant,
    total: u64,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Bar {
    pub(crate) fn new(terminal: &Terminal) -> Bar {
        Bar { watched: terminal.watched(), work: Mutex::new(None) }
    }

    fn with(&self, act: impl FnOnce(&mut Option<Work>)) {
        // A bar that was being drawn when a thread broke may be drawn on.
        act(&mut self.work.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total: u64) {
        let what = what.to_owned();
        let work = Work { what, start: Instant::now(), total, done: 0, bar: None };
        self.with(|slot| *slot = self.watched.then_some(work));
    }

    fn advance(&self, by: u64) {
        self.with(|slot| {
            let Some(work) = slot else { return };
            work.done += by;
            if work.bar.is_none() && work.start.elapsed() > PATIENCE {
                work.bar = Some(drawn(work));
            }
            if let Some(bar) = &work.bar {
                bar.set_position(work.done);
            }
        });
    }

    fn end(&self) {
        self.with(|slot| {
            if let Some(bar) = slot.take().and_then(|work| work.bar) {
                bar.finish_and_clear();
            }
        });
    }
}

fn drawn(work: &Work) -> ProgressBar {
    let bar = ProgressBar::new(work.total).with_message(work.what.clone());
    match ProgressStyle::with_template("{msg} [{bar:30}] {percent}% {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
