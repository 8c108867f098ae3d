//! Reading an object of a bucket: what is cut off goes on where it broke off.

use std::ops::Range;

use crate::store::{Arrival, ErrorKind, Retry};
use crate::stores::s3::refusal::{self, Refusal};
use crate::stores::s3::{ANSWER, S3Store, limit};

/// The most that is made room for before it comes: an endpoint may promise anything.
const ROOM: u64 = 64 << 20;

impl S3Store {
    /// One attempt at an object or a range of it. Only what is of the same version as what came before is put behind it
    /// (RFC 9110, 13.1.1 and 14.4); what is read is checked by digests besides.
    ///
    /// # Errors
    /// What the endpoint refused, or where it broke off; what came until then stays in `arrival`.
    pub(super) async fn read(&self, key: &str, range: Option<&Range<u64>>, arrival: &mut Arrival) -> Result<(), Refusal> {
        let etag = arrival.resume().map(str::to_owned);
        let from = range.map_or(0, |range| range.start) + arrival.len();
        let wanted = match range {
            Some(range) => Some(format!("bytes={from}-{}", range.end.saturating_sub(1))),
            None => etag.as_ref().map(|_| format!("bytes={from}-")),
        };
        let request = self.connection.client.get_object().bucket(&self.bucket).key(self.full(key));
        let request = request.set_range(wanted).set_if_match(etag.clone()).set_expected_bucket_owner(self.owner.clone());
        let answer = self.connection.ask(ANSWER, request.send()).await;
        let mut answer = match (answer, &etag) {
            (Ok(answer), Some(_)) if !goes_on(answer.content_range(), from) => {
                arrival.start_anew();
                return Err(cut("the endpoint does not go on where it broke off".to_owned()));
            }
            // Another object lies there now, or the end was reached just when it broke off.
            (Err(Refusal { status: Some(412 | 416), reason, .. }), Some(_)) => {
                arrival.start_anew();
                return Err(cut(reason));
            }
            (answer, _) => answer?,
        };
        let length = answer.content_length.and_then(|length| u64::try_from(length).ok());
        arrival.begin(answer.e_tag(), usize::try_from(length.unwrap_or(0).min(ROOM)).unwrap_or(0));
        let (before, limit) = (arrival.len(), limit(length.unwrap_or(0)));
        let body = async {
            while let Some(bytes) = answer.body.next().await {
                arrival.add(&bytes.map_err(|error| cut(refusal::chain(&error)))?);
            }
            Ok(arrival.len() - before)
        };
        let came = tokio::time::timeout(limit, body).await.map_err(|_| Refusal::timeout(limit))??;
        match length {
            Some(length) if length != came => Err(cut(format!("{came} bytes came of {length}"))),
            _ => Ok(()),
        }
    }
}

/// Whether an answer brings what begins at this byte (RFC 9110, 14.4); one without a range brings everything.
fn goes_on(range: Option<&str>, from: u64) -> bool {
    range.is_some_and(|range| {
        range.trim_start().strip_prefix("bytes ").is_some_and(|range| range.starts_with(&format!("{from}-")))
    })
}

fn cut(reason: String) -> Refusal {
    Refusal {
        kind: ErrorKind::Unavailable,
        retry: Retry::Later,
        code: String::new(),
        status: None,
        region: None,
        reason,
        help: None,
    }
}
