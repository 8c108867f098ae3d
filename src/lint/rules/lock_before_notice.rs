//! Copies are locked for less time than it takes to notice that somebody is deleting them.
//!
//! ## What it finds
//!
//! A store whose `immutability` is shorter than 7 days.
//!
//! ## Why it matters
//!
//! Whoever takes over the credentials cannot remove what is locked, and need not: the lock ends by itself, and then the copy goes. It
//! outlives a compromised account only if somebody notices, and keeps it, before that. No policy states how soon that is; 7 days is an
//! assumption: whoever looks at the backups once a week may have looked just before it happened. Where it takes you longer, lock for
//! longer than this rule asks for. `bdr assess` says for how long a copy is kept after the account is compromised.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     versioning: true
//!     immutability: { mode: compliance, for: 1d }
//!     noncurrent: { for: 7d }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     versioning: true
//!     immutability: { mode: compliance, for: 14d }
//!     noncurrent: { for: 7d }
//! ```

use crate::assess::facts::ASSUMED_NOTICE;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::Disruption;

pub struct LockBeforeNotice;

impl Rule for LockBeforeNotice {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L032",
            name: "lock-before-notice",
            severity: Severity::Warning,
            text: include_str!("lock_before_notice.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for store in context.policy.stores.values() {
            let Some(lock) = store.immutability.as_ref().filter(|lock| lock.keep.value < ASSUMED_NOTICE) else { continue };
            let message = format!(
                "store `{}` locks copies for {}, less than the {ASSUMED_NOTICE} (assumed) in which it is noticed that they are in danger",
                store.name, lock.keep
            );
            let mut finding =
                Diagnostic::warning(self.about().code, message).at(lock.keep.span, "when it ends, they can be deleted");
            // The objectives that rest on it and on nothing else.
            let rests = |cell: &&crate::assess::Cell| {
                cell.disruption == Disruption::Account
                    && cell.kept_for.is_some()
                    && cell.by.as_ref().is_some_and(|(_, by)| *by == store.name.value)
            };
            for cell in context.assessment.cells.iter().filter(rests) {
                if let Some(target) =
                    cell.rpo.target.as_ref().map(|one| one.span).or(cell.rto.target.as_ref().map(|one| one.span))
                {
                    finding = finding.at(target, "kept only as long as the lock lasts");
                }
            }
            found.push(finding.help(format!(
                "Lock for {ASSUMED_NOTICE} or more, and keep tiers as long. The time to notice is an assumption: lock for longer where it takes you longer."
            )));
        }
    }
}
