//! Buckets of the application's own data: what bdr wants there is versions, where it may switch them on, and its replication rules.
//!
//! Such a bucket is never made, marked, locked or released. What is missing for a rule is told when it is planned, and the rule is not
//! written.

use crate::address::{ComponentName, ProtectionName, ResourceId, Subject};
use crate::attrs::Attrs;
use crate::diag::Spanned;
use crate::policy::{Component, ComponentKind, Method, ObjectStorage, Policy, Protection};
use crate::providers::s3::setting::Wanted;
use crate::providers::s3::{queue, replication, versioning};
use crate::resource::{Desired, Live, Resource};

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

/// Makes the policy say what stands: a protection whose rule is not there protects nothing, one that left the policy and whose rule is there
/// still does. The bucket itself is what it was.
pub(super) fn stands(policy: &mut Policy, name: &ComponentName, id: &ResourceId, live: &Live) {
    let attrs = live.working();
    let Some(component) = policy.components.get(name) else { return };
    if id.kind == versioning::KIND.name {
        if let Some(ComponentKind::ObjectStorage(bucket)) = policy.components.get_mut(name).map(|component| &mut component.kind) {
            bucket.keeps_versions = versioning::on(attrs);
        }
        return;
    }
    let (Some(bucket), Ok(key)) = (component.kind.bucket(), ProtectionName::new(&id.key)) else { return };
    let wanted = component.protections.get(&key).and_then(Protection::replication);
    let seen = attrs.and_then(|live| replication::seen_of(policy, wanted, &bucket.backend.prefix.value, live));
    let Some(component) = policy.components.get_mut(name) else { return };
    match seen.map(|entry| Method::Replication(Box::new(entry))) {
        None => _ = component.protections.remove(&key),
        Some(method) => {
            let name = Spanned::bare(key.clone());
            let left = Protection { name, method: method.clone(), schedule: None, stores: Vec::new(), span: None };
            component.protections.entry(key).or_insert(left).method = method;
        }
    }
}
