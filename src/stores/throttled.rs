//! A store that is asked no faster than its endpoint can bear.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::store::{Arrival, Capabilities, ErrorKind, ObjectMeta, Put, Retrieval, Retrieve, Store, StoreError};
use crate::stores::pace::Pace;

/// Waits for a turn before each operation of the store behind it, and slows down where that was refused.
pub struct Throttled<S> {
    inner: S,
    pace: Arc<Pace>,
}

impl<S: Store> Throttled<S> {
    pub fn new(inner: S, pace: Arc<Pace>) -> Self {
        Self { inner, pace }
    }

    async fn paced<T>(&self, work: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        let _permit = self.pace.turn().await;
        let outcome = work.await;
        match &outcome {
            Err(error) if error.kind == ErrorKind::Unavailable => self.pace.slow_down(),
            _ => self.pace.speed_up(),
        }
        outcome
    }
}

#[async_trait]
impl<S: Store> Store for Throttled<S> {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        self.paced(self.inner.capabilities()).await
    }

    async fn room(&self) -> Option<u64> {
        self.inner.room().await
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        self.paced(self.inner.put(key, body, how)).await
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        self.paced(self.inner.replace(key, body, etag)).await
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        self.paced(self.inner.get(key, range)).await
    }

    async fn arrive(&self, key: &str, range: Option<Range<u64>>, arrival: &mut Arrival) -> Result<(), StoreError> {
        self.paced(self.inner.arrive(key, range, arrival)).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.paced(self.inner.head(key)).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        self.paced(self.inner.list(prefix, start_after, limit)).await
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.paced(self.inner.list_folders(prefix)).await
    }

    async fn retrieval(&self, key: &str) -> Result<Retrieval, StoreError> {
        self.paced(self.inner.retrieval(key)).await
    }

    async fn retrieve(&self, key: &str, how: Retrieve) -> Result<(), StoreError> {
        self.paced(self.inner.retrieve(key, how)).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.paced(self.inner.delete(key)).await
    }
}
