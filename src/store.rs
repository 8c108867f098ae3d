//! The contract of a store: immutable objects under keys, created whole or not at all.
//!
//! Drivers live in `stores/`; wrappers (retry, throttle, faults) implement the same trait around another store.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::policy::LockMode;
use crate::units::storage_class::StorageClass;

/// Below it lies what a probe writes ([`Store::capabilities`]).
pub const PROBES: &str = ".bdr/probe/";

/// What a `put` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Put {
    pub class: StorageClass,
    /// Create only: fail with [`ErrorKind::Exists`] where the key already holds an object (`If-None-Match: *`).
    pub if_absent: bool,
    /// Nobody removes or overwrites this version until then. A store without locks takes none: the language refuses them there.
    pub lock: Option<Lock>,
}

/// A lock on one version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    pub mode: LockMode,
    pub until: jiff::Timestamp,
}

/// One object as a listing or a `head` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Key relative to the store's own prefix.
    pub key: String,
    /// Bytes.
    pub size: u64,
    pub modified: jiff::Timestamp,
    /// Opaque version of the content for `If-Match`; empty where the store has none.
    pub etag: String,
    /// `None` where the store does not tell.
    pub class: Option<StorageClass>,
}

/// What a store can do, probed once.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Capabilities {
    /// `If-None-Match: *` is honoured, also while several write at once. Not a property of the endpoint alone: Ceph 16 honours
    /// it in a plain bucket and silently overwrites in one that keeps versions.
    pub create_only: bool,
    /// `If-Match` with the right ETag succeeds and with a stale one fails.
    pub replace_if_match: bool,
}

/// Whether an object can be read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retrieval {
    Ready,
    /// In an archive class; nobody has asked for it.
    Archived,
    /// Asked for, and not there yet.
    UnderWay,
}

/// How an object is to be brought out of an archive class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retrieve {
    /// How long the copy stays that can be read.
    pub days: u16,
    pub speed: Speed,
}

/// What is paid for a retrieval, and how long it takes (S3 user guide, "Archive retrieval options").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    Expedited,
    Standard,
    Bulk,
}

/// Why a store refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    NotFound,
    /// A create-only `put` met an object, or an `If-Match` no longer holds.
    Exists,
    /// The credentials may not do this, or the store belongs to somebody else.
    Denied,
    /// The credentials themselves are refused, or there are none: nothing can be asked of the place.
    Unauthenticated,
    /// The object lies in an archive class and must be retrieved first.
    Archived,
    /// The store does not know the operation.
    Unsupported,
    /// No space, or a quota.
    Full,
    /// What lies there is no object: a pipe, a socket, a device, a link.
    NoObject,
    /// Throttled, 5xx, a cut connection, a timeout.
    Unavailable,
    Other,
}

impl ErrorKind {
    /// Whether it speaks of the whole place, so that whatever else lies there would fail for the same reason.
    pub fn is_of_place(self) -> bool {
        matches!(self, Self::Unavailable | Self::Unauthenticated)
    }
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    Never,
    /// Nothing was done: safe to repeat.
    Later,
    /// The operation may have taken effect: look before repeating.
    Unknown,
}

/// An operation on a store that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("could not {operation} `{subject}`: {reason}")]
pub struct StoreError {
    /// A verb, such as `read` or `list`.
    pub operation: &'static str,
    /// The full place, such as `s3://bucket/key` or a path.
    pub subject: String,
    pub kind: ErrorKind,
    pub retry: Retry,
    /// The outside's own words, without secrets.
    pub reason: String,
    /// A full sentence with the next step, where the driver knows more than its kind tells.
    pub help: Option<String>,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// How the reason begins where nothing could be sent to an endpoint; its host and port follow, the same for all that failed
/// because of it.
pub const NO_CONNECTION: &str = "no connection to ";

/// How the reason begins where nothing came back; the time, and where it is known the host and port, follow.
pub const NO_ANSWER: &str = "no answer within ";
/// Begins the reason where the role of an account could not be taken on.
pub const NO_SESSION: &str = "no session as ";

impl StoreError {
    pub fn new(
        operation: &'static str,
        subject: impl Into<String>,
        kind: ErrorKind,
        retry: Retry,
        reason: impl Into<String>,
    ) -> Self {
        Self { operation, subject: subject.into(), kind, retry, reason: reason.into(), help: None, source: None }
    }

