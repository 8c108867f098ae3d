//! One object: created at the destination with all that it is, or not at all.
//!
//! `CopyObject` takes a condition that some endpoints pass over in silence, and then overwrites; the end of a multipart upload takes one
//! that all that were tried keep. A crash before it leaves an upload that nobody sees, and that the bucket's lifecycle takes away.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{self as t, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::store::{ErrorKind, ObjectMeta, Retry, StoreError};
use crate::stores::s3::copy::description::{Description, Seen, described, is_gone};
use crate::stores::s3::copy::parts::{self, Parts};
use crate::stores::s3::copy::trouble::Trouble;
use crate::stores::s3::copy::{Copying, Ended};
use crate::stores::s3::refusal::Refusal;
use crate::stores::s3::{ANSWER, METADATA, limit};
use crate::stores::{Backoff, Patience};

/// How often an object is begun anew that changed while it was copied, or whose upload was taken away.
const TRIES: usize = 4;

impl Copying {
    /// Copies an object, unless its key is taken by then; `moved` hears of bytes.
    ///
    /// # Errors
    /// When it could not be copied; nothing of it lies at the destination then.
    pub async fn copy(&self, object: &ObjectMeta, moved: &(dyn Fn(u64) + Sync)) -> Result<Ended, StoreError> {
        let key = &object.key;
        if self.here.full(key).is_empty() {
            let why = "the listing does not tell its key";
            return Err(StoreError::new("copy", self.here.subject(key), ErrorKind::Other, Retry::Never, why));
        }
        let mut last = None;
        for _ in 0..TRIES {
            let mut what = match self.described(key).await? {
                Seen::Described(what) => *what,
                Seen::Gone => return Ok(Ended::Gone),
                Seen::Archived => return Ok(Ended::Archived),
                Seen::UnderWay => return Ok(Ended::UnderWay),
            };
            let Some(tags) = self.tags(key).await? else { return Ok(Ended::Gone) };
            if !self.chooses(&tags) {
                return Ok(Ended::NotChosen);
            }
            what.tags = tags;
            let attempt: BoxFuture<'_, _> = Box::pin(self.attempt(key, &what, moved));
            match attempt.await {
                Ok(ended) => return Ok(ended),
                Err(Trouble::Anew(refusal)) => last = Some(refusal),
                Err(Trouble::Refused(operation, refusal)) => return Err(self.there.fault(operation, key, refusal)),
                Err(Trouble::Source(refusal)) if refusal.kind == ErrorKind::Archived => return Ok(Ended::Archived),
                Err(Trouble::Source(refusal)) => return Err(self.here.fault("read", key, refusal)),
            }
        }
        let why = last.map(|refusal| format!(": {}", refusal.reason)).unwrap_or_default();
        let why = format!("it changed each of {TRIES} times that it was begun{why}");
        Err(StoreError::new("copy", self.here.subject(key), ErrorKind::Unavailable, Retry::Later, why))
    }

    async fn attempt(&self, key: &str, what: &Description, moved: &(dyn Fn(u64) + Sync)) -> Result<Ended, Trouble> {
        let parts = Parts::of(what.size, self.within_store);
        // An upload has at least one part, and a part at least one byte.
        if what.size == 0 {
            return self.put(key, what, Bytes::new()).await;
        }
        if !self.within_store && parts.count() == 1 {
            let (_room, body) = self.fetched(key, what, 0..what.size).await?;
            moved(what.size);
            return self.put(key, what, body).await;
        }
        let upload = self.begun(key, what).await?;
        let ended = match self.transferred(key, &upload, what, &parts, moved).await {
            Ok(done) => self.completed(key, &upload, what, done).await,
            Err(trouble) => Err(trouble),
        };
        if !matches!(ended, Ok(Ended::Copied)) {
            self.abandoned(key, &upload).await;
        }
        ended
    }

    async fn begun(&self, key: &str, what: &Description) -> Result<String, Trouble> {
        let there = &self.there;
        let request = there.connection.client.create_multipart_upload().bucket(&there.bucket).key(there.full(key));
        let request = described!(request.set_expected_bucket_owner(there.owner.clone()), what);
        let ask = || there.connection.ask(ANSWER, request.clone().send());
        let answer = there.connection.patiently(Patience::default(), ask).await;
        answer.map(|answer| answer.upload_id.unwrap_or_default()).map_err(|refusal| Trouble::Refused("write", refusal))
    }

    /// What is only small is written at once.
    async fn put(&self, key: &str, what: &Description, body: Bytes) -> Result<Ended, Trouble> {
        let there = &self.there;
        let limit = limit(body.len() as u64);
        let request = || {
            let request = there.connection.client.put_object().bucket(&there.bucket).key(there.full(key)).if_none_match("*");
            let request = described!(request.set_expected_bucket_owner(there.owner.clone()), what);
            there.connection.ask(limit, request.body(ByteStream::from(body.clone())).send())
        };
        self.created(key, what, request).await.map(|(ended, _)| ended)
    }

