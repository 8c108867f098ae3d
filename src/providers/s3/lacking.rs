//! What an endpoint lacks: what a plan says of it, before the bucket is there too.

use crate::providers::s3::document::Document;
use crate::providers::s3::place::Place;
use crate::providers::s3::replication;
use crate::providers::s3::setting::Setting;
use crate::resource::{Live, Resource};

/// A setting that its endpoint does not take.
pub(super) fn unsupported(setting: &dyn Setting, desired: Option<&Resource>, why: &str) -> Live {
    let implied = desired.is_none_or(|desired| setting.is_implied(&desired.attrs));
    Live { unsupported: true, notes: vec![lacking(setting.document(), implied, why)], ..Live::default() }
}

/// A setting that its endpoint takes, but not as the policy states it. What others have there is kept and told.
pub(super) fn partly(setting: &dyn Setting, mut live: Live, why: &str) -> Live {
    live.notes.push(lacking(setting.document(), false, why));
    Live { unsupported: true, ..live }
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
