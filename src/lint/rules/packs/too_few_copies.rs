//! A component has fewer than three copies, the original counted (pack 3-2-1-1-0).
//!
//! ## What it finds
//!
//! A component whose copies lie in one store only; those that a store replicates count.
//!
//! ## Why it matters
//!
//! With the original and one copy, every restore is a restore from the last copy that there is: while it lasts, and while the copy
//! is being made anew, one more fault loses everything.
//!
//! ## Example
//!
//! ```yaml
//! packs: [3-2-1-1-0]
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true, immutability: { mode: governance, for: 7d }, noncurrent: { for: 7d } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, store: primary } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! packs: [3-2-1-1-0]
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true, immutability: { mode: governance, for: 7d }, noncurrent: { for: 7d } }
//!   elsewhere: { s3: { bucket: example-backups-2, region: eu-west-1 }, versioning: true }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, stores: [primary, elsewhere] } }
//! ```

use super::copied;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::Pack;

pub struct TooFewCopies;

impl Rule for TooFewCopies {
    fn about(&self) -> Code {
        Code { code: "BDR-K001", name: "too-few-copies", severity: Severity::Error, text: include_str!("too_few_copies.rs") }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::Copies)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for (component, stores) in copied(context.policy) {
            if let [one] = stores.as_slice() {
                let message = format!("`{}` has two copies, the original counted, and three are asked for", component.name);
                found.push(
                    Diagnostic::error(self.about().code, message)
                        .at(component.name.span, format!("copied to `{}` alone", one.name))
                        .help("Name a second store in a protection: `stores: [A, B]`."),
                );
            }
        }
    }
}
