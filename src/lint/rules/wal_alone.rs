//! A WAL archive that nothing can be rolled forward by.
//!
//! ## What it finds
//!
//! A component that archives its write-ahead log, and has no base backup for it.
//!
//! ## Why it matters
//!
//! The log says what changed in the files of a cluster. To recover by it one starts from a copy of these files and rolls it forward. A dump
//! of `pg_dump` is none, and cannot be rolled forward: a log that is kept for 7 days under dumps that are kept for 30 restores nothing of these 7
//! days. Nothing comes back of such an archive, and nothing of it is let go: `bdr assess` gives it no bound.
//!
//! One that is made by other means, such as `pg_basebackup`, is rolled forward by the archive too (`restore_command`): say that in a
//! suppression.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   orders:
//!     postgresql: { url: "${env:DATABASE_URL}" }
//!     protect:
//!       wal: { wal_archive: { max_interval: 60s }, store: primary }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! components:
//!   orders:
//!     postgresql: { url: "${env:DATABASE_URL}" }
//!     protect:
//!       cluster: { base_backup: {}, schedule: "0 1 * * *", store: primary }
//!       wal: { wal_archive: { max_interval: 60s }, store: primary }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Component, Method};

pub struct WalAlone;

impl Rule for WalAlone {
    fn about(&self) -> Code {
        Code { code: "BDR-L050", name: "wal-alone", severity: Severity::Warning, text: include_str!("wal_alone.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values().filter(|component| !has_base(component)) {
            let Some(archive) = component.wal_archive() else { continue };
            let message = format!("nothing of `{}` can be rolled forward by the WAL that is archived", *component.name);
            let mut finding = Diagnostic::warning(self.about().code, message)
                .at(archive.name.span.or(archive.span), "WAL alone restores nothing");
            if let Some(window) = &component.log_window {
                finding = finding.at(window.keep.span, "none of this time can be restored by it");
                let longest = component.retain.values().max_by_key(|tier| tier.keep.value);
                if let Some(tier) = longest.filter(|_| component.protections.values().any(|one| one.as_tree().is_some())) {
                    finding = finding.at(tier.keep.span, "what is kept for this long comes back as it was made");
                }
            }
            found.push(
                finding.help("Add `cluster: { base_backup: {}, schedule: daily, store: NAME }` below `protect`; a dump is none."),
            );
        }
    }
}

/// Whether anything is copied that the log can be replayed onto.
fn has_base(component: &Component) -> bool {
    component.protections.values().any(|protection| match &protection.method {
        Method::BaseBackup(_) => true,
        Method::FileBackup(_) | Method::LogicalDump(_) | Method::Replication(_) | Method::WalArchive(_) => false,
    })
}
