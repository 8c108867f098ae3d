//! A protection without a schedule.
//!
//! ## What it finds
//!
//! A protection that has no `schedule`, so that it runs only when somebody types `bdr backup`. Where a component promises an
//! RPO and none of its protections is scheduled, BDR-L002 says so instead.
//!
//! ## Why it matters
//!
//! A backup that depends on somebody's memory is the one that is missing.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       copy: { file_backup: {}, store: primary }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       copy: { file_backup: {}, schedule: weekly, store: primary }
//! ```
//!
//! Where it is meant to be run by hand, say so in a comment: `# bdr:ignore[BDR-L003] run before each migration`.

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::rules::objective_unscheduled;
use crate::lint::{Context, Rule};

pub struct ProtectionUnscheduled;

impl Rule for ProtectionUnscheduled {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L003",
            name: "protection-without-schedule",
            severity: Severity::Warning,
            text: include_str!("protection_unscheduled.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let components = context.policy.components.values().filter(|component| !objective_unscheduled::applies(component));
        for (component, protection) in components.flat_map(|of| of.protections.values().map(move |protection| (of, protection))) {
            if !protection.runs_by_itself() {
                let (of, name) = (&component.name, &protection.name);
                found.push(
                    Diagnostic::warning(self.about().code, format!("`{name}` of `{of}` has no schedule"))
                        .at(protection.name.span.or(protection.span), "runs only when somebody runs it")
                        .help("Add a schedule, such as `schedule: daily`; or say in a comment why it is run by hand."),
                );
            }
        }
    }
}
