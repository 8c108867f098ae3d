//! Until when what a backup writes is locked: as long as the store locks copies and the backup's own tier keeps it, counted from the
//! moment when no later backup refers to it any more.

use jiff::{SignedDuration, Timestamp};

use crate::address::TierName;
use crate::policy::Tiers;
use crate::units::cadence::{Period, Schedule, Semantics, Zone};
use crate::units::duration::Duration;

/// `tiers` are those of the backup that is made at `now`. A later incremental backup may refer to its packs until the next full one is
/// due, so that the lock counts from there: whoever holds the last of a chain holds all of it. Prune, which goes by tiers, finds
/// nothing locked that it lets go but what such a chain held.
pub fn until(
    lock: Duration,
    names: &[TierName],
    tiers: &Tiers,
    full: Option<&Schedule>,
    (zone, now): (&Zone, Timestamp),
) -> Timestamp {
    let kept = names.iter().filter_map(|name| tiers.get(name)).map(|tier| tier.keep.value).max();
    let kept = kept.or_else(|| tiers.values().map(|tier| tier.keep.value).min());
    let seconds = kept.map_or(lock, |kept| kept.min(lock)).as_secs();
    let from = next_full(full, zone, now).unwrap_or(now);
    let length = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    from.checked_add(length).unwrap_or(Timestamp::MAX)
}

/// Full backups without a schedule of their own are made once a week.
fn next_full(full: Option<&Schedule>, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    match full {
        None => end_of_week(zone, now),
        Some(schedule) => schedule.cadence.runs(zone, Semantics::Agent).next(now),
    }
}

/// The first second of the next week.
fn end_of_week(zone: &Zone, now: Timestamp) -> Option<Timestamp> {
    let later = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds)).ok();
    let this = Period::Week.bucket(now, zone);
    let (mut inside, mut beyond) = (0, Period::Week.longest() + DAY);
    while beyond - inside > 1 {
        let middle = inside + (beyond - inside) / 2;
        match later(middle) {
            Some(at) if Period::Week.bucket(at, zone) == this => inside = middle,
            _ => beyond = middle,
        }
    }
    later(beyond)
}

const DAY: i64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers() -> Tiers {
        let text = "version: 1\nname: p\nstores:\n  a: { folder: { path: /a } }\ncomponents:\n  docs:\n    files: { paths: [/srv] }\n    \
                    protect: { p: { file_backup: {}, schedule: daily, store: a } }\n    retain: { daily: { for: 3d }, weekly: { for: 8w } }\n";
        let mut sources = crate::diag::Sources::new();
        sources.add("bdr.yaml", text.to_owned());
        let policy = crate::policy::load_unresolved(sources).policy.expect("a policy");
        policy.components.into_values().next().expect("a component").retain
    }

    fn locked(tier: &str, lock: &str, full: Option<&str>, now: &str) -> String {
        let name = TierName::new(tier).expect("a name");
        let full = full.map(|full| Schedule::parse(full).expect("a schedule"));
        let at = (&Zone::parse("Europe/Stockholm").expect("a zone"), now.parse().expect("a time"));
        until(lock.parse().expect("a duration"), &[name], &tiers(), full.as_ref(), at).to_string()
    }

    #[test]
    fn a_lock_counts_from_the_next_full_backup_and_is_no_longer_than_the_tier() {
        // The week ends with Sunday, 29 November, 23:00 UTC.
        assert_eq!(locked("weekly", "7d", None, "2026-11-27T02:00:00Z"), "2026-12-06T23:00:00Z");
        assert_eq!(
            locked("daily", "7d", None, "2026-11-27T02:00:00Z"),
            "2026-12-02T23:00:00Z",
            "three days, as long as it is kept"
        );
        assert_eq!(locked("daily", "1d", Some("daily"), "2026-11-27T02:00:00Z"), "2026-11-28T23:00:00Z");
        let chain = ["2026-11-23T02:00:00Z", "2026-11-27T02:00:00Z", "2026-11-29T22:59:59Z"];
        assert!(
            chain.iter().all(|now| locked("weekly", "7d", None, now) == "2026-12-06T23:00:00Z"),
            "a whole chain ends at once"
        );
    }
}
