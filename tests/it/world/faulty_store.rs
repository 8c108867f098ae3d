//! A store whose answers go wrong by the dice of a seed: errors before and after the deed, slowness, cut bytes, stale listings.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bdr::store::{Capabilities, ErrorKind, ObjectMeta, Put, Retry, Store, StoreError};
use bytes::Bytes;

/// Of a hundred calls, how many go wrong in each way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Odds {
    /// An error, nothing done.
    pub refused: u8,
    /// Done, and an error all the same.
    pub unanswered: u8,
    pub slow: u8,
    /// Fewer bytes than the object has, and no error.
    pub cut: u8,
    /// One bit of the answer is another.
    pub flipped: u8,
    /// Listings without some of what is there.
    pub stale: u8,
}

pub struct FaultyStore {
    pub inner: Arc<dyn Store>,
    pub odds: Odds,
    dice: Mutex<fastrand::Rng>,
}

impl FaultyStore {
    pub fn new(inner: Arc<dyn Store>, odds: Odds, seed: u64) -> Self {
        Self { inner, odds, dice: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }

    fn hit(&self, of_hundred: u8) -> bool {
        self.dice.lock().unwrap().u8(0..100) < of_hundred
    }

    fn dice(&self, below: usize) -> usize {
        self.dice.lock().unwrap().usize(0..below.max(1))
    }

    async fn before(&self, operation: &'static str, key: &str) -> Result<(), StoreError> {
        if self.hit(self.odds.slow) {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        if self.hit(self.odds.refused) { Err(failed(operation, key, Retry::Later)) } else { Ok(()) }
    }

    fn after(&self, operation: &'static str, key: &str) -> Result<(), StoreError> {
        if self.hit(self.odds.unanswered) { Err(failed(operation, key, Retry::Unknown)) } else { Ok(()) }
    }

    fn mangled(&self, body: Bytes) -> Bytes {
        if !body.is_empty() && self.hit(self.odds.cut) {
            return body.slice(..self.dice(body.len()));
        }
        if !body.is_empty() && self.hit(self.odds.flipped) {
            let mut bytes = body.to_vec();
            let at = self.dice(bytes.len());
            bytes[at] ^= 1 << self.dice(8);
            return bytes.into();
        }
        body
    }
}

fn failed(operation: &'static str, key: &str, retry: Retry) -> StoreError {
    StoreError::new(operation, key, ErrorKind::Unavailable, retry, "the dice said so")
}

#[async_trait]
impl Store for FaultyStore {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        self.before("probe", "").await?;
        self.inner.capabilities().await
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        self.before("write", key).await?;
        let etag = self.inner.put(key, body, how).await?;
        self.after("write", key)?;
        Ok(etag)
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        self.before("replace", key).await?;
        let etag = self.inner.replace(key, body, etag).await?;
        self.after("replace", key)?;
        Ok(etag)
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        self.before("read", key).await?;
        Ok(self.mangled(self.inner.get(key, range).await?))
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.before("look at", key).await?;
        self.inner.head(key).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        self.before("list", prefix).await?;
        let mut found = self.inner.list(prefix, start_after, limit).await?;
        if self.hit(self.odds.stale) {
            found.retain(|_| self.hit(70));
        }
        Ok(found)
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.before("list", prefix).await?;
        self.inner.list_folders(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.before("delete", key).await?;
        self.inner.delete(key).await?;
        self.after("delete", key)
    }
}
