//! Assess: what a policy can promise. Worst-case RPO and RTO of every component under every disruption, with the reasoning.
//!
//! Each protection states in a file of its own what its copies promise ([`bounds`]); this pass combines those statements,
//! and says of every figure where it came from. Pure: the same policy and facts give the same assessment.

pub mod bounds;
pub mod derive;
pub mod facts;
mod file_backup;
pub mod storage;
#[cfg(test)]
mod tests;

pub use bounds::{CopyBounds, Origin, Site, Survival, Term};
pub use derive::{Cell, Derived, Verdict};
pub use facts::{Facts, Measured};

use crate::address::ComponentName;
use crate::policy::{Component, Disruption, Method, Policy};

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

    /// The cells that have an objective which is not met.
    pub fn broken(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.rpo.verdict() == Verdict::Broken || cell.rto.verdict() == Verdict::Broken)
    }
}

/// Derives the whole table, in order of component and disruption.
pub fn assess(policy: &Policy, facts: &Facts) -> Assessment {
    let cells = policy.components.values().flat_map(|component| {
        let copies = copies(policy, component, facts);
        Disruption::ALL.map(|disruption| derive::cell(component, disruption, &copies))
    });
    Assessment { cells: cells.collect() }
}

/// What every copy of a component promises: one entry for each protection and store that the facts do not rule out.
pub fn copies(policy: &Policy, component: &Component, facts: &Facts) -> Vec<CopyBounds> {
    let known = component.protections.values().filter(|protection| facts.is_in_place(&component.name, &protection.name));
    let pairs = known.flat_map(|protection| protection.stores.iter().map(move |store| (protection, store)));
    pairs
        .filter_map(|(protection, store)| {
            let store = policy.stores.get(&store.value)?;
            let question = bounds::Question { policy, component, protection, store, facts };
            Some(match &protection.method {
                Method::FileBackup(_) => file_backup::bounds(&question),
            })
        })
        .collect()
}
