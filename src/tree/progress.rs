//! How far a job is: counters that anybody may read while it runs, and the wish that it stop.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::tree::TreeError;

/// Counters of one job. They only grow.
#[derive(Debug, Default)]
pub struct Progress {
    entries: AtomicU64,
    bytes: AtomicU64,
    moved: AtomicU64,
    stopped: AtomicBool,
    total: OnceLock<(Total, Instant)>,
}

/// How much there is to do in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Plain bytes of files.
    Bytes(u64),
    /// As many as another backup held, more or less.
    About(u64),
    /// Bytes that come from the store.
    Moved(u64),
}

impl Progress {
    pub fn add_entries(&self, count: u64) {
        self.entries.fetch_add(count, Ordering::Relaxed);
    }

    /// Plain bytes of files that were read, checked or written, or found to be there already.
    pub fn add_bytes(&self, count: u64) {
        self.bytes.fetch_add(count, Ordering::Relaxed);
    }

    /// Bytes that went to or came from the store.
    pub fn add_moved(&self, count: u64) {
        self.moved.fetch_add(count, Ordering::Relaxed);
    }

    /// Asks the job to end where nothing is half done. It then fails with [`TreeError::Stopped`], unless it was done already.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Asked by every part of a job between two things that it does.
    ///
    /// # Errors
    /// [`TreeError::Stopped`] once the job was asked to stop.
    pub fn go_on(&self) -> Result<(), TreeError> {
        if self.is_stopped() { Err(TreeError::Stopped) } else { Ok(()) }
    }

    /// From now on it is known how much there is to do.
    pub fn expect(&self, total: Total) {
        _ = self.total.set((total, Instant::now()));
    }

    /// How much there is to do, and since when that is known.
    pub fn total(&self) -> Option<(Total, Instant)> {
        self.total.get().copied()
    }

    /// Entries, plain bytes, bytes moved.
    pub fn seen(&self) -> (u64, u64, u64) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (get(&self.entries), get(&self.bytes), get(&self.moved))
    }
}
