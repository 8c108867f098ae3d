//! All copies of a component are where the original is (pack 3-2-1-1-0).
//!
//! ## What it finds
//!
//! A component whose copies all go to folders of its own machine.
//!
//! ## Why it matters
//!
//! A fire, a theft, a broken controller or ransomware takes the original and such copies together. Copies belong on two kinds of place,
//! one of them off site; for files of a machine, a bucket is both.
//!
//! ## Example
//!
//! ```yaml
//! packs: [3-2-1-1-0]
//! stores:
//!   disk: { folder: { path: /mnt/a } }
//!   other: { folder: { path: /mnt/b } }
//!   vault: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true, immutability: { mode: governance, for: 7d }, noncurrent: { for: 7d } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, stores: [disk, vault] } }
//!   photos:
//!     files: { paths: [/srv/photos] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, stores: [disk, other] } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! packs: [3-2-1-1-0]
//! stores:
//!   disk: { folder: { path: /mnt/a } }
//!   vault: { s3: { bucket: example-backups, region: eu-north-1 }, versioning: true, immutability: { mode: governance, for: 7d }, noncurrent: { for: 7d } }
//! components:
//!   photos:
//!     files: { paths: [/srv/photos] }
//!     protect: { nightly: { file_backup: {}, schedule: daily, stores: [disk, vault] } }
//! ```

use super::copied;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, Pack};

pub struct AllHere;

impl Rule for AllHere {
    fn about(&self) -> Code {
        Code { code: "BDR-K002", name: "all-copies-here", severity: Severity::Error, text: include_str!("all_here.rs") }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::Copies)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for (component, stores) in copied(context.policy) {
            if stores.iter().all(|store| matches!(store.backend, Backend::Folder(_))) {
                let names: Vec<String> = stores.iter().map(|store| format!("`{}`", store.name)).collect();
                let message = format!("all copies of `{}` are on the machine that they are copies of", component.name);
                found.push(
                    Diagnostic::error(self.about().code, message)
                        .at(
                            component.name.span,
                            format!("copied to {}: one kind of place, and none off site", names.join(" and ")),
                        )
                        .help("Add a store that is not a folder of this machine: a bucket."),
                );
            }
        }
    }
}
