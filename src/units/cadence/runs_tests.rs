//! Moments at clock changes, as tables; gaps against plain enumeration.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Schedule, Semantics, Zone};
use crate::units::duration::Duration;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect(name)
}

fn moments(text: &str, zone_name: &str, semantics: Semantics, from: &str, to: &str) -> Vec<String> {
    let cadence = Schedule::parse(text).expect(text).cadence;
    let runs = cadence.runs(&zone(zone_name), semantics);
    runs.between(time(from), time(to)).map(|at| at.strftime("%d %H:%M").to_string()).collect()
}

#[test]
fn each_scheduler_treats_clock_changes_in_its_own_way() {
    use Semantics::{Agent, Cron, Kubernetes, Systemd};
    let spring = ("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
    let autumn = ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
    for (text, semantics, (from, to), expected) in [
        ("30 2 * * *", Systemd, spring, vec!["30 00:30"]),
        ("30 2 * * *", Kubernetes, spring, vec!["30 00:30"]),
        ("30 2 * * *", Cron, spring, vec!["29 01:00", "30 00:30"]),
        ("30 2 * * *", Agent, spring, vec!["29 01:00", "30 00:30"]),
        ("0,30 2-3 * * *", Cron, ("2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z"), vec!["29 01:00", "29 01:30"]),
        ("30 2 * * *", Systemd, autumn, vec!["25 00:30", "26 01:30"]),
        ("30 2 * * *", Cron, autumn, vec!["25 00:30", "26 01:30"]),
        ("30 2 * * *", Kubernetes, autumn, vec!["25 00:30", "25 01:30", "26 01:30"]),
        // A star in the hour: cron follows the new clock.
        ("30 */2 * * *", Cron, ("2026-10-24T23:00:00Z", "2026-10-25T04:00:00Z"), vec!["25 00:30", "25 01:30", "25 03:30"]),
        ("30 */2 * * *", Systemd, ("2026-10-24T23:00:00Z", "2026-10-25T04:00:00Z"), vec!["25 00:30", "25 03:30"]),
        // Each hour alike: by UTC, so no hole.
        ("20 * * * *", Systemd, ("2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z"), vec!["25 00:20", "25 01:20", "25 02:20"]),
    ] {
        assert_eq!(moments(text, "Europe/Stockholm", semantics, from, to), expected, "{text} under {semantics:?}");
    }
}

#[test]
fn odd_zones_are_met_too() {
    use Semantics::{Cron, Systemd};
    // Half an hour back at 02:00; a skipped day; a change at midnight.
    let lord_howe = ("Australia/Lord_Howe", "2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z");
    for (text, semantics, (zone, from, to), expected) in [
        ("45 1 * * *", Systemd, lord_howe, vec!["04 14:45"]),
        ("45 * * * *", Systemd, lord_howe, vec!["04 14:45"]),
        ("45 * * * *", Cron, lord_howe, vec!["04 14:45", "04 15:15"]),
        (
            "*/10 * * * *",
            Systemd,
            ("Australia/Lord_Howe", "2026-04-04T14:55:00Z", "2026-04-04T15:15:00Z"),
            vec!["04 15:00", "04 15:10"],
        ),
        ("0 9 30 12 *", Systemd, ("Pacific/Apia", "2011-12-01T00:00:00Z", "2012-12-01T00:00:00Z"), vec![]),
        ("0 9 30 12 *", Cron, ("Pacific/Apia", "2011-12-01T00:00:00Z", "2012-12-01T00:00:00Z"), vec![]),
        ("0 0 * * *", Systemd, ("Africa/Cairo", "2026-04-22T12:00:00Z", "2026-04-25T12:00:00Z"), vec!["22 22:00", "24 21:00"]),
        (
            "0 0 * * *",
            Cron,
            ("Africa/Cairo", "2026-04-22T12:00:00Z", "2026-04-25T12:00:00Z"),
            vec!["22 22:00", "23 22:00", "24 21:00"],
        ),
    ] {
        assert_eq!(moments(text, zone, semantics, from, to), expected, "{text} in {zone} under {semantics:?}");
    }
}

#[test]
fn gaps_tell_when_and_why() {
    let stockholm = zone("Europe/Stockholm");
    for (text, semantics, expected) in [
        ("0 */6 * * *", Semantics::Systemd, "7h, on 2027-10-31, when the clocks of Europe/Stockholm go back"),
        ("30 2 * * *", Semantics::Systemd, "47h, on 2027-03-28, when the clocks of Europe/Stockholm go forward"),
        ("30 2 * * *", Semantics::Cron, "25h, on 2027-10-31, when the clocks of Europe/Stockholm go back"),
        ("*/10 * * * *", Semantics::Systemd, "10m, first from 2026-11-24 09:00 to 2026-11-24 09:10 (UTC)"),
        ("every 6h", Semantics::Systemd, "6h, first from 2026-11-24 06:00 to 2026-11-24 12:00 (UTC)"),
        ("*/45 * * * *", Semantics::Systemd, "45m, first from 2026-11-24 09:00 to 2026-11-24 09:45 (UTC)"),
        ("0 0 29 2 *", Semantics::Systemd, "1461d, first from 2024-02-29 00:00 to 2028-02-29 00:00 (Europe/Stockholm)"),
    ] {
        let cadence = Schedule::parse(text).expect(text).cadence;
        let gap = cadence.runs(&stockholm, semantics).longest_gap(time("2026-11-24T09:07:00Z")).expect("it runs");
        assert_eq!(gap.explain(), expected, "{text} under {semantics:?}");
    }
}

#[test]
fn what_was_missed_is_counted_after_its_grace() {
    let runs = Schedule::parse("0 2 * * *").expect("schedule").cadence.runs(&Zone::utc(), Semantics::Systemd);
    let grace = Duration::from_secs(3_600);
    let missed = |last: &str, now: &str| runs.missed(time(last), time(now), grace).map(|m| (m.first, m.latest, m.count));
    assert_eq!(missed("2026-11-20T02:00:00Z", "2026-11-21T03:00:00Z"), None);
    let (first, latest) = (time("2026-11-21T02:00:00Z"), time("2026-11-23T02:00:00Z"));
    assert_eq!(missed("2026-11-20T02:00:00Z", "2026-11-23T03:00:01Z"), Some((first, latest, 3)));
}

#[test]
fn two_years_of_a_dense_schedule_cost_no_enumeration() {
    let cadence = Schedule::parse("*/5 1-22 * * *").expect("schedule").cadence;
    let runs = cadence.runs(&zone("Europe/Stockholm"), Semantics::Systemd);
    let (from, started) = (time("2026-11-24T09:07:00Z"), std::time::Instant::now());
    for _ in 0..20 {
        runs.longest_gap(from).expect("it runs");
    }
    // Unoptimised and on a busy machine; enumeration (200,000 moments, twice) takes some hundred times as long.
    assert!(started.elapsed().as_millis() < 20 * 25, "{:?} for 20", started.elapsed());
}

fn schedules() -> impl Strategy<Value = String> {
    let hours =
        prop_oneof![Just("*".to_owned()), (0..5_u8).prop_map(|h| h.to_string()), Just("*/6".into()), Just("2,3,23".into())];
    let days = prop_oneof![
        Just("* * *".to_owned()),
        Just("* * 0".into()),
        Just("1,15 * 1".into()),
        Just("*/10 3,10 *".into()),
        Just("31 * *".into())
    ];
    let calendar = (0..60_u8, hours, days).prop_map(|(minute, hour, days)| format!("{minute} {hour} {days}"));
    prop_oneof![4 => calendar, 1 => Just("*/20 1-3 * * *".to_owned()), 1 => Just("every 90m".to_owned())]
}

fn zones() -> impl Strategy<Value = &'static str> {
    let names = ["UTC", "Europe/Stockholm", "Australia/Lord_Howe", "Africa/Cairo", "America/Sao_Paulo", "Africa/Casablanca"];
    proptest::sample::select(names.to_vec())
}

