//! Copies of one protection are written to both sides of a replication that goes both ways.
//!
//! ## What it finds
//!
//! A protection that names two stores which replicate to each other what it writes.
//!
//! ## Why it matters
//!
//! Each backup is then made twice and copied twice, and both buckets hold both. Worse, a backup builds on what lies in its store: on one
//! that the other side made and of which S3 has brought a part, in no order. What one side prunes, the other side's backups may build on.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   north:
//!     s3: { bucket: shop-north, region: eu-north-1, account: "111122223333" }
//!     versioning: true
//!     replicate: { to: west }
//!   west:
//!     s3: { bucket: shop-west, region: eu-west-1, account: "111122223333" }
//!     versioning: true
//!     replicate: { to: north }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, stores: [north, west] }
//! scheduler: { systemd: {} }
//! ```
//!
//! ## Instead
//!
//! Write to one of them; the other one gets its copies by S3. What is written in the west by others may still go north.
//!
//! ```yaml
//! stores:
//!   north:
//!     s3: { bucket: shop-north, region: eu-north-1, account: "111122223333" }
//!     versioning: true
//!     replicate: { to: west }
//!   west:
//!     s3: { bucket: shop-west, region: eu-west-1, account: "111122223333" }
//!     versioning: true
//!     replicate: { to: north }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: north }
//! scheduler: { systemd: {} }
//! ```

use crate::address::StoreName;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Spanned};
use crate::lint::{Context, Rule};
use crate::policy::{Component, Policy, Protection, Replication};

pub struct ReplicationBothWritten;

impl Rule for ReplicationBothWritten {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L043",
            name: "replication-both-written",
            severity: Severity::Warning,
            text: include_str!("replication_both_written.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        for component in policy.components.values() {
            for protection in component.protections.values() {
                for (at, one) in protection.stores.iter().enumerate() {
                    let pair = |other: &&Spanned<StoreName>| {
                        let there = copies(policy, (component, protection), one, other);
                        there.zip(copies(policy, (component, protection), other, one)).is_some()
                    };
                    for other in protection.stores[..at].iter().filter(pair) {
                        found.push(self.finding(policy, (component, protection), one, other));
                    }
                }
            }
        }
    }
}

impl ReplicationBothWritten {
    fn finding(
        &self,
        policy: &Policy,
        of: (&Component, &Protection),
        one: &Spanned<StoreName>,
        other: &Spanned<StoreName>,
    ) -> Diagnostic {
        let entry = |from, to| copies(policy, of, from, to).and_then(|entry| entry.span);
        let message =
            format!("`{}` is written to both `{}` and `{}`, which copy to each other", of.0.name, other.value, one.value);
        Diagnostic::warning(self.about().code, message)
            .at(one.span, "gets these backups from the other one too")
            .at(other.span, "and the other one from here")
            .at(entry(other, one), "by this")
            .at(entry(one, other), "and this")
            .help(format!("Name one of them here: `{}` or `{}`.", other.value, one.value))
    }
}

/// What copies a protection's backups from one store to another.
fn copies<'a>(
    policy: &'a Policy,
    (component, protection): (&Component, &Protection),
    from: &Spanned<StoreName>,
    to: &Spanned<StoreName>,
) -> Option<&'a Replication> {
    let entries = &policy.stores.get(&from.value)?.replicate;
    entries.iter().find(|entry| entry.to.value == to.value && entry.covers(component, &protection.name.value))
}
