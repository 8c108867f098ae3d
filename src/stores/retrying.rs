//! A store that tries again where that is safe, and finds out what happened where it is not known.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::store::{
    Arrival, Capabilities, ErrorKind, NO_CONNECTION, ObjectMeta, Put, Retrieval, Retrieve, Retry, Store, StoreError,
};
use crate::stores::backoff::{Backoff, Patience};
use crate::stores::s3::Connection;
use crate::stores::waiting::{self, Waiting};

/// Operations that this process began on stores, repetitions aside.
static OPERATIONS: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());

/// How many operations of each name this process began on stores, repetitions aside: what `--log debug` tells.
pub fn operations() -> BTreeMap<&'static str, u64> {
    OPERATIONS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn began(operation: &'static str) {
    *OPERATIONS.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_insert(0) += 1;
}

/// Bytes that make an attempt worth another one, however many there were before.
const WORTHWHILE: u64 = 64 << 10;

/// Repeats what failed for a passing reason. Reads, removals and plain writes mean the same however often they are done.
/// A conditional write whose outcome is unknown is looked up: the object that lies there is either the one that this caller
/// wrote (equal bytes; callers that race must write bytes of their own) or somebody else's.
///
/// Where it is known over which connection the store is reached, what nobody ever heard of is given up soon, and what was just given up
/// is asked once: else each of the many operations of a command would wait for a dead endpoint again.
pub struct Retrying<S> {
    inner: S,
    patience: Patience,
    connection: Option<Arc<Connection>>,
}

impl<S: Store> Retrying<S> {
    pub fn new(inner: S, patience: Patience) -> Self {
        Self { inner, patience, connection: None }
    }

    /// The same for a store that is reached over this connection.
    #[must_use]
    pub fn over(self, connection: Arc<Connection>) -> Self {
        Self { connection: Some(connection), ..self }
    }

    fn backoff(&self) -> Backoff {
        let asked = |connection: &Arc<Connection>| match (connection.is_down(), connection.has_answered()) {
            (true, _) => Patience { attempts: 1, ..self.patience },
            (false, true) => self.patience,
            (false, false) => self.patience.at_most(Patience::PERSON),
        };
        Backoff::new(self.connection.as_ref().map_or(self.patience, asked))
    }

    /// Waits before the next attempt, or notes that the endpoint does not answer.
    async fn pause(&self, backoff: &mut Backoff, error: StoreError) -> Result<(), StoreError> {
        let Some(connection) = &self.connection else { return pause(backoff, error).await };
        if connection.is_closed() {
            return Err(error);
        }
        let unsent = error.reason.starts_with(NO_CONNECTION);
        let is_slow =
            !unsent && error.kind == ErrorKind::Unavailable && error.retry == Retry::Later && connection.pace.is_moving();
        if let Some(wait) = is_slow.then(|| backoff.next_turn()).flatten() {
            tokio::time::sleep(wait).await;
            return Ok(());
        }
        let paused = pause(backoff, error).await;
        if paused.is_err() && (unsent || connection.is_silent()) {
            connection.note_down(true);
        }
        paused
    }

    /// Who waits is told of a folder as of an endpoint, which its connection notes itself.
    fn waiting(&self) -> Option<Waiting> {
        self.connection.is_none().then(|| waiting::begin(self.inner.describe()))
    }

    fn answers(&self) {
        self.connection.iter().filter(|connection| connection.is_down()).for_each(|connection| connection.note_down(false));
    }