fn all_semantics() -> impl Strategy<Value = Semantics> {
    proptest::sample::select(vec![Semantics::Systemd, Semantics::Cron, Semantics::Kubernetes])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_longest_gap_is_that_of_plain_enumeration(
        text in schedules(), name in zones(), semantics in all_semantics(), minutes in 0_i64..2_000_000,
    ) {
        let from = time("2016-01-01T00:00:00Z") + SignedDuration::from_mins(minutes);
        let runs = Schedule::parse(&text).expect("schedule").cadence.runs(&zone(name), semantics);
        let gap = runs.longest_gap(from).expect("it runs");
        let start = runs.latest(from).expect("it ran before");
        let end = runs.next(from + SignedDuration::from_hours(2 * 366 * 24) - SignedDuration::from_secs(1)).expect("it runs");
        let all: Vec<Timestamp> = runs.between(start, end + SignedDuration::from_secs(1)).collect();
        let widest = all.windows(2).map(|pair| pair[1].as_second() - pair[0].as_second()).max().expect("two runs");
        prop_assert_eq!(i64::try_from(gap.length.as_secs()), Ok(widest));
        prop_assert_eq!(gap.to.as_second() - gap.from.as_second(), widest);
        prop_assert!(all.contains(&gap.from) && all.contains(&gap.to));
    }

    #[test]
    fn next_and_previous_agree_with_the_list(
        text in schedules(), name in zones(), semantics in all_semantics(), minutes in 0_i64..6_000_000,
    ) {
        // Half a minute past, so that `at` is no moment itself.
        let at = time("2016-01-01T00:00:30Z") + SignedDuration::from_mins(minutes);
        let runs = Schedule::parse(&text).expect("schedule").cadence.runs(&zone(name), semantics);
        let (next, previous) = (runs.next(at).expect("next"), runs.previous(at).expect("previous"));
        prop_assert!(previous < at && at < next);
        prop_assert_eq!(runs.previous(next), Some(previous));
        prop_assert_eq!(runs.next(previous), Some(next));
        prop_assert_eq!(runs.latest(next), Some(next));
        let list: Vec<Timestamp> = runs.between(previous, next).collect();
        prop_assert_eq!(list, vec![previous]);
    }
}
