//! A replica that is lost with what it is a copy of.
//!
//! ## What it finds
//!
//! A store that is replicated only to stores of its own region and its own account. Accounts count as different where both are stated and
//! differ.
//!
//! ## Why it matters
//!
//! A region that is lost takes both buckets, and whoever holds the credentials of the account deletes in both. What is left of the
//! reasons for a second bucket is little, and everything in it is paid for twice.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-backups, region: eu-north-1, account: 111122223333 }
//!     versioning: true
//!     replicate: { to: second }
//!   second:
//!     s3: { bucket: shop-backups-second, region: eu-north-1, account: 111122223333 }
//!     versioning: true
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-backups, region: eu-north-1, account: 111122223333 }
//!     versioning: true
//!     replicate: { to: second }
//!   second:
//!     s3: { bucket: shop-backups-second, region: eu-west-1, account: 111122223333 }
//!     versioning: true
//! ```

use crate::assess::storage::site;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, StoreSpec};

pub struct ReplicationNear;

impl Rule for ReplicationNear {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L041",
            name: "replication-near",
            severity: Severity::Warning,
            text: include_str!("replication_near.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let stores = &context.policy.stores;
        for from in stores.values() {
            let to = |entry: &crate::policy::Replication| stores.get(&entry.to.value);
            let is_near = |entry| to(entry).is_some_and(|to| site(from) == site(to) && !are_apart(from, to));
            let Some(first) = from.replicate.first().filter(|_| from.replicate.iter().all(is_near)) else { continue };
            let message = format!("`{}` is replicated only to where it would be lost too", from.name);
            found.push(
                Diagnostic::warning(self.about().code, message)
                    .at(first.to.span, format!("in {}, and in no other account", site(from)))
                    .at(from.name.span, "as this one")
                    .help("Replicate to a bucket of another region, or of another account, and state both `account`s."),
            );
        }
    }
}

fn are_apart(one: &StoreSpec, other: &StoreSpec) -> bool {
    let account = |store: &StoreSpec| match &store.backend {
        Backend::S3(s3) => s3.account.as_ref().map(|account| account.value.clone()),
        Backend::Folder(_) => None,
    };
    account(one).zip(account(other)).is_some_and(|(one, other)| one != other)
}
