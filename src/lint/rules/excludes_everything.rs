//! Exclusions that leave nothing to back up.
//!
//! ## What it finds
//!
//! A component of kind `files` whose `exclude` takes out every file: `"**"`, `"*"`, or the same globs as `include`.
//!
//! ## Why it matters
//!
//! The backup would succeed every night and hold nothing.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents], exclude: ["**"] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents], exclude: ["cache/**", "**/*.tmp"] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! ```

use std::collections::BTreeSet;

use globset::GlobBuilder;

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Spanned};
use crate::lint::{Context, Rule};

/// Paths that have nothing to do with each other, nor with any name that somebody would exclude.
const PROBES: [&str; 4] = ["q7zk", "q7zk.w9", ".q7zk", "w9/q7zk/k3.z5"];

pub struct ExcludesEverything;

impl Rule for ExcludesEverything {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L008",
            name: "excludes-everything",
            severity: Severity::Error,
            text: include_str!("excludes_everything.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        // Many components leave out the same, and to build a glob costs far more than to look one up.
        let files = context.policy.components.values().filter_map(|component| component.kind.files());
        let mut take_all: BTreeSet<&str> = files.flat_map(|files| &files.exclude).map(|glob| glob.value.as_str()).collect();
        take_all.retain(|glob| PROBES.iter().all(|path| takes(glob, path)));
        for component in context.policy.components.values() {
            let Some(files) = component.kind.files() else { continue };
            let message = format!("`{}` excludes every file that it has", component.name);
            let help = "Exclude what can be made again (caches, temporary files), and nothing else.";
            if let Some(glob) = files.exclude.iter().find(|glob| take_all.contains(glob.value.as_str())) {
                found.push(Diagnostic::error(self.about().code, message).at(glob.span, "matches everything").help(help));
                continue;
            }
            let excluded = |include: &Spanned<String>| files.exclude.iter().find(|exclude| exclude.value == include.value);
            let pairs: Option<Vec<_>> = files.include.iter().map(|include| Some((include, excluded(include)?))).collect();
            if let Some((include, exclude)) = pairs.as_ref().and_then(|pairs| pairs.first()) {
                found.push(
                    Diagnostic::error(self.about().code, message)
                        .at(exclude.span, "excluded again")
                        .at(include.span, "included")
                        .help(help),
                );
            }
        }
    }
}

/// Whether the glob takes the path out, itself or a folder above it.
fn takes(glob: &str, path: &str) -> bool {
    let glob = glob.trim_start_matches('/').trim_end_matches('/');
    let Ok(glob) = GlobBuilder::new(glob).literal_separator(true).build() else { return false };
    let matcher = glob.compile_matcher();
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.filter_map(|end| path.get(..end)).any(|part| matcher.is_match(part))
}
