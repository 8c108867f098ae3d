//! A schedule at a time that the clock skips in spring.
//!
//! ## What it finds
//!
//! A schedule whose time of day does not exist on the day when the clocks of the policy's zone are put forward, and that is
//! therefore not run until its next turn. It depends on the scheduler: systemd leaves such a run out, cron runs it right
//! after the jump. Intervals (`every 6h`) count by UTC and have no such hole.
//!
//! ## Why it matters
//!
//! One night of the year has no backup, and the gap between two of them is twice as long as everybody believes.
//!
//! ## Example
//!
//! ```yaml
//! timezone: Europe/Stockholm
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: "30 2 * * *", store: primary }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! timezone: Europe/Stockholm
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: "30 4 * * *", store: primary }
//! ```

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::Scheduler;
use crate::units::cadence::{Cadence, Semantics, Zone};
use crate::units::duration::Duration;

/// Each clock change comes at least twice.
const SPAN: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);

pub struct ClockHole;

impl Rule for ClockHole {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L007",
            name: "schedule-in-clock-hole",
            severity: Severity::Warning,
            text: include_str!("clock_hole.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        let jumps = jumps(&policy.timezone, context.now);
        let semantics = match policy.scheduler.as_ref().map(|scheduler| &scheduler.value) {
            Some(Scheduler::Cron(_)) => Semantics::Cron,
            _ => Semantics::Systemd,
        };
        // Many protections share a cadence, which is looked at once.
        let mut holes: HashMap<&Cadence, Option<(&Jump, Gap)>> = HashMap::new();
        for component in policy.components.values() {
            for protection in component.protections.values() {
                let Some(schedule) = &protection.schedule else { continue };
                let skips = |jump: &Jump| skipped(&schedule.cadence, &policy.timezone, semantics, jump);
                let first = || jumps.iter().find_map(|jump| Some((jump, skips(jump)?)));
                let Some((jump, gap)) = holes.entry(&schedule.cadence).or_insert_with(first) else { continue };
                let (zone, day) = (&policy.timezone, jump.day(&policy.timezone));
                found.push(
                    Diagnostic::warning(
                        self.about().code,
                        format!("`{}` of `{}` does not run on {day}", protection.name, component.name),
                    )
                    .at(schedule.span, "a time that the clock skips in spring")
                    .at(policy.timezone.span, "in this zone")
                    .note(format!("on {day} the clocks of {} go from {} to {}", zone.value, jump.from, jump.to))
                    .note(format!("{} between two runs then, {} otherwise", gap.then, gap.otherwise))
                    .help("Choose a time outside of that hour, such as 04:00; or an interval, such as `every 24h`, which counts by UTC."),
                );
            }
        }
    }
}

/// The clocks being put forward.
struct Jump {
    at: Timestamp,
    /// Seconds.
    size: i64,
    /// Offset before it.
    before: jiff::tz::Offset,
    /// Wall clock before and after, as `02:00`.
    from: String,
    to: String,
}

impl Jump {
    fn day(&self, zone: &Zone) -> String {
        zone.0.to_datetime(self.at).date().to_string()
    }
}

fn jumps(zone: &Zone, now: Timestamp) -> Vec<Jump> {
    let end = now.checked_add(SPAN).unwrap_or(Timestamp::MAX);
    let mut before = zone.0.to_offset(now);
    let mut jumps = Vec::new();
    for change in zone.0.following(now).take_while(|change| change.timestamp() <= end).take(64) {
        let size = i64::from(change.offset().seconds() - before.seconds());
        if size > 0 {
            let at = change.timestamp();
            let clock = |offset| TimeZone::fixed(offset).to_datetime(at).strftime("%H:%M").to_string();
            jumps.push(Jump { at, size, before, from: clock(before), to: clock(change.offset()) });
        }
        before = change.offset();
    }
    jumps
}

/// The time between two runs.
struct Gap {
    then: Duration,
    otherwise: Duration,
}

/// The time between the runs before and after the jump, where a run falls into the hole and comes later than without it.
fn skipped(cadence: &Cadence, zone: &Zone, semantics: Semantics, jump: &Jump) -> Option<Gap> {
    let end = jump.at.checked_add(SignedDuration::from_secs(jump.size)).ok()?;
    let as_before = cadence.runs(&Zone(TimeZone::fixed(jump.before)), semantics);
    let lost = as_before.between(jump.at, end).next()?;
    let runs = cadence.runs(zone, semantics);
    let (last, next) = (runs.previous(jump.at)?, runs.latest(end).filter(|run| *run >= jump.at).or_else(|| runs.next(end))?);
    let late = next.as_second() - lost.as_second();
    // A run within the hour after the hole loses nothing: the schedule is dense enough to pass over it.
    if late <= jump.size {
        return None;
    }
    let length = |to: Timestamp| u64::try_from(to.as_second() - last.as_second()).ok().map(Duration::from_secs);
    Some(Gap { then: length(next)?, otherwise: length(lost)? })
}
