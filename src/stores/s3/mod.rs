//! A store in a bucket of AWS S3 or a compatible endpoint, below a prefix.

pub mod arn;
mod connect;
mod connection;
pub mod copy;
mod endpoint;
mod identity;
mod probe;
mod reach;
mod read;
mod refusal;
mod replicated;
mod retrieval;
pub mod rights;
mod taken;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

pub use connect::{connect, open, sts};
pub use connection::{Connection, METADATA, Watch, requests, unreached};
pub use endpoint::{check_allowed_for_iam, has_endpoint_of_its_own};
pub use identity::Identity;
pub use refusal::{Refusal, by_the_bucket, credentials, needed};

use crate::policy::S3Backend;
use crate::rights::{Deed, Purpose};
use crate::store::{Arrival, Capabilities, ErrorKind, ObjectMeta, PROBES, Put, Retrieval, Retrieve, Retry, Store, StoreError};
use crate::stores::keys;
use crate::units::storage_class::StorageClass;

/// Time for an answer, the body aside.
const ANSWER: Duration = Duration::from_secs(30);
/// Slowest transfer that is waited for, in bytes a second.
const SLOWEST: u64 = 64 * 1024;
/// Most objects of one page (S3 API reference, `ListObjectsV2`).
const PAGE: usize = 1000;

/// How long a body of this size may take.
fn limit(bytes: u64) -> Duration {
    ANSWER + Duration::from_secs(bytes / SLOWEST)
}

/// Objects of one bucket below one prefix. Repeats nothing by itself: see [`super::retrying`].
#[derive(Debug, Clone)]
pub struct S3Store {
    connection: Arc<Connection>,
    bucket: String,
    /// The bucket's name as people may see it.
    shown: String,
    prefix: String,
    owner: Option<String>,
    partition: &'static str,
    /// What the command does that uses it.
    purpose: Option<Purpose>,
}

impl S3Store {
    pub fn new(connection: Arc<Connection>, backend: &S3Backend) -> Self {
        Self {
            connection,
            bucket: backend.bucket.expose().to_owned(),
            shown: backend.bucket.shown.clone(),
            prefix: backend.prefix.value.clone(),
            owner: backend.account.as_ref().map(|account| account.value.clone()),
            partition: arn::partition_of(backend),
            purpose: None,
        }
    }

    /// The same, where it is known what for: who lacks a right is told where to find all that it takes.
    #[must_use]
    pub fn used_for(self, purpose: Option<Purpose>) -> Self {
        Self { purpose, ..self }
    }

    fn subject(&self, key: &str) -> String {
        format!("s3://{}/{}{key}", self.shown, self.prefix)
    }

