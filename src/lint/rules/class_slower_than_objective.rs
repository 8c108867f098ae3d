//! A tier lies in a class that takes longer to retrieve than the RTO allows.
//!
//! ## What it finds
//!
//! A tier whose storage class must be retrieved first, in a component whose RTO is shorter than the retrieval takes.
//!
//! ## Why it matters
//!
//! An object in Glacier Flexible Retrieval can be read up to 5 hours after it was asked for, in Deep Archive up to 12. Where a
//! shorter tier lies in an immediate class, only a restore from the archived tier breaks the RTO (a warning); where every tier is
//! archived, every restore does, and the objective itself is unreachable.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { rto: 4h }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//!     retain:
//!       daily: { for: 30d }
//!       monthly: { for: 12mo, class: GLACIER }
//! ```
//!
//! ## Instead
//!
//! `GLACIER_IR` is read at once, at a higher price per byte; or say in a comment why the tier may take longer.
//!
//! ```yaml
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     objectives: { rto: 4h }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, store: primary }
//!     retain:
//!       daily: { for: 30d }
//!       monthly: { for: 12mo, class: GLACIER_IR }
//! ```

use crate::assess::storage;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Spanned};
use crate::lint::rules::class_on_folder::{self, Folders};
use crate::lint::{Context, Rule};
use crate::policy::{Component, Disruption, Tier};
use crate::units::duration::Duration;

const CODE: Code = Code {
    code: "BDR-O003",
    name: "class-slower-than-objective",
    severity: Severity::Warning,
    text: include_str!("class_slower_than_objective.rs"),
};

pub struct ClassSlowerThanObjective;

impl Rule for ClassSlowerThanObjective {
    fn about(&self) -> Code {
        CODE
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values() {
            // A folder has no classes: what lies there too is slow only where the folder is lost.
            let folders = class_on_folder::folders(context.policy, component);
            let matters = Disruption::ALL.into_iter().filter(|disruption| match folders {
                Folders::Only => false,
                Folders::Some => *disruption != Disruption::Process,
                Folders::None => true,
            });
            let promised = matters.filter_map(|disruption| component.objectives.under(disruption).rto);
            let Some(rto) = promised.min_by_key(|rto| rto.value) else { continue };
            found.extend(component.retain.values().filter_map(|tier| finding(component, tier, &rto)));
        }
    }
}

fn finding(component: &Component, tier: &Tier, rto: &Spanned<Duration>) -> Option<Diagnostic> {
    let retrieval = storage::retrieval_seconds(tier.class.value);
    if retrieval <= rto.as_secs() {
        return None;
    }
    let (class, longest) = (tier.class.value.as_str(), Duration::from_secs(retrieval));
    let (name, whom) = (&tier.name.value, &component.name.value);
    Some(
        Diagnostic::warning(CODE.code, format!("a restore of `{whom}` from `{name}` cannot meet the RTO of {}", rto.value))
            .at(tier.class.span.or(tier.span), format!("{class}: up to {longest} until the first byte can be read"))
            .at(rto.span, format!("promised: back after at most {}", rto.value))
            .note("the delay is that of standard retrieval, before any transfer")
            .help("Use GLACIER_IR, which is read at once, or accept in a suppression's reason that this tier takes longer."),
    )
}
