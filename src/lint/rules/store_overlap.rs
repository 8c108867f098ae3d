//! A folder store inside what it protects, or around it.
//!
//! ## What it finds
//!
//! A store of kind `folder` that lies below one of a component's `paths` and is not excluded, or that has one of them below
//! it. Paths are compared as they are written; links are not followed.
//!
//! ## Why it matters
//!
//! Copies and data are lost together: whoever moves, cleans up or overwrites the one does it to the other. No backup holds the folder of
//! a store of its policy, excluded or not; other tools that read the data do not know that. `exclude` says that it is meant so.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /srv/documents/.backup } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /mnt/backup/documents } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! ```

use globset::{GlobBuilder, GlobSetBuilder};

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, Files};

pub struct StoreOverlap;

impl Rule for StoreOverlap {
    fn about(&self) -> Code {
        Code { code: "BDR-L006", name: "store-overlaps-data", severity: Severity::Error, text: include_str!("store_overlap.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values() {
            let Some(files) = component.kind.files() else { continue };
            for (store, folder) in context.policy.stores.values().filter_map(|store| match &store.backend {
                Backend::Folder(folder) => Some((store, folder)),
                Backend::S3(_) => None,
            }) {
                for path in &files.paths {
                    let (inner, outer) = (parts(folder.path.expose()), parts(path.expose()));
                    let (what, of) = (&store.name, &component.name);
                    let (how, told) = if inner.starts_with(&outer) && !is_excluded(files, &inner[outer.len()..]) {
                        ("lies inside", "the store is below it")
                    } else if outer.starts_with(&inner) && inner.len() < outer.len() {
                        ("holds", "the data is below the store")
                    } else {
                        continue;
                    };
                    let message = format!("store `{what}` {how} `{of}`: copies and data would be lost together");
                    found.push(
                        Diagnostic::error(self.about().code, message)
                            .at(folder.path.span, "copies go here")
                            .at(path.span, told)
                            .help("Choose a folder outside of the data, best on another disk; or exclude it from the component."),
                    );
                }
            }
        }
    }
}

/// The parts of an absolute path, `.` and `..` taken out as they are written.
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

/// Whether the component leaves out the folder with these parts below its path, one that holds it, or all that it holds. A glob without a
/// `/` takes a name at any depth.
fn is_excluded(files: &Files, below: &[&str]) -> bool {
    let mut set = GlobSetBuilder::new();
    for glob in &files.exclude {
        let glob = glob.trim_end_matches('/');
        let glob = if glob.contains('/') { glob.to_owned() } else { format!("**/{glob}") };
        if let Ok(glob) = GlobBuilder::new(&glob).literal_separator(true).build() {
            set.add(glob);
        }
    }
    let Ok(set) = set.build() else { return false };
    let folders = (1..=below.len()).filter_map(|depth| below.get(..depth)).map(|parts| parts.join("/"));
    let inside = format!("{}/{PROBE}", below.join("/"));
    folders.chain([inside]).any(|path| set.is_match(path))
}

/// A name that nobody means by a glob: what takes it takes everything.
const PROBE: &str = "q7zk.w9";