    async fn completed(&self, key: &str, upload: &str, what: &Description, done: Vec<CompletedPart>) -> Result<Ended, Trouble> {
        let there = &self.there;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(done)).build();
        let request = there.connection.client.complete_multipart_upload().bucket(&there.bucket).key(there.full(key));
        let request = request.upload_id(upload).multipart_upload(parts).if_none_match("*");
        let request = request.set_expected_bucket_owner(there.owner.clone());
        // Putting many parts together takes its time (S3 API reference, `CompleteMultipartUpload`).
        let ended = self.created(key, what, || there.connection.ask(limit(what.size), request.clone().send())).await?;
        if let (Some(tagging), (Ended::Copied, Some(answer))) = (what.tags().filter(|_| !there.connection.is_aws()), &ended) {
            self.tagged(key, answer.version_id.clone(), tagging).await?;
        }
        Ok(ended.0)
    }

    /// Once more the tags: ministack drops those of an upload. Of the version that was just made, so that no other one gets them.
    async fn tagged(&self, key: &str, version: Option<String>, tags: t::Tagging) -> Result<(), Trouble> {
        let there = &self.there;
        let request = there.connection.client.put_object_tagging().bucket(&there.bucket).key(there.full(key)).tagging(tags);
        let request = request.set_version_id(version).set_expected_bucket_owner(there.owner.clone());
        let ask = || there.connection.ask(METADATA, request.clone().send());
        match there.connection.patiently(Patience::default(), ask).await {
            Ok(_) => Ok(()),
            // An endpoint that keeps none.
            Err(refusal) if refusal.kind == ErrorKind::Unsupported => Ok(()),
            Err(refusal) => Err(Trouble::Refused("tag", refusal)),
        }
    }

    /// The request that creates the object, repeated while that can help. Once an attempt ended unknown, that the key is taken may be our
    /// own doing.
    async fn created<T, F: Future<Output = Result<T, Refusal>>>(
        &self,
        key: &str,
        what: &Description,
        request: impl Fn() -> F,
    ) -> Result<(Ended, Option<T>), Trouble> {
        let there = &self.there;
        // Where nobody knows whether the endpoint keeps the condition, it is also looked at right before.
        if !there.connection.is_aws() && self.size_there(key).await?.is_some() {
            return Ok((Ended::ThereMeanwhile, None));
        }
        let (mut backoff, mut doubtful) = (Backoff::new(Patience::default()), false);
        loop {
            let refusal = match there.connection.once(request()).await {
                Ok(answer) => return Ok((Ended::Copied, Some(answer))),
                Err(refusal) => refusal,
            };
            let may_be_ours = matches!(refusal.kind, ErrorKind::Exists | ErrorKind::NotFound) && doubtful;
            if may_be_ours && self.size_there(key).await? == Some(what.size) {
                return Ok((Ended::Copied, None));
            }
            match refusal.kind {
                ErrorKind::Exists => return Ok((Ended::ThereMeanwhile, None)),
                _ if refusal.code == "NoSuchUpload" || refusal.code == "ConditionalRequestConflict" => {
                    return Err(Trouble::Anew(refusal));
                }
                _ if refusal.retry == Retry::Never => return Err(Trouble::Refused("write", refusal)),
                _ => {}
            }
            doubtful |= refusal.retry == Retry::Unknown;
            match there.connection.next_wait(&mut backoff, &refusal) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(Trouble::Refused("write", refusal)),
            }
        }
    }

    async fn size_there(&self, key: &str) -> Result<Option<u64>, Trouble> {
        let there = &self.there;
        let request = there.connection.client.head_object().bucket(&there.bucket).key(there.full(key));
        let request = request.set_expected_bucket_owner(there.owner.clone());
        let ask = || there.connection.ask(METADATA, request.clone().send());
        match there.connection.patiently(Patience::default(), ask).await {
            Ok(answer) => Ok(Some(answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0))),
            Err(refusal) if is_gone(&refusal) => Ok(None),
            // Who may not look has the endpoint's own condition.
            Err(refusal) if refusal.kind == ErrorKind::Denied => Ok(None),
            Err(refusal) => Err(Trouble::Refused("look at", refusal)),
        }
    }

    /// What is left of an upload that fails to be taken away is what a crash leaves too.
    async fn abandoned(&self, key: &str, upload: &str) {
        let there = &self.there;
        let request = there.connection.client.abort_multipart_upload().bucket(&there.bucket).key(there.full(key));
        let request = request.upload_id(upload).set_expected_bucket_owner(there.owner.clone());
        let ask = || there.connection.ask(ANSWER, request.clone().send());
        _ = there.connection.look(ask).await;
    }

    async fn transferred(
        &self,
        key: &str,
        upload: &str,
        what: &Description,
        parts: &Parts,
        moved: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<CompletedPart>, Trouble> {
        parts::all(parts, |number, range| async move {
            let bytes = range.end - range.start;
            let done = if self.within_store {
                let range = (parts.count() > 1).then(|| format!("bytes={}-{}", range.start, range.end - 1));
                self.part_in_store(key, (upload, number), what, (range, bytes)).await?
            } else {
                self.part_through(key, (upload, number), what, range).await?
            };
            moved(bytes);
            Ok(done)
        })
        .await
    }
}
