//! Copies would be locked for longer than any tier keeps them.
//!
//! ## What it finds
//!
//! A store whose `immutability` is longer than the longest tier of everything that is copied there.
//!
//! ## Why it matters
//!
//! A backup is locked no longer than its tier keeps it, so the longer time holds for nothing that bdr writes as a backup; it is the
//! bucket's default, and holds claims, records and whatever else is written there. What was meant is one of the two: a longer tier, or a
//! shorter lock.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     versioning: true
//!     immutability: { mode: governance, for: 90d }
//!     noncurrent: { for: 7d }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, store: primary } }
//!     retain: { daily: { for: 30d } }
//! scheduler: { systemd: {} }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     versioning: true
//!     immutability: { mode: governance, for: 14d }
//!     noncurrent: { for: 7d }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, store: primary } }
//!     retain: { daily: { for: 30d } }
//! scheduler: { systemd: {} }
//! ```

use std::collections::BTreeMap;

use crate::address::StoreName;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Policy, Tier};

pub struct LockBeyondTier;

impl Rule for LockBeyondTier {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L030",
            name: "lock-beyond-tier",
            severity: Severity::Warning,
            text: include_str!("lock_beyond_tier.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let longest = longest_tiers(context.policy);
        for store in context.policy.stores.values() {
            let Some(immutability) = &store.immutability else { continue };
            let Some(Some(longest)) = longest.get(&store.name.value) else { continue };
            if longest.keep.value >= immutability.keep.value {
                continue;
            }
            let message = format!("store `{}` locks copies for longer than any tier keeps them", store.name);
            found.push(
                Diagnostic::warning(self.about().code, message)
                    .at(immutability.keep.span, "locked that long")
                    .at(longest.keep.span, "kept no longer than this")
                    .help("Shorten the lock, or lengthen the tier that is meant."),
            );
        }
    }
}

/// Of the tiers of what is copied to each store, the one that keeps longest; `None` where something has no tiers, which is kept for ever.
fn longest_tiers(policy: &Policy) -> BTreeMap<&StoreName, Option<&Tier>> {
    let mut longest: BTreeMap<&StoreName, Option<&Tier>> = BTreeMap::new();
    for component in policy.components.values() {
        let own = component.retain.values().max_by_key(|tier| tier.keep.value);
        let with_backups = component.protections.values().filter(|protection| protection.as_tree().is_some());
        for store in with_backups.flat_map(|protection| &protection.stores) {
            let so_far = longest.entry(&store.value).or_insert(own);
            *so_far = so_far.zip(own).map(|(one, other)| if other.keep.value >= one.keep.value { other } else { one });
        }
    }
    longest
}
