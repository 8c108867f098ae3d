//! A bucket keeps no versions, or the policy does not say so (pack cis-s3).
//!
//! ## What it finds
//!
//! A store in S3 without `versioning: true`.
//!
//! ## Why it matters
//!
//! Without versions what is deleted or overwritten, by mistake or by somebody else, is gone at once.
//!
//! ## Example
//!
//! ```yaml
//! packs: [cis-s3]
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1, account: "111122223333" }, encryption: { sse: AES256 }, access: { tls_only: true } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! packs: [cis-s3]
//! stores:
//!   primary:
//!     s3: { bucket: example-backups, region: eu-north-1, account: "111122223333" }
//!     encryption: { sse: AES256 }
//!     versioning: true
//!     access: { tls_only: true }
//! ```

use super::buckets;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::Pack;

pub struct Unversioned;

impl Rule for Unversioned {
    fn about(&self) -> Code {
        Code { code: "BDR-K010", name: "bucket-unversioned", severity: Severity::Error, text: include_str!("unversioned.rs") }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::CisS3)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for (store, _) in buckets(context.policy).filter(|(store, _)| !store.versioning.as_ref().is_some_and(|on| on.value)) {
            let at = store.versioning.as_ref().and_then(|on| on.span).or(store.name.span);
            found.push(
                Diagnostic::error(
                    self.about().code,
                    format!("the policy does not see to it that `{}` keeps versions", store.name),
                )
                .at(at, "what is deleted here is gone")
                .help("Write `versioning: true`, and `noncurrent: { for: 30d }` to say for how long."),
            );
        }
    }
}
