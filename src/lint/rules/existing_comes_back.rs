//! Existing objects are copied to a store that hands on what is written to it to where they came from.
//!
//! ## What it finds
//!
//! `existing_objects: true` of a replication whose destination replicates to its source.
//!
//! ## Why it matters
//!
//! What S3 copies itself is a replica, and goes back nowhere. What bdr copies because S3 does not is an object like any other to S3: the rule of
//! the other side takes it up and writes it to where it came from, as another version of the same bytes. Nothing is lost, and all of it
//! is stored and paid for once more.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-north, region: eu-north-1, account: "111122223333" }
//!     versioning: true
//!     abort_uploads_after: 7d
//!     replicate: { to: west, existing_objects: true }
//!   west:
//!     s3: { bucket: shop-west, region: eu-west-1, account: "111122223333" }
//!     versioning: true
//!     abort_uploads_after: 7d
//!     replicate: { to: primary }
//! ```
//!
//! ## Instead
//!
//! Have them copied before the other side replicates, or by S3 Batch Replication, whose copies are replicas.
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-north, region: eu-north-1, account: "111122223333" }
//!     versioning: true
//!     abort_uploads_after: 7d
//!     replicate: { to: west, existing_objects: true }
//!   west:
//!     s3: { bucket: shop-west, region: eu-west-1, account: "111122223333" }
//!     versioning: true
//!     abort_uploads_after: 7d
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};

pub struct ExistingComesBack;

impl Rule for ExistingComesBack {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L046",
            name: "existing-comes-back",
            severity: Severity::Warning,
            text: include_str!("existing_comes_back.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        for (name, store) in &policy.stores {
            let both = store.replicate.iter().filter(|entry| entry.takes_existing() && policy.is_two_way(name, entry));
            for entry in both {
                let back = policy
                    .stores
                    .get(&entry.to.value)
                    .and_then(|there| there.replicate.iter().find(|back| back.to.value == *name).and_then(|back| back.to.span));
                let message = format!("what bdr copies to `{}` comes back to `{name}` as another version", entry.to.value);
                found.push(
                    Diagnostic::warning(self.about().code, message)
                        .at(entry.existing_objects.as_ref().and_then(|stated| stated.span), "copied by bdr")
                        .at(back, "handed on again")
                        .help("Copy them before the other side replicates, or have S3 Batch Replication do it, whose copies are replicas."),
                );
            }
        }
    }
}
