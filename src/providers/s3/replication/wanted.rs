//! The rules that a store wants, what must be in place before each, and what stands in its place.

use std::collections::BTreeSet;

use super::rule::{GIVEN, text};
use crate::address::{ComponentName, ResourceId, StoreName};
use crate::attrs::{Attr, Attrs};
use crate::diag::Spanned;
use crate::policy::replication::{Scope, scopes};
use crate::policy::{Backend, Component, ObjectStorage, Policy, Protection, Replication, S3Backend, StoreSpec, Text};
use crate::providers::iam;
use crate::providers::s3::setting::{Wanted, Wish};
use crate::providers::s3::{bucket, bucket_policy, id, object_lock, versioning};
use crate::stores::s3::arn;
use crate::units::duration::Duration;
use crate::units::storage_class::StorageClass;

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
        let below = format!("{}{}/{}", wish.backend.prefix.value, wish.policy.name.value, scope.below);
        let mut attrs = attrs(wish.policy, below, scope.entry, there, role.as_ref());
        if wish.policy.is_two_way(wish.name, scope.entry) {
            attrs.insert("replica_changes".to_owned(), true.into());
        }
        let to = &scope.entry.to.value;
        let after = [after(wish.policy, to), allowed(wish, to, there)].concat();
        let moved = wish.policy.stores.get(to).and_then(|there| there.moved.as_ref());
        let earlier = moved.map(|before| scope.key_to(&before.value));
        Some(Wanted { key, earlier, attrs, span: scope.entry.span, after })
    };
    scopes.into_iter().filter_map(one).collect()
}

/// The rules of a component that is a bucket: one for each protection.
pub(in crate::providers::s3) fn of_component(policy: &Policy, component: &Component, bucket: &ObjectStorage) -> Vec<Wanted> {
    let role = policy.replication_role_of(component);
    let one = |protection: &Protection| {
        let entry = protection.replication()?;
        let Backend::S3(there) = &policy.stores.get(&entry.to.value)?.backend else { return None };
        let below = format!("{}{}", bucket.backend.prefix.value, entry.prefix.value);
        Some(Wanted {
            key: protection.name.as_str().to_owned(),
            earlier: None,
            attrs: attrs(policy, below, entry, there, role.as_ref()),
            span: entry.span,
            after: [
                after(policy, &entry.to.value),
                iam::before_replication_of(policy, component),
                bucket_policy::before_copies(policy, component, (&entry.to.value, there)),
            ]
            .concat(),
        })
    };
    component.protections.values().filter_map(one).collect()
}

fn attrs(policy: &Policy, below: String, entry: &Replication, there: &S3Backend, role: Option<&Text>) -> Attrs {
    let Replication { within, storage_class, delete_markers, tags, .. } = entry;
    let mut attrs = Attrs::from([
        ("to".to_owned(), named(there)),
        ("prefix".to_owned(), below.into()),
        ("enabled".to_owned(), true.into()),
        ("delete_markers".to_owned(), (*delete_markers).into()),
        ("priority".to_owned(), GIVEN.into()),
    ]);
    attrs.extend(role.map(|role| ("role".to_owned(), role.to_attr())));
    if !tags.is_empty() {
        attrs.insert("tags".to_owned(), Attr::map(tags.iter().map(|(key, value)| (key.as_str(), value.value.as_str()))));
    }
    attrs.extend(storage_class.as_ref().map(|class| ("storage_class".to_owned(), class.value.as_str().into())));
    let minutes = |within: &Spanned<Duration>| Attr::Int(i64::try_from(within.as_secs() / 60).unwrap_or(i64::MAX));
    attrs.extend(within.as_ref().map(|within| ("within_minutes".to_owned(), minutes(within))));
    let owner = there.account.as_ref().filter(|_| entry.overrides_owner());
    attrs.extend(owner.map(|account| ("owner".to_owned(), account.value.as_str().into())));
    attrs.extend(policy.key_of_copies(entry).map(|key| ("kms".to_owned(), key.into())));
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

/// The bucket that copies go to, its versions, and its lock: without them the rule would be refused, or copy nothing.
fn after(policy: &Policy, to: &StoreName) -> Vec<ResourceId> {
    let Some(first) = policy.sharing(to).first().copied() else { return Vec::new() };
    let of = |kind: &'static str| id(&first.name.value, kind, "");
    let mut after = vec![of(bucket::KIND.name)];
    after.extend(first.versioning.as_ref().map(|_| of(versioning::KIND.name)));
    after.extend(first.immutability.as_ref().map(|_| of(object_lock::KIND.name)));
    after
}

/// The role that brings the copies of a store, its rights, and that the destination lets it in.
fn allowed(wish: Wish<'_>, to: &StoreName, there: &S3Backend) -> Vec<ResourceId> {
    let mut allowed = iam::before_replication(wish.policy, wish.name);
    allowed.extend(bucket_policy::before_replicas(wish.policy, wish.spec, (to, there)));
    allowed
}

/// The folders of the components of which bdr writes copies to a store.
pub(super) fn written<'a>(policy: &'a Policy, store: &StoreName) -> BTreeSet<&'a ComponentName> {
    let writes = |component: &&Component| {
        component.protections.values().any(|protection| protection.stores.iter().any(|to| to.value == *store))
    };
    policy.components.values().filter(writes).map(Component::folder).collect()
}

