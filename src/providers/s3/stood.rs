//! Which buckets a policy has set up: noted in the lease and the record of each apply, for plans that find one gone.

use std::collections::BTreeMap;

use super::{backends, component_bucket, replication, tags};
use crate::address::{ResourceId, StoreName, Subject};
use crate::policy::{Policy, S3Backend, Text};

/// The kind of a bucket.
pub const BUCKET: &str = "s3_bucket";

/// What is noted of a bucket: which one it is and where, but for what a reference tells, since that may be secret.
pub fn note(name: &StoreName, backend: &S3Backend) -> String {
    let place = [Some(&backend.bucket), backend.endpoint.as_ref()].into_iter().flatten();
    let plain = place.filter(|text| !text.is_referenced()).map(|text| format!(" {}", text.expose()));
    format!("bucket {name}{}", plain.collect::<String>())
}

/// How a bucket of the application's is noted in which bdr wrote rules: it carries no mark, so nothing else tells of it once the component
/// left the policy.
const RULES: &str = "rules in ";

/// Bucket, region and endpoint; `None` where a reference tells one of them.
fn rules_note(backend: &S3Backend) -> Option<String> {
    let plain = |text: &Text| (!text.is_referenced()).then(|| text.expose().to_owned());
    let endpoint = backend.endpoint.as_ref().map_or(Some("-".to_owned()), |endpoint| plain(endpoint))?;
    let region = backend.region.as_ref().map_or("-", |region| region.value.as_str());
    Some(format!("{RULES}{} {region} {endpoint}", plain(&backend.bucket)?))
}

/// A bucket that was noted by an earlier apply.
pub(super) struct Noted<'a> {
    pub bucket: &'a str,
    pub region: Option<&'a str>,
    pub endpoint: Option<&'a str>,
}

pub(super) fn noted(place: &str) -> Option<Noted<'_>> {
    let mut words = place.strip_prefix(RULES)?.split(' ');
    let bucket = words.next()?;
    let mut next = || words.next().filter(|word| *word != "-");
    Some(Noted { bucket, region: next(), endpoint: next() })
}

/// What is noted once a bucket was made or marked, or got rules.
pub fn notes(policy: &Policy) -> BTreeMap<ResourceId, String> {
    let rules = component_bucket::all(policy).flat_map(|(component, bucket)| {
        let subject = Subject::Component(component.name.value.clone());
        let note = rules_note(&bucket.backend);
        let ids = replication::of_component(policy, component, bucket).into_iter();
        ids.filter_map(move |rule| Some((ResourceId::new(subject.clone(), replication::KIND.name, rule.key), note.clone()?)))
    });
    let both = |(name, backend)| {
        let note = note(name, backend);
        let of = |kind| ResourceId::new(Subject::Store(name.clone()), kind, "");
        [(of(BUCKET), note.clone()), (of(tags::KIND.name), note)]
    };
    backends(policy).flat_map(both).chain(rules).collect()
}

/// The resource that a store's bucket is.
pub fn bucket_id(name: &StoreName) -> ResourceId {
    ResourceId::new(Subject::Store(name.clone()), BUCKET, "")
}
