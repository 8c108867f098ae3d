//! Reports in the formats of people, CI systems and forges: one file each, text in, text out.

mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod sarif;

pub use github::github;
pub use gitlab::gitlab;
pub use human::human;
pub use json::{FindingEntry, baseline, baseline_schema, entries, json, schema};
pub use junit::junit;
pub use sarif::sarif;

use crate::diag::Severity;

/// `error`, `warning`, `note`.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// JSON as files are written: indented, with a final line end.
fn pretty(value: &impl serde::Serialize) -> String {
    // Serializing plain data to a string cannot fail; an empty text would be noticed by whatever reads it.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
