//! A window of an archived log that is shorter than the time between two base backups.
//!
//! ## What it finds
//!
//! A component whose tier `wal` says how far back any moment can be restored, and whose base backups come further apart than that.
//!
//! ## Why it matters
//!
//! A moment is restored by rolling a base backup from before it forward. So the log is kept from the newest base backup on that ended before
//! the window begins: with a window of two days and a base backup a month, up to a month and two days of it. The promise is kept; but there lies
//! far more of the log than the policy seems to say, and to come back to a moment takes the replay of up to a month of it. What was meant is
//! one of the two: base backups more often, which also makes a recovery faster, or a longer window, which costs next to nothing more.
//!
//! A base backup carries the log that it needs by itself. One that the tiers keep for longer than the window comes back as it ended, which
//! is what such tiers are for: it is not found by this rule.
//!
//! ## Example
//!
//! ```yaml
//! components:
//!   orders:
//!     postgresql: { url: "${env:DATABASE_URL}" }
//!     protect:
//!       cluster: { base_backup: {}, schedule: monthly, store: primary }
//!       wal: { wal_archive: { max_interval: 60s }, store: primary }
//!     retain: { monthly: { for: 12mo }, wal: { for: 2d } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! components:
//!   orders:
//!     postgresql: { url: "${env:DATABASE_URL}" }
//!     protect:
//!       cluster: { base_backup: {}, schedule: daily, store: primary }
//!       wal: { wal_archive: { max_interval: 60s }, store: primary }
//!     retain: { daily: { for: 7d }, monthly: { for: 12mo }, wal: { for: 2d } }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::lint::{Context, Rule};
use crate::policy::{Component, Method};
use crate::units::cadence::Semantics;
use crate::units::duration::Duration;

/// Clocks that are put back make a gap that much longer, which nobody means by a window of a day or a week.
const CLOCKS: u64 = 3600;

pub struct LogWindowUnderGap;

impl Rule for LogWindowUnderGap {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L051",
            name: "log-window-under-gap",
            severity: Severity::Warning,
            text: include_str!("log_window_under_gap.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for component in context.policy.components.values() {
            let Some(window) = &component.log_window else { continue };
            let Some((gap, at)) = shortest_gap(context, component) else { continue };
            if gap.as_secs().saturating_sub(CLOCKS) <= window.keep.as_secs() {
                continue;
            }
            let gap = in_days(gap);
            let reach = Duration::from_secs(gap.as_secs().saturating_add(window.keep.as_secs()));
            let message = format!("base backups of `{}` come further apart than its log reaches back", *component.name);
            found.push(
                Diagnostic::warning(self.about().code, message)
                    .at(window.keep.span, "any moment of this time can be restored")
                    .at(at, format!("up to {gap} between two base backups"))
                    .note(format!("so up to {reach} of the log is kept, and up to {gap} of it replayed"))
                    .help(format!("Make base backups more often, or let the log reach back {gap} or more.")),
            );
        }
    }
}

/// For people: of days an hour more or less says nothing.
fn in_days(gap: Duration) -> Duration {
    const DAY: u64 = 24 * 3600;
    if gap.as_secs() < 2 * DAY { gap } else { Duration::from_secs((gap.as_secs() + DAY / 2) / DAY * DAY) }
}

/// The longest time between two base backups of the protection that makes them most often.
fn shortest_gap(context: &Context<'_>, component: &Component) -> Option<(Duration, Option<Span>)> {
    let bases = component.protections.values().filter(|protection| matches!(protection.method, Method::BaseBackup(_)));
    let schedules = bases.filter_map(|protection| protection.schedule.as_ref());
    let gap = |schedule: &crate::diag::Spanned<crate::units::cadence::Schedule>| {
        let runs = schedule.cadence.runs(&context.policy.timezone, Semantics::Agent);
        runs.longest_gap(context.now).map(|gap| (gap.length, schedule.span))
    };
    schedules.filter_map(gap).min_by_key(|(gap, _)| *gap)
}
