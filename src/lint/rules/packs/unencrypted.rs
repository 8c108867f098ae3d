//! The policy does not state how a bucket is encrypted (pack cis-s3).
//!
//! ## What it finds
//!
//! A store in S3 without `encryption`.
//!
//! ## Why it matters
//!
//! S3 encrypts with a key of its own unless told otherwise; a compatible endpoint may not encrypt at all. What the policy states is
//! held against the bucket in every plan, and put back where somebody changed it.
//!
//! ## Example
//!
//! ```yaml
//! packs: [cis-s3]
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1, account: "111122223333" }, versioning: true, access: { tls_only: true } }
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
use crate::policy::Pack;

pub struct Unencrypted;

impl Rule for Unencrypted {
    fn about(&self) -> Code {
        Code {
            code: "BDR-K011",
            name: "bucket-encryption-unstated",
            severity: Severity::Error,
            text: include_str!("unencrypted.rs"),
        }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::CisS3)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for (store, _) in buckets(context.policy).filter(|(store, _)| store.encryption.is_none()) {
            found.push(
                Diagnostic::error(self.about().code, format!("the policy does not state how `{}` is encrypted", store.name))
                    .at(store.name.span, "as the bucket happens to be set")
                    .help("Write `encryption: { sse: AES256 }`, or `{ sse: aws:kms, key: alias/… }`."),
            );
        }
    }
}