/// Makes the store's entries those that stand: rule by rule, without the one that is not there, and with the one that is there and is not
/// wanted any more.
pub(super) fn stands(policy: &mut Policy, store: &StoreName, key: &str, live: Option<&Attrs>) {
    let Some(StoreSpec { replicate, backend: Backend::S3(here), .. }) = policy.stores.get(store) else { return };
    let root = format!("{}{}/", here.prefix.value, policy.name.value);
    let scopes = scopes(replicate, &written(policy, store));
    let one = |(known, Scope { below, entry }): (String, Scope<'_>)| {
        (known == key, Replication { prefix: entry.prefix.as_ref().map(|_| below), ..entry.clone() })
    };
    let (own, mut standing): (Vec<_>, Vec<_>) = scopes.into_iter().map(one).partition(|(is_own, _)| *is_own);
    let found = live.and_then(|live| seen(policy, own.first().map(|(_, entry)| entry), &root, live));
    let same = |one: &Replication, other: &Replication| {
        (&one.to.value, &one.prefix.value, one.tags.is_empty()) == (&other.to.value, &other.prefix.value, other.tags.is_empty())
    };
    let found = found.filter(|found| !standing.iter().any(|(_, other)| same(found, other)));
    standing.extend(found.map(|found| (true, found)));
    let standing: Vec<Replication> = standing.into_iter().map(|(_, entry)| entry).collect();
    policy.stores.get_mut(store).into_iter().for_each(|spec| spec.replicate.clone_from(&standing));
}

/// What a live rule copies of what lies below `root`, as an entry, by what the policy wants of that rule, if anything; `None`: nothing, or to
/// no store of the policy.
pub(in crate::providers::s3) fn seen(
    policy: &Policy,
    wanted: Option<&Replication>,
    root: &str,
    live: &Attrs,
) -> Option<Replication> {
    let flag = |name: &str| live.get(name).and_then(Attr::as_bool) == Some(true);
    let goes_to = |store: &&StoreName| match policy.stores.get(*store).map(|store| &store.backend) {
        Some(Backend::S3(there)) => live.get("to") == Some(&named(there)),
        _ => false,
    };
    let prefix = text(live, "prefix").unwrap_or_default();
    let below = if root.starts_with(prefix) { "" } else { prefix.strip_prefix(root)? };
    let to = wanted.map(|wanted| &wanted.to.value).into_iter().chain(policy.stores.keys()).find(goes_to)?;
    let minutes = live.get("within_minutes").and_then(Attr::as_int).and_then(|minutes| u64::try_from(minutes).ok());
    let class = |class: &&StorageClass| text(live, "storage_class") == Some(class.as_str());
    let tags = live.get("tags").and_then(Attr::as_map).into_iter().flatten();
    flag("enabled").then(|| Replication {
        to: Spanned::bare(to.clone()),
        within: minutes.map(|minutes| Spanned::bare(Duration::from_secs(minutes * 60))),
        storage_class: StorageClass::ALL.iter().find(class).copied().map(Spanned::bare),
        delete_markers: flag("delete_markers"),
        prefix: Spanned::bare(below.to_owned()),
        tags: tags.map(|(key, value)| (key.clone(), Spanned::bare(value.to_string()))).collect(),
        existing_objects: wanted.and_then(|wanted| wanted.existing_objects.clone()),
        kms: wanted.and_then(|wanted| wanted.kms.clone()),
        owner_override: wanted.and_then(|wanted| wanted.owner_override.clone()),
        role: wanted.and_then(|wanted| wanted.role.clone()),
        span: wanted.and_then(|wanted| wanted.span),
    })
}
