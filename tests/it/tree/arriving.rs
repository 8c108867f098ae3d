//! Bytes count as moved as they come, not once the last of them is there.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bdr::store::{Arrival, Capabilities, ObjectMeta, Put, Store, StoreError};
use bdr::tree::{Progress, Read, Restore, Shelf, restore, verify};
use bytes::Bytes;

use super::grow::{Garden, series};

/// A store whose packs come in two pieces, and which notes what a job has counted between them.
struct InPieces {
    inner: Arc<dyn Store>,
    job: Mutex<Arc<Progress>>,
    least: AtomicU64,
}

#[async_trait]
impl Store for InPieces {
    async fn arrive(&self, key: &str, range: Option<Range<u64>>, arrival: &mut Arrival) -> Result<(), StoreError> {
        let body = self.inner.get(key, range).await?;
        let (first, second) = body.split_at(body.len() / 2);
        arrival.add(first);
        self.least.fetch_min(self.job.lock().unwrap().seen().2, Ordering::Relaxed);
        arrival.add(second);
        Ok(())
    }

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

#[test]
fn a_restore_and_a_verification_count_what_comes_while_it_comes() {
    let garden = Garden::new();
    let mut noise = vec![0; 100_000];
    fastrand::Rng::with_seed(3).fill(&mut noise);
    std::fs::write(garden.source().join("file"), noise).expect("write");
    let manifest = garden.backup(None).expect("backup");
    let job = || {
        let progress = Arc::new(Progress::default());
        let (inner, job) = (Arc::clone(&garden.store), Mutex::new(Arc::clone(&progress)));
        let store = Arc::new(InPieces { inner, job, least: AtomicU64::new(u64::MAX) });
        (Shelf::new(Arc::clone(&store) as _, series()), store, progress)
    };
    let counted = |store: &InPieces, progress: &Progress| {
        let half_way = store.least.load(Ordering::Relaxed);
        assert!((40_000..80_000).contains(&half_way), "{half_way} bytes were counted half way");
        assert!(progress.seen().2 >= 100_000);
    };
    let (shelf, store, progress) = job();
    let restored = Restore { shelf, manifest, paths: Default::default(), compare: false, threads: 1, each: None };
    let ended = garden.runtime.block_on(restore(restored, garden.destination(false), Arc::clone(&progress))).expect("restored");
    assert_eq!((ended.files, ended.failed), (1, 0));
    counted(&store, &progress);

    let (shelf, store, progress) = job();
    let verified = garden.runtime.block_on(async {
        let known = shelf.known().await.expect("known");
        verify(&shelf, &known, Read::All, jiff::Timestamp::now(), Arc::clone(&progress)).await.expect("verified")
    });
    assert!(verified.is_good());
    counted(&store, &progress);
}
