//! Rules of packs: they run where the policy, or whoever calls, names their pack.

pub mod account_unstated;
pub mod all_here;
pub mod freeze_unstated;
pub mod nothing_immutable;
pub mod tls_unrequired;
pub mod too_few_copies;
pub mod unencrypted;
pub mod unversioned;

use crate::policy::{Backend, Component, Policy, Protection, S3Backend, StoreSpec};

/// The stores in which a component's copies lie, replicated ones too, each once.
fn stores<'a>(policy: &'a Policy, component: &'a Component) -> Vec<&'a StoreSpec> {
    let of = |protection: &'a Protection| {
        let replicated = protection.replication().map(|entry| &entry.to.value);
        policy.stores_of(component, protection).into_iter().chain(replicated)
    };
    // A log is no copy of what it logs.
    let copies = component.protections.values().filter(|protection| protection.wal_archive().is_none());
    let names: std::collections::BTreeSet<_> = copies.flat_map(of).collect();
    names.into_iter().filter_map(|name| policy.stores.get(name)).collect()
}

/// Components of which copies are made; one without any is told by a rule of its own.
fn copied(policy: &Policy) -> impl Iterator<Item = (&Component, Vec<&StoreSpec>)> {
    let all = policy.components.values().map(|component| (component, stores(policy, component)));
    all.filter(|(_, stores)| !stores.is_empty())
}

fn buckets(policy: &Policy) -> impl Iterator<Item = (&StoreSpec, &S3Backend)> {
    policy.stores.values().filter_map(|store| match &store.backend {
        Backend::S3(s3) => Some((store, s3)),
        Backend::Folder(_) => None,
    })
}
