//! What is deleted at the source is deleted in the only copies that are to outlive that.
//!
//! ## What it finds
//!
//! `delete_markers: true` in a replication, where a component with an objective for `corruption` has no copy in a third store that
//! survives it, and the destination locks nothing.
//!
//! ## Why it matters
//!
//! `corruption` is a bad write, a deletion, ransomware. With delete markers, a deletion at the source is one at the destination minutes
//! later. The versions behind the markers are still there, in both buckets, until the lifecycle removes them (`noncurrent`), and whoever
//! has to find them does so by hand. Without markers the destination simply keeps what was deleted.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-backups, region: eu-north-1, account: 111122223333 }
//!     versioning: true
//!     replicate: { to: dr, within: 15m, delete_markers: true }
//!   dr:
//!     s3: { bucket: shop-backups-dr, region: eu-west-1 }
//!     versioning: true
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { corruption: { rpo: 26h } }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! scheduler: { systemd: {} }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-backups, region: eu-north-1, account: 111122223333 }
//!     versioning: true
//!     replicate: { to: dr, within: 15m }
//!   dr:
//!     s3: { bucket: shop-backups-dr, region: eu-west-1 }
//!     versioning: true
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { corruption: { rpo: 26h } }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! scheduler: { systemd: {} }
//! ```

use crate::address::StoreName;
use crate::assess::Survival;
use crate::assess::storage::{site, survives};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Component, Disruption, Policy, Replication, StoreSpec};

pub struct ReplicationDeletes;

impl Rule for ReplicationDeletes {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L042",
            name: "replication-deletes",
            severity: Severity::Warning,
            text: include_str!("replication_deletes.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        for from in policy.stores.values() {
            for entry in from.replicate.iter().filter(|entry| entry.delete_markers) {
                let is_locked = policy.stores.get(&entry.to.value).is_some_and(|to| to.immutability.is_some());
                let component = policy.components.values().find(|component| rests_on(policy, component, from, entry));
                let Some(component) = component.filter(|_| !is_locked) else { continue };
                let message = format!("what is deleted in `{}` is deleted in its replica too", from.name);
                let objective = component.objectives.under(Disruption::Corruption);
                let promised = objective.rpo.as_ref().or(objective.rto.as_ref()).and_then(|stated| stated.span);
                found.push(
                    Diagnostic::warning(self.about().code, message)
                        .at(entry.span, "takes delete markers along")
                        .at(promised, format!("`{}` has no other copy to keep this", component.name))
                        .help("Leave `delete_markers` out, lock what the destination holds (`immutability`), or keep a copy elsewhere."),
                );
            }
        }
    }
}

/// Whether the two buckets are all that a component has against corruption.
fn rests_on(policy: &Policy, component: &Component, from: &StoreSpec, entry: &Replication) -> bool {
    let objective = component.objectives.under(Disruption::Corruption);
    let good = |name: &StoreName| {
        let store = policy.stores.get(name);
        store.is_some_and(|store| matches!(survives(store, &site(store), Disruption::Corruption), Survival::Yes(_)))
    };
    let mut stores = component.protections.values().flat_map(|protection| &protection.stores).map(|store| &store.value);
    let covered = component.protections.values().any(|protection| {
        protection.stores.iter().any(|store| store.value == from.name.value) && entry.covers(component, &protection.name.value)
    });
    (objective.rpo.is_some() || objective.rto.is_some())
        && covered
        && !stores.any(|store| *store != from.name.value && *store != entry.to.value && good(store))
}
