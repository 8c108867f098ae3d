//! How far a job is: counters that anybody may read while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one job. They only grow.
#[derive(Debug, Default)]
pub struct Progress {
    entries: AtomicU64,
    bytes: AtomicU64,
    moved: AtomicU64,
}

impl Progress {
    pub fn add_entries(&self, count: u64) {
        self.entries.fetch_add(count, Ordering::Relaxed);
    }

    /// Plain bytes of files that were read, checked or written.
    pub fn add_bytes(&self, count: u64) {
        self.bytes.fetch_add(count, Ordering::Relaxed);
    }

    /// Bytes that went to or came from the store.
    pub fn add_moved(&self, count: u64) {
        self.moved.fetch_add(count, Ordering::Relaxed);
    }

    /// Entries, plain bytes, bytes moved.
    pub fn seen(&self) -> (u64, u64, u64) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (get(&self.entries), get(&self.bytes), get(&self.moved))
    }
}
