//! Buckets of the application's own data: what bdr wants there is versions, where it may switch them on, and its replication rules.
//!
//! Such a bucket is never made, marked, locked or released. What is missing for a rule is told when it is planned, and the rule is not
//! written.

use crate::address::{ComponentName, ResourceId, Subject};
use crate::attrs::Attrs;
use crate::policy::{Component, Method, ObjectStorage, Policy};
use crate::providers::s3::setting::Wanted;
use crate::providers::s3::{queue, replication, versioning};
use crate::resource::{Desired, Resource};

/// The components that are buckets.
pub(super) fn all(policy: &Policy) -> impl Iterator<Item = (&Component, &ObjectStorage)> {
    policy.components.values().filter_map(|component| Some((component, component.kind.bucket()?)))
}

pub(super) fn declare(policy: &Policy, desired: &mut Desired) {
    for (component, bucket) in all(policy) {
        let id = |kind, key: &str| ResourceId::new(Subject::Component(component.name.value.clone()), kind, key);
        let mut add = |kind: &'static str, wanted: Wanted| {
            let queue = Some(queue(&bucket.backend));
            let id = id(kind, &wanted.key);
            let before = component.moved.as_ref().map(|before| Subject::Component(before.value.clone()));
            desired.add(Resource {
                earlier: wanted.moved_from(&id, before).filter(|_| kind == replication::KIND.name),
                id,
                attrs: wanted.attrs,
                span: wanted.span,
                after: wanted.after,
                queue,
            });
        };
        let rules = replication::of_component(policy, component, bucket);
        let versions = id(versioning::KIND.name, "");
        let managed = bucket.manages_versions && !rules.is_empty();
        if managed {
            let attrs = Attrs::from([("enabled".to_owned(), true.into())]);
            add(
                versioning::KIND.name,
                Wanted { key: String::new(), attrs, span: bucket.versioning, after: Vec::new(), earlier: None },
            );
        }
        for rule in rules {
            let after = rule.after.iter().cloned().chain(managed.then(|| versions.clone())).collect();
            add(replication::KIND.name, Wanted { after, ..rule });
        }
    }
}

/// Makes the policy say what stands: a protection whose rule is not there, or copies something else, protects nothing.
pub(super) fn stands(policy: &mut Policy, name: &ComponentName, id: &ResourceId, live: Option<&Attrs>) {
    if id.kind != replication::KIND.name {
        return;
    }
    let found = policy.components.get(name).and_then(|component| {
        component.protections.values().find(|protection| protection.name.as_str() == id.key)?.replication().cloned()
    });
    let Some(entry) = found else { return };
    let seen = live.and_then(|live| replication::seen_of(policy, entry, live));
    let Some(component) = policy.components.get_mut(name) else { return };
    component.protections.retain(|protection, _| protection.as_str() != id.key || seen.is_some());
    let own = component.protections.values_mut().find(|protection| protection.name.as_str() == id.key);
    if let (Some(protection), Some(entry)) = (own, seen) {
        protection.method = Method::Replication(Box::new(entry));
    }
}
