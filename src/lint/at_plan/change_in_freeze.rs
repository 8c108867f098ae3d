//! A change freeze is on (pack change-freeze).
//!
//! A window of `change_freeze` holds now. The plan is shown all the same; `bdr apply` and `bdr destroy` refuse, unless
//! `--override-freeze REASON` gives a reason, which stands in the record of the run. Backups, verifications, prunes and restores go on.

use super::{PlanContext, PlanRule};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::policy::Pack;

pub struct ChangeInFreeze;

impl PlanRule for ChangeInFreeze {
    fn about(&self) -> Code {
        Code {
            code: "BDR-K021",
            name: "change-in-freeze",
            severity: Severity::Warning,
            text: include_str!("change_in_freeze.rs"),
        }
    }

    /// Who states a window means it.
    fn pack(&self) -> Option<Pack> {
        None
    }

    fn check(&self, context: &PlanContext<'_>, found: &mut Diagnostics) {
        let Some(freeze) = context.policy.frozen(context.now) else { return };
        let zone = &context.policy.timezone;
        let until = zone.0.to_datetime(*freeze.until).strftime("%Y-%m-%d %H:%M");
        found.push(
            Diagnostic::warning(
                self.about().code,
                format!("a change freeze is on until {until} ({}): {}", zone.name(), freeze.reason.value),
            )
            .at(freeze.span, "in this time nothing is applied")
            .help("Apply it afterwards; or say `--override-freeze REASON` with `bdr apply`."),
        );
    }
}
