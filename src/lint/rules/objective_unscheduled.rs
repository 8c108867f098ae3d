//! An RPO that no scheduled protection serves.
//!
//! ## What it finds
//!
//! A component that states an `rpo` and has protections, none of which has a `schedule`.
//!
//! ## Why it matters
//!
//! Copies are then made only when somebody thinks of it, so the time between two of them, and with it the loss, has no bound.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { rpo: 24h }
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
//!     objectives: { rpo: 26h }
//!     protect:
//!       copy: { file_backup: {}, schedule: daily, store: primary }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Spanned};
use crate::lint::{Context, Rule};
use crate::policy::Component;
use crate::units::duration::Duration;

pub struct ObjectiveUnscheduled;

impl Rule for ObjectiveUnscheduled {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L002",
            name: "objective-without-schedule",
            severity: Severity::Error,
            text: include_str!("objective_unscheduled.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values().filter(|component| applies(component)) {
            let Some(rpo) = rpo(component) else { continue };
            let message = format!("`{}` promises an RPO of {}, and nothing copies it by itself", component.name, rpo.value);
            let mut finding = Diagnostic::error(self.about().code, message)
                .at(rpo.span, format!("promised: at most {} of writes lost", rpo.value));
            for protection in component.protections.values() {
                finding = finding.at(protection.name.span.or(protection.span), "no schedule: runs only when somebody runs it");
            }
            found.push(
                finding
                    .note("the time between two copies has no bound, and so has the loss")
                    .help("Give one of them a schedule, such as `schedule: daily` or `schedule: every 1h`."),
            );
        }
    }
}

/// Whether there are protections, none of them scheduled.
pub fn applies(component: &Component) -> bool {
    let mut all = component.protections.values();
    !component.protections.is_empty() && all.all(|protection| !protection.runs_by_itself()) && rpo(component).is_some()
}

/// The tightest RPO that the component states, for any disruption.
fn rpo(component: &Component) -> Option<&Spanned<Duration>> {
    let objectives = &component.objectives;
    let all = objectives.by_disruption.values().chain([&objectives.general]).filter_map(|objective| objective.rpo.as_ref());
    all.min_by_key(|rpo| rpo.value)
}
