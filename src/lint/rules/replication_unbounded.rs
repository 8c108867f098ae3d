//! An objective rests on replication that promises no time.
//!
//! ## What it finds
//!
//! An RPO for a disruption after which the best copy that is left is a replica, made by a replication without `within`.
//!
//! ## Why it matters
//!
//! S3 copies most objects within seconds to minutes, and promises that to nobody: a large backlog, a throttled key or an outage of the
//! other region can take hours, and no figure tells how long. Only its replication time control promises 15 minutes, and measures them
//! (S3 user guide, "Using S3 Replication Time Control").
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-backups, region: eu-north-1, account: 111122223333 }
//!     versioning: true
//!     replicate: { to: dr }
//!   dr:
//!     s3: { bucket: shop-backups-dr, region: eu-west-1 }
//!     versioning: true
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { region: { rpo: 26h } }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! scheduler: { systemd: {} }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary:
//!     s3: { bucket: shop-backups, region: eu-north-1, account: 111122223333 }
//!     versioning: true
//!     replicate: { to: dr, within: 15m }
//!   dr:
//!     s3: { bucket: shop-backups-dr, region: eu-west-1 }
//!     versioning: true
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { region: { rpo: 26h } }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! scheduler: { systemd: {} }
//! ```

use std::collections::BTreeMap;

use crate::assess::replica::LAG;
use crate::assess::{Cell, Derived, Verdict};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::lint::{Context, Rule};
use crate::policy::Disruption;

const CODE: Code = Code {
    code: "BDR-L040",
    name: "replication-unbounded",
    severity: Severity::Error,
    text: include_str!("replication_unbounded.rs"),
};

pub struct ReplicationUnbounded;

/// Component, objective and entry.
type Cause<'a> = (&'a str, Option<Span>, Option<Span>);

/// Whether the lag of replication, and nothing else, leaves a promise without a bound.
pub(super) fn applies(derived: &Derived) -> bool {
    let mut unbounded = derived.terms.iter().filter(|term| term.seconds.is_none());
    derived.verdict() == Verdict::Broken && unbounded.next().is_some_and(|term| term.name == LAG) && unbounded.next().is_none()
}

impl Rule for ReplicationUnbounded {
    fn about(&self) -> Code {
        CODE
    }

    /// One finding for each objective and entry, with all the disruptions.
    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let mut same: BTreeMap<Cause<'_>, Vec<&Cell>> = BTreeMap::new();
        for cell in context.assessment.cells.iter().filter(|cell| applies(&cell.rpo)) {
            let target = cell.rpo.target.as_ref().and_then(|target| target.span);
            let entry = cell.rpo.terms.iter().find(|term| term.name == LAG).and_then(|term| term.span);
            same.entry((cell.component.as_str(), target, entry)).or_default().push(cell);
        }
        for ((component, target, entry), cells) in same {
            let Some(rpo) = cells.first().and_then(|cell| cell.rpo.target.as_ref()) else { continue };
            let disruptions: Vec<Disruption> = cells.iter().map(|cell| cell.disruption).collect();
            let when = super::when(&disruptions);
            let message = format!("nothing bounds what `{component}` loses {when}: its RPO is {}", rpo.value);
            found.push(
                Diagnostic::error(CODE.code, message)
                    .at(entry, "replicated without `within`, so S3 promises no time")
                    .at(target, "promised here")
                    .help("Write `within: 15m`, which S3 keeps and measures at a price, or promise no RPO here."),
            );
        }
    }
}
