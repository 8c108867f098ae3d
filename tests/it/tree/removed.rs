//! A prune that removes a backup while a restore reads it: the restore says so, or it has everything already.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bdr::catalog::manifest::Manifest;
use bdr::store::{Capabilities, ObjectMeta, Put, Store, StoreError};
use bdr::tree::{Progress, PrunePlan, Shelf, TreeError};
use bytes::Bytes;

use super::compare::assert_same;
use super::grow::{Garden, series};

/// Prunes a backup before its so manieth read.
struct Pruning {
    inner: Arc<dyn Store>,
    backup: Manifest,
    reads: AtomicU64,
    at: u64,
}

#[async_trait]
impl Store for Pruning {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        self.inner.capabilities().await
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        self.inner.put(key, body, how).await
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        self.inner.replace(key, body, etag).await
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        if self.reads.fetch_add(1, Ordering::SeqCst) == self.at {
            let shelf = Shelf::new(Arc::clone(&self.inner), series());
            let goes = vec![self.backup.clone()];
            let plan = PrunePlan {
                decisions: Vec::new(),
                goes,
                orphans: Vec::new(),
                damaged: Vec::new(),
                slots: bdr::slots::Old::default(),
            };
            let pruned = shelf.prune(&plan, jiff::Timestamp::now(), &Progress::default()).await.expect("prune");
            assert_eq!(pruned.backups, 1);
        }
        self.inner.get(key, range).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.inner.head(key).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        self.inner.list(prefix, start_after, limit).await
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list_folders(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }
}

/// Restores while the backup is removed before the read of the given number; whether the restore ended well.
fn ends_well(at: u64) -> bool {
    let mut garden = Garden::new();
    let mut bytes = vec![0; 9 << 20];
    fastrand::Rng::with_seed(7).fill(&mut bytes);
    for (name, part) in bytes.chunks(3 << 20).enumerate() {
        std::fs::write(garden.source().join(name.to_string()), part).expect("write");
    }
    let backup = garden.backup(None).expect("backup");
    let inner = Arc::clone(&garden.store);
    garden.store = Arc::new(Pruning { inner, backup: backup.clone(), reads: AtomicU64::new(0), at });
    match garden.restore(&backup, &[], false) {
        Ok(restored) => {
            assert_eq!((restored.failed, restored.files), (0, 3), "before read {at}");
            assert_same(&garden.source(), &garden.target());
            true
        }
        Err(error) => {
            assert!(matches!(error, TreeError::Removed { .. }), "before read {at}: {error}");
            false
        }
    }
}

#[test]
fn a_restore_says_that_its_backup_was_removed_meanwhile() {
    let first_good = (0..40).find(|at| ends_well(*at)).expect("an end");
    assert!(first_good > 3, "the table, the index and packs were read before: {first_good}");
}
