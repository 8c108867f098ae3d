//! What is locked is removed by nobody when its lock ends.
//!
//! ## What it finds
//!
//! A store with `immutability` and without `noncurrent`.
//!
//! ## Why it matters
//!
//! Nothing that is locked can be removed: `bdr prune` only marks it, and S3 keeps the version behind the mark. When the lock has ended,
//! a lifecycle rule of the bucket removes it, and that rule is what `noncurrent` states. Without it every backup ever made stays, and is paid
//! for.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     versioning: true
//!     immutability: { mode: governance, for: 7d }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     versioning: true
//!     immutability: { mode: governance, for: 7d }
//!     noncurrent: { for: 7d }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};

pub struct LockUnswept;

impl Rule for LockUnswept {
    fn about(&self) -> Code {
        Code { code: "BDR-L031", name: "lock-unswept", severity: Severity::Warning, text: include_str!("lock_unswept.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let unswept = context.policy.stores.values().filter(|store| store.noncurrent.is_none());
        for (store, immutability) in unswept.filter_map(|store| Some((store, store.immutability.as_ref()?))) {
            let message = format!("nothing removes what `{}` locked when its lock has ended", store.name);
            found.push(
                Diagnostic::warning(self.about().code, message).at(immutability.span, "prune only marks what is locked").help(
                    "Add `noncurrent: { for: 7d }`: a rule of the bucket then removes what was marked, once its lock has ended.",
                ),
            );
        }
    }
}
