//! A component that nothing protects.
//!
//! ## What it finds
//!
//! A component without an entry under `protect`: nothing of it is ever copied.
//!
//! ## Why it matters
//!
//! A component is written down because it must be recovered. Without a protection there is nothing to recover it from, and
//! no plan, schedule or report will speak of it.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { rpo: 26h }
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
//!       nightly: { file_backup: {}, schedule: "0 4 * * *", store: primary }
//!     retain:
//!       daily: { for: 30d }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};

pub struct Unprotected;

impl Rule for Unprotected {
    fn about(&self) -> Code {
        Code { code: "BDR-L001", name: "unprotected-component", severity: Severity::Error, text: include_str!("unprotected.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values().filter(|component| component.protections.is_empty()) {
            let example = format!("protect: {{ {} }}", component.kind.example());
            found.push(
                Diagnostic::error(self.about().code, format!("nothing protects `{}`", component.name))
                    .at(component.name.span.or(component.span), "no copy of it is ever made")
                    .help(format!("Say how it is copied, when and to where, as in: {example}")),
            );
        }
    }
}
