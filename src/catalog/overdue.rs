//! Backups that have stopped: scheduled moments after the newest good one that passed without another.

use jiff::Timestamp;

use crate::catalog::facts::BackupFacts;
use crate::policy::{Policy, Protection};
use crate::units::cadence::{Missed, Runs, Zone};
use crate::units::count::count;
use crate::units::duration::Duration;

/// How long after its moment a run may be under way, besides the longest time that one took so far; less where the next is due sooner.
const GRACE: u64 = 3_600;

/// A series whose newest good backup is older than its schedule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// The moment that the newest good backup brings back.
    pub since: Timestamp,
    /// Runs that were due after it and came to no good backup.
    pub runs: u64,
}

impl Overdue {
    /// Of what one store holds of a protection. `None`: all is well, nothing schedules it, or there is no good backup at all.
    pub fn of(policy: &Policy, protection: &Protection, backups: &[BackupFacts], now: Timestamp) -> Option<Self> {
        let (schedule, scheduler) = (protection.schedule.as_ref()?, policy.scheduler.as_ref()?);
        overdue(backups, &schedule.cadence.runs(&policy.timezone, scheduler.semantics()), now)
    }

    /// For people, by the clock of a policy.
    pub fn told(&self, zone: &Zone) -> String {
        let since = self.since.to_zoned_datetime(zone.0.clone()).strftime("%Y-%m-%d %H:%M");
        format!("no good backup since {since} {zone}, {} missed or failed", count(self.runs, "run"))
    }

    /// Seconds for which nothing was saved.
    pub fn age(&self, now: Timestamp) -> u64 {
        now.duration_since(self.since).as_secs().max(0).cast_unsigned()
    }
}

fn overdue(backups: &[BackupFacts], runs: &Runs, now: Timestamp) -> Option<Overdue> {
    let since = backups.iter().filter(|backup| backup.is_good_at(now)).map(|backup| backup.at).max()?;
    let longest = backups.iter().map(|backup| backup.took).max().unwrap_or_default();
    let apart =
        runs.latest(now).zip(runs.next(now)).map(|(last, next)| next.duration_since(last).as_secs().max(0).cast_unsigned());
    let grace = Duration::from_secs(apart.unwrap_or(GRACE).min(GRACE).saturating_add(longest));
    let Missed { count, .. } = runs.missed(since, now, grace)?;
    Some(Overdue { since, runs: count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::BackupId;
    use crate::units::cadence::{Schedule, Semantics};
    use crate::units::storage_class::StorageClass;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn backup(at: &str, suspect: bool) -> BackupFacts {
        let at = time(at);
        BackupFacts {
            id: BackupId::new(at, 1),
            at,
            tiers: Vec::new(),
            by_hand: false,
            class: StorageClass::Standard,
            full: true,
            suspect,
            damaged: false,
            needs: Vec::new(),
            verified: None,
            stored: 1,
            took: 600,
            pinned: false,
        }
    }

    fn told(schedule: &str, backups: &[BackupFacts], now: &str) -> Option<(String, u64)> {
        let zone = Zone::parse("Europe/Stockholm").expect("a zone");
        let runs = Schedule::parse(schedule).expect("a schedule").cadence.runs(&zone, Semantics::Systemd);
        overdue(backups, &runs, time(now)).map(|overdue| (overdue.since.to_string(), overdue.runs))
    }

    #[test]
    fn a_run_that_is_due_is_missed_after_its_grace_and_not_before() {
        // Two in the night of Stockholm's winter is one o'clock UTC; a run takes ten minutes, and an hour is left to it besides.
        let made = [backup("2026-11-26T01:00:05Z", false)];
        assert_eq!(told("0 2 * * *", &made, "2026-11-27T00:59:00Z"), None, "the next is not due yet");
        assert_eq!(told("0 2 * * *", &made, "2026-11-27T02:10:00Z"), None, "it may be under way");
        let since = |runs| Some(("2026-11-26T01:00:05Z".to_owned(), runs));
        assert_eq!(told("0 2 * * *", &made, "2026-11-27T02:10:01Z"), since(1));
        assert_eq!(told("0 2 * * *", &made, "2027-01-31T09:00:00Z"), since(66));
        assert_eq!(told("0 2 * * 1", &made, "2026-11-29T23:00:00Z"), None, "on Monday");
        assert_eq!(told("every 10m", &made, "2026-11-26T01:20:05Z"), None, "grace is no longer than until the next run");
        assert_eq!(told("every 10m", &made, "2026-11-26T01:30:05Z"), since(1));
    }

    #[test]
    fn only_good_backups_of_a_known_time_count() {
        let good = backup("2026-11-20T01:00:05Z", false);
        let (suspect, future) = (backup("2026-11-26T01:00:05Z", true), backup("2031-01-01T01:00:05Z", false));
        let since = Some(("2026-11-20T01:00:05Z".to_owned(), 7));
        assert_eq!(told("0 2 * * *", &[good.clone(), suspect.clone(), future], "2026-11-27T09:00:00Z"), since);
        assert_eq!(told("0 2 * * *", &[suspect], "2026-11-27T09:00:00Z"), None, "that there is none is told elsewhere");
        assert_eq!(told("0 2 * * *", &[good], "2026-11-20T14:00:00Z"), None, "right after the first one");
    }
}
