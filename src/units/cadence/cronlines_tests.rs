//! Crontab lines start a job at each of its moments, whatever the two zones, and at no other where they say so.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Schedule, Semantics, Zone};

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect(name)
}

fn lines(text: &str, of: &str, machine: &str) -> (Vec<String>, bool) {
    let lines = Schedule::parse(text).expect(text).cadence.to_cron_lines(&zone(of), &zone(machine));
    (lines.lines, lines.exact)
}

#[test]
fn lines_are_written_for_the_clock_of_the_machine() {
    for (text, of, machine, expected, exact) in [
        ("30 2 * * *", "Europe/Stockholm", "Europe/Stockholm", vec!["30 2 * * *"], true),
        ("0 3 1,15 * 1", "Europe/Stockholm", "Europe/Stockholm", vec!["0 3 1,15 * 1"], true),
        ("30 12 * * *", "Europe/Stockholm", "UTC", vec!["30 10,11 * * *"], false),
        ("30 2 * * *", "Europe/Stockholm", "UTC", vec!["30 0 * * *", "0,30 1 * * *"], false),
        ("30 0 * * 1", "Europe/Stockholm", "UTC", vec!["30 22,23 * * *"], false),
        ("every 10m", "Europe/Stockholm", "Europe/Stockholm", vec!["*/10 * * * *"], true),
        ("every 6h", "Europe/Stockholm", "UTC", vec!["0 0,6,12,18 * * *"], true),
        ("every 6h", "Europe/Stockholm", "Europe/Stockholm", vec!["0 1,2,7,8,13,14,19,20 * * *"], false),
        ("every 90m", "UTC", "UTC", vec!["0 0,3,6,9,12,15,18,21 * * *", "30 1,4,7,10,13,16,19,22 * * *"], true),
        ("every 1h", "UTC", "Asia/Kolkata", vec!["30 * * * *"], true),
    ] {
        let expected = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(lines(text, of, machine), (expected, exact), "{text} of {of} on {machine}");
    }
}

fn schedules() -> impl Strategy<Value = String> {
    let days = prop_oneof![Just("* * *".to_owned()), Just("* * 0".into()), Just("1,15 * 1".into()), Just("*/2 3,10 *".into())];
    let calendar = (0..60_u8, 0..24_u8, days).prop_map(|(minute, hour, days)| format!("{minute} {hour} {days}"));
    let early = (0..60_u8, 0..4_u8).prop_map(|(minute, hour)| format!("{minute} {hour} * * *"));
    let interval = proptest::sample::select(vec!["every 10m", "every 45m", "every 90m", "every 2h", "every 6h", "every 1d"]);
    prop_oneof![calendar, early, interval.prop_map(str::to_owned), Just("*/20 1-3 * * *".to_owned())]
}

fn zones() -> impl Strategy<Value = &'static str> {
    let names = ["UTC", "Europe/Stockholm", "Australia/Lord_Howe", "Africa/Cairo", "America/New_York", "Asia/Kolkata"];
    proptest::sample::select(names.to_vec())
}

#[test]
fn lines_that_no_schedule_writes_are_read_as_none() {
    let stockholm = zone("Europe/Stockholm");
    for text in [
        "Mon *-*-* 02:30:00 Asia/Tokyo",
        "*-*-* 02:30:15 Europe/Stockholm",
        "daily",
        "*-*~01 03:00:00 UTC",
        "",
        "*-*-* 1:00:00 UTC",
    ] {
        assert_eq!(Schedule::from_on_calendar(&[text.to_owned()], &stockholm), None, "{text}");
    }
    assert_eq!(Schedule::from_on_calendar(&[], &stockholm), None);
    assert_eq!(Schedule::from_cron_lines(&["@daily".to_owned()], &stockholm, &stockholm), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn cron_starts_a_job_at_each_of_its_moments(text in schedules(), of in zones(), machine in zones(), hours in 0_i64..30_000) {
        let from: Timestamp = "2026-01-01T00:00:00Z".parse::<Timestamp>().expect("time") + SignedDuration::from_hours(hours);
        let to = from + SignedDuration::from_hours(24 * 366);
        let due = Schedule::parse(&text).expect("schedule").cadence.runs(&zone(of), Semantics::Cron);
        let (lines, exact) = lines(&text, of, machine);
        let mut started = BTreeSet::new();
        for line in &lines {
            // Read as Debian's cron reads it, in the machine's own zone.
            let cadence = Schedule::parse(line).expect("a line is a schedule").cadence;
            started.extend(cadence.runs(&zone(machine), Semantics::Cron).between(from, to));
        }
        let due: BTreeSet<Timestamp> = due.between(from, to).collect();
        let late: Vec<&Timestamp> = due.difference(&started).take(3).collect();
        prop_assert!(late.is_empty(), "{} of {} on {} as {:?}: not started at {:?}", text, of, machine, lines, late);
        if exact {
            let early: Vec<&Timestamp> = started.difference(&due).take(3).collect();
            prop_assert!(early.is_empty(), "{} of {} on {} as {:?}: also started at {:?}", text, of, machine, lines, early);
        }
    }

    #[test]
    fn what_a_scheduler_was_given_reads_back_as_what_runs(text in schedules(), of in zones(), machine in zones()) {
        let cadence = Schedule::parse(&text).expect("schedule").spread("p/c/x").cadence;
        let (zone, machine) = (zone(of), zone(machine));
        let lines = cadence.to_on_calendar(&zone);
        let back = Schedule::from_on_calendar(&lines, &zone).expect("our own lines");
        prop_assert_eq!(back.cadence.to_on_calendar(&zone), lines);
        let from = "2026-01-01T00:00:00Z".parse().expect("time");
        let gap = |cadence: &super::Cadence| cadence.runs(&zone, Semantics::Systemd).longest_gap(from).map(|gap| gap.length);
        prop_assert_eq!(gap(&back.cadence), gap(&cadence));
        let lines = cadence.to_cron_lines(&zone, &machine);
        let back = Schedule::from_cron_lines(&lines.lines, &zone, &machine);
        // Times that were moved to another clock are not told from those of that clock.
        prop_assert!(back.is_some() || !lines.exact || zone != machine, "{:?}", lines);
        // The same lines may stand for something due less often; the remark above them says which.
        prop_assert!(back.is_none_or(|back| back.cadence.to_cron_lines(&zone, &machine).lines == lines.lines));
    }
}
