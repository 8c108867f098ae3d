//! Schedules are read as people write them, refused with a place and a way out, and written back canonically.

use proptest::prelude::*;

use super::{Cadence, Combine, Schedule};

fn read(text: &str) -> Schedule {
    Schedule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn every_spelling_has_one_canonical_form() {
    for (text, canonical) in [
        ("every 10m", "every 10m"),
        ("every 1h30m", "every 90m"),
        ("  every   6h ", "every 6h"),
        ("hourly", "every 1h"),
        ("daily", "0 0 * * *"),
        ("weekly", "0 0 * * 0"),
        ("monthly", "0 0 1 * *"),
        ("quarterly", "0 0 1 1,4,7,10 *"),
        ("annually", "0 0 1 1 *"),
        ("30 2 * * *", "30 2 * * *"),
        ("0-59 0-23 1-31 1-12 0-7", "* * * * *"),
        ("*/10 * * * *", "*/10 * * * *"),
        ("0,10,20,30,40,50 * * * *", "0,10,20,30,40,50 * * * *"),
        ("0 1 * * 7", "0 1 * * 0"),
        ("0 1 * * SUN", "0 1 * * 0"),
        ("0 1 * jan-mar fri-sun", "0 1 * 1-3 0,5,6"),
        ("0 0 */2 * 1", "0 0 */2 * 1"),
        ("0 0 */9,5 * 1", "0 0 */9,5 * 1"),
        ("0 0 1-31 * 1", "0 0 * * *"),
        ("5-20/5 * * * *", "5,10,15,20 * * * *"),
    ] {
        assert_eq!(read(text).cadence.to_string(), canonical, "{text}");
        assert_eq!(read(text).text, text.trim());
    }
}

#[test]
fn days_of_month_and_week_go_together_as_in_cron() {
    for (text, combine) in [("0 3 1,15 * 1", Combine::Or), ("0 0 */2 * 1", Combine::And), ("0 0 2 * *", Combine::And)] {
        let Cadence::Calendar(calendar) = read(text).cadence else { panic!("{text} is a calendar") };
        assert_eq!(calendar.combine(), combine, "{text}");
    }
}

#[test]
fn what_is_refused_is_named_and_answered() {
    for (text, wrong, help) in [
        ("", "", "every 10m"),
        ("every", "", "every 15m"),
        ("every ten minutes", "ten minutes", "every 15m"),
        ("every 7m", "7m", "`every 6m` or `every 10m`"),
        ("every 5h", "5h", "`every 4h` or `every 6h`"),
        ("every 90s", "90s", "`every 1m`"),
        ("every 2d", "2d", "weekly"),
        ("@daily", "@daily", "`daily`"),
        ("@reboot", "@reboot", "calendar only"),
        ("yearly", "yearly", "`annually`"),
        ("dayly", "dayly", "`daily`"),
        ("sometimes", "sometimes", "five cron fields"),
        ("0 0 2 * * *", "0 0 2 * * *", "Leave out the seconds"),
        ("0 2 * *", "0 2 * *", "five cron fields"),
        ("60 2 * * *", "60", "from 0 to 59"),
        ("0 24 * * *", "24", "from 0 to 23"),
        ("0 2 0 * *", "0", "from 1 to 31"),
        ("0 2 * 13 *", "13", "`jan` to `dec`"),
        ("0 2 * * 8", "8", "from 0 to 7"),
        ("0 2 * * monday", "monday", "`sun` to `sat`"),
        ("0 2 L * *", "L", "last day"),
        ("0 2 15W * *", "15W", "working day"),
        ("0 2 * * 1#2", "1#2", "n-th weekday"),
        ("0 2 ? * *", "?", "`*`"),
        ("6~15 2 * * *", "6~15", "`daily`"),
        ("0 2 30 2 *", "30 2", "each of these months has"),
        ("0 2 31 2,4,6 *", "31 2,4,6", "each of these months has"),
        ("*/0 * * * *", "0", "from 1 to 59"),
        ("*/90 * * * *", "90", "`every 90m`"),
        ("5/10 * * * *", "5/10", "`5-59/10`"),
        ("50-10 * * * *", "50-10", "`50-59,0-10`"),
        ("1,,2 * * * *", "", "from 0 to 59"),
        ("1,99 * * * *", "99", "from 0 to 59"),
        ("-5 * * * *", "", "from 0 to 59"),
        ("٣ * * * *", "٣", "from 0 to 59"),
    ] {
        let error = Schedule::parse(text).expect_err(text);
        assert_eq!(text.get(error.at.clone()), Some(wrong), "{text}: {error}");
        assert!(error.help.contains(help), "{text}: {}", error.help);
        assert!(error.help.ends_with('.') || error.help.ends_with('?'), "{}", error.help);
    }
}

#[test]
fn a_spread_is_stable_within_the_hour_and_moves_no_written_time() {
    let spread = |text: &str, identity: &str| read(text).spread(identity).cadence.to_string();
    for text in ["30 2 * * *", "0 * * * *", "*/5 * * * *"] {
        assert_eq!(spread(text, "p/c/nightly"), text);
    }
    for text in ["hourly", "daily", "weekly", "quarterly", "every 10m", "every 6h"] {
        let once = read(text).spread("p/c/nightly");
        assert_eq!(once.clone().spread("p/c/nightly"), once, "{text}");
        let minutes: std::collections::BTreeSet<String> = (0..300).map(|at| spread(text, &format!("p/c{at}/x"))).collect();
        let possible = if text == "every 10m" { 10 } else { 60 };
        assert!(minutes.len() > possible * 9 / 10 && minutes.len() <= possible, "{text}: {}", minutes.len());
    }
    // Part of the contract: an upgrade must not move everybody's backups.
    assert_eq!(spread("daily", "safe-pm/docs/nightly"), "41 0 * * *");
    assert_eq!(spread("every 10m", "safe-pm/docs/nightly"), "every 10m from minute 1");
}

proptest! {
    #[test]
    fn a_cron_text_reads_back_as_the_same_calendar(text in cron_text()) {
        if let Ok(schedule) = Schedule::parse(&text) {
            let canonical = schedule.cadence.to_string();
            let again = Schedule::parse(&canonical).expect("canonical text is accepted");
            prop_assert_eq!(&schedule.cadence, &again.cadence, "{} → {}", text, canonical);
            prop_assert_eq!(again.cadence.to_string(), canonical);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[0-9*,/@#LW a-z\u{80}-\u{ff}-]{0,40}") {
        if let Err(error) = Schedule::parse(&text) {
            prop_assert!(text.get(error.at).is_some());
        }
    }
}

fn cron_text() -> impl Strategy<Value = String> {
    let field = |low: u8, high: u8| {
        let number = low..=high;
        prop_oneof![
            Just("*".to_owned()),
            number.clone().prop_map(|n| n.to_string()),
            (1..=high).prop_map(|step| format!("*/{step}")),
            (1..=high, number.clone()).prop_map(|(step, n)| format!("*/{step},{n}")),
            (number.clone(), number.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            (number.clone(), number.clone(), 1..=high).prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
            proptest::collection::vec(number, 1..5).prop_map(|list| list
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(",")),
        ]
    };
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}
