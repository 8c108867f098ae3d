//! Which buckets a policy has set up: noted in the lease and the record of each apply, for plans that find one gone.

use std::collections::BTreeMap;

use super::{backends, tags};
use crate::address::{ResourceId, StoreName, Subject};
use crate::policy::{Policy, S3Backend};

/// The kind of a bucket.
pub const BUCKET: &str = "s3_bucket";

/// What is noted of a bucket: which one it is and where, but for what a reference tells, since that may be secret.
pub fn note(name: &StoreName, backend: &S3Backend) -> String {
    let place = [Some(&backend.bucket), backend.endpoint.as_ref()].into_iter().flatten();
    let plain = place.filter(|text| !text.is_referenced()).map(|text| format!(" {}", text.expose()));
    format!("bucket {name}{}", plain.collect::<String>())
}

/// What is noted once a bucket was made or marked.
pub fn notes(policy: &Policy) -> BTreeMap<ResourceId, String> {
    let both = |(name, backend)| {
        let note = note(name, backend);
        let of = |kind| ResourceId::new(Subject::Store(name.clone()), kind, "");
        [(of(BUCKET), note.clone()), (of(tags::KIND.name), note)]
    };
    backends(policy).flat_map(both).collect()
}

/// The resource that a store's bucket is.
pub fn bucket_id(name: &StoreName) -> ResourceId {
    ResourceId::new(Subject::Store(name.clone()), BUCKET, "")
}