    async fn repeat<T, F: Future<Output = Result<T, StoreError>> + Send>(
        &self,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, StoreError> {
        let _told = self.waiting();
        let mut backoff = self.backoff();
        loop {
            let error = match attempt().await {
                Err(error) if error.retry != Retry::Never => error,
                outcome => {
                    self.answers();
                    return outcome;
                }
            };
            self.pause(&mut backoff, error).await?;
        }
    }

    /// The ETag of the object at `key` where its bytes are `body`; `None` where it is another one or there is none.
    async fn landed(&self, key: &str, body: &Bytes) -> Result<Option<String>, StoreError> {
        let meta = match self.repeat(|| self.inner.head(key)).await {
            Ok(meta) if meta.size == body.len() as u64 => meta,
            Ok(_) => return Ok(None),
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match self.repeat(|| self.inner.get(key, None)).await {
            Ok(there) => Ok((there == body).then_some(meta.etag)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A conditional write, by `attempt`. Once one attempt ended unknown, a later `Exists` may mean our own earlier write.
    async fn settle<F: Future<Output = Result<String, StoreError>> + Send>(
        &self,
        key: &str,
        body: &Bytes,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<String, StoreError> {
        let _told = self.waiting();
        let mut backoff = self.backoff();
        let mut doubtful = false;
        loop {
            let error = match attempt().await {
                Err(error) if error.kind == ErrorKind::Exists && doubtful => {
                    return self.landed(key, body).await?.ok_or(error);
                }
                Err(error) if error.retry != Retry::Never => error,
                outcome => {
                    self.answers();
                    return outcome;
                }
            };
            doubtful |= error.retry == Retry::Unknown;
            let retry = if doubtful { Retry::Unknown } else { error.retry };
            self.pause(&mut backoff, StoreError { retry, ..error }).await?;
        }
    }
}

/// Waits before the next attempt, or hands the error back where there is none, saying how often it was tried.
async fn pause(backoff: &mut Backoff, error: StoreError) -> Result<(), StoreError> {
    let Some(wait) = backoff.next_wait() else {
        let reason = match backoff.failures() {
            1 => error.reason,
            failures => format!("{} (tried {failures} times)", error.reason),
        };
        return Err(StoreError { reason, ..error });
    };
    tokio::time::sleep(wait).await;
    Ok(())
}

#[async_trait]
impl<S: Store> Store for Retrying<S> {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn room(&self) -> Option<u64> {
        self.inner.room().await
    }

    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        began("probe");
        self.repeat(|| self.inner.capabilities()).await
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        began("write");
        if how.if_absent {
            self.settle(key, &body, || self.inner.put(key, body.clone(), how)).await
        } else {
            self.repeat(|| self.inner.put(key, body.clone(), how)).await
        }
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        began("replace");
        self.settle(key, &body, || self.inner.replace(key, body.clone(), etag)).await
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        let mut arrival = Arrival::default();
        self.arrive(key, range, &mut arrival).await?;
        Ok(arrival.into_bytes())
    }

    /// What is cut off again and again comes to its end as long as each attempt brings some of it.
    async fn arrive(&self, key: &str, range: Option<Range<u64>>, arrival: &mut Arrival) -> Result<(), StoreError> {
        began("read");
        let mut backoff = self.backoff();
        loop {
            let before = arrival.len();
            let error = match self.inner.arrive(key, range.clone(), arrival).await {
                Err(error) if error.retry != Retry::Never => error,
                outcome => {
                    self.answers();
                    return outcome;
                }
            };
            if arrival.len() >= before + WORTHWHILE {
                backoff = self.backoff();
            }
            self.pause(&mut backoff, error).await?;
        }
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        began("look");
        self.repeat(|| self.inner.head(key)).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        began("list");
        self.repeat(|| self.inner.list(prefix, start_after, limit)).await
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        began("list folders");
        self.repeat(|| self.inner.list_folders(prefix)).await
    }

    async fn retrieval(&self, key: &str) -> Result<Retrieval, StoreError> {
        self.repeat(|| self.inner.retrieval(key)).await
    }

    async fn retrieve(&self, key: &str, how: Retrieve) -> Result<(), StoreError> {
        self.repeat(|| self.inner.retrieve(key, how)).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        began("delete");
        self.repeat(|| self.inner.delete(key)).await
    }
}
