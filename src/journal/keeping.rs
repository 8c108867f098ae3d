//! Which records of runs stay: a rule that is told, so that a store does not fill up with them.

use jiff::{SignedDuration, Timestamp};

/// The newest records stay however old they are.
pub const NEWEST: usize = 100;
/// Of the others, those that are younger stay: a year of audits with a month to spare.
pub const DAYS: i64 = 400;

/// The runs whose records go, of all of a policy in order of their names, which begin with their time. What bears no time stays.
pub fn outlived(runs: &[String], now: Timestamp) -> &[String] {
    let before = now.checked_sub(SignedDuration::from_hours(DAYS * 24)).unwrap_or(Timestamp::MIN);
    let begun = |run: &String| {
        let wall = run.get(..16).and_then(|text| jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok())?;
        jiff::tz::TimeZone::UTC.to_timestamp(wall).ok()
    };
    let old = &runs[..runs.len().saturating_sub(NEWEST)];
    let count = old.iter().take_while(|run| begun(run).is_some_and(|begun| begun < before)).count();
    &old[..count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_and_the_young_stay() {
        let run = |day: usize| format!("2026{:02}{:02}T020000Z-0000000{}", day / 28 + 1, day % 28 + 1, day % 10);
        let runs: Vec<String> = (0..150).map(run).collect();
        let at = |text: &str| text.parse::<Timestamp>().expect("time");
        assert!(outlived(&runs, at("2026-12-01T00:00:00Z")).is_empty(), "all are young");
        assert_eq!(outlived(&runs, at("2029-12-01T00:00:00Z")).len(), 50, "all are old: the newest hundred stay");
        assert_eq!(outlived(&runs, at("2027-02-10T12:00:00Z")).len(), 6, "400 days before is 2026-01-06 12:00");
        assert!(outlived(&runs[..100], at("2029-12-01T00:00:00Z")).is_empty());
        let strange: Vec<String> = (0..150).map(|n| format!("run-{n:03}")).collect();
        assert!(outlived(&strange, at("2029-12-01T00:00:00Z")).is_empty());
    }
}
