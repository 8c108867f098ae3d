//! A storage class where the store has none.
//!
//! ## What it finds
//!
//! A tier with a `class` other than `STANDARD`, in a component whose copies go only to stores of kind `folder`.
//!
//! ## Why it matters
//!
//! A folder has no storage classes: the line does nothing, and whoever reads it believes in an archive that is not there.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /mnt/backup } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//!     retain:
//!       monthly: { for: 12mo, class: GLACIER }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /mnt/backup } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//!     retain:
//!       monthly: { for: 12mo }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, Component, Policy};
use crate::units::storage_class::StorageClass;

pub struct ClassOnFolder;

impl Rule for ClassOnFolder {
    fn about(&self) -> Code {
        Code { code: "BDR-L014", name: "class-on-folder", severity: Severity::Warning, text: include_str!("class_on_folder.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values().filter(|component| only_folders(context.policy, component)) {
            for tier in component.retain.values().filter(|tier| tier.class.value != StorageClass::Standard) {
                let mut finding = Diagnostic::warning(
                    self.about().code,
                    format!(
                        "class {} of tier `{}` has no effect: `{}` is copied to folders only",
                        tier.class.as_str(),
                        tier.name,
                        component.name
                    ),
                )
                .at(tier.class.span, "a folder has no storage classes");
                for store in component.protections.values().flat_map(|protection| &protection.stores) {
                    finding = finding.at(store.span, "a folder");
                }
                found.push(finding.help("Remove the class, or copy to an S3 store as well."));
            }
        }
    }
}

/// How many of the stores of a component are folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folders {
    None,
    Some,
    Only,
}

pub fn folders(policy: &Policy, component: &Component) -> Folders {
    // A log has no classes.
    let with_backups = component.protections.values().filter(|protection| protection.as_tree().is_some());
    let names = with_backups.flat_map(|protection| &protection.stores);
    let backends = names.filter_map(|name| policy.stores.get(&name.value)).map(|store| &store.backend);
    let (folders, others): (Vec<&Backend>, Vec<&Backend>) = backends.partition(|backend| matches!(backend, Backend::Folder(_)));
    match (folders.is_empty(), others.is_empty()) {
        (true, _) => Folders::None,
        (false, true) => Folders::Only,
        (false, false) => Folders::Some,
    }
}

/// Whether there are copies, and all of them go to folders.
pub fn only_folders(policy: &Policy, component: &Component) -> bool {
    folders(policy, component) == Folders::Only
}
