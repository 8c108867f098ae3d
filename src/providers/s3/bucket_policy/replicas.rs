//! What lets a store of another account hand on copies: the role that brings them belongs to that account, so this bucket must allow it.

use std::collections::BTreeSet;

use super::statement::Statement;
use crate::policy::{Backend, S3Backend, StoreSpec};
use crate::providers::iam;
use crate::providers::s3::setting::{Wanted, Wish};
use crate::rights::Condition;
use crate::stores::s3::arn;

/// For each store of another account that replicates to this one: the copies, and the look at the bucket that goes before (S3 user
/// guide, "Granting permissions when the source and destination buckets are owned by different AWS accounts").
pub(super) fn wanted(wish: Wish<'_>) -> Vec<Wanted> {
    sources(wish).flat_map(|source| of(wish, source)).collect()
}

/// The keys of what a source needs here: its rules wait for them.
pub(super) fn keys(wish: Wish<'_>, source: &StoreSpec) -> Vec<String> {
    sources(wish)
        .filter(|one| one.name.value == source.name.value)
        .flat_map(|source| of(wish, source))
        .map(|one| one.key)
        .collect()
}

fn sources<'a>(wish: Wish<'a>) -> impl Iterator<Item = &'a StoreSpec> {
    let is_elsewhere = move |backend: &S3Backend| {
        let accounts = backend.account.as_ref().zip(wish.backend.account.as_ref());
        accounts.is_some_and(|(there, here)| there.value != here.value)
    };
    wish.policy.stores.values().filter(move |source| {
        let hands_on = source.replicate.iter().any(|entry| entry.to.value == *wish.name);
        hands_on && matches!(&source.backend, Backend::S3(backend) if is_elsewhere(backend))
    })
}

fn of(wish: Wish<'_>, source: &StoreSpec) -> Vec<Wanted> {
    // What came from a reference is not shown, and a statement is: who names the role so allows it here.
    let Some(role) = wish.policy.replication_role(&source.name.value).filter(|role| !role.is_referenced()) else {
        return Vec::new();
    };
    let entries: Vec<_> = source.replicate.iter().filter(|entry| entry.to.value == *wish.name).collect();
    let mut actions = vec!["s3:ReplicateObject", "s3:ReplicateTags"];
    actions.extend(entries.iter().any(|entry| entry.delete_markers).then_some("s3:ReplicateDelete"));
    actions.extend(entries.iter().any(|entry| entry.overrides_owner()).then_some("s3:ObjectOwnerOverrideToBucketOwner"));
    let copies = arn::objects(wish.backend, &format!("{}/*", wish.policy.name));
    let allowed = |key: String, actions: &[&str], resource: String| Wanted {
        key,
        attrs: Statement {
            effect: "Allow",
            principals: BTreeSet::from([role.expose().to_owned()]),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: BTreeSet::from([resource]),
            condition: Condition::new(),
        }
        .attrs(),
        span: entries.first().and_then(|entry| entry.span),
        after: iam::before_replication(wish.policy, &source.name.value),
    };
    let name = &source.name.value;
    vec![
        allowed(format!("replicas-of-{name}"), &actions, copies),
        allowed(format!("replicas-of-{name}-look"), &["s3:GetBucketVersioning", "s3:ListBucket"], arn::bucket(wish.backend)),
    ]
}
