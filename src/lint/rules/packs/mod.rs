//! Rules of packs: they run where the policy, or whoever calls, names their pack.

pub mod account_unstated;
pub mod all_here;
pub mod freeze_unstated;
pub mod nothing_immutable;
pub mod too_few_copies;
pub mod unencrypted;
pub mod unversioned;

use crate::policy::{Backend, Component, Policy, S3Backend, StoreSpec};

/// The stores that a component's copies go to, each once.
fn stores<'a>(policy: &'a Policy, component: &Component) -> Vec<&'a StoreSpec> {
    let named = component.protections.values().flat_map(|protection| &protection.stores).map(|store| &store.value);
    let names: std::collections::BTreeSet<_> = named.collect();
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
