//! Copies that are interrupted leave parts in a bucket that nothing takes away.
//!
//! ## What it finds
//!
//! `existing_objects: true` of a replication to a store without `abort_uploads_after`.
//!
//! ## Why it matters
//!
//! bdr creates each copy by an upload in parts, since its end is what an endpoint refuses where the key is taken. One that is killed, or that loses
//! its connection for good, leaves an upload that was not ended: no listing shows its parts, and they are paid for until somebody aborts
//! it. bdr aborts none that it finds, since nothing tells whose they are.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-north, region: eu-north-1, account: "111122223333" }
//!     versioning: true
//!     replicate: { to: west, existing_objects: true }
//!   west:
//!     s3: { bucket: shop-west, region: eu-west-1, account: "111122223333" }
//!     versioning: true
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-north, region: eu-north-1, account: "111122223333" }
//!     versioning: true
//!     replicate: { to: west, existing_objects: true }
//!   west:
//!     s3: { bucket: shop-west, region: eu-west-1, account: "111122223333" }
//!     versioning: true
//!     abort_uploads_after: 7d
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Protection, Replication};

pub struct ExistingUnswept;

impl Rule for ExistingUnswept {
    fn about(&self) -> Code {
        Code { code: "BDR-L047", name: "existing-unswept", severity: Severity::Note, text: include_str!("existing_unswept.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        let protections = policy.components.values().flat_map(|component| component.protections.values());
        let of_stores = policy.stores.values().flat_map(|store| &store.replicate);
        let mut told: Vec<&str> = Vec::new();
        let all = of_stores.chain(protections.filter_map(Protection::replication));
        for entry in all.filter(|entry: &&Replication| entry.takes_existing()) {
            // Stores of one bucket share its rules.
            let sharing = policy.sharing(&entry.to.value);
            let is_swept = sharing.iter().any(|store| store.abort_uploads_after.is_some());
            let Some(there) = policy.stores.get(&entry.to.value).filter(|_| !is_swept) else { continue };
            if told.contains(&there.name.as_str()) {
                continue;
            }
            told.push(there.name.as_str());
            let message = format!("what an interrupted copy leaves in `{}` stays there and is paid for", there.name);
            found.push(
                Diagnostic::new(Severity::Note, self.about().code, message)
                    .at(there.name.span, "without `abort_uploads_after`")
                    .at(entry.existing_objects.as_ref().and_then(|stated| stated.span), "copied to it")
                    .help("Write `abort_uploads_after: 7d` there: a rule of the bucket then takes away uploads that were not ended."),
            );
        }
    }
}
