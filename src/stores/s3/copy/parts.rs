//! The parts of a large object, each of the same version of it.

use std::ops::Range;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::OwnedSemaphorePermit;

use crate::store::{Arrival, ErrorKind, Retry};
use crate::stores::s3::copy::description::{Description, escaped};
use crate::stores::s3::copy::trouble::Trouble;
use crate::stores::s3::copy::{Copying, ROOM, UNIT};
use crate::stores::s3::limit;
use crate::stores::s3::refusal::Refusal;
use crate::stores::{Backoff, Patience};
use std::sync::Arc;

/// Most parts of an upload (S3 user guide, "Amazon S3 multipart upload limits").
const MOST: u64 = 10_000;
/// Bytes of a part that the store copies itself: quick enough that one which fails is soon made good.
const IN_STORE: u64 = 256 << 20;
/// Bytes of a part that goes through bdr.
const THROUGH: u64 = 8 << 20;
/// Parts of one object on their way at a time.
const AT_ONCE: usize = 4;

/// How an object is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    size: u64,
    each: u64,
}

impl Parts {
    pub fn of(size: u64, within_store: bool) -> Self {
        let usual = if within_store { IN_STORE } else { THROUGH };
        Self { size, each: usual.max(size.div_ceil(MOST)) }
    }

    pub fn count(&self) -> u64 {
        self.size.div_ceil(self.each)
    }

    fn range(&self, at: u64) -> Range<u64> {
        at * self.each..((at + 1) * self.each).min(self.size)
    }
}

/// Each part by its number, from 1 on; a few at a time.
pub(super) async fn all<F: Future<Output = Result<CompletedPart, Trouble>>>(
    parts: &Parts,
    one: impl Fn(i32, Range<u64>) -> F,
) -> Result<Vec<CompletedPart>, Trouble> {
    let each = (0..parts.count()).map(|at| one(i32::try_from(at + 1).unwrap_or(i32::MAX), parts.range(at)));
    stream::iter(each).buffered(AT_ONCE).try_collect().await
}

/// What of a part's answer the end of the upload has to repeat.
macro_rules! completed {
    ($answer:expr, $number:expr) => {
        CompletedPart::builder()
            .part_number($number)
            .set_e_tag($answer.e_tag)
            .set_checksum_crc32($answer.checksum_crc32)
            .set_checksum_crc32_c($answer.checksum_crc32_c)
            .set_checksum_crc64_nvme($answer.checksum_crc64_nvme)
            .set_checksum_sha1($answer.checksum_sha1)
            .set_checksum_sha256($answer.checksum_sha256)
            .build()
    };
}

impl Copying {
    /// `range`: of the object, where it has several parts.
    pub(super) async fn part_in_store(
        &self,
        key: &str,
        (upload, number): (&str, i32),
        what: &Description,
        (range, bytes): (Option<String>, u64),
    ) -> Result<CompletedPart, Trouble> {
        let (here, there) = (&self.here, &self.there);
        let source = format!("{}/{}", here.bucket, escaped(&here.full(key), "/"));
        let request = there.connection.client.upload_part_copy().bucket(&there.bucket).key(there.full(key));
        let request = request.upload_id(upload).part_number(number).copy_source(source).set_copy_source_range(range);
        let request = request.set_copy_source_if_match(what.etag.clone());
        let request = request.set_expected_bucket_owner(there.owner.clone());
        let request = request.set_expected_source_bucket_owner(here.owner.clone());
        let ask = || there.connection.ask(limit(bytes), request.clone().send());
        let answer = there.connection.patiently(Patience::default(), ask).await.map_err(of_part)?;
        let answer = answer.copy_part_result.unwrap_or_else(|| aws_sdk_s3::types::CopyPartResult::builder().build());
        Ok(completed!(answer, number))
    }

    pub(super) async fn part_through(
        &self,
        key: &str,
        (upload, number): (&str, i32),
        what: &Description,
        range: Range<u64>,
    ) -> Result<CompletedPart, Trouble> {
        let there = &self.there;
        let (_room, body) = self.fetched(key, what, range).await?;
        let limit = limit(body.len() as u64);
        let ask = || {
            let request = there.connection.client.upload_part().bucket(&there.bucket).key(there.full(key));
            let request = request.upload_id(upload).part_number(number).set_expected_bucket_owner(there.owner.clone());
            there.connection.ask(limit, request.body(ByteStream::from(body.clone())).send())
        };
        let answer = there.connection.patiently(Patience::default(), ask).await.map_err(of_part)?;
        Ok(completed!(answer, number))
    }

    /// Bytes of the version that was described, and the room that they take while they are held.
    pub(super) async fn fetched(
        &self,
        key: &str,
        what: &Description,
        range: Range<u64>,
    ) -> Result<(OwnedSemaphorePermit, Bytes), Trouble> {
        let wanted = range.end - range.start;
        let units = u32::try_from(wanted.div_ceil(UNIT)).unwrap_or(ROOM).min(ROOM);
        let closed = |_| Trouble::Source(short("nothing is read any more".to_owned()));
        let room = Arc::clone(&self.room).acquire_many_owned(units).await.map_err(closed)?;
        let (mut arrival, mut backoff) = (Arrival::default(), Backoff::new(Patience::default()));
        loop {
            let connection = &self.here.connection;
            let refusal = match connection.once(self.here.read(key, Some(&range), &mut arrival)).await {
                Ok(()) if arrival.is_of(what.etag.as_deref()) && arrival.len() == wanted => {
                    return Ok((room, arrival.into_bytes()));
                }
                Ok(()) => return Err(Trouble::Anew(short("another version came".to_owned()))),
                Err(refusal) => refusal,
            };
            match refusal.kind {
                ErrorKind::NotFound => return Err(Trouble::Anew(refusal)),
                _ if refusal.status == Some(416) => return Err(Trouble::Anew(refusal)),
                _ if refusal.retry == Retry::Never => return Err(Trouble::Source(refusal)),
                _ => {}
            }
            match connection.next_wait(&mut backoff, &refusal) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(Trouble::Source(refusal)),
            }
        }
    }
}

fn short(reason: String) -> Refusal {
    Refusal { reason, ..Refusal::timeout(std::time::Duration::ZERO) }
}

/// The source is no longer what was described, or the upload was taken away: both are begun anew.
fn of_part(refusal: Refusal) -> Trouble {
    match refusal.kind {
        ErrorKind::Exists | ErrorKind::NotFound => Trouble::Anew(refusal),
        ErrorKind::Archived => Trouble::Source(refusal),
        _ => Trouble::Refused("write", refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_an_object_and_are_no_more_than_an_upload_takes() {
        for (size, within_store, count) in [
            (1, true, 1),
            (IN_STORE, true, 1),
            (IN_STORE + 1, true, 2),
            (6 << 30, true, 24),
            (THROUGH, false, 1),
            (THROUGH + 1, false, 2),
            (5 << 40, true, 10_000),
            (5 << 40, false, 10_000),
        ] {
            let parts = Parts::of(size, within_store);
            assert_eq!(parts.count(), count, "{size}");
            let mut at = 0;
            for number in 0..parts.count() {
                let range = parts.range(number);
                assert!(range.start == at && range.end > range.start && range.end - range.start <= 5 << 30, "{size} {range:?}");
                at = range.end;
            }
            assert_eq!(at, size);
        }
    }
}
