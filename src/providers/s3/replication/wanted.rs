//! The rules that a store wants, what must be in place before each, and what stands in its place.

use std::collections::BTreeSet;

use super::rule::GIVEN;
use crate::address::{ComponentName, ResourceId, StoreName};
use crate::attrs::{Attr, Attrs};
use crate::policy::replication::{Scope, scopes};
use crate::policy::{Backend, Policy, Replication, S3Backend, Text};
use crate::providers::iam;
use crate::providers::s3::setting::{Wanted, Wish};
use crate::providers::s3::{bucket, bucket_policy, id, object_lock, versioning};
use crate::stores::s3::arn;

/// How many rules a store wants.
pub(super) fn count(wish: Wish<'_>) -> usize {
    scopes(&wish.spec.replicate, wish.written).len()
}

pub(super) fn wanted(wish: Wish<'_>) -> Vec<Wanted> {
    if wish.spec.replicate.is_empty() {
        return Vec::new();
    }
    let role = wish.policy.replication_role(wish.name);
    let scopes = scopes(&wish.spec.replicate, wish.written);
    let one = |(key, scope): (String, Scope<'_>)| {
        let Backend::S3(there) = &wish.policy.stores.get(&scope.entry.to.value)?.backend else { return None };
        Some(Wanted {
            key,
            attrs: attrs(wish, &scope, there, role.as_ref()),
            span: scope.entry.span,
            after: after(wish, &scope.entry.to.value, there),
        })
    };
    scopes.into_iter().filter_map(one).collect()
}

fn attrs(wish: Wish<'_>, scope: &Scope<'_>, there: &S3Backend, role: Option<&Text>) -> Attrs {
    let Replication { within, storage_class, delete_markers, tags, .. } = scope.entry;
    let mut attrs = Attrs::from([
        ("to".to_owned(), named(there)),
        ("prefix".to_owned(), format!("{}{}/{}", wish.backend.prefix.value, wish.policy.name.value, scope.below).into()),
        ("enabled".to_owned(), true.into()),
        ("delete_markers".to_owned(), (*delete_markers).into()),
        ("priority".to_owned(), GIVEN.into()),
    ]);
    attrs.extend(role.map(|role| ("role".to_owned(), role.to_attr())));
    if !tags.is_empty() {
        attrs.insert("tags".to_owned(), Attr::map(tags.iter().map(|(key, value)| (key.as_str(), value.value.as_str()))));
    }
    attrs.extend(storage_class.as_ref().map(|class| ("storage_class".to_owned(), class.value.as_str().into())));
    let minutes = |within: &crate::diag::Spanned<crate::units::duration::Duration>| {
        Attr::Int(i64::try_from(within.as_secs() / 60).unwrap_or(i64::MAX))
    };
    attrs.extend(within.as_ref().map(|within| ("within_minutes".to_owned(), minutes(within))));
    let owner = there.account.as_ref().filter(|_| scope.entry.overrides_owner());
    attrs.extend(owner.map(|account| ("owner".to_owned(), account.value.as_str().into())));
    attrs.extend(wish.policy.key_of_copies(scope.entry).map(|key| ("kms".to_owned(), key.into())));
    if wish.policy.is_two_way(wish.name, scope.entry) {
        attrs.insert("replica_changes".to_owned(), true.into());
    }
    attrs
}

/// The ARN of a bucket; where its name came from a reference, it is shown as such.
fn named(backend: &S3Backend) -> Attr {
    let arn = |bucket: &str| format!("arn:{}:s3:::{bucket}", arn::partition_of(backend));
    let bucket = &backend.bucket.value;
    match (bucket.is_referenced(), bucket.is_known()) {
        (false, _) => Attr::Text(arn(bucket.expose())),
        (true, true) => Text::resolved(arn(&bucket.shown), arn(bucket.expose())).to_attr(),
        (true, false) => Text::unresolved(arn(&bucket.shown)).to_attr(),
    }
}

/// The bucket that copies go to, its versions, its lock, and the role with what it is allowed: without them the rule would be refused, or
/// copy nothing.
fn after(wish: Wish<'_>, to: &StoreName, there: &S3Backend) -> Vec<ResourceId> {
    let policy = wish.policy;
    let Some(first) = policy.sharing(to).first().copied() else { return Vec::new() };
    let of = |kind: &'static str| id(&first.name.value, kind, "");
    let mut after = vec![of(bucket::KIND.name)];
    after.extend(first.versioning.as_ref().map(|_| of(versioning::KIND.name)));
    after.extend(first.immutability.as_ref().map(|_| of(object_lock::KIND.name)));
    after.extend(iam::before_replication(policy, wish.name));
    if let Some((name, spec)) = policy.stores.get_key_value(to) {
        let destination = Wish { name, spec, backend: there, ..wish };
        after.extend(bucket_policy::before_replicas(destination, wish.spec));
    }
    after
}

/// The components of which bdr writes copies to a store.
fn written<'a>(policy: &'a Policy, store: &StoreName) -> BTreeSet<&'a ComponentName> {
    let writes = |component: &&crate::policy::Component| {
        component.protections.values().any(|protection| protection.stores.iter().any(|to| to.value == *store))
    };
    policy.components.values().filter(writes).map(|component| &component.name.value).collect()
}

/// Makes the store's entries those that stand: rule by rule, without the one that is not there or does something else.
pub(super) fn stands(policy: &mut Policy, store: &StoreName, key: &str, live: Option<&Attrs>) {
    let Some(spec) = policy.stores.get(store) else { return };
    let scopes = scopes(&spec.replicate, &written(policy, store));
    let one = |(known, Scope { below, entry })| {
        let entry = Replication { prefix: entry.prefix.as_ref().map(|_| below), ..entry.clone() };
        if known != key { Some(entry) } else { seen(policy, entry, live?) }
    };
    let standing: Vec<Replication> = scopes.into_iter().filter_map(one).collect();
    policy.stores.get_mut(store).into_iter().for_each(|spec| spec.replicate.clone_from(&standing));
}

/// An entry as its live rule has it; `None`: it copies nothing to where the policy wants it.
fn seen(policy: &Policy, mut entry: Replication, live: &Attrs) -> Option<Replication> {
    let flag = |name: &str| live.get(name).and_then(Attr::as_bool) == Some(true);
    let Backend::S3(there) = &policy.stores.get(&entry.to.value)?.backend else { return None };
    let copies = flag("enabled") && live.get("to") == Some(&named(there)) && live.contains_key("tags") != entry.tags.is_empty();
    entry.within = entry.within.filter(|_| live.contains_key("within_minutes"));
    entry.delete_markers = flag("delete_markers");
    copies.then_some(entry)
}
