//! Locks on what is written to a bucket.

use super::Run;
use crate::diag::{Diagnostic, Spanned};
use crate::policy::document::{ImmutabilityDocument, LockWord};
use crate::policy::{Immutability, LockMode, codes};

const DAY: u64 = 24 * 3600;

impl Run<'_> {
    /// A lock holds versions: without them there is nothing to hold (S3 user guide, "Locking objects with Object Lock").
    pub(super) fn immutability(
        &mut self,
        document: Spanned<ImmutabilityDocument>,
        versioning: Option<&Spanned<bool>>,
    ) -> Option<Spanned<Immutability>> {
        let ImmutabilityDocument { mode, keep } = document.value;
        for (key, absent) in [("mode", mode.is_absent()), ("for", keep.is_absent())] {
            if absent {
                self.missing_in(
                    &format!("`{key}` is missing"),
                    document.span,
                    "Write who may end a lock, and how long it is: immutability: { mode: governance, for: 7d }.",
                );
            }
        }
        if versioning.is_none_or(|on| !on.value) {
            let off = versioning.and_then(|on| on.span);
            let mut finding = Diagnostic::error(codes::UNFIT, "`immutability` needs versions, which are what it locks")
                .at(document.span, "locks versions");
            finding = if off.is_some() { finding.at(off, "and there are none") } else { finding };
            self.out.push(finding.help("Write `versioning: true` beside it."));
        }
        let keep = self.duration(&keep)?;
        if keep.as_secs() < DAY {
            let shown = Spanned::new(keep.to_string(), keep.span);
            let help = "Write at least one day: S3 counts the lock of a bucket in days.";
            self.bad(codes::UNFIT, shown.as_ref().map(String::as_str), "is shorter than a lock can be", help);
            return None;
        }
        let mode = match mode.given()?.value {
            LockWord::Governance => LockMode::Governance,
            LockWord::Compliance => LockMode::Compliance,
        };
        Some(Spanned::new(Immutability { mode, keep }, document.span))
    }
}
