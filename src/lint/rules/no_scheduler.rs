//! Schedules that nothing carries out.
//!
//! ## What it finds
//!
//! A policy with schedules and without `scheduler`: no timer and no crontab line is made for them.
//!
//! ## Why it matters
//!
//! The schedule is only text then. Nothing runs until somebody types `bdr backup`.
//!
//! ## Example
//!
//! ```yaml
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
//! scheduler: { systemd: {} }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};

/// Schedules that are pointed at; the rest is counted.
const SHOWN: usize = 3;

pub struct NoScheduler;

impl Rule for NoScheduler {
    fn about(&self) -> Code {
        Code { code: "BDR-L013", name: "no-scheduler", severity: Severity::Warning, text: include_str!("no_scheduler.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        if context.policy.scheduler.is_some() {
            return;
        }
        let protections = context.policy.components.values().flat_map(|component| component.protections.values());
        let schedules: Vec<_> = protections.filter_map(|protection| protection.schedule.as_ref()).collect();
        if schedules.is_empty() {
            return;
        }
        let mut finding = Diagnostic::warning(self.about().code, "nothing carries out the schedules of this policy");
        for schedule in schedules.iter().take(SHOWN) {
            finding = finding.at(schedule.span, "runs only when somebody runs it");
        }
        if schedules.len() > SHOWN {
            finding = finding.note(format!("{} more schedules are not carried out either", schedules.len() - SHOWN));
        }
        found.push(finding.help("Add `scheduler: { systemd: {} }` or `scheduler: { cron: {} }` to the policy."));
    }
}
