//! What other buckets of a policy tell of an endpoint that one shares with them.

use std::sync::Arc;

use crate::provider::Freshness;
use crate::providers::s3::document::{Answer, Document};
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;

/// Buckets of the same endpoint that are asked about what it lacks, before one of its own is there.
const ASKED_BESIDE: usize = 4;

impl S3Session {
    /// What the endpoint of a bucket that is not there yet is known not to take, by the other buckets of the policy in it: else the plan would
    /// promise what the apply then finds out.
    pub(super) async fn lacks(&self, place: &Place, document: &'static Document) -> Option<String> {
        let others =
            self.places().filter(|other| Arc::ptr_eq(&other.connection, &place.connection) && other.bucket != place.bucket);
        for other in others.take(ASKED_BESIDE) {
            if let Ok(Answer::Unsupported(why)) = self.document(other, document, Freshness::Cached).await {
                return Some(why);
            }
        }
        None
    }
}
