//! No change freeze is left (pack change-freeze).
//!
//! ## What it finds
//!
//! The pack `change-freeze` where no window of `change_freeze` ends in the future.
//!
//! ## Why it matters
//!
//! Who names the pack counts on it that changes are kept away at times. Windows that are over keep nothing away.
//!
//! ## Example
//!
//! ```yaml
//! packs: [change-freeze]
//! change_freeze: [{ from: 2025-12-20, to: 2026-01-06, reason: peak season }]
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! packs: [change-freeze]
//! change_freeze: [{ from: 2098-12-20, to: 2099-01-06, reason: peak season }]
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::Pack;

pub struct FreezeUnstated;

impl Rule for FreezeUnstated {
    fn about(&self) -> Code {
        Code { code: "BDR-K020", name: "no-freeze-left", severity: Severity::Warning, text: include_str!("freeze_unstated.rs") }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::ChangeFreeze)
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let windows = &context.policy.change_freeze;
        if windows.iter().any(|freeze| context.now < *freeze.until) {
            return;
        }
        let last = windows.iter().max_by_key(|freeze| *freeze.until).and_then(|freeze| freeze.span);
        let at = last.or_else(|| context.policy.pack(Pack::ChangeFreeze).flatten()).or(context.policy.name.span);
        let message = if windows.is_empty() { "no change freeze is stated" } else { "all change freezes are over" };
        found.push(
            Diagnostic::warning(self.about().code, message)
                .at(at, "nothing keeps changes away")
                .help("Write the next one: `change_freeze: [{ from: …, to: …, reason: … }]`, or take the pack out."),
        );
    }
}
