//! Old versions are to expire where there are none.
//!
//! ## What it finds
//!
//! A store with `noncurrent` whose `versioning` is not stated, or is off.
//!
//! ## Why it matters
//!
//! Without versioning an overwritten or deleted object is gone at once: `noncurrent: { for: 30d }` looks like thirty days in
//! which a mistake can be undone, and there are none.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     noncurrent: { for: 30d }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: backups, region: eu-north-1 }
//!     versioning: true
//!     noncurrent: { for: 30d }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};

pub struct NoncurrentUnversioned;

impl Rule for NoncurrentUnversioned {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L011",
            name: "noncurrent-without-versioning",
            severity: Severity::Warning,
            text: include_str!("noncurrent_unversioned.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for store in context.policy.stores.values() {
            let Some(noncurrent) = &store.noncurrent else { continue };
            let mut finding = match &store.versioning {
                Some(on) if on.value => continue,
                Some(_) => Diagnostic::warning(self.about().code, format!("store `{}` keeps no old versions", store.name)),
                None => Diagnostic::warning(
                    self.about().code,
                    format!("store `{}` does not say that it keeps old versions", store.name),
                ),
            };
            finding = finding.at(noncurrent.span, format!("old versions stay {}", noncurrent.value));
            if let Some(off) = &store.versioning {
                finding = finding.at(off.span, "versioning is off: there are none");
            }
            found.push(finding.help("Add `versioning: true`, or remove `noncurrent`."));
        }
    }
}
