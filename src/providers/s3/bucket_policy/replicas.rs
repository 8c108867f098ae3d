//! What lets a bucket of another account hand on copies: the role that brings them belongs to that account, so this bucket must allow it.

use std::collections::BTreeSet;

use super::statement::Statement;
use crate::address::{ResourceId, StoreName};
use crate::policy::replication::source_of;
use crate::policy::{Backend, Component, Policy, Protection, Replication, S3Backend, StoreSpec, Text};
use crate::providers::iam;
use crate::providers::s3::setting::{Wanted, Wish};
use crate::rights::Condition;
use crate::stores::s3::arn;

/// Where copies go.
pub(in crate::providers::s3) type To<'a> = (&'a StoreName, &'a S3Backend);

/// What brings copies to a store.
struct Source<'a> {
    key: String,
    /// The same before it was renamed.
    earlier: Option<String>,
    role: Option<Text>,
    /// Those that go there.
    entries: Vec<&'a Replication>,
    /// Patterns of the keys that arrive.
    keys: BTreeSet<String>,
    after: Vec<ResourceId>,
}

/// For each bucket of another account that is replicated to this store: the copies, and the look at the bucket that goes before (S3 user
/// guide, "Granting permissions when the source and destination buckets are owned by different AWS accounts").
pub(super) fn wanted(wish: Wish<'_>) -> Vec<Wanted> {
    let Wish { policy, name, backend, origins, .. } = wish;
    let to = (name, backend);
    let of = |origin: &Origin<'_>| match origin {
        Origin::Store(from) => of_store(policy, from, to),
        Origin::Component(from) => of_component(policy, from, to),
    };
    origins.iter().flat_map(of).collect()
}

/// What S3 copies from.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    Store(&'a StoreSpec),
    Component(&'a Component),
}

/// Each store that is replicated to, with what is replicated there: stores before components, by name.
pub fn origins(policy: &Policy) -> impl Iterator<Item = (&StoreName, Origin<'_>)> {
    let of_stores = policy.stores.values().flat_map(|from| {
        let to: BTreeSet<&StoreName> = from.replicate.iter().map(|entry| &entry.to.value).collect();
        to.into_iter().map(move |to| (to, Origin::Store(from)))
    });
    let of_components = policy.components.values().flat_map(|from| {
        let entries = from.protections.values().filter_map(Protection::replication);
        let to: BTreeSet<&StoreName> = entries.map(|entry| &entry.to.value).collect();
        to.into_iter().map(move |to| (to, Origin::Component(from)))
    });
    of_stores.chain(of_components)
}

/// What a store needs there.
pub(super) fn of_store(policy: &Policy, from: &StoreSpec, to: To<'_>) -> Vec<Wanted> {
    let Backend::S3(backend) = &from.backend else { return Vec::new() };
    let entries: Vec<_> = from.replicate.iter().filter(|entry| entry.to.value == *to.0).collect();
    if entries.is_empty() || !lie_apart(backend, to.1) {
        return Vec::new();
    }
    let source = Source {
        key: from.name.value.to_string(),
        earlier: from.moved.as_ref().map(|before| before.to_string()),
        role: policy.replication_role(&from.name.value),
        entries,
        keys: BTreeSet::from([arn::objects(to.1, &format!("{}/*", policy.name))]),
        after: iam::before_replication(policy, &from.name.value),
    };
    statements(source, to)
}

/// What the bucket of a component needs there. Copies keep their keys: the store's own prefix plays no part.
pub(super) fn of_component(policy: &Policy, from: &Component, to: To<'_>) -> Vec<Wanted> {
    let Some(bucket) = from.kind.bucket() else { return Vec::new() };
    let entries = from.protections.values().filter_map(|protection| protection.replication());
    let entries: Vec<_> = entries.filter(|entry| entry.to.value == *to.0).collect();
    if entries.is_empty() || !lie_apart(&bucket.backend, to.1) {
        return Vec::new();
    }
    let prefix = &bucket.backend.prefix.value;
    let below =
        |entry: &&Replication| format!("{}/{}*", arn::bucket(to.1), arn::literal(&format!("{prefix}{}", entry.prefix.value)));
    let source = Source {
        key: source_of(&from.name.value),
        earlier: from.moved.as_ref().map(|before| source_of(before)),
        role: policy.replication_role_of(from),
        keys: entries.iter().map(below).collect(),
        entries,
        after: iam::before_replication_of(policy, from),
    };
    statements(source, to)
}

fn lie_apart(from: &S3Backend, to: &S3Backend) -> bool {
    from.account.as_ref().zip(to.account.as_ref()).is_some_and(|(from, to)| from.value != to.value)
}

fn statements(source: Source<'_>, to: To<'_>) -> Vec<Wanted> {
    let Source { key, earlier, role, entries, keys, after } = source;
    // What came from a reference is not shown, and a statement is: who names the role so allows it here.
    let Some(role) = role.filter(|role| !role.is_referenced()) else { return Vec::new() };
    let mut actions = vec!["s3:ReplicateObject", "s3:ReplicateTags"];
    actions.extend(entries.iter().any(|entry| entry.delete_markers).then_some("s3:ReplicateDelete"));
    actions.extend(entries.iter().any(|entry| entry.overrides_owner()).then_some("s3:ObjectOwnerOverrideToBucketOwner"));
    let allowed = |what: &str, actions: &[&str], resources: BTreeSet<String>| Wanted {
        key: format!("{what}-{key}"),
        earlier: earlier.as_ref().map(|key| format!("{what}-{key}")),
        attrs: Statement {
            effect: "Allow",
            principals: BTreeSet::from([role.expose().to_owned()]),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources,
            condition: Condition::new(),
        }
        .attrs(),
        span: entries.first().and_then(|entry| entry.span),
        after: after.clone(),
    };
    let look = BTreeSet::from([arn::bucket(to.1)]);
    vec![allowed("replicas-of", &actions, keys), allowed("look-of", &["s3:GetBucketVersioning", "s3:ListBucket"], look)]
}
