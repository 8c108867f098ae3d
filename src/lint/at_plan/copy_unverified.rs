//! Backups of which none was verified lately (pack 3-2-1-1-0).
//!
//! The zero of 3-2-1-1-0 is the number of copies of which nobody knows whether they can be read. A plan finds a protection's copies in a
//! store of which none was read whole and found good within 31 days. Run `bdr verify --read-data`, best by a schedule of your own.
//! Copies that have yet to be made are not meant.

use jiff::SignedDuration;

use super::{Copies, PlanContext, PlanRule};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::policy::Pack;

/// A month, whichever.
const WITHIN: SignedDuration = SignedDuration::from_hours(31 * 24);

pub struct CopyUnverified;

impl PlanRule for CopyUnverified {
    fn about(&self) -> Code {
        Code { code: "BDR-K004", name: "copies-unverified", severity: Severity::Error, text: include_str!("copy_unverified.rs") }
    }

    fn pack(&self) -> Option<Pack> {
        Some(Pack::Copies)
    }

    fn check(&self, context: &PlanContext<'_>, found: &mut Diagnostics) {
        let old = |verified: jiff::Timestamp| context.now.duration_since(verified) > WITHIN;
        for copies in context.copies.iter().filter(|copies| copies.backups > 0) {
            let Copies { component, protection, store, verified, .. } = copies;
            let when = match verified {
                Some(moment) if old(*moment) => format!("last on {}", context.policy.timezone.0.to_datetime(*moment).date()),
                Some(_) => continue,
                None => "never".to_owned(),
            };
            let place = context.policy.components.get(component).and_then(|component| component.protections.get(protection));
            found.push(
                Diagnostic::error(
                    self.about().code,
                    format!("no backup of `{component}/{protection}` in `{store}` was verified within 31 days"),
                )
                .at(place.and_then(|place| place.name.span), format!("read whole and found good: {when}"))
                .help(format!("Run `bdr verify {component} --read-data`, and let it run by itself.")),
            );
        }
    }
}
