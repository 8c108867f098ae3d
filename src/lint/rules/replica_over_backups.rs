//! Whoever writes to the application's bucket can write where backups lie.
//!
//! ## What it finds
//!
//! A component of kind `object_storage` without a `prefix` whose objects S3 copies to a store that holds backups too.
//!
//! ## Why it matters
//!
//! A copy has the key of its original. An object that somebody puts into the application's bucket under the keys of bdr's backups
//! (`<policy>/…`) is copied over the manifest or the pack of that name in the store, whatever `access` says there: S3 writes it by the role of
//! the rule. The version before stays for as long as the store keeps versions, but no restore finds it by itself. Who can write
//! documents should not be able to damage the copies of everything else.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   dr: { s3: { bucket: shop-dr, region: eu-west-1 }, versioning: true }
//! components:
//!   images:
//!     object_storage: { bucket: shop-images, region: eu-north-1, account: 111122223333 }
//!     protect: { copy: { replication: { to: dr, within: 15m } } }
//!   settings:
//!     files: { paths: [/srv/settings] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, store: dr } }
//! scheduler: { systemd: {} }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   dr: { s3: { bucket: shop-dr, region: eu-west-1 }, versioning: true }
//! components:
//!   images:
//!     object_storage: { bucket: shop-images, region: eu-north-1, account: 111122223333, prefix: images }
//!     protect: { copy: { replication: { to: dr, within: 15m } } }
//!   settings:
//!     files: { paths: [/srv/settings] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, store: dr } }
//! scheduler: { systemd: {} }
//! ```

use crate::address::StoreName;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::rules::replicas_collide::{copied, overlap};
use crate::lint::{Context, Rule};
use crate::policy::Policy;

pub struct ReplicaOverBackups;

impl Rule for ReplicaOverBackups {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L045",
            name: "replica-over-backups",
            severity: Severity::Warning,
            text: include_str!("replica_over_backups.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        for copied in copied(policy) {
            let to = &copied.entry.to;
            let backups = format!("{}{}/", copied.to.prefix.value, policy.name);
            if !holds_backups(policy, &to.value) || !overlap(&copied.keys(), &backups) {
                continue;
            }
            let name = &copied.component.name;
            let message = format!("what is written to the bucket of `{name}` can replace backups in `{}`", to.value);
            found.push(
                Diagnostic::warning(self.about().code, message)
                    .at(to.span, format!("backups lie here below `{backups}`, and copies keep their keys"))
                    .help(format!(
                        "Name the `prefix` below which the objects of `{name}` lie, or copy them to a bucket of their own."
                    )),
            );
        }
    }
}

/// Whether backups are written to a store, or are copied there.
fn holds_backups(policy: &Policy, store: &StoreName) -> bool {
    let mut written = policy.components.values().flat_map(|component| component.protections.values());
    let mut copied = policy.stores.values().flat_map(|from| &from.replicate);
    written.any(|protection| protection.stores.iter().any(|one| one.value == *store))
        || copied.any(|entry| entry.to.value == *store)
}
