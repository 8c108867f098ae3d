//! A bucket may be reached without encryption on the way (pack cis-s3).
//!
//! ## What it finds
//!
//! A store in S3 without `access: { tls_only: true }`. One whose endpoint is plain HTTP is told by BDR-L010.
//!
//! ## Why it matters
//!
//! bdr itself speaks HTTPS to AWS. Whoever else may use the bucket need not, unless the bucket refuses it: then data and the names of
//! objects can be read on the way.
//!
//! ## Example
//!
//! ```yaml
//! packs: [cis-s3]
//! stores:
//!   primary:
//!     s3: { bucket: example-backups, region: eu-north-1, account: "111122223333" }
//!     encryption: { sse: AES256 }
//!     versioning: true
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
use crate::policy::{Pack, S3Backend};

pub struct TlsUnrequired;

impl Rule for TlsUnrequired {
    fn about(&self) -> Code {
        Code {
            code: "BDR-K013",
            name: "bucket-tls-unrequired",
            severity: Severity::Error,
            text: include_str!("tls_unrequired.rs"),
        }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::CisS3)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for (store, _) in buckets(context.policy).filter(|(_, s3)| !is_plain(s3)) {
            let stated = store.access.as_ref().and_then(|access| access.value.tls_only.as_ref());
            if !stated.is_some_and(|on| on.value) {
                let at = stated.and_then(|off| off.span).or(store.access.as_ref().and_then(|access| access.span));
                found.push(
                    Diagnostic::error(
                        self.about().code,
                        format!("the policy does not see to it that `{}` is reached by TLS alone", store.name),
                    )
                    .at(at.or(store.name.span), "whoever may use the bucket may do it without encryption")
                    .help("Write `access: { tls_only: true }`."),
                );
            }
        }
    }
}

/// There it would shut bdr itself out.
fn is_plain(s3: &S3Backend) -> bool {
    s3.endpoint.as_ref().is_some_and(|endpoint| endpoint.is_known() && endpoint.expose().starts_with("http://"))
}