    fn fault(&self, operation: &'static str, key: &str, refusal: Refusal) -> StoreError {
        let error = refusal.into_store_error(operation, self.subject(key), self.connection.credentials());
        if error.kind != ErrorKind::Denied {
            return error;
        }
        let deed = refusal::deed(operation);
        // A probe has another name each time.
        let key = if key.starts_with(PROBES) { format!("{PROBES}*") } else { key.to_owned() };
        let below = if deed == Deed::List { String::new() } else { format!("/{}{key}", self.prefix) };
        let resource = format!("arn:{}:s3:::{}{below}", self.partition, self.shown);
        let right = needed(&error.reason, rights::action(deed), &resource);
        if let Some(help) = by_the_bucket(&error.reason, &right) {
            return error.with_help(help);
        }
        let otherwise = "or the bucket belongs to another account, or its bucket policy denies it.";
        let purpose = match (deed, self.purpose) {
            // Who writes backups removes none but with `--prune`.
            (Deed::Delete, Some(Purpose::Write)) => Some(Purpose::Prune),
            (_, purpose) => purpose,
        };
        let (lacking, hint) = self.connection.lacks(&right, purpose);
        error.with_help(format!("{lacking}; {otherwise}{hint}"))
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn write(&self, key: &str, body: Bytes, how: Put, condition: Condition<'_>) -> Result<String, Refusal> {
        let limit = limit(body.len() as u64);
        let mut request = self.connection.client.put_object().bucket(&self.bucket).key(self.full(key));
        request = request.set_expected_bucket_owner(self.owner.clone()).body(ByteStream::from(body));
        if how.class != StorageClass::Standard {
            request = request.storage_class(how.class.as_str().into());
        }
        if let Some(lock) = how.lock {
            let until = aws_sdk_s3::primitives::DateTime::from_secs(lock.until.as_second());
            request = request.object_lock_mode(lock.mode.as_str().into()).object_lock_retain_until_date(until);
        }
        request = match condition {
            Condition::None => request,
            Condition::Absent => request.if_none_match("*"),
            Condition::Is(etag) => request.if_match(etag),
        };
        let answer = self.connection.ask(limit, request.send()).await?;
        Ok(answer.e_tag.unwrap_or_default())
    }

    /// Up to `limit` objects in the endpoint's own order.
    async fn listing(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        let mut found = Vec::new();
        let mut from = start_after.map_or(Start::Beginning, Start::After);
        while found.len() < limit {
            let page = self.page(prefix, from, None, limit - found.len()).await?;
            found.extend(page.objects);
            match page.next {
                Some(token) => from = Start::Token(token),
                None => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn page(&self, prefix: &str, from: Start<'_>, delimiter: Option<&str>, most: usize) -> Result<Page, StoreError> {
        self.paged(prefix, from, delimiter, most).await.map_err(|refusal| self.fault("list", prefix, refusal))
    }

    async fn paged(&self, prefix: &str, from: Start<'_>, delimiter: Option<&str>, most: usize) -> Result<Page, Refusal> {
        let mut request = self.connection.client.list_objects_v2().bucket(&self.bucket).prefix(self.full(prefix));
        request = request.set_delimiter(delimiter.map(str::to_owned)).set_expected_bucket_owner(self.owner.clone());
        request = request.max_keys(i32::try_from(most.min(PAGE)).unwrap_or(1000));
        request = match from {
            Start::Beginning => request,
            Start::After(key) => request.start_after(self.full(key)),
            Start::Token(token) => request.continuation_token(token),
        };
        let answer = self.connection.ask(METADATA, request.send()).await?;
        let next = answer.next_continuation_token.filter(|_| answer.is_truncated.unwrap_or(false));
        let objects = answer.contents.unwrap_or_default().into_iter().filter_map(|object| {
            Some(ObjectMeta {
                key: object.key?.strip_prefix(&self.prefix)?.to_owned(),
                size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                modified: timestamp(object.last_modified),
                etag: object.e_tag.unwrap_or_default(),
                class: object.storage_class.as_ref().map_or(Some(StorageClass::Standard), |class| class_of(class.as_str())),
            })
        });
        let below = self.full(prefix);
        let folders = answer.common_prefixes.unwrap_or_default().into_iter();
        let folders = folders.filter_map(|folder| Some(folder.prefix?.strip_prefix(&below)?.to_owned())).collect();
        Ok(Page { objects: objects.collect(), folders, next })
    }
}

enum Condition<'a> {
    None,
    Absent,
    Is(&'a str),
}

enum Start<'a> {
    Beginning,
    After(&'a str),
    Token(String),
}

struct Page {
    objects: Vec<ObjectMeta>,
    folders: Vec<String>,
    next: Option<String>,
}

fn timestamp(time: Option<aws_sdk_s3::primitives::DateTime>) -> jiff::Timestamp {
    time.and_then(|time| jiff::Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()).unwrap_or_default()
}

fn class_of(word: &str) -> Option<StorageClass> {
    StorageClass::ALL.into_iter().find(|class| class.as_str() == word)
}

#[async_trait]
impl Store for S3Store {
    fn describe(&self) -> String {
        self.subject("").trim_end_matches('/').to_owned()
    }

    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        let cell = self.connection.probed(&format!("{}/{}", self.bucket, self.prefix));
        cell.get_or_try_init(|| probe::probe(self)).await.cloned()
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        keys::check("write", key)?;
        let condition = if how.if_absent { Condition::Absent } else { Condition::None };
        let outcome = self.write(key, body, how, condition).await;
        outcome.map_err(|refusal| self.fault("write", key, refusal))
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        keys::check("replace", key)?;
        let outcome = self.write(key, body, Put::default(), Condition::Is(etag)).await;
        outcome.map_err(|mut refusal| {
            // `If-Match` on a key that holds nothing: 404 from AWS, 412 from others. Either way the object is no longer that one.
            if refusal.kind == ErrorKind::NotFound && refusal.code != "NoSuchBucket" {
                refusal.kind = ErrorKind::Exists;
            }
            self.fault("replace", key, refusal)
        })
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        let mut arrival = Arrival::default();
        self.arrive(key, range, &mut arrival).await?;
        Ok(arrival.into_bytes())
    }

    async fn arrive(&self, key: &str, range: Option<Range<u64>>, arrival: &mut Arrival) -> Result<(), StoreError> {
        keys::check("read", key)?;
        let outside = |range: &Range<u64>, size: String| {
            let reason = format!("bytes {}..{} of an object of {size}", range.start, range.end);
            StoreError::new("read", self.subject(key), ErrorKind::Other, Retry::Never, reason)
        };
        match &range {
            // HTTP has no empty range (RFC 9110, 14.1.2).
            Some(range) if range.start >= range.end => {
                let size = self.head(key).await?.size;
                let fits = range.start == range.end && range.end <= size;
                return if fits { Ok(()) } else { Err(outside(range, format!("{size} bytes"))) };
            }
            _ => {}
        }
        match (self.read(key, range.as_ref(), arrival).await, range) {
            // A range that begins inside and ends outside is answered with less.
            (Ok(()), Some(range)) if arrival.len() != range.end - range.start => {
                Err(outside(&range, format!("{} bytes", range.start + arrival.len())))
            }
            (Err(refusal), Some(range)) if refusal.status == Some(416) => Err(outside(&range, "fewer bytes".to_owned())),
            (outcome, _) => outcome.map_err(|refusal| self.fault("read", key, refusal)),
        }
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        keys::check("look at", key)?;
        let request = self.connection.client.head_object().bucket(&self.bucket).key(self.full(key));
        let request = request.set_expected_bucket_owner(self.owner.clone());
        let answer = self.connection.ask(METADATA, request.send()).await;
        let answer = answer.map_err(|refusal| self.fault("look at", key, refusal))?;
        Ok(ObjectMeta {
            key: key.to_owned(),
            size: answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            modified: timestamp(answer.last_modified),
            etag: answer.e_tag.unwrap_or_default(),
            class: answer.storage_class.map_or(Some(StorageClass::Standard), |class| class_of(class.as_str())),
        })
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        keys::check_prefix(prefix)?;
        let known = self.connection.is_out_of_order();
        let mut found = if known { Vec::new() } else { self.listing(prefix, start_after, limit).await? };
        if !self.connection.is_out_of_order() && found.is_sorted_by(|a, b| a.key < b.key) {
            return Ok(found);
        }
        // SeaweedFS (and S3's directory buckets) list folder by folder: `a/b` before `a-b`. A page in that order can skip keys,
        // so there everything is read and put in order here.
        self.connection.note_out_of_order();
        let is_all = !known && start_after.is_none() && found.len() < limit;
        if !is_all {
            found = self.listing(prefix, None, usize::MAX).await?;
        }
        found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        found.dedup_by(|a, b| a.key == b.key);
        found.retain(|object| start_after.is_none_or(|after| object.key.as_str() > after));
        found.truncate(limit);
        Ok(found)
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        keys::check_folder(prefix)?;
        let mut found = Vec::new();
        let mut from = Start::Beginning;
        loop {
            let page = self.page(prefix, from, Some("/"), PAGE).await?;
            found.extend(page.folders);
            match page.next {
                Some(token) => from = Start::Token(token),
                None => break,
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    async fn retrieval(&self, key: &str) -> Result<Retrieval, StoreError> {
        keys::check("look at", key)?;
        let place = (&self.bucket, self.full(key), self.owner.clone());
        retrieval::look(&self.connection, place).await.map_err(|refusal| self.fault("look at", key, refusal))
    }

    async fn retrieve(&self, key: &str, how: Retrieve) -> Result<(), StoreError> {
        keys::check("retrieve", key)?;
        let place = (&self.bucket, self.full(key), self.owner.clone());
        retrieval::ask(&self.connection, place, how).await.map_err(|refusal| self.fault("retrieve", key, refusal))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        keys::check("delete", key)?;
        let request = self.connection.client.delete_object().bucket(&self.bucket).key(self.full(key));
        let request = request.set_expected_bucket_owner(self.owner.clone());
        match self.connection.ask(ANSWER, request.send()).await {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.kind == ErrorKind::NotFound && refusal.code != "NoSuchBucket" => Ok(()),
            Err(refusal) => Err(self.fault("delete", key, refusal)),
        }
    }
}