    /// The same with a next step.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// An object, or a stretch of one, on its way. What came of it stays when an attempt is cut off, and the next goes on behind it.
#[derive(Default)]
pub struct Arrival {
    body: Vec<u8>,
    /// What came in one piece.
    whole: Option<Bytes>,
    /// Version of the object that `body` is of.
    etag: Option<String>,
    /// The store does not go on where it was cut off.
    anew: bool,
    tell: Option<Box<dyn Fn(u64) + Send + Sync>>,
}

impl Arrival {
    /// Each number of bytes is told as it comes, again where it comes again.
    pub fn telling(tell: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { tell: Some(Box::new(tell)), ..Self::default() }
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.whole.as_ref().map_or(self.body.len(), Bytes::len) as u64
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The version to go on with; `None`, and nothing has come: from the beginning.
    pub fn resume(&mut self) -> Option<&str> {
        if self.etag.is_none() || self.is_empty() {
            self.body.clear();
            return None;
        }
        self.etag.as_deref()
    }

    /// An answer begins that may bring so many bytes, of an object of this version.
    pub fn begin(&mut self, etag: Option<&str>, more: usize) {
        self.etag = etag.filter(|etag| !etag.is_empty() && !self.anew).map(str::to_owned);
        self.body.reserve(more);
    }

    /// Whether what came is of that version, as far as both are known.
    pub fn is_of(&self, etag: Option<&str>) -> bool {
        self.etag.as_deref().zip(etag).is_none_or(|(came, wanted)| came == wanted)
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.body.extend_from_slice(bytes);
        self.told(bytes.len());
    }

    /// What came does not belong to what would come next.
    pub fn start_anew(&mut self) {
        (self.etag, self.anew) = (None, true);
    }

    /// All of it, at once.
    pub fn complete(&mut self, bytes: Bytes) {
        self.told(bytes.len());
        self.whole = Some(bytes);
    }

    fn told(&self, bytes: usize) {
        self.tell.iter().for_each(|tell| tell(bytes as u64));
    }

    pub fn into_bytes(self) -> Bytes {
        self.whole.unwrap_or_else(|| self.body.into())
    }
}

/// A place that holds immutable objects. Keys are relative, `/`-separated, never empty, without `.` or `..` parts.
#[async_trait]
pub trait Store: Send + Sync {
    /// For people: `s3://bucket/prefix` or a path.
    fn describe(&self) -> String;

    /// Probes (once, then remembered) what the store can do; may write and delete below [`PROBES`].
    /// [`ErrorKind::NotFound`] where the bucket or folder is not there yet.
    async fn capabilities(&self) -> Result<Capabilities, StoreError>;

    /// Writes a whole object, durable when it returns. Returns its new ETag.
    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError>;

    /// Replaces an object only where its ETag still is `etag`; [`ErrorKind::Exists`] where it is not.
    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError>;

    /// Reads an object, or the given bytes of it; a range beyond its end is an error.
    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError>;

    /// One attempt at the same, into `arrival`: it goes on behind what an earlier one brought, where the store can.
    async fn arrive(&self, key: &str, range: Option<Range<u64>>, arrival: &mut Arrival) -> Result<(), StoreError> {
        arrival.complete(self.get(key, range).await?);
        Ok(())
    }

    /// [`ErrorKind::NotFound`] where there is none.
    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError>;

    /// All objects below a prefix in key order. `start_after` skips keys up to and with it; at most `limit` come back.
    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError>;

    /// The distinct first path parts below a prefix (empty, or ending in `/`), each with its trailing `/`, in order and
    /// without the prefix.
    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Whether an object can be read now.
    async fn retrieval(&self, _key: &str) -> Result<Retrieval, StoreError> {
        Ok(Retrieval::Ready)
    }

    /// Asks for an object in an archive class; it can be read hours later. Asking twice is asking once.
    async fn retrieve(&self, _key: &str, _how: Retrieve) -> Result<(), StoreError> {
        Ok(())
    }

    /// Bytes that are free for whoever writes there, where the place can tell.
    async fn room(&self) -> Option<u64> {
        None
    }

    /// Removes an object; removing what is not there succeeds.
    async fn delete(&self, key: &str) -> Result<(), StoreError>;
}
