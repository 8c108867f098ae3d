//! No copy of a component is one that nobody can change (pack 3-2-1-1-0).
//!
//! ## What it finds
//!
//! A component of which copies go to a bucket, and none to a store with `immutability`. Where all copies are folders of the machine, that
//! they all are there is the finding.
//!
//! ## Why it matters
//!
//! Whoever encrypts or deletes the data usually has the credentials of the backups too. A lock keeps what is written for its time: of mode
//! `compliance` against everybody, of mode `governance` against all who have no `s3:BypassGovernanceRetention`.
//!
//! The rule 3-2-1-1-0 takes a copy that is offline as well. bdr cannot see whether the disk of a folder lies in a drawer: to it a folder is
//! part of its machine, so that no folder satisfies this rule. Where somebody does take a disk away, suppress the finding with that as its
//! reason.
//!
//! ## Example
//!
//! ```yaml
//! packs: [3-2-1-1-0]
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true }
//!   elsewhere: { s3: { bucket: example-backups-2, region: eu-west-1 }, versioning: true }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, stores: [primary, elsewhere] } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! packs: [3-2-1-1-0]
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true }
//!   elsewhere:
//!     s3: { bucket: example-backups-2, region: eu-west-1 }
//!     versioning: true
//!     immutability: { mode: compliance, for: 7d }
//!     noncurrent: { for: 7d }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, stores: [primary, elsewhere] } }
//! ```

use super::copied;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, Pack};

pub struct NothingImmutable;

impl Rule for NothingImmutable {
    fn about(&self) -> Code {
        Code {
            code: "BDR-K003",
            name: "nothing-immutable",
            severity: Severity::Error,
            text: include_str!("nothing_immutable.rs"),
        }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::Copies)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for (component, stores) in copied(context.policy) {
            let is_elsewhere = stores.iter().any(|store| matches!(store.backend, Backend::S3(_)));
            if is_elsewhere && stores.iter().all(|store| store.immutability.is_none()) {
                let at = component.protections.values().next().and_then(|protection| protection.name.span);
                let message = format!("whoever reaches the stores can remove every copy of `{}`", component.name);
                found.push(
                    Diagnostic::error(self.about().code, message)
                        .at(at, "none of its stores locks what is written")
                        .help("Write `immutability: { mode: compliance, for: 14d }` and `noncurrent: { for: 7d }` at one of them, a bucket with versions (nobody ends such a lock; one of mode `governance` who has the right to). A folder has no lock, and bdr does not see whether its disk is taken away: say so in a suppression."),
                );
            }
        }
    }
}
