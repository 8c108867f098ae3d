//! What an endpoint lacks: what a plan says of it, before the bucket is there too.

use std::sync::Arc;

use crate::provider::Freshness;
use crate::providers::s3::document::{Answer, Document};
use crate::providers::s3::place::Place;
use crate::providers::s3::replication;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::setting::Setting;
use crate::resource::{Live, Resource};

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

/// A setting that its endpoint does not take.
pub(super) fn unsupported(setting: &dyn Setting, desired: Option<&Resource>, why: &str) -> Live {
    let implied = desired.is_none_or(|desired| setting.is_implied(&desired.attrs));
    Live { unsupported: true, notes: vec![lacking(setting.document(), implied, why)], ..Live::default() }
}

/// A setting whose bucket is not there yet.
pub(super) fn before_its_bucket(setting: &dyn Setting, desired: Option<&Resource>, place: &Place) -> Live {
    let undecided = desired.is_some() && setting.kind().name == replication::KIND.name && !place.connection.is_aws();
    Live { notes: undecided.then(|| NOT_KNOWN.to_owned()).into_iter().collect(), ..Live::absent() }
}

/// Endpoints answer alike of a bucket that is not there, whether they know replication or not (Ceph 16, ministack and moto were asked).
const NOT_KNOWN: &str =
    "whether this endpoint knows replication is not known yet: it tells once the bucket is there, and the next plan says so";

/// What an endpoint lacks, what that means, and what to do where the policy demands it.
fn lacking(document: &Document, implied: bool, why: &str) -> String {
    let advice = if implied { "" } else { ". The policy states it: take it out for this store, or use a store that has it" };
    format!("not supported by this endpoint: {}; {}{advice} ({why})", document.title, document.without)
}
