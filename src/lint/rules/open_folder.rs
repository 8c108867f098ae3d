//! A folder of copies that others can read or write.
//!
//! ## What it finds
//!
//! A folder store whose `mode` lets the group write, or others read or write.
//!
//! ## Why it matters
//!
//! A store holds all that a component ever held, also what its own modes kept from others. Whoever can write to it can remove
//! the copies, or put something else in their place that a restore then brings back.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /srv/backups, mode: 0777 } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /srv/backups, mode: 0700 } }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::Backend;

const GROUP_WRITES: u32 = 0o020;
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

pub struct OpenFolder;

impl Rule for OpenFolder {
    fn about(&self) -> Code {
        Code { code: "BDR-L016", name: "open-folder", severity: Severity::Warning, text: include_str!("open_folder.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for store in context.policy.stores.values() {
            let Backend::Folder(folder) = &store.backend else { continue };
            let mode = folder.mode.value;
            let rights =
                [(GROUP_WRITES, "its group can write"), (OTHERS_READ, "others can read"), (OTHERS_WRITE, "others can write")];
            let open: Vec<&str> = rights.iter().filter(|(bit, _)| mode & bit != 0).map(|(_, said)| *said).collect();
            if open.is_empty() {
                continue;
            }
            let closed = mode & !(GROUP_WRITES | 0o007);
            found.push(
                Diagnostic::warning(
                    self.about().code,
                    format!("the copies in `{}` are open to others of this machine", store.name),
                )
                .at(folder.mode.span.or(store.span), open.join(", "))
                .help(format!("Write `mode: {closed:04o}`, or remove `mode`: 0700 unless told.")),
            );
        }
    }
}
