//! What each purpose does with the objects of a store, by the layout of [`crate::catalog::layout`].

use crate::address::StoreName;
use crate::catalog::layout::{Sort, settings_prefix};
use crate::journal::runs_prefix;
use crate::policy::{Component, Policy};
use crate::rights::{Deed, Purpose, Touch};
use crate::store::PROBES;

/// What is done with the objects of one store. Nothing where the purpose has nothing to do there.
pub fn touches(policy: &Policy, store: &StoreName, purpose: Purpose) -> Vec<Touch> {
    let name = &policy.name.value;
    let mut found = of_backups(policy, store, purpose);
    found.extend(of_log(policy, store, purpose));
    if found.is_empty() {
        return found;
    }
    found.push(Touch { deed: Deed::List, keys: format!("{name}/*") });
    if matches!(purpose, Purpose::Apply | Purpose::Write) {
        let probes = |deed| Touch { deed, keys: format!("{PROBES}*") };
        found.extend([Deed::Read, Deed::Write, Deed::Delete].map(probes));
    }
    match purpose {
        Purpose::Apply => {
            found.push(Touch { deed: Deed::Delete, keys: format!("{}*", runs_prefix(name.as_str())) });
            let servers = policy.components.values().any(|component| component.kind.postgresql().is_some());
            let keeps = servers && policy.stores.keys().next() == Some(store);
            found.extend(keeps.then(|| Touch { deed: Deed::Delete, keys: format!("{}*", settings_prefix(name)) }));
        }
        Purpose::Restore => {
            let tiers = held(policy, store).flat_map(|component| component.retain.values());
            let archived = tiers.filter(|tier| !tier.class.value.is_immediate());
            found.extend(archived.map(|tier| Touch { deed: Deed::Retrieve, keys: Sort::packs_of(name, &tier.name) }));
        }
        _ => {}
    }
    found
}

/// Whether the log of a cluster is archived in a store, by bdr or by S3, which copies it there.
pub fn holds_log(policy: &Policy, store: &StoreName) -> bool {
    policy
        .components
        .values()
        .any(|component| component.wal_archive().is_some_and(|archive| policy.stores_of(component, archive).contains(&store)))
}

/// Of the logs of clusters.
fn of_log(policy: &Policy, store: &StoreName, purpose: Purpose) -> Vec<Touch> {
    let name = &policy.name.value;
    let of = |deed: Deed, sort: Sort| Touch { deed, keys: sort.pattern(name) };
    let archives = |component: &Component| {
        component.wal_archive().is_some_and(|archive| archive.stores.iter().any(|one| one.value == *store))
    };
    let known = [Sort::LogCluster, Sort::LogHistory, Sort::LogLetGo];
    match purpose {
        Purpose::Restore if holds_log(policy, store) => vec![of(Deed::Read, Sort::Log)],
        Purpose::Status | Purpose::Plan | Purpose::Apply if holds_log(policy, store) => {
            known.map(|sort| of(Deed::Read, sort)).to_vec()
        }
        Purpose::Prune if policy.components.values().any(archives) => {
            // Where the log begins that stays is noted before anything goes.
            let written = [of(Deed::Write, Sort::LogLetGo), of(Deed::Delete, Sort::LogLetGo), of(Deed::Delete, Sort::Log)];
            known.map(|sort| of(Deed::Read, sort)).into_iter().chain(written).collect()
        }
        Purpose::Write if policy.components.values().any(archives) => {
            let locks = policy.stores.get(store).is_some_and(|store| store.immutability.is_some());
            let lock = locks.then(|| of(Deed::Lock, Sort::Log));
            [of(Deed::Read, Sort::Log), of(Deed::Write, Sort::Log)].into_iter().chain(lock).collect()
        }
        _ => Vec::new(),
    }
}

/// Of backups.
fn of_backups(policy: &Policy, store: &StoreName, purpose: Purpose) -> Vec<Touch> {
    let name = &policy.name.value;
    let mut found = Vec::new();
    let mut add = |deed: Deed, sorts: &[Sort]| {
        found.extend(sorts.iter().map(|sort| Touch { deed, keys: sort.pattern(name) }));
    };
    let holds_copies = copied(policy, store).next().is_some();
    match purpose {
        Purpose::Plan | Purpose::Apply => {
            add(Deed::Read, &[Sort::Manifest, Sort::Verified, Sort::Own]);
            if purpose == Purpose::Apply {
                add(Deed::Write, &[Sort::Own]);
            }
        }
        Purpose::Restore | Purpose::Status if held(policy, store).next().is_none() => return Vec::new(),
        Purpose::Restore => {
            add(Deed::Read, &Sort::WHOLE);
            add(Deed::Read, &[Sort::Verified]);
        }
        Purpose::Status => {
            // Of what is replicated, the newest objects are looked at, whatever they are.
            add(Deed::Read, if is_replicated(policy, store) { &Sort::WHOLE } else { &[Sort::Manifest] });
            add(Deed::Read, &[Sort::Verified]);
        }
        // It is about what a rule is, whatever that is called.
        Purpose::Copy => return Vec::new(),
        _ if !holds_copies => return Vec::new(),
        Purpose::Write => {
            // Packs are read only to go on with what an interrupted backup left.
            add(Deed::Read, &Sort::WHOLE);
            add(Deed::Read, &[Sort::Verified, Sort::Attempts, Sort::Slots]);
            add(Deed::Write, &Sort::WHOLE);
            add(Deed::Write, &[Sort::Attempts, Sort::Slots]);
            if policy.stores.get(store).is_some_and(|store| store.immutability.is_some()) {
                add(Deed::Lock, &Sort::WHOLE);
            }
        }
        Purpose::Prune => {
            add(Deed::Read, &[Sort::Manifest, Sort::Verified, Sort::Attempts]);
            // What goes is noted there first.
            add(Deed::Write, &[Sort::Attempts]);
            add(Deed::Delete, &Sort::WHOLE);
            add(Deed::Delete, &[Sort::Verified, Sort::Attempts, Sort::Slots]);
        }
    }
    found
}

/// The components of which backups lie in a store, those that S3 brings there too.
fn held<'a>(policy: &'a Policy, store: &'a StoreName) -> impl Iterator<Item = &'a Component> {
    policy.components.values().filter(move |component| {
        let mut protections = component.protections.values().filter(|protection| protection.as_tree().is_some());
        protections.any(|protection| policy.stores_of(component, protection).contains(&store))
    })
}

/// Whether S3 copies from a store, or to it.
fn is_replicated(policy: &Policy, store: &StoreName) -> bool {
    let mut entries = policy.stores.values().flat_map(|from| from.replicate.iter().map(move |entry| (&from.name.value, entry)));
    entries.any(|(from, entry)| from == store || entry.to.value == *store)
}

/// The components of which bdr writes backups to a store.
fn copied<'a>(policy: &'a Policy, store: &'a StoreName) -> impl Iterator<Item = &'a Component> {
    policy.components.values().filter(move |component| {
        let mut protections = component.protections.values().filter(|protection| protection.as_tree().is_some());
        protections.any(|protection| protection.stores.iter().any(|copy| copy.value == *store))
    })
}
