//! The policy does not state whose account a bucket is in (pack cis-s3).
//!
//! ## What it finds
//!
//! A bucket of AWS without `account`.
//!
//! ## Why it matters
//!
//! Names of buckets are shared by all accounts. One that was deleted can be made again by anybody, and backups then go to a stranger. With
//! `account` every request names the owner that it expects, and S3 refuses where it is another.
//!
//! ## Example
//!
//! ```yaml
//! packs: [cis-s3]
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true, encryption: { sse: AES256 }, access: { tls_only: true } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! packs: [cis-s3]
//! stores:
//!   primary:
//!     s3: { bucket: example-backups, region: eu-north-1, account: "111122223333" }
//!     versioning: true
//!     encryption: { sse: AES256 }
//!     access: { tls_only: true }
//! ```

use super::buckets;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Pack, host_of_aws};

pub struct AccountUnstated;

impl Rule for AccountUnstated {
    fn about(&self) -> Code {
        Code {
            code: "BDR-K012",
            name: "bucket-account-unstated",
            severity: Severity::Error,
            text: include_str!("account_unstated.rs"),
        }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::CisS3)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for (store, s3) in buckets(context.policy).filter(|(_, s3)| s3.account.is_none()) {
            // Others than AWS have no accounts of twelve digits.
            if s3.endpoint.as_ref().is_some_and(|endpoint| host_of_aws(endpoint.expose()).is_none()) {
                continue;
            }
            found.push(
                Diagnostic::error(self.about().code, format!("the policy does not state whose bucket `{}` is", store.name))
                    .at(s3.bucket.span, "whoever owns a bucket of this name gets the backups")
                    .help("Write `account: \"111122223333\"` beside it, with the twelve digits of yours."),
            );
        }
    }
}
