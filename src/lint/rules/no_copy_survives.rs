//! No copy survives a disruption that has an objective.
//!
//! ## What it finds
//!
//! An objective for a disruption after which none of the component's copies is left.
//!
//! ## Why it matters
//!
//! A copy on the same host is lost with the host. A store without versions loses what is deleted from it. Copies in one region
//! are lost with the region, and who holds the credentials can delete everything that they reach. An objective for such a
//! disruption promises a recovery from nothing. `rpo` and `rto` without a disruption speak of `process`, `host` and `corruption`.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   local: { folder: { path: /var/backups/documents } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { host: { rpo: 26h } }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: local }
//! ```
//!
//! ## Instead
//!
//! Keep a copy where the disruption does not reach, or promise only what holds:
//!
//! ```yaml
//! stores:
//!   local: { folder: { path: /var/backups/documents } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { process: { rpo: 26h } }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: local }
//! ```

use std::collections::BTreeMap;

use crate::assess::Cell;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::lint::{Context, Rule};
use crate::policy::Disruption;

const CODE: Code =
    Code { code: "BDR-O002", name: "no-copy-survives", severity: Severity::Error, text: include_str!("no_copy_survives.rs") };

pub struct NoCopySurvives;

impl Rule for NoCopySurvives {
    fn about(&self) -> Code {
        CODE
    }

    /// One finding for each stated objective, with all the disruptions in which nothing is left to keep it.
    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values() {
            // A component without any protection is told by its own rule.
            if component.protections.is_empty() {
                continue;
            }
            let mut same: BTreeMap<Option<Span>, Vec<&Cell>> = BTreeMap::new();
            let cells = context.assessment.of(&component.name);
            for cell in cells.iter().filter(|cell| cell.by.is_none()) {
                let stated = cell.rpo.target.as_ref().or(cell.rto.target.as_ref());
                if let Some(target) = stated {
                    same.entry(target.span).or_default().push(cell);
                }
            }
            found.extend(same.into_iter().map(|(span, cells)| finding(span, &cells)));
        }
    }
}

fn finding(span: Option<Span>, cells: &[&Cell]) -> Diagnostic {
    let disruptions: Vec<Disruption> = cells.iter().map(|cell| cell.disruption).collect();
    let name = cells.first().map(|cell| cell.component.to_string()).unwrap_or_default();
    let message = format!("no copy of `{name}` is left {}", super::when(&disruptions));
    let mut diagnostic = Diagnostic::error(CODE.code, message).at(span, "promised here");
    for cell in cells {
        for why in &cell.lost {
            diagnostic = diagnostic.note(format!("{}: {why}", cell.disruption.as_str()));
        }
    }
    diagnostic.help("Add a store that the disruption does not reach (another host, versions kept, another region), or promise only what holds, such as `objectives: { process: { rpo: 1d } }`.")
}
