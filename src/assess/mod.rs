//! Assess: what a policy can promise. Worst-case RPO and RTO of every component under every disruption, with the reasoning.
//!
//! Each protection states in a file of its own what its copies promise ([`bounds`]); this pass combines those statements,
//! and says of every figure where it came from. Pure: the same policy and facts give the same assessment.

pub mod bounds;
pub mod derive;
pub mod facts;
mod file_backup;
pub mod gaps;
mod interval;
mod logical_dump;
pub mod wal_archive;
pub mod replica;
pub mod storage;
#[cfg(test)]
mod tests;
mod whole_cluster;

pub use bounds::{CopyBounds, Origin, Place, Site, Survival, Term};
pub use derive::{Cell, Derived, Verdict};
pub use facts::{Facts, Measured};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::address::{ComponentName, StoreName};
use crate::assess::gaps::Gaps;
use crate::policy::{Component, Disruption, Location, Medium, Method, Policy, Replication};

/// What the policy promises, component by component, disruption by disruption.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// In order of component and disruption.
    pub cells: Vec<Cell>,
}

impl Assessment {
    /// The cells of one component.
    pub fn of(&self, component: &ComponentName) -> &[Cell] {
        let first = self.cells.partition_point(|cell| cell.component < *component);
        let rest = &self.cells[first..];
        &rest[..rest.partition_point(|cell| cell.component == *component)]
    }

    /// How many objectives have this verdict: each RPO and each RTO of each disruption is one.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cells.iter().flat_map(|cell| [&cell.rpo, &cell.rto]).filter(|derived| derived.verdict() == verdict).count()
    }
}

/// What the stores of the policy promise, by name. Stores that are one place have the name and the promise of the first.
type Places = BTreeMap<StoreName, (StoreName, Arc<Place>)>;

/// Where replicas lie, by source and destination.
type Replicas<'a> = BTreeMap<&'a StoreName, Vec<(&'a Replication, StoreName, Arc<Place>)>>;

/// Derives the whole table, in order of component and disruption.
pub fn assess(policy: &Policy, facts: &Facts) -> Assessment {
    let places = places(policy);
    let replicas = replicas(policy, &places);
    let gaps = Gaps::of(policy, facts.now);
    let cells = policy.components.values().flat_map(|component| {
        let copies = copies(policy, component, &places, &replicas, (facts, &gaps));
        Disruption::ALL.map(|disruption| derive::cell(component, disruption, &copies))
    });
    Assessment { cells: cells.collect() }
}

/// Several names of one place are one place, and a bucket has one site, whatever else is stated of it.
fn places(policy: &Policy) -> Places {
    let mut sites: BTreeMap<Medium, Site> = BTreeMap::new();
    let mut known: BTreeMap<Location, (StoreName, Arc<Place>)> = BTreeMap::new();
    let mut places = Places::new();
    for (name, store) in &policy.stores {
        let location = Location::of(store, &policy.name);
        let site = sites.entry(location.medium.clone()).or_insert_with(|| storage::site(store));
        let first = || (name.clone(), Arc::new(storage::place(store, site)));
        places.insert(name.clone(), known.entry(location).or_insert_with(first).clone());
    }
    places
}

/// What S3 hands on is handed on once: replicas are not replicated.
fn replicas<'a>(policy: &'a Policy, places: &Places) -> Replicas<'a> {
    let mut replicas = Replicas::new();
    for (from, store) in &policy.stores {
        for entry in &store.replicate {
            let Some((to, place)) = places.get(&entry.to.value) else { continue };
            let place = replica::apart(policy, store, to, place);
            replicas.entry(from).or_default().push((entry, to.clone(), place));
        }
    }
    replicas
}

/// What every copy of a component promises: one entry for each protection and store that the facts do not rule out, and one for each
/// store that it is replicated to.
fn copies(
    policy: &Policy,
    component: &Component,
    places: &Places,
    replicas: &Replicas<'_>,
    (facts, gaps): (&Facts, &Gaps<'_>),
) -> Vec<CopyBounds> {
    let known = component.protections.values().filter(|protection| facts.is_in_place(&component.name, &protection.name));
    if let Some(bucket) = component.as_store() {
        return replica::of_bucket(policy, component, &bucket, places);
    }
    let pairs = known.flat_map(|protection| {
        let stores: BTreeSet<&StoreName> = {
            let there = protection.stores.iter().filter(|store| !facts.is_missing(&component.name, &protection.name, store));
            there.filter_map(|store| Some(&places.get(&store.value)?.0)).collect()
        };
        stores.into_iter().map(move |store| (protection, store))
    });
    let mut copies = Vec::new();
    for (protection, store) in pairs {
        let Some((store, place)) = places.get(store) else { continue };
        let question = bounds::Question { policy, component, protection, store, place, facts, gaps };
        let copy = match &protection.method {
            Method::FileBackup(_) => file_backup::bounds(&question),
            Method::LogicalDump(_) => logical_dump::bounds(&question),
            Method::BaseBackup(_) => whole_cluster::bounds(&question),
            Method::WalArchive(archive) => wal_archive::bounds(&question, archive),
            // Nothing that bdr writes; of a bucket it was said above.
            Method::Replication(_) => continue,
        };
        let handed_on = replicas.get(store).into_iter().flatten();
        let covering = handed_on.filter(|(entry, ..)| entry.covers(component, &protection.name.value));
        let replicated: Vec<CopyBounds> = covering.map(|(entry, to, place)| replica::bounds(&copy, entry, to, place)).collect();
        copies.push(copy);
        copies.extend(replicated);
    }
    copies
}
